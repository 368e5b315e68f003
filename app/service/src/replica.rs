//! Replicas: the archive once more on further volumes, kept up by the appliance itself.

use std::collections::BTreeMap;
use std::path::Path;

use api::health;
use api::ids::ReplicaId;
use api::job::{Job, JobKind};
use api::{Flaw, ProblemCode, Right};
use archive::db::office::{repair as repairs, replica as rows, setting};
use archive::fixity::mend::{self, Repair};
use archive::fixity::replica::{CreateError, Fate, How, Replica, SyncError, device};
use archive::fixity::{Found, Known, Seal};
use archive::ocfl::ObjectId;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::job::{self, Ctx};
use crate::{Actor, Error, Office, Refusal as _, Result, audit, drill, event, rebuild, repair, volume};

/// The events that tell of replicas.
const ADDED: &str = "replica.added";
const REMOVED: &str = "replica.removed";
const REPAIRED: &str = "replica.repaired";
const SYNCED: &str = "replica.synced";
const VERIFIED: &str = "replica.verified";

/// The setting that tells this archive from others.
const ARCHIVE: &str = "archive.id";

/// How many objects are brought or read between two notes of how far it is.
const CHUNK: usize = 64;

/// How long a replica may be behind before it is mentioned.
pub(crate) const BEHIND: SignedDuration = SignedDuration::from_hours(24);

/// Makes a folder a replica, or takes one in that is there. What it holds is looked at when it is next brought up to date.
///
/// # Errors
///
/// Without the right `maintain_archive`; `bad-field` when the name is taken or empty, or the folder is not fit: it holds
/// something else, is a replica of another archive, lies within the data directory, or on a volume on which this
/// appliance may not keep photos.
pub fn add(office: &Office, actor: &Actor, name: &str, dir: &Path) -> Result<health::Replica> {
    actor.may(Right::MaintainArchive)?;
    let taken = office.office.read(rows::all)?;
    match name.trim() {
        "" => return Err(Error::bad_field("replica_name", Flaw::Missing)),
        trimmed if trimmed != name => return Err(Error::bad_field("replica_name", Flaw::SpacesAround)),
        _ => (),
    }
    let archive = archive_id(office)?;
    let dir = std::path::absolute(dir).or_failed("find the folder of a replica")?;
    drill::may_hold_photos(office, if dir.exists() { &dir } else { dir.parent().unwrap_or(&dir) }, "dir")?;
    if taken.iter().any(|row| row.name == name && Path::new(&row.dir) != dir) {
        return Err(Error::bad_field("replica_name", Flaw::Taken));
    }
    let replica =
        Replica::create(&dir, archive, &[&office.paths.data, office.archive.path()]).map_err(unfit)?;
    if let Some(row) = taken.iter().find(|row| row.id != replica.id() && Path::new(&row.dir) == dir) {
        return Err(Error::bad_field("dir", Flaw::NotedAs { name: row.name.clone() }));
    }
    let path = dir.to_str().ok_or_else(|| Error::bad_field("dir", Flaw::NotUtf8))?;
    office.office.write(|tx| -> Result<()> {
        let now = Timestamp::now();
        rows::insert(tx, replica.id(), name, path, now)?;
        audit::record_in(tx, actor, ADDED, Some(&replica.id().to_string()), true)?;
        event::queue(tx, actor, ADDED, replica.id(), &now.to_string(), &serde_json::json!({}))
    })?;
    let row = row(office, replica.id())?;
    to_api(office, &row, &repair::known(office)?)
}

/// Forgets a replica. Its folder stays as it is.
///
/// # Errors
///
/// Without the right `maintain_archive`; `not-found`.
pub fn remove(office: &Office, actor: &Actor, id: ReplicaId) -> Result<()> {
    actor.may(Right::MaintainArchive)?;
    office.office.write(|tx| -> Result<()> {
        if !rows::remove(tx, id)? {
            return Err(Error::not_found(ReplicaId::KIND, id));
        }
        audit::record_in(tx, actor, REMOVED, Some(&id.to_string()), true)?;
        event::queue(tx, actor, REMOVED, id, &Timestamp::now().to_string(), &serde_json::json!({}))
    })
}

/// Every replica with its state.
///
/// # Errors
///
/// Without the right `read_health`.
pub fn list(office: &Office, actor: &Actor) -> Result<Vec<health::Replica>> {
    actor.may(Right::ReadHealth)?;
    states(office)
}

