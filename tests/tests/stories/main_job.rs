//! The main job, whole: the demo's own story, which exits with 0 only if every claim held.

use std::process::Command;

use tests::{models, program};

/// Plays the demo with so many people in each half; returns its lines.
fn play(half: usize) -> Vec<serde_json::Value> {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new(program("xuecang").unwrap())
        .args(["demo", "--once", "--json", "--half", &half.to_string(), "--data"])
        .arg(dir.path().join("data"))
        .arg("--models")
        .arg(models().unwrap())
        .output()
        .unwrap();
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
    let lines = play(60);
    assert_eq!(lines[0]["source"], "drawn");
    assert!(lines.iter().filter(|line| line["ok"] == true).count() >= 9);
}
