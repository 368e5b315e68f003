//! What the paper version of a certificate says: only what the certificate itself says.

use api::Right;
use api::ids::CaseId;
use handshake::certificate::{Report, Trust, verify_certificate};
use handshake::keys::Role;

use super::working::Working;
use super::{broken, row};
use crate::{Actor, Error, Office, Result};

/// The facts of a certificate, checked once more before they are set in type.
#[derive(Debug)]
pub struct Facts {
    /// The school.
    pub school: String,
    /// The vendor.
    pub vendor: String,
    /// What the certificate says.
    pub report: Report,
}

/// Returns what the paper version of a case's certificate says.
///
/// # Errors
///
/// Without the right `read_deletions`; `not-found`, also before there is a certificate.
pub fn facts(office: &Office, actor: &Actor, id: CaseId) -> Result<Facts> {
    actor.may(Right::ReadDeletions)?;
    let row = row(office, id)?;
    let text = row.certificate.clone().ok_or_else(|| Error::not_found("certificate of", id))?;
    let work = Working::look(office, row)?;
    let policy = work.case.state().policy();
    let report = verify_certificate(text.as_bytes(), Trust::Policy(policy)).map_err(broken)?;
    Ok(Facts {
        school: policy.name(Role::School).to_owned(),
        vendor: policy.name(Role::Agent).to_owned(),
        report,
    })
}
