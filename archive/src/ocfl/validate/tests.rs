use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::*;

/// The folder `fixtures/name` next to the project or where `XUECANG_FIXTURES` says, if there is one.
fn fixtures(name: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("XUECANG_FIXTURES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let found = shared.join("fixtures").join(name);
    if found.is_dir() {
        return Some(found);
    }
    println!("skipped: no {name} in {}", shared.display());
    None
}

struct Case {
    name: String,
    expected: BTreeSet<String>,
    found: BTreeSet<String>,
    valid: bool,
}

impl Case {
    fn run(dir: &Path) -> Self {
        let name = dir.file_name().unwrap().to_str().unwrap().to_owned();
        let is_code =
            |part: &&str| part.len() == 4 && part.starts_with(['E', 'W']) && part[1..].parse::<u32>().is_ok();
        let expected = name.split('_').take_while(is_code).map(str::to_owned).collect();
        let report = validate(dir);
        let found = report.findings().iter().map(|finding| finding.code.to_string()).collect();
        Self { name, expected, found, valid: report.is_valid() }
    }
}

fn cases(dir: &Path) -> Vec<Case> {
    let mut dirs: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    dirs.sort();
    dirs.iter().map(|dir| Case::run(dir)).collect()
}

/// The OCFL community's own fixtures: every verdict, every code their names carry, and no error that they don't.
#[test]
fn the_fixtures_of_the_specification_are_judged_as_their_names_say() {
    let Some(dir) = fixtures("ocfl-1.0") else { return };
    let good = cases(&dir.join("good-objects"));
    let warn = cases(&dir.join("warn-objects"));
    let bad = cases(&dir.join("bad-objects"));
    let all = || good.iter().chain(&warn).chain(&bad);
    let wrong = |case: &Case, is_valid: bool| {
        let other = case.found.difference(&case.expected).any(|code| !code.starts_with('W'));
        case.valid != is_valid || !case.expected.is_subset(&case.found) || other
    };
    let is_bad = |case: &&Case| bad.iter().any(|bad| bad.name == case.name);
    let wrong: Vec<_> = all().filter(|case| wrong(case, !is_bad(case))).collect();
    for case in &wrong {
        println!("{}: valid {}, found {:?}", case.name, case.valid, case.found);
    }
    println!("judged as their names say: {} of {}", all().count() - wrong.len(), all().count());
    assert!(wrong.is_empty());
    assert!(good.iter().all(|case| case.found.is_empty()));
    assert!(warn.iter().all(|case| !case.found.is_empty()));
}

#[test]
fn nothing_at_all_is_not_an_object() {
    let dir = tempfile::tempdir().unwrap();
    assert!(!validate(dir.path()).is_valid());
    assert!(!validate(&dir.path().join("missing")).is_valid());
}

fn write(path: PathBuf, bytes: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Something done to a folder that followed the rules.
type Change<'a> = &'a dyn Fn(&Path);

/// A small object that follows the rules, with one change made to it by `change`.
fn codes_after(change: impl Fn(&Path)) -> BTreeSet<String> {
    let f = super::super::tests::Fixture::new();
    let folder = f.two_versions();
    change(&folder);
    validate(&folder).findings().iter().map(|finding| finding.code.to_string()).collect()
}

/// Rewrites both inventories of the newest version and their sidecars.
fn edit_inventory(folder: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(folder.join("inventory.json")).unwrap();
    assert!(text.contains(from), "{from}");
    let text = text.replacen(from, to, 1);
    let sum = bag::Checksum::of(bag::Algorithm::Sha512, text.as_bytes());
    for place in [folder.to_owned(), folder.join("v2")] {
        fs::write(place.join("inventory.json"), &text).unwrap();
        fs::write(place.join("inventory.json.sha512"), format!("{sum} inventory.json\n")).unwrap();
    }
}

/// Rewrites what both inventories of the newest version say.
fn rewrite(folder: &Path, change: impl FnOnce(&mut serde_json::Value)) {
    let text = fs::read_to_string(folder.join("inventory.json")).unwrap();
    let mut json = serde_json::from_str(&text).unwrap();
    change(&mut json);
    edit_inventory(folder, &text, &json.to_string());
}

/// What a manifest says of a file of the second version: a digest, and the paths under it.
fn newest(json: &serde_json::Value) -> (String, serde_json::Value) {
    let mut manifest = json["manifest"].as_object().unwrap().iter();
    let (digest, paths) = manifest.find(|(_, paths)| paths[0].as_str().unwrap().starts_with("v2/")).unwrap();
    (digest.clone(), paths.clone())
}

#[test]
fn what_only_follows_from_an_error_is_not_told_as_another() {
    let beside = |folder: &Path| {
        rewrite(folder, |json| {
            let (digest, paths) = newest(json);
            let path = paths[0].as_str().unwrap().to_owned();
            let (version, _) = path.split_once('/').unwrap();
            fs::rename(folder.join(&path), folder.join(version).join("moved")).unwrap();
            json["manifest"][digest] = serde_json::json!([format!("{version}/moved")]);
        });
    };
    let twice = |folder: &Path| {
        rewrite(folder, |json| {
            let (digest, paths) = newest(json);
            json["manifest"][digest.to_uppercase()] = paths;
        });
    };
    let nowhere = |folder: &Path| {
        rewrite(folder, |json| {
            let (digest, _) = newest(json);
            json["manifest"][digest] = serde_json::json!(["/v1/content/x"]);
        });
    };
    let head = |folder: &Path| rewrite(folder, |json| json["head"] = "v1".into());
    let stateless = |folder: &Path| {
        rewrite(folder, |json| {
            json["versions"]["v2"]["state"] = "files".into();
            json["versions"]["v2"]["message"] = 7.into();
        });
    };
    let cases: [(&[&str], Change<'_>); 5] = [
        (&["E015"], &beside),
        (&["E096"], &twice),
        (&["E100"], &nowhere),
        (&["E040"], &head),
        (&["E050"], &stateless),
    ];
    for (codes, change) in cases {
        let mut found = codes_after(change);
        found.retain(|code| code.starts_with('E'));
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), codes);
    }
    let empty = tempfile::tempdir().unwrap();
    write(empty.path().join(".keep"), "");
    let found: Vec<String> =
        validate(empty.path()).findings().iter().map(|finding| finding.code.to_string()).collect();
    assert_eq!(found, ["E003", "E063"]);
}

#[test]
fn every_rule_has_its_code() {
    let link = |folder: &Path| fs_err::os::unix::fs::symlink("a", folder.join("v1/content/link")).unwrap();
    let cases: [(&str, Change<'_>); 17] = [
        ("E090", &link),
        ("E024", &|folder| fs::create_dir(folder.join("v1/content/empty")).unwrap()),
        ("E001", &|folder| write(folder.join("x"), "")),
        ("E003", &|folder| write(folder.join("0=ocfl_object_1.0"), "ocfl_object_1.0\n")),
        ("E007", &|folder| write(folder.join("0=ocfl_object_1.1"), "ocfl_object_1.0\n")),
        ("E033", &|folder| write(folder.join("inventory.json"), "{")),
        ("E033", &|folder| write(folder.join("inventory.json"), "[]")),
        ("E038", &|folder| edit_inventory(folder, "ocfl.io/1.1/", "ocfl.io/9.9/")),
        ("E102", &|folder| edit_inventory(folder, "{", "{\"extra\": 1,")),
        ("E018", &|folder| edit_inventory(folder, "{", "{\"contentDirectory\": \"..\",")),
        ("E111", &|folder| edit_inventory(folder, "{", "{\"fixity\": [],")),
        ("E103", &|folder| edit_inventory(folder, "ocfl.io/1.1/", "ocfl.io/1.0/")),
        ("E046", &|folder| fs::create_dir(folder.join("v3")).unwrap()),
        ("E010", &|folder| fs::remove_dir_all(folder.join("v1")).unwrap()),
        ("E015", &|folder| write(folder.join("v1/stray"), "")),
        ("W002", &|folder| write(folder.join("v1/more/stray"), "")),
        ("W013", &|folder| write(folder.join("extensions/mine/x"), "")),
    ];
    for (code, change) in cases {
        let found = codes_after(change);
        assert!(found.contains(code), "{code} in {found:?}");
    }
}

#[test]
fn a_storage_root_has_rules_too() {
    let cases: [(&str, Change<'_>); 11] = [
        ("E069", &|root| fs::remove_file(root.join("0=ocfl_1.1")).unwrap()),
        ("E069", &|root| write(root.join("0=ocfl_1.0"), "ocfl_1.0\n")),
        ("E080", &|root| write(root.join("0=ocfl_1.1"), "ocfl_1.0\n")),
        ("E070", &|root| write(root.join("ocfl_layout.json"), "{}")),
        ("E070", &|root| write(root.join("ocfl_layout.json"), "no json")),
        ("E071", &|root| write(root.join("ocfl_layout.json"), r#"{"extension":"mine","description":""}"#)),
        ("E072", &|root| write(root.join("some/file"), "")),
        ("E073", &|root| fs::create_dir(root.join("empty")).unwrap()),
        ("E086", &|root| write(root.join("extensions/file"), "")),
        ("W016", &|root| write(root.join("extensions/mine/file"), "")),
        ("E090", &|root| fs_err::os::unix::fs::symlink("/", root.join("link")).unwrap()),
    ];
    for (code, change) in cases {
        let f = super::super::tests::Fixture::new();
        f.two_versions();
        change(f.root.path());
        let report = validate(f.root.path());
        assert!(report.findings().iter().any(|finding| finding.code == code), "{code} in {report:?}");
    }
}

#[test]
fn a_newer_object_does_not_belong_in_an_older_root() {
    let f = super::super::tests::Fixture::new();
    f.two_versions();
    fs::rename(f.root.path().join("0=ocfl_1.1"), f.root.path().join("0=ocfl_1.0")).unwrap();
    write(f.root.path().join("0=ocfl_1.0"), "ocfl_1.0\n");
    assert!(validate(f.root.path()).errors().any(|finding| finding.code == "E081"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 64, ..Default::default() })]

    /// One flipped bit anywhere in an object is found. (The case of a hexadecimal digit says nothing.)
    #[test]
    fn no_flipped_bit_goes_unnoticed(file in 0_usize..64, at in 0_usize..4000, bit in 0..8_u8) {
        let f = super::super::tests::Fixture::new();
        let folder = f.two_versions();
        let files: Vec<String> = crate::tree::tree(&folder).into_keys().collect();
        let path = folder.join(&files[file % files.len()]);
        let mut bytes = fs::read(&path).unwrap();
        let place = at % bytes.len();
        let before = bytes[place];
        bytes[place] ^= 1 << bit;
        fs::write(&path, &bytes).unwrap();
        let only_case = before.is_ascii_hexdigit() && bytes[place].eq_ignore_ascii_case(&before);
        let harmless = only_case && path.extension().is_some_and(|extension| extension == "sha512");
        proptest::prop_assert!(harmless || !validate(&folder).is_valid(), "{}", path.display());
    }
}
