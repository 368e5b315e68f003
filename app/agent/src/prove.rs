//! Proving that this vendor holds the objects: a keyed MAC over every byte of every file, nothing sampled.

use std::collections::BTreeMap;

use handshake::message::{Extra, LocationPossession};
use handshake::objects::ObjectList;
use handshake::vendor::{ProveError, Vendor};

use crate::inventory::{FoundFile, InventoryError, Place, What, read};

/// Why a proof can't be made.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The handshake does not allow it.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// A file can't be read.
    #[error(transparent)]
    Read(#[from] InventoryError),
}

/// Proves every place that the school has asked about.
///
/// # Errors
///
/// If a file can't be read, or has changed since it was found.
pub fn prove(
    vendor: &Vendor,
    list: &ObjectList,
    places: &[Place],
    files: &[FoundFile],
) -> Result<Vec<LocationPossession>, ProofError> {
    let mut proofs = Vec::with_capacity(places.len());
    for place in places {
        let id = &place.declared.id;
        let mut prover = vendor.prover(list, id)?;
        let here: Vec<&FoundFile> = files.iter().filter(|file| file.location == *id).collect();
        for file in &here {
            let What::Object(numbers) = &file.what else { continue };
            for number in numbers {
                let mut mac = prover.begin(*number)?;
                read(&file.path, |chunk| mac.update(chunk))?;
                prover.end(*number, mac)?;
            }
        }
        let how = match place.folder {
            Some(_) => "file system of the vendor's running system, every byte read",
            None => "not read: declared only",
        };
        proofs.push(prover.finish(extras(&here), how));
    }
    Ok(proofs)
}

/// What else lies there, by what it is said to be.
fn extras(files: &[&FoundFile]) -> Vec<Extra> {
    let mut kinds: BTreeMap<(String, bool), (u64, u64)> = BTreeMap::new();
    for file in files {
        let key = match &file.what {
            What::Object(_) => continue,
            What::Derivative(words) => (words.clone(), true),
            What::Stays(words) => (words.clone(), false),
            What::Unexplained => (String::new(), false),
        };
        let (count, bytes) = kinds.entry(key).or_default();
        *count += 1;
        *bytes += file.bytes;
    }
    let extra = |((words, erased_too), (files, bytes)): ((String, bool), (u64, u64))| Extra {
        what: if erased_too { "derivative".to_owned() } else { "other".to_owned() },
        files,
        bytes,
        explanation: words,
        erased_too,
        list: None,
    };
    kinds.into_iter().map(extra).collect()
}
