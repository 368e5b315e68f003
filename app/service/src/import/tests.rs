//! Stories from an uploaded file to a search result, on a real data directory.

use std::{
    io::{Cursor, Write as _},
    sync::Arc,
    thread,
    time::Duration,
};

use api::campaign::{Campaign, CampaignKind, NewCampaign};
use api::dossier::Correction;
use api::ids::{CampaignId, PersonId, UploadId, UserId};
use api::import::{ImportFile, ImportPhotos};
use api::job::{Job, JobState};
use api::search::SearchQuery;
use api::{ProblemCode, Role, Slice};
use archive::db::catalog;
use archive::db::office::event as events;
use archive::dossier::{Change, Facts};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

use crate::authority::Names;
use crate::{
    Actor, Config, Error, Office, campaign, dossier, import, index, job, rebuild, search, token, upload,
};

const ROSTER: &str = "姓名,学号,考生号,性别,学院,专业,班级,入学日期\r\n\
    张三丰,2026010101,26530101110001,男,音乐学院,声乐表演,声乐一班,20260901\r\n\
    李四光,2026010102,26530101110002,男,音乐学院,声乐表演,声乐一班,20260901\r\n\
    欧阳小花,2026010103,26530101110003,女,舞蹈学院,民族舞蹈,舞蹈二班,20260901\r\n";

struct House {
    workers: job::Workers,
    office: Arc<Office>,
    registrar: Actor,
    campaign: Campaign,
    _dir: TempDir,
}

fn house() -> House {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    Office::create(&data, "测试学院", &Names::local()).unwrap();
    let office = Office::open(Config::new(data)).unwrap();
    let mut registrar =
        Actor::new(UserId::new(), "registrar".to_owned(), "Registrar".to_owned(), vec![Role::Registrar]);
    registrar.purpose = Some("test".to_owned());
    let new = NewCampaign {
        name: "2026 级新生".to_owned(),
        kind: CampaignKind::Enrolment,
        year: 2026,
        capture_from: "2026-09-01".parse().unwrap(),
        capture_until: "2026-09-30".parse().unwrap(),
        deliver_by: "2126-11-29".parse().unwrap(),
        rule_set: "jbz-2017-99".to_owned(),
        vendor: None,
    };
    let campaign = campaign::create(&office, &registrar, new).unwrap();
    House { workers: job::start(&office).unwrap(), office, registrar, campaign, _dir: dir }
}

impl House {
    fn upload(&self, name: &str, bytes: &[u8]) -> UploadId {
        let mut receiving = upload::begin(&self.office, &self.registrar).unwrap();
        receiving.write(bytes).unwrap();
        receiving.keep(&self.office, &self.registrar, name).unwrap().id
    }

    fn run(&self, mut job: Job) -> Job {
        while !matches!(job.state, JobState::Done | JobState::Failed | JobState::Cancelled) {
            thread::sleep(Duration::from_millis(20));
            job = job::get(&self.office, &self.registrar, job.id).unwrap();
        }
        index::catch_up(&self.office).unwrap();
        job
    }

    fn roster(&self, text: &str) -> Job {
        let upload = self.upload("roster.csv", text.as_bytes());
        self.run(
            campaign::import_roster(&self.office, &self.registrar, self.campaign.id, ImportFile { upload })
                .unwrap(),
        )
    }

    fn photos(&self, zip: &[u8]) -> Job {
        let wanted =
            ImportPhotos { upload: self.upload("photos.zip", zip), campaign: self.campaign.id, kind: None };
        self.run(import::photos_of_campaign(&self.office, &self.registrar, wanted).unwrap())
    }

    fn diplomas(&self, text: &str) -> Job {
        let upload = self.upload("register.csv", text.as_bytes());
        self.run(import::diplomas(&self.office, &self.registrar, ImportFile { upload }).unwrap())
    }

    fn codes(&self, job: &Job) -> Vec<String> {
        let findings =
            job::findings(&self.office, &self.registrar, job.id, Slice { offset: 0, limit: 500 }).unwrap();
        findings.items.into_iter().map(|finding| finding.code).collect()
    }

    fn find(&self, words: &str) -> Vec<PersonId> {
        let query = SearchQuery { q: words.to_owned(), ..SearchQuery::default() };
        let found = search::find(&self.office, &self.registrar, &query).unwrap();
        found.exact.into_iter().map(|hit| hit.person).collect()
    }

    fn people(&self) -> u64 {
        self.office.catalog.read(catalog::person::count).unwrap()
    }
}

fn jpeg(shade: u8) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let image = image::RgbImage::from_pixel(480, 640, image::Rgb([shade, 90, 200]));
    image.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

