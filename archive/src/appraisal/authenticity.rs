//! 真实性: is it what it claims to be, and unchanged?

use std::collections::{BTreeMap, BTreeSet};

use bag::{Algorithm, Bag, Checksum, SafePath};
use fs_err as fs;
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::Value;

use super::evidence::Evidence;
use super::exhibit::{BAG_FILES, DELIVERY, DOSSIER, Document, Exhibit, PHOTOS, PREMIS, RECEIPT, Seen};
use super::item::Item;
use super::report::Findings;
use crate::db;
use crate::db::catalog::object::ObjectKind;
use crate::db::catalog::{diploma, person, photo};
use crate::delivery::SignedStatement;
use crate::dossier::Diploma;
use crate::person::{CertificateNumber, DocumentKind, Level};

/// Looks at one object.
pub(super) fn object(
    exhibit: &Exhibit,
    evidence: &Evidence<'_>,
    found: &mut Findings,
) -> Result<(), db::Error> {
    fixity(exhibit, evidence, found);
    lengths(exhibit, evidence, found);
    types(exhibit, found);
    value_sets(exhibit, evidence, found);
    plausibility(exhibit, evidence, found);
    characters(exhibit, found);
    identifiers(exhibit, evidence, found);
    duplicates(exhibit, evidence, found)?;
    name_and_size(exhibit, found);
    format_and_time(exhibit, evidence, found);
    linkage(exhibit, found);
    descriptions(exhibit, found);
    structure(exhibit, found);
    sameness(exhibit, found);
    Ok(())
}

/// 1-1: every stored file against the inventory, every photo against its description, receipts against the school's key.
fn fixity(exhibit: &Exhibit, evidence: &Evidence<'_>, found: &mut Findings) {
    let faults: BTreeMap<_, _> =
        exhibit.found(Item::Fixity).map(|fault| (fault.place.clone(), fault)).collect();
    let stored: BTreeSet<&str> =
        exhibit.object.iter().flat_map(|object| object.stored()).map(|(path, _)| path.as_str()).collect();
    for path in &stored {
        if exhibit.folder.join(path).is_file() {
            found.saw(Item::Fixity, faults.get(*path).cloned());
        }
    }
    let others = faults.into_iter().filter(|(path, _)| !stored.contains(path.as_str()));
    others.for_each(|(_, fault)| found.saw(Item::Fixity, Some(fault)));
    for (said, seen) in described(exhibit) {
        if let Seen::Read { sha256, sha512, .. } = seen {
            let same = *sha256 == said.sha256 && *sha512 == said.sha512;
            found.held(Item::Fixity, same, || exhibit.fault(&said.file, "digest-differs"));
        }
    }
    if let (Some(receipt), Some(school)) = (&exhibit.receipt, &evidence.school) {
        let signature = ledger::from_base64(&receipt.signature).and_then(|bytes| bytes.try_into().ok());
        let signed = signature
            .map(|signature| SignedStatement { statement: receipt.statement.clone(), signature })
            .is_some_and(|signed| signed.verify(school).is_ok());
        found.held(Item::Fixity, signed, || exhibit.fault(RECEIPT, "signature"));
    }
    for (name, said) in tag_sums(exhibit) {
        let Some(file) = exhibit.bag_file(&name) else { continue };
        let sum = fs::File::open(file).and_then(|file| bag::hash_reader(file, &[Algorithm::Sha256]));
        let same = sum.is_ok_and(|sum| sum.sum(Algorithm::Sha256).is_some_and(|sum| sum.as_str() == said));
        found.held(Item::Fixity, same, || exhibit.fault(format!("bag/{name}"), "digest-differs"));
    }
}

/// The photos of a dossier, each as it is described and as it was seen.
pub(super) fn described(exhibit: &Exhibit) -> impl Iterator<Item = (&crate::dossier::Photo, &Seen)> {
    exhibit.dossier.iter().flat_map(|dossier| &dossier.photos).zip(&exhibit.photos)
}

