//! The power fails in the middle of a job; after the next start the result is that of a job nobody disturbed.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::Duration;

use api::Role;
use api::campaign::{Campaign, CampaignKind, NewCampaign};
use api::import::{ImportFile, ImportPhotos};
use api::job::Job;
use api::search::{SearchQuery, SearchResults};
use serde_json::Value;
use tests::{Appliance, Client, School};

fn campaign(registrar: &Client) -> Campaign {
    let new = NewCampaign {
        name: "2027届".to_owned(),
        kind: CampaignKind::Graduation,
        year: 2027,
        capture_from: "2026-09-01".parse().unwrap(),
        capture_until: "2026-12-31".parse().unwrap(),
        deliver_by: "2027-02-28".parse().unwrap(),
        rule_set: "jbz-2017-99".to_owned(),
        vendor: None,
    };
    registrar.post("/campaigns", &new).unwrap()
}

/// What the archive holds of every student, without ids and times, which are drawn anew each time.
fn holdings(registrar: &Client, school: &School) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for student in &school.students {
        let query = SearchQuery { q: student.student_number.clone(), ..SearchQuery::default() };
        let found: SearchResults = registrar.query("/search", &query).unwrap();
        assert_eq!(found.total, 1, "{} is found once", student.student_number);
        let dossier: Value = registrar.get(&format!("/persons/{}", found.exact[0].person)).unwrap();
        let photos = dossier["photos"].as_array().unwrap();
        let digests: Vec<&Value> = photos.iter().map(|photo| &photo["sha512"]).collect();
        all.insert(
            student.student_number.clone(),
            serde_json::json!({ "facts": dossier["facts"], "photos": digests }),
        );
    }
    all
}

/// Imports a school; kills the appliance `after` each job was asked for, if that is given.
fn import(appliance: &mut Appliance, school: &School, after: Option<Duration>) -> BTreeMap<String, Value> {
    let registrar = appliance.enter(Role::Registrar).unwrap();
    let campaign = campaign(&registrar).id;
    let upload = registrar.upload("roster.xlsx", school.roster().unwrap()).unwrap().id;
    let job: Job = registrar.post(&format!("/campaigns/{campaign}/roster"), &ImportFile { upload }).unwrap();
    let registrar = disturbed(appliance, registrar, after);
    registrar.done(&job).unwrap();
    let upload = registrar.upload("photos.zip", school.photos().unwrap()).unwrap().id;
    let job: Job = registrar.post("/photos/import", &ImportPhotos { upload, campaign, kind: None }).unwrap();
    let registrar = disturbed(appliance, registrar, after);
    registrar.done(&job).unwrap();
    let job: Job =
        appliance.enter(Role::SystemAdmin).unwrap().post("/archive/rebuild", &serde_json::json!({})).unwrap();
    let registrar = disturbed(appliance, registrar, after);
    registrar.done(&job).unwrap();
    let valid = appliance.run(&["archive", "check", "--json"]).unwrap();
    assert!(valid.status.success(), "{}", String::from_utf8_lossy(&valid.stdout));
    holdings(&registrar, school)
}

fn disturbed(appliance: &mut Appliance, registrar: Client, after: Option<Duration>) -> Client {
    let Some(after) = after else { return registrar };
    sleep(after);
    appliance.kill().unwrap();
    appliance.serve().unwrap();
    appliance.enter(Role::Registrar).unwrap()
}

#[test]
fn imports_and_rebuild_killed_midway_end_like_undisturbed_ones() {
    let school = School::of(150);
    let undisturbed = import(&mut Appliance::start().unwrap(), &school, None);
    assert_eq!(undisturbed.len(), 150);
    for ms in [5, 60, 250] {
        let mut appliance = Appliance::start().unwrap();
        let killed = import(&mut appliance, &school, Some(Duration::from_millis(ms)));
        assert!(killed == undisturbed, "killed after {ms} ms, the archive holds something else");
    }
}
