//! OpenCV and faiss, in a Python environment of their own, told what to do by a script beside this file.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::de::DeserializeOwned;

/// Asks a script. `None`, and a word about it, where the peers are not installed.
pub(crate) fn ask<T: DeserializeOwned>(script: &str, words: &[&Path]) -> Result<Option<T>> {
    let Some(python) = python() else {
        eprintln!("OpenCV and faiss are not in the target folder (`cargo xtask bench verify`): left out");
        return Ok(None);
    };
    // One thread, unless the script asks for more.
    let output = Command::new(python)
        .args(["-c", script])
        .args(words)
        .env("OMP_NUM_THREADS", std::thread::available_parallelism()?.to_string())
        .output()?;
    ensure!(output.status.success(), "the peer failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(Some(serde_json::from_slice(&output.stdout).context("the peer answered something else")?))
}

/// Where `cargo xtask bench verify` installs them.
fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?.join("face-peers/bin/python");
    python.is_file().then_some(python)
}
