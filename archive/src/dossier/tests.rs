//! Stories about dossiers, on real files.

use std::{
    cell::Cell,
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
};

use ids::{CampaignId, PersonId};
use image::{ImageFormat, RgbImage};
use jiff::Timestamp;
use tempfile::TempDir;

use super::*;
use crate::{
    db::{
        Store,
        catalog::{self, MIGRATIONS},
    },
    ocfl::{Root, User},
    person::PersonRecord,
};

thread_local! {
    static FAULT: Cell<Option<&'static str>> = const { Cell::new(None) };
}

/// Panics at `place` if the test asked for it: the nearest thing to a kill inside one process.
pub(super) fn fault(place: &'static str) {
    if FAULT.get() == Some(place) {
        panic!("killed {place}");
    }
}

struct Fixture {
    dir: TempDir,
    root: Root,
    catalog: Store,
}

impl Fixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::create(dir.path().join("archive")).unwrap();
        let catalog = Store::open(dir.path().join("catalog.db"), &MIGRATIONS).unwrap();
        Self { dir, root, catalog }
    }

    fn holdings(&self) -> Holdings<'_> {
        Holdings::new(&self.root, &self.catalog)
    }

    /// What a process started after a crash finds.
    fn reopen(self) -> Self {
        let Self { dir, root, catalog } = self;
        drop((root, catalog));
        let root = Root::open(dir.path().join("archive")).unwrap();
        let catalog = Store::open(dir.path().join("catalog.db"), &MIGRATIONS).unwrap();
        Self { dir, root, catalog }
    }

    fn keep(&self, changes: Vec<Change>) -> Vec<Kept> {
        self.holdings().keep(changes, &user(), at()).unwrap()
    }

    /// Every derived row but the queues, as text.
    fn rows(&self) -> Vec<String> {
        rows_of(&self.catalog)
    }
}

fn rows_of(store: &Store) -> Vec<String> {
    let tables = ["object", "version", "person", "membership", "photo", "diploma", "scan"];
    store
        .read(|conn| {
            tables.iter().map(|table| dump(conn, table)).collect::<Result<Vec<_>, crate::db::Error>>()
        })
        .unwrap()
        .concat()
}

fn dump(conn: &crate::db::Connection, table: &str) -> Result<Vec<String>, crate::db::Error> {
    let mut select = conn.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2"))?;
    let columns = select.column_count();
    select
        .query_map([], |row| {
            let values = (0..columns)
                .map(|at| row.get::<_, crate::db::Value>(at))
                .collect::<Result<Vec<_>, crate::db::Error>>()?;
            Ok(format!("{table} {values:?}"))
        })?
        .collect()
}

fn user() -> User {
    User { name: "registrar".to_owned(), address: None }
}

fn at() -> Timestamp {
    "2026-09-01T08:00:00Z".parse().unwrap()
}

fn record(name: &str, student_number: &str) -> Facts {
    let record = PersonRecord {
        name: name.to_owned(),
        student_number: Some(student_number.to_owned()),
        class: Some("声乐一班".to_owned()),
        ..PersonRecord::default()
    };
    Facts::Merge(Box::new(record))
}

fn jpeg(shade: u8) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_pixel(48, 64, image::Rgb([shade, 90, 200]))
        .write_to(&mut bytes, ImageFormat::Jpeg)
        .unwrap();
    bytes.into_inner()
}

fn photo(shade: u8) -> NewPhoto {
    NewPhoto::from_bytes(PhotoKind::Admission, jpeg(shade), "test").unwrap()
}

fn whole_life(person: PersonId) -> Change {
    let diploma = DiplomaFacts { number: "123451202606000001".to_owned(), ..DiplomaFacts::default() };
    Change::of(person, "everything")
        .facts(record("李一", "2026001"))
        .on_roster(CampaignId::new())
        .photo(photo(1))
        .diploma(diploma)
}

#[test]
fn a_photo_is_kept_byte_for_byte() {
    let f = Fixture::new();
    let person = PersonId::new();
    f.keep(vec![Change::of(person, "new").facts(record("李一", "2026001")).photo(photo(7))]);
    let (dossier, _) = f.holdings().dossier(person).unwrap().unwrap();
    assert_eq!(f.holdings().photo(person, &dossier.photos[0]).unwrap().unwrap(), jpeg(7));
}

