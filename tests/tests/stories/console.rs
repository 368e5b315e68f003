//! The machine's console watches long work of the running server, and sees figures only, no names.

use api::dossier::PhotoKind;
use api::job::{Job, JobState};
use tests::{Photo, Scene};

const STUDENTS: usize = 60;

#[test]
fn a_job_of_the_server_is_followed_to_its_end_at_the_console() {
    let scene = Scene::open(STUDENTS).unwrap().staffed().unwrap();
    let registrar = scene.registrar().unwrap();
    let photos = scene.school.photos(Photo::Admission).unwrap();
    let asked = scene.photos(&registrar, PhotoKind::Admission, photos).unwrap();
    let followed = scene.appliance.run(&["job", "follow"]).unwrap();
    let told = String::from_utf8(followed.stdout).unwrap();
    assert_eq!(followed.status.code(), Some(0), "{told}");
    let done: Job = registrar.get(&format!("/jobs/{}", asked.id)).unwrap();
    assert_eq!(done.state, JobState::Done, "the command ends when the job has");
    let id = asked.id.to_string();
    let again = String::from_utf8(scene.appliance.run(&["job", "follow", &id]).unwrap().stdout).unwrap();
    let fields: Vec<&str> = again.trim_end().split('\t').collect();
    assert_eq!(fields[..3], [id.as_str(), "import_photos", "done"], "{again}");
    assert!(fields[3].contains(&format!("photos {STUDENTS}")), "{again}");
    let listed = String::from_utf8(scene.appliance.run(&["job", "list"]).unwrap().stdout).unwrap();
    assert!(listed.contains(again.trim_end()), "{listed}");
    let broken = scene.photos(&registrar, PhotoKind::Admission, b"no zip at all".to_vec()).unwrap();
    let failed = scene.appliance.run(&["job", "follow", &broken.id.to_string()]).unwrap();
    let told = String::from_utf8(failed.stdout).unwrap();
    assert_eq!(failed.status.code(), Some(1), "{told}");
    assert!(told.contains("failed\t") && told.contains("photos.zip"), "{told}");
    let text = format!("{listed}{told}");
    assert!(
        scene.school.numbers().iter().all(|number| !text.contains(number)),
        "numbers are nobody's business here"
    );
}
