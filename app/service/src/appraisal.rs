//! 四性检测: the check of DA/T 70-2018, of all of the archive or a part of it, and its reports.

use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use api::appraisal::{self as wire, Appraise};
use api::ids::{AppraisalId, DeliveryId, PersonId};
use api::job::{Job, JobKind};
use api::{Flaw, Right, Timestamp};
use archive::appraisal::{self, Chain, Environment, Evidence, Scanner, Scheme};
use archive::db::catalog::{object, object::ObjectKind};
use archive::db::office::{appraisal as rows, delivery as deliveries, event as events};
use archive::delivery::State;
use archive::dossier::Holdings;
use archive::ocfl::{ObjectId, SafePath, Source};
use serde::{Deserialize, Serialize};

use crate::job::Ctx;
use crate::{Actor, Error, Office, Refusal as _, Result, audit, dossier, event, job, ledger, rebuild};

pub use archive::appraisal::{AppraisalReport, Item, Property, Scope, Verdict};

/// The event that tells of a check.
const APPRAISED: &str = "archive.appraised";
/// The file of a delivery's object that holds the report of its accession.
const KEPT_AS: &str = "appraisal.json";
/// So often a ledger in which something seems wrong is looked at, and so long after each other.
const LOOKS: u32 = 5;
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
/// How many checks a list shows.
const LIST: u32 = 200;

/// What a job is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Asked {
    scope: Scope,
    environment: Environment,
}

/// Asks for a check of all of the archive, an object or a delivery.
///
/// # Errors
///
/// Without the right `appraise_archive`; `bad-field` when both or no id is given; `not-found`.
pub fn ask(office: &Office, actor: &Actor, wanted: &Appraise) -> Result<Job> {
    actor.may(Right::AppraiseArchive)?;
    let scope = scope(wanted)?;
    there_is(office, scope)?;
    enqueue(office, actor, Asked { scope, environment: Environment::Preservation })
}

fn enqueue(office: &Office, actor: &Actor, asked: Asked) -> Result<Job> {
    let subject = match asked.scope {
        Scope::Archive => None,
        part => Some(rows::subject(part)),
    };
    job::enqueue(office, actor, JobKind::Appraise, subject, &asked)
}

/// Asks for the check at accession of a delivery that was just accepted, unless there is one already.
pub(crate) fn at_accession(office: &Office, actor: &Actor, delivery: DeliveryId) -> Result<()> {
    let scope = Scope::Delivery(delivery);
    let kept = office.office.read(|conn| rows::latest(conn, Some(&rows::subject(scope)), LIST))?;
    let environment = Environment::Accession;
    if kept.iter().all(|kept| kept.environment != environment.word()) {
        enqueue(office, actor, Asked { scope, environment })?;
    }
    Ok(())
}

/// Asks for the check at accession of every accepted delivery that has had none, at a start: whoever should have asked for it
/// was killed, or had no room for asking.
///
/// # Errors
///
/// When the office can't be read or written.
pub fn catch_up(office: &Office) -> Result<()> {
    let accepted = office.office.read(|conn| deliveries::in_state(conn, State::Accepted))?;
    accepted.into_iter().try_for_each(|delivery| at_accession(office, &Actor::appliance(), delivery.id))
}

/// What is meant by a request.
///
/// # Errors
///
/// `bad-field` when an object and a delivery are named, or the object's id is none.
pub fn scope(wanted: &Appraise) -> Result<Scope> {
    match (&wanted.object, wanted.delivery) {
        (None, None) => Ok(Scope::Archive),
        (None, Some(delivery)) => Ok(Scope::Delivery(delivery)),
        (Some(_), Some(_)) => Err(Error::bad_field("object", Flaw::ObjectAndDelivery)),
        (Some(text), None) => {
            let person = text.parse::<PersonId>().map(|person| ObjectId::from(person.uuid())).ok();
            let object = person.or_else(|| text.parse().ok());
            object.map(Scope::Object).ok_or_else(|| Error::bad_field("object", Flaw::NotAnObject))
        }
    }
}

fn there_is(office: &Office, scope: Scope) -> Result<()> {
    let id = match scope {
        Scope::Archive => return Ok(()),
        Scope::Object(object) => object,
        Scope::Delivery(delivery) => ObjectId::from(delivery.uuid()),
    };
    match office.catalog.read(|conn| object::kind(conn, id))? {
        None => Err(missing(id)),
        Some(kind) if kind != ObjectKind::Delivery && matches!(scope, Scope::Delivery(_)) => Err(missing(id)),
        Some(_) => Ok(()),
    }
}

fn missing(id: ObjectId) -> Error {
    Error::not_found("object", id)
}

/// A check that was done and kept.
#[derive(Debug)]
pub struct Done {
    /// Its id.
    pub id: AppraisalId,
    /// The report.
    pub report: AppraisalReport,
    /// The SHA-256 of its canonical JSON, hex.
    pub sha256: String,
}

