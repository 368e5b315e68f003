//! Bad input gets one clear refusal; nothing is half done, nothing accepted before is touched.

use std::io::{Cursor, Write as _};

use api::campaign::{Campaign, CampaignKind, NewCampaign};
use api::health::ArchiveHealth;
use api::import::{ImportFile, ImportPhotos};
use api::job::{Job, JobState};
use api::{ProblemCode, Role};
use tests::{Appliance, Client, School};
use zip::write::SimpleFileOptions;

struct Desk {
    registrar: Client,
    campaign: Campaign,
    _appliance: Appliance,
}

/// An appliance that holds ten people with photos.
fn desk() -> Desk {
    let appliance = Appliance::start().unwrap();
    let registrar = appliance.enter(Role::Registrar).unwrap();
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
    let campaign: Campaign = registrar.post("/campaigns", &new).unwrap();
    let desk = Desk { registrar, campaign, _appliance: appliance };
    let school = School::of(10);
    assert_eq!(desk.roster("roster.xlsx", school.roster().unwrap()).state, JobState::Done);
    assert_eq!(desk.photos(school.photos().unwrap()).state, JobState::Done);
    desk
}

impl Desk {
    fn roster(&self, name: &str, bytes: Vec<u8>) -> Job {
        let upload = self.registrar.upload(name, bytes).unwrap().id;
        let path = format!("/campaigns/{}/roster", self.campaign.id);
        let job: Job = self.registrar.post(&path, &ImportFile { upload }).unwrap();
        self.registrar.ended(&job).unwrap()
    }

    fn photos(&self, bytes: Vec<u8>) -> Job {
        let upload = self.registrar.upload("photos.zip", bytes).unwrap().id;
        let wanted = ImportPhotos { upload, campaign: self.campaign.id, kind: None };
        let job: Job = self.registrar.post("/photos/import", &wanted).unwrap();
        self.registrar.ended(&job).unwrap()
    }

    fn holdings(&self) -> (u64, u64, u64) {
        let health: ArchiveHealth = self.registrar.get("/archive/health").unwrap();
        (health.dossiers, health.photos, health.bytes)
    }

    /// The job was refused for its file, and the archive holds what it held.
    fn refused(&self, job: &Job, before: (u64, u64, u64)) {
        assert_eq!(job.state, JobState::Failed, "{job:?}");
        let problem = job.problem.as_ref().unwrap();
        assert_eq!(problem.code, ProblemCode::BadFile, "{}", problem.title);
        assert_eq!(self.holdings(), before);
    }
}

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn files_that_are_not_what_they_should_be_are_refused_whole() {
    let desk = desk();
    let before = desk.holdings();
    assert_eq!((before.0, before.1), (10, 10));

    let good = School::of(20).roster().unwrap();
    desk.refused(&desk.roster("roster.xlsx", good[..good.len() / 2].to_vec()), before);
    desk.refused(&desk.roster("roster.xlsx", b"this is no workbook".to_vec()), before);

    let photo = verify::draw::portrait_jpeg(1, 1);
    let climbing = desk.photos(zip_of(&[("../24530102000001.jpg", &photo)]));
    assert_eq!(
        (climbing.state, climbing.result["refused"]),
        (JobState::Done, 1),
        "the entry is refused and listed"
    );
    assert_eq!(desk.holdings(), before);
    desk.refused(&desk.photos(b"PK\x03\x04 cut off".to_vec()), before);
}

#[test]
fn a_truncated_photo_is_listed_and_the_others_are_kept() {
    let desk = desk();
    let photo = verify::draw::portrait_jpeg(1, 1);
    let other = verify::draw::portrait_jpeg(2, 1);
    let job = desk
        .photos(zip_of(&[("24530102000002.jpg", &photo[..photo.len() / 2]), ("24530102000003.jpg", &other)]));
    assert_eq!(job.state, JobState::Done, "{job:?}");
    assert_eq!(desk.holdings().1, 11);
    let findings: serde_json::Value = desk.registrar.get(&format!("/jobs/{}/findings", job.id)).unwrap();
    assert_eq!(findings["total"], 1, "{findings}");
}
