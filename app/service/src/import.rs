//! Bringing in rosters, photos and certificate registers.
//!
//! A roster or register is taken whole or not at all: one blocking problem refuses the file, and the problems are
//! listed as findings. Photos are taken one by one: what can't be taken is listed, the others are kept. Every body
//! here may be run again from the start; people are found by their numbers, photos by their bytes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read as _;

use api::dossier::PhotoKind as ApiPhotoKind;
use api::import::{ImportFile, ImportFinding, ImportPhotos};
use api::job::{Job, JobKind};
use api::{ProblemCode, Right, ids::CampaignId, ids::PersonId, ids::UploadId};
use archive::db::catalog::{diploma, person, version};
use archive::db::office::{event as events, roster};
use archive::db::{Connection, Transaction};
use archive::dossier::{Change, DiplomaFacts, Facts, Kept, NewPhoto, PhotoKind, object_of};
use archive::import::{
    Diploma, DiplomaRules, ImportError, PhotoFile, PhotoLimits, Photos, Problem, Severity, TableLimits,
    photos, read_diplomas, read_roster,
};
use archive::person::{PersonRecord, fold};
use serde::{Deserialize, Serialize};

use crate::dossier::keep;
use crate::job::Ctx;
use crate::{Actor, Error, Office, Result, audit, campaign, event, from_word, job, upload, word};

/// How many people are kept in one batch.
const PEOPLE: usize = 250;
/// How many photos, and how many of their bytes, are kept in one batch.
const PHOTOS: usize = 200;
const PHOTO_BYTES: usize = 128 << 20;

/// What versions made from a certificate register say.
const REGISTER: &str = "Certificate register imported";

/// What an import job needs to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Params {
    /// The uploaded file.
    pub(crate) upload: UploadId,
    /// Which photos they are.
    #[serde(default)]
    pub(crate) kind: Option<ApiPhotoKind>,
}

/// Imports an uploaded zip of photos for the people of a campaign.
///
/// # Errors
///
/// Without the right `import`; `not-found`.
pub fn photos_of_campaign(office: &Office, actor: &Actor, wanted: ImportPhotos) -> Result<Job> {
    actor.may(Right::Import)?;
    campaign::find(office, wanted.campaign)?;
    upload::find(office, actor, wanted.upload)?;
    let params = Params { upload: wanted.upload, kind: wanted.kind };
    job::enqueue(office, actor, JobKind::ImportPhotos, Some(wanted.campaign.to_string()), &params)
}

/// Imports an uploaded certificate register.
///
/// # Errors
///
/// Without the right `import`; `not-found`.
pub fn diplomas(office: &Office, actor: &Actor, file: ImportFile) -> Result<Job> {
    actor.may(Right::Import)?;
    upload::find(office, actor, file.upload)?;
    job::enqueue(office, actor, JobKind::ImportDiplomas, None, &Params { upload: file.upload, kind: None })
}

/// An import under way: the file, who asked, and where its result goes.
struct Import<'a> {
    ctx: &'a Ctx<'a>,
    actor: Actor,
    upload: UploadId,
    file: upload::Kept,
    /// The event that says it is done.
    event: &'static str,
    subject: String,
}

impl<'a> Import<'a> {
    /// `None` if an earlier run did everything and was stopped before it could say so.
    fn begin(ctx: &'a Ctx<'a>, event: &'static str, subject: String) -> Result<Option<Self>> {
        let mut actor = ctx.actor()?;
        // The right was checked when the job was asked for; the person may have left since.
        actor.rights.insert(Right::Import);
        let upload = ctx.params::<Params>()?.upload;
        let done =
            ctx.office().office.read(|conn| events::by_key(conn, event, &subject, &upload.to_string()))?;
        if let Some(done) = done {
            let figures: BTreeMap<String, u64> =
                serde_json::from_value(done.event.detail).unwrap_or_default();
            figures.iter().for_each(|(name, value)| ctx.result(name, *value));
            upload::remove(ctx.office(), upload)?;
            return Ok(None);
        }
        let file = upload::find(ctx.office(), &actor, upload)?;
        Ok(Some(Self { ctx, actor, upload, file, event, subject }))
    }

