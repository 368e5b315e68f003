//! A bag as one stream: an uncompressed tar archive whose bytes depend on nothing but the bag.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use fs_err as fs;
use tar::{EntryType, Header};

use crate::digest::copy;
use crate::fsync::{sync_dir, sync_tree};
use crate::{Algorithm, Hashed, Hashing, PathError, SafePath};

/// Why a bag was not packed.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A name that could not be unpacked safely.
    #[error("the bag holds an unsafe name")]
    Unsafe(#[from] PathError),
    /// Something that is neither file nor folder, or whose name is not UTF-8.
    #[error("{0} is neither a file nor a folder with a name in UTF-8")]
    Special(PathBuf),
    /// The name of the top folder has several parts.
    #[error("{0} is not the name of one folder")]
    Top(SafePath),
    /// Reading the bag or writing the stream failed.
    #[error("could not pack the bag")]
    Io(#[from] io::Error),
}

/// Writes the bag in `dir` to `out` as a tar stream with everything under the folder `top`.
///
/// Same bag, same bytes: order by name, no times, no owners.
///
/// # Errors
///
/// If the bag holds anything but plain files under safe names, or reading or writing fails.
pub fn serialise<W: Write>(dir: &Path, top: &SafePath, out: W) -> Result<W, PackError> {
    if top.as_str().contains('/') {
        return Err(PackError::Top(top.clone()));
    }
    let mut tar = tar::Builder::new(out);
    for path in list(dir)? {
        let mut file = fs::File::open(path.under(dir))?;
        let mut header = plain_header(file.metadata()?.len());
        tar.append_data(&mut header, top.join(&path).as_str(), &mut file)?;
    }
    tar.finish()?;
    Ok(tar.into_inner()?)
}

fn plain_header(len: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_size(len);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// Every file, tag files first so that a reader soon knows what to expect.
fn list(dir: &Path) -> Result<Vec<SafePath>, PackError> {
    let mut files = Vec::new();
    let mut open = vec![(dir.to_owned(), String::new())];
    while let Some((folder, prefix)) = open.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let name = entry.file_name().into_string().map_err(|_| PackError::Special(entry.path()))?;
            if kind.is_dir() {
                open.push((entry.path(), format!("{prefix}{name}/")));
            } else if kind.is_file() {
                files.push(SafePath::new(format!("{prefix}{name}"))?);
            } else {
                return Err(PackError::Special(entry.path()));
            }
        }
    }
    files.sort_by_key(|path| (path.as_str().starts_with("data/"), path.clone()));
    Ok(files)
}

/// How much a stream may make of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Files and folders.
    pub files: u64,
    /// Bytes of all files together.
    pub bytes: u64,
    /// Bytes of the longest name, the top folder included.
    pub path_len: usize,
}

/// Why a stream was not unpacked. Nothing of it is left.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The folder to unpack into is missing or not empty.
    #[error("{0} is not an empty folder")]
    NotEmpty(PathBuf),
    /// A name that is dangerous on some system.
    #[error("the package names {name:?}")]
    Unsafe {
        /// The name as sent, made printable.
        name: String,
        /// What is wrong with it; `None` if it is not even text.
        source: Option<PathError>,
    },
    /// A link, device, pipe or anything else that is neither file nor folder.
    #[error("{name:?} is neither a file nor a folder")]
    Special {
        /// The name as sent, made printable.
        name: String,
    },
    /// A second top folder, or a file outside any folder.
    #[error("{0} does not lie in the one top folder")]
    OutsideTop(SafePath),
    /// Two entries of one name.
    #[error("{0} comes twice")]
    Twice(SafePath),
    /// Too many files and folders.
    #[error("the package holds more than {0} files")]
    TooMany(u64),
    /// Too many bytes.
    #[error("the package holds more than {0} bytes")]
    TooLarge(u64),
    /// A name too long.
    #[error("the package holds a name of more than {0} bytes")]
    NameTooLong(usize),
    /// The stream ends too early or is no tar stream.
    #[error("the package is cut off or is no tar archive")]
    Malformed(#[source] Option<io::Error>),
    /// There is nothing in it.
    #[error("the package is empty")]
    Empty,
    /// Writing failed.
    #[error("could not write what was unpacked")]
    Io(#[from] io::Error),
}

/// A package on disk again, with the checksums of what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked {
    /// The name of the top folder as sent.
    pub top: SafePath,
    /// The top folder on disk.
    pub dir: PathBuf,
    /// Every file by its path inside the top folder, with its sha256 and sha512.
    pub files: BTreeMap<SafePath, Hashed>,
}

