//! The restore drill: the whole archive restored into an empty folder, opened there and compared byte by byte.
//!
//! - Restoring and comparing are two passes that share nothing but the folder. What counts is read back from the target
//!   and held to the inventories' digests, and the copy is judged as any storage root would be.
//! - The target's files are synced and the kernel is asked to forget them before they are read back. Where it does not
//!   listen (memory file systems, network mounts) the bytes may come from its cache, not from the medium.
//! - The copy's declaration is written last: what an interrupted drill leaves is no storage root. A drill that was
//!   stopped or failed removes what it wrote and reports nothing.
//! - The archive is only read. Objects that are written meanwhile are restored as before or as after, never between.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use bag::{Checksum, Finding};
use jiff::Timestamp;
use ledger::Hash;
use ledger::json::{JsonError, canonical};
use serde::{Deserialize, Serialize};

use crate::ocfl::{self, ObjectId, Root};

mod compare;
mod copy;
mod target;

pub use target::Target;
pub(super) use target::make;

/// An object that came back whole: every byte of it was read back and is what its digests say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restored {
    /// The object.
    pub object: ObjectId,
    /// Its newest version then.
    pub version: u32,
    /// The sha512 of its inventory, which fixes every byte of every version up to this one.
    pub inventory: Checksum,
    /// Its files, inventories and declarations included.
    pub files: u64,
    /// Bytes of those files.
    pub bytes: u64,
}

/// One thing that did not come back as it was kept. Names no person: paths in the archive are made of random ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// The object, if it can be told whose file it is.
    pub object: Option<ObjectId>,
    /// The file, seen from the storage root; empty for the whole of it.
    pub path: String,
    /// `differs`, `missing`, `unreadable`, `misplaced`, `foreign`, `object-missing`, `not-opened`, or a code of the OCFL
    /// specification.
    pub code: String,
    /// What is wrong, in English.
    pub text: String,
}

/// What a drill found. Its canonical JSON is what is kept and hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrillReport {
    /// [`DrillReport::FORMAT`].
    pub format: String,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Objects that were found in the archive.
    pub found: u64,
    /// Objects that came back whole.
    pub objects: u64,
    /// Files of these objects.
    pub files: u64,
    /// Bytes of these files, every one of them read back and compared.
    pub bytes: u64,
    /// What did not come back as it was kept.
    pub differing: Vec<Difference>,
    /// Whether the target's file system lies on another device than the archive's, by the number the kernel gives it.
    pub other_device: bool,
    /// The SHA-256 of the list of the objects that came back whole, see [`list_digest`].
    pub list: Hash,
}

impl DrillReport {
    /// What the report says it is.
    pub const FORMAT: &'static str = "xuecang-drill/1";

    /// Whether everything came back as it was kept.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.differing.is_empty()
    }

    /// The report as it is kept: canonical JSON, and its SHA-256.
    ///
    /// # Errors
    ///
    /// When a number is too large for JSON.
    pub fn document(&self) -> Result<(Vec<u8>, Hash), JsonError> {
        let bytes = canonical(self)?;
        let hash = Hash::of(&bytes);
        Ok((bytes, hash))
    }
}

/// What a drill found, and the objects it can vouch for, ordered by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drilled {
    /// The report.
    pub report: DrillReport,
    /// The objects that came back whole.
    pub restored: Vec<Restored>,
}

/// The SHA-256 of a list of restored objects: each as canonical JSON on a line of its own, ordered by id.
///
/// # Errors
///
/// When a number is too large for JSON.
pub fn list_digest(restored: &[Restored]) -> Result<Hash, JsonError> {
    let mut list = Vec::new();
    for object in restored {
        list.extend(canonical(object)?);
        list.push(b'\n');
    }
    Ok(Hash::of(&list))
}

/// What a drill is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Objects are being restored.
    Restoring,
    /// What was restored is being read back and compared.
    Comparing,
}

/// Says whether the drill is to end before it is done.
pub type Stop<'a> = &'a (dyn Fn() -> bool + Sync);

/// Why there was no drill. Nothing of it is left in the target.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The target holds something.
    #[error("{} is not empty; a drill needs a folder of its own", .0.display())]
    NotEmpty(PathBuf),
    /// The target is a file.
    #[error("{} is not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// The target lies within what is to be restored.
    #[error("{} lies within {}; restore to another place", target.display(), within.display())]
    Within {
        /// The target.
        target: PathBuf,
        /// The folder that it must not lie in.
        within: PathBuf,
    },
    /// The target is too small.
    #[error("{} has room for {free} bytes and {free_files} files; {bytes} bytes and {files} files are needed", target.display())]
    NoRoom {
        /// The target.
        target: PathBuf,
        /// Bytes it has room for.
        free: u64,
        /// Files and folders it has room for.
        free_files: u64,
        /// Bytes needed.
        bytes: u64,
        /// Files and folders needed.
        files: u64,
    },
    /// The drill was called back.
    #[error("the drill was stopped; nothing of it is kept")]
    Stopped,
    /// The target can't be used.
    #[error("could not use {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The report can't be written.
    #[error("could not write the report")]
    Report(#[from] JsonError),
}

/// Restores every object of `root` into `target` with `threads` threads, then reads all of it back.
///
/// `known` are objects that must be there; one that is not counts as a difference. `told` hears how many objects of how
/// many each step has done. Once `stop` says so, the drill ends within a file or two.
///
/// # Errors
///
/// [`Error`]; damage in the archive is none, but stands in the report.
pub fn run(
    root: &Root,
    target: &Target,
    known: &BTreeSet<ObjectId>,
    threads: NonZeroUsize,
    told: &(dyn Fn(Step, u64, u64) + Sync),
    stop: Stop<'_>,
) -> Result<Drilled, Error> {
    let drilled = Drill { root, target, known, threads, told, stop }.run();
    if drilled.is_err() {
        // What can't be removed keeps the next drill away from this folder, and is no storage root.
        let _left_behind = target.clear();
    }
    drilled
}

