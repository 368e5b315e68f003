//! Reading and correcting what is kept about one person.
//!
//! Every reading states a purpose and leaves an entry in the audit trail and in the dossier's use register,
//! whether it was allowed or not.

use std::path::PathBuf;

use api::dossier::{
    Correction, Diploma, Dossier, Fixity, PersonFacts, Photo, PhotoKind as ApiPhotoKind, Version,
};
use api::{Flaw, ProblemCode, Right, ids::PersonId, ids::PhotoId, ids::UserId};
use archive::db::catalog::{self, person, photo, scan, to_note, version};
use archive::db::office::{event as events, fixity_check, hold};
use archive::dossier::{self as kept, Change, Facts, Holdings, Kept, object_of};
use archive::ocfl::User;
use archive::person::{IdNumberError, PersonRecord, Sex, mask_id_number, mask_number};
use fs_err as fs;
use image::ImageDecoder as _;
use jiff::Timestamp;
use uuid::Uuid;

use crate::staff::Staff;
use crate::{Actor, Error, Office, Refusal as _, Result, audit, event, from_word, usage, watermark};

#[cfg(test)]
mod tests;

/// How large a thumbnail is at most, px.
const THUMB: (u32, u32) = (240, 320);
/// The most bytes that a photo's pixels may take when it is made small: 60 million pixels have 180 MB.
const DECODED: u64 = 256 << 20;
/// Versions told to the ledger in one transaction.
const NOTED: u32 = 500;

/// The archive's objects and catalog together.
#[must_use]
pub fn holdings(office: &Office) -> Holdings<'_> {
    Holdings::new(&office.archive, &office.catalog)
}

/// Who stands in a version as its maker: the account, never a person's name. The appliance and its console, which have
/// no account, are known by their word and the school's key.
#[must_use]
pub fn archive_user(office: &Office, actor: &Actor) -> User {
    let uuid = actor.user_id().map_or_else(|| without_account(office, &actor.account), UserId::uuid);
    User { name: actor.account.clone(), address: Some(format!("urn:uuid:{uuid}")) }
}

