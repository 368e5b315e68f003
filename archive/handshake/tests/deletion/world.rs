//! A school, a vendor, a ledger and two witnesses, all in memory, with a clock that the tests turn.

use std::{collections::BTreeMap, sync::Arc};

use ed25519_dalek::SigningKey;
use handshake::{
    bytes::{BootId, Nonce, Salt, SessionId},
    certificate::{Certificate, LedgerEntry, LedgerEvent, LedgerPart, SeenCheckpoint},
    envelope::Envelope,
    keys::{Party, PublicKey, Role},
    level::Level,
    message::{
        Absence, Authorise, Body, CertificateBody, Challenge, Checked, Commit, Confirm, Controls,
        Countersign, Drill, Erased, ErasureErrors, Extra, Inventory, Invite, Location, LocationAbsence,
        LocationChecked, LocationErased, LocationKind, LocationNonce, LocationPlan, LocationPossession,
        LocationVerdict, PathCheck, Person, Plan, Possession, RawScan, Ready, Replica, Reveal, Safety,
        Sanitisation, Seal, Sighting, Verify,
    },
    objects::{LocationId, Object, ObjectId, ObjectList},
    policy::{Officer, Organisation, Policy, PolicyTerms},
    possession::{ObjectMac, PossessionRoot},
    sas::commit_to,
    session::{Accepted, Session, Stamp},
    side::Side,
    state::{Phase, Refusal, State},
    statement::Statement,
    vendor::Vendor,
};
use jiff::{SignedDuration, Timestamp};
use ledger::{
    Checkpoint, Hash, MemoryTree, NoteSigner, SignedCheckpoint, consistency_proof, cosign, inclusion_proof,
    leaf_hash,
};

pub(crate) fn key(role: Role) -> SigningKey {
    SigningKey::from_bytes(
        &[match role {
            Role::School => 1,
            Role::Registrar => 2,
            Role::It => 3,
            Role::Agent => 4,
            Role::Legal => 5,
        }; 32],
    )
}

pub(crate) fn log_signer() -> NoteSigner {
    NoteSigner::log("ledger.school.example".parse().unwrap(), SigningKey::from_bytes(&[6; 32]))
}

pub(crate) fn witness(seed: u8) -> NoteSigner {
    NoteSigner::witness(
        format!("witness.example/{seed}").parse().unwrap(),
        SigningKey::from_bytes(&[seed; 32]),
    )
}

pub(crate) fn terms() -> PolicyTerms {
    let public = |role| PublicKey::from(key(role).verifying_key());
    let officer =
        |name: &str, role| Officer { name: name.into(), title: "officer".into(), key: public(role) };
    PolicyTerms {
        v: 1,
        school: Organisation { name: "示例大学".into(), key: public(Role::School) },
        registrar: officer("张教务", Role::Registrar),
        it: officer("李信息", Role::It),
        vendor: Organisation { name: "示例照相馆".into(), key: public(Role::Agent) },
        legal: officer("王法人", Role::Legal),
        ledger: format!(
            "log {}\nwitness W1 {}\nwitness W2 {}\ngroup both all W1 W2\nquorum both\n",
            log_signer().verifier_key(),
            witness(11).verifier_key(),
            witness(12).verifier_key()
        ),
    }
}

pub(crate) fn location(id: &str) -> LocationId {
    LocationId::new(id).unwrap()
}

pub(crate) fn person(name: &str) -> Person {
    Person { name: name.into(), title: "operator".into(), place: "机房".into() }
}

pub(crate) fn bytes_of(index: u64) -> Vec<u8> {
    format!("photo number {index} ").repeat(50 + usize::try_from(index).unwrap()).into_bytes()
}

pub(crate) fn boot(n: u8) -> BootId {
    BootId::from_bytes([n; 16])
}

/// What can be wrong with what somebody says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Wrong(pub(crate) bool);

pub(crate) struct World {
    pub(crate) school: Side,
    pub(crate) vendor: Vendor,
    pub(crate) list: ObjectList,
    now: Timestamp,
    tree: MemoryTree,
    entries: Vec<(LedgerEvent, Salt, u64)>,
    drawn: u8,
}

