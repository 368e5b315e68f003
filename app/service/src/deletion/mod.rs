//! Deletions: the school's side of the handshake by which a vendor provably deletes its copies.
//!
//! - The conversation is [`archive::deletion::Case`]; it is kept with the journal of its envelopes in one transaction,
//!   before anything is acknowledged or handed out.
//! - What needs a person waits as a draft until that person's password has opened their key; what needs only the
//!   appliance's key is said by [`working::Working::advance`].
//! - Every message is an event, and so a leaf of the ledger, decided together with the message.

mod certificate;
mod draft;
mod drilled;
mod open;
mod paper;
mod replicated;
mod to_api;
mod vendor;
mod working;

#[cfg(test)]
mod tests;

use api::deletion::{Case, SignStep, TypeCode};
use api::ids::CaseId;
use api::{ProblemCode, Right};
use archive::db::office::deletion as rows;
use archive::deletion::{CaseError, Due, MessageError};
use handshake::keys::Role;
use handshake::state::Refusal as Refused;

use crate::{Actor, Error, Office, Result, account, audit};

pub use open::open;
pub use paper::{Facts, facts};
pub use vendor::{cases_of, certificate_of, messages_of, objects_of, policy_of, receive};

use working::{Vendor, Working};

/// Lists every case, newest first. One that can't be read is listed as such.
///
/// # Errors
///
/// Without the right `read_deletions`.
pub fn list(office: &Office, actor: &Actor) -> Result<Vec<Case>> {
    actor.may(Right::ReadDeletions)?;
    let rows = office.office.read(|conn| rows::list(conn, None))?;
    rows.into_iter().map(|row| listed(office, row)).collect()
}

/// A case, or what is known of one that can't be read.
fn listed(office: &Office, row: rows::Case) -> Result<Case> {
    match working::read(&row) {
        Ok(said) => to_api::case(&Working::of(office, row, said)?),
        Err(why) => to_api::unreadable(office, &row, reason(row.id, &why)),
    }
}

/// The cases that can't be read, and whether each is closed: its certificate is there all the same.
pub(crate) fn unreadable_cases(office: &Office) -> Result<Vec<(CaseId, bool)>> {
    let rows = office.office.read(|conn| rows::list(conn, None))?;
    let unreadable = rows.iter().filter(|row| working::read(row).is_err());
    Ok(unreadable.map(|row| (row.id, row.certificate.is_some())).collect())
}

/// Returns a case.
///
/// # Errors
///
/// Without the right `read_deletions`; `not-found`; `case-unreadable`, also from all that is done with a case.
pub fn get(office: &Office, actor: &Actor, id: CaseId) -> Result<Case> {
    actor.may(Right::ReadDeletions)?;
    to_api::case(&Working::look(office, row(office, id)?)?)
}

/// Signs the step that waits, as one of the case's two officers. The second signature sends it.
///
/// In a ceremony whose time is over, it begins a new one instead.
///
/// # Errors
///
/// Without the right `sign_deletions`, or if the actor is not one of the two; `bad-credentials`; `same-person` when
/// the actor has signed; `guard-not-met` with what is missing; `wrong-state` when nothing waits for a signature.
pub fn sign(office: &Office, actor: &Actor, id: CaseId, step: &SignStep) -> Result<Case> {
    actor.may(Right::SignDeletions)?;
    let mut work = Working::take(office, id)?;
    let role = role(&work, actor)?;
    let key = account::officer_key(office, actor, &step.password)?;
    work.advance(Vendor::Away)?;
    if work.due() == Due::Commit {
        work.begin_ceremony()?;
    } else {
        let mut draft = work.draft()?;
        if !draft.missing(work.case.state().policy()).map_err(broken)?.contains(&role) {
            return Err(Error::refused(ProblemCode::SamePerson, []));
        }
        draft.sign(&key).map_err(|error| Error::failed("sign a message", error))?;
        work.put(draft)?;
        work.advance(Vendor::Away)?;
    }
    audit::record(office, actor, "deletion.sign", Some(&id.to_string()), true)?;
    to_api::case(&work)
}

