//! Where things lie in the checkout and in the target directory.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};

/// The checkout and what cargo knows of it.
#[derive(Debug)]
pub(crate) struct Workspace {
    metadata: Metadata,
}

impl Workspace {
    /// Asks cargo where it stands.
    pub(crate) fn find() -> Result<Self> {
        let metadata = MetadataCommand::new().no_deps().exec().context("cargo metadata could not be read")?;
        Ok(Self { metadata })
    }

    /// What cargo knows of the workspace's own crates.
    pub(crate) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The checkout.
    pub(crate) fn root(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }

    /// Where cargo builds.
    pub(crate) fn target(&self) -> &Path {
        self.metadata.target_directory.as_std_path()
    }

    /// Where the built web client lies.
    pub(crate) fn client(&self) -> PathBuf {
        self.target().join("frontend")
    }

    /// Where the models and the ONNX Runtime library lie.
    pub(crate) fn models(&self) -> PathBuf {
        self.target().join("models")
    }
}
