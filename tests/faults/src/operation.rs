//! What changes the archive, done as the appliance does it, with a word for everything that somebody is told is kept.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Error, anyhow};
use api::delivery::{Confirm, DeliveryState};
use api::dossier::Correction;
use api::ids::UserId;
use api::job::{Job, JobKind, JobState};
use api::{Problem, ProblemCode, Role};
use archive::db::office::{delivery as deliveries, item};
use archive::dossier::{Change, NewPhoto, PhotoKind};
use service::{Actor, Office, delivery, dossier, health, index, job, ledger, rebuild};
use sha2::{Digest as _, Sha256};

use crate::said::Kept;
use crate::school::{CORRECTED, Plan, picture};

/// How long a job may take before nobody believes in it any more.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a job may wait for its turn until it is taken at its word: that it waits.
const TURN: Duration = Duration::from_millis(2500);

/// How often a job is looked at.
const LOOK: Duration = Duration::from_millis(1);

/// The note that is written on a dossier.
const NOTE: &str = "更正后的备注";

/// Something that changes the archive, or what follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// A delivery is confirmed and taken into the archive.
    Accept,
    /// Photos, then facts, are corrected as new versions.
    Correct,
    /// Damaged objects come back from a replica.
    Repair,
    /// The index catches up with the catalog.
    Index,
    /// Catalog and index are made anew.
    Rebuild,
}

/// Why an operation was not done.
#[derive(Debug)]
pub enum Trouble {
    /// This is what the user is told.
    Told(String),
    /// The user is told nothing: it neither ended nor failed.
    Silence,
}

impl From<service::Error> for Trouble {
    fn from(error: service::Error) -> Self {
        let full = if error.is_disk_full() { "disk full: " } else { "" };
        Self::Told(format!("{full}{:#}", Error::new(error)))
    }
}

impl From<archive::db::Error> for Trouble {
    fn from(error: archive::db::Error) -> Self {
        service::Error::from(error).into()
    }
}

impl From<&Problem> for Trouble {
    fn from(problem: &Problem) -> Self {
        let full = if problem.code == ProblemCode::DiskFull { "disk full: " } else { "" };
        Self::Told(format!("{full}{}", problem.title))
    }
}

/// What an operation comes to.
pub type Outcome<T = ()> = Result<T, Trouble>;

/// Hears of everything that somebody is told is kept.
pub type Tell<'a> = &'a mut dyn FnMut(Kept);

impl Operation {
    /// Every one of them.
    pub const ALL: [Self; 5] = [Self::Accept, Self::Correct, Self::Repair, Self::Index, Self::Rebuild];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Correct => "correct",
            Self::Repair => "repair",
            Self::Index => "index",
            Self::Rebuild => "rebuild",
        }
    }

    /// Does it, or what an earlier try has left of it.
    ///
    /// # Errors
    ///
    /// [`Trouble`].
    pub fn run(self, office: &Arc<Office>, plan: &Plan, tell: Tell<'_>) -> Outcome {
        match self {
            Self::Accept => accept(office, plan, tell)?,
            Self::Correct => correct(office, plan, tell)?,
            Self::Repair => repair(office, tell)?,
            Self::Index => {}
            Self::Rebuild => {
                let rebuilt = rebuild::now(office, &Actor::console(), &mut |_, _, _| true)?;
                tell(Kept::Catalog(rebuilt.objects));
            }
        }
        // In the appliance threads of their own do this a moment later.
        ledger::integrate(office)?;
        tell(Kept::Leaves(ledger::head(office, &registrar())?.size));
        index::catch_up(office)?;
        tell(Kept::Index);
        Ok(())
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Operation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|operation| operation.word() == text);
        found.ok_or_else(|| anyhow!("{text} is no operation"))
    }
}

/// Somebody with every office but those of the console, and a purpose.
#[must_use]
pub fn registrar() -> Actor {
    let roles = vec![Role::Registrar, Role::It, Role::Auditor, Role::SystemAdmin];
    let user = UserId::from_uuid(uuid::Uuid::from_u128(1));
    let actor = Actor::new(user, "registrar".to_owned(), "registrar".to_owned(), roles);
    Actor { purpose: Some("更正".to_owned()), ..actor }
}

