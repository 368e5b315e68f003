//! Replicas of a real archive with its database and ledger.

use std::path::PathBuf;
use std::sync::Arc;

use api::Role;
use api::ids::{PersonId, UserId};
use archive::db::office::event as events;
use archive::dossier::{Change, Facts, Holdings};
use archive::ocfl::User;
use archive::person::PersonRecord;
use fs_err as fs;

use super::*;
use crate::authority::Names;
use crate::{Config, doctor, health as checks, patrol};

/// An appliance that keeps the dossiers of some people, and folders for replicas beside it.
struct House {
    dir: tempfile::TempDir,
    office: Arc<Office>,
    people: Vec<PersonId>,
}

fn house(people: usize) -> House {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    Office::create(&data, "测试学院", &Names::local()).unwrap();
    let office = Office::open(Config { allow_unencrypted_volume: true, ..Config::new(data) }).unwrap();
    let house = House { dir, office, people: (0..people).map(|_| PersonId::new()).collect() };
    house.keep(&house.people.clone(), "学生");
    house
}

impl House {
    fn keep(&self, people: &[PersonId], name: &str) {
        let dossier = |person: &PersonId| {
            let facts = PersonRecord { name: format!("{name}{person}"), ..PersonRecord::default() };
            Change::of(*person, "test").facts(Facts::Set(Box::new(facts)))
        };
        let by = User { name: "test".to_owned(), address: None };
        Holdings::new(&self.office.archive, &self.office.catalog)
            .keep(people.iter().map(dossier).collect(), &by, Timestamp::now())
            .unwrap();
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn add(&self, name: &str) -> ReplicaId {
        add(&self.office, &Actor::console(), name, &self.at(name)).unwrap().id
    }

    fn sync(&self, id: ReplicaId) -> Passed {
        sync_now(&self.office, &Actor::console(), id, &mut |_, _, _| true).unwrap()
    }

    fn verify(&self, id: ReplicaId) -> Passed {
        verify_now(&self.office, &Actor::console(), id, &mut |_, _, _| true).unwrap()
    }

    fn state(&self, id: ReplicaId) -> health::Replica {
        states(&self.office).unwrap().into_iter().find(|replica| replica.id == id).unwrap()
    }

    /// The folder of somebody's dossier in a root.
    fn dossier(&self, root: &std::path::Path, n: usize) -> PathBuf {
        root.join(self.office.archive.folder(ObjectId::from(self.people[n].uuid())))
    }

    fn spoil(&self, root: &std::path::Path, n: usize) {
        let mut open = vec![self.dossier(root, n).join("v1/content")];
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
                continue;
            }
            let mut bytes = fs::read(&path).unwrap();
            bytes[1] ^= 4;
            fs::write(&path, bytes).unwrap();
        }
    }

    fn check(&self) -> checks::Checked {
        checks::check_now(&self.office, &Actor::console(), &|_, _| {}).unwrap()
    }

    fn doctor(&self, of: &str) -> Vec<String> {
        let found = doctor::examine(&self.office, &Actor::console()).unwrap().findings;
        found.into_iter().map(|finding| finding.code).filter(|code| code.starts_with(of)).collect()
    }
}

fn reader() -> Actor {
    let mut reader = Actor::console();
    reader.rights.insert(Right::ReadHealth);
    reader
}

#[test]
fn a_replica_follows_what_is_archived_and_says_how_far_behind_it_is() {
    let house = house(5);
    assert_eq!(house.doctor("replica"), ["replica-none"]);
    let id = house.add("disk");
    let fresh = house.state(id);
    assert_eq!((fresh.state.as_str(), fresh.behind, fresh.other_device), ("never_synced", 5, Some(false)));
    assert_eq!(house.sync(id), Passed { objects: 5, ..Passed::default() });
    let now = house.state(id);
    assert_eq!((now.state.as_str(), now.behind, now.objects), ("current", 0, 5));
    assert!(now.synced.is_some() && now.current == now.synced && now.verified.is_none() && !now.late);
    assert!(now.free_bytes.is_some_and(|free| free > 0));
    assert_eq!(house.doctor("replica"), ["replica-same-device"], "two folders of one disk");

    house.keep(&house.people[..2], "改名");
    let behind = house.state(id);
    assert_eq!((behind.state.as_str(), behind.behind), ("behind", 2));
    follow(&house.office).unwrap();
    let asked = job::list(&house.office, &reader(), Some(&id.to_string())).unwrap();
    assert_eq!(asked.iter().map(|job| job.kind).collect::<Vec<_>>(), [JobKind::SyncReplica]);
    house.sync(id);
    assert_eq!(house.verify(id), Passed { objects: 5, ..Passed::default() });
    assert!(house.state(id).verified.is_some());
    let waiting = house.office.office.read(|conn| events::waiting(conn, 100)).unwrap();
    let kinds: Vec<_> = waiting.iter().map(|queued| queued.event.kind.as_str()).collect();
    assert_eq!(kinds, [ADDED, SYNCED, SYNCED, VERIFIED]);
}

