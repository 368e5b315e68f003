//! Deliveries from the first byte to the receipt, with real files, a real database and, where they are installed, the
//! real models.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use api::campaign::{CampaignKind, NewCampaign};
use api::delivery::{CheckReport, Confirm, Decision, DeliveryState, FaceWord, ItemQuery, Propose, Settle};
use api::face::FaceDecision;
use api::ids::{CampaignId, DeliveryId, PersonId, UserId};
use api::job::JobState;
use api::law::{Bar, EndComparing, Withdrawal};
use api::usage::UseQuery;
use api::vendor::NewVendor;
use api::{ProblemCode, Role};
use archive::db::office::{calibration, delivery as rows, roster, token as token_rows};
use archive::delivery::{SignedStatement, verify_receipt};
use archive::dossier::{Change, Facts, Holdings, NewPhoto, PhotoKind};
use archive::ocfl::User;
use archive::person::PersonRecord;
use bag::{Identity, SafePath, Writer};
use fs_err as fs;
use openssl::{
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    x509::{X509NameBuilder, X509Req, X509ReqBuilder},
};
use sha2::{Digest as _, Sha256};

use super::receive::{self, Announced, Incoming};
use crate::authority::Names;
use crate::law::{consent, gate, opening, tests as law};
use crate::{Actor, Config, Error, Office, campaign, compare, delivery, doctor, job, receipt, token, vendor};

/// A school with a campaign and a vendor for it.
struct School {
    dir: tempfile::TempDir,
    office: Arc<Office>,
    registrar: Actor,
    it: Actor,
    vendor: Vendor,
    campaign: CampaignId,
    incoming: Arc<Incoming>,
    workers: OnceLock<job::Workers>,
}

struct Vendor {
    fingerprint: String,
    identity: Identity,
}

fn actor(role: Role) -> Actor {
    Actor::new(UserId::new(), crate::word(&role), String::new(), vec![role])
}

fn actor_with_purpose(role: Role) -> Actor {
    Actor { purpose: Some("核对交付照片".to_owned()), ..actor(role) }
}

fn key_pair() -> (PKey<Private>, X509Req) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut request = X509ReqBuilder::new().unwrap();
    request.set_subject_name(&X509NameBuilder::new().unwrap().build()).unwrap();
    request.set_pubkey(&key).unwrap();
    request.sign(&key, MessageDigest::sha256()).unwrap();
    (key, request.build())
}

fn handshake_key(seed: u8) -> String {
    ledger::to_base64(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key().as_bytes())
}

fn new_vendor(csr: &X509Req) -> NewVendor {
    NewVendor {
        name: "好影像公司".to_owned(),
        csr: String::from_utf8(csr.to_pem().unwrap()).unwrap(),
        agent_key: handshake_key(1),
        legal_key: handshake_key(2),
        legal_name: "法人".to_owned(),
    }
}

fn enrol(office: &Office, it: &Actor) -> (Vendor, api::vendor::Enrolment) {
    let (key, csr) = key_pair();
    let enrolment = vendor::register(office, it, &new_vendor(&csr)).unwrap();
    let pem = key.private_key_to_pem_pkcs8().unwrap();
    let identity = Identity::from_pem(&pem, enrolment.certificate.as_bytes()).unwrap();
    (Vendor { fingerprint: enrolment.vendor.fingerprint.clone(), identity }, enrolment)
}

fn models() -> PathBuf {
    std::env::var_os("XUECANG_MODELS").map_or_else(|| PathBuf::from("no models"), PathBuf::from)
}

fn school() -> School {
    school_under("demo-relaxed")
}

fn school_under(rule_set: &str) -> School {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    Office::create(&data, "测试学院", &Names::local()).unwrap();
    let office = Office::open(Config { models: models(), ..Config::new(data) }).unwrap();
    let (registrar, it) = (actor(Role::Registrar), actor(Role::It));
    let (vendor, enrolment) = enrol(&office, &it);
    let new = NewCampaign {
        name: "2026届毕业生".to_owned(),
        kind: CampaignKind::Graduation,
        year: 2026,
        capture_from: "2026-01-01".parse().unwrap(),
        capture_until: "2036-01-01".parse().unwrap(),
        deliver_by: "2036-02-01".parse().unwrap(),
        rule_set: rule_set.to_owned(),
        vendor: Some(enrolment.vendor.id),
    };
    let campaign = campaign::create(&office, &registrar, new).unwrap().id;
    law::found(&office, &registrar, campaign);
    School {
        dir,
        office,
        registrar,
        it,
        vendor,
        campaign,
        incoming: Arc::default(),
        workers: OnceLock::new(),
    }
}

impl School {
    /// Puts people with these admission photos on the roster and issues their tokens.
    fn enrol_people(&self, photos: &[Vec<u8>]) -> Vec<(PersonId, String)> {
        let people: Vec<_> = photos.iter().map(|_| PersonId::new()).collect();
        let changes = people.iter().zip(photos).enumerate().map(|(n, (&person, photo))| {
            let birth_date = Some("2005-03-11".parse().unwrap());
            let facts = PersonRecord { name: format!("学生{n}"), birth_date, ..PersonRecord::default() };
            let photo = NewPhoto::from_bytes(PhotoKind::Admission, photo.clone(), "admission").unwrap();
            Change::of(person, "import").facts(Facts::Set(Box::new(facts))).photo(photo)
        });
        let by = User { name: "registrar".to_owned(), address: None };
        let holdings = Holdings::new(&self.office.archive, &self.office.catalog);
        holdings.keep(changes.collect(), &by, jiff::Timestamp::now()).unwrap();
        self.office.office.write(|tx| roster::replace(tx, self.campaign, &people)).unwrap();
        law::agree(&self.office, &self.registrar, self.campaign, &people);
        token::issue(&self.office, &self.registrar, self.campaign).unwrap();
        let tokens = self.office.office.read(|conn| token_rows::list(conn, self.campaign)).unwrap();
        let by_person: BTreeMap<_, _> = tokens.into_iter().map(|row| (row.person, row.token)).collect();
        people.into_iter().map(|person| (person, by_person[&person].clone())).collect()
    }