/// Unpacks a tar stream into the empty folder `into`, hashing what it writes.
///
/// Only regular files and folders with safe names in one top folder are taken; nothing outside `into` is touched.
/// Everything is durable when this returns; on failure nothing is left; a crash leaves a folder `.unpacking-…`.
///
/// # Errors
///
/// [`UnpackError`] says what was refused. The first offence ends it.
pub fn unpack(from: impl Read, into: &Path, limits: Limits) -> Result<Unpacked, UnpackError> {
    let empty = fs::read_dir(into).is_ok_and(|mut entries| entries.next().is_none());
    if !empty {
        return Err(UnpackError::NotEmpty(into.to_owned()));
    }
    let partial = tempfile::Builder::new().prefix(".unpacking-").tempdir_in(into)?;
    let mut unpacking = Unpacking::new(partial.path(), limits);
    unpacking.run(from)?;
    let Unpacking { top, files, .. } = unpacking;
    let top = top.ok_or(UnpackError::Empty)?;
    if files.is_empty() {
        return Err(UnpackError::Empty);
    }
    sync_tree(partial.path())?;
    let dir = top.under(into);
    fs::rename(top.under(partial.path()), &dir)?;
    partial.close()?;
    sync_dir(into)?;
    Ok(Unpacked { top, dir, files })
}

struct Unpacking<'a> {
    dir: &'a Path,
    limits: Limits,
    top: Option<SafePath>,
    entries: u64,
    bytes: u64,
    tag_bytes: u64,
    folders: BTreeSet<String>,
    files: BTreeMap<SafePath, Hashed>,
}

/// How many bytes all files outside the payload may have: they are read into memory. Manifests of 200,000 files have 40 MiB.
const MAX_TAG_FILES: u64 = 64 << 20;

/// How many bytes the extended header of one entry may have; names are the only use for it here.
const MAX_EXTENDED_HEADER: u64 = 64 * 1024;

impl<'a> Unpacking<'a> {
    fn new(dir: &'a Path, limits: Limits) -> Self {
        Self {
            dir,
            limits,
            top: None,
            entries: 0,
            bytes: 0,
            tag_bytes: 0,
            folders: BTreeSet::new(),
            files: BTreeMap::new(),
        }
    }

    /// Entries are read raw: the library would read names of any length into memory.
    fn run(&mut self, from: impl Read) -> Result<(), UnpackError> {
        let malformed = |error| UnpackError::Malformed(Some(error));
        let mut tar = tar::Archive::new(from);
        let mut long_name = None;
        for entry in tar.entries().map_err(malformed)?.raw(true) {
            let mut entry = entry.map_err(malformed)?;
            match entry.header().entry_type() {
                EntryType::GNULongName => long_name = Some(self.gnu_name(&mut entry)?),
                EntryType::XHeader => long_name = self.pax_name(&mut entry)?.or(long_name),
                EntryType::XGlobalHeader => drop(read_small(&mut entry)?),
                kind => {
                    let sent = long_name.take().unwrap_or_else(|| entry.path_bytes().into_owned());
                    self.take(kind, &sent, &mut entry)?;
                }
            }
        }
        Ok(())
    }

    fn gnu_name(&self, entry: &mut tar::Entry<'_, impl Read>) -> Result<Vec<u8>, UnpackError> {
        let mut name = read_small(entry)?;
        while name.last() == Some(&0) {
            name.pop();
        }
        Ok(name)
    }

    fn pax_name(&self, entry: &mut tar::Entry<'_, impl Read>) -> Result<Option<Vec<u8>>, UnpackError> {
        let bytes = read_small(entry)?;
        let mut name = None;
        for extension in tar::PaxExtensions::new(&bytes) {
            let extension = extension.map_err(|error| UnpackError::Malformed(Some(error)))?;
            match extension.key_bytes() {
                b"path" => name = Some(extension.value_bytes().to_vec()),
                // Lengths and sparse maps kept outside the header would make this reader and another disagree.
                b"size" => return Err(UnpackError::Malformed(None)),
                key if key.starts_with(b"GNU.sparse") => return Err(UnpackError::Malformed(None)),
                _ => {}
            }
        }
        Ok(name)
    }

    fn take(&mut self, kind: EntryType, sent: &[u8], entry: &mut impl Entry) -> Result<(), UnpackError> {
        let printable = || String::from_utf8_lossy(sent).into_owned();
        self.entries += 1;
        if self.entries > self.limits.files {
            return Err(UnpackError::TooMany(self.limits.files));
        }
        if sent.len() > self.limits.path_len {
            return Err(UnpackError::NameTooLong(self.limits.path_len));
        }
        if !matches!(kind, EntryType::Regular | EntryType::Continuous | EntryType::Directory) {
            return Err(UnpackError::Special { name: printable() });
        }
        let name =
            std::str::from_utf8(sent).map_err(|_| UnpackError::Unsafe { name: printable(), source: None })?;
        let name = if kind == EntryType::Directory { name.strip_suffix('/').unwrap_or(name) } else { name };
        let path = SafePath::new(name)
            .map_err(|error| UnpackError::Unsafe { name: error.name.clone(), source: Some(error) })?;
        if kind == EntryType::Directory { self.folder(&path) } else { self.file(&path, entry) }
    }

