//! Deletions with a real archive, database and ledger; the vendor is the handshake's own vendor.

use std::sync::Arc;

use api::Role;
use api::account::NewUser;
use api::campaign::{CampaignKind, NewCampaign};
use api::deletion::{Case, Guard, NewCase, NextStep, SignStep};
use api::health::DoctorFinding;
use api::hold::HoldReason;
use api::ids::{CampaignId, CaseId, DeliveryId, PersonId, UserId, VendorId};
use api::{Problem, ProblemCode};
use archive::db::catalog::photo as photos;
use archive::db::office::{deletion as rows, delivery as deliveries, vendor as vendors};
use archive::delivery::State;
use archive::dossier::{Change, Facts, Holdings, NewPhoto, PhotoKind, object_of};
use archive::ocfl::User;
use archive::person::PersonRecord;
use ed25519_dalek::SigningKey;
use handshake::bytes::BootId;
use handshake::envelope::Envelope;
use handshake::message::{Inventory, Location, LocationKind};
use handshake::objects::{LocationId, ObjectList};
use handshake::policy::Policy;
use handshake::session::Stamp;
use handshake::vendor::Vendor;
use jiff::{SignedDuration, Timestamp};
use ledger::json::{canonical, from_canonical};
use ledger::{Hash, to_base64};

use crate::authority::Names;
use crate::drill::Afterwards;
use crate::{Actor, Config, Error, Office, account, campaign, deletion, doctor, drill, hold, replica};

const PASSWORD: &str = "correct horse battery";
const FINGERPRINT: &str = "fe";

/// What tells the three photos apart.
const SHADES: [u8; 3] = [10, 20, 30];

