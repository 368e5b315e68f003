//! Programs by others beside which ours are measured: bagit-python, OpenCV and faiss in Python environments of their own,
//! and rocfl.
//!
//! Nothing else needs them: where one can't be installed, that is said here and by the measurement.

use std::path::Path;
use std::process::Command;

use crate::run::{ask, exists};
use crate::workspace::Workspace;

/// The versions beside which was measured.
const BAGIT: &str = "bagit==1.9.0";
const ROCFL: &str = "1.7.0";
const FACES: [&str; 3] = ["opencv-python-headless==5.0.0.93", "faiss-cpu==1.15.1", "numpy==2.4.6"];

/// Installs the archive's below the target folder, where the measurement looks for them, if it can.
pub(crate) fn ensure(workspace: &Workspace) {
    python(&workspace.target().join("bagit-py"), "bin/bagit.py", &[BAGIT]);
    if !exists("rocfl") {
        rocfl(&workspace.target().join("rocfl"));
    }
}

/// Installs those of the engine that compares faces.
pub(crate) fn ensure_faces(workspace: &Workspace) {
    python(&workspace.target().join("face-peers"), "installed", &FACES);
}

/// Makes a Python environment with some packages. `made` is a file that it has when it is whole.
fn python(folder: &Path, made: &str, packages: &[&str]) {
    let whole = folder.join(made);
    if whole.is_file() {
        return;
    }
    let names = packages.join(", ");
    println!("setup: installing {names} into {}", folder.display());
    let environment = ask(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder)).is_some();
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    let installed = environment
        && ask(Command::new(folder.join("bin/python")).args(install).args(packages)).is_some()
        && (whole.is_file() || fs_err::write(&whole, b"").is_ok());
    if !installed {
        // Half an environment would be taken for a whole one.
        let _ = fs_err::remove_dir_all(folder);
        println!("setup: {names} could not be installed (python3 -m venv, pip); it will be left out");
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