impl World {
    pub(crate) fn new() -> Self {
        let policy = Arc::new(Policy::new(terms()).unwrap());
        let session = SessionId::from_bytes([7; 16]);
        let objects = (0..5)
            .map(|n| Object {
                id: ObjectId::new(format!("photo_{n}")).unwrap(),
                sha256: Hash::of(&bytes_of(n)),
                len: bytes_of(n).len() as u64,
                salt: Salt::from_bytes([u8::try_from(n).unwrap(); 32]),
            })
            .collect();
        Self {
            school: Side::new(Party::School, session, Arc::clone(&policy), boot(1)),
            vendor: Vendor::join(session, policy, boot(2)),
            list: ObjectList::new(session, objects).unwrap(),
            now: "2026-07-01T08:00:00Z".parse().unwrap(),
            tree: MemoryTree::default(),
            entries: Vec::new(),
            drawn: 0,
        }
    }

    pub(crate) fn state(&self) -> &State {
        self.school.state()
    }

    pub(crate) fn phase(&self) -> Phase {
        self.state().phase()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) fn wait(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    pub(crate) fn stamp(&self) -> Stamp {
        Stamp { at: self.now, mono_ms: 1, log_size: self.tree.size(), log_root: self.tree.root() }
    }

    pub(crate) fn draw(&mut self) -> Nonce {
        self.drawn += 1;
        Nonce::from_bytes([self.drawn; 32])
    }

    pub(crate) fn sign(&self, mut envelope: Envelope) -> Envelope {
        for role in envelope.missing(self.state().policy()).unwrap() {
            envelope.sign(&key(role)).unwrap();
        }
        envelope
    }

    fn log(&mut self, envelope: &Envelope) {
        let index = self.tree.size();
        let event = LedgerEvent::new(
            format!("event_{index}"),
            self.now.to_string(),
            "system".into(),
            self.state().session(),
            envelope.hash().unwrap(),
        );
        let salt = Salt::from_bytes([u8::try_from(index).unwrap(); 32]);
        self.tree.push(leaf_hash(&event.leaf(&salt).unwrap()));
        self.entries.push((event, salt, index));
    }

    /// The school says something; the vendor hears it.
    pub(crate) fn school_says(&mut self, body: Body) -> Result<(), Refusal> {
        self.wait(1);
        let envelope = self.school.draft(body, &self.stamp()).unwrap();
        self.school_sends(envelope)
    }

    pub(crate) fn school_sends(&mut self, envelope: Envelope) -> Result<(), Refusal> {
        let envelope = self.sign(envelope);
        self.school.say(envelope.clone())?;
        self.vendor.receive(envelope.clone(), self.now)?;
        self.log(&envelope);
        Ok(())
    }

    /// The vendor says something; the school hears it.
    pub(crate) fn vendor_sends(&mut self, envelope: Envelope) -> Result<(), Refusal> {
        let envelope = self.sign(envelope);
        self.vendor.hold(envelope.clone())?;
        match self.school.receive(envelope.clone(), self.now) {
            Ok(accepted) => assert_eq!(accepted, Accepted::New),
            Err(refusal) => {
                self.vendor.withdraw();
                return Err(refusal);
            }
        }
        self.vendor.arrived()?;
        self.log(&envelope);
        Ok(())
    }

    /// Either side says something, signed as it must be but not weighed by its own side first.
    pub(crate) fn says(&mut self, party: Party, body: Body) -> Result<(), Refusal> {
        self.wait(1);
        let mut session = Session::replay(
            self.state().session(),
            Arc::new(self.state().policy().clone()),
            self.school.envelopes().to_vec(),
        )?;
        let envelope = self.sign(session.draft(party, body, &self.stamp()).unwrap());
        session.accept(envelope.clone())?;
        match party {
            Party::School => {
                self.school.say(envelope.clone())?;
                self.vendor.receive(envelope.clone(), self.now)?;
            }
            Party::Vendor => {
                self.school.receive(envelope.clone(), self.now)?;
                self.vendor.hold(envelope.clone())?;
                self.vendor.arrived()?;
            }
        }
        self.log(&envelope);
        Ok(())
    }

    pub(crate) fn checkpoint(&self, witnesses: &[u8]) -> SignedCheckpoint {
        let origin = "ledger.school.example".parse().unwrap();
        let checkpoint = Checkpoint { origin, size: self.tree.size(), root: self.tree.root() };
        let mut signed = checkpoint.sign(&log_signer()).unwrap();
        for seed in witnesses {
            let signature = cosign(&signed, &witness(*seed), 1_783_000_000).unwrap();
            signed.add(signature);
        }
        signed
    }

    pub(crate) fn ledger_part(&self, witnesses: &[u8]) -> LedgerPart {
        let size = self.tree.size();
        let seen = self.state().checkpoints_seen().keys().filter(|size| **size > 0);
        LedgerPart {
            checkpoint: self.checkpoint(witnesses).to_string(),
            entries: self
                .entries
                .iter()
                .map(|(event, salt, index)| LedgerEntry {
                    event: event.clone(),
                    salt: *salt,
                    index: *index,
                    proof: inclusion_proof(&self.tree, *index, size).unwrap(),
                })
                .collect(),
            seen: seen
                .map(|old| SeenCheckpoint {
                    size: *old,
                    proof: consistency_proof(&self.tree, *old, size).unwrap(),
                })
                .collect(),
        }
    }

    pub(crate) fn certificate(&self, witnesses: &[u8]) -> Certificate {
        let policy = Arc::new(self.state().policy().clone());
        let session =
            Session::replay(self.state().session(), policy, self.school.envelopes().to_vec()).unwrap();
        Certificate::assemble(&session, self.ledger_part(witnesses), &key(Role::School)).unwrap()
    }

    // What each side says, right or wrong.

    pub(crate) fn invite(&self, wrong: Wrong) -> Body {
        Body::Invite(Invite {
            contract: "HT-2026-018".into(),
            legal_basis: vec!["个人信息保护法第四十七条".into(), "教学服〔2022〕10号".into()],
            delivery: "delivery_1".into(),
            accepted_at: (!wrong.0).then_some(self.now),
            object_root: self.list.root().unwrap(),
            object_count: self.list.count(),
            byte_count: self.list.bytes(),
            policy: self.state().policy().fingerprint(),
            required: BTreeMap::from([(LocationKind::Disk, Level::Al2), (LocationKind::Nas, Level::Al1)]),
        })
    }

    pub(crate) fn inventory(&self, wrong: Wrong) -> Inventory {
        let place = |id: &str, kind| Location {
            id: location(id),
            kind,
            owner: "示例照相馆".into(),
            make: "Seagate".into(),
            model: "ST4000".into(),
            serial: if wrong.0 { String::new() } else { format!("S-{id}") },
            wwn: None,
            capacity: Some(4_000_000_000_000),
            hidden_areas: "none".into(),
            file_system: "ext4".into(),
            encryption: "none".into(),
            snapshots: "none".into(),
            retention: "until erased".into(),
            sub_processors: vec![],
            derivatives: vec!["thumbnails".into()],
        };
        Inventory {
            locations: vec![place("disk1", LocationKind::Disk), place("nas1", LocationKind::Nas)],
            no_other_location: "除上述位置外，本公司及人员未保留任何副本。".into(),
        }
    }

    pub(crate) fn safety(&self, wrong: Wrong) -> Safety {
        let replica = |id: &str, hours| Replica {
            id: id.into(),
            medium: id.into(),
            verified_at: self.now - SignedDuration::from_hours(hours),
        };
        Safety {
            replicas: vec![replica("main", 1), replica("tape", if wrong.0 { 25 } else { 23 })],
            open_defects: 0,
            holds: vec![],
        }
    }

    pub(crate) fn seal(&self, wrong: Wrong) -> Body {
        Body::Seal(Seal {
            archive_checkpoint: self.checkpoint(&[]).to_string(),
            safety: self.safety(wrong),
            fixity_root: Hash::of(b"fixity"),
            drill: Drill {
                at: self.now,
                objects: 5,
                bytes: self.list.bytes(),
                differing: 0,
                report: Hash::of(b"drill"),
            },
            excluded: vec![],
            sightings: ["disk1", "nas1"]
                .map(|id| Sighting { location: location(id), photo: Hash::of(id.as_bytes()) })
                .to_vec(),
        })
    }

    pub(crate) fn challenge(&mut self, wrong: Wrong) -> Body {
        let index = self.state().said().inventory.as_ref().map_or(0, |kept| kept.seq);
        let nonces =
            ["disk1", "nas1"].map(|id| LocationNonce { location: location(id), nonce: self.draw() }).to_vec();
        Body::Challenge(Challenge { nonces, inventory_index: if wrong.0 { self.tree.size() } else { index } })
    }

    /// The objects at a place: all on the disk, three on the network storage.
    fn held(id: &str) -> &'static [u64] {
        if id == "disk1" { &[0, 1, 2, 3, 4] } else { &[1, 2, 4] }
    }

