//! A diploma from the register to the proof a graduate takes away: scanned, read, held against the register, found by what
//! it says, and all of it still there when everything derived has been made anew.

use std::process::Command;

use api::diploma::{AttachScan, LookUp, NewProof, Numbers, Proof, Scan, Scans};
use api::dossier::Dossier;
use api::ids::PersonId;
use api::import::{ImportFile, ImportFinding};
use api::job::{Job, JobState};
use api::search::{SearchQuery, SearchResults};
use api::{Page, Role};
use image::ImageFormat;
use serde_json::json;
use tests::{Appliance, Client, Pen, ScannedDiploma, Scene, archive, encoded, pdf, written_pdf};

const STUDENTS: usize = 8;

/// The made-up diploma of a student, as the register has it.
fn diploma(scene: &Scene, place: usize) -> ScannedDiploma {
    ScannedDiploma {
        name: scene.school.students[place].name.clone(),
        number: number(place + 1),
        major: "舞蹈表演".to_owned(),
        school: "故事学院".to_owned(),
    }
}

fn number(serial: usize) -> String {
    format!("512341202706{serial:06}")
}

fn opened() -> (Scene, Client) {
    registered(Scene::open(STUDENTS).unwrap())
}

/// The scene with its people, and the register of their diplomas.
fn registered(scene: Scene) -> (Scene, Client) {
    let scene = scene.staffed().unwrap();
    let registrar = scene.registrar().unwrap();
    let register = registrar.upload("register.xlsx", scene.school.register(0).unwrap()).unwrap();
    let job: Job = registrar.post("/diplomas/import", &ImportFile { upload: register.id }).unwrap();
    registrar.done(job.id).unwrap();
    (scene, registrar)
}

fn import(registrar: &Client, zip: Vec<u8>) -> (Job, Vec<String>) {
    let upload = registrar.upload("scans.zip", zip).unwrap();
    let job: Job = registrar.post("/scans/import", &ImportFile { upload: upload.id }).unwrap();
    let job = registrar.done(job.id).unwrap();
    let found: Page<ImportFinding> = registrar.get(&format!("/jobs/{}/findings?limit=100", job.id)).unwrap();
    let told = found.items.into_iter().map(|finding| format!("{} {}", finding.place, finding.code));
    (job, told.collect())
}

fn find(registrar: &Client, words: &str) -> Vec<PersonId> {
    let query = SearchQuery { q: words.to_owned(), ..SearchQuery::default() };
    let found: SearchResults = registrar.query("/search", &query).unwrap();
    found.exact.into_iter().map(|hit| hit.person).collect()
}

