//! DSSE envelopes: a payload and the signatures over it.
//!
//! The payload is the canonical JSON of a [`Message`], in base64; every signature is over
//! `DSSEv1 SP length SP type SP length SP payload` (DSSE protocol, "PAE"). An envelope too has exactly one encoding: signatures
//! stand in the order of their key ids, and no key signs twice.

use ledger::{
    Hash, from_base64,
    json::{JsonError, canonical, from_canonical},
    to_base64,
};
use serde::{Deserialize, Serialize};

use crate::{
    keys::{PublicKey, Role, Signer, SignerError},
    message::Message,
    policy::Policy,
};

/// The type of every payload.
pub const PAYLOAD_TYPE: &str = "application/vnd.wdh.v1+json";

/// A signed message as it travels and as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<EnvelopeSignature>,
}

/// One signature over an envelope's payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvelopeSignature {
    /// The fingerprint of the key.
    pub keyid: Hash,
    /// The Ed25519 signature in base64.
    pub sig: String,
}

/// Why an envelope is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Not the one canonical encoding of an envelope and its message.
    #[error("not a well-formed envelope")]
    Form,
    /// The envelope or its message is not canonical JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A signature that this kind of message needs is missing.
    #[error("the signature of {0:?} is missing")]
    Missing(Role),
    /// A key signed that has no business signing this kind of message.
    #[error("a signature that doesn't belong here")]
    Stranger,
    /// A signature is not valid.
    #[error("the signature of {0:?} is not valid")]
    Invalid(Role),
}

/// A message whose signatures were all checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    message: Message,
    hash: Hash,
}

/// Prepares bytes for signing: type and length stand before the payload, so that no two pairs look the same.
#[must_use]
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

impl Envelope {
    /// Puts a message into an envelope that nobody has signed yet.
    ///
    /// # Errors
    ///
    /// If the message has no canonical JSON.
    pub fn unsigned(message: &Message) -> Result<Self, EnvelopeError> {
        let payload = to_base64(&canonical(message)?);
        Ok(Self { payload, payload_type: PAYLOAD_TYPE.to_owned(), signatures: Vec::new() })
    }

    /// Signs with one more key. Signing twice with the same key changes nothing.
    ///
    /// # Errors
    ///
    /// If the key can't be used.
    pub fn sign(&mut self, signer: &dyn Signer) -> Result<(), SignError> {
        let signature = signer.sign(&self.signed_bytes()?)?;
        self.add(&signer.public_key(), &signature)
    }

    /// Adds a signature made elsewhere, as on an officer's own device.
    ///
    /// # Errors
    ///
    /// If it is not a signature by `key` over [`Envelope::signed_bytes`].
    pub fn add(&mut self, key: &PublicKey, signature: &[u8; 64]) -> Result<(), SignError> {
        if !key.verify(&self.signed_bytes()?, signature) {
            return Err(SignError::Wrong);
        }
        let keyid = key.fingerprint();
        self.signatures.retain(|other| other.keyid != keyid);
        self.signatures.push(EnvelopeSignature { keyid, sig: to_base64(signature) });
        self.signatures.sort_by_key(|signature| signature.keyid);
        Ok(())
    }

    /// The bytes that a signature covers.
    ///
    /// # Errors
    ///
    /// If the payload is not base64.
    pub fn signed_bytes(&self) -> Result<Vec<u8>, EnvelopeError> {
        Ok(pae(&self.payload_type, &self.payload()?))
    }

    fn payload(&self) -> Result<Vec<u8>, EnvelopeError> {
        from_base64(&self.payload).ok_or(EnvelopeError::Form)
    }

    /// Reads the message without looking at signatures. Trust it only after [`Envelope::open`].
    ///
    /// # Errors
    ///
    /// If the envelope doesn't hold exactly one canonical message.
    pub fn claimed(&self) -> Result<Message, EnvelopeError> {
        if self.payload_type != PAYLOAD_TYPE {
            return Err(EnvelopeError::Form);
        }
        Ok(from_canonical(&self.payload()?)?)
    }

    /// Who has yet to sign.
    ///
    /// # Errors
    ///
    /// If the envelope doesn't hold a message.
    pub fn missing(&self, policy: &Policy) -> Result<Vec<Role>, EnvelopeError> {
        let message = self.claimed()?;
        let signed = |role: &Role| {
            let keyid = policy.key(*role).fingerprint();
            self.signatures.iter().any(|signature| signature.keyid == keyid)
        };
        Ok(message.signers().iter().copied().filter(|role| !signed(role)).collect())
    }

    /// Checks that exactly the keys that must sign this kind of message have signed it, and returns it.
    ///
    /// # Errors
    ///
    /// If the envelope is malformed, or a signature is missing, invalid, or one too many.
    pub fn open(&self, policy: &Policy) -> Result<Verified, EnvelopeError> {
        let message = self.claimed()?;
        let signed = self.signed_bytes()?;
        let mut order = self.signatures.iter().zip(self.signatures.iter().skip(1));
        if order.any(|(left, right)| left.keyid >= right.keyid) {
            return Err(EnvelopeError::Form);
        }
        for role in message.signers() {
            let key = policy.key(*role);
            let keyid = key.fingerprint();
            let claimed = self.signatures.iter().find(|signature| signature.keyid == keyid);
            let signature = from_base64(&claimed.ok_or(EnvelopeError::Missing(*role))?.sig);
            let signature: [u8; 64] =
                signature.and_then(|bytes| bytes.try_into().ok()).ok_or(EnvelopeError::Invalid(*role))?;
            if !key.verify(&signed, &signature) {
                return Err(EnvelopeError::Invalid(*role));
            }
        }
        if self.signatures.len() != message.signers().len() {
            return Err(EnvelopeError::Stranger);
        }
        Ok(Verified { message, hash: self.hash()? })
    }

    /// The message as if it were signed, for weighing it beforehand. Never leaves this crate.
    pub(crate) fn unchecked(&self) -> Result<Verified, EnvelopeError> {
        Ok(Verified { message: self.claimed()?, hash: self.hash()? })
    }

    /// SHA-256 of the envelope's bytes: what the next message names as `prev`.
    ///
    /// # Errors
    ///
    /// Never for an envelope made or read here.
    pub fn hash(&self) -> Result<Hash, EnvelopeError> {
        Ok(Hash::of(&self.to_bytes()?))
    }

    /// The bytes that travel.
    ///
    /// # Errors
    ///
    /// Never for an envelope made or read here.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EnvelopeError> {
        Ok(canonical(self)?)
    }

    /// Reads the bytes that travelled.
    ///
    /// # Errors
    ///
    /// If they are not exactly an envelope.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        Ok(from_canonical(bytes)?)
    }
}

/// Why an envelope could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The key could not be used.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The envelope is malformed.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The signature is not one by this key over this envelope.
    #[error("the signature doesn't fit the envelope")]
    Wrong,
}

impl Verified {
    /// The message.
    #[must_use]
    pub const fn message(&self) -> &Message {
        &self.message
    }

    /// The hash of the envelope it came in.
    #[must_use]
    pub const fn envelope_hash(&self) -> Hash {
        self.hash
    }
}