/// A school with one accepted delivery of three photos.
struct School {
    dir: tempfile::TempDir,
    office: Arc<Office>,
    registrar: Actor,
    it: Actor,
    delivery: DeliveryId,
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn photo(shade: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let image = image::RgbImage::from_pixel(16, 16, image::Rgb([shade, 0, 0]));
    image.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

fn staff(office: &Office, name: &str, role: Role) -> Actor {
    let new = NewUser {
        account: name.to_owned(),
        name: name.to_owned(),
        roles: vec![role],
        password: PASSWORD.to_owned(),
    };
    let user = account::create(office, &Actor::console(), &new).unwrap();
    Actor::new(user.id, user.account, user.name, user.roles)
}

fn school() -> School {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    Office::create(&data, "测试学院", &Names::local()).unwrap();
    let office = Office::open(Config { allow_unencrypted_volume: true, ..Config::new(data) }).unwrap();
    let (registrar, it) = (staff(&office, "registrar", Role::Registrar), staff(&office, "it", Role::It));
    let vendor = enrol(&office);
    let new = NewCampaign {
        name: "2026届".to_owned(),
        kind: CampaignKind::Graduation,
        year: 2026,
        capture_from: "2026-01-01".parse().unwrap(),
        capture_until: "2036-01-01".parse().unwrap(),
        deliver_by: "2036-02-01".parse().unwrap(),
        rule_set: "demo-relaxed".to_owned(),
        vendor: Some(vendor),
    };
    let campaign = campaign::create(&office, &registrar, new).unwrap().id;
    let delivery = accepted(&office, &it, vendor, campaign, 1, Timestamp::now());
    School { dir, office, registrar, it, delivery }
}

/// A delivery of three photos that was accepted, as its rows say at `at`.
fn accepted(
    office: &Office,
    it: &Actor,
    vendor: VendorId,
    campaign: CampaignId,
    round: u32,
    at: Timestamp,
) -> DeliveryId {
    let delivery = deliveries::Delivery {
        state: State::Proposed,
        ..deliveries::Delivery::announced(campaign, vendor, round, Timestamp::now())
    };
    let signed = deliveries::Signed { by: it.user, by_name: "it".to_owned(), at };
    office
        .office
        .write(|tx| -> Result<(), Error> {
            deliveries::insert(tx, &delivery)?;
            deliveries::confirm(tx, delivery.id, &signed, State::Accepting, None)?;
            Ok(deliveries::set_accepted(tx, delivery.id)?)
        })
        .unwrap();
    let changes = SHADES.into_iter().map(photo).enumerate().map(|(n, bytes)| {
        let facts = PersonRecord { name: format!("学生{n}"), ..PersonRecord::default() };
        let photo = NewPhoto::from_bytes(PhotoKind::Graduation, bytes, "delivered").unwrap();
        let photo = photo.delivered(delivery.id, format!("token{n}"));
        Change::of(PersonId::new(), "accepted").facts(Facts::Set(Box::new(facts))).photo(photo)
    });
    let by = User { name: "test".to_owned(), address: None };
    Holdings::new(&office.archive, &office.catalog).keep(changes.collect(), &by, Timestamp::now()).unwrap();
    delivery.id
}

fn enrol(office: &Office) -> VendorId {
    let public = |seed| to_base64(key(seed).verifying_key().as_bytes());
    let row = vendors::Vendor {
        id: VendorId::new(),
        name: "好影像".to_owned(),
        legal_name: "法人".to_owned(),
        agent_key: public(4),
        legal_key: public(5),
        certificate: String::new(),
        fingerprint: FINGERPRINT.to_owned(),
        expires: Timestamp::now() + SignedDuration::from_hours(1000),
        created: Timestamp::now(),
        active: true,
    };
    office.office.write(|tx| vendors::insert(tx, &row)).unwrap();
    row.id
}

fn code_of(error: Error) -> ProblemCode {
    problem(error).code
}

fn problem(error: Error) -> Problem {
    match error {
        Error::Refused(problem) => *problem,
        Error::Failed { what, source } => panic!("could not {what}: {source:?}"),
    }
}

impl School {
    fn open(&self) -> Case {
        deletion::open(&self.office, &self.registrar, &NewCase { delivery: self.delivery }).unwrap()
    }

    fn sign(&self, actor: &Actor, id: CaseId) -> Result<Case, Error> {
        deletion::sign(&self.office, actor, id, &SignStep { password: PASSWORD.to_owned() })
    }

    fn get(&self, id: CaseId) -> Case {
        deletion::get(&self.office, &self.registrar, id).unwrap()
    }

    /// Opens the case of a second delivery.
    fn open_another(&self) -> Case {
        self.open_accepted(2, Timestamp::now())
    }

    /// Opens the case of a delivery that is accepted now, as its rows say at `at`.
    fn open_accepted(&self, round: u32, at: Timestamp) -> Case {
        let first = self.office.office.read(|conn| deliveries::get(conn, self.delivery)).unwrap().unwrap();
        let delivery = accepted(&self.office, &self.it, first.vendor, first.campaign, round, at);
        deletion::open(&self.office, &self.registrar, &NewCase { delivery }).unwrap()
    }

    /// Has the vendor list its places, so that the seal is due.
    fn to_seal(&self, case: Case) -> Case {
        self.sign(&self.registrar, case.id).unwrap();
        Agent::join(&self.office, case.id).declare();
        self.get(case.id)
    }

    /// Restores the archive elsewhere and compares it. Returns how many things differed.
    fn drill(&self) -> usize {
        let to = self.dir.path().join("drill");
        let done =
            drill::run(&self.office, &Actor::console(), &to, Afterwards::Remove, &|_, _, _| {}, &|| false);
        done.unwrap().report.differing.len()
    }

    /// Changes what is kept of a case, as a failing disk or another version would.
    fn spoil(&self, id: CaseId, change: impl FnOnce(&str) -> String) {
        self.office
            .office
            .write(|tx| -> Result<(), Error> {
                let row = rows::get(tx, id)?.unwrap();
                let spoilt = change(&row.session);
                assert_ne!(spoilt, row.session, "nothing was spoilt");
                Ok(rows::set_session(tx, id, &row.state, &spoilt)?)
            })
            .unwrap();
    }

    fn doctor(&self) -> DoctorFinding {
        let found = doctor::examine(&self.office, &Actor::console()).unwrap().findings;
        found.into_iter().find(|finding| finding.code.starts_with("case")).unwrap()
    }
}

/// The vendor's agent, without a network.
struct Agent<'a> {
    office: &'a Office,
    case: CaseId,
    vendor: Vendor,
    list: ObjectList,
}

fn disk() -> LocationId {
    LocationId::new("disk").unwrap()
}

impl<'a> Agent<'a> {
    fn join(office: &'a Office, case: CaseId) -> Self {
        let policy: Policy =
            from_canonical(&deletion::policy_of(office, FINGERPRINT, case).unwrap()).unwrap();
        let list = ObjectList::from_bytes(&deletion::objects_of(office, FINGERPRINT, case).unwrap()).unwrap();
        let vendor = Vendor::join(list.session(), Arc::new(policy), BootId::from_bytes([9; 16]));
        let mut agent = Self { office, case, vendor, list };
        agent.fetch();
        agent.vendor.check_list(&agent.list).unwrap();
        agent
    }

