use std::sync::atomic::AtomicUsize;

use fs_err as fs;
use jiff::Timestamp;

use super::*;
use crate::ocfl::{SafePath, Source, User, Version};

struct Fixture {
    _dir: tempfile::TempDir,
    root: Root,
    objects: Vec<ObjectId>,
}

/// An archive of `count` objects with one small file each.
fn fixture(count: usize) -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let root = Root::create(dir.path().join("archive")).unwrap();
    let objects: Vec<ObjectId> = (0..count).map(|_| ObjectId::new()).collect();
    let mut batch = root.batch().unwrap();
    for (n, object) in objects.iter().enumerate() {
        let user = User { name: "archive".to_owned(), address: Some("urn:example:archive".to_owned()) };
        let version = Version::new(*object, "first", user, Timestamp::UNIX_EPOCH);
        let bytes = format!("pixels {n}").into_bytes();
        batch.put(version.file(SafePath::new("photo").unwrap(), Source::Bytes(bytes))).unwrap();
    }
    batch.commit().unwrap();
    Fixture { _dir: dir, root, objects }
}

impl Fixture {
    fn photo(&self, n: usize) -> std::path::PathBuf {
        self.root.path().join(self.root.folder(self.objects[n])).join("v1/content/photo")
    }

    fn check(&self) -> FixityReport {
        check(&self.root, NonZeroUsize::new(2).unwrap(), &|_| {}, &AtomicBool::new(false))
    }
}

#[test]
fn an_intact_archive_is_said_to_be_intact() {
    let f = fixture(20);
    let told = AtomicUsize::new(0);
    let report = check(
        &f.root,
        NonZeroUsize::new(3).unwrap(),
        &|progress| {
            assert_eq!(progress.total, 20);
            told.fetch_add(1, Ordering::SeqCst);
        },
        &AtomicBool::new(false),
    );
    assert!(report.is_intact(), "{report:?}");
    assert_eq!(report.intact, f.objects.iter().copied().collect());
    assert_eq!(told.into_inner(), 20);
}

#[test]
fn a_flipped_bit_is_found_and_named() {
    let f = fixture(5);
    fs::write(f.photo(3), "pixelz 3").unwrap();
    let report = f.check();
    assert!(!report.is_intact());
    assert_eq!((report.intact.len(), report.damaged(), report.unreadable()), (4, 1, 0));
    let casualty = &report.casualties[0];
    assert_eq!(casualty.object, Some(f.objects[3]));
    assert_eq!(casualty.report.findings()[0].path, "v1/content/photo");
}

#[test]
fn what_is_missing_or_superfluous_is_damage() {
    let f = fixture(4);
    fs::remove_file(f.photo(0)).unwrap();
    fs::write(f.photo(1).with_file_name("more"), "x").unwrap();
    fs::remove_file(f.root.path().join(f.root.folder(f.objects[2])).join("inventory.json")).unwrap();
    let report = f.check();
    assert_eq!((report.intact.len(), report.damaged()), (1, 3));
}

#[test]
fn what_cannot_be_read_is_never_called_intact() {
    let f = fixture(2);
    let photo = f.photo(0);
    fs::set_permissions(&photo, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    if fs::File::open(&photo).is_ok() {
        println!("skipped: this user reads what nobody may read");
    } else {
        let report = f.check();
        assert_eq!((report.intact.len(), report.damaged(), report.unreadable()), (1, 0, 1));
        assert!(!report.is_intact());
    }
    fs::remove_file(&photo).unwrap();
    fs_err::os::unix::fs::symlink("/etc/hostname", &photo).unwrap();
    let report = f.check();
    assert_eq!((report.intact.len(), report.damaged()), (1, 1), "a link is never followed");
}

#[test]
fn an_object_in_the_place_of_another_is_damage() {
    let f = fixture(1);
    let other = f.root.path().join(f.root.folder(ObjectId::new()));
    fs::create_dir_all(other.parent().unwrap()).unwrap();
    fs::rename(f.root.path().join(f.root.folder(f.objects[0])), other).unwrap();
    let report = f.check();
    assert_eq!(report.damaged(), 1);
    assert!(report.casualties[0].report.errors().any(|finding| finding.code == "misplaced"));
}

#[test]
fn a_stray_file_between_objects_is_noticed() {
    let f = fixture(1);
    let place = f.root.folder(f.objects[0]);
    fs::write(f.root.path().join(place).parent().unwrap().join("stray"), "x").unwrap();
    let report = f.check();
    assert!(!report.frame.is_valid() && report.casualties.is_empty());
    assert!(!report.is_intact());
}

#[test]
fn a_patrol_called_back_says_what_it_did_not_read() {
    let f = fixture(6);
    let cancel = AtomicBool::new(false);
    let report = check(
        &f.root,
        NonZeroUsize::MIN,
        &|progress| cancel.store(progress.checked >= 2, Ordering::SeqCst),
        &cancel,
    );
    assert_eq!((report.intact.len(), report.unread), (2, 4));
    assert!(!report.is_intact());
}
