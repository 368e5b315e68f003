//! The machine's console watches long work of the running server, and sees figures only, no names; and what needs no
//! server.

use api::dossier::PhotoKind;
use api::face::Calibration;
use api::job::{Job, JobState};
use tests::{Photo, Scene, models, program};

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

#[test]
fn thresholds_are_found_on_a_folder_of_photos_at_the_console() {
    const PEOPLE: u64 = 14;
    let Some(models) = models() else {
        println!("skipped: the models are not there; `cargo xtask setup` fetches them");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    for person in 0..PEOPLE {
        let folder = dir.path().join(format!("{person:02}"));
        fs_err::create_dir(&folder).unwrap();
        for photo in 0..2 {
            fs_err::write(folder.join(format!("{photo}.jpg")), verify::draw::portrait_jpeg(person, photo))
                .unwrap();
        }
    }
    // A file that is no photo is told of and keeps nobody from calibrating.
    fs_err::write(dir.path().join("00/letter.txt"), "not a photo").unwrap();
    let calibrate = |more: &[&str]| {
        let photos = dir.path().to_string_lossy();
        let words = ["face", "calibrate", "--photos", &photos, "--models", &models.to_string_lossy()];
        let program = program("xuecang").unwrap();
        std::process::Command::new(program).args(words).args(more).output().unwrap()
    };
    let found = calibrate(&["--target", "0.01", "--json"]);
    let told = String::from_utf8_lossy(&found.stderr).into_owned();
    assert!(found.status.success(), "{told}");
    assert!(told.contains("letter.txt"), "{told}");
    let found: Calibration = serde_json::from_slice(&found.stdout).unwrap();
    assert_eq!((found.people, found.genuine, found.impostor), (PEOPLE, PEOPLE, 2 * PEOPLE * (PEOPLE - 1)));
    assert!(found.accept >= found.reject, "{found:?}");
    let at = |rate: f64| found.operating_points.iter().find(|point| point.target_fmr == rate).unwrap();
    let (low, high) = at(0.01).interval.unwrap();
    assert!(low <= high && at(0.01).fnmr_interval.is_some(), "{:?}", at(0.01));
    assert_eq!((at(1e-4).threshold, at(1e-4).needed), (None, Some(30_000)));
    let table = String::from_utf8(calibrate(&["--target", "0.01"]).stdout).unwrap();
    assert!(table.contains("not measurable with 364 pairs of two people; it takes 30000"), "{table}");
    // What so few people can't measure is refused.
    let refused = calibrate(&["--target", "0.0001"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && told.contains("at least"), "{told}");
}
