//! Where the programs and the models lie that the stories run.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

/// One of our programs: `cargo xtask test` builds them before it runs the stories.
///
/// # Errors
///
/// When it was not built.
pub fn program(name: &str) -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let folder = here.parent().and_then(|deps| deps.parent()).context("the test lies in no target folder")?;
    let program = folder.join(name);
    if !program.is_file() {
        bail!("{} is not there; run `cargo xtask test`, or build it first", program.display());
    }
    Ok(program)
}

/// The prepared models, if they are there: `XUECANG_MODELS`, or where `cargo xtask setup` puts them.
pub fn models() -> Option<PathBuf> {
    let named = std::env::var_os("XUECANG_MODELS").map(PathBuf::from);
    let usual = || Some(program("xuecang").ok()?.parent()?.parent()?.join("models"));
    named.or_else(usual).filter(|folder| folder.is_dir())
}

/// A folder of the test data: beside the project, or where `XUECANG_FIXTURES` says. Nothing when it is not there.
pub fn fixture(name: &str) -> Option<PathBuf> {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared"));
    let root = std::env::var_os("XUECANG_FIXTURES").map_or(beside, PathBuf::from);
    Some(root.join(name)).filter(|folder| folder.is_dir())
}