/// The dossier that some words find, once the index has caught up.
fn dossier(registrar: &Client, words: &str) -> Dossier {
    for _ in 0..150 {
        let found = find(registrar, words);
        if let [person] = found.as_slice() {
            return registrar.get(&format!("/persons/{person}")).unwrap();
        }
        assert!(found.is_empty(), "{words} finds {} people", found.len());
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    panic!("{words} finds nobody");
}

/// The scans of everybody's diplomas once nothing waits to be read any more.
fn read_to_the_end(registrar: &Client) -> Scans {
    for _ in 0..600 {
        let scans: Scans = registrar.get("/scans").unwrap();
        if scans.unread == 0 {
            return scans;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    panic!("the scans are not read to the end");
}

fn outcome(scan: &Scan, field: &str) -> (String, Option<String>) {
    let reading = scan.reading.as_ref().unwrap();
    let check = reading.checks.iter().find(|check| check.field == field);
    let check = check.unwrap_or_else(|| panic!("{field} was not looked for"));
    if check.outcome != "not_found" {
        let ([x, y, width, height], [page_width, page_height]) = (check.place.unwrap(), reading.pages[0]);
        assert!(x >= 0.0 && y >= 0.0 && width > 0.0 && height > 0.0, "{field} has a place");
        assert!(
            f64::from(x + width) <= f64::from(page_width) && f64::from(y + height) <= f64::from(page_height)
        );
    }
    (check.outcome.clone(), check.found.clone())
}

fn text_of(pdf: &[u8]) -> Option<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pdf).unwrap();
    let Ok(output) = Command::new("pdftotext").arg("-layout").arg(file.path()).arg("-").output() else {
        println!("skipped: pdftotext is not installed");
        return None;
    };
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn scans_are_kept_byte_for_byte_under_their_numbers_and_what_cannot_be_taken_is_listed() {
    let (scene, registrar) = opened();
    let jpeg = scene.school.students[0].portrait(tests::Photo::Admission);
    let picture = image::load_from_memory(&jpeg).unwrap().into_rgb8();
    let tiff = encoded(&picture, ImageFormat::Tiff);
    let locked = [&pdf(&picture)[..], b"% /Encrypt 9 0 R\nstartxref\n9\n%%EOF\n"].concat();
    let zip = archive([
        (format!("{}.jpg", number(1)), jpeg.clone()),
        (format!("{}-2.tif", number(1)), tiff.clone()),
        (format!("{}.pdf", number(2)), pdf(&picture)),
        (format!("{}.pdf", number(3)), locked),
        (format!("{}.pdf", number(4)), b"%PDF-1.4 and nothing".to_vec()),
        (format!("{}.jpg", number(999)), jpeg.clone()),
        (format!("{}-3.jpg", number(1)), jpeg.clone()),
        ("readme.txt".to_owned(), b"scans".to_vec()),
    ])
    .unwrap();
    let (job, told) = import(&registrar, zip.clone());
    assert_eq!((job.result["scans"], job.result["refused"]), (3, 5));
    assert_eq!(
        told,
        [
            "4 scan-needs-a-key",
            "5 scan-cut-off",
            "6 scan-unmatched",
            "7 scan-same-bytes",
            "8 scan-not-a-scan"
        ]
    );
    let kept = dossier(&registrar, &number(1));
    let scans = &kept.diplomas[0].scans;
    let facts: Vec<_> = scans.iter().map(|scan| (scan.media_type.as_str(), scan.pages, scan.width)).collect();
    assert_eq!(facts, [("image/jpeg", 1, 480), ("image/tiff", 1, 480)]);
    for (scan, bytes) in scans.iter().zip([&jpeg, &tiff]) {
        assert_eq!(&registrar.bytes(&format!("/scans/{}/file", scan.id)).unwrap(), bytes);
        let page = registrar.bytes(&format!("/scans/{}/pages/1", scan.id)).unwrap();
        assert_eq!(image::guess_format(&page).unwrap(), ImageFormat::Jpeg);
        assert!(registrar.bytes(&format!("/scans/{}/pages/2", scan.id)).is_err());
    }
    let versions = kept.versions.len();
    let (again, _) = import(&registrar, zip);
    assert_eq!(again.result.get("changed").copied().unwrap_or_default(), 0, "what is kept is kept once");
    assert_eq!(dossier(&registrar, &number(1)).versions.len(), versions);
    one_by_one(&registrar, &jpeg);
    from_a_folder(&scene.appliance, &jpeg);
}

/// A scan added from the dossier, with its reason in the version.
fn one_by_one(registrar: &Client, jpeg: &[u8]) {
    let before = dossier(registrar, &number(5));
    let path = format!("/persons/{}/scans", before.person);
    let attach = |bytes: &[u8], reason: &str| {
        let upload = registrar.upload("scan.jpg", bytes.to_vec()).unwrap().id;
        let wanted = AttachScan { upload, diploma: before.diplomas[0].id, reason: reason.to_owned() };
        registrar.post::<Dossier>(&path, &wanted)
    };
    let after = attach(jpeg, "原件补扫").unwrap();
    assert_eq!(after.diplomas[0].scans.len(), 1);
    assert_eq!(after.versions[0].message, "Scan added: 原件补扫");
    let refused = attach(b"no scan", "错误文件").unwrap_err();
    let problem = refused.downcast_ref::<api::Problem>().unwrap();
    assert_eq!(problem.params["reason"], "scan-format");
    assert!(attach(jpeg, "").is_err(), "a version needs a reason");
}

fn from_a_folder(appliance: &Appliance, jpeg: &[u8]) {
    appliance.stop().unwrap();
    let folder = appliance.folder().join("scans");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join(format!("{}.jpg", number(6))), jpeg).unwrap();
    std::fs::write(folder.join("nobody.jpg"), jpeg).unwrap();
    let output = appliance.run(&["import", "scans", folder.to_str().unwrap()]).unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told} {}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("scans: 1") && told.contains("warn\t2\t\tscan-unmatched"), "{told}");
}

