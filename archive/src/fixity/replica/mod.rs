//! Replicas: the archive once more, on a further volume, as a plain OCFL storage root that any tool reads.
//!
//! - A folder is a replica only by the mark in it. Without the mark it is another folder, or the volume is not mounted:
//!   nothing is written there, and it is never taken for an empty replica.
//! - Bytes come first: a version is staged, judged as it was staged, synced, and moved by the root's own journal. A crash
//!   leaves nothing half visible.
//! - Damage never spreads: what was staged must be whole, and be the object that is known. Versions that are there are not
//!   copied again.
//! - What is damaged at the replica gives way to the archive's own, and is kept in the replica's quarantine.
//!
//! ```text
//! DIR/xuecang-replica.json    the mark: whose replica this is
//! DIR/archive/                the OCFL storage root
//! DIR/quarantine/             what was damaged and replaced
//! ```

use std::cell::Cell;

use bag::Checksum;

use super::known::{Found, Known, Odd, look_quietly};
use super::mend::{self, Copy, Mended};
use crate::ocfl::{AdoptError, CommitError, Object, ObjectId, OpenError, Root};

mod target;

pub use target::{CreateError, Lost, Replica, device};

/// What became of one object in a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is at the replica now, whole, as the archive has it.
    Kept {
        /// Its newest version.
        version: u32,
        /// The sha512 of its inventory.
        inventory: Checksum,
        /// How it came there.
        how: How,
    },
    /// The archive's own is damaged, gone, or not what is known; the replica is as it was.
    NotWhole,
    /// The replica holds a version nobody knows of. It is left for a person to look at.
    Newer,
}

/// How an object came to a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It was there already and was read again.
    Found,
    /// It is new there.
    Copied,
    /// Newer versions came to those that were there.
    Extended,
}

