//! Long work: asked for, done by worker threads, told of while it runs.
//!
//! - A job is a row before it is anything else, so it survives a crash: what was running is run again from the start.
//! - Every job's body is idempotent: it finds what an interrupted run has done and goes on.
//! - Bodies live beside their nouns and are named in one match in [`mod@run`].

mod ctx;
mod run;
mod worker;

use std::{
    collections::HashMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
};

use api::import::ImportFinding;
use api::job::{Job, JobKind, JobState};
use api::{Page, ProblemCode, Right, Slice, ids::JobId};
use archive::db::office::job as rows;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::broadcast;

use crate::{Actor, Error, Office, Refusal as _, Result, audit, from_word, word};

pub use ctx::Ctx;
pub use worker::{Workers, start};

/// Long work in memory: who listens, who waits, who was asked to stop.
#[derive(Debug)]
pub struct Jobs {
    told: broadcast::Sender<Job>,
    stops: Mutex<HashMap<JobId, Arc<AtomicBool>>>,
    /// Jobs that ended while the disk was full or failed, so that it could not be written down.
    unwritten: Mutex<HashMap<JobId, rows::Job>>,
    bell: (Mutex<()>, Condvar),
    closing: AtomicBool,
}

impl Default for Jobs {
    fn default() -> Self {
        let (told, _) = broadcast::channel(256);
        Self {
            told,
            stops: Mutex::default(),
            unwritten: Mutex::default(),
            bell: Default::default(),
            closing: AtomicBool::new(false),
        }
    }
}

impl Jobs {
    /// Hears of every job from now on. Who is too slow misses some and should ask anew.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Job> {
        self.told.subscribe()
    }

    /// Whether any job runs.
    pub(crate) fn is_busy(&self) -> bool {
        !self.stops().is_empty()
    }

    /// The row as it would be if there were room for it.
    fn latest(&self, row: rows::Job) -> rows::Job {
        lock(&self.unwritten).get(&row.id).cloned().unwrap_or(row)
    }

    fn tell(&self, job: Job) {
        // Nobody listening is no failure.
        let _ = self.told.send(job);
    }

    fn ring(&self) {
        drop(lock(&self.bell.0));
        self.bell.1.notify_all();
    }

    fn stops(&self) -> MutexGuard<'_, HashMap<JobId, Arc<AtomicBool>>> {
        lock(&self.stops)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks for a job. An unfinished job of the same kind, subject and parameters is returned instead of a second one.
///
/// The caller has checked the right for what the job does.
///
/// # Errors
///
/// When the job can't be recorded.
pub fn enqueue(
    office: &Office,
    actor: &Actor,
    kind: JobKind,
    subject: Option<String>,
    params: &impl Serialize,
) -> Result<Job> {
    let params = serde_json::to_value(params).or_failed("write a job's parameters")?;
    let row = rows::Job {
        id: JobId::new(),
        kind: word(&kind),
        subject,
        params,
        actor: actor.user,
        account: actor.account.clone(),
        state: word(&JobState::Waiting),
        step: "waiting".to_owned(),
        done: 0,
        total: 0,
        created: Timestamp::now(),
        started: None,
        finished: None,
        result: std::collections::BTreeMap::new(),
        problem: None,
    };
    let row = office.office.write(|tx| -> Result<_> {
        for state in [JobState::Waiting, JobState::Running] {
            let state = word(&state);
            // One that has ended, and for whose end the disk had no room yet, is not unfinished.
            let same = |job: &rows::Job| {
                job.state == state
                    && job.kind == row.kind
                    && job.subject == row.subject
                    && job.params == row.params
            };
            let mut unfinished = rows::in_state(tx, &state)?.into_iter().map(|job| office.jobs.latest(job));
            if let Some(job) = unfinished.find(same) {
                return Ok(job);
            }
        }
        rows::insert(tx, &row)?;
        audit::record_in(tx, actor, &format!("job.{}", row.kind), row.subject.as_deref(), true)?;
        Ok(row)
    })?;
    let job = to_api(&row)?;
    office.jobs.tell(job.clone());
    office.jobs.ring();
    Ok(job)
}

/// Which kinds of job wait or run.
pub(crate) fn unfinished(office: &Office) -> Result<Vec<JobKind>> {
    let mut kinds = Vec::new();
    for state in [JobState::Waiting, JobState::Running] {
        let rows = office.office.read(|conn| rows::in_state(conn, &word(&state)))?;
        kinds.extend(rows.into_iter().filter_map(|row| from_word::<JobKind>(&row.kind)));
    }
    Ok(kinds)
}

/// Returns a job the actor may see.
///
/// # Errors
///
/// `not-found` when there is none, or it is about things the actor has no right to.
pub fn get(office: &Office, actor: &Actor, id: JobId) -> Result<Job> {
    to_api(&office.jobs.latest(visible(office, actor, id)?))
}

