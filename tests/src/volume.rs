//! A small volume that can be filled to the last byte.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use fs_err as fs;

/// A small volume in memory. Unmounted when dropped.
#[derive(Debug)]
pub struct Volume {
    dir: tempfile::TempDir,
}

impl Volume {
    /// A volume of so many MiB, or nothing where mounting is not allowed.
    ///
    /// # Errors
    ///
    /// When no folder can be made for it.
    pub fn of_mib(size: u32) -> Result<Option<Self>> {
        let dir = tempfile::tempdir()?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}m,mode=0700"), "xuecang-story"])
            .arg(dir.path())
            .output();
        Ok(mounted.is_ok_and(|output| output.status.success()).then_some(Self { dir }))
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Fills it, all but so many KiB. [`Volume::free`] takes that back.
    ///
    /// # Errors
    ///
    /// When the filling can't be written for another reason than a full disk.
    pub fn fill(&self, but_kib: u64) -> Result<()> {
        self.free()?;
        let stat = rustix::fs::statvfs(self.path())?;
        let left = stat.f_bavail.saturating_mul(stat.f_frsize).saturating_sub(but_kib << 10);
        let file = fs::File::create(self.filling())?;
        rustix::fs::fallocate(file.file(), rustix::fs::FallocateFlags::empty(), 0, left)?;
        Ok(())
    }

    /// Makes room again.
    ///
    /// # Errors
    ///
    /// When the filling can't be removed.
    pub fn free(&self) -> Result<()> {
        if self.filling().exists() {
            fs::remove_file(self.filling())?;
        }
        Ok(())
    }

    fn filling(&self) -> PathBuf {
        self.path().join("filling")
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // Lazily: a process that was just killed may still hold it for a moment.
        let _ = Command::new("umount").arg("--lazy").arg(self.dir.path()).output();
    }
}
