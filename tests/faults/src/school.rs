//! The prepared appliances: a small school up to the moment before an operation begins.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use api::Role;
use api::campaign::{CampaignKind, NewCampaign};
use api::delivery::{CheckReport, Decision, Propose};
use api::ids::{CampaignId, DeliveryId, PersonId, UserId};
use api::job::JobState;
use api::vendor::{Enrolment, NewVendor};
use archive::db::office::{delivery as rows, item, roster, token as tokens};
use archive::delivery::{ItemState, Limits, Parcel, Quarantine};
use archive::dossier::{Change, Facts, NewPhoto, PhotoFacts, PhotoKind, object_of};
use archive::person::PersonRecord;
use bag::{Identity, SafePath, Writer};
use fs_err as fs;
use image::{ImageEncoder as _, codecs::jpeg::JpegEncoder};
use jiff::Timestamp;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::{X509NameBuilder, X509Req, X509ReqBuilder};
use serde::{Deserialize, Serialize};
use service::authority::Names;
use service::delivery::receive::{self, Announced, Incoming};
use service::{Actor, Office, campaign, delivery, dossier, index, job, ledger, replica, token, vendor};
use sha2::{Digest as _, Sha256};

use crate::appliance::{Appliance, configuration, data, replica_in};
use crate::operation::registrar;
use crate::{Operation, copy};

/// People on the roster.
const PEOPLE: usize = 16;

/// People whose photos are corrected in one batch.
pub const CORRECTED: usize = 4;

/// A photo's width and height, px.
const SIZE: (u32, u32) = (60, 80);

const PLAN: &str = "plan.json";

/// What an operation is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The delivery that is accepted.
    pub delivery: DeliveryId,
    /// Everybody, in the order of the roster.
    pub people: Vec<PersonId>,
}

impl Plan {
    /// The plan in a folder.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn read(folder: &Path) -> Result<Self> {
        Ok(serde_json::from_slice(&fs::read(folder.join(PLAN))?)?)
    }

    fn write(&self, folder: &Path) -> Result<()> {
        Ok(fs::write(folder.join(PLAN), serde_json::to_vec(self)?)?)
    }
}

/// Folders with an appliance each, prepared for one operation.
#[derive(Debug)]
pub struct School {
    folders: BTreeMap<Operation, PathBuf>,
}

impl School {
    /// Prepares everything below `folder`. `place` is where the copies will lie that are worked in: a replica is known by
    /// its path.
    ///
    /// # Errors
    ///
    /// When something can't be made.
    pub fn prepare(folder: &Path, place: &Path) -> Result<Self> {
        let of = |operation: Operation| folder.join(operation.word());
        let accept = of(Operation::Accept);
        open_school(&accept)?;
        let settled = folder.join("settled");
        copy::tree(&accept, &settled)?;
        done(&settled, Operation::Accept)?;
        for operation in [Operation::Correct, Operation::Rebuild, Operation::Index] {
            copy::tree(&settled, &of(operation))?;
        }
        fall_behind(&of(Operation::Index))?;
        copy::tree(&settled, place)?;
        damage(place)?;
        copy::tree(place, &of(Operation::Repair))?;
        copy::remove(place)?;
        Ok(Self { folders: Operation::ALL.into_iter().map(|operation| (operation, of(operation))).collect() })
    }

    /// The folder that is prepared for an operation. Nobody works in it; it is copied.
    ///
    /// # Errors
    ///
    /// Never: each has one.
    pub fn before(&self, operation: Operation) -> Result<&Path> {
        self.folders.get(&operation).map(PathBuf::as_path).context("every operation is prepared")
    }
}

/// Does an operation in peace.
fn done(folder: &Path, operation: Operation) -> Result<()> {
    let appliance = Appliance::open(folder)?;
    let done = operation.run(&appliance.office, &Plan::read(folder)?, &mut |_| {});
    ensure!(done.is_ok(), "{operation} is not even done in peace: {done:?}");
    Ok(())
}

/// A school whose vendor has delivered, and where one person has proposed to accept.
fn open_school(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    Office::create(&data(folder), "测试学院", &Names::local())?;
    let office = Office::open(configuration(folder))?;
    let it = Actor::new(UserId::new(), "it".to_owned(), "it".to_owned(), vec![Role::It]);
    let (identity, enrolment) = enrol(&office, &it)?;
    let campaign = campaign::create(&office, &registrar(), new_campaign(&enrolment)?)?.id;
    let people = enrol_people(&office, campaign)?;
    let parcel = parcel(folder, &people, &identity)?;
    let delivery = deliver(&office, campaign, &enrolment, &parcel)?;
    check(&office, delivery, &enrolment, &people)?;
    let reason = "全部合格".to_owned();
    delivery::propose(&office, &it, delivery, &Propose { decision: Decision::Accept, reason })?;
    ledger::integrate(&office)?;
    index::catch_up(&office)?;
    Plan { delivery, people: people.into_iter().map(|(person, _)| person).collect() }.write(folder)
}

