//! What waits for the person who signed in.

use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// Today's page. `GET /today`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Today {
    /// What waits for me, most urgent first.
    pub waiting: Vec<Waiting>,
    /// What changed since I was last here, newest first.
    pub changed: Vec<Changed>,
    /// Health in one line: `ok`, `attention` or `stop`, with the doctor's first finding.
    pub health: String,
    /// The code of the doctor's worst finding, if not ok.
    pub health_code: Option<String>,
    /// When I was last here.
    pub since: Option<Timestamp>,
}

/// One thing that waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Waiting {
    /// Stable word: `delivery_to_check`, `delivery_to_confirm`, `comparison_in_review`, `case_to_sign`, …
    pub kind: String,
    /// How many.
    pub count: u64,
    /// Since when the oldest waits.
    pub oldest: Timestamp,
    /// The page that shows them, as a path of the client.
    pub link: String,
}

/// What changed: one thing, or several of a kind that one person did on one day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Changed {
    /// The event's kind: `delivery.accepted`.
    pub kind: String,
    /// When, the last of them.
    pub at: Timestamp,
    /// Who: a person's name, `console`, `appliance`, or a vendor's id.
    pub actor: String,
    /// To what: an id, if it is one thing.
    pub subject: Option<String>,
    /// How many.
    pub count: u64,
}

/// Something changed: whoever shows it asks again. Event `changed` of `GET /events`
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Change {
    /// What it deals with, the first word of an event's kind: `delivery`, `deletion`, `campaign`, …; empty when some
    /// changes were missed, so that it may be anything.
    pub room: String,
    /// The thing's id, unless it is a person's.
    pub subject: Option<String>,
}

impl Change {
    /// Some changes were missed.
    #[must_use]
    pub const fn anything() -> Self {
        Self { room: String::new(), subject: None }
    }

    /// Whether it may be anything.
    #[must_use]
    pub const fn is_anything(&self) -> bool {
        self.room.is_empty()
    }
}
