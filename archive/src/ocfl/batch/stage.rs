//! Staging one version: its bytes, then the inventories that name them. Bytes are hashed while they pass by, once.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use bag::{Algorithm, Checksum, Hashing, SafePath};
use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt as _;

use super::{Batch, Committed, Digested, PutError, Source, Version};
use crate::ocfl::disk;
use crate::ocfl::inventory::{self, Inventory};
use crate::ocfl::journal::Move;
use crate::ocfl::{ObjectId, Root, VersionNumber};

/// A version whose every file has a source of bytes or a digest the object already holds.
pub(super) struct Plan {
    version: Version,
    before: Option<Inventory>,
    kept: BTreeMap<SafePath, Checksum>,
    fresh: Vec<(SafePath, Source)>,
}

impl Plan {
    pub(super) fn draw_up(mut version: Version, before: Option<Inventory>) -> Result<Self, PutError> {
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

/// From the sha512 of stored bytes to where they are stored.
type Manifest = BTreeMap<Checksum, Vec<SafePath>>;

/// A version that is whole in its place in the staging folder.
pub(super) struct Staged {
    pub(super) moves: Vec<Move>,
    /// Files elsewhere that were given away.
    pub(super) remove: Vec<PathBuf>,
    pub(super) committed: Committed,
}

/// Writes one version into its place in the staging folder.
pub(super) struct Stager<'a> {
    root: &'a Root,
    /// The place, relative to the staging folder.
    place: &'a Path,
    /// The place on disk.
    dir: PathBuf,
    number: VersionNumber,
    remove: Vec<PathBuf>,
}

impl<'a> Stager<'a> {
    pub(super) fn new(batch: &Batch<'a>, place: &'a Path, plan: &Plan) -> Self {
        let number = plan.before.as_ref().map_or(VersionNumber::FIRST, |inventory| inventory.head.next());
        Self { root: batch.root, place, dir: batch.staging.join(place), number, remove: Vec::new() }
    }

    pub(super) fn stage(mut self, plan: Plan) -> io::Result<Staged> {
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
        Ok(Staged { moves: self.moves(object, is_new), remove: self.remove, committed })
    }

    /// Stages the bytes of one file unless the object holds them already.
    fn take(&mut self, path: &SafePath, source: Source, manifest: &mut Manifest) -> io::Result<Checksum> {
        let stored = format!("{}/content/{path}", self.number);
        let target = self.dir.join(&stored);
        let sum = match source {
            Source::Bytes(bytes) => return self.write(stored, &Digested::new(bytes), manifest),
            Source::Digested(bytes) => return self.write(stored, &bytes, manifest),
            Source::Move(from) => {
                self.make_parent(&target)?;
                self.link(&from, &target)?
            }
            Source::Copy(from) => {
                self.make_parent(&target)?;
                self.copy(&from, &target)?
            }
            Source::Same { file, sha512 } => {
                self.make_parent(&target)?;
                let sum = self.link_or_copy(&std::path::absolute(file)?, &target)?;
                if sum != sha512 {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        format!("the bytes for {path} are no longer those that were looked at"),
                    ));
                }
                sum
            }
            Source::Keep => return Err(io::ErrorKind::InvalidInput.into()),
        };
        if manifest.contains_key(&sum) {
            self.root.disk.remove_file(&target)?;
            self.remove_empty_parents(&target);
        } else {
            manifest.insert(sum.clone(), vec![content_path(stored)?]);
        }
        Ok(sum)
    }

    /// Stages bytes that are at hand: what the object holds already is not even written.
    fn write(&self, stored: String, bytes: &Digested, manifest: &mut Manifest) -> io::Result<Checksum> {
        let sum = bytes.sha512();
        if !manifest.contains_key(sum) {
            let target = self.dir.join(&stored);
            self.make_parent(&target)?;
            self.root.disk.write(&target, bytes.bytes())?;
            manifest.insert(sum.clone(), vec![content_path(stored)?]);
        }
        Ok(sum.clone())
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

    /// Takes over a file given away.
    fn link(&mut self, from: &Path, target: &Path) -> io::Result<Checksum> {
        let from = std::path::absolute(from)?;
        let sum = self.link_or_copy(&from, target)?;
        self.remove.push(from);
        Ok(sum)
    }

    /// A link if the file lies on the same file system, else a copy.
    fn link_or_copy(&self, from: &Path, target: &Path) -> io::Result<Checksum> {
        let source = open_regular(from)?;
        match self.root.disk.hard_link(from, target) {
            Ok(()) => hash(open_regular(target)?),
            Err(error) if is_other_device(&error) => self.copy_from(source, target),
            Err(error) => Err(error),
        }
    }

    fn copy(&self, from: &Path, target: &Path) -> io::Result<Checksum> {
        self.copy_from(open_regular(from)?, target)
    }

    fn copy_from(&self, mut source: fs::File, target: &Path) -> io::Result<Checksum> {
        let mut hashing = Hashing::new(self.root.disk.create(target)?, &[Algorithm::Sha512]);
        bag::copy(&mut source, &mut hashing)?;
        let (file, hashed) = hashing.finish();
        disk::begin_writing(&file, hashed.len);
        sha512(hashed)
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
pub(super) fn open_regular(path: &Path) -> io::Result<fs::File> {
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

pub(super) fn hash(file: fs::File) -> io::Result<Checksum> {
    sha512(bag::hash_reader(file, &[Algorithm::Sha512])?)
}

fn sha512(mut hashed: bag::Hashed) -> io::Result<Checksum> {
    hashed.sums.remove(&Algorithm::Sha512).ok_or_else(|| io::ErrorKind::InvalidData.into())
}
