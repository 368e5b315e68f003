//! Writing: many objects staged, then all of them kept at once.

mod adopt;
mod extend;
mod replace;

pub use adopt::AdoptError;
pub(crate) use replace::PROBE;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use bag::{Algorithm, Checksum, Hashing, SafePath};
use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use jiff::Timestamp;

use super::inventory::{self, Inventory, User};
use super::journal::{Journal, Move};
use super::object::ReadError;
use super::{ObjectId, Root, VersionNumber};

/// Where the bytes of a file in a new version come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A file elsewhere, copied.
    Copy(PathBuf),
    /// A file elsewhere, given away: it is gone once the batch is committed, and untouched if it is not.
    /// On the same file system its bytes are linked, not copied; nobody may write to it meanwhile.
    Move(PathBuf),
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
        let object = version.object;
        if self.objects.contains(&object) {
            return Err(PutError::Twice(object));
        }
        let before = self.root.object(object)?.map(super::Object::into_inventory);
        check_expectation(&version, before.as_ref())?;
        let plan = Plan::draw_up(version, before)?;
        let place = PathBuf::from(self.committed.len().to_string());
        let staged = Stager::new(self, &place, &plan).stage(plan);
        let (moves, remove, committed) = staged.map_err(|source| {
            // What was half staged is unnamed; it goes now or with the batch.
            let _unnamed = self.root.disk.remove_dir_all(&self.staging.join(&place));
            PutError::Stage { object, source }
        })?;
        self.journal.moves.extend(moves);
        self.journal.remove.extend(remove);
        self.committed.push(committed);
        self.objects.insert(object);
        Ok(())
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

/// A version whose every file has a source of bytes or a digest the object already holds.
struct Plan {
    version: Version,
    before: Option<Inventory>,
    kept: BTreeMap<SafePath, Checksum>,
    fresh: Vec<(SafePath, Source)>,
}

impl Plan {
    fn draw_up(mut version: Version, before: Option<Inventory>) -> Result<Self, PutError> {
        let held: BTreeMap<SafePath, Checksum> = before
            .as_ref()
            .and_then(|inventory| inventory.versions.get(&inventory.head))
            .map(|head| head.files().into_iter().map(|(path, sum)| (path.clone(), sum.clone())).collect())
            .unwrap_or_default();
        let mut kept = BTreeMap::new();
        let mut fresh = Vec::new();
        for (path, source) in std::mem::take(&mut version.files) {
            match (source, held.get(&path)) {
                (Source::Keep, Some(sum)) => drop(kept.insert(path, sum.clone())),
                (Source::Keep, None) => return Err(PutError::NothingToKeep { object: version.object, path }),
                (source, _) => fresh.push((path, source)),
            }
        }
        if version.keep_others {
            let named: BTreeSet<&SafePath> = fresh.iter().map(|(path, _)| path).collect();
            kept.extend(held.into_iter().filter(|(path, _)| !named.contains(path)));
        }
        let plan = Self { version, before, kept, fresh };
        match plan.file_and_folder() {
            Some(path) => Err(PutError::FileAndFolder { object: plan.version.object, path: path.clone() }),
            None => Ok(plan),
        }
    }

    /// A path that is a file here and a folder of another path.
    fn file_and_folder(&self) -> Option<&SafePath> {
        let all: BTreeMap<&str, &SafePath> = self
            .kept
            .keys()
            .chain(self.fresh.iter().map(|(path, _)| path))
            .map(|path| (path.as_str(), path))
            .collect();
        all.keys()
            .find_map(|path| path.match_indices('/').find_map(|(at, _)| all.get(path.get(..at)?).copied()))
    }
}

type Staged = (Vec<Move>, Vec<PathBuf>, Committed);

/// Writes one version into its place in the staging folder.
struct Stager<'a> {
    root: &'a Root,
    /// The place, relative to the staging folder.
    place: &'a Path,
    /// The place on disk.
    dir: PathBuf,
    number: VersionNumber,
    remove: Vec<PathBuf>,
}

impl<'a> Stager<'a> {
    fn new(batch: &Batch<'a>, place: &'a Path, plan: &Plan) -> Self {
        let number = plan.before.as_ref().map_or(VersionNumber::FIRST, |inventory| inventory.head.next());
        Self { root: batch.root, place, dir: batch.staging.join(place), number, remove: Vec::new() }
    }

    fn stage(mut self, plan: Plan) -> io::Result<Staged> {
        let Plan { version, before, kept, fresh } = plan;
        let object = version.object;
        let mut manifest = before.as_ref().map(|inventory| inventory.manifest.clone()).unwrap_or_default();
        let folder = self.dir.join(self.number.to_string());
        self.root.disk.create_dir_all(&folder)?;
        let mut files = kept;
        for (path, source) in fresh {
            let sum = self.take(&path, source, &mut manifest)?;
            files.insert(path, sum);
        }
        let info = inventory::version(version.created, version.message, version.user, files);
        let is_new = before.is_none();
        let mut inventory = match before {
            None => Inventory::first(object, info),
            Some(mut inventory) => {
                inventory.push(info);
                inventory
            }
        };
        inventory.manifest = manifest;
        let inventory_digest = self.write_inventory(&folder, &inventory)?;
        if is_new {
            self.root
                .disk
                .write(&self.dir.join(inventory::DECLARATION), inventory::DECLARATION_TEXT.as_bytes())?;
        }
        let committed = Committed { object, version: self.number, inventory_digest };
        Ok((self.moves(object, is_new), self.remove, committed))
    }

