//! SHA-256 hashes, and how leaves and nodes of a Merkle tree are hashed.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest, Sha256};

use crate::encoding::{from_base64, from_hex, to_base64};

/// A SHA-256 hash. Its text is 64 lower-case hex digits; in C2SP files it is base64.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash([u8; 32]);

/// A text that is not a hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 hash")]
pub struct ParseHashError;

impl Hash {
    /// The root of the empty tree: the hash of no bytes (RFC 6962 §2.1).
    #[must_use]
    pub fn empty() -> Self {
        Self::of(&[])
    }

    /// The SHA-256 hash of `bytes`, without any prefix.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash made of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes of the hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash as C2SP files write it.
    #[must_use]
    pub fn to_base64(self) -> String {
        to_base64(&self.0)
    }

    /// Reads a hash as C2SP files write it.
    ///
    /// # Errors
    ///
    /// If the text is not the one base64 text of 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self, ParseHashError> {
        let bytes = from_base64(text).ok_or(ParseHashError)?;
        bytes.try_into().map(Self).map_err(|_| ParseHashError)
    }
}

/// Hashes the data of a leaf: SHA-256 of 0x00 and the data (RFC 6962 §2.1).
#[must_use]
pub fn leaf_hash(data: &[u8]) -> Hash {
    let mut digest = Sha256::new();
    digest.update([0x00]);
    digest.update(data);
    Hash(digest.finalize().into())
}

/// Hashes two children: SHA-256 of 0x01, the left and the right hash (RFC 6962 §2.1).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut digest = Sha256::new();
    digest.update([0x01]);
    digest.update(left.0);
    digest.update(right.0);
    Hash(digest.finalize().into())
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = ParseHashError;

    fn from_str(text: &str) -> Result<Self, ParseHashError> {
        from_hex(text).map(Self).ok_or(ParseHashError)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
