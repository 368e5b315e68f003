//! 完整性: is everything there that should be?

use std::collections::{BTreeMap, BTreeSet};

use bag::SafePath;
use serde_json::Value;

use super::authenticity::described;
use super::evidence::{Evidence, Read};
use super::exhibit::{DELIVERY, DOSSIER, Document, Exhibit, PHOTOS, PREMIS, RECEIPT, Seen, documents};
use super::item::Item;
use super::report::{Fault, Findings, Scope};
use crate::db;
use crate::db::catalog::object::{self, ObjectKind};
use crate::db::catalog::{diploma, photo};
use crate::db::office::campaign::{self, CampaignKind};
use crate::db::office::roster;
use crate::delivery::Statement;
use crate::dossier::{PhotoKind, object_of};
use crate::person::CertificateNumber;

/// Looks at one object.
pub(super) fn object(
    exhibit: &Exhibit,
    evidence: &Evidence<'_>,
    found: &mut Findings,
) -> Result<(), db::Error> {
    photo_count(exhibit, found);
    delivered_count(exhibit, evidence, found)?;
    bytes(exhibit, evidence, found)?;
    elements(exhibit, evidence, found);
    mandatory(exhibit, evidence, found);
    process(exhibit, evidence, found);
    continuity(exhibit, found);
    content(exhibit, found);
    package_metadata(exhibit, found);
    package_content(exhibit, found);
    Ok(())
}

/// Looks at what is not within one object.
pub(super) fn whole(evidence: &Evidence<'_>, read: &Read, found: &mut Findings) -> Result<(), db::Error> {
    // No consent forms or other enclosures are taken in, so none can be missing; nor can it be said that they are there.
    found.untested(Item::Attachments, "no-attachments");
    found.untested(Item::Continuity, "nothing");
    ledger(evidence, found);
    match read.scope {
        Scope::Archive => {
            object_count(evidence, read, found)?;
            rosters(evidence, found)?;
            series(evidence, found)?;
        }
        Scope::Object(_) | Scope::Delivery(_) => {
            // Who belongs into the archive can't be seen from a part of it.
            found.untested(Item::Extent, "only-whole-archive");
        }
    }
    Ok(())
}

/// 2-1: as many photos as are described.
fn photo_count(exhibit: &Exhibit, found: &mut Findings) {
    let (Some(dossier), Some(object)) = (&exhibit.dossier, &exhibit.object) else { return };
    let files = object.files().into_keys().filter(|path| path.as_str().starts_with(PHOTOS)).count();
    found.held(Item::Count, files == dossier.photos.len(), || exhibit.fault(DOSSIER, "count-differs"));
}

/// 2-1: every accepted photo of a delivery is in the dossier of its person, and no other came with it.
fn delivered_count(
    exhibit: &Exhibit,
    evidence: &Evidence<'_>,
    found: &mut Findings,
) -> Result<(), db::Error> {
    let Some(record) = &exhibit.delivery else { return Ok(()) };
    let kept = evidence.catalog.read(|conn| photo::of_delivery(conn, record.delivery))?;
    let kept: BTreeSet<_> = kept
        .into_iter()
        .filter(|(_, photo)| photo.kind != PhotoKind::Original)
        .map(|(person, photo)| (person, photo.sha256))
        .collect();
    for item in &record.accepted {
        let pair = item.person.zip(item.sha256.clone());
        let there = pair.is_some_and(|pair| kept.contains(&pair));
        found.held(Item::Count, there, || {
            exhibit.fault(item.token.clone().unwrap_or_default(), "not-archived")
        });
    }
    let counts = kept.len() == record.accepted.len();
    found.held(Item::Count, counts, || exhibit.fault(DELIVERY, "count-differs"));
    Ok(())
}

/// 2-1: every object that the catalog knows is there, and every one that is there is known.
fn object_count(evidence: &Evidence<'_>, read: &Read, found: &mut Findings) -> Result<(), db::Error> {
    let known: BTreeSet<_> =
        evidence.catalog.read(object::heads)?.iter().filter_map(|(id, _)| id.parse().ok()).collect();
    for object in &known {
        found.held(Item::Count, read.objects.contains(object), || Fault::of(*object, "", "object-missing"));
    }
    Ok(())
}

