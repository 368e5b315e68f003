//! Disks as they may be after a power cut, from steps that are easily understood.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![expect(clippy::unwrap_used, reason = "what surprises a test's helper stops the test")]

use std::collections::{BTreeMap, BTreeSet};

use faults::cut::Cut;
use faults::journal::{Journal, Name, Step, TOP};
use fs_err as fs;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// A folder with one file, `old`, that holds `before`.
fn journal(steps: Vec<Step>) -> (tempfile::TempDir, Journal) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("origin")).unwrap();
    fs::write(dir.path().join("origin/old"), "before").unwrap();
    let names = BTreeMap::from([(name("old"), 1)]);
    let files = BTreeMap::from([(1, "old".into())]);
    let mut journal = Journal::default();
    (journal.names, journal.files, journal.steps) = (names, files, steps);
    (dir, journal)
}

fn name(text: &str) -> Name {
    (TOP, text.into())
}

/// What may be there of these steps: the names with their bytes, in so many tries.
fn disks(steps: Vec<Step>, honest: bool) -> BTreeSet<Vec<(String, Vec<u8>)>> {
    let (dir, journal) = journal(steps);
    let (origin, to) = (dir.path().join("origin"), dir.path().join("to"));
    let disk = |seed| {
        let mut dice = StdRng::seed_from_u64(seed);
        let cut = Cut::after(&journal, journal.steps.len(), honest);
        cut.make(&origin, &to, 0.5, &mut dice).unwrap();
        let mut files: Vec<_> = fs::read_dir(&to)
            .unwrap()
            .map(Result::unwrap)
            .map(|entry| {
                (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap_or_default())
            })
            .collect();
        files.sort();
        files
    };
    (0..200).map(disk).collect()
}

fn file(name: &str, bytes: &str) -> (String, Vec<u8>) {
    (name.to_owned(), bytes.as_bytes().to_vec())
}

/// A new file is written, synced, and takes the place of the old one.
fn replaced(more: &[Step]) -> Vec<Step> {
    let steps = [
        Step::Name(name("new"), 2),
        Step::Write(2, 0, b"after".to_vec()),
        Step::Sync(2),
        Step::Rename(name("new"), name("old")),
    ];
    [&steps[..], more].concat()
}

#[test]
fn a_synced_file_under_a_name_that_is_not_synced_is_there_whole_or_not_at_all() {
    let seen = disks(replaced(&[]), true);
    let may = [
        vec![file("old", "before")],
        vec![file("new", "after"), file("old", "before")],
        vec![file("old", "after")],
    ];
    assert_eq!(seen, BTreeSet::from(may));
}

#[test]
fn what_was_synced_is_there() {
    for sync in [Step::Sync(TOP), Step::SyncAll] {
        let seen = disks(replaced(&[sync]), true);
        assert_eq!(seen, BTreeSet::from([vec![file("old", "after")]]));
    }
}

#[test]
fn where_syncs_are_without_effect_nothing_is_sure() {
    let seen = disks(replaced(&[Step::SyncAll]), false);
    assert!(seen.contains(&vec![file("old", "before")]) && seen.contains(&vec![file("old", "after")]));
    assert!(seen.contains(&vec![file("old", "")]), "a name without its bytes: {seen:?}");
}

#[test]
fn of_bytes_that_are_not_synced_any_pieces_may_be_there() {
    let long = [vec![1; 4096], vec![2; 4096]].concat();
    let seen = disks(vec![Step::Write(1, 0, long)], true);
    let pieces = |disk: &Vec<(String, Vec<u8>)>| {
        let bytes = &disk[0].1;
        (bytes.first().copied(), bytes.len() > 4096 && bytes.last() == Some(&2))
    };
    let seen: BTreeSet<_> = seen.iter().map(pieces).collect();
    for wanted in [(Some(b'b'), false), (Some(1), false), (Some(b'b'), true), (Some(1), true)] {
        assert!(seen.contains(&wanted), "{wanted:?} in {seen:?}");
    }
}

#[test]
fn what_lies_in_a_folder_that_is_not_there_is_not_lost_from_where_it_was() {
    let steps = vec![Step::MakeDir(name("folder"), 2), Step::Rename(name("old"), (2, "inner".into()))];
    let seen = disks(steps, true);
    let may = [
        vec![file("old", "before")],
        vec![file("folder", ""), file("old", "before")],
        vec![file("folder", "")],
    ];
    assert_eq!(seen, BTreeSet::from(may));
}

#[test]
fn what_sqlite_keeps_in_shared_memory_is_gone() {
    let steps = vec![Step::Name(name("a.db-shm"), 2), Step::SyncAll];
    assert_eq!(disks(steps, true), BTreeSet::from([vec![file("old", "before")]]));
}
