//! Where this vendor keeps copies: the places it declares, and the files in their folders.
//!
//! Links are never followed, and a file that has another name elsewhere (a hard link) is refused: overwriting it would
//! reach beyond the folder that was declared.

use std::collections::HashMap;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use fs_err as fs;
use handshake::message::{Location, LocationKind};
use handshake::objects::{LocationId, ObjectList};
use ledger::Hash;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A place that is declared, and the folder in which this tool finds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// What is declared.
    pub declared: Location,
    /// The folder; none for what is only declared (paper, a cloud, another machine).
    pub folder: Option<PathBuf>,
}

/// What files are, by their name: `*.csv=capture lists`. A `*` stands for any characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// The pattern of the path within the folder, or of the name alone.
    pub pattern: String,
    /// What such files are, or why they stay.
    pub words: String,
}

/// What a file of a place is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// One of the objects to be deleted (or several that have the same bytes), by number in the list.
    Object(Vec<u64>),
    /// Something made from the photos, declared, and erased with them.
    Derivative(String),
    /// Something that stays, and why.
    Stays(String),
    /// Nobody has said what it is.
    Unexplained,
}

/// A file of a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundFile {
    /// The place.
    pub location: LocationId,
    /// Where it lies, absolute.
    pub path: PathBuf,
    /// SHA-256 of its bytes.
    pub sha256: Hash,
    /// How many bytes it has.
    pub bytes: u64,
    /// What it is.
    pub what: What,
}

/// Why an inventory can't be made.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The description of a place can't be understood.
    #[error("the place `{0}` is not of the form kind=disk,path=FOLDER,…: {1}")]
    Place(String, &'static str),
    /// A description of files can't be understood.
    #[error("`{0}` is not of the form PATTERN=WORDS")]
    Explained(String),
    /// A file or folder can't be read.
    #[error("could not read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file has another name.
    #[error("{} has another name elsewhere (a hard link); remove that first, overwriting would reach it too", .0.display())]
    HardLink(PathBuf),
    /// Two places are in the same folder.
    #[error("{} belongs to two of the places", .0.display())]
    Overlap(PathBuf),
}

/// What the vendor did not say.
const UNSAID: &str = "not stated";

impl FromStr for Place {
    type Err = InventoryError;

    /// Reads `kind=disk,path=/photos,id=disk1,make=…,model=…,serial=…,encryption=…`.
    fn from_str(text: &str) -> Result<Self, InventoryError> {
        let bad = |reason| InventoryError::Place(text.to_owned(), reason);
        let mut fields: HashMap<&str, &str> = HashMap::new();
        for pair in text.split(',') {
            let (name, value) = pair.split_once('=').ok_or_else(|| bad("a part has no ="))?;
            if fields.insert(name.trim(), value.trim()).is_some() {
                return Err(bad("a field stands twice"));
            }
        }
        let mut take = |name: &str| fields.remove(name).filter(|value| !value.is_empty());
        let kind = take("kind").ok_or_else(|| bad("there is no kind"))?;
        let kind: LocationKind = serde_json::from_value(serde_json::Value::String(kind.to_owned()))
            .map_err(|_| bad("kinds are disk, nas, cloud, backup, paper, usb, phone"))?;
        let folder = take("path").map(fs::canonicalize).transpose();
        let folder = folder.map_err(|source| InventoryError::Read { path: text.into(), source })?;
        let (capacity, file_system) = folder.as_deref().map_or((None, None), volume);
        let id = take("id").map_or_else(|| default_id(kind, folder.as_deref()), str::to_owned);
        let mut say = |name: &str| take(name).unwrap_or(UNSAID).to_owned();
        let declared = Location {
            id: LocationId::new(id).map_err(|_| bad("an id is 1 to 128 visible ASCII characters"))?,
            kind,
            owner: say("owner"),
            make: say("make"),
            model: say("model"),
            serial: say("serial"),
            wwn: None,
            capacity,
            hidden_areas: say("hidden_areas"),
            file_system: file_system.unwrap_or_else(|| say("file_system")),
            encryption: say("encryption"),
            snapshots: say("snapshots"),
            retention: say("retention"),
            sub_processors: Vec::new(),
            derivatives: Vec::new(),
        };
        match fields.into_keys().next() {
            None => Ok(Self { declared, folder }),
            Some(_) => Err(bad("a field is unknown")),
        }
    }
}

impl FromStr for Explained {
    type Err = InventoryError;

    fn from_str(text: &str) -> Result<Self, InventoryError> {
        match text.split_once('=') {
            Some((pattern, words)) if !pattern.trim().is_empty() && !words.trim().is_empty() => {
                Ok(Self { pattern: pattern.trim().to_owned(), words: words.trim().to_owned() })
            }
            _ => Err(InventoryError::Explained(text.to_owned())),
        }
    }
}

