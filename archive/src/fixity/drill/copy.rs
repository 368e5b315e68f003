//! The first pass: everything that makes up the archive, file by file, each on the medium before the next.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use bag::{Algorithm, Checksum};
use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use rustix::fs::OFlags;
use serde::Deserialize;

use super::{Difference, Error, Stop, Wrong, stopped, target, unusable};
use crate::ocfl::{Root, VersionNumber};

/// How much is read at once, bytes.
const PIECE: usize = 256 << 10;

const INVENTORY: &str = "inventory.json";
const SIDECAR: &str = "inventory.json.sha512";
const EXTENSIONS: &str = "extensions";

/// What a copy takes up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Need {
    pub(super) files: u64,
    pub(super) folders: u64,
    bytes: u64,
}

impl Need {
    /// Bytes on a file system whose blocks have `block` bytes: the last block of each file may be all but empty, and a
    /// folder takes one.
    pub(super) fn bytes_on(self, block: u64) -> u64 {
        self.bytes.saturating_add(self.files.saturating_add(self.folders).saturating_mul(block))
    }

    fn add(&mut self, dir: &Path, stop: Stop<'_>) -> Result<(), Error> {
        stopped(stop)?;
        self.folders += 1;
        // What can't be looked at here is told of when it is restored.
        let Ok(entries) = fs::read_dir(dir) else { return Ok(()) };
        for entry in entries.flatten() {
            match entry.metadata() {
                Ok(meta) if meta.is_dir() => self.add(&entry.path(), stop)?,
                Ok(meta) => {
                    self.files += 1;
                    self.bytes = self.bytes.saturating_add(meta.len());
                }
                Err(_) => {}
            }
        }
        Ok(())
    }
}

/// What the objects in `places` take up.
pub(super) fn need(root: &Path, places: &[String], stop: Stop<'_>) -> Result<Need, Error> {
    let mut need = Need::default();
    for place in places {
        // The folders above an object, which are shared as a rule.
        need.folders += place.matches('/').count() as u64;
        need.add(&root.join(place), stop)?;
    }
    Ok(need)
}

/// One object that was copied.
#[derive(Debug)]
pub(super) struct Copied {
    /// Its folder, seen from the storage root.
    pub(super) place: String,
    /// The sha512 of its inventory as the archive holds it; nothing if it can't be read.
    pub(super) inventory: Option<Checksum>,
    /// What could not be copied.
    pub(super) wrong: Wrong,
}

/// Copies the object in `place`.
pub(super) fn object(root: &Root, to: &Path, place: &str, stop: Stop<'_>) -> Result<Copied, Error> {
    let (from, to) = (root.path().join(place), to.join(place));
    make_all(to.parent().unwrap_or(&to))?;
    let before = Face::of(&from);
    let wrong = Copying::tree(&from, &to, stop)?;
    if before.is_settled() && before == Face::of(&from) {
        return Ok(Copied { place: place.to_owned(), inventory: before.digest(), wrong });
    }
    // Somebody adds a version just now, or it is damaged: it is copied again while nobody writes.
    let Ok(_quiet) = root.batch() else {
        return Ok(Copied { place: place.to_owned(), inventory: before.digest(), wrong });
    };
    fs::remove_dir_all(&to).map_err(unusable(&to))?;
    let wrong = Copying::tree(&from, &to, stop)?;
    Ok(Copied { place: place.to_owned(), inventory: Face::of(&from).digest(), wrong })
}

/// Copies what the storage root has beside its objects, and last the declaration that it is one.
pub(super) fn frame(root: &Root, to: &Path, differing: &mut Vec<Difference>) -> Result<(), Error> {
    let staging = root.staging();
    let mut copy = Copying::new(root.path(), to);
    let (mut folders, mut files) = (Vec::new(), Vec::new());
    if let Some(listed) = copy.list(Path::new(EXTENSIONS)) {
        make_all(&to.join(EXTENSIONS))?;
        for (name, is_folder) in listed {
            let inside = Path::new(EXTENSIONS).join(name);
            match is_folder {
                true if staging == root.path().join(&inside) => {}
                true => folders.push(inside),
                false => files.push(inside),
            }
        }
    }
    let listed = copy.list(Path::new("")).unwrap_or_default();
    files.extend(listed.into_iter().filter(|(_, is_folder)| !is_folder).map(|(name, _)| PathBuf::from(name)));
    // A false start leaves no storage root: what declares it one is there when all else is.
    files.sort_by_key(|file| file.to_string_lossy().starts_with("0="));
    // Every folder above and below is on the medium too.
    for folder in folders {
        copy.folder(&folder, &|| false)?;
    }
    sync_all(to)?;
    for file in files {
        copy.file(&file, &|| false)?;
    }
    sync_all(to)?;
    differing
        .extend(copy.wrong.into_iter().map(|(path, (code, text))| Difference::of(None, path, &code, text)));
    Ok(())
}

