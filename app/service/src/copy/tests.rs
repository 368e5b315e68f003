//! Lists with a real archive, catalog and index.

use std::io::Cursor;
use std::sync::Arc;

use api::Role;
use api::account::NewUser;
use api::copy::{CopyState, DecideCopy, NewCopy};
use api::ids::PersonId;
use api::ledger::EVENT_KINDS;
use api::search::SearchQuery;
use api::{Problem, ProblemCode};
use archive::db::office::event;
use archive::dossier::{Change, Facts};
use archive::person::PersonRecord;
use calamine::{Reader as _, Xlsx};

use super::*;
use crate::authority::Names;
use crate::{Config, account, index};

struct School {
    _dir: tempfile::TempDir,
    office: Arc<Office>,
    registrar: Actor,
    second: Actor,
    supervisor: Actor,
}

fn staff(office: &Office, name: &str, role: Role) -> Actor {
    let new = NewUser {
        account: name.to_owned(),
        name: format!("{name}老师"),
        roles: vec![role],
        password: "correct horse battery".to_owned(),
    };
    let user = account::create(office, &Actor::console(), &new).unwrap();
    Actor::new(user.id, user.account, user.name, user.roles)
}

/// A school with `in_a` students of class A and one of class B.
fn school(in_a: usize) -> School {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    Office::create(&data, "测试学院", &Names::local()).unwrap();
    let office = Office::open(Config { allow_unencrypted_volume: true, ..Config::new(data) }).unwrap();
    let registrar = staff(&office, "registrar", Role::Registrar);
    let second = staff(&office, "second", Role::Registrar);
    let supervisor = staff(&office, "supervisor", Role::Supervisor);
    let person = |n: usize, class: &str| {
        let facts = PersonRecord {
            name: format!("买买提·学生{n}"),
            student_number: Some(format!("20260{n:05}")),
            class: Some(class.to_owned()),
            ..PersonRecord::default()
        };
        Change::of(PersonId::new(), "Roster of a test").facts(Facts::Set(Box::new(facts)))
    };
    let mut changes: Vec<Change> = (0..in_a).map(|n| person(n, "A班")).collect();
    changes.push(person(99_999, "B班"));
    dossier::keep(&office, &registrar, changes).unwrap();
    index::catch_up(&office).unwrap();
    School { _dir: dir, office, registrar, second, supervisor }
}

fn problem(error: Error) -> Problem {
    match error {
        Error::Refused(problem) => *problem,
        Error::Failed { what, source } => panic!("could not {what}: {source:?}"),
    }
}

fn class(name: &str, numbers: bool) -> NewCopy {
    let query = SearchQuery {
        class: Some(name.to_owned()),
        sort: Some("class".to_owned()),
        ..SearchQuery::default()
    };
    NewCopy { query, numbers, purpose: "毕业典礼座次".to_owned() }
}

const YES: DecideCopy = DecideCopy { approve: true, note: String::new() };

/// Every cell of a workbook as text, row by row.
fn cells(book: &Workbook) -> Vec<Vec<String>> {
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(&book.bytes)).unwrap();
    let range = book.worksheet_range_at(0).unwrap().unwrap();
    range.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect()
}

#[test]
fn a_list_leaves_only_when_another_has_approved_it_and_everybody_on_it_can_see_who_took_it() {
    // More than the index gives at once, so that pages are put together.
    let school = school(620);
    let asked = ask(&school.office, &school.registrar, &class("A班", true)).unwrap();
    assert_eq!((asked.people, asked.state, asked.mine), (620, CopyState::Waiting, true));
    let code = |result: Result<Workbook>| problem(result.unwrap_err()).code;
    assert_eq!(code(take(&school.office, &school.registrar, asked.id)), ProblemCode::WrongState);
    let own = decide(&school.office, &school.registrar, asked.id, &YES).unwrap_err();
    assert_eq!(problem(own).code, ProblemCode::SamePerson);

    let approved = decide(&school.office, &school.supervisor, asked.id, &YES).unwrap();
    assert_eq!(approved.decided_by.as_deref(), Some("supervisor老师"));
    let again = decide(&school.office, &school.second, asked.id, &YES).unwrap_err();
    assert_eq!(problem(again).code, ProblemCode::WrongState);
    assert_eq!(code(take(&school.office, &school.second, asked.id)), ProblemCode::NotFound);

    let cells = cells(&take(&school.office, &school.registrar, asked.id).unwrap());
    let said: String = cells[..6].concat().concat();
    for words in ["测试学院", "毕业典礼座次", "registrar老师", "supervisor老师", "620", &asked.id.to_string()]
    {
        assert!(said.contains(words), "{words} in {said}");
    }
    let people: Vec<_> = cells.iter().skip(7).collect();
    assert_eq!(people.len(), 620);
    assert!(people.iter().all(|row| row[6] == "A班" && row[1].starts_with("买买提·学生")));
    assert_eq!(people[17][2], "2026000017");
    // Whoever looks into a dossier sees it, and so does the ledger.
    let stating = Actor { purpose: Some("查询".to_owned()), ..school.registrar.clone() };
    let rows = school.office.office.read(|conn| rows::get(conn, asked.id)).unwrap().unwrap();
    assert_eq!(rows.taken, 1);
    let uses = dossier::read(&school.office, &stating, rows.people[619]).unwrap().uses;
    let told = uses.iter().find(|used| used.action == "copy.take").unwrap();
    assert_eq!((&*told.by, &*told.purpose), ("registrar老师", "毕业典礼座次"));
    for kind in ["copy.asked", "copy.approved", "copy.taken"] {
        assert!(EVENT_KINDS.contains(&kind));
        let reference = if kind == "copy.taken" { "1" } else { "" };
        let found = school
            .office
            .office
            .read(|conn| event::by_key(conn, kind, &asked.id.to_string(), reference))
            .unwrap();
        assert!(found.is_some(), "{kind}");
    }
}

