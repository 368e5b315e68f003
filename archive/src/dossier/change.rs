//! What is to change in a dossier, and how a change meets what is there.

use ids::{CampaignId, DiplomaId, PersonId, PhotoId, ScanId};
use jiff::Timestamp;

use super::{
    Diploma, DiplomaFacts, Dossier, NewPhoto, NewScan, Photo, PhotoKind, Premis, PremisEvent, Reading, Scan,
    premis,
};
use crate::{ocfl::Source, person::PersonRecord};

/// What a change says of a person's facts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Facts {
    /// Nothing.
    #[default]
    Keep,
    /// What a roster says: what it leaves out stays as it is.
    Merge(Box<PersonRecord>),
    /// All of them, as they should be: a correction by hand.
    Set(Box<PersonRecord>),
}

/// What is to change in one dossier. Applying it twice changes nothing more.
#[derive(Debug, Clone)]
pub struct Change {
    pub(super) person: PersonId,
    message: String,
    facts: Facts,
    campaign: Option<CampaignId>,
    photos: Vec<NewPhoto>,
    diplomas: Vec<DiplomaFacts>,
    scans: Vec<(DiplomaId, NewScan)>,
    readings: Vec<Reading>,
    pub(super) from_version: Option<u32>,
}

impl Change {
    /// A change of nothing so far; `message` says why, and stands in the version for good.
    #[must_use]
    pub fn of(person: PersonId, message: impl Into<String>) -> Self {
        Self {
            person,
            message: message.into(),
            facts: Facts::Keep,
            campaign: None,
            photos: Vec::new(),
            diplomas: Vec::new(),
            scans: Vec::new(),
            readings: Vec::new(),
            from_version: None,
        }
    }

    /// Changes the facts. A person without a dossier needs this.
    #[must_use]
    pub fn facts(self, facts: Facts) -> Self {
        Self { facts, ..self }
    }

    /// Notes that the person is on a campaign's roster.
    #[must_use]
    pub fn on_roster(self, campaign: CampaignId) -> Self {
        Self { campaign: Some(campaign), ..self }
    }

    /// Adds a photo. It takes the place of the present one of its kind, which stays.
    #[must_use]
    pub fn photo(mut self, photo: NewPhoto) -> Self {
        self.photos.push(photo);
        self
    }

    /// Adds an entry of the certificate register, or corrects the one of the same number.
    #[must_use]
    pub fn diploma(mut self, diploma: DiplomaFacts) -> Self {
        self.diplomas.push(diploma);
        self
    }

    /// Adds a scan to a diploma. Those that are there stay. Without that diploma it is left out.
    #[must_use]
    pub fn scan(mut self, diploma: DiplomaId, scan: NewScan) -> Self {
        self.scans.push((diploma, scan));
        self
    }

    /// Adds what was read on a scan, in place of what an earlier reading of it said. Without that scan it is left out.
    #[must_use]
    pub fn reading(mut self, reading: Reading) -> Self {
        self.readings.push(reading);
        self
    }

    /// Refuses to change any version but this.
    #[must_use]
    pub fn from_version(self, version: u32) -> Self {
        Self { from_version: Some(version), ..self }
    }
}

/// A dossier being changed: the document, its log, and the bytes that come with it.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) dossier: Dossier,
    pub(super) premis: Premis,
    pub(super) files: Vec<(String, Source)>,
    pub(super) messages: Vec<String>,
    /// The photos kept by the change, or found kept already, in the order given.
    pub(super) photos: Vec<PhotoId>,
    /// The scans kept by the change, or found kept already, in the order given.
    pub(super) scans: Vec<ScanId>,
    /// Whether anything differs from what is archived.
    pub(super) changed: bool,
}

/// A change for a person without a dossier says nothing of who that is.
#[derive(Debug)]
pub(super) struct NoFacts;

impl Draft {
    /// The draft of a dossier as it is archived.
    pub(super) fn of(dossier: Dossier, premis: Premis) -> Self {
        Self {
            dossier,
            premis,
            files: Vec::new(),
            messages: Vec::new(),
            photos: Vec::new(),
            scans: Vec::new(),
            changed: false,
        }
    }

