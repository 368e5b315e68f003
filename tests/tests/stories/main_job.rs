//! The main job, whole: the demo's own story, which exits with 0 only if every claim held. Then validators by others judge
//! the archive it left.

use std::path::Path;
use std::process::Command;

use tests::{fixture, models, program};

use crate::fixity::judged_by_others;

/// Plays the demo with so many people in each half, with these photographs or with drawn portraits; returns its lines.
fn play(data: &Path, half: usize, faces: Option<&Path>) -> Vec<serde_json::Value> {
    let mut demo = Command::new(program("xuecang").unwrap());
    demo.args(["demo", "--once", "--json", "--half", &half.to_string(), "--data"])
        .arg(data)
        .arg("--models")
        .arg(models().unwrap());
    if let Some(faces) = faces {
        demo.arg("--faces").arg(faces);
    }
    let output = demo.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_main_job_holds_with_drawn_portraits() {
    if models().is_none() {
        println!("skipped: the models are not there; `cargo xtask setup` fetches them");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let lines = play(&data, 60, None);
    assert_eq!(lines[0]["source"], "drawn");
    assert!(lines.iter().filter(|line| line["ok"] == true).count() >= 9);
    judged_by_others(&data.join("archive"));
}

/// Real faces are harder: the machine has doubts, and a person has to look.
#[test]
fn the_main_job_holds_with_photographs() {
    let Some(faces) = fixture("faces-lfw-view1").filter(|_| models().is_some()) else {
        println!(
            "skipped: there are no photographs of faces or no models; set XUECANG_FIXTURES and XUECANG_MODELS"
        );
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let lines = play(&dir.path().join("data"), 40, Some(&faces));
    assert_eq!(lines[0]["source"], "lfw");
    assert_eq!(lines[1]["rule_set"], "demo-relaxed");
    assert!(lines.iter().filter(|line| line["ok"] == true).count() >= 9);
}