    fn stamp(&self) -> Stamp {
        let seen = self.vendor.state().checkpoints_seen().last_key_value();
        let (log_size, log_root) = seen.map_or((0, Hash::empty()), |(size, root)| (*size, *root));
        Stamp { at: Timestamp::now(), mono_ms: 1, log_size, log_root }
    }

    fn fetch(&mut self) {
        let after = self.vendor.known().checked_sub(1);
        for value in deletion::messages_of(self.office, FINGERPRINT, self.case, after).unwrap().envelopes {
            let envelope: Envelope = from_canonical(&canonical(&value).unwrap()).unwrap();
            self.vendor.receive(envelope, Timestamp::now()).unwrap();
        }
    }

    fn say(&mut self, mut envelope: Envelope) {
        for seed in [4, 5].into_iter().take(envelope.missing(self.vendor.state().policy()).unwrap().len()) {
            envelope.sign(&key(seed)).unwrap();
        }
        let bytes = envelope.to_bytes().unwrap();
        self.vendor.hold(envelope).unwrap();
        deletion::receive(self.office, FINGERPRINT, self.case, &bytes).unwrap();
        // The answer was lost; the same bytes again are harmless.
        deletion::receive(self.office, FINGERPRINT, self.case, &bytes).unwrap();
        self.vendor.arrived().unwrap();
        self.fetch();
    }

