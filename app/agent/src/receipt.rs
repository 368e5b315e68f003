//! Checking a receipt without asking anybody: the school signed it, and the school's ledger holds it.

use api::delivery::{Receipt, ReceiptStatement};
use api::vendor::Enrolment;
use ed25519_dalek::{Signature, VerifyingKey};
use ledger::json::from_canonical;
use ledger::{Leaf, OfflineProof, OfflineProofError, VerifierKey, from_base64, from_hex};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Why a receipt proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// The keys of the enrolment can't be read.
    #[error("the enrolment's {0} can't be read")]
    Key(&'static str),
    /// The receipt names another key than the school's.
    #[error("the receipt is signed with another key than the school's")]
    OtherKey,
    /// The signature is not the school's.
    #[error("the receipt is not signed by the school")]
    Signature,
    /// The statement is not a receipt's.
    #[error("the receipt's statement can't be read")]
    Statement,
    /// The proof can't be read, or does not say what its leaf stands for.
    #[error("the receipt's proof can't be read")]
    Proof,
    /// The leaf stands for something else.
    #[error("the ledger's leaf is not about this receipt")]
    OtherLeaf,
    /// The leaf is not in the ledger.
    #[error("the receipt is not in the school's ledger")]
    Ledger(#[from] OfflineProofError),
}

/// A receipt that was checked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    /// What it states.
    pub statement: ReceiptStatement,
    /// Its place in the ledger, from 0.
    pub leaf: u64,
    /// How many leaves the ledger had when the proof was made.
    pub ledger_size: u64,
}

const FORMAT: &str = "xuecang-receipt/1";

/// What opens the leaf: stands in the proof's extra line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening {
    kind: String,
    salt: String,
    event: String,
}

/// Checks a receipt with the school's keys as they came with the enrolment.
///
/// # Errors
///
/// [`ReceiptError`] says what it lacks.
pub fn verify(receipt: &Receipt, enrolment: &Enrolment) -> Result<Checked, ReceiptError> {
    if receipt.public_key != enrolment.school_key {
        return Err(ReceiptError::OtherKey);
    }
    let log: VerifierKey = enrolment.ledger_key.parse().map_err(|_| ReceiptError::Key("ledger key"))?;
    let statement = signed(receipt, &school_key(enrolment)?)?;
    let proof: OfflineProof = receipt.proof.parse()?;
    let leaf = leaf_about(&proof, &hex::encode(Sha256::digest(&receipt.statement)))?;
    let checkpoint = proof.verify(&leaf, &log)?;
    Ok(Checked { statement, leaf: proof.index, ledger_size: checkpoint.size })
}

fn school_key(enrolment: &Enrolment) -> Result<VerifyingKey, ReceiptError> {
    from_base64(&enrolment.school_key)
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok())
        .ok_or(ReceiptError::Key("school key"))
}

fn signed(receipt: &Receipt, school: &VerifyingKey) -> Result<ReceiptStatement, ReceiptError> {
    let signature = from_base64(&receipt.signature).and_then(|bytes| Signature::from_slice(&bytes).ok());
    let signature = signature.ok_or(ReceiptError::Signature)?;
    school.verify_strict(receipt.statement.as_bytes(), &signature).map_err(|_| ReceiptError::Signature)?;
    let statement: ReceiptStatement =
        from_canonical(receipt.statement.as_bytes()).map_err(|_| ReceiptError::Statement)?;
    if statement.format == FORMAT { Ok(statement) } else { Err(ReceiptError::Statement) }
}

/// The leaf's data, made anew from its opening, which must speak of the receipt with this digest.
fn leaf_about(proof: &OfflineProof, digest: &str) -> Result<Vec<u8>, ReceiptError> {
    let extra = proof.extra.as_deref().ok_or(ReceiptError::Proof)?;
    let opening: Opening = from_canonical(extra).map_err(|_| ReceiptError::Proof)?;
    let salt = from_hex::<32>(&opening.salt).ok_or(ReceiptError::Proof)?;
    let event: serde_json::Value = serde_json::from_str(&opening.event).map_err(|_| ReceiptError::Proof)?;
    let about =
        event.get("detail").and_then(|detail| detail.get("receipt")).and_then(serde_json::Value::as_str);
    if about != Some(digest) || opening.kind != "delivery.accepted" {
        return Err(ReceiptError::OtherLeaf);
    }
    Leaf::new(opening.kind, &salt, opening.event.as_bytes()).data().map_err(|_| ReceiptError::Proof)
}

