//! The patrol: everything is read again within a time that is set, a little at a time, what was not read for longest first.
//!
//! One thread of low priority reads one object after the other, no faster than its budget, and rests while long work is
//! done. When each object was last read stands in `office.db`, so that a restart begins where the last run ended. What
//! is damaged is repaired at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use api::health;
use archive::db::{catalog, office::fixity_check};
use archive::fixity::{self, Found, Known, Seal};
use jiff::{SignedDuration, Timestamp};

use crate::{Actor, Error, Office, Result, repair};

/// Bytes per second that are read at least, and at most.
const FLOOR: u64 = 2 << 20;
const CAP: u64 = 32 << 20;

/// How long the patrol waits at the start, and when nothing is due.
const REST: Duration = Duration::from_secs(60);

/// How long it waits for long work to end.
const GIVE_WAY: Duration = Duration::from_secs(1);

/// How often it looks whether it should end.
const LOOK: Duration = Duration::from_millis(100);

/// The running patrol. Dropping it ends it after the object being read.
#[derive(Debug)]
#[must_use = "the patrol ends when this is dropped"]
pub struct Patrol {
    closing: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Starts the patrol.
///
/// # Errors
///
/// When the thread can't be started.
pub fn start(office: &Arc<Office>) -> Result<Patrol> {
    let closing = Arc::new(AtomicBool::new(false));
    let walk = {
        let (office, closing) = (Arc::clone(office), Arc::clone(&closing));
        move || go_round(&office, &closing)
    };
    let thread = thread::Builder::new()
        .name("patrol".to_owned())
        .spawn(walk)
        .map_err(|error| Error::failed("start a thread", error))?;
    Ok(Patrol { closing, thread: Some(thread) })
}

impl Drop for Patrol {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic ended the patrol, not the appliance; the log has it.
            let _ = thread.join();
        }
    }
}

fn go_round(office: &Office, closing: &AtomicBool) {
    // Linux gives every thread a priority of its own. Where it can't be lowered the budget alone must do.
    let _as_it_was = rustix::process::setpriority_process(None, 19);
    rest(REST, closing);
    while !closing.load(Ordering::Relaxed) {
        match round(office, &mut |took, bytes, rate| pace(office, closing, took, bytes, rate)) {
            Ok(_) => {}
            Err(error) => tracing::error!(cause = ?error, "The patrol could not go on: {error}."),
        }
        rest(REST, closing);
    }
}

fn rest(time: Duration, closing: &AtomicBool) {
    let until = Instant::now() + time;
    while Instant::now() < until && !closing.load(Ordering::Relaxed) {
        thread::sleep(LOOK.min(time));
    }
}

/// Waits as long as the budget wants after so many bytes, and while long work is done. Returns whether to go on.
fn pace(office: &Office, closing: &AtomicBool, took: Duration, bytes: u64, rate: u64) -> bool {
    let wanted = Duration::from_millis(bytes.saturating_mul(1000) / rate.max(1));
    rest(wanted.saturating_sub(took), closing);
    while office.jobs.is_busy() && !closing.load(Ordering::Relaxed) {
        rest(GIVE_WAY, closing);
    }
    !closing.load(Ordering::Relaxed)
}

/// Bytes per second at which `total` bytes are read twice within a period, within the bounds.
fn budget(total: u64, period: SignedDuration) -> u64 {
    let seconds = u64::try_from(period.as_secs()).unwrap_or(1).max(1);
    (total.saturating_mul(2) / seconds).clamp(FLOOR, CAP)
}

/// What a round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// Objects read and found whole.
    pub whole: u64,
    /// Objects that were damaged or gone, and are whole again.
    pub repaired: u64,
    /// Objects that are damaged or gone.
    pub hurt: u64,
}

