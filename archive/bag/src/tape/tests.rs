use fs_err as fs;

use super::*;
use crate::fixtures::{names, path, small_bag};
use crate::{Checksum, validate_unpacked};

const LIMITS: Limits = Limits { files: 100, bytes: 10_000, path_len: 200 };

fn packed() -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let bag = small_bag(&dir.path().join("bag"));
    serialise(bag.dir(), &path("delivery-7"), Vec::new()).unwrap()
}

/// Unpacks into a fresh folder; on failure nothing may be left in it or beside it.
fn unpack_bytes(tar: &[u8], limits: Limits) -> Result<Unpacked, UnpackError> {
    let dir = tempfile::tempdir().unwrap();
    let into = dir.path().join("into");
    fs::create_dir(&into).unwrap();
    let result = unpack(tar, &into, limits);
    if result.is_err() {
        assert_eq!(names(dir.path()), ["into"], "something was left behind");
    }
    result
}

/// A tar stream of one entry with any name and kind, which no careful writer would make.
fn evil(name: &[u8], kind: EntryType, bytes: &[u8]) -> Vec<u8> {
    let mut header = plain_header(bytes.len() as u64);
    header.set_entry_type(kind);
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_cksum();
    let mut tar = tar::Builder::new(Vec::new());
    tar.append(&header, bytes).unwrap();
    tar.into_inner().unwrap()
}

#[test]
fn a_bag_survives_the_journey() {
    let dir = tempfile::tempdir().unwrap();
    let unpacked = unpack(packed().as_slice(), dir.path(), LIMITS).unwrap();
    assert_eq!(unpacked.top.as_str(), "delivery-7");
    assert_eq!(unpacked.dir, dir.path().join("delivery-7"));
    assert_eq!(names(dir.path()).first().map(String::as_str), Some("delivery-7"));
    let one = &unpacked.files[&path("data/photos/one.jpg")];
    assert_eq!(one.len, 3);
    assert_eq!(one.sum(Algorithm::Sha256), Some(&Checksum::of(Algorithm::Sha256, b"one")));
    let report = validate_unpacked(&unpacked);
    assert!(report.findings().is_empty(), "{report:?}");
}

#[test]
fn checksums_computed_on_the_way_are_believed_only_for_what_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut unpacked = unpack(packed().as_slice(), dir.path(), LIMITS).unwrap();
    let wrong = crate::hash_reader(&b"eno"[..], &[Algorithm::Sha256, Algorithm::Sha512]).unwrap();
    unpacked.files.insert(path("data/photos/one.jpg"), wrong);
    assert!(!validate_unpacked(&unpacked).is_valid());
}

#[test]
fn the_same_bag_is_the_same_stream() {
    assert_eq!(packed(), packed());
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for name in [
        &b"../x"[..],
        b"/etc/x",
        b"top/../../x",
        b"top\\..\\x",
        b"C:/x",
        b"~/x",
        b"top/con",
        b"top/a\0b",
        b"top//x",
        b"./top/x",
        b"top/\xff",
    ] {
        let result = unpack_bytes(&evil(name, EntryType::Regular, b"x"), LIMITS);
        // A zero byte ends a name in the header: what is left is safe and honest.
        let cut_short = name.contains(&0);
        match result {
            Err(UnpackError::Unsafe { .. }) => assert!(!cut_short),
            Ok(unpacked) => assert!(cut_short && unpacked.files.contains_key(&path("a"))),
            other => panic!("{}: {other:?}", String::from_utf8_lossy(name)),
        }
    }
}

#[test]
fn a_long_name_is_as_dangerous_as_a_short_one() {
    let long = format!("../{}", "x".repeat(150));
    let mut tar = evil(b"././@LongLink", EntryType::GNULongName, long.as_bytes());
    tar.truncate(tar.len() - 1024);
    tar.extend(evil(b"top/x", EntryType::Regular, b"x"));
    assert!(matches!(unpack_bytes(&tar, LIMITS), Err(UnpackError::Unsafe { .. })));

    let record = |key: &str, value: &str| {
        let rest = format!(" {key}={value}\n");
        let len = (1..).find(|len: &usize| len.to_string().len() + rest.len() == *len).unwrap();
        format!("{len}{rest}")
    };
    for (key, value) in [("path", "../x"), ("size", "99"), ("GNU.sparse.major", "1")] {
        let mut tar = evil(b"pax", EntryType::XHeader, record(key, value).as_bytes());
        tar.truncate(tar.len() - 1024);
        tar.extend(evil(b"top/x", EntryType::Regular, b"x"));
        assert!(unpack_bytes(&tar, LIMITS).is_err(), "{key}");
    }
}

