//! Validators by others that judge our archive, where they are installed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result};

use crate::{files, program};

/// A validator of OCFL storage roots.
#[derive(Debug)]
pub struct Judge {
    /// Its name.
    pub name: &'static str,
    /// The words that start it, before the root; nothing where it is not installed.
    words: Option<Vec<OsString>>,
}

/// What a validator said of a root.
#[derive(Debug)]
pub struct Judgement {
    /// Whether it called all of it valid.
    pub valid: bool,
    /// Everything it printed.
    pub told: String,
}

/// How many objects are named in one call: the words of a command may not be endless.
const NAMED: usize = 5000;

impl Judge {
    /// Every validator there is a test with: ocfl-py, which `cargo xtask test` installs if it can, and rocfl from the path or
    /// as `cargo xtask bench archive` builds it.
    #[must_use]
    pub fn all() -> [Self; 2] {
        [Self { name: "ocfl-py", words: ocfl_py() }, Self { name: "rocfl", words: rocfl() }]
    }

    /// Lets it judge a root. Nothing where it is not installed.
    ///
    /// # Errors
    ///
    /// When it can't be started.
    pub fn validate(&self, root: &Path) -> Result<Option<Judgement>> {
        let Some(words) = &self.words else { return Ok(None) };
        let mut judgement = Judgement { valid: true, told: String::new() };
        if self.name == "rocfl" {
            judgement.hear(command(words)?.arg("--root").arg(root).arg("validate").output()?);
            return Ok(Some(judgement));
        }
        // Of a root, ocfl-py looks at the frame alone: every object is named too.
        judgement.hear(command(words)?.arg(root).output()?);
        for objects in objects(root)?.chunks(NAMED) {
            judgement.hear(command(words)?.args(objects).output()?);
        }
        Ok(Some(judgement))
    }
}

impl Judgement {
    fn hear(&mut self, output: Output) {
        self.valid &= output.status.success();
        self.told.push_str(&String::from_utf8_lossy(&[output.stdout, output.stderr].concat()));
    }
}

fn command(words: &[OsString]) -> Result<Command> {
    let (first, more) = words.split_first().context("a validator without a name")?;
    let mut command = Command::new(first);
    command.args(more);
    Ok(command)
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
    let built = program("xuecang").ok()?.parent()?.parent()?.join("rocfl/bin/rocfl");
    if built.is_file() {
        return Some(vec![built.into()]);
    }
    let found = Command::new("rocfl").arg("--version").output();
    found.is_ok_and(|output| output.status.success()).then(|| vec!["rocfl".into()])
}
