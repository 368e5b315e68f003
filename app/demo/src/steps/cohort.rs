//! Everybody of the campaign compared at once. What waits for people is left to whoever looks at the demo.

use anyhow::{Context as _, Result};
use api::cohort::{Cohort, NewCohort};
use api::ids::CohortId;
use api::job::Job;

use super::{Campaigns, Story};
use crate::report::Evidence;

/// How many per cent of the clear cases a person looks at.
const SAMPLE: u8 = 5;

pub(super) fn play(story: &Story, campaigns: &Campaigns, evidence: &mut Evidence) -> Result<()> {
    let desk = &story.people.admissions;
    let path = format!("/campaigns/{}/cohorts", campaigns.current);
    let job: Job = desk.post(&path, &NewCohort { sample_percent: SAMPLE, other_campaigns: Vec::new() })?;
    let job = desk.done(job.id)?;
    let cohort: Cohort = desk.get(&format!("/cohorts/{}", CohortId::from_uuid(job.id.uuid())))?;
    let (counts, sample) = (cohort.counts, &cohort.sample);
    for (name, count) in [
        ("people", counts.people),
        ("photos", counts.photos),
        ("pairs", counts.pairs),
        ("match", counts.matched),
        ("unsure", counts.unsure),
        ("no_match", counts.no_match),
        ("by_hand", counts.by_hand),
        ("sample", sample.size),
        ("waiting", counts.waiting),
    ] {
        evidence.figure(name, count);
    }
    evidence.figure("look_alikes_by_chance", cohort.alike_by_chance);
    let outcomes = counts.matched + counts.unsure + counts.no_match + counts.by_hand;
    evidence.holds(counts.people == story.cohort as u64, "everybody on the roster is in it");
    evidence.holds(outcomes == counts.people, "everybody has one outcome");
    evidence.holds(sample.size == (counts.matched * u64::from(SAMPLE)).div_ceil(100), "the sample is drawn");
    let waiting = counts.unsure + counts.no_match + counts.by_hand + sample.size;
    evidence.holds(counts.waiting == waiting, "whatever is not clear, and the sample, waits for people");
    let lists: Vec<Cohort> = story.people.registrar.get(&path)?;
    let listed = lists.first().context("the cohort is not listed")?;
    evidence
        .holds(listed.id == cohort.id && listed.next.is_none(), "nobody can sign before people have looked");
    Ok(())
}
