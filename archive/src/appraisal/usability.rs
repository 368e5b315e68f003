//! 可用性: can it be read, here and elsewhere, now and later?

use std::io::{Cursor, Read as _};

use fs_err as fs;
use image::{ImageFormat, Rgb, RgbImage};
use jiff::ToSpan as _;

use super::authenticity::described;
use super::evidence::{Evidence, Read};
use super::exhibit::{DOSSIER, Document, Exhibit, Seen};
use super::item::Item;
use super::report::{Fault, Findings};
use crate::db;
use crate::db::catalog::{diploma, object, person, photo};
use crate::db::office::drill;
use crate::dossier::Look;

/// For so long a restore drill counts.
const DRILL_COUNTS: i64 = 366 * 24;
/// Bytes by which a container is known.
const HEAD: u64 = 4096;

/// Looks at one object.
pub(super) fn object(
    exhibit: &Exhibit,
    evidence: &Evidence<'_>,
    found: &mut Findings,
) -> Result<(), db::Error> {
    metadata(exhibit, found);
    catalogue(exhibit, evidence, found)?;
    format(exhibit, evidence, found);
    content(exhibit, found);
    restorable(exhibit, evidence, found)?;
    package_format(exhibit, found);
    Ok(())
}

/// Looks at what is not within one object.
pub(super) fn whole(evidence: &Evidence<'_>, _read: &Read, found: &mut Findings) {
    software(found);
    hardware(evidence, found);
}

/// 3-1
fn metadata(exhibit: &Exhibit, found: &mut Findings) {
    for fault in exhibit.found(Item::MetadataReadable) {
        found.saw(Item::MetadataReadable, Some(fault));
    }
    for (name, document) in &exhibit.documents {
        match document {
            // That it is not named or not there is for 2-10 and 2-11 to say.
            Document::Unnamed | Document::Unread => {}
            Document::Garbled => found.saw(Item::MetadataReadable, Some(exhibit.fault(*name, "not-json"))),
            Document::Json(_) => found.good(Item::MetadataReadable, 1),
        }
    }
}

/// 3-2: the catalog answers, and says what the files say.
fn catalogue(exhibit: &Exhibit, evidence: &Evidence<'_>, found: &mut Findings) -> Result<(), db::Error> {
    let Some(object) = &exhibit.object else { return Ok(()) };
    evidence.catalog.read(|conn| {
        let head = object::head(conn, object.id())?;
        found
            .held(Item::Catalogue, head == Some(object.head().get()), || exhibit.fault("", "not-catalogued"));
        let Some(dossier) = exhibit.dossier.as_ref().filter(|_| head == Some(object.head().get())) else {
            return Ok(());
        };
        let id = dossier.person;
        let same = [
            ("facts", person::facts(conn, id)?.as_ref() == Some(&dossier.facts)),
            ("photos", photo::of(conn, id)? == dossier.photos),
            ("diplomas", diploma::of(conn, id)? == dossier.diplomas),
        ];
        for (part, same) in same {
            found.held(Item::Catalogue, same, || {
                exhibit.fault(format!("{DOSSIER}#/{part}"), "catalogue-differs")
            });
        }
        Ok(())
    })
}

/// 3-3: photos are of a format that lasts.
fn format(exhibit: &Exhibit, evidence: &Evidence<'_>, found: &mut Findings) {
    for (said, seen) in described(exhibit) {
        let Seen::Read { look, .. } = seen else { continue };
        let lasts = match look {
            Ok(look) => evidence.scheme.content_formats.iter().any(|format| format == look.mime()),
            Err("photo-format") => false,
            // Of what can't be decoded, 3-4 speaks.
            Err(_) => continue,
        };
        found.held(Item::Format, lasts, || exhibit.fault(&said.file, "format"));
    }
}

/// 3-4: every photo is decoded to its last pixel.
fn content(exhibit: &Exhibit, found: &mut Findings) {
    for (said, seen) in described(exhibit) {
        let fault = match seen {
            Seen::Missing | Seen::Read { look: Err("photo-format"), .. } => continue,
            Seen::Unread => Some("photo-unreadable"),
            Seen::Read { look, .. } => look.as_ref().err().copied(),
        };
        found.saw(Item::ContentReadable, fault.map(|code| exhibit.fault(&said.file, code)));
    }
}

/// 3-5: the last drill brought the object back as it is now.
fn restorable(exhibit: &Exhibit, evidence: &Evidence<'_>, found: &mut Findings) -> Result<(), db::Error> {
    let Some(object) = &exhibit.object else { return Ok(()) };
    let Some(drill) = evidence.office.read(drill::latest)? else {
        found.untested(Item::Restorable, "no-drill");
        return Ok(());
    };
    if drill.ended + DRILL_COUNTS.hours() < evidence.now {
        found.untested(Item::Restorable, "drill-old");
        return Ok(());
    }
    match evidence.office.read(|conn| drill::restored(conn, drill.number, object.id()))? {
        Some(restored) if restored.version == object.head().get() => {
            let now = fs::read(exhibit.folder.join("inventory.json")).unwrap_or_default();
            let same = bag::Checksum::of(bag::Algorithm::Sha512, &now) == restored.inventory;
            found.held(Item::Restorable, same, || exhibit.fault("inventory.json", "not-as-restored"));
        }
        Some(_) => changed_since(found),
        None => {
            let first = object.versions().next().map(|(_, version)| version.created);
            if first.is_some_and(|created| created < drill.began) && drill.differing > 0 {
                found.saw(Item::Restorable, Some(exhibit.fault("", "not-restored")));
            } else {
                changed_since(found);
            }
        }
    }
    Ok(())
}

