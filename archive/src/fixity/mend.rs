//! Repair: a good copy takes the place of what is damaged or gone, and what was damaged is kept.
//!
//! - Only a copy every byte of which was read on its way in, and that is the object that is known (see [`Known::agrees`]),
//!   takes the place. One that is damaged, older, newer, altered or another's is refused, and the place stays as it is.
//! - What lay there moves to a quarantine beside the root, with a note of what was wrong. Nothing is ever removed from it.
//! - The note is durable before anything moves, and the move is one journal entry of the root: a crash leaves the old or
//!   the new, and a note by which the next start knows which of the two ([`settle`]).

use std::cell::Cell;
use std::io;
use std::path::{Path, PathBuf};

use bag::{Checksum, Finding};
use fs_err as fs;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::known::{Found, Known, Odd, look_quietly};
use crate::ocfl::{AdoptError, CommitError, ObjectId, OpenError, PROBE, Root, validate_object};

const NOTE: &str = "repair.json";
const MOVED: &str = "object";

/// Said of an object of which nothing was there.
const GONE: &str = "object-missing";

/// A storage root that may hold a good copy.
#[derive(Debug, Clone, Copy)]
pub struct Copy<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Where it is.
    pub root: &'a Root,
}

/// What was done to an object, as it is noted beside what was moved away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repair {
    /// The folder in the quarantine.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// The object.
    pub object: ObjectId,
    /// The version that is there now.
    pub version: u32,
    /// The sha512 of its inventory.
    pub inventory: Checksum,
    /// The copy it came from.
    pub from: String,
    /// What was wrong: a code and a path within the object each. `object-missing` if nothing of it was there.
    pub wrong: Vec<(String, String)>,
}

impl Repair {
    fn was_gone(&self) -> bool {
        self.wrong.iter().any(|(code, _)| code == GONE)
    }
}

/// Why a copy was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It holds nothing of the object.
    Gone,
    /// It is damaged itself, or can't be read.
    Damaged,
    /// It is whole and not the object that is known.
    Odd(Odd),
}