    fn declare(&mut self) {
        let text = || "none".to_owned();
        let location = Location {
            id: disk(),
            kind: LocationKind::Disk,
            owner: text(),
            make: text(),
            model: text(),
            serial: text(),
            wwn: None,
            capacity: None,
            hidden_areas: text(),
            file_system: text(),
            encryption: text(),
            snapshots: text(),
            retention: text(),
            sub_processors: vec![],
            derivatives: vec![],
        };
        let inventory = Inventory { locations: vec![location], no_other_location: "无".to_owned() };
        self.say(self.vendor.inventory(inventory, &self.stamp()).unwrap());
    }
}

#[test]
fn only_an_accepted_delivery_gets_a_case_and_only_one() {
    let school = school();
    let supervisor = Actor::new(UserId::new(), "s".to_owned(), "s".to_owned(), vec![Role::Supervisor]);
    let new = NewCase { delivery: school.delivery };
    assert_eq!(
        code_of(deletion::open(&school.office, &supervisor, &new).unwrap_err()),
        ProblemCode::NotAllowed
    );
    let case = school.open();
    assert_eq!((case.state.as_str(), case.objects, case.next), ("DRAFT", 3, Some(NextStep::SignInvite)));
    let again = deletion::open(&school.office, &school.it, &new).unwrap_err();
    assert_eq!(code_of(again), ProblemCode::WrongState);
    assert!(deletion::cases_of(&school.office, FINGERPRINT).unwrap().is_empty(), "nobody has signed yet");
    assert_eq!(code_of(school.sign(&school.it, case.id).unwrap_err()), ProblemCode::SamePerson);
    assert_eq!(school.sign(&school.registrar, case.id).unwrap().state, "INVITED");
    assert_eq!(deletion::cases_of(&school.office, FINGERPRINT).unwrap().len(), 1);
}

#[test]
fn with_one_copy_and_no_drill_the_officers_are_told_and_may_go_on() {
    let school = school();
    let case = school.open().id;
    school.sign(&school.registrar, case).unwrap();
    Agent::join(&school.office, case).declare();
    let seen = school.get(case);
    assert_eq!((seen.state.as_str(), seen.next), ("ENROLLED", Some(NextStep::SignSeal)));
    let unmet = |code: &str| seen.guards.iter().any(|guard| guard.code == code && !guard.met);
    assert!(unmet("archive.replicas") && unmet("archive.drill"), "the officers see what they would sign");
    assert_eq!(school.sign(&school.registrar, case).unwrap().state, "ENROLLED");
    let sealed = school.sign(&school.it, case).unwrap();
    assert_ne!(sealed.state, "ENROLLED");
    assert!(sealed.guards.iter().any(|guard| guard.code == "archive.replicas" && !guard.met));
}

/// The condition that a drill meets, as the officers of a case see it.
fn drill_of(case: &Case) -> Guard {
    case.guards.iter().find(|guard| guard.code == "archive.drill").unwrap().clone()
}

#[test]
fn a_drill_that_restored_the_deliverys_photos_is_what_the_officers_sign() {
    let school = school();
    let case = school.to_seal(school.open());
    assert!(!drill_of(&case).met);
    assert_eq!(school.drill(), 0);
    let seen = drill_of(&school.get(case.id));
    let all = format!("objects=3/3 bytes={0}/{0} differing=0", case.bytes);
    assert_eq!((seen.met, seen.detail.as_str()), (true, all.as_str()));

    // What is added to a dossier afterwards takes nothing from what was shown of it.
    let photos = school.office.catalog.read(|conn| photos::of_delivery(conn, school.delivery)).unwrap();
    let more = NewPhoto::from_bytes(PhotoKind::Enrolment, photo(99), "later").unwrap();
    let change = Change::of(photos[0].0, "later").photo(more);
    let by = User { name: "test".to_owned(), address: None };
    Holdings::new(&school.office.archive, &school.office.catalog)
        .keep(vec![change], &by, Timestamp::now())
        .unwrap();
    assert!(drill_of(&school.get(case.id)).met);

    school.sign(&school.registrar, case.id).unwrap();
    let sealed = school.sign(&school.it, case.id).unwrap();
    assert_ne!(sealed.state, "ENROLLED");
    assert_eq!(drill_of(&sealed), seen, "what was signed is what was seen");
}

#[test]
fn a_drill_shows_nothing_of_what_came_after_it() {
    let school = school();
    let before = Timestamp::now();
    let first = school.to_seal(school.open());
    assert_eq!(school.drill(), 0);
    let none = |case: &Case| format!("objects=0/3 bytes=0/{} differing=0", case.bytes);
    let later = school.to_seal(school.open_another());
    assert_eq!((drill_of(&later).met, drill_of(&later).detail), (false, none(&later)));
    // Accepted in the rows before the drill, and taken into the archive after it.
    let slow = school.to_seal(school.open_accepted(3, before));
    assert_eq!((drill_of(&slow).met, drill_of(&slow).detail), (false, none(&slow)));
    assert!(drill_of(&school.get(first.id)).met, "it still shows what it showed");
    // In the archive already when it was restored, and accepted after that.
    let soon = Timestamp::now() + SignedDuration::from_secs(4);
    let early = school.open_accepted(4, soon);
    assert_eq!(school.drill(), 0);
    let left = soon.duration_since(Timestamp::now());
    std::thread::sleep(left.try_into().expect("the drill took too long to be before the acceptance"));
    let early = school.to_seal(early);
    assert_eq!((drill_of(&early).met, drill_of(&early).detail), (false, none(&early)));
    assert_eq!(school.drill(), 0);
    for case in [first, later, slow, early] {
        assert!(drill_of(&school.get(case.id)).met, "a drill after all of it shows all of it");
    }
}

#[test]
fn a_drill_that_found_a_difference_anywhere_counts_for_nobody() {
    let school = school();
    let case = school.to_seal(school.open());
    let other = school.open_another();
    assert_ne!(other.delivery, case.delivery);
    let photos = school.office.catalog.read(|conn| photos::of_delivery(conn, other.delivery)).unwrap();
    let object = school.office.archive.object(object_of(photos[0].0)).unwrap().unwrap();
    let file = object.folder().join("v1/content").join(&photos[0].1.file);
    let good = std::fs::read(&file).unwrap();
    std::fs::write(&file, b"rotten").unwrap();
    assert_eq!(school.drill(), 1);
    let seen = drill_of(&school.get(case.id));
    let told = format!("objects=3/3 bytes={0}/{0} differing=1", case.bytes);
    assert_eq!((seen.met, seen.detail), (false, told), "not one of this delivery's photos, and yet");
    std::fs::write(&file, good).unwrap();
    assert_eq!(school.drill(), 0);
    assert!(drill_of(&school.get(case.id)).met, "mended, and drilled again");
}

/// A volume in memory; unmounted when dropped. Nothing where mounting is not allowed.
struct Volume(tempfile::TempDir);

impl Volume {
    fn mount() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=32m,mode=0700", "xuecang-test"])
            .arg(dir.path())
            .output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(dir))
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("--lazy").arg(self.0.path()).output();
    }
}

