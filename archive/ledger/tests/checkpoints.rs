//! Checkpoints, cosignatures, policies and offline proofs, as a story with a log and three witnesses.

#![expect(clippy::unwrap_used, reason = "what surprises a test's helper stops the test")]

use ed25519_dalek::SigningKey;
use ledger::{
    Checkpoint, CheckpointError, Hash, Leaf, MemoryTree, NoteSigner, OfflineProof, OfflineProofError,
    PolicyError, SignedCheckpoint, WitnessPolicy, cosign, inclusion_proof, leaf_hash,
};

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn log() -> NoteSigner {
    NoteSigner::log("ledger.school.example".parse().unwrap(), key(1))
}

fn witness(seed: u8) -> NoteSigner {
    NoteSigner::witness(format!("witness.example/{seed}").parse().unwrap(), key(seed))
}

fn checkpoint(size: u64, root: Hash) -> SignedCheckpoint {
    Checkpoint { origin: "ledger.school.example".parse().unwrap(), size, root }.sign(&log()).unwrap()
}

fn policy() -> String {
    format!(
        "# the contract's witnesses\nlog {}\nwitness W1 {}\nwitness\tW2 {} https://w2.example\nwitness W3 {}\n\
         group outside any W2 W3\ngroup both all W1 outside\nquorum both\n",
        log().verifier_key(),
        witness(2).verifier_key(),
        witness(3).verifier_key(),
        witness(4).verifier_key(),
    )
}

#[test]
fn a_checkpoint_reads_back_and_only_its_log_can_sign_it() {
    let signed = checkpoint(20_852_163, Hash::of(b"root"));
    let text = signed.to_string();
    assert!(text.starts_with("ledger.school.example\n20852163\n"));
    let read: SignedCheckpoint = text.parse().unwrap();
    assert_eq!(read, signed);
    assert_eq!(read.verify(&log().verifier_key()).unwrap().size, 20_852_163);

    let stranger = NoteSigner::log("ledger.school.example".parse().unwrap(), key(9));
    assert_eq!(read.verify(&stranger.verifier_key()), Err(CheckpointError::NotSigned));
    let elsewhere = NoteSigner::log("other.example".parse().unwrap(), key(1));
    assert_eq!(read.verify(&elsewhere.verifier_key()), Err(CheckpointError::Origin));
    let edited: SignedCheckpoint = text.replace("20852163", "20852164").parse().unwrap();
    assert_eq!(edited.verify(&log().verifier_key()), Err(CheckpointError::NotSigned));
    for wrong in [
        text.replace("\n20852163\n", "\n020852163\n"),
        text.replace("\n20852163\n", "\n+1\n"),
        format!("{text}x"),
    ] {
        assert!(wrong.parse::<SignedCheckpoint>().is_err());
    }
}

#[test]
fn a_quorum_needs_both_groups() {
    let policy: WitnessPolicy = policy().parse().unwrap();
    let with = |seeds: &[u8]| {
        let mut signed = checkpoint(5, Hash::of(b"root"));
        for seed in seeds {
            let signature = cosign(&signed, &witness(*seed), 1_700_000_000).unwrap();
            signed.add(signature);
        }
        signed.to_string().parse::<SignedCheckpoint>().unwrap()
    };
    let quorum = |seeds: &[u8]| policy.has_quorum(&with(seeds));
    assert!(!quorum(&[]) && !quorum(&[2]) && !quorum(&[3, 4]) && !quorum(&[9, 8]));
    assert!(quorum(&[2, 3]) && quorum(&[4, 2]));
    assert_eq!(
        policy.witnessed_by(&with(&[2, 3, 9])).into_iter().collect::<Vec<_>>(),
        [("W1".to_owned(), 1_700_000_000), ("W2".to_owned(), 1_700_000_000)]
    );
}

