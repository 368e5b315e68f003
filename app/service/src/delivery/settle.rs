//! A person's word on whose face a delivered photo shows.
//!
//! The machine measures; where it has doubts, or says it is somebody else, a person looks at both photos and settles
//! it. Until a proposal stands, the word can be taken back. A check that runs again finds it.

use api::delivery::{CheckReport, Delivery, FaceWord, FindingCount, Settle};
use api::ids::DeliveryId;
use api::{Flaw, ProblemCode, Right};
use archive::db::Transaction;
use archive::db::office::settlement::{self, Settlement};
use archive::db::office::{delivery as rows, item};
use archive::delivery::{ItemState, Same, State, Tally};
use jiff::Timestamp;

use super::{get, to_api, wrong_state};
use crate::{Actor, Error, Office, Refusal as _, Result, audit, event};

/// The longest remark, characters.
const LONGEST_NOTE: usize = 500;

/// Settles whose face an item's photo shows. Needs a purpose: both photos were looked at.
///
/// # Errors
///
/// Without the right `settle_faces` or without a purpose; `not-found`; `wrong-state` when the delivery is not `checked`
/// or nothing about the item's face is in doubt; `bad-field` for a remark that is too long.
pub fn settle(
    office: &Office,
    actor: &Actor,
    id: DeliveryId,
    number: u32,
    settle: &Settle,
) -> Result<Delivery> {
    actor.may(Right::SettleFaces)?;
    actor.purpose()?;
    if settle.note.chars().count() > LONGEST_NOTE {
        return Err(Error::bad_field("note", Flaw::TooLong { max: LONGEST_NOTE }));
    }
    let word = match settle.decision {
        FaceWord::Same => Same::Yes,
        FaceWord::Different => Same::No,
    };
    office.office.write(|tx| {
        let (row, item) = open(tx, id, number)?;
        let (token, sha256) = item.token.clone().zip(item.sha256.clone()).ok_or_else(|| not_in_doubt(number))?;
        let settled = Settlement {
            token,
            sha256,
            decision: word,
            note: settle.note.trim().to_owned(),
            by: actor.user,
            by_name: actor.account.clone(),
            at: Timestamp::now(),
        };
        settlement::set(tx, id, &settled)?;
        judge(tx, &item, id, Some(word))?;
        recount(tx, &row)?;
        let detail = serde_json::json!({
            "sha256": settled.sha256, "decision": word.word(), "verdict": item.verdict.map(item::Verdict::word),
        });
        let reference = format!("{number} {}", settled.at);
        event::queue(tx, actor, "delivery.face_settled", id, &reference, &detail)?;
        audit::record_in(tx, actor, "delivery.settle", Some(&id.to_string()), true)
    })?;
    get(office, actor, id)
}

/// Takes back what was settled about an item's photo.
///
/// # Errors
///
/// Without the right `settle_faces`; `not-found`; `wrong-state` when the delivery is not `checked`.
pub fn take_back(office: &Office, actor: &Actor, id: DeliveryId, number: u32) -> Result<Delivery> {
    actor.may(Right::SettleFaces)?;
    office.office.write(|tx| {
        let (row, item) = open(tx, id, number)?;
        let (token, sha256) =
            item.token.clone().zip(item.sha256.clone()).ok_or_else(|| not_in_doubt(number))?;
        if !settlement::take_back(tx, id, &token, &sha256)? {
            return Ok(());
        }
        judge(tx, &item, id, None)?;
        recount(tx, &row)?;
        let detail = serde_json::json!({ "sha256": sha256, "decision": "taken_back" });
        let reference = format!("{number} {}", Timestamp::now());
        event::queue(tx, actor, "delivery.face_settled", id, &reference, &detail)?;
        audit::record_in(tx, actor, "delivery.settle", Some(&id.to_string()), true)
    })?;
    get(office, actor, id)
}

/// The delivery and its item, if the one is checked and the other's face in doubt.
fn open(tx: &Transaction<'_>, id: DeliveryId, number: u32) -> Result<(rows::Delivery, item::Item)> {
    let row = rows::get(tx, id)?.ok_or_else(|| Error::not_found(DeliveryId::KIND, id))?;
    if row.state != State::Checked {
        return Err(wrong_state(&row));
    }
    let item = item::get(tx, id, number)?.ok_or_else(|| Error::not_found("item", number))?;
    if !to_api::is_settleable(&item, &to_api::read_findings(&item)?) {
        return Err(not_in_doubt(number));
    }
    Ok((row, item))
}

fn not_in_doubt(number: u32) -> Error {
    let params =
        [("kind", "item".to_owned()), ("id", number.to_string()), ("state", "not_in_doubt".to_owned())];
    Error::refused(ProblemCode::WrongState, params)
}

fn judge(tx: &Transaction<'_>, item: &item::Item, id: DeliveryId, word: Option<Same>) -> Result<()> {
    let mut findings = to_api::read_findings(item)?;
    let state = archive::delivery::settle(&mut findings, word);
    let text = serde_json::to_string(&findings).or_failed("write down findings")?;
    Ok(item::set_judged(tx, id, item.number, state, &text)?)
}

/// Counts the items anew, for the report.
fn recount(tx: &Transaction<'_>, row: &rows::Delivery) -> Result<()> {
    let Some(mut report) = to_api::report(row)? else { return Ok(()) };
    write_into(&tally(&item::all(tx, row.id)?)?, &mut report);
    let text = serde_json::to_string(&report).or_failed("write a check's report")?;
    Ok(rows::set_report(tx, row.id, &text)?)
}

/// What these items come to.
pub(super) fn tally(items: &[item::Item]) -> Result<Tally> {
    let read = items.iter().map(|item| Ok((item.state, to_api::read_findings(item)?)));
    let read: Vec<_> = read.collect::<Result<_>>()?;
    Ok(Tally::of(read.iter().map(|(state, findings)| (*state, findings.as_slice()))))
}

/// Writes counts into a report.
pub(super) fn write_into(tally: &Tally, report: &mut CheckReport) {
    report.photos = tally.photos();
    report.extra = tally.count(ItemState::Extra);
    report.missing = tally.count(ItemState::Missing);
    report.wrong = tally.count(ItemState::Wrong);
    report.late = tally.count(ItemState::Late);
    report.doubtful = tally.count(ItemState::Doubtful);
    report.unsettled = tally.unsettled;
    report.first_pass = tally.first_pass();
    report.findings = tally.findings.iter().map(count).collect();
}

fn count(count: &archive::delivery::FindingCount) -> FindingCount {
    FindingCount {
        code: count.code.clone(),
        severity: count.severity.word().to_owned(),
        group: count.group.word().to_owned(),
        count: count.count,
    }
}