/// What the last drill could not know does not count, for or against.
fn changed_since(found: &mut Findings) {
    found.untested(Item::Restorable, "changed-since-drill");
    found.remark(Item::Restorable, "changed-since-drill", 1);
}

/// 3-6: this program reads what it should: a picture of known pixels in each format, and a document.
fn software(found: &mut Findings) {
    for (name, format) in [("image/jpeg", ImageFormat::Jpeg), ("image/tiff", ImageFormat::Tiff)] {
        found.held(Item::Software, reads(format), || Fault::at(name, "not-decoded"));
    }
    let json = serde_json::from_str::<serde_json::Value>(r#"{"学":["藏"]}"#);
    found.held(Item::Software, json.is_ok(), || Fault::at("application/json", "not-decoded"));
}

/// Whether a picture that is written in this format is read as what it was.
fn reads(format: ImageFormat) -> bool {
    let picture =
        RgbImage::from_fn(16, 12, |x, y| if (x / 8 + y / 6) % 2 == 0 { Rgb([20; 3]) } else { Rgb([230; 3]) });
    let mut bytes = Cursor::new(Vec::new());
    if picture.write_to(&mut bytes, format).is_err() {
        return false;
    }
    let bytes = bytes.into_inner();
    let read = image::load_from_memory_with_format(&bytes, format).map(|image| image.to_rgb8());
    // JPEG keeps pixels nearly, not exactly.
    let near = |one: &Rgb<u8>, other: &Rgb<u8>| {
        one.0.iter().zip(other.0).all(|(one, other)| one.abs_diff(other) < 40)
    };
    let same = read.is_ok_and(|read| {
        read.dimensions() == picture.dimensions()
            && read.pixels().zip(picture.pixels()).all(|(a, b)| near(a, b))
    });
    same && Look::at(&bytes).is_ok()
}

/// 3-7: the archive's volume has room.
fn hardware(evidence: &Evidence<'_>, found: &mut Findings) {
    match rustix::fs::statvfs(evidence.root.path()) {
        Err(_) => found.untested(Item::Hardware, "volume-unknown"),
        Ok(volume) => {
            let free = volume.f_bavail.saturating_mul(volume.f_frsize);
            found.held(Item::Hardware, free >= evidence.scheme.least_free_bytes, || {
                Fault::at("archive", "no-room")
            });
        }
    }
}

/// 3-8: nothing lies in the package in a private compression or encrypted.
fn package_format(exhibit: &Exhibit, found: &mut Findings) {
    let Some(object) = &exhibit.object else { return };
    for (path, _) in object.stored() {
        let file = exhibit.folder.join(path.as_str());
        if let Some(wrapping) = wrapping(&file) {
            found.saw(Item::PackageFormat, wrapping.map(|code| exhibit.fault(path.as_str(), code)));
        }
    }
}

/// How a file is wrapped: `None` if it can't be read, `Some(None)` if it is plain.
fn wrapping(file: &std::path::Path) -> Option<Option<&'static str>> {
    let mut opened = fs::File::open(file).ok()?;
    let mut head = Vec::new();
    opened.by_ref().take(HEAD).read_to_end(&mut head).ok()?;
    const PRIVATE: [&[u8]; 8] = [
        b"7z\xBC\xAF\x27\x1C",
        b"Rar!\x1A\x07",
        b"\x1F\x8B",
        b"\xFD7zXZ\0",
        b"\x28\xB5\x2F\xFD",
        b"BZh",
        b"\x60\xEA",
        b"\x04\x22\x4D\x18",
    ];
    const SEALED: [&[u8]; 5] = [
        b"-----BEGIN PGP MESSAGE",
        b"age-encryption.org/",
        b"Salted__",
        b"-----BEGIN CMS",
        b"-----BEGIN PKCS7",
    ];
    let begins = |signs: &[&[u8]]| signs.iter().any(|sign| head.starts_with(sign));
    Some(if begins(&SEALED) {
        Some("encrypted")
    } else if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        zip_wrapping(opened)
    } else if head.starts_with(b"%PDF-") {
        let bytes = fs::read(file).ok()?;
        bytes.windows(8).any(|part| part == b"/Encrypt").then_some("encrypted")
    } else if begins(&PRIVATE) {
        Some("compressed")
    } else {
        None
    })
}

/// A zip is plain if it is a document of an open format (OFD) that nobody has locked.
fn zip_wrapping(file: fs::File) -> Option<&'static str> {
    let Ok(mut zip) = zip::ZipArchive::new(file) else { return Some("compressed") };
    let locked = (0..zip.len()).any(|n| zip.by_index_raw(n).is_ok_and(|entry| entry.encrypted()));
    match locked {
        true => Some("encrypted"),
        false if zip.index_for_name("OFD.xml").is_some() => None,
        false => Some("compressed"),
    }
}
