//! What is known of an object from elsewhere than its own files, and what is found when every byte of it is read.

use bag::{Checksum, Report};
use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::{Casualty, Standing, check_object, check_once};
use crate::ocfl::{Object, ObjectId, Root};

/// The inventory of a version as it was when the object was first found whole with it: it fixes every byte of every
/// version up to this one, so that a consistent forgery is told from what was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// The version.
    pub version: u32,
    /// The sha512 of its inventory.
    pub inventory: Checksum,
}

/// What is known of an object from elsewhere than its own files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The object.
    pub object: ObjectId,
    /// Its newest version.
    pub version: u32,
    /// The newest seal there is; it may be of an earlier version.
    pub seal: Option<Seal>,
}

/// Why an object that is whole in itself is not the one that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Odd {
    /// It is another object.
    Stranger,
    /// It is of an earlier version.
    Older,
    /// It is of a later version.
    Newer,
    /// It is not what it was: another inventory was kept.
    Altered,
}

impl Odd {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stranger => "stranger",
            Self::Older => "older",
            Self::Newer => "newer",
            Self::Altered => "altered",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Stranger => "another object lies here",
            Self::Older => "newer versions of it were kept and are not here",
            Self::Newer => "nobody knows of its newest version",
            Self::Altered => "its inventory is whole but not the one that was kept",
        }
    }
}

impl Known {
    /// Whether an object that is whole is this one. Of an object of which only newer versions are at hand, an earlier
    /// version's seal is not looked at.
    ///
    /// # Errors
    ///
    /// What is odd about it. What can't be read is [`Odd::Altered`]: nobody can say that it is the same.
    pub fn agrees(&self, object: &Object) -> Result<(), Odd> {
        let head = object.head().get();
        if object.id() != self.object {
            return Err(Odd::Stranger);
        }
        self.bears_seal(object)?;
        if !object.inexact().is_empty() {
            return Err(Odd::Altered);
        }
        match head {
            head if head < self.version => Err(Odd::Older),
            head if head > self.version => Err(Odd::Newer),
            _ => Ok(()),
        }
    }

    fn bears_seal(&self, object: &Object) -> Result<(), Odd> {
        let Some(seal) = self.seal.as_ref().filter(|seal| seal.version <= object.head().get()) else {
            return Ok(());
        };
        let found = if seal.version == object.head().get() {
            object.inventory_digest().map(Some)
        } else {
            object.inventory_digest_at(seal.version)
        };
        match found {
            Ok(Some(found)) if found != seal.inventory => Err(Odd::Altered),
            Ok(_) => Ok(()),
            Err(_) => Err(Odd::Altered),
        }
    }
}

/// An object every byte of which was read and is what its digests say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// The object.
    pub object: ObjectId,
    /// Its newest version.
    pub version: u32,
    /// The sha512 of its inventory.
    pub inventory: Checksum,
    /// Bytes of all its files.
    pub bytes: u64,
}

/// What was found of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// All of it, as it is known or newer.
    Whole(Whole),
    /// Something else.
    Hurt(Casualty),
    /// Nothing.
    Gone,
}

impl Found {
    /// Whether it is whole.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        matches!(self, Self::Whole(_))
    }
}

/// Reads every byte of an object. One that is being written meanwhile is judged before or after, never between; waits for
/// the writer if it looks damaged.
pub fn look(root: &Root, known: &Known) -> Found {
    look_with(root, known, check_object)
}

/// As [`look`], for whoever holds the root's lock for writing.
pub(super) fn look_quietly(root: &Root, known: &Known) -> Found {
    look_with(root, known, check_once)
}

fn look_with(root: &Root, known: &Known, check: fn(&Root, &str) -> Result<ObjectId, Casualty>) -> Found {
    let folder = root.folder(known.object);
    let place = folder.to_string_lossy().into_owned();
    if fs::symlink_metadata(root.path().join(&folder))
        .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
    {
        return Found::Gone;
    }
    if let Err(casualty) = check(root, &place) {
        return Found::Hurt(casualty);
    }
    held(root, known, &place).map_or_else(Found::Hurt, Found::Whole)
}

/// Holds an object whose every byte was read to what is known of it.
pub(super) fn hold(root: &Root, known: &Known) -> Result<Whole, Casualty> {
    held(root, known, &root.folder(known.object).to_string_lossy())
}

fn held(root: &Root, known: &Known, place: &str) -> Result<Whole, Casualty> {
    whole(root, known, place).map_err(|(code, text)| {
        let mut report = Report::new();
        report.error(code, "", text);
        let standing = if code == "unreadable" { Standing::Unreadable } else { Standing::Damaged };
        Casualty { place: place.to_owned(), object: Some(known.object), standing, report }
    })
}

/// Holds an object that is whole in itself to what is known of it.
fn whole(root: &Root, known: &Known, place: &str) -> Result<Whole, (&'static str, String)> {
    let unreadable = |error: &dyn std::fmt::Display| ("unreadable", error.to_string());
    let object = root.object_in(place).ok_or(("foreign", "the object can't be understood".to_owned()))?;
    match known.agrees(&object) {
        // Bytes come before rows: somebody is just keeping a version.
        Ok(()) | Err(Odd::Newer) => {}
        Err(odd) => return Err((odd.word(), odd.text().to_owned())),
    }
    let inventory = object.inventory_digest().map_err(|error| unreadable(&error))?;
    let bytes = super::bytes_below(object.folder()).map_err(|error| unreadable(&error))?;
    Ok(Whole { object: object.id(), version: object.head().get(), inventory, bytes })
}
