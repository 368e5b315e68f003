//! Comparing a face at the desk: a probe beside the person's reference photos, a verdict, a person's decision.
//!
//! - The machine proposes, a person decides. Doubt goes to two reviewers who don't see each other's decision, a third
//!   when they disagree.
//! - Nobody's face is compared whom the law's gate ([`crate::law::gate`]) does not let through.
//! - A probe that is taken again takes the place of the one before: nobody decides what its operator put aside.
//! - The probe's pixels lie in `DATA/incoming/probes`, sealed under the campaign's key, until the decision; templates are
//!   never kept.
//! - A comparison keeps what makes its verdict reproducible: digests, model, thresholds, calibration.

mod decide;
mod make;
mod odds;
mod pairs;
#[cfg(test)]
pub(crate) mod tests;

use std::time::Duration;

use api::delivery::Finding;
use api::face::{Comparison, ComparisonState, FaceDecision, Reviewed};
use api::ids::ComparisonId;
use api::{Page, ProblemCode, Right, Slice};
use archive::db::{
    catalog,
    office::{comparison as rows, review},
};
use fs_err as fs;

use crate::law::key;
use crate::staff::Staff;
use crate::{Actor, Error, Office, Refusal as _, Result, from_word, watermark, word};

pub use decide::{decide, review};
pub(crate) use decide::{drop_pixels, leave_to_hand, remove_pixels};
pub use make::make;
pub(crate) use pairs::hinders;

/// Lists a part of the comparisons of a state, oldest first: the desk's queue, the reviewers' queue. `mine`: only those on
/// which the actor may still have a word, having neither made nor reviewed them.
///
/// # Errors
///
/// Without the right to compare or to review.
pub fn list(
    office: &Office,
    actor: &Actor,
    state: ComparisonState,
    mine: bool,
    slice: Slice,
) -> Result<Page<Comparison>> {
    actor.may_any(&[Right::Compare, Right::ReviewComparisons])?;
    let state = word(&state).parse().or_failed("read a state")?;
    let (waits_for, part) = (mine.then_some(actor.user), (slice.offset, slice.limit.min(500)));
    let (found, total) = office.office.read(|conn| rows::in_state(conn, state, waits_for, part))?;
    let staff = Staff::of(office)?;
    let items = found.iter().map(|row| to_api(office, actor, row, &staff)).collect::<Result<_>>()?;
    Ok(Page { items, total })
}

/// Returns one comparison.
///
/// # Errors
///
/// Without the right, or `not-found`.
pub fn get(office: &Office, actor: &Actor, id: ComparisonId) -> Result<Comparison> {
    actor.may_any(&[Right::Compare, Right::ReviewComparisons])?;
    to_api(office, actor, &row(office, id)?, &Staff::of(office)?)
}

/// A view of the probe, marked with who looks, while its pixels are kept.
///
/// # Errors
///
/// Without the right or a purpose; `not-found` once it is decided.
pub fn probe(office: &Office, actor: &Actor, id: ComparisonId) -> Result<Vec<u8>> {
    actor.may_any(&[Right::Compare, Right::ReviewComparisons])?;
    actor.purpose()?;
    let row = row(office, id)?;
    let (bytes, entry) =
        crate::audit::entered(office, actor, "probe.read", Some(&row.person.to_string()), || {
            let name = row.probe.as_deref().ok_or_else(|| Error::not_found("probe", id))?;
            let kept = fs::read(folder(office).join(name)).or_failed("read a probe")?;
            key::open_probe(office, id, kept)
        })?;
    Ok(watermark::view(bytes, &watermark::words(actor, Some(entry)))?.0)
}

/// Removes the pixels of probes that no comparison has named for `unnamed_for`: what a crash left behind. A probe is
/// written before its comparison is; only before anything comes in may that be zero.
///
/// # Errors
///
/// When the folder can't be read or a file not removed.
pub fn sweep(office: &Office, unnamed_for: Duration) -> Result<()> {
    let folder = folder(office);
    if !folder.exists() {
        return Ok(());
    }
    let named = office.office.read(rows::probes)?;
    for entry in fs::read_dir(&folder).or_failed("read the probes' folder")? {
        let entry = entry.or_failed("read the probes' folder")?;
        let touched = entry.metadata().and_then(|meta| meta.modified()).ok();
        let old = touched.is_some_and(|at| at.elapsed().is_ok_and(|age| age >= unnamed_for));
        if old && !named.iter().any(|name| entry.file_name().to_str() == Some(name)) {
            fs::remove_file(entry.path()).or_failed("remove a probe")?;
        }
    }
    Ok(())
}

fn folder(office: &Office) -> std::path::PathBuf {
    office.paths.incoming.join("probes")
}

fn row(office: &Office, id: ComparisonId) -> Result<rows::Comparison> {
    office.office.read(|conn| rows::get(conn, id))?.ok_or_else(|| Error::not_found(ComparisonId::KIND, id))
}

/// The comparison as `actor` may see it.
fn to_api(office: &Office, actor: &Actor, row: &rows::Comparison, staff: &Staff) -> Result<Comparison> {
    let reviews = office.office.read(|conn| review::of(conn, row.id))?;
    let decided = row.state == rows::ComparisonState::Decided;
    let facts = office.catalog.read(|conn| catalog::person::facts(conn, row.person))?;
    let findings: Vec<Finding> =
        serde_json::from_str(&row.findings).or_failed("read a comparison's findings")?;
    let pairs: Vec<pairs::Kept> =
        serde_json::from_str(&row.pairs).or_failed("read a comparison's references")?;
    let unknown = || Error::failed("read a comparison", format!("{} holds an unknown word", row.id));
    Ok(Comparison {
        id: row.id,
        person: row.person,
        name: facts.map(|facts| facts.name).unwrap_or_default(),
        reference: row.reference,
        pairs: pairs.into_iter().map(|kept| kept.pair).collect(),
        verdict: from_word(row.verdict.word()).ok_or_else(unknown)?,
        held_back: serde_json::from_str(&row.held_back).or_failed("read a comparison's findings")?,
        similarity: row.similarity,
        odds: row.odds,
        accept: row.accept,
        reject: row.reject,
        calibration: row.calibration,
        findings,
        state: from_word(row.state.word()).ok_or_else(unknown)?,
        decision: row.decision.map(|decision| from_word(decision.word()).ok_or_else(unknown)).transpose()?,
        decided_by: row.decided_by_name.as_deref().map(|account| staff.name(account)),
        at: row.at,
        has_probe: row.probe.is_some(),
        made_by_me: row.operator == actor.user,
        reviewed_by_me: reviews.iter().any(|review| review.reviewer == actor.user),
        reviews: reviews
            .iter()
            .filter(|_| decided)
            .map(|review| {
                Ok(Reviewed {
                    by: staff.name(&review.reviewer_name),
                    decision: from_word(review.decision.word()).ok_or_else(unknown)?,
                    note: review.note.clone(),
                    at: review.at,
                })
            })
            .collect::<Result<_>>()?,
    })
}

fn wrong_state(row: &rows::Comparison) -> Error {
    Error::refused(
        ProblemCode::WrongState,
        [
            ("kind", ComparisonId::KIND.to_owned()),
            ("id", row.id.to_string()),
            ("state", row.state.word().to_owned()),
        ],
    )
}

fn to_row(decision: FaceDecision) -> Result<rows::FaceDecision> {
    word(&decision).parse().or_failed("read a decision")
}