    fn office(&self) -> &'a Office {
        self.ctx.office()
    }

    /// Keeps changes in batches, telling the ledger and the listeners. Returns how many dossiers changed, those that an
    /// interrupted run of this job changed among them.
    fn keep(&self, changes: Vec<Change>, message: &str) -> Result<u64> {
        let total = changes.len() as u64;
        let (mut done, mut changed) = (0, 0);
        let mut changes = changes.into_iter().peekable();
        while changes.peek().is_some() {
            self.ctx.go_on()?;
            let batch: Vec<Change> = changes.by_ref().take(PEOPLE).collect();
            done += batch.len() as u64;
            let kept = keep(self.office(), &self.actor, batch)?;
            changed += self.changed(&kept, message)?;
            self.ctx.progress("storing", done, total);
        }
        Ok(changed)
    }

    /// How many dossiers this job changed, now or in a run that was interrupted.
    fn changed(&self, kept: &[Kept], message: &str) -> Result<u64> {
        self.office().catalog.read(|conn| -> Result<_> {
            let mut changed = 0;
            for kept in kept {
                changed += u64::from(kept.changed || !self.versions(conn, kept.person, message)?.is_empty());
            }
            Ok(changed)
        })
    }

    /// Whether this job began a dossier, in a run that was interrupted.
    fn began(&self, conn: &Connection, person: PersonId, message: &str) -> Result<bool> {
        Ok(self.versions(conn, person, message)?.contains(&1))
    }

    /// The versions of a dossier that this job has made: one import runs at a time, and each says in a version what it did.
    fn versions(&self, conn: &Connection, person: PersonId, message: &str) -> Result<Vec<u32>> {
        let since = self.ctx.created();
        let mine = |version: &version::Version| version.created >= since && version.message == message;
        let versions = version::of(conn, object_of(person))?;
        Ok(versions.iter().filter(|version| mine(version)).map(|version| version.number).collect())
    }

    /// Refuses the file if a finding blocks; the findings are kept either way.
    fn judge(&self, findings: &[ImportFinding]) -> Result<()> {
        self.ctx.findings(findings)?;
        let blocking = findings.iter().filter(|finding| finding.severity == "block").count();
        self.ctx.result("blocking", blocking as u64);
        self.ctx.result("warnings", (findings.len() - blocking) as u64);
        if blocking == 0 {
            return Ok(());
        }
        let text =
            format!("{blocking} findings in it must be put right first; they are listed with their places");
        Err(self.refused("file-findings", &text))
    }

    /// Refuses the file: `reason` is the code by which clients word it, `text` says it in English.
    fn refused(&self, reason: &str, text: &str) -> Error {
        let name = &self.file.name;
        let params = [("file", name.clone()), ("reason", reason.to_owned())];
        let title = format!("{name} could not be imported: {text}. Nothing was changed.");
        Error::from(api::Problem { title, ..api::Problem::new(ProblemCode::BadFile, params) })
    }

    /// The end: what remains to be written in the office, and the event that it is done. Then the file goes.
    fn finish(
        &self,
        figures: &BTreeMap<&str, u64>,
        also: impl FnOnce(&Transaction<'_>) -> Result<()>,
    ) -> Result<()> {
        figures.iter().for_each(|(name, value)| self.ctx.result(name, *value));
        self.office().office.write(|tx| -> Result<()> {
            also(tx)?;
            event::queue(tx, &self.actor, self.event, &self.subject, &self.upload.to_string(), figures)?;
            audit::record_in(tx, &self.actor, self.event, Some(&self.subject), true)
        })?;
        upload::remove(self.office(), self.upload)
    }
}