#[test]
fn gaps_and_batches_among_the_numbers_are_listed() {
    let scene = Scene::open(STUDENTS).unwrap().staffed().unwrap();
    let registrar = scene.registrar().unwrap();
    let mut rows = vec!["证书编号,学号,姓名,毕业日期,层次".to_owned()];
    for (place, serial, day) in [(0, 1, "20270110"), (1, 2, "20270110"), (2, 6, "20270701")] {
        let student = &scene.school.students[place];
        rows.push(format!("{},{},{},{day},专科", number(serial), student.student_number, student.name));
    }
    let upload = registrar.upload("register.csv", rows.join("\n").into_bytes()).unwrap();
    let job: Job = registrar.post("/diplomas/import", &ImportFile { upload: upload.id }).unwrap();
    registrar.done(job.id).unwrap();
    let found: Numbers = registrar.get("/diplomas/numbers").unwrap();
    let [series] = found.series.as_slice() else { panic!("one series") };
    assert_eq!((series.year, series.level.as_str(), series.count, series.missing), (2027, "college", 3, 3));
    assert_eq!((series.gaps[0].from.clone(), series.gaps[0].to.clone()), (number(3), number(5)));
    assert_eq!(series.batches.iter().map(|batch| batch.count).collect::<Vec<_>>(), [2, 1]);
    let output = scene.appliance.run(&["archive", "numbers"]).unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains(&format!("missing  {}–{}  (3)", number(3), number(5))), "{told}");
    let it = scene.appliance.enter(Role::It).unwrap();
    assert!(it.get::<Numbers>("/diplomas/numbers").is_err(), "the numbers are the registrar's");
}

#[test]
fn a_proof_says_what_the_register_says_and_is_found_by_its_code() {
    let (scene, registrar) = opened();
    let student = &scene.school.students[0];
    let portrait = student.portrait(tests::Photo::Enrolment);
    let zip = archive([(format!("{}.jpg", student.candidate_number), portrait)]).unwrap();
    let photos = scene.photos(&registrar, api::dossier::PhotoKind::Graduation, zip).unwrap();
    registrar.done(photos.id).unwrap();
    let kept = dossier(&registrar, &number(1));
    registrar.purpose("应聘核验").unwrap();
    let wanted = NewProof { diploma: kept.diplomas[0].id };
    let proof: Proof = registrar.post(&format!("/persons/{}/proofs", kept.person), &wanted).unwrap();
    assert!(proof.current && proof.has_photo);
    for (language, words) in [("zh", ["学历证明", "用途"]), ("en", ["Proof of diploma", "Verification code"])]
    {
        let paper = registrar.bytes(&format!("/proofs/{}/paper?lang={language}", proof.id)).unwrap();
        assert!(paper.starts_with(b"%PDF-"));
        assert!(paper.windows(10).any(|window| window == b"/DCTDecode"), "it shows the photo");
        if let Some(text) = text_of(&paper) {
            for said in [&student.name, &number(1), "舞蹈表演", "应聘核验", &proof.code, words[0], words[1]]
            {
                assert!(text.contains(said), "{said} is missing in {text}");
            }
        }
    }
    let typed = LookUp { code: proof.code.to_lowercase().replace('-', " ") };
    let found: Proof = registrar.post("/proofs/look-up", &typed).unwrap();
    assert_eq!(found, proof);
    assert!(registrar.post::<Proof>("/proofs/look-up", &json!({"code": "0000-0000-0000"})).is_err());
    let used = dossier(&registrar, &number(1)).uses;
    assert!(used.iter().any(|used| used.action == "proof.issue" && used.purpose == "应聘核验"));
    // A corrected register does not change what was said, and whoever looks it up learns of it.
    let row = format!(
        "证书编号,学号,姓名,毕业日期,专业\n{},{},{},20270701,民族舞\n",
        number(1),
        student.student_number,
        student.name
    );
    let upload = registrar.upload("register.csv", row.into_bytes()).unwrap();
    let job: Job = registrar.post("/diplomas/import", &ImportFile { upload: upload.id }).unwrap();
    registrar.done(job.id).unwrap();
    let found: Proof = registrar.post("/proofs/look-up", &typed).unwrap();
    assert_eq!((found.current, found.said), (false, proof.said));
}

