//! Leaving and coming back, on real files.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;

use bag::{Bag, Depth};
use fs_err as fs;
use ids::{CampaignId, DeliveryId, PersonId};
use image::{ImageFormat, RgbImage};
use jiff::Timestamp;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::db::{Store, catalog};
use crate::dossier::{Change, DiplomaFacts, Facts, Fate, Holdings, NewPhoto, PhotoKind, object_of};
use crate::ocfl::{self, ObjectId, Root, SafePath, Source, User};
use crate::person::PersonRecord;
use crate::tree::tree;

struct House {
    dir: TempDir,
    root: Root,
    catalog: Store,
}

impl House {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::create(dir.path().join("archive")).unwrap();
        let catalog = Store::open(dir.path().join("catalog.db"), &catalog::MIGRATIONS).unwrap();
        Self { dir, root, catalog }
    }

    fn holdings(&self) -> Holdings<'_> {
        Holdings::new(&self.root, &self.catalog)
    }

    fn keep(&self, change: Change) {
        self.holdings().keep(vec![change], &user(), at()).unwrap();
    }

    /// Somebody with two versions, two photos of one kind, one of another, and a diploma.
    fn somebody(&self, name: &str, number: &str) -> PersonId {
        let person = PersonId::new();
        let record = PersonRecord {
            name: name.to_owned(),
            student_number: Some(number.to_owned()),
            class: Some("声乐一班".to_owned()),
            ..PersonRecord::default()
        };
        let diploma = DiplomaFacts { number: format!("51234120270600{number}"), ..DiplomaFacts::default() };
        let new =
            Change::of(person, "new").facts(Facts::Merge(Box::new(record))).on_roster(CampaignId::new());
        self.keep(new.photo(photo(PhotoKind::Admission, 1)).diploma(diploma));
        let better = Change::of(person, "better").photo(photo(PhotoKind::Admission, 200));
        self.keep(better.photo(photo(PhotoKind::Graduation, 90)));
        person
    }

    fn folder(&self, person: PersonId) -> PathBuf {
        self.root.path().join(self.root.folder(object_of(person)))
    }

    fn place(&self) -> PathBuf {
        self.dir.path().join("leaving")
    }

    fn begin(&self) -> Result<Export, ExportError> {
        Export::begin(&self.place(), about())
    }

    /// An export of these people, finished.
    fn export(&self, people: &[PersonId]) -> Bag {
        let mut export = self.begin().unwrap();
        for person in people {
            assert!(export.add(&self.root, object_of(*person)).unwrap());
        }
        export.finish().unwrap()
    }

    fn admit(&self, bag: &Bag) -> Result<Admitted, AdmitError> {
        admit(self.holdings(), bag.dir(), &mut |_, _, _| true)
    }

    /// What the folder of this house holds besides the archive and the catalog.
    fn others(&self) -> Vec<String> {
        let names = fs::read_dir(self.dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let names = names.map(|name| name.into_string().unwrap());
        names.filter(|name| name != "archive" && !name.starts_with("catalog.db")).collect()
    }
}

fn about() -> About {
    About {
        school: "云南</script><b>艺术职业学院".to_owned(),
        purpose: "移交上级档案馆".to_owned(),
        approved_by: "王主任".to_owned(),
        software: "xuecang test".to_owned(),
        id: Uuid::new_v4(),
        date: jiff::civil::date(2026, 11, 22),
    }
}

fn user() -> User {
    User { name: "registrar".to_owned(), address: Some(format!("urn:uuid:{}", Uuid::nil())) }
}

fn at() -> Timestamp {
    "2026-09-01T08:00:00Z".parse().unwrap()
}

fn photo(kind: PhotoKind, shade: u8) -> NewPhoto {
    let mut bytes = Cursor::new(Vec::new());
    let picture = RgbImage::from_pixel(48, 64, image::Rgb([shade, 90, 200]));
    picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    NewPhoto::from_bytes(kind, bytes.into_inner(), "test").unwrap()
}

fn text(bag: &Bag, name: &str) -> String {
    fs::read_to_string(bag.dir().join("data").join(name)).unwrap()
}