fn enrol(office: &Office, it: &Actor) -> Result<(Identity, Enrolment)> {
    let (key, request) = key_pair()?;
    let new = NewVendor {
        name: "好影像公司".to_owned(),
        csr: String::from_utf8(request.to_pem()?)?,
        agent_key: handshake_key(1),
        legal_key: handshake_key(2),
        legal_name: "法人".to_owned(),
    };
    let enrolment = vendor::register(office, it, &new)?;
    let identity = Identity::from_pem(&key.private_key_to_pem_pkcs8()?, enrolment.certificate.as_bytes())?;
    Ok((identity, enrolment))
}

fn key_pair() -> Result<(PKey<Private>, X509Req)> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    let key = PKey::from_ec_key(EcKey::generate(&group)?)?;
    let mut request = X509ReqBuilder::new()?;
    request.set_subject_name(&X509NameBuilder::new()?.build())?;
    request.set_pubkey(&key)?;
    request.sign(&key, MessageDigest::sha256())?;
    Ok((key, request.build()))
}

fn handshake_key(seed: u8) -> String {
    let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
    ::ledger::to_base64(key.verifying_key().as_bytes())
}

fn new_campaign(enrolment: &Enrolment) -> Result<NewCampaign> {
    Ok(NewCampaign {
        name: "2026届毕业生".to_owned(),
        kind: CampaignKind::Graduation,
        year: 2026,
        capture_from: "2026-01-01".parse()?,
        capture_until: "2036-01-01".parse()?,
        deliver_by: "2036-02-01".parse()?,
        rule_set: "demo-relaxed".to_owned(),
        vendor: Some(enrolment.vendor.id),
    })
}

/// Everybody with an admission photo and a token.
fn enrol_people(office: &Office, campaign: CampaignId) -> Result<Vec<(PersonId, String)>> {
    let people: Vec<PersonId> = (0..PEOPLE).map(|_| PersonId::new()).collect();
    let change = |(number, &person): (usize, &PersonId)| -> Result<Change> {
        let facts = PersonRecord {
            name: format!("学生{number}"),
            student_number: Some(format!("20260{number:03}")),
            ..PersonRecord::default()
        };
        let photo = NewPhoto::from_bytes(PhotoKind::Admission, picture(number), "admission")?;
        Ok(Change::of(person, "import").facts(Facts::Set(Box::new(facts))).photo(photo))
    };
    let changes = people.iter().enumerate().map(change).collect::<Result<_>>()?;
    dossier::keep(office, &registrar(), changes)?;
    office.office.write(|tx| roster::replace(tx, campaign, &people))?;
    token::issue(office, &registrar(), campaign)?;
    let issued = office.office.read(|conn| tokens::list(conn, campaign))?;
    let by_person: BTreeMap<_, _> = issued.into_iter().map(|row| (row.person, row.token)).collect();
    let token = |person| Some((person, by_person.get(&person)?.clone()));
    people.into_iter().map(|person| token(person).context("a person has no token")).collect()
}

/// A small photo unlike any other.
#[must_use]
pub fn picture(number: usize) -> Vec<u8> {
    let (width, height) = SIZE;
    let seed = u32::try_from(number).unwrap_or(u32::MAX);
    let pixels = (0..width * height).flat_map(|at| {
        let tone = at.wrapping_mul(seed.wrapping_mul(2_654_435_761) | 1) >> 11;
        let [red, green, blue, _] = tone.to_le_bytes();
        [red, green, blue]
    });
    let (pixels, mut jpeg): (Vec<u8>, _) = (pixels.collect(), Cursor::new(Vec::new()));
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, 70);
    // Writing into memory does not fail, and a wrong size would show in the very first photo that is decoded.
    let _written = encoder.write_image(&pixels, width, height, image::ExtendedColorType::Rgb8);
    jpeg.into_inner()
}

/// The vendor's signed parcel: a photo of everybody, and of some the original.
fn parcel(folder: &Path, people: &[(PersonId, String)], identity: &Identity) -> Result<Vec<u8>> {
    let dir = tempfile::tempdir_in(folder)?;
    let bag = dir.path().join("parcel");
    let mut writer = Writer::create(&bag)?;
    let mut list = "token,file,captured_at,device,operator\n".to_owned();
    for (number, (_, token)) in people.iter().enumerate() {
        writer.add(&SafePath::new(format!("photos/{token}.jpg"))?, &picture(1000 + number)[..])?;
        if number % 8 == 0 {
            writer.add(&SafePath::new(format!("originals/{token}.jpg"))?, &picture(2000 + number)[..])?;
        }
        list += &format!("{token},{token}.jpg,2026-06-01T08:30:00+08:00,Canon,op1\n");
    }
    writer.add(&SafePath::new("captures.csv")?, list.as_bytes())?;
    writer.finish("2026-06-02".parse()?)?;
    bag::sign(&bag, identity)?;
    Ok(bag::serialise(&bag, &SafePath::new("parcel")?, Vec::new())?)
}

