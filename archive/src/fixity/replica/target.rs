//! Where a replica lies, and the mark by which it is known.

use std::io;
use std::os::linux::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use fs_err as fs;
use ids::ReplicaId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::fixity::drill::{self, Target};
use crate::ocfl::{OpenError, Root};

const MARK: &str = "xuecang-replica.json";
const QUARANTINE: &str = "quarantine";

/// What a mark says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    format: String,
    /// Which replica this is.
    replica: ReplicaId,
    /// The archive of which it is one.
    archive: Uuid,
}

const FORMAT: &str = "xuecang-replica/1";

/// A replica that is there.
#[derive(Debug, Clone)]
pub struct Replica {
    id: ReplicaId,
    dir: PathBuf,
    root: Root,
}

/// Why a replica is not there.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// The folder is not there or bears no mark.
    #[error("{} is not there or bears no mark of a replica; is the volume mounted?", .0.display())]
    Absent(PathBuf),
    /// The mark is another's.
    #[error("{} is another replica, or one of another archive", .0.display())]
    Stranger(PathBuf),
    /// The mark can't be read or understood.
    #[error("the mark of the replica {} can't be read", path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The mark is there and the storage root can't be opened.
    #[error("the replica {} can't be opened", path.display())]
    Root {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: OpenError,
    },
}

/// Why a folder was not made a replica.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The folder is not fit.
    #[error(transparent)]
    Target(#[from] drill::Error),
    /// It is a replica that can't be used.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// It can't be written.
    #[error("could not make {} a replica", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Replica {
    /// Makes an empty folder, or one that is not there, a replica of `archive`. A folder that bears the mark of one is
    /// taken as it is. `outside` are folders it must not lie in.
    ///
    /// A crash leaves a folder that bears the mark and no root yet; making it again completes it.
    ///
    /// # Errors
    ///
    /// If it holds something else, is a replica of another archive, lies within `outside` or can't be written.
    pub fn create(dir: &Path, archive: Uuid, outside: &[&Path]) -> Result<Self, CreateError> {
        let absolute =
            std::path::absolute(dir).map_err(|source| CreateError::Io { path: dir.to_owned(), source })?;
        let id = match read_mark(&absolute) {
            Ok(mark) if mark.archive == archive => mark.replica,
            Ok(_) => return Err(Lost::Stranger(absolute).into()),
            Err(Lost::Absent(_)) => {
                let target = Target::accept(&absolute, outside)?;
                let mark = Mark { format: FORMAT.to_owned(), replica: ReplicaId::new(), archive };
                write_mark(target.dir(), &mark)
                    .map_err(|source| CreateError::Io { path: target.dir().to_owned(), source })?;
                mark.replica
            }
            Err(error) => return Err(error.into()),
        };
        let root = absolute.join(Target::COPY);
        if !root.exists() {
            make_root(&root)?;
        }
        Ok(Self::open(&absolute, id, archive)?)
    }

    /// Opens a replica. Nothing is written unless a batch that a crash interrupted is to be finished.
    ///
    /// # Errors
    ///
    /// [`Lost`]: the folder is not the replica `id` of `archive`, or its root can't be opened.
    pub fn open(dir: &Path, id: ReplicaId, archive: Uuid) -> Result<Self, Lost> {
        let mark = read_mark(dir)?;
        if (mark.replica, mark.archive) != (id, archive) {
            return Err(Lost::Stranger(dir.to_owned()));
        }
        let root = Root::open(dir.join(Target::COPY))
            .map_err(|source| Lost::Root { path: dir.to_owned(), source })?;
        Ok(Self { id, dir: dir.to_owned(), root })
    }

    /// Which replica this is.
    #[must_use]
    pub const fn id(&self) -> ReplicaId {
        self.id
    }

    /// Its folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its storage root.
    #[must_use]
    pub const fn root(&self) -> &Root {
        &self.root
    }

    /// Where what was damaged here is kept.
    #[must_use]
    pub fn quarantine(&self) -> PathBuf {
        self.dir.join(QUARANTINE)
    }

    /// The device it lies on, as the kernel numbers it.
    ///
    /// # Errors
    ///
    /// When it can't be looked at.
    pub fn device(&self) -> io::Result<u64> {
        device(self.root.path())
    }

    /// The same replica, whose power fails after so many more steps of writing.
    #[cfg(test)]
    pub(super) fn with_fuse(&self, steps: i64) -> Self {
        Self { root: self.root.with_fuse(steps), ..self.clone() }
    }
}

/// The device a folder lies on, as the kernel numbers it.
///
/// # Errors
///
/// When it can't be looked at.
pub fn device(dir: &Path) -> io::Result<u64> {
    Ok(fs::metadata(dir)?.st_dev())
}

fn read_mark(dir: &Path) -> Result<Mark, Lost> {
    let unreadable = |source| Lost::Unreadable { path: dir.to_owned(), source };
    match fs::read(dir.join(MARK)) {
        Ok(bytes) => {
            let mark: Mark = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.into()))?;
            if mark.format == FORMAT { Ok(mark) } else { Err(Lost::Stranger(dir.to_owned())) }
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Err(Lost::Absent(dir.to_owned()))
        }
        Err(error) => Err(unreadable(error)),
    }
}

/// Durable when this returns, whole or not at all.
fn write_mark(dir: &Path, mark: &Mark) -> io::Result<()> {
    let mut bytes = serde_json::to_vec_pretty(mark)?;
    bytes.push(b'\n');
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    io::Write::write_all(&mut file, &bytes)?;
    file.as_file().sync_all()?;
    file.persist(dir.join(MARK)).map_err(|error| error.error)?;
    fs::File::open(dir)?.sync_all()
}

/// Made beside and moved into its place, so that it is there whole or not at all.
fn make_root(root: &Path) -> Result<(), CreateError> {
    let failed = |source| CreateError::Io { path: root.to_owned(), source };
    let beside = root.with_extension("new");
    match fs::remove_dir_all(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    drill::make(&beside).map_err(failed)?;
    Root::create(&beside).map_err(|source| Lost::Root { path: beside.clone(), source })?;
    fs::rename(&beside, root).map_err(failed)?;
    let parent = root.parent().unwrap_or(root);
    fs::File::open(parent).and_then(|dir| dir.sync_all()).map_err(failed)
}