impl School {
    fn replicas_of(&self, case: CaseId) -> (bool, String) {
        let case = self.get(case);
        let guard = case.guards.iter().find(|guard| guard.code == "archive.replicas").unwrap();
        (guard.met, guard.detail.clone())
    }

    fn replicate(&self, name: &str, dir: &std::path::Path) -> api::ids::ReplicaId {
        let id = replica::add(&self.office, &Actor::console(), name, dir).unwrap().id;
        replica::sync_now(&self.office, &Actor::console(), id, &mut |_, _, _| true).unwrap();
        id
    }

    fn verify(&self, id: api::ids::ReplicaId) {
        replica::verify_now(&self.office, &Actor::console(), id, &mut |_, _, _| true).unwrap();
    }
}

#[test]
fn two_replicas_count_only_on_devices_of_their_own_and_only_as_the_archive_is_now() {
    let school = school();
    let case = school.to_seal(school.open()).id;
    let told = |replicas: usize, media: usize| format!("replicas={replicas} media_verified_in_24h={media}");
    assert_eq!(school.replicas_of(case), (false, told(0, 0)), "the archive itself is no replica");
    let here = [school.dir.path().join("one"), school.dir.path().join("two")];
    let ids = here.each_ref().map(|dir| school.replicate(dir.file_name().unwrap().to_str().unwrap(), dir));
    assert_eq!(school.replicas_of(case), (false, told(0, 0)), "written, and not read back");
    ids.iter().for_each(|id| school.verify(*id));
    assert_eq!(school.replicas_of(case), (false, told(2, 0)), "both on the archive's own device");

    let (Some(one), Some(two)) = (Volume::mount(), Volume::mount()) else {
        println!("skipped: replicas on devices of their own, because mounting is not allowed here");
        return;
    };
    let ids = [
        school.replicate("third", &one.0.path().join("a")),
        school.replicate("fourth", &one.0.path().join("b")),
    ];
    ids.iter().for_each(|id| school.verify(*id));
    assert_eq!(school.replicas_of(case), (false, told(4, 1)), "two on one device count once");
    let fifth = school.replicate("fifth", &two.0.path().join("c"));
    assert_eq!(school.replicas_of(case), (false, told(4, 1)));
    school.verify(fifth);
    assert_eq!(school.replicas_of(case), (true, told(5, 2)));

    // What is added to a dossier is not at the replicas yet.
    let photos = school.office.catalog.read(|conn| photos::of_delivery(conn, school.delivery)).unwrap();
    let more = NewPhoto::from_bytes(PhotoKind::Enrolment, photo(99), "later").unwrap();
    let by = User { name: "test".to_owned(), address: None };
    Holdings::new(&school.office.archive, &school.office.catalog)
        .keep(vec![Change::of(photos[0].0, "later").photo(more)], &by, Timestamp::now())
        .unwrap();
    assert_eq!(school.replicas_of(case), (false, told(0, 0)));
    for id in [ids[0], fifth] {
        replica::sync_now(&school.office, &Actor::console(), id, &mut |_, _, _| true).unwrap();
        school.verify(id);
    }
    assert_eq!(school.replicas_of(case), (true, told(2, 2)));
    school.sign(&school.registrar, case).unwrap();
    let sealed = school.sign(&school.it, case).unwrap();
    assert!(sealed.guards.iter().any(|guard| guard.code == "archive.replicas" && guard.met), "{sealed:#?}");
}

/// A letter in the middle of the last message's payload becomes another.
fn flip(session: &str) -> String {
    let at = session.rfind("\"payload\":\"").unwrap() + 40;
    let other = if &session[at..=at] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &session[..at], &session[at + 1..])
}

/// The case's own version, which stands last, is another.
fn newer(session: &str) -> String {
    let at = session.rfind("\"v\":1").unwrap();
    format!("{}\"v\":2{}", &session[..at], &session[at + 5..])
}