fn accept(office: &Arc<Office>, plan: &Plan, tell: Tell<'_>) -> Outcome {
    let (registrar, id) = (registrar(), plan.delivery);
    let accepted = delivery::get(office, &registrar, id)?.state == DeliveryState::Accepted;
    if !accepted {
        delivery::confirm(office, &registrar, id, &Confirm { confirm: true })?;
    }
    let workers = job::start(office)?;
    let job = ended(office, JobKind::AcceptDelivery)?;
    match (job.state, &job.problem) {
        (JobState::Done, _) => tell(receipt(office, plan)?),
        // An earlier try did all but the cleaning, and failed there.
        (JobState::Failed, _) if accepted => tell(receipt(office, plan)?),
        (JobState::Waiting, _) => return Err(Trouble::Told("it waits for its turn".to_owned())),
        (_, Some(problem)) => return Err(problem.into()),
        (_, None) => return Err(Trouble::Silence),
    }
    // The check at accession that follows, however it ends.
    if job::list(office, &registrar, None)?.iter().any(|job| job.kind == JobKind::Appraise) {
        ended(office, JobKind::Appraise)?;
    }
    workers.stop();
    Ok(())
}

/// Waits until the newest job of a kind has ended; or returns it as it waits, if it never gets its turn.
fn ended(office: &Office, kind: JobKind) -> Outcome<Job> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let jobs = job::list(office, &registrar(), None)?;
        match jobs.into_iter().find(|job| job.kind == kind) {
            Some(job) if matches!(job.state, JobState::Done | JobState::Failed | JobState::Cancelled) => {
                return Ok(job);
            }
            Some(job) if job.state == JobState::Waiting && began.elapsed() > TURN => return Ok(job),
            _ => std::thread::sleep(LOOK),
        }
    }
    Err(Trouble::Silence)
}

/// What the vendor is told of a delivery that was accepted.
fn receipt(office: &Office, plan: &Plan) -> Outcome<Kept> {
    let (row, items) = office.office.read(|conn| -> Result<_, archive::db::Error> {
        Ok((deliveries::get(conn, plan.delivery)?, item::all(conn, plan.delivery)?))
    })?;
    let receipt = row.and_then(|row| row.receipt).ok_or(Trouble::Silence)?;
    let photos = items.into_iter().filter_map(|item| item.person.zip(item.sha256)).collect();
    Ok(Kept::Delivery { delivery: plan.delivery, receipt: hex::encode(Sha256::digest(receipt)), photos })
}

fn correct(office: &Office, plan: &Plan, tell: Tell<'_>) -> Outcome {
    let registrar = registrar();
    let (mut changes, mut photos) = (Vec::new(), Vec::new());
    for (number, &person) in plan.people.iter().take(CORRECTED).enumerate() {
        let photo = NewPhoto::from_bytes(PhotoKind::Admission, picture(10_000 + number), "corrected");
        let photo = photo.map_err(|error| Trouble::Told(error.to_string()))?;
        photos.push((person, photo.sha256().to_owned()));
        changes.push(Change::of(person, "Correction: the wrong photo").photo(photo));
    }
    for kept in dossier::keep(office, &registrar, changes)? {
        let photo = photos.iter().find(|(person, _)| *person == kept.person);
        let photo = photo.map(|(_, sha256)| sha256.clone());
        tell(Kept::Dossier { person: kept.person, version: kept.version, photo, note: None });
    }
    let Some(&person) = plan.people.get(CORRECTED) else { return Ok(()) };
    let seen = dossier::read(office, &registrar, person)?;
    let mut facts = seen.facts;
    NOTE.clone_into(&mut facts.note);
    let from_version = seen.versions.iter().map(|version| version.number).max().unwrap_or_default();
    let correction = Correction { facts, reason: "the note was missing".to_owned(), from_version };
    let corrected = dossier::correct(office, &registrar, person, correction)?;
    let version = corrected.versions.iter().map(|version| version.number).max().unwrap_or_default();
    tell(Kept::Dossier { person, version, photo: None, note: Some(NOTE.to_owned()) });
    Ok(())
}

fn repair(office: &Office, tell: Tell<'_>) -> Outcome {
    let checked = health::check_now(office, &Actor::console(), &|_, _| {})?;
    for repair in &checked.mending.repairs {
        tell(Kept::Object(repair.object.to_string()));
    }
    let check = &checked.check;
    match (check.damaged + check.unreadable).saturating_sub(check.repaired) {
        0 => Ok(()),
        left => Err(Trouble::Told(format!("{left} files of the archive are damaged"))),
    }
}
