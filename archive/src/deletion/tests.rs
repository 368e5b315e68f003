use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use handshake::{
    certificate::{Outcome, Trust, verify_certificate},
    keys::PublicKey,
    level::Level,
    message::{
        Drill, ErasureErrors, Inventory, Location, LocationErased, LocationKind, LocationPlan, PathCheck,
        Replica, Sanitisation, Sighting,
    },
    objects::{LocationId, ObjectId},
    policy::{Officer, Organisation, PolicyTerms},
    vendor::{Turn, Vendor},
};
use jiff::SignedDuration;
use ledger::{Hash, NoteSigner};

use super::*;

fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

fn signer_of(role: Role) -> SigningKey {
    key(match role {
        Role::School => 1,
        Role::Registrar => 2,
        Role::It => 3,
        Role::Agent => 4,
        Role::Legal => 5,
    })
}

fn witness() -> NoteSigner {
    NoteSigner::witness("witness.example".parse().unwrap(), key(8))
}

fn policy(log: &Log) -> Arc<Policy> {
    let public = |role| PublicKey::from(signer_of(role).verifying_key());
    let officer = |role| Officer { name: "某人".into(), title: "负责人".into(), key: public(role) };
    let ledger = format!("log {}\nwitness W {}\nquorum W\n", log.verifier_key(), witness().verifier_key());
    let terms = PolicyTerms {
        v: 1,
        school: Organisation { name: "示例大学".into(), key: public(Role::School) },
        registrar: officer(Role::Registrar),
        it: officer(Role::It),
        vendor: Organisation { name: "示例照相馆".into(), key: public(Role::Agent) },
        legal: officer(Role::Legal),
        ledger,
    };
    Arc::new(Policy::new(terms).unwrap())
}

fn bytes_of(n: usize) -> Vec<u8> {
    vec![u8::try_from(n).unwrap(); 1000 + n]
}

fn boot(n: u8) -> BootId {
    BootId::from_bytes([n; 16])
}

