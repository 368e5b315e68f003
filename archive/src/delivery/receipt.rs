//! The receipt: what the school says it has taken, so that the vendor can show it to anybody.
//!
//! The statement is canonical JSON signed with the school's Ed25519 key. The ledger's leaf of the acceptance commits to
//! the statement's SHA-256, so that a receipt can be neither altered nor made up later. Who holds the receipt needs the
//! school's key and the ledger's key to check it, and nobody's help.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use ids::{CampaignId, DeliveryId, VendorId};
use jiff::Timestamp;
use ledger::json::{JsonError, canonical, from_canonical};
use ledger::{Checkpoint, Leaf, OfflineProof, OfflineProofError, VerifierKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What a receipt states. It names tokens and digests, never people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// [`Statement::FORMAT`].
    pub format: String,
    /// The delivery.
    pub delivery: DeliveryId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The vendor.
    pub vendor: VendorId,
    /// SHA-256 of the bag's `tagmanifest-sha256.txt`, lower-case hex.
    pub bag: String,
    /// When it was accepted.
    pub accepted: Timestamp,
    /// What was accepted, by token.
    pub items: Vec<StatementItem>,
}

/// One accepted file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementItem {
    /// The capture token.
    pub token: String,
    /// SHA-256 of the file, lower-case hex.
    pub sha256: String,
    /// Its bytes.
    pub bytes: u64,
}

/// A statement with the school's signature over its canonical JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedStatement {
    /// Canonical JSON of a [`Statement`].
    pub statement: String,
    /// The signature.
    pub signature: [u8; 64],
}

/// What opens the ledger's leaf: the event and its salt. Written into the proof's extra line as canonical JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// The leaf's kind, `delivery.accepted`.
    pub kind: String,
    /// The salt, lower-case hex.
    pub salt: String,
    /// The event as canonical JSON: it holds the statement's SHA-256.
    pub event: String,
}

/// Why a receipt proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// The signature is not the school's.
    #[error("the receipt is not signed by the school")]
    Signature,
    /// The statement is not a receipt's.
    #[error("the receipt's statement can't be read")]
    Statement(#[source] JsonError),
    /// The statement is of a format not known here.
    #[error("the receipt is of the unknown format {0}")]
    Format(String),
    /// The proof does not open its leaf.
    #[error("the receipt's proof does not say what its leaf stands for")]
    Opening,
    /// The leaf stands for something else.
    #[error("the ledger's leaf is not about this receipt")]
    OtherLeaf,
    /// The leaf is not in the ledger.
    #[error("the receipt is not in the ledger")]
    Ledger(#[from] OfflineProofError),
}

impl Statement {
    /// The format written here.
    pub const FORMAT: &str = "xuecang-receipt/1";

    /// Signs the statement. Items are put in the order of their tokens, so that one acceptance has one statement.
    ///
    /// # Errors
    ///
    /// If a number is too large for canonical JSON, which no file's size is.
    pub fn sign(mut self, school: &SigningKey) -> Result<SignedStatement, JsonError> {
        self.items.sort();
        let bytes = canonical(&self)?;
        let signature = school.sign(&bytes).to_bytes();
        // Canonical JSON is UTF-8 by construction.
        Ok(SignedStatement { statement: String::from_utf8_lossy(&bytes).into_owned(), signature })
    }
}

impl SignedStatement {
    /// What the ledger's event says of the receipt: SHA-256 of the statement, lower-case hex.
    #[must_use]
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(&self.statement))
    }

    /// Checks the school's signature and reads the statement.
    ///
    /// # Errors
    ///
    /// If the school has not signed exactly this.
    pub fn verify(&self, school: &VerifyingKey) -> Result<Statement, ReceiptError> {
        let signature = Signature::from_bytes(&self.signature);
        school.verify_strict(self.statement.as_bytes(), &signature).map_err(|_| ReceiptError::Signature)?;
        let statement: Statement =
            from_canonical(self.statement.as_bytes()).map_err(ReceiptError::Statement)?;
        if statement.format == Statement::FORMAT {
            Ok(statement)
        } else {
            Err(ReceiptError::Format(statement.format))
        }
    }
}

/// Checks a receipt without asking anybody: the school signed it, and the ledger holds its acceptance.
///
/// # Errors
///
/// If either is not so.
pub fn verify_receipt<'a>(
    signed: &SignedStatement,
    proof: &'a OfflineProof,
    school: &VerifyingKey,
    log: &VerifierKey,
) -> Result<(Statement, &'a Checkpoint), ReceiptError> {
    let statement = signed.verify(school)?;
    let extra = proof.extra.as_deref().ok_or(ReceiptError::Opening)?;
    let opening: Opening = from_canonical(extra).map_err(|_| ReceiptError::Opening)?;
    let salt = ledger::from_hex::<32>(&opening.salt).ok_or(ReceiptError::Opening)?;
    if !opening.is_about(&signed.digest()) {
        return Err(ReceiptError::OtherLeaf);
    }
    let leaf = Leaf::new(opening.kind, &salt, opening.event.as_bytes());
    let data = leaf.data().map_err(|_| ReceiptError::Opening)?;
    Ok((statement, proof.verify(&data, log)?))
}

