//! A school at work: where most stories begin.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use api::campaign::{Campaign, CampaignKind, NewCampaign, Slip, TokensIssued};
use api::dossier::PhotoKind;
use api::face::{Calibration, NewCalibration};
use api::ids::{CalibrationId, CampaignId, PersonId, VendorId};
use api::import::{ImportFile, ImportPhotos};
use api::job::Job;
use api::search::{SearchQuery, SearchResults};
use api::{Problem, Role};
use jiff::{ToSpan as _, Zoned};
use serde_json::json;

use crate::{Appliance, Client, Photo, School, Vendor, models};

/// An appliance with a campaign, and the people and the vendor it is about.
#[derive(Debug)]
pub struct Scene {
    /// The appliance.
    pub appliance: Appliance,
    /// The students.
    pub school: School,
    /// The campaign.
    pub campaign: CampaignId,
    /// The vendor that captures.
    pub vendor: Vendor,
}

/// Models that are still to come.
#[derive(Debug)]
pub struct Coming {
    from: PathBuf,
    to: PathBuf,
}

impl Coming {
    /// Now they are there.
    ///
    /// # Errors
    ///
    /// When they can't be put there.
    pub fn arrive(&self) -> Result<()> {
        Ok(std::os::unix::fs::symlink(&self.from, &self.to)?)
    }
}

impl Scene {
    /// A fresh appliance with an empty campaign for so many students.
    ///
    /// # Errors
    ///
    /// When something of it is refused.
    pub fn open(students: usize) -> Result<Self> {
        Self::on(Appliance::start()?, students)
    }

    /// The same on an appliance whose models are still to come; nothing, said on the way, where there are none.
    ///
    /// # Errors
    ///
    /// As [`Scene::open`].
    pub fn before_models(students: usize) -> Result<Option<(Self, Coming)>> {
        let Some(from) = models() else {
            println!("skipped: the models are not there; `cargo xtask setup` fetches them");
            return Ok(None);
        };
        let mut scene = Self::open(students)?;
        let to = scene.appliance.folder().join("no-models");
        scene.appliance.stop()?;
        scene.appliance.use_models(&to)?;
        scene.appliance.serve()?;
        Ok(Some((scene, Coming { from, to })))
    }

    /// The same on an appliance that is there.
    ///
    /// # Errors
    ///
    /// When something of it is refused.
    pub fn on(appliance: Appliance, students: usize) -> Result<Self> {
        let vendor = Vendor::enrol(&appliance)?;
        let registrar = appliance.enter(Role::Registrar)?;
        let campaign = campaign(&registrar, vendor.registration().id)?.id;
        Ok(Self { appliance, school: School::of(students), campaign, vendor })
    }

    /// The same with roster and admission photos imported.
    ///
    /// # Errors
    ///
    /// When something of it is refused.
    pub fn staffed(self) -> Result<Self> {
        let registrar = self.registrar()?;
        registrar.done(self.roster(&registrar, "roster.xlsx", self.school.roster()?)?.id)?;
        self.founded()?;
        registrar
            .done(self.photos(&registrar, PhotoKind::Admission, self.school.photos(Photo::Admission)?)?.id)?;
        Ok(self)
    }

    /// The same with a second photo of everybody, and thresholds found on them and adopted.
    ///
    /// # Errors
    ///
    /// When something of it is refused.
    pub fn calibrated(self) -> Result<Self> {
        let registrar = self.registrar()?;
        registrar
            .done(self.photos(&registrar, PhotoKind::Enrolment, self.school.photos(Photo::Enrolment)?)?.id)?;
        let desk = self.appliance.enter(Role::Admissions)?;
        let job = desk.done(self.calibrate(&desk)?.id)?;
        let id = CalibrationId::from_uuid(job.id.uuid());
        let _: Calibration = desk.post(&format!("/calibrations/{id}/adopt"), &json!({}))?;
        Ok(self)
    }

