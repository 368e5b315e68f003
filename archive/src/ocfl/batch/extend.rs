//! Taking in the newer versions of an object that is here already.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use bag::{Algorithm, Checksum, Report};
use fs_err as fs;

use super::adopt::{AdoptError, copy_tree};
use super::stage::{hash, open_regular};
use super::{Batch, Committed, Expect, PutError};
use crate::ocfl::inventory::{self, Inventory};
use crate::ocfl::journal::Move;
use crate::ocfl::object::Object;
use crate::ocfl::{ObjectId, VersionNumber};

impl Batch<'_> {
    /// Stages those versions of the object in `folder` that are newer than the one here, byte for byte. What both hold
    /// is not read again; both inventories must say the same of it.
    ///
    /// What was staged is judged, not the original, and taken only if it is whole, of this id, and `fit`: its folder
    /// holds the new versions only.
    ///
    /// # Errors
    ///
    /// If it is not. The batch is then as it was before.
    pub fn extend(
        &mut self,
        id: ObjectId,
        folder: &Path,
        fit: impl FnOnce(&Object) -> bool,
    ) -> Result<(), AdoptError> {
        if self.objects.contains(&id) {
            return Err(PutError::Twice(id).into());
        }
        let home = self.root.path().join(self.root.folder(id));
        let here = whole_inventory(&home).ok().filter(|inventory| inventory.id == id);
        let here = here.ok_or(AdoptError::Diverges(id))?;
        let place = PathBuf::from(self.take_places(1).start.to_string());
        let dir = self.staging.join(&place);
        match self.take_newer(id, &here, folder, &dir, fit) {
            Ok((committed, versions)) => {
                let parts =
                    versions.into_iter().chain([inventory::FILE.to_owned(), inventory::SIDECAR.to_owned()]);
                let home = self.root.folder(id);
                let moves = parts.map(|part| Move { from: place.join(&part), to: home.join(part) });
                self.journal.moves.extend(moves);
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

    fn take_newer(
        &self,
        id: ObjectId,
        here: &Inventory,
        from: &Path,
        to: &Path,
        fit: impl FnOnce(&Object) -> bool,
    ) -> Result<(Committed, Vec<String>), AdoptError> {
        let failed = |source| PutError::Stage { object: id, source };
        let disk = &self.root.disk;
        disk.create_dir_all(to).map_err(failed)?;
        for file in [inventory::FILE, inventory::SIDECAR] {
            copy_file(&from.join(file), &mut disk.create(&to.join(file)).map_err(failed)?).map_err(failed)?;
        }
        let there = whole_inventory(to).map_err(failed)?;
        if there.head <= here.head {
            let found = Some(here.head);
            return Err(PutError::Conflict { object: id, expected: Expect::Head(there.head), found }.into());
        }
        if !leads_to(here, &there) {
            return Err(AdoptError::Diverges(id));
        }
        let mut versions = Vec::new();
        let mut number = here.head;
        while number < there.head {
            number = number.next();
            copy_tree(disk, &from.join(number.to_string()), &to.join(number.to_string())).map_err(failed)?;
            versions.push(number);
        }
        let report = judge(to, &there, &versions).map_err(failed)?;
        if !report.is_valid() {
            return Err(AdoptError::NotValid(id, report));
        }
        let (object, digest) = Object::staged(to).map_err(PutError::from)?;
        if !fit(&object) {
            return Err(AdoptError::Unfit);
        }
        let committed = Committed { object: id, version: there.head, inventory_digest: digest };
        Ok((committed, versions.iter().map(ToString::to_string).collect()))
    }
}

fn copy_file(from: &Path, to: &mut fs::File) -> io::Result<u64> {
    io::copy(&mut open_regular(from)?, to)
}

/// The inventory in a folder, if its sidecar vouches for it.
fn whole_inventory(dir: &Path) -> io::Result<Inventory> {
    let bytes = fs::read(dir.join(inventory::FILE))?;
    let sidecar = fs::read(dir.join(inventory::SIDECAR))?;
    let digest = Checksum::of(Algorithm::Sha512, &bytes);
    if sidecar != Inventory::sidecar(&digest).as_bytes() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the sidecar does not vouch for the inventory",
        ));
    }
    Inventory::parse(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Whether one inventory says of every version and every byte what the other said before.
fn leads_to(here: &Inventory, there: &Inventory) -> bool {
    let same_version = |(number, info)| there.versions.get(number) == Some(info);
    let same_bytes = |(sum, paths)| there.manifest.get(sum) == Some(paths);
    here.id == there.id && here.versions.iter().all(same_version) && here.manifest.iter().all(same_bytes)
}

/// What is wrong with staged versions: every byte is read, and nothing may be there that the inventory does not name.
fn judge(dir: &Path, inventory: &Inventory, versions: &[VersionNumber]) -> io::Result<Report> {
    let mut report = Report::new();
    let mut left = BTreeSet::new();
    for number in versions {
        list(dir, Path::new(&number.to_string()), &mut left)?;
        for file in [inventory::FILE, inventory::SIDECAR] {
            left.remove(&format!("{number}/{file}"));
        }
        match whole_inventory(&dir.join(number.to_string())) {
            Ok(own) if own.head == *number && leads_to(&own, inventory) => {}
            Ok(_) => {
                report.error("E066", number.to_string(), "its inventory does not lead to the newest one")
            }
            Err(error) => report.error("E060", number.to_string(), error.to_string()),
        }
    }
    let is_new = |path: &str| versions.iter().any(|number| path.starts_with(&format!("{number}/")));
    for (sum, paths) in &inventory.manifest {
        for path in paths.iter().filter(|path| is_new(path.as_str())) {
            left.remove(path.as_str());
            match open_regular(&path.under(dir)).and_then(hash) {
                Ok(found) if found == *sum => {}
                Ok(_) => report.error("E092", path.as_str(), "its sha512 is not the one in the inventory"),
                Err(error) => report.error("unreadable", path.as_str(), error.to_string()),
            }
        }
    }
    for path in left {
        report.error("E023", path, "the inventory does not name this file");
    }
    let newest = versions.last().map(|number| dir.join(number.to_string()).join(inventory::FILE));
    if let Some(newest) = newest
        && fs::read(newest)? != fs::read(dir.join(inventory::FILE))?
    {
        report.error("E064", inventory::FILE, "it is not the inventory of the newest version");
    }
    Ok(report)
}

/// The files below a folder, by their paths in the object.
fn list(dir: &Path, inside: &Path, found: &mut BTreeSet<String>) -> io::Result<()> {
    for entry in fs::read_dir(dir.join(inside))? {
        let entry = entry?;
        let path = inside.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            list(dir, &path, found)?;
        } else {
            found.insert(path.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ocfl::tests::{Fixture, bytes, path, version};
    use crate::ocfl::{Root, validate};
    use crate::tree::tree;

    /// A root with an object of three versions, and one that holds the first.
    struct Two {
        newer: Fixture,
        older: Fixture,
        id: ObjectId,
    }

    impl Two {
        fn new() -> Self {
            let (newer, older) = (Fixture::new(), Fixture::new());
            let id = ObjectId::new();
            newer.put(version(id, "first").file(path("a"), bytes("one")));
            let mut batch = older.root.batch().unwrap();
            batch.adopt(id, &newer.root.path().join(newer.root.folder(id)), |_| true).unwrap();
            batch.commit().unwrap();
            newer.put(version(id, "second").file(path("b/c"), bytes("two")).keep_others());
            newer.put(version(id, "third").file(path("a"), bytes("three")).keep_others());
            Self { newer, older, id }
        }

        fn folder(&self, of: &Fixture) -> PathBuf {
            of.root.path().join(of.root.folder(self.id))
        }

        fn extend(&self, root: &Root) -> Result<(), AdoptError> {
            let mut batch = root
                .batch()
                .map_err(|error| PutError::Stage { object: self.id, source: io::Error::other(error) })?;
            batch.extend(self.id, &self.folder(&self.newer), |object| object.head().get() == 3)?;
            let failed = |error| PutError::Stage { object: self.id, source: io::Error::other(error) };
            batch.commit().map(drop).map_err(|error| failed(error).into())
        }
    }

    #[test]
    fn newer_versions_come_byte_for_byte_and_older_ones_are_not_read_again() {
        let two = Two::new();
        let rot = two.folder(&two.newer).join("v1/content/a");
        fs::write(&rot, "rot").unwrap();
        two.extend(&two.older.root).unwrap();
        fs::write(&rot, "one").unwrap();
        assert_eq!(tree(&two.folder(&two.older)), tree(&two.folder(&two.newer)));
        assert!(validate(two.older.root.path()).is_valid());
    }

    #[test]
    fn a_byte_or_file_that_the_inventory_does_not_vouch_for_keeps_the_whole_away() {
        for (file, text) in [
            ("v2/content/b/c", "rot"),
            ("v3/content/stray", "x"),
            ("v2/inventory.json", "{}"),
            ("v3/inventory.json.sha512", "x"),
            ("inventory.json", "{}"),
            ("inventory.json.sha512", "x"),
        ] {
            let two = Two::new();
            let before = tree(two.older.root.path());
            fs::write(two.folder(&two.newer).join(file), text).unwrap();
            assert!(two.extend(&two.older.root).is_err(), "{file}");
            assert_eq!(tree(two.older.root.path()), before, "{file}");
        }
    }

    #[test]
    fn what_is_here_in_another_state_is_not_built_upon() {
        let two = Two::new();
        let other = Fixture::new();
        other.put(version(two.id, "other").file(path("a"), bytes("other")));
        let refused = two.extend(&other.root).unwrap_err();
        assert!(matches!(refused, AdoptError::Diverges(_)), "{refused}");
        let refused = two.extend(&two.newer.root).unwrap_err();
        assert!(matches!(refused, AdoptError::Put(PutError::Conflict { .. })), "{refused}");
        fs::write(two.folder(&two.older).join("inventory.json"), "{}").unwrap();
        let refused = two.extend(&two.older.root).unwrap_err();
        assert!(matches!(refused, AdoptError::Diverges(_)), "{refused}");
    }

    #[test]
    fn a_power_cut_leaves_the_old_head_or_the_new_one() {
        let mut seen = [false; 2];
        for steps in 0..300 {
            let two = Two::new();
            let before = tree(&two.folder(&two.older));
            let done = two.extend(&two.older.root.with_fuse(steps)).is_ok();
            let reopened = Root::open(two.older.root.path()).unwrap();
            let now = tree(&two.folder(&two.older));
            let head = reopened.object(two.id).unwrap().unwrap().head().get();
            if now == before {
                assert!(!done && head == 1);
                seen[0] = true;
            } else {
                assert_eq!(now, tree(&two.folder(&two.newer)), "after {steps} steps");
                seen[1] = true;
            }
            if done {
                break;
            }
        }
        assert_eq!(seen, [true; 2]);
    }
}
