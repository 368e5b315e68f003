//! The registrar brings in what the school has.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use anyhow::{Context, Result};
use api::campaign::{Campaign, CampaignKind, NewCampaign};
use api::dossier::PhotoKind;
use api::ids::VendorId;
use api::import::{ImportFile, ImportPhotos};
use api::job::Job;
use api::vendor::{Enrolment, NewVendor};
use fs_err as fs;
use jiff::{ToSpan as _, Zoned};
use serde_json::Value;
use zip::write::SimpleFileOptions;

use super::super::faces::Which;
use super::super::report::Evidence;
use super::super::school::{Student, register, roster};
use super::{Campaigns, Story};

/// Plays the step.
pub(super) fn play(story: &Story, evidence: &mut Evidence) -> Result<Campaigns> {
    let (cohort, alumni) = story.students.split_at(story.cohort);
    let vendor = enrol(story)?;
    let campaigns = Campaigns {
        current: campaign(story, "2027届毕业生图像采集", 2027, vendor)?.id,
        before: campaign(story, "2026届毕业生", 2026, vendor)?.id,
    };
    let registrar = &story.people.registrar;
    let mut imported = BTreeMap::new();
    for (id, people) in [(campaigns.before, alumni), (campaigns.current, cohort)] {
        let upload = registrar.upload("roster.xlsx", roster(people)?)?.id;
        let job: Job = registrar.post(&format!("/campaigns/{id}/roster"), &ImportFile { upload })?;
        imported.insert(id, registrar.done(&job)?);
    }
    let admission = photos(story, &campaigns, Which::Admission, PhotoKind::Admission)?;
    let entry = photos(story, &campaigns, Which::Entry, PhotoKind::Enrolment)?;
    let upload = registrar.upload("register.xlsx", register(alumni)?)?.id;
    let job: Job = registrar.post("/diplomas/import", &ImportFile { upload })?;
    let diplomas = registrar.done(&job)?;
    let health: api::health::ArchiveHealth = registrar.get("/archive/health")?;
    evidence.figure("students", cohort.len());
    evidence.figure("alumni", alumni.len());
    evidence.figure("dossiers", health.dossiers);
    evidence.figure("photos", health.photos);
    evidence.figure("diplomas", health.diplomas);
    evidence.figure("result_admission", serde_json::to_value(&admission.result)?);
    evidence.figure("result_register", serde_json::to_value(&diplomas.result)?);
    let _ = entry;
    let photos = story.faces.people + story.faces.calibrating;
    evidence
        .holds(health.dossiers == story.students.len() as u64, "there is one dossier per row of the rosters");
    evidence.holds(health.photos == photos as u64, format!("there are {photos} photos"));
    evidence.holds(health.diplomas == alumni.len() as u64, "there is one diploma per row of the register");
    Ok(campaigns)
}

fn campaign(story: &Story, name: &str, year: u16, vendor: VendorId) -> Result<Campaign> {
    let today = Zoned::now().date();
    let new = NewCampaign {
        name: name.to_owned(),
        kind: CampaignKind::Graduation,
        year,
        capture_from: today - 20.days(),
        capture_until: today - 1.day(),
        deliver_by: today + 40.days(),
        rule_set: story.faces.rule_set().to_owned(),
        vendor: Some(vendor),
    };
    story.people.registrar.post("/campaigns", &new)
}

/// The vendor asks for a certificate, IT registers it, its agent is told.
fn enrol(story: &Story) -> Result<VendorId> {
    let request: Value = story.agent.ask(&["enrol"])?;
    let text = |name: &str| {
        request
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_owned)
            .with_context(|| format!("the agent gives no {name}"))
    };
    let new = NewVendor {
        name: "彩云图像".to_owned(),
        csr: text("csr")?,
        agent_key: text("agent_key")?,
        legal_key: text("legal_key")?,
        legal_name: "何彩云".to_owned(),
    };
    let enrolment: Enrolment = story.people.it.post("/vendors", &new)?;
    let file = story.server.data().join("demo-enrolment.json");
    fs::write(&file, serde_json::to_vec(&enrolment)?)?;
    story.agent.run(&["connect", &file.to_string_lossy()])?;
    Ok(enrolment.vendor.id)
}

/// Imports one photo of each student that has such a photo, as a zip named by candidate number.
fn photos(story: &Story, campaigns: &Campaigns, which: Which, kind: PhotoKind) -> Result<Job> {
    let count = if which == Which::Entry { story.faces.calibrating } else { story.faces.people };
    let students: Vec<(usize, &Student)> = story.cohort().iter().take(count).enumerate().collect();
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (at, student) in students {
        zip.start_file(format!("{}.jpg", student.candidate_number), SimpleFileOptions::default())?;
        zip.write_all(&story.faces.photo(at, which)?)?;
    }
    let registrar = &story.people.registrar;
    let upload = registrar.upload("photos.zip", zip.finish()?.into_inner())?.id;
    let wanted = ImportPhotos { upload, campaign: campaigns.current, kind: Some(kind) };
    let job: Job = registrar.post("/photos/import", &wanted)?;
    registrar.done(&job).context("the photos could not be imported")
}
