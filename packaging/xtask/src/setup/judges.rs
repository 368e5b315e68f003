//! Validators by others, which a test lets judge our archive: ocfl-py, in a Python environment of its own.
//!
//! Nothing else needs it: where it can't be installed, that is said here and by the test.

use std::path::PathBuf;
use std::process::Command;

use crate::run::ask;
use crate::workspace::Workspace;

/// The version the test was written for.
const PACKAGE: &str = "ocfl-py==2.1.0";

/// The environment's folder. The test looks for it in the same place.
fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target().join("ocfl-py")
}

/// Installs ocfl-py, if it can be.
pub(crate) fn ensure(workspace: &Workspace) {
    let folder = folder(workspace);
    if folder.join("bin/ocfl-validate.py").is_file() {
        return;
    }
    println!("setup: installing {PACKAGE} into {}", folder.display());
    let made = ask(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder)).is_some();
    let pip = folder.join("bin/python");
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE];
    if !made || ask(Command::new(pip).args(install)).is_none() {
        // Half an environment would be taken for a whole one.
        let _ = fs_err::remove_dir_all(&folder);
        println!("setup: {PACKAGE} could not be installed (python3 -m venv, pip); its test will say so");
    }
}
