//! Keys that sign notes (C2SP signed-note): names, verifier keys, signers.

use std::{fmt, str::FromStr};

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest, Sha256};

use crate::encoding::{from_base64, from_hex, to_base64};

/// The name of a key: not empty, without spaces and plus signs. A log's name is its origin.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyName(String);

/// What a key may sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// A log's checkpoints (0x01).
    Log,
    /// A witness's cosignatures with a time (0x04).
    Witness,
}

/// Why a text is not a key or a key's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A key's name must not be empty nor hold spaces, plus signs or control characters.
    #[error("not the name of a key")]
    Name,
    /// The text is not `name+hash+base64`.
    #[error("not a verifier key")]
    Form,
    /// The key is of a kind we don't know.
    #[error("a verifier key of an unknown kind")]
    Kind,
    /// The hash in the text is not that of name and key: one of the two was changed.
    #[error("a verifier key whose hash doesn't fit")]
    Hash,
}

impl KeyName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyName {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if text.is_empty() || text.contains(bad) { Err(KeyError::Name) } else { Ok(Self(text.to_owned())) }
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl KeyKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Log => 0x01,
            Self::Witness => 0x04,
        }
    }
}

/// A public key with its name and what it may sign. Its text is `name+hash+base64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: KeyName,
    kind: KeyKind,
    key: VerifyingKey,
}

impl VerifierKey {
    /// A key with its name.
    #[must_use]
    pub const fn new(name: KeyName, kind: KeyKind, key: VerifyingKey) -> Self {
        Self { name, kind, key }
    }

    /// The key's name.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// What the key may sign.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The bytes of the public key.
    #[must_use]
    pub fn key_bytes(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// The four bytes that stand before a signature: SHA-256 of name, newline, kind and key, cut short.
    #[must_use]
    pub fn key_hash(&self) -> [u8; 4] {
        let mut digest = Sha256::new();
        digest.update(self.name.as_str());
        digest.update([b'\n', self.kind.byte()]);
        digest.update(self.key.as_bytes());
        let [a, b, c, d, ..] = <[u8; 32]>::from(digest.finalize());
        [a, b, c, d]
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![self.kind.byte()];
        key.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{}+{}", self.name, hex::encode(self.key_hash()), to_base64(&key))
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Form);
        };
        let hash = from_hex::<4>(hash).ok_or(KeyError::Form)?;
        let key = from_base64(key).ok_or(KeyError::Form)?;
        let (kind, key) = key.split_first().ok_or(KeyError::Form)?;
        let kind = match kind {
            0x01 => KeyKind::Log,
            0x04 => KeyKind::Witness,
            _ => return Err(KeyError::Kind),
        };
        let key = VerifyingKey::try_from(key).map_err(|_| KeyError::Form)?;
        let key = Self { name: name.parse()?, kind, key };
        if key.key_hash() == hash { Ok(key) } else { Err(KeyError::Hash) }
    }
}

impl Serialize for VerifierKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for VerifierKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// A secret key with its name: signs as a log or as a witness.
#[derive(Clone)]
pub struct NoteSigner {
    name: KeyName,
    kind: KeyKind,
    key: SigningKey,
}

impl NoteSigner {
    /// A log's signer. `origin` is the log's origin.
    #[must_use]
    pub const fn log(origin: KeyName, key: SigningKey) -> Self {
        Self { name: origin, kind: KeyKind::Log, key }
    }

    /// A witness's signer.
    #[must_use]
    pub const fn witness(name: KeyName, key: SigningKey) -> Self {
        Self { name, kind: KeyKind::Witness, key }
    }

    /// The public half.
    #[must_use]
    pub fn verifier_key(&self) -> VerifierKey {
        VerifierKey::new(self.name.clone(), self.kind, self.key.verifying_key())
    }

    /// What the key may sign.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoteSigner").field("key", &self.verifier_key().to_string()).finish_non_exhaustive()
    }
}
