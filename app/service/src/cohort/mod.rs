//! A campaign's people compared at once: each one's photos with each other, and everybody's with everybody else's.
//!
//! - The machine proposes. What it doubts goes to two people who don't see each other's word, and to a third when they
//!   differ; what it can't or may not compare, one person looks at; of what is clear, a sample drawn by chance.
//! - Three people sign, one after another: who looked, the head of the department, the school. What the school has signed
//!   changes no more, and becomes an object of the archive.
//! - Nobody is compared whom the law's gate does not let through. Templates live only while the job runs, and lie
//!   sealed in its journal.
//! - Only people who agreed are compared with each other: those of the campaign, and those of others that are named.

mod alike;
mod evidence;
mod facts;
mod keep;
mod look;
mod others;
mod paper;
mod run;
mod sample;
mod sign;
mod table;
#[cfg(test)]
mod tests;
mod word;

use api::cohort::{Case, CaseRow, Cohort, NewCohort, Wanted};
use api::ids::{CampaignId, CohortId, PersonId};
use api::job::{Job, JobKind};
use api::{Flaw, Page, ProblemCode, Right, Slice};
use archive::db::Connection;
use archive::db::office::cohort_case::Case as Kept;
use archive::db::office::{calibration, cohort as rows};
use verify::Thresholds;

use self::facts::Facts;
use crate::law::gate;
use crate::{Actor, Error, Office, Result, audit, campaign, face, job};

pub use keep::keep_signed;
pub use others::campaigns as other_campaigns;
pub use paper::{Listed, PersonPaper, SchoolPaper, person_paper, school_paper};
pub use run::run;
pub use sign::sign;
pub use table::{Say, table};
pub(crate) use word::withdrawn;
pub use word::{reopen, say};

/// Asks for everybody on a campaign's roster to be compared.
///
/// # Errors
///
/// Without the right `compare`; `bad-field` for a sample that is too small or too large, or a campaign named as its own other
/// or twice; `not-found`; `no-ground`, of the campaign or of another one; `no-calibration` and `calibration-of-another-model`.
pub fn start(office: &Office, actor: &Actor, id: CampaignId, request: NewCohort) -> Result<Job> {
    actor.may(Right::Compare)?;
    campaign::find(office, id)?;
    let percents = NewCohort::PERCENTS;
    if !percents.contains(&request.sample_percent) {
        let flaw = Flaw::Range { min: (*percents.start()).into(), max: (*percents.end()).into() };
        return Err(Error::bad_field("sample_percent", flaw));
    }
    ready(office, id)?;
    for (at, other) in request.other_campaigns.iter().enumerate() {
        campaign::find(office, *other)?;
        if *other == id || request.other_campaigns.iter().take(at).any(|before| before == other) {
            return Err(Error::bad_field("other_campaigns", Flaw::Repeated));
        }
        has_ground(office, *other)?;
    }
    job::enqueue(office, actor, JobKind::CompareCohort, Some(id.to_string()), &request)
}

/// The calibration in force, if the campaign may compare and the calibration is of the engine's model.
fn ready(office: &Office, id: CampaignId) -> Result<(calibration::Calibration, Thresholds)> {
    has_ground(office, id)?;
    let found = face::thresholds(office)?.ok_or_else(|| Error::refused(ProblemCode::NoCalibration, []))?;
    if found.1.model() != office.engine()?.model() {
        return Err(Error::refused(ProblemCode::CalibrationOfAnotherModel, []));
    }
    Ok(found)
}

fn has_ground(office: &Office, id: CampaignId) -> Result<()> {
    let refused = |bar| Error::refused(ProblemCode::NoGround, [("reason", crate::word(&bar))]);
    gate::campaign_bar(office, id)?.map_or(Ok(()), |bar| Err(refused(bar)))
}

