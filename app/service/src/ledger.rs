//! The ledger: queued events are integrated in their order by one thread, and everybody entitled may read and verify.
//!
//! An event is queued in the transaction of its change; its leaf follows within a moment. After a crash between the two,
//! the leaf is recognised and not appended again.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use ::ledger::{EntryPath, KeyName, Leaf, NoteSigner, SignedCheckpoint, Tile, VerifierKey, decode_bundle};
use api::job::{Job, JobKind};
use api::ledger::{LedgerEntry, LedgerHead, LedgerProof};
use api::{Page, Right, Slice};
use archive::{
    db::office::event as rows,
    log::{self, Log},
};
use fs_err as fs;
use sha2::{Digest as _, Sha256};

use crate::job::Ctx;
use crate::staff::Staff;
use crate::{Actor, Error, Office, Refusal as _, Result, job};

/// How many events are integrated under one checkpoint at most.
const BATCH: u32 = 256;

/// How long an event waits at most when nobody asks for it sooner.
const PACE: Duration = Duration::from_millis(500);

/// The ledger of an opened appliance. It is opened when first used, because only one process may have it open.
#[derive(Debug, Default)]
pub struct Ledger {
    log: OnceLock<Mutex<Log>>,
    opening: Mutex<()>,
}

impl Ledger {
    fn lock(&self, office: &Office) -> Result<MutexGuard<'_, Log>> {
        let log = match self.log.get() {
            Some(log) => log,
            None => {
                let _turn = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
                match self.log.get() {
                    Some(log) => log,
                    None => {
                        let opened =
                            Log::open(&office.paths.ledger, origin(office)?, office.keys.ledger.clone())
                                .or_failed("open the ledger")?;
                        self.log.get_or_init(|| Mutex::new(opened))
                    }
                }
            }
        };
        Ok(log.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The thread that integrates. Stops when dropped.
#[derive(Debug)]
#[must_use = "nothing is integrated when this is dropped"]
pub struct Integrator {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Starts the thread that integrates events.
///
/// # Errors
///
/// When the ledger can't be opened or the thread can't be started.
pub fn start(office: &Arc<Office>) -> Result<Integrator> {
    drop(office.ledger.lock(office)?);
    let stop = Arc::new(AtomicBool::new(false));
    let (office, asked) = (Arc::clone(office), Arc::clone(&stop));
    let thread = std::thread::Builder::new()
        .name("ledger".to_owned())
        .spawn(move || {
            while !asked.load(Ordering::Relaxed) {
                if let Err(error) = integrate(&office) {
                    tracing::error!(cause = ?error, "Events could not be integrated: {error}.");
                }
                std::thread::park_timeout(PACE);
            }
        })
        .or_failed("start the ledger's thread")?;
    Ok(Integrator { stop, thread: Some(thread) })
}

impl Drop for Integrator {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic was printed by the thread itself; the events stay queued.
            let _ = thread.join();
        }
    }
}

/// Integrates every event that waits, now: for whoever needs a proof at once. Never to be called within a write to the
/// office's store, which it needs itself.
///
/// # Errors
///
/// When the ledger or the store can't be written. Events stay queued then.
pub fn integrate(office: &Office) -> Result<()> {
    // A look without the ledger's lock first: this is asked twice a second.
    while office.office.read(rows::count_waiting)? > 0 {
        let mut log = office.ledger.lock(office)?;
        let waiting = office.office.read(|conn| rows::waiting(conn, BATCH))?;
        if waiting.is_empty() {
            // Another thread was quicker.
            return Ok(());
        }
        let leaves = waiting
            .iter()
            .map(|queued| to_log(&queued.event).leaf().or_failed("write a leaf"))
            .collect::<Result<Vec<_>>>()?;
        let places = log.append(&leaves).or_failed("append to the ledger")?;
        office.office.write(|tx| -> Result<()> {
            for (queued, place) in waiting.iter().zip(places) {
                rows::set_leaf(tx, queued.number, place)?;
            }
            Ok(())
        })?;
        let size = log.size();
        log.acknowledge(size).or_failed("acknowledge leaves")?;
        office.changes.tell(&waiting);
    }
    Ok(())
}

/// The name of the ledger: made of its key, so that it says nothing of the school.
///
/// # Errors
///
/// Never in practice: the name is made of harmless characters.
pub fn origin(office: &Office) -> Result<KeyName> {
    let digest = Sha256::digest(office.keys.ledger.verifying_key().as_bytes());
    let short = hex::encode(digest).chars().take(16).collect::<String>();
    format!("xuecang/{short}").parse().or_failed("name the ledger")
}

/// The key by which others check the ledger.
///
/// # Errors
///
/// As [`origin`].
pub fn verifier_key(office: &Office) -> Result<VerifierKey> {
    Ok(NoteSigner::log(origin(office)?, office.keys.ledger.clone()).verifier_key())
}

/// The ledger's head.
///
/// # Errors
///
/// Without the right `read_ledger`.
pub fn head(office: &Office, actor: &Actor) -> Result<LedgerHead> {
    actor.may(Right::ReadLedger)?;
    let pending = office.office.read(rows::count_waiting)?;
    let log = office.ledger.lock(office)?;
    let own = log.verifier_key();
    let witnesses = log
        .checkpoint()
        .note()
        .signatures()
        .iter()
        .filter(|signature| signature.name != *own.name())
        .map(|signature| signature.name.to_string());
    Ok(LedgerHead {
        origin: own.name().to_string(),
        size: log.size(),
        root: log.root().to_base64(),
        verifier_key: own.to_string(),
        checkpoint: log.checkpoint().to_string(),
        witnesses: witnesses.collect(),
        pending,
    })
}

/// The signed checkpoint as text (C2SP tlog-checkpoint).
///
/// # Errors
///
/// Without the right `read_ledger`.
pub fn checkpoint(office: &Office, actor: &Actor) -> Result<String> {
    actor.may(Right::ReadLedger)?;
    Ok(office.ledger.lock(office)?.checkpoint().to_string())
}

/// The bytes of a tile or of an entry bundle by its path (C2SP tlog-tiles): `tile/0/000`, `tile/entries/000.p/3`.
///
/// # Errors
///
/// Without the right `read_ledger`; `not-found`.
pub fn tile(office: &Office, actor: &Actor, path: &str) -> Result<Vec<u8>> {
    actor.may(Right::ReadLedger)?;
    let missing = || Error::not_found("tile", "of this path");
    let log = office.ledger.lock(office)?;
    if let Ok(tile) = path.parse::<Tile>() {
        return log.tile_bytes(tile).map_err(|_| missing());
    }
    let bundle: EntryPath = path.parse().map_err(|_| missing())?;
    drop(log);
    // The path was parsed, so it is one of the ledger's own file names and nothing else.
    fs::read(office.paths.ledger.join(bundle.to_string())).map_err(|_| missing())
}

/// A part of the ledger with what the appliance knows of it, newest first; of one subject or of all.
///
/// # Errors
///
/// Without the right `read_ledger`.
pub fn entries(
    office: &Office,
    actor: &Actor,
    subject: Option<&str>,
    slice: Slice,
) -> Result<Page<LedgerEntry>> {
    actor.may(Right::ReadLedger)?;
    let (events, total) = office.office.read(|conn| -> Result<_> {
        let events = rows::list(conn, subject, slice.offset, slice.limit.min(500))?;
        Ok((events, rows::count(conn, subject)?))
    })?;
    let staff = Staff::of(office)?;
    let items = events.iter().map(|queued| to_api(queued, &staff)).collect::<Result<_>>()?;
    Ok(Page { items, total })
}

/// A proof that a leaf is in the ledger, and, where the appliance still has it, what opens its commitment.
///
/// # Errors
///
/// Without the right `read_ledger`; `not-found`.
pub fn proof(office: &Office, actor: &Actor, index: u64) -> Result<LedgerProof> {
    actor.may(Right::ReadLedger)?;
    let missing = || Error::not_found("ledger entry", index);
    let queued = office.office.read(|conn| rows::by_leaf(conn, index))?.ok_or_else(missing)?;
    let log = office.ledger.lock(office)?;
    let leaf = log.leaf(index).map_err(|_| missing())?;
    let proof = log.proof(index).or_failed("prove a leaf")?;
    let event = to_log(&queued.event).canonical().or_failed("write an event")?;
    let event: serde_json::Value = serde_json::from_slice(&event).or_failed("write an event")?;
    let opening = serde_json::json!({ "event": event, "salt": hex::encode(queued.event.salt) });
    let opening = ::ledger::json::canonical(&opening).or_failed("write an opening")?;
    Ok(LedgerProof {
        entry: to_api(&queued, &Staff::of(office)?)?,
        leaf: String::from_utf8_lossy(&leaf).into_owned(),
        opening: Some(String::from_utf8_lossy(&opening).into_owned()),
        proof: proof.to_string(),
    })
}

/// The proof (C2SP tlog-proof text) that something happened: for receipts and certificates. Integrates first, see [`integrate`].
///
/// # Errors
///
/// `not-found` when no such event was queued.
pub fn proof_of(office: &Office, kind: &str, subject: impl ToString, reference: &str) -> Result<String> {
    integrate(office)?;
    let subject = subject.to_string();
    let queued = office.office.read(|conn| rows::by_key(conn, kind, &subject, reference))?;
    let leaf = queued.and_then(|queued| queued.leaf).ok_or_else(|| Error::not_found("event of", &subject))?;
    Ok(office.ledger.lock(office)?.proof(leaf).or_failed("prove a leaf")?.to_string())
}

/// Asks for the ledger to be recomputed.
///
/// # Errors
///
/// Without the right `read_ledger`.
pub fn ask_verify(office: &Office, actor: &Actor) -> Result<Job> {
    actor.may(Right::ReadLedger)?;
    job::enqueue(office, actor, JobKind::VerifyLedger, None, &())
}

/// What recomputing the ledger found.
#[derive(Debug, Default)]
pub struct Verified {
    /// Leaves read.
    pub leaves: u64,
    /// Events compared with their leaves.
    pub events: u64,
    /// What is not as it should be, in English, without personal data.
    pub findings: Vec<String>,
}

/// Recomputes the ledger from its leaves, and compares every event the appliance has with its leaf. Works beside a
/// running server.
///
/// # Errors
///
/// Without the right `read_ledger`; when files can't be read.
pub fn verify(office: &Office, actor: &Actor, told: impl Fn(u64, u64) -> Result<()>) -> Result<Verified> {
    actor.may(Right::ReadLedger)?;
    let dir = &office.paths.ledger;
    if !dir.join("checkpoint").exists() && office.office.read(|conn| rows::count(conn, None))? == 0 {
        return Ok(Verified::default());
    }
    let findings = log::fsck(dir, &verifier_key(office)?).or_failed("read the ledger")?;
    let mut verified =
        Verified { findings: findings.iter().map(ToString::to_string).collect(), ..Verified::default() };
    let Some(size) = size(dir) else { return Ok(verified) };
    verified.leaves = size;
    let mut index = 0;
    while let Some(path) = EntryPath::holding(index, size) {
        told(index, size)?;
        let entries = fs::read(dir.join(path.to_string())).ok().and_then(|bytes| decode_bundle(&bytes).ok());
        // What can't be read is among the findings already.
        for (at, leaf) in (index..).zip(entries.unwrap_or_default()) {
            compare(office, at, &leaf, &mut verified)?;
        }
        index = (path.index() + 1).saturating_mul(256);
    }
    Ok(verified)
}

/// The body of the job that verifies the ledger.
pub(crate) fn run_verify(ctx: &Ctx<'_>) -> Result<()> {
    let verified = verify(ctx.office(), &ctx.actor()?, |done, total| {
        ctx.progress("verifying", done, total);
        ctx.go_on()
    })?;
    for finding in &verified.findings {
        tracing::error!("The ledger is not as it should be: {finding}.");
    }
    ctx.result("leaves", verified.leaves);
    ctx.result("events", verified.events);
    ctx.result("findings", verified.findings.len() as u64);
    Ok(())
}

fn compare(office: &Office, index: u64, leaf: &[u8], verified: &mut Verified) -> Result<()> {
    match event_of(office, index, leaf)? {
        None => verified.findings.push(format!("the appliance has no event for leaf {index}")),
        Some(queued) => {
            verified.events += 1;
            if to_log(&queued.event).leaf().or_failed("write a leaf")? != leaf {
                verified
                    .findings
                    .push(format!("event {} is not what leaf {index} commits to", queued.event.id));
            }
        }
    }
    Ok(())
}

/// The event of a leaf. One that has just been appended is known by what it says: its event's row learns the number after
/// the checkpoint is written, here or in the server that runs beside.
fn event_of(office: &Office, index: u64, leaf: &[u8]) -> Result<Option<rows::Queued>> {
    let numbered = || office.office.read(|conn| rows::by_leaf(conn, index));
    if let Some(queued) = numbered()? {
        return Ok(Some(queued));
    }
    for queued in office.office.read(|conn| rows::waiting(conn, BATCH))? {
        if to_log(&queued.event).leaf().or_failed("write a leaf")? == leaf {
            return Ok(Some(queued));
        }
    }
    // It may have learnt its number between the two.
    Ok(numbered()?)
}

fn size(dir: &Path) -> Option<u64> {
    let text = fs::read_to_string(dir.join("checkpoint")).ok()?;
    text.parse::<SignedCheckpoint>().ok().map(|signed| signed.claimed().size)
}

pub(crate) fn to_log(event: &rows::Event) -> log::Event {
    log::Event {
        id: event.id,
        kind: event.kind.clone(),
        at: event.at.to_string(),
        actor: event.actor.map_or_else(|| event.account.clone(), |id| id.to_string()),
        subject: event.subject.clone(),
        detail: event.detail.clone(),
        salt: event.salt,
    }
}

fn to_api(queued: &rows::Queued, staff: &Staff) -> Result<LedgerEntry> {
    let event = &queued.event;
    let canonical = to_log(event).canonical().or_failed("write an event")?;
    let leaf = Leaf::new(event.kind.clone(), &event.salt, &canonical);
    Ok(LedgerEntry {
        index: queued.leaf.unwrap_or_default(),
        kind: event.kind.clone(),
        at: event.at,
        subject: event.subject.clone(),
        actor: staff.name(&event.account),
        commitment: leaf.commitment.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use api::Role;

    use super::*;
    use crate::{Config, authority::Names, event};

    fn office(dir: &tempfile::TempDir) -> Arc<Office> {
        let data = dir.path().join("data");
        if !data.exists() {
            Office::create(&data, "Test School", &Names::local()).unwrap();
        }
        Office::open(Config::new(data)).unwrap()
    }

    fn auditor() -> Actor {
        Actor::new(api::ids::UserId::new(), "auditor".to_owned(), "Auditor".to_owned(), vec![Role::Auditor])
    }

    fn happen(office: &Office, subject: &str) {
        office.office.write(|tx| event::queue(tx, &auditor(), "archive.checked", subject, "", &())).unwrap();
    }

    #[test]
    fn an_event_gets_a_leaf_and_a_proof_that_anybody_can_check() {
        let dir = tempfile::tempdir().unwrap();
        let office = office(&dir);
        happen(&office, "one");
        happen(&office, "two");
        let proof: ::ledger::OfflineProof =
            proof_of(&office, "archive.checked", "two", "").unwrap().parse().unwrap();
        let told = super::proof(&office, &auditor(), 1).unwrap();
        proof.verify(told.leaf.as_bytes(), &verifier_key(&office).unwrap()).unwrap();
        assert!(verify(&office, &auditor(), |_, _| Ok(())).unwrap().findings.is_empty());
    }

    #[test]
    fn an_event_whose_row_was_lost_behind_its_leaf_gets_no_second_leaf() {
        let dir = tempfile::tempdir().unwrap();
        {
            let office = office(&dir);
            happen(&office, "one");
            let queued = office.office.read(|conn| rows::waiting(conn, 1)).unwrap();
            // As if the machine had died between appending and recording.
            let leaf = to_log(&queued[0].event).leaf().unwrap();
            office.ledger.lock(&office).unwrap().append(&[leaf]).unwrap();
            // Nothing is wrong with it meanwhile.
            let verified = verify(&office, &auditor(), |_, _| Ok(())).unwrap();
            assert_eq!((verified.leaves, verified.events, verified.findings), (1, 1, Vec::new()));
        }
        let office = office(&dir);
        integrate(&office).unwrap();
        assert_eq!(head(&office, &auditor()).unwrap().size, 1);
    }

    #[test]
    fn a_leaf_without_its_event_is_found_out() {
        let dir = tempfile::tempdir().unwrap();
        let office = office(&dir);
        happen(&office, "one");
        integrate(&office).unwrap();
        let stray = log::Event::new(
            "archive.checked",
            "2026-01-01T00:00:00Z",
            "somebody",
            "two",
            serde_json::Value::Null,
        );
        office.ledger.lock(&office).unwrap().append(&[stray.leaf().unwrap()]).unwrap();
        assert_eq!(verify(&office, &auditor(), |_, _| Ok(())).unwrap().findings.len(), 1);
    }

    #[test]
    fn an_event_that_no_leaf_could_hold_is_refused_when_it_is_queued() {
        let dir = tempfile::tempdir().unwrap();
        let office = office(&dir);
        let half = serde_json::json!({ "share": 0.5 });
        let queued =
            office.office.write(|tx| event::queue(tx, &auditor(), "archive.checked", "one", "", &half));
        assert!(queued.is_err());
    }
}
