//! What the appliance and its clients say to each other: requests, answers, rights and problems.
//!
//! Shapes only, no behaviour: the server, the web client, the command line and the vendor's agent all use these
//! types, so that they cannot disagree. All times are RFC 3339 in UTC; all sizes are bytes; all durations are
//! milliseconds; all digests are lower-case hex.

pub mod account;
pub mod appraisal;
pub mod campaign;
pub mod cohort;
pub mod copy;
pub mod deletion;
pub mod delivery;
pub mod diploma;
pub mod dossier;
pub mod face;
pub mod flaw;
pub mod health;
pub mod hold;
pub mod import;
pub mod job;
pub mod law;
pub mod ledger;
pub mod problem;
pub mod right;
pub mod school;
pub mod search;
#[cfg(any(test, target_family = "wasm"))]
pub mod time;
pub mod today;
pub mod usage;
pub mod vendor;

pub use flaw::Flaw;
pub use ids;
#[cfg(not(target_family = "wasm"))]
pub use jiff::{Timestamp, civil::Date};
pub use problem::{Problem, ProblemCode};
pub use right::{Right, Role};
#[cfg(target_family = "wasm")]
pub use time::{Date, Timestamp};

use serde::{Deserialize, Serialize};

/// A part of a list, with the length of the whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The items of this part, in the order asked for.
    pub items: Vec<T>,
    /// How many items the whole list has.
    pub total: u64,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(default)]
pub struct Slice {
    /// How many items to pass over.
    pub offset: u32,
    /// How many items to return at most; the server returns no more than 500.
    pub limit: u32,
}

impl Default for Slice {
    fn default() -> Self {
        Self { offset: 0, limit: 50 }
    }
}
