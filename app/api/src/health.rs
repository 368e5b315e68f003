//! The archive's health and the doctor's findings.

use crate::Timestamp;
use crate::ids::ReplicaId;
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
    /// The copies on further volumes.
    pub replicas: Vec<Replica>,
    /// The last repairs, newest first.
    pub repairs: Vec<Repair>,
    /// How far the patrol is.
    pub patrol: Patrol,
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
    /// Damaged and unreadable files that were whole again when it ended.
    pub repaired: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Milliseconds it took.
    pub ms: u64,
}

/// A copy of the archive on a further volume. `GET /replicas`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Replica {
    /// Its id.
    pub id: ReplicaId,
    /// What people call it.
    pub name: String,
    /// Its folder.
    pub dir: String,
    /// `never_synced`, `current`, `behind`, `unreachable` or `damaged`.
    pub state: String,
    /// Objects it holds whole, as far as is known.
    pub objects: u64,
    /// Objects it lacks, or lacks the newest version of.
    pub behind: u64,
    /// Objects that were found damaged there.
    pub damaged: u64,
    /// When a pass last came to its end.
    pub synced: Option<Timestamp>,
    /// When it last held everything.
    pub current: Option<Timestamp>,
    /// When every byte of it was last read.
    pub verified: Option<Timestamp>,
    /// Whether it has been behind for more than a day.
    pub late: bool,
    /// Free bytes on its volume, if it can be reached.
    pub free_bytes: Option<u64>,
    /// Whether it lies on another device than the archive, if it can be reached.
    pub other_device: Option<bool>,
}

/// A damaged object that gave way to a good copy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Repair {
    /// When.
    pub at: Timestamp,
    /// Where: `archive`, or the id of a replica.
    pub place: String,
    /// The object, `urn:uuid:…`.
    pub object: String,
    /// Its version.
    pub version: u32,
    /// Where the good copy came from: a replica's name, or `archive`.
    pub from: String,
    /// How many things were wrong.
    pub wrong: u64,
    /// The folder in the quarantine that keeps what was damaged.
    pub kept: String,
}

/// How far the patrol is, which reads everything again within a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Patrol {
    /// Within how many days everything is to be read.
    pub days: u64,
    /// Objects there are.
    pub objects: u64,
    /// Objects that were never read, or not within that time.
    pub overdue: u64,
    /// Objects that were damaged or gone when they were last looked at.
    pub hurt: u64,
    /// When the object was read that was not read for longest.
    pub oldest: Option<Timestamp>,
    /// When an object was last read.
    pub newest: Option<Timestamp>,
    /// Bytes that are read in a second at most.
    pub bytes_per_second: u64,
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
