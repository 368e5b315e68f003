//! The power fails in the middle of a job; after the next start the result is that of a job nobody disturbed.
//!
//! Every kind of job there is has a story here. Each begins from the same appliance: one copy of it does the job in peace,
//! the others are killed at moments within it. Then everything that can be seen of them is compared.

use std::collections::BTreeSet;
use std::ops::Range;
use std::process::Child;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use api::Role;
use api::cohort::NewCohort;
use api::delivery::{Confirm, Decision, Delivery, Propose};
use api::dossier::PhotoKind;
use api::face::Calibration;
use api::health::Replica;
use api::ids::{CalibrationId, JobId};
use api::import::ImportFile;
use api::job::{Job, JobKind};
use serde_json::{Value, json};
use tests::{
    Client, Cut, Ended, Moment, Photo, Scene, archive, delivered, differences, files, models, picture,
};

/// So many that thresholds can be found on their photos.
const STUDENTS: usize = 16;

/// Graduates whom only the certificate register knows.
const STRANGERS: usize = 3;

/// A job that is over before its moment comes is tried again so often, each time a little earlier.
const TRIES: i32 = 6;

/// Near the beginning, in the middle, near the end. Each is reached, earlier if need be.
const THIRDS: [Moment; 3] = [Moment::Share(0.05), Moment::Share(0.5), Moment::Share(0.85)];

/// What the agent's child process or nothing is waited for.
type Asked = Option<Child>;

/// How a kind of job comes about, and when the power fails.
struct Story {
    kind: JobKind,
    /// Who may follow it.
    watcher: Role,
    ask: fn(&Scene) -> Result<Asked>,
    moments: Vec<Moment>,
    /// What else happens before the next job, undisturbed.
    after: fn(&Scene, &Job) -> Result<()>,
}

/// A kind of job, cut off in each third of its time and, where it can be caught there, at a step.
fn story(kind: JobKind, watcher: Role, steps: &[Moment], ask: fn(&Scene) -> Result<Asked>) -> Story {
    Story { kind, watcher, ask, moments: [&THIRDS, steps].concat(), after: |_, _| Ok(()) }
}

