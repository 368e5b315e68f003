//! What happened, and the leaf that commits to it.

use ids::EventId;
use ledger::{
    Leaf,
    json::{JsonError, canonical},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something that happened and stands in the ledger as a salted commitment. The event itself is kept elsewhere, with its salt; once
/// the salt is destroyed, the leaf says nothing about anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// What kind, as in `delivery.accepted`. Stands in the ledger as it is: never personal data.
    pub kind: String,
    /// When, as RFC 3339.
    pub at: String,
    /// Who did it, by id.
    pub actor: String,
    /// To what, by id.
    pub subject: String,
    /// Anything else. Without fractions.
    pub detail: Value,
    /// What hides the commitment; drawn at random.
    pub salt: [u8; 32],
}

/// What the commitment covers.
#[derive(Serialize, Deserialize)]
struct Committed<'a> {
    id: EventId,
    kind: &'a str,
    at: &'a str,
    actor: &'a str,
    subject: &'a str,
    detail: Value,
}

impl Event {
    /// Makes an event with a fresh id and a fresh salt.
    #[must_use]
    pub fn new(
        kind: impl Into<String>,
        at: impl Into<String>,
        actor: impl Into<String>,
        subject: impl Into<String>,
        detail: Value,
    ) -> Self {
        Self {
            id: EventId::new(),
            kind: kind.into(),
            at: at.into(),
            actor: actor.into(),
            subject: subject.into(),
            detail,
            salt: rand::random(),
        }
    }

    /// The event as canonical JSON, without the salt: what the commitment covers, and what is kept.
    ///
    /// # Errors
    ///
    /// If the detail holds a fraction or a number too large for JSON.
    pub fn canonical(&self) -> Result<Vec<u8>, JsonError> {
        canonical(&Committed {
            id: self.id,
            kind: &self.kind,
            at: &self.at,
            actor: &self.actor,
            subject: &self.subject,
            detail: self.detail.clone(),
        })
    }

    /// The leaf's data, as [`super::Log::append`] takes it.
    ///
    /// # Errors
    ///
    /// As [`Event::canonical`].
    pub fn leaf(&self) -> Result<Vec<u8>, JsonError> {
        Leaf::new(self.kind.clone(), &self.salt, &self.canonical()?).data()
    }
}
