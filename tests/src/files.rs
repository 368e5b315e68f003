//! Folders: copied, listed, digested, spoilt.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fs_err as fs;
use sha2::{Digest as _, Sha256};

/// Copies a folder with everything in it into a folder that is there.
///
/// # Errors
///
/// When something can't be read or written.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The files below a folder, by path below it, in order. Nothing if it is not there.
///
/// # Errors
///
/// When something can't be read.
pub fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if folder.is_dir() {
        list(folder, folder, &mut found)?;
    }
    found.sort();
    Ok(found)
}

fn list(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            list(root, &entry.path(), found)?;
        } else {
            found.push(entry.path().strip_prefix(root)?.to_owned());
        }
    }
    Ok(())
}

/// SHA-256 of every file below a folder.
///
/// # Errors
///
/// When something can't be read.
pub fn digests(folder: &Path) -> Result<BTreeMap<PathBuf, String>> {
    let digest = |path: PathBuf| {
        let bytes = fs::read(folder.join(&path))?;
        Ok((path, hex::encode(Sha256::digest(bytes))))
    };
    below(folder)?.into_iter().map(digest).collect()
}

/// Changes one bit in the middle of a file, as a failing disk does: nobody has written it.
///
/// # Errors
///
/// When it can't be read or written, or is empty.
pub fn flip(path: &Path) -> Result<()> {
    let written = fs::metadata(path)?.modified()?;
    let mut bytes = fs::read(path)?;
    let middle = bytes.len() / 2;
    *bytes.get_mut(middle).context("an empty file has no bit to change")? ^= 1;
    fs::write(path, bytes)?;
    fs::File::options().write(true).open(path)?.set_modified(written)?;
    Ok(())
}