pub(crate) fn states(office: &Office) -> Result<Vec<health::Replica>> {
    let rows = office.office.read(rows::all)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let known = repair::known(office)?;
    rows.iter().map(|row| to_api(office, row, &known)).collect()
}

/// Asks for a replica to be brought up to date.
///
/// # Errors
///
/// Without the right `maintain_archive`; `not-found`.
pub fn sync(office: &Office, actor: &Actor, id: ReplicaId) -> Result<Job> {
    ask(office, actor, id, JobKind::SyncReplica)
}

/// Asks for every byte of a replica to be read, and for what is damaged to be replaced.
///
/// # Errors
///
/// Without the right `maintain_archive`; `not-found`.
pub fn verify(office: &Office, actor: &Actor, id: ReplicaId) -> Result<Job> {
    ask(office, actor, id, JobKind::VerifyReplica)
}

fn ask(office: &Office, actor: &Actor, id: ReplicaId, kind: JobKind) -> Result<Job> {
    actor.may(Right::MaintainArchive)?;
    let row = row(office, id)?;
    job::enqueue(office, actor, kind, Some(row.id.to_string()), &())
}

/// Asks for every replica that is behind and can be reached to be brought up to date: called every hour, and whenever
/// something was archived.
///
/// # Errors
///
/// When the stores can't be read or a job not be recorded.
pub fn follow(office: &Office) -> Result<()> {
    let rows = office.office.read(rows::all)?;
    if rows.is_empty() {
        return Ok(());
    }
    let known = repair::known(office)?;
    for row in rows {
        if let Err(error) = opened(office, &row) {
            tracing::warn!(replica.id = %row.id, cause = ?error, "{} can't be reached and stays behind.", row.id);
            continue;
        }
        if behind(&held(office, row.id)?, &known).is_empty() {
            office.office.write(|tx| rows::set_synced(tx, row.id, Timestamp::now(), true))?;
        } else {
            job::enqueue(office, &Actor::appliance(), JobKind::SyncReplica, Some(row.id.to_string()), &())?;
        }
    }
    Ok(())
}

/// What came of a pass over a replica.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Passed {
    /// Objects it holds whole now.
    pub objects: u64,
    /// Objects it lacks, or lacks the newest version of.
    pub behind: u64,
    /// Objects that are damaged there and could not be replaced.
    pub damaged: u64,
    /// Objects that were damaged there and were replaced.
    pub repaired: u64,
}

impl Passed {
    fn figures(&self) -> BTreeMap<&'static str, u64> {
        let all = [("objects", self.objects), ("behind", self.behind), ("damaged", self.damaged)];
        all.into_iter().collect()
    }
}

/// Hears how many objects of how many a step has done, and says whether to go on.
pub type Told<'a> = &'a mut dyn FnMut(&str, u64, u64) -> bool;

/// Brings a replica up to date now: for the machine's console.
///
/// # Errors
///
/// Without the right `maintain_archive`; `not-found`; `wrong-state` when it can't be reached or `told` says to stop; when
/// it can't be written. What was brought stays, and the next pass goes on from there.
pub fn sync_now(office: &Office, actor: &Actor, id: ReplicaId, told: Told<'_>) -> Result<Passed> {
    actor.may(Right::MaintainArchive)?;
    pass_sync(office, actor, id, &Timestamp::now().to_string(), told)
}

/// Reads every byte of a replica now: for the machine's console.
///
/// # Errors
///
/// As [`sync_now`].
pub fn verify_now(office: &Office, actor: &Actor, id: ReplicaId, told: Told<'_>) -> Result<Passed> {
    actor.may(Right::MaintainArchive)?;
    pass_verify(office, actor, id, (&Timestamp::now().to_string(), Timestamp::now()), told)
}

/// Body of the job that brings a replica up to date.
pub(crate) fn run_sync(ctx: &Ctx<'_>) -> Result<()> {
    let id: ReplicaId = ctx.subject()?;
    if ctx.done_before(SYNCED, &id.to_string())? {
        return Ok(());
    }
    let passed = pass_sync(ctx.office(), &ctx.actor()?, id, &ctx.id().to_string(), &mut told(ctx))?;
    passed.figures().iter().for_each(|(name, value)| ctx.result(name, *value));
    Ok(())
}

