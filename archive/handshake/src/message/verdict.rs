//! M10 and M11: the school's verdict, place by place.

use serde::{Deserialize, Serialize};

use super::person::Person;
use crate::{level::Level, objects::LocationId};

/// M10. The school's verdict on what the vendor reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// Place by place.
    pub locations: Vec<LocationVerdict>,
    /// Who verified.
    pub verifier: Person,
}

/// The verdict on one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationVerdict {
    /// The place.
    pub location: LocationId,
    /// The level reached. Never above what the evidence bears.
    pub level: Level,
    /// Traces found, at least as many as the vendor reported.
    pub hits: u64,
    /// How the verdict was reached.
    pub method: String,
}

/// M11. Whether the objects are absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Absence {
    /// Place by place.
    pub locations: Vec<LocationAbsence>,
}

/// Whether the objects are absent from one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationAbsence {
    /// The place.
    pub location: LocationId,
    /// Whether nothing was found there.
    pub absent: bool,
    /// The level reached.
    pub level: Level,
    /// What may still be left, in words.
    pub residue: String,
}
