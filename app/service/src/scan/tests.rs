//! A reading that was interrupted, on a real data directory.

use std::io::Cursor;
use std::thread;
use std::time::Duration;

use api::job::{JobKind, JobState};
use archive::db::catalog::scan as rows;
use archive::dossier::{DiplomaFacts, Facts, Page, Reading};
use archive::person::PersonRecord;

use super::*;
use crate::authority::Names;
use crate::{Config, job};

fn picture() -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let page = image::GrayImage::from_pixel(600, 800, image::Luma([250]));
    page.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// What a page without a word reads as.
fn reading(scan: &archive::dossier::Scan) -> Reading {
    Reading {
        format: Reading::FORMAT.to_owned(),
        scan: scan.id,
        sha256: scan.sha256.clone(),
        at: dossier::now(),
        models: Vec::new(),
        school: "测试学院".to_owned(),
        pages: vec![Page { width: 600, height: 800, lines: Vec::new(), unreadable: None }],
    }
}

#[test]
fn what_a_run_read_that_was_killed_before_it_could_say_so_is_counted_once() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    Office::create(&data, "测试学院", &Names::local()).unwrap();
    let office = Office::open(Config::new(data)).unwrap();
    let console = Actor::console();
    let kept = |change: Change| keep(&office, &console, vec![change]).unwrap();

    let person = PersonId::new();
    let facts = PersonRecord { name: "张三丰".to_owned(), ..PersonRecord::default() };
    let entry = DiplomaFacts { number: "123451202606000001".to_owned(), ..DiplomaFacts::default() };
    kept(Change::of(person, "test").facts(Facts::Set(Box::new(facts))).diploma(entry));
    let diploma = office.catalog.read(|conn| diploma::of(conn, person)).unwrap()[0].id;
    kept(Change::of(person, "test").scan(diploma, NewScan::from_bytes(picture(), "test").unwrap()));
    let scan = office.catalog.read(|conn| rows::of(conn, person)).unwrap().remove(0).scan;

    let read = |interrupted: bool| {
        let asked = job::enqueue(&office, &console, JobKind::ReadScans, None, &()).unwrap();
        if interrupted {
            kept(Change::of(person, "test").reading(reading(&scan)));
        }
        let workers = job::start(&office).unwrap();
        let ended = loop {
            let seen = job::get(&office, &console, asked.id).unwrap();
            if !matches!(seen.state, JobState::Waiting | JobState::Running) {
                break seen;
            }
            thread::sleep(Duration::from_millis(10));
        };
        workers.stop();
        assert_eq!(ended.state, JobState::Done, "{:?}", ended.problem);
        (ended.result["read"], ended.result["failed"])
    };
    assert_eq!(read(true), (1, 0), "what the killed run read is told by the next");
    assert_eq!(read(false), (0, 0), "a job asked for later has read nothing");
}
