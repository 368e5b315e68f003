//! Bad input gets one clear sentence that says what, where and what to do; nothing is half done, and nothing accepted
//! before is touched.

use std::collections::BTreeMap;
use std::path::PathBuf;

use api::account::AuditEntry;
use api::delivery::{Delivery, DeliveryState};
use api::dossier::PhotoKind;
use api::ids::DeliveryId;
use api::import::ImportFinding;
use api::job::{Job, JobKind, JobState};
use api::{Problem, ProblemCode, Role};
use serde_json::{Value, json};
use tests::{
    Appliance, Client, LANGUAGES, Photo, Scene, School, Volume, Words, archive, delivered, differences,
    files, picture, refusal,
};

/// Students of these stories.
const STUDENTS: usize = 8;

/// What must not change: the archive's bytes, and everything that can be seen of people and what was accepted.
struct Before {
    archive: BTreeMap<PathBuf, String>,
    seen: Value,
}

impl Before {
    fn of(scene: &Scene) -> Self {
        let mut seen = picture(&scene.appliance, &scene.school.numbers()).unwrap();
        // What was refused is told in the ledger and listed among the deliveries; what only began to come waits outside.
        let parts = seen.as_object_mut().unwrap();
        assert!(["ledger", "deliveries", "incoming"].iter().all(|part| parts.remove(*part).is_some()));
        let archive = files::digests(&scene.appliance.data().join("archive")).unwrap();
        assert!(archive.len() > 4 * STUDENTS, "there is something that could be touched");
        Self { archive, seen }
    }

    /// Panics if anything changed.
    fn still_holds(&self, scene: &Scene) {
        let now = Self::of(scene);
        let differences = differences(&self.seen, &now.seen);
        assert!(differences.is_empty(), "{differences:#?}");
        assert!(now.archive == self.archive, "bytes of the archive have changed");
    }
}

fn staffed() -> (Scene, Client, Before) {
    let scene = Scene::open(STUDENTS).unwrap().staffed().unwrap();
    let registrar = scene.registrar().unwrap();
    let before = Before::of(&scene);
    (scene, registrar, before)
}

/// The problem is told in a sentence in both languages and in English by programs, and names what it is about.
fn is_clear(problem: &Problem, names: &[&str]) {
    let mut sentences = vec![problem.title.clone()];
    for language in LANGUAGES {
        sentences.push(Words::of(language).unwrap().sentence(problem).unwrap());
    }
    for sentence in &sentences {
        println!("  {sentence}");
        assert!(sentence.ends_with(['.', '。']) && !sentence.contains('{'), "{sentence}");
        assert!(names.iter().all(|name| sentence.contains(name)), "{sentence} does not name {names:?}");
    }
}

/// A finding has words in both languages.
fn is_worded(code: &str) {
    for language in LANGUAGES {
        println!("  {}", Words::of(language).unwrap().say("finding", code).unwrap());
    }
}

fn failed(registrar: &Client, job: &Job) -> Problem {
    let ended = registrar.ended(job.id).unwrap();
    assert_eq!(ended.state, JobState::Failed, "{ended:?}");
    ended.problem.unwrap()
}

fn findings(registrar: &Client, job: &Job) -> Vec<ImportFinding> {
    registrar.all(&format!("/jobs/{}/findings", job.id)).unwrap()
}

#[test]
fn a_malformed_workbook_is_refused_whole() {
    let (scene, registrar, before) = staffed();
    let good = School::of(2 * STUDENTS).roster().unwrap();
    let wrong = b"this is no workbook".to_vec();
    for bytes in [good[..good.len() / 2].to_vec(), wrong, b"PK\x03\x04 cut off".to_vec()] {
        let problem = failed(&registrar, &scene.roster(&registrar, "roster.xlsx", bytes).unwrap());
        assert_eq!(problem.code, ProblemCode::BadFile, "{}", problem.title);
        is_clear(&problem, &["roster.xlsx"]);
    }
    before.still_holds(&scene);
    // A readable workbook with one bad cell: refused whole too, and the cell is named.
    let mut school = School::of(2 * STUDENTS);
    school.students[STUDENTS + 1].id_number = "53019020050101001".to_owned();
    let job = scene.roster(&registrar, "next.xlsx", school.roster().unwrap()).unwrap();
    let problem = failed(&registrar, &job);
    is_clear(&problem, &["next.xlsx"]);
    let found = findings(&registrar, &job);
    let [bad] = found.as_slice() else { panic!("{found:?}") };
    assert!(bad.place.ends_with(&format!("!{}", STUDENTS + 3)), "{bad:?} is not where the cell is");
    assert_eq!((bad.severity.as_str(), bad.field.as_deref()), ("block", Some("身份证号")), "{bad:?}");
    is_worded(&bad.code);
    before.still_holds(&scene);
}

