//! A school with a campaign, a vendor and its parcels, for the stories of deliveries.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use api::campaign::{CampaignKind, NewCampaign};
use api::ids::{CampaignId, DeliveryId, PersonId, UserId};
use api::job::JobState;
use api::vendor::NewVendor;
use api::{ProblemCode, Role};
use archive::db::office::{calibration, roster, token as token_rows};
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

use crate::authority::Names;
use crate::delivery::receive::{self, Announced, Incoming};
use crate::law::tests as law;
use crate::{Actor, Config, Error, Office, campaign, delivery, job, token, vendor};

/// A school with a campaign and a vendor for it.
pub(super) struct School {
    pub(super) dir: tempfile::TempDir,
    pub(super) office: Arc<Office>,
    pub(super) registrar: Actor,
    pub(super) it: Actor,
    pub(super) vendor: Vendor,
    pub(super) campaign: CampaignId,
    pub(super) incoming: Arc<Incoming>,
    pub(super) workers: OnceLock<job::Workers>,
}

pub(super) struct Vendor {
    pub(super) fingerprint: String,
    pub(super) identity: Identity,
}

pub(super) fn actor(role: Role) -> Actor {
    Actor::new(UserId::new(), crate::word(&role), String::new(), vec![role])
}

pub(super) fn actor_with_purpose(role: Role) -> Actor {
    Actor { purpose: Some("核对交付照片".to_owned()), ..actor(role) }
}

pub(super) fn key_pair() -> (PKey<Private>, X509Req) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut request = X509ReqBuilder::new().unwrap();
    request.set_subject_name(&X509NameBuilder::new().unwrap().build()).unwrap();
    request.set_pubkey(&key).unwrap();
    request.sign(&key, MessageDigest::sha256()).unwrap();
    (key, request.build())
}

pub(super) fn handshake_key(seed: u8) -> String {
    ledger::to_base64(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key().as_bytes())
}

pub(super) fn new_vendor(csr: &X509Req) -> NewVendor {
    NewVendor {
        name: "好影像公司".to_owned(),
        csr: String::from_utf8(csr.to_pem().unwrap()).unwrap(),
        agent_key: handshake_key(1),
        legal_key: handshake_key(2),
        legal_name: "法人".to_owned(),
    }
}

pub(super) fn enrol(office: &Office, it: &Actor) -> (Vendor, api::vendor::Enrolment) {
    let (key, csr) = key_pair();
    let enrolment = vendor::register(office, it, &new_vendor(&csr)).unwrap();
    let pem = key.private_key_to_pem_pkcs8().unwrap();
    let identity = Identity::from_pem(&pem, enrolment.certificate.as_bytes()).unwrap();
    (Vendor { fingerprint: enrolment.vendor.fingerprint.clone(), identity }, enrolment)
}

pub(super) fn models() -> PathBuf {
    std::env::var_os("XUECANG_MODELS").map_or_else(|| PathBuf::from("no models"), PathBuf::from)
}

pub(super) fn school() -> School {
    school_under("demo-relaxed")
}

pub(super) fn school_under(rule_set: &str) -> School {
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
    pub(super) fn enrol_people(&self, photos: &[Vec<u8>]) -> Vec<(PersonId, String)> {
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
    pub(super) fn parcel(&self, photos: &[(String, Vec<u8>)]) -> Vec<u8> {
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

    pub(super) fn announced(&self, tar: &[u8]) -> Announced {
        Announced {
            campaign: self.campaign,
            name: "parcel".to_owned(),
            sha256: Sha256::digest(tar).into(),
            total: tar.len() as u64,
        }
    }

    pub(super) fn deliver(&self, tar: &[u8]) -> DeliveryId {
        let id = receive::begin(&self.office, &self.vendor.fingerprint, &self.announced(tar)).unwrap();
        let mut taking = self.take(id, 0).unwrap();
        taking.write(tar).unwrap();
        taking.pause(&self.office).unwrap();
        id
    }

    pub(super) fn take(&self, id: DeliveryId, offset: u64) -> crate::Result<receive::Taking> {
        receive::take(&self.office, &self.incoming, &self.vendor.fingerprint, id, offset, false)
    }

    /// Lets the workers work until no job waits or runs. Returns how the last job on the delivery ended.
    pub(super) fn work(&self, id: DeliveryId) -> JobState {
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

    pub(super) fn get(&self, id: DeliveryId) -> api::delivery::Delivery {
        delivery::get(&self.office, &self.registrar, id).unwrap()
    }

    pub(super) fn seen_by_vendor(&self, id: DeliveryId) -> api::vendor::VendorDelivery {
        delivery::delivery_of(&self.office, &self.vendor.fingerprint, id).unwrap()
    }

    pub(super) fn quarantined(&self) -> usize {
        crate::delivery::quarantine(&self.office).unwrap().deliveries().unwrap().len()
    }

    pub(super) fn objects(&self) -> usize {
        self.office.archive.objects().count()
    }
}

pub(super) fn code<T: std::fmt::Debug>(answer: crate::Result<T>) -> ProblemCode {
    match answer {
        Err(Error::Refused(problem)) => problem.code,
        other => panic!("{other:?}"),
    }
}

/// People of whom there are two press photographs that the machine takes for one person.
pub(super) fn faces(office: &Office, wanted: usize) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
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

pub(super) fn adopt_calibration(school: &School) {
    adopt(school, 0.471, 0.364);
}

pub(super) fn adopt(school: &School, accept: f32, reject: f32) {
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

/// A school where these thresholds are in force; nothing where there are no models.
pub(super) fn judging(accept: f32, reject: f32) -> Option<School> {
    if !models().is_dir() {
        println!("skipped: there are no models; set XUECANG_MODELS");
        return None;
    }
    let school = school();
    adopt(&school, accept, reject);
    Some(school)
}

/// A photo of a drawn person.
pub(super) fn drawn(person: u64, shot: u64) -> Vec<u8> {
    verify::draw::portrait_jpeg(person, shot)
}
