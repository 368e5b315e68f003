//! Where an object lies: the registered layout extension 0003, hash and id n-tuples.

use std::path::PathBuf;

use bag::{Algorithm, Checksum};
use serde::{Deserialize, Serialize};

use super::ObjectId;

pub(super) const EXTENSION: &str = "0003-hash-and-id-n-tuple-storage-layout";

/// How object ids become folders (OCFL community extension 0003): digits of the id's digest, then the id itself.
///
/// New roots use two pairs of digits: 65 536 folders, a handful of objects in each up to a million.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Layout {
    extension_name: String,
    #[serde(default = "default_algorithm")]
    digest_algorithm: String,
    #[serde(default = "default_three")]
    tuple_size: usize,
    #[serde(default = "default_three")]
    number_of_tuples: usize,
}

fn default_algorithm() -> String {
    Algorithm::Sha256.name().to_owned()
}

fn default_three() -> usize {
    3
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            extension_name: EXTENSION.to_owned(),
            digest_algorithm: default_algorithm(),
            tuple_size: 2,
            number_of_tuples: 2,
        }
    }
}

impl Layout {
    /// Whether this program can follow it.
    pub(super) fn is_known(&self) -> bool {
        self.extension_name == EXTENSION
            && self.digest_algorithm == Algorithm::Sha256.name()
            && self.tuple_size.saturating_mul(self.number_of_tuples) <= Algorithm::Sha256.hex_len()
            && (self.tuple_size == 0) == (self.number_of_tuples == 0)
    }

    /// The folder of `object`, relative to the storage root.
    pub fn folder(&self, object: ObjectId) -> PathBuf {
        self.folder_of(&object.to_string())
    }

    fn folder_of(&self, id: &str) -> PathBuf {
        let digest = Checksum::of(Algorithm::Sha256, id.as_bytes());
        let cut = |n: usize| {
            digest.as_str().get(n * self.tuple_size..(n + 1) * self.tuple_size).unwrap_or_default()
        };
        let mut folder: PathBuf = (0..self.number_of_tuples).map(cut).collect();
        folder.push(encoded(id));
        folder
    }
}

/// The id with everything but ASCII letters, digits, `-` and `_` percent-encoded.
///
/// The extension shortens names of more than 100 characters; an [`ObjectId`] never has so many.
fn encoded(id: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    id.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") })
        .collect()
}

/// The file `ocfl_layout.json` of a storage root.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Declaration {
    pub(super) extension: String,
    pub(super) description: String,
}

impl Default for Declaration {
    fn default() -> Self {
        Self {
            extension: EXTENSION.to_owned(),
            description: "Objects lie under the sha256 of their id: two folders of two digits, then the id."
                .to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the extension's own text, and the layout of new roots.
    #[test]
    fn known_answers() {
        let defaults: Layout =
            serde_json::from_value(serde_json::json!({"extensionName": EXTENSION})).unwrap();
        assert_eq!(defaults.folder_of("object-01"), PathBuf::from("3c0/ff4/240/object-01"));
        assert_eq!(
            defaults.folder_of("..hor/rib:le-$id"),
            PathBuf::from("487/326/d8c/%2e%2ehor%2frib%3ale-%24id")
        );
        let id: ObjectId = "urn:uuid:e9d89618-a407-47fd-8ff1-1a98694a9e0a".parse().unwrap();
        assert_eq!(
            Layout::default().folder(id),
            PathBuf::from("23/43/urn%3auuid%3ae9d89618-a407-47fd-8ff1-1a98694a9e0a")
        );
    }
}
