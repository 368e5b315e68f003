//! The spoken code: eight letters that cross the room by voice.
//!
//! Both sides first commit to a number, then show it. The codes are cut from a hash over everything said up to both commitments,
//! both numbers, and `R_obj`. Neither side can choose a code, and someone in between can't make both sides see the same one.

use ledger::Hash;
use sha2::{Digest, Sha256};

use crate::{bytes::Nonce, keys::Party};

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What both codes are made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sas {
    /// The hash of the envelope with the second commitment; it stands for the whole conversation so far.
    pub transcript: Hash,
    /// The school's number.
    pub school: Nonce,
    /// The vendor's number.
    pub vendor: Nonce,
    /// `R_obj`.
    pub object_root: Hash,
}

impl Sas {
    /// The code that `by` shows and reads aloud, and the other side types: eight characters of base32 (RFC 4648).
    #[must_use]
    pub fn code(&self, by: Party) -> String {
        let mut digest = Sha256::new();
        digest.update(match by {
            Party::School => &b"WDH/1 code read by the school\n"[..],
            Party::Vendor => &b"WDH/1 code read by the vendor\n"[..],
        });
        digest.update(self.transcript.as_bytes());
        digest.update(self.school.as_bytes());
        digest.update(self.vendor.as_bytes());
        digest.update(self.object_root.as_bytes());
        let hash: [u8; 32] = digest.finalize().into();
        let bits = hash.iter().take(5).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let digit = |n: u32| ALPHABET.get(usize::try_from(bits >> (35 - 5 * n) & 31).unwrap_or(0)).copied();
        (0..8).filter_map(digit).map(char::from).collect()
    }
}

/// Commits to a number, so that it can be shown later but not changed.
#[must_use]
pub fn commit_to(by: Party, nonce: &Nonce) -> Hash {
    let mut bytes = match by {
        Party::School => b"WDH/1 commitment of the school\n".to_vec(),
        Party::Vendor => b"WDH/1 commitment of the vendor\n".to_vec(),
    };
    bytes.extend_from_slice(nonce.as_bytes());
    Hash::of(&bytes)
}

/// Brings a typed code into its one form: capital letters, without spaces and dashes.
#[must_use]
pub fn normalise(typed: &str) -> String {
    typed.chars().filter(|c| !c.is_whitespace() && *c != '-').flat_map(char::to_uppercase).collect()
}
