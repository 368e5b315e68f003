//! Writing: many objects staged, then all of them kept at once.

mod adopt;
mod extend;
mod replace;
mod stage;

pub use adopt::AdoptError;
pub(crate) use replace::PROBE;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::PathBuf;

use bag::{Algorithm, Checksum, SafePath, crew};
use fs_err as fs;
use jiff::Timestamp;

use self::stage::{Plan, Stager};
use super::inventory::{Inventory, User};
use super::journal::Journal;
use super::object::ReadError;
use super::{ObjectId, Root, VersionNumber};

/// Bytes and the sha512 that was computed from these very bytes, so that nobody needs to compute it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digested {
    bytes: Vec<u8>,
    sha512: Checksum,
}

impl Digested {
    /// Computes it.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { sha512: Checksum::of(Algorithm::Sha512, &bytes), bytes }
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Their sha512.
    #[must_use]
    pub fn sha512(&self) -> &Checksum {
        &self.sha512
    }
}

/// Where the bytes of a file in a new version come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// These bytes.
    Bytes(Vec<u8>),
    /// These bytes, whose sha512 is known.
    Digested(Digested),
    /// A file elsewhere, copied.
    Copy(PathBuf),
    /// A file elsewhere, given away: it is gone once the batch is committed, and untouched if it is not.
    /// On the same file system its bytes are linked, not copied; nobody may write to it meanwhile.
    Move(PathBuf),
    /// A file elsewhere that was looked at before and stays where it is. Other bytes than these are refused.
    /// On the same file system its bytes are linked, not copied; nobody may write to it ever after.
    Same {
        /// The file.
        file: PathBuf,
        /// What its bytes were.
        sha512: Checksum,
    },
    /// What the newest version holds under the same path.
    Keep,
}

/// What the writer believes to be the newest version before its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Expect {
    /// Whatever is there, or nothing.
    #[default]
    Anything,
    /// The object is new.
    Absent,
    /// The newest version is this one.
    Head(VersionNumber),
}

/// A version to be written: the complete state of its object from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    object: ObjectId,
    files: BTreeMap<SafePath, Source>,
    keep_others: bool,
    message: String,
    user: User,
    created: Timestamp,
    expect: Expect,
}

impl Version {
    /// A version that holds nothing yet, with who makes it, why and when.
    pub fn new(object: ObjectId, message: impl Into<String>, user: User, created: Timestamp) -> Self {
        let (files, message) = (BTreeMap::new(), message.into());
        Self { object, files, keep_others: false, message, user, created, expect: Expect::Anything }
    }

    /// The version holds at `path` what `source` gives.
    #[must_use]
    pub fn file(mut self, path: SafePath, source: Source) -> Self {
        self.files.insert(path, source);
        self
    }

    /// Every file of the newest version that is not named otherwise stays.
    #[must_use]
    pub fn keep_others(mut self) -> Self {
        self.keep_others = true;
        self
    }

    /// Refuses to be written on top of anything but this.
    #[must_use]
    pub fn expect(mut self, expect: Expect) -> Self {
        self.expect = expect;
        self
    }
}

/// What was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The object.
    pub object: ObjectId,
    /// Its new version.
    pub version: VersionNumber,
    /// The sha512 of its inventory, which fixes every byte of every version up to this one.
    pub inventory_digest: Checksum,
}

/// Why a version was not staged. The rest of the batch is as it was.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// Somebody else has written a version since the writer looked.
    #[error("object {object} was expected at {expected:?} but is at {found:?}")]
    Conflict {
        /// The object.
        object: ObjectId,
        /// What the writer believed.
        expected: Expect,
        /// What is there; `None` if nothing.
        found: Option<VersionNumber>,
    },
    /// The batch holds a version of this object already.
    #[error("object {0} is twice in one batch")]
    Twice(ObjectId),
    /// A file is to be kept that the newest version does not hold.
    #[error("object {object} holds no {path} that could be kept")]
    NothingToKeep {
        /// The object.
        object: ObjectId,
        /// The logical path.
        path: SafePath,
    },
    /// One path is a file and a folder at once.
    #[error("in object {object}, {path} would be a file and a folder")]
    FileAndFolder {
        /// The object.
        object: ObjectId,
        /// The logical path of the file.
        path: SafePath,
    },
    /// The object's present state cannot be understood.
    #[error("could not look up the object")]
    Read(#[from] ReadError),
    /// Reading a source or writing to the staging folder failed.
    #[error("could not stage a version of object {object}")]
    Stage {
        /// The object.
        object: ObjectId,
        /// What went wrong.
        source: io::Error,
    },
}

/// Why a batch was not committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Nothing was kept.
    #[error("nothing of the batch was kept")]
    Nothing(#[source] io::Error),
    /// The batch is durable but not all of it is in its place; the next [`Root::open`] or [`Root::batch`] finishes it.
    #[error("the batch is safe but not yet in its place; opening the archive again finishes it")]
    Unfinished(#[source] io::Error),
}

/// Changes that are not yet kept. Dropping it forgets them.
#[derive(Debug)]
#[must_use = "a batch that is not committed is forgotten"]
pub struct Batch<'root> {
    root: &'root Root,
    staging: PathBuf,
    journal: Journal,
    committed: Vec<Committed>,
    objects: BTreeSet<ObjectId>,
    /// How many places in the staging folder were ever used. None is used twice: what failed may have left files there.
    places: usize,
    /// Whether what is staged still belongs to this batch to clean up.
    clean_up: bool,
    _lock: fs::File,
}

