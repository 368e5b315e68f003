//! Putting a whole object in the place of what is left of it, which is kept elsewhere.

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::adopt::{AdoptError, take};
use super::{Batch, PutError};
use crate::ocfl::ObjectId;
use crate::ocfl::journal::Move;
use crate::ocfl::object::Object;

/// The extension of the empty file with which a move is tried; a crash may leave it.
pub(crate) const PROBE: &str = "probe";

impl Batch<'_> {
    /// Stages the object in `folder`, byte for byte, for the place of object `id`. What lies there, whatever it is, moves
    /// to `aside`: a path outside the root, on its file system, that nothing has and whose folder is there.
    ///
    /// The staged copy is judged, not the original, and taken only if it is whole, of this id, and `fit`.
    ///
    /// # Errors
    ///
    /// If it is not, or what lies there can't be moved to `aside`. The batch is then as it was before.
    pub fn replace(
        &mut self,
        id: ObjectId,
        folder: &Path,
        aside: &Path,
        fit: impl FnOnce(&Object) -> bool,
    ) -> Result<(), AdoptError> {
        if self.objects.contains(&id) {
            return Err(PutError::Twice(id).into());
        }
        let place = PathBuf::from(self.take_places(1).start.to_string());
        let dir = self.staging.join(&place);
        let staged = take(&self.root.disk, id, folder, &dir, fit).and_then(|committed| {
            let makes_room =
                self.makes_room(id, aside).map_err(|source| PutError::Stage { object: id, source })?;
            Ok((committed, makes_room))
        });
        match staged {
            Ok((committed, makes_room)) => {
                self.journal.aside.extend(makes_room);
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

    /// The move that makes room, if something lies in the object's place. That it can be made is tried with another file
    /// first: once the journal names it, it must succeed.
    fn makes_room(&self, id: ObjectId, aside: &Path) -> io::Result<Option<Move>> {
        let aside = std::path::absolute(aside)?;
        let from = self.root.folder(id);
        match fs::symlink_metadata(self.root.path().join(&from)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            found => {
                found?;
            }
        }
        if fs::symlink_metadata(&aside).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let probe = self.staging.join(PROBE);
        self.root.disk.write(&probe, b"")?;
        let beside = aside.with_extension(PROBE);
        self.root.disk.rename(&probe, &beside)?;
        self.root.disk.remove_file(&beside)?;
        Ok(Some(Move { from, to: aside }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ocfl::Root;
    use crate::ocfl::tests::Fixture;
    use crate::tree::tree;

    /// A root with an object, a good copy of the object elsewhere, and a folder for what is moved aside.
    struct Two {
        here: Fixture,
        _copy: Fixture,
        id: ObjectId,
        good: PathBuf,
    }

    impl Two {
        fn new() -> Self {
            let (here, copy) = (Fixture::new(), Fixture::new());
            let good = copy.two_versions();
            let id = copy.root.objects().next().unwrap().unwrap().id();
            let mut batch = here.root.batch().unwrap();
            batch.adopt(id, &good, |_| true).unwrap();
            batch.commit().unwrap();
            fs::create_dir(here.dir.path().join("aside")).unwrap();
            Self { here, _copy: copy, id, good }
        }

        fn home(&self) -> PathBuf {
            self.here.root.path().join(self.here.root.folder(self.id))
        }

        fn aside(&self) -> PathBuf {
            self.here.dir.path().join("aside/object")
        }

        fn replace(&self, root: &Root) -> bool {
            root.batch().is_ok_and(|mut batch| {
                batch.replace(self.id, &self.good, &self.aside(), |_| true).is_ok() && batch.commit().is_ok()
            })
        }
    }

    #[test]
    fn what_is_left_of_an_object_is_kept_and_the_good_copy_takes_its_place() {
        let two = Two::new();
        fs::write(two.home().join("v1/content/a"), "rot").unwrap();
        let rotten = tree(&two.home());
        assert!(two.replace(&two.here.root));
        assert_eq!((tree(&two.home()), tree(&two.aside())), (tree(&two.good), rotten));
    }

    #[test]
    fn an_object_of_which_nothing_is_left_comes_back() {
        let two = Two::new();
        fs::remove_dir_all(two.home()).unwrap();
        assert!(two.replace(&two.here.root));
        assert_eq!(tree(&two.home()), tree(&two.good));
        assert!(!two.aside().exists(), "there was nothing to keep");
    }

    #[test]
    fn a_copy_that_is_damaged_or_not_fit_changes_nothing() {
        let two = Two::new();
        let before = tree(two.here.dir.path());
        let mut batch = two.here.root.batch().unwrap();
        let unfit = batch.replace(two.id, &two.good, &two.aside(), |_| false).unwrap_err();
        assert!(matches!(unfit, AdoptError::Unfit), "{unfit}");
        fs::write(two.good.join("v1/content/a"), "rot").unwrap();
        let damaged = batch.replace(two.id, &two.good, &two.aside(), |_| true).unwrap_err();
        assert!(matches!(damaged, AdoptError::NotValid(..)), "{damaged}");
        fs::write(two.good.join("v1/content/a"), "one").unwrap();
        fs::write(two.aside(), "taken").unwrap();
        let taken = batch.replace(two.id, &two.good, &two.aside(), |_| true).unwrap_err();
        assert!(matches!(taken, AdoptError::Put(PutError::Stage { .. })), "{taken}");
        batch.commit().unwrap();
        fs::remove_file(two.aside()).unwrap();
        assert_eq!(tree(two.here.dir.path()), before);
    }

    #[test]
    fn a_power_cut_leaves_the_old_in_its_place_or_the_new_and_never_loses_the_old() {
        let mut seen = [false; 2];
        for steps in 0..200 {
            let two = Two::new();
            fs::write(two.home().join("v1/content/a"), "rot").unwrap();
            let rotten = tree(&two.home());
            let done = two.replace(&two.here.root.with_fuse(steps));
            Root::open(two.here.root.path()).unwrap();
            let now = tree(&two.home());
            if now == rotten {
                assert!(!done && !two.aside().is_dir());
                seen[0] = true;
            } else {
                assert_eq!((now, tree(&two.aside())), (tree(&two.good), rotten), "after {steps} steps");
                seen[1] = true;
            }
            if done {
                break;
            }
        }
        assert_eq!(seen, [true; 2]);
    }
}
