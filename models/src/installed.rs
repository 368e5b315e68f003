//! A directory whose files are exactly those this program was built for.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    ManifestError, Sha256Digest,
    manifest::{Library, Model, Role, Runtime},
    prepare::Record,
};

/// Where things lie in a model directory.
pub(crate) struct Layout<'a> {
    dir: &'a Path,
}

impl<'a> Layout<'a> {
    pub(crate) fn new(dir: &'a Path) -> Self {
        Self { dir }
    }

    /// The model as shipped.
    pub(crate) fn source(&self, model: &Model) -> PathBuf {
        self.dir.join("shipped").join(format!("{}.onnx", model.name))
    }

    /// The model that runs.
    pub(crate) fn prepared(&self, model: &Model) -> PathBuf {
        self.dir.join("prepared").join(format!("{}.onnx", model.name))
    }

    /// The folded model that the prepared one is measured against.
    pub(crate) fn folded(&self, model: &Model) -> PathBuf {
        self.dir.join("prepared").join(format!("{}-folded.onnx", model.name))
    }

    pub(crate) fn library(&self, library: &Library) -> PathBuf {
        self.dir.join("runtime").join(file_name(&library.file))
    }

    pub(crate) fn notice(&self, runtime: &Runtime, notice: &str) -> PathBuf {
        self.dir.join("runtime").join(format!("{}-{}", runtime.package, file_name(notice)))
    }