#[test]
fn a_cosignature_speaks_of_one_checkpoint_at_one_time() {
    let mut other = checkpoint(6, Hash::of(b"root"));
    other.add(cosign(&checkpoint(5, Hash::of(b"root")), &witness(2), 7).unwrap());
    assert_eq!(other.cosignature(&witness(2).verifier_key()), None);

    let mut signed = checkpoint(5, Hash::of(b"root"));
    let mut signature = cosign(&signed, &witness(2), 7).unwrap();
    signature.signature[7] ^= 1;
    signed.add(signature);
    assert_eq!(signed.cosignature(&witness(2).verifier_key()), None);
    assert_eq!(cosign(&signed, &log(), 7), Err(CheckpointError::Kind));
}

#[test]
fn unsound_policies_are_refused() {
    let parse = |text: String| text.parse::<WitnessPolicy>().unwrap_err();
    assert_eq!(parse(policy().replace("quorum both\n", "")), PolicyError::Quorum);
    assert_eq!(parse(policy() + "quorum none\n"), PolicyError::Quorum);
    assert_eq!(parse(policy().replace("any W2 W3", "any W2 W4")), PolicyError::Unknown(6));
    assert_eq!(parse(policy().replace("any W2 W3", "3 W2 W3")), PolicyError::Line(6));
    assert_eq!(parse(policy().replace("all W1 outside", "all W1 outside W2")), PolicyError::Twice(7));
    assert_eq!(parse(policy().replace("witness W3", "witness W1")), PolicyError::Twice(5));
    let same_key =
        policy().replace(&witness(4).verifier_key().to_string(), &witness(3).verifier_key().to_string());
    assert_eq!(parse(same_key), PolicyError::Twice(5));
    let log_as_witness =
        policy().replace(&witness(4).verifier_key().to_string(), &log().verifier_key().to_string());
    assert!(matches!(parse(log_as_witness), PolicyError::Key { line: 5, .. }));
    assert!("quorum none\n".parse::<WitnessPolicy>().is_ok_and(|policy| !policy.needs_witnesses()));
}

#[test]
fn an_offline_proof_convinces_without_asking_anybody() {
    let events = ["accepted", "sealed", "erased"];
    let data: Vec<_> =
        events.iter().map(|event| Leaf::new("test", &[7; 32], event.as_bytes()).data().unwrap()).collect();
    let tree: MemoryTree = data.iter().map(|data| leaf_hash(data)).collect();
    let mut checkpoint = checkpoint(3, tree.root());
    let seals = [2, 3].map(|seed| cosign(&checkpoint, &witness(seed), 9).unwrap());
    checkpoint.add(seals[0].clone());
    let hashes = inclusion_proof(&tree, 1, 3).unwrap();
    let mut proof = OfflineProof { extra: Some(b"note".to_vec()), index: 1, hashes, checkpoint };
    let policy: WitnessPolicy = policy().parse().unwrap();
    assert_eq!(proof.verify_witnessed(&data[1], &policy), Err(OfflineProofError::Quorum));
    proof.checkpoint.add(seals[1].clone());

    let text = proof.to_string();
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra bm90ZQ==\nindex 1\n"));
    let read: OfflineProof = text.parse().unwrap();
    assert_eq!(read, proof);
    assert_eq!(read.verify(&data[1], &log().verifier_key()).unwrap().size, 3);
    read.verify_witnessed(&data[1], &policy).unwrap();
    assert!(read.verify_witnessed(&data[2], &policy).is_err());
    for wrong in ["index 01", "index -1", "index 1 "] {
        assert!(text.replace("index 1", wrong).parse::<OfflineProof>().is_err());
    }
}

#[test]
fn a_leaf_says_nothing_without_its_salt() {
    let leaf = |salt| Leaf::new("delivery.accepted", &[salt; 32], b"{\"subject\":\"delivery_1\"}");
    assert_ne!(leaf(1).commitment, leaf(2).commitment);
    let text = String::from_utf8(leaf(1).data().unwrap()).unwrap();
    assert_eq!(
        text,
        format!("{{\"commitment\":\"{}\",\"kind\":\"delivery.accepted\",\"v\":1}}", leaf(1).commitment)
    );
}