    pub(crate) fn possession(&self, wrong: Wrong) -> Vec<LocationPossession> {
        ["disk1", "nas1"]
            .map(|id| {
                let mut prover = self.vendor.prover(&self.list, &location(id)).unwrap();
                for index in Self::held(id) {
                    let mut mac = prover.begin(*index).unwrap();
                    bytes_of(*index).chunks(100).for_each(|chunk| mac.update(chunk));
                    if wrong.0 {
                        mac.update(b"!");
                    }
                    prover.end(*index, mac).unwrap();
                }
                let extra = Extra {
                    what: "thumbnail".into(),
                    files: 5,
                    bytes: 5_000,
                    explanation: "made by the album program".into(),
                    erased_too: true,
                    list: None,
                };
                prover.finish(vec![extra], "the file system")
            })
            .to_vec()
    }

    pub(crate) fn checked(&self) -> Body {
        let said = self.state().said();
        let nonces = &said.challenge.as_ref().unwrap().body.nonces;
        let root = |place: &LocationPossession| {
            let nonce = nonces.iter().find(|nonce| nonce.location == place.location).unwrap().nonce;
            let mut root = PossessionRoot::default();
            for index in place.held.indexes() {
                let object = self.list.objects().get(usize::try_from(index).unwrap()).unwrap();
                let mut mac = ObjectMac::new(&nonce, &place.location, &object.id);
                mac.update(&bytes_of(index));
                root.add(index, mac.finish());
            }
            LocationChecked { location: place.location.clone(), root: root.finish().0 }
        };
        let places = &said.possession.as_ref().unwrap().body.locations;
        Body::Checked(Checked { locations: places.iter().map(root).collect() })
    }