/// Body of the job that reads every byte of a replica. What was read since it was asked for is not read again.
pub(crate) fn run_verify(ctx: &Ctx<'_>) -> Result<()> {
    let id: ReplicaId = ctx.subject()?;
    if ctx.done_before(VERIFIED, &id.to_string())? {
        return Ok(());
    }
    let reference = ctx.id().to_string();
    let passed = pass_verify(ctx.office(), &ctx.actor()?, id, (&reference, ctx.created()), &mut told(ctx))?;
    passed.figures().iter().for_each(|(name, value)| ctx.result(name, *value));
    Ok(())
}

fn told<'a>(ctx: &'a Ctx<'_>) -> impl FnMut(&str, u64, u64) -> bool + 'a {
    |step, done, total| {
        ctx.progress(step, done, total);
        !ctx.cancelled()
    }
}

fn pass_sync(
    office: &Office,
    actor: &Actor,
    id: ReplicaId,
    reference: &str,
    told: Told<'_>,
) -> Result<Passed> {
    let (replica, mut passed) = (open(office, id)?, Passed::default());
    settle(office, &replica)?;
    let known = repair::known(office)?;
    let wanted = behind(&held(office, id)?, &known);
    let total = wanted.len() as u64;
    let (mut done, mut hurt) = (0, Vec::new());
    for chunk in wanted.chunks(CHUNK) {
        if !told("copying", done, total) {
            return Err(rebuild::stopped());
        }
        let (fates, mended) = replica.bring(&office.archive, chunk).map_err(unwritable)?;
        note(office, actor, &replica, &fates, &mended, &known)?;
        passed.repaired += mended.len() as u64;
        let not_whole = fates.iter().filter(|(_, fate)| *fate == Fate::NotWhole);
        hurt.extend(not_whole.filter_map(|(object, _)| known.get(object).cloned()));
        done += chunk.len() as u64;
    }
    told("copying", done, total);
    // What could not be copied for being damaged may be whole at another replica; the next pass brings it here.
    repair::mend(office, actor, &hurt)?;
    end(office, actor, id, (SYNCED, reference), passed, |tx, passed| {
        Ok(rows::set_synced(tx, id, Timestamp::now(), passed.behind == 0)?)
    })
}

fn pass_verify(
    office: &Office,
    actor: &Actor,
    id: ReplicaId,
    (reference, since): (&str, Timestamp),
    told: Told<'_>,
) -> Result<Passed> {
    let (replica, mut passed) = (open(office, id)?, Passed::default());
    settle(office, &replica)?;
    let known = repair::known(office)?;
    let all = held(office, id)?;
    let total = all.len() as u64;
    let unread: Vec<&rows::Held> =
        all.values().filter(|held| held.verified.is_none_or(|at| at < since)).collect();
    let mut done = total - unread.len() as u64;
    for chunk in unread.chunks(CHUNK) {
        let mut read = Vec::with_capacity(chunk.len());
        for held in chunk {
            if !told("reading", done, total) {
                return Err(rebuild::stopped());
            }
            read.push(read_back(&replica, held));
            done += 1;
        }
        let (whole, hurt): (Vec<_>, Vec<_>) = read.into_iter().partition(|held| held.intact);
        office.office.write(|tx| whole.iter().try_for_each(|held| rows::set_held(tx, id, held)))?;
        for held in hurt {
            passed.repaired += u64::from(put_right(office, actor, &replica, &held, &known)?);
        }
    }
    told("reading", done, total);
    end(office, actor, id, (VERIFIED, reference), passed, |tx, _| {
        Ok(rows::set_verified(tx, id, Timestamp::now())?)
    })
}

/// Replaces a damaged object of a replica by the archive's own. If that is no better, the damage is written down.
fn put_right(
    office: &Office,
    actor: &Actor,
    replica: &Replica,
    hurt: &rows::Held,
    known: &BTreeMap<ObjectId, Known>,
) -> Result<bool> {
    if let Some(wanted) = known.get(&hurt.object) {
        let replaced = replica.replace(&office.archive, wanted);
        let (fate, repair) = replaced.or_failed("replace a damaged object of a replica")?;
        if matches!(fate, Fate::Kept { .. }) {
            let repairs: Vec<_> = repair.into_iter().collect();
            note(office, actor, replica, &[(hurt.object, fate)], &repairs, known)?;
            return Ok(true);
        }
    }
    office.office.write(|tx| rows::set_held(tx, replica.id(), hurt))?;
    Ok(false)
}