/// Reads every object that is due, what was not read for longest first. `pace` hears how long each took, how many bytes it
/// had and how many may be read in a second, waits, and returns whether to go on.
///
/// # Errors
///
/// When the stores can't be read or written; the next round goes on.
pub(crate) fn round(office: &Office, pace: &mut dyn FnMut(Duration, u64, u64) -> bool) -> Result<Round> {
    let period = period(office);
    let due = due(office, period / 2, Timestamp::now())?;
    let rate = budget(office.catalog.read(catalog::object::totals)?.bytes, period);
    let mut round = Round::default();
    for known in due {
        let began = Instant::now();
        let (object, bytes) = (known.object, read(office, &known, &mut round)?);
        if !pace(began.elapsed(), bytes, rate) {
            tracing::debug!(object.id = %object, "The patrol ends after {object}.");
            break;
        }
    }
    Ok(round)
}

/// Reads one object and writes down what it found. Returns how many bytes it had.
fn read(office: &Office, known: &Known, round: &mut Round) -> Result<u64> {
    let object = known.object;
    let found = fixity::look(&office.archive, known);
    office.office.write(|tx| fixity_check::set_object(tx, object, Timestamp::now(), found.is_whole()))?;
    match found {
        Found::Whole(whole) => {
            round.whole += 1;
            let seal = Seal { version: whole.version, inventory: whole.inventory };
            repair::seal(office, &[(known.clone(), seal)])?;
            Ok(whole.bytes)
        }
        Found::Hurt(_) | Found::Gone => {
            tracing::error!(object.id = %object, "The patrol found {object} damaged.");
            let mending = repair::mend(office, &Actor::appliance(), std::slice::from_ref(known))?;
            match mending.repairs.is_empty() {
                true => round.hurt += 1,
                false => round.repaired += 1,
            }
            Ok(0)
        }
    }
}

/// Objects that were not read since so long, what was never read first and then the oldest.
fn due(office: &Office, since: SignedDuration, now: Timestamp) -> Result<Vec<Known>> {
    let read = last_read(office)?;
    let mut due: Vec<(Option<Timestamp>, Known)> = repair::known(office)?
        .into_iter()
        .map(|(object, known)| (read.get(&object).copied(), known))
        .filter(|(at, _)| at.is_none_or(|at| now.duration_since(at) > since))
        .collect();
    due.sort_by_key(|(at, known)| (*at, known.object));
    Ok(due.into_iter().map(|(_, known)| known).collect())
}

fn period(office: &Office) -> SignedDuration {
    SignedDuration::try_from(office.config.patrol_period).unwrap_or(SignedDuration::MAX)
}

fn last_read(office: &Office) -> Result<BTreeMap<archive::ocfl::ObjectId, Timestamp>> {
    let read = office.office.read(fixity_check::objects)?;
    Ok(read.into_iter().map(|(object, at, _)| (object, at)).collect())
}

/// How far the patrol is: an object that was never read, or not within the period, is overdue.
pub(crate) fn state(office: &Office) -> Result<health::Patrol> {
    let period = period(office);
    let (known, read) = (repair::known(office)?, office.office.read(fixity_check::objects)?);
    let hurt = read.iter().filter(|(object, _, intact)| known.contains_key(object) && !intact).count() as u64;
    let read: BTreeMap<_, _> = read.into_iter().map(|(object, at, _)| (object, at)).collect();
    let now = Timestamp::now();
    let is_overdue = |at: Option<&Timestamp>| at.is_none_or(|at| now.duration_since(*at) > period);
    let overdue = known.keys().filter(|object| is_overdue(read.get(object))).count() as u64;
    let bytes = office.catalog.read(catalog::object::totals)?.bytes;
    Ok(health::Patrol {
        days: u64::try_from(period.as_hours() / 24).unwrap_or_default(),
        objects: known.len() as u64,
        overdue,
        hurt,
        oldest: known.keys().filter_map(|object| read.get(object)).min().copied(),
        newest: known.keys().filter_map(|object| read.get(object)).max().copied(),
        bytes_per_second: budget(bytes, period),
    })
}

#[cfg(test)]
mod tests;
