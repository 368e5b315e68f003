//! The patrol: reads every byte of the archive again and says what is intact, damaged or unreadable.
//!
//! Nothing counts as intact that was not read whole: [`FixityReport::intact`] names exactly the objects every byte of
//! which agreed with its digests, so that whoever knows what should be there can tell what has vanished.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use bag::Report;
use fs_err as fs;
use serde::Serialize;

use crate::ocfl::{self, Object, ObjectId, Root};

pub mod drill;
pub mod mend;
pub mod replica;

mod known;

pub use known::{Found, Known, Odd, Seal, Whole, look};

/// How an object was found that is not intact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Something in it is missing, superfluous, or not what its digests say.
    Damaged,
    /// It could not be read to the end, so nobody knows.
    Unreadable,
}

/// An object that is not intact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Casualty {
    /// Its folder, relative to the storage root.
    pub place: String,
    /// Its id, if the inventory still says it.
    pub object: Option<ObjectId>,
    /// How it was found.
    pub standing: Standing,
    /// What is wrong with it, paths relative to its folder.
    pub report: Report,
}

/// How far the patrol has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Objects read so far, intact or not.
    pub checked: usize,
    /// Objects there are to read.
    pub total: usize,
    /// Objects found damaged or unreadable so far.
    pub casualties: usize,
}

/// What the patrol found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FixityReport {
    /// Objects every byte of which was read and agreed with its digests.
    pub intact: BTreeSet<ObjectId>,
    /// Objects that are damaged or unreadable, by place.
    pub casualties: Vec<Casualty>,
    /// What is wrong with the storage root outside its objects.
    pub frame: Report,
    /// Objects that were found but not read because the patrol was called back.
    pub unread: usize,
}

impl FixityReport {
    /// Whether everything there was read and nothing is wrong. A patrol called back early never says so.
    pub fn is_intact(&self) -> bool {
        self.unread == 0 && self.casualties.is_empty() && self.frame.is_valid()
    }

    /// How many objects are damaged.
    pub fn damaged(&self) -> usize {
        self.standing(Standing::Damaged)
    }

    /// How many objects could not be read.
    pub fn unreadable(&self) -> usize {
        self.standing(Standing::Unreadable)
    }

    fn standing(&self, standing: Standing) -> usize {
        self.casualties.iter().filter(|casualty| casualty.standing == standing).count()
    }
}

/// Reads every object of `root` with `threads` threads, telling `progress` after each.
///
/// Once `cancel` is set, objects being read are finished and the rest counts as unread.
/// Objects being written meanwhile are judged before or after, never between.
pub fn check(
    root: &Root,
    threads: NonZeroUsize,
    progress: &(dyn Fn(Progress) + Sync),
    cancel: &AtomicBool,
) -> FixityReport {
    let (frame, places) = ocfl::validate_frame(root.path());
    let found = Mutex::new(FixityReport { frame, ..FixityReport::default() });
    let next = AtomicUsize::new(0);
    let patrol = || {
        while !cancel.load(Ordering::Relaxed)
            && let Some(place) = places.get(next.fetch_add(1, Ordering::Relaxed))
        {
            let result = check_object(root, place);
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            found.note(result);
            progress(found.progress(places.len()));
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.get() {
            scope.spawn(patrol);
        }
        patrol();
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.unread = places.len().saturating_sub(found.intact.len() + found.casualties.len());
    found.casualties.sort_by(|one, other| one.place.cmp(&other.place));
    found
}

impl FixityReport {
    /// Holds what is whole in itself to what is known of it: an object that lacks versions, or is not the one that was
    /// kept, is damaged.
    pub fn hold_to(&mut self, root: &Root, known: &BTreeMap<ObjectId, Known>) {
        for known in known.values().filter(|known| self.intact.contains(&known.object)).collect::<Vec<_>>() {
            if let Err(casualty) = known::hold(root, known) {
                self.intact.remove(&known.object);
                self.casualties.push(casualty);
            }
        }
        self.casualties.sort_by(|one, other| one.place.cmp(&other.place));
    }

    /// The same once some objects have been repaired: what lies between the objects is judged again.
    #[must_use]
    pub fn repaired(&self, root: &Root, repaired: &BTreeSet<ObjectId>) -> Self {
        let mut now = self.clone();
        let places: BTreeSet<String> =
            repaired.iter().map(|object| root.folder(*object).to_string_lossy().into_owned()).collect();
        now.casualties.retain(|casualty| !places.contains(&casualty.place));
        now.intact.extend(repaired);
        now.frame = ocfl::validate_frame(root.path()).0;
        now
    }

    fn note(&mut self, result: Result<ObjectId, Casualty>) {
        match result {
            Ok(object) => drop(self.intact.insert(object)),
            Err(casualty) => self.casualties.push(casualty),
        }
    }

    fn progress(&self, total: usize) -> Progress {
        let casualties = self.casualties.len();
        Progress { checked: self.intact.len() + casualties, total, casualties }
    }
}

/// An object that looks damaged is looked at again while nobody writes.
fn check_object(root: &Root, place: &str) -> Result<ObjectId, Casualty> {
    let first = check_once(root, place);
    match first {
        Err(first) => match root.batch() {
            Ok(_quiet) => check_once(root, place),
            Err(_) => Err(first),
        },
        intact => intact,
    }
}

fn check_once(root: &Root, place: &str) -> Result<ObjectId, Casualty> {
    let mut report = ocfl::validate_object(&root.path().join(place));
    let object = root.object_in(place);
    if let Some(object) = &object {
        judge_exactness(object, &mut report);
    }
    let object = object.map(|object| object.id());
    match object {
        Some(object) if root.folder(object) != Path::new(place) => {
            report.error("misplaced", "", "another object belongs in this place");
        }
        Some(object) if report.is_valid() => return Ok(object),
        Some(_) => {}
        None if report.is_valid() => {
            report.error("foreign", "", "the object is not of the kind this archive writes")
        }
        None => {}
    }
    let standing = match report.errors().all(|finding| finding.code == "unreadable") {
        true => Standing::Unreadable,
        false => Standing::Damaged,
    };
    Err(Casualty { place: place.to_owned(), object, standing, report })
}

/// OCFL lets some things be otherwise than this archive writes them.
fn judge_exactness(object: &Object, report: &mut Report) {
    for path in object.inexact() {
        report.error("inexact", path, "it is missing, or not as this archive writes it");
    }
}

/// Bytes of all files below a folder.
fn bytes_below(dir: &Path) -> io::Result<u64> {
    let mut bytes = 0_u64;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let more =
            if entry.file_type()?.is_dir() { bytes_below(&entry.path())? } else { entry.metadata()?.len() };
        bytes = bytes.saturating_add(more);
    }
    Ok(bytes)
}

/// Asks the kernel to forget what it has read of a folder's files, so that they are read from the medium again.
fn forget(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => forget(&path),
            Ok(kind) if kind.is_file() => {
                // A file system that does not listen is read from memory.
                let _advice = fs::File::open(&path)
                    .map(|file| rustix::fs::fadvise(file.file(), 0, None, rustix::fs::Advice::DontNeed));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
