//! What a running job knows and says.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use api::ProblemCode;
use api::ids::JobId;
use api::import::ImportFinding;
use api::job::{Job, JobKind};
use archive::db::office::{event as events, job as rows, user};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::{lock, to_api};
use crate::{Actor, Error, Office, Refusal as _, Result, account};

/// How often progress is told to listeners, and how often it is written down.
const TELL: Duration = Duration::from_millis(100);
const WRITE: Duration = Duration::from_millis(1000);

/// A running job: what it was asked, and how it says how far it is.
#[derive(Debug)]
pub struct Ctx<'a> {
    office: &'a Arc<Office>,
    kind: JobKind,
    id: JobId,
    subject: Option<String>,
    stop: Arc<AtomicBool>,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    row: rows::Job,
    step_began: Instant,
    told: Instant,
    written: Instant,
}

impl<'a> Ctx<'a> {
    pub(super) fn new(office: &'a Arc<Office>, kind: JobKind, row: rows::Job, stop: Arc<AtomicBool>) -> Self {
        let now = Instant::now();
        let (id, subject) = (row.id, row.subject.clone());
        let progress = Progress { row, step_began: now, told: now, written: now };
        Self { office, kind, id, subject, stop, progress: Mutex::new(progress) }
    }

    /// The appliance.
    #[must_use]
    pub const fn office(&self) -> &'a Arc<Office> {
        self.office
    }

    /// The job's id.
    #[must_use]
    pub const fn id(&self) -> JobId {
        self.id
    }

    /// What it does.
    #[must_use]
    pub const fn kind(&self) -> JobKind {
        self.kind
    }

    /// When it was asked for, however often it was run since.
    #[must_use]
    pub fn created(&self) -> Timestamp {
        lock(&self.progress).row.created
    }

    /// What it works on, as an id of the wanted kind.
    ///
    /// # Errors
    ///
    /// When the job has no such subject.
    pub fn subject<T>(&self) -> Result<T>
    where
        T: std::str::FromStr,
        T::Err: std::error::Error + Send + Sync + 'static,
    {
        self.subject.as_deref().unwrap_or_default().parse().or_failed("read a job's subject")
    }

    /// What it needs to know, as it was given to [`super::enqueue`].
    ///
    /// # Errors
    ///
    /// When the parameters are of another shape: the job was asked of another version.
    pub fn params<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_value(lock(&self.progress).row.params.clone()).or_failed("read a job's parameters")
    }

    /// Who asked for it, with the offices held now.
    ///
    /// # Errors
    ///
    /// When the account can't be read.
    pub fn actor(&self) -> Result<Actor> {
        let (id, account) = {
            let progress = lock(&self.progress);
            (progress.row.actor, progress.row.account.clone())
        };
        match self.office.office.read(|conn| user::by_id(conn, id))? {
            Some(user) => Ok(account::to_actor(user)),
            None if account == "console" => Ok(Actor::console()),
            None => Ok(Actor::appliance()),
        }
    }

    /// Says how far it is: `done` of `total` units of `step`, a stable word. `total` 0 means not known.
    /// Cheap; may be called for every unit.
    pub fn progress(&self, step: &str, done: u64, total: u64) {
        let mut progress = lock(&self.progress);
        let now = Instant::now();
        let new_step = progress.row.step != step;
        if new_step {
            step.clone_into(&mut progress.row.step);
            progress.step_began = now;
        }
        (progress.row.done, progress.row.total) = (done, total);
        if new_step || now - progress.told >= TELL {
            progress.told = now;
            self.tell(&progress);
        }
        if new_step || now - progress.written >= WRITE {
            progress.written = now;
            if let Err(error) = self.write(&progress.row) {
                tracing::warn!(job.id = %self.id, error = %error, "Could not write down the progress of {}.", self.id);
            }
        }
    }

    /// Adds a figure to its result.
    pub fn result(&self, name: &str, value: u64) {
        lock(&self.progress).row.result.insert(name.to_owned(), value);
    }

    /// Whether an earlier run of this job did everything and was stopped before it could say so: the event that it queued
    /// last, under the job's own id, is there. The figures that the event tells become the job's result.
    ///
    /// # Errors
    ///
    /// When the store can't be read.
    pub fn done_before(&self, event: &str, subject: &str) -> Result<bool> {
        let reference = self.id.to_string();
        let done = self.office.office.read(|conn| events::by_key(conn, event, subject, &reference))?;
        let Some(done) = done else { return Ok(false) };
        let figures: BTreeMap<String, u64> =
            serde_json::from_value(done.event.detail).or_failed("read a job's figures")?;
        figures.iter().for_each(|(name, value)| self.result(name, *value));
        Ok(true)
    }

    /// Keeps what it found in a file, in place of what an earlier run of it found.
    ///
    /// # Errors
    ///
    /// When the store can't be written.
    pub fn findings(&self, findings: &[ImportFinding]) -> Result<()> {
        let rows: Vec<_> = findings
            .iter()
            .map(|finding| rows::Finding {
                place: finding.place.clone(),
                field: finding.field.clone(),
                code: finding.code.clone(),
                severity: finding.severity.clone(),
            })
            .collect();
        Ok(self.office.office.write(|tx| rows::set_findings(tx, self.id, &rows))?)
    }

    /// Whether it was asked to stop, by a person or because the appliance is closing.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.office.jobs.closing.load(Ordering::Relaxed)
    }

    /// Ends the job, where nothing is half done, if it was asked to stop: `ctx.go_on()?`.
    ///
    /// # Errors
    ///
    /// When it was asked to stop.
    pub fn go_on(&self) -> Result<()> {
        if !self.cancelled() {
            return Ok(());
        }
        Err(Error::refused(
            ProblemCode::WrongState,
            [("kind", JobId::KIND.to_owned()), ("id", self.id.to_string()), ("state", "stopping".to_owned())],
        ))
    }

    /// The job's row as it stands when its body has returned.
    pub(super) fn into_row(self) -> rows::Job {
        self.progress.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).row
    }

    fn tell(&self, progress: &Progress) {
        match to_api(&progress.row) {
            Ok(mut job) => {
                job.remaining_ms = remaining_ms(&job, progress.step_began.elapsed());
                self.office.jobs.tell(job);
            }
            Err(error) => tracing::warn!(job.id = %self.id, error = %error, "Could not tell of {}.", self.id),
        }
    }

    fn write(&self, row: &rows::Job) -> Result<()> {
        Ok(self.office.office.write(|tx| {
            let mut row = row.clone();
            // The state is not the job's own: somebody may have asked it to stop meanwhile.
            if let Some(kept) = rows::by_id(tx, row.id)? {
                row.state = kept.state;
            }
            rows::update(tx, &row)
        })?)
    }
}

/// What the rest of the step will take if it goes on as it went so far. Says nothing before a second has passed.
fn remaining_ms(job: &Job, elapsed: Duration) -> Option<u64> {
    let left = job.total.checked_sub(job.done)?;
    if job.done == 0 || job.total == 0 || elapsed < Duration::from_secs(1) {
        return None;
    }
    u64::try_from(elapsed.as_millis()).ok()?.checked_mul(left)?.checked_div(job.done)
}
