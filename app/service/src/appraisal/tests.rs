//! Checks of a real archive with its databases and ledger.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use api::{ProblemCode, Role};
use archive::dossier::{Change, Facts, Holdings};
use archive::ocfl::User;
use archive::person::PersonRecord;

use super::*;
use crate::Config;
use crate::authority::Names;

struct House {
    _dir: tempfile::TempDir,
    office: Arc<Office>,
}

/// An appliance that keeps the dossiers of three people.
fn house() -> House {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    Office::create(&data, "测试学院", &Names::local()).unwrap();
    let office = Office::open(Config { allow_unencrypted_volume: true, ..Config::new(data) }).unwrap();
    let dossier = |n: usize| {
        let number = Some(format!("20240{n}"));
        let facts =
            PersonRecord { name: format!("学生{n}"), student_number: number, ..PersonRecord::default() };
        Change::of(PersonId::new(), "test").facts(Facts::Set(Box::new(facts)))
    };
    let by = User { name: "test".to_owned(), address: None };
    Holdings::new(&office.archive, &office.catalog)
        .keep((0..3).map(dossier).collect(), &by, Timestamp::now())
        .unwrap();
    crate::dossier::announce(&office).unwrap();
    House { _dir: dir, office }
}

impl House {
    fn check(&self, stop: appraisal::Stop<'_>) -> Result<Done> {
        now(&self.office, &Actor::console(), Scope::Archive, &|_, _| {}, stop)
    }

    fn list(&self) -> Vec<wire::Appraisal> {
        list(&self.office, &Actor::console(), None).unwrap()
    }
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> ProblemCode {
    match result.unwrap_err() {
        Error::Refused(problem) => problem.code,
        error => panic!("{error:?}"),
    }
}

#[test]
fn a_check_is_kept_with_an_event_that_names_its_report() {
    let house = house();
    let done = house.check(&|| false).unwrap();
    assert!(done.report.has_passed(), "{:#?}", done.report.rows);
    let kept = get(&house.office, &Actor::console(), done.id).unwrap();
    assert_eq!(house.list(), std::slice::from_ref(&kept.appraisal));
    assert_eq!((kept.items.len(), &kept.appraisal.sha256), (40, &done.sha256));
    assert_eq!(::ledger::Hash::of(&done.report.document().unwrap().0).to_string(), done.sha256);
    let events = house.office.office.read(|conn| events::waiting(conn, 100)).unwrap();
    let event = events.iter().find(|queued| queued.event.kind == APPRAISED).unwrap();
    assert_eq!(event.event.detail["report"], done.sha256.as_str());
    assert_eq!(event.event.subject, "archive");
}

#[test]
fn a_check_that_was_stopped_leaves_no_report_and_no_event() {
    let house = house();
    let seen = AtomicBool::new(false);
    let stop = || seen.swap(true, Ordering::SeqCst);
    assert_eq!(code(house.check(&stop)), ProblemCode::WrongState);
    assert_eq!(house.list(), []);
    let events = house.office.office.read(|conn| events::waiting(conn, 100)).unwrap();
    assert!(events.iter().all(|queued| queued.event.kind != APPRAISED));
}

#[test]
fn what_is_asked_twice_is_done_once_and_only_by_who_may() {
    let house = house();
    let auditor = Actor::new(api::ids::UserId::new(), "a".to_owned(), "A".to_owned(), vec![Role::Auditor]);
    let registrar =
        Actor::new(api::ids::UserId::new(), "r".to_owned(), "R".to_owned(), vec![Role::Registrar]);
    let all = Appraise::default();
    assert_eq!(code(ask(&house.office, &auditor, &all)), ProblemCode::NotAllowed);
    let one = ask(&house.office, &registrar, &all).unwrap();
    assert_eq!(ask(&house.office, &registrar, &all).unwrap().id, one.id);
    let both = Appraise { object: Some("x".to_owned()), delivery: Some(DeliveryId::new()) };
    assert_eq!(code(ask(&house.office, &registrar, &both)), ProblemCode::BadField);
    let none = Appraise { object: None, delivery: Some(DeliveryId::new()) };
    assert_eq!(code(ask(&house.office, &registrar, &none)), ProblemCode::NotFound);
}

#[test]
fn a_delivery_is_asked_about_once_at_its_accession() {
    let house = house();
    let delivery = DeliveryId::new();
    at_accession(&house.office, &Actor::appliance(), delivery).unwrap();
    at_accession(&house.office, &Actor::appliance(), delivery).unwrap();
    let jobs = job::list(&house.office, &Actor::console(), Some(&delivery.to_string())).unwrap();
    assert_eq!((jobs.len(), jobs[0].kind), (1, JobKind::Appraise));
}

#[test]
fn the_report_of_an_accession_stays_with_what_was_accepted() {
    let house = house();
    let office = &house.office;
    let delivery = DeliveryId::new();
    let object = ObjectId::from(delivery.uuid());
    let by = User { name: "test".to_owned(), address: None };
    let record = (SafePath::new("delivery.json").unwrap(), Source::Bytes(b"{}".to_vec()));
    Holdings::new(&office.archive, &office.catalog)
        .keep_object(object, vec![record], "accepted", &by, Timestamp::now())
        .unwrap();
    let by_person = Actor::appliance();
    let scope = Scope::Delivery(delivery);
    let preserved = Asked { scope, environment: Environment::Preservation };
    let check = |asked, reference| {
        keep(office, &by_person, examine(office, asked, &|_, _| {}, &|| false).unwrap(), reference).unwrap()
    };
    check(preserved, "1");
    let versions = || office.archive.object(object).unwrap().unwrap().head().get();
    assert_eq!(versions(), 1, "whoever asks again changes nothing in the archive");
    let done = check(Asked { scope, environment: Environment::Accession }, "2");
    assert_eq!(versions(), 2);
    let kept = office.archive.object(object).unwrap().unwrap();
    let read = |name: &str| kept.read(&SafePath::new(name).unwrap()).unwrap();
    assert_eq!(::ledger::Hash::of(&read(KEPT_AS)).to_string(), done.sha256);
    assert_eq!(read("delivery.json"), b"{}");
    // Whoever was killed before telling of it tells of this one, and examines nothing again.
    let again = archived(office, Asked { scope, environment: Environment::Accession }).unwrap().unwrap();
    assert_eq!(keep(office, &by_person, again, "2").unwrap().sha256, done.sha256);
    assert_eq!(versions(), 2);
    assert!(archived(office, preserved).unwrap().is_none());
    let events = office.office.read(|conn| events::waiting(conn, 100)).unwrap();
    assert!(events.iter().any(|queued| queued.event.detail["version"] == 2), "the ledger is told of it");
}