/// Runs the script of a bag: its exit code and what it says. Nothing where there is no Python.
fn script(bag: &Bag, word: &str) -> Option<(i32, String)> {
    let mut python = Command::new("python3");
    let output = python.arg("-B").arg(bag.dir().join("data/verify.py")).arg(word).output();
    match output {
        Ok(output) => {
            let told = [output.stdout, output.stderr].concat();
            Some((output.status.code().unwrap(), String::from_utf8(told).unwrap()))
        }
        Err(error) => {
            println!("python3 can't be started ({error}); the script was not tried");
            None
        }
    }
}

#[test]
fn a_bag_is_valid_and_holds_every_object_byte_for_byte() {
    let house = House::new();
    let people = [house.somebody("李一", "0001"), house.somebody("刀娜·阿依", "0002")];
    house.somebody("不在内", "0003");
    let bag = house.export(&people);
    let report = bag::validate(bag.dir(), Depth::Valid);
    assert!(report.findings().is_empty(), "{report:?}");
    let objects = bag.dir().join("data/objects");
    assert_eq!(fs::read_dir(&objects).unwrap().count(), 2);
    for person in people {
        let copy = objects.join(person.uuid().to_string());
        assert_eq!(tree(&copy), tree(&house.folder(person)));
        assert!(ocfl::validate(&copy).findings().is_empty());
    }
    assert_eq!(bag.info_value("Xuecang-Objects"), Some("2"));
    assert_eq!(bag.info_value("Xuecang-Purpose"), Some("移交上级档案馆"));
    assert_eq!(house.others(), ["leaving"], "nothing temporary is left");
    if let Some((code, told)) = script(&bag, "verify") {
        println!("{told}");
        assert_eq!(code, 0, "{told}");
    }
    if let Some((code, told)) = script(&bag, "list") {
        assert_eq!(code, 0, "{told}");
        assert!(told.contains("李一") && told.contains("刀娜·阿依") && !told.contains("不在内"), "{told}");
    }
}

#[test]
fn the_seal_is_what_the_readme_says() {
    use sha2::{Digest as _, Sha256, Sha512};
    let house = House::new();
    let people = [house.somebody("李一", "0001"), house.somebody("李二", "0002")];
    let bag = house.export(&people);
    let mut lines: Vec<String> = people
        .iter()
        .map(|person| {
            let inventory = fs::read(house.folder(*person).join("inventory.json")).unwrap();
            format!("{} {}\n", object_of(*person), hex::encode(Sha512::digest(inventory)))
        })
        .collect();
    lines.sort();
    let seal = hex::encode(Sha256::digest(lines.concat()));
    assert_eq!(bag.info_value("Xuecang-Seal"), Some(seal.as_str()));
    assert!(text(&bag, "README.txt").contains(&seal));
}

#[test]
fn the_table_names_everybody_with_the_photos_in_use() {
    let house = House::new();
    let person = house.somebody("张\"三\",𠮷", "0001");
    let formula = house.somebody("=1+1", "0002");
    let bag = house.export(&[person, formula]);
    let bytes = fs::read(bag.dir().join("data/index.csv")).unwrap();
    assert!(bytes.starts_with(b"\xef\xbb\xbf"));
    assert!(bytes.windows(2).filter(|pair| pair[1] == b'\n').all(|pair| pair[0] == b'\r'));
    let mut table = csv::Reader::from_reader(&bytes[3..]);
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0][0], &rows[0][1]), (person.to_string().as_str(), "张\"三\",𠮷"));
    assert_eq!(&rows[0][7], "512341202706000001");
    assert_eq!(&rows[1][1], "'=1+1", "a spreadsheet takes it for text");
    let (dossier, _) = house.holdings().dossier(person).unwrap().unwrap();
    for (kind, cell) in [(PhotoKind::Admission, 8), (PhotoKind::Graduation, 10)] {
        let kept = house.holdings().photo(person, dossier.current(kind).unwrap()).unwrap().unwrap();
        assert_eq!(fs::read(bag.dir().join("data").join(&rows[0][cell])).unwrap(), kept);
    }
    assert_eq!(&rows[0][9], "", "there is no enrolment photo");
}

