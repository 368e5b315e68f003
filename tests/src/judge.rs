//! Validators by others that judge our archive, where they are installed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::Result;

use crate::{files, program};

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
            // Of a root, ocfl-py looks at the frame alone: every object is named too.
            command.arg(root).args(objects(root)?);
        }
        Ok(Some(command.output()?))
    }
}

/// The folders of all objects below a root.
fn objects(root: &Path) -> Result<Vec<PathBuf>> {
    let files = files::below(root)?;
    let marks = files.iter().filter(|path| path.file_name().is_some_and(|name| name == "0=ocfl_object_1.1"));
    Ok(marks.filter_map(|path| path.parent()).map(|object| root.join(object)).collect())
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
