use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::fixity::known::{Seal, look};
use crate::fixity::sample::{Dice, Rot, keep};
use crate::ocfl::validate;
use crate::tree::tree;

/// An archive and copies of it.
struct Fixture {
    dir: tempfile::TempDir,
    root: Root,
    copies: Vec<Root>,
    objects: Vec<ObjectId>,
}

/// Every second object has two versions.
fn fixture(objects: usize, copies: usize) -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let root = Root::create(dir.path().join("archive")).unwrap();
    let objects: Vec<ObjectId> = (0..objects).map(|_| ObjectId::new()).collect();
    keep(&root, &objects, 1);
    keep(&root, &objects.iter().copied().step_by(2).collect::<Vec<_>>(), 2);
    let copies = (0..copies)
        .map(|n| {
            let copy = Root::create(dir.path().join(format!("copy-{n}"))).unwrap();
            let mut batch = copy.batch().unwrap();
            for object in &objects {
                batch.adopt(*object, &root.path().join(root.folder(*object)), |_| true).unwrap();
            }
            batch.commit().unwrap();
            copy
        })
        .collect();
    Fixture { dir, root, copies, objects }
}

impl Fixture {
    fn folder(&self, root: &Root, n: usize) -> PathBuf {
        root.path().join(root.folder(self.objects[n]))
    }

    /// As it is now, sealed.
    fn known(&self, n: usize) -> Known {
        let object = self.root.object(self.objects[n]).unwrap().unwrap();
        let version = object.head().get();
        let seal = Seal { version, inventory: object.inventory_digest().unwrap() };
        Known { object: object.id(), version, seal: Some(seal) }
    }

    fn quarantine(&self) -> PathBuf {
        self.dir.path().join("quarantine")
    }

    fn mend_in(&self, root: &Root, known: &Known) -> Result<Mended, Error> {
        let names: Vec<String> = (0..self.copies.len()).map(|n| format!("copy-{n}")).collect();
        let copies: Vec<Copy<'_>> =
            self.copies.iter().zip(&names).map(|(root, name)| Copy { name, root }).collect();
        mend(root, known, &copies, &self.quarantine())
    }

    fn mend(&self, known: &Known) -> Mended {
        self.mend_in(&self.root, known).unwrap()
    }

    fn quarantined(&self) -> usize {
        std::fs::read_dir(self.quarantine()).map_or(0, Iterator::count)
    }
}