impl Opening {
    /// Whether the event speaks of a receipt with this digest.
    fn is_about(&self, digest: &str) -> bool {
        let event: Option<serde_json::Value> = serde_json::from_str(&self.event).ok();
        event.and_then(|event| Some(event.get("detail")?.get("receipt")?.as_str()? == digest)) == Some(true)
    }
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = canonical(self).map_err(|_| fmt::Error)?;
        f.write_str(&String::from_utf8_lossy(&bytes))
    }
}

#[cfg(test)]
mod tests {
    use ledger::{MemoryTree, NoteSigner, inclusion_proof, leaf_hash};

    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn statement() -> Statement {
        let item =
            |token: &str| StatementItem { token: token.to_owned(), sha256: "ab".repeat(32), bytes: 30_000 };
        Statement {
            format: Statement::FORMAT.to_owned(),
            delivery: DeliveryId::new(),
            campaign: CampaignId::new(),
            vendor: VendorId::new(),
            bag: "cd".repeat(32),
            accepted: "2026-10-01T02:03:04Z".parse().unwrap(),
            items: vec![item("XCB"), item("XCA")],
        }
    }

    fn log() -> NoteSigner {
        NoteSigner::log("school.example/ledger".parse().unwrap(), key(9))
    }

    /// A receipt in a ledger of three leaves.
    fn receipt() -> (SignedStatement, OfflineProof) {
        let signed = statement().sign(&key(1)).unwrap();
        let event = format!(r#"{{"detail":{{"receipt":"{}"}}}}"#, signed.digest());
        let (kind, salt) = ("delivery.accepted", [7; 32]);
        let leaf = Leaf::new(kind, &salt, event.as_bytes()).data().unwrap();
        let tree: MemoryTree = [&b"a"[..], &leaf, b"c"].into_iter().map(leaf_hash).collect();
        let checkpoint = Checkpoint {
            origin: "school.example/ledger".parse().unwrap(),
            size: 3,
            root: ledger::root(&tree, 3).unwrap(),
        };
        let opening = Opening { kind: kind.to_owned(), salt: hex::encode(salt), event };
        let proof = OfflineProof {
            extra: Some(opening.to_string().into_bytes()),
            index: 1,
            hashes: inclusion_proof(&tree, 1, 3).unwrap(),
            checkpoint: checkpoint.sign(&log()).unwrap(),
        };
        (signed, proof)
    }

    fn verify(signed: &SignedStatement, proof: &OfflineProof) -> Result<Statement, ReceiptError> {
        let proof: OfflineProof = proof.to_string().parse().unwrap();
        verify_receipt(signed, &proof, &key(1).verifying_key(), &log().verifier_key()).map(|(said, _)| said)
    }

    #[test]
    fn a_receipt_is_checked_with_two_public_keys_and_nothing_else() {
        let (signed, proof) = receipt();
        let said = verify(&signed, &proof).unwrap();
        assert_eq!(said.items.iter().map(|item| item.token.as_str()).collect::<Vec<_>>(), ["XCA", "XCB"]);
    }

    #[test]
    fn an_altered_receipt_is_no_receipt() {
        let (signed, proof) = receipt();
        let altered =
            SignedStatement { statement: signed.statement.replace("30000", "30001"), ..signed.clone() };
        assert!(matches!(verify(&altered, &proof), Err(ReceiptError::Signature)));
        let other = statement().sign(&key(1)).unwrap();
        assert!(matches!(verify(&other, &proof), Err(ReceiptError::OtherLeaf)));
        let foreign = statement().sign(&key(2)).unwrap();
        assert!(matches!(verify(&foreign, &proof), Err(ReceiptError::Signature)));
    }

    #[test]
    fn a_receipt_that_is_not_in_the_ledger_is_no_receipt() {
        let (signed, mut proof) = receipt();
        proof.index = 0;
        assert!(matches!(verify(&signed, &proof), Err(ReceiptError::Ledger(_))));
        let (signed, mut proof) = receipt();
        proof.extra = None;
        assert!(matches!(verify(&signed, &proof), Err(ReceiptError::Opening)));
        let (signed, proof) = receipt();
        let other = NoteSigner::log("school.example/ledger".parse().unwrap(), key(8)).verifier_key();
        assert!(verify_receipt(&signed, &proof, &key(1).verifying_key(), &other).is_err());
    }
}
