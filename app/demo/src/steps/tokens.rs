//! The appliance issues capture tokens; the school registers its vendor.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use api::campaign::{Slip, TokensIssued};
use api::search::{SearchQuery, SearchResults};
use serde_json::json;

use super::{Campaigns, Story, Tokens};
use crate::report::Evidence;

/// Plays the step.
pub(super) fn play(story: &Story, campaigns: &Campaigns, evidence: &mut Evidence) -> Result<Tokens> {
    let registrar = &story.people.registrar;
    let mut slips = Vec::new();
    for id in [campaigns.current, campaigns.before] {
        let issued: TokensIssued = registrar.post(&format!("/campaigns/{id}/tokens"), &json!({}))?;
        let all: Vec<Slip> = registrar.all(&format!("/campaigns/{id}/slips"))?;
        evidence.holds(issued.total == all.len() as u64, "there is one slip per token");
        slips.push(all);
    }
    let list = String::from_utf8(registrar.bytes(&format!("/campaigns/{}/tokens", campaigns.current))?)?;
    let tokens: BTreeSet<&str> = list.lines().skip(1).collect();
    let told = story.students.iter().filter(|student| {
        [&student.name, &student.student_number, &student.candidate_number, &student.id_number]
            .iter()
            .any(|text| list.contains(*text))
    });
    evidence.figure("tokens", tokens.len());
    evidence.holds(tokens.len() == story.cohort, "every student has a token of their own");
    evidence.holds(told.count() == 0, "the list names nobody");
    let [current, before] = slips.as_slice() else { anyhow::bail!("two campaigns were made") };
    evidence.holds(current.iter().all(|slip| slip.qr.contains("<svg")), "every token is a QR code too");
    let by_person: BTreeMap<_, _> = current.iter().map(|slip| (slip.person, &slip.token)).collect();
    let mut given = Vec::new();
    for student in story.cohort() {
        let query = SearchQuery { q: student.student_number.clone(), ..SearchQuery::default() };
        let found: SearchResults = registrar.query("/search", &query)?;
        let person = found.exact.first().context("a student is not found by number")?.person;
        let token = by_person.get(&person).context("a student has no token")?;
        given.push((person, (*token).clone()));
    }
    let foreign = before.first().context("the other campaign has no token")?.token.clone();
    let others = before.iter().map(|slip| slip.person).collect();
    Ok(Tokens { given, foreign, others })
}
