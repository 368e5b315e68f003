//! Where an object lies: the registered layout extension 0004, hashed n-tuples.

use std::path::PathBuf;

use bag::{Algorithm, Checksum};
use serde::{Deserialize, Serialize};

use super::ObjectId;

pub(super) const EXTENSION: &str = "0004-hashed-n-tuple-storage-layout";

/// How object ids become folders (OCFL community extension 0004).
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
    #[serde(default)]
    short_object_root: bool,
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
            short_object_root: false,
        }
    }
}

impl Layout {
    /// Whether this program can follow it.
    pub(super) fn is_known(&self) -> bool {
        self.extension_name == EXTENSION
            && self.digest_algorithm == Algorithm::Sha256.name()
            && self.tuple_size.saturating_mul(self.number_of_tuples) < Algorithm::Sha256.hex_len()
            && (self.tuple_size == 0) == (self.number_of_tuples == 0)
    }

    /// The folder of `object`, relative to the storage root.
    pub fn folder(&self, object: ObjectId) -> PathBuf {
        self.folder_of(&object.to_string())
    }

    fn folder_of(&self, id: &str) -> PathBuf {
        let digest = Checksum::of(Algorithm::Sha256, id.as_bytes());
        let digest = digest.as_str();
        let cut = |at: usize| digest.get(at..at + self.tuple_size).unwrap_or_default();
        let mut folder: PathBuf = (0..self.number_of_tuples).map(|n| cut(n * self.tuple_size)).collect();
        let used = if self.short_object_root { self.tuple_size * self.number_of_tuples } else { 0 };
        folder.push(digest.get(used..).unwrap_or(digest));
        folder
    }
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
            description:
                "Objects lie under the sha256 of their id: two folders of two digits, then the whole digest."
                    .to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the extension's own text, for the defaults and for a short object root.
    #[test]
    fn known_answers() {
        let defaults: Layout =
            serde_json::from_value(serde_json::json!({"extensionName": EXTENSION})).unwrap();
        assert_eq!(
            defaults.folder_of("object-01"),
            PathBuf::from("3c0/ff4/240/3c0ff4240c1e116dba14c7627f2319b58aa3d77606d0d90dfc6161608ac987d4")
        );
        let pairs = Layout::default();
        assert_eq!(
            pairs.folder_of("object-01"),
            PathBuf::from("3c/0f/3c0ff4240c1e116dba14c7627f2319b58aa3d77606d0d90dfc6161608ac987d4")
        );
        let short = Layout { short_object_root: true, ..Layout::default() };
        assert_eq!(
            short.folder_of("object-01"),
            PathBuf::from("3c/0f/f4240c1e116dba14c7627f2319b58aa3d77606d0d90dfc6161608ac987d4")
        );
    }
}
