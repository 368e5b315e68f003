//! Legal holds. While one stands on a person's record, no vendor's deletion of that person's photos goes ahead.

use api::ProblemCode;
use api::Right;
use api::hold::{Hold, HoldReason, Lifted};
use api::ids::{HoldId, PersonId};
use archive::db::catalog::person;
use archive::db::office::hold as rows;

use crate::staff::Staff;
use crate::{Actor, Error, Office, Result, audit, event, stated};

/// The holds that stand, oldest first.
///
/// # Errors
///
/// Without the right `read_deletions` or `manage_holds`.
pub fn standing(office: &Office, actor: &Actor) -> Result<Vec<Hold>> {
    actor.may_any(&[Right::ReadDeletions, Right::ManageHolds])?;
    office.office.read(|conn| {
        let staff = Staff::read(conn)?;
        Ok(rows::standing(conn)?.into_iter().map(|hold| to_api(hold, &staff)).collect())
    })
}

/// Places a hold on a person's record.
///
/// # Errors
///
/// Without the right `manage_holds` or a purpose; `not-found`; `bad-field` without a reason.
pub fn place(office: &Office, actor: &Actor, person: PersonId, why: &HoldReason) -> Result<Hold> {
    audit::recorded(office, actor, "hold.place", Some(&person.to_string()), || {
        actor.may(Right::ManageHolds)?;
        actor.purpose()?;
        let reason = stated("reason", &why.reason)?;
        if office.catalog.read(|conn| person::facts(conn, person))?.is_none() {
            return Err(Error::not_found(PersonId::KIND, person));
        }
        let hold = rows::Hold {
            id: HoldId::new(),
            person,
            reason,
            placed: crate::dossier::now(),
            placed_by: actor.account.clone(),
            lifted: None,
        };
        office.office.write(|tx| -> Result<Hold> {
            rows::insert(tx, &hold)?;
            event::queue(tx, actor, "hold.placed", hold.id, "", &serde_json::json!({ "person": person }))?;
            Ok(to_api(hold, &Staff::read(tx)?))
        })
    })
}

/// Lifts a hold.
///
/// # Errors
///
/// Without the right `manage_holds` or a purpose; `not-found`; `wrong-state` when it was lifted before; `bad-field`
/// without a reason.
pub fn lift(office: &Office, actor: &Actor, id: HoldId, why: &HoldReason) -> Result<Hold> {
    let found = office.office.read(|conn| rows::get(conn, id))?;
    let subject = found.as_ref().map_or_else(|| id.to_string(), |hold| hold.person.to_string());
    audit::recorded(office, actor, "hold.lift", Some(&subject), || {
        actor.may(Right::ManageHolds)?;
        actor.purpose()?;
        let reason = stated("reason", &why.reason)?;
        let mut hold = found.ok_or_else(|| Error::not_found(HoldId::KIND, id))?;
        let lifted = rows::Lifted { at: crate::dossier::now(), by: actor.account.clone(), reason };
        office.office.write(|tx| -> Result<Hold> {
            if !rows::lift(tx, id, &lifted)? {
                let params = [
                    ("kind", HoldId::KIND.to_owned()),
                    ("id", id.to_string()),
                    ("state", "lifted".to_owned()),
                ];
                return Err(Error::refused(ProblemCode::WrongState, params));
            }
            event::queue(tx, actor, "hold.lifted", id, "", &serde_json::json!({ "person": hold.person }))?;
            hold.lifted = Some(lifted);
            Ok(to_api(hold, &Staff::read(tx)?))
        })
    })
}

pub(crate) fn to_api(hold: rows::Hold, staff: &Staff) -> Hold {
    let lifted = hold.lifted.map(|end| Lifted { at: end.at, by: staff.name(&end.by), reason: end.reason });
    Hold {
        id: hold.id,
        person: hold.person,
        reason: hold.reason,
        placed: hold.placed,
        placed_by: staff.name(&hold.placed_by),
        lifted,
    }
}