    /// The draft of a new dossier.
    pub(super) fn new(change: &Change, at: Timestamp, agent: &str) -> Result<Self, NoFacts> {
        let (Facts::Merge(facts) | Facts::Set(facts)) = &change.facts else { return Err(NoFacts) };
        let mut premis = Premis::default();
        premis.events.push(PremisEvent::of_object("creation", at, agent, change.message.clone()));
        let dossier = Dossier::new(change.person, facts.as_ref().clone());
        Ok(Self { changed: true, messages: vec![change.message.clone()], ..Self::of(dossier, premis) })
    }

    /// Applies a change.
    pub(super) fn apply(&mut self, change: Change, at: Timestamp, agent: &str) {
        let before = self.premis.events.len();
        self.apply_facts(change.facts, &change.message, at, agent);
        if let Some(campaign) = change.campaign {
            self.join(campaign, at, agent);
        }
        for photo in change.photos {
            self.add_photo(photo, at, agent);
        }
        for diploma in change.diplomas {
            self.add_diploma(diploma, at, agent);
        }
        for (diploma, scan) in change.scans {
            self.add_scan(diploma, scan, at, agent);
        }
        for reading in change.readings {
            self.add_reading(&reading);
        }
        if self.premis.events.len() > before {
            self.changed = true;
            if !self.messages.contains(&change.message) {
                self.messages.push(change.message);
            }
        }
    }

    fn apply_facts(&mut self, facts: Facts, message: &str, at: Timestamp, agent: &str) {
        let after = match facts {
            Facts::Keep => return,
            Facts::Set(facts) => *facts,
            Facts::Merge(facts) => merged(&self.dossier.facts, *facts),
        };
        if after == self.dossier.facts {
            return;
        }
        let detail = format!("{message}: {}", changed_fields(&self.dossier.facts, &after).join(", "));
        self.premis.events.push(PremisEvent::of_object("metadata modification", at, agent, detail));
        self.dossier.facts = after;
    }

    fn join(&mut self, campaign: CampaignId, at: Timestamp, agent: &str) {
        if !self.dossier.campaigns.contains(&campaign) {
            self.dossier.campaigns.push(campaign);
            let detail = format!("on the roster of {campaign}");
            self.premis.events.push(PremisEvent::of_object("metadata modification", at, agent, detail));
        }
    }

    fn add_photo(&mut self, new: NewPhoto, at: Timestamp, agent: &str) {
        let same = |photo: &&Photo| photo.kind == new.kind && photo.sha256 == new.sha256;
        if let Some(kept) = self.dossier.photos.iter().find(same) {
            self.photos.push(kept.id);
            return;
        }
        let id = PhotoId::new();
        let photo = Photo {
            id,
            kind: new.kind,
            file: format!("photos/{id}.{}", new.extension()),
            sha512: new.sha512.clone(),
            sha256: new.sha256.clone(),
            bytes: new.len,
            width: new.width,
            height: new.height,
            captured: new.captured,
            kept: at,
            delivery: new.delivery,
            token: new.token.clone(),
            source: new.source.clone(),
            superseded_by: None,
        };
        self.supersede(photo.kind, id);
        self.premis.events.extend(premis::of_photo(&photo, &new, agent));
        self.files.push((photo.file.clone(), new.into_source()));
        self.dossier.photos.push(photo);
        self.photos.push(id);
    }

    fn supersede(&mut self, kind: PhotoKind, by: PhotoId) {
        let present = self
            .dossier
            .photos
            .iter_mut()
            .filter(|photo| photo.kind == kind && photo.superseded_by.is_none());
        for photo in present {
            photo.superseded_by = Some(by);
        }
    }

    fn add_diploma(&mut self, facts: DiplomaFacts, at: Timestamp, agent: &str) {
        let kind = match self.dossier.diplomas.iter_mut().find(|kept| kept.facts.number == facts.number) {
            Some(kept) if kept.facts == facts => return,
            Some(kept) => {
                kept.facts = facts;
                "metadata modification"
            }
            None => {
                self.dossier.diplomas.push(Diploma { id: DiplomaId::new(), facts, scans: Vec::new() });
                "ingestion"
            }
        };
        self.premis.events.push(PremisEvent::of_object(kind, at, agent, "entry of the certificate register"));
    }
}