/// What `tagmanifest-sha256.txt` says of the bag's other files: name and digest.
fn tag_sums(exhibit: &Exhibit) -> Vec<(String, String)> {
    let text = exhibit.bag_file("tagmanifest-sha256.txt").and_then(|file| fs::read_to_string(file).ok());
    let line = |line: &str| {
        let (sum, name) = line.split_once(' ')?;
        Some((name.trim_start_matches([' ', '*']).to_owned(), sum.to_ascii_lowercase()))
    };
    text.unwrap_or_default().lines().filter_map(line).collect()
}

/// The parts of a dossier's document that hold metadata: where each begins, and what it says.
fn parts<'a>(exhibit: &'a Exhibit, list: &'static str) -> Vec<(String, &'a Value)> {
    let Some(document) = exhibit.documents.get(DOSSIER).and_then(Document::json) else { return Vec::new() };
    match document.get(list) {
        Some(Value::Array(items)) => {
            items.iter().enumerate().map(|(n, item)| (format!("{DOSSIER}#/{list}/{n}"), item)).collect()
        }
        Some(value) => vec![(format!("{DOSSIER}#/{list}"), value)],
        None => Vec::new(),
    }
}

/// 1-2
fn lengths(exhibit: &Exhibit, evidence: &Evidence<'_>, found: &mut Findings) {
    let scheme = evidence.scheme;
    let lists = [
        ("facts", &scheme.person_lengths),
        ("diplomas", &scheme.diploma_lengths),
        ("photos", &scheme.photo_lengths),
    ];
    for (list, lengths) in lists {
        for (place, part) in parts(exhibit, list) {
            for (element, most) in lengths {
                let texts = match part.get(element) {
                    Some(Value::String(text)) => vec![text.as_str()],
                    Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect(),
                    _ => continue,
                };
                for text in texts {
                    found.held(Item::Length, text.chars().count() <= *most, || {
                        exhibit.fault(format!("{place}/{element}"), "too-long")
                    });
                }
            }
        }
    }
}

