//! M6: the plan for the erasure, and the consent to it.

use ledger::Hash;
use serde::{Deserialize, Serialize};

use super::person::Person;
use crate::{keys::Role, objects::LocationId};

/// M6. The vendor's plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What happens to each place.
    pub locations: Vec<LocationPlan>,
    /// Who is present for the vendor.
    pub present: Vec<Person>,
}

/// What kind of sanitisation (NIST SP 800-88, IEEE 2883).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sanitisation {
    /// Logical techniques on everything that can be addressed.
    Clear,
    /// Techniques that leave nothing for a laboratory.
    Purge,
    /// The medium can't be used again.
    Destroy,
}

/// What happens to one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationPlan {
    /// The place.
    pub location: LocationId,
    /// Which kind of sanitisation.
    pub sanitisation: Sanitisation,
    /// Which technique exactly.
    pub technique: String,
    /// How long it will take, in seconds.
    pub expected_seconds: u64,
    /// Blocks planted so that a scan can show that it finds something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controls: Option<Controls>,
}

/// Blocks planted before the erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Controls {
    /// How many were planted.
    pub planted: u64,
    /// How many of them the scan before the erasure found.
    pub found: u64,
}

/// M6, the school's half.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// The hash of the envelope with the plan that is agreed to.
    pub plan: Hash,
    /// Which of the policy's officers are present.
    pub officers: Vec<Role>,
    /// Which of the policy's witnesses are present, by their names in the policy.
    pub witnesses: Vec<String>,
}
