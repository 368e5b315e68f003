//! Makes the models ready to run, once, at installation.
//!
//! The files as shipped load but do not run: their weights are quantised in blocks. Preparation folds them and rewrites
//! what runs slowly. It is a pure function of the shipped bytes, so the manifest pins what comes out, and a file that
//! is already right is left alone.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    Manifest, ManifestError, Sha256Digest,
    installed::Layout,
    manifest::{Model, Role},
    onnx::{self, OnnxError, fold, free_batch, free_height_and_width, replace_prelu},
};

/// The way models are prepared. It changes when the same shipped file would come out differently.
pub const RECIPE: u32 = 3;

/// Why a model could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The built-in manifest is at fault.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The shipped file is not there or cannot be read.
    #[error("could not read {}; fetch it with `cargo xtask setup` or `xuecang models fetch`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The shipped file is not the one the manifest pins.
    #[error("{} is damaged (its SHA-256 is {found}, not {expected}); delete it and run `cargo xtask setup` or `xuecang models fetch`", path.display())]
    Source {
        /// The file.
        path: PathBuf,
        /// The digest in the manifest.
        expected: Sha256Digest,
        /// The digest of the file.
        found: Sha256Digest,
    },
    /// The graph could not be rewritten.
    #[error("could not prepare model {model}")]
    Rewrite {
        /// The model.
        model: String,
        /// What went wrong.
        source: OnnxError,
    },
    /// Preparation came out differently from what the manifest pins.
    #[error(
        "prepared model {model} has SHA-256 {found}, not {expected}: this program's recipe does not match its manifest"
    )]
    Unexpected {
        /// The model.
        model: String,
        /// The digest in the manifest.
        expected: Sha256Digest,
        /// The digest of the result.
        found: Sha256Digest,
    },
    /// A prepared file could not be written. What was there before is untouched.
    #[error("could not write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
}

/// What lies in a prepared directory, as `installed.json` records it. For people and for telling an old directory from
/// a damaged one; what may run is decided by the manifest alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The recipe it was prepared by.
    pub recipe: u32,
    /// The digests of the runtime's libraries.
    pub runtime: Vec<Sha256Digest>,
    /// Each model's digests.
    pub models: Vec<ModelRecord>,
}

/// The digests of one prepared model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// The model's name.
    pub name: String,
    /// The shipped file.
    pub source: Sha256Digest,
    /// The file that runs.
    pub prepared: Sha256Digest,
}

impl Record {
    /// What the record of a directory prepared by this program says.
    pub(crate) fn expected(manifest: &Manifest) -> Self {
        // What runs as it was shipped needs no record: whether it is there and whole is asked when it is opened.
        let models = manifest.models.iter().filter(|model| model.role.looks_at_faces()).map(|model| {
            ModelRecord { name: model.name.clone(), source: model.sha256, prepared: model.prepared_sha256 }
        });
        let runtime = manifest.runtime.libraries.iter().map(|library| library.sha256).collect();
        Self { recipe: RECIPE, runtime, models: models.collect() }
    }
}

/// Prepares every model whose shipped file lies in `dir` (see [`fetch`](crate::fetch())).
///
/// Files that are already right are left alone. Each file is written beside its place and renamed, the record last: a
/// crash leaves either the old file or the new one, and a directory without a record is prepared again.
///
/// # Errors
///
/// If a shipped file is missing or damaged, cannot be rewritten, or the result cannot be written.
pub fn prepare(dir: &Path) -> Result<Record, PrepareError> {
    let manifest = crate::manifest()?;
    let layout = Layout::new(dir);
    for model in &manifest.models {
        prepare_model(&layout, model)?;
    }
    let record = Record::expected(&manifest);
    let path = layout.record();
    let json = serde_json::to_vec_pretty(&record).map_err(io::Error::other);
    json.and_then(|json| write_atomically(&path, &json))
        .map_err(|source| PrepareError::Write { path, source })?;
    Ok(record)
}

fn prepare_model(layout: &Layout, model: &Model) -> Result<(), PrepareError> {
    let mut wanted = vec![(layout.prepared(model), model.prepared_sha256)];
    wanted.extend(model.folded_sha256.map(|digest| (layout.folded(model), digest)));
    if wanted.iter().all(|(path, digest)| Sha256Digest::of_file(path).is_ok_and(|found| found == *digest)) {
        return Ok(());
    }
    let source = layout.source(model);
    if model.role.is_spared() && !source.exists() {
        tracing::warn!(model = %model.name, "Model {} was not fetched and is not prepared.", model.name);
        return Ok(());
    }
    let shipped = read_shipped(&source, model.sha256)?;
    let Rewritten { folded, prepared } = rewrite(model.role, &shipped)
        .map_err(|source| PrepareError::Rewrite { model: model.name.clone(), source })?;
    write_pinned(model, layout.prepared(model), &prepared, model.prepared_sha256)?;
    if let Some(digest) = model.folded_sha256 {
        write_pinned(model, layout.folded(model), &folded, digest)?;
    }
    tracing::info!(model = %model.name, "Prepared model {}.", model.name);
    Ok(())
}

fn read_shipped(path: &Path, expected: Sha256Digest) -> Result<Vec<u8>, PrepareError> {
    let bytes = fs_err::read(path).map_err(|source| PrepareError::Read { path: path.to_owned(), source })?;
    let found = Sha256Digest::of(&bytes);
    if found == expected {
        Ok(bytes)
    } else {
        Err(PrepareError::Source { path: path.to_owned(), expected, found })
    }
}

struct Rewritten {
    folded: Vec<u8>,
    prepared: Vec<u8>,
}

fn rewrite(role: Role, shipped: &[u8]) -> Result<Rewritten, OnnxError> {
    if !role.looks_at_faces() {
        // It runs as it was shipped.
        return Ok(Rewritten { folded: Vec::new(), prepared: shipped.to_vec() });
    }
    let mut model = onnx::Model::parse(shipped)?;
    fold(&mut model)?;
    let folded = model.encode();
    match role {
        Role::Detector => free_height_and_width(&mut model)?,
        Role::Embedder => {
            replace_prelu(&mut model)?;
            model.drop_unused();
            free_batch(&mut model)?;
        }
        Role::TextFinder | Role::TextReader | Role::HeadPose | Role::FacePoints | Role::EyeState => {}
    }
    Ok(Rewritten { folded, prepared: model.encode() })
}

fn write_pinned(
    model: &Model,
    path: PathBuf,
    bytes: &[u8],
    expected: Sha256Digest,
) -> Result<(), PrepareError> {
    let found = Sha256Digest::of(bytes);
    if found != expected {
        return Err(PrepareError::Unexpected { model: model.name.clone(), expected, found });
    }
    write_atomically(&path, bytes).map_err(|source| PrepareError::Write { path, source })
}

/// Writes a file beside its place, makes it durable and renames it.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs_err::create_dir_all(parent)?;
    let mut file = tempfile::Builder::new().permissions(readable_by_all()).tempfile_in(parent)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    fs_err::File::open(parent)?.sync_all()
}

fn readable_by_all() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::Permissions::from_mode(0o644)
}