/// The cohorts of a campaign, newest first.
///
/// # Errors
///
/// Without the right `read_cohorts`; `not-found`.
pub fn list(office: &Office, actor: &Actor, id: CampaignId) -> Result<Vec<Cohort>> {
    actor.may(Right::ReadCohorts)?;
    campaign::find(office, id)?;
    let found = office.office.read(|conn| rows::of_campaign(conn, id))?;
    found.iter().map(|row| Facts::read(office, row.id)?.to_api(office, actor)).collect()
}

/// Returns one cohort.
///
/// # Errors
///
/// Without the right `read_cohorts`; `not-found`.
pub fn get(office: &Office, actor: &Actor, id: CohortId) -> Result<Cohort> {
    actor.may(Right::ReadCohorts)?;
    Facts::read(office, id)?.to_api(office, actor)
}

/// A part of a cohort's cases, in the roster's order. Needs a purpose and is recorded.
///
/// # Errors
///
/// Without the right `read_cohorts` or a purpose; `not-found`.
pub fn cases(
    office: &Office,
    actor: &Actor,
    id: CohortId,
    wanted: Wanted,
    slice: Slice,
) -> Result<Page<CaseRow>> {
    audit::recorded(office, actor, "cohort.cases", Some(&id.to_string()), || {
        actor.may(Right::ReadCohorts)?;
        actor.purpose()?;
        let facts = Facts::read(office, id)?;
        let found: Vec<&Kept> =
            facts.cases.iter().filter(|case| facts.is_wanted(case, wanted, actor)).collect();
        let part = found.iter().skip(slice.offset as usize).take(slice.limit.min(500) as usize);
        let items = office
            .catalog
            .read(|conn| part.map(|case| facts.row(conn, case, actor)).collect::<Result<_>>())?;
        Ok(Page { items, total: found.len() as u64 })
    })
}

/// One case with its evidence. Needs a purpose and is recorded.
///
/// # Errors
///
/// Without the right `read_cohorts` or a purpose; `not-found`.
pub fn case(office: &Office, actor: &Actor, id: CohortId, of: PersonId) -> Result<Case> {
    audit::recorded(office, actor, "cohort.read_case", Some(&of.to_string()), || {
        actor.may(Right::ReadCohorts)?;
        actor.purpose()?;
        Facts::read(office, id)?.case(office, actor, of)
    })
}

/// Cases that wait for the actor's word.
pub(crate) const TO_LOOK_AT: &str = "cohort_case_to_look_at";

/// A cohort that waits for the actor's signature.
pub(crate) const TO_SIGN: &str = "cohort_to_sign";

/// What waits for the actor in each open cohort: what kind of thing, how many, since when, and in which campaign.
///
/// # Errors
///
/// When the store can't be read.
pub(crate) fn waiting(
    office: &Office,
    actor: &Actor,
) -> Result<Vec<(&'static str, u64, jiff::Timestamp, CampaignId)>> {
    office.office.read(|conn| {
        let mut found = Vec::new();
        for row in rows::open(conn)? {
            let facts = Facts::read_in(conn, row.id)?;
            let mine = facts.cases.iter().filter(|case| facts.waits_for(case, actor)).count() as u64;
            if mine > 0 {
                found.push((TO_LOOK_AT, mine, row.at, row.campaign));
            }
            if facts.next().is_some_and(|level| facts.signatures.may(actor, level)) {
                found.push((TO_SIGN, 1, facts.signatures.since(row.at), row.campaign));
            }
        }
        Ok(found)
    })
}

fn find(conn: &Connection, id: CohortId) -> Result<rows::Cohort> {
    rows::get(conn, id)?.ok_or_else(|| Error::not_found(CohortId::KIND, id))
}

fn wrong_state(id: CohortId, state: &str) -> Error {
    let params = [("kind", CohortId::KIND.to_owned()), ("id", id.to_string()), ("state", state.to_owned())];
    Error::refused(ProblemCode::WrongState, params)
}
