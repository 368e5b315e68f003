//! Lists that leave the archive: asked for by one person, approved by another, taken by the one who asked.
//!
//! What is taken is what was approved: the people are chosen when the list is asked for. Everybody on it has the taking
//! in their dossier's use register, and the ledger knows its digest, before a byte goes out.

mod sheet;

#[cfg(test)]
mod tests;

use api::copy::{Copy, CopyState, DecideCopy, NewCopy};
use api::ids::CopyId;
use api::search::SearchQuery;
use api::{Flaw, ProblemCode, Right, Timestamp};
use archive::db::office::{copy as rows, delivery};
use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};

use crate::staff::Staff;
use crate::{Actor, Error, Office, Result, audit, dossier, event, search, stated};

/// The most people a list holds.
const MOST: usize = 20_000;
/// How long an approved list may be taken.
const TIME: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How many requests are listed.
const LISTED: u32 = 200;

/// A workbook, ready to be handed over.
#[derive(Debug)]
pub struct Workbook {
    /// The file, xlsx.
    pub bytes: Vec<u8>,
}

/// Asks for a list of everybody a search finds.
///
/// # Errors
///
/// Without the rights `ask_copies` and `search`, or `reveal_numbers` when numbers are to be whole; `bad-field` without
/// a purpose, when nobody is found, or too many are.
pub fn ask(office: &Office, actor: &Actor, wanted: &NewCopy) -> Result<Copy> {
    actor.may(Right::AskCopies)?;
    actor.may(Right::Search)?;
    if wanted.numbers {
        actor.may(Right::RevealNumbers)?;
    }
    let purpose = stated("purpose", &wanted.purpose)?;
    let people = search::people(office, &wanted.query, MOST)?;
    if people.is_empty() {
        return Err(Error::bad_field("query", Flaw::NobodyFound));
    }
    let row = rows::Copy {
        id: CopyId::new(),
        people,
        numbers: wanted.numbers,
        narrowed: narrowed(office, &wanted.query)?,
        purpose,
        asked: dossier::now(),
        asked_by: actor.user,
        account: actor.account.clone(),
        state: rows::CopyState::Waiting,
        decided: None,
        note: String::new(),
        taken: 0,
    };
    let stating = Actor { purpose: Some(row.purpose.clone()), ..actor.clone() };
    office.office.write(|tx| -> Result<Copy> {
        rows::insert(tx, &row)?;
        let detail = serde_json::json!({ "people": row.people.len(), "numbers": row.numbers });
        event::queue(tx, actor, "copy.asked", row.id, "", &detail)?;
        audit::record_in(tx, &stating, "copy.ask", Some(&row.id.to_string()), true)?;
        Ok(to_api(row, actor, &Staff::read(tx)?))
    })
}

/// Requests, newest first: one's own, and of everybody's for whoever may decide.
///
/// # Errors
///
/// Without the right `ask_copies` or `approve_copies`.
pub fn list(office: &Office, actor: &Actor) -> Result<Vec<Copy>> {
    actor.may_any(&[Right::AskCopies, Right::ApproveCopies])?;
    office.office.read(|conn| {
        let staff = Staff::read(conn)?;
        let seen = |row: &rows::Copy| row.asked_by == actor.user || actor.has(Right::ApproveCopies);
        Ok(rows::list(conn, LISTED)?.into_iter().filter(seen).map(|row| to_api(row, actor, &staff)).collect())
    })
}

/// Decides a request, as somebody other than who asked.
///
/// # Errors
///
/// Without the right `approve_copies`; `not-found`; `same-person`; `wrong-state` when it was decided before;
/// `bad-field` for a refusal without a remark.
pub fn decide(office: &Office, actor: &Actor, id: CopyId, decision: &DecideCopy) -> Result<Copy> {
    let subject = id.to_string();
    audit::recorded(office, actor, "copy.decide", Some(&subject), || {
        actor.may(Right::ApproveCopies)?;
        let note = match decision.note.trim() {
            "" if decision.approve => String::new(),
            note => stated("note", note)?,
        };
        let (state, kind) = match decision.approve {
            true => (rows::CopyState::Approved, "copy.approved"),
            false => (rows::CopyState::Refused, "copy.refused"),
        };
        office.office.write(|tx| -> Result<Copy> {
            let row = rows::get(tx, id)?.ok_or_else(|| Error::not_found(CopyId::KIND, id))?;
            if row.asked_by == actor.user {
                return Err(Error::refused(ProblemCode::SamePerson, []));
            }
            if !rows::decide(tx, id, state, (dossier::now(), &actor.account), &note)? {
                return Err(wrong_state(id, row.state.word()));
            }
            event::queue(tx, actor, kind, id, "", &serde_json::json!({ "people": row.people.len() }))?;
            let row = rows::get(tx, id)?.ok_or_else(|| Error::not_found(CopyId::KIND, id))?;
            Ok(to_api(row, actor, &Staff::read(tx)?))
        })
    })
}

