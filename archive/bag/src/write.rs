//! Writing a bag.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use fs_err as fs;
use tempfile::TempDir;

use crate::digest::copy;
use crate::fsync::{parent, sync_dir, sync_tree};
use crate::manifest::{Lists, encode_percent};
use crate::tagfile::{BAG_INFO, BAGIT, Declaration};
use crate::{Algorithm, Bag, Hashed, Hashing, ReadError, SIGNATURE_FILE, SafePath};

/// Why a bag was not written. Nothing is left in its place.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Something is there already.
    #[error("{0} is there already")]
    Exists(PathBuf),
    /// Two files of one name, or a file where another needs a folder.
    #[error("{0} is in the bag already")]
    Twice(SafePath),
    /// A tag file under a name BagIt itself uses.
    #[error("{0} is a name BagIt keeps for itself")]
    Reserved(SafePath),
    /// A label that holds a colon or a line end, or is empty.
    #[error("{0:?} cannot be a label of bag-info.txt")]
    Label(String),
    /// Reading the source or writing failed.
    #[error("could not write {path}")]
    Io {
        /// What was to be written.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// What was written cannot be read back.
    #[error("could not read the bag back")]
    ReadBack(#[source] ReadError),
}

/// A bag being written. Dropping it before [`Writer::finish`] removes it.
#[derive(Debug)]
#[must_use = "a bag that is not finished vanishes"]
pub struct Writer {
    partial: TempDir,
    dir: PathBuf,
    algorithms: Vec<Algorithm>,
    payload: BTreeMap<SafePath, Hashed>,
    tags: BTreeMap<SafePath, Hashed>,
    info: Vec<(String, String)>,
}

impl Writer {
    /// Begins a bag that will be the folder `dir`, which must not be there yet; its parent must.
    ///
    /// # Errors
    ///
    /// If it is there, or nothing can be written beside it.
    pub fn create(dir: impl Into<PathBuf>) -> Result<Self, WriteError> {
        let dir = dir.into();
        if fs::symlink_metadata(&dir).is_ok() {
            return Err(WriteError::Exists(dir));
        }
        let failed = |source| WriteError::Io { path: dir.clone(), source };
        let partial =
            tempfile::Builder::new().prefix(".bag-partial-").tempdir_in(parent(&dir)).map_err(failed)?;
        fs::create_dir(partial.path().join("data")).map_err(failed)?;
        let algorithms = vec![Algorithm::Sha256];
        Ok(Self {
            partial,
            dir,
            algorithms,
            payload: BTreeMap::new(),
            tags: BTreeMap::new(),
            info: Vec::new(),
        })
    }

    /// Adds sha512 manifests to the sha256 ones. To be said before the first file.
    pub fn with_sha512(mut self) -> Self {
        self.algorithms = vec![Algorithm::Sha256, Algorithm::Sha512];
        self
    }

    /// Adds a line to `bag-info.txt`. Line ends in the value become blanks.
    ///
    /// # Errors
    ///
    /// If the label cannot be one.
    pub fn info(&mut self, label: &str, value: &str) -> Result<(), WriteError> {
        let sound = !label.is_empty() && label.trim() == label && !label.contains([':', '\n', '\r', '\t']);
        if !sound {
            return Err(WriteError::Label(label.to_owned()));
        }
        self.info.push((label.to_owned(), value.split_whitespace().collect::<Vec<_>>().join(" ")));
        Ok(())
    }

    /// Adds a payload file, `path` counted from `data/`, with the bytes `from` gives.
    ///
    /// # Errors
    ///
    /// If the name is taken, or reading or writing fails.
    pub fn add(&mut self, path: &SafePath, from: impl Read) -> Result<Hashed, WriteError> {
        if self.payload.contains_key(path) {
            return Err(WriteError::Twice(path.clone()));
        }
        let hashed = self.write(&path.under(&self.partial.path().join("data")), path, from)?;
        self.payload.insert(path.clone(), hashed.clone());
        Ok(hashed)
    }

    /// Adds a payload file, `path` counted from `data/`, with the bytes of the file `from`.
    ///
    /// # Errors
    ///
    /// As [`Writer::add`].
    pub fn add_file(&mut self, path: &SafePath, from: &Path) -> Result<Hashed, WriteError> {
        let file = fs::File::open(from).map_err(|source| WriteError::Io { path: from.to_owned(), source })?;
        self.add(path, file)
    }

    /// Adds a tag file of our own: something about the payload that is not payload.
    ///
    /// # Errors
    ///
    /// If BagIt itself uses the name or it is taken, or writing fails.
    pub fn add_tag(&mut self, path: &SafePath, bytes: &[u8]) -> Result<(), WriteError> {
        if is_reserved(path) {
            return Err(WriteError::Reserved(path.clone()));
        }
        self.put_tag(path.clone(), bytes)
    }

    /// Writes manifests and `bag-info.txt` and puts the bag into its place, durable.
    ///
    /// # Errors
    ///
    /// If writing fails or the place was taken meanwhile.
    pub fn finish(mut self, bagging_date: jiff::civil::Date) -> Result<Bag, WriteError> {
        self.put_tag(reserved(BAGIT)?, Declaration::OURS.as_bytes())?;
        let info = self.info_text(bagging_date);
        self.put_tag(reserved(BAG_INFO)?, info.as_bytes())?;
        for algorithm in self.algorithms.clone() {
            let text = manifest_text(&self.payload, algorithm, "data/");
            self.put_tag(reserved(&Lists::Payload.file_name(algorithm))?, text.as_bytes())?;
        }
        for &algorithm in &self.algorithms {
            let text = manifest_text(&self.tags, algorithm, "");
            let path = self.partial.path().join(Lists::Tags.file_name(algorithm));
            fs::write(&path, text).map_err(|source| WriteError::Io { path, source })?;
        }
        let dir = self.put_in_place()?;
        Bag::open(dir).map_err(WriteError::ReadBack)
    }

    fn info_text(&self, bagging_date: jiff::civil::Date) -> String {
        let bytes: u64 = self.payload.values().map(|hashed| hashed.len).sum();
        let computed = [
            ("Bagging-Date".to_owned(), bagging_date.to_string()),
            ("Payload-Oxum".to_owned(), format!("{bytes}.{}", self.payload.len())),
        ];
        self.info.iter().chain(&computed).map(|(label, value)| format!("{label}: {value}\n")).collect()
    }

    fn put_tag(&mut self, path: SafePath, bytes: &[u8]) -> Result<(), WriteError> {
        if self.tags.contains_key(&path) {
            return Err(WriteError::Twice(path));
        }
        let hashed = self.write(&path.under(self.partial.path()), &path, bytes)?;
        self.tags.insert(path, hashed);
        Ok(())
    }

    fn write(&self, to: &Path, path: &SafePath, mut from: impl Read) -> Result<Hashed, WriteError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
                WriteError::Twice(path.clone())
            }
            _ => WriteError::Io { path: to.to_owned(), source },
        };
        fs::create_dir_all(parent(to)).map_err(failed)?;
        let file = fs::File::create_new(to).map_err(failed)?;
        let mut hashing = Hashing::new(file, &self.algorithms);
        copy(&mut from, &mut hashing).map_err(failed)?;
        Ok(hashing.finish().1)
    }

    /// Everything is durable before the bag gets its name.
    fn put_in_place(self) -> Result<PathBuf, WriteError> {
        let Self { partial, dir, .. } = self;
        let failed = |source| WriteError::Io { path: dir.clone(), source };
        sync_tree(partial.path()).map_err(failed)?;
        if fs::symlink_metadata(&dir).is_ok() {
            return Err(WriteError::Exists(dir));
        }
        fs::rename(partial.path(), &dir).map_err(failed)?;
        // Nothing is left to remove under the temporary name.
        let _moved = partial.keep();
        open_to_others(&dir).map_err(failed)?;
        sync_dir(parent(&dir)).map_err(failed)?;
        Ok(dir)
    }
}