/// A school with a ledger on disk, and a vendor.
struct World {
    _dir: tempfile::TempDir,
    log: Log,
    case: Case,
    vendor: Vendor,
    now: Timestamp,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Log::open(dir.path(), "ledger.school.example".parse().unwrap(), key(6)).unwrap();
        log.append(&[b"an earlier leaf".to_vec()]).unwrap();
        let object = |n| Object {
            id: ObjectId::new(format!("photo_{n}")).unwrap(),
            sha256: Hash::of(&bytes_of(n)),
            len: bytes_of(n).len() as u64,
            salt: Salt::from_bytes([u8::try_from(n).unwrap(); 32]),
        };
        let case = Case::open(policy(&log), (0..4).map(object).collect(), boot(1)).unwrap();
        let vendor = Vendor::join(case.state().session(), policy(&log), boot(2));
        Self { _dir: dir, log, case, vendor, now: "2026-07-01T08:00:00Z".parse().unwrap() }
    }

    fn stamp(&self) -> Stamp {
        stamp(&self.log, self.now, 1)
    }

    fn sign(&self, mut envelope: Envelope) -> Envelope {
        for role in envelope.missing(self.case.state().policy()).unwrap() {
            envelope.sign(&signer_of(role)).unwrap();
        }
        envelope
    }

    /// As the service does: append what is new, save, load.
    fn settle(&mut self) {
        for (seq, leaf) in self.case.unlogged().unwrap() {
            let places = self.log.append(&[leaf]).unwrap();
            self.case.logged(seq, places[0]);
        }
        self.case = Case::load(&self.case.to_bytes().unwrap(), boot(1)).unwrap();
        self.now += SignedDuration::from_secs(2);
    }

    fn school(&mut self, envelope: Result<Envelope, MessageError>) {
        let envelope = self.sign(envelope.unwrap());
        self.case.weigh(&envelope).unwrap();
        self.case.say(envelope, self.now).unwrap();
        // The vendor's agent asks for what it doesn't know.
        let from = usize::try_from(self.vendor.known()).unwrap();
        for envelope in self.case.envelopes(from).to_vec() {
            self.vendor.receive(envelope, self.now).unwrap();
        }
        self.settle();
    }

    fn vendor(&mut self, envelope: Result<Envelope, DraftError>) {
        let envelope = self.sign(envelope.unwrap());
        self.vendor.hold(envelope.clone()).unwrap();
        self.vendor = Vendor::load(&self.vendor.to_bytes().unwrap(), boot(2)).unwrap();
        self.case.receive(envelope, self.now).unwrap();
        self.vendor.arrived().unwrap();
        self.settle();
    }

    fn safety(&self, hours: i64) -> Safety {
        let replica = |id: &str| Replica {
            id: id.into(),
            medium: id.into(),
            verified_at: self.now - SignedDuration::from_hours(hours),
        };
        Safety { replicas: vec![replica("disk"), replica("tape")], open_defects: 0, holds: vec![] }
    }

    fn seal(&self, hours: i64) -> Seal {
        Seal {
            archive_checkpoint: self.log.checkpoint().to_string(),
            safety: self.safety(hours),
            fixity_root: Hash::of(b"fixity"),
            drill: Drill {
                at: self.now,
                objects: 4,
                bytes: self.case.objects().bytes(),
                differing: 0,
                report: Hash::of(b"report"),
            },
            excluded: vec![],
            sightings: vec![Sighting { location: disk(), photo: Hash::of(b"photo") }],
        }
    }

    fn invite(&mut self) {
        let invitation = Invitation {
            contract: "HT-2026-018".into(),
            legal_basis: vec!["个人信息保护法第四十七条".into()],
            delivery: "delivery_1".into(),
            accepted_at: Some(self.now),
            required: BTreeMap::from([(LocationKind::Disk, Level::Al1)]),
        };
        let envelope = self.case.invite(invitation, &self.stamp());
        self.school(envelope);
    }

    fn enrol(&mut self) {
        self.invite();
        assert_eq!((self.case.due(self.now), self.vendor.turn()), (Due::Vendor, Turn::Inventory));
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
        let inventory = Inventory { locations: vec![location], no_other_location: "无其他副本".into() };
        let envelope = self.vendor.inventory(inventory, &self.stamp());
        self.vendor(envelope);
    }

    fn prove(&mut self) {
        self.enrol();
        let envelope = self.case.seal(self.seal(1), &self.stamp());
        self.school(envelope);
        let envelope = self.case.challenge(&self.stamp());
        self.school(envelope);
        let list = self.case.objects().clone();
        let mut prover = self.vendor.prover(&list, &disk()).unwrap();
        for n in 0..4 {
            let mut mac = prover.begin(n).unwrap();
            mac.update(&bytes_of(usize::try_from(n).unwrap()));
            prover.end(n, mac).unwrap();
        }
        let envelope = self.vendor.possession(vec![prover.finish(vec![], "file system")], &self.stamp());
        self.vendor(envelope);
        assert_eq!(self.case.due(self.now), Due::Check);
    }

    fn own_copy(object: &Object) -> io::Result<io::Cursor<Vec<u8>>> {
        let n: usize = object.id.as_str().trim_start_matches("photo_").parse().unwrap();
        Ok(io::Cursor::new(bytes_of(n)))
    }

    fn authorise(&mut self) {
        self.prove();
        let envelope = self.case.check(Self::own_copy, &self.stamp());
        self.school(envelope);
        let plan = LocationPlan {
            location: disk(),
            sanitisation: Sanitisation::Clear,
            technique: "overwrite".into(),
            expected_seconds: 1,
            controls: None,
        };
        let envelope = self.vendor.plan(vec![plan], vec![], &self.stamp());
        self.vendor(envelope);
        let envelope = self.case.ready(vec![Role::Registrar, Role::It], vec!["W".into()], &self.stamp());
        self.school(envelope);
        let stamp = self.stamp();
        let envelope = self.case.commit(&stamp);
        self.school(envelope);
        let stamp = self.stamp();
        let envelope = self.vendor.commit(Nonce::from_bytes([77; 32]), &stamp);
        self.vendor(envelope);
        assert_eq!(self.case.due(self.now), Due::Reveal);
        let envelope = self.case.reveal(&self.stamp());
        self.school(envelope);
        let envelope = self.vendor.reveal(&self.stamp());
        self.vendor(envelope);
        let heard = self.case.own_code().unwrap();
        let envelope = self.vendor.confirm(&heard, person(), &self.stamp());
        self.vendor(envelope);
        assert_eq!(self.case.due(self.now), Due::Authorise);
        let heard = self.vendor.own_code().unwrap();
        let envelope = self.case.authorise(&heard.to_lowercase(), self.safety(1), &self.stamp());
        self.school(envelope);
    }

    fn erased(&self, found: u64) -> LocationErased {
        LocationErased {
            location: disk(),
            sanitisation: Sanitisation::Clear,
            technique: "overwrite".into(),
            tool: "xuecang-agent".into(),
            tool_version: "0.1.0".into(),
            passes: 1,
            started_at: self.now,
            ended_at: self.now,
            files: 4,
            device_status: "ok".into(),
            errors: ErasureErrors::default(),
            retries: 0,
            hidden_areas: "none".into(),
            destination: "stays".into(),
            paths: Some(PathCheck { checked: 4, found }),
            scan: None,
        }
    }

    fn conclude(&mut self) {
        let envelope = self.case.absence("保留区块无法寻址", &self.stamp());
        self.school(envelope);
        let envelope = self.case.certificate(&self.stamp());
        self.school(envelope);
    }
}