    pub(crate) fn record(&self) -> PathBuf {
        self.dir.join("installed.json")
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Why the models cannot be used. Each says what, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The built-in manifest is at fault.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Nothing was ever installed there.
    #[error("no models are installed in {}; run `cargo xtask setup` or `xuecang models fetch`", dir.display())]
    NotInstalled {
        /// The directory.
        dir: PathBuf,
    },
    /// They were prepared by or for another version of the program.
    #[error("the models in {} were prepared for another version of the program; run `cargo xtask setup` or `xuecang models fetch`", dir.display())]
    Outdated {
        /// The directory.
        dir: PathBuf,
    },
    /// A file is gone.
    #[error("{name} is missing at {}; run `cargo xtask setup` or `xuecang models fetch`", path.display())]
    Missing {
        /// The model or library.
        name: String,
        /// Where it should be.
        path: PathBuf,
    },
    /// A file is not what it was.
    #[error("{name} at {} is damaged (its SHA-256 is {found}, not {expected}); run `cargo xtask setup` or `xuecang models fetch` to replace it", path.display())]
    Corrupt {
        /// The model or library.
        name: String,
        /// The file.
        path: PathBuf,
        /// The digest in the manifest.
        expected: Sha256Digest,
        /// The digest of the file.
        found: Sha256Digest,
    },
    /// A file cannot be read.
    #[error("could not read {name} at {}", path.display())]
    Read {
        /// The model or library.
        name: String,
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
}

/// Models and runtime whose digests have been checked.
#[derive(Debug, Clone)]
pub struct Installed {
    runtime: PathBuf,
    detector: ModelFile,
    embedder: ModelFile,
    embedder_reference: Option<PathBuf>,
    features: Option<Features>,
}

/// The models that say how a face is held. They come together or not at all.
#[derive(Debug, Clone)]
pub struct Features {
    /// How the head is turned.
    pub pose: ModelFile,
    /// 68 points of the face.
    pub points: ModelFile,
    /// Whether an eye is open.
    pub eye: ModelFile,
}

/// A prepared model: where it is and what it is.
#[derive(Debug, Clone)]
pub struct ModelFile {
    /// The file.
    pub path: PathBuf,
    /// The model's name in the manifest.
    pub name: String,
    /// The digest of the file.
    pub digest: Sha256Digest,
}

impl Installed {
    /// Checks every file that will run and says where it is.
    ///
    /// # Errors
    ///
    /// If a file is missing, damaged, or made for another version of the program.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let manifest = crate::manifest()?;
        let layout = Layout::new(dir);
        check_record(dir, &layout, &Record::expected(&manifest))?;
        let runtime = check_runtime(&layout, &manifest.runtime)?;
        let open = |model: &Model| {
            let path = layout.prepared(model);
            check(&model.name, &path, model.prepared_sha256)?;
            Ok::<_, OpenError>(ModelFile { path, name: model.name.clone(), digest: model.prepared_sha256 })
        };
        let embedder = manifest.model(Role::Embedder)?;
        let embedder_reference = match embedder.folded_sha256 {
            None => None,
            Some(digest) => {
                let path = layout.folded(embedder);
                check(&format!("{} (folded)", embedder.name), &path, digest)?;
                Some(path)
            }
        };
        let feature = |role| open(manifest.model(role)?);
        let features = match (feature(Role::HeadPose), feature(Role::FacePoints), feature(Role::EyeState)) {
            (Ok(pose), Ok(points), Ok(eye)) => Some(Features { pose, points, eye }),
            (Err(OpenError::Missing { .. }), ..)
            | (_, Err(OpenError::Missing { .. }), _)
            | (.., Err(OpenError::Missing { .. })) => None,
            (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => return Err(error),
        };
        Ok(Self {
            runtime,
            detector: open(manifest.model(Role::Detector)?)?,
            embedder: open(embedder)?,
            embedder_reference,
            features,
        })
    }

    /// The runtime library.
    pub fn runtime(&self) -> &Path {
        &self.runtime
    }

    /// The model that finds faces.
    pub fn detector(&self) -> &ModelFile {
        &self.detector
    }

    /// The model that makes templates.
    pub fn embedder(&self) -> &ModelFile {
        &self.embedder
    }

    /// The models that say how a face is held. None if they were not installed.
    pub fn features(&self) -> Option<&Features> {
        self.features.as_ref()
    }

    /// The folded graph that the embedder must agree with, if preparation did more than fold.
    pub fn embedder_reference(&self) -> Option<&Path> {
        self.embedder_reference.as_deref()
    }
}

/// The models that read text, and the library that runs them, whose digests have been checked. They are installed with
/// the others; where they are missing, everything but reading works.
#[derive(Debug, Clone)]
pub struct Readers {
    runtime: PathBuf,
    finder: ModelFile,
    reader: ModelFile,
}

impl Readers {
    /// Checks every file that will run and says where it is.
    ///
    /// # Errors
    ///
    /// If a file is missing or damaged.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let manifest = crate::manifest()?;
        let layout = Layout::new(dir);
        let runtime = check_runtime(&layout, &manifest.runtime)?;
        let open = |role| {
            let model = manifest.model(role)?;
            let path = layout.prepared(model);
            check(&model.name, &path, model.prepared_sha256)?;
            Ok::<_, OpenError>(ModelFile { path, name: model.name.clone(), digest: model.prepared_sha256 })
        };
        Ok(Self { runtime, finder: open(Role::TextFinder)?, reader: open(Role::TextReader)? })
    }

    /// Whether their files are there, damaged or not.
    #[must_use]
    pub fn are_there(dir: &Path) -> bool {
        let Ok(manifest) = crate::manifest() else { return false };
        let layout = Layout::new(dir);
        manifest.runtime.libraries.iter().all(|library| layout.library(library).is_file())
            && [Role::TextFinder, Role::TextReader]
                .into_iter()
                .all(|role| manifest.model(role).is_ok_and(|model| layout.prepared(model).is_file()))
    }

    /// The runtime library.
    pub fn runtime(&self) -> &Path {
        &self.runtime
    }

    /// The model that finds lines of text.
    pub fn finder(&self) -> &ModelFile {
        &self.finder
    }

    /// The model that reads a line of text.
    pub fn reader(&self) -> &ModelFile {
        &self.reader
    }
}

fn check_record(dir: &Path, layout: &Layout<'_>, expected: &Record) -> Result<(), OpenError> {
    let path = layout.record();
    let bytes = match fs_err::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(OpenError::NotInstalled { dir: dir.to_owned() });
        }
        Err(source) => {
            return Err(OpenError::Read { name: "the record of installed models".into(), path, source });
        }
    };
    match serde_json::from_slice::<Record>(&bytes) {
        Ok(record) if record == *expected => Ok(()),
        _ => Err(OpenError::Outdated { dir: dir.to_owned() }),
    }
}

/// Checks every library, and says which one is loaded.
fn check_runtime(layout: &Layout<'_>, runtime: &Runtime) -> Result<PathBuf, OpenError> {
    for library in &runtime.libraries {
        check(&runtime.name, &layout.library(library), library.sha256)?;
    }
    Ok(layout.library(runtime.library()?))
}

fn check(name: &str, path: &Path, expected: Sha256Digest) -> Result<(), OpenError> {
    let (name, path) = (name.to_owned(), path.to_owned());
    match Sha256Digest::of_file(&path) {
        Ok(found) if found == expected => Ok(()),
        Ok(found) => Err(OpenError::Corrupt { name, path, expected, found }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(OpenError::Missing { name, path }),
        Err(source) => Err(OpenError::Read { name, path, source }),
    }
}
