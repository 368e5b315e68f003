//! The archive in figures, and the check of its every byte.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Instant,
};

use api::health::{ArchiveHealth, FixityCheck};
use api::{Right, job::Job, job::JobKind};
use archive::{
    db::{catalog, office::fixity_check},
    fixity::{self, FixityReport, Known, Seal, Standing},
    ocfl::ObjectId,
};
use bag::Finding;
use fs_err as fs;
use jiff::Timestamp;
use serde::Serialize;

use crate::job::Ctx;
use crate::repair::Mending;
use crate::{Actor, Office, Refusal as _, Result, audit, drill, event, job, patrol, repair, replica};

/// The event that tells of a check, and what it is about.
const CHECKED: &str = "archive.checked";
const ARCHIVE: &str = "archive";

/// The archive in figures, as the catalog and past checks tell.
///
/// # Errors
///
/// Without the right `read_health`.
pub fn archive(office: &Office, actor: &Actor) -> Result<ArchiveHealth> {
    actor.may(Right::ReadHealth)?;
    let checks: Vec<_> =
        office.office.read(|conn| fixity_check::latest(conn, 60))?.into_iter().map(check_to_api).collect();
    let free_bytes = crate::volume::free_bytes(&office.paths.data).or_failed("ask for free space")?;
    let people = office.catalog.read(catalog::person::count)?;
    let last_drill = drill::last(office)?;
    let (replicas, repairs, patrol) =
        (replica::states(office)?, repair::latest(office)?, patrol::state(office)?);
    office.catalog.read(|conn| {
        let totals = catalog::object::totals(conn)?;
        let index_behind = catalog::to_index::count(conn)?;
        Ok(ArchiveHealth {
            objects: totals.objects,
            dossiers: catalog::object::count(conn, catalog::object::ObjectKind::Dossier)?,
            photos: catalog::photo::count(conn)?,
            diplomas: catalog::diploma::count(conn)?,
            bytes: totals.bytes,
            last_check: checks.first().cloned(),
            checks: checks.clone(),
            last_drill,
            replicas,
            repairs,
            patrol,
            indexed: people.saturating_sub(index_behind),
            index_behind,
            free_bytes,
        })
    })
}

/// Asks for every byte of the archive to be read and compared with its digest.
///
/// # Errors
///
/// Without the right `maintain_archive`.
pub fn check(office: &Office, actor: &Actor) -> Result<Job> {
    actor.may(Right::MaintainArchive)?;
    job::enqueue(office, actor, JobKind::CheckArchive, None, &())
}

/// What a check found, and where it found fault.
#[derive(Debug)]
pub struct Checked {
    /// The figures.
    pub check: FixityCheck,
    /// Every fault.
    pub faults: Vec<Fault>,
    /// What came of repairing what was at fault.
    pub mending: Mending,
}

/// One thing that is not as it was kept. Names no person: paths in the archive are made of random ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The object, `urn:uuid:…`; nothing if it can't be told whose file it is.
    pub object: Option<String>,
    /// The file, seen from the archive's folder.
    pub path: String,
    /// Code of the OCFL specification, or `object-missing`.
    pub code: String,
    /// What is wrong, in English.
    pub text: String,
}

/// Reads every byte now: for the machine's console. `told` hears how many objects are read, and how many there are.
///
/// # Errors
///
/// Without the right `maintain_archive`; when the result can't be kept.
pub fn check_now(office: &Office, actor: &Actor, told: &(dyn Fn(u64, u64) + Sync)) -> Result<Checked> {
    actor.may(Right::MaintainArchive)?;
    let began = Instant::now();
    // Bytes come before rows: what is known now, the archive holds when it is read.
    let known = repair::known(office)?;
    let mut report = fixity::check(
        &office.archive,
        threads(),
        &|progress| told(progress.checked as u64, progress.total as u64),
        &AtomicBool::new(false),
    );
    report.hold_to(&office.archive, &known);
    let faults = faults(&report, &vanished(&report, &known));
    let (check, mending) = keep(office, actor, &report, &known, began, &Timestamp::now().to_string())?;
    Ok(Checked { check, faults, mending })
}

