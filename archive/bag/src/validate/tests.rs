use fs_err as fs;

use super::*;
use crate::fixtures::{find, small_bag};

fn codes(report: &Report) -> Vec<&str> {
    report.findings().iter().map(|finding| finding.code.as_ref()).collect()
}

/// The Library of Congress conformance suite for 0.97: attacks of any system are refused on this one.
#[test]
fn the_conformance_suite_is_judged_rightly() {
    let Some(dir) = find("bagit-v0.97") else { return };
    let mut wrong = Vec::new();
    let mut total = 0;
    for (kind, valid) in [
        ("valid", true),
        ("warning", true),
        ("invalid", false),
        ("linux-only", false),
        ("windows-only", false),
    ] {
        for entry in fs::read_dir(dir.join(kind)).unwrap() {
            let bag = entry.unwrap().path();
            if !bag.is_dir() {
                continue;
            }
            let report = validate(&bag, Depth::Valid);
            total += 1;
            let name = format!("{kind}/{}", bag.file_name().unwrap().to_str().unwrap());
            println!("{name}: {:?}", codes(&report));
            let right =
                report.is_valid() == valid && (kind != "warning" || report.warnings().next().is_some());
            if !right {
                wrong.push((name, report));
            }
        }
    }
    println!("{} of {total} judged rightly", total - wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

struct Fixture {
    _dir: tempfile::TempDir,
    bag: std::path::PathBuf,
}

impl Fixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bag = small_bag(&dir.path().join("bag")).dir().to_owned();
        Self { _dir: dir, bag }
    }

    fn write(&self, name: &str, bytes: &str) {
        fs::write(self.bag.join(name), bytes).unwrap();
    }

    fn append(&self, name: &str, text: &str) {
        let old = fs::read_to_string(self.bag.join(name)).unwrap();
        self.write(name, &format!("{old}{text}"));
    }

    fn codes(&self) -> Vec<String> {
        codes(&validate(&self.bag, Depth::Valid)).into_iter().map(str::to_owned).collect()
    }
}

#[test]
fn a_bag_of_our_own_is_valid_without_a_word() {
    assert_eq!(Fixture::new().codes(), Vec::<String>::new());
}

#[test]
fn a_changed_photo_is_found_only_by_reading() {
    let f = Fixture::new();
    f.write("data/photos/one.jpg", "eno");
    assert!(validate(&f.bag, Depth::Complete).is_valid());
    assert_eq!(f.codes(), ["payload-differs"]);
}

#[test]
fn missing_superfluous_and_changed_files_are_all_reported() {
    let f = Fixture::new();
    fs::remove_file(f.bag.join("data/photos/one.jpg")).unwrap();
    f.write("data/more.jpg", "x");
    f.write("delivery.json", "[]");
    let codes = f.codes();
    for code in ["payload-missing", "payload-unlisted", "oxum-differs", "tag-differs"] {
        assert!(codes.iter().any(|found| found == code), "{code} in {codes:?}");
    }
}

#[test]
fn a_link_in_a_bag_is_refused() {
    let f = Fixture::new();
    fs::remove_file(f.bag.join("data/photos/one.jpg")).unwrap();
    fs_err::os::unix::fs::symlink("/etc/hostname", f.bag.join("data/photos/one.jpg")).unwrap();
    let codes = f.codes();
    assert!(
        codes.contains(&"special-file".to_owned()) && codes.contains(&"payload-missing".to_owned()),
        "{codes:?}"
    );
}

#[test]
fn a_manifest_never_leads_out_of_the_bag() {
    let outside = Checksum::of(Algorithm::Sha256, b"secret");
    for name in
        ["../secret", "/etc/passwd", "data/../../secret", "C:\\secret", "~/secret", "data/con", "data\\..\\x"]
    {
        let f = Fixture::new();
        f.append("manifest-sha256.txt", &format!("{outside}  {name}\n"));
        assert!(f.codes().contains(&"path-unsafe".to_owned()), "{name}");
        assert!(crate::Bag::open(&f.bag).is_err(), "{name}");
    }
}

#[test]
fn what_is_still_elsewhere_makes_a_bag_incomplete() {
    let f = Fixture::new();
    fs::remove_file(f.bag.join("data/photos/one.jpg")).unwrap();
    f.write("fetch.txt", "https://example.org/one.jpg 3 data/photos/one.jpg\n");
    let codes = f.codes();
    assert!(codes.contains(&"payload-to-fetch".to_owned()), "{codes:?}");
    let items = crate::Bag::open(&f.bag).unwrap().fetch().to_vec();
    assert_eq!((items[0].len, items[0].path.as_str()), (Some(3), "data/photos/one.jpg"));
    f.write("fetch.txt", "https://example.org/x 3 data/unlisted\nbroken\n");
    let codes = f.codes();
    assert!(
        codes.contains(&"fetch-unlisted".to_owned()) && codes.contains(&"fetch-line".to_owned()),
        "{codes:?}"
    );
}

#[test]
fn names_that_other_systems_confuse_are_pointed_out() {
    let f = Fixture::new();
    f.write("data/photos/ONE.jpg", "one");
    assert!(f.codes().iter().filter(|code| *code == "names-collide").count() == 2);
}

#[test]
fn in_version_1_every_manifest_lists_everything() {
    let f = Fixture::new();
    f.write("data/extra", "x");
    f.append("manifest-sha256.txt", &format!("{}  data/extra\n", Checksum::of(Algorithm::Sha256, b"x")));
    assert!(f.codes().contains(&"payload-unlisted".to_owned()));
}

#[test]
fn a_name_not_every_system_can_keep_is_a_warning_but_no_bag_to_work_with() {
    let f = Fixture::new();
    f.write("data/what?.jpg", "x");
    for (algorithm, name) in
        [(Algorithm::Sha256, "manifest-sha256.txt"), (Algorithm::Sha512, "manifest-sha512.txt")]
    {
        f.append(name, &format!("{}  data/what?.jpg\n", Checksum::of(algorithm, b"x")));
    }
    assert!(f.codes().contains(&"path-unportable".to_owned()));
    assert!(matches!(crate::Bag::open(&f.bag), Err(crate::ReadError::NotABag { .. })));
}

#[test]
fn a_folder_that_is_no_bag_is_not_valid() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(codes(&validate(dir.path(), Depth::Valid)), ["bagit-missing"]);
    assert_eq!(codes(&validate(&dir.path().join("none"), Depth::Valid)), ["bagit-missing"]);
}
