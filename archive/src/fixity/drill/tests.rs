use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use bag::Algorithm;
use fs_err as fs;

use super::*;
use crate::ocfl::{SafePath, Source, User, Version, validate};
use crate::tree::tree;

struct Fixture {
    dir: tempfile::TempDir,
    root: Root,
    objects: Vec<ObjectId>,
}

fn path(text: &str) -> SafePath {
    SafePath::new(text).unwrap()
}

fn version(object: ObjectId) -> Version {
    Version::new(object, "why", User { name: "archive".to_owned(), address: None }, Timestamp::UNIX_EPOCH)
}

/// An archive of `count` objects with a photo and a document each; the first has two versions.
fn fixture(count: usize) -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let root = Root::create(dir.path().join("data/archive")).unwrap();
    let objects: Vec<ObjectId> = (0..count).map(|_| ObjectId::new()).collect();
    let mut batch = root.batch().unwrap();
    for (n, object) in objects.iter().enumerate() {
        let photo = Source::Bytes(format!("pixels {n}").repeat(50_000).into_bytes());
        let about = Source::Bytes(format!("about {n}").into_bytes());
        batch
            .put(version(*object).file(path("photo/a.jpg"), photo).file(path("dossier.json"), about))
            .unwrap();
    }
    batch.commit().unwrap();
    let fixture = Fixture { dir, root, objects };
    fixture.add_version(0);
    fixture
}

impl Fixture {
    fn add_version(&self, n: usize) {
        let more = version(self.objects[n]).keep_others().file(path("more"), Source::Bytes(b"more".to_vec()));
        let mut batch = self.root.batch().unwrap();
        batch.put(more).unwrap();
        batch.commit().unwrap();
    }

    fn place(&self, n: usize) -> String {
        self.root.folder(self.objects[n]).to_str().unwrap().to_owned()
    }

    fn photo(&self, n: usize) -> PathBuf {
        self.root.path().join(self.place(n)).join("v1/content/photo/a.jpg")
    }

    fn accept(&self, dir: &Path) -> Result<Target, Error> {
        Target::accept(dir, &[&self.dir.path().join("data"), self.root.path()])
    }

    fn target(&self) -> Target {
        self.accept(&self.dir.path().join("restored")).unwrap()
    }

    fn drill_with(
        &self,
        target: &Target,
        threads: usize,
        told: &(dyn Fn(Step, u64, u64) + Sync),
        stop: Stop<'_>,
    ) -> Result<Drilled, Error> {
        let known = self.objects.iter().copied().collect();
        run(&self.root, target, &known, NonZeroUsize::new(threads).unwrap(), told, stop)
    }

    fn drill(&self, target: &Target) -> Drilled {
        self.drill_with(target, 2, &|_, _, _| {}, &|| false).unwrap()
    }
}

fn flip(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(file, bytes).unwrap();
}

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).unwrap().next().is_none()
}

#[test]
fn an_intact_archive_comes_back_byte_for_byte_and_is_an_archive_again() {
    let f = fixture(20);
    let target = f.target();
    let steps = Mutex::new(Vec::new());
    let told = |step, done, total| steps.lock().unwrap().push((step, done, total));
    let Drilled { report, restored } = f.drill_with(&target, 3, &told, &|| false).unwrap();
    assert!(report.is_whole() && report.began <= report.ended, "{report:#?}");
    let (source, copy) = (tree(f.root.path()), tree(&target.copy()));
    assert_eq!(source, copy);
    let own: Vec<_> = source.iter().filter(|(path, _)| path.contains("urn")).collect();
    let bytes = own.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>();
    assert_eq!((report.found, report.objects, report.files, report.bytes), (20, 20, own.len() as u64, bytes));
    assert!(validate(&target.copy()).is_valid());
    assert_eq!(Root::open(target.copy()).unwrap().objects().count(), 20);

    let all: BTreeSet<_> = restored.iter().map(|object| object.object).collect();
    assert_eq!(all, f.objects.iter().copied().collect());
    for object in &restored {
        let inventory = &source[f.root.folder(object.object).join("inventory.json").to_str().unwrap()];
        assert_eq!(object.inventory, Checksum::of(Algorithm::Sha512, inventory));
        assert_eq!(object.version, if object.object == f.objects[0] { 2 } else { 1 });
    }
    assert_eq!(report.list, list_digest(&restored).unwrap());
    let (document, hash) = report.document().unwrap();
    assert_eq!((ledger::json::from_canonical(&document).unwrap(), Hash::of(&document)), (report, hash));

    let steps = steps.into_inner().unwrap();
    for step in [Step::Restoring, Step::Comparing] {
        let of: Vec<_> = steps.iter().filter(|told| told.0 == step).collect();
        assert_eq!((of.len(), of[0], of[20]), (21, &(step, 0, 20), &(step, 20, 20)));
    }
    target.clear().unwrap();
    assert!(!target.dir().exists(), "what was made for the drill goes with it");
}

