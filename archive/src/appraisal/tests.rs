//! Each defect is planted into an archive that is otherwise in order, and exactly its items fail.

mod fixture;

use std::collections::BTreeSet;
use std::io::{Cursor, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64};

use bag::{Algorithm, Checksum, SafePath};
use ed25519_dalek::SigningKey;
use fs_err as fs;
use ids::{CampaignId, EventId, PersonId, UserId, VendorId};
use image::{ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};
use tempfile::TempDir;

use self::fixture::*;
use super::*;
use crate::db::catalog::object::ObjectKind;
use crate::db::office::{campaign, drill, event, roster};
use crate::db::{Store, catalog, office};
use crate::delivery::{Statement, StatementItem};
use crate::dossier::{Change, DiplomaFacts, Facts, Holdings, NewPhoto, PhotoKind};
use crate::fixity::drill::{Target, run};
use crate::log;
use crate::ocfl::{Root, Source, User, Version};
use crate::person::PersonRecord;

fn path(text: &str) -> SafePath {
    SafePath::new(text).unwrap()
}

fn failing(report: &AppraisalReport) -> BTreeSet<&'static str> {
    with(report, Verdict::Failed)
}

fn with(report: &AppraisalReport, verdict: Verdict) -> BTreeSet<&'static str> {
    report.rows.iter().filter(|row| row.verdict == verdict).map(|row| row.item.number()).collect()
}

fn reason(report: &AppraisalReport, item: Item) -> &str {
    report.row(item).unwrap().reason.as_deref().unwrap_or_default()
}

