//! The patrol: reads every byte of the archive again and says what is intact, damaged or unreadable.
//!
//! Nothing counts as intact that was not read whole: [`FixityReport::intact`] names exactly the objects every byte of
//! which agreed with its digests, so that whoever knows what should be there can tell what has vanished.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use bag::Report;
use serde::Serialize;

use crate::ocfl::{self, ObjectId, Root};

pub mod drill;

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
    let object = root.object_in(place).map(|object| object.id());
    match object {
        Some(object) if root.folder(object) != std::path::Path::new(place) => {
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

#[cfg(test)]
mod tests;
