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

/// One thing that changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Changed {
    /// The event's kind: `delivery.accepted`.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// Who: the account's name, or the appliance.
    pub actor: String,
    /// To what: an id.
    pub subject: String,
}
