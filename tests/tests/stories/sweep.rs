//! What a crash left behind is swept at the next start; what somebody still needs stays.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use api::Role;
use tests::{Appliance, files};

/// Writes a file last touched so long ago.
fn leave(path: &Path, ago: Duration) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, "left").unwrap();
    let at = SystemTime::now() - ago;
    for place in [path, path.parent().unwrap()] {
        std::fs::File::open(place).unwrap().set_modified(at).unwrap();
    }
}

#[test]
fn what_a_crash_left_is_swept_at_the_next_start() {
    let appliance = Appliance::start().unwrap();
    let registrar = appliance.enter(Role::Registrar).unwrap();
    let upload = registrar.upload("roster.csv", b"kept".to_vec()).unwrap().id;
    appliance.kill().unwrap();
    let incoming = appliance.data().join("incoming");
    let id = "0123456789abcdef0123456789abcdef";
    let moment = Duration::from_secs(1);
    leave(&incoming.join(format!("uploads/upload_{id}")), moment);
    leave(&incoming.join(format!("probes/comparison_{id}.jpg")), moment);
    leave(&incoming.join(format!("delivery_{id}/upload.tar")), moment);
    appliance.serve().unwrap();
    let begun = Instant::now();
    loop {
        let left = files::below(&incoming).unwrap();
        if left == [Path::new("uploads").join(upload.to_string())] {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{left:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
