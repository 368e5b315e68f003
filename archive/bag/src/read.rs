//! Reading a bag, believing what it says about itself. Believing it is [`validate`](crate::validate)'s business.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::manifest::{Lists, Manifest, parse_fetch};
use crate::tagfile::{BAG_INFO, BAGIT, Declaration, FETCH, parse_info};
use crate::{Algorithm, Checksum, Encoding, Report, SafePath, Version};

/// Why a folder could not be read as a bag.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not a bag, or not one that can be understood.
    #[error("{dir} is not a bag that can be understood")]
    NotABag {
        /// The folder.
        dir: PathBuf,
        /// What is wrong with it.
        report: Report,
    },
    /// Reading failed.
    #[error("could not read the bag {dir}")]
    Io {
        /// The folder.
        dir: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
}

/// A payload file that is not in the bag but elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchItem {
    /// Where it is. Never followed by this crate.
    pub url: String,
    /// Its length in bytes, if the bag says so.
    pub len: Option<u64>,
    /// Where in the bag it belongs, with `data/` before it.
    pub path: SafePath,
}

/// A bag on disk, as its tag files describe it.
#[derive(Debug, Clone)]
pub struct Bag {
    dir: PathBuf,
    version: Version,
    encoding: Encoding,
    info: Vec<(String, String)>,
    payload: BTreeMap<SafePath, BTreeMap<Algorithm, Checksum>>,
    fetch: Vec<FetchItem>,
}

impl Bag {
    /// Reads the tag files of the bag in `dir`.
    ///
    /// # Errors
    ///
    /// If they cannot be read or understood, or name a path that is dangerous on any system.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, ReadError> {
        let dir = dir.into();
        let mut report = Report::new();
        let tags = match Tags::read(&dir, &mut report) {
            Ok(tags) => tags,
            Err(source) => return Err(ReadError::Io { dir, source }),
        };
        if let Some(tags) = &tags {
            note_unusable(tags, &mut report);
        }
        match tags {
            Some(tags) if report.is_valid() => Ok(Self::from_tags(dir, tags)),
            _ => Err(ReadError::NotABag { dir, report }),
        }
    }

    fn from_tags(dir: PathBuf, tags: Tags) -> Self {
        let mut payload: BTreeMap<SafePath, BTreeMap<Algorithm, Checksum>> = BTreeMap::new();
        for manifest in tags.payload {
            for (name, sum) in manifest.entries {
                if let Some(path) = name.strip_prefix("data/").and_then(|name| SafePath::new(name).ok()) {
                    payload.entry(path).or_default().insert(manifest.algorithm, sum);
                }
            }
        }
        let Declaration { version, encoding } = tags.declaration;
        Self { dir, version, encoding, info: tags.info, payload, fetch: tags.fetch }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The version of BagIt it follows.
    pub fn version(&self) -> Version {
        self.version
    }

    /// How its tag files write characters.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// What `bag-info.txt` says, in its order; labels may repeat.
    pub fn info(&self) -> &[(String, String)] {
        &self.info
    }

    /// What `bag-info.txt` says first under `label`, whatever its case.
    pub fn info_value(&self, label: &str) -> Option<&str> {
        self.info.iter().find(|(known, _)| known.eq_ignore_ascii_case(label)).map(|(_, value)| value.as_str())
    }

    /// Every payload file by its path inside `data/`, with the checksums the manifests give.
    pub fn payload(&self) -> &BTreeMap<SafePath, BTreeMap<Algorithm, Checksum>> {
        &self.payload
    }

    /// Payload files that are elsewhere.
    pub fn fetch(&self) -> &[FetchItem] {
        &self.fetch
    }

    /// Where the payload file `path` (without `data/`) lies on disk.
    pub fn payload_file(&self, path: &SafePath) -> PathBuf {
        path.under(&self.dir.join("data"))
    }
}

/// A name that is no attack but cannot be kept on every system cannot be given as a [`SafePath`].
fn note_unusable(tags: &Tags, report: &mut Report) {
    for name in tags.payload.iter().flat_map(|manifest| manifest.entries.keys()) {
        if let Err(error) = SafePath::new(name.as_str()) {
            report.error("path-unportable", name, format!("the name is {}", error.hazard));
        }
    }
}

/// The tag files of a bag, parsed as far as they can be.
#[derive(Debug)]
pub(crate) struct Tags {
    pub(crate) declaration: Declaration,
    pub(crate) payload: Vec<Manifest>,
    pub(crate) tags: Vec<Manifest>,
    pub(crate) info: Vec<(String, String)>,
    pub(crate) fetch: Vec<FetchItem>,
}

impl Tags {
    /// Reads every tag file, noting what is wrong. `None` if not even `bagit.txt` makes sense.
    pub(crate) fn read(dir: &Path, report: &mut Report) -> io::Result<Option<Self>> {
        let Some(bytes) = read_regular(&dir.join(BAGIT))? else {
            report.error("bagit-missing", BAGIT, "bagit.txt is missing: this is not a bag");
            return Ok(None);
        };
        let Some(declaration) = Declaration::parse(&bytes, report) else { return Ok(None) };
        let payload = read_manifests(dir, Lists::Payload, declaration, report)?;
        let tags = read_manifests(dir, Lists::Tags, declaration, report)?;
        let version = declaration.version;
        let info = match read_text(dir, BAG_INFO, declaration, report)? {
            Some(text) => parse_info(&text, version, report),
            None => Vec::new(),
        };
        let fetch = match read_text(dir, FETCH, declaration, report)? {
            Some(text) => parse_fetch(&text, version, report),
            None => Vec::new(),
        };
        Ok(Some(Self { declaration, payload, tags, info, fetch }))
    }
}

fn read_manifests(
    dir: &Path,
    lists: Lists,
    declaration: Declaration,
    report: &mut Report,
) -> io::Result<Vec<Manifest>> {
    let mut manifests = Vec::new();
    for name in top_level_names(dir)? {
        let Some(algorithm) = lists.algorithm_of(&name) else { continue };
        let Ok(algorithm) = algorithm.to_ascii_lowercase().parse::<Algorithm>() else {
            report.warning(
                "algorithm-unknown",
                &name,
                "a manifest by an algorithm not known here was not used",
            );
            continue;
        };
        if let Some(text) = read_text(dir, &name, declaration, report)? {
            manifests.push(Manifest::parse(&text, &name, lists, algorithm, declaration.version, report));
        }
    }
    if manifests.is_empty() && lists == Lists::Payload {
        report.error("manifest-missing", "", "there is no payload manifest by a known algorithm");
    }
    Ok(manifests)
}

fn top_level_names(dir: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        names.extend(entry?.file_name().into_string().ok());
    }
    names.sort();
    Ok(names)
}

fn read_text(
    dir: &Path,
    name: &str,
    declaration: Declaration,
    report: &mut Report,
) -> io::Result<Option<String>> {
    let Some(bytes) = read_regular(&dir.join(name))? else { return Ok(None) };
    let text = declaration.encoding.decode_owned(bytes);
    if text.is_none() {
        report.error("encoding-wrong", name, "the file is not in the encoding that bagit.txt declares");
    }
    Ok(text)
}

/// More than manifests of a million files need; a hostile bag must not fill the memory.
const MAX_TAG_FILE: u64 = 512 * 1024 * 1024;

/// Reads a file that is really one: not a link, a pipe or a device. `None` if there is none of the kind.
fn read_regular(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() && found.len() > MAX_TAG_FILE => Err(io::ErrorKind::FileTooLarge.into()),
        Ok(found) if found.is_file() => fs::read(path).map(Some),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
