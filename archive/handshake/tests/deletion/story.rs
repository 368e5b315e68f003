//! A whole deletion, told the way the two programs live it, and the ways it can end otherwise.

use std::sync::Arc;

use handshake::{
    certificate::{Outcome, Trust, verify_certificate},
    guard::GuardCode,
    keys::Party,
    level::Level,
    message::{Abort, Authorise, Body, LocationProgress, Progress, Resume, Suspend},
    session::{Accepted, Session},
    side::{DraftError, Side},
    state::{Phase, Refusal},
    statement::{Basis, ClaimCode},
    vendor::{Turn, Vendor},
};
use ledger::Hash;

use crate::world::{World, Wrong, boot, key, location, person, terms};

#[test]
fn a_whole_deletion_from_invitation_to_certificate() {
    let mut w = World::new();
    assert_eq!(w.vendor.turn(), Turn::Wait);
    w.school_says(w.invite(Wrong(false))).unwrap();
    w.vendor.check_list(&w.list).unwrap();

    assert_eq!(w.vendor.turn(), Turn::Inventory);
    let inventory = w.vendor.inventory(w.inventory(Wrong(false)), &w.stamp()).unwrap();
    w.vendor_sends(inventory).unwrap();

    w.school_says(w.seal(Wrong(false))).unwrap();
    let challenge = w.challenge(Wrong(false));
    w.school_says(challenge).unwrap();

    assert_eq!(w.vendor.turn(), Turn::Prove);
    let possession = w.vendor.possession(w.possession(Wrong(false)), &w.stamp()).unwrap();
    w.vendor_sends(possession).unwrap();
    w.school_says(w.checked()).unwrap();

    assert_eq!(w.vendor.turn(), Turn::Plan);
    let plan = w.plan();
    let plan = w.vendor.plan(plan.locations, plan.present, &w.stamp()).unwrap();
    w.vendor_sends(plan).unwrap();
    w.school_says(w.ready(Wrong(false))).unwrap();

    let nonce = w.draw();
    let commit = w.school.draft_commit(nonce, &w.stamp()).unwrap();
    w.school_sends(commit).unwrap();
    assert_eq!(w.vendor.turn(), Turn::Commit);
    let nonce = w.draw();
    let stamp = w.stamp();
    let commit = w.vendor.commit(nonce, &stamp).unwrap();
    w.vendor_sends(commit).unwrap();
    let reveal = w.school.draft_reveal(&w.stamp()).unwrap();
    w.school_sends(reveal).unwrap();
    assert_eq!(w.vendor.turn(), Turn::Reveal);
    let reveal = w.vendor.reveal(&w.stamp()).unwrap();
    w.vendor_sends(reveal).unwrap();

    // The school's code crosses the room by voice.
    let heard = w.state().codes().unwrap().code(Party::School);
    let typed = format!(" {}-{} ", heard[..4].to_lowercase(), &heard[4..]);
    assert!(w.vendor.code_is_right(&typed) && !w.vendor.code_is_right("AAAAAAAA"));
    let confirm = w.vendor.confirm(&typed, person("赵操作"), &w.stamp()).unwrap();
    w.vendor_sends(confirm).unwrap();
    let code = w.vendor.own_code().unwrap();
    assert_eq!(code.len(), 8);
    let safety = w.safety(Wrong(false));
    w.school_says(Body::Authorise(Authorise { code, safety })).unwrap();

    assert_eq!(w.vendor.turn(), Turn::Erase);
    let half = LocationProgress {
        location: location("disk1"),
        done: 1,
        total: 2,
        errors: 0,
        retries: 0,
        log: Hash::of(b""),
    };
    let progress = w.vendor.progress(vec![half], &w.stamp()).unwrap();
    w.vendor_sends(progress).unwrap();
    let erased = w.vendor.erased(w.erased(Wrong(false)), person("赵操作"), &w.stamp()).unwrap();
    w.vendor_sends(erased).unwrap();
    w.school_says(w.verify()).unwrap();
    w.school_says(w.absence()).unwrap();
    w.school_says(w.statement()).unwrap();

    assert_eq!(w.vendor.turn(), Turn::Countersign);
    let countersign = w.vendor.countersign("", &w.stamp()).unwrap();
    w.vendor_sends(countersign).unwrap();
    assert_eq!(w.vendor.turn(), Turn::Done);

    let certificate = w.certificate(&[11, 12]).to_bytes().unwrap();
    let report =
        verify_certificate(&certificate, Trust::Fingerprint(w.state().policy().fingerprint())).unwrap();
    assert_eq!((report.outcome, report.level, report.unmet.len()), (Outcome::Certified, Level::Al2, 0));
    assert_eq!(report.witnesses.len(), 2);
    let codes: Vec<_> = report.proven.iter().map(|claim| claim.code).collect();
    assert_eq!(codes, [ClaimCode::CopiesSafe, ClaimCode::HeldObjects, ClaimCode::OrderAndKeys]);
    // What the vendor's system saw of itself is never proven.
    let absent = report.declared.iter().filter(|claim| claim.code == ClaimCode::Absent).count();
    assert_eq!(absent, 2);
    assert!(report.declared.iter().all(|claim| claim.basis == Basis::Declared));
}

