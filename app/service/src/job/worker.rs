//! The threads that do long work, one per lane: what writes the archive, what only reads it, what may take days, and what
//! nobody should wait for behind any of these.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use api::job::{JobKind, JobState};
use api::{Problem, ProblemCode};
use archive::db::office::job as rows;
use jiff::Timestamp;

use super::{Ctx, lock, run, to_api};
use crate::law::journal;
use crate::{Error, Office, Result, from_word, replica, word};

/// The priority of jobs, as `nice` counts it: behind the answers that somebody waits for.
const BEHIND_WHOEVER_WAITS: i32 = 5;

/// Which thread does a kind of job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    /// Writes the archive: one after the other.
    Write,
    /// Reads, compares, computes.
    Read,
    /// Takes hours and keeps nobody waiting.
    Slow,
    /// Makes the search index: people wait for it, and it waits for nobody.
    Index,
}

const fn lane(kind: JobKind) -> Lane {
    match kind {
        JobKind::ImportRoster
        | JobKind::ImportPhotos
        | JobKind::ImportDiplomas
        | JobKind::ImportScans
        | JobKind::AcceptDelivery
        | JobKind::Rebuild => Lane::Write,
        JobKind::CheckDelivery
        | JobKind::Calibrate
        | JobKind::CompareCohort
        | JobKind::CheckArchive
        | JobKind::Appraise
        | JobKind::SyncReplica
        | JobKind::VerifyLedger
        | JobKind::VerifyReplica => Lane::Read,
        JobKind::ReadScans => Lane::Slow,
        JobKind::RenewIndex => Lane::Index,
    }
}

/// Whether a job may leave something new in the archive.
fn archives(kind: JobKind) -> bool {
    // The report of an accession stays with its delivery.
    lane(kind) == Lane::Write || kind == JobKind::Appraise
}

/// The running worker threads.
#[derive(Debug)]
#[must_use = "long work stops when this is dropped"]
pub struct Workers {
    office: Arc<Office>,
    threads: Vec<JoinHandle<()>>,
}

/// Starts the threads that do long work. What ran when the appliance last stopped is run again from the start.
///
/// # Errors
///
/// When the jobs can't be read or a thread can't be started.
pub fn start(office: &Arc<Office>) -> Result<Workers> {
    requeue(office)?;
    sweep(office)?;
    office.jobs.closing.store(false, Ordering::Relaxed);
    let mut workers = Workers { office: Arc::clone(office), threads: Vec::new() };
    let lanes = [
        ("jobs-write", Lane::Write),
        ("jobs-read", Lane::Read),
        ("jobs-slow", Lane::Slow),
        ("jobs-index", Lane::Index),
    ];
    for (name, lane) in lanes {
        workers
            .threads
            .push(spawn(name, office, lane).map_err(|error| Error::failed("start a thread", error))?);
    }
    Ok(workers)
}

impl Workers {
    /// Asks running jobs to stop where nothing is half done, and waits for them. They are run again at the next start.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.office.jobs.closing.store(true, Ordering::Relaxed);
        self.office.jobs.ring();
        for thread in self.threads.drain(..) {
            // A body's panic was caught and logged in the thread itself.
            let _ = thread.join();
        }
    }
}

fn requeue(office: &Office) -> Result<()> {
    office.office.write(|tx| {
        for (left, becomes) in
            [(JobState::Running, JobState::Waiting), (JobState::Stopping, JobState::Cancelled)]
        {
            for mut row in rows::in_state(tx, &word(&left))? {
                row.state = word(&becomes);
                row.finished = (becomes == JobState::Cancelled).then(Timestamp::now);
                rows::update(tx, &row)?;
            }
        }
        Ok(())
    })
}

/// What interrupted jobs have seen of faces is kept for them, and for nobody else.
fn sweep(office: &Office) -> Result<()> {
    let waiting = office.office.read(|conn| rows::in_state(conn, &word(&JobState::Waiting)))?;
    journal::sweep(office, |job| waiting.iter().any(|row| row.id == job))
}

