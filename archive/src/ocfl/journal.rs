//! What a batch is about to do, written down before it does it, so that a crash can be rolled forward.

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::disk::Disk;

pub(super) const FILE: &str = "journal.json";

/// Moves from the staging folder into the storage root, in order. Doing them again is harmless.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Journal {
    /// What makes room first: from a place in the root to one outside it that nothing else ever takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) aside: Vec<Move>,
    /// Each from a path in the staging folder to a path in the storage root.
    pub(super) moves: Vec<Move>,
    /// Files elsewhere whose bytes are now archived and which were given away.
    pub(super) remove: Vec<PathBuf>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Move {
    pub(super) from: PathBuf,
    pub(super) to: PathBuf,
}

impl Journal {
    /// Reads the journal in `staging`, if there is one.
    pub(super) fn read(staging: &Path) -> io::Result<Option<Self>> {
        match fs::read(staging.join(FILE)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes it durably. From here on the batch will happen.
    pub(super) fn write(&self, disk: &Disk, staging: &Path) -> io::Result<()> {
        disk.write_durably(&staging.join(FILE), &serde_json::to_vec(self)?)
    }

    /// Carries it out and removes the staging folder, the journal last among what matters.
    pub(super) fn carry_out(&self, disk: &Disk, root: &Path, staging: &Path) -> io::Result<()> {
        for step in &self.aside {
            move_aside(disk, &root.join(&step.from), &step.to)?;
        }
        for step in &self.moves {
            move_once(disk, &staging.join(&step.from), &root.join(&step.to))?;
        }
        disk.sync_all(root)?;
        for source in &self.remove {
            disk.remove_file(source)?;
        }
        disk.remove_file(&staging.join(FILE))?;
        disk.sync_parent(&staging.join(FILE))?;
        disk.remove_dir_all(staging)
    }
}

/// Moves what is to make room. Done before, it is not done again: by now something else may lie in its place.
fn move_aside(disk: &Disk, from: &Path, to: &Path) -> io::Result<()> {
    match fs::symlink_metadata(to) {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    disk.rename(from, to)?;
    disk.sync_parent(to)
}

fn move_once(disk: &Disk, from: &Path, to: &Path) -> io::Result<()> {
    match fs::symlink_metadata(from) {
        Ok(_) => {
            if let Some(parent) = to.parent().filter(|parent| !parent.is_dir()) {
                disk.create_dir_all(parent)?;
            }
            disk.rename(from, to)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::symlink_metadata(to).map(drop),
        Err(error) => Err(error),
    }
}

/// Finishes or undoes what a crash interrupted: with a journal everything happens, without one nothing did.
pub(super) fn recover(disk: &Disk, root: &Path, staging: &Path) -> io::Result<()> {
    if !staging.exists() {
        return Ok(());
    }
    match Journal::read(staging)? {
        Some(journal) => journal.carry_out(disk, root, staging),
        None => disk.remove_dir_all(staging),
    }
}
