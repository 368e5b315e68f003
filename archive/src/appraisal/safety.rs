//! 安全性: is it free of what does harm, and in good hands?

use super::Error;
use super::evidence::{Evidence, Read};
use super::exhibit::Exhibit;
use super::item::Item;
use super::report::{Fault, Findings, Scope};
use super::scanner::Scanned;
use crate::db;
use crate::db::office::event;
use crate::ocfl;

/// Looks at one object.
pub(super) fn object(
    exhibit: &Exhibit,
    evidence: &Evidence<'_>,
    found: &mut Findings,
) -> Result<(), db::Error> {
    superfluous(exhibit, found);
    control(exhibit, evidence, found)
}

/// Looks at what is not within one object.
pub(super) fn whole(
    evidence: &Evidence<'_>,
    read: &Read,
    stop: super::Stop<'_>,
    found: &mut Findings,
) -> Result<(), Error> {
    virus(evidence, read, stop, found)?;
    if read.scope == Scope::Archive {
        frame(evidence, found);
    }
    speed(evidence, read, found);
    // What only eyes and instruments see.
    found.untested(Item::Appearance, "by-hand");
    found.untested(Item::Disc, "by-hand");
    Ok(())
}

/// 4-1 and 4-2: a scanner is there, and finds nothing.
fn virus(
    evidence: &Evidence<'_>,
    read: &Read,
    stop: super::Stop<'_>,
    found: &mut Findings,
) -> Result<(), Error> {
    let Some(scanner) = &evidence.scanner else {
        found.untested(Item::Scanner, "no-scanner");
        found.untested(Item::Virus, "no-scanner");
        return Ok(());
    };
    found.good(Item::Scanner, 1);
    let folders: Vec<_> = read.places.iter().map(|place| evidence.root.path().join(place)).collect();
    if folders.is_empty() {
        return Ok(());
    }
    match scanner.scan(&folders, stop)? {
        Scanned::Failed => found.untested(Item::Virus, "scanner-failed"),
        Scanned::Done(infected) => {
            found.good(Item::Virus, read.files.saturating_sub(infected.len() as u64));
            for file in infected {
                let place = file.strip_prefix(evidence.root.path()).unwrap_or(&file);
                found.saw(Item::Virus, Some(Fault::at(place.to_string_lossy(), "virus")));
            }
        }
    }
    Ok(())
}

/// 4-3: no file lies in an object that its inventory does not name.
fn superfluous(exhibit: &Exhibit, found: &mut Findings) {
    let extra: Vec<_> = exhibit.found(Item::Superfluous).collect();
    found.good(Item::Superfluous, exhibit.all.0.saturating_sub(extra.len() as u64));
    extra.into_iter().for_each(|fault| found.saw(Item::Superfluous, Some(fault)));
}

/// 4-3 and 1-13: nothing lies between the objects, and the storage root is built as it should be.
fn frame(evidence: &Evidence<'_>, found: &mut Findings) {
    let (mut frame, _) = ocfl::validate_frame(evidence.root.path());
    // A folder that is just being made for a new object is empty for a moment: nobody writes while it is judged.
    if !frame.is_valid()
        && let Ok(_quiet) = evidence.root.batch()
    {
        frame = ocfl::validate_frame(evidence.root.path()).0;
    }
    if frame.is_valid() {
        found.good(Item::Structure, 1);
    }
    for finding in frame.errors() {
        let item = match &*finding.code {
            "E072" | "E073" | "E086" | "E090" => Item::Superfluous,
            "unreadable" => Item::Fixity,
            _ => Item::Structure,
        };
        found.saw(item, Some(Fault::at(&finding.path, finding.code.clone())));
    }
}

/// 4-4: the archive is read fast enough.
fn speed(evidence: &Evidence<'_>, read: &Read, found: &mut Findings) {
    let scheme = evidence.scheme;
    let ms = u64::try_from(read.took.as_millis()).unwrap_or(u64::MAX).max(1);
    if read.bytes < scheme.least_measured_bytes {
        return found.untested(Item::ReadSpeed, "too-little");
    }
    let per_second = read.bytes.saturating_mul(1000) / ms;
    found.remark(Item::ReadSpeed, "bytes-per-second", per_second);
    found.held(Item::ReadSpeed, per_second >= scheme.least_bytes_per_second, || Fault::at("archive", "slow"));
}

/// 4-7: every version is known to the record of what happened; two people took in a delivery.
fn control(exhibit: &Exhibit, evidence: &Evidence<'_>, found: &mut Findings) -> Result<(), db::Error> {
    let Some(object) = &exhibit.object else { return Ok(()) };
    let (kind, subject) = (exhibit.kind.kept(), exhibit.kind.subject(object.id()));
    for (number, _) in object.versions() {
        let reference = format!("v{}", number.get());
        let told = evidence.office.read(|conn| event::by_key(conn, kind, &subject, &reference))?.is_some();
        found.held(Item::Control, told, || exhibit.fault(number.to_string(), "not-recorded"));
    }
    if let Some(record) = &exhibit.delivery
        && let (Some(one), Some(other)) = (&record.proposed, &record.confirmed)
    {
        found.held(Item::Control, one.by != other.by, || exhibit.fault("delivery.json", "one-person"));
    }
    Ok(())
}