#[test]
fn a_case_that_cannot_be_read_is_told_of_and_keeps_nobody_from_the_others() {
    let school = school();
    let (good, bad) = (school.open().id, school.open_another().id);
    school.sign(&school.registrar, bad).unwrap();
    let (told, kept) = (school.get(bad), school.office.office.read(|conn| rows::get(conn, bad)).unwrap());
    let healthy = school.doctor();
    assert_eq!((healthy.code.as_str(), healthy.level.as_str()), ("cases-ok", "ok"));
    type Spoil = fn(&str) -> String;
    let spoil: [(Spoil, &str); 4] = [
        (|_| "{}".to_owned(), "case-damaged"),
        (flip, "case-damaged"),
        (newer, "case-of-other-rules"),
        (|kept| kept.replace("\"objects\":", "\"things\":"), "case-damaged"),
    ];
    for (spoil, reason) in spoil {
        school.spoil(bad, spoil);
        let all = deletion::list(&school.office, &school.registrar).unwrap();
        let listed = |id| all.iter().find(|case| case.id == id).unwrap();
        assert_eq!((listed(good).unreadable.as_deref(), listed(good).objects), (None, 3));
        let unread = listed(bad);
        assert_eq!((unread.unreadable.as_deref(), unread.objects, unread.next), (Some(reason), 0, None));
        assert_eq!((&unread.vendor_name, &unread.state), (&told.vendor_name, &told.state));
        let refused = |error: Error| {
            let problem = problem(error);
            assert_eq!((problem.code, problem.status), (ProblemCode::CaseUnreadable, 503));
            assert_eq!(problem.params["reason"], reason);
        };
        refused(deletion::get(&school.office, &school.registrar, bad).unwrap_err());
        refused(school.sign(&school.registrar, bad).unwrap_err());
        refused(deletion::messages_of(&school.office, FINGERPRINT, bad, None).unwrap_err());
        assert_eq!(deletion::cases_of(&school.office, FINGERPRINT).unwrap().len(), 1);
        let finding = school.doctor();
        assert_eq!((finding.code.as_str(), finding.level.as_str()), ("case-unreadable", "stop"));
        assert_eq!(finding.params["cases"], bad.to_string());
        assert!(finding.mend.contains("office.db"), "{finding:?}");
        school.spoil(bad, |_| kept.as_ref().unwrap().session.clone());
        assert_eq!(school.get(bad), told, "put back, it goes on");
    }
}

#[test]
fn a_legal_hold_stops_the_deletion_of_that_persons_delivery_until_it_is_lifted() {
    let school = school();
    let stating = Actor { purpose: Some("诉讼保全".to_owned()), ..school.registrar.clone() };
    let held = school.office.catalog.read(|conn| photos::of_delivery(conn, school.delivery)).unwrap()[0].0;
    let reason = |text: &str| HoldReason { reason: text.to_owned() };
    let placed = hold::place(&school.office, &stating, held, &reason("法院通知")).unwrap();
    // A hold on somebody else's record is no matter here.
    let other = school.open_another();
    let case = school.to_seal(school.open());
    let refused = problem(school.sign(&school.registrar, case.id).unwrap_err());
    assert_eq!(refused.code, ProblemCode::GuardNotMet, "{refused:?}");
    assert!(refused.title.contains("archive.holds"), "{}", refused.title);
    let other = school.to_seal(other);
    school.sign(&school.registrar, other.id).unwrap();

    let dossier = crate::dossier::read(&school.office, &stating, held).unwrap();
    assert_eq!(dossier.holds, std::slice::from_ref(&placed));
    assert_eq!(hold::standing(&school.office, &school.it).unwrap(), std::slice::from_ref(&placed));
    let lifted = hold::lift(&school.office, &stating, placed.id, &reason("诉讼结束")).unwrap();
    assert_eq!(lifted.lifted.unwrap().reason, "诉讼结束");
    assert!(hold::standing(&school.office, &school.it).unwrap().is_empty());
    let twice = hold::lift(&school.office, &stating, placed.id, &reason("诉讼结束")).unwrap_err();
    assert_eq!(code_of(twice), ProblemCode::WrongState);
    school.sign(&school.registrar, case.id).unwrap();
}

#[test]
fn a_hold_needs_the_right_a_purpose_and_a_reason() {
    let school = school();
    let held = school.office.catalog.read(|conn| photos::of_delivery(conn, school.delivery)).unwrap()[0].0;
    let place = |actor: &Actor, reason: &str| {
        code_of(
            hold::place(&school.office, actor, held, &HoldReason { reason: reason.to_owned() }).unwrap_err(),
        )
    };
    let stating = |actor: &Actor| Actor { purpose: Some("诉讼保全".to_owned()), ..actor.clone() };
    assert_eq!(place(&stating(&school.it), "法院通知"), ProblemCode::NotAllowed);
    assert_eq!(place(&school.registrar, "法院通知"), ProblemCode::PurposeRequired);
    assert_eq!(place(&stating(&school.registrar), " "), ProblemCode::BadField);
}
