//! Copying and removing folders.

use std::path::Path;

use anyhow::Result;
use fs_err as fs;

/// Copies a folder with everything in it. What lies at `to` goes.
///
/// # Errors
///
/// When something can't be read or written.
pub fn tree(from: &Path, to: &Path) -> Result<()> {
    remove(to)?;
    fs::create_dir_all(to)?;
    fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Removes a folder, if there is one.
///
/// # Errors
///
/// When it can't be removed.
pub fn remove(folder: &Path) -> Result<()> {
    for _ in 0..TRIES {
        match fs::remove_dir_all(folder) {
            // A folder in memory may leave entries out while others are being removed.
            Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty => {}
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => return Ok(()),
        }
    }
    Ok(fs::remove_dir_all(folder)?)
}

/// How often a folder is tried to be removed that some of it is left of.
const TRIES: usize = 5;