fn disk() -> LocationId {
    LocationId::new("disk1").unwrap()
}

fn person() -> Person {
    Person { name: "某人".into(), title: "操作员".into(), place: "机房".into() }
}

#[test]
fn a_whole_deletion_with_a_ledger_on_disk_ends_certified() {
    let mut w = World::new();
    assert_eq!(w.case.due(w.now), Due::Invite);
    w.authorise();
    let envelope = w.vendor.erased(vec![w.erased(0)], person(), &w.stamp());
    w.vendor(envelope);
    let envelope = w.case.verify(person(), "代理报告，信息中心人员在场", &BTreeMap::new(), &w.stamp());
    w.school(envelope);
    w.conclude();
    let envelope = w.vendor.countersign("", &w.stamp());
    w.vendor(envelope);
    assert_eq!((w.case.due(w.now), w.vendor.turn()), (Due::Assemble, Turn::Done));

    // Other things go on in the ledger; before the witness has cosigned it is PARTIAL.
    w.log.append(&[b"something else".to_vec()]).unwrap();
    let certificate = w.case.assemble(&w.log, &signer_of(Role::School)).unwrap();
    assert_eq!(certificate.outcome(), Outcome::Partial);
    let cosignature = ledger::cosign(w.log.checkpoint(), &witness(), 1_783_000_000).unwrap();
    w.log.add_cosignature(&witness().verifier_key(), cosignature).unwrap();
    let file = w.case.assemble(&w.log, &signer_of(Role::School)).unwrap().to_bytes().unwrap();
    let report =
        verify_certificate(&file, Trust::Fingerprint(w.case.state().policy().fingerprint())).unwrap();
    assert_eq!((report.outcome, report.level), (Outcome::Certified, Level::Al1));
    assert!(
        crate::log::fsck(w._dir.path(), &w.log.verifier_key())
            .unwrap()
            .iter()
            .all(|finding| { matches!(finding, crate::log::Finding::OddLeaf { .. }) })
    );
}