fn outcome(w: &World, witnesses: &[u8]) -> (Outcome, Vec<GuardCode>) {
    let bytes = w.certificate(witnesses).to_bytes().unwrap();
    let report = verify_certificate(&bytes, Trust::Policy(w.state().policy())).unwrap();
    (report.outcome, report.unmet.into_iter().map(|guard| guard.code).collect())
}

#[test]
fn without_the_witnesses_or_the_vendor_it_is_partial_and_says_why() {
    let mut w = World::new();
    w.play_until(Phase::Issued);
    assert_eq!(outcome(&w, &[11, 12]), (Outcome::Partial, vec![GuardCode::VendorCountersigned]));
    w.play_until(Phase::Cosigned);
    assert_eq!(outcome(&w, &[11]), (Outcome::Partial, vec![GuardCode::WitnessQuorum]));
    assert_eq!(outcome(&w, &[11, 12]), (Outcome::Certified, vec![]));
}

#[test]
fn a_vendor_that_falls_silent_gets_a_partial_certificate() {
    let mut w = World::new();
    w.play_until(Phase::Authorised);
    w.school_says(w.absence()).unwrap();
    w.play_until(Phase::Issued);
    let (outcome, unmet) = outcome(&w, &[11, 12]);
    assert_eq!(outcome, Outcome::Partial);
    assert_eq!(
        unmet,
        [
            GuardCode::ErasedComplete,
            GuardCode::ErasedErrors,
            GuardCode::VerifiedClean,
            GuardCode::AbsenceComplete,
            GuardCode::AbsenceLevel,
            GuardCode::VendorCountersigned
        ]
    );
}

#[test]
fn traces_lead_to_a_dispute_and_erasing_again_settles_it() {
    let mut w = World::new();
    w.play_until(Phase::Authorised);
    let (party, body) = w.next(Wrong(true)).unwrap();
    w.says(party, body).unwrap();
    w.school_says(w.verify()).unwrap();
    assert_eq!((w.phase(), w.vendor.turn()), (Phase::Disputed, Turn::Erase));
    w.play_until(Phase::Cosigned);
    assert_eq!(outcome(&w, &[11, 12]).0, Outcome::Certified);
}

#[test]
fn nobody_may_claim_more_than_was_shown() {
    let mut w = World::new();
    w.play_until(Phase::Erased);
    let Body::Verify(mut verify) = w.verify() else { unreachable!() };
    verify.locations[0].level = Level::Al3;
    assert!(matches!(w.says(Party::School, Body::Verify(verify)), Err(Refusal::Overclaim)));
    w.play_until(Phase::Verified);
    let Body::Absence(mut absence) = w.absence() else { unreachable!() };
    absence.locations[1].level = Level::Al3;
    assert!(matches!(w.says(Party::School, Body::Absence(absence)), Err(Refusal::Overclaim)));
    w.play_until(Phase::Absent);
    let Body::Certificate(mut body) = w.statement() else { unreachable!() };
    body.statement.claims.iter_mut().for_each(|claim| claim.basis = Basis::Proven);
    assert!(matches!(w.says(Party::School, Body::Certificate(body)), Err(Refusal::Overclaim)));
}