#[test]
fn scans_that_came_before_the_models_are_read_from_the_next_start_on() {
    let Some((scene, models)) = Scene::before_models(STUDENTS).unwrap() else { return };
    let (scene, registrar) = registered(scene);
    let jpeg = scene.school.students[0].portrait(tests::Photo::Admission);
    import(&registrar, archive([(format!("{}.jpg", number(1)), jpeg)]).unwrap());
    let scans: Scans = registrar.get("/scans").unwrap();
    assert_eq!((scans.unread, scans.can_read), (1, false));
    scene.appliance.stop().unwrap();
    models.arrive().unwrap();
    scene.appliance.serve().unwrap();
    assert_eq!(read_to_the_end(&scene.registrar().unwrap()).scans, 1);
}

#[test]
fn a_scan_is_read_held_against_the_register_found_by_what_it_says_and_keeps_it_through_a_rebuild() {
    let Some(pen) = Pen::installed() else { return };
    let (scene, registrar) = opened();
    if !registrar.get::<Scans>("/scans").unwrap().can_read {
        println!("skipped: the models that read are not installed; run `cargo xtask setup`");
        return;
    }
    let honest = diploma(&scene, 0);
    let wrong_major = ScannedDiploma { major: "航空服务".to_owned(), ..diploma(&scene, 1) };
    let wrong_number = ScannedDiploma { number: "512341202706900003".to_owned(), ..diploma(&scene, 2) };
    let zip = archive([
        (format!("{}.jpg", number(1)), encoded(&pen.page(&honest.lines(), 1.0), ImageFormat::Jpeg)),
        (format!("{}.pdf", number(2)), pdf(&pen.page(&wrong_major.lines(), 0.0))),
        (format!("{}.tif", number(3)), encoded(&pen.page(&wrong_number.lines(), -0.7), ImageFormat::Tiff)),
        (format!("{}.pdf", number(4)), written_pdf()),
    ])
    .unwrap();
    import(&registrar, zip);
    let scans = read_to_the_end(&registrar);
    assert_eq!((scans.scans, scans.not_measurable, scans.without), (4, 1, STUDENTS as u64 - 4));

    let first = dossier(&registrar, &number(1)).diplomas[0].scans[0].clone();
    for field in
        ["school", "number", "name", "major", "years", "level", "outcome", "entry_date", "graduation_date"]
    {
        assert_eq!(outcome(&first, field).0, "agrees", "{field}");
    }
    let second = dossier(&registrar, &number(2)).diplomas[0].scans[0].clone();
    assert_eq!(outcome(&second, "major").0, "differs");
    let third = dossier(&registrar, &number(3)).diplomas[0].scans[0].clone();
    assert_eq!(outcome(&third, "number"), ("differs".to_owned(), Some("512341202706900003".to_owned())));
    let fourth = dossier(&registrar, &number(4)).diplomas[0].scans[0].clone();
    assert!(!fourth.reading.unwrap().measurable, "a written PDF is said to be not measurable");

    let doubts: Vec<_> = scans.doubts.iter().filter(|doubt| !doubt.differs.is_empty()).collect();
    assert!(doubts.iter().any(|doubt| doubt.differs.contains(&"major".to_owned())));
    assert!(doubts.iter().any(|doubt| doubt.differs.contains(&"number".to_owned())));
    let registered = dossier(&registrar, &number(2)).diplomas[0].major.clone();
    assert_eq!(registered, "舞蹈表演", "nothing is corrected by itself");

    let whose = dossier(&registrar, &number(2)).person;
    assert_eq!(dossier(&registrar, "航空服务").person, whose, "what only the scan says is found");
    scene.appliance.stop().unwrap();
    for derived in ["catalog.db", "index"] {
        let path = scene.appliance.data().join(derived);
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap()
        } else {
            std::fs::remove_file(path).unwrap()
        }
    }
    let rebuilt = scene.appliance.run(&["archive", "rebuild"]).unwrap();
    assert!(rebuilt.status.success(), "{}", String::from_utf8_lossy(&rebuilt.stderr));
    scene.appliance.serve().unwrap();
    let registrar = scene.registrar().unwrap();
    assert_eq!(registrar.get::<Scans>("/scans").unwrap(), scans, "nothing had to be read again");
    assert_eq!(find(&registrar, "航空服务"), [whose]);
    assert_eq!(dossier(&registrar, &number(2)).diplomas[0].scans[0], second);
    let jobs: Vec<Job> = registrar.get("/jobs").unwrap();
    assert!(jobs.iter().all(|job| job.state == JobState::Done));
}