/// 2-1 and 2-9: everybody on a roster has a dossier; and once a campaign is over, the photo it was for.
fn rosters(evidence: &Evidence<'_>, found: &mut Findings) -> Result<(), db::Error> {
    let today = evidence.now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let kinds: BTreeSet<_> = evidence.catalog.read(photo::current_kinds)?.into_iter().collect();
    let people: BTreeSet<_> = evidence.catalog.read(crate::db::catalog::person::all)?.into_iter().collect();
    found.untested(Item::Extent, "no-campaign-over");
    let campaigns = evidence.office.read(campaign::list)?;
    for campaign in campaigns {
        let is_over = campaign.deliver_by < today;
        let kind = match campaign.kind {
            CampaignKind::Enrolment => PhotoKind::Enrolment,
            CampaignKind::Graduation => PhotoKind::Graduation,
        };
        for person in evidence.office.read(|conn| roster::people(conn, campaign.id))? {
            let fault = |code: &str| Fault::of(object_of(person), campaign.id.to_string(), code);
            found.held(Item::Count, people.contains(&person), || fault("no-dossier"));
            if is_over {
                found.held(Item::Extent, kinds.contains(&(person, kind)), || fault("no-photo"));
            } else {
                found.remark(Item::Extent, "campaign-open", 1);
            }
        }
    }
    Ok(())
}

/// 2-2: as many bytes as are recorded.
fn bytes(exhibit: &Exhibit, evidence: &Evidence<'_>, found: &mut Findings) -> Result<(), db::Error> {
    let Some(id) = exhibit.id() else { return Ok(()) };
    if let Some(known) = evidence.catalog.read(|conn| object::get(conn, id))? {
        let same = (known.files, known.bytes) == exhibit.content;
        found.held(Item::Bytes, same, || exhibit.fault("", "bytes-differ"));
    }
    let Some(record) = &exhibit.delivery else { return Ok(()) };
    let statement = exhibit.receipt.as_ref();
    let statement = statement.and_then(|receipt| serde_json::from_str::<Statement>(&receipt.statement).ok());
    if let Some(statement) = statement {
        let kept = evidence.catalog.read(|conn| photo::of_delivery(conn, record.delivery))?;
        let kept: u64 = kept
            .iter()
            .filter(|(_, photo)| photo.kind != PhotoKind::Original)
            .map(|(_, photo)| photo.bytes)
            .sum();
        let said: u64 = statement.items.iter().map(|item| item.bytes).sum();
        found.held(Item::Bytes, kept == said, || exhibit.fault(RECEIPT, "bytes-differ"));
    }
    Ok(())
}

/// 2-3: every element of the scheme is there, be it empty.
fn elements(exhibit: &Exhibit, evidence: &Evidence<'_>, found: &mut Findings) {
    let Some(document) = exhibit.documents.get(DOSSIER).and_then(Document::json) else { return };
    let mut judge = |part: &Value, place: String, elements: &[String]| {
        for element in elements {
            found.held(Item::Elements, part.get(element).is_some(), || {
                exhibit.fault(format!("{place}/{element}"), "no-element")
            });
        }
    };
    let scheme = evidence.scheme;
    judge(
        document.get("facts").unwrap_or(&Value::Null),
        format!("{DOSSIER}#/facts"),
        &scheme.person_elements,
    );
    for (list, elements) in [("photos", &scheme.photo_elements), ("diplomas", &scheme.diploma_elements)] {
        let items = document.get(list).and_then(Value::as_array);
        for (n, item) in items.into_iter().flatten().enumerate() {
            judge(item, format!("{DOSSIER}#/{list}/{n}"), elements);
        }
    }
}

/// 2-4: what must be said is said.
fn mandatory(exhibit: &Exhibit, evidence: &Evidence<'_>, found: &mut Findings) {
    let Some(dossier) = &exhibit.dossier else { return };
    let mut held = |good: bool, place: String| {
        found.held(Item::Mandatory, good, || exhibit.fault(place, "empty"));
    };
    let said = |text: &str| !text.trim().is_empty();
    let facts = &dossier.facts;
    held(said(&facts.name), format!("{DOSSIER}#/facts/name"));
    let numbers = [&facts.student_number, &facts.candidate_number, &facts.id_number];
    let numbered = numbers.into_iter().flatten().any(|number| said(number))
        || dossier.diplomas.iter().any(|diploma| said(&diploma.facts.number));
    held(numbered, format!("{DOSSIER}#/facts/student_number"));
    for (n, photo) in dossier.photos.iter().enumerate() {
        held(said(&photo.source), format!("{DOSSIER}#/photos/{n}/source"));
        held(photo.bytes > 0 && photo.width > 0 && photo.height > 0, format!("{DOSSIER}#/photos/{n}/bytes"));
    }
    for (n, diploma) in dossier.diplomas.iter().enumerate() {
        let facts = &diploma.facts;
        held(said(&facts.name), format!("{DOSSIER}#/diplomas/{n}/name"));
        let numberless = &evidence.scheme.outcomes_without_number;
        if facts.outcome.as_ref().is_none_or(|outcome| !numberless.contains(outcome)) {
            held(said(&facts.number), format!("{DOSSIER}#/diplomas/{n}/number"));
        }
    }
}

