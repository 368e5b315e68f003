//! Who somebody is, as a person finds without a machine: the path that is open to everybody, whatever they agreed to.

use api::Right;
use api::ids::PersonId;
use api::law::{Act, HandCheck, NewHandCheck};
use archive::db::catalog::person;
use archive::db::office::hand_check as rows;
use serde_json::json;

use crate::staff::Staff;
use crate::{Actor, Error, Office, Refusal as _, Result, audit, event, from_word, stated, word};

/// The rights of which any one lets somebody see checks by hand.
pub const READERS: [Right; 2] = [Right::Compare, Right::ReviewComparisons];

/// Keeps what a person found.
///
/// # Errors
///
/// Without the right `compare` or a purpose; `not-found`; `bad-field` without a note.
pub fn record(office: &Office, actor: &Actor, id: PersonId, new: &NewHandCheck) -> Result<HandCheck> {
    audit::recorded(office, actor, "face.check_by_hand", Some(&id.to_string()), || {
        actor.may(Right::Compare)?;
        actor.purpose()?;
        if office.catalog.read(|conn| person::facts(conn, id))?.is_none() {
            return Err(Error::not_found(PersonId::KIND, id));
        }
        let row = rows::HandCheck {
            person: id,
            decision: word(&new.decision).parse().or_failed("read a decision")?,
            note: stated("note", &new.note)?,
            by: actor.account.clone(),
            at: crate::dossier::now(),
        };
        office.office.write(|tx| -> Result<HandCheck> {
            let number = rows::insert(tx, &row)?;
            let detail = json!({ "decision": row.decision.word() });
            event::queue(tx, actor, "face.checked_by_hand", id, &number.to_string(), &detail)?;
            to_api(&row, &Staff::read(tx)?)
        })
    })
}

/// The checks by hand of a person, newest first.
///
/// # Errors
///
/// Without the right `compare` or `review_comparisons`, or a purpose.
pub fn list(office: &Office, actor: &Actor, id: PersonId) -> Result<Vec<HandCheck>> {
    audit::recorded(office, actor, "face.read_hand_checks", Some(&id.to_string()), || {
        actor.may_any(&READERS)?;
        actor.purpose()?;
        office.office.read(|conn| {
            let staff = Staff::read(conn)?;
            rows::of(conn, id)?.iter().map(|row| to_api(row, &staff)).collect()
        })
    })
}

fn to_api(row: &rows::HandCheck, staff: &Staff) -> Result<HandCheck> {
    let decision = from_word(row.decision.word()).ok_or("it holds an unknown word");
    let decision = decision.or_failed("read a check by hand")?;
    Ok(HandCheck {
        found: NewHandCheck { decision, note: row.note.clone() },
        act: Act { by: staff.name(&row.by), at: row.at },
    })
}
