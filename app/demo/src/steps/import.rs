//! The registrar brings in what the school has.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use api::campaign::{Campaign, CampaignKind, NewCampaign};
use api::dossier::PhotoKind;
use api::ids::VendorId;
use api::import::{ImportFile, ImportPhotos};
use api::job::Job;
use jiff::{ToSpan as _, Zoned};

use super::{Campaigns, Story};
use crate::faces::Which;
use crate::files::archive;
use crate::report::Evidence;
use crate::school::{register, roster};

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
        imported.insert(id, registrar.done(job.id)?);
    }
    crate::law::found(
        registrar,
        &story.people.supervisor,
        story.people.password("supervisor"),
        campaigns.current,
    )?;
    crate::law::agree(registrar, campaigns.current)?;
    let admission = photos(story, &campaigns, Which::Admission, PhotoKind::Admission)?;
    photos(story, &campaigns, Which::Entry, PhotoKind::Enrolment)?;
    let upload = registrar.upload("register.xlsx", register(alumni)?)?.id;
    let job: Job = registrar.post("/diplomas/import", &ImportFile { upload })?;
    let diplomas = registrar.done(job.id)?;
    let health: api::health::ArchiveHealth = registrar.get("/archive/health")?;
    evidence.figure("students", cohort.len());
    evidence.figure("alumni", alumni.len());
    evidence.figure("dossiers", health.dossiers);
    evidence.figure("photos", health.photos);
    evidence.figure("diplomas", health.diplomas);
    evidence.figure("result_admission", serde_json::to_value(&admission.result)?);
    evidence.figure("result_register", serde_json::to_value(&diplomas.result)?);
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
    let enrolment = story.agent.enrol(&story.people.it)?;
    story.agent.connect(&enrolment, &story.server.data().join("demo-enrolment.json"))?;
    Ok(enrolment.vendor.id)
}

/// Imports one photo of each student that has such a photo, as a zip named by candidate number.
fn photos(story: &Story, campaigns: &Campaigns, which: Which, kind: PhotoKind) -> Result<Job> {
    let count = if which == Which::Entry { story.faces.calibrating } else { story.faces.people };
    let photos = story.cohort().iter().take(count).enumerate().map(|(at, student)| {
        Ok((format!("{}.jpg", student.candidate_number), story.faces.photo(at, which)?))
    });
    let photos = archive(photos.collect::<Result<Vec<_>>>()?)?;
    let registrar = &story.people.registrar;
    let upload = registrar.upload("photos.zip", photos)?.id;
    let wanted = ImportPhotos { upload, campaign: campaigns.current, kind: Some(kind) };
    let job: Job = registrar.post("/photos/import", &wanted)?;
    registrar.done(job.id).context("the photos could not be imported")
}