/// 2-5: what happened to every photo is written down, and who made every version, and why.
fn process(exhibit: &Exhibit, evidence: &Evidence<'_>, found: &mut Findings) {
    for (number, version) in exhibit.object.iter().flat_map(crate::ocfl::Object::versions) {
        let told = !version.message.trim().is_empty() && !version.user.name.trim().is_empty();
        found.held(Item::Process, told, || exhibit.fault(number.to_string(), "no-reason"));
    }
    if let (Some(dossier), Some(premis)) = (&exhibit.dossier, &exhibit.premis) {
        let written: BTreeSet<(&str, &str)> = premis
            .events
            .iter()
            .filter_map(|event| Some((event.linking_object.as_deref()?, &*event.event_type)))
            .collect();
        for photo in &dossier.photos {
            for event in &evidence.scheme.photo_events {
                found.held(Item::Process, written.contains(&(&*photo.file, &**event)), || {
                    exhibit.fault(format!("{PREMIS}#{event}: {}", photo.file), "no-event")
                });
            }
        }
    }
    if let Some(record) = &exhibit.delivery {
        let signed = record.proposed.is_some() && record.confirmed.is_some();
        found.held(Item::Process, signed, || exhibit.fault(DELIVERY, "no-decision"));
    }
}

/// 2-5: the record of what happened was not changed.
fn ledger(evidence: &Evidence<'_>, found: &mut Findings) {
    let wrong = evidence.chain.findings.len() as u64;
    for finding in &evidence.chain.findings {
        found.saw(Item::Process, Some(Fault::at(finding, "ledger")));
    }
    found.good(Item::Process, evidence.chain.leaves.saturating_sub(wrong));
    found.remark(Item::Process, "leaves", evidence.chain.leaves);
}

/// 2-6: versions follow each other without a gap.
fn continuity(exhibit: &Exhibit, found: &mut Findings) {
    let gaps: Vec<_> = exhibit.found(Item::Continuity).collect();
    if let (true, Some(object)) = (gaps.is_empty(), &exhibit.object) {
        found.good(Item::Continuity, object.versions().count() as u64);
    }
    gaps.into_iter().for_each(|gap| found.saw(Item::Continuity, Some(gap)));
}

/// 2-6: serial numbers of certificates follow each other, series by series, from the first that is registered.
fn series(evidence: &Evidence<'_>, found: &mut Findings) -> Result<(), db::Error> {
    let numbers = evidence.catalog.read(diploma::numbers)?;
    let mut series: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for number in numbers.iter().filter_map(|found| found.number.parse::<CertificateNumber>().ok()) {
        series.entry(number.series().to_owned()).or_default().insert(number.serial());
    }
    found.remark(Item::Continuity, "series", series.len() as u64);
    for (name, serials) in &series {
        if serials.first().is_some_and(|first| *first != 1) {
            found.remark(Item::Continuity, "late-start", 1);
        }
        found.good(Item::Continuity, u64::from(!serials.is_empty()));
        for (before, after) in serials.iter().zip(serials.iter().skip(1)) {
            let gap = after - before > 1;
            found.held(Item::Continuity, !gap, || {
                // Numbers nobody has: they name no person.
                Fault::at(format!("{name}: {}–{}", before + 1, after - 1), "gap")
            });
        }
    }
    Ok(())
}

/// 2-7: the file of every photo is there and not empty.
fn content(exhibit: &Exhibit, found: &mut Findings) {
    for (said, seen) in described(exhibit) {
        let (good, code) = match seen {
            Seen::Missing => (false, "missing"),
            Seen::Unread => (false, "unreadable"),
            Seen::Read { bytes, .. } => (*bytes > 0, "empty"),
        };
        found.held(Item::Content, good, || exhibit.fault(&said.file, code));
    }
}

/// 2-10: inventory, sidecar and the documents of its kind are there.
fn package_metadata(exhibit: &Exhibit, found: &mut Findings) {
    let missing: Vec<_> = exhibit.found(Item::PackageMetadata).collect();
    if missing.is_empty() {
        found.good(Item::PackageMetadata, 1);
    }
    missing.into_iter().for_each(|fault| found.saw(Item::PackageMetadata, Some(fault)));
    for name in documents(exhibit.kind) {
        let named = SafePath::new(*name)
            .is_ok_and(|path| exhibit.object.as_ref().is_some_and(|object| object.digest(&path).is_some()));
        found.held(Item::PackageMetadata, named, || exhibit.fault(*name, "missing"));
    }
}

/// 2-11: every file that the inventory names is there.
fn package_content(exhibit: &Exhibit, found: &mut Findings) {
    let missing: Vec<_> = exhibit.found(Item::PackageContent).collect();
    let named = exhibit.object.as_ref().map_or(0, |object| object.stored().count() as u64);
    found.good(Item::PackageContent, named.saturating_sub(missing.len() as u64));
    missing.into_iter().for_each(|fault| found.saw(Item::PackageContent, Some(fault)));
    if exhibit.kind == ObjectKind::Other && exhibit.object.is_none() {
        found.remark(Item::PackageContent, "no-inventory", 1);
    }
}