#[test]
fn numbers_are_masked_unless_they_were_asked_for() {
    let school = school(2);
    let asked = ask(&school.office, &school.registrar, &class("A班", false)).unwrap();
    decide(&school.office, &school.second, asked.id, &YES).unwrap();
    let cells = cells(&take(&school.office, &school.registrar, asked.id).unwrap());
    let number = &cells[7][2];
    assert!(number.contains('*') && !number.contains("2026000000"), "{number}");
}

#[test]
fn what_is_taken_is_what_was_approved() {
    let school = school(3);
    let asked = ask(&school.office, &school.registrar, &class("A班", true)).unwrap();
    decide(&school.office, &school.supervisor, asked.id, &YES).unwrap();
    let facts =
        PersonRecord {
            name: "后来者".to_owned(), class: Some("A班".to_owned()), ..PersonRecord::default()
        };
    let late = Change::of(PersonId::new(), "Roster of a test").facts(Facts::Set(Box::new(facts)));
    dossier::keep(&school.office, &school.registrar, vec![late]).unwrap();
    index::catch_up(&school.office).unwrap();
    let cells = cells(&take(&school.office, &school.registrar, asked.id).unwrap());
    assert_eq!(cells.len(), 7 + 3);
}

#[test]
fn a_refusal_says_why_and_an_approval_ends_after_a_week() {
    let school = school(1);
    let asked = ask(&school.office, &school.registrar, &class("A班", true)).unwrap();
    let silent = DecideCopy { approve: false, note: " ".to_owned() };
    let refused = decide(&school.office, &school.supervisor, asked.id, &silent).unwrap_err();
    assert_eq!(problem(refused).code, ProblemCode::BadField);
    let no = DecideCopy { approve: false, note: "用途不清".to_owned() };
    assert_eq!(decide(&school.office, &school.supervisor, asked.id, &no).unwrap().state, CopyState::Refused);
    let code = problem(take(&school.office, &school.registrar, asked.id).unwrap_err()).code;
    assert_eq!(code, ProblemCode::WrongState);

    let asked = ask(&school.office, &school.registrar, &class("A班", true)).unwrap();
    decide(&school.office, &school.supervisor, asked.id, &YES).unwrap();
    let row = school.office.office.read(|conn| rows::get(conn, asked.id)).unwrap().unwrap();
    let at = row.decided.as_ref().unwrap().0;
    let hours = |n| at + SignedDuration::from_hours(n);
    assert_eq!(state_of(&row, hours(167)), CopyState::Approved);
    assert_eq!(state_of(&row, hours(168)), CopyState::Expired);
}

#[test]
fn an_empty_list_and_an_office_without_the_right_are_refused() {
    let school = school(1);
    let nobody = ask(&school.office, &school.registrar, &class("C班", false)).unwrap_err();
    assert_eq!(problem(nobody).code, ProblemCode::BadField);
    let supervisor = ask(&school.office, &school.supervisor, &class("A班", false)).unwrap_err();
    assert_eq!(problem(supervisor).code, ProblemCode::NotAllowed);
    assert!(list(&school.office, &Actor::console()).is_err());
    assert!(list(&school.office, &school.supervisor).unwrap().is_empty());
}