#[test]
fn links_and_devices_are_refused() {
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Char,
        EntryType::Block,
        EntryType::Fifo,
        EntryType::GNUSparse,
    ] {
        let result = unpack_bytes(&evil(b"top/x", kind, b""), LIMITS);
        assert!(
            matches!(result, Err(UnpackError::Special { .. } | UnpackError::Malformed(_))),
            "{kind:?}: {result:?}"
        );
    }
}

fn tar_of(names: &[&str]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for name in names {
        let mut header = plain_header(1);
        tar.append_data(&mut header, name, &b"x"[..]).unwrap();
    }
    tar.into_inner().unwrap()
}

#[test]
fn there_is_one_top_folder_and_every_name_comes_once() {
    assert!(matches!(unpack_bytes(&tar_of(&["x"]), LIMITS), Err(UnpackError::OutsideTop(_))));
    assert!(matches!(unpack_bytes(&tar_of(&["a/x", "b/x"]), LIMITS), Err(UnpackError::OutsideTop(_))));
    assert!(matches!(unpack_bytes(&tar_of(&["a/x", "a/x"]), LIMITS), Err(UnpackError::Twice(_))));
    assert!(matches!(unpack_bytes(&tar_of(&["a/x", "a/x/y"]), LIMITS), Err(UnpackError::Twice(_))));
    assert!(matches!(unpack_bytes(&tar_of(&[]), LIMITS), Err(UnpackError::Empty)));
}

#[test]
fn limits_are_kept() {
    let three = tar_of(&["a/x", "a/y", "a/z"]);
    assert!(matches!(unpack_bytes(&three, Limits { files: 2, ..LIMITS }), Err(UnpackError::TooMany(2))));
    assert!(matches!(unpack_bytes(&three, Limits { bytes: 2, ..LIMITS }), Err(UnpackError::TooLarge(2))));
    assert!(matches!(
        unpack_bytes(&three, Limits { path_len: 2, ..LIMITS }),
        Err(UnpackError::NameTooLong(2))
    ));
    // A header that promises more than all limits together is refused before a byte of it is written.
    let mut header = plain_header(1 << 40);
    header.set_path("a/x").unwrap();
    header.set_cksum();
    let huge = [header.as_bytes().as_slice(), b"x"].concat();
    assert!(matches!(unpack_bytes(&huge, LIMITS), Err(UnpackError::TooLarge(_))));
    // Nor may a name be of any length.
    let mut header = plain_header(1 << 30);
    header.set_entry_type(EntryType::GNULongName);
    header.set_cksum();
    assert!(matches!(unpack_bytes(header.as_bytes(), LIMITS), Err(UnpackError::Malformed(_))));
}

#[test]
fn a_stream_cut_off_leaves_nothing() {
    let whole = packed();
    for len in [100, 512, 513, 515, 2000] {
        let result = unpack_bytes(&whole[..len], LIMITS);
        assert!(
            matches!(result, Err(UnpackError::Malformed(_) | UnpackError::Empty)) || len == 512,
            "{len}: {result:?}"
        );
    }
    assert!(matches!(unpack_bytes(&[0x55; 2048], LIMITS), Err(UnpackError::Malformed(_))));
}

#[test]
fn only_an_empty_folder_is_unpacked_into() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(unpack(&b""[..], &dir.path().join("none"), LIMITS), Err(UnpackError::NotEmpty(_))));
    fs::write(dir.path().join("x"), "").unwrap();
    assert!(matches!(unpack(packed().as_slice(), dir.path(), LIMITS), Err(UnpackError::NotEmpty(_))));
}

#[test]
fn what_could_not_be_unpacked_is_not_packed() {
    let dir = tempfile::tempdir().unwrap();
    let bag = small_bag(&dir.path().join("bag"));
    fs_err::os::unix::fs::symlink("/etc/hostname", bag.dir().join("data/link")).unwrap();
    assert!(matches!(serialise(bag.dir(), &path("top"), Vec::new()), Err(PackError::Special(_))));
    assert!(matches!(serialise(bag.dir(), &path("a/b"), Vec::new()), Err(PackError::Top(_))));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 64, ..Default::default() })]

    /// Any damage to a stream is refused or harmless, and never a panic.
    #[test]
    fn damage_never_escapes(at in 0_usize..6000, byte in proptest::prelude::any::<u8>()) {
        let mut tar = packed();
        if let Some(place) = tar.get_mut(at) {
            *place = byte;
        }
        let _refused_or_harmless = unpack_bytes(&tar, LIMITS);
    }
}
