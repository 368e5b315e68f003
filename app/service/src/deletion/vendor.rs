//! Deletions as their vendor sees them, and what it says in them.

use api::ProblemCode;
use api::ids::CaseId;
use api::vendor::{Envelopes, VendorCase};
use archive::db::office::deletion as rows;
use archive::deletion::Due;
use handshake::envelope::Envelope;
use ledger::json::canonical;

use super::working::{Vendor, Working, now};
use super::{broken, is_mismatch, refused, row, to_api};
use crate::{Error, Office, Refusal as _, Result, vendor};

/// Lists a vendor's cases, newest first. A case that has not been signed yet is not told.
///
/// # Errors
///
/// `client-certificate-required`.
pub fn cases_of(office: &Office, fingerprint: &str) -> Result<Vec<VendorCase>> {
    let vendor = vendor::connected(office, fingerprint)?;
    let cases = office.office.read(|conn| rows::list(conn, Some(vendor.id)))?;
    let told = cases.into_iter().filter(|case| case.state != "DRAFT");
    Ok(told.map(|case| VendorCase { id: case.id, delivery: case.delivery, state: case.state }).collect())
}

/// Who speaks for whom: the policy, as canonical JSON.
///
/// # Errors
///
/// `client-certificate-required`; `not-found`, also for another vendor's; so for all below.
pub fn policy_of(office: &Office, fingerprint: &str, id: CaseId) -> Result<Vec<u8>> {
    let work = Working::look(office, own(office, fingerprint, id)?)?;
    canonical(work.case.state().policy()).map_err(broken)
}

/// What is to be deleted: the object list, byte for byte.
///
/// # Errors
///
/// As [`policy_of`].
pub fn objects_of(office: &Office, fingerprint: &str, id: CaseId) -> Result<Vec<u8>> {
    let work = Working::look(office, own(office, fingerprint, id)?)?;
    work.case.objects().to_bytes().map_err(broken)
}

/// The certificate.
///
/// # Errors
///
/// As [`policy_of`]; `not-found` before there is one.
pub fn certificate_of(office: &Office, fingerprint: &str, id: CaseId) -> Result<Vec<u8>> {
    let row = own(office, fingerprint, id)?;
    row.certificate.map(String::into_bytes).ok_or_else(|| Error::not_found("certificate of", id))
}

/// The messages after number `after` (all if none is given), both sides', in order. That the vendor asks lets the
/// school say what it has to say to a vendor that listens.
///
/// # Errors
///
/// As [`policy_of`].
pub fn messages_of(office: &Office, fingerprint: &str, id: CaseId, after: Option<u64>) -> Result<Envelopes> {
    own(office, fingerprint, id)?;
    if waits_for_the_appliance(office, id)? {
        Working::take(office, id)?.advance(Vendor::Here)?;
    }
    let rows = office.office.read(|conn| rows::envelopes(conn, id, after))?;
    let envelopes = rows.iter().map(|row| serde_json::from_str(&row.envelope).or_failed("read an envelope"));
    Ok(Envelopes { envelopes: envelopes.collect::<Result<_>>()? })
}

fn waits_for_the_appliance(office: &Office, id: CaseId) -> Result<bool> {
    let due = Working::look(office, row(office, id)?)?.due();
    Ok(matches!(due, Due::Challenge | Due::Check | Due::Commit | Due::Reveal | Due::Resume | Due::Assemble))
}

/// Takes one of the vendor's messages, byte for byte as in its journal. The same one again is harmless. When this
/// returns it is on record; what the school answers follows with the next question.
///
/// # Errors
///
/// As [`policy_of`]; `handshake-refused`, `guard-not-met`, `code-mismatch`: nothing has changed then, but after a
/// wrong code another ceremony begins.
pub fn receive(office: &Office, fingerprint: &str, id: CaseId, bytes: &[u8]) -> Result<()> {
    own(office, fingerprint, id)?;
    let unreadable = |reason: String| Error::refused(ProblemCode::HandshakeRefused, [("reason", reason)]);
    let envelope = Envelope::from_bytes(bytes).map_err(|error| unreadable(error.to_string()))?;
    let mut work = Working::take(office, id)?;
    if let Err(refusal) = work.case.receive(envelope, now()) {
        let refusal = refused(refusal);
        if is_mismatch(&refusal) {
            work.begin_ceremony()?;
        }
        return Err(refusal);
    }
    work.save()?;
    tracing::info!(case.id = %id, "Took a message of {id}; it is now {}.", to_api::state(&work));
    // The message is on record and acknowledged, whatever becomes of the answer; the vendor's next question tries again.
    if let Err(error) = work.advance(Vendor::Here) {
        tracing::error!(case.id = %id, cause = ?error, "The school could not go on with {id}: {error}.");
    }
    Ok(())
}

/// One of a vendor's own cases, once it was signed.
fn own(office: &Office, fingerprint: &str, id: CaseId) -> Result<rows::Case> {
    let vendor = vendor::connected(office, fingerprint)?;
    let row = row(office, id)?;
    if row.vendor == vendor.id && row.state != "DRAFT" {
        Ok(row)
    } else {
        Err(Error::not_found(CaseId::KIND, id))
    }
}