    /// A parcel of these photos, by the name they have in it.
    fn parcel(&self, photos: &[(String, Vec<u8>)]) -> Vec<u8> {
        let dir = tempfile::tempdir_in(self.dir.path()).unwrap();
        let bag = dir.path().join("parcel");
        let mut writer = Writer::create(&bag).unwrap();
        let mut list = "token,file,captured_at,device,operator\n".to_owned();
        for (name, bytes) in photos {
            writer.add(&SafePath::new(format!("photos/{name}.jpg")).unwrap(), &bytes[..]).unwrap();
            list += &format!("{name},{name}.jpg,2026-06-01T08:30:00+08:00,Canon,op1\n");
        }
        writer.add(&SafePath::new("captures.csv").unwrap(), list.as_bytes()).unwrap();
        writer.finish("2026-06-02".parse().unwrap()).unwrap();
        bag::sign(&bag, &self.vendor.identity).unwrap();
        bag::serialise(&bag, &SafePath::new("parcel").unwrap(), Vec::new()).unwrap()
    }

    fn announced(&self, tar: &[u8]) -> Announced {
        Announced {
            campaign: self.campaign,
            name: "parcel".to_owned(),
            sha256: Sha256::digest(tar).into(),
            total: tar.len() as u64,
        }
    }

    fn deliver(&self, tar: &[u8]) -> DeliveryId {
        let id = receive::begin(&self.office, &self.vendor.fingerprint, &self.announced(tar)).unwrap();
        let mut taking = self.take(id, 0).unwrap();
        taking.write(tar).unwrap();
        taking.pause(&self.office).unwrap();
        id
    }

    fn take(&self, id: DeliveryId, offset: u64) -> crate::Result<receive::Taking> {
        receive::take(&self.office, &self.incoming, &self.vendor.fingerprint, id, offset, false)
    }