impl Draft {
    fn add_scan(&mut self, diploma: DiplomaId, new: NewScan, at: Timestamp, agent: &str) {
        let Some(diploma) = self.dossier.diplomas.iter_mut().find(|kept| kept.id == diploma) else { return };
        if let Some(kept) = diploma.scans.iter().find(|scan| scan.sha256 == new.sha256) {
            self.scans.push(kept.id);
            return;
        }
        let id = ScanId::new();
        let scan = Scan {
            id,
            file: format!("scans/{id}.{}", new.extension()),
            media_type: new.media_type,
            sha512: new.sha512.clone(),
            sha256: new.sha256.clone(),
            bytes: new.len,
            pages: new.pages,
            width: new.width,
            height: new.height,
            kept: at,
            source: new.source.clone(),
            reading: None,
        };
        self.premis.events.extend(premis::of_scan(&scan, agent));
        self.files.push((scan.file.clone(), new.into_source()));
        diploma.scans.push(scan);
        self.scans.push(id);
    }

    /// A reading is written beside its scan, under a name of its own: an earlier one stays in the version it came with.
    fn add_reading(&mut self, reading: &Reading) {
        let mut scans = self.dossier.diplomas.iter_mut().flat_map(|diploma| &mut diploma.scans);
        let Some(scan) = scans.find(|scan| scan.id == reading.scan) else { return };
        let event = premis::of_reading(scan, reading);
        let told = |kept: &PremisEvent| {
            kept.event_type == event.event_type
                && kept.event_date_time == event.event_date_time
                && kept.linking_object == event.linking_object
        };
        if self.premis.events.iter().any(told) {
            return;
        }
        let Some(bytes) = reading.to_json() else { return };
        let file = format!("scans/{}.text.json", scan.id);
        self.premis.events.push(event);
        self.files.push((file.clone(), Source::Bytes(bytes)));
        scan.reading = Some(file);
    }
}

/// Newer facts over older ones: what the newer leave out stays.
fn merged(old: &PersonRecord, new: PersonRecord) -> PersonRecord {
    let mut former_names = old.former_names.clone();
    former_names.extend(new.former_names.iter().filter(|name| !old.former_names.contains(name)).cloned());
    let keeps_id = new.id_number.is_none();
    PersonRecord {
        name: if new.name.is_empty() { old.name.clone() } else { new.name },
        former_names,
        candidate_number: new.candidate_number.or_else(|| old.candidate_number.clone()),
        student_number: new.student_number.or_else(|| old.student_number.clone()),
        sex: new.sex.or(old.sex),
        birth_date: new.birth_date.or(old.birth_date),
        id_number: new.id_number.or_else(|| old.id_number.clone()),
        id_type: if keeps_id { old.id_type } else { new.id_type },
        ethnicity: new.ethnicity.or_else(|| old.ethnicity.clone()),
        college: new.college.or_else(|| old.college.clone()),
        major: new.major.or_else(|| old.major.clone()),
        major_code: new.major_code.or_else(|| old.major_code.clone()),
        level: new.level.or_else(|| old.level.clone()),
        years: new.years.or(old.years),
        class: new.class.or_else(|| old.class.clone()),
        entry_date: new.entry_date.or(old.entry_date),
        expected_graduation: new.expected_graduation.or(old.expected_graduation),
        note: new.note.or_else(|| old.note.clone()),
    }
}

/// The names of the fields that differ; never their values.
fn changed_fields(old: &PersonRecord, new: &PersonRecord) -> Vec<String> {
    let (Ok(serde_json::Value::Object(old)), Ok(serde_json::Value::Object(new))) =
        (serde_json::to_value(old), serde_json::to_value(new))
    else {
        return Vec::new();
    };
    new.iter().filter(|(name, value)| old.get(*name) != Some(value)).map(|(name, _)| name.clone()).collect()
}
