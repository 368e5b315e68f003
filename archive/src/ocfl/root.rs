//! The storage root: made, opened, walked.

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use rustix::fs::FlockOperation;

use super::batch::Batch;
use super::disk::Disk;
use super::layout::{Declaration, EXTENSION, Layout};
use super::object::{Object, ReadError};
use super::{Checksum, ObjectId, VersionInfo, journal};

const DECLARATION: &str = "0=ocfl_1.1";
const DECLARATION_TEXT: &str = "ocfl_1.1\n";
const LAYOUT_FILE: &str = "ocfl_layout.json";
const EXTENSIONS: &str = "extensions";
const STAGING: &str = "extensions/xuecang-batch";

/// Why a storage root could not be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Something is there already.
    #[error("{0} is not empty")]
    NotEmpty(PathBuf),
    /// There is no OCFL 1.1 storage root.
    #[error("{0} is not an OCFL 1.1 storage root")]
    NotARoot(PathBuf),
    /// The root follows a layout this program cannot follow.
    #[error("{0} lays out its objects in a way this program does not know")]
    UnknownLayout(PathBuf),
    /// A batch that was interrupted could not be finished.
    #[error("the batch interrupted in {path} could not be finished")]
    Recover {
        /// The storage root.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// Reading or writing failed.
    #[error("could not read or write the storage root {path}")]
    Io {
        /// The storage root.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
}

/// An OCFL 1.1 storage root. Cheap to clone; all clones and processes share one lock for writing.
#[derive(Debug, Clone)]
pub struct Root {
    dir: PathBuf,
    layout: Layout,
    pub(super) disk: Disk,
}

impl Root {
    /// Makes a storage root in `dir`, which is made too if it is missing, and must be empty.
    ///
    /// A crash leaves a folder that is not yet a root: the declaration is written last.
    ///
    /// # Errors
    ///
    /// If the folder holds anything or cannot be written.
    pub fn create(dir: impl Into<PathBuf>) -> Result<Self, OpenError> {
        let dir = dir.into();
        let failed = |source| OpenError::Io { path: dir.clone(), source };
        fs::create_dir_all(&dir).map_err(failed)?;
        if fs::read_dir(&dir).map_err(failed)?.next().is_some() {
            return Err(OpenError::NotEmpty(dir));
        }
        write_root(&dir).map_err(failed)?;
        Self::open(dir)
    }

    /// Opens the storage root in `dir`, first finishing or undoing a batch that a crash interrupted.
    ///
    /// # Errors
    ///
    /// If there is no root of a kind this program writes, or an interrupted batch cannot be finished.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, OpenError> {
        let dir = dir.into();
        match fs::read(dir.join(DECLARATION)) {
            Ok(text) if text == DECLARATION_TEXT.as_bytes() => {}
            Ok(_) => return Err(OpenError::NotARoot(dir)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(OpenError::NotARoot(dir)),
            Err(source) => return Err(OpenError::Io { path: dir, source }),
        }
        let layout = read_layout(&dir)?;
        let root = Self { dir, layout, disk: Disk::default() };
        if root.staging().exists() {
            // Whoever holds the lock is alive and will finish by itself.
            drop(root.try_lock()?);
        }
        Ok(root)
    }

    /// The folder of the storage root.
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// The folder an object lies in, or would lie in, relative to the root.
    pub fn folder(&self, object: ObjectId) -> PathBuf {
        self.layout.folder(object)
    }

    /// Begins a batch of changes. Waits until no other batch is open, here or in another process.
    ///
    /// A thread that opens a second batch while holding one waits for ever.
    ///
    /// # Errors
    ///
    /// If the lock cannot be had, or a batch interrupted earlier cannot be finished.
    pub fn batch(&self) -> Result<Batch<'_>, OpenError> {
        let lock =
            self.lock(FlockOperation::LockExclusive)?.ok_or_else(|| OpenError::NotARoot(self.dir.clone()))?;
        self.begin(lock)
    }

    /// Begins a batch of changes, or `None` if another one is open.
    ///
    /// # Errors
    ///
    /// As [`Root::batch`].
    pub fn try_batch(&self) -> Result<Option<Batch<'_>>, OpenError> {
        self.try_lock()?.map(|lock| self.begin(lock)).transpose()
    }

    /// The object `id`, or `None` if nothing of that name was ever archived.
    ///
    /// # Errors
    ///
    /// If something lies in its place that cannot be understood.
    pub fn object(&self, id: ObjectId) -> Result<Option<Object>, ReadError> {
        match Object::load(self.dir.join(self.folder(id)))? {
            Some(object) if object.id() != id => {
                Err(ReadError::WrongObject { expected: id, found: object.id() })
            }
            found => Ok(found),
        }
    }

    /// What the inventory written with `version` of an object says of it, and that inventory's sha512. Nothing if there
    /// is no such object or version.
    ///
    /// # Errors
    ///
    /// If that inventory can't be read or understood.
    pub fn as_written(
        &self,
        id: ObjectId,
        version: u32,
    ) -> Result<Option<(VersionInfo, Checksum)>, ReadError> {
        Object::as_written(self.dir.join(self.folder(id)), version)
    }

    /// The object in a folder that [`folders`](Self::folders) found, whoever it is.
    pub(crate) fn object_at(folder: &Path) -> Result<Option<Object>, ReadError> {
        Object::load(folder.to_owned())
    }

    /// The object in the folder `place`, whoever it is, if it can be understood.
    pub(crate) fn object_in(&self, place: &str) -> Option<Object> {
        Object::load(self.dir.join(place)).ok().flatten()
    }

    /// Every object, found by walking the folders. The order means nothing.
    pub fn objects(&self) -> Objects {
        Objects { folders: self.folders() }
    }

    /// The folder of every object, found by walking; readable or not.
    pub fn folders(&self) -> Folders {
        Folders { open: vec![self.dir.clone()], skip: self.dir.join(EXTENSIONS) }
    }

    /// Where a batch that is open keeps what is not yet archived.
    pub(crate) fn staging(&self) -> PathBuf {
        self.dir.join(STAGING)
    }

    /// The same root, whose power fails after so many more steps of writing.
    #[cfg(test)]
    pub(crate) fn with_fuse(&self, steps: i64) -> Self {
        let mut root = self.clone();
        root.disk.fuse = Some(std::sync::Arc::new(std::sync::atomic::AtomicI64::new(steps)));
        root
    }

    fn begin(&self, lock: fs::File) -> Result<Batch<'_>, OpenError> {
        let staging = self.staging();
        self.disk
            .create_dir_all(&staging)
            .map_err(|source| OpenError::Io { path: self.dir.clone(), source })?;
        Ok(Batch::new(self, lock, staging))
    }

    fn try_lock(&self) -> Result<Option<fs::File>, OpenError> {
        self.lock(FlockOperation::NonBlockingLockExclusive)
    }

    /// Takes the lock of all writers, and finishes what the last one left behind.
    fn lock(&self, how: FlockOperation) -> Result<Option<fs::File>, OpenError> {
        let failed = |source| OpenError::Io { path: self.dir.clone(), source };
        let file = fs::File::open(self.dir.join(DECLARATION)).map_err(failed)?;
        match rustix::fs::flock(file.file(), how) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
            Err(errno) => return Err(failed(errno.into())),
        }
        journal::recover(&self.disk, &self.dir, &self.staging())
            .map_err(|source| OpenError::Recover { path: self.dir.clone(), source })?;
        Ok(Some(file))
    }
}