/// How many corruptions the sample has: 100, or as many as the environment says.
fn wanted() -> usize {
    std::env::var("XUECANG_CORRUPTIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(100)
}

#[test]
fn of_a_sample_of_corruptions_every_one_is_found_and_mended_byte_for_byte() {
    let f = fixture(24, 2);
    let known: Vec<Known> = (0..f.objects.len()).map(|n| f.known(n)).collect();
    let whole = tree(f.root.path());
    let mut dice = Dice(2027);
    let mut seen = BTreeMap::<Rot, usize>::new();
    for round in 0..wanted() {
        let (rot, n) = (Rot::ALL[round % Rot::ALL.len()], dice.roll(f.objects.len()));
        let done = rot.strike(&f.folder(&f.root, n), &mut dice);
        let found = look(&f.root, &known[n]);
        assert!(!found.is_whole(), "round {round}: {done} is not seen");
        // In every third round the first copy is hit too, and the second must be found.
        let both = round % 3 == 0;
        let spare = tree(&f.folder(&f.copies[0], n));
        if both {
            Rot::ALL[dice.roll(Rot::ALL.len())].strike(&f.folder(&f.copies[0], n), &mut dice);
        }
        let Mended::Repaired(repair) = f.mend(&known[n]) else {
            panic!("round {round}: {done} is not mended")
        };
        assert_eq!(repair.from, if both { "copy-1" } else { "copy-0" }, "round {round}: {done}");
        assert_eq!(repair.inventory, known[n].seal.as_ref().unwrap().inventory);
        assert!(tree(f.root.path()) == whole, "round {round}: {done} is mended otherwise than it was");
        if both {
            let folder = f.folder(&f.copies[0], n);
            drop(fs::remove_dir_all(&folder));
            for (path, bytes) in spare {
                let path = folder.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
        }
        *seen.entry(rot).or_default() += 1;
    }
    println!("found and mended: {seen:?}");
    assert!(validate(f.root.path()).is_valid());
    assert_eq!((f.quarantined(), seen.len()), (wanted(), Rot::ALL.len().min(wanted())));
}

#[test]
fn what_was_damaged_is_kept_with_a_note_of_what_was_wrong() {
    let f = fixture(3, 1);
    let known = f.known(1);
    let photo = f.folder(&f.root, 1).join("v1/content/photo/a.jpg");
    fs::write(&photo, "rot").unwrap();
    let rotten = tree(&f.folder(&f.root, 1));
    let Mended::Repaired(repair) = f.mend(&known) else { panic!("not mended") };
    let place = f.quarantine().join(&repair.name);
    assert_eq!(tree(&place.join("object")), rotten);
    let note: Repair = serde_json::from_slice(&fs::read(place.join(NOTE)).unwrap()).unwrap();
    assert_eq!(note, repair);
    assert_eq!(note.wrong, [("E092".to_owned(), "v1/content/photo/a.jpg".to_owned())]);
    assert_eq!(f.mend(&known), Mended::Nothing, "once is enough");
}

#[test]
fn rot_in_every_copy_is_refused_and_named_and_nothing_is_touched() {
    let f = fixture(2, 3);
    let known = f.known(0);
    for root in [&f.root, &f.copies[0]] {
        fs::write(f.folder(root, 0).join("v1/content/photo/a.jpg"), "rot").unwrap();
    }
    fs::remove_dir_all(f.folder(&f.copies[1], 0)).unwrap();
    fs::write(f.folder(&f.copies[2], 0).join("inventory.json"), "{}").unwrap();
    let before = tree(f.dir.path());
    let why = [Refused::Damaged, Refused::Gone, Refused::Damaged];
    let named = why.into_iter().enumerate().map(|(n, why)| (format!("copy-{n}"), why)).collect();
    assert_eq!(f.mend(&known), Mended::NoGoodCopy(named));
    assert_eq!((tree(f.dir.path()), f.quarantined()), (before, 0));
}

/// Each of these copies is whole in itself.
#[test]
fn a_copy_that_is_older_newer_forged_or_anothers_is_refused() {
    let f = fixture(4, 1);
    let refused = |known: &Known, odd: Odd| {
        fs::write(f.folder(&f.root, 0).join("v1/content/photo/a.jpg"), "rot").unwrap();
        let before = tree(f.root.path());
        assert_eq!(f.mend(known), Mended::NoGoodCopy(vec![("copy-0".to_owned(), Refused::Odd(odd))]));
        assert_eq!(tree(f.root.path()), before);
    };
    let known = f.known(0);
    refused(&Known { version: 3, seal: None, ..known.clone() }, Odd::Older);
    refused(&Known { version: 1, seal: None, ..known.clone() }, Odd::Newer);
    // Somebody has rewritten the copy consistently, under the same id and number of versions.
    let folder = f.folder(&f.copies[0], 0);
    fs::remove_dir_all(&folder).unwrap();
    keep(&f.copies[0], &f.objects[..1], 1);
    keep(&f.copies[0], &f.objects[..1], 1);
    assert!(validate(&folder).is_valid());
    refused(&known, Odd::Altered);
    let first = known.seal.clone().map(|_| {
        let inventory =
            f.root.object(known.object).unwrap().unwrap().inventory_digest_at(1).unwrap().unwrap();
        Seal { version: 1, inventory: Checksum::of(bag::Algorithm::Sha512, inventory.as_str().as_bytes()) }
    });
    refused(&Known { seal: first, ..known.clone() }, Odd::Altered);
    // Another object lies in its place.
    fs::remove_dir_all(&folder).unwrap();
    fs::rename(f.folder(&f.copies[0], 1), &folder).unwrap();
    let taken = f.mend(&known);
    assert_eq!(taken, Mended::NoGoodCopy(vec![("copy-0".to_owned(), Refused::Damaged)]));
}

#[test]
fn an_object_rewritten_consistently_in_the_archive_is_found_and_mended() {
    let f = fixture(2, 1);
    let known = f.known(1);
    let whole = tree(f.root.path());
    fs::remove_dir_all(f.folder(&f.root, 1)).unwrap();
    let other = ObjectId::new();
    keep(&f.root, &[other], 1);
    fs::remove_dir_all(f.root.path().join(f.root.folder(other))).unwrap();
    let user = crate::ocfl::User { name: "forger".to_owned(), address: None };
    let forged = crate::ocfl::Version::new(f.objects[1], "why", user, Timestamp::UNIX_EPOCH);
    let mut batch = f.root.batch().unwrap();
    batch
        .put(forged.file(
            crate::ocfl::SafePath::new("photo/a.jpg").unwrap(),
            crate::ocfl::Source::Bytes(b"x".to_vec()),
        ))
        .unwrap();
    batch.commit().unwrap();
    let Found::Hurt(casualty) = look(&f.root, &known) else { panic!("the forgery is not seen") };
    assert_eq!(casualty.report.findings()[0].code, "altered");
    assert!(matches!(f.mend(&known), Mended::Repaired(_)));
    for (path, bytes) in whole {
        assert_eq!(fs::read(f.root.path().join(path)).unwrap(), bytes);
    }
}

#[test]
fn a_power_cut_leaves_the_old_or_the_new_and_the_next_start_knows_which() {
    for gone in [false, true] {
        let mut seen = BTreeSet::new();
        for steps in 0..300 {
            let f = fixture(1, 1);
            let known = f.known(0);
            let whole = tree(&f.folder(&f.root, 0));
            match gone {
                true => fs::remove_dir_all(f.folder(&f.root, 0)).unwrap(),
                false => fs::write(f.folder(&f.root, 0).join("v1/content/photo/a.jpg"), "rot").unwrap(),
            }
            let done = matches!(f.mend_in(&f.root.with_fuse(steps), &known), Ok(Mended::Repaired(_)));
            let reopened = Root::open(f.root.path()).unwrap();
            let settled = settle(&reopened, &f.quarantine(), &|_| false).unwrap();
            let mended = look(&reopened, &known).is_whole();
            assert!(mended || !done);
            assert_eq!(settled.len(), usize::from(mended), "after {steps} steps, gone: {gone}");
            assert_eq!(f.quarantined(), usize::from(mended), "what was begun and not done leaves nothing");
            if mended {
                assert_eq!(tree(&f.folder(&f.root, 0)), whole);
                assert_eq!(settled[0].object, known.object);
                let known_now = settle(&reopened, &f.quarantine(), &|name| name == settled[0].name).unwrap();
                assert!(known_now.is_empty(), "what is written down is not told again");
            } else {
                assert!(matches!(f.mend(&known), Mended::Repaired(_)), "it can be done again");
            }
            seen.insert((mended, done));
            if done {
                break;
            }
        }
        assert!(seen.contains(&(false, false)) && seen.contains(&(true, true)), "{seen:?}");
        assert!(seen.contains(&(true, false)), "a cut between the journal and the end: {seen:?}");
    }
}