#[test]
fn a_flipped_byte_in_the_archive_is_found_and_named() {
    let f = fixture(5);
    flip(&f.photo(3));
    let Drilled { report, restored } = f.drill(&f.target());
    let [found] = report.differing.as_slice() else { panic!("{report:#?}") };
    assert_eq!((found.object, found.code.as_str()), (Some(f.objects[3]), "differs"));
    assert_eq!(found.path, format!("{}/v1/content/photo/a.jpg", f.place(3)));
    assert_eq!((report.found, report.objects), (5, 4));
    assert!(restored.iter().all(|object| object.object != f.objects[3]));
    assert_eq!(report.bytes, restored.iter().map(|object| object.bytes).sum::<u64>());
}

#[test]
fn every_kind_of_damage_in_the_archive_is_found() {
    let f = fixture(8);
    let at = |n: usize, file: &str| f.root.path().join(f.place(n)).join(file);
    fs::remove_file(f.photo(0)).unwrap();
    fs::write(at(1, "v1/content/stray"), "x").unwrap();
    flip(&at(2, "inventory.json"));
    flip(&at(3, "v1/inventory.json"));
    flip(&at(4, "inventory.json.sha512"));
    fs::remove_file(at(5, "0=ocfl_object_1.1")).unwrap();
    fs::remove_dir_all(at(6, "")).unwrap();
    fs::remove_file(f.photo(7)).unwrap();
    fs_err::os::unix::fs::symlink("/etc/hostname", f.photo(7)).unwrap();
    let report = f.drill(&f.target()).report;
    assert_eq!(report.objects, 0, "{report:#?}");
    for (n, object) in f.objects.iter().enumerate() {
        let named = report.differing.iter().any(|found| found.object == Some(*object));
        assert!(named, "object {n} is damaged and nothing says so: {report:#?}");
    }
    let missing = |n: usize| {
        report.differing.iter().any(|f_| f_.object == Some(f.objects[n]) && f_.code == "object-missing")
    };
    assert!(missing(5) && missing(6) && !missing(0) && !missing(2));
}

/// What is compared is what the target holds, not what passed by when it was written.
#[test]
fn a_byte_that_changes_in_the_copy_is_found() {
    for file in
        ["v1/content/photo/a.jpg", "v1/content/dossier.json", "inventory.json", "v1/inventory.json.sha512"]
    {
        let f = fixture(4);
        let target = f.target();
        let spoil = |step, done, _| {
            if (step, done) == (Step::Comparing, 0) {
                flip(&target.copy().join(f.place(2)).join(file));
            }
        };
        let report = f.drill_with(&target, 2, &spoil, &|| false).unwrap().report;
        assert!(!report.is_whole() && report.objects == 3, "{file}: {report:#?}");
        assert!(
            report.differing.iter().all(|found| found.object == Some(f.objects[2])),
            "{file}: {report:#?}"
        );
    }
    let f = fixture(2);
    let target = f.target();
    let spoil = |step, done, _| {
        if (step, done) == (Step::Comparing, 0) {
            fs::remove_dir_all(target.copy().join(f.place(1))).unwrap();
        }
    };
    let report = f.drill_with(&target, 1, &spoil, &|| false).unwrap().report;
    assert_eq!((report.objects, report.differing[0].object), (1, Some(f.objects[1])));
}

#[test]
fn a_target_that_is_not_fit_is_refused_before_anything_is_written() {
    let f = fixture(1);
    let before = tree(f.dir.path());
    let at = |path: &str| f.dir.path().join(path);
    for inside in ["data", "data/new", "data/archive", "data/archive/extensions/new", "data/archive/../new"] {
        assert!(matches!(f.accept(&at(inside)), Err(Error::Within { .. })), "{inside}");
    }
    fs_err::os::unix::fs::symlink(at("data"), at("link")).unwrap();
    assert!(matches!(f.accept(&at("link/new")), Err(Error::Within { .. })), "a link changes nothing");
    fs::remove_file(at("link")).unwrap();
    assert!(matches!(f.accept(f.dir.path()), Err(Error::NotEmpty(_))), "the archive lies within it");
    assert!(matches!(f.accept(&at("no/such/parent")), Err(Error::Io { .. })));
    fs::write(at("file"), "x").unwrap();
    assert!(matches!(f.accept(&at("file")), Err(Error::NotAFolder(_))));
    fs::remove_file(at("file")).unwrap();
    assert_eq!(tree(f.dir.path()), before);
    assert!(!at("data/new").exists() && !at("no").exists());
}

