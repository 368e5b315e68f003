//! Photos out of a folder or a zip, one at a time, with every dangerous entry refused by name.
//!
//! A name inside a zip is only ever a name here: nothing is extracted, so a path that climbs out of the zip has
//! nowhere to climb to. It is refused all the same, because a later tool might follow it.

use std::{
    collections::HashMap,
    fmt,
    io::{self, Read},
    path::{Path, PathBuf},
};

use encoding_rs::GB18030;
use fs_err::File;
use rustix::fs::OFlags;

use super::{
    Format, ImportError, Limit,
    directory::{self, Refused, Zip},
};
use crate::{dossier::NewScan, person::fold};

/// The first bytes of a zip are unpacked before its ratio is judged, so that a small blank picture is no bomb.
const RATIO_FREE: u64 = 1 << 20;

/// How many photos, how large, how deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhotoLimits {
    /// Entries of the folder or zip, folders and refused ones included.
    pub entries: u64,
    /// Bytes of one photo.
    pub photo_bytes: u64,
    /// Bytes of all photos together.
    pub total_bytes: u64,
    /// Folders inside folders.
    pub depth: u64,
    /// How many times its packed size an entry may unpack to, once it is over a mebibyte.
    pub ratio: u64,
    /// The endings of names that are taken, in lower case.
    pub endings: &'static [&'static str],
}

/// What photos' names end with.
const PHOTOS: &[&str] = &["jpg", "jpeg", "png", "bmp", "tif", "tiff"];
/// What scans' names end with.
const SCANS: &[&str] = &["pdf", "tif", "tiff", "jpg", "jpeg"];

impl PhotoLimits {
    /// The limits for scans of diplomas, which are read like photos.
    #[must_use]
    pub fn scans() -> Self {
        Self { photo_bytes: NewScan::MAX_BYTES, endings: SCANS, ..Self::default() }
    }
}

impl Default for PhotoLimits {
    fn default() -> Self {
        Self {
            entries: 200_000,
            photo_bytes: 32 << 20,
            total_bytes: 64 << 30,
            depth: 16,
            ratio: 100,
            endings: PHOTOS,
        }
    }
}

/// Why an entry is not a photo that can be taken. Holds the entry's name, which may be personal data:
/// show it to the person who imports, and log the `Display` sentence, which leaves it out.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {entry}: {kind}")]
pub struct PhotoProblem {
    /// The entry, counted from 1 in the order of the folder or zip.
    pub entry: u64,
    /// The entry's name as the folder or zip has it.
    pub name: String,
    /// What is wrong.
    pub kind: PhotoProblemKind,
}

impl fmt::Debug for PhotoProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PhotoProblem")
            .field("entry", &self.entry)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl PhotoProblem {
    /// A stable name for this problem, for wording it elsewhere.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }
}

/// What can be wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PhotoProblemKind {
    /// The name climbs out of its folder, or starts at the root or at a drive.
    #[error("its path leads out of the folder; pack the photos again without such paths")]
    UnsafePath,
    /// The name is one that Windows reserves for a device.
    #[error("its name is reserved for a device; rename it")]
    DeviceName,
    /// The name holds control characters or is in no known encoding.
    #[error("its name can't be read; rename it")]
    UnreadableName,
    /// A link to somewhere else.
    #[error("it is a link; put the photo itself there")]
    Link,
    /// Neither a file nor a folder.
    #[error("it is neither a file nor a folder; remove it")]
    NotAFile,
    /// Not named as a picture; skipped.
    #[error("it is not named .jpg, .jpeg, .png, .bmp, .tif or .tiff and is skipped")]
    NotAPhoto,
    /// Nothing in it.
    #[error("it is empty; deliver the photo again")]
    Empty,
    /// Larger than a photo may be.
    #[error("it is larger than {max} bytes; deliver a smaller one")]
    TooLarge {
        /// The limit, in bytes.
        max: u64,
    },
    /// All photos together are too large.
    #[error("with it the photos are larger than {max} bytes together; deliver in parts")]
    TooLargeTogether {
        /// The limit, in bytes.
        max: u64,
    },
    /// It unpacks to far more than any picture does.
    #[error("it unpacks to more than {max} times its size, as archives made to fill disks do; pack it again")]
    Bomb {
        /// The limit.
        max: u64,
    },
    /// Packed under a password.
    #[error("it is protected by a password; pack it without one")]
    Encrypted,
    /// Packed with a method other than stored and deflate.
    #[error("it is packed with an uncommon method; pack it as an ordinary zip")]
    UnknownMethod,
    /// Its bytes don't fit its checksum, or the zip ends too early.
    #[error("its bytes are damaged; deliver it again")]
    Damaged,
    /// Another entry has the same key.
    #[error("it has the same key as entry {first}; keep one of them")]
    DuplicateKey {
        /// The earlier entry.
        first: u64,
    },
    /// The disk said no.
    #[error("it could not be read; check its permissions")]
    Unreadable,
}