fn spawn(name: &str, office: &Arc<Office>, lane: Lane) -> io::Result<JoinHandle<()>> {
    let office = Arc::clone(office);
    thread::Builder::new().name(name.to_owned()).spawn(move || work(&office, lane))
}

fn work(office: &Arc<Office>, lane: Lane) {
    // Linux gives every thread a priority of its own. Where it can't be lowered, the work is done all the same.
    let _as_it_was = rustix::process::setpriority_process(None, BEHIND_WHOEVER_WAITS);
    while !office.jobs.closing.load(Ordering::Relaxed) {
        match next(office, lane) {
            Ok(Some(row)) => {
                if let Err(error) = one(office, row) {
                    tracing::error!(error = %error, cause = ?error, "A job could not be recorded.");
                }
            }
            Ok(None) => wait(office),
            Err(error) => {
                tracing::error!(error = %error, cause = ?error, "Waiting jobs could not be read.");
                wait(office);
            }
        }
    }
}

/// Waits until the bell rings, or a little: a missed bell costs a second, not a job.
fn wait(office: &Office) {
    let guard = lock(&office.jobs.bell.0);
    if !office.jobs.closing.load(Ordering::Relaxed) {
        let _ = office.jobs.bell.1.wait_timeout(guard, Duration::from_secs(1));
    }
}

/// Takes the oldest waiting job of a lane and marks it running.
fn next(office: &Office, of: Lane) -> Result<Option<rows::Job>> {
    let waiting = word(&JobState::Waiting);
    let mine = |row: &rows::Job| from_word(&row.kind).is_some_and(|kind| lane(kind) == of);
    // A look without the writer's lock first: this is asked every second.
    if !office.office.read(|conn| rows::in_state(conn, &waiting))?.iter().any(mine) {
        return Ok(None);
    }
    office.office.write(|tx| {
        let Some(mut row) = rows::in_state(tx, &waiting)?.into_iter().find(mine) else { return Ok(None) };
        row.state = word(&JobState::Running);
        row.started = Some(Timestamp::now());
        rows::update(tx, &row)?;
        Ok(Some(row))
    })
}

/// Runs one job and records how it ended.
fn one(office: &Arc<Office>, row: rows::Job) -> Result<()> {
    let job = to_api(&row)?;
    let id = job.id;
    let stop = Arc::new(AtomicBool::new(false));
    office.jobs.stops().insert(id, Arc::clone(&stop));
    office.jobs.tell(job.clone());
    tracing::info!(job.id = %id, job.kind = %row.kind, "Job {id} begins.");
    let ctx = Ctx::new(office, job.kind, row, Arc::clone(&stop));
    let ended = catch_unwind(AssertUnwindSafe(|| run::run(&ctx)))
        .unwrap_or_else(|_| Err(Error::failed("do a job", "its body panicked")));
    let row = ctx.into_row();
    office.jobs.stops().remove(&id);
    if ended.is_err() && office.jobs.closing.load(Ordering::Relaxed) && !stop.load(Ordering::Relaxed) {
        // Left as running: the next start runs it again.
        tracing::info!(job.id = %id, "Job {id} was interrupted by the appliance closing.");
        return Ok(());
    }
    finish(office, row, ended, stop.load(Ordering::Relaxed))
}

fn finish(office: &Office, mut row: rows::Job, ended: Result<()>, stopped: bool) -> Result<()> {
    let state = match ended {
        Ok(()) => JobState::Done,
        Err(_) if stopped => JobState::Cancelled,
        Err(error) => {
            let problem = problem(&row, &error);
            row.problem =
                Some(serde_json::to_value(problem).map_err(|e| Error::failed("write a problem", e))?);
            JobState::Failed
        }
    };
    row.state = word(&state);
    row.finished = Some(Timestamp::now());
    // A journal that stays is removed at the next start.
    if let Err(error) = journal::end(office, row.id) {
        tracing::error!(job.id = %row.id, cause = ?error, "The journal of {} could not be removed.", row.id);
    }
    record(office, &row)?;
    tracing::info!(job.id = %row.id, job.kind = %row.kind, job.state = %row.state, "Job {} is {}.", row.id, row.state);
    office.jobs.tell(to_api(&row)?);
    let wrote = from_word(&row.kind).is_some_and(archives);
    // The hourly pass makes up for it.
    if wrote && let Err(error) = replica::follow(office) {
        tracing::warn!(cause = ?error, "The replicas could not be asked to follow: {error}.");
    }
    Ok(())
}

