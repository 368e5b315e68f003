//! Every step a batch takes on disk, in one place, so that tests can stop after any of them.

use std::io::{self, Write as _};
use std::path::Path;

use fs_err as fs;

/// The file system as a batch uses it.
#[derive(Debug, Clone, Default)]
pub(super) struct Disk {
    /// How many more steps may happen before the power fails.
    #[cfg(test)]
    pub(super) fuse: Option<std::sync::Arc<std::sync::atomic::AtomicI64>>,
}

impl Disk {
    #[cfg(not(test))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "in tests this is where the power fails"
    )]
    fn step(&self) -> io::Result<()> {
        Ok(())
    }

    #[cfg(test)]
    fn step(&self) -> io::Result<()> {
        match &self.fuse {
            Some(fuse) if fuse.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) <= 0 => {
                Err(io::Error::other("the power failed"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.step()?;
        fs::create_dir_all(dir)
    }

    pub(super) fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.step()?;
        let mut file = fs::File::create(path)?;
        file.write_all(bytes)?;
        begin_writing(&file, bytes.len() as u64);
        Ok(())
    }

    /// Writes a file that is durable under its name when this returns, whole or not at all.
    pub(super) fn write_durably(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let partial = path.with_extension("partial");
        self.write(&partial, bytes)?;
        self.step()?;
        fs::File::open(&partial)?.sync_all()?;
        self.rename(&partial, path)?;
        self.sync_parent(path)
    }

    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        fs::rename(from, to)
    }

    pub(super) fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step()?;
        fs::hard_link(from, to)
    }

    pub(super) fn create(&self, path: &Path) -> io::Result<fs::File> {
        self.step()?;
        fs::File::create_new(path)
    }

    pub(super) fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        gone(fs::remove_file(path))
    }

    pub(super) fn remove_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.step()?;
        gone(fs::remove_dir_all(dir))
    }

    /// Makes everything on the file system of `dir` durable: one call for a whole batch of small files.
    pub(super) fn sync_all(&self, dir: &Path) -> io::Result<()> {
        self.step()?;
        let dir = fs::File::open(dir)?;
        Ok(rustix::fs::syncfs(dir.file())?)
    }

    pub(super) fn sync_parent(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        match path.parent() {
            Some(parent) => fs::File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    }
}

/// From here on a file's bytes are sent to the disk as soon as they are written, bytes.
const LARGE: u64 = 256 * 1024;

/// Has the system begin to write a large file's bytes to the disk, so that little is left to do for the sync at the end.
///
/// `POSIX_FADV_DONTNEED` does so on Linux before it forgets pages that are clean. A hint: what comes of it is no matter.
pub(super) fn begin_writing(file: &fs::File, len: u64) {
    if len >= LARGE {
        let _hint = rustix::fs::fadvise(file.file(), 0, None, rustix::fs::Advice::DontNeed);
    }
}

/// Removing what is already gone is done.
fn gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
