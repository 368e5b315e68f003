//! axe-core, which a test lets judge whether the pages are open to everybody. Brought by npm, where npm is.
//!
//! Nothing else needs it: where it can't be brought, that is said here and by the test.

use std::process::Command;

use anyhow::{Context, Result, bail};
use fs_err as fs;
use sha2::{Digest, Sha256};

use crate::run::ask;
use crate::workspace::Workspace;

/// The version the test was written for.
const PACKAGE: &str = "axe-core@4.14.1";

/// The SHA-256 of its script.
const SCRIPT: &str = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c";

/// Brings the script into the target folder, if it can be.
pub(crate) fn ensure(workspace: &Workspace) {
    if let Err(why) = bring(workspace) {
        println!("setup: {PACKAGE} could not be brought ({why:#}); its test will say so");
    }
}

fn bring(workspace: &Workspace) -> Result<()> {
    let folder = workspace.target().join("axe-core");
    let script = folder.join("axe.min.js");
    if script.is_file() {
        return Ok(());
    }
    fs::create_dir_all(&folder)?;
    println!("setup: fetching {PACKAGE} into {}", folder.display());
    let pack = ask(Command::new("npm").args(["pack", "--silent", PACKAGE]).current_dir(&folder));
    let archive = pack.context("`npm pack` failed, or there is no npm")?;
    let unpack = ["--strip-components=1", "package/axe.min.js", "package/LICENSE"];
    ask(Command::new("tar").arg("-xzf").arg(archive.trim()).args(unpack).current_dir(&folder))
        .context("the package can't be unpacked")?;
    if hex::encode(Sha256::digest(fs::read(&script)?)) != SCRIPT {
        fs::remove_file(&script)?;
        bail!("its script is not the one that was looked at");
    }
    Ok(())
}
