//! Scans of diplomas: added one by one, shown page by page, read by a machine and held against the register.

mod doubts;
mod read;
#[cfg(test)]
mod tests;
mod to_api;

use api::diploma::AttachScan;
use api::dossier::Dossier;
use api::{Flaw, ProblemCode, Right, ids::DiplomaId, ids::PersonId, ids::ScanId};
use archive::db::catalog::{diploma, scan};
use archive::dossier::{Change, NewScan, ScanError};
use sha2::Digest as _;
use verify::image::{PageError, page as page_of};

use crate::dossier::{self, Pixels, holdings, keep};
use crate::{Actor, Error, Office, Refusal as _, Result, audit, upload, watermark};

pub use doubts::list;
pub use read::{begin_reading, go_on_reading, read_all, run_read};
pub(crate) use to_api::to_api;

/// The long side of a page as it is shown, px.
const SHOWN: u32 = 2000;

/// Adds an uploaded scan to a diploma: a new version, with the reason in its message.
///
/// # Errors
///
/// Without the rights `correct_dossier` and `import` or a purpose; `not-found`; `bad-field`; `bad-file` for what is no scan
/// that everybody can read.
pub fn attach(office: &Office, actor: &Actor, person: PersonId, wanted: AttachScan) -> Result<Dossier> {
    audit::recorded(office, actor, "scan.attach", Some(&person.to_string()), || {
        actor.may(Right::CorrectDossier)?;
        actor.purpose()?;
        let reason = wanted.reason.trim();
        if !(2..=200).contains(&reason.chars().count()) {
            return Err(Error::bad_field("reason", Flaw::Length { min: 2, max: 200 }));
        }
        let diplomas = office.catalog.read(|conn| diploma::of(conn, person))?;
        if !diplomas.iter().any(|diploma| diploma.id == wanted.diploma) {
            return Err(Error::not_found(DiplomaId::KIND, wanted.diploma));
        }
        let file = upload::find(office, actor, wanted.upload)?;
        let scan = NewScan::from_file(&file.path, format!("added by hand: {reason}"))
            .map_err(|error| unusable(&file.name, &error))?;
        let change = Change::of(person, format!("Scan added: {reason}")).scan(wanted.diploma, scan);
        keep(office, actor, vec![change])?;
        upload::remove(office, wanted.upload)?;
        begin_reading(office, actor)?;
        dossier::dossier(office, person)
    })
}

/// The refusal of a file that is no scan.
fn unusable(name: &str, error: &ScanError) -> Error {
    let params = [("file", name.to_owned()), ("reason", error.code().to_owned())];
    let title = format!("{name} could not be added: {error}. Nothing was changed.");
    Error::from(api::Problem { title, ..api::Problem::new(ProblemCode::BadFile, params) })
}

/// A scan's bytes as they are kept, compared with their digest on the way out: a copy, not a view, so it is for those who
/// may ask for copies.
///
/// # Errors
///
/// Without the rights `ask_copies` and `read_dossier` or a purpose; `not-found`.
pub fn file(office: &Office, actor: &Actor, id: ScanId) -> Result<Pixels> {
    let (pixels, _) = shown(office, actor, "scan.read", id, |found| {
        actor.may(Right::AskCopies)?;
        Ok(Pixels { bytes: bytes_of(office, found)?, media_type: found.scan.media_type.word() })
    })?;
    Ok(pixels)
}

/// A page of a scan as a picture that every browser shows, JPEG, marked with who looks. Pages are counted from 1.
///
/// # Errors
///
/// Without the right `read_dossier` or a purpose; `not-found`, also for a page of a PDF that holds no picture.
pub fn page(office: &Office, actor: &Actor, id: ScanId, number: u32) -> Result<Pixels> {
    let (picture, entry) = shown(office, actor, "scan.page", id, |found| {
        let missing = || Error::not_found("page", number);
        let index = number.checked_sub(1).ok_or_else(missing)?;
        let picture = page_of(&bytes_of(office, found)?, index, verify::image::Limits::page());
        let picture = picture.map_err(|error| match error {
            PageError::NoPicture | PageError::NoSuchPage => missing(),
            error => Error::failed("show a page of a scan", error),
        })?;
        let picture = image::DynamicImage::ImageRgb8(picture);
        let small = match picture.width().max(picture.height()) > SHOWN {
            true => picture.thumbnail(SHOWN, SHOWN),
            false => picture,
        };
        Ok(small.into_rgb8())
    })?;
    let bytes = watermark::jpeg(picture, &watermark::words(actor, Some(entry)))?;
    Ok(Pixels { bytes, media_type: "image/jpeg" })
}

/// Shows something of a scan to somebody who may see it, and records that. The number of the entry comes with it.
fn shown<T>(
    office: &Office,
    actor: &Actor,
    action: &str,
    id: ScanId,
    show: impl FnOnce(&scan::Found) -> Result<T>,
) -> Result<(T, u64)> {
    let found = office.catalog.read(|conn| scan::get(conn, id))?;
    let subject = found.as_ref().map_or_else(|| id.to_string(), |found| found.person.to_string());
    audit::entered(office, actor, action, Some(&subject), || {
        actor.may(Right::ReadDossier)?;
        actor.purpose()?;
        show(&found.ok_or_else(|| Error::not_found(ScanId::KIND, id))?)
    })
}

/// The bytes of a kept scan, equal to their digest. Whoever shows them must record it.
fn bytes_of(office: &Office, found: &scan::Found) -> Result<Vec<u8>> {
    let bytes = holdings(office).scan(found.person, &found.scan).or_failed("read a kept scan")?;
    let bytes = bytes.ok_or_else(|| Error::failed("read a kept scan", "its object is missing"))?;
    if hex::encode(sha2::Sha256::digest(&bytes)) != found.scan.sha256 {
        return Err(Error::failed("read a kept scan", format!("{} differs from its digest", found.scan.id)));
    }
    Ok(bytes)
}
