//! 四性检测: a served archive is checked by DA/T 70 at the console and through the API, and says item by item what holds,
//! what does not, and what nobody could test.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use api::appraisal::{Appraisal, AppraisalReport, Appraise, AppraisedItem};
use api::delivery::{Confirm, Decision, Delivery, DeliveryState, Propose};
use api::job::{Job, JobKind, JobState};
use api::ledger::LedgerEntry;
use api::{Page, ProblemCode, Role};
use serde_json::{Value, json};
use tests::{Client, LANGUAGES, Scene, Words, files, models, refusal};

use crate::fixity::{object, photos};

/// Checks at the console: the exit code and what it says.
fn appraise(scene: &Scene, more: &[&str]) -> (Option<i32>, Value) {
    let words = [&["archive", "appraise", "--json"], more].concat();
    let output = scene.appliance.run(&words).unwrap();
    let told = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    if told.is_null() {
        println!("{}", String::from_utf8_lossy(&output.stderr));
    }
    (output.status.code(), told)
}

fn with(told: &Value, verdict: &str) -> Vec<String> {
    let rows = told["report"]["rows"].as_array().unwrap();
    let wanted = rows.iter().filter(|row| row["verdict"] == verdict);
    wanted.map(|row| row["item"].as_str().unwrap().to_owned()).collect()
}

fn ask(client: &Client, wanted: &Appraise) -> AppraisalReport {
    let job: Job = client.post("/archive/appraisals", wanted).unwrap();
    assert_eq!(job.kind, JobKind::Appraise);
    client.done(job.id).unwrap();
    let newest: Vec<Appraisal> = client.get("/archive/appraisals").unwrap();
    client.get(&format!("/archive/appraisals/{}", newest[0].id)).unwrap()
}

fn item<'a>(report: &'a AppraisalReport, name: &str) -> &'a AppraisedItem {
    report.items.iter().find(|item| item.item == name).unwrap()
}

fn failing(report: &AppraisalReport) -> Vec<&str> {
    report.items.iter().filter(|item| item.verdict == "failed").map(|item| &*item.number).collect()
}

#[test]
fn a_served_archive_is_checked_item_by_item_and_a_changed_byte_decides_alone() {
    let scene = Scene::open(6).unwrap().staffed().unwrap();
    let registrar = scene.registrar().unwrap();
    registrar.done(scene.register(&registrar, scene.school.register(0).unwrap()).unwrap().id).unwrap();
    let archive = scene.appliance.data().join("archive");

    let (code, told) = appraise(&scene, &[]);
    println!("{told:#}");
    assert_eq!((code, told["passed"].as_bool()), (Some(0), Some(true)), "{:?}", with(&told, "failed"));
    assert_eq!(told["report"]["rows"].as_array().unwrap().len(), 40);
    assert_eq!(told["report"]["objects"], 6);
    let untested = with(&told, "not_testable");
    assert!(
        ["appearance", "disc", "restorable", "sameness"]
            .iter()
            .all(|item| untested.contains(&(*item).to_owned()))
    );
    for row in told["report"]["rows"].as_array().unwrap() {
        assert_eq!(row["looked_at"] == 0, row["verdict"] == "not_testable", "{row}");
        assert_eq!(row["reason"].is_null(), row["verdict"] != "not_testable", "{row}");
    }

    let damaged = photos(&archive).remove(3);
    let hurt = object(&archive, &damaged);
    files::flip(&archive.join(&damaged)).unwrap();
    let (code, told) = appraise(&scene, &[]);
    assert_eq!((code, told["passed"].as_bool()), (Some(1), Some(false)));
    assert!(with(&told, "failed").contains(&"fixity".to_owned()));
    let (code, _) = appraise(&scene, &["--object", &hurt]);
    assert_eq!(code, Some(1));
    let whole = photos(&archive).remove(0);
    let (code, _) = appraise(&scene, &["--object", &object(&archive, &whole)]);
    assert_eq!(code, Some(0), "another object is not touched by that");
    let (code, _) = appraise(&scene, &["--object", "urn:uuid:9b1a4a3c-0000-4000-8000-000000000000"]);
    assert_eq!(code, Some(2), "there is none such");

    let report = ask(&registrar, &Appraise::default());
    assert!(
        failing(&report).contains(&"1-1") && !report.appraisal.has_passed() && report.appraisal.vetoes >= 1
    );
    let fault = &item(&report, "fixity").failing[0];
    assert!(fault.subject.as_ref().unwrap().starts_with("person_"), "{fault:?}");
    assert!(damaged.to_string_lossy().contains(&fault.place), "{fault:?}");
    files::flip(&archive.join(&damaged)).unwrap();
    let report = ask(&registrar, &Appraise::default());
    let faults: Vec<_> = report.items.iter().flat_map(|item| &item.failing).collect();
    assert_eq!((failing(&report), report.appraisal.has_passed()), (vec![], true), "{faults:#?}");

    let all: Vec<Appraisal> =
        scene.appliance.enter(Role::Auditor).unwrap().get("/archive/appraisals").unwrap();
    assert_eq!(all.len(), 6, "what could not be checked left no report");
    assert_eq!(in_the_ledger(&registrar, 4), 4, "each of the whole archive is in the ledger");
    papers(&registrar, &report);
}

