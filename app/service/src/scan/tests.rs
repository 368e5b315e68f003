//! Reading that was interrupted, on a real data directory.

use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use api::ids::{JobId, UploadId};
use api::job::{Job, JobKind, JobState};
use archive::db::catalog::scan as rows;
use archive::dossier::{DiplomaFacts, Facts, Page, Reading, Scan};
use archive::person::PersonRecord;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::authority::Names;
use crate::{Config, event, job};

fn picture() -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let page = image::GrayImage::from_pixel(600, 800, image::Luma([250]));
    page.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// What a page without a word reads as.
fn reading(scan: &Scan) -> Reading {
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

/// An appliance with one unread scan, and where it lies.
struct House {
    office: Arc<Office>,
    person: PersonId,
    scan: Scan,
    _dir: TempDir,
}

fn house() -> House {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    Office::create(&data, "测试学院", &Names::local()).unwrap();
    let models = std::env::var_os("XUECANG_MODELS").map_or_else(|| PathBuf::from("no models"), PathBuf::from);
    let office = Office::open(Config { models, ..Config::new(data) }).unwrap();
    let person = PersonId::new();
    let facts = PersonRecord { name: "张三丰".to_owned(), ..PersonRecord::default() };
    let entry = DiplomaFacts { number: "123451202606000001".to_owned(), ..DiplomaFacts::default() };
    keep_one(&office, Change::of(person, "test").facts(Facts::Set(Box::new(facts))).diploma(entry));
    let diploma = office.catalog.read(|conn| diploma::of(conn, person)).unwrap()[0].id;
    let scan = NewScan::from_bytes(picture(), "test").unwrap();
    keep_one(&office, Change::of(person, "test").scan(diploma, scan));
    let scan = office.catalog.read(|conn| rows::of(conn, person)).unwrap().remove(0).scan;
    House { office, person, scan, _dir: dir }
}

fn keep_one(office: &Office, change: Change) {
    keep(office, &Actor::console(), vec![change]).unwrap();
}

impl House {
    fn ask(&self, kind: JobKind, params: &serde_json::Value) -> JobId {
        job::enqueue(&self.office, &Actor::console(), kind, None, params).unwrap().id
    }

    /// Lets the workers go on from where they were, until nothing is left to do.
    fn work(&self) {
        let workers = job::start(&self.office).unwrap();
        while self.jobs().iter().any(|job| matches!(job.state, JobState::Waiting | JobState::Running)) {
            thread::sleep(Duration::from_millis(10));
        }
        workers.stop();
    }

    fn jobs(&self) -> Vec<Job> {
        job::list(&self.office, &Actor::console(), None).unwrap()
    }

    /// How many scans a job read, and how many it could not.
    fn read(&self, job: JobId) -> (u64, u64) {
        self.work();
        let job = job::get(&self.office, &Actor::console(), job).unwrap();
        assert_eq!(job.state, JobState::Done, "{:?}", job.problem);
        (job.result["read"], job.result["unreadable"])
    }
}

#[test]
fn what_a_run_read_that_was_killed_before_it_could_say_so_is_counted_once() {
    let house = house();
    let interrupted = house.ask(JobKind::ReadScans, &json!(null));
    keep_one(&house.office, Change::of(house.person, "test").reading(reading(&house.scan)));
    assert_eq!(house.read(interrupted), (1, 0), "what the killed run read is told by the next");
    let later = house.ask(JobKind::ReadScans, &json!(null));
    assert_eq!(house.read(later), (0, 0), "a job asked for later has read nothing");
}

#[test]
fn scans_of_an_import_killed_after_its_last_word_are_read() {
    let house = house();
    if !house.office.can_read() {
        println!("skipped: there are no models; set XUECANG_MODELS");
        return;
    }
    let upload = UploadId::new();
    let import = house.ask(JobKind::ImportScans, &json!({ "upload": upload, "kind": null }));
    let (subject, figures) = (upload.to_string(), json!({ "scans": 1 }));
    let office = &house.office.office;
    office
        .write(|tx| event::queue(tx, &Actor::console(), "scans.imported", &subject, &subject, &figures))
        .unwrap();
    house.work();
    let jobs = house.jobs();
    let of = |kind: JobKind| jobs.iter().find(|job| job.kind == kind).unwrap();
    assert_eq!((of(JobKind::ImportScans).id, of(JobKind::ImportScans).state), (import, JobState::Done));
    assert_eq!(of(JobKind::ReadScans).result["read"], 1);
    assert_eq!(house.office.catalog.read(rows::totals).unwrap().unread, 0);
}