/// 1-3: documents are of their kind, numbers are written as such numbers are.
fn types(exhibit: &Exhibit, found: &mut Findings) {
    for (name, document) in &exhibit.documents {
        if document.json().is_none() {
            continue;
        }
        let understood = match *name {
            DOSSIER => exhibit.dossier.is_some(),
            PREMIS => exhibit.premis.is_some(),
            DELIVERY => exhibit.delivery.as_ref().is_some_and(|record| record.format == "xuecang-delivery/1"),
            RECEIPT => exhibit.receipt.is_some(),
            _ => true,
        };
        found.held(Item::Type, understood, || exhibit.fault(*name, "not-of-its-kind"));
    }
    let Some(dossier) = &exhibit.dossier else { return };
    let facts = &dossier.facts;
    let number = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let mut plain = |element: &str, value: Option<&str>, is: &dyn Fn(&str) -> bool| {
        if let Some(value) = value {
            found
                .held(Item::Type, is(value), || exhibit.fault(format!("{DOSSIER}#/facts/{element}"), "type"));
        }
    };
    plain("candidate_number", facts.candidate_number.as_deref(), &number);
    plain("student_number", facts.student_number.as_deref(), &number);
    plain("major_code", facts.major_code.as_deref(), &number);
    if facts.id_type == DocumentKind::ResidentCard {
        plain("id_number", facts.id_number.as_deref(), &|text| {
            let (digits, last) = text.split_at_checked(17).unwrap_or_default();
            digits.len() == 17
                && digits.bytes().all(|byte| byte.is_ascii_digit())
                && matches!(last.as_bytes(), [b'0'..=b'9' | b'X'])
        });
    }
    for (n, photo) in dossier.photos.iter().enumerate() {
        let hex = |text: &str, digits: usize| {
            text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        found.held(Item::Type, hex(&photo.sha256, 64) && hex(&photo.sha512, 128), || {
            exhibit.fault(format!("{DOSSIER}#/photos/{n}"), "type")
        });
    }
}

/// 1-4
fn value_sets(exhibit: &Exhibit, evidence: &Evidence<'_>, found: &mut Findings) {
    let scheme = evidence.scheme;
    let mut within = |place: String, value: Option<&str>, is: &dyn Fn(&str) -> bool| {
        if let Some(value) = value {
            found.held(Item::ValueSet, is(value), || exhibit.fault(place, "value"));
        }
    };
    let listed = |list: &[String], text: &str| list.iter().any(|known| known == text);
    let level = |text: &str| Level::from_text(text).is_some();
    if let Some(dossier) = &exhibit.dossier {
        let facts = &dossier.facts;
        within(format!("{DOSSIER}#/facts/level"), facts.level.as_deref(), &level);
        within(format!("{DOSSIER}#/facts/ethnicity"), facts.ethnicity.as_deref(), &|text| {
            scheme.knows_ethnicity(text)
        });
        for (n, Diploma { facts, .. }) in dossier.diplomas.iter().enumerate() {
            let place = |element: &str| format!("{DOSSIER}#/diplomas/{n}/{element}");
            within(place("level"), facts.level.as_deref(), &level);
            within(place("outcome"), facts.outcome.as_deref(), &|text| listed(&scheme.outcomes, text));
            within(place("study_form"), facts.study_form.as_deref(), &|text| {
                listed(&scheme.study_forms, text)
            });
        }
    }
    for (n, event) in exhibit.premis.iter().flat_map(|premis| &premis.events).enumerate() {
        within(format!("{PREMIS}#/events/{n}/eventType"), Some(&event.event_type), &|text| {
            listed(&scheme.process_events, text)
        });
    }
}

/// 1-5: numbers, dates and people agree with each other.
fn plausibility(exhibit: &Exhibit, evidence: &Evidence<'_>, found: &mut Findings) {
    let Some(dossier) = &exhibit.dossier else { return };
    let facts = &dossier.facts;
    let mut held = |good: bool, place: String, code: &str| {
        found.held(Item::Plausibility, good, || exhibit.fault(place, code));
    };
    let fact = |element: &str| format!("{DOSSIER}#/facts/{element}");
    if let Some(id) = facts.resident_id() {
        held(id.is_ok(), fact("id_number"), "id-number");
        if let Ok(id) = id {
            let born = facts.birth_date.is_none_or(|date| date == id.birth_date());
            held(born, fact("birth_date"), "not-as-id-number");
            held(facts.sex.is_none_or(|sex| sex == id.sex()), fact("sex"), "not-as-id-number");
        }
    }
    let born = facts.birth_date.or_else(|| facts.resident_id()?.ok().map(|id| id.birth_date()));
    if let (Some(born), Some(entry)) = (born, facts.entry_date) {
        let ages = &evidence.scheme.ages_at_entry;
        let age = entry.year() - born.year();
        held((ages.least..=ages.most).contains(&age), fact("entry_date"), "age");
    }
    if let (Some(entry), Some(leaving)) = (facts.entry_date, facts.expected_graduation) {
        held(entry < leaving, fact("expected_graduation"), "before-entry");
        if let Some(years) = facts.years {
            let off = f32::from(leaving.year() - entry.year()) - years.years();
            let most = f32::from(evidence.scheme.years_tolerance);
            held(off.abs() <= most, fact("years"), "years");
        }
    }
    for (n, photo) in dossier.photos.iter().enumerate() {
        if let Some(captured) = photo.captured {
            // Cameras' clocks run ahead by hours, not by days.
            let in_time = captured <= photo.kept + 24.hours();
            held(in_time, format!("{DOSSIER}#/photos/{n}/captured"), "captured-after-kept");
        }
    }
    for (n, Diploma { facts: entry, .. }) in dossier.diplomas.iter().enumerate() {
        let place = |element: &str| format!("{DOSSIER}#/diplomas/{n}/{element}");
        if let (Some(from), Some(until)) = (entry.entry_date, entry.graduation_date) {
            held(from < until, place("graduation_date"), "before-entry");
        }
        if let (Some(one), Some(other)) = (entry.birth_date, born) {
            held(one == other, place("birth_date"), "not-as-person");
        }
        let Ok(number) = entry.number.parse::<CertificateNumber>() else { continue };
        if let Some(year) = entry.graduation_date.map(Date::year) {
            held(number.year() == year, place("number"), "number-year");
        }
        if let Some(level) = entry.level.as_deref().and_then(Level::from_text) {
            held(number.level() == level, place("number"), "number-level");
        }
    }
}

/// 1-6
fn characters(exhibit: &Exhibit, found: &mut Findings) {
    for list in ["facts", "diplomas"] {
        for (place, part) in parts(exhibit, list) {
            for (element, value) in part.as_object().into_iter().flatten() {
                let texts = match value {
                    Value::String(text) => vec![text.as_str()],
                    Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect(),
                    _ => continue,
                };
                for text in texts {
                    let odd = text.contains(is_odd) || text.contains("??") || text.trim() != text;
                    found.held(Item::Characters, !odd, || {
                        exhibit.fault(format!("{place}/{element}"), "character")
                    });
                }
            }
        }
    }
}

/// Characters that mean nothing, or something else on every computer: controls, marks of direction, stand-ins,
/// private use.
const fn is_odd(character: char) -> bool {
    matches!(character,
        '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{E000}'..='\u{F8FF}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFD}'
        | '\u{F0000}'..='\u{FFFFD}' | '\u{100000}'..='\u{10FFFD}')
}

/// 1-7: ids, file names and certificate numbers are formed by their rules.
fn identifiers(exhibit: &Exhibit, evidence: &Evidence<'_>, found: &mut Findings) {
    if let Some(object) = exhibit.id() {
        found.held(Item::Identifiers, !object.uuid().is_nil(), || exhibit.fault("", "identifier"));
    }
    let Some(dossier) = &exhibit.dossier else { return };
    for (n, photo) in dossier.photos.iter().enumerate() {
        let name = photo.file.strip_prefix(PHOTOS).and_then(|name| name.rsplit_once('.'));
        let right = name.is_some_and(|(name, _)| name == photo.id.to_string());
        found.held(Item::Identifiers, right, || {
            exhibit.fault(format!("{DOSSIER}#/photos/{n}/file"), "identifier")
        });
    }
    for (n, Diploma { facts, .. }) in dossier.diplomas.iter().enumerate() {
        let numberless = &evidence.scheme.outcomes_without_number;
        if facts.number.is_empty()
            && facts.outcome.as_ref().is_some_and(|outcome| numberless.contains(outcome))
        {
            continue;
        }
        // That there is none at all is for 2-4 to say.
        if !facts.number.is_empty() {
            let right = facts.number.parse::<CertificateNumber>();
            let code = right.as_ref().map_or_else(|error| error.code(), |_| "");
            found.held(Item::Identifiers, right.is_ok(), || {
                exhibit.fault(format!("{DOSSIER}#/diplomas/{n}/number"), code)
            });
        }
    }
}

/// 1-8: nobody else in the whole archive has this number or this very picture.
fn duplicates(exhibit: &Exhibit, evidence: &Evidence<'_>, found: &mut Findings) -> Result<(), db::Error> {
    let Some(dossier) = &exhibit.dossier else { return Ok(()) };
    let facts = &dossier.facts;
    let keys = [
        ("id_number", person::Key::IdNumber, &facts.id_number),
        ("student_number", person::Key::StudentNumber, &facts.student_number),
        ("candidate_number", person::Key::CandidateNumber, &facts.candidate_number),
    ];
    evidence.catalog.read(|conn| {
        for (element, key, value) in keys {
            let Some(value) = value else { continue };
            let others = person::by_key(conn, key, value)?.into_iter().any(|id| id != dossier.person);
            found.held(Item::Duplicates, !others, || {
                exhibit.fault(format!("{DOSSIER}#/facts/{element}"), "duplicate")
            });
        }
        for (n, Diploma { facts, .. }) in dossier.diplomas.iter().enumerate() {
            if facts.number.is_empty() {
                continue;
            }
            let again =
                dossier.diplomas.iter().filter(|other| other.facts.number == facts.number).count() > 1;
            let others = diploma::holders(conn, &facts.number)?.into_iter().any(|id| id != dossier.person);
            found.held(Item::Duplicates, !again && !others, || {
                exhibit.fault(format!("{DOSSIER}#/diplomas/{n}/number"), "duplicate")
            });
        }
        for photo in &dossier.photos {
            let others = photo::holders(conn, &photo.sha256)?.into_iter().any(|id| id != dossier.person);
            found.held(Item::Duplicates, !others, || exhibit.fault(&photo.file, "same-picture"));
        }
        Ok(())
    })
}

/// 1-9
fn name_and_size(exhibit: &Exhibit, found: &mut Findings) {
    for (said, seen) in described(exhibit) {
        if let Seen::Read { bytes, .. } = seen {
            found.held(Item::NameAndSize, *bytes == said.bytes, || exhibit.fault(&said.file, "size-differs"));
        }
    }
}

/// 1-10: the file is of the format its name says, as large as its description says, and was not kept in the future.
fn format_and_time(exhibit: &Exhibit, evidence: &Evidence<'_>, found: &mut Findings) {
    for (said, seen) in described(exhibit) {
        let Seen::Read { look: Ok(look), .. } = seen else { continue };
        let named = said.file.rsplit_once('.').is_some_and(|(_, ending)| ending == look.ending());
        found.held(Item::FormatAndTime, named, || exhibit.fault(&said.file, "format-differs"));
        let sized = (look.width, look.height) == (said.width, said.height);
        found.held(Item::FormatAndTime, sized, || exhibit.fault(&said.file, "dimensions-differ"));
        found.held(Item::FormatAndTime, said.kept <= evidence.now, || {
            exhibit.fault(&said.file, "kept-in-future")
        });
    }
}

/// 1-11: descriptions and files belong together, one to one; the log and the successions name files that there are.
fn linkage(exhibit: &Exhibit, found: &mut Findings) {
    let (Some(dossier), Some(object)) = (&exhibit.dossier, &exhibit.object) else { return };
    let mut held = |good: bool, place: String, code: &str| {
        found.held(Item::Linkage, good, || exhibit.fault(place, code));
    };
    held(dossier.person.uuid() == object.id().uuid(), format!("{DOSSIER}#/person"), "other-person");
    let files: BTreeSet<&str> =
        object.files().into_keys().map(SafePath::as_str).filter(|path| path.starts_with(PHOTOS)).collect();
    let described: BTreeSet<&str> = dossier.photos.iter().map(|photo| &*photo.file).collect();
    for photo in &dossier.photos {
        held(files.contains(&*photo.file), photo.file.clone(), "no-content");
        if let Some(next) = photo.superseded_by {
            let known = dossier.photos.iter().any(|other| other.id == next);
            held(known, photo.file.clone(), "no-successor");
        }
    }
    for file in files {
        held(described.contains(file), file.to_owned(), "no-description");
    }
    let linked = exhibit.premis.iter().flat_map(|premis| &premis.events).enumerate();
    for (n, event) in linked {
        if let Some(file) = &event.linking_object {
            held(described.contains(&**file), format!("{PREMIS}#/events/{n}"), "no-content");
        }
    }
}

/// 1-12: the bag's declaration, its description and its lists can be read and say what they must.
fn descriptions(exhibit: &Exhibit, found: &mut Findings) {
    if exhibit.kind != ObjectKind::Delivery {
        return found.untested(Item::Descriptions, "no-package");
    }
    // Files of one version may lie in the folders of several.
    let Ok(folder) = tempfile::tempdir() else { return };
    for name in BAG_FILES {
        if let Some(file) = exhibit.bag_file(name) {
            // What can't be copied is missing in the bag, which says so.
            let _unread = fs::copy(file, folder.path().join(name));
        }
    }
    let Ok(bag) = Bag::open(folder.path()) else {
        return found.saw(Item::Descriptions, Some(exhibit.fault("bag", "not-a-bag")));
    };
    for label in ["Source-Organization", "Bagging-Date", "Payload-Oxum"] {
        let said = bag.info_value(label).is_some_and(|value| !value.trim().is_empty());
        found
            .held(Item::Descriptions, said, || exhibit.fault(format!("bag/bag-info.txt#{label}"), "missing"));
    }
    if let Some(date) = bag.info_value("Bagging-Date") {
        let good = date.parse::<Date>().is_ok();
        found.held(Item::Descriptions, good, || exhibit.fault("bag/bag-info.txt#Bagging-Date", "type"));
    }
    if let Some(oxum) = bag.info_value("Payload-Oxum") {
        let files = oxum.split_once('.').and_then(|(_, files)| files.parse::<usize>().ok());
        let good = files == Some(bag.payload().len());
        found.held(Item::Descriptions, good, || {
            exhibit.fault("bag/bag-info.txt#Payload-Oxum", "count-differs")
        });
    }
}

/// 1-13
fn structure(exhibit: &Exhibit, found: &mut Findings) {
    let faults: Vec<_> = exhibit.found(Item::Structure).collect();
    if faults.is_empty() {
        found.good(Item::Structure, 1);
    }
    faults.into_iter().for_each(|fault| found.saw(Item::Structure, Some(fault)));
    if exhibit.kind == ObjectKind::Delivery {
        for name in BAG_FILES {
            let there = exhibit
                .object
                .as_ref()
                .zip(SafePath::new(format!("bag/{name}")).ok())
                .is_some_and(|(object, path)| object.digest(&path).is_some());
            found.held(Item::Structure, there, || exhibit.fault(format!("bag/{name}"), "missing"));
        }
    }
}

/// 1-14: what was delivered, what was accepted and what the receipt says are the same.
fn sameness(exhibit: &Exhibit, found: &mut Findings) {
    let Some(record) = &exhibit.delivery else {
        return found.untested(Item::Sameness, "no-package");
    };
    let mut held = |good: bool, place: &str, code: &str| {
        found.held(Item::Sameness, good, || exhibit.fault(place, code));
    };
    let bag = exhibit.bag_file("tagmanifest-sha256.txt").and_then(|file| fs::read(file).ok());
    let digest = bag.map(|bytes| Checksum::of(Algorithm::Sha256, &bytes).as_str().to_owned());
    if digest.is_some() {
        held(record.bag == digest, DELIVERY, "package-differs");
    }
    let statement = exhibit
        .receipt
        .as_ref()
        .and_then(|receipt| serde_json::from_str::<crate::delivery::Statement>(&receipt.statement).ok());
    if let Some(statement) = &statement {
        held(Some(&statement.bag) == record.bag.as_ref(), RECEIPT, "package-differs");
        let about = (statement.delivery, statement.campaign, statement.vendor);
        held(about == (record.delivery, record.campaign, record.vendor), RECEIPT, "other-delivery");
        let said: BTreeSet<_> =
            statement.items.iter().map(|item| (&item.token, &item.sha256, item.bytes)).collect();
        for item in &record.accepted {
            let named = item.token.as_ref().zip(item.sha256.as_ref()).zip(item.bytes);
            let same = named.is_some_and(|((token, sum), bytes)| said.contains(&(token, sum, bytes)));
            held(same, item.token.as_deref().unwrap_or_default(), "not-in-receipt");
        }
    }
    let text = exhibit.bag_file("manifest-sha256.txt").and_then(|file| fs::read_to_string(file).ok());
    if let Some(text) = text {
        let sums: BTreeSet<String> = text
            .lines()
            .filter_map(|line| line.split_once(' ').map(|(sum, _)| sum.to_ascii_lowercase()))
            .collect();
        for item in &record.accepted {
            let listed = item.sha256.as_ref().is_some_and(|sum| sums.contains(sum));
            held(listed, item.token.as_deref().unwrap_or_default(), "not-in-package");
        }
    }
}