#[test]
fn what_a_check_finds_damaged_comes_back_from_a_replica_and_everybody_hears_of_it() {
    let house = house(6);
    let id = house.add("disk");
    house.sync(id);
    let archive = house.office.archive.path().to_owned();
    let whole = fs::read(house.dossier(&archive, 2).join("inventory.json")).unwrap();
    house.spoil(&archive, 2);
    fs::remove_dir_all(house.dossier(&archive, 4)).unwrap();
    let checked = house.check();
    assert!(
        checked.check.damaged >= 2 && checked.check.repaired == checked.check.damaged,
        "{:?}",
        checked.check
    );
    let mut repaired: Vec<_> = checked.mending.repaired().into_iter().collect();
    let mut wanted = [2, 4].map(|n: usize| ObjectId::from(house.people[n].uuid()));
    repaired.sort();
    wanted.sort();
    assert_eq!(repaired, wanted);
    assert_eq!(fs::read(house.dossier(&archive, 2).join("inventory.json")).unwrap(), whole);
    let seen = checks::archive(&house.office, &reader()).unwrap();
    assert_eq!(
        (seen.repairs.len(), seen.repairs[0].place.as_str(), seen.repairs[0].from.as_str()),
        (2, "archive", "disk")
    );
    assert_eq!((seen.patrol.hurt, seen.patrol.overdue), (0, 0));
    assert_eq!(house.doctor("fixity"), ["fixity-repaired"]);
    let subject = house.people[2].to_string();
    let told = house.office.office.read(|conn| events::waiting(conn, 100)).unwrap();
    assert!(
        told.iter().any(|queued| queued.event.kind == "archive.repaired" && queued.event.subject == subject)
    );
    let again = house.check();
    assert!(again.faults.is_empty() && again.check.damaged == 0 && again.mending.repairs.is_empty());
    assert_eq!(house.doctor("fixity"), ["fixity-ok"]);
}

#[test]
fn rot_in_both_is_refused_and_named_and_told_until_it_is_mended() {
    let house = house(3);
    let id = house.add("disk");
    house.sync(id);
    let archive = house.office.archive.path().to_owned();
    house.spoil(&archive, 1);
    house.spoil(&house.at("disk/archive"), 1);
    let checked = house.check();
    assert_eq!((checked.check.repaired, checked.mending.repairs.len()), (0, 0));
    let [(object, why)] = checked.mending.refused.as_slice() else { panic!("{:?}", checked.mending) };
    assert_eq!(*object, ObjectId::from(house.people[1].uuid()));
    assert_eq!(why, &[("disk".to_owned(), mend::Refused::Damaged)]);
    assert_eq!(
        (house.doctor("fixity"), house.doctor("patrol")),
        (vec!["fixity-damage".into()], vec!["patrol-hurt".into()])
    );
    let passed = house.verify(id);
    assert_eq!((passed.damaged, passed.repaired), (1, 0), "the archive's own is no better");
    assert_eq!(house.state(id).state, "damaged");
    house.spoil(&archive, 1);
    assert!(house.check().faults.is_empty(), "the bit is as it was");
    let passed = house.sync(id);
    assert_eq!((passed.damaged, passed.behind, passed.repaired), (0, 0, 1));
    assert_eq!(house.state(id).state, "current");
}

#[test]
fn a_replica_with_a_changed_byte_is_repaired_from_the_archive() {
    let house = house(4);
    let id = house.add("disk");
    house.sync(id);
    house.spoil(&house.at("disk/archive"), 3);
    fs::remove_dir_all(house.dossier(&house.at("disk/archive"), 0)).unwrap();
    assert_eq!(house.verify(id), Passed { objects: 4, repaired: 2, ..Passed::default() });
    for n in 0..4 {
        let of = |root: PathBuf| fs::read(house.dossier(&root, n).join("inventory.json")).unwrap();
        assert_eq!(of(house.office.archive.path().to_owned()), of(house.at("disk/archive")));
    }
    assert_eq!(house.verify(id), Passed { objects: 4, ..Passed::default() });
}

