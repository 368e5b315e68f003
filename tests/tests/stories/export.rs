//! A school leaves with all it has, checks what it carries without us, and comes back somewhere else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use api::Role;
use api::ids::PersonId;
use api::ledger::LedgerEntry;
use api::search::{SearchQuery, SearchResults};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tests::{Appliance, Client, Scene, files, program};

use crate::fixity::judged_by_others;

const PURPOSE: &str = "移交档案馆";
const APPROVED_BY: &str = "王主任";

/// Writes a bag at the console.
fn export(scene: &Scene, to: &Path, more: &[&str]) -> Output {
    let to = to.to_str().unwrap();
    let words = ["export", "--to", to, "--purpose", PURPOSE, "--approved-by", APPROVED_BY, "--json"];
    scene.appliance.run(&[&words, more].concat()).unwrap()
}

fn told(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

/// Runs the script of a bag; nothing where there is no Python.
fn script(bag: &Path) -> Option<(Option<i32>, String)> {
    match Command::new("python3").arg("-B").arg(bag.join("data/verify.py")).arg("verify").output() {
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            Some((output.status.code(), String::from_utf8_lossy(&text).into_owned()))
        }
        Err(error) => {
            println!("python3 can't be started ({error}); the bag's own script was skipped");
            None
        }
    }
}

/// The people with these numbers.
fn people(client: &Client, numbers: &[String]) -> BTreeMap<String, PersonId> {
    let find = |number: &String| {
        let query = SearchQuery { q: number.clone(), ..SearchQuery::default() };
        let found: SearchResults = client.query("/search", &query).unwrap();
        let [hit] = found.exact.as_slice() else { panic!("{number}: {} found", found.exact.len()) };
        (number.clone(), hit.person)
    };
    numbers.iter().map(find).collect()
}

/// What every dossier says that does not depend on the appliance it is read from.
fn dossiers(client: &Client, people: &BTreeMap<String, PersonId>) -> Vec<Value> {
    let read = |person: &PersonId| {
        let mut dossier: Value = client.get(&format!("/persons/{person}")).unwrap();
        for own in ["uses", "fixity"] {
            dossier.as_object_mut().unwrap().remove(own).unwrap();
        }
        for version in dossier["versions"].as_array_mut().unwrap() {
            for own in ["leaf", "by"] {
                version.as_object_mut().unwrap().remove(own).unwrap();
            }
        }
        dossier
    };
    people.values().map(read).collect()
}

/// Waits until the ledger holds an event of a kind.
fn in_ledger(client: &Client, kind: &str) -> LedgerEntry {
    let begun = Instant::now();
    loop {
        let entries: Vec<LedgerEntry> = client.all("/ledger/entries").unwrap();
        if let Some(entry) = entries.into_iter().find(|entry| entry.kind == kind) {
            return entry;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "the ledger holds no {kind}");
        sleep(Duration::from_millis(100));
    }
}

fn a_photo(folder: &Path) -> PathBuf {
    let mut files = files::below(folder).unwrap();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jpg"));
    files.remove(0)
}

/// A school with photos and diplomas.
fn school() -> Scene {
    let scene = Scene::open(6).unwrap().staffed().unwrap();
    let registrar = scene.registrar().unwrap();
    let register = scene.register(&registrar, scene.school.register(0).unwrap()).unwrap();
    registrar.done(register.id).unwrap();
    scene
}

#[test]
fn a_school_leaves_and_comes_back_byte_for_byte() {
    let scene = school();
    let registrar = scene.registrar().unwrap();
    let folk = people(&registrar, &scene.school.numbers());
    let before = dossiers(&registrar, &folk);
    let bag = scene.appliance.folder().join("bag");

    let output = export(&scene, &bag, &[]);
    let exported = told(&output);
    println!("{exported:#}");
    assert!(output.status.success());
    assert_eq!((exported["dossiers"].as_u64(), exported["left_out"].as_array().unwrap().len()), (Some(6), 0));
    let mut ours = Command::new(program("xuecang").unwrap());
    let judged = ours.args(["bag", "validate"]).arg(&bag).output().unwrap();
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stdout));
    if let Some((code, said)) = script(&bag) {
        println!("{said}");
        assert_eq!(code, Some(0), "{said}");
        let photo = a_photo(&bag.join("data/objects"));
        files::flip(&bag.join("data/objects").join(&photo)).unwrap();
        let (code, said) = script(&bag).unwrap();
        println!("{said}");
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(photo.to_str().unwrap()), "{said}");
        files::flip(&bag.join("data/objects").join(&photo)).unwrap();
        assert_eq!(script(&bag).unwrap().0, Some(0), "the byte is as it was");
    }

    // Who took what, for what and by whose word, is known to everybody who should know.
    for person in folk.values() {
        let dossier: Value = registrar.get(&format!("/persons/{person}")).unwrap();
        let uses = dossier["uses"].as_array().unwrap();
        let use_of = uses.iter().find(|one| one["action"] == "dossier.export").unwrap();
        let purpose = use_of["purpose"].as_str().unwrap();
        assert!(purpose.contains(PURPOSE) && purpose.contains(APPROVED_BY), "{purpose}");
    }
    in_ledger(&registrar, "archive.exported");

    // Another appliance, where nobody knows anybody.
    let other = Appliance::start().unwrap();
    other.stop().unwrap();
    let output = other.run(&["archive", "admit", bag.to_str().unwrap(), "--json"]).unwrap();
    let admitted = told(&output);
    println!("{admitted:#}");
    assert!(output.status.success());
    assert_eq!((admitted["taken"].as_u64(), admitted["held"].as_u64()), (Some(6), Some(0)));
    assert_eq!(
        files::digests(&other.data().join("archive")).unwrap(),
        files::digests(&scene.appliance.data().join("archive")).unwrap(),
    );
    let check = other.run(&["archive", "check"]).unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
    judged_by_others(&other.data().join("archive"));
    other.serve().unwrap();
    let reader = other.enter(Role::Registrar).unwrap();
    let there = people(&reader, &scene.school.numbers());
    assert_eq!(there, folk);
    assert_eq!(dossiers(&reader, &there), before);
    in_ledger(&reader, "archive.admitted");
    other.stop().unwrap();
    let again = told(&other.run(&["archive", "admit", bag.to_str().unwrap(), "--json"]).unwrap());
    assert_eq!((again["taken"].as_u64(), again["held"].as_u64()), (Some(0), Some(6)));
}

