//! Where a drill restores to: an empty folder outside everything that it is to prove.

use std::fs::DirBuilder;
use std::io;
use std::os::linux::fs::MetadataExt as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::copy::Need;
use super::{Error, unusable};

/// An empty folder that was found fit for a drill.
#[derive(Debug)]
pub struct Target {
    dir: PathBuf,
    /// Whether the folder was made for the drill, and goes with it.
    made: bool,
}

impl Target {
    /// The folder below the target that holds the copy.
    pub const COPY: &'static str = "archive";

    /// Takes an empty folder, or makes it in a folder that is there. `outside` are folders it must not lie in.
    ///
    /// # Errors
    ///
    /// [`Error::NotEmpty`], [`Error::NotAFolder`], [`Error::Within`], or that it can't be looked at or made.
    pub fn accept(dir: &Path, outside: &[&Path]) -> Result<Self, Error> {
        let dir = std::path::absolute(dir).map_err(unusable(dir))?;
        let made = match fs::metadata(&dir) {
            Ok(meta) if !meta.is_dir() => return Err(Error::NotAFolder(dir)),
            Ok(_) => false,
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(unusable(&dir)(error)),
        };
        // Judged before it is made: a refusal leaves no trace.
        let there = if made { dir.parent().unwrap_or(&dir) } else { &dir };
        let there = fs::canonicalize(there).map_err(unusable(there))?;
        for within in outside {
            if lies_within(&there, within).map_err(unusable(within))? {
                return Err(Error::Within { target: dir, within: within.to_path_buf() });
            }
        }
        if made {
            make(&dir).map_err(unusable(&dir))?;
        } else if fs::read_dir(&dir).map_err(unusable(&dir))?.next().is_some() {
            return Err(Error::NotEmpty(dir));
        }
        Ok(Self { dir, made })
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder in it that holds the copy, a storage root once the drill is over.
    #[must_use]
    pub fn copy(&self) -> PathBuf {
        self.dir.join(Self::COPY)
    }

    /// Removes the copy, and the folder if it was made for it. What else lies there by now stays.
    ///
    /// # Errors
    ///
    /// When something can't be removed.
    pub fn clear(&self) -> io::Result<()> {
        gone(fs::remove_dir_all(self.copy()))?;
        if self.made { gone(fs::remove_dir(&self.dir)) } else { Ok(()) }
    }

    /// Whether it has room for so much.
    pub(super) fn has_room(&self, need: Need) -> Result<(), Error> {
        let stat = rustix::fs::statvfs(&self.dir).map_err(|errno| unusable(&self.dir)(errno.into()))?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        // Some file systems make room for files as they go, and count none.
        let free_files = if stat.f_files == 0 { u64::MAX } else { stat.f_favail };
        let bytes = need.bytes_on(stat.f_frsize);
        let files = need.files.saturating_add(need.folders);
        if bytes <= free && files <= free_files {
            return Ok(());
        }
        Err(Error::NoRoom { target: self.dir.clone(), free, free_files, bytes, files })
    }

    pub(super) fn is_on_other_device(&self, archive: &Path) -> Result<bool, Error> {
        let device = |path: &Path| fs::metadata(path).map(|meta| meta.st_dev()).map_err(unusable(path));
        Ok(device(&self.dir)? != device(archive)?)
    }

    /// Makes the copy's folder, which nobody else may enter.
    pub(super) fn begin(&self) -> Result<PathBuf, Error> {
        let copy = self.copy();
        make(&copy).map_err(unusable(&copy))?;
        Ok(copy)
    }
}

/// Makes a folder that only its owner may enter.
pub(in crate::fixity) fn make(dir: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(dir)
}

/// Whether `outer` is `dir` or above it, however either is reached.
fn lies_within(dir: &Path, outer: &Path) -> io::Result<bool> {
    let mark = |path: &Path| fs::metadata(path).map(|meta| (meta.st_dev(), meta.st_ino()));
    let outer = mark(outer)?;
    for above in dir.ancestors() {
        if mark(above)? == outer {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Removing what is already gone is done.
fn gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
