//! The vendor's proof of possession, computed once more from the school's own copies.

use std::{
    collections::BTreeMap,
    io::{self, Read},
};

use handshake::{
    message::{Challenge, Checked, LocationChecked, Possession},
    objects::{Object, ObjectId, ObjectList},
    possession::{ObjectMac, PossessionRoot},
};
use ledger::Hash;
use sha2::{Digest as _, Sha256};

/// Why the proof can't be computed.
#[derive(Debug, thiserror::Error)]
pub enum PossessionError {
    /// An own copy can't be read.
    #[error("could not read the school's copy of {object}")]
    Read {
        /// Which object.
        object: ObjectId,
        /// Why not.
        source: io::Error,
    },
    /// An own copy is damaged: nothing may be erased before it is repaired.
    #[error("the school's copy of {object} is not what was accepted")]
    Damaged {
        /// Which object.
        object: ObjectId,
    },
    /// The vendor speaks of a place that was not asked about.
    #[error("the proof speaks of a place that was not asked about")]
    NotAsked,
}

/// Computes the root of every place from the school's own bytes. Each object is read once, whatever the number of places, and
/// compared with its hash on the way.
///
/// # Errors
///
/// If an own copy can't be read or is damaged.
pub fn recompute<R: Read>(
    challenge: &Challenge,
    possession: &Possession,
    list: &ObjectList,
    mut open: impl FnMut(&Object) -> io::Result<R>,
) -> Result<Checked, PossessionError> {
    let mut roots: BTreeMap<_, _> = BTreeMap::new();
    for place in &possession.locations {
        let nonce = challenge.nonces.iter().find(|nonce| nonce.location == place.location);
        roots.insert(
            &place.location,
            (nonce.ok_or(PossessionError::NotAsked)?.nonce, PossessionRoot::default()),
        );
    }
    for (index, object) in (0..).zip(list.objects()) {
        let held: Vec<_> = possession.locations.iter().filter(|place| place.held.contains(index)).collect();
        if held.is_empty() {
            continue;
        }
        let mut macs: Vec<_> = Vec::with_capacity(held.len());
        for place in &held {
            if let Some((nonce, _)) = roots.get(&place.location) {
                macs.push(ObjectMac::new(nonce, &place.location, &object.id));
            }
        }
        let read = |source| PossessionError::Read { object: object.id.clone(), source };
        feed(open(object).map_err(read)?, object, &mut macs)?;
        for (place, mac) in held.iter().zip(macs) {
            if let Some((_, root)) = roots.get_mut(&place.location) {
                root.add(index, mac.finish());
            }
        }
    }
    let locations = roots
        .into_iter()
        .map(|(location, (_, root))| LocationChecked { location: location.clone(), root: root.finish().0 })
        .collect();
    Ok(Checked { locations })
}

/// Reads one object to its end, into every MAC, and compares its hash.
fn feed(mut reader: impl Read, object: &Object, macs: &mut [ObjectMac]) -> Result<(), PossessionError> {
    let (mut digest, mut len) = (Sha256::new(), 0_u64);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(source) => return Err(PossessionError::Read { object: object.id.clone(), source }),
        };
        let chunk = buffer.get(..count).unwrap_or_default();
        digest.update(chunk);
        macs.iter_mut().for_each(|mac| mac.update(chunk));
        len += count as u64;
    }
    let hash = Hash::from_bytes(digest.finalize().into());
    if hash == object.sha256 && len == object.len {
        Ok(())
    } else {
        Err(PossessionError::Damaged { object: object.id.clone() })
    }
}