impl PhotoProblemKind {
    /// A stable name for this problem.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnsafePath => "photo-unsafe-path",
            Self::DeviceName => "photo-device-name",
            Self::UnreadableName => "photo-unreadable-name",
            Self::Link => "photo-link",
            Self::NotAFile => "photo-not-a-file",
            Self::NotAPhoto => "photo-not-a-photo",
            Self::Empty => "photo-empty",
            Self::TooLarge { .. } => "photo-too-large",
            Self::TooLargeTogether { .. } => "photos-too-large-together",
            Self::Bomb { .. } => "photo-bomb",
            Self::Encrypted => "photo-encrypted",
            Self::UnknownMethod => "photo-unknown-method",
            Self::Damaged => "photo-damaged",
            Self::DuplicateKey { .. } => "photo-duplicate-key",
            Self::Unreadable => "photo-unreadable",
        }
    }

    /// Whether this only means that the entry was passed over.
    #[must_use]
    pub const fn is_harmless(&self) -> bool {
        matches!(self, Self::NotAPhoto)
    }
}

/// A photo that can be read.
///
/// Reading may still fail: with an [`io::Error`] of kind `InvalidData` around a [`PhotoProblem`] if the entry turns
/// out too large or damaged, so read to the end before believing any byte. [`PhotoFile::problem`] unwraps it.
pub struct PhotoFile<'a> {
    /// The entry, counted from 1.
    pub entry: u64,
    /// The file name without folders and extension, half width, upper case: a 考生号, 学号 or 采集码.
    pub key: String,
    /// The whole name as the folder or zip has it, with `/` between folders.
    pub name: String,
    /// The bytes it says it has. The reader gives no more than this or fails.
    pub size: u64,
    reader: Box<dyn Read + 'a>,
}

impl fmt::Debug for PhotoFile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PhotoFile")
            .field("entry", &self.entry)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl Read for PhotoFile<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

impl PhotoFile<'_> {
    /// The problem inside an error of reading a photo; other errors are the disk's.
    #[must_use]
    pub fn problem(error: &io::Error) -> Option<&PhotoProblem> {
        error.get_ref()?.downcast_ref()
    }
}

/// An open folder or zip of photos. [`next`](Self::next) gives one photo after the other.
#[derive(Debug)]
pub struct Photos {
    limits: PhotoLimits,
    source: Source,
    at: usize,
    /// Bytes the photos given so far say they have.
    total: u64,
    /// The first entry with each key.
    keys: HashMap<String, u64>,
}

#[derive(Debug)]
enum Source {
    Folder { root: PathBuf, entries: Vec<FolderEntry> },
    Zip(Box<Zip<File>>),
}

#[derive(Debug)]
struct FolderEntry {
    relative: PathBuf,
    kind: Result<u64, PhotoProblemKind>,
}

/// Opens the folder or zip at `path`. Nothing is unpacked or written.
///
/// # Errors
///
/// [`ImportError`] if it is neither, is damaged as a whole, or has too many entries. Wrong entries come out of
/// [`Photos::next`] as problems, each at its place.
pub fn photos(path: &Path, limits: PhotoLimits) -> Result<Photos, ImportError> {
    let source = match fs_err::metadata(path).map_err(ImportError::Io)?.is_dir() {
        true => Source::Folder { root: path.to_owned(), entries: walk(path, limits)? },
        false => Source::Zip(Box::new(open_zip(path, limits)?)),
    };
    Ok(Photos { limits, source, at: 0, total: 0, keys: HashMap::new() })
}

impl Photos {
    /// How many entries there are, folders and refused ones included.
    #[must_use]
    pub fn entries(&self) -> usize {
        match &self.source {
            Source::Folder { entries, .. } => entries.len(),
            Source::Zip(archive) => archive.len(),
        }
    }