impl<'root> Batch<'root> {
    pub(super) fn new(root: &'root Root, lock: fs::File, staging: PathBuf) -> Self {
        Self {
            root,
            staging,
            journal: Journal::default(),
            committed: Vec::new(),
            objects: BTreeSet::new(),
            places: 0,
            clean_up: true,
            _lock: lock,
        }
    }

    /// How many versions are staged.
    pub fn len(&self) -> usize {
        self.committed.len()
    }

    /// Whether nothing is staged.
    pub fn is_empty(&self) -> bool {
        self.committed.is_empty()
    }

    /// Version and inventory digest of an object that is staged.
    pub(crate) fn staged(&self, object: ObjectId) -> Option<(u32, Checksum)> {
        let staged = self.committed.iter().find(|committed| committed.object == object)?;
        Some((staged.version.get(), staged.inventory_digest.clone()))
    }

    /// Stages a version of a new or an existing object. Bytes the object already holds are not stored again.
    ///
    /// # Errors
    ///
    /// If it does not fit what is there, or a source cannot be read. The batch is then as it was before.
    pub fn put(&mut self, version: Version) -> Result<(), PutError> {
        self.put_all(vec![version])
    }

    /// Stages many versions, each of another object, on all cores. What was kept is told in the order given.
    ///
    /// # Errors
    ///
    /// As [`Batch::put`], with the failure that staging one after the other would have met first. None of them is then
    /// staged, and the batch is as it was before.
    pub fn put_all(&mut self, versions: Vec<Version>) -> Result<(), PutError> {
        self.put_with(crew::cores(), versions)
    }

    pub(super) fn put_with(&mut self, threads: NonZeroUsize, versions: Vec<Version>) -> Result<(), PutError> {
        let mut objects = BTreeSet::new();
        for version in &versions {
            if self.objects.contains(&version.object) || !objects.insert(version.object) {
                return Err(PutError::Twice(version.object));
            }
        }
        let places = self.take_places(versions.len());
        let staged = crew::in_order(threads, places.clone().zip(versions), |(place, version)| {
            self.stage(&place.to_string(), version)
        });
        let staged = staged.inspect_err(|_| {
            for place in places {
                // What was staged is unnamed; it goes now or with the batch.
                let _unnamed = self.root.disk.remove_dir_all(&self.staging.join(place.to_string()));
            }
        })?;
        for staged in staged {
            self.journal.moves.extend(staged.moves);
            self.journal.remove.extend(staged.remove);
            self.committed.push(staged.committed);
        }
        self.objects.extend(objects);
        Ok(())
    }

    fn take_places(&mut self, count: usize) -> Range<usize> {
        let first = self.places;
        self.places += count;
        first..self.places
    }

    /// Writes one version into its place in the staging folder.
    fn stage(&self, place: &str, version: Version) -> Result<stage::Staged, PutError> {
        let object = version.object;
        let before = self.root.object(object)?.map(super::Object::into_inventory);
        check_expectation(&version, before.as_ref())?;
        let plan = Plan::draw_up(version, before)?;
        Stager::new(self, place.as_ref(), &plan)
            .stage(plan)
            .map_err(|source| PutError::Stage { object, source })
    }

    /// Keeps everything staged, all of it or nothing.
    ///
    /// When this returns everything is durable. A crash before the journal is written leaves nothing; after it,
    /// the next [`Root::open`] finishes the batch.
    ///
    /// # Errors
    ///
    /// [`CommitError`] says which of the two happened.
    pub fn commit(mut self) -> Result<Vec<Committed>, CommitError> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        let disk = &self.root.disk;
        disk.sync_all(self.root.path()).map_err(CommitError::Nothing)?;
        if let Err(error) = self.journal.write(disk, &self.staging) {
            // Only a journal that nobody can find afterwards means that nothing will happen.
            self.clean_up = !self.staging.join(super::journal::FILE).exists();
            return Err(if self.clean_up {
                CommitError::Nothing(error)
            } else {
                CommitError::Unfinished(error)
            });
        }
        self.clean_up = false;
        self.journal.carry_out(disk, self.root.path(), &self.staging).map_err(CommitError::Unfinished)?;
        Ok(std::mem::take(&mut self.committed))
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if self.clean_up {
            // What cannot be removed now is removed by whoever opens the root next.
            let _left_behind = self.root.disk.remove_dir_all(&self.staging);
        }
    }
}

fn check_expectation(version: &Version, before: Option<&Inventory>) -> Result<(), PutError> {
    let found = before.map(|inventory| inventory.head);
    let met = match version.expect {
        Expect::Anything => true,
        Expect::Absent => found.is_none(),
        Expect::Head(head) => found == Some(head),
    };
    if met {
        Ok(())
    } else {
        Err(PutError::Conflict { object: version.object, expected: version.expect, found })
    }
}
