//! A person looks at every photo of a delivery whose face the machine doubts or takes for somebody else's.
//!
//! In this story nobody sits before the screen, so the person is played: for what the eye would see stands the folder
//! that a photo came from. The check itself never learns it.

use anyhow::{Context, Result};
use api::delivery::{Delivery, FaceWord, Item, Settle};
use api::ids::{DeliveryId, PersonId};
use serde_json::json;

use super::{Story, Tokens};

/// The rule by which the person is played, as it is printed.
pub(super) const RULE: &str = "the admissions office looks at every photo that the machine doubts or takes for somebody else, \
     beside the admission photo; this person is played: one person where both photos came from one folder of faces";

/// What the person saw.
#[derive(Debug, Default)]
pub(super) struct Looked {
    pub(super) same: u64,
    pub(super) different: u64,
}

impl Looked {
    pub(super) fn json(&self) -> serde_json::Value {
        json!({ "same": self.same, "different": self.different })
    }
}

/// Looks at them all. `replaced` says of which tokens the capture shows somebody else.
pub(super) fn look(
    story: &Story,
    tokens: &Tokens,
    id: DeliveryId,
    replaced: impl Fn(&str) -> bool,
) -> Result<Looked> {
    let mut looked = Looked::default();
    for item in in_doubt(story, id)? {
        let person = item.person.context("a photo is compared though it belongs to nobody")?;
        let token = token_of(tokens, person).context("a photo is of somebody who is not on the roster")?;
        let desk = &story.people.admissions;
        let delivered = desk.bytes(&format!("/deliveries/{id}/items/{}/image", item.number))?;
        let admission = item.admission.context("a face is in doubt without an admission photo")?;
        let known = desk.bytes(&format!("/photos/{admission}/image"))?;
        anyhow::ensure!(!delivered.is_empty() && !known.is_empty(), "there is nothing to look at");
        let decision = if replaced(token) { FaceWord::Different } else { FaceWord::Same };
        match decision {
            FaceWord::Same => looked.same += 1,
            FaceWord::Different => looked.different += 1,
        }
        let word = Settle { decision, note: String::new() };
        let _: Delivery = desk.put(&format!("/deliveries/{id}/items/{}/settlement", item.number), &word)?;
    }
    Ok(looked)
}

/// Every item whose face a person may settle.
fn in_doubt(story: &Story, id: DeliveryId) -> Result<Vec<Item>> {
    let mut items: Vec<Item> = story.people.admissions.all(&format!("/deliveries/{id}/items"))?;
    items.retain(|item| item.can_be_settled);
    Ok(items)
}

fn token_of(tokens: &Tokens, person: PersonId) -> Option<&str> {
    tokens.given.iter().find(|(given, _)| *given == person).map(|(_, token)| token.as_str())
}