fn write_root(dir: &Path) -> io::Result<()> {
    let disk = Disk::default();
    let extension = dir.join(EXTENSIONS).join(EXTENSION);
    disk.create_dir_all(&extension)?;
    disk.write(&extension.join("config.json"), &pretty(&Layout::default())?)?;
    disk.write(&dir.join(LAYOUT_FILE), &pretty(&Declaration::default())?)?;
    disk.sync_all(dir)?;
    disk.write_durably(&dir.join(DECLARATION), DECLARATION_TEXT.as_bytes())
}

fn pretty(value: &impl serde::Serialize) -> serde_json::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn read_layout(dir: &Path) -> Result<Layout, OpenError> {
    let unknown = || OpenError::UnknownLayout(dir.to_owned());
    let declared = fs::read(dir.join(LAYOUT_FILE)).map_err(|_| unknown())?;
    let declared: Declaration = serde_json::from_slice(&declared).map_err(|_| unknown())?;
    if declared.extension != EXTENSION {
        return Err(unknown());
    }
    let config = fs::read(dir.join(EXTENSIONS).join(EXTENSION).join("config.json")).map_err(|_| unknown())?;
    let layout: Layout = serde_json::from_slice(&config).map_err(|_| unknown())?;
    if layout.is_known() { Ok(layout) } else { Err(unknown()) }
}

/// Every object of a root. Made by [`Root::objects`].
#[derive(Debug)]
pub struct Objects {
    folders: Folders,
}

impl Iterator for Objects {
    type Item = Result<Object, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.folders.next()? {
                Ok(folder) => match Object::load(folder) {
                    Ok(Some(object)) => return Some(Ok(object)),
                    Ok(None) => {}
                    Err(error) => return Some(Err(error)),
                },
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// The folder of every object of a root. Made by [`Root::folders`].
#[derive(Debug)]
pub struct Folders {
    open: Vec<PathBuf>,
    skip: PathBuf,
}

impl Iterator for Folders {
    type Item = Result<PathBuf, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(folder) = self.open.pop() {
            if folder == self.skip {
                continue;
            }
            match look_into(&folder) {
                Ok(Inside::Object) => return Some(Ok(folder)),
                Ok(Inside::Folders(inner)) => self.open.extend(inner),
                Err(source) => return Some(Err(ReadError::Walk { path: folder, source })),
            }
        }
        None
    }
}

enum Inside {
    Object,
    Folders(Vec<PathBuf>),
}

fn look_into(folder: &Path) -> io::Result<Inside> {
    let mut inner = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(b"0=ocfl_object_") {
            return Ok(Inside::Object);
        }
        if entry.file_type()?.is_dir() {
            inner.push(entry.path());
        }
    }
    Ok(Inside::Folders(inner))
}
