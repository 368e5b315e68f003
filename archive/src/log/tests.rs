use proptest::prelude::*;
use serde_json::json;

use super::*;

fn key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn open(dir: &Path) -> Log {
    Log::open(dir, "ledger.school.example".parse().unwrap(), key()).unwrap()
}

fn leaf(n: u64) -> Vec<u8> {
    let salt = n.to_be_bytes().repeat(4).try_into().unwrap();
    ledger::Leaf::new("test.event", &salt, b"{}").data().unwrap()
}

fn batch(from: u64, to: u64) -> Vec<Vec<u8>> {
    (from..to).map(leaf).collect()
}

/// The ledger holds exactly these leaves, in this order, and is sound.
fn holds(log: &Log, leaves: &[Vec<u8>]) {
    let model: MemoryTree = leaves.iter().map(|data| leaf_hash(data)).collect();
    assert_eq!((log.size(), log.root()), (model.size(), model.root()));
    assert_eq!(fsck(&log.dir, &log.verifier_key()).unwrap(), []);
    for index in [0, model.size() / 2, model.size().saturating_sub(1)] {
        if let Some(data) = leaves.get(usize::try_from(index).unwrap()) {
            assert_eq!(log.leaf(index).unwrap(), *data);
            log.proof(index).unwrap().verify(data, &log.verifier_key()).unwrap();
        }
    }
}

#[test]
fn a_ledger_grows_and_is_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for size in [1, 3, 255, 256, 257, 600, 1100] {
        let mut log = open(dir.path());
        let new = batch(all.len() as u64, size);
        let places = log.append(&new).unwrap();
        assert_eq!(places, (all.len() as u64..size).collect::<Vec<_>>());
        all.extend(new);
        holds(&log, &all);
    }
    let log = open(dir.path());
    for (old, new) in [(1, 1100), (255, 300), (256, 1100), (600, 600)] {
        let proof = log.consistency_proof(old, new).unwrap();
        let roots = (log.root_at(old).unwrap(), log.root_at(new).unwrap());
        ledger::verify_consistency(old, new, &roots.0, &roots.1, &proof).unwrap();
    }
    assert!(log.inclusion_proof(5, 1101).is_err() && log.leaf(1100).is_err());
}

#[test]
fn only_one_program_can_have_it_open_and_only_with_the_right_key() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let again = |key, origin: &str| Log::open(dir.path(), origin.parse().unwrap(), key).unwrap_err();
    assert!(matches!(again(key(), "ledger.school.example"), OpenError::Locked));
    drop(log);
    let other = SigningKey::from_bytes(&[2; 32]);
    assert!(matches!(
        again(other, "ledger.school.example"),
        OpenError::Checkpoint(CheckpointError::NotSigned)
    ));
    assert!(matches!(again(key(), "other.example"), OpenError::Checkpoint(CheckpointError::Origin)));
}

#[test]
fn a_batch_sent_twice_stands_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    assert_eq!(log.append(&batch(0, 5)).unwrap(), [0, 1, 2, 3, 4]);
    drop(log);
    let mut log = open(dir.path());
    let mut twice = batch(3, 7);
    twice.push(leaf(6));
    assert_eq!(log.append(&twice).unwrap(), [3, 4, 5, 6, 6]);
    holds(&log, &batch(0, 7));
    // What the sender has on record it will not send again; the same leaf would be a new one.
    log.acknowledge(4).unwrap();
    drop(log);
    let mut log = open(dir.path());
    assert_eq!(log.append(&[leaf(3), leaf(5)]).unwrap(), [7, 5]);
}