    /// Stages the bytes of one file unless the object holds them already.
    fn take(
        &mut self,
        path: &SafePath,
        source: Source,
        manifest: &mut BTreeMap<Checksum, Vec<SafePath>>,
    ) -> io::Result<Checksum> {
        let stored = format!("{}/content/{path}", self.number);
        let target = self.dir.join(&stored);
        if let Source::Bytes(bytes) = &source {
            let sum = Checksum::of(Algorithm::Sha512, bytes);
            if !manifest.contains_key(&sum) {
                self.make_parent(&target)?;
                self.root.disk.write(&target, bytes)?;
                manifest.insert(sum.clone(), vec![content_path(stored)?]);
            }
            return Ok(sum);
        }
        self.make_parent(&target)?;
        let sum = match source {
            Source::Move(from) => self.link(&from, &target)?,
            Source::Copy(from) => self.copy(&from, &target)?,
            Source::Bytes(_) | Source::Keep => return Err(io::ErrorKind::InvalidInput.into()),
        };
        if manifest.contains_key(&sum) {
            self.root.disk.remove_file(&target)?;
            self.remove_empty_parents(&target);
        } else {
            manifest.insert(sum.clone(), vec![content_path(stored)?]);
        }
        Ok(sum)
    }

    fn make_parent(&self, target: &Path) -> io::Result<()> {
        match target.parent() {
            Some(parent) if !parent.is_dir() => self.root.disk.create_dir_all(parent),
            _ => Ok(()),
        }
    }

    /// OCFL wants no empty folders in an object.
    fn remove_empty_parents(&self, target: &Path) {
        let inside = target.ancestors().skip(1).take_while(|dir| dir.parent() != Some(&self.dir));
        for dir in inside {
            if fs::remove_dir(dir).is_err() {
                break;
            }
        }
    }

    /// Takes over a file given away: a link if it lies on the same file system, else a copy.
    fn link(&mut self, from: &Path, target: &Path) -> io::Result<Checksum> {
        let from = std::path::absolute(from)?;
        let source = open_regular(&from)?;
        let sum = match self.root.disk.hard_link(&from, target) {
            Ok(()) => hash(open_regular(target)?)?,
            Err(error) if is_other_device(&error) => self.copy_from(source, target)?,
            Err(error) => return Err(error),
        };
        self.remove.push(from);
        Ok(sum)
    }

    fn copy(&self, from: &Path, target: &Path) -> io::Result<Checksum> {
        self.copy_from(open_regular(from)?, target)
    }

    fn copy_from(&self, mut source: fs::File, target: &Path) -> io::Result<Checksum> {
        let mut hashing = Hashing::new(self.root.disk.create(target)?, &[Algorithm::Sha512]);
        io::copy(&mut source, &mut hashing)?;
        sha512(hashing.finish().1)
    }

    /// Writes the inventory twice, for the object and for its version, each with its sidecar.
    fn write_inventory(&self, folder: &Path, inventory: &Inventory) -> io::Result<Checksum> {
        let bytes = inventory.to_bytes()?;
        let digest = Checksum::of(Algorithm::Sha512, &bytes);
        for dir in [folder, &self.dir] {
            self.root.disk.write(&dir.join(inventory::FILE), &bytes)?;
            self.root.disk.write(&dir.join(inventory::SIDECAR), Inventory::sidecar(&digest).as_bytes())?;
        }
        Ok(digest)
    }

    /// A new object moves as a whole; a new version moves before the inventory that names it.
    fn moves(&self, object: ObjectId, is_new: bool) -> Vec<Move> {
        let home = self.root.folder(object);
        if is_new {
            return vec![Move { from: self.place.to_owned(), to: home }];
        }
        [self.number.to_string().as_str(), inventory::FILE, inventory::SIDECAR]
            .into_iter()
            .map(|part| Move { from: self.place.join(part), to: home.join(part) })
            .collect()
    }
}

fn content_path(path: String) -> io::Result<SafePath> {
    SafePath::new(path).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
}

/// Opens a regular file, never through a link.
fn open_regular(path: &Path) -> io::Result<fs::File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = fs::OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

fn is_other_device(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::CrossesDevices | io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported
    )
}

fn hash(file: fs::File) -> io::Result<Checksum> {
    sha512(bag::hash_reader(file, &[Algorithm::Sha512])?)
}

fn sha512(mut hashed: bag::Hashed) -> io::Result<Checksum> {
    hashed.sums.remove(&Algorithm::Sha512).ok_or_else(|| io::ErrorKind::InvalidData.into())
}
