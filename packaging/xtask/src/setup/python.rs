//! Programs of others that come in Python packages, each set in an environment of its own below the target folder.

use std::path::Path;
use std::process::Command;

use crate::run::ask;

/// Makes a Python environment with some packages. `made` is a file that it has when it is whole.
pub(crate) fn environment(folder: &Path, made: &str, packages: &[&str]) {
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
        println!(
            "setup: {names} could not be installed (python3 -m venv, pip); whatever wants it will say so"
        );
    }
}