impl Explained {
    fn fits(&self, within: &Path) -> bool {
        let name = within.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        matches(&self.pattern, &within.to_string_lossy()) || matches(&self.pattern, &name)
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for any characters.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    loop {
        if matches(rest, text) {
            return true;
        }
        let mut shorter = text.chars();
        if shorter.next().is_none() {
            return false;
        }
        text = shorter.as_str();
    }
}

/// An id made of the kind and the folder's name.
fn default_id(kind: LocationKind, folder: Option<&Path>) -> String {
    let kind =
        serde_json::to_value(kind).ok().and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default();
    let name: String = folder
        .and_then(Path::file_name)
        .map(|name| name.to_string_lossy().chars().filter(char::is_ascii_alphanumeric).take(40).collect())
        .unwrap_or_default();
    if name.is_empty() { kind } else { format!("{kind}-{name}") }
}

/// Size and file system of the volume on which a folder lies, as the system tells.
fn volume(folder: &Path) -> (Option<u64>, Option<String>) {
    let capacity = rustix::fs::statvfs(folder).ok().map(|stat| stat.f_frsize.saturating_mul(stat.f_blocks));
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let mount = |line: &str| {
        let mut words = line.split(' ');
        let (_device, at, kind) = (words.next()?, words.next()?, words.next()?);
        folder.starts_with(at).then(|| (at.len(), kind.to_owned()))
    };
    let nearest = mounts.lines().filter_map(mount).max_by_key(|(length, _)| *length);
    (capacity, nearest.map(|(_, kind)| kind))
}

/// Finds every file of every place and says what it is. Objects are recognised by all of their bytes.
///
/// # Errors
///
/// If something can't be read, has another name elsewhere, or belongs to two places.
pub fn find(
    places: &[Place],
    list: &ObjectList,
    derivatives: &[Explained],
    stays: &[Explained],
) -> Result<Vec<FoundFile>, InventoryError> {
    let known = list.by_hash();
    let mut found = Vec::new();
    let mut taken: Vec<&Path> = Vec::new();
    for place in places {
        let Some(folder) = &place.folder else { continue };
        if taken.iter().any(|other| other.starts_with(folder) || folder.starts_with(other)) {
            return Err(InventoryError::Overlap(folder.clone()));
        }
        taken.push(folder);
        for path in walk(folder)? {
            let within = path.strip_prefix(folder).unwrap_or(&path).to_owned();
            let (sha256, bytes) = digest(&path)?;
            let of = |explained: &&Explained| explained.fits(&within);
            let what = if let Some(numbers) = known.get(&sha256) {
                What::Object(numbers.clone())
            } else if let Some(explained) = derivatives.iter().find(of) {
                What::Derivative(explained.words.clone())
            } else if let Some(explained) = stays.iter().find(of) {
                What::Stays(explained.words.clone())
            } else {
                What::Unexplained
            };
            found.push(FoundFile { location: place.declared.id.clone(), path, sha256, bytes, what });
        }
    }
    Ok(found)
}

/// Every file below a folder, in order. Links are left out: they hold no bytes of their own.
fn walk(folder: &Path) -> Result<Vec<PathBuf>, InventoryError> {
    let failed = |source| InventoryError::Read { path: folder.to_owned(), source };
    let mut entries = fs::read_dir(folder)
        .and_then(|entries| {
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()
        })
        .map_err(failed)?;
    entries.sort();
    let mut files = Vec::new();
    for path in entries {
        let data = fs::symlink_metadata(&path).map_err(failed)?;
        if data.is_dir() {
            files.extend(walk(&path)?);
        } else if data.is_file() {
            if data.nlink() > 1 {
                return Err(InventoryError::HardLink(path));
            }
            files.push(path);
        }
    }
    Ok(files)
}

/// SHA-256 and length of a file.
///
/// # Errors
///
/// If it can't be read.
pub fn digest(path: &Path) -> Result<(Hash, u64), InventoryError> {
    let (mut digest, mut bytes) = (Sha256::new(), 0);
    read(path, |chunk| {
        digest.update(chunk);
        bytes += chunk.len() as u64;
    })?;
    Ok((Hash::from_bytes(digest.finalize().into()), bytes))
}

/// Reads a file to its end.
///
/// # Errors
///
/// If it can't be read.
pub fn read(path: &Path, mut take: impl FnMut(&[u8])) -> Result<(), InventoryError> {
    let failed = |source| InventoryError::Read { path: path.to_owned(), source };
    let mut file = fs::File::open(path).map_err(failed)?;
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => take(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(failed(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, text) in [("*.csv", "list.csv"), ("a*b*c", "aXbYbZc"), ("*", ""), ("abc", "abc")] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("*.csv", "list.csv.bak"), ("a*b", "ac"), ("", "x")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_file_with_a_second_name_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a"), b"bytes").unwrap();
        fs::hard_link(dir.path().join("a"), dir.path().join("b")).unwrap();
        assert!(matches!(walk(dir.path()), Err(InventoryError::HardLink(_))));
    }

    #[test]
    fn a_place_without_a_kind_or_with_an_unknown_field_is_refused() {
        assert!("path=/tmp".parse::<Place>().is_err());
        assert!("kind=paper,colour=red".parse::<Place>().is_err());
        let paper: Place = "kind=paper,owner=the shop".parse().unwrap();
        assert_eq!((paper.declared.owner.as_str(), paper.folder), ("the shop", None));
    }
}