    pub(crate) fn plan(&self) -> Plan {
        let place = |id: &str| LocationPlan {
            location: location(id),
            sanitisation: Sanitisation::Clear,
            technique: "overwrite files and free space once".into(),
            expected_seconds: 600,
            controls: Some(Controls { planted: 32, found: 32 }),
        };
        Plan { locations: vec![place("disk1"), place("nas1")], present: vec![person("赵操作")] }
    }

    pub(crate) fn ready(&self, wrong: Wrong) -> Body {
        Body::Ready(Ready {
            plan: self.state().said().plan.as_ref().map_or_else(Hash::empty, |plan| plan.envelope),
            officers: vec![Role::Registrar, Role::It],
            witnesses: if wrong.0 { vec![] } else { vec!["W1".into(), "W2".into()] },
        })
    }

    pub(crate) fn authorise(&self, wrong: Wrong) -> Body {
        let code = self.state().codes().map_or_else(String::new, |codes| codes.code(Party::Vendor));
        Body::Authorise(Authorise { code, safety: self.safety(wrong) })
    }

    pub(crate) fn confirm(&self) -> Body {
        let code = self.state().codes().map_or_else(String::new, |codes| codes.code(Party::School));
        Body::Confirm(Confirm { code, operator: person("赵操作") })
    }

    pub(crate) fn erased(&self, wrong: Wrong) -> Vec<LocationErased> {
        ["disk1", "nas1"]
            .map(|id| LocationErased {
                location: location(id),
                sanitisation: Sanitisation::Clear,
                technique: "overwrite files and free space once".into(),
                tool: "xuecang-agent".into(),
                tool_version: "0.1.0".into(),
                passes: 1,
                started_at: self.now,
                ended_at: self.now,
                files: Self::held(id).len() as u64,
                device_status: "ok".into(),
                errors: ErasureErrors { pass: u64::from(wrong.0), ..ErasureErrors::default() },
                retries: 0,
                hidden_areas: "none".into(),
                destination: "stays with the vendor".into(),
                paths: Some(PathCheck { checked: Self::held(id).len() as u64, found: u64::from(wrong.0) }),
                scan: Some(RawScan {
                    device_bytes: 1 << 20,
                    scanned_bytes: 1 << 20,
                    block_hits: 0,
                    file_hits: 0,
                    jpegs_carved: 3,
                    controls_left: 0,
                    free_space_overwritten: true,
                }),
            })
            .to_vec()
    }

