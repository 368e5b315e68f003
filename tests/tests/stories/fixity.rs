//! What a failing disk does to the archive is found and named, by us and by validators of others.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tests::{Judge, Scene, files, program};

/// Runs the check at the console: its exit code and what it says.
fn check(scene: &Scene) -> (Option<i32>, Value, String) {
    let run = |words: &[&str]| scene.appliance.run(words).unwrap();
    let told = run(&["archive", "check", "--json"]);
    let text = run(&["archive", "check"]);
    assert_eq!(told.status.code(), text.status.code());
    let json = serde_json::from_slice(&told.stdout).unwrap();
    (told.status.code(), json, String::from_utf8_lossy(&text.stdout).into_owned())
}

/// Some archived photos, as paths below the archive's folder.
pub(crate) fn photos(archive: &Path) -> Vec<PathBuf> {
    let files = files::below(archive).unwrap();
    files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "jpg")).collect()
}

/// The id that the inventory of the object holding a file gives.
pub(crate) fn object(archive: &Path, file: &Path) -> String {
    let root = file.ancestors().find(|folder| {
        archive.join(folder).join("inventory.json").is_file()
            && archive.join(folder).join("0=ocfl_object_1.1").is_file()
    });
    let inventory = std::fs::read(archive.join(root.unwrap()).join("inventory.json")).unwrap();
    let inventory: Value = serde_json::from_slice(&inventory).unwrap();
    inventory["id"].as_str().unwrap().to_owned()
}

/// Whether a validator names a warning of the specification: `W008`.
fn warns(told: &str) -> bool {
    told.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        let number = word.strip_prefix('W').unwrap_or_default();
        number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Our own validator and every one that is installed call the archive valid and warn of nothing, and a changed one not.
pub(crate) fn judged_by_others(archive: &Path) {
    let mut ours = Command::new(program("xuecang").unwrap());
    let output = ours.args(["ocfl", "validate"]).arg(archive).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && !warns(&told), "our own finds fault: {told}");
    let photo = archive.join(photos(archive).remove(0));
    for judge in Judge::all() {
        let Some(judgement) = judge.validate(archive).unwrap() else {
            println!("{} is not installed; the archive was not judged by it", judge.name);
            continue;
        };
        let told = judgement.told;
        println!("{} says: {told}", judge.name);
        assert!(judgement.valid, "{} finds fault: {told}", judge.name);
        assert!(!warns(&told), "{} warns: {told}", judge.name);
        files::flip(&photo).unwrap();
        let judgement = judge.validate(archive).unwrap().unwrap();
        files::flip(&photo).unwrap();
        assert!(!judgement.valid, "{} does not see a changed byte", judge.name);
    }
}

#[test]
fn a_changed_byte_and_a_lost_file_are_named_with_their_objects() {
    let scene = Scene::open(8).unwrap().staffed().unwrap();
    scene.appliance.stop().unwrap();
    let archive = scene.appliance.data().join("archive");
    let (code, told, text) = check(&scene);
    assert_eq!(
        (code, told["damaged"].as_u64(), told["faults"].as_array().unwrap().len()),
        (Some(0), Some(0), 0)
    );
    assert!(text.contains(" 0 damaged, 0 unreadable"), "{text}");
    judged_by_others(&archive);

    let found = photos(&archive);
    assert_eq!(found.len(), 8);
    files::flip(&archive.join(&found[2])).unwrap();
    let (code, told, text) = check(&scene);
    println!("{text}");
    let [fault] = told["faults"].as_array().unwrap().as_slice() else { panic!("{told:#}") };
    assert_eq!((code, told["damaged"].as_u64()), (Some(1), Some(1)));
    assert_eq!(fault["object"], object(&archive, &found[2]));
    assert_eq!(fault["path"], found[2].to_string_lossy().as_ref());
    assert!(
        text.contains(fault["object"].as_str().unwrap()) && text.contains(fault["path"].as_str().unwrap())
    );
    files::flip(&archive.join(&found[2])).unwrap();
    assert_eq!(check(&scene).0, Some(0), "the byte is as it was");

    std::fs::remove_file(archive.join(&found[5])).unwrap();
    let (code, told, text) = check(&scene);
    println!("{text}");
    let faults = told["faults"].as_array().unwrap();
    assert_eq!(code, Some(1));
    assert!(!faults.is_empty() && faults.iter().all(|fault| fault["object"] == object(&archive, &found[5])));
    assert!(text.contains(found[5].to_string_lossy().as_ref()), "{text}");
}

#[test]
fn a_lost_object_is_named_too() {
    let scene = Scene::open(8).unwrap().staffed().unwrap();
    scene.appliance.stop().unwrap();
    let archive = scene.appliance.data().join("archive");
    let photo = photos(&archive).remove(0);
    let id = object(&archive, &photo);
    let root =
        photo.ancestors().find(|folder| archive.join(folder).join("0=ocfl_object_1.1").is_file()).unwrap();
    std::fs::remove_dir_all(archive.join(root)).unwrap();
    let (code, told, text) = check(&scene);
    println!("{text}");
    assert_eq!(code, Some(1));
    let faults = told["faults"].as_array().unwrap();
    assert!(faults.iter().any(|fault| fault["object"] == id.as_str()), "{told:#}");
    assert!(text.contains(&id));
}

/// A value that changed inside a page is none that SQLite would see.
#[test]
fn a_database_whose_bytes_changed_while_it_was_closed_is_not_used_and_what_to_do_is_said() {
    let scene = Scene::open(8).unwrap().staffed().unwrap();
    scene.appliance.stop().unwrap();
    let answers = |words: &[&str]| {
        let output = scene.appliance.run(words).unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for (name, advice) in [("office.db", "put back its last backup"), ("catalog.db", "archive rebuild")] {
        let file = scene.appliance.data().join(name);
        assert!(answers(&["search", &scene.school.students[0].student_number]).0, "it is whole");
        files::flip(&file).unwrap();
        let (done, told) = answers(&["search", "x"]);
        assert!(!done && told.contains(name) && told.contains(advice), "{told}");
        assert!(scene.appliance.serve().is_err(), "a server uses {name}");
        scene.appliance.kill().unwrap();
        files::flip(&file).unwrap();
    }
    // The catalogue is made again from the files of the archive, as the advice has it.
    let catalog = scene.appliance.data().join("catalog.db");
    files::flip(&catalog).unwrap();
    std::fs::remove_file(&catalog).unwrap();
    let (done, told) = answers(&["archive", "rebuild"]);
    assert!(done, "{told}");
    assert!(answers(&["search", &scene.school.students[0].student_number]).0);
}