#[test]
fn a_target_without_room_is_refused_before_anything_is_written() {
    let f = fixture(2);
    // A file that takes no room and would need more than any disk has.
    fs::File::options().write(true).open(f.photo(1)).unwrap().set_len(15 << 40).unwrap();
    let dir = f.dir.path().join("restored");
    fs::create_dir(&dir).unwrap();
    let target = f.accept(&dir).unwrap();
    let told = |_, _, _| panic!("nothing is begun");
    let refused = f.drill_with(&target, 1, &told, &|| false);
    let Err(Error::NoRoom { free, bytes, .. }) = refused else { panic!("{refused:?}") };
    assert!(bytes > 15 << 40 && free < bytes);
    assert!(is_empty(&dir));
}

#[test]
fn a_drill_that_is_stopped_leaves_nothing_and_says_nothing() {
    let f = fixture(12);
    let dir = f.dir.path().join("there before");
    fs::create_dir(&dir).unwrap();
    for at in [(Step::Restoring, 5), (Step::Comparing, 5)] {
        let stop = AtomicBool::new(false);
        let target = f.accept(&dir).unwrap();
        let told = |step, done, _| {
            if (step, done) == at {
                stop.store(true, Ordering::SeqCst);
            }
            let declared = target.copy().join("0=ocfl_1.1").exists();
            assert!(step == Step::Comparing || !declared, "half a copy calls itself a storage root");
        };
        let stopped = f.drill_with(&target, 2, &told, &|| stop.load(Ordering::SeqCst));
        assert!(matches!(stopped, Err(Error::Stopped)), "{stopped:?}");
        assert!(is_empty(&dir), "the folder was there before and stays, as it was");
    }
}

#[test]
fn what_others_put_beside_the_copy_stays() {
    let f = fixture(1);
    let target = f.target();
    f.drill(&target);
    fs::write(target.dir().join("notes"), "mine").unwrap();
    assert!(target.clear().is_err(), "the folder can't go");
    assert_eq!(tree(target.dir()), BTreeMap::from([("notes".to_owned(), b"mine".to_vec())]));
}

#[test]
fn versions_written_meanwhile_are_no_differences() {
    let f = fixture(10);
    let target = f.target();
    let write = |step, done: u64, _| {
        let written = usize::try_from(done).ok().filter(|n| step == Step::Restoring && *n < 10);
        // Some of these objects are restored already and some are not.
        if let Some(n) = written {
            f.add_version(n);
        }
    };
    let report = f.drill_with(&target, 1, &write, &|| false).unwrap().report;
    assert!(report.is_whole() && report.objects == 10, "{report:#?}");
}

/// A writer was killed after it had moved a version and before it had moved the inventory.
#[test]
fn what_a_killed_writer_left_half_moved_is_finished_first() {
    let f = fixture(3);
    let place = f.root.path().join(f.place(2));
    let before = fs::read(place.join("inventory.json")).unwrap();
    f.add_version(2);
    let staging = f.root.path().join("extensions/xuecang-batch");
    fs::create_dir_all(staging.join("0")).unwrap();
    let mut moves = Vec::new();
    for file in ["inventory.json", "inventory.json.sha512"] {
        fs::rename(place.join(file), staging.join("0").join(file)).unwrap();
        moves.push(serde_json::json!({"from": format!("0/{file}"), "to": format!("{}/{file}", f.place(2))}));
    }
    fs::write(place.join("inventory.json"), &before).unwrap();
    fs::copy(place.join("v1/inventory.json.sha512"), place.join("inventory.json.sha512")).unwrap();
    fs::write(staging.join("journal.json"), serde_json::json!({"moves": moves, "remove": []}).to_string())
        .unwrap();
    let Drilled { report, restored } = f.drill(&f.target());
    assert!(report.is_whole(), "{report:#?}");
    assert!(restored.iter().any(|object| object.object == f.objects[2] && object.version == 2));
}