#[test]
fn the_console_says_the_same_of_a_malformed_workbook() {
    let (scene, _, _) = staffed();
    let file = scene.appliance.folder().join("half.xlsx");
    let good = scene.school.roster().unwrap();
    fs_err::write(&file, &good[..good.len() / 2]).unwrap();
    scene.appliance.stop().unwrap();
    let campaign = scene.campaign.to_string();
    let output =
        scene.appliance.run(&["import", "roster", "--campaign", &campaign, &file.to_string_lossy()]).unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    let sentence = told.lines().find(|line| line.starts_with("xuecang: ")).unwrap_or_default();
    assert!(
        sentence.contains("half.xlsx could not be imported") && sentence.contains("Nothing was changed"),
        "{told}"
    );
}

/// The rest of them, and what they cost, is `tests/readers/tests/hostile.rs`.
#[test]
fn files_made_to_do_harm_are_refused_at_the_console_and_nothing_is_touched() {
    const NAMES: [&str; 14] = [
        "zip: 31 MiB of zeros in 32 KB",
        "zip: 4000 entries over one kernel (42-style)",
        "zip: a directory of 1.3 million entries",
        "zip: ../",
        "zip: an absolute path",
        "zip: a drive letter",
        "zip: COM1.txt.jpg",
        "zip: a NUL byte in a name",
        "zip: a link",
        "xlsx: a billion laughs",
        "xlsx: a million columns",
        "csv: a line of 60 MiB",
        "csv: 190,000 rows of twenty former names",
        "dbf: says two billion records",
    ];
    let (scene, _, before) = staffed();
    scene.appliance.stop().unwrap();
    let campaign = scene.campaign.to_string();
    let cases = readers::hostile::cases();
    for name in NAMES {
        let case = cases.iter().find(|case| case.name == name).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let file = (case.write)(dir.path()).unwrap();
        let words = ["import", case.reader, "--campaign", &campaign, &file.to_string_lossy()];
        let output = scene.appliance.run(&words).unwrap();
        let (told, failed) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let sentence = failed.lines().find(|line| line.starts_with("xuecang: ")).unwrap_or_default();
        println!("  {name}: {sentence}");
        let whole = sentence.contains("could not be imported") && sentence.contains("Nothing was changed");
        assert!(whole || told.contains(case.code), "{name}: {told} {failed}");
        assert!(!told.contains("photos: ") && !told.contains("new: "), "{name}: {told}");
    }
    scene.appliance.serve().unwrap();
    before.still_holds(&scene);
}

#[test]
fn a_truncated_photo_is_listed_and_the_others_are_kept() {
    let (scene, registrar, _) = staffed();
    let mut entries: Vec<(String, Vec<u8>)> = Vec::new();
    for student in scene.school.students.iter().take(3) {
        entries.push((format!("{}.jpg", student.candidate_number), student.portrait(Photo::Enrolment)));
    }
    let half = entries[1].1.len() / 2;
    entries[1].1.truncate(half);
    let job = scene.photos(&registrar, PhotoKind::Enrolment, archive(entries).unwrap()).unwrap();
    let done = registrar.done(job.id).unwrap();
    assert_eq!((done.result["photos"], done.result["refused"]), (2, 1));
    let found = findings(&registrar, &job);
    let [bad] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(bad.place, "2", "the second entry");
    is_worded(&bad.code);
    let seen = picture(&scene.appliance, &scene.school.numbers()).unwrap();
    let kept = |n: usize| {
        seen["dossiers"][&scene.school.students[n].student_number]["photos"].as_array().unwrap().len()
    };
    assert_eq!([kept(0), kept(1), kept(2), kept(3)], [2, 1, 2, 1]);
}

#[test]
fn a_zip_with_a_path_that_climbs_is_refused_entry_by_entry() {
    let (scene, registrar, before) = staffed();
    let photo = scene.school.students[0].portrait(Photo::Capture);
    let name = format!("{}.jpg", scene.school.students[0].candidate_number);
    let entries =
        [format!("../{name}"), format!("a/../../{name}"), format!("/{name}"), format!("..\\{name}")];
    let zip = archive(entries.iter().map(|entry| (entry, photo.clone()))).unwrap();
    let job = scene.photos(&registrar, PhotoKind::Admission, zip).unwrap();
    let done = registrar.done(job.id).unwrap();
    let found = findings(&registrar, &job);
    assert_eq!((done.result.get("photos"), found.len()), (None, entries.len()), "{found:?}");
    for (n, bad) in found.iter().enumerate() {
        assert_eq!((bad.code.as_str(), &bad.place), ("photo-unsafe-path", &(n + 1).to_string()));
        is_worded(&bad.code);
    }
    before.still_holds(&scene);
    let outside = files::below(scene.appliance.folder()).unwrap();
    assert!(outside.iter().all(|path| !path.ends_with(&name)), "something was written outside");
}

