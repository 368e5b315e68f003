//! What stands in the ledger: a kind and a salted commitment, never the event itself.
//!
//! The ledger can't forget. So a leaf holds only SHA-256 of a salt and the event; whoever keeps salt and event can show
//! that the leaf stands for it, and once the salt is destroyed the leaf says nothing about anybody.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    hash::{Hash, leaf_hash},
    json::{JsonError, canonical},
};

/// The data of one ledger leaf. Written as canonical JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// The version of this format, 1.
    pub v: u8,
    /// What kind of event it is, as in `delivery.accepted`. Never personal data.
    pub kind: String,
    /// SHA-256 of the salt and the canonical JSON of the event.
    pub commitment: Hash,
}

/// Commits to an event: SHA-256 of `salt` and the event's canonical JSON.
#[must_use]
pub fn commitment(salt: &[u8; 32], event: &[u8]) -> Hash {
    let mut digest = Sha256::new();
    digest.update(salt);
    digest.update(event);
    Hash::from_bytes(digest.finalize().into())
}

impl Leaf {
    /// The leaf of kind `kind` for an event given as canonical JSON.
    #[must_use]
    pub fn new(kind: impl Into<String>, salt: &[u8; 32], event: &[u8]) -> Self {
        Self { v: 1, kind: kind.into(), commitment: commitment(salt, event) }
    }

    /// The bytes that stand in the ledger.
    ///
    /// # Errors
    ///
    /// Never for a leaf made by [`Leaf::new`].
    pub fn data(&self) -> Result<Vec<u8>, JsonError> {
        canonical(self)
    }

    /// The hash of the leaf in the tree.
    ///
    /// # Errors
    ///
    /// Never for a leaf made by [`Leaf::new`].
    pub fn hash(&self) -> Result<Hash, JsonError> {
        Ok(leaf_hash(&self.data()?))
    }
}