/// Reads an object at the replica and says what it holds by now.
fn read_back(replica: &Replica, held: &rows::Held) -> rows::Held {
    let seal = Seal { version: held.version, inventory: held.inventory.clone() };
    let known = Known { object: held.object, version: held.version, seal: Some(seal) };
    let found = replica.look(&known);
    if !found.is_whole() {
        let object = held.object;
        tracing::error!(replica.id = %replica.id(), object.id = %object, "{object} is damaged at {}.", replica.id());
    }
    let read = rows::Held { verified: Some(Timestamp::now()), intact: found.is_whole(), ..held.clone() };
    match found {
        Found::Whole(whole) => rows::Held { version: whole.version, inventory: whole.inventory, ..read },
        Found::Hurt(_) | Found::Gone => read,
    }
}

/// Writes down what a replica holds of some objects now, and what was repaired there.
fn note(
    office: &Office,
    actor: &Actor,
    replica: &Replica,
    fates: &[(ObjectId, Fate)],
    mended: &[Repair],
    known: &BTreeMap<ObjectId, Known>,
) -> Result<()> {
    let (now, id) = (Timestamp::now(), replica.id());
    let mut sealed = Vec::new();
    let held: Vec<rows::Held> = fates
        .iter()
        .filter_map(|(object, fate)| {
            let Fate::Kept { version, inventory, how } = fate else { return None };
            let seal = Seal { version: *version, inventory: inventory.clone() };
            sealed.extend(known.get(object).map(|known| (known.clone(), seal)));
            let was_read = *how == How::Found || mended.iter().any(|repair| repair.object == *object);
            let verified = was_read.then_some(now);
            Some(rows::Held {
                object: *object,
                version: *version,
                inventory: inventory.clone(),
                verified,
                intact: true,
            })
        })
        .collect();
    office.office.write(|tx| held.iter().try_for_each(|held| rows::set_held(tx, id, held)))?;
    mended.iter().try_for_each(|repair| record(office, actor, id, repair))?;
    repair::seal(office, &sealed)
}

fn record(office: &Office, actor: &Actor, id: ReplicaId, repair: &Repair) -> Result<()> {
    office.office.write(|tx| -> Result<()> {
        if !repairs::insert(tx, &id.to_string(), repair)? {
            return Ok(());
        }
        let detail = serde_json::json!({
            "object": repair.object, "version": repair.version, "inventory": repair.inventory, "kept": repair.name,
        });
        audit::record_in(tx, actor, REPAIRED, Some(&id.to_string()), true)?;
        event::queue(tx, actor, REPAIRED, id, &repair.name, &detail)
    })
}

/// Writes down repairs of a replica that were done before a crash.
fn settle(office: &Office, replica: &Replica) -> Result<()> {
    let is_known = |name: &str| office.office.read(|conn| repairs::is_known(conn, name)).unwrap_or(false);
    let left = mend::settle(replica.root(), &replica.quarantine(), &is_known)
        .or_failed("read the quarantine of a replica")?;
    left.iter().try_for_each(|repair| record(office, &Actor::appliance(), replica.id(), repair))
}

