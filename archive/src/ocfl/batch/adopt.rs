//! Taking in an object that another root wrote, byte for byte.

use std::io;
use std::path::{Path, PathBuf};

use bag::{Algorithm, Checksum, Report};
use fs_err as fs;

use super::stage::open_regular;
use super::{Batch, Committed, Expect, PutError};
use crate::ocfl::disk::Disk;
use crate::ocfl::inventory;
use crate::ocfl::journal::Move;
use crate::ocfl::object::Object;
use crate::ocfl::{ObjectId, validate_object};

/// Why an object was not taken in. The rest of the batch is as it was.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// It is there already, twice in the batch, or could not be staged.
    #[error(transparent)]
    Put(#[from] PutError),
    /// It is not a whole OCFL object of that id.
    #[error("it is not a whole OCFL object of the id {0}")]
    NotValid(ObjectId, Report),
    /// The judge did not want it.
    #[error("it is not of a kind that is kept here")]
    Unfit,
    /// What is here is not an earlier state of it.
    #[error("object {0} is here in a state that does not lead to the one that is to be taken in")]
    Diverges(ObjectId),
}

impl Batch<'_> {
    /// Stages a copy of the object in `folder`: every version, every byte. The copy, not the original, is judged:
    /// by OCFL's rules, and by `fit`.
    ///
    /// # Errors
    ///
    /// If an object of that id is there already or in the batch, or the copy is not valid or not fit.
    pub fn adopt(
        &mut self,
        id: ObjectId,
        folder: &Path,
        fit: impl FnOnce(&Object) -> bool,
    ) -> Result<(), AdoptError> {
        if self.objects.contains(&id) {
            return Err(PutError::Twice(id).into());
        }
        if let Some(there) = self.root.object(id).map_err(PutError::from)? {
            let found = Some(there.head());
            return Err(PutError::Conflict { object: id, expected: Expect::Absent, found }.into());
        }
        let place = PathBuf::from(self.take_places(1).start.to_string());
        let dir = self.staging.join(&place);
        match take(&self.root.disk, id, folder, &dir, fit) {
            Ok(committed) => {
                self.journal.moves.push(Move { from: place, to: self.root.folder(id) });
                self.committed.push(committed);
                self.objects.insert(id);
                Ok(())
            }
            Err(error) => {
                // What was half staged is unnamed; it goes now or with the batch.
                let _unnamed = self.root.disk.remove_dir_all(&dir);
                Err(error)
            }
        }
    }
}

pub(super) fn take(
    disk: &Disk,
    id: ObjectId,
    from: &Path,
    to: &Path,
    fit: impl FnOnce(&Object) -> bool,
) -> Result<Committed, AdoptError> {
    let failed = |source| PutError::Stage { object: id, source };
    copy_tree(disk, from, to).map_err(failed)?;
    let report = validate_object(to);
    let object = Object::load(to.to_owned()).ok().flatten();
    let Some(object) = object.filter(|object| report.is_valid() && object.id() == id) else {
        return Err(AdoptError::NotValid(id, report));
    };
    if !fit(&object) {
        return Err(AdoptError::Unfit);
    }
    let bytes = fs::read(to.join(inventory::FILE)).map_err(failed)?;
    let inventory_digest = Checksum::of(Algorithm::Sha512, &bytes);
    Ok(Committed { object: id, version: object.head(), inventory_digest })
}

/// Copies a folder with everything in it. A link, a pipe or a device is an error.
pub(super) fn copy_tree(disk: &Disk, from: &Path, to: &Path) -> io::Result<()> {
    disk.create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(disk, &entry.path(), &target)?;
        } else {
            io::copy(&mut open_regular(&entry.path())?, &mut disk.create(&target)?)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicI64;

    use super::*;
    use crate::ocfl::Root;
    use crate::ocfl::tests::Fixture;
    use crate::tree::tree;

    /// An object with two versions in a root of its own: its id and folder.
    fn stranger(f: &Fixture) -> (ObjectId, PathBuf) {
        let folder = f.two_versions();
        let id = f.root.objects().next().unwrap().unwrap().id();
        (id, folder)
    }

    #[test]
    fn an_object_is_taken_in_byte_for_byte() {
        let (from, f) = (Fixture::new(), Fixture::new());
        let (id, folder) = stranger(&from);
        let mut batch = f.root.batch().unwrap();
        batch.adopt(id, &folder, |object| object.versions().count() == 2).unwrap();
        let kept = batch.commit().unwrap();
        assert_eq!((kept.len(), kept[0].object), (1, id));
        let there = f.root.object(id).unwrap().unwrap();
        assert_eq!(tree(there.folder()), tree(&folder));
        assert!(there.check().is_valid());

        let again = f.root.batch().unwrap().adopt(id, &folder, |_| true).unwrap_err();
        assert!(matches!(again, AdoptError::Put(PutError::Conflict { .. })), "{again}");
    }

    #[test]
    fn what_is_damaged_or_unwanted_or_under_a_wrong_name_is_refused_and_leaves_nothing() {
        let (from, f) = (Fixture::new(), Fixture::new());
        let (id, folder) = stranger(&from);
        let mut batch = f.root.batch().unwrap();
        let wrong = batch.adopt(ObjectId::new(), &folder, |_| true).unwrap_err();
        assert!(matches!(wrong, AdoptError::NotValid(..)), "{wrong}");
        let unwanted = batch.adopt(id, &folder, |_| false).unwrap_err();
        assert!(matches!(unwanted, AdoptError::Unfit), "{unwanted}");
        fs::write(folder.join("v1/content/a"), "other").unwrap();
        let damaged = batch.adopt(id, &folder, |_| true).unwrap_err();
        assert!(matches!(damaged, AdoptError::NotValid(..)), "{damaged}");
        assert!(batch.is_empty());
        batch.commit().unwrap();
        assert!(f.root.object(id).unwrap().is_none());
    }

    #[test]
    fn a_link_is_not_followed() {
        let (from, f) = (Fixture::new(), Fixture::new());
        let (id, folder) = stranger(&from);
        let photo = folder.join("v1/content/a");
        fs::rename(&photo, from.root.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(from.root.path().join("elsewhere"), &photo).unwrap();
        let refused = f.root.batch().unwrap().adopt(id, &folder, |_| true).unwrap_err();
        assert!(matches!(refused, AdoptError::Put(PutError::Stage { .. })), "{refused}");
    }

    /// The power fails after every possible step: the object is there whole or not at all.
    #[test]
    fn a_power_cut_leaves_the_whole_object_or_none() {
        let from = Fixture::new();
        let (id, folder) = stranger(&from);
        let mut seen = [false; 2];
        for steps in 0..200 {
            let f = Fixture::new();
            let mut root = f.root.clone();
            root.disk.fuse = Some(Arc::new(AtomicI64::new(steps)));
            let done = root
                .batch()
                .is_ok_and(|mut batch| batch.adopt(id, &folder, |_| true).is_ok() && batch.commit().is_ok());
            let reopened = Root::open(f.root.path()).unwrap();
            match reopened.object(id).unwrap() {
                Some(object) => {
                    assert_eq!(tree(object.folder()), tree(&folder));
                    seen[1] = true;
                }
                None => {
                    assert!(!done);
                    seen[0] = true;
                }
            }
            if done {
                break;
            }
        }
        assert_eq!(seen, [true; 2]);
    }
}