    /// Remembers the top folder, or makes sure this one is in it. The rest of the path, if any.
    fn inside(&mut self, path: &SafePath) -> Result<Option<SafePath>, UnpackError> {
        let (first, rest) = match path.as_str().split_once('/') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path.as_str(), None),
        };
        let outside = || UnpackError::OutsideTop(path.clone());
        let top = match &self.top {
            Some(top) => top,
            None => self.top.insert(SafePath::new(first).map_err(|_| outside())?),
        };
        if top.as_str() != first {
            return Err(outside());
        }
        rest.map(|rest| SafePath::new(rest).map_err(|_| outside())).transpose()
    }

    fn folder(&mut self, path: &SafePath) -> Result<(), UnpackError> {
        self.inside(path)?;
        self.make_folders(path.as_str(), path)
    }

    fn file(&mut self, path: &SafePath, entry: &mut impl Entry) -> Result<(), UnpackError> {
        let inside = self.inside(path)?.ok_or_else(|| UnpackError::OutsideTop(path.clone()))?;
        let len = entry.len().map_err(|error| UnpackError::Malformed(Some(error)))?;
        self.bytes = self.bytes.saturating_add(len);
        if self.bytes > self.limits.bytes {
            return Err(UnpackError::TooLarge(self.limits.bytes));
        }
        if !inside.as_str().starts_with("data/") {
            self.tag_bytes = self.tag_bytes.saturating_add(len);
            if self.tag_bytes > MAX_TAG_FILES {
                return Err(UnpackError::TooLarge(MAX_TAG_FILES));
            }
        }
        if let Some((folder, _)) = path.as_str().rsplit_once('/') {
            self.make_folders(folder, path)?;
        }
        let file = fs::File::create_new(path.under(self.dir)).map_err(|error| taken(error, path))?;
        let mut hashing = Hashing::new(file, &[Algorithm::Sha256, Algorithm::Sha512]);
        copy(&mut Source(entry), &mut hashing).map_err(blame)?;
        let (_, hashed) = hashing.finish();
        if hashed.len != len {
            return Err(UnpackError::Malformed(None));
        }
        self.files.insert(inside, hashed);
        Ok(())
    }

    /// Only folders made here are entered, so none of them can be a link.
    fn make_folders(&mut self, folder: &str, path: &SafePath) -> Result<(), UnpackError> {
        if self.folders.contains(folder) {
            return Ok(());
        }
        if let Some((parent, _)) = folder.rsplit_once('/') {
            self.make_folders(parent, path)?;
        }
        fs::create_dir(self.dir.join(folder)).map_err(|error| taken(error, path))?;
        self.folders.insert(folder.to_owned());
        Ok(())
    }
}

fn taken(error: io::Error, path: &SafePath) -> UnpackError {
    match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => UnpackError::Twice(path.clone()),
        _ => UnpackError::Io(error),
    }
}

/// Tells a failing stream from a failing disk.
fn blame(error: io::Error) -> UnpackError {
    match error.downcast::<FromStream>() {
        Ok(FromStream(error)) => UnpackError::Malformed(Some(error)),
        Err(error) => UnpackError::Io(error),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the stream failed")]
struct FromStream(#[source] io::Error);

/// What a file entry of a tar stream gives.
trait Entry: Read {
    fn len(&self) -> io::Result<u64>;
}

impl<R: Read> Entry for tar::Entry<'_, R> {
    fn len(&self) -> io::Result<u64> {
        self.header().entry_size()
    }
}

/// Reads from the stream, marking its errors as the stream's.
struct Source<'a, E>(&'a mut E);

impl<E: Read> Read for Source<'_, E> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            _ => io::Error::other(FromStream(error)),
        })
    }
}

fn read_small(entry: &mut tar::Entry<'_, impl Read>) -> Result<Vec<u8>, UnpackError> {
    let malformed = |error| UnpackError::Malformed(Some(error));
    let len = entry.header().entry_size().map_err(malformed)?;
    if len > MAX_EXTENDED_HEADER {
        return Err(UnpackError::Malformed(None));
    }
    let mut bytes = Vec::new();
    entry.take(MAX_EXTENDED_HEADER).read_to_end(&mut bytes).map_err(malformed)?;
    if bytes.len() as u64 == len { Ok(bytes) } else { Err(UnpackError::Malformed(None)) }
}

#[cfg(test)]
mod tests;
