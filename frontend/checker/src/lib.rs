//! Checks a deletion certificate in the browser, as anybody can check it.
//!
//! A module of its own, fetched when somebody opens a certificate: signatures and the whole conversation take as much
//! code as all pages together.

#[path = "../../src/checked.rs"]
mod checked;

use checked::{Checked, Outcome, Place};
use handshake::certificate::{Report, Trust, verify_certificate};
use handshake::policy::Policy;
use handshake::statement::{Claim, LocationStatement};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::wasm_bindgen;

/// Checks the file against the policy it carries, and answers with an [`Outcome`] as JSON.
///
/// Whether that is the policy of the contract, a person sees by its fingerprint, which is printed in the contract's annex.
#[wasm_bindgen]
#[must_use]
pub fn check(text: &str) -> String {
    serde_json::to_string(&outcome(text)).unwrap_or_default()
}

fn outcome(text: &str) -> Outcome {
    #[derive(Deserialize)]
    struct Carried {
        policy: Policy,
    }
    let carried: Carried = match serde_json::from_str(text) {
        Ok(carried) => carried,
        Err(error) => return Outcome::Fails(error.to_string()),
    };
    match verify_certificate(text.as_bytes(), Trust::Policy(&carried.policy)) {
        Ok(report) => Outcome::Holds(Box::new(checked(&report))),
        Err(fault) => Outcome::Fails(fault.to_string()),
    }
}

/// The code as which a value goes over the wire.
fn code(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn checked(report: &Report) -> Checked {
    let statement = &report.statement;
    let (first, last) = report.between;
    Checked {
        outcome: code(&report.outcome),
        level: report.level.name().to_owned(),
        objects: statement.object_count,
        bytes: statement.byte_count,
        contract: statement.contract.clone(),
        legal_basis: statement.legal_basis.clone(),
        between: (first.as_millisecond(), last.as_millisecond()),
        concluded: statement.concluded_at.as_millisecond(),
        witnesses: report.witnesses.keys().cloned().collect(),
        policy: report.policy.to_string(),
        sha256: report.sha256.to_string(),
        unmet: report
            .unmet
            .iter()
            .map(|guard| (guard.code.name().to_owned(), guard.detail.clone()))
            .collect(),
        proven: report.proven.iter().map(claim).collect(),
        declared: report.declared.iter().map(claim).collect(),
        places: statement.locations.iter().map(place).collect(),
        risks: statement.residual_risks.iter().map(code).collect(),
        declarations: statement.declarations.iter().map(|said| (said.text.clone(), said.message)).collect(),
    }
}

fn claim(claim: &Claim) -> checked::Claim {
    checked::Claim {
        code: code(&claim.code),
        place: claim.location.as_ref().map(code),
        messages: claim.messages.clone(),
    }
}

fn place(place: &LocationStatement) -> Place {
    let erased = place.sanitisation.as_ref();
    Place {
        id: code(&place.id),
        kind: code(&place.kind),
        device: [&place.make, &place.model, &place.serial].map(|part| part.trim()).join(" "),
        held: place.objects_held,
        absent: place.absent,
        level: place.level.name().to_owned(),
        erased: erased.map(|done| format!("{} ({} {})", done.technique, done.tool, done.tool_version)),
        residue: place.residue.clone(),
    }
}