    /// The next photo, or the next entry that is none and why. `None` after the last.
    ///
    /// Not an `Iterator`, because a photo inside a zip borrows the open zip while it is read.
    #[expect(clippy::should_implement_trait, reason = "the items borrow from the collection")]
    pub fn next(&mut self) -> Option<Result<PhotoFile<'_>, PhotoProblem>> {
        let (index, found) = self.find_next()?;
        Some(found.and_then(|found| self.open(index, found)))
    }

    /// Looks at entries until one is a photo or a problem.
    fn find_next(&mut self) -> Option<(usize, Result<Found, PhotoProblem>)> {
        loop {
            let index = self.at;
            self.at += 1;
            let entry = u64::try_from(index).unwrap_or(u64::MAX).saturating_add(1);
            let looked_at = match &mut self.source {
                Source::Folder { entries, .. } => look_at_file(entries.get(index)?, self.limits),
                Source::Zip(archive) if index < archive.len() => {
                    look_at_zip_entry(archive, index, self.limits)
                }
                Source::Zip(_) => return None,
            };
            match looked_at {
                Ok(None) => {}
                Ok(Some(looked)) => return Some((index, self.admit(entry, looked))),
                Err((name, kind)) => return Some((index, Err(PhotoProblem { entry, name, kind }))),
            }
        }
    }

    /// Counts a photo's bytes and claims its key.
    fn admit(&mut self, entry: u64, looked: Looked) -> Result<Found, PhotoProblem> {
        let Looked { name, size, packed } = looked;
        let problem = |kind| PhotoProblem { entry, name: name.clone(), kind };
        self.total = self.total.saturating_add(size);
        if self.total > self.limits.total_bytes {
            return Err(problem(PhotoProblemKind::TooLargeTogether { max: self.limits.total_bytes }));
        }
        let key = key_of(&name);
        if let Some(&first) = self.keys.get(&key) {
            return Err(problem(PhotoProblemKind::DuplicateKey { first }));
        }
        self.keys.insert(key.clone(), entry);
        Ok(Found { entry, key, name, size, packed })
    }

    fn open(&mut self, index: usize, found: Found) -> Result<PhotoFile<'_>, PhotoProblem> {
        let Found { entry, key, name, size, packed } = found;
        let problem = |kind| PhotoProblem { entry, name: name.clone(), kind };
        let inner: Box<dyn Read + '_> = match &mut self.source {
            Source::Folder { root, entries } => {
                let relative =
                    entries.get(index).map(|found| found.relative.as_path()).unwrap_or(Path::new(""));
                Box::new(open_file(&root.join(relative)).map_err(|_| problem(PhotoProblemKind::Unreadable))?)
            }
            Source::Zip(archive) => {
                Box::new(archive.by_index(index).map_err(|error| problem(zip_problem(&error)))?)
            }
        };
        let limits = self.limits;
        let reader =
            Measured { inner, given: 0, size, packed, limits, problem: problem(PhotoProblemKind::Damaged) };
        Ok(PhotoFile { entry, key, name, size, reader: Box::new(reader) })
    }
}

/// What an entry says about itself.
struct Looked {
    name: String,
    size: u64,
    /// The size inside the zip, in bytes; `None` in a folder.
    packed: Option<u64>,
}

/// An entry that was let in.
struct Found {
    entry: u64,
    key: String,
    name: String,
    size: u64,
    packed: Option<u64>,
}

type Look = Result<Option<Looked>, (String, PhotoProblemKind)>;

fn look_at_file(entry: &FolderEntry, limits: PhotoLimits) -> Look {
    let name = entry.relative.to_string_lossy().into_owned();
    let refuse = |kind| Err((name.clone(), kind));
    let size = match &entry.kind {
        Ok(size) => *size,
        Err(kind) => return refuse(kind.clone()),
    };
    if entry.relative.to_str().is_none() {
        return refuse(PhotoProblemKind::UnreadableName);
    }
    match judge(&name, size, limits) {
        Ok(()) => Ok(Some(Looked { name, size, packed: None })),
        Err(kind) => refuse(kind),
    }
}