/// Checks now: for the machine's console. `told` hears how many objects of how many are read.
///
/// Nothing of the archive is written, so the appliance may serve meanwhile. Once `stop` says so, the check ends soon and
/// is none.
///
/// # Errors
///
/// Without the right `appraise_archive`; `not-found`; `wrong-state` when stopped; when the result can't be kept.
pub fn now(
    office: &Office,
    actor: &Actor,
    scope: Scope,
    told: &(dyn Fn(u64, u64) + Sync),
    stop: appraisal::Stop<'_>,
) -> Result<Done> {
    actor.may(Right::AppraiseArchive)?;
    let asked = Asked { scope, environment: Environment::Preservation };
    let report = examine(office, asked, told, stop)?;
    let reference = AppraisalId::new().to_string();
    keep(office, actor, report, &reference)
}

/// The body of the job. One that was interrupted is no check: nothing of it is kept.
pub(crate) fn run(ctx: &Ctx<'_>) -> Result<()> {
    let (office, asked) = (ctx.office(), ctx.params::<Asked>()?);
    let (subject, reference) = (rows::subject(asked.scope), ctx.id().to_string());
    let before = office.office.read(|conn| events::by_key(conn, APPRAISED, &subject, &reference))?;
    if let Some(before) = before {
        for (name, value) in before.event.detail.as_object().into_iter().flatten() {
            value.as_u64().into_iter().for_each(|value| ctx.result(name, value));
        }
        return Ok(());
    }
    let told = |done, total| ctx.progress("reading", done, total);
    let report = match archived(office, asked)? {
        Some(report) => report,
        None => examine(office, asked, &told, &|| ctx.cancelled())?,
    };
    ctx.go_on()?;
    let done = keep(office, &ctx.actor()?, report, &reference)?;
    figures(&done.report).into_iter().for_each(|(name, value)| ctx.result(name, value));
    Ok(())
}

fn examine(
    office: &Office,
    asked: Asked,
    told: &(dyn Fn(u64, u64) + Sync),
    stop: appraisal::Stop<'_>,
) -> Result<AppraisalReport> {
    let scheme = Scheme::built_in().or_failed("read the metadata scheme")?;
    let evidence = Evidence {
        root: &office.archive,
        catalog: &office.catalog,
        office: &office.office,
        chain: chain(office, stop)?,
        school: Some(office.keys.school.verifying_key()),
        scanner: Scanner::installed(),
        scheme: &scheme,
        now: Timestamp::now(),
    };
    let threads: NonZeroUsize = crate::health::threads();
    appraisal::appraise(&evidence, asked.scope, asked.environment, threads, told, stop).map_err(refusal)
}

/// The ledger, computed anew and compared with what the appliance knows.
///
/// A leaf is in the ledger a moment before the appliance notes which: what seems wrong is looked at again.
fn chain(office: &Office, stop: appraisal::Stop<'_>) -> Result<Chain> {
    // The right was checked when the check was asked for; to look at the ledger is part of it.
    let mut examiner = Actor::appliance();
    examiner.rights.insert(Right::ReadLedger);
    let told = |_, _| if stop() { Err(rebuild::stopped()) } else { Ok(()) };
    let mut verified = ledger::verify(office, &examiner, told)?;
    for _ in 1..LOOKS {
        if verified.findings.is_empty() {
            break;
        }
        thread::sleep(BETWEEN_LOOKS);
        verified = ledger::verify(office, &examiner, told)?;
    }
    Ok(Chain { leaves: verified.leaves, findings: verified.findings })
}

fn refusal(error: appraisal::Error) -> Error {
    match error {
        appraisal::Error::Stopped => rebuild::stopped(),
        appraisal::Error::NoObject(id) => missing(id),
        error => Error::failed("check the archive by DA/T 70", error),
    }
}