/// Writes down how a job ended. While the disk is full or fails its end is told from memory, and tried again every second.
fn record(office: &Office, row: &rows::Job) -> Result<()> {
    loop {
        let written = office.office.write(|tx| Ok::<_, Error>(rows::update(tx, row)?));
        match written {
            Err(error) if error.is_of_disk() && !office.jobs.closing.load(Ordering::Relaxed) => {
                if lock(&office.jobs.unwritten).insert(row.id, row.clone()).is_none() {
                    tracing::error!(job.id = %row.id, cause = ?error, "The end of {} can't be written down yet.", row.id);
                    office.jobs.tell(to_api(row)?);
                }
                thread::sleep(Duration::from_secs(1));
            }
            written => {
                lock(&office.jobs.unwritten).remove(&row.id);
                return written.map(drop);
            }
        }
    }
}

/// What a failed job says. The log gets the cause, under the job's id.
fn problem(row: &rows::Job, error: &Error) -> Problem {
    let id = row.id;
    match error {
        Error::Refused(problem) => (**problem).clone(),
        failed if failed.is_disk_full() => {
            tracing::error!(job.id = %id, cause = ?failed, "Job {id} failed: the disk is full.");
            Problem::new(ProblemCode::DiskFull, [("what", row.kind.clone())])
        }
        failed => {
            tracing::error!(job.id = %id, cause = ?failed, "Job {id} failed: {failed}.");
            Problem::new(ProblemCode::Internal, [("incident", id.to_string())])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Actor, Config, authority::Names, job};

    #[test]
    fn what_has_ended_and_could_not_be_written_down_is_not_joined_by_who_asks_again() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        Office::create(&data, "Test School", &Names::local()).unwrap();
        let office = Office::open(Config::new(data)).unwrap();
        let ask = || job::enqueue(&office, &Actor::console(), JobKind::CheckArchive, None, &()).unwrap().id;
        let first = ask();
        let mut row = office.office.read(|conn| rows::by_id(conn, first)).unwrap().unwrap();
        row.state = word(&JobState::Running);
        office.office.write(|tx| rows::update(tx, &row)).unwrap();
        assert_eq!(ask(), first, "one that runs is joined");
        row.state = word(&JobState::Failed);
        lock(&office.jobs.unwritten).insert(first, row);
        let second = ask();
        assert_ne!(second, first);
        assert_eq!(ask(), second, "one that waits is joined");
    }

    #[test]
    fn what_ran_when_the_machine_died_is_run_again_and_what_was_to_stop_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        Office::create(&data, "Test School", &Names::local()).unwrap();
        let office = Office::open(Config::new(data)).unwrap();
        let asked = |subject: &str| {
            let subject = Some(subject.to_owned());
            job::enqueue(&office, &Actor::console(), JobKind::CheckArchive, subject, &()).unwrap().id
        };
        let (ran, stopping) = (asked("one"), asked("two"));
        for (id, state) in [(ran, JobState::Running), (stopping, JobState::Stopping)] {
            office
                .office
                .write(|tx| {
                    let mut row = rows::by_id(tx, id)?.unwrap();
                    row.state = word(&state);
                    rows::update(tx, &row)
                })
                .unwrap();
        }
        requeue(&office).unwrap();
        let state = |id| job::get(&office, &Actor::console(), id).unwrap().state;
        assert_eq!((state(ran), state(stopping)), (JobState::Waiting, JobState::Cancelled));
    }
}