/// Lists the newest jobs the actor may see, of one subject or of all.
///
/// # Errors
///
/// When the store can't be read.
pub fn list(office: &Office, actor: &Actor, subject: Option<&str>) -> Result<Vec<Job>> {
    let rows = office.office.read(|conn| rows::list(conn, subject, 200))?;
    let rows = rows.into_iter().map(|row| office.jobs.latest(row));
    rows.filter(|row| may_see(actor, row)).map(|row| to_api(&row)).collect()
}

/// Returns what a job found in a file.
///
/// # Errors
///
/// As [`get`].
pub fn findings(office: &Office, actor: &Actor, id: JobId, slice: Slice) -> Result<Page<ImportFinding>> {
    visible(office, actor, id)?;
    let (rows, total) =
        office.office.read(|conn| rows::findings(conn, id, slice.offset, slice.limit.min(500)))?;
    let items = rows
        .into_iter()
        .map(|row| ImportFinding {
            place: row.place,
            field: row.field,
            code: row.code,
            severity: row.severity,
        })
        .collect();
    Ok(Page { items, total })
}

/// Asks a job to stop. One that waits is cancelled at once; one that runs stops where nothing is half done.
///
/// # Errors
///
/// `not-found` as [`get`]; `wrong-state` when it has ended; `not-allowed` when it was asked for by somebody else and
/// the actor does not carry its right.
pub fn cancel(office: &Office, actor: &Actor, id: JobId) -> Result<Job> {
    visible(office, actor, id)?;
    let job = office.office.write(|tx| -> Result<_> {
        let mut row = rows::by_id(tx, id)?.ok_or_else(|| Error::not_found(JobId::KIND, id))?;
        match from_word(&row.state) {
            Some(JobState::Waiting) => {
                row.state = word(&JobState::Cancelled);
                row.finished = Some(Timestamp::now());
            }
            Some(JobState::Running) => row.state = word(&JobState::Stopping),
            Some(JobState::Stopping) => return to_api(&row),
            _ => return Err(wrong_state(id, &row.state)),
        }
        rows::update(tx, &row)?;
        audit::record_in(tx, actor, "job.cancel", Some(&id.to_string()), true)?;
        to_api(&row)
    })?;
    if let Some(stop) = office.jobs.stops().get(&id) {
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    }
    office.jobs.tell(job.clone());
    Ok(job)
}

/// Whether an actor may see a job of this kind.
#[must_use]
pub fn may_see_kind(actor: &Actor, kind: JobKind) -> bool {
    rights(kind).iter().any(|right| actor.has(*right))
}

/// The rights of which any one lets somebody see jobs of a kind.
const fn rights(kind: JobKind) -> &'static [Right] {
    match kind {
        JobKind::ImportRoster
        | JobKind::ImportPhotos
        | JobKind::ImportDiplomas
        | JobKind::ImportScans
        | JobKind::ReadScans => &[Right::Import],
        JobKind::CheckDelivery | JobKind::AcceptDelivery => &[Right::ReadDeliveries],
        JobKind::Calibrate => &[Right::Calibrate],
        JobKind::CompareCohort => &[Right::ReadCohorts],
        JobKind::CheckArchive
        | JobKind::Rebuild
        | JobKind::RenewIndex
        | JobKind::SyncReplica
        | JobKind::VerifyReplica => &[Right::ReadHealth, Right::MaintainArchive],
        JobKind::Appraise => &[Right::ReadHealth, Right::AppraiseArchive],
        JobKind::VerifyLedger => &[Right::ReadLedger],
    }
}

fn may_see(actor: &Actor, row: &rows::Job) -> bool {
    actor.user == row.actor || from_word(&row.kind).is_some_and(|kind| may_see_kind(actor, kind))
}

fn visible(office: &Office, actor: &Actor, id: JobId) -> Result<rows::Job> {
    office
        .office
        .read(|conn| rows::by_id(conn, id))?
        .filter(|row| may_see(actor, row))
        .ok_or_else(|| Error::not_found(JobId::KIND, id))
}

fn wrong_state(id: JobId, state: &str) -> Error {
    Error::refused(
        ProblemCode::WrongState,
        [("kind", JobId::KIND.to_owned()), ("id", id.to_string()), ("state", state.to_owned())],
    )
}

/// The job as clients see it, without a guess at the time it will still take.
fn to_api(row: &rows::Job) -> Result<Job> {
    let unknown = || Error::failed("read a job", format!("{} is of an unknown kind or state", row.id));
    let problem =
        row.problem.clone().map(serde_json::from_value).transpose().or_failed("read a job's problem")?;
    Ok(Job {
        id: row.id,
        kind: from_word(&row.kind).ok_or_else(unknown)?,
        subject: row.subject.clone(),
        state: from_word(&row.state).ok_or_else(unknown)?,
        step: row.step.clone(),
        done: row.done,
        total: row.total,
        remaining_ms: None,
        created: row.created,
        started: row.started,
        finished: row.finished,
        result: row.result.clone(),
        problem,
    })
}