struct Drill<'a> {
    root: &'a Root,
    target: &'a Target,
    known: &'a BTreeSet<ObjectId>,
    threads: NonZeroUsize,
    told: &'a (dyn Fn(Step, u64, u64) + Sync),
    stop: Stop<'a>,
}

impl Drill<'_> {
    fn run(&self) -> Result<Drilled, Error> {
        let began = now();
        let (mut differing, places) = self.list();
        self.target.has_room(copy::need(self.root.path(), &places, self.stop)?)?;
        let other_device = self.target.is_on_other_device(self.root.path())?;
        let to = self.target.begin()?;
        let copied =
            self.each(Step::Restoring, &places, |place| copy::object(self.root, &to, place, self.stop))?;
        copy::frame(self.root, &to, &mut differing)?;
        let mut restored = Vec::with_capacity(copied.len());
        match Root::open(&to) {
            Err(error) => differing.push(Difference::of(None, "", "not-opened", error.to_string())),
            Ok(copy) => {
                let judging =
                    compare::Judging { copy: &copy, whose: &|place| self.whose(place), stop: self.stop };
                differing.extend(judging.frame(&places));
                let judge = |copied: &copy::Copied| judging.object(copied);
                for judged in self.each(Step::Comparing, &copied, judge)? {
                    match judged {
                        Ok(object) => restored.push(object),
                        Err(found) => differing.extend(found),
                    }
                }
            }
        }
        differing.extend(self.vanished(&restored, &differing));
        restored.sort_by_key(|object| object.object);
        differing.sort();
        let sum = |of: fn(&Restored) -> u64| restored.iter().map(of).fold(0, u64::saturating_add);
        let report = DrillReport {
            format: DrillReport::FORMAT.to_owned(),
            began,
            ended: now(),
            found: places.len() as u64,
            objects: restored.len() as u64,
            files: sum(|object| object.files),
            bytes: sum(|object| object.bytes),
            differing,
            other_device,
            list: list_digest(&restored)?,
        };
        Ok(Drilled { report, restored })
    }

    /// Every object's folder, and what lies between them and does not belong there.
    fn list(&self) -> (Vec<Difference>, Vec<String>) {
        let (mut frame, mut places) = ocfl::validate_frame(self.root.path());
        // A folder that is just being made for a new object is empty for a moment: nobody writes while it is judged.
        if !frame.is_valid()
            && let Ok(_quiet) = self.root.batch()
        {
            (frame, places) = ocfl::validate_frame(self.root.path());
        }
        places.sort();
        (frame.errors().map(|finding| Difference::found(None, "", finding)).collect(), places)
    }

    /// The object that belongs in a folder, whatever lies there.
    fn whose(&self, place: &str) -> Option<ObjectId> {
        self.known.iter().copied().find(|object| self.root.folder(*object) == Path::new(place))
    }

    /// Objects that must be there and of which nothing has been said yet.
    fn vanished(&self, restored: &[Restored], differing: &[Difference]) -> Vec<Difference> {
        let met: BTreeSet<ObjectId> = restored
            .iter()
            .map(|object| object.object)
            .chain(differing.iter().filter_map(|difference| difference.object))
            .collect();
        let vanished = self.known.difference(&met);
        let text = "the catalog knows this object and nothing of it came back";
        vanished.map(|object| Difference::of(Some(*object), "", "object-missing", text)).collect()
    }

    /// Does `work` to every item, in no order, and tells how many are done. Ends with the first error.
    fn each<T: Sync, R: Send>(
        &self,
        step: Step,
        items: &[T],
        work: impl Fn(&T) -> Result<R, Error> + Sync,
    ) -> Result<Vec<R>, Error> {
        let total = items.len() as u64;
        (self.told)(step, 0, total);
        let next = AtomicUsize::new(0);
        let results = Mutex::new(Ok(Vec::with_capacity(items.len())));
        let share = || {
            while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                let result = stopped(self.stop).and_then(|()| work(item));
                let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                let Ok(done) = results.as_mut() else { return };
                match result {
                    Ok(one) => {
                        done.push(one);
                        (self.told)(step, done.len() as u64, total);
                    }
                    Err(error) => {
                        *results = Err(error);
                        return;
                    }
                }
            }
        };
        thread::scope(|scope| {
            for _ in 1..self.threads.get() {
                scope.spawn(share);
            }
            share();
        });
        results.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Difference {
    fn of(object: Option<ObjectId>, path: impl Into<String>, code: &str, text: impl Into<String>) -> Self {
        Self { object, path: path.into(), code: code.to_owned(), text: text.into() }
    }

    /// What a judge found in the folder `place`.
    fn found(object: Option<ObjectId>, place: &str, finding: &Finding) -> Self {
        Self::of(object, inside(place, &finding.path), &finding.code, &finding.text)
    }
}

/// A path in the folder `place`, as seen from the storage root.
fn inside(place: &str, path: &str) -> String {
    [place, path].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

fn stopped(stop: Stop<'_>) -> Result<(), Error> {
    if stop() { Err(Error::Stopped) } else { Ok(()) }
}

/// The clock, as coarse as the stores keep it.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

fn unusable(path: &Path) -> impl FnOnce(io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Io { path, source }
}

/// What is wrong in one object, by path within it: a code and a text.
type Wrong = BTreeMap<String, (String, String)>;

#[cfg(test)]
mod tests;
