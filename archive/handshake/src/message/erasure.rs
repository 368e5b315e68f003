//! M8 and M9: the erasure, while it runs and when it is done.

use jiff::Timestamp;
use ledger::Hash;
use serde::{Deserialize, Serialize};

use super::person::Person;
use super::plan::Sanitisation;
use crate::objects::LocationId;

/// M8. How far the erasure is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Place by place.
    pub locations: Vec<LocationProgress>,
}

/// How far the erasure of one place is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationProgress {
    /// The place.
    pub location: LocationId,
    /// Bytes done.
    pub done: u64,
    /// Bytes to do.
    pub total: u64,
    /// Errors so far.
    pub errors: u64,
    /// Retries so far.
    pub retries: u64,
    /// The hash of the tool's log so far.
    pub log: Hash,
}

/// M9. The erasure is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erased {
    /// Place by place.
    pub locations: Vec<LocationErased>,
    /// Keys that were destroyed.
    pub keys_destroyed: Vec<KeyDestruction>,
    /// Who did it.
    pub sanitiser: Person,
}

/// What was done to one place, and what the tool saw afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationErased {
    /// The place.
    pub location: LocationId,
    /// Which kind of sanitisation.
    pub sanitisation: Sanitisation,
    /// Which technique exactly.
    pub technique: String,
    /// The tool.
    pub tool: String,
    /// Its version.
    pub tool_version: String,
    /// How many passes.
    pub passes: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How many files were erased.
    pub files: u64,
    /// What the device itself reports, verbatim.
    pub device_status: String,
    /// What went wrong.
    pub errors: ErasureErrors,
    /// How often something was tried again.
    pub retries: u64,
    /// What is known of hidden areas (HPA, DCO, namespaces).
    pub hidden_areas: String,
    /// Where the medium goes.
    pub destination: String,
    /// Whether the paths are gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paths: Option<PathCheck>,
    /// What a scan of the raw device found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan: Option<RawScan>,
}

/// What went wrong in an erasure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErasureErrors {
    /// While overwriting.
    pub pass: u64,
    /// While flushing to the device.
    pub sync: u64,
    /// While reading back.
    pub verify: u64,
}

/// A look at the paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathCheck {
    /// How many files were looked at.
    pub checked: u64,
    /// How many of the objects were still found.
    pub found: u64,
}

/// A scan of the raw device, below the file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawScan {
    /// How large the device is.
    pub device_bytes: u64,
    /// How much of it was read.
    pub scanned_bytes: u64,
    /// 4 KiB blocks of the objects that were found.
    pub block_hits: u64,
    /// Whole objects that were found.
    pub file_hits: u64,
    /// JPEG images that were carved out.
    pub jpegs_carved: u64,
    /// Planted blocks that were still there.
    pub controls_left: u64,
    /// Whether free space was overwritten.
    pub free_space_overwritten: bool,
}

/// A key that was destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyDestruction {
    /// The place it was for.
    pub location: LocationId,
    /// What was destroyed and how.
    pub what: String,
    /// The hash of the key's header before.
    pub before: Hash,
    /// The hash after.
    pub after: Hash,
}
