//! Random conversations. Whatever is said in whatever order, the outcome never says more than what happened.

use handshake::{
    certificate::{Outcome, Trust, verify_certificate},
    keys::Party,
    message::{Abort, Body, Resume, Revoke, Suspend},
    state::Phase,
};
use ledger::Hash;
use proptest::prelude::*;

use crate::world::{World, Wrong};

/// One thing somebody tries.
#[derive(Debug, Clone, Copy)]
enum Try {
    /// What is due, right or with something wrong in it.
    Due { wrong: bool },
    /// Something that may not be due at all.
    Odd { which: u8, vendor: bool },
}

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let due = any::<u8>().prop_map(|n| Try::Due { wrong: n < 25 });
    let odd = (0_u8..8, any::<bool>()).prop_map(|(which, vendor)| Try::Odd { which, vendor });
    proptest::collection::vec(prop_oneof![12 => due, 1 => odd], 15..45)
}

fn odd(w: &World, which: u8) -> Option<Body> {
    let reason = || "odd".to_owned();
    Some(match which {
        0 => Body::Abort(Abort { reason: reason() }),
        1 => Body::Suspend(Suspend { reason: reason() }),
        2 => Body::Resume(Resume { reason: reason() }),
        3 if !w.state().locations().is_empty() => w.absence(),
        4 => w.seal(Wrong(false)),
        5 => w.ready(Wrong(false)),
        6 => Body::Revoke(Revoke { evidence: reason(), proof: Hash::of(b"") }),
        _ => w.invite(Wrong(false)),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn no_path_reaches_certified_with_something_wrong(tries in tries()) {
        let mut w = World::new();
        // The model: what is wrong with the newest message of each phase that was accepted.
        let mut wrong_in: std::collections::BTreeMap<Phase, bool> = std::collections::BTreeMap::new();
        let mut past_return = false;
        for attempt in tries {
            let before = w.phase();
            match attempt {
                Try::Due { wrong } => {
                    let Some((party, body)) = w.next(Wrong(wrong)) else { break };
                    if w.says(party, body).is_ok() {
                        let phase = if matches!(before, Phase::Erasing | Phase::Disputed) { Phase::Authorised } else { before };
                        wrong_in.insert(phase, wrong);
                    }
                }
                Try::Odd { which, vendor } => {
                    let Some(body) = odd(&w, which) else { continue };
                    let party = body.sender().unwrap_or(if vendor { Party::Vendor } else { Party::School });
                    if w.says(party, body).is_ok() {
                        // What is said at the wrong time is right in itself.
                        match which {
                            4 => drop(wrong_in.insert(Phase::Enrolled, false)),
                            5 => drop(wrong_in.insert(Phase::Planned, false)),
                            _ => {}
                        }
                    }
                }
            }
            // Both sides always agree on where they are.
            prop_assert_eq!(w.phase(), w.vendor.state().phase());
            past_return |= w.phase() == Phase::Authorised;
            prop_assert!(!(past_return && w.phase() == Phase::Aborted), "aborted after the authorisation");
            prop_assert!(!past_return || w.state().is_past_return());
        }
        if matches!(w.phase(), Phase::Issued | Phase::Cosigned) {
            let bytes = w.certificate(&[11, 12]).to_bytes().unwrap();
            let report = verify_certificate(&bytes, Trust::Policy(w.state().policy())).unwrap();
            let wrong = [Phase::Enrolled, Phase::Planned, Phase::Authorising, Phase::Authorised]
                .iter()
                .any(|phase| wrong_in.get(phase).copied().unwrap_or(true));
            let certified = report.outcome == Outcome::Certified;
            prop_assert_eq!(certified, report.unmet.is_empty());
            prop_assert!(!(certified && (wrong || w.phase() != Phase::Cosigned)), "certified in spite of it");
        }
    }
}