#[test]
fn traces_that_the_school_finds_itself_are_a_dispute() {
    let mut w = World::new();
    w.authorise();
    let envelope = w.vendor.erased(vec![w.erased(0)], person(), &w.stamp());
    w.vendor(envelope);
    let found = BTreeMap::from([(disk(), 2)]);
    let envelope = w.case.verify(person(), "现场查看", &found, &w.stamp());
    w.school(envelope);
    assert_eq!((w.case.state().phase(), w.vendor.turn()), (Phase::Disputed, Turn::Erase));
    w.conclude();
    let certificate = w.case.assemble(&w.log, &signer_of(Role::School)).unwrap();
    assert_eq!(certificate.outcome(), Outcome::Partial);
}

#[test]
fn nonces_are_drawn_only_once_the_inventory_is_in_the_ledger() {
    let mut w = World::new();
    w.invite();
    assert!(matches!(w.case.challenge(&w.stamp()), Err(MessageError::TooEarly)));
    w.case.leaves.clear();
    let mut w = World::new();
    w.enrol();
    w.case.leaves[1].index = None;
    assert!(matches!(w.case.challenge(&w.stamp()), Err(MessageError::NotLogged)));
}

#[test]
fn stale_replicas_are_seen_before_anybody_signs() {
    let mut w = World::new();
    w.enrol();
    let draft = w.case.seal(w.seal(25), &w.stamp()).unwrap();
    assert_eq!(w.case.weigh(&draft).unwrap().iter().filter(|guard| !guard.met).count(), 1);
    let draft = w.case.seal(w.seal(23), &w.stamp()).unwrap();
    assert!(w.case.weigh(&draft).unwrap().iter().all(|guard| guard.met));
}

#[test]
fn a_damaged_own_copy_stops_everything() {
    let mut w = World::new();
    w.prove();
    let damaged = |object: &Object| {
        let mut copy = World::own_copy(object)?.into_inner();
        copy[0] ^= 1;
        Ok(io::Cursor::new(copy))
    };
    let checked = w.case.check(damaged, &w.stamp());
    assert!(matches!(checked, Err(MessageError::Possession(PossessionError::Damaged { .. }))));
}

#[test]
fn after_a_restart_the_school_draws_new_nonces() {
    let mut w = World::new();
    w.enrol();
    let envelope = w.case.seal(w.seal(1), &w.stamp());
    w.school(envelope);
    let envelope = w.case.challenge(&w.stamp());
    w.school(envelope);
    assert_eq!(w.case.due(w.now), Due::Vendor);
    assert_eq!(w.case.due(w.now + SignedDuration::from_mins(11)), Due::Challenge);
    w.case = Case::load(&w.case.to_bytes().unwrap(), boot(5)).unwrap();
    assert_eq!(w.case.due(w.now), Due::Challenge);
}

#[test]
fn a_case_put_together_from_two_is_refused() {
    let (mut one, mut two) = (World::new(), World::new());
    one.invite();
    two.invite();
    one.case.objects = two.case.objects.clone();
    assert!(matches!(Case::load(&one.case.to_bytes().unwrap(), boot(1)), Err(CaseError::Mixed)));
}

#[test]
fn an_envelope_is_logged_the_same_way_as_any_event() {
    let mut w = World::new();
    w.invite();
    let leaf = &w.case.leaves[0];
    let event = crate::log::Event {
        id: leaf.event.id.parse().unwrap(),
        kind: leaf.event.kind.clone(),
        at: leaf.event.at.clone(),
        actor: leaf.event.actor.clone(),
        subject: leaf.event.subject.clone(),
        detail: serde_json::json!({"envelope": w.case.envelopes(0)[0].hash().unwrap()}),
        salt: *leaf.salt.as_bytes(),
    };
    assert_eq!(event.leaf().unwrap(), leaf.event.leaf(&leaf.salt).unwrap());
}