/// Counts what a replica holds at the end of a pass and tells of it.
fn end(
    office: &Office,
    actor: &Actor,
    id: ReplicaId,
    (kind, reference): (&str, &str),
    passed: Passed,
    also: impl FnOnce(&archive::db::Transaction<'_>, &Passed) -> Result<()>,
) -> Result<Passed> {
    let held = held(office, id)?;
    let damaged = held.values().filter(|held| !held.intact).count() as u64;
    let behind = behind(&held, &repair::known(office)?).len() as u64;
    let passed = Passed { objects: held.len() as u64 - damaged, behind, damaged, ..passed };
    office.office.write(|tx| -> Result<()> {
        also(tx, &passed)?;
        audit::record_in(tx, actor, kind, Some(&id.to_string()), true)?;
        event::queue(tx, actor, kind, id, reference, &passed.figures())
    })?;
    Ok(passed)
}

/// What a replica lacks: objects, versions, and what is damaged there.
fn behind(held: &BTreeMap<ObjectId, rows::Held>, known: &BTreeMap<ObjectId, Known>) -> Vec<Known> {
    let lacks = |known: &&Known| {
        held.get(&known.object).is_none_or(|held| held.version < known.version || !held.intact)
    };
    known.values().filter(lacks).cloned().collect()
}

fn held(office: &Office, id: ReplicaId) -> Result<BTreeMap<ObjectId, rows::Held>> {
    let held = office.office.read(|conn| rows::held(conn, id))?;
    Ok(held.into_iter().map(|held| (held.object, held)).collect())
}

fn row(office: &Office, id: ReplicaId) -> Result<rows::Replica> {
    office.office.read(|conn| rows::by_id(conn, id))?.ok_or_else(|| Error::not_found(ReplicaId::KIND, id))
}

/// Every replica that is there, with its row.
pub(crate) fn reachable(office: &Office) -> Result<Vec<(rows::Replica, Replica)>> {
    let rows = office.office.read(rows::all)?;
    let mut there = Vec::new();
    for row in rows {
        match opened(office, &row) {
            Ok(replica) => there.push((row, replica)),
            Err(error) => {
                tracing::warn!(replica.id = %row.id, cause = ?error, "{} can't be reached.", row.id)
            }
        }
    }
    Ok(there)
}

fn opened(office: &Office, row: &rows::Replica) -> Result<Replica> {
    Replica::open(Path::new(&row.dir), row.id, archive_id(office)?).or_failed("open a replica")
}

/// A replica that must be there.
fn open(office: &Office, id: ReplicaId) -> Result<Replica> {
    let row = row(office, id)?;
    opened(office, &row).map_err(|error| {
        tracing::warn!(replica.id = %id, cause = ?error, "{id} can't be reached.");
        let params = [
            ("kind", ReplicaId::KIND.to_owned()),
            ("id", id.to_string()),
            ("state", "unreachable".to_owned()),
        ];
        Error::refused(ProblemCode::WrongState, params)
    })
}

/// What tells this archive from others, drawn when it is first asked for.
fn archive_id(office: &Office) -> Result<Uuid> {
    let read = |text: String| text.parse::<Uuid>().or_failed("read the archive's id");
    if let Some(text) = office.office.read(|conn| setting::get(conn, ARCHIVE))? {
        return read(text);
    }
    let text = office.office.write(|tx| -> Result<String> {
        if let Some(text) = setting::get(tx, ARCHIVE)? {
            return Ok(text);
        }
        let text = Uuid::new_v4().to_string();
        setting::set(tx, ARCHIVE, &text)?;
        Ok(text)
    })?;
    read(text)
}

/// The medium a replica lies on, for a certificate; nothing if it is the archive's own or can't be told.
pub(crate) fn medium(office: &Office, replica: &Replica) -> Option<String> {
    let (own, there) = (device(office.archive.path()).ok()?, replica.device().ok()?);
    let number = format!("device {}:{}", rustix::fs::major(there), rustix::fs::minor(there));
    (own != there).then_some(number)
}

fn to_api(
    office: &Office,
    row: &rows::Replica,
    known: &BTreeMap<ObjectId, Known>,
) -> Result<health::Replica> {
    let there = opened(office, row).ok();
    let held = held(office, row.id)?;
    let damaged = held.values().filter(|held| !held.intact).count() as u64;
    let behind = behind(&held, known).len() as u64;
    let state = match (&there, row.synced) {
        (None, _) => "unreachable",
        _ if damaged > 0 => "damaged",
        (Some(_), None) => "never_synced",
        (Some(_), Some(_)) if behind > 0 => "behind",
        (Some(_), Some(_)) => "current",
    };
    Ok(health::Replica {
        id: row.id,
        name: row.name.clone(),
        dir: row.dir.clone(),
        state: state.to_owned(),
        objects: held.len() as u64 - damaged,
        behind,
        damaged,
        synced: row.synced,
        current: row.current,
        verified: row.verified,
        late: behind > 0 && Timestamp::now().duration_since(row.current.unwrap_or(row.added)) > BEHIND,
        free_bytes: there.as_ref().and_then(|there| volume::free_bytes(there.dir()).ok()),
        other_device: there.as_ref().map(|there| medium(office, there).is_some()),
    })
}

fn unfit(error: CreateError) -> Error {
    match error {
        CreateError::Target(_) | CreateError::Lost(_) => Error::bad_field("dir", Flaw::cause(chain(&error))),
        CreateError::Io { .. } => Error::failed("make a replica", error),
    }
}

/// An error with its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn unwritable(error: SyncError) -> Error {
    Error::failed("write a replica", error)
}

#[cfg(test)]
mod tests;
