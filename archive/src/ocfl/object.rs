//! Reading one object.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bag::{Algorithm, Checksum, Report, SafePath};
use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt as _;

use super::inventory::{self, Inventory};
use super::{ObjectId, VersionInfo, VersionNumber};

/// Why an object or a file of it could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The inventory is missing, damaged, or not of the kind this archive writes.
    #[error("the inventory of the object in {folder} cannot be understood")]
    Inventory {
        /// The object's folder.
        folder: PathBuf,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another object lies where this one belongs.
    #[error("object {found} lies where {expected} belongs")]
    WrongObject {
        /// Who was looked for.
        expected: ObjectId,
        /// Who was there.
        found: ObjectId,
    },
    /// The object has no such version.
    #[error("object {object} has no version {version}")]
    NoVersion {
        /// The object.
        object: ObjectId,
        /// The version asked for.
        version: VersionNumber,
    },
    /// The version holds no such file.
    #[error("version {version} of object {object} holds no {path}")]
    NoFile {
        /// The object.
        object: ObjectId,
        /// The version.
        version: VersionNumber,
        /// The logical path asked for.
        path: SafePath,
    },
    /// Reading failed.
    #[error("could not read object {object}")]
    Io {
        /// The object.
        object: ObjectId,
        /// What went wrong.
        source: io::Error,
    },
    /// The storage root itself could not be walked.
    #[error("could not walk the storage root at {path}")]
    Walk {
        /// Where.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
}

/// One archived object as its inventory describes it. A snapshot: later versions need a fresh look.
#[derive(Debug, Clone)]
pub struct Object {
    folder: PathBuf,
    inventory: Inventory,
}

impl Object {
    /// Reads the object in `folder`, or `None` if nothing is there.
    pub(super) fn load(folder: PathBuf) -> Result<Option<Self>, ReadError> {
        let bytes = match fs::read(folder.join(inventory::FILE)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !folder.exists() => return Ok(None),
            Err(error) => return Err(ReadError::Inventory { folder, source: error.into() }),
        };
        match Inventory::parse(&bytes) {
            Ok(inventory) => Ok(Some(Self { folder, inventory })),
            Err(error) => Err(ReadError::Inventory { folder, source: error.into() }),
        }
    }

    /// What the inventory in the folder of `version` says of it, and that inventory's sha512.
    pub(super) fn as_written(
        folder: PathBuf,
        version: u32,
    ) -> Result<Option<(VersionInfo, Checksum)>, ReadError> {
        let bytes = match fs::read(folder.join(format!("v{version}")).join(inventory::FILE)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ReadError::Inventory { folder, source: error.into() }),
        };
        match Inventory::parse(&bytes) {
            Ok(mut inventory) if inventory.head.get() == version => {
                let info = inventory.versions.remove(&inventory.head);
                Ok(info.map(|info| (info, Checksum::of(Algorithm::Sha512, &bytes))))
            }
            Ok(_) => Ok(None),
            Err(error) => Err(ReadError::Inventory { folder, source: error.into() }),
        }
    }

    /// Its id.
    pub fn id(&self) -> ObjectId {
        self.inventory.id
    }

    /// Its newest version.
    pub fn head(&self) -> VersionNumber {
        self.inventory.head
    }

    /// The folder it lies in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Every version, oldest first, with what it says about itself.
    pub fn versions(&self) -> impl Iterator<Item = (VersionNumber, &VersionInfo)> {
        self.inventory.versions.iter().map(|(&number, info)| (number, info))
    }

    /// What `version` says about itself.
    ///
    /// # Errors
    ///
    /// [`ReadError::NoVersion`] if there is none.
    pub fn version(&self, version: VersionNumber) -> Result<&VersionInfo, ReadError> {
        self.inventory.versions.get(&version).ok_or(ReadError::NoVersion { object: self.id(), version })
    }

    /// Every logical path of `version`, with the sha512 of its bytes.
    ///
    /// # Errors
    ///
    /// [`ReadError::NoVersion`] if there is none.
    pub fn state(&self, version: VersionNumber) -> Result<BTreeMap<&SafePath, &Checksum>, ReadError> {
        Ok(self.version(version)?.files())
    }

    /// Every logical path of the newest version, with the sha512 of its bytes.
    pub fn files(&self) -> BTreeMap<&SafePath, &Checksum> {
        self.inventory.versions.get(&self.head()).map(VersionInfo::files).unwrap_or_default()
    }

    /// The sha512 of a file of the newest version.
    pub fn digest(&self, path: &SafePath) -> Option<&Checksum> {
        self.inventory.versions.get(&self.head())?.digest(path)
    }

    /// Every stored file of every version, relative to the object's folder, with its sha512.
    pub(crate) fn stored(&self) -> impl Iterator<Item = (&SafePath, &Checksum)> {
        self.inventory.manifest.iter().flat_map(|(sum, paths)| paths.iter().map(move |path| (path, sum)))
    }

    /// Where the bytes of a file of the newest version lie.
    pub(crate) fn stored_at(&self, path: &SafePath) -> Option<PathBuf> {
        let stored = self.inventory.manifest.get(self.digest(path)?)?.first()?;
        Some(stored.under(&self.folder))
    }

    /// Opens a file of the newest version.
    ///
    /// # Errors
    ///
    /// If the version holds no such file or it cannot be opened.
    pub fn open(&self, path: &SafePath) -> Result<fs::File, ReadError> {
        self.open_at(self.head(), path)
    }

    /// Opens a file of `version`.
    ///
    /// # Errors
    ///
    /// If there is no such version or file, or it cannot be opened.
    pub fn open_at(&self, version: VersionNumber, path: &SafePath) -> Result<fs::File, ReadError> {
        let missing = || ReadError::NoFile { object: self.id(), version, path: path.clone() };
        let digest = self.version(version)?.digest(path).ok_or_else(missing)?;
        let stored =
            self.inventory.manifest.get(digest).and_then(|paths| paths.first()).ok_or_else(missing)?;
        fs::OpenOptions::new()
            .read(true)
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
            .open(stored.under(&self.folder))
            .map_err(|source| ReadError::Io { object: self.id(), source })
    }

    /// Reads a file of the newest version whole.
    ///
    /// # Errors
    ///
    /// As [`Object::open`], or if reading fails.
    pub fn read(&self, path: &SafePath) -> Result<Vec<u8>, ReadError> {
        self.read_at(self.head(), path)
    }

    /// Reads a file of `version` whole.
    ///
    /// # Errors
    ///
    /// As [`Object::open_at`], or if reading fails.
    pub fn read_at(&self, version: VersionNumber, path: &SafePath) -> Result<Vec<u8>, ReadError> {
        let mut bytes = Vec::new();
        self.open_at(version, path)?
            .read_to_end(&mut bytes)
            .map_err(|source| ReadError::Io { object: self.id(), source })?;
        Ok(bytes)
    }

    /// Reads every byte of the object again and compares it with its digests.
    pub fn check(&self) -> Report {
        super::validate_object(&self.folder)
    }

    /// The sha512 of its inventory as the disk holds it, which fixes every byte of every version.
    ///
    /// # Errors
    ///
    /// If it can't be read.
    pub fn inventory_digest(&self) -> Result<Checksum, ReadError> {
        fs::read(self.folder.join(inventory::FILE))
            .map(|bytes| Checksum::of(Algorithm::Sha512, &bytes))
            .map_err(|source| ReadError::Io { object: self.id(), source })
    }

    /// The sha512 of the inventory that was written with a version of it; nothing if there is none.
    ///
    /// # Errors
    ///
    /// If it can't be read.
    pub fn inventory_digest_at(&self, version: u32) -> Result<Option<Checksum>, ReadError> {
        match fs::read(self.folder.join(format!("v{version}")).join(inventory::FILE)) {
            Ok(bytes) => Ok(Some(Checksum::of(Algorithm::Sha512, &bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ReadError::Io { object: self.id(), source }),
        }
    }

    /// Files that are not exactly as this archive writes them although OCFL lets them pass: a version without its own
    /// inventory, a sidecar or declaration spelled otherwise. What is not there at all is for a judge of the whole to say.
    pub(crate) fn inexact(&self) -> Vec<String> {
        let mut found = Vec::new();
        let versions = self.inventory.versions.keys().map(|number| self.folder.join(number.to_string()));
        for dir in versions.chain([self.folder.clone()]).filter(|dir| dir.is_dir()) {
            let sidecar = fs::read(dir.join(inventory::FILE))
                .map(|bytes| Inventory::sidecar(&Checksum::of(Algorithm::Sha512, &bytes)));
            let is_exact = sidecar.is_ok_and(|text| {
                fs::read(dir.join(inventory::SIDECAR)).is_ok_and(|there| there == text.as_bytes())
            });
            if !is_exact {
                let inside = dir.strip_prefix(&self.folder).unwrap_or(&dir).join(inventory::SIDECAR);
                found.push(inside.to_string_lossy().into_owned());
            }
        }
        let declared = fs::read(self.folder.join(inventory::DECLARATION));
        if declared.is_ok_and(|text| text != inventory::DECLARATION_TEXT.as_bytes()) {
            found.push(inventory::DECLARATION.to_owned());
        }
        found
    }

    /// An object of which only some versions lie in the staging folder, and the sha512 of its inventory.
    pub(super) fn staged(folder: &Path) -> Result<(Self, Checksum), ReadError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| ReadError::Inventory {
            folder: folder.to_owned(),
            source,
        };
        let bytes = fs::read(folder.join(inventory::FILE)).map_err(|error| failed(error.into()))?;
        let inventory = Inventory::parse(&bytes).map_err(|error| failed(error.into()))?;
        Ok((Self { folder: folder.to_owned(), inventory }, Checksum::of(Algorithm::Sha512, &bytes)))
    }

    pub(super) fn into_inventory(self) -> Inventory {
        self.inventory
    }
}