fn sync_all(dir: &Path) -> Result<(), Error> {
    let file = fs::File::open(dir).map_err(unusable(dir))?;
    rustix::fs::syncfs(file.file()).map_err(|errno| unusable(dir)(errno.into()))
}

/// Makes a folder and those above it.
fn make_all(dir: &Path) -> Result<(), Error> {
    let mut missing: Vec<&Path> = dir.ancestors().take_while(|above| !above.is_dir()).collect();
    while let Some(dir) = missing.pop() {
        match target::make(dir) {
            // Another thread has made it.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            made => made.map_err(unusable(dir))?,
        }
    }
    Ok(())
}

/// What tells whether an object was written while it was copied.
#[derive(Debug, PartialEq, Eq)]
struct Face {
    names: BTreeSet<OsString>,
    inventory: Option<Vec<u8>>,
    sidecar: Option<Vec<u8>>,
}

impl Face {
    fn of(object: &Path) -> Self {
        let names =
            fs::read_dir(object).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect();
        let read = |name: &str| fs::read(object.join(name)).ok();
        Self { names, inventory: read(INVENTORY), sidecar: read(SIDECAR) }
    }

    fn digest(&self) -> Option<Checksum> {
        self.inventory.as_ref().map(|bytes| Checksum::of(Algorithm::Sha512, bytes))
    }

    /// Whether its inventory, what vouches for it, and its versions belong together.
    fn is_settled(&self) -> bool {
        #[derive(Deserialize)]
        struct Head {
            head: VersionNumber,
        }
        let head = self.inventory.as_ref().and_then(|bytes| serde_json::from_slice::<Head>(bytes).ok());
        let vouched = self.digest().zip(self.sidecar.as_ref());
        let vouched = vouched.is_some_and(|(digest, said)| said.starts_with(digest.as_str().as_bytes()));
        let is_version =
            |name: &&OsString| name.to_str().is_some_and(|name| name.parse::<VersionNumber>().is_ok());
        let versions = self.names.iter().filter(is_version).count();
        vouched && head.is_some_and(|head| usize::try_from(head.head.get()) == Ok(versions))
    }
}

/// A folder being copied.
struct Copying<'a> {
    from: &'a Path,
    to: &'a Path,
    piece: Vec<u8>,
    wrong: Wrong,
}

impl<'a> Copying<'a> {
    fn new(from: &'a Path, to: &'a Path) -> Self {
        Self { from, to, piece: vec![0; PIECE], wrong: Wrong::new() }
    }

    /// Copies all of a folder. Returns what could not be read.
    fn tree(from: &'a Path, to: &'a Path, stop: Stop<'_>) -> Result<Wrong, Error> {
        let mut copy = Self::new(from, to);
        copy.folder(Path::new(""), stop)?;
        Ok(copy.wrong)
    }

    fn folder(&mut self, inside: &Path, stop: Stop<'_>) -> Result<(), Error> {
        let to = self.to.join(inside);
        target::make(&to).map_err(unusable(&to))?;
        for (name, is_folder) in self.list(inside).unwrap_or_default() {
            let inside = inside.join(name);
            if is_folder { self.folder(&inside, stop)? } else { self.file(&inside, stop)? }
        }
        Ok(())
    }

    /// The names in a folder, and which of them are folders.
    fn list(&mut self, inside: &Path) -> Option<Vec<(OsString, bool)>> {
        let entries = fs::read_dir(self.from.join(inside)).and_then(|entries| {
            entries
                .map(|entry| entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?.is_dir()))))
                .collect::<std::io::Result<Vec<_>>>()
        });
        entries.map_err(|error| self.unread(inside, &error)).ok()
    }

    fn file(&mut self, inside: &Path, stop: Stop<'_>) -> Result<(), Error> {
        stopped(stop)?;
        let mut from = match open_regular(&self.from.join(inside)) {
            Ok(file) => file,
            Err(error) => {
                self.unread(inside, &error);
                return Ok(());
            }
        };
        let path = self.to.join(inside);
        let failed = || unusable(&path);
        let mut options = fs::OpenOptions::new();
        let mut to = options.write(true).create_new(true).mode(0o600).open(&path).map_err(failed())?;
        loop {
            match from.read(&mut self.piece) {
                Ok(0) => break,
                Ok(read) => to.write_all(self.piece.get(..read).unwrap_or_default()).map_err(failed())?,
                Err(error) => {
                    self.unread(inside, &error);
                    break;
                }
            }
            stopped(stop)?;
        }
        to.sync_all().map_err(failed())
    }

    fn unread(&mut self, inside: &Path, error: &std::io::Error) {
        let wrong = ("unreadable".to_owned(), error.to_string());
        self.wrong.insert(inside.to_string_lossy().into_owned(), wrong);
    }
}

/// Opens a regular file, never through a link.
pub(super) fn open_regular(path: &Path) -> std::io::Result<fs::File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = fs::OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(std::io::ErrorKind::InvalidInput.into()) }
}