#[test]
fn an_unsafe_archive_stops_everything_before_and_at_the_last_moment() {
    let mut w = World::new();
    w.play_until(Phase::Enrolled);
    let Body::Seal(mut seal) = w.seal(Wrong(false)) else { unreachable!() };
    seal.safety.open_defects = 1;
    let refused = w.says(Party::School, Body::Seal(seal));
    assert!(matches!(refused, Err(Refusal::Guards(guards)) if guards[0].code == GuardCode::ArchiveDefects));
    w.play_until(Phase::Authorising);
    while w.state().said().confirm.is_none() {
        let (party, body) = w.next(Wrong(false)).unwrap();
        w.says(party, body).unwrap();
    }
    let Body::Authorise(mut authorise) = w.authorise(Wrong(false)) else { unreachable!() };
    authorise.safety.open_defects = 1;
    assert!(matches!(w.says(Party::School, Body::Authorise(authorise)), Err(Refusal::Guards(_))));
    w.says(Party::School, w.authorise(Wrong(false))).unwrap();
}

#[test]
fn with_too_few_copies_a_case_goes_on_and_its_guard_stays_unmet() {
    let mut w = World::new();
    w.play_until(Phase::Enrolled);
    w.says(Party::School, w.seal(Wrong(true))).unwrap();
    assert_eq!(w.phase(), Phase::Sealed);
    assert!(w.state().unmet().iter().any(|guard| guard.code == GuardCode::ArchiveReplicas));
}

#[test]
fn a_wrong_proof_is_kept_on_record_and_asked_for_again() {
    let mut w = World::new();
    w.play_until(Phase::Challenged);
    let (party, body) = w.next(Wrong(true)).unwrap();
    w.says(party, body).unwrap();
    w.school_says(w.checked()).unwrap();
    assert_eq!(w.phase(), Phase::Sealed);
    assert!(w.state().guards().any(|guard| guard.code == GuardCode::PossessionEqual && !guard.met));
    w.play_until(Phase::Possessed);
}

#[test]
fn an_answer_after_its_time_is_refused() {
    let mut w = World::new();
    w.play_until(Phase::Challenged);
    let (party, body) = w.next(Wrong(false)).unwrap();
    w.wait(11 * 60);
    assert!(matches!(w.says(party, body), Err(Refusal::Expired)));

    let mut w = World::new();
    w.play_until(Phase::Authorising);
    w.wait(6 * 60);
    let (party, body) = w.next(Wrong(false)).unwrap();
    assert!(matches!(w.says(party, body), Err(Refusal::Expired)));
}

#[test]
fn there_is_a_way_back_before_the_authorisation_and_none_after() {
    let abort = || Body::Abort(Abort { reason: "no".into() });
    let mut w = World::new();
    w.play_until(Phase::Authorising);
    w.says(Party::Vendor, abort()).unwrap();
    assert_eq!(w.phase(), Phase::Aborted);

    let mut w = World::new();
    w.play_until(Phase::Authorised);
    for party in [Party::School, Party::Vendor] {
        assert!(matches!(w.says(party, abort()), Err(Refusal::PastReturn)));
    }
    w.says(Party::Vendor, Body::Suspend(Suspend { reason: "power cut".into() })).unwrap();
    assert!(matches!(w.says(Party::School, abort()), Err(Refusal::PastReturn)));
    w.says(Party::Vendor, Body::Resume(Resume { reason: "power is back".into() })).unwrap();
    assert_eq!(w.phase(), Phase::Authorised);
}