/// Takes the code that the second officer heard the vendor read aloud. A wrong one ends the ceremony; another begins.
///
/// # Errors
///
/// Without the right `sign_deletions`, or if the actor is not the second officer; `code-mismatch`; `wrong-state` while
/// no code is awaited.
pub fn type_code(office: &Office, actor: &Actor, id: CaseId, typed: &TypeCode) -> Result<Case> {
    actor.may(Right::SignDeletions)?;
    let mut work = Working::take(office, id)?;
    if role(&work, actor)? != Role::It {
        return Err(not_an_officer());
    }
    if work.due() != Due::Authorise {
        return Err(wrong_state(&work));
    }
    match work.authorise(&typed.code) {
        Ok(()) => {}
        Err(refused) if is_mismatch(&refused) => {
            audit::record(office, actor, "deletion.code", Some(&id.to_string()), false)?;
            work.begin_ceremony()?;
            return Err(refused);
        }
        Err(refused) => return Err(refused),
    }
    audit::record(office, actor, "deletion.code", Some(&id.to_string()), true)?;
    to_api::case(&work)
}

/// The certificate, byte for byte as it is archived.
///
/// # Errors
///
/// Without the right `read_deletions`; `not-found`, also before there is one.
pub fn certificate(office: &Office, actor: &Actor, id: CaseId) -> Result<Vec<u8>> {
    actor.may(Right::ReadDeletions)?;
    let row = row(office, id)?;
    row.certificate.map(String::into_bytes).ok_or_else(|| Error::not_found("certificate of", id))
}

fn row(office: &Office, id: CaseId) -> Result<rows::Case> {
    office.office.read(|conn| rows::get(conn, id))?.ok_or_else(|| Error::not_found(CaseId::KIND, id))
}

/// Which of the case's two officers the actor is: told by the key, so that a key made anew is a stranger's.
fn role(work: &Working<'_>, actor: &Actor) -> Result<Role> {
    let own = account::officer_public(work.office, actor.user)?;
    [Role::Registrar, Role::It]
        .into_iter()
        .find(|role| *work.case.state().policy().key(*role).as_bytes() == own)
        .ok_or_else(not_an_officer)
}

fn not_an_officer() -> Error {
    Error::refused(ProblemCode::NotAllowed, [("right", crate::word(&Right::SignDeletions))])
}

fn is_mismatch(error: &Error) -> bool {
    matches!(error, Error::Refused(problem) if problem.code == ProblemCode::CodeMismatch)
}

fn wrong_state(work: &Working<'_>) -> Error {
    let params =
        [("kind", CaseId::KIND.to_owned()), ("id", work.row.id.to_string()), ("state", to_api::state(work))];
    Error::refused(ProblemCode::WrongState, params)
}

/// What the handshake's rules refuse, as a problem.
fn refused(refusal: Refused) -> Error {
    match refusal {
        Refused::Guards(guards) => {
            let missing: Vec<_> =
                guards.iter().map(|guard| format!("{} ({})", guard.code.name(), guard.detail)).collect();
            Error::refused(ProblemCode::GuardNotMet, [("guard", missing.join("; "))])
        }
        Refused::Code => Error::refused(ProblemCode::CodeMismatch, []),
        other => Error::refused(ProblemCode::HandshakeRefused, [("reason", other.to_string())]),
    }
}

fn undrafted(error: MessageError) -> Error {
    match error {
        MessageError::TooEarly | MessageError::NotLogged => {
            Error::refused(ProblemCode::HandshakeRefused, [("reason", error.to_string())])
        }
        other => Error::failed("write a message of a deletion", other),
    }
}

/// The refusal of all that needs what was said in a case that can't be read.
fn unreadable(id: CaseId, why: &CaseError) -> Error {
    let params = [("id", id.to_string()), ("reason", reason(id, why).to_owned())];
    Error::refused(ProblemCode::CaseUnreadable, params)
}

/// Why a case can't be read, as a code. The log has the cause.
fn reason(id: CaseId, why: &CaseError) -> &'static str {
    tracing::error!(case.id = %id, cause = ?why, "What was said in {id} can't be read: {why}.");
    if why.is_of_other_rules() { "case-of-other-rules" } else { "case-damaged" }
}

fn broken(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::failed("read a deletion", error)
}