/// In the order in which they can happen.
fn stories() -> Vec<Story> {
    let roster = story(JobKind::ImportRoster, Role::Registrar, &[Moment::Step("storing", 1.0)], |scene| {
        scene.roster(&scene.registrar()?, "roster.xlsx", scene.school.roster()?)?;
        Ok(None)
    });
    let photos = story(JobKind::ImportPhotos, Role::Registrar, &[Moment::Step("storing", 1.0)], |scene| {
        let zip = scene.school.photos(Photo::Admission)?;
        scene.photos(&scene.registrar()?, PhotoKind::Admission, zip)?;
        Ok(None)
    });
    let photos = Story { after: second_photos, ..photos };
    let diplomas =
        story(JobKind::ImportDiplomas, Role::Registrar, &[Moment::Step("storing", 1.0)], |scene| {
            scene.register(&scene.registrar()?, scene.school.register(STRANGERS)?)?;
            Ok(None)
        });
    let scans =
        story(JobKind::ImportScans, Role::Registrar, &[], |scene| import_scans(scene, 0..4).map(|_| None));
    // Whatever comes in is read at once, so more scans come in.
    let reading = story(JobKind::ReadScans, Role::Registrar, &[], |scene| {
        let (registrar, job) = import_scans(scene, 4..8)?;
        registrar.done(job.id)?;
        Ok(None)
    });
    let calibrate = story(
        JobKind::Calibrate,
        Role::Admissions,
        &[Moment::Step("embedding", 0.6), Moment::Step("calibrating", 0.0)],
        |scene| {
            scene.calibrate(&scene.appliance.enter(Role::Admissions)?)?;
            Ok(None)
        },
    );
    let calibrate = Story { after: adopt_and_pack, ..calibrate };
    let cohort =
        story(JobKind::CompareCohort, Role::Admissions, &[Moment::Step("embedding", 0.6)], |scene| {
            let path = format!("/campaigns/{}/cohorts", scene.campaign);
            let desk = scene.appliance.enter(Role::Admissions)?;
            let _: Job = desk.post(&path, &NewCohort { sample_percent: 5, other_campaigns: Vec::new() })?;
            Ok(None)
        });
    let check = story(JobKind::CheckDelivery, Role::Registrar, &[Moment::Step("checking", 0.5)], |scene| {
        let parcel = scene.appliance.folder().join("parcel");
        Ok(Some(scene.vendor.start_delivering(&parcel, scene.campaign)?))
    });
    let check = Story { after: propose, ..check };
    let accept = story(
        JobKind::AcceptDelivery,
        Role::Registrar,
        &[Moment::Step("storing", 1.0), Moment::Step("signing", 0.0)],
        |scene| {
            let registrar = scene.registrar()?;
            let path = format!("/deliveries/{}/confirmation", only_delivery(&registrar)?.id);
            let _: Delivery = registrar.post(&path, &Confirm { confirm: true })?;
            Ok(None)
        },
    );
    let intact =
        story(JobKind::CheckArchive, Role::SystemAdmin, &[], |scene| maintain(scene, "/archive/check"));
    let rebuild = story(JobKind::Rebuild, Role::SystemAdmin, &[Moment::Step("indexing", 0.0)], |scene| {
        maintain(scene, "/archive/rebuild")
    });
    let renew = story(JobKind::RenewIndex, Role::SystemAdmin, &[], |scene| maintain(scene, "/archive/index"));
    let ledger =
        story(JobKind::VerifyLedger, Role::SystemAdmin, &[], |scene| maintain(scene, "/ledger/verify"));
    let appraise =
        story(JobKind::Appraise, Role::SystemAdmin, &[], |scene| maintain(scene, "/archive/appraisals"));
    let sync = story(JobKind::SyncReplica, Role::SystemAdmin, &[], |scene| {
        let replica = replica(scene)?;
        maintain(scene, &format!("/replicas/{replica}/sync"))
    });
    let sync = Story { after: forget_replica, ..sync };
    let verify = story(JobKind::VerifyReplica, Role::SystemAdmin, &[], |scene| {
        let replica = replica(scene)?;
        told_to(scene, &["replica", "sync"])?;
        let spoilt = files::below(&scene.appliance.folder().join("replica/archive"))?;
        let spoilt = spoilt.into_iter().find(|path| path.extension().is_some_and(|end| end == "jpg"));
        let spoilt = spoilt.context("the replica holds no photo")?;
        files::flip(&scene.appliance.folder().join("replica/archive").join(spoilt))?;
        maintain(scene, &format!("/replicas/{replica}/verify"))
    });
    vec![
        roster, photos, diplomas, scans, reading, calibrate, cohort, check, accept, intact, rebuild, renew,
        ledger, appraise, sync, verify,
    ]
}

/// Asks for scans of some students' diplomas to be imported.
fn import_scans(scene: &Scene, places: Range<usize>) -> Result<(Client, Job)> {
    let registrar = scene.registrar()?;
    let scans = scene.school.students.iter().enumerate().skip(places.start).take(places.len());
    let scans = scans.map(|(place, student)| {
        (format!("512341202706{:06}.jpg", place + 1), student.portrait(Photo::Enrolment))
    });
    let upload = registrar.upload("scans.zip", archive(scans)?)?.id;
    let job = registrar.post("/scans/import", &ImportFile { upload })?;
    Ok((registrar, job))
}