/// A UUID that follows from the school's key and a word, and can't be an account's (RFC 9562 §5.8: version 8).
fn without_account(office: &Office, word: &str) -> Uuid {
    let key = office.keys.school.verifying_key();
    let digest = ledger::Hash::of(&[key.as_bytes().as_slice(), word.as_bytes()].concat());
    let mut bytes = uuid::Bytes::default();
    bytes.iter_mut().zip(digest.as_bytes()).for_each(|(byte, from)| *byte = *from);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Notes what a crash left between files, rows and events. To be called once at the start, before anything is written.
///
/// # Errors
///
/// When the archive or a store can't be read or written; it can be called again.
pub fn recover(office: &Office) -> Result<()> {
    let settled = holdings(office).settle().or_failed("note what a crash left behind")?;
    if settled > 0 {
        tracing::warn!(
            objects = settled,
            "Noted {settled} objects that were being kept when the appliance stopped."
        );
    }
    let known = office.catalog.read(catalog::object::totals)?.objects;
    if known == 0 && office.archive.folders().next().is_some() {
        tracing::warn!(
            "The catalog is empty and the archive is not: the catalog is made anew from the files."
        );
        holdings(office).rebuild(&mut |_, _| true).or_failed("rebuild the catalog")?;
    }
    announce(office)
}

/// Keeps changes of dossiers: files, rows, events. Several changes of one person become one version.
///
/// # Errors
///
/// `conflict` when a dossier changed meanwhile; a full disk; otherwise a failure that changed nothing or is settled at
/// the next start.
pub fn keep(office: &Office, actor: &Actor, changes: Vec<Change>) -> Result<Vec<Kept>> {
    let kept = holdings(office).keep(changes, &archive_user(office, actor), now()).map_err(refusal)?;
    announce(office)?;
    crate::index::ring(office);
    Ok(kept)
}

/// Now, as finely as the catalog keeps times, so that files and rows say the same.
#[must_use]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

/// Turns an archive error into a refusal where the asker can do something about it.
fn refusal(error: kept::Error) -> Error {
    match error {
        kept::Error::Stale { .. } => Error::refused(ProblemCode::Conflict, []),
        kept::Error::NoDossier(person) => Error::not_found(PersonId::KIND, person),
        error => Error::failed("keep a dossier", error),
    }
}

/// Queues an event for every version of which the ledger has not been told.
///
/// # Errors
///
/// When a store can't be read or written; it can be called again.
pub fn announce(office: &Office) -> Result<()> {
    loop {
        let waiting = office.catalog.read(|conn| to_note::next(conn, NOTED))?;
        let Some(last) = waiting.last().map(|waiting| waiting.id) else { return Ok(()) };
        office.office.write(|tx| waiting.iter().try_for_each(|waiting| queue_version(tx, waiting)))?;
        office.catalog.write(|tx| to_note::done(tx, last))?;
    }
}

fn queue_version(tx: &archive::db::Transaction<'_>, waiting: &to_note::Waiting) -> Result<()> {
    let (kind, subject) = (waiting.kind.kept(), waiting.kind.subject(waiting.object));
    let actor = maker(&waiting.version);
    let detail = serde_json::json!({"version": waiting.version.number, "created": waiting.version.created});
    event::queue(tx, &actor, kind, subject, &reference(waiting.version.number), &detail)
}

/// What tells the versions of one dossier apart among events.
fn reference(version: u32) -> String {
    format!("v{version}")
}

/// Who made a version, as far as it says.
fn maker(version: &version::Version) -> Actor {
    let uuid = version.by_address.as_deref().and_then(|address| address.strip_prefix("urn:uuid:"));
    let uuid = uuid.and_then(|uuid| uuid.parse::<Uuid>().ok());
    match uuid.filter(|uuid| uuid.get_version_num() != 8) {
        Some(uuid) => Actor::new(UserId::from_uuid(uuid), version.by.clone(), String::new(), Vec::new()),
        None => Actor { account: version.by.clone(), ..Actor::appliance() },
    }
}

/// A person's dossier, numbers masked.
///
/// # Errors
///
/// Without the right `read_dossier` or a purpose; `not-found`.
pub fn read(office: &Office, actor: &Actor, id: PersonId) -> Result<Dossier> {
    audit::recorded(office, actor, "dossier.read", Some(&id.to_string()), || {
        actor.may(Right::ReadDossier)?;
        actor.purpose()?;
        dossier(office, id)
    })
}

/// What the last reading of every byte says, and whether it says nothing of the newest version.
fn fixity(read: Option<(Timestamp, bool)>, versions: &[version::Version]) -> Fixity {
    let (checked, intact) = read.unzip();
    let newer = checked.is_some_and(|checked| versions.iter().any(|version| version.created > checked));
    Fixity { checked, intact, newer }
}

pub(crate) fn dossier(office: &Office, id: PersonId) -> Result<Dossier> {
    let object = object_of(id);
    let (facts, photos, diplomas, scans, versions) = office.catalog.read(|conn| -> Result<_> {
        let facts = person::facts(conn, id)?.ok_or_else(|| Error::not_found(PersonId::KIND, id))?;
        let (photos, diplomas) = (photo::of(conn, id)?, catalog::diploma::of(conn, id)?);
        Ok((facts, photos, diplomas, scan::of(conn, id)?, version::of(conn, object)?))
    })?;
    office.office.read(|conn| {
        let subject = id.to_string();
        let fixity = fixity(fixity_check::of_object(conn, object)?, &versions);
        let staff = Staff::read(conn)?;
        let leaf = |number| events::by_key(conn, "dossier.kept", &subject, &reference(number));
        let versions = versions.into_iter().map(|version| {
            let leaf = leaf(version.number)?.and_then(|queued| queued.leaf);
            let version::Version { number, created, by, message, .. } = version;
            Ok(Version { number, created, by: staff.name(&by), message, leaf })
        });
        Ok(Dossier {
            person: id,
            facts: to_api(&facts, Show::Masked),
            photos: photos.into_iter().map(photo_to_api).collect(),
            diplomas: diplomas.into_iter().map(|diploma| diploma_to_api(diploma, &scans)).collect(),
            versions: versions.collect::<Result<_>>()?,
            fixity,
            holds: hold::of(conn, id)?.into_iter().map(|hold| crate::hold::to_api(hold, &staff)).collect(),
            uses: usage::latest(conn, &subject, &staff)?,
        })
    })
}

/// Checks that there is a dossier.
pub(crate) fn exists(office: &Office, id: PersonId) -> Result<()> {
    let facts = office.catalog.read(|conn| person::facts(conn, id))?;
    facts.map(drop).ok_or_else(|| Error::not_found(PersonId::KIND, id))
}

/// A person's facts with every number shown.
///
/// # Errors
///
/// Without the right `reveal_numbers` or a purpose; `not-found`.
pub fn reveal(office: &Office, actor: &Actor, id: PersonId) -> Result<PersonFacts> {
    audit::recorded(office, actor, "numbers.reveal", Some(&id.to_string()), || {
        actor.may(Right::RevealNumbers)?;
        actor.purpose()?;
        let facts = office.catalog.read(|conn| person::facts(conn, id))?;
        Ok(to_api(&facts.ok_or_else(|| Error::not_found(PersonId::KIND, id))?, Show::Whole))
    })
}

/// Corrects a person's facts: a new version, with the reason in its message.
///
/// A number sent back masked, as it was shown, stays what it is.
///
/// # Errors
///
/// Without the right `correct_dossier` or a purpose; `bad-field`; `conflict` when somebody else was faster.
pub fn correct(office: &Office, actor: &Actor, id: PersonId, correction: Correction) -> Result<Dossier> {
    let subject = id.to_string();
    audit::recorded(office, actor, "dossier.correct", Some(&subject), || {
        actor.may(Right::CorrectDossier)?;
        actor.purpose()?;
        let reason = correction.reason.trim();
        if !(2..=200).contains(&reason.chars().count()) {
            return Err(Error::bad_field("reason", Flaw::Length { min: 2, max: 200 }));
        }
        let before = office.catalog.read(|conn| person::facts(conn, id))?;
        let before = before.ok_or_else(|| Error::not_found(PersonId::KIND, id))?;
        let after = corrected(&before, correction.facts)?;
        let change = Change::of(id, format!("Correction: {reason}"))
            .facts(Facts::Set(Box::new(after)))
            .from_version(correction.from_version);
        keep(office, actor, vec![change])?;
        dossier(office, id)
    })
}

/// The facts as they should be.
fn corrected(before: &PersonRecord, facts: PersonFacts) -> Result<PersonRecord> {
    let shown = to_api(before, Show::Masked);
    let name = facts.name.trim();
    match name {
        "" => return Err(Error::bad_field("name", Flaw::Missing)),
        masked if masked.contains('*') => return Err(Error::bad_field("name", Flaw::Masked)),
        _ => (),
    }
    let sex = match facts.sex.as_str() {
        "" => None,
        text => Some(Sex::from_text(text).ok_or_else(|| Error::bad_field("sex", Flaw::Sex))?),
    };
    let years = match facts.years.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| Error::bad_field("years", Flaw::StudyYears))?),
    };
    let number = |field: &str, given: &str, shown: &str, before: &Option<String>| match given.trim() {
        "" => Ok(None),
        given if given == shown => Ok(before.clone()),
        given if given.contains('*') => Err(Error::bad_field(field, Flaw::Masked)),
        given => Ok(Some(archive::person::fold(given).as_str().to_ascii_uppercase())),
    };
    let text = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let after = PersonRecord {
        name: name.to_owned(),
        former_names: facts.former_names.into_iter().filter_map(text).collect(),
        candidate_number: number(
            "candidate_number",
            &facts.candidate_number,
            &shown.candidate_number,
            &before.candidate_number,
        )?,
        student_number: number(
            "student_number",
            &facts.student_number,
            &shown.student_number,
            &before.student_number,
        )?,
        id_number: number("id_number", &facts.id_number, &shown.id_number, &before.id_number)?,
        id_type: before.id_type,
        sex,
        birth_date: facts.birth_date,
        ethnicity: text(facts.ethnicity),
        college: text(facts.college),
        major: text(facts.major),
        major_code: before.major_code.clone(),
        level: text(facts.level),
        years,
        class: text(facts.class),
        entry_date: facts.entry_date,
        expected_graduation: facts.expected_graduation,
        note: text(facts.note),
    };
    match after.resident_id() {
        Some(Err(error)) if after.id_number != before.id_number => {
            Err(Error::bad_field("id_number", flaw(error)))
        }
        _ => Ok(after),
    }
}

