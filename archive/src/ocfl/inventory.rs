//! The inventory of an object we wrote: which bytes each version holds, and where they lie.

use std::collections::BTreeMap;

use bag::{Algorithm, Checksum, SafePath};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ObjectId, VersionNumber};

pub(super) const FILE: &str = "inventory.json";
pub(super) const SIDECAR: &str = "inventory.json.sha512";
pub(super) const DECLARATION: &str = "0=ocfl_object_1.1";
pub(super) const DECLARATION_TEXT: &str = "ocfl_object_1.1\n";
const KIND: &str = "https://ocfl.io/1.1/spec/#inventory";

/// Who made a version. An office or a program, by an id: never a person's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// What to call them.
    pub name: String,
    /// A URI that says who they are, such as `urn:uuid:…` or `mailto:…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// What a version says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionInfo {
    /// When it was made.
    pub created: Timestamp,
    /// Why it was made.
    #[serde(default)]
    pub message: String,
    /// Who made it.
    pub user: User,
    state: BTreeMap<Checksum, Vec<SafePath>>,
}

impl VersionInfo {
    /// Every logical path this version holds, with the sha512 of its bytes.
    pub fn files(&self) -> BTreeMap<&SafePath, &Checksum> {
        self.state.iter().flat_map(|(sum, paths)| paths.iter().map(move |path| (path, sum))).collect()
    }

    /// The sha512 of the bytes at `path`.
    pub fn digest(&self, path: &SafePath) -> Option<&Checksum> {
        self.state.iter().find(|(_, paths)| paths.contains(path)).map(|(sum, _)| sum)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Inventory {
    pub(super) id: ObjectId,
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "digestAlgorithm")]
    algorithm: String,
    pub(super) head: VersionNumber,
    pub(super) manifest: BTreeMap<Checksum, Vec<SafePath>>,
    pub(super) versions: BTreeMap<VersionNumber, VersionInfo>,
}

/// Why an inventory is not one of ours.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("not an inventory")]
    Json(#[from] serde_json::Error),
    #[error("its {0} is not what this archive writes")]
    Foreign(&'static str),
    #[error("its head {0} is missing from its versions")]
    NoHead(VersionNumber),
}

impl Inventory {
    /// The inventory of an object that has one version.
    pub(super) fn first(id: ObjectId, version: VersionInfo) -> Self {
        Self {
            id,
            kind: KIND.to_owned(),
            algorithm: Algorithm::Sha512.name().to_owned(),
            head: VersionNumber::FIRST,
            manifest: BTreeMap::new(),
            versions: BTreeMap::from([(VersionNumber::FIRST, version)]),
        }
    }

    /// Adds a version after the head.
    pub(super) fn push(&mut self, version: VersionInfo) {
        self.head = self.head.next();
        self.versions.insert(self.head, version);
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let inventory: Self = serde_json::from_slice(bytes)?;
        if inventory.kind != KIND {
            return Err(Error::Foreign("type"));
        }
        if inventory.algorithm != Algorithm::Sha512.name() {
            return Err(Error::Foreign("digest algorithm"));
        }
        if !inventory.versions.contains_key(&inventory.head) {
            return Err(Error::NoHead(inventory.head));
        }
        Ok(inventory)
    }

    pub(super) fn to_bytes(&self) -> serde_json::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// The sidecar file that vouches for the inventory `bytes`.
    pub(super) fn sidecar(digest: &Checksum) -> String {
        format!("{digest} {FILE}\n")
    }
}

/// A version whose files are `files`.
pub(super) fn version(
    created: Timestamp,
    message: String,
    user: User,
    files: BTreeMap<SafePath, Checksum>,
) -> VersionInfo {
    let mut state: BTreeMap<Checksum, Vec<SafePath>> = BTreeMap::new();
    for (path, sum) in files {
        state.entry(sum).or_default().push(path);
    }
    VersionInfo { created, message, user, state }
}
