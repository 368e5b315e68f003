//! The certificate file is covered to the byte.

use handshake::{
    certificate::{Fault, Trust, verify_certificate},
    state::Phase,
};
use ledger::Hash;

use crate::world::World;

fn certificate() -> (Vec<u8>, Hash) {
    let mut w = World::new();
    w.play_until(Phase::Cosigned);
    (w.certificate(&[11, 12]).to_bytes().unwrap(), w.state().policy().fingerprint())
}

/// Every byte of the file is changed in one of five ways, every sixteenth in all of them: low bits, the case bit, the highest
/// bit, all bits.
#[test]
fn changing_any_one_byte_is_found_out() {
    const CHANGES: [u8; 5] = [0x01, 0x02, 0x20, 0x80, 0xff];
    let (bytes, fingerprint) = certificate();
    let verify = |bytes: &[u8]| verify_certificate(bytes, Trust::Fingerprint(fingerprint));
    verify(&bytes).unwrap();
    let work = |part: usize, parts: usize| {
        let mut bytes = bytes.clone();
        for at in (part..bytes.len()).step_by(parts) {
            let all = if at % 16 == 0 { &CHANGES[..] } else { &CHANGES[at % 5..at % 5 + 1] };
            for change in all {
                bytes[at] ^= change;
                assert!(verify(&bytes).is_err(), "byte {at} changed by {change:#x} went unnoticed");
                bytes[at] ^= change;
            }
        }
        verify(&bytes).unwrap();
    };
    std::thread::scope(|scope| {
        let work = &work;
        for part in 0..4 {
            scope.spawn(move || work(part, 4));
        }
    });
}

#[test]
fn adding_or_removing_bytes_is_found_out() {
    let (bytes, fingerprint) = certificate();
    let verify = |bytes: &[u8]| verify_certificate(bytes, Trust::Fingerprint(fingerprint));
    for at in (0..bytes.len()).step_by(31) {
        let without = [&bytes[..at], &bytes[at + 1..]].concat();
        assert!(verify(&without).is_err(), "without byte {at}");
        let with = [&bytes[..at], b" ", &bytes[at..]].concat();
        assert!(verify(&with).is_err(), "with a space at {at}");
    }
    assert!(verify(&[&bytes[..], b"\n"].concat()).is_err());
    assert!(verify(&bytes[..bytes.len() - 1]).is_err());
}

#[test]
fn another_policy_is_not_trusted() {
    let (bytes, _) = certificate();
    let other = Hash::of(b"another contract");
    assert!(matches!(verify_certificate(&bytes, Trust::Fingerprint(other)), Err(Fault::Policy)));
}
