use std::collections::BTreeMap;
use std::path::Path;

use fs_err as fs;
use uuid::Uuid;

use super::*;
use crate::fixity::known::Seal;
use crate::fixity::sample::keep;
use crate::ocfl::validate;
use crate::tree::tree;

struct Fixture {
    dir: tempfile::TempDir,
    root: Root,
    archive: Uuid,
    replica: Replica,
    objects: Vec<ObjectId>,
}

fn fixture(objects: usize) -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let root = Root::create(dir.path().join("data/archive")).unwrap();
    let objects: Vec<ObjectId> = (0..objects).map(|_| ObjectId::new()).collect();
    keep(&root, &objects, 1);
    let archive = Uuid::new_v4();
    let replica = create(&dir, "replica", archive).unwrap();
    Fixture { dir, root, archive, replica, objects }
}

fn create(dir: &tempfile::TempDir, name: &str, archive: Uuid) -> Result<Replica, CreateError> {
    Replica::create(&dir.path().join(name), archive, &[&dir.path().join("data")])
}

impl Fixture {
    fn known(&self) -> Vec<Known> {
        let known = |object: &ObjectId| {
            let found = self.root.object(*object).unwrap().unwrap();
            let version = found.head().get();
            let seal = Some(Seal { version, inventory: found.inventory_digest().unwrap() });
            Known { object: *object, version, seal }
        };
        self.objects.iter().map(known).collect()
    }

    fn bring(&self) -> BTreeMap<ObjectId, Fate> {
        self.replica.bring(&self.root, &self.known()).unwrap().0.into_iter().collect()
    }

    fn how(&self) -> Vec<Option<How>> {
        let fates = self.bring();
        let how = |object: &ObjectId| match &fates[object] {
            Fate::Kept { how, .. } => Some(*how),
            _ => None,
        };
        self.objects.iter().map(how).collect()
    }

    fn photo(&self, root: &Root, n: usize) -> std::path::PathBuf {
        root.path().join(root.folder(self.objects[n])).join("v1/content/photo/a.jpg")
    }
}

#[test]
fn a_replica_is_the_archive_once_more_and_only_what_is_new_comes_to_it() {
    let f = fixture(6);
    assert_eq!(f.how(), [Some(How::Copied); 6]);
    assert_eq!(tree(f.root.path()), tree(f.replica.root().path()));
    assert!(validate(f.replica.root().path()).is_valid(), "any tool reads it");

    keep(&f.root, &f.objects[..2], 2);
    keep(&f.root, &f.objects[..1], 3);
    let extended: Vec<_> = [Some(How::Extended); 2].into_iter().chain([Some(How::Found); 4]).collect();
    assert_eq!(f.how(), extended);
    assert_eq!(tree(f.root.path()), tree(f.replica.root().path()));
    assert_eq!(f.how(), [Some(How::Found); 6]);
}

#[test]
fn damage_in_the_archive_does_not_come_to_the_replica() {
    let f = fixture(4);
    let known = f.known();
    fs::write(f.photo(&f.root, 1), "rot").unwrap();
    fs::remove_dir_all(f.root.path().join(f.root.folder(f.objects[2]))).unwrap();
    let fates: BTreeMap<_, _> = f.replica.bring(&f.root, &known).unwrap().0.into_iter().collect();
    assert_eq!((&fates[&f.objects[1]], &fates[&f.objects[2]]), (&Fate::NotWhole, &Fate::NotWhole));
    assert!(
        matches!(fates[&f.objects[0]], Fate::Kept { .. })
            && matches!(fates[&f.objects[3]], Fate::Kept { .. })
    );
    assert_eq!(f.replica.root().objects().count(), 2);
    assert!(validate(f.replica.root().path()).is_valid());
}

#[test]
fn a_forged_object_does_not_come_to_the_replica() {
    let f = fixture(1);
    let mut known = f.known();
    known[0].seal =
        Some(Seal { version: 1, inventory: Checksum::of(bag::Algorithm::Sha512, b"as it was kept") });
    let fates = f.replica.bring(&f.root, &known).unwrap().0;
    assert_eq!(fates, [(f.objects[0], Fate::NotWhole)]);
}

#[test]
fn what_is_damaged_at_the_replica_gives_way_to_the_archives_own_and_is_kept() {
    let f = fixture(3);
    f.bring();
    let known = f.known();
    for n in [0, 2] {
        let mut bytes = fs::read(f.photo(f.replica.root(), n)).unwrap();
        bytes[3] ^= 1;
        fs::write(f.photo(f.replica.root(), n), bytes).unwrap();
        assert!(!f.replica.look(&known[n]).is_whole());
    }
    let (fate, repair) = f.replica.replace(&f.root, &known[0]).unwrap();
    assert!(matches!(fate, Fate::Kept { .. }) && repair.is_some_and(|repair| repair.from == "archive"));
    let (fates, repairs) = f.replica.bring(&f.root, &known).unwrap();
    assert_eq!((fates.len(), repairs.len(), repairs[0].object), (3, 1, f.objects[2]));
    assert_eq!(tree(f.root.path()), tree(f.replica.root().path()));
    assert_eq!(fs::read_dir(f.replica.quarantine()).unwrap().count(), 2);
    fs::write(f.photo(&f.root, 1), "rot").unwrap();
    fs::write(f.photo(f.replica.root(), 1), "rot too").unwrap();
    let before = tree(f.replica.root().path());
    assert_eq!(f.replica.replace(&f.root, &known[1]).unwrap(), (Fate::NotWhole, None));
    assert_eq!(tree(f.replica.root().path()), before);
}

