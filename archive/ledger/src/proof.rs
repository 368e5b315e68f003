//! An offline proof (C2SP tlog-proof): everything needed to check, without asking anybody, that a leaf is in a log.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint},
    encoding::{from_base64, from_decimal, to_base64},
    hash::{Hash, leaf_hash},
    key::VerifierKey,
    policy::WitnessPolicy,
    tree::{ProofError, verify_inclusion},
};

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Where a leaf stands, why it stands there, and the checkpoint that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfflineProof {
    /// Anything that helps the reader. It is not authenticated.
    pub extra: Option<Vec<u8>>,
    /// Which leaf it is, from 0.
    pub index: u64,
    /// The inclusion proof, from the leaf's sibling up.
    pub hashes: Vec<Hash>,
    /// The checkpoint with all its signatures.
    pub checkpoint: SignedCheckpoint,
}

/// Why an offline proof can't be read or proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OfflineProofError {
    /// The text is not a proof.
    #[error("not a ledger proof")]
    Form,
    /// The checkpoint is bad.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The leaf is not where the proof says.
    #[error(transparent)]
    Inclusion(#[from] ProofError),
    /// Too few witnesses.
    #[error("too few witnesses have cosigned the checkpoint")]
    Quorum,
}

impl OfflineProof {
    /// Checks that `data` is a leaf of the log, as the log says. Witnesses are not looked at.
    ///
    /// # Errors
    ///
    /// If the log has not signed that.
    pub fn verify(&self, data: &[u8], log: &VerifierKey) -> Result<&Checkpoint, OfflineProofError> {
        self.includes(data, self.checkpoint.verify(log)?)
    }

    /// Checks that `data` is a leaf of one of the policy's logs, and that enough witnesses have seen it.
    ///
    /// # Errors
    ///
    /// If not.
    pub fn verify_witnessed(
        &self,
        data: &[u8],
        policy: &WitnessPolicy,
    ) -> Result<&Checkpoint, OfflineProofError> {
        let checkpoint = self.includes(data, policy.verify_log(&self.checkpoint)?)?;
        if policy.has_quorum(&self.checkpoint) { Ok(checkpoint) } else { Err(OfflineProofError::Quorum) }
    }

    fn includes<'a>(
        &self,
        data: &[u8],
        checkpoint: &'a Checkpoint,
    ) -> Result<&'a Checkpoint, OfflineProofError> {
        verify_inclusion(&leaf_hash(data), self.index, checkpoint.size, &self.hashes, &checkpoint.root)?;
        Ok(checkpoint)
    }
}

impl fmt::Display for OfflineProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", to_base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for OfflineProof {
    type Err = OfflineProofError;

    fn from_str(text: &str) -> Result<Self, OfflineProofError> {
        let form = OfflineProofError::Form;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(form)?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(form);
        }
        let mut line = lines.next().ok_or(form)?;
        let mut extra = None;
        if let Some(bytes) = line.strip_prefix("extra ") {
            extra = Some(from_base64(bytes).ok_or(form)?);
            line = lines.next().ok_or(form)?;
        }
        let index = line.strip_prefix("index ").and_then(from_decimal).ok_or(form)?;
        let hashes = lines.map(Hash::from_base64).collect::<Result<_, _>>().map_err(|_| form)?;
        Ok(Self { extra, index, hashes, checkpoint: checkpoint.parse()? })
    }
}

impl Serialize for OfflineProof {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OfflineProof {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