fn faults(report: &FixityReport, vanished: &[ObjectId]) -> Vec<Fault> {
    let fault = |object: Option<ObjectId>, place: &str, finding: &Finding| Fault {
        object: object.map(|object| object.to_string()),
        path: [place, &finding.path]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("/"),
        code: finding.code.clone().into_owned(),
        text: finding.text.clone(),
    };
    let frame = report.frame.errors().map(|finding| fault(None, "", finding));
    let within = report.casualties.iter().flat_map(|casualty| {
        casualty.report.errors().map(|finding| fault(casualty.object, &casualty.place, finding))
    });
    let gone = vanished.iter().map(|object| Fault {
        object: Some(object.to_string()),
        path: String::new(),
        code: "object-missing".to_owned(),
        text: "the catalog knows this object and the archive does not hold it".to_owned(),
    });
    frame.chain(within).chain(gone).collect()
}

/// The body of the job that checks the archive. A check that was interrupted is no check: nothing of it is kept.
pub(crate) fn run_check(ctx: &Ctx<'_>) -> Result<()> {
    if ctx.done_before(CHECKED, ARCHIVE)? {
        return Ok(());
    }
    let began = Instant::now();
    let stop = AtomicBool::new(false);
    let told = |progress: fixity::Progress| {
        ctx.progress("reading", progress.checked as u64, progress.total as u64);
        stop.fetch_or(ctx.cancelled(), Ordering::Relaxed);
    };
    let known = repair::known(ctx.office())?;
    let mut report = fixity::check(&ctx.office().archive, threads(), &told, &stop);
    ctx.go_on()?;
    report.hold_to(&ctx.office().archive, &known);
    let (check, _) = keep(ctx.office(), &ctx.actor()?, &report, &known, began, &ctx.id().to_string())?;
    for (name, value) in [
        ("intact", check.intact),
        ("damaged", check.damaged),
        ("unreadable", check.unreadable),
        ("repaired", check.repaired),
        ("bytes", check.bytes),
    ] {
        ctx.result(name, value);
    }
    Ok(())
}

/// Half of the processors: to read everything takes hours, and others work beside it.
pub(crate) fn threads() -> NonZeroUsize {
    let half = thread::available_parallelism().map_or(1, NonZeroUsize::get) / 2;
    NonZeroUsize::new(half).unwrap_or(NonZeroUsize::MIN)
}

/// Repairs what a check found damaged, as far as a replica holds it whole, and keeps what was found, with a word to the
/// audit trail and the ledger. `reference` tells checks apart.
fn keep(
    office: &Office,
    actor: &Actor,
    report: &FixityReport,
    known: &BTreeMap<ObjectId, Known>,
    began: Instant,
    reference: &str,
) -> Result<(FixityCheck, Mending)> {
    let gone = vanished(report, known);
    let found = figures(office, report, gone.len());
    let hurt: Vec<Known> =
        known.values().filter(|known| !report.intact.contains(&known.object)).cloned().collect();
    let mending = repair::mend(office, actor, &hurt)?;
    let repaired = mending.repaired();
    let now = if repaired.is_empty() { report.clone() } else { report.repaired(&office.archive, &repaired) };
    let still_gone = vanished(&now, known);
    let left = if repaired.is_empty() { found } else { figures(office, &now, still_gone.len()) };
    let check = fixity_check::FixityCheck {
        at: Timestamp::now(),
        ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        repaired: (found.damaged + found.unreadable).saturating_sub(left.damaged + left.unreadable),
        ..found
    };
    if left.damaged + left.unreadable > 0 {
        tracing::error!(damaged = left.damaged, unreadable = left.unreadable, "The archive is not intact.");
    }
    seal_whole(office, &now, known)?;
    let still_hurt = now.casualties.iter().filter_map(|casualty| casualty.object).chain(still_gone);
    let judged = now.intact.iter().map(|id| (*id, true)).chain(still_hurt.map(|id| (id, false)));
    office.office.write(|tx| -> Result<()> {
        fixity_check::insert(tx, &check)?;
        for (id, intact) in judged {
            fixity_check::set_object(tx, id, check.at, intact)?;
        }
        audit::record_in(tx, actor, "archive.checked", None, true)?;
        let detail = serde_json::json!({
            "intact": check.intact, "damaged": check.damaged, "unreadable": check.unreadable,
            "repaired": check.repaired, "bytes": check.bytes,
        });
        event::queue(tx, actor, CHECKED, ARCHIVE, reference, &detail)
    })?;
    Ok((check_to_api(check), mending))
}