fn told_to(scene: &Scene, words: &[&str]) -> Result<()> {
    let output = scene.appliance.run(words)?;
    if !output.status.success() {
        bail!("{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// Adds a replica in the scene's own folder. Returns its id.
fn replica(scene: &Scene) -> Result<String> {
    let dir = scene.appliance.folder().join("replica");
    told_to(scene, &["replica", "add", "disk", "--dir", dir.to_str().context("a path without text")?])?;
    let mut all: Vec<Replica> = scene.appliance.enter(Role::SystemAdmin)?.get("/replicas")?;
    Ok(all.pop().context("there is no replica")?.id.to_string())
}

/// A copy of the scene must not find the replica of another.
fn forget_replica(scene: &Scene, _: &Job) -> Result<()> {
    told_to(scene, &["replica", "remove", "disk"])?;
    Ok(std::fs::remove_dir_all(scene.appliance.folder().join("replica"))?)
}

fn maintain(scene: &Scene, path: &str) -> Result<Asked> {
    let _: Job = scene.appliance.enter(Role::SystemAdmin)?.post(path, &json!({}))?;
    Ok(None)
}

/// Everybody agrees to have their faces compared, and has a second photo.
fn second_photos(scene: &Scene, _: &Job) -> Result<()> {
    scene.founded()?;
    let registrar = scene.registrar()?;
    let job = scene.photos(&registrar, PhotoKind::Enrolment, scene.school.photos(Photo::Enrolment)?)?;
    registrar.done(job.id)?;
    Ok(())
}

fn adopt_and_pack(scene: &Scene, job: &Job) -> Result<()> {
    let id = CalibrationId::from_uuid(job.id.uuid());
    let desk = scene.appliance.enter(Role::Admissions)?;
    let _: Calibration = desk.post(&format!("/calibrations/{id}/adopt"), &json!({}))?;
    let captures = scene.school.captures(&scene.tokens()?).spoilt();
    scene.vendor.pack(&captures, scene.campaign, "parcel")?;
    Ok(())
}

fn propose(scene: &Scene, _: &Job) -> Result<()> {
    let it = scene.appliance.enter(Role::It)?;
    let path = format!("/deliveries/{}/proposal", only_delivery(&it)?.id);
    let proposal = Propose { decision: Decision::AcceptPart, reason: "其余重交".to_owned() };
    let _: Delivery = it.post(&path, &proposal)?;
    Ok(())
}

fn only_delivery(client: &Client) -> Result<Delivery> {
    let mut all: Vec<Delivery> = client.get("/deliveries")?;
    all.pop().context("there is no delivery")
}

/// How a job ended: its figures and what it found, without ids and times.
fn outcome(client: &Client, job: &Job) -> Result<Value> {
    let findings: Vec<Value> = client.all(&format!("/jobs/{}/findings", job.id))?;
    Ok(json!({ "state": job.state, "result": job.result, "problem": job.problem, "findings": findings }))
}

/// The newest job of a kind, once it has ended well.
fn newest(client: &Client, kind: JobKind) -> Result<Job> {
    let jobs: Vec<Job> = client.get("/jobs")?;
    let job = jobs.into_iter().filter(|job| job.kind == kind).max_by_key(|job| job.created);
    client.done(job.context("there is no such job")?.id)
}

/// What is compared after a job.
fn seen(scene: &Scene, watcher: &Client, job: &Job) -> Result<Value> {
    let mut numbers = scene.school.numbers();
    numbers.extend(tests::School::of(STUDENTS + STRANGERS).numbers().split_off(STUDENTS));
    Ok(json!({ "job": outcome(watcher, job)?, "all": picture(&scene.appliance, &numbers)? }))
}

/// Waits for the agent, if there is one, and for the job.
fn finished(watcher: &Client, asked: Asked, job: Option<JobId>, kind: JobKind) -> Result<Job> {
    if let Some(agent) = asked {
        delivered(agent.wait_with_output()?)?;
    }
    match job {
        Some(job) => watcher.done(job),
        None => newest(watcher, kind),
    }
}

/// The job done in peace: what is seen afterwards, and the job.
fn undisturbed(scene: &Scene, story: &Story) -> Result<(Value, Job)> {
    let asked = (story.ask)(scene)?;
    let watcher = scene.appliance.enter(story.watcher)?;
    let job = finished(&watcher, asked, None, story.kind)?;
    Ok((seen(scene, &watcher, &job)?, job))
}

fn took(job: &Job) -> Result<Duration> {
    let (started, finished) = job.started.zip(job.finished).context("the job has no times")?;
    Ok(Duration::try_from(finished.duration_since(started))?)
}

/// The job cut off at a moment, and done after the restart: what is seen afterwards. Nothing if the step is always over
/// before it is heard of.
fn killed(prepared: &Scene, story: &Story, moment: Moment, usual: Duration) -> Result<Option<Value>> {
    // The undisturbed job may have been slowed down by what the machine did beside it.
    let mut usual = usual;
    for n in 0..TRIES {
        let sooner = match moment {
            Moment::Share(share) => Moment::Share(share * 0.7_f64.powi(n)),
            other @ (Moment::Step(..) | Moment::Holds(..)) => other,
        };
        let scene = prepared.copy()?;
        scene.appliance.serve()?;
        let watcher = scene.appliance.enter(story.watcher)?;
        let ask = || (story.ask)(&scene);
        let (ended, asked) = Cut::during(&scene.appliance, &watcher, (story.kind, usual), sooner, ask)?;
        let cut = match ended {
            Ended::Cut(cut) => cut,
            Ended::Over(after) => {
                usual = usual.min(after);
                continue;
            }
        };
        scene.appliance.serve()?;
        let watcher = scene.appliance.enter(story.watcher)?;
        // Whoever asked may have been cut off before hearing that the job had been noted.
        let job = finished(&watcher, asked.ok().flatten(), Some(cut.job), story.kind)?;
        if cut.was_inside(&job) {
            println!("{:?} killed at {sooner:?} of {usual:?}, having told: {}", story.kind, cut.told);
            return seen(&scene, &watcher, &job).map(Some);
        }
        usual = usual.min(took(&job)?);
    }
    match moment {
        Moment::Share(_) => bail!("it is always over before"),
        Moment::Step(..) | Moment::Holds(..) => {
            println!("{:?} is always over before {moment:?} is heard of", story.kind);
            Ok(None)
        }
    }
}

/// One after the other, each from where the one before ended in peace; the killed copies two at a time.
fn told() -> Result<BTreeSet<JobKind>> {
    let scene = Scene::open(STUDENTS)?;
    let mut told = BTreeSet::new();
    for story in stories() {
        scene.appliance.stop()?;
        let prepared = scene.copy()?;
        scene.appliance.serve()?;
        let (expected, job) = undisturbed(&scene, &story)?;
        let usual = took(&job)?;
        let moments = Mutex::new(story.moments.iter());
        let compare_all = || -> Result<()> {
            loop {
                // Two threads take turns; the lock is not held while a story is told.
                let next = moments.lock().map_err(|_| anyhow!("another story panicked"))?.next().copied();
                let Some(moment) = next else { return Ok(()) };
                let after = killed(&prepared, &story, moment, usual)
                    .with_context(|| format!("{:?} killed at {moment:?}", story.kind))?;
                let Some(after) = after else { continue };
                let differences = differences(&expected, &after);
                if !differences.is_empty() {
                    bail!("{:?} killed at {moment:?} ends otherwise: {differences:#?}", story.kind);
                }
            }
        };
        thread::scope(|scope| {
            let both = [scope.spawn(compare_all), scope.spawn(compare_all)];
            both.into_iter().try_for_each(|one| one.join().map_err(|_| anyhow!("a story panicked"))?)
        })?;
        (story.after)(&scene, &job)?;
        told.insert(story.kind);
    }
    Ok(told)
}

/// Every kind of job, as the appliance's own description of its API lists them.
fn kinds() -> Result<BTreeSet<JobKind>> {
    let appliance = tests::Appliance::start()?;
    let description: Value = appliance.enter(Role::Registrar)?.get("/openapi.json")?;
    let kinds = description.pointer("/components/schemas/JobKind").context("JobKind is not described")?;
    let mut found = BTreeSet::new();
    words(kinds, &mut found);
    Ok(found)
}

fn words(value: &Value, found: &mut BTreeSet<JobKind>) {
    match value {
        Value::String(_) => found.extend(serde_json::from_value::<JobKind>(value.clone())),
        Value::Array(items) => items.iter().for_each(|item| words(item, found)),
        Value::Object(fields) => fields.values().for_each(|value| words(value, found)),
        _ => {}
    }
}

#[test]
fn every_kind_of_job_has_a_story_here() {
    let told: BTreeSet<JobKind> = stories().iter().map(|story| story.kind).collect();
    let kinds = kinds().unwrap();
    assert!(kinds.len() > 8, "{kinds:?}");
    assert_eq!(told, kinds);
}

#[test]
fn every_kind_of_job_killed_midway_ends_like_an_undisturbed_one() {
    if models().is_none() {
        println!("skipped: the models are not there; `cargo xtask setup` fetches them");
        return;
    }
    let all: BTreeSet<JobKind> = stories().iter().map(|story| story.kind).collect();
    assert_eq!(told().unwrap_or_else(|error| panic!("{error:?}")), all);
}
