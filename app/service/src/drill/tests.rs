//! Drills of a real archive with its database and ledger.

use std::sync::Arc;

use api::account::AuditEntry;
use api::health::DoctorFinding;
use api::ids::PersonId;
use api::{ProblemCode, Role, Slice};
use archive::db::office::event as events;
use archive::dossier::{Change, Facts, Holdings};
use archive::fixity::drill::list_digest;
use archive::ocfl::{self, User};
use archive::person::PersonRecord;
use fs_err as fs;
use jiff::Timestamp;

use super::*;
use crate::authority::Names;
use crate::{Config, doctor};

struct House {
    dir: tempfile::TempDir,
    office: Arc<Office>,
}

/// An appliance that keeps the dossiers of `people` people.
fn house(people: usize) -> House {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    Office::create(&data, "测试学院", &Names::local()).unwrap();
    let office = Office::open(Config { allow_unencrypted_volume: true, ..Config::new(data) }).unwrap();
    let dossier = |n: usize| {
        let facts = PersonRecord { name: format!("学生{n}"), ..PersonRecord::default() };
        Change::of(PersonId::new(), "test").facts(Facts::Set(Box::new(facts)))
    };
    let by = User { name: "test".to_owned(), address: None };
    Holdings::new(&office.archive, &office.catalog)
        .keep((0..people).map(dossier).collect(), &by, Timestamp::now())
        .unwrap();
    House { dir, office }
}

impl House {
    fn to(&self) -> PathBuf {
        self.dir.path().join("drill")
    }

    fn drill_to(&self, to: &Path, afterwards: Afterwards) -> Result<Done> {
        run(&self.office, &Actor::console(), to, afterwards, &|_, _, _| {}, &|| false)
    }

    fn drill(&self) -> Done {
        self.drill_to(&self.to(), Afterwards::Remove).unwrap()
    }

    fn health(&self) -> health::ArchiveHealth {
        crate::health::archive(&self.office, &Actor::console()).unwrap()
    }

    fn doctor(&self) -> DoctorFinding {
        let found = doctor::examine(&self.office, &Actor::console()).unwrap().findings;
        found.into_iter().find(|finding| finding.code.starts_with("drill")).unwrap()
    }

    fn trail(&self) -> Vec<AuditEntry> {
        let filter = audit::AuditFilter { action: Some(DRILLED.to_owned()), ..audit::AuditFilter::default() };
        audit::list(&self.office, &Actor::console(), &filter, Slice { offset: 0, limit: 10 }).unwrap().items
    }

    /// Changes one byte of one object's newest inventory.
    fn spoil(&self) -> ObjectId {
        let object = self.office.archive.objects().next().unwrap().unwrap();
        let file = object.folder().join("inventory.json");
        let mut bytes = fs::read(&file).unwrap();
        let last = bytes.len() - 1;
        bytes[last] = b' ';
        fs::write(file, bytes).unwrap();
        object.id()
    }
}