#[test]
fn a_parcel_with_a_wrong_checksum_is_sent_back() {
    let (scene, registrar, _) = staffed();
    let captures = scene.school.captures(&scene.tokens().unwrap());
    let parcel = scene.vendor.pack(&captures, scene.campaign, "parcel").unwrap();
    let before = Before::of(&scene);
    let photos = files::below(&parcel.join("data/photos")).unwrap();
    let spoilt = format!("data/photos/{}", photos[0].display());
    files::flip(&parcel.join(&spoilt)).unwrap();
    let id = scene.vendor.deliver(&parcel, scene.campaign).unwrap();
    let delivery = registrar.settled(id).unwrap();
    assert_eq!((delivery.state, &delivery.reject_files), (DeliveryState::Rejected, &vec![spoilt.clone()]));
    for code in delivery.reject_reason.unwrap().split(", ") {
        assert!(code.starts_with("BAG-"), "{code}");
        is_worded(code);
    }
    let output = scene.vendor.run(&["status", &id.to_string()]).unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("  {told}");
    assert!(told.contains("is sent back") && told.contains("does not have the checksum"), "{told}");
    assert!(told.contains(&spoilt), "{told}");
    before.still_holds(&scene);
    let left = files::below(&scene.appliance.data().join("incoming")).unwrap();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_certificate_of_another_school_opens_nothing() {
    let (scene, registrar, _) = staffed();
    let captures = scene.school.captures(&scene.tokens().unwrap());
    let parcel = scene.vendor.pack(&captures, scene.campaign, "parcel").unwrap();
    let before = Before::of(&scene);
    let elsewhere = Appliance::start().unwrap();
    let stranger = tests::Vendor::enrol(&elsewhere).unwrap().astray(&scene.appliance).unwrap();
    for words in [vec!["campaigns"], vec!["status"]] {
        let output = stranger.run(&words).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_refused(&String::from_utf8_lossy(&output.stderr));
    }
    // The parcel of a vendor that is known, delivered by one who is not.
    let refused = stranger.deliver(&parcel, scene.campaign).unwrap_err();
    assert_refused(&refused.to_string());
    before.still_holds(&scene);
    let deliveries: Vec<Delivery> = registrar.get("/deliveries").unwrap();
    assert!(
        deliveries.is_empty() && files::below(&scene.appliance.data().join("incoming")).unwrap().is_empty()
    );
    // However often it tried, the audit trail says it once now, and how often when the appliance closes.
    let told = "TLS: client-certificate-required";
    assert_eq!(turned_away(&scene), [("appliance".to_owned(), told.to_owned())]);
    scene.appliance.stop().unwrap();
    scene.appliance.serve().unwrap();
    let all = turned_away(&scene);
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all[1].1.starts_with("no vendor's certificate, ") && all[1].1.ends_with(" more"), "{all:?}");
}

/// What was turned away, oldest first, as an auditor reads it: who asked, and what was refused why.
fn turned_away(scene: &Scene) -> Vec<(String, String)> {
    let auditor = scene.appliance.enter(Role::Auditor).unwrap();
    let entries: Vec<AuditEntry> = auditor.all("/audit?action=gate.refuse").unwrap();
    assert!(entries.iter().all(|entry| !entry.ok));
    entries.into_iter().rev().map(|entry| (entry.account, entry.subject.unwrap())).collect()
}

#[test]
fn what_a_vendor_is_refused_is_in_the_audit_trail_under_its_id() {
    let scene = Scene::open(STUDENTS).unwrap();
    let unknown = DeliveryId::new().to_string();
    for _ in 0..12 {
        let output = scene.vendor.run(&["status", &unknown]).unwrap();
        assert!(!output.status.success(), "{output:?}");
    }
    let vendor = scene.vendor.registration().id.to_string();
    let told = "GET /vendor/v1/deliveries/{id}: not-found";
    assert_eq!(turned_away(&scene), [(vendor.clone(), told.to_owned())]);
    scene.appliance.stop().unwrap();
    scene.appliance.serve().unwrap();
    assert_eq!(
        turned_away(&scene),
        [(vendor.clone(), told.to_owned()), (vendor, format!("{told}, 11 more"))]
    );
}

