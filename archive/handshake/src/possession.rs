//! Proof that somebody held these very bytes after a nonce was drawn: a keyed MAC over every byte of every object.
//!
//! For each object `HMAC-SHA256(nonce ‖ location ‖ object id, bytes)`, for each location a Merkle root over the MACs in
//! the order of the object list. Location and id go into the key with their lengths in front (two bytes, big end first),
//! so that no two pairs make the same key.

use hmac::{Hmac, Mac as _};
use ledger::{Hash, MemoryTree, leaf_hash};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::{
    bytes::Nonce,
    objects::{LocationId, ObjectId},
};

/// The MAC of one object at one location, fed chunk by chunk.
#[derive(Debug, Clone)]
pub struct ObjectMac(Hmac<Sha256>);

impl ObjectMac {
    /// Starts the MAC of an object.
    #[must_use]
    pub fn new(nonce: &Nonce, location: &LocationId, object: &ObjectId) -> Self {
        let mut key = nonce.as_bytes().to_vec();
        for part in [location.as_str(), object.as_str()] {
            // Ids have at most 128 characters.
            key.extend_from_slice(&u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes());
            key.extend_from_slice(part.as_bytes());
        }
        Self(mac(&key))
    }

    /// Takes the next bytes of the object.
    pub fn update(&mut self, chunk: &[u8]) {
        self.0.update(chunk);
    }

    /// The MAC over all bytes taken.
    #[must_use]
    pub fn finish(self) -> Hash {
        Hash::from_bytes(self.0.finalize().into_bytes().into())
    }
}

/// HMAC takes keys of any length, so the error type of `new_from_slice` has no value in practice; a key of the
/// right length can't fail even in type.
fn mac(key: &[u8]) -> Hmac<Sha256> {
    let mut block = [0_u8; 64];
    let hashed;
    let short = if key.len() > block.len() {
        hashed = *Hash::of(key).as_bytes();
        &hashed[..]
    } else {
        key
    };
    block.iter_mut().zip(short).for_each(|(to, from)| *to = *from);
    Hmac::new(&block.into())
}

/// The root over the MACs of one location. Add them in the order of the object list.
#[derive(Debug, Clone, Default)]
pub struct PossessionRoot {
    tree: MemoryTree,
    held: Held,
}

impl PossessionRoot {
    /// Adds the MAC of object number `index` of the list. Indexes must rise.
    pub fn add(&mut self, index: u64, mac: Hash) {
        self.tree.push(leaf_hash(mac.as_bytes()));
        self.held.push(index);
    }

    /// The root, and which objects it covers.
    #[must_use]
    pub fn finish(self) -> (Hash, Held) {
        (self.tree.root(), self.held)
    }
}

/// Which objects of the list a location holds, as ranges `[first, one past the last]` that rise and don't touch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Held(Vec<[u64; 2]>);

impl Held {
    /// All of `count` objects.
    #[must_use]
    pub fn all(count: u64) -> Self {
        Self(if count == 0 { Vec::new() } else { vec![[0, count]] })
    }

    fn push(&mut self, index: u64) {
        match self.0.last_mut() {
            Some([_, end]) if *end == index => *end = index + 1,
            _ => self.0.push([index, index.saturating_add(1)]),
        }
    }

    /// Whether the ranges rise, don't touch, and end within `count`.
    #[must_use]
    pub fn is_sound(&self, count: u64) -> bool {
        let mut next = 0;
        self.0.iter().enumerate().all(|(n, [start, end])| {
            let good = start < end && *end <= count && (n == 0 || *start > next);
            next = *end;
            good
        })
    }

    /// How many objects are held.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().map(|[start, end]| end.saturating_sub(*start)).fold(0, u64::saturating_add)
    }

    /// The indexes held, rising.
    pub fn indexes(&self) -> impl Iterator<Item = u64> {
        self.0.iter().flat_map(|[start, end]| *start..*end)
    }

    /// Whether `index` is held.
    #[must_use]
    pub fn contains(&self, index: u64) -> bool {
        self.0.iter().any(|[start, end]| (*start..*end).contains(&index))
    }

    /// Whether the locations together hold all of `count` objects.
    pub fn cover<'a>(all: impl IntoIterator<Item = &'a Self>, count: u64) -> bool {
        let mut ranges: Vec<_> = all.into_iter().flat_map(|held| held.0.iter().copied()).collect();
        ranges.sort_unstable();
        let reach =
            ranges.into_iter().try_fold(0, |reach, [start, end]| (start <= reach).then_some(reach.max(end)));
        reach.is_some_and(|reach| reach >= count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mac_is_that_of_rfc_4231() {
        let check = |key: &[u8], data: &[u8], expected: &str| {
            let mut mac = mac(key);
            mac.update(data);
            assert_eq!(hex::encode(mac.finalize().into_bytes()), expected);
        };
        check(&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        check(
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        );
        check(
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        );
    }

    #[test]
    fn chunks_make_no_difference_but_every_part_of_the_key_does() {
        let location = |text: &str| LocationId::new(text).unwrap();
        let object = |text: &str| ObjectId::new(text).unwrap();
        let whole = |nonce, at: &str, of: &str| {
            let mut mac = ObjectMac::new(&Nonce::from_bytes([nonce; 32]), &location(at), &object(of));
            mac.update(b"all the bytes");
            mac.finish()
        };
        let mut parts = ObjectMac::new(&Nonce::from_bytes([1; 32]), &location("disk"), &object("photo_1"));
        b"all the bytes".chunks(3).for_each(|chunk| parts.update(chunk));
        assert_eq!(parts.finish(), whole(1, "disk", "photo_1"));
        for other in [
            whole(2, "disk", "photo_1"),
            whole(1, "nas", "photo_1"),
            whole(1, "disk", "photo_2"),
            whole(1, "diskp", "hoto_1"),
        ] {
            assert_ne!(other, whole(1, "disk", "photo_1"));
        }
    }

    #[test]
    fn held_ranges_say_what_is_there() {
        let mut root = PossessionRoot::default();
        [0, 1, 2, 5, 7, 8].into_iter().for_each(|index| root.add(index, Hash::empty()));
        let (_, held) = root.finish();
        assert_eq!(held.indexes().collect::<Vec<_>>(), [0, 1, 2, 5, 7, 8]);
        assert_eq!(held.count(), 6);
        assert!(held.is_sound(9) && !held.is_sound(8));
        assert!(held.contains(5) && !held.contains(6));
        let rest: Held = serde_json::from_str("[[3,7]]").unwrap();
        assert!(
            Held::cover([&held, &rest], 9) && !Held::cover([&held], 9) && !Held::cover([&held, &rest], 10)
        );
        for unsound in ["[[1,1]]", "[[0,2],[2,3]]", "[[3,4],[0,1]]"] {
            assert!(!serde_json::from_str::<Held>(unsound).unwrap().is_sound(9), "{unsound}");
        }
    }
}
