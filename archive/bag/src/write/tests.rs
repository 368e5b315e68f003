use std::collections::BTreeMap;

use fs_err as fs;
use proptest::prelude::*;

use super::*;
use crate::fixtures::{names, path, small_bag};
use crate::{Depth, validate};

#[test]
fn a_bag_is_written_as_the_standard_says() {
    let dir = tempfile::tempdir().unwrap();
    let bag = small_bag(&dir.path().join("bag"));
    assert_eq!(
        names(bag.dir()),
        [
            "bag-info.txt",
            "bagit.txt",
            "data",
            "data/photos",
            "data/photos/one.jpg",
            "data/photos/二.jpg",
            "delivery.json",
            "manifest-sha256.txt",
            "manifest-sha512.txt",
            "tagmanifest-sha256.txt",
            "tagmanifest-sha512.txt",
        ]
    );
    let text = |name: &str| fs::read_to_string(bag.dir().join(name)).unwrap();
    assert_eq!(text("bagit.txt"), "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n");
    assert_eq!(
        text("bag-info.txt"),
        "Source-Organization: a vendor\nBagging-Date: 2026-07-01\nPayload-Oxum: 7.2\n"
    );
    assert_eq!(
        text("manifest-sha256.txt").lines().next(),
        Some("7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed  data/photos/one.jpg")
    );
    assert!(text("tagmanifest-sha256.txt").contains("  delivery.json\n"));
    assert_eq!(
        names(dir.path()).iter().filter(|name| !name.contains('/')).count(),
        1,
        "nothing temporary is left"
    );
}

#[test]
fn a_bag_is_read_as_it_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let bag = small_bag(&dir.path().join("bag"));
    assert_eq!(bag.version(), crate::Version::V1_0);
    assert_eq!(bag.info_value("payload-oxum"), Some("7.2"));
    let payload: Vec<&str> = bag.payload().keys().map(SafePath::as_str).collect();
    assert_eq!(payload, ["photos/one.jpg", "photos/二.jpg"]);
    assert_eq!(fs::read(bag.payload_file(&path("photos/二.jpg"))).unwrap(), b"two!");
    assert_eq!(bag.payload()[&path("photos/one.jpg")].len(), 2);
}

#[test]
fn an_unfinished_bag_vanishes() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path().join("bag")).unwrap();
    writer.add(&path("x"), &b"x"[..]).unwrap();
    drop(writer);
    assert!(names(dir.path()).is_empty());
}

#[test]
fn nothing_is_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("bag");
    small_bag(&place);
    assert!(matches!(Writer::create(&place), Err(WriteError::Exists(_))));

    let mut writer = Writer::create(dir.path().join("other")).unwrap();
    writer.add(&path("x"), &b"x"[..]).unwrap();
    assert!(matches!(writer.add(&path("x"), &b"y"[..]), Err(WriteError::Twice(_))));
    assert!(matches!(writer.add(&path("x/y"), &b"y"[..]), Err(WriteError::Twice(_))));
    for name in
        ["bagit.txt", "Bagit.txt", "manifest-sha256.txt", "tagmanifest-md5.txt", "signature.p7s", "data/x"]
    {
        assert!(matches!(writer.add_tag(&path(name), b""), Err(WriteError::Reserved(_))), "{name}");
    }
    assert!(matches!(writer.info("a:b", ""), Err(WriteError::Label(_))));
    fs::create_dir(dir.path().join("other")).unwrap();
    assert!(matches!(writer.finish(jiff::civil::date(2026, 7, 1)), Err(WriteError::Exists(_))));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// Whatever goes into a bag comes out of it, and the bag is valid.
    #[test]
    fn any_payload_survives(files in proptest::collection::btree_map("[a-zé学%]{1,4}(/[a-z%]{1,3}){0,2}", proptest::collection::vec(any::<u8>(), 0..40), 0..6)) {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(dir.path().join("bag")).unwrap();
        let mut kept = BTreeMap::new();
        for (name, bytes) in files {
            if let Ok(path) = SafePath::new(name) && writer.add(&path, bytes.as_slice()).is_ok() {
                kept.insert(path, bytes);
            }
        }
        let bag = writer.finish(jiff::civil::date(2026, 7, 1)).unwrap();
        prop_assert!(bag.payload().keys().eq(kept.keys()));
        for (path, bytes) in kept {
            prop_assert_eq!(fs::read(bag.payload_file(&path)).unwrap(), bytes);
        }
        let report = validate(bag.dir(), Depth::Valid);
        prop_assert!(report.errors().next().is_none(), "{:?}", report);
    }
}
