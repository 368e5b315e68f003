//! The archive's health and the doctor's findings.

use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// The archive in figures. `GET /archive/health`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ArchiveHealth {
    /// Objects in the storage root.
    pub objects: u64,
    /// Dossiers among them.
    pub dossiers: u64,
    /// Photos.
    pub photos: u64,
    /// Diplomas.
    pub diplomas: u64,
    /// Bytes of all content.
    pub bytes: u64,
    /// The last check of every byte, if there was one.
    pub last_check: Option<FixityCheck>,
    /// Checks, newest first (the last 60).
    pub checks: Vec<FixityCheck>,
    /// The last restore drill, if there was one.
    pub last_drill: Option<Drill>,
    /// How many search documents there are.
    pub indexed: u64,
    /// Changes the index has not caught up with.
    pub index_behind: u64,
    /// Free bytes on the volume.
    pub free_bytes: u64,
}

/// One check of the archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FixityCheck {
    /// When it ended.
    pub at: Timestamp,
    /// Files read and equal to their digest.
    pub intact: u64,
    /// Files that differ from their digest, or are missing.
    pub damaged: u64,
    /// Files that could not be read.
    pub unreadable: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Milliseconds it took.
    pub ms: u64,
}

/// One restore drill: the archive restored into an empty folder, read back and compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Drill {
    /// When it ended.
    pub at: Timestamp,
    /// Objects that came back whole.
    pub objects: u64,
    /// Files of these.
    pub files: u64,
    /// Bytes of these, every one compared.
    pub bytes: u64,
    /// Things that did not come back as they were kept.
    pub differing: u64,
    /// Whether the copy lay on another device than the archive.
    pub other_device: bool,
    /// Milliseconds it took.
    pub ms: u64,
    /// SHA-256 of its report, hex.
    pub report: String,
}

/// What the doctor sees. `GET /doctor`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Doctor {
    /// The findings, worst first.
    pub findings: Vec<DoctorFinding>,
    /// The product's version.
    pub version: String,
}

/// One finding of the doctor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DoctorFinding {
    /// Stable code: `volume-unencrypted`, `model-ok`, `certificate-expires`, …
    pub code: String,
    /// `ok`, `attention` or `stop`.
    pub level: String,
    /// What was seen, in English.
    pub text: String,
    /// What mends it, in English; empty if nothing needs mending.
    pub mend: String,
    /// Values for the client's own wording.
    pub params: std::collections::BTreeMap<String, String>,
}