/// Takes an approved list, as the one who asked for it.
///
/// # Errors
///
/// Without the right `ask_copies`; `not-found`, also for somebody else's; `wrong-state` when it is not approved or no
/// longer.
pub fn take(office: &Office, actor: &Actor, id: CopyId) -> Result<Workbook> {
    let taken = make(office, actor, id);
    if taken.is_err() {
        audit::record(office, actor, "copy.take", Some(&id.to_string()), false)?;
    }
    taken
}

fn make(office: &Office, actor: &Actor, id: CopyId) -> Result<Workbook> {
    actor.may(Right::AskCopies)?;
    let found = office.office.read(|conn| rows::get(conn, id))?;
    let row =
        found.filter(|row| row.asked_by == actor.user).ok_or_else(|| Error::not_found(CopyId::KIND, id))?;
    let state = state_of(&row, Timestamp::now());
    if state != CopyState::Approved {
        return Err(wrong_state(id, &crate::word(&state)));
    }
    if row.numbers {
        actor.may(Right::RevealNumbers)?;
    }
    let staff = Staff::of(office)?;
    let bytes = sheet::write(office, &row, &staff)?;
    let digest = hex::encode(Sha256::digest(&bytes));
    let stating = Actor { purpose: Some(row.purpose.clone()), ..actor.clone() };
    office.office.write(|tx| -> Result<()> {
        rows::took(tx, id)?;
        for person in &row.people {
            audit::record_in(tx, &stating, "copy.take", Some(&person.to_string()), true)?;
        }
        audit::record_in(tx, &stating, "copy.take", Some(&id.to_string()), true)?;
        let detail = serde_json::json!({ "people": row.people.len(), "sha256": digest });
        event::queue(tx, actor, "copy.taken", id, &format!("{}", row.taken.saturating_add(1)), &detail)
    })?;
    Ok(Workbook { bytes })
}

/// By which facets a search was narrowed. What was typed may be a name or a number, which a decider need not know.
fn narrowed(office: &Office, query: &SearchQuery) -> Result<String> {
    let year = query.year.map(|year| year.to_string());
    let delivery = query.delivery.map(|id| -> Result<_> {
        let called = office.office.read(|conn| delivery::called(conn, id))?;
        Ok(called.map_or_else(|| id.to_string(), |(campaign, round)| format!("{campaign} #{round}")))
    });
    let facets = [&query.college, &query.major, &query.class, &year, &delivery.transpose()?];
    Ok(facets.into_iter().flatten().cloned().collect::<Vec<_>>().join(" · "))
}

fn wrong_state(id: CopyId, state: &str) -> Error {
    let params = [("kind", CopyId::KIND.to_owned()), ("id", id.to_string()), ("state", state.to_owned())];
    Error::refused(ProblemCode::WrongState, params)
}

/// Until when a list may be taken, if it was approved.
fn until(row: &rows::Copy) -> Option<Timestamp> {
    let (at, _) = row.decided.as_ref().filter(|_| row.state == rows::CopyState::Approved)?;
    at.checked_add(TIME).ok()
}

fn state_of(row: &rows::Copy, now: Timestamp) -> CopyState {
    match row.state {
        rows::CopyState::Waiting => CopyState::Waiting,
        rows::CopyState::Refused => CopyState::Refused,
        rows::CopyState::Approved if until(row).is_some_and(|until| now < until) => CopyState::Approved,
        rows::CopyState::Approved => CopyState::Expired,
    }
}

fn to_api(row: rows::Copy, actor: &Actor, staff: &Staff) -> Copy {
    Copy {
        id: row.id,
        state: state_of(&row, Timestamp::now()),
        until: until(&row),
        people: row.people.len() as u64,
        numbers: row.numbers,
        narrowed: row.narrowed,
        purpose: row.purpose,
        asked: row.asked,
        asked_by: staff.name(&row.account),
        mine: row.asked_by == actor.user,
        decided: row.decided.as_ref().map(|(at, _)| *at),
        decided_by: row.decided.map(|(_, by)| staff.name(&by)),
        note: row.note,
        taken: row.taken,
    }
}