/// Body of the job that imports a roster.
pub(crate) fn run_roster(ctx: &Ctx<'_>) -> Result<()> {
    let campaign: CampaignId = ctx.subject()?;
    let Some(import) = Import::begin(ctx, "roster.imported", campaign.to_string())? else { return Ok(()) };
    ctx.progress("reading", 0, 0);
    let read =
        read_roster(&import.file.path, TableLimits::default()).map_err(|error| unusable(&import, &error))?;
    ctx.progress("checking", 0, read.rows.len() as u64);
    let mut findings: Vec<ImportFinding> = read.problems.iter().map(finding).collect();
    let mut people = Vec::new();
    let mut seen = BTreeSet::new();
    let mut created = 0;
    let message = format!("Roster of {campaign} imported");
    import.office().catalog.read(|conn| -> Result<()> {
        for row in read.rows.iter().filter(|row| !row.blocked) {
            match resolve(conn, &row.record)? {
                Ok(found) if found.is_some_and(|person| !seen.insert(person)) => {
                    findings.push(row_finding(row.sheet.as_deref(), row.row, "same-person-twice", "block"));
                }
                Ok(found) => {
                    let new = match found {
                        Some(person) => import.began(conn, person, &message)?,
                        None => true,
                    };
                    created += u64::from(new);
                    people.push((found, row.record.clone()));
                }
                Err(code) => findings.push(row_finding(row.sheet.as_deref(), row.row, code, "block")),
            }
        }
        Ok(())
    })?;
    if read.rows.is_empty() {
        return Err(unusable(&import, &ImportError::Empty));
    }
    import.judge(&findings)?;
    let people: Vec<(PersonId, PersonRecord)> =
        people.into_iter().map(|(found, record)| (found.unwrap_or_else(PersonId::new), record)).collect();
    let roster: Vec<PersonId> = people.iter().map(|(person, _)| *person).collect();
    let changes = people.into_iter().map(|(person, record)| {
        Change::of(person, message.clone()).facts(Facts::Merge(Box::new(record))).on_roster(campaign)
    });
    let changed = import.keep(changes.collect(), &message)?;
    let figures =
        BTreeMap::from([("people", roster.len() as u64), ("created", created), ("changed", changed)]);
    import.finish(&figures, |tx| Ok(roster::replace(tx, campaign, &roster)?))
}

/// Whom a record is about: somebody known, nobody yet, or the code of what speaks against saying either.
fn resolve(conn: &Connection, record: &PersonRecord) -> Result<Result<Option<PersonId>, &'static str>> {
    let by = |key, value: &Option<String>| match value {
        Some(value) => person::by_key(conn, key, value),
        None => Ok(Vec::new()),
    };
    let by_id = by(person::Key::IdNumber, &record.id_number)?;
    let mut by_number = by(person::Key::StudentNumber, &record.student_number)?;
    by_number.extend(by(person::Key::CandidateNumber, &record.candidate_number)?);
    by_number.sort_unstable();
    by_number.dedup();
    Ok(match (by_id.as_slice(), by_number.as_slice()) {
        ([], []) => Ok(None),
        ([person], others) if others.iter().all(|other| other == person) => Ok(Some(*person)),
        ([], [person]) => {
            let known = person::facts(conn, *person)?.and_then(|facts| facts.id_number);
            let same = known.is_none() || record.id_number.is_none() || known == record.id_number;
            if same { Ok(Some(*person)) } else { Err("number-of-another") }
        }
        ([_], _) => Err("number-of-another"),
        _ => Err("person-ambiguous"),
    })
}

/// Body of the job that imports photos.
pub(crate) fn run_photos(ctx: &Ctx<'_>) -> Result<()> {
    let campaign: CampaignId = ctx.subject()?;
    let Some(import) = Import::begin(ctx, "photos.imported", campaign.to_string())? else { return Ok(()) };
    let kind = photo_kind(ctx.params::<Params>()?.kind.unwrap_or(ApiPhotoKind::Admission));
    let keys = photo_keys(&campaign::people(import.office(), campaign)?);
    let limits = PhotoLimits { photo_bytes: import.office().config.limits.photo, ..PhotoLimits::default() };
    let mut photos = photos(&import.file.path, limits).map_err(|error| unusable(&import, &error))?;
    let mut intake = Intake { import: &import, kind, keys, findings: Vec::new(), figures: BTreeMap::new() };
    intake.take_all(&mut photos)?;
    ctx.findings(&intake.findings)?;
    import.finish(&intake.figures, |_| Ok(()))
}

/// Photos being taken in.
struct Intake<'a> {
    import: &'a Import<'a>,
    kind: PhotoKind,
    /// Who has which number; nobody if several have it.
    keys: HashMap<String, Option<PersonId>>,
    findings: Vec<ImportFinding>,
    figures: BTreeMap<&'static str, u64>,
}