/// Why a pass ended.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The replica can't be opened for writing.
    #[error("could not open the replica for writing")]
    Open(#[from] OpenError),
    /// An object can't be written to it.
    #[error("could not copy object {object} to the replica")]
    Stage {
        /// The object.
        object: ObjectId,
        /// Why.
        source: AdoptError,
    },
    /// What was staged can't be kept.
    #[error("could not keep what was copied to the replica")]
    Commit(#[from] CommitError),
    /// A damaged object can't be replaced.
    #[error("could not replace a damaged object of the replica")]
    Mend(#[from] mend::Error),
}

/// What became of each object that was wanted, and what had to be replaced because it was damaged there.
pub type Brought = (Vec<(ObjectId, Fate)>, Vec<mend::Repair>);

impl Replica {
    /// Brings some objects to the replica, as they are known, from the archive `source`. All that is new is durable when
    /// this returns. What is damaged there already is replaced, and what it says of that is returned beside.
    ///
    /// # Errors
    ///
    /// If the replica can't be written; what was whole there stays.
    pub fn bring(&self, source: &Root, wanted: &[Known]) -> Result<Brought, SyncError> {
        let (mut fates, mut hurt) = (Vec::with_capacity(wanted.len()), Vec::new());
        let mut batch = self.root().batch()?;
        for known in wanted {
            let object = known.object;
            let step = match self.state(known) {
                State::Current(version, inventory) => {
                    fates.push((object, Fate::Kept { version, inventory, how: How::Found }));
                    continue;
                }
                State::Newer => {
                    fates.push((object, Fate::Newer));
                    continue;
                }
                State::Hurt => {
                    hurt.push(known);
                    continue;
                }
                State::Absent => How::Copied,
                State::Older => How::Extended,
            };
            match stage(&mut batch, source, known, step) {
                Ok(()) => {
                    let staged = batch.staged(object);
                    fates.push((
                        object,
                        staged.map_or(Fate::NotWhole, |(version, inventory)| Fate::Kept {
                            version,
                            inventory,
                            how: step,
                        }),
                    ));
                }
                Err(Staging::Source) => fates.push((object, Fate::NotWhole)),
                Err(Staging::Diverges) => hurt.push(known),
                Err(Staging::Failed(source)) => return Err(SyncError::Stage { object, source }),
            }
        }
        batch.commit()?;
        let mut repairs = Vec::new();
        for known in hurt {
            let (fate, repair) = self.replace(source, known)?;
            fates.push((known.object, fate));
            repairs.extend(repair);
        }
        Ok((fates, repairs))
    }

    /// Puts the archive's own in the place of an object that is damaged or gone at the replica.
    ///
    /// # Errors
    ///
    /// If the replica can't be written.
    pub fn replace(&self, source: &Root, known: &Known) -> Result<(Fate, Option<mend::Repair>), mend::Error> {
        let copies = [Copy { name: "archive", root: source }];
        Ok(match mend::mend(self.root(), known, &copies, &self.quarantine())? {
            Mended::Repaired(repair) => {
                let (version, inventory) = (repair.version, repair.inventory.clone());
                (Fate::Kept { version, inventory, how: How::Copied }, Some(repair))
            }
            Mended::NoGoodCopy(_) => (Fate::NotWhole, None),
            Mended::Nothing => match self.state_read(known) {
                State::Current(version, inventory) => {
                    (Fate::Kept { version, inventory, how: How::Found }, None)
                }
                _ => (Fate::Newer, None),
            },
        })
    }

    /// Reads every byte of an object at the replica, from the medium as far as the kernel can be made to look there.
    pub fn look(&self, known: &Known) -> Found {
        super::forget(&self.root().path().join(self.root().folder(known.object)));
        super::look(self.root(), known)
    }

    fn state(&self, known: &Known) -> State {
        let folder = self.root().path().join(self.root().folder(known.object));
        match self.root().object(known.object) {
            Ok(None) if std::fs::symlink_metadata(&folder).is_ok() => State::Hurt,
            Ok(None) => State::Absent,
            Ok(Some(object)) if object.head().get() < known.version => State::Older,
            Ok(Some(object)) if object.head().get() > known.version => State::Newer,
            Ok(Some(_)) => self.state_read(known),
            Err(_) => State::Hurt,
        }
    }

    fn state_read(&self, known: &Known) -> State {
        match look_quietly(self.root(), known) {
            Found::Whole(whole) if whole.version == known.version => {
                State::Current(whole.version, whole.inventory)
            }
            Found::Whole(_) => State::Newer,
            Found::Hurt(_) => State::Hurt,
            Found::Gone => State::Absent,
        }
    }
}

/// How an object is at a replica before it is brought there.
enum State {
    Absent,
    Older,
    Current(u32, Checksum),
    Newer,
    Hurt,
}

/// Why an object was not staged.
enum Staging {
    /// The archive's own is not whole, or not what is known.
    Source,
    /// What the replica holds is not an earlier state of it.
    Diverges,
    /// The replica can't be written.
    Failed(AdoptError),
}

/// Stages an object; one that looks damaged is tried again while nobody writes the archive.
fn stage(batch: &mut crate::ocfl::Batch<'_>, source: &Root, known: &Known, how: How) -> Result<(), Staging> {
    match stage_once(batch, source, known, how) {
        Err(Staging::Source) => match source.batch() {
            Ok(_quiet) => stage_once(batch, source, known, how),
            Err(_) => Err(Staging::Source),
        },
        other => other,
    }
}

fn stage_once(
    batch: &mut crate::ocfl::Batch<'_>,
    source: &Root,
    known: &Known,
    how: How,
) -> Result<(), Staging> {
    let folder = source.path().join(source.folder(known.object));
    if !folder.exists() {
        return Err(Staging::Source);
    }
    let odd = Cell::new(None::<Odd>);
    let fit = |object: &Object| known.agrees(object).map_err(|why| odd.set(Some(why))).is_ok();
    let staged = match how {
        How::Extended => batch.extend(known.object, &folder, fit),
        How::Copied | How::Found => batch.adopt(known.object, &folder, fit),
    };
    staged.map_err(|error| match error {
        AdoptError::Diverges(_) => Staging::Diverges,
        AdoptError::NotValid(..) | AdoptError::Unfit => Staging::Source,
        _ if mend::is_damaged(&folder) => Staging::Source,
        error => Staging::Failed(error),
    })
}

#[cfg(test)]
mod tests;