fn deliver(office: &Office, campaign: CampaignId, enrolment: &Enrolment, tar: &[u8]) -> Result<DeliveryId> {
    let announced = Announced {
        campaign,
        name: "parcel".to_owned(),
        sha256: Sha256::digest(tar).into(),
        total: tar.len() as u64,
    };
    let (incoming, fingerprint) = (std::sync::Arc::<Incoming>::default(), &enrolment.vendor.fingerprint);
    let id = receive::begin(office, fingerprint, &announced)?;
    let mut taking = receive::take(office, &incoming, fingerprint, id, 0, false)?;
    taking.write(tar)?;
    taking.pause(office)?;
    // The check that was asked for needs models to look at faces; what it would write is written below.
    for job in job::list(office, &registrar(), None)? {
        if job.state == JobState::Waiting {
            job::cancel(office, &registrar(), job.id)?;
        }
    }
    Ok(id)
}

/// What decoding a photo finds out, as its check notes it.
fn seen(kind: PhotoKind, file: PathBuf) -> Result<PhotoFacts> {
    Ok(NewPhoto::from_file(kind, file, "")?.facts(Timestamp::now()))
}

/// Unpacks a delivery as its check does, and writes down that every photo is good.
fn check(
    office: &Office,
    id: DeliveryId,
    enrolment: &Enrolment,
    people: &[(PersonId, String)],
) -> Result<()> {
    let quarantine = Quarantine::open(&office.paths.incoming)?;
    let received = quarantine.received(id).context("nothing was received")?;
    let limits = Limits { files: 1000, bytes: 1 << 30, path_len: 200 };
    let trust = bag::Trust::from_pem(enrolment.ca.as_bytes())?;
    let parcel = Parcel::unpack(&received, limits, &trust, &enrolment.vendor.fingerprint)?;
    let photos = parcel.photos.iter().filter(|photo| photo.token.is_some());
    let items = photos.enumerate().map(|(number, photo)| -> Result<item::Item> {
        let token = photo.token.clone();
        let person = people.iter().find(|(_, issued)| Some(issued) == token.as_ref());
        let capture = token.as_deref().and_then(|token| parcel.captures.of(&photo.name, token));
        Ok(item::Item {
            number: u32::try_from(number)?,
            state: ItemState::Good,
            person: Some(person.context("a token of nobody")?.0),
            token,
            file: Some(photo.path.as_str().to_owned()),
            original: photo.original.as_ref().map(|path| path.as_str().to_owned()),
            sha256: Some(hex::encode(photo.sha256)),
            bytes: Some(photo.bytes),
            width: Some(SIZE.0),
            height: Some(SIZE.1),
            captured: capture.map(|capture| capture.captured),
            device: capture.map(|capture| capture.device.clone()),
            operator: capture.map(|capture| capture.operator.clone()),
            similarity: None,
            verdict: None,
            oddness: 0.0,
            findings: "[]".to_owned(),
            photo_facts: Some(seen(PhotoKind::Graduation, parcel.file(&photo.path))?),
            original_facts: photo
                .original
                .as_ref()
                .map(|original| seen(PhotoKind::Original, parcel.file(original)))
                .transpose()?,
        })
    });
    let items = items.collect::<Result<Vec<_>>>()?;
    ensure!(items.len() == PEOPLE, "the parcel holds {} photos", items.len());
    let count = items.len() as u64;
    let report = CheckReport { photos: count, roster: count, first_pass: 1.0, ..CheckReport::default() };
    let report = serde_json::to_string(&report)?;
    office.office.write(|tx| -> Result<(), archive::db::Error> {
        item::replace(tx, id, &items)?;
        rows::set_bag(tx, id, &parcel.digest)?;
        rows::set_report(tx, id, &report)
    })?;
    Ok(quarantine.drop_stream(id)?)
}

/// Keeps something of which the index does not know yet.
fn fall_behind(folder: &Path) -> Result<()> {
    let appliance = Appliance::open(folder)?;
    let changes = Plan::read(folder)?.people.into_iter().enumerate().map(|(number, person)| {
        let facts = PersonRecord { class: Some(format!("{number}班")), ..PersonRecord::default() };
        Change::of(person, "roster").facts(Facts::Merge(Box::new(facts)))
    });
    dossier::keep(&appliance.office, &registrar(), changes.collect())?;
    Ok(())
}

/// Gives the appliance a replica, then flips a bit of one object and takes another away.
fn damage(folder: &Path) -> Result<()> {
    let appliance = Appliance::open(folder)?;
    let office = &appliance.office;
    let replica = replica::add(office, &Actor::console(), "disk", &replica_in(folder))?;
    replica::sync_now(office, &Actor::console(), replica.id, &mut |_, _, _| true)?;
    ledger::integrate(office)?;
    let people = Plan::read(folder)?.people;
    let home = |person: &PersonId| office.archive.path().join(office.archive.folder(object_of(*person)));
    let [one, other, ..] = people.as_slice() else { anyhow::bail!("there is nobody") };
    let inventory = home(one).join("v1/inventory.json");
    let mut bytes = fs::read(&inventory)?;
    if let Some(byte) = bytes.last_mut() {
        *byte ^= 1;
    }
    fs::write(inventory, bytes)?;
    Ok(fs::remove_dir_all(home(other))?)
}
