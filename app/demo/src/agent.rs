//! The vendor's agent, as a process of its own, with its folder of keys.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, bail};
use api::vendor::{Enrolment, NewVendor};
use fs_err as fs;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::Client;

/// An agent and its home.
#[derive(Debug, Clone)]
pub struct Agent {
    program: PathBuf,
    home: PathBuf,
}

impl Agent {
    /// The agent `program` with its keys in `home`, a folder that it makes when it is first needed.
    #[must_use]
    pub fn new(program: PathBuf, home: PathBuf) -> Self {
        Self { program, home }
    }

    /// The agent that lies beside this program.
    pub(crate) fn beside_us(home: &Path) -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("xuecang-agent");
        if !program.is_file() {
            bail!("{} is not there; build it with `cargo build --package xuecang-agent`", program.display());
        }
        Ok(Self::new(program, home.to_owned()))
    }

    /// The folder of its keys.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// One of its commands, not yet started.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(words).arg("--home").arg(&self.home).env("NO_COLOR", "1");
        command
    }

    /// Runs one of its commands and returns what it printed.
    ///
    /// # Errors
    ///
    /// When it can't be started or fails; then what it says.
    pub fn run(&self, words: &[&str]) -> Result<String> {
        said(self.command(words).output()?)
            .with_context(|| format!("`xuecang-agent {}` failed", words.join(" ")))
    }

    /// Runs one of its commands with `--json` and reads its answer.
    ///
    /// # Errors
    ///
    /// As [`Agent::run`], and when it answers something else.
    pub fn ask<T: DeserializeOwned>(&self, words: &[&str]) -> Result<T> {
        let words: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        let text = self.run(&words)?;
        serde_json::from_str(&text)
            .with_context(|| format!("`xuecang-agent {}` answered {text:?}", words.join(" ")))
    }

    /// Asks for a certificate, which the school's IT signs and registers. The agent is not told yet.
    ///
    /// # Errors
    ///
    /// When agent or school refuse.
    pub fn enrol(&self, it: &Client) -> Result<Enrolment> {
        let request: Value = self.ask(&["enrol"])?;
        let text = |name: &str| {
            let text = request.get(name).and_then(Value::as_str).map(str::to_owned);
            text.with_context(|| format!("the agent gives no {name}"))
        };
        let new = NewVendor {
            name: "彩云图像".to_owned(),
            csr: text("csr")?,
            agent_key: text("agent_key")?,
            legal_key: text("legal_key")?,
            legal_name: "何彩云".to_owned(),
        };
        it.post("/vendors", &new)
    }

    /// Tells the agent that it is registered. The enrolment is handed over as `file`.
    ///
    /// # Errors
    ///
    /// When the agent does not take it.
    pub fn connect(&self, enrolment: &Enrolment, file: &Path) -> Result<()> {
        fs::write(file, serde_json::to_vec(enrolment)?)?;
        self.run(&["connect", &file.to_string_lossy()])?;
        Ok(())
    }
}

/// What a command printed, if it ended well.
///
/// # Errors
///
/// What it says instead.
pub fn said(output: Output) -> Result<String> {
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}