/// Every crash: after each step, and within each write (the other name is there, the right one is not).
#[test]
fn a_crash_between_any_two_steps_leaves_a_sound_ledger() {
    for (old, new) in [(0, 1), (0, 300), (250, 260), (255, 256), (3, 513), (256, 257)] {
        let mut crash = 0;
        loop {
            let dir = tempfile::tempdir().unwrap();
            let mut log = open(dir.path());
            log.append(&batch(0, old)).unwrap();
            let fresh = batch(old, new);
            let (steps, _) = log.steps(&fresh.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
            steps.iter().take(crash).try_for_each(|step| step.run(dir.path())).unwrap();
            if let Some(Step::Write { path, .. } | Step::Replace { path, .. }) = steps.get(crash) {
                let half = dir.path().join(format!("{path}.new"));
                fs_err::create_dir_all(half.parent().unwrap()).unwrap();
                fs_err::write(half, "half").unwrap();
            }
            drop(log);

            let mut log = open(dir.path());
            let committed = log.size();
            assert!(committed == old || committed == new, "{committed}");
            holds(&log, &batch(0, committed));
            // Something else comes next, then the batch again.
            let other = vec![leaf(1_000_000)];
            log.append(&other).unwrap();
            log.append(&fresh).unwrap();
            let expected = if committed == new {
                [batch(0, new), other].concat()
            } else {
                [batch(0, old), other, fresh].concat()
            };
            holds(&log, &expected);
            if crash == steps.len() {
                break;
            }
            crash += 1;
        }
    }
}

#[test]
fn a_checkpoint_gathers_cosignatures_until_it_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    log.append(&batch(0, 2)).unwrap();
    let witness = NoteSigner::witness("w.example".parse().unwrap(), SigningKey::from_bytes(&[9; 32]));
    let signature = ledger::cosign(log.checkpoint(), &witness, 5).unwrap();
    log.add_cosignature(&witness.verifier_key(), signature.clone()).unwrap();
    log.add_cosignature(&witness.verifier_key(), signature.clone()).unwrap();
    drop(log);
    let mut log = open(dir.path());
    assert!(log.checkpoint().cosignature(&witness.verifier_key()).is_some());
    log.append(&batch(2, 3)).unwrap();
    let late = log.add_cosignature(&witness.verifier_key(), signature);
    assert!(matches!(late, Err(CosignError::NotThisOne)));
}

#[test]
fn whatever_is_tampered_with_is_found() {
    let findings = |tamper: &dyn Fn(&Path)| {
        let dir = tempfile::tempdir().unwrap();
        let mut log = open(dir.path());
        log.append(&batch(0, 300)).unwrap();
        tamper(dir.path());
        fsck(dir.path(), &log.verifier_key()).unwrap()
    };
    let wrong = |path: &str| Finding::Wrong { path: path.to_owned() };
    assert_eq!(findings(&|_| ()), []);
    assert_eq!(findings(&|dir| flip(&dir.join("tile/0/000"))), [wrong("tile/0/000")]);
    assert_eq!(findings(&|dir| flip(&dir.join("tile/1/000.p/1"))), [wrong("tile/1/000.p/1")]);
    let edited = findings(&|dir| flip(&dir.join("tile/entries/001.p/44")));
    assert!(edited.contains(&wrong("tile/0/001.p/44")) && edited.len() >= 2, "{edited:?}");
    let gone = Finding::Missing { path: "tile/entries/000".to_owned() };
    assert_eq!(findings(&|dir| std::fs::remove_file(dir.join("tile/entries/000")).unwrap()), [gone]);
    assert_eq!(
        findings(&|dir| std::fs::remove_file(dir.join("checkpoint")).unwrap()),
        [Finding::NoCheckpoint]
    );
    let checkpoint = findings(&|dir| {
        let path = dir.join("checkpoint");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, text.replace("\n300\n", "\n299\n")).unwrap();
    });
    assert!(checkpoint.contains(&Finding::NotSigned));
}

/// Changes the last byte of a file.
fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_missing_checkpoint_is_not_a_new_ledger() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).append(&batch(0, 1)).unwrap();
    std::fs::remove_file(dir.path().join("checkpoint")).unwrap();
    let opened = Log::open(dir.path(), "ledger.school.example".parse().unwrap(), key());
    assert!(matches!(opened, Err(OpenError::NoCheckpoint)));
}

#[test]
fn an_event_stands_in_the_ledger_as_a_salted_commitment() {
    let event =
        Event::new("delivery.accepted", "2026-07-01T08:00:00Z", "user_1", "delivery_1", json!({"photos": 3}));
    let leaf = String::from_utf8(event.leaf().unwrap()).unwrap();
    assert!(!leaf.contains("delivery_1") && leaf.contains("delivery.accepted"));
    let expected = ledger::commitment(&event.salt, &event.canonical().unwrap());
    assert_eq!(leaf, format!("{{\"commitment\":\"{expected}\",\"kind\":\"delivery.accepted\",\"v\":1}}"));
    assert_ne!(event.salt, Event::new("a", "b", "c", "d", json!({})).salt);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whatever the batches, the ledger holds what a list would hold.
    #[test]
    fn behaves_like_a_list(sizes in proptest::collection::vec(0_u64..200, 1..8), reopen in any::<u8>()) {
        let dir = tempfile::tempdir().unwrap();
        let mut log = open(dir.path());
        let mut model = Vec::new();
        for (n, size) in sizes.into_iter().enumerate() {
            let new = batch(model.len() as u64, model.len() as u64 + size);
            log.append(&new).unwrap();
            model.extend(new);
            if reopen >> (n % 8) & 1 == 1 {
                drop(log);
                log = open(dir.path());
            }
        }
        holds(&log, &model);
    }
}
