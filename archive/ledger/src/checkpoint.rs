//! Checkpoints (C2SP tlog-checkpoint) and witnesses' cosignatures (C2SP tlog-cosignature).

use std::{fmt, str::FromStr};

use crate::{
    encoding::from_decimal,
    hash::Hash,
    key::{KeyKind, KeyName, NoteSigner, VerifierKey},
    note::{NoteError, NoteSignature, SignedNote},
};

/// What a log says about itself: how many leaves it has and what their root is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log.
    pub origin: KeyName,
    /// How many leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// A checkpoint and its signatures, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: SignedNote,
}

/// A witness's statement that, at this time, the checkpoint was the largest it had seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cosignature {
    /// Seconds since 1970.
    pub time: u64,
}

/// Why something is not a checkpoint, or not one of this log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a signed note.
    #[error("a checkpoint that is no signed note")]
    Note(#[from] NoteError),
    /// The text is not origin, size and root.
    #[error("a checkpoint must be three lines: origin, size, root")]
    Form,
    /// The checkpoint is another log's.
    #[error("a checkpoint of another log")]
    Origin,
    /// No valid signature by the log's key.
    #[error("a checkpoint that its log has not signed")]
    NotSigned,
    /// The key is of the wrong kind for what it was asked to do.
    #[error("a key of the wrong kind")]
    Kind,
}

impl Checkpoint {
    /// Signs the checkpoint as the log.
    ///
    /// # Errors
    ///
    /// If the signer is not the log the checkpoint speaks of.
    pub fn sign(&self, signer: &NoteSigner) -> Result<SignedCheckpoint, CheckpointError> {
        let key = signer.verifier_key();
        if key.kind() != KeyKind::Log {
            return Err(CheckpointError::Kind);
        }
        if *key.name() != self.origin {
            return Err(CheckpointError::Origin);
        }
        let text = self.to_string();
        let signature = signer.sign(text.as_bytes()).to_vec();
        let mut note = SignedNote::new(text)?;
        note.add(NoteSignature { name: key.name().clone(), key_hash: key.key_hash(), signature });
        Ok(SignedCheckpoint { checkpoint: self.clone(), note })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, self.root.to_base64())
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Form)?.split('\n');
        let (Some(origin), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Form);
        };
        Ok(Self {
            origin: origin.parse().map_err(|_| CheckpointError::Form)?,
            size: from_decimal(size).ok_or(CheckpointError::Form)?,
            root: Hash::from_base64(root).map_err(|_| CheckpointError::Form)?,
        })
    }
}

impl SignedCheckpoint {
    /// What the checkpoint says. Trust it only after [`SignedCheckpoint::verify`].
    #[must_use]
    pub const fn claimed(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note underneath.
    #[must_use]
    pub const fn note(&self) -> &SignedNote {
        &self.note
    }

    /// Checks the log's signature.
    ///
    /// # Errors
    ///
    /// If the checkpoint is another log's, or there is no valid signature by `log`.
    pub fn verify(&self, log: &VerifierKey) -> Result<&Checkpoint, CheckpointError> {
        if log.kind() != KeyKind::Log {
            return Err(CheckpointError::Kind);
        }
        if *log.name() != self.checkpoint.origin {
            return Err(CheckpointError::Origin);
        }
        let text = self.note.text().as_bytes();
        if self.note.claimed_by(log).any(|signature| log.verify(text, signature)) {
            Ok(&self.checkpoint)
        } else {
            Err(CheckpointError::NotSigned)
        }
    }

    /// Returns the cosignature of `witness`, if there is a valid one.
    #[must_use]
    pub fn cosignature(&self, witness: &VerifierKey) -> Option<Cosignature> {
        if witness.kind() != KeyKind::Witness {
            return None;
        }
        self.note.claimed_by(witness).find_map(|bytes| {
            let (time, signature) = bytes.split_first_chunk()?;
            let time = u64::from_be_bytes(*time);
            let valid = witness.verify(cosigned(time, self.note.text()).as_bytes(), signature);
            valid.then_some(Cosignature { time })
        })
    }

    /// Adds a signature line, such as one that [`cosign`] made.
    pub fn add(&mut self, signature: NoteSignature) {
        self.note.add(signature);
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

impl FromStr for SignedCheckpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let note: SignedNote = text.parse()?;
        Ok(Self { checkpoint: note.text().parse()?, note })
    }
}

/// What a witness signs: two lines, then the text of the checkpoint.
fn cosigned(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// Cosigns a checkpoint as a witness at `time`, in seconds since 1970.
///
/// Only someone who has checked that the checkpoint continues the last one it saw may do so.
///
/// # Errors
///
/// If the signer is not a witness's.
pub fn cosign(
    checkpoint: &SignedCheckpoint,
    witness: &NoteSigner,
    time: u64,
) -> Result<NoteSignature, CheckpointError> {
    if witness.kind() != KeyKind::Witness {
        return Err(CheckpointError::Kind);
    }
    let signature = witness.sign(cosigned(time, checkpoint.note.text()).as_bytes());
    let key = witness.verifier_key();
    Ok(NoteSignature {
        name: key.name().clone(),
        key_hash: key.key_hash(),
        signature: [&time.to_be_bytes()[..], &signature].concat(),
    })
}