#[test]
fn some_leave_others_stay_and_what_is_not_asked_for_rightly_does_not_leave() {
    let scene = school();
    let registrar = scene.registrar().unwrap();
    let folk = people(&registrar, &scene.school.numbers());
    let to = |name: &str| scene.appliance.folder().join(name);
    let (one, two) = (folk.values().next().unwrap().to_string(), folk.values().nth(3).unwrap().to_string());
    let chosen = export(&scene, &to("two"), &["--person", &one, "--person", &two]);
    assert_eq!(told(&chosen)["dossiers"].as_u64(), Some(2));
    let campaign = scene.campaign.to_string();
    for (name, more) in [
        ("campaign", ["--campaign", &campaign]),
        ("class", ["--class", "舞蹈表演2401班"]),
        ("year", ["--year", "2024"]),
    ] {
        assert_eq!(told(&export(&scene, &to(name), &more))["dossiers"].as_u64(), Some(6), "{name}");
    }
    let inside = scene.appliance.data().join("archive/bag");
    let refused: [(&str, PathBuf, &[&str]); 5] = [
        ("nobody of that class", to("nobody"), &["--class", "没有这个班"]),
        ("nobody of that id", to("nobody"), &["--person", "person_00000000000000000000000000000000"]),
        ("a folder that is not empty", to("two"), &[]),
        ("a folder among the archive's own", inside, &[]),
        ("two choices at once", to("nobody"), &["--year", "2024", "--class", "舞蹈表演2401班"]),
    ];
    for (what, to, more) in refused {
        let before = files::digests(&to).unwrap();
        let output = export(&scene, &to, more);
        println!("{what}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(2), "{what}");
        assert_eq!(files::digests(&to).unwrap(), before, "{what}");
    }
    let silent =
        scene.appliance.run(&["export", "--to", to("nobody").to_str().unwrap(), "--purpose", PURPOSE]);
    assert_eq!(silent.unwrap().status.code(), Some(2), "nobody approved it");
    let busy = scene.appliance.run(&["archive", "admit", to("two").to_str().unwrap()]).unwrap();
    assert_eq!(busy.status.code(), Some(2), "a server is running");
    assert!(!to("nobody").exists());
}

/// Called back after so many milliseconds, an export either is whole or was never there.
#[test]
fn an_export_that_is_called_back_leaves_nothing() {
    let scene = school();
    scene.appliance.stop().unwrap();
    let place = scene.appliance.folder().join("leaving");
    std::fs::create_dir(&place).unwrap();
    let bag = place.join("bag");
    let mut stopped = 0;
    for delay in (0..24).map(|step| step * 12) {
        let mut console = Command::new(program("xuecang").unwrap());
        console.args(["export", "--purpose", PURPOSE, "--approved-by", APPROVED_BY, "--to"]).arg(&bag);
        console.arg("--data").arg(scene.appliance.data());
        console.arg("--config").arg(scene.appliance.folder().join("config.toml"));
        let mut console = console.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        sleep(Duration::from_millis(delay));
        // It may have ended before; then nobody hears it.
        let _heard = kill_process(Pid::from_child(&console), Signal::TERM);
        let status = console.wait().unwrap();
        let left: Vec<_> =
            std::fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        if status.success() {
            assert_eq!(left, ["bag"], "after {delay} ms");
            let mut ours = Command::new(program("xuecang").unwrap());
            assert!(ours.args(["bag", "validate"]).arg(&bag).output().unwrap().status.success());
            std::fs::remove_dir_all(&bag).unwrap();
        } else {
            assert!(left.is_empty(), "after {delay} ms there is {left:?}");
            stopped += u32::from(status.code() == Some(2));
        }
    }
    println!("stopped {stopped} times in the midst of it");
}