fn figures(report: &AppraisalReport) -> [(&'static str, u64); 5] {
    [
        ("objects", report.objects),
        ("passed", report.count(Verdict::Passed)),
        ("failed", report.count(Verdict::Failed)),
        ("not_testable", report.count(Verdict::NotTestable)),
        ("vetoes", report.vetoes()),
    ]
}

/// Keeps a report, with a word to the audit trail and the ledger. That of an accession stays with what was accepted, in the
/// archive itself.
fn keep(office: &Office, actor: &Actor, report: AppraisalReport, reference: &str) -> Result<Done> {
    let (document, hash) = report.document().or_failed("write the report of a check")?;
    if let (Scope::Delivery(delivery), Environment::Accession) = (report.scope, report.environment) {
        archive(office, actor, delivery, &document, report.ended)?;
    }
    let document = String::from_utf8(document).or_failed("write the report of a check")?;
    let (id, sha256, subject) = (AppraisalId::new(), hash.to_string(), rows::subject(report.scope));
    let mut detail: serde_json::Map<_, _> =
        figures(&report).into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    detail.insert("appraisal".to_owned(), id.to_string().into());
    detail.insert("report".to_owned(), sha256.clone().into());
    office.office.write(|tx| -> Result<()> {
        rows::insert(tx, id, &actor.account, &report, &document, &sha256)?;
        audit::record_in(tx, actor, APPRAISED, Some(&id.to_string()), true)?;
        event::queue(tx, actor, APPRAISED, &subject, reference, &detail)
    })?;
    let failed = report.count(Verdict::Failed);
    tracing::info!(appraisal.id = %id, failed, "Checked {subject} by DA/T 70: {failed} items failed.");
    Ok(Done { id, report, sha256 })
}

/// The report of an accession that a run kept in the archive and was killed before it could tell of it.
fn archived(office: &Office, asked: Asked) -> Result<Option<AppraisalReport>> {
    let (Scope::Delivery(delivery), Environment::Accession) = (asked.scope, asked.environment) else {
        return Ok(None);
    };
    let object =
        office.archive.object(ObjectId::from(delivery.uuid())).or_failed("read a delivery's object")?;
    let name = SafePath::new(KEPT_AS).or_failed("name the report of a check")?;
    let Some(object) = object.filter(|object| object.digest(&name).is_some()) else { return Ok(None) };
    let document = object.read(&name).or_failed("read the report of an accession")?;
    serde_json::from_slice(&document).map(Some).or_failed("read the report of an accession")
}

/// Keeps the report of an accession in the delivery's object.
fn archive(
    office: &Office,
    actor: &Actor,
    delivery: DeliveryId,
    document: &[u8],
    at: Timestamp,
) -> Result<()> {
    let name = SafePath::new(KEPT_AS).or_failed("name the report of a check")?;
    let by = dossier::archive_user(office, actor);
    Holdings::new(&office.archive, &office.catalog)
        .keep_object(
            ObjectId::from(delivery.uuid()),
            vec![(name, Source::Bytes(document.to_vec()))],
            "appraised",
            &by,
            at,
        )
        .or_failed("keep the report of a check with its delivery")?;
    dossier::announce(office)
}

/// The last checks, newest first, of one subject (`archive`, an object's or a delivery's id) or of all.
///
/// # Errors
///
/// Without the right `read_health`.
pub fn list(office: &Office, actor: &Actor, subject: Option<&str>) -> Result<Vec<wire::Appraisal>> {
    actor.may(Right::ReadHealth)?;
    let rows = office.office.read(|conn| rows::latest(conn, subject, LIST))?;
    Ok(rows.into_iter().map(to_api).collect())
}

/// One check with every item.
///
/// # Errors
///
/// Without the right `read_health`; `not-found`.
pub fn get(office: &Office, actor: &Actor, id: AppraisalId) -> Result<wire::AppraisalReport> {
    actor.may(Right::ReadHealth)?;
    let row = office.office.read(|conn| rows::get(conn, id))?;
    let (row, document) = row.ok_or_else(|| Error::not_found(AppraisalId::KIND, id))?;
    let report: AppraisalReport = serde_json::from_str(&document).or_failed("read the report of a check")?;
    report_to_api(office, to_api(row), &report)
}

fn to_api(row: rows::Appraisal) -> wire::Appraisal {
    wire::Appraisal {
        id: row.id,
        subject: row.subject,
        environment: row.environment,
        began: row.began,
        ended: row.ended,
        by: row.account,
        objects: row.objects,
        passed: row.passed,
        failed: row.failed,
        not_testable: row.not_testable,
        vetoes: row.vetoes,
        sha256: row.sha256,
    }
}

fn report_to_api(
    office: &Office,
    appraisal: wire::Appraisal,
    report: &AppraisalReport,
) -> Result<wire::AppraisalReport> {
    let items = report.rows.iter().map(|row| {
        let failing = row.failing.iter().map(|fault| {
            let subject = fault.object.map(|object| subject_of(office, object)).transpose()?;
            Ok(wire::AppraisalFault { subject, place: fault.place.clone(), code: fault.code.clone() })
        });
        Ok(wire::AppraisedItem {
            number: row.item.number().to_owned(),
            item: row.item.word().to_owned(),
            property: row.item.property().word().to_owned(),
            about: row.item.about().word().to_owned(),
            basis: row.item.basis().to_owned(),
            veto: row.item.has_veto(),
            verdict: row.verdict.word().to_owned(),
            reason: row.reason.clone(),
            looked_at: row.looked_at,
            failed: row.failed,
            failing: failing.collect::<Result<_>>()?,
            remarks: row.remarks.clone(),
        })
    });
    Ok(wire::AppraisalReport {
        scheme: report.scheme.clone(),
        files: report.files,
        bytes: report.bytes,
        items: items.collect::<Result<_>>()?,
        appraisal,
    })
}

/// The thing an object is about, by the id that pages know it by.
fn subject_of(office: &Office, object: ObjectId) -> Result<String> {
    let kind = office.catalog.read(|conn| object::kind(conn, object))?;
    Ok(kind.unwrap_or(ObjectKind::Other).subject(object))
}

#[cfg(test)]
mod tests;