fn code_of(refused: Result<Done>) -> ProblemCode {
    match refused {
        Err(Error::Refused(problem)) => problem.code,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_drill_is_kept_and_told_everywhere() {
    let house = house(7);
    assert_eq!((house.health().last_drill, house.doctor().code.as_str()), (None, "drill-never"));
    let done = house.drill();
    assert!(done.report.is_whole() && done.report.objects == 7, "{:#?}", done.report);
    assert!(done.copy.is_none() && !house.to().exists(), "the copy is gone");
    let told = house.health().last_drill.unwrap();
    assert_eq!((told.at, told.objects, told.differing), (done.report.ended, 7, 0));
    assert_eq!((told.files, told.bytes, &told.report), (done.report.files, done.report.bytes, &done.sha256));
    let finding = house.doctor();
    assert_eq!((finding.code.as_str(), finding.level.as_str()), ("drill-ok", "ok"));
    let trail = house.trail();
    assert!(trail.len() == 1 && trail[0].ok && trail[0].account == "console", "{trail:?}");

    let kept = house.office.office.read(rows::latest).unwrap().unwrap();
    let report = house.office.office.read(|conn| rows::report(conn, kept.number)).unwrap().unwrap();
    assert_eq!(::ledger::Hash::of(report.as_bytes()).to_string(), done.sha256);
    let all = house.office.office.read(|conn| rows::all_restored(conn, kept.number)).unwrap();
    assert_eq!((all.len(), list_digest(&all).unwrap()), (7, done.report.list));
    let key = kept.number.to_string();
    let queued =
        house.office.office.read(|conn| events::by_key(conn, DRILLED, ARCHIVE, &key)).unwrap().unwrap();
    assert_eq!(queued.event.detail["report"], done.sha256.as_str());
    assert_eq!(queued.event.detail["objects"], 7);
}

#[test]
fn a_copy_that_is_kept_is_an_archive() {
    let house = house(3);
    let copy = house.drill_to(&house.to(), Afterwards::Keep).unwrap().copy.unwrap();
    assert!(copy.starts_with(house.to()) && ocfl::validate(&copy).is_valid());
    assert_eq!(ocfl::Root::open(&copy).unwrap().objects().count(), 3);
    let again = house.drill_to(&house.to(), Afterwards::Remove);
    assert_eq!(code_of(again), ProblemCode::BadField, "the folder is not empty any more");
    assert!(copy.exists(), "a refused drill touches nothing");
}

#[test]
fn what_differs_is_told_until_a_drill_finds_nothing() {
    let house = house(4);
    let vanished = house.office.archive.objects().nth(2).unwrap().unwrap();
    let away = house.dir.path().join("away");
    fs::rename(vanished.folder(), &away).unwrap();
    let done = house.drill();
    let named: Vec<_> = done.report.differing.iter().filter_map(|found| found.object).collect();
    assert!(
        named.contains(&vanished.id()),
        "the catalog knows what the archive has lost: {:#?}",
        done.report
    );
    let finding = house.doctor();
    assert_eq!((finding.code.as_str(), finding.level.as_str()), ("drill-differs", "attention"));
    fs::rename(&away, vanished.folder()).unwrap();
    assert!(house.drill().report.is_whole());
    assert_eq!(house.doctor().code, "drill-ok");

    let spoilt = house.spoil();
    let done = house.drill();
    assert!(done.report.differing.iter().all(|found| found.object == Some(spoilt)), "{:#?}", done.report);
    assert_eq!(house.health().last_drill.unwrap().differing, done.report.differing.len() as u64);
    assert_eq!(house.doctor().code, "drill-differs");
}

#[test]
fn who_or_where_is_not_fit_is_refused_and_nothing_is_kept() {
    let house = house(2);
    let desk =
        Actor::new(api::ids::UserId::new(), "desk".to_owned(), "desk".to_owned(), vec![Role::Registrar]);
    let told = |_: Step, _: u64, _: u64| {};
    let refused = run(&house.office, &desk, &house.to(), Afterwards::Remove, &told, &|| false);
    assert_eq!(code_of(refused), ProblemCode::NotAllowed);
    for within in ["", "drill", "archive/drill"] {
        let to = house.office.paths.data.join(within);
        assert_eq!(code_of(house.drill_to(&to, Afterwards::Remove)), ProblemCode::BadField, "{within}");
        assert!(within.is_empty() || !to.exists());
    }
    let stopped = run(&house.office, &Actor::console(), &house.to(), Afterwards::Keep, &told, &|| true);
    assert_eq!(code_of(stopped), ProblemCode::WrongState);
    assert!(!house.to().exists(), "the folder it made is gone");
    assert_eq!((house.health().last_drill, house.trail().len()), (None, 0));
}

#[test]
fn photos_are_not_restored_to_a_volume_anybody_can_read() {
    let house = house(1);
    if encryption(house.dir.path()).unwrap() == Encryption::Encrypted {
        println!("skipped: the tests run on an encrypted volume");
        return;
    }
    let strict = Config::new(&house.office.paths.data);
    assert!(!strict.allow_unencrypted_volume);
    let strict = House { office: Office::open(strict).unwrap(), dir: house.dir };
    assert_eq!(code_of(strict.drill_to(&strict.to(), Afterwards::Remove)), ProblemCode::BadField);
    assert!(!strict.to().exists());
}
