//! Programs by others beside which the archive is measured: bagit-python in a Python environment of its own, and rocfl.
//!
//! Nothing else needs them: where one can't be installed, that is said here and by the measurement.

use std::path::Path;
use std::process::Command;

use crate::run::{ask, exists};
use crate::workspace::Workspace;

/// The versions beside which was measured.
const BAGIT: &str = "bagit==1.9.0";
const ROCFL: &str = "1.7.0";

/// Installs both below the target folder, where the measurement looks for them, if it can.
pub(crate) fn ensure(workspace: &Workspace) {
    bagit(&workspace.target().join("bagit-py"));
    if !exists("rocfl") {
        rocfl(&workspace.target().join("rocfl"));
    }
}

fn bagit(folder: &Path) {
    if folder.join("bin/bagit.py").is_file() {
        return;
    }
    println!("setup: installing {BAGIT} into {}", folder.display());
    let made = ask(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder)).is_some();
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", BAGIT];
    if !made || ask(Command::new(folder.join("bin/python")).args(install)).is_none() {
        // Half an environment would be taken for a whole one.
        let _ = fs_err::remove_dir_all(folder);
        println!("setup: {BAGIT} could not be installed (python3 -m venv, pip); it will be left out");
    }
}

fn rocfl(folder: &Path) {
    if folder.join("bin/rocfl").is_file() {
        return;
    }
    println!("setup: building rocfl {ROCFL} into {}; this takes some minutes", folder.display());
    let mut install = Command::new("cargo");
    install.args(["install", "rocfl", "--version", ROCFL, "--locked", "--no-default-features", "--root"]);
    // Its own libraries stay apart from ours.
    install.arg(folder).arg("--target-dir").arg(folder.join("build"));
    if ask(&mut install).is_none() {
        println!("setup: rocfl {ROCFL} could not be built (cargo install); it will be left out");
    }
}