fn zip_of(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn refused(error: Error) -> ProblemCode {
    match error {
        Error::Refused(problem) => problem.code,
        Error::Failed { what, source } => panic!("failed to {what}: {source}"),
    }
}

#[test]
fn a_roster_and_its_photos_are_imported_and_found() {
    let h = house();
    let roster = h.roster(ROSTER);
    assert_eq!(roster.state, JobState::Done, "{:?} {:?}", roster.problem, h.codes(&roster));
    assert_eq!((roster.result["people"], roster.result["created"]), (3, 3));

    let mut cut_off = jpeg(9);
    cut_off.truncate(cut_off.len() / 2);
    let photos = h.photos(&zip_of(&[
        ("照片/26530101110001.jpg", jpeg(1)),
        ("照片/26530101110002.JPG", jpeg(2)),
        ("照片/26530101110003.jpg", cut_off),
        ("照片/99999999999999.jpg", jpeg(4)),
    ]));
    assert_eq!(photos.state, JobState::Done, "{:?}", photos.problem);
    assert_eq!((photos.result["photos"], photos.result["refused"]), (2, 2));
    let mut codes = h.codes(&photos);
    codes.sort();
    assert_eq!(codes, ["photo-cut-off", "photo-unmatched"]);

    let found = h.find("三丰");
    assert_eq!(found.len(), 1);
    let kept = dossier::read(&h.office, &h.registrar, found[0]).unwrap();
    assert_eq!(kept.facts.name, "张三丰");
    assert!(kept.facts.student_number.contains('*') && !kept.facts.student_number.contains("2026010101"));
    assert_eq!(kept.versions.len(), 2);
    let full = dossier::image(&h.office, &h.registrar, kept.photos[0].id, dossier::Size::Full).unwrap();
    let (full, whole) = [&full.bytes, &jpeg(1)].map(|bytes| image::load_from_memory(bytes).unwrap()).into();
    assert_eq!((full.width(), full.height()), (whole.width(), whole.height()));
    let thumb = dossier::image(&h.office, &h.registrar, kept.photos[0].id, dossier::Size::Thumb).unwrap();
    assert_eq!(image::load_from_memory(&thumb.bytes).unwrap().height(), 320);

    let counts = campaign::get(&h.office, &h.registrar, h.campaign.id).unwrap().counts;
    assert_eq!((counts.roster, counts.admission_photos), (3, 2));
}

#[test]
fn one_blocking_problem_refuses_the_whole_roster_and_nothing_changes() {
    let h = house();
    let twice = format!("{ROSTER}王五,2026010101,26530101110009,男,音乐学院,声乐表演,声乐一班,20260901\r\n");
    let job = h.roster(&twice);
    assert_eq!(job.state, JobState::Failed);
    assert_eq!(job.problem.as_ref().unwrap().code, ProblemCode::BadFile);
    assert!(h.codes(&job).contains(&"duplicate".to_owned()));
    assert_eq!(h.people(), 0);
    assert_eq!(campaign::get(&h.office, &h.registrar, h.campaign.id).unwrap().counts.roster, 0);
}

#[test]
fn the_same_roster_again_changes_nobody() {
    let h = house();
    h.roster(ROSTER);
    let again = h.roster(ROSTER);
    assert_eq!((again.result["created"], again.result["changed"], again.result["people"]), (0, 0, 3));
    assert_eq!(h.people(), 3);
}

#[test]
fn an_import_killed_half_way_ends_like_one_that_was_not() {
    let h = house();
    // What a run leaves that was killed after its first batch: a dossier, and no word of it to the ledger.
    let record = archive::person::PersonRecord {
        name: "张三丰".to_owned(),
        student_number: Some("2026010101".to_owned()),
        ..Default::default()
    };
    let person = PersonId::new();
    let change = Change::of(person, "killed").facts(Facts::Merge(Box::new(record))).on_roster(h.campaign.id);
    let user = dossier::archive_user(&h.office, &h.registrar);
    dossier::holdings(&h.office).keep(vec![change], &user, dossier::now()).unwrap();

    dossier::recover(&h.office).unwrap();
    let job = h.roster(ROSTER);
    assert_eq!(job.state, JobState::Done, "{:?}", job.problem);
    assert_eq!(h.people(), 3);
    assert_eq!(h.find("张三丰"), [person]);
    for person in h.office.catalog.read(catalog::person::all).unwrap() {
        let object = archive::dossier::object_of(person);
        for version in h.office.catalog.read(|conn| catalog::version::of(conn, object)).unwrap() {
            let (subject, reference) = (person.to_string(), format!("v{}", version.number));
            let told = |conn: &_| events::by_key(conn, "dossier.kept", &subject, &reference);
            assert!(
                h.office.office.read(told).unwrap().is_some(),
                "version {} is not told of",
                version.number
            );
        }
    }
}

#[test]
fn a_certificate_register_reaches_known_and_unknown_graduates() {
    let h = house();
    h.roster(ROSTER);
    let job = h.diplomas(
        "证书编号,姓名,学号,毕业日期,专业名称,毕结业\r\n\
         123451202606000001,张三丰,2026010101,20260630,声乐表演,毕业\r\n\
         123451202606000002,古天明,2003010101,20260630,声乐表演,毕业\r\n",
    );
    assert_eq!(job.state, JobState::Done, "{:?} {:?}", job.problem, h.codes(&job));
    assert_eq!((job.result["diplomas"], job.result["created"]), (2, 1));
    assert_eq!(h.find("123451202606000001"), h.find("张三丰"));
    assert_eq!(h.find("古天明").len(), 1);

    let wrong = h.diplomas("证书编号,姓名,学号,毕业日期\r\n123451202606000003,李四,2026010102,20260630\r\n");
    assert_eq!(wrong.state, JobState::Failed);
    assert_eq!(h.codes(&wrong), ["name-differs"]);
}

#[test]
fn reading_needs_a_purpose_and_every_attempt_is_recorded() {
    let h = house();
    h.roster(ROSTER);
    let person = h.find("张三丰")[0];
    let idle = Actor { purpose: None, ..h.registrar.clone() };
    assert_eq!(refused(dossier::read(&h.office, &idle, person).unwrap_err()), ProblemCode::PurposeRequired);
    assert_eq!(refused(dossier::reveal(&h.office, &idle, person).unwrap_err()), ProblemCode::PurposeRequired);
    let facts = dossier::reveal(&h.office, &h.registrar, person).unwrap();
    assert_eq!(facts.student_number, "2026010101");
    let uses = dossier::read(&h.office, &h.registrar, person).unwrap().uses;
    assert_eq!(
        uses.iter().map(|seen| seen.action.as_str()).collect::<Vec<_>>(),
        ["numbers.reveal", "person.looked_up"]
    );
    let subject = person.to_string();
    let filter = archive::db::office::audit::Filter { account: None, action: None, subject: Some(&subject) };
    let attempts = h.office.office.read(|conn| archive::db::office::audit::count(conn, filter)).unwrap();
    assert_eq!(attempts, 5);
}

#[test]
fn a_correction_is_a_new_version_and_masked_numbers_stay() {
    let h = house();
    h.roster(ROSTER);
    let person = h.find("李四光")[0];
    let seen = dossier::read(&h.office, &h.registrar, person).unwrap();
    let mut facts = seen.facts.clone();
    facts.name = "李思光".to_owned();
    let correction = Correction { facts, reason: "按身份证更正".to_owned(), from_version: 1 };
    let after = dossier::correct(&h.office, &h.registrar, person, correction.clone()).unwrap();
    assert_eq!(after.versions[0].number, 2);
    assert!(after.versions[0].message.contains("按身份证更正"));
    assert_eq!(dossier::reveal(&h.office, &h.registrar, person).unwrap().student_number, "2026010102");
    index::catch_up(&h.office).unwrap();
    assert_eq!((h.find("李思光"), h.find("李四光")), (vec![person], vec![]));

    let late = dossier::correct(&h.office, &h.registrar, person, correction).unwrap_err();
    assert_eq!(refused(late), ProblemCode::Conflict);
}

#[test]
fn catalog_and_index_come_back_from_the_files_alone() {
    let h = house();
    h.roster(ROSTER);
    h.photos(&zip_of(&[("26530101110001.jpg", jpeg(1))]));
    let before = h.find("声乐一班");
    let rebuilt = rebuild::now(&h.office, &Actor::console(), &mut |_, _, _| true).unwrap();
    assert_eq!((rebuilt.objects, rebuilt.dossiers), (3, 3));
    index::catch_up(&h.office).unwrap();
    assert_eq!(h.find("声乐一班"), before);
    assert_eq!(h.find("26530101110001").len(), 1);

    let config = h.office.config.clone();
    let House { workers, office, registrar, campaign, _dir } = h;
    let paths = office.paths.clone();
    workers.stop();
    drop(office);
    for gone in
        [&paths.catalog, &paths.catalog.with_extension("db-wal"), &paths.catalog.with_extension("db-shm")]
    {
        let _absent = fs_err::remove_file(gone);
    }
    fs_err::remove_dir_all(&paths.index).unwrap();
    let office = Office::open(config).unwrap();
    dossier::recover(&office).unwrap();
    let h = House { workers: job::start(&office).unwrap(), office, registrar, campaign, _dir };
    assert_eq!(h.find("声乐一班"), before);
    assert_eq!(h.people(), 3);
}

#[test]
fn tokens_are_issued_once_and_the_vendors_list_names_nobody() {
    let h = house();
    h.roster(ROSTER);
    let first = token::issue(&h.office, &h.registrar, h.campaign.id).unwrap();
    let second = token::issue(&h.office, &h.registrar, h.campaign.id).unwrap();
    assert_eq!(((first.issued, first.total), (second.issued, second.total)), ((3, 3), (0, 3)));
    let csv = token::list_csv(&h.office, &h.registrar, h.campaign.id).unwrap();
    let tokens: Vec<&str> = csv.lines().skip(1).collect();
    assert_eq!(tokens.len(), 3);
    for token in tokens {
        assert!(token::is_authentic(&h.office.keys.token, h.campaign.id, token));
        assert!(!token::is_authentic(&h.office.keys.token, CampaignId::new(), token));
    }
    assert!(csv.is_ascii() && !csv.contains("2026010101"));
    let slips = token::slips(&h.office, &h.registrar, h.campaign.id, Slice::default()).unwrap();
    assert!(slips.items.iter().all(|slip| slip.name.contains('*') && slip.qr.contains("<svg")));
}
