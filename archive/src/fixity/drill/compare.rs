//! The second pass: what came back is opened as a storage root, read from the medium and held to its digests.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use bag::{Algorithm, Checksum};
use fs_err as fs;

use super::copy::{Copied, open_regular};
use super::{Difference, Error, Restored, Stop, Wrong, inside, stopped};
use crate::ocfl::{self, Object, ObjectId, Root};

const INVENTORY: &str = "inventory.json";

/// The copy, opened.
pub(super) struct Judging<'a> {
    pub(super) copy: &'a Root,
    /// Which object belongs in a folder, where nothing in it says so any more.
    pub(super) whose: &'a (dyn Fn(&str) -> Option<ObjectId> + Sync),
    pub(super) stop: Stop<'a>,
}

impl Judging<'_> {
    /// What is wrong with the copy outside its objects, and which objects did not come back at all.
    pub(super) fn frame(&self, places: &[String]) -> Vec<Difference> {
        let (report, back) = ocfl::validate_frame(self.copy.path());
        let back: BTreeSet<&String> = back.iter().collect();
        let missing = places.iter().filter(|place| !back.contains(place)).map(|place| {
            let text = "nothing in this folder says any more that it is an object";
            Difference::of((self.whose)(place), place.as_str(), "missing", text)
        });
        report.errors().map(|finding| Difference::found(None, "", finding)).chain(missing).collect()
    }

    /// Reads one object back: itself if every byte is what it was, or else what is wrong with it.
    ///
    /// Content is compared with the digests in the inventory, the inventory with the archive's own, and everything else
    /// by judging the whole object.
    pub(super) fn object(&self, copied: &Copied) -> Result<Result<Restored, Vec<Difference>>, Error> {
        let folder = self.copy.path().join(&copied.place);
        let object = self.copy.object_in(&copied.place);
        let mut wrong = copied.wrong.clone();
        let inventory = compare(&folder, INVENTORY, copied.inventory.as_ref(), &mut wrong);
        if let Some(object) = &object {
            for (path, sum) in object.stored() {
                stopped(self.stop)?;
                compare(&folder, path.as_str(), Some(sum), &mut wrong);
            }
        }
        for finding in ocfl::validate_object(&folder).errors() {
            note(&mut wrong, &finding.path, &finding.code, &finding.text);
        }
        match &object {
            Some(object) if self.copy.folder(object.id()) != Path::new(&copied.place) => {
                note(&mut wrong, "", "misplaced", "another object belongs in this place");
            }
            None if wrong.is_empty() => {
                note(&mut wrong, "", "foreign", "the object is not of the kind this archive writes");
            }
            _ => {}
        }
        let size = size(&folder).map_err(|error| note(&mut wrong, "", "unreadable", &error.to_string()));
        if let (true, Some(object), Some(inventory), Ok((files, bytes))) =
            (wrong.is_empty(), &object, inventory, size)
        {
            let version = object.head().get();
            return Ok(Ok(Restored { object: object.id(), version, inventory, files, bytes }));
        }
        let id = object.as_ref().map(Object::id).or_else(|| (self.whose)(&copied.place));
        let difference = |(path, (code, text)): (String, (String, String))| {
            Difference::of(id, inside(&copied.place, &path), &code, text)
        };
        Ok(Err(wrong.into_iter().map(difference).collect()))
    }
}

/// Reads a file back and compares it. Returns its digest if it is the one wanted.
fn compare(folder: &Path, path: &str, wanted: Option<&Checksum>, wrong: &mut Wrong) -> Option<Checksum> {
    match (read_back(&folder.join(path)), wanted) {
        (Ok(found), Some(wanted)) if found == *wanted => return Some(found),
        (Ok(_), Some(_)) => note(wrong, path, "differs", "its sha512 is not the one that was kept"),
        (Ok(_), None) => note(wrong, path, "unreadable", "the archive's own could not be read"),
        (Err(error), _) if error.kind() == io::ErrorKind::NotFound => {
            note(wrong, path, "missing", "it did not come back");
        }
        (Err(error), _) => note(wrong, path, "unreadable", &error.to_string()),
    }
    None
}

/// The first thing said about a file stays.
fn note(wrong: &mut Wrong, path: &str, code: &str, text: &str) {
    wrong.entry(path.to_owned()).or_insert_with(|| (code.to_owned(), text.to_owned()));
}

/// The sha512 of a file as the medium holds it, as far as the kernel can be made to look there.
fn read_back(path: &Path) -> io::Result<Checksum> {
    let file = open_regular(path)?;
    // Written and synced, its pages are clean and can be forgotten; a file system that can't is read from memory.
    let _advice = rustix::fs::fadvise(file.file(), 0, None, rustix::fs::Advice::DontNeed);
    let hashed = bag::hash_reader(file, &[Algorithm::Sha512])?;
    hashed.sum(Algorithm::Sha512).cloned().ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Files and bytes below a folder.
fn size(dir: &Path) -> io::Result<(u64, u64)> {
    let (mut files, mut bytes) = (0, 0);
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let (more_files, more_bytes) =
            if entry.file_type()?.is_dir() { size(&entry.path())? } else { (1, entry.metadata()?.len()) };
        files += more_files;
        bytes += more_bytes;
    }
    Ok((files, bytes))
}