fn look_at_zip_entry(archive: &mut Zip<File>, index: usize, limits: PhotoLimits) -> Look {
    let entry = match archive.by_index_raw(index) {
        Ok(entry) => entry,
        Err(error) => return Err((String::new(), zip_problem(&error))),
    };
    let Some(name) = zip_name(entry.name_raw()) else {
        return Err((String::new(), PhotoProblemKind::UnreadableName));
    };
    let is_folder = name.ends_with(['/', '\\']);
    let kind = match entry.unix_mode().map(|mode| mode & 0o170_000) {
        Some(0o120_000) => Err(PhotoProblemKind::Link),
        Some(0 | 0o100_000 | 0o040_000) | None => safe_path(&name),
        Some(_) => Err(PhotoProblemKind::NotAFile),
    };
    let kind = match kind {
        Ok(()) if is_folder => return Ok(None),
        Ok(()) if entry.encrypted() => Err(PhotoProblemKind::Encrypted),
        other => other,
    };
    let looked = kind.and_then(|()| {
        judge(&name, entry.size(), limits)?;
        judge_ratio(entry.size(), entry.compressed_size(), limits)
    });
    match looked {
        Ok(()) => Ok(Some(Looked { name, size: entry.size(), packed: Some(entry.compressed_size()) })),
        Err(kind) => Err((name, kind)),
    }
}

/// The name of a zip entry: UTF-8 if it is that, whatever the flag says, or GBK (GB 18030).
fn zip_name(raw: &[u8]) -> Option<String> {
    let name = match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => GB18030.decode_without_bom_handling_and_without_replacement(raw)?.into_owned(),
    };
    (!name.is_empty() && !name.contains(char::is_control)).then_some(name)
}

/// Whether a name is a photo's and its size a photo's size.
fn judge(name: &str, size: u64, limits: PhotoLimits) -> Result<(), PhotoProblemKind> {
    if name.contains(char::is_control) {
        return Err(PhotoProblemKind::UnreadableName);
    }
    safe_path(name)?;
    let file_name = name.rsplit('/').next().unwrap_or(name);
    let hidden = file_name.starts_with('.') || name.split('/').any(|part| part == "__MACOSX");
    if hidden || !has_ending(file_name, limits) {
        return Err(PhotoProblemKind::NotAPhoto);
    }
    match size {
        0 => Err(PhotoProblemKind::Empty),
        size if size > limits.photo_bytes => Err(PhotoProblemKind::TooLarge { max: limits.photo_bytes }),
        _ => Ok(()),
    }
}

fn has_ending(file_name: &str, limits: PhotoLimits) -> bool {
    let ending = file_name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| limits.endings.contains(&ending.as_str()))
}

const fn judge_ratio(size: u64, packed: u64, limits: PhotoLimits) -> Result<(), PhotoProblemKind> {
    if size > RATIO_FREE && size > packed.saturating_mul(limits.ratio) {
        return Err(PhotoProblemKind::Bomb { max: limits.ratio });
    }
    Ok(())
}

/// Refuses paths that lead out of their folder on any system, and names Windows keeps for devices.
fn safe_path(name: &str) -> Result<(), PhotoProblemKind> {
    if name.starts_with(['/', '\\']) || name.contains(':') || name.split(['/', '\\']).any(|part| part == "..")
    {
        return Err(PhotoProblemKind::UnsafePath);
    }
    if name.split(['/', '\\']).any(is_device_name) {
        return Err(PhotoProblemKind::DeviceName);
    }
    Ok(())
}

