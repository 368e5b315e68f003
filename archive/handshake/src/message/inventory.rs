//! M2: the places where the vendor keeps copies.

use serde::{Deserialize, Serialize};

use crate::objects::LocationId;

/// M2. The vendor lists every place where copies are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// The places.
    pub locations: Vec<Location>,
    /// The declaration, in the vendor's words, that there is no other place.
    pub no_other_location: String,
}

/// What kind of thing a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LocationKind {
    /// A disk in a computer.
    Disk,
    /// Network storage.
    Nas,
    /// A cloud service.
    Cloud,
    /// A backup of any kind.
    Backup,
    /// Prints and papers.
    Paper,
    /// A stick or a card.
    Usb,
    /// A phone or a camera.
    Phone,
}

/// One place where the vendor keeps copies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// Its id within this deletion.
    pub id: LocationId,
    /// What kind of thing it is.
    pub kind: LocationKind,
    /// Who owns it.
    pub owner: String,
    /// Its maker.
    pub make: String,
    /// Its model.
    pub model: String,
    /// Its serial number.
    pub serial: String,
    /// Its world-wide name, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wwn: Option<String>,
    /// Its size in bytes, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u64>,
    /// What is known of hidden areas (HPA, DCO, namespaces).
    pub hidden_areas: String,
    /// Its file system.
    pub file_system: String,
    /// How it is encrypted.
    pub encryption: String,
    /// Whether snapshots exist.
    pub snapshots: String,
    /// How long copies stay there by themselves.
    pub retention: String,
    /// Others who can reach it.
    pub sub_processors: Vec<String>,
    /// What was made from the photos there: thumbnails, retouched versions, crops, embeddings, caches, logs, print queues.
    pub derivatives: Vec<String>,
}