/// A temporary folder is private; a bag is as open as any new folder its owner makes.
#[cfg(unix)]
fn open_to_others(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::symlink_metadata(dir.join("data"))?.permissions().mode();
    fs::set_permissions(dir, std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn open_to_others(_dir: &Path) -> io::Result<()> {
    Ok(())
}

fn manifest_text(files: &BTreeMap<SafePath, Hashed>, algorithm: Algorithm, prefix: &str) -> String {
    let line = |(path, hashed): (&SafePath, &Hashed)| {
        let name = encode_percent(path.as_str());
        hashed.sum(algorithm).map(|sum| format!("{sum}  {prefix}{name}\n"))
    };
    files.iter().filter_map(line).collect()
}

fn reserved(name: &str) -> Result<SafePath, WriteError> {
    SafePath::new(name).map_err(|error| WriteError::Io {
        path: name.into(),
        source: io::Error::new(io::ErrorKind::InvalidInput, error),
    })
}

fn is_reserved(path: &SafePath) -> bool {
    let name = path.as_str();
    let folded = path.folded();
    [BAGIT, BAG_INFO, "fetch.txt", SIGNATURE_FILE, "data"].contains(&folded.as_str())
        || folded.starts_with("data/")
        || Lists::Payload.algorithm_of(name).is_some()
        || Lists::Tags.algorithm_of(name).is_some()
}

#[cfg(test)]
mod tests;