#[test]
fn after_a_restart_old_numbers_are_burnt() {
    let mut w = World::new();
    w.play_until(Phase::Challenged);
    // The same start of the program may read its journal as often as it likes.
    let same = Side::load(&w.school.to_bytes().unwrap(), Party::School, boot(1)).unwrap();
    assert!(!same.is_burnt());
    // Another start refuses the answer to the old nonces, even after saving and loading again, until it has drawn new ones.
    w.school = Side::load(&w.school.to_bytes().unwrap(), Party::School, boot(9)).unwrap();
    w.school = Side::load(&w.school.to_bytes().unwrap(), Party::School, boot(9)).unwrap();
    let answer = w.vendor.possession(w.possession(Wrong(false)), &w.stamp()).unwrap();
    assert!(matches!(w.vendor_sends(answer), Err(Refusal::Burnt)));
    let challenge = w.challenge(Wrong(false));
    w.school_says(challenge).unwrap();
    w.play_until(Phase::Ready);

    // The vendor restarts between commitment and number.
    let nonce = w.draw();
    let commit = w.school.draft_commit(nonce, &w.stamp()).unwrap();
    w.school_sends(commit).unwrap();
    let (nonce, stamp) = (w.draw(), w.stamp());
    let commit = w.vendor.commit(nonce, &stamp).unwrap();
    w.vendor_sends(commit).unwrap();
    let reveal = w.school.draft_reveal(&w.stamp()).unwrap();
    w.school_sends(reveal).unwrap();
    w.vendor = Vendor::load(&w.vendor.to_bytes().unwrap(), boot(8)).unwrap();
    assert_eq!(w.vendor.turn(), Turn::Resume);
    assert!(matches!(w.vendor.reveal(&w.stamp()), Err(DraftError::Burnt)));
    let resume = w.vendor.resume("restarted", &w.stamp()).unwrap();
    w.vendor_sends(resume).unwrap();
    assert_eq!((w.phase(), w.state().codes().is_none()), (Phase::Ready, true));
    // The old number can't be committed to again.
    let again = w.school.draft_commit(nonce_of_first_ceremony(&w), &w.stamp());
    assert!(matches!(w.school_sends(again.unwrap()), Err(Refusal::Burnt)));
    w.play_until(Phase::Cosigned);
}

fn nonce_of_first_ceremony(w: &World) -> handshake::bytes::Nonce {
    let reveal = |envelope: &handshake::envelope::Envelope| match envelope.claimed().unwrap().body {
        Body::Reveal(reveal) => Some(reveal.nonce),
        _ => None,
    };
    w.school.envelopes().iter().find_map(reveal).unwrap()
}

#[test]
fn sending_again_is_harmless_and_saying_something_else_is_a_fork() {
    let mut w = World::new();
    w.play_until(Phase::Enrolled);
    let inventory = w.school.envelopes()[1].clone();
    assert_eq!(w.school.receive(inventory, w.now()).unwrap(), Accepted::Duplicate);

    let policy = Arc::new(w.state().policy().clone());
    let earlier = Session::replay(w.state().session(), policy, w.school.envelopes()[..1].to_vec()).unwrap();
    let mut other = w.inventory(Wrong(false));
    other.locations.pop();
    let other = w.sign(earlier.draft(Party::Vendor, Body::Inventory(other), &w.stamp()).unwrap());
    assert!(matches!(w.school.receive(other, w.now()), Err(Refusal::Fork { seq: 1 })));
}

#[test]
fn a_message_under_way_survives_a_crash_and_gives_way_to_the_other_side() {
    let mut w = World::new();
    w.play_until(Phase::Invited);
    let inventory = w.sign(w.vendor.inventory(w.inventory(Wrong(false)), &w.stamp()).unwrap());
    w.vendor.hold(inventory.clone()).unwrap();
    w.vendor = Vendor::load(&w.vendor.to_bytes().unwrap(), boot(3)).unwrap();
    assert_eq!((w.vendor.turn(), w.vendor.pending()), (Turn::Send, Some(&inventory)));
    // The school gave up meanwhile.
    let abort = w.sign(w.school.draft(Body::Abort(Abort { reason: "mistake".into() }), &w.stamp()).unwrap());
    w.school.say(abort.clone()).unwrap();
    assert!(matches!(w.school.receive(inventory, w.now()), Err(Refusal::Fork { seq: 1 })));
    w.vendor.receive(abort, w.now()).unwrap();
    assert_eq!((w.vendor.turn(), w.vendor.pending()), (Turn::Done, None));
}

