//! What others are handed of a ledger: checkpoints, proofs, tiles, bundles of leaves, and who watches over it.

use ledger::{
    Checkpoint, EntryPath, OfflineProof, SignedCheckpoint, SignedNote, TILE_WIDTH, Tile, VerifierKey,
    WitnessPolicy, decode_bundle, encode_bundle,
};

use crate::{
    Verdict,
    seeds::world::{log_signer, witness},
};

/// The bytes are read as each of them; what is taken, written again, is the same.
pub(super) fn run(bytes: &[u8]) -> Verdict {
    let mut taken = bundle(bytes) || tile(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        taken |= note(text) | proof(text) | paths(text) | key(text) | policy(text);
    }
    if taken { Verdict::Taken } else { Verdict::refused("ledger", "it is nothing that a ledger hands out") }
}

fn bundle(bytes: &[u8]) -> bool {
    let Ok(entries) = decode_bundle(bytes) else { return false };
    assert_eq!(encode_bundle(entries.iter().map(Vec::as_slice)).unwrap(), bytes);
    true
}

fn tile(bytes: &[u8]) -> bool {
    let width = u64::try_from(bytes.len() / 32).unwrap_or(u64::MAX);
    let Some(tile) = (1..=u64::from(TILE_WIDTH)).contains(&width).then(|| Tile::at(0, 0, width)).flatten()
    else {
        return false;
    };
    tile.decode(bytes).is_some_and(|hashes| {
        assert_eq!(Tile::encode(&hashes), bytes);
        true
    })
}

fn note(text: &str) -> bool {
    let note = text.parse::<SignedNote>();
    if let Ok(note) = &note {
        assert_eq!(note.to_string(), text, "a note has one encoding");
    }
    if let Ok(checkpoint) = text.parse::<Checkpoint>() {
        assert_eq!(checkpoint.to_string(), text, "a checkpoint has one encoding");
    }
    if let Ok(signed) = text.parse::<SignedCheckpoint>() {
        assert_eq!(signed.to_string(), text);
        let _known = signed.verify(&log_signer().verifier_key());
        let _time = signed.cosignature(&witness(11).verifier_key());
    }
    note.is_ok()
}

fn proof(text: &str) -> bool {
    let Ok(proof) = text.parse::<OfflineProof>() else { return false };
    assert_eq!(proof.to_string(), text, "a proof has one encoding");
    let _proven = proof.verify(b"a leaf", &log_signer().verifier_key());
    true
}

fn paths(text: &str) -> bool {
    let tile = text.parse::<Tile>();
    let entries = text.parse::<EntryPath>();
    assert!(tile.as_ref().is_ok_and(|tile| tile.to_string() == text) || tile.is_err());
    assert!(entries.as_ref().is_ok_and(|path| path.to_string() == text) || entries.is_err());
    tile.is_ok() || entries.is_ok()
}

fn key(text: &str) -> bool {
    let Ok(key) = text.parse::<VerifierKey>() else { return false };
    assert_eq!(key.to_string(), text, "a key has one encoding");
    true
}

fn policy(text: &str) -> bool {
    let Ok(policy) = text.parse::<WitnessPolicy>() else { return false };
    let _suffices = policy.suffices(&["W1".to_owned(), "W2".to_owned()]);
    true
}
