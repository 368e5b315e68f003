//! Catalog and index are thrown away and rebuilt from the archive's files.

use std::collections::BTreeMap;

use anyhow::Result;
use api::dossier::Dossier;
use api::ids::PersonId;
use fs_err as fs;
use serde_json::Value;

use super::find::{Found, again};
use super::{Story, Tokens};
use crate::report::Evidence;

/// Plays the step.
pub(super) fn play(story: &mut Story, found: &Found, tokens: &Tokens, evidence: &mut Evidence) -> Result<()> {
    let before = dossiers(story, tokens)?;
    story.server.stop()?;
    let check: Value = serde_json::from_str(&story.server.run(&["archive", "check", "--json"])?)?;
    for name in ["intact", "damaged", "unreadable", "bytes"] {
        evidence.figure(name, check.get(name).cloned().unwrap_or_default());
    }
    let data = story.server.data().to_owned();
    for name in ["catalog.db", "catalog.db-wal", "catalog.db-shm"] {
        if data.join(name).exists() {
            fs::remove_file(data.join(name))?;
        }
    }
    fs::remove_dir_all(data.join("index"))?;
    story.server.run(&["archive", "rebuild"])?;
    story.server.resume()?;
    story.people = story.people.again(&story.server)?;
    let after = dossiers(story, tokens)?;
    evidence.figure("dossiers", after.len());
    evidence.holds(after.len() == story.students.len(), "there is a dossier for everybody");
    evidence.holds(
        before == after,
        format!("all dossiers and their digests are the same; {}", differing(&before, &after)),
    );
    evidence.holds(again(story)? == *found, "all queries find the same people");
    Ok(())
}

/// The parts of dossiers that differ, named without what they hold.
fn differing(before: &BTreeMap<PersonId, Value>, after: &BTreeMap<PersonId, Value>) -> String {
    let parts = ["facts", "photos", "diplomas", "versions"];
    let differ = |part: &&str| {
        before.iter().any(|(id, old)| after.get(id).map(|new| &new[*part]) != Some(&old[*part]))
    };
    format!(
        "these differ: {}",
        parts.iter().filter(|part| differ(part)).copied().collect::<Vec<_>>().join(", ")
    )
}

/// Every dossier there is, without what reading itself changes.
fn dossiers(story: &Story, tokens: &Tokens) -> Result<BTreeMap<PersonId, Value>> {
    let mut all = BTreeMap::new();
    for person in tokens.given.iter().map(|(person, _)| person).chain(&tokens.others) {
        let mut dossier: Dossier = story.people.registrar.get(&format!("/persons/{person}"))?;
        dossier.uses.clear();
        dossier.fixity = api::dossier::Fixity { checked: None, intact: None, newer: false };
        all.insert(*person, serde_json::to_value(dossier)?);
    }
    Ok(all)
}