impl Intake<'_> {
    fn take_all(&mut self, photos: &mut Photos) -> Result<()> {
        let total = photos.entries() as u64;
        let (mut done, mut changes, mut bytes) = (0, Vec::new(), 0);
        while let Some(next) = photos.next() {
            done += 1;
            match next {
                Ok(file) => changes.extend(self.take(file, &mut bytes)?),
                Err(problem) => {
                    let skipped = matches!(problem.kind, archive::import::PhotoProblemKind::NotAPhoto);
                    self.refuse(problem.entry, problem.code(), if skipped { "info" } else { "warn" });
                }
            }
            if changes.len() >= PHOTOS || bytes >= PHOTO_BYTES {
                self.keep(std::mem::take(&mut changes))?;
                bytes = 0;
                self.import.ctx.go_on()?;
            }
            self.import.ctx.progress("storing", done, total);
        }
        self.keep(changes)
    }

    /// The change a file makes, or nothing and a finding.
    fn take(&mut self, mut file: PhotoFile<'_>, total: &mut usize) -> Result<Option<Change>> {
        let (entry, key) = (file.entry, file.key.clone());
        let Some(&found) = self.keys.get(&key) else {
            self.refuse(entry, "photo-unmatched", "warn");
            return Ok(None);
        };
        let Some(person) = found else {
            self.refuse(entry, "photo-ambiguous", "warn");
            return Ok(None);
        };
        let mut bytes = Vec::new();
        if let Err(error) = file.read_to_end(&mut bytes) {
            let Some(problem) = PhotoFile::problem(&error) else {
                return Err(Error::failed("read an uploaded photo", error));
            };
            self.refuse(entry, problem.code(), "warn");
            return Ok(None);
        }
        *total += bytes.len();
        match NewPhoto::from_bytes(self.kind, bytes, format!("imported from the file named {key}")) {
            Ok(photo) => Ok(Some(Change::of(person, self.message()).photo(photo))),
            Err(error) => {
                self.refuse(entry, error.code(), "warn");
                Ok(None)
            }
        }
    }

    fn keep(&mut self, changes: Vec<Change>) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let kept = keep(self.import.office(), &self.import.actor, changes)?;
        self.count("photos", kept.iter().map(|kept| kept.photos.len() as u64).sum());
        self.count("changed", self.import.changed(&kept, &self.message())?);
        Ok(())
    }

    /// What the versions say.
    fn message(&self) -> String {
        format!("{} photo imported", self.kind)
    }

    fn refuse(&mut self, entry: u64, code: &str, severity: &str) {
        self.count("refused", 1);
        self.findings.push(ImportFinding {
            place: entry.to_string(),
            field: None,
            code: code.to_owned(),
            severity: severity.to_owned(),
        });
    }

    fn count(&mut self, figure: &'static str, more: u64) {
        *self.figures.entry(figure).or_default() += more;
    }
}

/// The numbers by which photos are named, and whose they are. A number of two people is nobody's.
fn photo_keys(people: &[(PersonId, PersonRecord)]) -> HashMap<String, Option<PersonId>> {
    let mut keys: HashMap<String, Option<PersonId>> = HashMap::new();
    for (person, facts) in people {
        let numbers = [&facts.candidate_number, &facts.student_number, &facts.id_number];
        let numbers: BTreeSet<String> =
            numbers.into_iter().flatten().map(|number| fold(number).as_str().to_ascii_uppercase()).collect();
        for number in numbers {
            keys.entry(number).and_modify(|found| *found = None).or_insert(Some(*person));
        }
    }
    keys
}

/// Body of the job that imports a certificate register. Graduates nobody knows yet get a dossier of their own.
pub(crate) fn run_diplomas(ctx: &Ctx<'_>) -> Result<()> {
    let subject = ctx.params::<Params>()?.upload.to_string();
    let Some(import) = Import::begin(ctx, "diplomas.imported", subject)? else { return Ok(()) };
    ctx.progress("reading", 0, 0);
    let rules = DiplomaRules::default();
    let read = read_diplomas(&import.file.path, TableLimits::default(), &rules)
        .map_err(|error| unusable(&import, &error))?;
    if read.rows.is_empty() {
        return Err(unusable(&import, &ImportError::Empty));
    }
    ctx.progress("checking", 0, read.rows.len() as u64);
    let mut findings: Vec<ImportFinding> = read.problems.iter().map(finding).collect();
    let mut changes = Vec::new();
    let mut created = 0;
    import.office().catalog.read(|conn| -> Result<()> {
        for row in read.rows.iter().filter(|row| !row.blocked) {
            match holder(conn, &row.diploma)? {
                Ok(Some(person)) if !import.began(conn, person, REGISTER)? => {
                    changes.push(diploma_change(person, &row.diploma, false));
                }
                Ok(begun) => {
                    created += 1;
                    findings.push(row_finding(row.sheet.as_deref(), row.row, "person-created", "info"));
                    let person = begun.unwrap_or_else(PersonId::new);
                    changes.push(diploma_change(person, &row.diploma, true));
                }
                Err(code) => findings.push(row_finding(row.sheet.as_deref(), row.row, code, "block")),
            }
        }
        Ok(())
    })?;
    import.judge(&findings)?;
    let diplomas = changes.len() as u64;
    let changed = import.keep(changes, REGISTER)?;
    let figures = BTreeMap::from([("diplomas", diplomas), ("created", created), ("changed", changed)]);
    import.finish(&figures, |_| Ok(()))
}

