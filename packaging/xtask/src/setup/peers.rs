//! Programs by others beside which ours are measured: bagit-python, OpenCV and faiss in Python environments of their own,
//! and rocfl.
//!
//! Nothing else needs them: where one can't be installed, that is said here and by the measurement.

use std::path::Path;
use std::process::Command;

use crate::run::{ask, exists};
use crate::setup::python;
use crate::workspace::Workspace;

/// The versions beside which was measured.
const BAGIT: &str = "bagit==1.9.0";
const ROCFL: &str = "1.7.0";
const FACES: [&str; 3] = ["opencv-python-headless==5.0.0.93", "faiss-cpu==1.15.1", "numpy==2.4.6"];

/// Installs the archive's below the target folder, where the measurement looks for them, if it can.
pub(crate) fn ensure(workspace: &Workspace) {
    python::environment(&workspace.target().join("bagit-py"), "bin/bagit.py", &[BAGIT]);
    if !exists("rocfl") {
        rocfl(&workspace.target().join("rocfl"));
    }
}

/// Installs those of the engine that compares faces.
pub(crate) fn ensure_faces(workspace: &Workspace) {
    python::environment(&workspace.target().join("face-peers"), "installed", &FACES);
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