    pub(crate) fn verify(&self) -> Body {
        let place = |report: &LocationErased| LocationVerdict {
            location: report.location.clone(),
            level: self.state().borne_out(&report.location).unwrap(),
            hits: report.paths.map_or(0, |paths| paths.found),
            method: "the agent's report, an officer watching".into(),
        };
        let reports = self.state().said().erased.iter().flat_map(|erased| &erased.body.locations);
        Body::Verify(Verify { locations: reports.map(place).collect(), verifier: person("李信息") })
    }

    pub(crate) fn absence(&self) -> Body {
        let place = |place: &Location| {
            let verdict = self.state().verdict(&place.id);
            LocationAbsence {
                location: place.id.clone(),
                absent: verdict.is_some_and(|verdict| verdict.hits == 0),
                level: verdict.map_or(Level::Al0, |verdict| verdict.level),
                residue: "blocks the device keeps back".into(),
            }
        };
        Body::Absence(Absence { locations: self.state().locations().iter().map(place).collect() })
    }

    pub(crate) fn statement(&self) -> Body {
        let statement = Statement::of(self.state()).unwrap();
        Body::Certificate(CertificateBody { statement })
    }

    /// The right next thing to say in this phase, with something wrong in it or not.
    pub(crate) fn next(&mut self, wrong: Wrong) -> Option<(Party, Body)> {
        use Party::{School, Vendor};
        Some(match self.phase() {
            Phase::Draft => (School, self.invite(wrong)),
            Phase::Invited => (Vendor, Body::Inventory(self.inventory(wrong))),
            Phase::Enrolled => (School, self.seal(wrong)),
            Phase::Sealed => (School, self.challenge(wrong)),
            Phase::Challenged => (Vendor, Body::Possession(Possession { locations: self.possession(wrong) })),
            Phase::Answered => (School, self.checked()),
            Phase::Possessed => (Vendor, Body::Plan(self.plan())),
            Phase::Planned => (School, self.ready(wrong)),
            Phase::Ready => (
                School,
                Body::Commit(Commit { commitment: commit_to(School, &Nonce::from_bytes([101; 32])) }),
            ),
            Phase::Authorising => return Some(self.next_of_ceremony(wrong)),
            Phase::Authorised | Phase::Erasing | Phase::Disputed => {
                let locations = self.erased(wrong);
                (
                    Vendor,
                    Body::Erased(Erased {
                        locations, keys_destroyed: vec![], sanitiser: person("赵操作")
                    }),
                )
            }
            Phase::Erased => (School, self.verify()),
            Phase::Verified => (School, self.absence()),
            Phase::Absent => (School, self.statement()),
            Phase::Issued => {
                let certificate = self.state().said().certificate.as_ref().unwrap().envelope;
                (Vendor, Body::Countersign(Countersign { certificate, remarks: String::new() }))
            }
            Phase::Suspended => (School, Body::Resume(handshake::message::Resume { reason: "on".into() })),
            Phase::Cosigned | Phase::Aborted | Phase::Revoked => return None,
        })
    }

    fn next_of_ceremony(&mut self, wrong: Wrong) -> (Party, Body) {
        use Party::{School, Vendor};
        let nonce =
            |party| Nonce::from_bytes([if party == School { 101 } else { 102 } + u8::from(wrong.0) * 10; 32]);
        let ceremony = self.state().ceremony().unwrap();
        if !ceremony.vendor_committed() {
            (Vendor, Body::Commit(Commit { commitment: commit_to(Vendor, &Nonce::from_bytes([102; 32])) }))
        } else if !ceremony.school_revealed() {
            (School, Body::Reveal(Reveal { nonce: nonce(School) }))
        } else if self.state().codes().is_none() {
            (Vendor, Body::Reveal(Reveal { nonce: nonce(Vendor) }))
        } else if self.state().said().confirm.is_none() {
            (Vendor, self.confirm())
        } else {
            (School, self.authorise(wrong))
        }
    }

    /// Plays on, everything right, until `phase`.
    pub(crate) fn play_until(&mut self, phase: Phase) {
        while self.phase() != phase {
            let (party, body) = self.next(Wrong(false)).unwrap();
            self.says(party, body).unwrap();
        }
    }
}
