//! Writing so that a crash shows either the old or the new, never something in between.

use std::{
    collections::BTreeSet,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// One step of an append. A crash may come between any two of them, or within one.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Write a file under another name, sync it, rename it into place.
    Write { path: String, bytes: Vec<u8> },
    /// Sync every directory under `tile`, so that the names are durable too.
    SyncDirs,
    /// As `Write`, with the directory synced: from here on the new content counts.
    Replace { path: String, bytes: Vec<u8> },
    /// Remove a directory of files no longer needed, if it is there.
    Remove(String),
}

impl Step {
    pub(super) fn write(path: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self::Write { path: path.into(), bytes }
    }

    pub(super) fn replace(path: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self::Replace { path: path.into(), bytes }
    }

    /// Carries the step out in `dir`.
    pub(super) fn run(&self, dir: &Path) -> io::Result<()> {
        match self {
            Self::Write { path, bytes } => write_synced(&dir.join(path), bytes),
            Self::SyncDirs => sync_dirs(&dir.join("tile")).and_then(|()| sync(dir)),
            Self::Replace { path, bytes } => write_synced(&dir.join(path), bytes).and_then(|()| sync(dir)),
            Self::Remove(path) => match std::fs::remove_dir_all(dir.join(path)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
        }
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs_err::create_dir_all(parent)?;
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let temporary = PathBuf::from(name);
    let mut file = fs_err::File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs_err::rename(temporary, path)
}

fn sync(dir: &Path) -> io::Result<()> {
    fs_err::File::open(dir)?.sync_all()
}

/// Syncs a directory and those on the way to the newest files. Directories of older files were synced when they were new.
fn sync_dirs(dir: &Path) -> io::Result<()> {
    let mut below = BTreeSet::new();
    for entry in fs_err::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            below.insert(entry.path());
        }
    }
    below.iter().try_for_each(|dir| sync_dirs(dir))?;
    sync(dir)
}
