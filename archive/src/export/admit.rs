//! Taking a bag back in.

use std::io;
use std::path::{Path, PathBuf};

use bag::{Bag, Depth, ReadError, Report};
use fs_err as fs;
use uuid::Uuid;

use super::OBJECTS;
use crate::dossier::{self, Fate, Holdings};
use crate::ocfl::ObjectId;

/// How many objects are taken in at once.
const CHUNK: usize = 200;

/// Why a bag was not taken in, or not to its end. What was taken in before stays; offering the bag again is harmless.
#[derive(Debug, thiserror::Error)]
pub enum AdmitError {
    /// It is not a bag, or one whose bytes are not what it says.
    #[error("{} is not a valid bag: {}", dir.display(), first(report))]
    NotValid {
        /// The folder.
        dir: PathBuf,
        /// What is wrong with it.
        report: Report,
    },
    /// It holds no objects.
    #[error("{} holds no dossiers: there is no data/objects in it", .0.display())]
    NoObjects(PathBuf),
    /// It can't be read.
    #[error("could not read {}", path.display())]
    Read {
        /// What.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The archive could not keep it.
    #[error("the objects could not be kept")]
    Keep(#[from] dossier::Error),
    /// Somebody asked to stop.
    #[error("it was stopped; {0} objects are taken in, and the same command goes on from there")]
    Stopped(u64),
}

/// An object that was not taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What its folder is called in the bag.
    pub object: String,
    /// Why.
    pub fate: Fate,
}

/// What became of a bag's objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Admitted {
    /// What the bag says it is called.
    pub identifier: String,
    /// The seal of the export, as the bag says it.
    pub seal: String,
    /// Objects that are kept now.
    pub taken: u64,
    /// Objects that were here already, the same.
    pub held: u64,
    /// Objects that were not taken in.
    pub refused: Vec<Refused>,
}

fn first(report: &Report) -> String {
    report.errors().next().map_or_else(String::new, |fault| format!("{} {}", fault.path, fault.text))
}

/// Takes in every object of the bag in `dir` that the archive does not hold, byte for byte.
///
/// The bag is judged first, every byte of it, and nothing happens if it is not valid. `progress` gets the step
/// (`checking`, `keeping`), objects done and in all, and returns whether to go on.
///
/// # Errors
///
/// [`AdmitError`].
pub fn admit(
    holdings: Holdings<'_>,
    dir: &Path,
    progress: &mut dyn FnMut(&str, u64, u64) -> bool,
) -> Result<Admitted, AdmitError> {
    let folder = dir.join("data").join(OBJECTS);
    progress("checking", 0, 0);
    let report = bag::validate(dir, Depth::Valid);
    if !report.is_valid() {
        return Err(AdmitError::NotValid { dir: dir.to_owned(), report });
    }
    let bag = open(dir)?;
    let said = |label: &str| bag.info_value(label).unwrap_or_default().to_owned();
    let mut admitted = Admitted {
        identifier: said("External-Identifier"),
        seal: said("Xuecang-Seal"),
        ..Admitted::default()
    };
    let names = names(&folder).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => AdmitError::NoObjects(dir.to_owned()),
        _ => AdmitError::Read { path: folder.clone(), source: error },
    })?;
    let total = names.len() as u64;
    let mut offered = Vec::new();
    for name in names {
        match Uuid::try_parse(&name).ok().filter(|uuid| uuid.hyphenated().to_string() == name) {
            Some(uuid) => offered.push((ObjectId::from(uuid), folder.join(&name))),
            None => admitted.refused.push(Refused { object: name, fate: Fate::Unfit }),
        }
    }
    for chunk in offered.chunks(CHUNK) {
        let done = admitted.taken + admitted.held + admitted.refused.len() as u64;
        if !progress("keeping", done, total) {
            return Err(AdmitError::Stopped(admitted.taken));
        }
        for (object, fate) in holdings.admit(chunk)? {
            match fate {
                Fate::Taken => admitted.taken += 1,
                Fate::Held => admitted.held += 1,
                fate => admitted.refused.push(Refused { object: object.to_string(), fate }),
            }
        }
    }
    progress("keeping", total, total);
    Ok(admitted)
}

/// How many files the payload of a bag has, and their bytes: for whoever must find room for it.
///
/// # Errors
///
/// When it can't be read.
pub fn payload(dir: &Path) -> io::Result<(u64, u64)> {
    let (mut files, mut bytes) = (0_u64, 0_u64);
    let mut open = vec![dir.join("data")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            } else {
                files += 1;
                bytes = bytes.saturating_add(entry.metadata()?.len());
            }
        }
    }
    Ok((files, bytes))
}

fn open(dir: &Path) -> Result<Bag, AdmitError> {
    Bag::open(dir).map_err(|error| match error {
        ReadError::NotABag { dir, report } => AdmitError::NotValid { dir, report },
        ReadError::Io { dir, source } => AdmitError::Read { path: dir, source },
    })
}

/// The names in a folder, in order.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
