//! Making whole folders durable.

use std::io;
use std::path::Path;

use fs_err as fs;

/// Makes everything inside `dir` durable: one call to the file system for any number of small files.
#[cfg(target_os = "linux")]
pub(crate) fn sync_tree(dir: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(fs::File::open(dir)?.file())?)
}

/// Makes everything inside `dir` durable, file by file.
#[cfg(not(target_os = "linux"))]
pub(crate) fn sync_tree(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            fs::OpenOptions::new().read(true).write(true).open(entry.path())?.sync_all()?;
        }
    }
    sync_dir(dir)
}

/// Makes the names inside `dir` durable. Systems that cannot sync a folder do so by themselves.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    if cfg!(unix) { fs::File::open(dir)?.sync_all() } else { Ok(()) }
}

/// The folder that `path` lies in.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