/// How many checks of the whole archive the ledger tells of. What the console did, the server takes in a moment later.
fn in_the_ledger(registrar: &Client, wanted: usize) -> usize {
    let begun = Instant::now();
    loop {
        let told: Page<LedgerEntry> =
            registrar.query("/ledger/entries", &json!({"subject": "archive", "limit": 50})).unwrap();
        let told = told.items.iter().filter(|entry| entry.kind == "archive.appraised").count();
        if told >= wanted || begun.elapsed() > Duration::from_secs(30) {
            return told;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn who_may_ask_and_what_can_not_be_asked() {
    let scene = Scene::open(2).unwrap().staffed().unwrap();
    let auditor = scene.appliance.enter(Role::Auditor).unwrap();
    let refused = |client: &Client, wanted: &Value| {
        refusal(client.post::<Job>("/archive/appraisals", wanted)).unwrap().code
    };
    assert_eq!(refused(&auditor, &json!({})), ProblemCode::NotAllowed);
    let desk = scene.appliance.enter(Role::Admissions).unwrap();
    assert_eq!(
        refusal(desk.get::<Vec<Appraisal>>("/archive/appraisals")).unwrap().code,
        ProblemCode::NotAllowed
    );
    let registrar = scene.registrar().unwrap();
    assert_eq!(refused(&registrar, &json!({"object": "somebody"})), ProblemCode::BadField);
    let nobody = api::ids::PersonId::new();
    assert_eq!(refused(&registrar, &json!({"object": nobody})), ProblemCode::NotFound);
    let none = api::ids::DeliveryId::new();
    assert_eq!(refused(&registrar, &json!({"delivery": none})), ProblemCode::NotFound);
}

#[test]
fn an_accepted_delivery_is_checked_by_itself() {
    if models().is_none() {
        println!("skipped: the models are not there; `cargo xtask setup` fetches them");
        return;
    }
    let scene = Scene::open(16).unwrap().staffed().unwrap().calibrated().unwrap();
    let tokens = scene.tokens().unwrap();
    let parcel = scene.vendor.pack(&scene.school.captures(&tokens), scene.campaign, "parcel").unwrap();
    let delivery = scene.vendor.deliver(&parcel, scene.campaign).unwrap();
    let (registrar, it) = (scene.registrar().unwrap(), scene.appliance.enter(Role::It).unwrap());
    let checked = registrar.settled(delivery).unwrap();
    let found = checked.report.unwrap();
    println!("{found:#?}");
    let complete = found.extra + found.missing + found.wrong + found.late == 0;
    let decision = if complete { Decision::Accept } else { Decision::AcceptPart };
    let path = format!("/deliveries/{delivery}");
    let propose = Propose { decision, reason: "a story".to_owned() };
    let _: Delivery = registrar.post(&format!("{path}/proposal"), &propose).unwrap();
    let _: Delivery = it.post(&format!("{path}/confirmation"), &Confirm { confirm: true }).unwrap();
    assert_eq!(registrar.settled(delivery).unwrap().state, DeliveryState::Accepted);

    let jobs: Vec<Job> = registrar.query("/jobs", &json!({"subject": delivery})).unwrap();
    let job = jobs.iter().find(|job| job.kind == JobKind::Appraise).unwrap();
    assert_eq!(registrar.done(job.id).unwrap().state, JobState::Done);
    let own: Vec<Appraisal> = registrar.query("/archive/appraisals", &json!({"subject": delivery})).unwrap();
    let [kept] = own.as_slice() else { panic!("{own:#?}") };
    assert_eq!((&*kept.environment, kept.has_passed()), ("accession", true));
    let report: AppraisalReport = registrar.get(&format!("/archive/appraisals/{}", kept.id)).unwrap();
    println!("{report:#?}");
    for name in ["fixity", "descriptions", "structure", "sameness", "count", "bytes", "process", "control"] {
        assert_eq!(item(&report, name).verdict, "passed", "{name}");
    }
    let (code, _) = appraise(&scene, &["--delivery", &delivery.to_string()]);
    assert_eq!(code, Some(0));
    papers(&registrar, &report);
}

/// The report on paper says every item and its result in words, in both languages.
fn papers(client: &Client, report: &AppraisalReport) {
    if Command::new("pdftotext").arg("-v").output().is_err() {
        println!("skipped: pdftotext is not there; `cargo xtask setup` installs it");
        return;
    }
    for language in LANGUAGES {
        let words = Words::of(language).unwrap();
        let path = format!("/archive/appraisals/{}/report.pdf?lang={language}", report.appraisal.id);
        let text = text(&client.bytes(&path).unwrap());
        let say =
            |kind: &str, code: &str| words.say(kind, code).unwrap().split_whitespace().collect::<String>();
        for item in &report.items {
            assert!(text.contains(&item.number), "{} in {language}", item.number);
            assert!(text.contains(&say("appraisal_verdict", &item.verdict)), "{} in {language}", item.number);
            if let Some(reason) = &item.reason {
                assert_ne!(say("appraisal_reason", reason), *reason, "{reason} has no words in {language}");
            }
        }
        for property in ["authenticity", "integrity", "usability", "safety"] {
            assert!(text.contains(&say("appraisal_property", property)), "{property} in {language}:\n{text}");
        }
        assert!(text.contains(&report.appraisal.not_testable.to_string()) && text.contains("DA/T70-2018"));
    }
}

/// The text of a PDF without its spaces.
fn text(pdf: &[u8]) -> String {
    let mut child = Command::new("pdftotext")
        .args(["-raw", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(pdf).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().split_whitespace().collect()
}
