//! Thresholds on one half of the people, comparisons on the other.

use anyhow::{Context, Result, bail};
use api::face::{Calibration, Comparison, ComparisonState, Decide, FaceDecision, NewCalibration, Verdict};
use api::ids::CalibrationId;
use api::job::Job;
use serde_json::json;

use super::{Campaigns, Story, Tokens};
use crate::faces::Which;
use crate::report::Evidence;

/// The false match rate asked for.
const TARGET: f64 = 1e-3;

/// The rule by which probes are chosen, as it is printed.
const RULE: &str = "everybody of the half that did not calibrate is compared with their own capture, with the capture of \
     the next person of that half, and with a morph of the two, pixel by pixel half and half";

/// Calibrates on the half that has a photo of its own from the school.
pub(super) fn calibrate(story: &Story, campaigns: &Campaigns, evidence: &mut Evidence) -> Result<()> {
    let desk = &story.people.admissions;
    let job: Job =
        desk.post("/calibrations", &NewCalibration { campaign: campaigns.current, target_fmr: TARGET })?;
    let done = desk.done(job.id)?;
    let id = CalibrationId::from_uuid(done.id.uuid());
    let adopted: Calibration = desk.post(&format!("/calibrations/{id}/adopt"), &json!({}))?;
    evidence.figure("calibration", adopted.version.as_str());
    evidence.figure("people", adopted.people);
    evidence.figure("genuine_pairs", adopted.genuine);
    evidence.figure("impostor_pairs", adopted.impostor);
    evidence.figure("accept", f64::from(adopted.accept));
    evidence.figure("reject", f64::from(adopted.reject));
    evidence.figure("operating_points", serde_json::to_value(&adopted.operating_points)?);
    evidence.holds(adopted.adopted, "the calibration is in force");
    evidence.holds(
        usize::try_from(adopted.people)? <= story.faces.calibrating,
        "only the calibrating half was used",
    );
    Ok(())
}

/// How often each verdict was given.
#[derive(Debug, Default)]
struct Tally {
    matched: u64,
    unsure: u64,
    unmatched: u64,
    refused: u64,
}

impl Tally {
    fn count(&mut self, verdict: Option<Verdict>) {
        match verdict {
            Some(Verdict::Match) => self.matched += 1,
            Some(Verdict::Unsure) => self.unsure += 1,
            Some(Verdict::NoMatch) => self.unmatched += 1,
            None => self.refused += 1,
        }
    }

    fn json(&self) -> serde_json::Value {
        json!({ "match": self.matched, "unsure": self.unsure, "no_match": self.unmatched, "refused": self.refused })
    }
}

/// Compares the other half.
pub(super) fn play(story: &Story, tokens: &Tokens, evidence: &mut Evidence) -> Result<()> {
    let half = story.faces.calibrating..story.cohort;
    let (mut own, mut others, mut morphs) = (Tally::default(), Tally::default(), Tally::default());
    let mut first = None;
    for student in half.clone() {
        let next = if student + 1 < half.end { student + 1 } else { half.start };
        let (mine, theirs) =
            (story.faces.photo(student, Which::Capture)?, story.faces.photo(next, Which::Capture)?);
        let morph = story.faces.morph(&mine, &theirs)?;
        others.count(compare(story, tokens, student, theirs)?.map(|made| made.verdict));
        morphs.count(compare(story, tokens, student, morph)?.map(|made| made.verdict));
        // Last, so that it is what stays open: a probe that is taken again takes the place of the one before.
        let made = compare(story, tokens, student, mine)?;
        own.count(made.as_ref().map(|made| made.verdict));
        first = first.or(made);
    }
    evidence.figure("rule", RULE);
    evidence.figure("own", own.json());
    evidence.figure("next_person", others.json());
    evidence.figure("morph", morphs.json());
    let people = half.len().max(1);
    #[expect(clippy::cast_precision_loss, reason = "counts of people")]
    let rate = |count: u64| count as f64 / people as f64;
    evidence.figure("false_non_match_rate", rate(own.unmatched));
    evidence.figure("own_not_matched_rate", rate(own.unmatched + own.unsure));
    evidence.figure("false_match_rate", rate(others.matched));
    let all = |pick: fn(&Tally) -> u64| pick(&own) + pick(&others) + pick(&morphs);
    evidence.holds(all(|tally| tally.matched) > 0, "there is a match");
    evidence.holds(all(|tally| tally.unsure) > 0, "there is an unsure one");
    evidence.holds(all(|tally| tally.unmatched) > 0, "there is one that does not match");
    let first = first.context("nobody could be compared")?;
    let decide = Decide { decision: FaceDecision::Same, note: "证件与本人一致".to_owned() };
    let decided: Comparison =
        story.people.admissions.post(&format!("/comparisons/{}/decision", first.id), &decide)?;
    evidence.holds(
        decided.state == ComparisonState::Decided && !decided.has_probe,
        "a decision is kept, its probe is not",
    );
    Ok(())
}

/// Compares a probe with a student's reference photo. `None`: the probe was refused, for example for two faces.
fn compare(story: &Story, tokens: &Tokens, student: usize, probe: Vec<u8>) -> Result<Option<Comparison>> {
    let (person, _) = tokens.given.get(student).context("there is no such student")?;
    match story.people.admissions.post_bytes(&format!("/persons/{person}/comparisons"), probe) {
        Ok(made) => Ok(Some(made)),
        Err(error) => match error.downcast_ref::<api::Problem>() {
            Some(problem) if problem.status == 422 => Ok(None),
            _ => bail!(error),
        },
    }
}
