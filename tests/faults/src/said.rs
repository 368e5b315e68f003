//! What the driver says on stdout, a line each: what somebody in its place would have been told.

use api::ids::{DeliveryId, PersonId};
use serde::{Deserialize, Serialize};

/// Something was kept, and somebody was told so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// A delivery: its receipt's digest, and whose photos with which SHA-256, hex.
    Delivery {
        /// Which.
        delivery: DeliveryId,
        /// SHA-256 of its signed statement, hex.
        receipt: String,
        /// Whose photos, with their SHA-256, hex.
        photos: Vec<(PersonId, String)>,
    },
    /// A dossier, corrected.
    Dossier {
        /// Whose.
        person: PersonId,
        /// The version it is at.
        version: u32,
        /// SHA-256 of the photo that was corrected, hex.
        photo: Option<String>,
        /// The note that was written.
        note: Option<String>,
    },
    /// An object of the archive that was damaged and is whole again, `urn:uuid:…`.
    Object(String),
    /// The ledger holds so many leaves.
    Leaves(u64),
    /// Whatever was kept can be found.
    Index,
    /// Catalog and index were made anew of so many objects.
    Catalog(u64),
}

/// A line of the driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// Something was kept.
    Kept(Kept),
    /// It could not be done, and this is what the user is told of it.
    Refused(String),
    /// Nothing was said within a time in which it should have been.
    Nothing,
    /// A thread panicked.
    Panicked(String),
    /// All of it was done.
    Done,
}

/// What was kept, among what was said.
pub fn kept(said: &[Said]) -> impl Iterator<Item = &Kept> {
    said.iter().filter_map(|said| if let Said::Kept(kept) = said { Some(kept) } else { None })
}