#[test]
fn a_version_damaged_at_the_replica_is_not_built_upon() {
    let f = fixture(1);
    f.bring();
    let inventory =
        f.replica.root().path().join(f.replica.root().folder(f.objects[0])).join("inventory.json");
    fs::write(inventory, "{}").unwrap();
    keep(&f.root, &f.objects, 2);
    let (fates, repairs) = f.replica.bring(&f.root, &f.known()).unwrap();
    assert!(matches!(fates[0].1, Fate::Kept { version: 2, .. }) && repairs.len() == 1);
    assert_eq!(tree(f.root.path()), tree(f.replica.root().path()));
}

#[test]
fn a_version_nobody_knows_of_is_left_alone() {
    let f = fixture(1);
    let known = f.known();
    keep(&f.root, &f.objects, 2);
    f.bring();
    let before = tree(f.replica.root().path());
    assert_eq!(f.replica.bring(&f.root, &known).unwrap().0, [(f.objects[0], Fate::Newer)]);
    assert_eq!(tree(f.replica.root().path()), before);
}

#[test]
fn a_folder_without_the_mark_is_no_replica_and_nothing_is_written_there() {
    let f = fixture(2);
    f.bring();
    let dir = f.replica.dir().to_owned();
    let open = |dir: &Path| Replica::open(dir, f.replica.id(), f.archive);
    // The volume is not mounted: its mount point is an empty folder, or not there.
    let away = f.dir.path().join("away");
    fs::rename(&dir, &away).unwrap();
    assert!(matches!(open(&dir), Err(Lost::Absent(_))));
    fs::create_dir(&dir).unwrap();
    assert!(matches!(open(&dir), Err(Lost::Absent(_))));
    assert!(tree(&dir).is_empty());
    assert_eq!(open(&away).unwrap().root().objects().count(), 2);
    // Another volume is mounted there.
    fs::remove_dir(&dir).unwrap();
    create(&f.dir, "replica", f.archive).unwrap();
    assert!(matches!(open(&dir), Err(Lost::Stranger(_))), "a replica, but not this one");
    assert!(matches!(create(&f.dir, "away", Uuid::new_v4()), Err(CreateError::Lost(Lost::Stranger(_)))));
    assert_eq!(create(&f.dir, "away", f.archive).unwrap().id(), f.replica.id(), "taken as it is");
}

#[test]
fn a_folder_that_is_not_fit_is_refused() {
    let f = fixture(1);
    fs::create_dir(f.dir.path().join("full")).unwrap();
    fs::write(f.dir.path().join("full/file"), "x").unwrap();
    let before = tree(f.dir.path());
    for name in ["full", "data/replica", "data/archive/replica"] {
        assert!(matches!(create(&f.dir, name, f.archive), Err(CreateError::Target(_))), "{name}");
    }
    assert_eq!(tree(f.dir.path()), before);
}

#[test]
fn a_power_cut_leaves_whole_objects_only_and_the_next_pass_goes_on() {
    let mut cuts = 0;
    for steps in 0..400 {
        let f = fixture(2);
        f.replica.bring(&f.root, &f.known()[..1]).unwrap();
        keep(&f.root, &f.objects, 2);
        let before = tree(f.replica.root().path());
        let done = f.replica.with_fuse(steps).bring(&f.root, &f.known()).is_ok();
        let reopened = Replica::open(f.replica.dir(), f.replica.id(), f.archive).unwrap();
        let now = tree(reopened.root().path());
        assert!(validate(reopened.root().path()).is_valid(), "after {steps} steps");
        assert!(now == before || now == tree(f.root.path()), "after {steps} steps");
        f.bring();
        assert_eq!(tree(f.root.path()), tree(f.replica.root().path()), "after {steps} steps");
        if done {
            break;
        }
        cuts += 1;
    }
    assert!(cuts > 10 && cuts < 399, "{cuts}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(16))]

    /// Whatever is written, brought or spoilt in whatever order: a last pass while the archive is whole makes them equal.
    #[test]
    fn a_replica_ends_as_the_archive(steps in proptest::collection::vec((0_u8..4, 0_usize..4, 0_u64..1000), 1..12)) {
        let f = fixture(4);
        let mut versions = [1_u32; 4];
        for (what, n, seed) in steps {
            let folder = f.replica.root().path().join(f.replica.root().folder(f.objects[n]));
            match what {
                0 | 1 => {
                    versions[n] += 1;
                    keep(&f.root, &f.objects[n..=n], versions[n]);
                }
                2 => drop(f.bring()),
                _ if folder.exists() => {
                    let mut dice = crate::fixity::sample::Dice(seed);
                    let rot = crate::fixity::sample::Rot::ALL[dice.roll(8)];
                    // Content of earlier versions is not read when newer ones come; that is what verifying is for.
                    rot.strike(&folder, &mut dice);
                    for known in f.known() {
                        if !matches!(f.replica.look(&known), crate::fixity::Found::Gone) {
                            f.replica.replace(&f.root, &known).unwrap();
                        }
                    }
                }
                _ => {}
            }
        }
        f.bring();
        proptest::prop_assert_eq!(tree(f.root.path()), tree(f.replica.root().path()));
    }
}
