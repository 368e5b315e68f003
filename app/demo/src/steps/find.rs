//! The registrar searches.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use api::ids::PersonId;
use api::search::{SearchQuery, SearchResults};

use super::Story;
use crate::queries::{Query, RULE, queries};
use crate::report::Evidence;

/// What each query found: exact hits and hits by sound.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found(BTreeMap<String, (BTreeSet<PersonId>, BTreeSet<PersonId>)>);

/// Plays the step.
pub(super) fn play(story: &Story, evidence: &mut Evidence) -> Result<Found> {
    let queries = queries(&story.students);
    let ids = ids(story)?;
    let found = ask(story, &queries)?;
    let mut wrong = Vec::new();
    for query in &queries {
        let named = |positions: &BTreeSet<usize>| {
            positions.iter().filter_map(|at| ids.get(*at)).copied().collect::<BTreeSet<_>>()
        };
        if found.0.get(&query.text) != Some(&(named(&query.exact), named(&query.sound))) {
            let (exact, sound) =
                found.0.get(&query.text).map_or((0, 0), |(exact, sound)| (exact.len(), sound.len()));
            wrong.push(format!(
                "{}: {exact} exact and {sound} by sound instead of {} and {}",
                query.text,
                query.exact.len(),
                query.sound.len()
            ));
        }
    }
    evidence.figure("rule", RULE);
    evidence.figure("queries", queries.len());
    evidence.figure("right", queries.len() - wrong.len());
    evidence.holds(queries.len() >= 100, "there are at least 100 queries");
    evidence.holds(wrong.is_empty(), wrong.join("; "));
    Ok(found)
}

/// Asks all queries.
pub(super) fn ask(story: &Story, queries: &[Query]) -> Result<Found> {
    let mut found = BTreeMap::new();
    for query in queries {
        found.insert(query.text.clone(), hits(story, &query.text)?);
    }
    Ok(Found(found))
}

/// Asks all queries again.
pub(super) fn again(story: &Story) -> Result<Found> {
    ask(story, &queries(&story.students))
}

fn hits(story: &Story, text: &str) -> Result<(BTreeSet<PersonId>, BTreeSet<PersonId>)> {
    let (mut exact, mut sound) = (BTreeSet::new(), BTreeSet::new());
    loop {
        let offset = u32::try_from(exact.len())?;
        let query = SearchQuery { q: text.to_owned(), offset, limit: 200, ..SearchQuery::default() };
        let results: SearchResults = story.people.registrar.query("/search", &query)?;
        let before = exact.len();
        exact.extend(results.exact.iter().map(|hit| hit.person));
        sound.extend(results.pinyin.iter().map(|hit| hit.person));
        if exact.len() as u64 >= results.total || exact.len() == before {
            return Ok((exact, sound));
        }
    }
}

/// The person of each student, found by student number.
fn ids(story: &Story) -> Result<Vec<PersonId>> {
    let mut ids = Vec::new();
    for student in &story.students {
        let (exact, _) = hits(story, &student.student_number)?;
        ids.extend(exact.first());
    }
    Ok(ids)
}