/// Seals what was read whole and bears no seal of its newest version yet.
fn seal_whole(office: &Office, report: &FixityReport, known: &BTreeMap<ObjectId, Known>) -> Result<()> {
    let unsealed = |known: &&Known| {
        report.intact.contains(&known.object)
            && known.seal.as_ref().is_none_or(|seal| seal.version < known.version)
    };
    let seal = |known: &Known| {
        let object = office.archive.object(known.object).ok().flatten()?;
        let inventory = object.inventory_digest_at(known.version).ok().flatten()?;
        Some((known.clone(), Seal { version: known.version, inventory }))
    };
    let whole: Vec<_> = known.values().filter(unsealed).filter_map(seal).collect();
    repair::seal(office, &whole)
}

/// Objects that are known and that the check did not meet, although nobody may remove an object.
fn vanished(report: &FixityReport, known: &BTreeMap<ObjectId, Known>) -> Vec<ObjectId> {
    let met: BTreeSet<_> =
        report.intact.iter().copied().chain(report.casualties.iter().filter_map(|c| c.object)).collect();
    known.keys().filter(|object| !met.contains(object)).copied().collect()
}

/// Files counted by what was found of them. A vanished object counts as one damaged file: nobody knows how many it had.
fn figures(office: &Office, report: &FixityReport, vanished: usize) -> fixity_check::FixityCheck {
    let root = office.archive.path();
    let mut sum = fixity_check::FixityCheck {
        at: Timestamp::UNIX_EPOCH,
        intact: 0,
        damaged: (report.frame.errors().count() + vanished) as u64,
        unreadable: 0,
        repaired: 0,
        bytes: 0,
        ms: 0,
    };
    for id in &report.intact {
        match size(&root.join(office.archive.folder(*id))) {
            Ok((files, bytes)) => {
                sum.intact += files;
                sum.bytes += bytes;
            }
            Err(error) => {
                sum.unreadable += 1;
                tracing::error!(object.id = %id, %error, "{id} was intact and can't be measured any more: {error}.");
            }
        }
    }
    for casualty in &report.casualties {
        let (files, bytes) = size(&root.join(&casualty.place)).unwrap_or_default();
        let bad = casualty.report.errors().map(|finding| finding.path.as_str()).collect::<BTreeSet<_>>().len()
            as u64;
        sum.intact += files.saturating_sub(bad);
        sum.bytes += bytes;
        match casualty.standing {
            Standing::Damaged => sum.damaged += bad,
            Standing::Unreadable => sum.unreadable += bad,
        }
        tracing::error!(place = casualty.place, bad, "The object in {} is not intact.", casualty.place);
    }
    sum
}

/// Files and bytes below a folder.
fn size(dir: &Path) -> std::io::Result<(u64, u64)> {
    let (mut files, mut bytes) = (0, 0);
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let (more_files, more_bytes) =
            if kind.is_dir() { size(&entry.path())? } else { (1, entry.metadata()?.len()) };
        files += more_files;
        bytes += more_bytes;
    }
    Ok((files, bytes))
}

/// Asks for catalog and index to be rebuilt from the archive's files.
///
/// # Errors
///
/// Without the right `maintain_archive`.
pub fn rebuild(office: &Office, actor: &Actor) -> Result<Job> {
    actor.may(Right::MaintainArchive)?;
    job::enqueue(office, actor, JobKind::Rebuild, None, &())
}

fn check_to_api(check: fixity_check::FixityCheck) -> FixityCheck {
    FixityCheck {
        at: check.at,
        intact: check.intact,
        damaged: check.damaged,
        unreadable: check.unreadable,
        repaired: check.repaired,
        bytes: check.bytes,
        ms: check.ms,
    }
}