#[test]
fn nothing_in_a_name_becomes_markup() {
    let house = House::new();
    let names = [
        "</script><script>alert(1)</script>",
        "<b>\"引号\"&'",
        "阿依·买买提",
        "𠮷\u{2028}䶮",
        "<!--<script>",
    ];
    let people: Vec<_> = (0..).zip(names).map(|(n, name)| house.somebody(name, &format!("{n:04}"))).collect();
    let bag = house.export(&people);
    let page = text(&bag, "viewer/index.html");
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    let (data, rest) = rest.split_once("</script>").unwrap();
    assert!(!data.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{data}");
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    let mut shown: Vec<_> =
        data["people"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    let mut wanted = names.to_vec();
    shown.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(shown, wanted);
    assert_eq!(data["school"], about().school);
    assert_eq!((page.matches("<script").count(), rest.matches("</script>").count()), (2, 1));
    for word in ["onclick", "onload", "onerror", "innerHTML", "http://", "https://", "eval("] {
        assert!(!page.contains(word), "{word}");
    }
    for photo in data["people"][0]["photos"].as_array().unwrap() {
        assert!(bag.dir().join("data/viewer/..").join(photo["path"].as_str().unwrap()).is_file());
    }
}

#[test]
fn the_policy_lets_run_the_script_that_is_there() {
    use base64::Engine as _;
    use sha2::Digest as _;
    let house = House::new();
    let bag = house.export(&[house.somebody("李一", "0001")]);
    let page = text(&bag, "viewer/index.html");
    for (open, close, rule) in [("<style>", "</style>", "style-src"), ("<script>", "</script>", "script-src")]
    {
        let (_, rest) = page.split_once(open).unwrap();
        let (inside, _) = rest.split_once(close).unwrap();
        let digest = base64::prelude::BASE64_STANDARD.encode(sha2::Sha256::digest(inside));
        assert!(page.contains(&format!("{rule} 'sha256-{digest}'")), "{rule}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn an_export_that_is_given_up_leaves_the_place_as_it_was() {
    let house = House::new();
    let person = house.somebody("李一", "0001");
    let mut export = house.begin().unwrap();
    export.add(&house.root, object_of(person)).unwrap();
    let partial = house.others();
    assert!(partial.iter().all(|name| name.starts_with(".bag-partial-")), "{partial:?}");
    assert!(!bag::validate(&house.dir.path().join(&partial[0]), Depth::Complete).is_valid());
    drop(export);
    assert_eq!(house.others(), [""; 0]);

    fs::create_dir(house.place()).unwrap();
    drop(house.begin().unwrap());
    assert_eq!(house.others(), ["leaving"]);
    assert_eq!(fs::read_dir(house.place()).unwrap().count(), 0);
    let bag = house.export(&[person]);
    assert!(bag::validate(bag.dir(), Depth::Valid).is_valid(), "an empty folder becomes the bag");
}

#[test]
fn a_place_that_is_not_empty_is_refused_and_untouched() {
    let house = House::new();
    fs::create_dir(house.place()).unwrap();
    fs::write(house.place().join("mine"), "mine").unwrap();
    assert!(matches!(house.begin(), Err(ExportError::NotEmpty(_))));
    assert_eq!(fs::read(house.place().join("mine")).unwrap(), b"mine");
    fs::remove_dir_all(house.place()).unwrap();
    fs::write(house.place(), "a file").unwrap();
    assert!(matches!(house.begin(), Err(ExportError::NotEmpty(_))));
    assert_eq!(fs::read(house.place()).unwrap(), b"a file");
}

#[test]
fn a_damaged_dossier_is_left_out_and_named_and_keeps_nobody_else() {
    let house = House::new();
    let (hurt, well) = (house.somebody("李一", "0001"), house.somebody("李二", "0002"));
    let photo = tree(&house.folder(hurt)).into_keys().find(|path| path.ends_with("inventory.json")).unwrap();
    fs::write(house.folder(hurt).join(photo), "{}").unwrap();
    let mut export = house.begin().unwrap();
    assert!(!export.add(&house.root, object_of(hurt)).unwrap());
    assert!(export.add(&house.root, object_of(well)).unwrap());
    assert!(!export.add(&house.root, ObjectId::new()).unwrap(), "what is not there can't leave");
    assert_eq!((export.content().objects, export.content().left_out.len()), (1, 2));
    let bag = export.finish().unwrap();
    assert!(text(&bag, "README.txt").contains(&object_of(hurt).to_string()));
    assert_eq!(bag.info_value("Xuecang-Left-Out"), Some("2"));
    assert!(bag::validate(bag.dir(), Depth::Valid).is_valid());
}

#[test]
fn the_script_finds_every_changed_byte_and_every_lost_or_added_file() {
    let house = House::new();
    let person = house.somebody("李一", "0001");
    let bag = house.export(&[person]);
    if script(&bag, "verify").is_none() {
        return;
    }
    let files = tree(bag.dir());
    for (path, bytes) in &files {
        let place = bag.dir().join(path);
        let mut changed = bytes.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        fs::write(&place, &changed).unwrap();
        // A script that was changed can't be trusted to say so; another copy of it does.
        let judge = house.dir.path().join("verify.py");
        fs::write(&judge, &files["data/verify.py"]).unwrap();
        let output =
            Command::new("python3").arg("-B").arg(&judge).arg("verify").arg(bag.dir()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_ne!(output.status.code(), Some(0), "{path} was changed: {told}");
        if path.starts_with("data") {
            assert_eq!(output.status.code(), Some(1), "{path}: {told}");
            assert!(told.contains(path.as_str()), "{path} is not named: {told}");
        }
        fs::write(&place, bytes).unwrap();
    }
    let photo = files.keys().find(|path| path.ends_with(".jpg")).unwrap();
    fs::remove_file(bag.dir().join(photo)).unwrap();
    let (code, told) = script(&bag, "verify").unwrap();
    assert!(code == 1 && told.contains(photo.as_str()), "{told}");
    fs::write(bag.dir().join(photo), &files[photo]).unwrap();
    fs::write(bag.dir().join("data/more.txt"), "more").unwrap();
    let (code, told) = script(&bag, "verify").unwrap();
    assert!(code == 1 && told.contains("data/more.txt"), "{told}");
    fs::remove_file(bag.dir().join("data/more.txt")).unwrap();
    assert_eq!(script(&bag, "verify").unwrap().0, 0);
    assert_eq!(script(&bag, "dance").unwrap().0, 2);
}

#[test]
fn the_script_judges_objects_also_where_the_manifests_agree() {
    let house = House::new();
    let person = house.somebody("李一", "0001");
    let honest = house.export(&[person]);
    // The same files with one photo changed, in a bag that vouches for the change.
    let mut writer = bag::Writer::create(house.dir.path().join("forged")).unwrap().with_sha512();
    let files = tree(&honest.dir().join("data"));
    let photo = files.keys().find(|path| path.ends_with(".jpg")).unwrap();
    for (path, bytes) in &files {
        let mut bytes = bytes.clone();
        if path == photo {
            bytes[40] ^= 1;
        }
        writer.add(&SafePath::new(path.as_str()).unwrap(), bytes.as_slice()).unwrap();
    }
    writer.info("Xuecang-Objects", "1").unwrap();
    let forged = writer.finish(jiff::civil::date(2026, 11, 22)).unwrap();
    assert!(bag::validate(forged.dir(), Depth::Valid).is_valid());
    if let Some((code, told)) = script(&forged, "verify") {
        assert!(code == 1 && told.contains(photo.as_str()), "{told}");
    }
    let other = House::new();
    let admitted = other.admit(&forged).unwrap();
    assert!(matches!(admitted.refused.as_slice(), [Refused { fate: Fate::NotValid(_), .. }]), "{admitted:?}");
    assert!(other.root.objects().next().is_none());
}

#[test]
fn the_script_is_short_and_needs_nothing_but_python() {
    let script = include_str!("verify.py");
    assert!(script.lines().count() <= 200, "{} lines", script.lines().count());
    let is_import = |line: &&str| ["import ", "from "].iter().any(|word| line.trim_start().starts_with(word));
    let imports: Vec<_> = script.lines().filter(is_import).collect();
    assert_eq!(imports, ["import hashlib, json, os, re, sys"]);
}

#[test]
fn what_left_comes_back_byte_for_byte() {
    let (house, other) = (House::new(), House::new());
    let people = [house.somebody("李一", "0001"), house.somebody("𠮷·阿依", "0002")];
    let delivery = DeliveryId::new();
    let file = (SafePath::new("delivery.json").unwrap(), Source::Bytes(b"{}".to_vec()));
    house
        .holdings()
        .keep_object(ObjectId::from(delivery.uuid()), vec![file], "accepted", &user(), at())
        .unwrap();
    let mut export = house.begin().unwrap();
    let objects: Vec<ObjectId> =
        people.iter().map(|person| object_of(*person)).chain([delivery.uuid().into()]).collect();
    for object in &objects {
        assert!(export.add(&house.root, *object).unwrap());
    }
    assert_eq!((export.content().objects, export.content().dossiers), (3, 2));
    let bag = export.finish().unwrap();
    let admitted = other.admit(&bag).unwrap();
    assert_eq!((admitted.taken, admitted.held, admitted.refused.len()), (3, 0, 0));
    assert_eq!(admitted.identifier, bag.info_value("External-Identifier").unwrap());
    assert_eq!(tree(other.root.path()), tree(house.root.path()), "the roots are the same, file by file");
    assert!(ocfl::validate(other.root.path()).is_valid());
    for person in people {
        assert_eq!(other.holdings().dossier(person).unwrap(), house.holdings().dossier(person).unwrap());
        let facts = other.catalog.read(|conn| catalog::person::facts(conn, person)).unwrap();
        assert_eq!(facts, house.catalog.read(|conn| catalog::person::facts(conn, person)).unwrap());
    }
    assert_eq!(other.catalog.read(catalog::photo::count).unwrap(), 6);
    assert_eq!(other.catalog.read(catalog::intent::all).unwrap(), []);

    let again = other.admit(&bag).unwrap();
    assert_eq!((again.taken, again.held, again.refused.len()), (0, 3, 0));
}

#[test]
fn a_lost_object_comes_back_and_one_in_another_state_stays() {
    let house = House::new();
    let (lost, changed) = (house.somebody("李一", "0001"), house.somebody("李二", "0002"));
    let bag = house.export(&[lost, changed]);
    fs::remove_dir_all(house.folder(lost)).unwrap();
    house.keep(Change::of(changed, "newer").photo(photo(PhotoKind::Enrolment, 33)));
    let before = tree(&house.folder(changed));
    let admitted = house.admit(&bag).unwrap();
    assert_eq!((admitted.taken, admitted.held), (1, 0));
    let refused = Refused { object: object_of(changed).to_string(), fate: Fate::Differs { head: 3 } };
    assert_eq!(admitted.refused, [refused]);
    assert_eq!(tree(&house.folder(changed)), before);
    assert!(ocfl::validate(house.root.path()).is_valid());
}

#[test]
fn a_bag_with_a_changed_byte_is_refused_whole() {
    let (house, other) = (House::new(), House::new());
    let bag = house.export(&[house.somebody("李一", "0001"), house.somebody("李二", "0002")]);
    let photo = tree(bag.dir()).into_keys().find(|path| path.ends_with(".jpg"));
    let photo = bag.dir().join(photo.unwrap());
    let mut bytes = fs::read(&photo).unwrap();
    bytes[30] ^= 1;
    fs::write(&photo, bytes).unwrap();
    assert!(matches!(other.admit(&bag), Err(AdmitError::NotValid { .. })));
    assert!(other.root.objects().next().is_none());
    assert_eq!(other.catalog.read(catalog::person::count).unwrap(), 0);
}

#[test]
fn objects_that_lie_are_refused_and_the_others_come_in() {
    let (house, other) = (House::new(), House::new());
    let good = house.somebody("李一", "0001");
    let honest = house.export(&[good]);
    let mut writer = bag::Writer::create(house.dir.path().join("forged")).unwrap();
    let add = |writer: &mut bag::Writer, folder: &Path, name: &str| {
        for (path, bytes) in tree(folder) {
            let path = SafePath::new(format!("objects/{name}/{path}")).unwrap();
            writer.add(&path, bytes.as_slice()).unwrap();
        }
    };
    add(
        &mut writer,
        &honest.dir().join("data/objects").join(good.uuid().to_string()),
        &good.uuid().to_string(),
    );
    // An object whose dossier is another person's, one that is nobody's dossier, and a folder that is no object.
    let (thief, foreign) = (ObjectId::new(), ObjectId::new());
    let (dossier, _) = house.holdings().dossier(good).unwrap().unwrap();
    let mut batch = house.root.batch().unwrap();
    let version = |id, name: &str, bytes: Vec<u8>| {
        ocfl::Version::new(id, "forged", user(), at())
            .file(SafePath::new(name).unwrap(), Source::Bytes(bytes))
    };
    batch.put(version(thief, "dossier.json", serde_json::to_vec(&dossier).unwrap())).unwrap();
    batch.put(version(foreign, "other.txt", b"other".to_vec())).unwrap();
    batch.commit().unwrap();
    for id in [thief, foreign] {
        add(&mut writer, &house.root.path().join(house.root.folder(id)), &id.uuid().to_string());
    }
    writer.add(&SafePath::new("objects/readme").unwrap(), &b"no object"[..]).unwrap();
    let forged = writer.finish(jiff::civil::date(2026, 11, 22)).unwrap();
    let admitted = other.admit(&forged).unwrap();
    assert_eq!((admitted.taken, admitted.refused.len()), (1, 3), "{admitted:?}");
    assert!(admitted.refused.iter().all(|refused| refused.fate == Fate::Unfit), "{admitted:?}");
    assert_eq!(other.root.objects().count(), 1);
    assert_eq!(other.catalog.read(catalog::person::count).unwrap(), 1);
}

#[test]
fn a_photo_that_is_somebody_elses_keeps_an_object_out_and_the_next_start_clean() {
    let (house, other) = (House::new(), House::new());
    let person = house.somebody("李一", "0001");
    let (mut dossier, _) = house.holdings().dossier(person).unwrap().unwrap();
    let bag = house.export(&[person]);
    other.admit(&bag).unwrap();
    // A second person whose photos carry the ids of the first one's.
    let copy = PersonId::new();
    dossier.person = copy;
    let object = house.root.object(object_of(person)).unwrap().unwrap();
    let mut version = ocfl::Version::new(object_of(copy), "forged", user(), at())
        .file(SafePath::new("dossier.json").unwrap(), Source::Bytes(serde_json::to_vec(&dossier).unwrap()));
    for path in object.files().into_keys().filter(|path| path.as_str().starts_with("photos/")) {
        version = version.file(path.clone(), Source::Bytes(object.read(path).unwrap()));
    }
    let mut batch = house.root.batch().unwrap();
    batch.put(version).unwrap();
    batch.commit().unwrap();
    fs::remove_dir_all(bag.dir()).unwrap();
    let forged = house.export(&[copy]);
    let admitted = other.admit(&forged).unwrap();
    assert!(matches!(admitted.refused.as_slice(), [Refused { fate: Fate::Unfit, .. }]), "{admitted:?}");
    assert_eq!(other.holdings().settle().unwrap(), 0);
    assert_eq!(other.root.objects().count(), 1);
}

#[test]
fn taking_in_can_be_stopped_and_goes_on() {
    let (house, other) = (House::new(), House::new());
    let bag = house.export(&[house.somebody("李一", "0001")]);
    let stopped = admit(other.holdings(), bag.dir(), &mut |step, _, _| step != "keeping");
    assert!(matches!(stopped, Err(AdmitError::Stopped(0))), "{stopped:?}");
    assert_eq!(other.admit(&bag).unwrap().taken, 1);
}
