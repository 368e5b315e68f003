//! The archive is restored elsewhere by the real program while it serves, and what does not come back is told.

use std::path::Path;
use std::process::Output;

use api::health::{ArchiveHealth, Drill};
use archive::fixity::drill::DrillReport;
use serde_json::Value;
use tests::{Client, Scene, Volume, files};

use crate::fixity::{judged_by_others, object, photos};

fn drill(scene: &Scene, to: &Path, more: &[&str]) -> Output {
    scene.appliance.run(&[&["archive", "drill", "--to", to.to_str().unwrap()], more].concat()).unwrap()
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn last(registrar: &Client) -> Option<Drill> {
    registrar.get::<ArchiveHealth>("/archive/health").unwrap().last_drill
}

fn doctor(scene: &Scene) -> String {
    let told = said(&scene.appliance.run(&["doctor"]).unwrap().stdout);
    told.lines().find(|line| line.contains("drill-")).unwrap_or_default().to_owned()
}

#[test]
fn a_served_archive_comes_back_whole_and_everybody_hears_of_it() {
    let scene = Scene::open(6).unwrap().staffed().unwrap();
    let registrar = scene.registrar().unwrap();
    let archive = scene.appliance.data().join("archive");
    let to = scene.appliance.folder().join("drill");
    assert!(last(&registrar).is_none() && doctor(&scene).contains("drill-never"));

    let output = drill(&scene, &to, &["--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    println!("{told:#}");
    let report: DrillReport = serde_json::from_value(told["report"].clone()).unwrap();
    let objects =
        files::below(&archive).unwrap().into_iter().filter(|file| file.to_string_lossy().contains("urn"));
    let bytes: Vec<u64> = objects.map(|file| archive.join(file).metadata().unwrap().len()).collect();
    assert_eq!((report.objects, report.found, report.differing.as_slice()), (6, 6, [].as_slice()));
    assert_eq!((report.files, report.bytes), (bytes.len() as u64, bytes.iter().sum()));
    assert_eq!(told["sha256"], report.document().unwrap().1.to_string().as_str());
    assert!(told["copy"].is_null() && !to.exists(), "no second copy of people's photos is left");
    let seen = last(&registrar).unwrap();
    assert_eq!(
        (seen.objects, seen.differing, seen.report.as_str()),
        (6, 0, told["sha256"].as_str().unwrap())
    );
    assert_eq!((seen.bytes, seen.files), (report.bytes, report.files));
    assert!(doctor(&scene).contains("drill-ok"));

    std::fs::create_dir(&to).unwrap();
    let output = drill(&scene, &to, &["--keep"]);
    let text = said(&output.stdout);
    println!("{text}");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output.stderr));
    assert!(text.contains("6 of 6 objects came back whole") && text.contains("Differences: 0."));
    let copy = to.join("archive");
    assert!(text.contains(copy.to_str().unwrap()));
    assert_eq!(files::digests(&copy).unwrap(), files::digests(&archive).unwrap());
    judged_by_others(&copy);
}

#[test]
fn what_does_not_come_back_is_named_and_seen_in_the_archives_health() {
    let scene = Scene::open(6).unwrap().staffed().unwrap();
    let registrar = scene.registrar().unwrap();
    let archive = scene.appliance.data().join("archive");
    let to = scene.appliance.folder().join("drill");
    let damaged = photos(&archive).remove(3);
    files::flip(&archive.join(&damaged)).unwrap();
    let output = drill(&scene, &to, &[]);
    let text = said(&output.stdout);
    println!("{text}");
    assert_eq!(output.status.code(), Some(1), "{text}");
    let line = text.lines().next().unwrap();
    assert!(
        line.starts_with(&object(&archive, &damaged)) && line.contains(damaged.to_str().unwrap()),
        "{line}"
    );
    assert!(
        text.contains("5 of 6 objects came back whole") && text.contains("Differences: 1.") && !to.exists()
    );
    let seen = last(&registrar).unwrap();
    assert_eq!((seen.objects, seen.differing), (5, 1));
    assert!(doctor(&scene).contains("drill-differs"));

    files::flip(&archive.join(&damaged)).unwrap();
    assert_eq!(drill(&scene, &to, &[]).status.code(), Some(0), "the byte is as it was");
    assert!(last(&registrar).unwrap().differing == 0 && doctor(&scene).contains("drill-ok"));
}

#[test]
fn a_folder_that_is_not_fit_is_refused_with_a_reason() {
    let scene = Scene::open(2).unwrap().staffed().unwrap();
    let registrar = scene.registrar().unwrap();
    let refused = |to: &Path, why: &str| {
        let output = drill(&scene, to, &[]);
        let text = said(&output.stderr);
        println!("{text}");
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(why) && text.contains(to.to_str().unwrap()), "{text}");
    };
    refused(&scene.appliance.data().join("drill"), "lies within");
    assert!(!scene.appliance.data().join("drill").exists());
    refused(scene.appliance.folder(), "is not empty");
    match Volume::of_mib(4).unwrap() {
        None => println!("skipped: a volume without room, because mounting is not allowed here"),
        Some(volume) => {
            volume.fill(64).unwrap();
            let to = volume.path().join("drill");
            refused(&to, "has room for");
            assert!(!to.exists(), "what was made for the drill is gone");
        }
    }
    assert!(last(&registrar).is_none(), "what was refused is no drill");
}