impl Refused {
    /// Its word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Damaged => "damaged",
            Self::Odd(odd) => odd.word(),
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mended {
    /// Nothing was wrong.
    Nothing,
    /// A good copy has taken its place and was read there again.
    Repaired(Repair),
    /// No copy is good: by name, why not. Nothing was changed.
    NoGoodCopy(Vec<(String, Refused)>),
}

/// Why a repair was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The root can't be opened for writing.
    #[error("could not open the storage root for a repair")]
    Open(#[from] OpenError),
    /// The repair can't be written.
    #[error("could not put object {object} in its place")]
    Commit {
        /// The object.
        object: ObjectId,
        /// Why.
        source: CommitError,
    },
    /// The quarantine can't be used, or the copy not be staged.
    #[error("could not prepare the repair of object {object}")]
    Prepare {
        /// The object.
        object: ObjectId,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What was put in place is not what it should be. The medium itself is failing.
    #[error("object {0} was put in its place and is damaged again; the medium fails")]
    Again(ObjectId),
}

/// Looks at an object again while nobody writes and, if it is hurt or gone, puts a good copy from one of `copies` in its
/// place, trying them in turn.
///
/// # Errors
///
/// [`Error`]; a copy that is not good is none.
pub fn mend(root: &Root, known: &Known, copies: &[Copy<'_>], quarantine: &Path) -> Result<Mended, Error> {
    let object = known.object;
    let mut batch = root.batch()?;
    let wrong = match look_quietly(root, known) {
        Found::Whole(_) => return Ok(Mended::Nothing),
        Found::Hurt(casualty) => casualty.report.errors().map(told).collect(),
        Found::Gone => vec![(GONE.to_owned(), String::new())],
    };
    let at = Timestamp::now();
    let place = Place::make(quarantine, object, at)
        .map_err(|source| Error::Prepare { object, source: source.into() })?;
    let mut refused = Vec::new();
    for copy in copies {
        let odd = Cell::new(None);
        let fit = |found: &crate::ocfl::Object| known.agrees(found).map_err(|why| odd.set(Some(why))).is_ok();
        let folder = copy.root.path().join(copy.root.folder(object));
        if !folder.exists() {
            refused.push((copy.name.to_owned(), Refused::Gone));
            continue;
        }
        match batch.replace(object, &folder, &place.moved(), fit) {
            Ok(()) => {
                let repair = batch.staged(object).map(|(version, inventory)| Repair {
                    name: place.name.clone(),
                    at,
                    object,
                    version,
                    inventory,
                    from: copy.name.to_owned(),
                    wrong,
                });
                let repair = repair.ok_or(Error::Again(object))?;
                place.note(&repair).map_err(|source| Error::Prepare { object, source: source.into() })?;
                batch.commit().map_err(|source| Error::Commit { object, source })?;
                // Whoever adds a version from here on adds it to the good copy.
                return match super::look(root, known) {
                    Found::Whole(_) => Ok(Mended::Repaired(repair)),
                    _ => Err(Error::Again(object)),
                };
            }
            Err(AdoptError::Unfit) => {
                refused.push((copy.name.to_owned(), odd.get().map_or(Refused::Damaged, Refused::Odd)));
            }
            Err(AdoptError::NotValid(..)) => refused.push((copy.name.to_owned(), Refused::Damaged)),
            Err(_) if is_damaged(&folder) => refused.push((copy.name.to_owned(), Refused::Damaged)),
            Err(source) => return Err(Error::Prepare { object, source: source.into() }),
        }
    }
    place.unused().map_err(|source| Error::Prepare { object, source: source.into() })?;
    Ok(Mended::NoGoodCopy(refused))
}

/// Whether the copy is to blame for not having been staged, rather than this side.
pub(super) fn is_damaged(copy: &Path) -> bool {
    !validate_object(copy).is_valid()
}

fn told(finding: &Finding) -> (String, String) {
    (finding.code.clone().into_owned(), finding.path.clone())
}

/// What repairs were done of which `is_known` says that nobody has written them down: a crash came between. What was
/// begun and not done leaves no note behind.
///
/// # Errors
///
/// If root or quarantine can't be read or written.
pub fn settle(root: &Root, quarantine: &Path, is_known: &dyn Fn(&str) -> bool) -> Result<Vec<Repair>, Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Open(OpenError::Io { path, source })
    };
    if !quarantine.is_dir() {
        return Ok(Vec::new());
    }
    // Whoever repairs holds the lock: what is noted now is done, or was cut off.
    let _quiet = root.batch()?;
    let mut done = Vec::new();
    for entry in fs::read_dir(quarantine).map_err(failed(quarantine))? {
        let dir = entry.map_err(failed(quarantine))?.path();
        let name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if is_known(&name) {
            continue;
        }
        let noted =
            fs::read(dir.join(NOTE)).ok().and_then(|bytes| serde_json::from_slice::<Repair>(&bytes).ok());
        match noted {
            Some(repair) if dir.join(MOVED).exists() || (repair.was_gone() && is_there(root, &repair)) => {
                done.push(repair);
            }
            _ if !dir.join(MOVED).exists() => {
                Place { dir: dir.clone(), name }.unused().map_err(failed(&dir))?;
            }
            // Something was moved aside that no note speaks of; it stays.
            _ => {}
        }
    }
    done.sort_by_key(|repair| repair.at);
    Ok(done)
}

/// Whether an object of which nothing was left lies there now as the note says.
fn is_there(root: &Root, repair: &Repair) -> bool {
    root.object(repair.object)
        .ok()
        .flatten()
        .and_then(|object| object.inventory_digest_at(repair.version).ok().flatten())
        .is_some_and(|found| found == repair.inventory)
}

/// A folder of its own in the quarantine.
struct Place {
    dir: PathBuf,
    name: String,
}

impl Place {
    fn make(quarantine: &Path, object: ObjectId, at: Timestamp) -> io::Result<Self> {
        let name = format!("{}-{}", at.as_microsecond(), object.uuid());
        let dir = quarantine.join(&name);
        let mut builder = std::fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(&dir)?;
        sync(quarantine)?;
        quarantine.parent().map_or(Ok(()), sync)?;
        Ok(Self { dir, name })
    }

    fn moved(&self) -> PathBuf {
        self.dir.join(MOVED)
    }

    /// Durable when this returns.
    fn note(&self, repair: &Repair) -> io::Result<()> {
        let partial = self.dir.join("repair.partial");
        fs::write(&partial, serde_json::to_vec_pretty(repair)?)?;
        fs::File::open(&partial)?.sync_all()?;
        fs::rename(&partial, self.dir.join(NOTE))?;
        sync(&self.dir)
    }

    /// Removes a folder to which nothing was moved.
    fn unused(&self) -> io::Result<()> {
        let probe = Path::new(MOVED).with_extension(PROBE);
        for file in [Path::new(NOTE), Path::new("repair.partial"), &probe] {
            match fs::remove_file(self.dir.join(file)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::remove_dir(&self.dir)
    }
}

fn sync(dir: &Path) -> io::Result<()> {
    fs::File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests;
