//! Keys, their fingerprints, and the roles they are enrolled for. One key, one role.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use ledger::{Hash, from_hex};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// An Ed25519 public key. Its text is 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// Who a key speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The school's appliance.
    School,
    /// The first officer, the registrar.
    Registrar,
    /// The second officer, of the IT department.
    It,
    /// The tool that runs at the vendor.
    Agent,
    /// The person who may bind the vendor.
    Legal,
}

/// The two sides of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The school.
    School,
    /// The vendor.
    Vendor,
}

/// Something that can sign: a key in a file, or one on a token.
pub trait Signer {
    /// The public half of the key.
    fn public_key(&self) -> PublicKey;

    /// Signs `message` with Ed25519.
    ///
    /// # Errors
    ///
    /// If the key can't be used now, such as a token that was pulled out.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerError>;
}

/// The key could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the key {key} could not be used: {reason}")]
pub struct SignerError {
    /// The key's fingerprint.
    pub key: Hash,
    /// Why not.
    pub reason: String,
}

impl Signer for SigningKey {
    fn public_key(&self) -> PublicKey {
        PublicKey(self.verifying_key())
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerError> {
        self.try_sign(message).map(|signature| signature.to_bytes()).map_err(|error| SignerError {
            key: Signer::public_key(self).fingerprint(),
            reason: error.to_string(),
        })
    }
}

impl PublicKey {
    /// Reads a key; `None` if the bytes are not a point of the curve, or one of small order.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        VerifyingKey::from_bytes(bytes).ok().filter(|key| !key.is_weak()).map(Self)
    }

    /// The bytes of the key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// SHA-256 of the key's bytes: what is printed in the contract's annex.
    #[must_use]
    pub fn fingerprint(&self) -> Hash {
        Hash::of(self.as_bytes())
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

impl From<VerifyingKey> for PublicKey {
    fn from(key: VerifyingKey) -> Self {
        Self(key)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        from_hex(&text)
            .and_then(|bytes| Self::from_bytes(&bytes))
            .ok_or_else(|| D::Error::custom("not an Ed25519 key"))
    }
}