#[cfg(test)]
mod tests {
    use api::ids::{CampaignId, DeliveryId, VendorId};
    use api::vendor::Vendor;
    use ed25519_dalek::{Signer as _, SigningKey};
    use ledger::json::canonical;
    use ledger::{Checkpoint, MemoryTree, NoteSigner, inclusion_proof, leaf_hash, to_base64};

    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn log() -> NoteSigner {
        NoteSigner::log("school.example/ledger".parse().unwrap(), key(9))
    }

    fn enrolment() -> Enrolment {
        let at = api::Timestamp::UNIX_EPOCH;
        let (name, legal_name, fingerprint) = (String::new(), String::new(), String::new());
        Enrolment {
            vendor: Vendor {
                id: VendorId::new(),
                name,
                legal_name,
                created: at,
                expires: at,
                fingerprint,
                active: true,
            },
            certificate: String::new(),
            ca: String::new(),
            address: String::new(),
            school_key: to_base64(key(1).verifying_key().as_bytes()),
            ledger_key: log().verifier_key().to_string(),
        }
    }

    fn receipt() -> Receipt {
        let statement = ReceiptStatement {
            format: FORMAT.to_owned(),
            delivery: DeliveryId::new(),
            campaign: CampaignId::new(),
            vendor: VendorId::new(),
            bag: "cd".repeat(32),
            accepted: "2026-10-01T02:03:04Z".parse().unwrap(),
            items: Vec::new(),
        };
        let statement = canonical(&statement).unwrap();
        let event = format!(r#"{{"detail":{{"receipt":"{}"}}}}"#, hex::encode(Sha256::digest(&statement)));
        let leaf = Leaf::new("delivery.accepted", &[7; 32], event.as_bytes()).data().unwrap();
        let tree: MemoryTree = [&b"a"[..], &leaf].into_iter().map(leaf_hash).collect();
        let checkpoint = Checkpoint {
            origin: "school.example/ledger".parse().unwrap(),
            size: 2,
            root: ledger::root(&tree, 2).unwrap(),
        };
        let opening = Opening { kind: "delivery.accepted".to_owned(), salt: hex::encode([7; 32]), event };
        let proof = OfflineProof {
            extra: Some(canonical(&opening).unwrap()),
            index: 1,
            hashes: inclusion_proof(&tree, 1, 2).unwrap(),
            checkpoint: checkpoint.sign(&log()).unwrap(),
        };
        Receipt {
            signature: to_base64(&key(1).sign(&statement).to_bytes()),
            statement: String::from_utf8(statement).unwrap(),
            public_key: to_base64(key(1).verifying_key().as_bytes()),
            proof: proof.to_string(),
        }
    }

    #[test]
    fn a_receipt_is_checked_without_the_school() {
        let checked = verify(&receipt(), &enrolment()).unwrap();
        assert_eq!((checked.leaf, checked.ledger_size), (1, 2));
    }

    #[test]
    fn a_receipt_altered_anywhere_is_refused() {
        let good = receipt();
        let mut altered = vec![
            Receipt { statement: good.statement.replace("2026-10-01", "2026-10-02"), ..good.clone() },
            Receipt { public_key: to_base64(key(2).verifying_key().as_bytes()), ..good.clone() },
            Receipt { proof: good.proof.replace("index 1", "index 0"), ..good.clone() },
            Receipt { proof: receipt().proof, ..good.clone() },
        ];
        let mut signature = from_base64(&good.signature).unwrap();
        signature[5] ^= 1;
        altered.push(Receipt { signature: to_base64(&signature), ..good });
        for (n, receipt) in altered.iter().enumerate() {
            assert!(verify(receipt, &enrolment()).is_err(), "alteration {n}");
        }
    }
}