    /// Lets the workers work until no job waits or runs. Returns how the last job on the delivery ended.
    fn work(&self, id: DeliveryId) -> JobState {
        self.workers.get_or_init(|| job::start(&self.office).unwrap());
        let began = Instant::now();
        loop {
            let jobs = job::list(&self.office, &self.registrar, Some(&id.to_string())).unwrap();
            let open = |job: &api::job::Job| {
                matches!(job.state, JobState::Waiting | JobState::Running | JobState::Stopping)
            };
            if !jobs.iter().any(open) {
                return jobs.first().unwrap().state;
            }
            assert!(began.elapsed() < Duration::from_secs(300), "{jobs:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn get(&self, id: DeliveryId) -> api::delivery::Delivery {
        delivery::get(&self.office, &self.registrar, id).unwrap()
    }

    fn seen_by_vendor(&self, id: DeliveryId) -> api::vendor::VendorDelivery {
        delivery::delivery_of(&self.office, &self.vendor.fingerprint, id).unwrap()
    }

    fn quarantined(&self) -> usize {
        super::quarantine(&self.office).unwrap().deliveries().unwrap().len()
    }

    fn objects(&self) -> usize {
        self.office.archive.objects().count()
    }
}

fn code<T: std::fmt::Debug>(answer: crate::Result<T>) -> ProblemCode {
    match answer {
        Err(Error::Refused(problem)) => problem.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_vendor_is_let_in_by_its_certificate_until_it_is_revoked() {
    let school = school();
    let seen = vendor::campaigns(&school.office, &school.vendor.fingerprint).unwrap();
    assert_eq!(seen[0].id, school.campaign);
    assert_eq!(
        code(vendor::campaigns(&school.office, &"0".repeat(64))),
        ProblemCode::ClientCertificateRequired
    );
    let id = vendor::list(&school.office, &school.it).unwrap()[0].id;
    assert_eq!(code(vendor::revoke(&school.office, &school.registrar, id)), ProblemCode::NotAllowed);
    assert!(!vendor::revoke(&school.office, &school.it, id).unwrap().active);
    let refused = vendor::campaigns(&school.office, &school.vendor.fingerprint);
    assert_eq!(code(refused), ProblemCode::ClientCertificateRequired);
}

#[test]
fn a_certificate_request_that_proves_nothing_is_refused() {
    let school = school();
    let (_, good) = key_pair();
    let register = |new: &NewVendor| code(vendor::register(&school.office, &school.it, new));
    let garbage = NewVendor { csr: "garbage".to_owned(), ..new_vendor(&good) };
    assert_eq!(register(&garbage), ProblemCode::BadCertificateRequest);
    // Signed with another key than the one it asks for.
    let mut foreign = X509ReqBuilder::new().unwrap();
    foreign.set_pubkey(&key_pair().0).unwrap();
    foreign.sign(&key_pair().0, MessageDigest::sha256()).unwrap();
    assert_eq!(register(&new_vendor(&foreign.build())), ProblemCode::BadCertificateRequest);
    let rsa = PKey::from_rsa(openssl::rsa::Rsa::generate(2048).unwrap()).unwrap();
    let mut weak = X509ReqBuilder::new().unwrap();
    weak.set_pubkey(&rsa).unwrap();
    weak.sign(&rsa, MessageDigest::sha256()).unwrap();
    assert_eq!(register(&new_vendor(&weak.build())), ProblemCode::BadCertificateRequest);
    let same = NewVendor { legal_key: handshake_key(1), ..new_vendor(&good) };
    assert_eq!(register(&same), ProblemCode::BadField);
}

#[test]
fn an_upload_goes_on_after_a_restart_from_what_is_durable() {
    let school = school();
    let tar = school.parcel(&[("XCA".to_owned(), b"not a photo".to_vec())]);
    let id = receive::begin(&school.office, &school.vendor.fingerprint, &school.announced(&tar)).unwrap();
    let mut taking = school.take(id, 0).unwrap();
    taking.write(&tar[..1000]).unwrap();
    assert_eq!(code(school.take(id, 0)), ProblemCode::Conflict);
    taking.sync().unwrap();
    taking.write(&tar[1000..1500]).unwrap();
    drop(taking);
    // After a restart nothing is in memory, and what was not synced does not count.
    let incoming = Arc::default();
    let again = receive::begin(&school.office, &school.vendor.fingerprint, &school.announced(&tar)).unwrap();
    assert_eq!(again, id);
    let at = receive::offset(&school.office, &incoming, &school.vendor.fingerprint, id).unwrap();
    assert_eq!((at.offset, at.total), (1000, tar.len() as u64));
    let take =
        |offset| receive::take(&school.office, &incoming, &school.vendor.fingerprint, id, offset, false);
    assert_eq!(code(take(1500)), ProblemCode::UploadOffset);
    let mut taking = take(1000).unwrap();
    taking.write(&tar[1000..]).unwrap();
    taking.pause(&school.office).unwrap();
    assert_eq!(school.get(id).state, DeliveryState::Received);
    assert_eq!(code(take(0)), ProblemCode::WrongState);
}

#[test]
fn bytes_that_are_not_those_announced_leave_nothing() {
    let school = school();
    let mut announced = school.announced(b"abc");
    announced.sha256 = [0; 32];
    let id = receive::begin(&school.office, &school.vendor.fingerprint, &announced).unwrap();
    let mut taking = school.take(id, 0).unwrap();
    assert_eq!(code(taking.write(b"abcd")), ProblemCode::TooLarge);
    taking.write(b"abc").unwrap();
    assert_eq!(code(taking.pause(&school.office)), ProblemCode::BadFile);
    assert_eq!(school.quarantined(), 0);
    assert_eq!(code(delivery::get(&school.office, &school.registrar, id)), ProblemCode::NotFound);
}

#[test]
fn one_vendor_knows_nothing_of_anothers_deliveries_and_campaigns() {
    let school = school();
    let tar = school.parcel(&[("XCA".to_owned(), b"x".to_vec())]);
    let id = receive::begin(&school.office, &school.vendor.fingerprint, &school.announced(&tar)).unwrap();
    let (other, _) = enrol(&school.office, &school.it);
    let refused = receive::begin(&school.office, &other.fingerprint, &school.announced(&tar));
    assert_eq!(code(refused), ProblemCode::NotFound);
    assert_eq!(code(delivery::delivery_of(&school.office, &other.fingerprint, id)), ProblemCode::NotFound);
    assert!(delivery::deliveries_of(&school.office, &other.fingerprint).unwrap().is_empty());
}

#[test]
fn a_report_that_cannot_be_read_is_told_of_and_keeps_nobody_from_the_other_deliveries() {
    let school = school();
    let (good, bad) = (school.deliver(b"one"), school.deliver(b"another"));
    let mended = CheckReport::default();
    let text = serde_json::to_string(&mended).unwrap();
    for (report, unreadable) in [("{\"photos\":\"of another\"}", true), ("7", true), (text.as_str(), false)] {
        school.office.office.write(|tx| rows::set_report(tx, bad, report)).unwrap();
        let all = delivery::list(&school.office, &school.it, None).unwrap();
        let listed = |id| all.iter().find(|delivery| delivery.id == id).unwrap();
        assert!(!listed(good).unreadable);
        let report = (!unreadable).then_some(&mended);
        assert_eq!((listed(bad).unreadable, listed(bad).report.as_ref()), (unreadable, report));
        assert_eq!(&school.get(bad), listed(bad), "it opens too");
        let found = doctor::examine(&school.office, &Actor::console()).unwrap().findings;
        let finding = found.into_iter().find(|finding| finding.code.starts_with("report")).unwrap();
        let told = finding.params.get("deliveries").is_some_and(|ids| *ids == bad.to_string());
        assert_eq!((finding.level == "attention", told), (unreadable, unreadable), "{finding:?}");
    }
}

#[test]
fn a_broken_parcel_is_sent_back_and_leaves_no_trace() {
    let school = school();
    let good = school.parcel(&[("XCA".to_owned(), b"x".to_vec())]);
    let objects = school.objects();
    let mut evil = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    let name = b"parcel/../../../evil";
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_size(4);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    evil.append(&header, &b"evil"[..]).unwrap();
    let mut flipped = good.clone();
    let data = flipped.iter().rposition(|&byte| byte == b'x').unwrap();
    flipped[data] = b'y';
    let foreign = {
        let (other, _) = enrol(&school.office, &school.it);
        let dir = tempfile::tempdir().unwrap();
        let unpacked =
            bag::unpack(&good[..], dir.path(), bag::Limits { files: 99, bytes: 1 << 20, path_len: 99 });
        let dir = unpacked.unwrap().dir;
        bag::sign(&dir, &other.identity).unwrap();
        bag::serialise(&dir, &SafePath::new("parcel").unwrap(), Vec::new()).unwrap()
    };
    let cases = [
        (evil.into_inner().unwrap(), "PACKAGE-UNSAFE-NAME"),
        (flipped, "BAG-"),
        (foreign, "SIGNATURE-FOREIGN"),
        (b"no package at all".to_vec(), "PACKAGE-MALFORMED"),
    ];
    for (tar, wanted) in cases {
        let id = school.deliver(&tar);
        assert_eq!(school.work(id), JobState::Done, "{wanted}");
        let delivery = school.get(id);
        assert_eq!(delivery.state, DeliveryState::Rejected, "{wanted}");
        let defect = &school.seen_by_vendor(id).defects[0];
        assert!(defect.codes[0].starts_with(wanted), "{wanted}: {defect:?}");
        assert_eq!(school.quarantined(), 0, "{wanted}");
        assert!(
            delivery::items(&school.office, &school.registrar, id, &ItemQuery::default())
                .unwrap()
                .items
                .is_empty()
        );
    }
    assert_eq!(school.objects(), objects);
    assert!(!school.dir.path().join("evil").exists() && !school.dir.path().join("data/evil").exists());
}

#[test]
fn without_models_a_delivery_waits_unharmed_and_says_why() {
    let school = school();
    if models().is_dir() {
        return;
    }
    let id = school.deliver(&school.parcel(&[("XCA".to_owned(), b"x".to_vec())]));
    assert_eq!(school.work(id), JobState::Failed);
    let jobs = job::list(&school.office, &school.registrar, Some(&id.to_string())).unwrap();
    assert_eq!(jobs[0].problem.as_ref().unwrap().code, ProblemCode::ModelUnavailable);
    assert_eq!(school.get(id).state, DeliveryState::Received);
    assert_eq!(school.quarantined(), 1);
}

/// People of whom there are two press photographs that the machine takes for one person.
fn faces(office: &Office, wanted: usize) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let root = std::env::var_os("XUECANG_FIXTURES").map_or(shared, PathBuf::from).join("faces-lfw-view1");
    if !root.is_dir() || !models().is_dir() {
        println!("skipped: there are no faces or no models; set XUECANG_FIXTURES and XUECANG_MODELS");
        return None;
    }
    let engine = office.engine().unwrap();
    let policy = crate::face::rules("demo-relaxed").unwrap().faces;
    let template = |bytes: &Vec<u8>| engine.template_patiently(bytes.clone(), &policy);
    let mut folders: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let mut found = Vec::new();
    for folder in folders {
        let mut photos: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        photos.sort();
        let [first, second, ..] = photos.as_slice() else { continue };
        let (first, second) = (fs::read(first).unwrap(), fs::read(second).unwrap());
        let (Ok(a), Ok(b)) = (template(&first), template(&second)) else { continue };
        if a.compare(&b).unwrap().cosine() > 0.6 {
            found.push((first, second));
        }
        if found.len() == wanted {
            return Some(found);
        }
    }
    None
}

#[test]
fn the_mark_on_a_view_leaves_a_face_what_it_is() {
    let school = school();
    let Some(pairs) = faces(&school.office, 4) else { return };
    let engine = school.office.engine().unwrap();
    let policy = crate::face::rules("demo-relaxed").unwrap().faces;
    let template = |bytes: &[u8]| engine.template_patiently(bytes.to_vec(), &policy).unwrap();
    for (one, other) in &pairs {
        let (marked, _) =
            crate::watermark::view(one.clone(), "李教务  registrar  2026-11-26 16:20  #12345").unwrap();
        assert_ne!(&marked, one);
        let seen = template(&marked);
        let (same, apart) = (seen.compare(&template(one)).unwrap(), seen.compare(&template(other)).unwrap());
        println!("with itself unmarked {:.3}, with another picture {:.3}", same.cosine(), apart.cosine());
        assert!(same.cosine() > 0.8 && apart.cosine() > 0.471, "the mark hides the face");
    }
}

fn adopt_calibration(school: &School) {
    adopt(school, 0.471, 0.364);
}

fn adopt(school: &School, accept: f32, reject: f32) {
    let model = school.office.engine().unwrap().model().to_string();
    let id = api::ids::CalibrationId::new();
    let report = serde_json::json!({
        "id": id, "version": "test", "created": jiff::Timestamp::now(), "adopted": false, "model": model,
        "people": 0, "genuine": 0, "impostor": 0, "accept": accept, "reject": reject, "operating_points": [],
        "det": [], "impostor_histogram": [], "genuine_histogram": [],
    });
    let row = calibration::Calibration {
        id,
        version: "test".to_owned(),
        campaign: school.campaign,
        model,
        created: jiff::Timestamp::now(),
        adopted: None,
        accept,
        reject,
        report: report.to_string(),
    };
    let now = jiff::Timestamp::now();
    let adopted = school.office.office.write(|tx| {
        calibration::insert(tx, &row)?;
        calibration::adopt(tx, row.id, now)
    });
    adopted.unwrap();
}

#[test]
fn every_planted_defect_is_found_two_people_accept_the_rest_and_the_receipt_stands_alone() {
    let school = school();
    let Some(faces) = faces(&school.office, 9) else { return };
    adopt_calibration(&school);
    let admission: Vec<_> = faces.iter().map(|(first, _)| first.clone()).collect();
    let people = school.enrol_people(&admission[..8]);
    let good = |n: usize| (people[n].1.clone(), faces[n].1.clone());
    let photos = vec![
        good(0),
        good(1),
        good(2),
        good(3),
        // 4: nothing comes. 5: another person's face. 6: the file of 0 once more. 7: no photo at all.
        (people[5].1.clone(), faces[8].1.clone()),
        (people[6].1.clone(), faces[0].1.clone()),
        (people[7].1.clone(), b"\xFF\xD8\xFF no photo".to_vec()),
        // Nobody's: a forged token, and a name that is no token.
        ("XC0123456789ABCDEFGHJKMNPQRS".to_owned(), faces[8].0.clone()),
        ("holiday".to_owned(), faces[8].0.clone()),
    ];
    let id = school.deliver(&school.parcel(&photos));
    assert_eq!(school.work(id), JobState::Done);
    let report = school.get(id).report.unwrap();
    let counts = (report.roster, report.photos, report.extra, report.missing, report.wrong, report.late);
    assert_eq!(counts, (8, 9, 2, 1, 3, 0), "{report:?}");
    let defects: BTreeMap<_, _> = school
        .seen_by_vendor(id)
        .defects
        .into_iter()
        .map(|defect| (defect.token, (defect.group, defect.codes)))
        .collect();
    assert_eq!(defects.len(), 6);
    assert_eq!(defects[&people[4].1], ("missing".to_owned(), vec!["NOT-DELIVERED".to_owned()]));
    // That the forged file below shows the same stranger is a hint for the school's people, no defect of its own.
    assert_eq!(defects[&people[5].1].1, ["FACE-NOT-SAME"]);
    assert!(defects[&people[6].1].1.contains(&"SAME-FILE-TWICE".to_owned()));
    // The two files that are nobody's have the same bytes.
    assert_eq!(defects["XC0123456789ABCDEFGHJKMNPQRS"].1, ["TOKEN-FORGED", "SAME-FILE-TWICE"]);
    assert_eq!(defects["holiday"].1, ["NAME-NOT-A-TOKEN", "SAME-FILE-TWICE"]);

    let items = delivery::items(&school.office, &school.registrar, id, &ItemQuery::default()).unwrap();
    assert_eq!(items.total, 10);
    assert!(items.items.iter().filter_map(|item| item.name.as_ref()).all(|name| name.contains('*')));
    let shown = items.items.iter().find(|item| item.person == Some(people[0].0)).unwrap();
    let (bytes, kind) =
        delivery::item_image(&school.office, &school.registrar, id, shown.number, crate::dossier::Size::Full)
            .unwrap();
    let size = |bytes: &[u8]| image::load_from_memory(bytes).unwrap().into_rgb8().dimensions();
    assert_eq!((size(&bytes), kind), (size(&faces[0].1), "image/jpeg"));
    assert_ne!(bytes, faces[0].1, "a view is marked");
    let uses = crate::usage::of_person(&school.office, &school.registrar, people[0].0, &UseQuery::default());
    assert!(uses.unwrap().items.iter().any(|used| used.action == "delivery.photo"));

    let propose = |actor: &Actor, decision, reason: &str| {
        let propose = Propose { decision, reason: reason.to_owned() };
        delivery::propose(&school.office, actor, id, &propose)
    };
    assert_eq!(code(propose(&school.registrar, Decision::Accept, "")), ProblemCode::BadField);
    assert_eq!(code(propose(&school.registrar, Decision::AcceptPart, "")), ProblemCode::BadField);
    propose(&school.registrar, Decision::AcceptPart, "the rest again").unwrap();
    let confirm = |actor: &Actor| delivery::confirm(&school.office, actor, id, &Confirm { confirm: true });
    assert_eq!(code(confirm(&school.registrar)), ProblemCode::SamePerson);
    confirm(&school.it).unwrap();
    assert_eq!(school.work(id), JobState::Done);
    assert_eq!(school.get(id).state, DeliveryState::Accepted);
    assert_eq!(school.quarantined(), 0);
    let holdings = Holdings::new(&school.office.archive, &school.office.catalog);
    for (n, (person, token)) in people.iter().enumerate() {
        let (dossier, _) = holdings.dossier(*person).unwrap().unwrap();
        let kept = dossier.current(PhotoKind::Graduation);
        assert_eq!(kept.is_some(), n < 4, "person {n}");
        if let Some(kept) = kept {
            assert_eq!((kept.delivery, kept.token.as_ref()), (Some(id), Some(token)));
            assert_eq!(holdings.photo(*person, kept).unwrap().unwrap(), faces[n].1);
        }
    }
    receipt_stands_alone(&school, id, &people[..4]);
    // The board shows accepted photos from the archive, and of the others that they are gone.
    let items = delivery::items(&school.office, &school.registrar, id, &ItemQuery::default()).unwrap().items;
    for item in &items {
        let of = people.iter().take(4).find(|(person, _)| item.person == Some(*person));
        let archived = of.and_then(|(person, _)| {
            holdings.dossier(*person).unwrap().unwrap().0.current(PhotoKind::Graduation).map(|photo| photo.id)
        });
        assert_eq!((item.archived, item.has_image), (archived, false), "item {}", item.number);
    }
    assert_eq!(items.iter().filter(|item| item.archived.is_some()).count(), 4);

    // The second round holds what was missing; what was accepted before is one too many.
    let second = school.deliver(&school.parcel(&[good(0), good(4), good(5), good(6), good(7)]));
    assert_eq!(school.work(second), JobState::Done);
    let report = school.get(second).report.unwrap();
    let counts = (report.extra, report.missing, report.wrong, report.late, report.doubtful);
    assert_eq!(counts, (1, 0, 0, 0, report.doubtful), "{report:?}");
}

/// A JPEG in printing colours of one grey: baseline, four components (ITU-T T.81).
fn printed(width: u16, height: u16) -> Vec<u8> {
    let segment = |marker: u8, content: &[u8]| {
        let len = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], &len[..], content].concat()
    };
    let ([w1, w0], [h1, h0]) = (width.to_be_bytes(), height.to_be_bytes());
    let one_code = |kind: u8| [&[kind, 1][..], &[0; 15], &[0]].concat();
    let frame =
        [&[8, h1, h0, w1, w0, 4][..], &(1..=4).flat_map(|n| [n, 0x11, 0]).collect::<Vec<u8>>()].concat();
    let scan = [&[4][..], &(1..=4).flat_map(|n| [n, 0]).collect::<Vec<u8>>(), &[0, 63, 0]].concat();
    // Of each component's block two bits: no difference, no more coefficients.
    let blocks = usize::from(width.div_ceil(8)) * usize::from(height.div_ceil(8));
    [
        vec![0xff, 0xd8],
        segment(0xdb, &[&[0][..], &[1; 64]].concat()),
        segment(0xc0, &frame),
        segment(0xc4, &one_code(0)),
        segment(0xc4, &one_code(0x10)),
        segment(0xda, &scan),
        vec![0; blocks],
        vec![0xff, 0xd9],
    ]
    .concat()
}

/// The same JPEG, which says of itself that it is this large.
fn said_to_be(mut jpeg: Vec<u8>, width: u16, height: u16) -> Vec<u8> {
    let frame = jpeg.windows(3).position(|bytes| bytes == [0xff, 0xc0, 0]).unwrap();
    jpeg[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    jpeg[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    jpeg
}

fn written(picture: &image::DynamicImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 90);
    encoder.set_pixel_density(image::codecs::jpeg::PixelDensity::dpi(300));
    let (width, height) = (picture.width(), picture.height());
    encoder.encode(picture.as_bytes(), width, height, picture.color().into()).unwrap();
    bytes
}

#[test]
fn each_bad_file_of_a_delivery_is_refused_with_its_own_reason_and_the_others_go_on() {
    if !models().is_dir() {
        println!("skipped: there are no models; set XUECANG_MODELS");
        return;
    }
    let school = school_under("jbz-2017-99");
    adopt(&school, 0.999, -0.999);
    let portrait = |n| image::DynamicImage::ImageRgb8(verify::draw::portrait(n, 1).pixels);
    let ground = || image::RgbImage::from_pixel(480, 640, image::Rgb(verify::draw::BACKGROUND));
    let mut house = ground();
    for (x, y, pixel) in house.enumerate_pixels_mut() {
        if (140..340).contains(&x) && y > 300 && (x + y) % 97 > 8 {
            *pixel = image::Rgb([150, 60, 40]);
        }
    }
    let mut both = ground();
    for (n, x) in [(3, 0), (4, 240)] {
        let half = portrait(n).resize_exact(240, 320, image::imageops::FilterType::Triangle).into_rgb8();
        image::imageops::replace(&mut both, &half, x, 160);
    }
    let heic = [&b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"[..], &[0; 4096]].concat();
    let whole = verify::draw::portrait_jpeg(0, 1);
    let cases: Vec<(Vec<u8>, &[&str])> = vec![
        (whole.clone(), &[]),
        (Vec::new(), &["FILE-EMPTY"]),
        (heic, &["FILE-HEIC"]),
        (printed(480, 640), &["FILE-CMYK"]),
        (b"GIF89a of some sort".to_vec(), &["FILE-FORMAT"]),
        (b"a letter".to_vec(), &["FILE-NOT-AN-IMAGE"]),
        (whole[..whole.len() / 2].to_vec(), &["FILE-CUT-OFF"]),
        (said_to_be(whole, 11_600, 8_700), &["FILE-TOO-MANY-PIXELS"]),
        (written(&image::DynamicImage::ImageLuma8(portrait(8).into_luma8())), &["IMG-03"]),
        (written(&image::DynamicImage::ImageRgb8(house)), &["FACE-NO-FACE"]),
        (written(&image::DynamicImage::ImageRgb8(both)), &["FACE-SEVERAL-FACES"]),
    ];
    let admission: Vec<_> = (0..cases.len() as u64).map(|n| verify::draw::portrait_jpeg(n, 0)).collect();
    let people = school.enrol_people(&admission);
    let photos: Vec<_> =
        people.iter().zip(&cases).map(|((_, token), (bytes, _))| (token.clone(), bytes.clone())).collect();
    let id = school.deliver(&school.parcel(&photos));
    assert_eq!(school.work(id), JobState::Done);
    let items = delivery::items(&school.office, &school.registrar, id, &ItemQuery::default()).unwrap().items;
    assert_eq!(items.len(), cases.len());
    for ((person, _), (_, wanted)) in people.iter().zip(&cases) {
        let item = items.iter().find(|item| item.person == Some(*person)).unwrap();
        let blocking: Vec<_> = item
            .findings
            .iter()
            .filter(|finding| finding.severity == "block" && finding.status == "failed")
            .map(|finding| (finding.code.as_str(), finding.measured.as_deref()))
            .collect();
        println!("{wanted:?}: {blocking:?}");
        let codes: Vec<_> = blocking.iter().map(|(code, _)| *code).collect();
        match wanted {
            [first, ..] => assert!(codes.contains(first), "{wanted:?}: {blocking:?}"),
            [] => assert!(codes.is_empty(), "{blocking:?}"),
        }
    }
}

#[test]
fn bytes_that_changed_after_the_check_are_not_accepted() {
    let school = school();
    let Some(faces) = faces(&school.office, 2) else { return };
    adopt_calibration(&school);
    let admission: Vec<_> = faces.iter().map(|(first, _)| first.clone()).collect();
    let people = school.enrol_people(&admission);
    let photos: Vec<_> =
        people.iter().zip(&faces).map(|((_, token), (_, second))| (token.clone(), second.clone())).collect();
    let id = school.deliver(&school.parcel(&photos));
    assert_eq!(school.work(id), JobState::Done);
    let propose = Propose { decision: Decision::Accept, reason: String::new() };
    delivery::propose(&school.office, &school.registrar, id, &propose).unwrap();
    let confirm = || delivery::confirm(&school.office, &school.it, id, &Confirm { confirm: true }).unwrap();

    let name = SafePath::new(format!("photos/{}.jpg", people[1].1)).unwrap();
    let file = super::quarantine(&school.office).unwrap().file(id, &name).unwrap();
    let mut rotten = photos[1].1.clone();
    rotten[1000] ^= 1;
    fs_err::write(&file, &rotten).unwrap();
    confirm();
    assert_eq!(school.work(id), JobState::Failed);
    assert_eq!(school.get(id).state, DeliveryState::Accepting);
    let holdings = Holdings::new(&school.office.archive, &school.office.catalog);
    let kept = |n: usize| {
        let (dossier, _) = holdings.dossier(people[n].0).unwrap().unwrap();
        dossier
            .current(PhotoKind::Graduation)
            .map(|photo| holdings.photo(people[n].0, photo).unwrap().unwrap())
    };
    assert_eq!((kept(0), kept(1)), (None, None), "the batch is kept whole or not at all");

    fs_err::write(&file, &photos[1].1).unwrap();
    confirm();
    assert_eq!(school.work(id), JobState::Done);
    assert_eq!((kept(0), kept(1)), (Some(photos[0].1.clone()), Some(photos[1].1.clone())));
}

#[test]
fn a_person_settles_whose_face_it_is_before_anything_is_accepted() {
    let school = school();
    if !models().is_dir() {
        println!("skipped: there are no models; set XUECANG_MODELS");
        return;
    }
    // Whatever is compared is in doubt.
    adopt(&school, 0.999, -0.999);
    let drawn = |person, shot| verify::draw::portrait_jpeg(person, shot);
    let people = school.enrol_people(&[drawn(0, 0), drawn(1, 0), drawn(2, 0)]);
    // The vendor took somebody else for the third.
    let photos = [drawn(0, 1), drawn(1, 1), drawn(7, 1)];
    let photos =
        people.iter().zip(photos).map(|((_, token), photo)| (token.clone(), photo)).collect::<Vec<_>>();
    let id = school.deliver(&school.parcel(&photos));
    assert_eq!(school.work(id), JobState::Done);
    let report = school.get(id).report.unwrap();
    assert_eq!((report.unsettled, report.wrong, report.accept), (3, 0, Some(0.999)), "{report:?}");
    let accept = Propose { decision: Decision::Accept, reason: String::new() };
    let refused = delivery::propose(&school.office, &school.registrar, id, &accept);
    assert_eq!(code(refused), ProblemCode::FacesUnsettled);

    let unsettled = ItemQuery { unsettled: true, ..ItemQuery::default() };
    let of = |person: PersonId| {
        let items = delivery::items(&school.office, &school.registrar, id, &ItemQuery::default()).unwrap();
        items.items.into_iter().find(|item| item.person == Some(person)).unwrap()
    };
    let say = |actor: &Actor, person: PersonId, decision| {
        let word = Settle { decision, note: " seen ".to_owned() };
        delivery::settle(&school.office, actor, id, of(person).number, &word)
    };
    let (first, second, third) = (people[0].0, people[1].0, people[2].0);
    assert_eq!(code(say(&school.it, first, FaceWord::Same)), ProblemCode::NotAllowed);
    assert_eq!(code(say(&school.registrar, first, FaceWord::Same)), ProblemCode::PurposeRequired);
    let registrar = actor_with_purpose(Role::Registrar);
    say(&registrar, first, FaceWord::Same).unwrap();
    say(&registrar, second, FaceWord::Different).unwrap();
    let told = say(&registrar, third, FaceWord::Different).unwrap().report.unwrap();
    assert_eq!((told.unsettled, told.wrong), (0, 2));
    // A word can be taken back, and said anew.
    let number = of(second).number;
    let taken_back = delivery::take_back(&school.office, &registrar, id, number).unwrap().report.unwrap();
    assert_eq!((taken_back.unsettled, taken_back.wrong), (1, 1));
    assert_eq!(delivery::items(&school.office, &school.registrar, id, &unsettled).unwrap().total, 1);
    say(&registrar, second, FaceWord::Same).unwrap();
    let settled = of(second).settled.unwrap();
    assert_eq!((settled.decision, settled.note.as_str()), (FaceWord::Same, "seen"));

    // A check that runs again finds what was settled about the same bytes.
    delivery::check(&school.office, &school.registrar, id).unwrap();
    assert_eq!(school.work(id), JobState::Done);
    let again = school.get(id).report.unwrap();
    assert_eq!((again.unsettled, again.wrong), (0, 1), "{again:?}");
    let defects = school.seen_by_vendor(id).defects;
    assert_eq!(defects.len(), 1);
    assert_eq!((&defects[0].token, &defects[0].group[..]), (&people[2].1, "wrong"));

    // Once it is proposed, the word stands.
    let part = Propose { decision: Decision::AcceptPart, reason: "one again".to_owned() };
    delivery::propose(&school.office, &school.it, id, &part).unwrap();
    assert_eq!(code(say(&registrar, second, FaceWord::Different)), ProblemCode::WrongState);
    delivery::confirm(&school.office, &school.registrar, id, &Confirm { confirm: true }).unwrap();
    assert_eq!(school.work(id), JobState::Done);
    let holdings = Holdings::new(&school.office.archive, &school.office.catalog);
    let kept = |person| holdings.dossier(person).unwrap().unwrap().0.current(PhotoKind::Graduation).is_some();
    assert_eq!([first, second, third].map(kept), [true, true, false]);
}

#[test]
fn a_face_whose_owner_has_not_agreed_is_looked_at_by_a_person_and_never_passes_by_machine() {
    let school = school();
    if !models().is_dir() {
        println!("skipped: there are no models; set XUECANG_MODELS");
        return;
    }
    // Whatever is compared is the same.
    adopt(&school, -0.998, -0.999);
    let drawn = |person, shot| verify::draw::portrait_jpeg(person, shot);
    let people = school.enrol_people(&[drawn(0, 0), drawn(1, 0)]);
    let withdrawal = Withdrawal { person: people[1].0 };
    consent::withdraw(&school.office, &school.registrar, school.campaign, withdrawal).unwrap();
    let photos: Vec<_> = people
        .iter()
        .zip([drawn(0, 1), drawn(1, 1)])
        .map(|((_, token), photo)| (token.clone(), photo))
        .collect();
    let id = school.deliver(&school.parcel(&photos));
    assert_eq!(school.work(id), JobState::Done);
    let items = delivery::items(&school.office, &school.registrar, id, &ItemQuery::default()).unwrap().items;
    let of = |n: usize| items.iter().find(|item| item.person == Some(people[n].0)).unwrap();
    assert!(of(0).similarity.is_some() && of(0).verdict.is_some());
    assert!(of(1).similarity.is_none() && of(1).verdict.is_none());
    let by_hand = of(1).findings.iter().find(|finding| finding.code == "FACE-BY-HAND").unwrap();
    assert_eq!((&by_hand.status[..], &by_hand.severity[..]), ("failed", "warn"));
    assert!(of(0).findings.iter().all(|finding| finding.code != "FACE-BY-HAND"));
    let measured =
        |n: usize| of(n).findings.iter().filter(|finding| finding.code.starts_with("IMG-")).count();
    assert!(measured(1) > 0 && measured(0) == measured(1), "the photo rules are measured all the same");
    let accept = Propose { decision: Decision::Accept, reason: String::new() };
    let refused = delivery::propose(&school.office, &school.registrar, id, &accept);
    assert_eq!(code(refused), ProblemCode::FacesUnsettled);
    let registrar = actor_with_purpose(Role::Registrar);
    let word = Settle { decision: FaceWord::Same, note: "身份证与本人一致".to_owned() };
    delivery::settle(&school.office, &registrar, id, of(1).number, &word).unwrap();
    delivery::propose(&school.office, &school.registrar, id, &accept).unwrap();
}

#[test]
fn after_its_end_a_campaign_leaves_neither_template_nor_probe_nor_key_on_disk() {
    let school = school();
    if !models().is_dir() {
        println!("skipped: there are no models; set XUECANG_MODELS");
        return;
    }
    adopt(&school, 0.999, -0.999);
    let drawn = |person, shot| verify::draw::portrait_jpeg(person, shot);
    let (reference, probe) = (drawn(0, 0), drawn(0, 1));
    let people = school.enrol_people(&[reference.clone(), drawn(1, 0)]);
    let desk = actor_with_purpose(Role::Admissions);
    let compare = |n: usize, probe: &[u8]| compare::make(&school.office, &desk, people[n].0, probe.to_vec());
    let made = compare(0, &probe).unwrap();
    assert_eq!(compare::probe(&school.office, &desk, made.id).is_ok(), made.has_probe);
    let other = compare(1, &drawn(1, 1)).unwrap();
    assert_eq!(crate::law::count::get(&school.office, &desk).unwrap().here, 2);
    // Whoever withdraws is compared no more, and what waited is left to a person.
    let withdrawal = Withdrawal { person: people[1].0 };
    consent::withdraw(&school.office, &school.registrar, school.campaign, withdrawal).unwrap();
    let left = compare::get(&school.office, &desk, other.id).unwrap();
    assert_eq!((left.decision, left.has_probe), (Some(FaceDecision::Manual), false));
    assert_eq!(code(compare(1, &drawn(1, 1))), ProblemCode::MayNotCompare);

    let rules = crate::face::rules("demo-relaxed").unwrap().faces;
    let engine = school.office.engine().unwrap();
    let templates: Vec<Vec<u8>> = [&reference, &probe]
        .into_iter()
        .map(|photo| engine.template_patiently(photo.clone(), &rules).unwrap())
        .map(|template| template.to_bytes().rchunks(64).next().unwrap().to_vec())
        .collect();
    let key = school.office.paths.keys.join(format!("face-{}.key", school.campaign.uuid().simple()));
    let key = fs::read(key).unwrap().trim_ascii().to_vec();
    let raw_key = hex::decode(&key).unwrap();
    let on_disk = |needle: &[u8]| law::anywhere(school.dir.path(), needle);
    assert!(on_disk(&key) && on_disk(middle(&reference)), "the search finds what is there");
    assert!(!on_disk(middle(&probe)), "a probe lies sealed while it waits");
    let sealed = school.office.paths.incoming.join("probes").join(format!("{}.sealed", made.id));
    let sealed = fs::read(sealed).unwrap();

    let end = EndComparing { name: "2026届毕业生".to_owned() };
    let ground = opening::end(&school.office, &school.registrar, school.campaign, &end).unwrap();
    let destroyed = ground.closed.unwrap().destroyed;
    assert_eq!((destroyed.probes, destroyed.comparisons, destroyed.templates), (1, 1, 0));
    for needle in [&key[..], &raw_key, middle(&sealed), middle(&probe), &templates[0], &templates[1]] {
        assert!(!on_disk(needle));
    }
    let left = compare::get(&school.office, &desk, made.id).unwrap();
    assert_eq!((left.decision, left.has_probe), (Some(FaceDecision::Manual), false));
    assert_eq!(gate::bar(&school.office, school.campaign, people[0].0).unwrap(), Some(Bar::ComparingEnded));
    assert_eq!(code(compare(0, &probe)), ProblemCode::MayNotCompare);
    assert_eq!(crate::law::count::get(&school.office, &desk).unwrap().here, 0);
}

/// Bytes out of the middle of a file: what no other file has.
fn middle(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.len() / 2..bytes.len() / 2 + 64]
}

/// Checks the vendor's receipt with public keys only, and that no altered one passes.
fn receipt_stands_alone(school: &School, id: DeliveryId, accepted: &[(PersonId, String)]) {
    let receipt = school.seen_by_vendor(id).receipt.unwrap();
    assert_eq!(receipt::get(&school.office, &school.registrar, id).unwrap().statement, receipt.statement);
    let signature = ledger::from_base64(&receipt.signature).unwrap().try_into().unwrap();
    let signed = SignedStatement { statement: receipt.statement.clone(), signature };
    let proof = receipt.proof.parse().unwrap();
    let school_key = school.office.keys.school.verifying_key();
    let log = crate::ledger::verifier_key(&school.office).unwrap();
    let (statement, _) = verify_receipt(&signed, &proof, &school_key, &log).unwrap();
    let mut tokens: Vec<_> = accepted.iter().map(|(_, token)| token.clone()).collect();
    tokens.sort();
    assert_eq!(statement.items.iter().map(|item| item.token.clone()).collect::<Vec<_>>(), tokens);
    let altered = SignedStatement { statement: receipt.statement.replace("XC", "XD"), ..signed };
    assert!(verify_receipt(&altered, &proof, &school_key, &log).is_err());
    for (person, _) in accepted {
        assert!(
            !receipt.statement.contains(&person.to_string()) && !receipt.proof.contains(&person.to_string())
        );
    }
}
