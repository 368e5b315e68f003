//! M3: the school's own copies are safe.

use jiff::Timestamp;
use ledger::Hash;
use serde::{Deserialize, Serialize};

use crate::objects::LocationId;

/// M3. The school shows that its own copies are safe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// The ledger's checkpoint, as signed.
    pub archive_checkpoint: String,
    /// What the guards look at.
    pub safety: Safety,
    /// The root of the fixity report.
    pub fixity_root: Hash,
    /// The restore drill.
    pub drill: Drill,
    /// Objects of the delivery that are not to be deleted, and why.
    pub excluded: Vec<Exclusion>,
    /// Which places an officer has seen.
    pub sightings: Vec<Sighting>,
}

/// What must hold before anything may be erased, as of now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Safety {
    /// The school's copies.
    pub replicas: Vec<Replica>,
    /// Defects of the delivery that are still open.
    pub open_defects: u64,
    /// Legal holds on objects of the delivery.
    pub holds: Vec<String>,
}

/// One of the school's copies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replica {
    /// Which copy.
    pub id: String,
    /// What it lies on. Two copies on the same medium count once.
    pub medium: String,
    /// When every byte of it was last verified.
    pub verified_at: Timestamp,
}

/// A restore that was tried and compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drill {
    /// When.
    pub at: Timestamp,
    /// How many of the objects were restored.
    pub objects: u64,
    /// How many bytes of them were compared.
    pub bytes: u64,
    /// How many differed.
    pub differing: u64,
    /// The hash of the report.
    pub report: Hash,
}

/// An object that is not to be deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// A commitment to the object, not the object.
    pub commitment: Hash,
    /// Why.
    pub reason: String,
}

/// An officer has stood before a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sighting {
    /// Which place.
    pub location: LocationId,
    /// The hash of the photo taken of it.
    pub photo: Hash,
}
