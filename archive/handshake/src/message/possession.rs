//! M4 and M5: the challenge, the proof of possession, and the check of it.

use ledger::Hash;
use serde::{Deserialize, Serialize};

use crate::{bytes::Nonce, objects::LocationId, possession::Held};

/// M4. The school asks for proof of possession of every object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// One fresh nonce for each place.
    pub nonces: Vec<LocationNonce>,
    /// Where in the ledger the inventory stands; below the size the school names in the same message.
    pub inventory_index: u64,
}

/// The nonce of one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationNonce {
    /// The place.
    pub location: LocationId,
    /// Its nonce.
    pub nonce: Nonce,
}

/// M5. The vendor's proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Possession {
    /// One answer for each place.
    pub locations: Vec<LocationPossession>,
}

/// What one place holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationPossession {
    /// The place.
    pub location: LocationId,
    /// The root over the MACs of the objects held there.
    pub root: Hash,
    /// Which objects are held there.
    pub held: Held,
    /// How many files hold them (an object may lie there more than once).
    pub files: u64,
    /// Other files there, by kind.
    pub extras: Vec<Extra>,
    /// How the bytes were read.
    pub read_path: String,
}

/// Files that are none of the objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extra {
    /// What they are, as in "thumbnail".
    pub what: String,
    /// How many files.
    pub files: u64,
    /// How many bytes.
    pub bytes: u64,
    /// Why they are there. Nothing must stay unexplained.
    pub explanation: String,
    /// Whether they are erased along with the objects.
    pub erased_too: bool,
    /// The hash of the attached list of salted hashes and 4 KiB block hashes, if one was handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<Hash>,
}

/// M5, the school's half: what it computed from its own copies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checked {
    /// One root for each place.
    pub locations: Vec<LocationChecked>,
}

/// What the school computed for one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationChecked {
    /// The place.
    pub location: LocationId,
    /// The root over the MACs of the school's own bytes.
    pub root: Hash,
}
