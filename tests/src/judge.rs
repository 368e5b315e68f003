//! Validators by others that judge our archive, where they are installed.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::Result;

use crate::program;

/// A validator of OCFL storage roots.
#[derive(Debug)]
pub struct Judge {
    /// Its name.
    pub name: &'static str,
    /// The words that start it, before the root; nothing where it is not installed.
    words: Option<Vec<OsString>>,
}

impl Judge {
    /// Every validator there is a test with: ocfl-py, which `cargo xtask test` installs if it can, and rocfl from the path.
    #[must_use]
    pub fn all() -> [Self; 2] {
        [Self { name: "ocfl-py", words: ocfl_py() }, Self { name: "rocfl", words: rocfl() }]
    }

    /// Lets it judge a root. Nothing where it is not installed.
    ///
    /// # Errors
    ///
    /// When it can't be started.
    pub fn validate(&self, root: &Path) -> Result<Option<Output>> {
        let Some((first, more)) = self.words.as_deref().and_then(<[OsString]>::split_first) else {
            return Ok(None);
        };
        let mut command = Command::new(first);
        command.args(more);
        if self.name == "rocfl" {
            command.arg("--root").arg(root).arg("validate");
        } else {
            command.arg(root);
        }
        Ok(Some(command.output()?))
    }
}

fn ocfl_py() -> Option<Vec<OsString>> {
    let bin = program("xuecang").ok()?.parent()?.parent()?.join("ocfl-py/bin");
    let script = bin.join("ocfl-validate.py");
    script.is_file().then(|| vec![bin.join("python").into(), script.into()])
}

fn rocfl() -> Option<Vec<OsString>> {
    let found = Command::new("rocfl").arg("--version").output();
    found.is_ok_and(|output| output.status.success()).then(|| vec!["rocfl".into()])
}