#[test]
fn only_the_right_keys_count() {
    let mut w = World::new();
    w.play_until(Phase::Invited);
    let draft = w.vendor.inventory(w.inventory(Wrong(false)), &w.stamp()).unwrap();
    let mut only_agent = draft.clone();
    only_agent.sign(&key(handshake::keys::Role::Agent)).unwrap();
    assert!(matches!(w.school.receive(only_agent, w.now()), Err(Refusal::Envelope(_))));
    let mut too_many = w.sign(draft);
    too_many.sign(&key(handshake::keys::Role::School)).unwrap();
    assert!(matches!(w.school.receive(too_many, w.now()), Err(Refusal::Envelope(_))));
}

#[test]
fn one_key_has_one_role() {
    let mut same = terms();
    same.it.key = same.registrar.key;
    assert!(handshake::policy::Policy::new(same).is_err());
}

#[test]
fn a_skewed_clock_is_refused_while_codes_are_exchanged() {
    let mut w = World::new();
    w.play_until(Phase::Authorising);
    let (_, body) = w.next(Wrong(false)).unwrap();
    let mut stamp = w.stamp();
    stamp.at += jiff::SignedDuration::from_secs(121);
    let policy = Arc::new(w.state().policy().clone());
    let session = Session::replay(w.state().session(), policy, w.school.envelopes().to_vec()).unwrap();
    let ahead = w.sign(session.draft(Party::Vendor, body, &stamp).unwrap());
    assert!(matches!(w.school.receive(ahead, w.now()), Err(Refusal::Clock)));
}

#[test]
fn progress_can_be_told_many_times() {
    let mut w = World::new();
    w.play_until(Phase::Authorised);
    for done in 0..3 {
        let place = LocationProgress {
            location: location("nas1"),
            done,
            total: 3,
            errors: 0,
            retries: 0,
            log: Hash::of(b""),
        };
        w.says(Party::Vendor, Body::Progress(Progress { locations: vec![place] })).unwrap();
    }
    assert_eq!(w.phase(), Phase::Erasing);
    w.play_until(Phase::Cosigned);
}

#[test]
fn a_vendor_that_restarted_catches_up_and_asks_to_begin_anew() {
    let mut w = World::new();
    w.play_until(Phase::Ready);
    let nonce = w.draw();
    let commit = w.school.draft_commit(nonce, &w.stamp()).unwrap();
    w.school_sends(commit).unwrap();
    let (nonce, stamp) = (w.draw(), w.stamp());
    let commit = w.vendor.commit(nonce, &stamp).unwrap();
    w.vendor_sends(commit).unwrap();
    // The agent dies; the school goes on and only minutes later the agent is back and hears of it.
    w.vendor = Vendor::load(&w.vendor.to_bytes().unwrap(), boot(8)).unwrap();
    let reveal = w.sign(w.school.draft_reveal(&w.stamp()).unwrap());
    w.school.say(reveal.clone()).unwrap();
    w.wait(180);
    assert_eq!(w.vendor.receive(reveal, w.now()).unwrap(), Accepted::New);
    assert_eq!(w.vendor.turn(), Turn::Resume);
}

#[test]
fn a_proof_under_way_survives_a_restart() {
    let mut w = World::new();
    w.play_until(Phase::Challenged);
    let proof = w.sign(w.vendor.possession(w.possession(Wrong(false)), &w.stamp()).unwrap());
    w.vendor.hold(proof.clone()).unwrap();
    w.vendor = Vendor::load(&w.vendor.to_bytes().unwrap(), boot(8)).unwrap();
    assert_eq!(w.vendor.turn(), Turn::Send);
    w.school.receive(proof, w.now()).unwrap();
    w.vendor.arrived().unwrap();
    assert_eq!((w.phase(), w.vendor.turn()), (Phase::Answered, Turn::Wait));
}

#[test]
fn a_vendor_may_erase_again_without_being_asked_and_old_verdicts_are_forgotten() {
    let mut w = World::new();
    w.play_until(Phase::Verified);
    let again = w.vendor.erased(w.erased(Wrong(true)), person("赵操作"), &w.stamp()).unwrap();
    w.vendor_sends(again).unwrap();
    assert!(w.state().said().verify.is_none());
    let Body::Absence(mut absence) = w.absence() else { unreachable!() };
    absence.locations[0].absent = true;
    assert!(matches!(w.says(Party::School, Body::Absence(absence)), Err(Refusal::Overclaim)));
}
