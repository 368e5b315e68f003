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

    fn has_all_codes(&self) -> bool {
        self.expected.is_subset(&self.found)
    }
}

fn cases(dir: &Path) -> Vec<Case> {
    let mut dirs: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    dirs.sort();
    dirs.iter().map(|dir| Case::run(dir)).collect()
}

/// The OCFL community's own fixtures: every verdict, every code their names carry.
#[test]
fn the_fixtures_of_the_specification_are_judged_as_their_names_say() {
    let Some(dir) = fixtures("ocfl-1.0") else { return };
    let good = cases(&dir.join("good-objects"));
    let warn = cases(&dir.join("warn-objects"));
    let bad = cases(&dir.join("bad-objects"));
    for case in good.iter().chain(&warn).chain(&bad).filter(|case| case.expected != case.found) {
        println!("{}: found {:?}", case.name, case.found);
    }
    let all = || good.iter().chain(&warn).chain(&bad);
    let verdicts = good.iter().filter(|case| case.valid && case.found.is_empty()).count()
        + warn.iter().filter(|case| case.valid && !case.found.is_empty()).count()
        + bad.iter().filter(|case| !case.valid).count();
    let codes = all().filter(|case| case.has_all_codes()).count();
    let exact = all().filter(|case| case.expected == case.found).count();
    println!(
        "verdicts {verdicts}/{0}, expected codes found {codes}/{0}, no other codes {exact}/{0}",
        all().count()
    );
    assert_eq!(verdicts, all().count());
    assert_eq!(codes, all().count());
}

#[test]
fn nothing_at_all_is_not_an_object() {
    let dir = tempfile::tempdir().unwrap();
    assert!(!validate(dir.path()).is_valid());
    assert!(!validate(&dir.path().join("missing")).is_valid());
}