/// What is not right about an identity number.
const fn flaw(error: IdNumberError) -> Flaw {
    match error {
        IdNumberError::Length(length) => Flaw::IdNumberLength { length },
        IdNumberError::Character(place) => Flaw::IdNumberCharacter { place },
        IdNumberError::BirthDate => Flaw::IdNumberBirthDate,
        IdNumberError::CheckCharacter => Flaw::IdNumberCheck,
    }
}

/// How large a photo is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// As large as it is kept.
    Full,
    /// At most 240 × 320 px, JPEG.
    Thumb,
}

/// The bytes of a photo and what they are.
#[derive(Debug)]
pub struct Pixels {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The media type.
    pub media_type: &'static str,
}

/// A view of a photo, marked with who looks. The full photo is compared with its digest before.
///
/// # Errors
///
/// Without the right `read_dossier` or a purpose; `not-found`.
pub fn image(office: &Office, actor: &Actor, id: PhotoId, size: Size) -> Result<Pixels> {
    let found = office.catalog.read(|conn| photo::get(conn, id))?;
    let subject = found.as_ref().map_or_else(|| id.to_string(), |(person, _)| person.to_string());
    let action = match size {
        Size::Full => "photo.read",
        Size::Thumb => "photo.thumb",
    };
    let (bytes, entry) = audit::entered(office, actor, action, Some(&subject), || {
        actor.may(Right::ReadDossier)?;
        actor.purpose()?;
        let (person, photo) = found.ok_or_else(|| Error::not_found(PhotoId::KIND, id))?;
        match size {
            Size::Full => photo_bytes(office, person, &photo),
            Size::Thumb => thumb(office, person, &photo),
        }
    })?;
    let (bytes, media_type) = watermark::view(bytes, &watermark::words(actor, Some(entry)))?;
    Ok(Pixels { bytes, media_type })
}