/// Whose diploma it is, or the code of what speaks against saying so.
fn holder(conn: &Connection, row: &Diploma) -> Result<Result<Option<PersonId>, &'static str>> {
    let record = record_of(row);
    if record.student_number.is_none() && record.candidate_number.is_none() && record.id_number.is_none() {
        return Ok(Err("missing-key"));
    }
    let person = match resolve(conn, &record)? {
        Ok(person) => person,
        Err(code) => return Ok(Err(code)),
    };
    if !row.certificate_number.is_empty() {
        let holders = diploma::holders(conn, &row.certificate_number)?;
        if holders.iter().any(|holder| Some(*holder) != person) {
            return Ok(Err("certificate-of-another"));
        }
    }
    let Some(person) = person else { return Ok(Ok(None)) };
    let known = person::facts(conn, person)?.unwrap_or_default();
    let named = |name: &str| fold(name).as_str() == fold(&row.name).as_str();
    let same = named(&known.name) || known.former_names.iter().any(|name| named(name));
    Ok(if same { Ok(Some(person)) } else { Err("name-differs") })
}

fn record_of(row: &Diploma) -> PersonRecord {
    PersonRecord {
        name: row.name.clone(),
        candidate_number: row.candidate_number.clone(),
        student_number: row.student_number.clone(),
        sex: row.sex,
        birth_date: row.birth_date,
        id_number: row.id_number.clone(),
        major: row.major.clone(),
        level: row.level.clone(),
        years: row.years,
        entry_date: row.entry_date,
        expected_graduation: row.graduation_date,
        ..PersonRecord::default()
    }
}

fn diploma_change(person: PersonId, row: &Diploma, new: bool) -> Change {
    let change = Change::of(person, REGISTER).diploma(DiplomaFacts::from(row));
    if new { change.facts(Facts::Merge(Box::new(record_of(row)))) } else { change }
}

/// A problem of a table as the API tells it: never a cell's contents.
fn finding(problem: &Problem) -> ImportFinding {
    let place = &problem.place;
    let severity = match problem.severity {
        Severity::Warn => "warn",
        Severity::Block => "block",
    };
    ImportFinding {
        place: place_text(place.sheet.as_deref(), place.row),
        field: place.column.map(|column| column.chinese().to_owned()),
        code: problem.code().to_owned(),
        severity: severity.to_owned(),
    }
}

fn row_finding(sheet: Option<&str>, row: u32, code: &str, severity: &str) -> ImportFinding {
    ImportFinding {
        place: place_text(sheet, Some(row)),
        field: None,
        code: code.to_owned(),
        severity: severity.to_owned(),
    }
}

/// As spreadsheets write it: `Sheet1!12`, or the row alone.
fn place_text(sheet: Option<&str>, row: Option<u32>) -> String {
    match (sheet, row) {
        (Some(sheet), Some(row)) => format!("{sheet}!{row}"),
        (Some(sheet), None) => sheet.to_owned(),
        (None, Some(row)) => row.to_string(),
        (None, None) => String::new(),
    }
}

/// The refusal of a file that can't be read at all. A disk that fails is no fault of the file.
fn unusable(import: &Import<'_>, error: &ImportError) -> Error {
    import.refused(error.code(), &error.to_string())
}

fn photo_kind(kind: ApiPhotoKind) -> PhotoKind {
    from_word(&word(&kind)).unwrap_or(PhotoKind::Admission)
}

mod scans;
pub(crate) use scans::run_scans;
pub use scans::{Imported, folder as scan_folder, scans};

#[cfg(test)]
mod tests;