#[test]
fn the_same_change_again_makes_no_version() {
    let f = Fixture::new();
    let change = whole_life(PersonId::new());
    let first = f.keep(vec![change.clone()]);
    let second = f.keep(vec![change]);
    assert!(first[0].changed && !second[0].changed);
    assert_eq!((first[0].version, second[0].version), (1, 1));
    assert_eq!(first[0].photos, second[0].photos);
}

#[test]
fn a_newer_photo_takes_the_place_of_the_older_which_stays() {
    let f = Fixture::new();
    let person = PersonId::new();
    let first = f.keep(vec![whole_life(person)]);
    let second = f.keep(vec![Change::of(person, "better").photo(photo(200))]);
    let (dossier, version) = f.holdings().dossier(person).unwrap().unwrap();
    assert_eq!(version, 2);
    assert_eq!(dossier.photos[0].superseded_by, Some(second[0].photos[0]));
    assert_eq!(dossier.photos[0].id, first[0].photos[0]);
    assert_eq!(dossier.current(PhotoKind::Admission).unwrap().id, second[0].photos[0]);
}

#[test]
fn what_a_roster_leaves_out_stays() {
    let f = Fixture::new();
    let person = PersonId::new();
    f.keep(vec![Change::of(person, "new").facts(record("李一", "2026001"))]);
    let shorter =
        PersonRecord {
            name: "李一".to_owned(), major: Some("声乐".to_owned()), ..PersonRecord::default()
        };
    f.keep(vec![Change::of(person, "more").facts(Facts::Merge(Box::new(shorter)))]);
    let facts = f.catalog.read(|conn| catalog::person::facts(conn, person)).unwrap().unwrap();
    assert_eq!((facts.student_number.as_deref(), facts.major.as_deref()), (Some("2026001"), Some("声乐")));
}

#[test]
fn a_correction_of_a_stale_version_is_refused_and_changes_nothing() {
    let f = Fixture::new();
    let person = PersonId::new();
    f.keep(vec![whole_life(person)]);
    let late = Change::of(person, "late").facts(record("李二", "2026001")).from_version(7);
    let refused = f.holdings().keep(vec![late], &user(), at()).unwrap_err();
    assert!(matches!(refused, Error::Stale { expected: 7, found: 1, .. }));
    assert_eq!(f.holdings().dossier(person).unwrap().unwrap().0.facts.name, "李一");
}

#[test]
fn a_cut_off_jpeg_is_no_photo() {
    let mut bytes = jpeg(3);
    bytes.truncate(bytes.len() - 20);
    let refused = NewPhoto::from_bytes(PhotoKind::Admission, bytes, "test").unwrap_err();
    assert_eq!(refused.code(), "photo-cut-off");
}

#[test]
fn the_log_in_the_object_tells_what_happened_to_a_photo() {
    let f = Fixture::new();
    let person = PersonId::new();
    f.keep(vec![whole_life(person)]);
    let object = f.root.object(object_of(person)).unwrap().unwrap();
    let premis: Premis =
        serde_json::from_slice(&object.read(&"premis.json".parse().unwrap()).unwrap()).unwrap();
    let kinds: Vec<_> = premis.events.iter().map(|event| event.event_type.as_str()).collect();
    for kind in ["creation", "message digest calculation", "validation", "ingestion"] {
        assert!(kinds.contains(&kind), "{kind} missing in {kinds:?}");
    }
}