/// The bytes of a kept photo, equal to their digest. For the appliance's own work; whoever shows them must record it.
///
/// # Errors
///
/// When they are not there or not what was kept.
pub fn photo_bytes(office: &Office, person: PersonId, photo: &kept::Photo) -> Result<Vec<u8>> {
    let bytes = holdings(office).photo(person, photo).or_failed("read a kept photo")?;
    let bytes = bytes.ok_or_else(|| Error::failed("read a kept photo", "its object is missing"))?;
    let digest = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&bytes));
    if digest != photo.sha256 {
        return Err(Error::failed("read a kept photo", format!("{} differs from its digest", photo.id)));
    }
    Ok(bytes)
}

/// A thumbnail, unmarked, from the cache if it is there. The cache is derived: it can be deleted at any time.
fn thumb(office: &Office, person: PersonId, photo: &kept::Photo) -> Result<Vec<u8>> {
    let path = thumb_path(office, &photo.sha256);
    if let Ok(bytes) = fs::read(&path) {
        return Ok(bytes);
    }
    let bytes = shrink(&photo_bytes(office, person, photo)?)?;
    // A cache that can't be written slows down and breaks nothing.
    if let Err(error) = write_whole(&path, &bytes) {
        tracing::warn!(photo.id = %photo.id, error = %error, "Could not cache the thumbnail of {}.", photo.id);
    }
    Ok(bytes)
}

