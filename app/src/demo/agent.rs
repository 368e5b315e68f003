//! The vendor's agent, as a process of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;

/// The agent with its folder of keys.
#[derive(Debug)]
pub(crate) struct Agent {
    program: PathBuf,
    home: PathBuf,
}

impl Agent {
    /// The agent that lies beside this program.
    pub(crate) fn beside_us(home: &Path) -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("xuecang-agent");
        if !program.is_file() {
            bail!("{} is not there; build it with `cargo build --package xuecang-agent`", program.display());
        }
        Ok(Self { program, home: home.to_owned() })
    }

    /// Runs one of its commands and returns what it printed.
    pub(crate) fn run(&self, words: &[&str]) -> Result<String> {
        let output = Command::new(&self.program).args(words).arg("--home").arg(&self.home).output()?;
        if !output.status.success() {
            bail!(
                "`xuecang-agent {}` failed: {}",
                words.join(" "),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs one of its commands with `--json` and reads its answer.
    pub(crate) fn ask<T: DeserializeOwned>(&self, words: &[&str]) -> Result<T> {
        let words: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        let text = self.run(&words)?;
        serde_json::from_str(&text)
            .with_context(|| format!("`xuecang-agent {}` answered {text:?}", words.join(" ")))
    }
}