    /// Gives the campaign the ground on which it compares faces: notice, assessment signed by somebody else, and the
    /// consent of everybody on its roster.
    ///
    /// # Errors
    ///
    /// When something of it is refused.
    pub fn founded(&self) -> Result<()> {
        let supervisor = self.appliance.enter(Role::Supervisor)?;
        demo::found(&self.registrar()?, &supervisor, self.appliance.password(), self.campaign)?;
        demo::agree(&self.registrar()?, self.campaign)
    }

    /// The registrar, signed in.
    ///
    /// # Errors
    ///
    /// When she may not sign in.
    pub fn registrar(&self) -> Result<Client> {
        self.appliance.enter(Role::Registrar)
    }

    /// Asks for a roster to be imported.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub fn roster(&self, registrar: &Client, name: &str, bytes: Vec<u8>) -> Result<Job> {
        let upload = registrar.upload(name, bytes)?.id;
        registrar.post(&format!("/campaigns/{}/roster", self.campaign), &ImportFile { upload })
    }

    /// Asks for photos to be imported.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub fn photos(&self, registrar: &Client, kind: PhotoKind, bytes: Vec<u8>) -> Result<Job> {
        let upload = registrar.upload("photos.zip", bytes)?.id;
        let wanted = ImportPhotos { upload, campaign: self.campaign, kind: Some(kind) };
        registrar.post("/photos/import", &wanted)
    }

    /// Asks for a certificate register to be imported.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub fn register(&self, registrar: &Client, bytes: Vec<u8>) -> Result<Job> {
        let upload = registrar.upload("register.xlsx", bytes)?.id;
        registrar.post("/diplomas/import", &ImportFile { upload })
    }

    /// Asks for a calibration at the rate that so few people can measure.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub fn calibrate(&self, desk: &Client) -> Result<Job> {
        desk.post("/calibrations", &NewCalibration { campaign: self.campaign, target_fmr: 0.01 })
    }

    /// Issues capture tokens. Returns them by student number.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub fn tokens(&self) -> Result<BTreeMap<String, String>> {
        let registrar = self.registrar()?;
        let path = format!("/campaigns/{}", self.campaign);
        let _: TokensIssued = registrar.post(&format!("{path}/tokens"), &json!({}))?;
        let slips: Vec<Slip> = registrar.all(&format!("{path}/slips"))?;
        let by_person: BTreeMap<PersonId, String> =
            slips.into_iter().map(|slip| (slip.person, slip.token)).collect();
        let mut tokens = BTreeMap::new();
        for number in self.school.numbers() {
            let query = SearchQuery { q: number.clone(), ..SearchQuery::default() };
            let found: SearchResults = registrar.query("/search", &query)?;
            let person = found.exact.first().with_context(|| format!("{number} is not found"))?.person;
            tokens.extend(by_person.get(&person).map(|token| (number, token.clone())));
        }
        Ok(tokens)
    }

    /// The same scene around a copy of its appliance. Neither is serving.
    ///
    /// # Errors
    ///
    /// When it can't be copied.
    pub fn copy(&self) -> Result<Self> {
        let appliance = self.appliance.copy()?;
        let vendor = self.vendor.of_copy(&appliance)?;
        Ok(Self { appliance, school: self.school.clone(), campaign: self.campaign, vendor })
    }
}

/// Opens a campaign whose captures ended yesterday.
fn campaign(registrar: &Client, vendor: VendorId) -> Result<Campaign> {
    let today = Zoned::now().date();
    let new = NewCampaign {
        name: "2027届".to_owned(),
        kind: CampaignKind::Graduation,
        year: 2027,
        capture_from: today - 20.days(),
        capture_until: today - 1.day(),
        deliver_by: today + 40.days(),
        rule_set: "jbz-2017-99".to_owned(),
        vendor: Some(vendor),
    };
    registrar.post("/campaigns", &new)
}

/// The problem with which something was refused.
///
/// # Errors
///
/// When it was done, or failed for another reason.
pub fn refusal<T>(answer: Result<T>) -> Result<Problem> {
    match answer {
        Ok(_) => bail!("it was not refused"),
        Err(error) => error.downcast::<Problem>().context("it failed for another reason"),
    }
}