fn thumb_path(office: &Office, sha256: &str) -> PathBuf {
    office.paths.cache.join(format!("{sha256}.jpg"))
}

/// A photo's thumbnail, JPEG. Of a file that ends early, what there is: it is what the check found fault with.
pub(crate) fn shrink(bytes: &[u8]) -> Result<Vec<u8>> {
    reduce(bytes, THUMB)
}

/// A photo as an upright JPEG that is no larger than this.
pub(crate) fn reduce(bytes: &[u8], (width, height): (u32, u32)) -> Result<Vec<u8>> {
    let mut reader = image::ImageReader::new(std::io::Cursor::new(bytes))
        .with_guessed_format()
        .or_failed("read a kept photo")?;
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(DECODED);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().or_failed("decode a kept photo")?;
    if decoder.total_bytes() > DECODED {
        return Err(Error::failed("decode a kept photo", "it is too large"));
    }
    let turned = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut image = image::DynamicImage::from_decoder(decoder).or_failed("decode a kept photo")?;
    image.apply_orientation(turned);
    // Never made larger.
    let (width, height) = (width.min(image.width()), height.min(image.height()));
    let small = image.thumbnail(width, height).into_rgb8();
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 85)
        .encode_image(&small)
        .or_failed("write a thumbnail")?;
    Ok(jpeg)
}

/// Writes a file that is there whole or not at all.
fn write_whole(path: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    let file = tempfile::NamedTempFile::new_in(folder)?;
    fs::write(file.path(), bytes)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// How much of a number is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Show {
    Masked,
    Whole,
}

/// A student's or candidate's number as it is shown to somebody who need not know it.
#[must_use]
pub fn masked_number(number: Option<&str>) -> String {
    number.map(|number| mask_number(number, 2, 3)).unwrap_or_default()
}

fn to_api(record: &PersonRecord, show: Show) -> PersonFacts {
    let number = |number: &Option<String>| match show {
        Show::Masked => masked_number(number.as_deref()),
        Show::Whole => number.clone().unwrap_or_default(),
    };
    let id_number = record.id_number.as_deref().unwrap_or_default();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    PersonFacts {
        name: record.name.clone(),
        former_names: record.former_names.clone(),
        sex: record.sex.map(|sex| sex.chinese().to_owned()).unwrap_or_default(),
        birth_date: record.birth_date,
        ethnicity: text(&record.ethnicity),
        candidate_number: number(&record.candidate_number),
        student_number: number(&record.student_number),
        id_number: match show {
            Show::Masked => mask_id_number(id_number),
            Show::Whole => id_number.to_owned(),
        },
        college: text(&record.college),
        major: text(&record.major),
        level: text(&record.level),
        years: record.years.map(|years| years.to_string()).unwrap_or_default(),
        class: text(&record.class),
        entry_date: record.entry_date,
        expected_graduation: record.expected_graduation,
        note: text(&record.note),
    }
}

fn photo_to_api(photo: kept::Photo) -> Photo {
    Photo {
        id: photo.id,
        kind: from_word(photo.kind.word()).unwrap_or(ApiPhotoKind::Original),
        kept: photo.kept,
        captured: photo.captured,
        delivery: photo.delivery,
        width: photo.width,
        height: photo.height,
        bytes: photo.bytes,
        sha512: photo.sha512,
        superseded_by: photo.superseded_by,
    }
}

fn diploma_to_api(diploma: kept::Diploma, scans: &[scan::Found]) -> Diploma {
    let scans = scans.iter().filter(|found| found.diploma == diploma.id);
    let scans = scans.map(|found| crate::scan::to_api(found, &diploma.facts)).collect();
    let facts = diploma.facts;
    Diploma {
        id: diploma.id,
        number: facts.number,
        outcome: facts.outcome.unwrap_or_default(),
        major: facts.major.unwrap_or_default(),
        level: facts.level.unwrap_or_default(),
        issued: facts.issued,
        president: facts.president.unwrap_or_default(),
        scans,
    }
}