fn assert_refused(told: &str) {
    println!("  {told}");
    assert!(told.contains("the school does not accept this agent's certificate"), "{told}");
    assert!(told.contains("xuecang-agent connect"), "{told}");
}

#[test]
fn a_full_disk_keeps_what_was_accepted_and_says_so() {
    let Some(volume) = Volume::of_mib(48).unwrap() else {
        println!("skipped: this account may mount no volume that could be filled");
        return;
    };
    let appliance = Appliance::start_on(volume.path()).unwrap();
    let scene = Scene::on(appliance, STUDENTS).unwrap().staffed().unwrap();
    let registrar = scene.registrar().unwrap();
    let captures = scene.school.captures(&scene.tokens().unwrap()).with_originals(1 << 20);
    let parcel = scene.vendor.pack(&captures, scene.campaign, "parcel").unwrap();
    let before = Before::of(&scene);
    let photos = scene.school.photos(Photo::Enrolment).unwrap();

    // No room for the file itself.
    volume.fill(16).unwrap();
    let problem = refusal(registrar.upload("photos.zip", photos.clone())).unwrap();
    assert_eq!(problem.code, ProblemCode::DiskFull, "{}", problem.title);
    is_clear(&problem, &[]);
    // No room for what a vendor sends: its agent says so and may go on later.
    let agent = scene.vendor.run(&[
        "deliver",
        &parcel.to_string_lossy(),
        "--campaign",
        &scene.campaign.to_string(),
        "--patience",
        "1",
    ]);
    let told = String::from_utf8_lossy(&agent.unwrap().stderr).into_owned();
    println!("  {told}");
    assert!(told.contains("disk") && told.contains("full"), "{told}");
    volume.free().unwrap();
    before.still_holds(&scene);

    // Room for the file, and none for what it holds.
    let upload = registrar.upload("photos.zip", photos.clone()).unwrap().id;
    volume.fill(64).unwrap();
    let wanted = json!({ "upload": upload, "campaign": scene.campaign, "kind": "enrolment" });
    let job: Job = registrar.post("/photos/import", &wanted).unwrap();
    let problem = failed(&registrar, &job);
    assert_eq!(problem.code, ProblemCode::DiskFull, "{}", problem.title);
    is_clear(&problem, &[]);
    volume.free().unwrap();
    before.still_holds(&scene);

    // With room again everything goes on, without a restart.
    let job: Job = registrar.post("/photos/import", &wanted).unwrap();
    assert_eq!(registrar.done(job.id).unwrap().result["photos"], STUDENTS as u64);
    let output = scene.vendor.start_delivering(&parcel, scene.campaign).unwrap().wait_with_output().unwrap();
    delivered(output).unwrap();
    scene.appliance.stop().unwrap();
    scene.appliance.serve().unwrap();
    picture(&scene.appliance, &scene.school.numbers()).unwrap();
}

#[test]
fn a_missing_model_stops_faces_and_nothing_else() {
    let Some((scene, models)) = Scene::before_models(STUDENTS).unwrap() else { return };
    // Everything without faces works.
    let scene = scene.staffed().unwrap();
    let registrar = scene.registrar().unwrap();
    let captures = scene.school.captures(&scene.tokens().unwrap());
    let parcel = scene.vendor.pack(&captures, scene.campaign, "parcel").unwrap();
    let before = Before::of(&scene);

    let id = scene.vendor.deliver(&parcel, scene.campaign).unwrap();
    let delivery = registrar.settled(id).unwrap();
    assert_eq!(delivery.state, DeliveryState::Received, "it waits, untouched");
    let job: Job = registrar.get(&format!("/jobs/{}", delivery.job.unwrap())).unwrap();
    let problem = failed(&registrar, &job);
    assert_eq!((job.kind, problem.code), (JobKind::CheckDelivery, ProblemCode::ModelUnavailable));
    is_clear(&problem, &["xuecang doctor", "no-models"]);
    let desk = scene.appliance.enter(Role::Admissions).unwrap();
    let problem = failed(&desk, &scene.calibrate(&desk).unwrap());
    assert_eq!(problem.code, ProblemCode::ModelUnavailable);
    let output = scene.appliance.run(&["doctor"]).unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("model-unavailable") && told.contains("no-models"), "{told}");
    before.still_holds(&scene);

    // Once they are there the same delivery is checked.
    models.arrive().unwrap();
    let _: Job = registrar.post(&format!("/deliveries/{id}/check"), &json!({})).unwrap();
    assert_eq!(registrar.settled(id).unwrap().state, DeliveryState::Checked);
}