fn only<const N: usize>(numbers: [&'static str; N]) -> BTreeSet<&'static str> {
    numbers.into()
}

fn flip(file: &std::path::Path) {
    let mut bytes = fs::read(file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(file, bytes).unwrap();
}

#[test]
fn an_archive_in_order_fails_nothing_and_says_what_it_could_not_test() {
    let f = Fixture::new();
    let told = AtomicU64::new(0);
    let report = appraise(
        &f.evidence(Chain { leaves: 3, findings: Vec::new() }),
        Scope::Archive,
        Environment::Preservation,
        NonZeroUsize::new(2).unwrap(),
        &|_, total| {
            assert_eq!(total, 4);
            told.fetch_add(1, Ordering::SeqCst);
        },
        &|| false,
    )
    .unwrap();
    assert_eq!(failing(&report), only([]), "{:#?}", report.rows);
    assert_eq!(
        with(&report, Verdict::NotTestable),
        only(["2-8", "2-9", "3-5", "4-1", "4-2", "4-4", "4-5", "4-6"])
    );
    assert!(report.has_passed() && told.into_inner() == 5);
    assert_eq!((report.objects, report.vetoes()), (4, 0));
    for (item, why) in [
        (Item::Attachments, "no-attachments"),
        (Item::Extent, "no-campaign-over"),
        (Item::Restorable, "no-drill"),
        (Item::Virus, "no-scanner"),
        (Item::ReadSpeed, "too-little"),
        (Item::Appearance, "by-hand"),
    ] {
        assert_eq!(reason(&report, item), why);
    }
}

#[test]
fn an_empty_archive_passes_nothing_that_looks_at_objects() {
    let dir = tempfile::tempdir().unwrap();
    let mut f = Fixture::new();
    f.root = Root::create(dir.path().join("empty")).unwrap();
    f.catalog = Store::open(dir.path().join("catalog.db"), &catalog::MIGRATIONS).unwrap();
    let report = f.appraise(Scope::Archive);
    assert_eq!(failing(&report), only([]));
    assert_eq!(with(&report, Verdict::Passed), only(["1-13", "2-5", "3-6", "3-7"]));
}

#[test]
fn what_lies_on_the_disk_otherwise_than_it_was_kept_is_found_under_its_item() {
    let f = Fixture::new();
    flip(&f.photo(0));
    let report = f.appraise(Scope::Archive);
    assert_eq!(failing(&report), only(["1-1"]));
    let row = report.row(Item::Fixity).unwrap();
    assert!(row.failing.iter().all(|fault| fault.object == Some(f.object(0))) && report.vetoes() == 1);
    flip(&f.photo(0));
    assert_eq!(f.failing(), only([]));

    let bytes = fs::read(f.photo(1)).unwrap();
    fs::remove_file(f.photo(1)).unwrap();
    assert_eq!(f.failing(), only(["2-2", "2-7", "2-11"]));
    fs::write(f.photo(1), &bytes).unwrap();

    let stray = f.folder(f.object(2)).join("v1/content/stray.txt");
    fs::write(&stray, "").unwrap();
    assert_eq!(f.failing(), only(["2-2", "4-3"]), "it is in no inventory, and the catalog counts files");
    fs::remove_file(stray).unwrap();

    let between = f.root.path().join("note.txt");
    let outside = f.root.path().join("zz");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("note.txt"), "x").unwrap();
    assert_eq!(f.failing(), only(["4-3"]));
    fs::remove_dir_all(outside).unwrap();
    assert!(!between.exists());

    let sidecar = f.folder(f.object(0)).join("inventory.json.sha512");
    let kept = fs::read(&sidecar).unwrap();
    fs::remove_file(&sidecar).unwrap();
    assert_eq!(f.failing(), only(["2-10"]));
    fs::write(&sidecar, kept).unwrap();

    let declaration = f.folder(f.object(0)).join("0=ocfl_object_1.1");
    fs::write(&declaration, "something else\n").unwrap();
    assert_eq!(f.failing(), only(["1-13"]));
    fs::write(&declaration, "ocfl_object_1.1\n").unwrap();
    assert_eq!(f.failing(), only([]));
}

#[test]
fn facts_that_break_the_scheme_are_found_under_their_item() {
    type Planted<'a> = (&'a str, &'a dyn Fn(&mut PersonRecord));
    let planted: [Planted<'_>; 12] = [
        ("1-2", &|facts| facts.class = Some("班".repeat(61))),
        ("1-3", &|facts| facts.student_number = Some("学2024".to_owned())),
        ("1-4", &|facts| facts.ethnicity = Some("不详".to_owned())),
        ("1-4", &|facts| facts.level = Some("其他".to_owned())),
        ("1-5", &|facts| facts.id_number = Some("530102200501010010".to_owned())),
        ("1-5", &|facts| facts.birth_date = "2004-01-01".parse().ok()),
        ("1-5", &|facts| facts.expected_graduation = "2024-07-01".parse().ok()),
        ("1-6", &|facts| facts.name = "学生\u{E123}".to_owned()),
        ("1-6", &|facts| facts.name = " 学生".to_owned()),
        ("1-8", &|facts| facts.student_number = Some("202401".to_owned())),
        ("2-4", &|facts| facts.name = String::new()),
        ("1-2", &|facts| facts.name = "名".repeat(41)),
    ];
    let f = Fixture::new();
    for (number, plant) in planted {
        f.correct(0, plant);
        let report = f.appraise(Scope::Object(f.object(0)));
        assert_eq!(failing(&report), only([number]), "{:#?}", report.rows);
        let text = String::from_utf8(report.document().unwrap().0).unwrap();
        let held = ["530102", "202401", "学生", "不详", "班班", "名名"];
        assert!(held.iter().all(|held| !text.contains(held)), "a report holds no personal data: {text}");
    }
    f.correct(0, |_| {});
    assert_eq!(f.failing(), only([]));
}

#[test]
fn the_register_of_certificates_is_held_to_its_rules() {
    let f = Fixture::new();
    f.keep(Change::of(f.people[0], "entered").diploma(certificate(5)));
    let report = f.appraise(Scope::Archive);
    assert_eq!(failing(&report), only(["2-6"]));
    assert_eq!(report.row(Item::Continuity).unwrap().failing[0].place, "512341202706: 4–4");
    f.keep(Change::of(f.people[1], "entered").diploma(certificate(4)));
    assert_eq!(f.failing(), only([]));
    f.keep(Change::of(f.people[2], "entered").diploma(certificate(4)));
    assert_eq!(f.failing(), only(["1-8"]));

    let f = Fixture::new();
    let wrong = DiplomaFacts { number: "512341202606000004".to_owned(), ..certificate(4) };
    f.keep(Change::of(f.people[0], "entered").diploma(wrong));
    assert_eq!(f.failing(), only(["1-5"]), "the year of the number is not that of graduation");
    let f = Fixture::new();
    f.keep(
        Change::of(f.people[0], "entered")
            .diploma(DiplomaFacts { number: "12".to_owned(), ..certificate(4) }),
    );
    assert_eq!(f.failing(), only(["1-7"]));
    let f = Fixture::new();
    let unfinished =
        DiplomaFacts { number: String::new(), outcome: Some("肄业".to_owned()), ..certificate(4) };
    f.keep(Change::of(f.people[0], "entered").diploma(unfinished.clone()));
    assert_eq!(f.failing(), only([]), "who did not finish has no number");
    f.keep(Change::of(f.people[1], "entered").diploma(DiplomaFacts { outcome: None, ..unfinished }));
    assert_eq!(f.failing(), only(["2-4"]));
}

#[test]
fn a_document_that_another_program_wrote_is_found_under_its_item() {
    type Planted<'a> = (&'a [&'static str], &'a dyn Fn(&mut Value));
    let planted: [Planted<'_>; 7] = [
        (&["1-9"], &|document| document["photos"][0]["bytes"] = 5.into()),
        (&["1-10"], &|document| document["photos"][0]["width"] = 5.into()),
        (&["1-10"], &|document| document["photos"][0]["kept"] = "2031-01-01T00:00:00Z".into()),
        (&["1-1", "1-3"], &|document| document["photos"][0]["sha256"] = "AB".into()),
        (&["1-11"], &|document| {
            document["photos"][0]["superseded_by"] = ids::PhotoId::new().to_string().into()
        }),
        (&["2-3"], &|document| drop(document["facts"].as_object_mut().unwrap().remove("ethnicity"))),
        (&["1-5"], &|document| document["photos"][1]["captured"] = "2026-10-01T00:00:00Z".into()),
    ];
    for (numbers, plant) in planted {
        let f = Fixture::new();
        f.rewrite(f.object(0), "dossier.json", plant);
        assert_eq!(f.failing(), numbers.iter().copied().collect(), "{numbers:?}");
    }
    let f = Fixture::new();
    f.rewrite(f.object(0), "premis.json", |document| {
        let events = document["events"].as_array_mut().unwrap();
        events.retain(|event| event["eventType"] != "ingestion" || event["linkingObject"].is_null());
    });
    assert_eq!(f.failing(), only(["2-5"]));
    let f = Fixture::new();
    f.put(f.object(0), "premis.json", b"{".to_vec());
    let report = f.appraise(Scope::Object(f.object(0)));
    assert_eq!(failing(&report), only(["3-1"]));
    let f = Fixture::new();
    f.put(f.object(0), "photos/nobody.jpg", jpeg(9));
    assert_eq!(f.failing(), only(["1-11", "2-1"]), "a picture that no description names, and one too many");
}

#[test]
fn what_can_not_be_seen_or_lies_wrapped_is_found() {
    let locked = |how: u16| {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("a.txt", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(b"text").unwrap();
        let mut bytes = zip.finish().unwrap().into_inner();
        // The bit that says that an entry is encrypted, in its own head and in the directory (APPNOTE 4.4.4).
        bytes[6] |= u8::try_from(how).unwrap();
        let directory = bytes.windows(4).position(|sign| sign == b"PK\x01\x02").unwrap();
        bytes[directory + 8] |= u8::try_from(how).unwrap();
        bytes
    };
    for (bytes, code) in [
        (locked(1), "encrypted"),
        (locked(0), "compressed"),
        (b"7z\xBC\xAF\x27\x1C\0\0".to_vec(), "compressed"),
        (b"%PDF-1.7\n<< /Encrypt 5 0 R >>".to_vec(), "encrypted"),
        (b"Salted__12345678".to_vec(), "encrypted"),
    ] {
        let f = Fixture::new();
        f.put(f.object(1), "attachments/form", bytes);
        let report = f.appraise(Scope::Archive);
        assert_eq!(failing(&report), only(["3-8"]));
        assert_eq!(report.row(Item::PackageFormat).unwrap().failing[0].code, code);
    }
    let f = Fixture::new();
    f.put(f.object(1), "attachments/form.pdf", b"%PDF-1.7\n".to_vec());
    assert_eq!(f.failing(), only([]), "a plain document of an open format");

    let f = Fixture::new();
    let png = NewPhoto::from_bytes(PhotoKind::Original, picture(77, ImageFormat::Png), "import").unwrap();
    f.keep(Change::of(f.people[0], "added").photo(png));
    assert_eq!(f.failing(), only(["3-3"]), "not a format of the scheme");

    let f = Fixture::new();
    let dossier = f.holdings().dossier(f.people[0]).unwrap().unwrap().0;
    let cut = jpeg(10)[..300].to_vec();
    f.put(f.object(0), &dossier.photos[0].file, cut);
    assert_eq!(f.failing(), only(["1-1", "1-9", "3-4"]), "another picture than described, and cut off");
}

#[test]
fn what_is_recorded_elsewhere_must_agree() {
    let f = Fixture::new();
    let dir = f.dir.path().join("ledger");
    let mut book = log::Log::open(&dir, "ledger.school.example".parse().unwrap(), school()).unwrap();
    let leaf = log::Event::new("dossier.kept", "2026-09-01T08:00:00Z", "registrar", "x", Value::Null);
    book.append(&[leaf.leaf().unwrap()]).unwrap();
    let key = book.verifier_key();
    drop(book);
    let chain = || Chain {
        leaves: 1,
        findings: log::fsck(&dir, &key).unwrap().iter().map(ToString::to_string).collect(),
    };
    let check = |chain| {
        let threads = NonZeroUsize::MIN;
        let evidence = f.evidence(chain);
        appraise(&evidence, Scope::Archive, Environment::Preservation, threads, &|_, _| {}, &|| false)
            .unwrap()
    };
    assert_eq!(failing(&check(chain())), only([]));
    let tile = dir.join("tile/0/000.p/1");
    flip(&tile);
    let report = check(chain());
    assert_eq!(failing(&report), only(["2-5"]), "the ledger's chain is broken");
    assert_eq!(report.row(Item::Process).unwrap().failing[0].code, "ledger");
    flip(&tile);

    f.catalog.write(|tx| catalog::diploma::replace(tx, f.people[2], &[])).unwrap();
    assert_eq!(failing(&check(chain())), only(["3-2"]), "the catalog has lost a certificate");
    f.holdings().rebuild(&mut |_, _| true).unwrap();

    let moved = f.dir.path().join("moved");
    fs::rename(f.folder(f.object(2)), &moved).unwrap();
    let found = failing(&check(chain()));
    assert!(found.contains("2-1"), "an object has vanished: {found:?}");
    fs::rename(&moved, f.folder(f.object(2))).unwrap();
    assert_eq!(failing(&check(chain())), only([]));

    let mut batch = f.root.batch().unwrap();
    batch
        .put(
            Version::new(f.object(0), "unseen", by(), at())
                .keep_others()
                .file(path("x.txt"), Source::Bytes(vec![1])),
        )
        .unwrap();
    batch.commit().unwrap();
    f.holdings().rebuild(&mut |_, _| true).unwrap();
    assert_eq!(failing(&check(chain())), only(["4-7"]), "a version that nobody recorded");
}

#[test]
fn a_delivery_is_held_to_what_was_delivered_and_signed() {
    let f = Fixture::new();
    let own = ObjectId::from(f.delivery.uuid());
    let report = f.appraise(Scope::Delivery(f.delivery));
    assert_eq!((failing(&report), report.objects), (only([]), 3));
    assert_eq!(report.row(Item::Sameness).unwrap().verdict, Verdict::Passed);
    assert_eq!(report.row(Item::Descriptions).unwrap().verdict, Verdict::Passed);
    let one = f.appraise(Scope::Object(f.object(0)));
    assert_eq!(reason(&one, Item::Sameness), "no-package");

    f.rewrite(own, "receipt.json", |receipt| {
        receipt["statement"] = receipt["statement"].as_str().unwrap().replace("XC0", "XC7").into();
    });
    let report = f.appraise(Scope::Delivery(f.delivery));
    assert_eq!(failing(&report), only(["1-1", "1-14"]), "not what the school signed, nor what it accepted");

    let f = Fixture::new();
    let own = ObjectId::from(f.delivery.uuid());
    f.rewrite(own, "delivery.json", |record| drop(record["accepted"].as_array_mut().unwrap().pop()));
    assert_eq!(failing(&f.appraise(Scope::Delivery(f.delivery))), only(["2-1"]));
    f.rewrite(own, "delivery.json", |record| record["confirmed"] = record["proposed"].clone());
    assert_eq!(failing(&f.appraise(Scope::Delivery(f.delivery))), only(["2-1", "4-7"]));

    let f = Fixture::new();
    let own = ObjectId::from(f.delivery.uuid());
    f.put(own, "bag/bag-info.txt", b"Bagging-Date: soon\n".to_vec());
    assert_eq!(failing(&f.appraise(Scope::Delivery(f.delivery))), only(["1-1", "1-12"]));
    let missing = DeliveryId::new();
    let none = appraise(
        &f.evidence(Chain::default()),
        Scope::Delivery(missing),
        Environment::Accession,
        NonZeroUsize::MIN,
        &|_, _| {},
        &|| false,
    );
    assert!(matches!(none, Err(Error::NoObject(object)) if object.uuid() == missing.uuid()));
}

#[test]
fn rosters_say_who_belongs_into_the_archive() {
    let f = Fixture::new();
    let campaign = campaign::Campaign {
        id: CampaignId::new(),
        name: "毕业生".to_owned(),
        kind: campaign::CampaignKind::Graduation,
        year: 2027,
        capture_from: "2026-08-01".parse().unwrap(),
        capture_until: "2026-08-30".parse().unwrap(),
        deliver_by: "2027-01-01".parse().unwrap(),
        rule_set: "x".to_owned(),
        vendor: None,
        created: at(),
    };
    let enrol = |campaign: &campaign::Campaign, people: &[PersonId]| {
        f.office
            .write(|tx| {
                campaign::insert(tx, campaign).and_then(|()| roster::replace(tx, campaign.id, people))
            })
            .unwrap();
    };
    enrol(&campaign, &f.people);
    let report = f.appraise(Scope::Archive);
    assert_eq!(
        failing(&report),
        only([]),
        "the third has no photo, and until the campaign is over needs none"
    );
    assert_eq!(reason(&report, Item::Extent), "no-campaign-over");
    let over =
        campaign::Campaign { id: CampaignId::new(), deliver_by: "2026-10-01".parse().unwrap(), ..campaign };
    enrol(&over, &f.people[..2]);
    assert_eq!(f.failing(), only([]));
    f.office.write(|tx| roster::replace(tx, over.id, &f.people)).unwrap();
    assert_eq!(f.failing(), only(["2-9"]));
    f.office.write(|tx| roster::replace(tx, over.id, &[f.people[0], PersonId::new()])).unwrap();
    assert_eq!(f.failing(), only(["2-1", "2-9"]), "somebody without a dossier");
}

#[test]
fn a_drill_vouches_for_what_it_brought_back_as_it_is_now() {
    let f = Fixture::new();
    let target = Target::accept(&f.dir.path().join("drill"), &[f.root.path()]).unwrap();
    let drilled =
        run(&f.root, &target, &BTreeSet::new(), NonZeroUsize::MIN, &|_, _, _| {}, &|| false).unwrap();
    let (document, hash) = drilled.report.document().unwrap();
    let document = String::from_utf8(document).unwrap();
    f.office
        .write(|tx| drill::insert(tx, &drilled.report, &document, &hash.to_string(), &drilled.restored))
        .unwrap();
    let mut evidence = f.evidence(Chain::default());
    evidence.now = Timestamp::now();
    let check = |evidence: &Evidence<'_>| {
        let threads = NonZeroUsize::MIN;
        appraise(evidence, Scope::Archive, Environment::Preservation, threads, &|_, _| {}, &|| false).unwrap()
    };
    let report = check(&evidence);
    let row = report.row(Item::Restorable).unwrap();
    assert_eq!((row.verdict, row.looked_at), (Verdict::Passed, 4));
    f.correct(0, |facts| facts.note = Some("休学".to_owned()));
    let report = check(&evidence);
    let row = report.row(Item::Restorable).unwrap();
    assert_eq!(
        (row.verdict, row.looked_at),
        (Verdict::Passed, 3),
        "the corrected one is newer than the drill"
    );
    assert_eq!(row.remarks.get("changed-since-drill"), Some(&1));
    evidence.now += jiff::Span::new().hours(367 * 24);
    assert_eq!(reason(&check(&evidence), Item::Restorable), "drill-old");
}

/// A program that does what ClamAV does with its list of folders, and knows the one signature that everybody knows.
fn scanner(f: &Fixture, script: &str) -> Option<Scanner> {
    let program = f.dir.path().join("clamscan");
    fs::write(&program, format!("#!/bin/sh\n{script}")).unwrap();
    fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    Scanner::at(vec![f.dir.path().join("not-there"), program])
}

#[test]
fn a_scanner_is_asked_if_there_is_one_and_believed_only_if_it_did_its_work() {
    const SCAN: &str = "for a in \"$@\"; do case $a in --file-list=*) list=${a#--file-list=};; esac; done\n\
        found=0\nwhile read -r d; do for f in $(grep -rl 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE' \"$d\"); do\n\
        echo \"$f: Eicar-Signature FOUND\"; found=1; done; done < \"$list\"\nexit $found\n";
    let mut f = Fixture::new();
    f.scanner = scanner(&f, SCAN);
    let report = f.appraise(Scope::Archive);
    assert_eq!(failing(&report), only([]));
    assert_eq!(report.row(Item::Virus).unwrap().looked_at, report.files);
    f.put(f.object(0), "attachments/eicar.txt", b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE".to_vec());
    let report = f.appraise(Scope::Archive);
    assert_eq!(failing(&report), only(["4-2"]));
    let row = report.row(Item::Virus).unwrap();
    assert!(row.failing[0].place.ends_with("attachments/eicar.txt") && row.failed == 1, "{row:?}");
    for broken in ["exit 2\n", "exit 1\n"] {
        f.scanner = scanner(&f, broken);
        assert_eq!(reason(&f.appraise(Scope::Archive), Item::Virus), "scanner-failed");
    }
}

#[test]
fn a_check_that_is_called_back_is_none() {
    let mut f = Fixture::new();
    let stop = AtomicBool::new(false);
    let stopped = |f: &Fixture, stop: &AtomicBool| {
        appraise(
            &f.evidence(Chain::default()),
            Scope::Archive,
            Environment::Preservation,
            NonZeroUsize::MIN,
            &|done, _| stop.store(done >= 2 || stop.load(Ordering::SeqCst), Ordering::SeqCst),
            &|| stop.load(Ordering::SeqCst),
        )
    };
    assert!(matches!(stopped(&f, &stop), Err(Error::Stopped)));
    // The last object was read and the scanner is at work: it is ended too.
    f.scanner = scanner(&f, "exec sleep 600\n");
    let began = std::time::Instant::now();
    let late = AtomicBool::new(false);
    let ended = appraise(
        &f.evidence(Chain::default()),
        Scope::Archive,
        Environment::Preservation,
        NonZeroUsize::MIN,
        &|done, total| late.store(done == total, Ordering::SeqCst),
        &|| late.load(Ordering::SeqCst) && began.elapsed() > Duration::from_millis(300),
    );
    assert!(matches!(ended, Err(Error::Stopped)) && began.elapsed() < Duration::from_secs(60));
}
