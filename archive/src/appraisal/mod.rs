//! 四性检测: the check of DA/T 70-2018, item by item, on what really lies in the archive.
//!
//! - Every item is a function that looks at evidence and says what it saw; nobody else decides its result
//!   ([`report`]). What was not looked at is not testable, never passed.
//! - Objects are read one at a time, each once; nothing of them is kept in memory but what failed.
//! - The archive is only read. Objects that are written meanwhile are judged as before or as after, never between.
//! - What is said of a fault names ids, files and metadata elements, never what they hold.

mod authenticity;
mod evidence;
mod exhibit;
mod integrity;
mod item;
pub mod report;
mod safety;
mod scanner;
mod scheme;
mod usability;

use std::collections::BTreeSet;
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ids::DeliveryId;
use jiff::Timestamp;

use self::evidence::Read;
use self::exhibit::Exhibit;
use self::report::Findings;
use crate::db;
use crate::db::catalog::{intent, photo};
use crate::dossier::object_of;
use crate::ocfl::{self, ObjectId};

pub use self::evidence::{Chain, Evidence};
pub use self::item::{About, Item, Property};
pub use self::report::{AppraisalReport, Environment, Fault, Row, Scope, Verdict};
pub use self::scanner::Scanner;
pub use self::scheme::{Ages, Codes, Scheme};

/// For so long the rows of an object that is just being written are waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Says whether the check is to end before it is done.
pub type Stop<'a> = &'a (dyn Fn() -> bool + Sync);

/// Why there was no check.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It was called back.
    #[error("the appraisal was stopped; there is no report of it")]
    Stopped,
    /// There is no such object.
    #[error("the archive holds no object {0}")]
    NoObject(ObjectId),
    /// A database can't be read.
    #[error("the catalog or the office's database could not be read")]
    Rows(#[from] db::Error),
    /// The scanner can't be run.
    #[error("the virus scanner could not be run")]
    Scanner(#[source] io::Error),
}

/// Checks what lies in `scope`, with `threads` threads.
///
/// `told` hears how many objects of how many were read. Once `stop` says so, the check ends soon and is none.
///
/// # Errors
///
/// [`Error`]; what is wrong with the archive is none, but stands in the report.
pub fn appraise(
    evidence: &Evidence<'_>,
    scope: Scope,
    environment: Environment,
    threads: NonZeroUsize,
    told: &(dyn Fn(u64, u64) + Sync),
    stop: Stop<'_>,
) -> Result<AppraisalReport, Error> {
    let began = now();
    let places = places(evidence, scope)?;
    let (mut found, read) = Reading { evidence, places: &places, threads, told, stop }.run(scope)?;
    integrity::whole(evidence, &read, &mut found)?;
    usability::whole(evidence, &read, &mut found);
    safety::whole(evidence, &read, stop, &mut found)?;
    Ok(AppraisalReport {
        format: AppraisalReport::FORMAT.to_owned(),
        scheme: evidence.scheme.name.clone(),
        scope,
        environment,
        began,
        ended: now(),
        objects: read.places.len() as u64,
        files: read.files,
        bytes: read.bytes,
        rows: found.into_rows(),
    })
}

/// The folders of the objects that a scope takes in.
fn places(evidence: &Evidence<'_>, scope: Scope) -> Result<Vec<String>, Error> {
    let place = |object: ObjectId| evidence.root.folder(object).to_string_lossy().into_owned();
    match scope {
        Scope::Archive => {
            let mut places = ocfl::validate_frame(evidence.root.path()).1;
            places.sort();
            Ok(places)
        }
        Scope::Object(object) => {
            let there = evidence.root.path().join(place(object)).is_dir();
            if there { Ok(vec![place(object)]) } else { Err(Error::NoObject(object)) }
        }
        Scope::Delivery(delivery) => {
            of_delivery(evidence, delivery).map(|objects| objects.into_iter().map(place).collect())
        }
    }
}

fn of_delivery(evidence: &Evidence<'_>, delivery: DeliveryId) -> Result<BTreeSet<ObjectId>, Error> {
    let own = ObjectId::from(delivery.uuid());
    if !evidence.root.path().join(evidence.root.folder(own)).is_dir() {
        return Err(Error::NoObject(own));
    }
    let photos = evidence.catalog.read(|conn| photo::of_delivery(conn, delivery))?;
    Ok(photos.into_iter().map(|(person, _)| object_of(person)).chain([own]).collect())
}

/// Every object read and looked at.
struct Reading<'a> {
    evidence: &'a Evidence<'a>,
    places: &'a [String],
    threads: NonZeroUsize,
    told: &'a (dyn Fn(u64, u64) + Sync),
    stop: Stop<'a>,
}

/// What one object came to.
struct One {
    found: Findings,
    object: Option<ObjectId>,
    all: (u64, u64),
    took: Duration,
}

impl Reading<'_> {
    fn run(&self, scope: Scope) -> Result<(Findings, Read), Error> {
        let read = Read {
            scope,
            places: self.places.to_vec(),
            objects: BTreeSet::new(),
            files: 0,
            bytes: 0,
            took: Duration::ZERO,
        };
        let total = self.places.len() as u64;
        (self.told)(0, total);
        let next = AtomicUsize::new(0);
        let results = Mutex::new(Ok((Findings::default(), read, 0)));
        let share = || {
            while let Some(place) = self.places.get(next.fetch_add(1, Ordering::Relaxed)) {
                let one = if (self.stop)() { Err(Error::Stopped) } else { self.look(place) };
                let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                let Ok((found, read, done)) = results.as_mut() else { return };
                match one {
                    Err(error) => {
                        *results = Err(error);
                        return;
                    }
                    Ok(one) => {
                        found.absorb(one.found);
                        read.objects.extend(one.object);
                        read.files += one.all.0;
                        read.bytes += one.all.1;
                        read.took += one.took;
                        *done += 1;
                        (self.told)(*done, total);
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
        let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (found, mut read, _) = results?;
        // Threads read side by side.
        read.took /= u32::try_from(self.threads.get()).unwrap_or(u32::MAX);
        Ok((found, read))
    }

    /// An object with which something seems wrong is looked at again while nobody writes.
    fn look(&self, place: &str) -> Result<One, Error> {
        let first = self.look_once(place)?;
        if !first.found.has_faults() {
            return Ok(first);
        }
        self.wait_for_rows(first.object)?;
        match self.evidence.root.batch() {
            Ok(_quiet) => self.look_once(place),
            Err(_) => Ok(first),
        }
    }

    fn look_once(&self, place: &str) -> Result<One, Error> {
        let exhibit = Exhibit::read(self.evidence.root, place);
        let mut found = Findings::default();
        authenticity::object(&exhibit, self.evidence, &mut found)?;
        integrity::object(&exhibit, self.evidence, &mut found)?;
        usability::object(&exhibit, self.evidence, &mut found)?;
        safety::object(&exhibit, self.evidence, &mut found)?;
        Ok(One { found, object: exhibit.id(), all: exhibit.all, took: exhibit.took })
    }

    /// Files come before rows: while somebody is between the two, the rows are waited for.
    fn wait_for_rows(&self, object: Option<ObjectId>) -> Result<(), Error> {
        let Some(object) = object.map(|object| object.to_string()) else { return Ok(()) };
        let began = Instant::now();
        while began.elapsed() < PATIENCE && !(self.stop)() {
            let open = self.evidence.catalog.read(intent::all)?;
            if !open.iter().any(|(_, written)| *written == object) {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

/// The clock, as coarse as the stores keep it.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

#[cfg(test)]
mod tests;