/// Whether Windows takes the name for a device, with any extension (Microsoft, "Naming Files, Paths, and Namespaces").
fn is_device_name(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    match stem.as_str() {
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" => true,
        stem => ["COM", "LPT"].iter().any(|port| {
            stem.strip_prefix(port).is_some_and(|rest| {
                let mut characters = rest.chars();
                matches!((characters.next(), characters.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
            })
        }),
    }
}

/// The key inside a file name: without folders and extension, half width, upper case.
fn key_of(name: &str) -> String {
    let file_name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem = file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem);
    fold(stem).as_str().to_uppercase()
}

fn zip_problem(error: &zip::result::ZipError) -> PhotoProblemKind {
    use zip::result::ZipError;
    match error {
        ZipError::UnsupportedArchive(text) if *text == ZipError::PASSWORD_REQUIRED => {
            PhotoProblemKind::Encrypted
        }
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => {
            PhotoProblemKind::UnknownMethod
        }
        _ => PhotoProblemKind::Damaged,
    }
}

/// Opens a zip whose entries neither overlap nor share names nor are too many.
fn open_zip(path: &Path, limits: PhotoLimits) -> Result<Zip<File>, ImportError> {
    let mut file = File::open(path).map_err(ImportError::Io)?;
    let mut magic = Vec::new();
    file.by_ref().take(4).read_to_end(&mut magic).map_err(ImportError::Io)?;
    match magic.as_slice() {
        b"PK\x03\x04" => {}
        b"PK\x05\x06" | [] => return Err(ImportError::Empty),
        _ => return Err(ImportError::UnknownFormat),
    }
    let broken = || ImportError::Malformed { format: Format::Zip, detail: "its directory".to_owned() };
    let mut archive = directory::open(file, limits.entries).map_err(|refused| match refused {
        Refused::Io(error) => ImportError::Io(error),
        Refused::TooMany => ImportError::TooLarge { limit: Limit::Entries, max: limits.entries },
        Refused::Broken => broken(),
    })?;
    if archive.has_duplicate_names() || archive.has_overlapping_entries().map_err(|_| broken())? {
        return Err(ImportError::DishonestZip);
    }
    Ok(archive)
}

/// Opens a file without following a link that was put in its place meanwhile.
fn open_file(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = rustix::fs::open(path, flags, rustix::fs::Mode::empty())?;
    let file = File::from_parts(std::fs::File::from(file), path);
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::from(io::ErrorKind::InvalidInput)),
    }
}

/// Lists a folder and the folders in it, sorted, without following links.
fn walk(root: &Path, limits: PhotoLimits) -> Result<Vec<FolderEntry>, ImportError> {
    let mut entries = Vec::new();
    let mut waiting = vec![(PathBuf::new(), 0)];
    while let Some((folder, depth)) = waiting.pop() {
        if depth > limits.depth {
            return Err(ImportError::TooLarge { limit: Limit::Depth, max: limits.depth });
        }
        for entry in fs_err::read_dir(root.join(&folder)).map_err(ImportError::Io)? {
            let entry = entry.map_err(ImportError::Io)?;
            let relative = folder.join(entry.file_name());
            let kind = entry.file_type().map_err(ImportError::Io)?;
            if kind.is_dir() {
                waiting.push((relative, depth + 1));
            } else {
                entries.push(FolderEntry { relative, kind: kind_of(&entry, kind) });
            }
            let seen = u64::try_from(entries.len() + waiting.len()).unwrap_or(u64::MAX);
            if seen > limits.entries {
                return Err(ImportError::TooLarge { limit: Limit::Entries, max: limits.entries });
            }
        }
    }
    entries.sort_by(|a, b| a.relative.cmp(&b.relative));
    Ok(entries)
}

fn kind_of(entry: &fs_err::DirEntry, kind: std::fs::FileType) -> Result<u64, PhotoProblemKind> {
    if kind.is_symlink() {
        return Err(PhotoProblemKind::Link);
    }
    if !kind.is_file() {
        return Err(PhotoProblemKind::NotAFile);
    }
    entry.metadata().map(|metadata| metadata.len()).map_err(|_| PhotoProblemKind::Unreadable)
}

/// Gives the bytes of an entry as long as they are no more than it said and not far more than it packed.
struct Measured<'a> {
    inner: Box<dyn Read + 'a>,
    given: u64,
    size: u64,
    packed: Option<u64>,
    limits: PhotoLimits,
    problem: PhotoProblem,
}

impl Measured<'_> {
    fn fail(&self, kind: PhotoProblemKind) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, PhotoProblem { kind, ..self.problem.clone() })
    }
}

impl Read for Measured<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match self.inner.read(buffer) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            // Only a zip's bytes can be wrong in themselves; a folder's reader fails as the disk does.
            Err(_) if self.packed.is_some() => return Err(self.fail(PhotoProblemKind::Damaged)),
            Err(_) => return Err(self.fail(PhotoProblemKind::Unreadable)),
        };
        self.given = self.given.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        if let Some(packed) = self.packed {
            judge_ratio(self.given, packed, self.limits).map_err(|kind| self.fail(kind))?;
        }
        let ended_early = read == 0 && !buffer.is_empty() && self.given < self.size;
        if self.given > self.size || ended_early {
            return Err(self.fail(PhotoProblemKind::Damaged));
        }
        Ok(read)
    }
}