/// Kills at `place` while keeping, opens again, runs the same again: the rows are those of an undisturbed run.
fn killed_at(place: &'static str) {
    let people: Vec<PersonId> = (0..3).map(|_| PersonId::new()).collect();
    let changes = |people: &[PersonId]| {
        people
            .iter()
            .map(|&person| {
                Change::of(person, "new").facts(record("李一", &person.to_string())).photo(photo(1))
            })
            .collect::<Vec<_>>()
    };
    let f = Fixture::new();
    FAULT.set(Some(place));
    let killed = catch_unwind(AssertUnwindSafe(|| f.keep(changes(&people))));
    FAULT.set(None);
    assert!(killed.is_err());
    let f = f.reopen();
    f.holdings().settle().unwrap();
    assert_eq!(f.catalog.read(catalog::intent::all).unwrap(), []);
    f.keep(changes(&people));

    let undisturbed = Fixture::new();
    undisturbed.keep(changes(&people));
    let without_ids = |rows: Vec<String>| {
        rows.into_iter()
            .filter(|row| !row.starts_with("photo"))
            .map(|row| row.split("bytes").next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(without_ids(f.rows()), without_ids(undisturbed.rows()), "{place}");
    assert_eq!(f.catalog.read(catalog::photo::count).unwrap(), 3);
}

#[test]
fn killed_before_the_files_are_kept_nothing_is_there_and_the_next_run_does_all() {
    killed_at("before commit");
}

#[test]
fn killed_after_the_files_are_kept_the_rows_follow_at_the_next_start() {
    killed_at("after commit");
}

#[test]
fn a_rebuilt_catalog_has_the_same_rows() {
    let f = Fixture::new();
    for _ in 0..5 {
        let person = PersonId::new();
        f.keep(vec![whole_life(person)]);
        f.keep(vec![Change::of(person, "better").photo(photo(90))]);
    }
    let before = f.rows();
    let path = f.dir.path().join("again.db");
    let rebuilt = rebuild(&f.root, &path, &mut |_, _| true).unwrap();
    assert_eq!((rebuilt.objects, rebuilt.dossiers, rebuilt.unreadable.len()), (5, 5, 0));
    assert_eq!(rows_of(&Store::open(&path, &MIGRATIONS).unwrap()), before);
}

#[test]
fn a_catalog_is_rebuilt_while_it_is_in_use_and_what_came_meanwhile_is_in_it() {
    let f = Fixture::new();
    let person = PersonId::new();
    f.keep(vec![whole_life(person)]);
    let mut came = false;
    let rebuilt = f.holdings().rebuild(&mut |_, _| {
        if !std::mem::replace(&mut came, true) {
            f.keep(vec![Change::of(person, "meanwhile").photo(photo(150))]);
            f.keep(vec![whole_life(PersonId::new())]);
        }
        true
    });
    rebuilt.unwrap();
    assert_eq!(f.catalog.read(catalog::person::count).unwrap(), 2);
    assert_eq!(f.catalog.read(catalog::photo::count).unwrap(), 3);
    assert!(!f.dir.path().join("catalog.db.new").exists());
}

#[test]
fn a_stopped_rebuild_leaves_the_catalog_as_it_was() {
    let f = Fixture::new();
    f.keep(vec![whole_life(PersonId::new())]);
    let before = f.rows();
    assert!(matches!(f.holdings().rebuild(&mut |_, _| false), Err(RebuildError::Stopped)));
    assert_eq!(f.rows(), before);
}

#[test]
fn a_damaged_object_is_named_and_the_others_are_rebuilt() {
    let f = Fixture::new();
    let broken = PersonId::new();
    f.keep(vec![whole_life(broken), whole_life(PersonId::new())]);
    let folder = f.root.path().join(f.root.folder(object_of(broken)));
    fs_err::write(folder.join("inventory.json"), b"{}").unwrap();
    let rebuilt = f.holdings().rebuild(&mut |_, _| true).unwrap();
    assert_eq!((rebuilt.objects, rebuilt.unreadable.len()), (1, 1));
    assert_eq!(f.catalog.read(catalog::person::count).unwrap(), 1);
}

fn diploma_of(f: &Fixture, person: PersonId) -> Diploma {
    f.holdings().dossier(person).unwrap().unwrap().0.diplomas.remove(0)
}

fn scan(shade: u8) -> NewScan {
    NewScan::from_bytes(jpeg(shade), "test").unwrap()
}

fn reading_of(scan: &Scan, text: &str) -> Reading {
    let line = Line { text: text.to_owned(), confidence: 0.75, place: [1.0, 2.0, 30.0, 4.0] };
    Reading {
        format: Reading::FORMAT.to_owned(),
        scan: scan.id,
        sha256: scan.sha256.clone(),
        at: at(),
        models: vec![Model { name: "reader".to_owned(), sha256: "00".to_owned() }],
        school: String::new(),
        pages: vec![Page { width: 48, height: 64, lines: vec![line], unreadable: None }],
    }
}

/// A person with a diploma, a scan of it, and what was read on that.
fn scanned(f: &Fixture, text: &str) -> (PersonId, Scan) {
    let person = PersonId::new();
    f.keep(vec![whole_life(person)]);
    f.keep(vec![Change::of(person, "scan").scan(diploma_of(f, person).id, scan(9))]);
    let kept = diploma_of(f, person).scans.remove(0);
    f.keep(vec![Change::of(person, "read").reading(reading_of(&kept, text))]);
    (person, kept)
}

#[test]
fn a_scan_is_kept_byte_for_byte_beside_its_diploma_and_only_once() {
    let f = Fixture::new();
    let person = PersonId::new();
    f.keep(vec![whole_life(person)]);
    let change = Change::of(person, "scan").scan(diploma_of(&f, person).id, scan(9));
    let (first, second) = (f.keep(vec![change.clone()]), f.keep(vec![change]));
    assert!(first[0].changed && !second[0].changed);
    assert_eq!(first[0].scans, second[0].scans);
    let diploma = diploma_of(&f, person);
    let [kept] = diploma.scans.as_slice() else { panic!("one scan") };
    assert_eq!((kept.pages, kept.width, kept.height), (1, 48, 64));
    assert_eq!(f.holdings().scan(person, kept).unwrap().unwrap(), jpeg(9));
    // A newer register changes what it says and not what is scanned.
    let corrected = DiplomaFacts { name: "李一".to_owned(), ..diploma.facts.clone() };
    f.keep(vec![Change::of(person, "register").diploma(corrected)]);
    assert_eq!(diploma_of(&f, person).scans, diploma.scans);
}

#[test]
fn what_was_read_lies_in_the_object_and_follows_the_register_when_that_is_corrected() {
    let f = Fixture::new();
    let (person, kept) = scanned(&f, "证书编号 123451202606000001");
    let doubt = || f.catalog.read(catalog::scan::totals).unwrap();
    assert_eq!((doubt().scans, doubt().unread, doubt().in_doubt), (1, 0, 0));
    let corrected = DiplomaFacts { name: "李一".to_owned(), ..diploma_of(&f, person).facts };
    f.keep(vec![Change::of(person, "register").diploma(corrected)]);
    assert_eq!(doubt().in_doubt, 1, "the name is not on the scan");
    let again = f.keep(vec![Change::of(person, "read").reading(reading_of(&kept, "another text"))]);
    assert!(!again[0].changed, "a reading of the same moment is the same reading");
    let found = f.catalog.read(|conn| catalog::scan::get(conn, kept.id)).unwrap().unwrap();
    assert_eq!(found.reading.unwrap().text(), "证书编号 123451202606000001");
}

#[test]
fn scans_and_what_was_read_on_them_come_back_with_a_rebuilt_catalog() {
    let f = Fixture::new();
    scanned(&f, "证书编号 123451202606000009");
    let before = f.rows();
    let path = f.dir.path().join("again.db");
    rebuild(&f.root, &path, &mut |_, _| true).unwrap();
    assert_eq!(rows_of(&Store::open(&path, &MIGRATIONS).unwrap()), before);
    f.holdings().rebuild(&mut |_, _| true).unwrap();
    assert_eq!(f.rows(), before);
    assert_eq!(f.catalog.read(|conn| catalog::scan::in_doubt(conn, 0, 10)).unwrap().len(), 1);
}

#[test]
fn a_reading_that_cannot_be_understood_is_made_again() {
    let f = Fixture::new();
    let (person, kept) = scanned(&f, "证书编号");
    let object = f.root.object(object_of(person)).unwrap().unwrap();
    let file = object.folder().join("v3/content").join(format!("scans/{}.text.json", kept.id));
    fs_err::write(file, b"{").unwrap();
    f.holdings().rebuild(&mut |_, _| true).unwrap();
    let unread = f.catalog.read(|conn| catalog::scan::unread(conn, None, 10)).unwrap();
    assert_eq!(unread.iter().map(|found| found.scan.id).collect::<Vec<_>>(), [kept.id]);
}

#[test]
fn debug_gives_nobody_away() {
    let change = whole_life(PersonId::new());
    let shown = format!("{change:?}");
    assert!(!shown.contains("李一") && !shown.contains("2026001") && !shown.contains("12345120"));
}
