//! The catalog made anew from the files alone.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use bag::crew;
use fs_err as fs;

use super::{
    Error, Holdings,
    holdings::{Noted, record},
};
use crate::{
    db::{
        self, Store,
        catalog::{self, object, object::ObjectKind, swap},
    },
    ocfl::{ReadError, Root},
};

/// How many objects are noted in one transaction.
const CHUNK: usize = 500;
/// How many such chunks are read ahead of the one being written.
const AHEAD: usize = 2;

/// Why a catalog was not rebuilt. The one in use is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// Somebody asked to stop.
    #[error("the rebuild was stopped; the catalog is as it was")]
    Stopped,
    /// The new file could not be made.
    #[error("a new catalog could not be opened")]
    Open(#[from] db::OpenError),
    /// The new file could not take the place of the old one.
    #[error("could not put the new catalog in the place of {}", path.display())]
    Place {
        /// The catalog.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// Objects could not be walked, or rows not written.
    #[error("the archive could not be read into a new catalog")]
    Record(#[from] Error),
}

impl From<crate::db::Error> for RebuildError {
    fn from(error: crate::db::Error) -> Self {
        Self::Record(error.into())
    }
}

/// What a rebuild found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Objects noted.
    pub objects: u64,
    /// Dossiers among them.
    pub dossiers: u64,
    /// Objects that could not be understood: the catalog is without them, their files are untouched.
    pub unreadable: Vec<String>,
}

/// Makes the catalog of `root` anew at `path`. Nobody may have the old one open.
///
/// `progress` gets objects done and in all, and returns whether to go on. A crash leaves the old catalog and an
/// unfinished file beside it, which the next rebuild removes.
///
/// # Errors
///
/// [`RebuildError`]; the old catalog stays.
pub fn rebuild(
    root: &Root,
    path: &Path,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Rebuilt, RebuildError> {
    let new = beside(path);
    let rebuilt = build(root, &new, progress)?;
    let placed = || {
        remove_database_sidecars(path)?;
        fs::rename(&new, path)?;
        sync_parent(path)
    };
    placed().map_err(|source| RebuildError::Place { path: path.to_owned(), source })?;
    Ok(rebuilt)
}

impl Holdings<'_> {
    /// Makes the catalog anew while it is in use: readers see the old one until the new one is whole.
    ///
    /// What is kept meanwhile is not lost: objects that changed during the walk are read again before the two change
    /// places.
    ///
    /// # Errors
    ///
    /// [`RebuildError`]; the catalog is as it was.
    pub fn rebuild(self, progress: &mut dyn FnMut(u64, u64) -> bool) -> Result<Rebuilt, RebuildError> {
        let (root, live) = self.parts();
        let new = beside(live.path());
        let rebuilt = build(root, &new, progress)?;
        // From here on nobody else writes objects.
        let still = root.batch().map_err(Error::from)?;
        catch_up(root, live, &new)?;
        live.write(|tx| swap::replace_all(tx, &new))?;
        drop(still);
        remove_database(&new).map_err(|source| RebuildError::Place { path: new.clone(), source })?;
        Ok(rebuilt)
    }
}

/// Writes a whole new catalog to `new`: files are read on all cores while the rows of earlier ones are written.
fn build(
    root: &Root,
    new: &Path,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Rebuilt, RebuildError> {
    remove_database(new).map_err(|source| RebuildError::Place { path: new.to_owned(), source })?;
    let store = Store::open(new, &catalog::MIGRATIONS)?;
    let folders: Vec<PathBuf> = root.folders().collect::<Result<_, _>>().map_err(Error::from)?;
    let total = folders.len() as u64;
    let rebuilt = thread::scope(|scope| {
        let (told, chunks) = mpsc::sync_channel(AHEAD);
        scope.spawn(move || {
            for chunk in folders.chunks(CHUNK) {
                let Ok(read) =
                    crew::in_order(crew::cores(), chunk, |folder| Ok::<_, Infallible>(read(folder)));
                if told.send(read).is_err() {
                    // Nobody wants more.
                    break;
                }
            }
        });
        let mut rebuilt = Rebuilt::default();
        for chunk in chunks {
            store.write(|tx| chunk.into_iter().try_for_each(|found| note(tx, found, &mut rebuilt)))?;
            if !progress(rebuilt.objects + rebuilt.unreadable.len() as u64, total) {
                return Err(RebuildError::Stopped);
            }
        }
        Ok(rebuilt)
    });
    // Closing the last connection folds the journal into the file and syncs it.
    drop(store);
    if matches!(rebuilt, Err(RebuildError::Stopped)) {
        // Left behind, it is removed by the next rebuild.
        let _left_behind = remove_database(new);
    }
    rebuilt
}

/// What lies in the folder of an object.
enum Found {
    Noted(Box<Noted>),
    /// It can't be understood: its id, or the folder's name if not even that is known.
    Unreadable(String),
    /// It went away meanwhile.
    Nothing,
}

fn read(folder: &Path) -> Result<Found, Error> {
    let name = || folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let object = match Root::object_at(folder) {
        Ok(Some(object)) => object,
        Ok(None) => return Ok(Found::Nothing),
        Err(ReadError::Inventory { .. }) => return Ok(Found::Unreadable(name())),
        Err(error) => return Err(error.into()),
    };
    match Noted::read(&object) {
        Ok(noted) => Ok(Found::Noted(Box::new(noted))),
        Err(_) => Ok(Found::Unreadable(object.id().to_string())),
    }
}

fn note(
    tx: &crate::db::Transaction<'_>,
    found: Result<Found, Error>,
    rebuilt: &mut Rebuilt,
) -> Result<(), Error> {
    match found? {
        Found::Noted(noted) => {
            let kind = noted.write(tx)?;
            rebuilt.objects += 1;
            rebuilt.dossiers += u64::from(kind == ObjectKind::Dossier);
        }
        Found::Unreadable(name) => rebuilt.unreadable.push(name),
        Found::Nothing => {}
    }
    Ok(())
}

/// Reads again what the catalog in use knows to be newer than the rebuilt one does.
fn catch_up(root: &Root, live: &Store, new: &Path) -> Result<(), RebuildError> {
    let rebuilt = Store::open(new, &catalog::MIGRATIONS)?;
    let known: std::collections::BTreeMap<String, u32> =
        rebuilt.write(|tx| object::heads(tx))?.into_iter().collect();
    let newer =
        live.read(object::heads)?.into_iter().filter(|(id, head)| known.get(id).is_none_or(|at| at < head));
    let newer: Vec<_> = newer.filter_map(|(id, _)| id.parse().ok()).collect();
    rebuilt.write(|tx| {
        for id in newer {
            // What can't be understood was counted during the walk, and its files stay for the check to find.
            let Ok(Some(object)) = root.object(id) else { continue };
            if let Err(Error::Rows(error)) = record(tx, &object) {
                return Err(Error::Rows(error));
            }
        }
        Ok::<_, Error>(())
    })?;
    Ok(())
}

/// Where the new catalog is made.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

fn remove_database(path: &Path) -> std::io::Result<()> {
    remove_database_sidecars(path)?;
    remove_if_there(path)
}

/// Removes the files SQLite keeps beside a database.
fn remove_database_sidecars(path: &Path) -> std::io::Result<()> {
    for ending in ["-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        remove_if_there(Path::new(&name))?;
    }
    Ok(())
}

fn remove_if_there(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn sync_parent(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), |parent| fs::File::open(parent)?.sync_all())
}
