//! The archive is kept once more on further volumes, and each brings back what the other has lost: told through the real
//! programs.

use std::path::{Path, PathBuf};
use std::process::Output;

use api::Role;
use api::health::{ArchiveHealth, Replica};
use api::job::{Job, JobKind};
use serde_json::{Value, json};
use tests::{Client, Cut, Moment, Photo, Scene, Volume, files};

use crate::fixity::{judged_by_others, object, photos};

fn run(scene: &Scene, words: &[&str]) -> Output {
    scene.appliance.run(words).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

/// Runs a command that must end well.
fn well(scene: &Scene, words: &[&str]) -> String {
    let output = run(scene, words);
    assert_eq!(output.status.code(), Some(0), "{words:?}: {}", said(&output));
    said(&output)
}

fn add(scene: &Scene, name: &str) -> PathBuf {
    let dir = scene.appliance.folder().join(name);
    well(scene, &["replica", "add", name, "--dir", dir.to_str().unwrap()]);
    dir.join("archive")
}

fn archive(scene: &Scene) -> PathBuf {
    scene.appliance.data().join("archive")
}

fn check(scene: &Scene) -> (Option<i32>, Value) {
    let output = run(scene, &["archive", "check", "--json"]);
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

fn health(client: &Client) -> ArchiveHealth {
    client.get("/archive/health").unwrap()
}

fn only(client: &Client) -> Replica {
    let mut all: Vec<Replica> = client.get("/replicas").unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn same(one: &Path, other: &Path) {
    assert_eq!(files::digests(one).unwrap(), files::digests(other).unwrap());
}

#[test]
fn rot_in_the_archive_comes_back_byte_for_byte_and_rot_in_both_is_named() {
    let scene = Scene::open(6).unwrap().staffed().unwrap();
    let registrar = scene.registrar().unwrap();
    let (archive, replica) = (archive(&scene), add(&scene, "disk"));
    println!("{}", well(&scene, &["replica", "sync"]));
    judged_by_others(&replica);
    same(&archive, &replica);
    let whole = files::digests(&archive).unwrap();

    let found = photos(&archive);
    files::flip(&archive.join(&found[1])).unwrap();
    std::fs::remove_file(archive.join(&found[4])).unwrap();
    let (code, told) = check(&scene);
    println!("{told:#}");
    // The lost photo is missed twice: by its name, and as a folder that is empty now.
    assert!(code == Some(1) && told["damaged"].as_u64() >= Some(2) && told["repaired"] == told["damaged"]);
    assert_eq!(told["repairs"].as_array().unwrap().len(), 2);
    assert_eq!(files::digests(&archive).unwrap(), whole, "byte for byte");
    assert_eq!(check(&scene).0, Some(0));
    let seen = health(&registrar);
    assert!(seen.repairs.len() == 2 && seen.repairs.iter().all(|repair| repair.from == "disk"));
    for repair in &seen.repairs {
        assert!(scene.appliance.data().join("quarantine").join(&repair.kept).join("object").is_dir());
    }

    for root in [&archive, &replica] {
        files::flip(&root.join(&found[2])).unwrap();
    }
    let id = object(&archive, &found[2]);
    let output = run(&scene, &["archive", "check"]);
    let text = said(&output);
    println!("{text}");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text.contains(&format!("{id}: not repaired, no replica holds it whole (disk: damaged)")),
        "{text}"
    );
    assert!(said(&run(&scene, &["doctor"])).contains("patrol-hurt"));
}

#[test]
fn a_replica_with_a_changed_byte_is_repaired_from_the_archive_while_it_serves() {
    let scene = Scene::open(4).unwrap().staffed().unwrap();
    let admin = scene.appliance.enter(Role::SystemAdmin).unwrap();
    let replica = add(&scene, "disk");
    let id = only(&admin).id;
    let synced: Job = admin.post(&format!("/replicas/{id}/sync"), &json!({})).unwrap();
    let synced = admin.done(synced.id).unwrap();
    assert_eq!((synced.result["objects"], synced.result["behind"]), (4, 0));
    same(&archive(&scene), &replica);
    files::flip(&replica.join(&photos(&replica)[3])).unwrap();
    let verified: Job = admin.post(&format!("/replicas/{id}/verify"), &json!({})).unwrap();
    let verified = admin.done(verified.id).unwrap();
    assert_eq!((verified.result["objects"], verified.result["damaged"]), (4, 0));
    same(&archive(&scene), &replica);
    let seen = health(&admin);
    assert_eq!((seen.repairs.len(), seen.repairs[0].place.clone()), (1, id.to_string()));
    assert_eq!(only(&admin).state, "current");
}

#[test]
fn replicas_follow_what_is_archived_by_themselves() {
    let scene = Scene::open(3).unwrap().staffed().unwrap();
    let registrar = scene.registrar().unwrap();
    let replica = add(&scene, "disk");
    well(&scene, &["replica", "sync"]);
    let more = scene.school.photos(Photo::Enrolment).unwrap();
    let job = scene.photos(&registrar, api::dossier::PhotoKind::Enrolment, more).unwrap();
    registrar.done(job.id).unwrap();
    let begun = std::time::Instant::now();
    while only(&registrar).state != "current" || only(&registrar).behind > 0 {
        assert!(begun.elapsed().as_secs() < 60, "{:?}", only(&registrar));
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    same(&archive(&scene), &replica);
    let jobs: Vec<Job> = registrar.get("/jobs").unwrap();
    assert!(jobs.iter().any(|job| job.kind == JobKind::SyncReplica));
}

#[test]
fn a_volume_that_is_not_mounted_is_not_an_empty_replica() {
    let scene = Scene::open(2).unwrap().staffed().unwrap();
    let Some(volume) = Volume::of_mib(32).unwrap() else {
        println!("skipped: a volume of its own, because mounting is not allowed here");
        return;
    };
    let registrar = scene.registrar().unwrap();
    let dir = volume.path().to_owned();
    well(&scene, &["replica", "add", "disk", "--dir", dir.to_str().unwrap()]);
    well(&scene, &["replica", "sync", "disk"]);
    well(&scene, &["replica", "verify", "disk"]);
    let there = only(&registrar);
    assert_eq!((there.state.as_str(), there.other_device), ("current", Some(true)));
    assert!(said(&run(&scene, &["doctor"])).contains("replica-ok"));
    let empty = scene.appliance.folder().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let bind = std::process::Command::new("mount").arg("--bind").arg(&empty).arg(&dir).status().unwrap();
    assert!(bind.success(), "the volume is hidden by an empty folder, as when it is not mounted");
    let output = run(&scene, &["replica", "sync"]);
    let hidden = only(&registrar);
    let doctor = said(&run(&scene, &["doctor"]));
    assert!(std::process::Command::new("umount").arg(&dir).status().unwrap().success());
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!((hidden.state.as_str(), hidden.objects), ("unreachable", 2));
    assert!(doctor.contains("replica-unreachable"), "{doctor}");
    assert!(std::fs::read_dir(&empty).unwrap().next().is_none(), "nothing was written there");
    assert_eq!(only(&registrar).state, "current");
}

/// Asks for a check of the archive at the server, and waits until it is over.
fn checked(admin: &Client) -> Job {
    let job: Job = admin.post("/archive/check", &json!({})).unwrap();
    admin.done(job.id).unwrap()
}

/// How many repairs everybody can see, by object: each once.
fn repaired(scene: &Scene) -> usize {
    let seen = health(&scene.appliance.enter(Role::SystemAdmin).unwrap()).repairs;
    let objects: std::collections::BTreeSet<_> = seen.iter().map(|repair| &repair.object).collect();
    assert_eq!(objects.len(), seen.len(), "each is written down once: {seen:#?}");
    assert_eq!(
        std::fs::read_dir(scene.appliance.data().join("quarantine")).unwrap().count(),
        seen.len(),
        "each has left what was damaged in the quarantine"
    );
    seen.len()
}

#[test]
fn a_repair_killed_midway_ends_like_an_undisturbed_one() {
    let scene = Scene::open(12).unwrap().staffed().unwrap();
    add(&scene, "disk");
    well(&scene, &["replica", "sync"]);
    scene.appliance.stop().unwrap();
    let archive = archive(&scene);
    let whole = files::digests(&archive).unwrap();
    for photo in photos(&archive) {
        files::flip(&archive.join(photo)).unwrap();
    }
    // The copies read the same replica, which stays where it is.
    let peace = scene.copy().unwrap();
    peace.appliance.serve().unwrap();
    let job = checked(&peace.appliance.enter(Role::SystemAdmin).unwrap());
    assert_eq!((job.result["damaged"], job.result["repaired"]), (12, 12));
    assert_eq!(repaired(&peace), 12);
    assert_eq!(files::digests(&peace.appliance.data().join("archive")).unwrap(), whole);
    let took = job.finished.unwrap().duration_since(job.started.unwrap());
    let usual = std::time::Duration::try_from(took).unwrap();
    let mut inside = 0;
    let shares = [0.15, 0.3, 0.45, 0.6].map(Moment::Share);
    // A share of the time may fall beside the repairs; these can't.
    let between = [1, 6].map(|things| Moment::Holds("quarantine", things));
    for moment in shares.into_iter().chain(between) {
        let scene = scene.copy().unwrap();
        scene.appliance.serve().unwrap();
        let admin = scene.appliance.enter(Role::SystemAdmin).unwrap();
        let ask = || admin.post::<Job>("/archive/check", &json!({}));
        let during = (JobKind::CheckArchive, usual);
        let (ended, _) = Cut::during(&scene.appliance, &admin, during, moment, ask).unwrap();
        let left = std::fs::read_dir(scene.appliance.data().join("quarantine")).map_or(0, Iterator::count);
        scene.appliance.serve().unwrap();
        let Some(cut) = ended.cut() else { continue };
        println!("killed at {moment:?} of {usual:?}, with {left} objects in the quarantine");
        inside += usize::from(0 < left && left < 12);
        scene.appliance.enter(Role::SystemAdmin).unwrap().done(cut.job).unwrap();
        assert_eq!(repaired(&scene), 12);
        assert_eq!(files::digests(&scene.appliance.data().join("archive")).unwrap(), whole);
        assert_eq!(check(&scene).0, Some(0));
    }
    assert!(inside > 0, "no kill fell between the first repair and the last");
}