#[test]
fn a_folder_that_is_not_mounted_is_not_an_empty_replica() {
    let house = house(2);
    let id = house.add("disk");
    house.sync(id);
    fs::rename(house.at("disk"), house.at("away")).unwrap();
    fs::create_dir(house.at("disk")).unwrap();
    let refused = sync_now(&house.office, &Actor::console(), id, &mut |_, _, _| true).unwrap_err();
    assert!(
        matches!(&refused, Error::Refused(problem) if problem.code == ProblemCode::WrongState),
        "{refused}"
    );
    assert!(fs::read_dir(house.at("disk")).unwrap().next().is_none(), "nothing is written there");
    follow(&house.office).unwrap();
    let state = house.state(id);
    assert_eq!((state.state.as_str(), state.objects, state.free_bytes), ("unreachable", 2, None));
    assert_eq!(house.doctor("replica"), ["replica-unreachable"]);
    fs::remove_dir(house.at("disk")).unwrap();
    fs::rename(house.at("away"), house.at("disk")).unwrap();
    assert_eq!(house.state(id).state, "current");
}

#[test]
fn a_replica_that_comes_back_is_read_before_it_counts() {
    let house = house(3);
    let id = house.add("disk");
    house.sync(id);
    remove(&house.office, &Actor::console(), id).unwrap();
    assert!(states(&house.office).unwrap().is_empty() && house.at("disk/archive").exists());
    house.spoil(&house.at("disk/archive"), 0);
    assert_eq!(house.add("disk"), id, "its mark says who it is");
    assert_eq!(house.state(id).behind, 3);
    assert_eq!(house.sync(id), Passed { objects: 3, repaired: 1, ..Passed::default() });
}

#[test]
fn who_or_where_is_not_fit_is_refused() {
    let house = house(1);
    let desk = Actor::new(UserId::new(), "desk".to_owned(), "desk".to_owned(), vec![Role::Registrar]);
    let code = |refused: Error| match refused {
        Error::Refused(problem) => problem.code,
        failed => panic!("{failed}"),
    };
    let add_at = |actor: &Actor, name: &str, dir: &str| add(&house.office, actor, name, &house.at(dir));
    assert_eq!(code(add_at(&desk, "disk", "disk").unwrap_err()), ProblemCode::NotAllowed);
    for (name, dir) in [("disk", "data/disk"), ("disk", "data"), ("", "disk"), (" disk", "disk")] {
        let refused = add_at(&Actor::console(), name, dir).unwrap_err();
        assert_eq!(code(refused), ProblemCode::BadField, "{name} {dir}");
    }
    let id = house.add("disk");
    assert_eq!(code(add_at(&Actor::console(), "disk", "other").unwrap_err()), ProblemCode::BadField);
    assert!(!house.at("other").exists());
    assert_eq!(code(sync(&house.office, &desk, id).unwrap_err()), ProblemCode::NotAllowed);
    assert_eq!(
        code(verify(&house.office, &Actor::console(), ReplicaId::new()).unwrap_err()),
        ProblemCode::NotFound
    );
    let stopped = sync_now(&house.office, &Actor::console(), id, &mut |_, _, _| false).unwrap_err();
    assert_eq!(code(stopped), ProblemCode::WrongState);
    assert_eq!(house.state(id).objects, 0);
}

#[test]
fn the_patrol_reads_what_was_never_read_and_repairs_what_is_damaged() {
    let house = house(5);
    let id = house.add("disk");
    house.sync(id);
    let state = || patrol::state(&house.office).unwrap();
    assert_eq!((state().overdue, state().objects, state().days, state().newest), (5, 5, 90, None));
    assert_eq!(house.doctor("patrol"), ["patrol-overdue"]);
    house.spoil(house.office.archive.path(), 2);
    let mut paced = 0;
    let round = patrol::round(&house.office, &mut |_, _, rate| {
        paced += 1;
        assert_eq!(rate, 2 << 20, "so little is read no slower than that");
        paced < 3
    });
    let first = round.unwrap();
    assert_eq!(first.whole + first.repaired, 3);
    assert_eq!(state().overdue, 2, "it was called back after three");
    let second = patrol::round(&house.office, &mut |_, _, _| true).unwrap();
    assert_eq!((first.repaired + second.repaired, first.hurt + second.hurt), (1, 0));
    assert_eq!((first.whole + second.whole, state().overdue, state().hurt), (4, 0, 0));
    assert_eq!(house.doctor("patrol"), ["patrol-ok"]);
    assert_eq!(patrol::round(&house.office, &mut |_, _, _| true).unwrap(), patrol::Round::default());
    assert!(house.check().faults.is_empty());
}

#[test]
fn the_catalogs_loss_of_an_object_is_no_loss_of_the_archives() {
    let house = house(2);
    let id = house.add("disk");
    house.sync(id);
    let archive = house.office.archive.path().to_owned();
    fs::remove_dir_all(house.dossier(&archive, 1)).unwrap();
    rebuild::now(&house.office, &Actor::console(), &mut |_, _, _| true).unwrap();
    let checked = house.check();
    assert_eq!(checked.mending.repairs.len(), 1, "its seal says that there was one");
    assert!(house.dossier(&archive, 1).exists() && house.check().faults.is_empty());
}
