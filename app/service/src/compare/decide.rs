//! A person decides: the operator at the desk, or reviewers who don't see each other.

use api::face::{Comparison, Decide, FaceDecision};
use api::ids::ComparisonId;
use api::{Flaw, ProblemCode, Right};
use archive::db::Transaction;
use archive::db::office::{comparison as rows, review as reviews};
use fs_err as fs;
use jiff::Timestamp;
use serde_json::json;

use super::{folder, get, row, to_row, wrong_state};
use crate::{Actor, Error, Office, Result, audit, event};

/// How many equal decisions settle a review.
const AGREE: usize = 2;

/// How many people review at most: when two disagree, the third one's word counts.
const MOST: usize = 3;

/// The operator decides an open comparison. A doubtful one goes to review; any other decision drops the probe.
///
/// # Errors
///
/// Without the right; `wrong-state` when it is not open.
pub fn decide(office: &Office, actor: &Actor, id: ComparisonId, request: &Decide) -> Result<Comparison> {
    actor.may(Right::Compare)?;
    let found = row(office, id)?;
    if found.state != rows::ComparisonState::Open {
        return Err(wrong_state(&found));
    }
    if request.decision == FaceDecision::Doubtful {
        office.office.write(|tx| -> Result<()> {
            if !rows::to_review(tx, id)? {
                return Err(Error::refused(ProblemCode::Conflict, []));
            }
            event::queue(tx, actor, "comparison.doubted", id, "", &json!({}))?;
            audit::record_in(tx, actor, "face.doubt", Some(&id.to_string()), true)
        })?;
        return get(office, actor, id);
    }
    let probe = office.office.write(|tx| settle(tx, actor, &found, request))?;
    drop_pixels(office, probe);
    get(office, actor, id)
}

/// A reviewer decides a doubtful comparison. Two equal decisions settle it, a third one's word when two differ; the
/// reviewers don't see each other's.
///
/// # Errors
///
/// Without the right; `wrong-state` when it is not in review; `same-person` for the operator and for whoever has
/// reviewed it already; `bad-field` for doubt, which is where it came from.
pub fn review(office: &Office, actor: &Actor, id: ComparisonId, request: &Decide) -> Result<Comparison> {
    actor.may(Right::ReviewComparisons)?;
    if request.decision == FaceDecision::Doubtful {
        return Err(Error::bad_field("decision", Flaw::Doubt));
    }
    let probe = office.office.write(|tx| -> Result<Option<String>> {
        let found = rows::get(tx, id)?.ok_or_else(|| Error::not_found(ComparisonId::KIND, id))?;
        if found.state != rows::ComparisonState::InReview {
            return Err(wrong_state(&found));
        }
        let before = reviews::of(tx, id)?;
        if found.operator == actor.user || before.iter().any(|review| review.reviewer == actor.user) {
            return Err(Error::refused(ProblemCode::SamePerson, []));
        }
        let decision = to_row(request.decision)?;
        let review = reviews::Review {
            reviewer: actor.user,
            reviewer_name: actor.account.clone(),
            decision,
            note: request.note.clone(),
            at: Timestamp::now(),
        };
        reviews::insert(tx, id, &review)?;
        // What was said stays here until all have said theirs.
        event::queue(tx, actor, "comparison.reviewed", id, &actor.user.to_string(), &json!({}))?;
        audit::record_in(tx, actor, "face.review", Some(&id.to_string()), true)?;
        let agreeing = before.iter().filter(|other| other.decision == decision).count() + 1;
        let settled = agreeing >= AGREE || before.len() + 1 >= MOST;
        if settled { settle(tx, actor, &found, request) } else { Ok(None) }
    })?;
    drop_pixels(office, probe);
    get(office, actor, id)
}

/// Writes the decision down and lets go of the probe. Returns the file its pixels are in.
fn settle(
    tx: &Transaction<'_>,
    actor: &Actor,
    found: &rows::Comparison,
    request: &Decide,
) -> Result<Option<String>> {
    let decision = to_row(request.decision)?;
    if !rows::decide(tx, found.id, decision, &request.note, (actor.user, &actor.account), Timestamp::now())? {
        return Err(Error::refused(ProblemCode::Conflict, []));
    }
    let detail = json!({
        "decision": decision.word(), "verdict": found.verdict.word(), "calibration": found.calibration,
        "model": found.model, "reference": found.reference_sha256, "probe": found.probe_sha256,
    });
    event::queue(tx, actor, "comparison.decided", found.id, "", &detail)?;
    audit::record_in(tx, actor, "face.decide", Some(&found.id.to_string()), true)?;
    Ok(rows::drop_probe(tx, found.id)?)
}

/// Leaves a comparison that nobody has decided to a person without a machine. Returns the file its pixels are in.
///
/// # Errors
///
/// `not-found`; `conflict` when somebody decided it meanwhile.
pub(crate) fn leave_to_hand(
    tx: &Transaction<'_>,
    actor: &Actor,
    id: ComparisonId,
    why: &str,
) -> Result<Option<String>> {
    let found = rows::get(tx, id)?.ok_or_else(|| Error::not_found(ComparisonId::KIND, id))?;
    settle(tx, actor, &found, &Decide { decision: FaceDecision::Manual, note: why.to_owned() })
}

/// Removes a probe's pixels, and says so when it can't.
///
/// # Errors
///
/// When the file is there and can't be removed.
pub(crate) fn remove_pixels(office: &Office, name: &str) -> Result<()> {
    match fs::remove_file(folder(office).join(name)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::failed("remove a probe", error))
        }
        _ => Ok(()),
    }
}

/// The row no longer names the probe; if the file stays behind, [`super::sweep`] takes it at the next start.
pub(crate) fn drop_pixels(office: &Office, probe: Option<String>) {
    let Some(name) = probe else { return };
    if let Err(error) = fs::remove_file(folder(office).join(name)) {
        tracing::warn!(error = %error, "Could not remove a probe; the next start will.");
    }
}
