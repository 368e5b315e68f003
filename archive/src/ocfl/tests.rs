use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use fs_err as fs;
use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::tree::tree;

fn user() -> User {
    User {
        name: "archive".to_owned(),
        address: Some("urn:uuid:00000000-0000-4000-8000-000000000001".to_owned()),
    }
}

pub(super) fn path(name: &str) -> SafePath {
    SafePath::new(name).unwrap()
}

pub(super) fn version(object: ObjectId, message: &str) -> Version {
    Version::new(object, message, user(), Timestamp::from_second(1_700_000_000).unwrap())
}

pub(super) fn bytes(text: &str) -> Source {
    Source::Bytes(text.as_bytes().to_vec())
}

pub(super) struct Fixture {
    pub(super) dir: tempfile::TempDir,
    pub(super) root: Root,
}

impl Fixture {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::create(dir.path().join("archive")).unwrap();
        Self { dir, root }
    }

    pub(super) fn put(&self, version: Version) -> Committed {
        let mut batch = self.root.batch().unwrap();
        batch.put(version).unwrap();
        batch.commit().unwrap().remove(0)
    }

    /// A new object that holds a text.
    fn put_new(&self, text: &str) -> ObjectId {
        let id = ObjectId::new();
        self.put(version(id, "first").file(path("a"), bytes(text)));
        id
    }

    /// The folder of an object with two versions, both of which hold content.
    pub(super) fn two_versions(&self) -> std::path::PathBuf {
        let id = ObjectId::new();
        self.put(version(id, "first").file(path("a"), bytes("one")).file(path("b/c"), bytes("two")));
        self.put(version(id, "second").file(path("a"), bytes("three")).keep_others());
        self.object(id).folder().to_owned()
    }

    fn object(&self, id: ObjectId) -> Object {
        self.root.object(id).unwrap().unwrap()
    }

    /// Whether the root is at rest: no staging folder, and only whole objects.
    fn is_at_rest(&self) -> bool {
        !self.root.path().join("extensions/xuecang-batch").exists()
            && self.root.objects().all(|object| object.is_ok())
    }
}

#[test]
fn what_was_put_is_read_back() {
    let f = Fixture::new();
    let id = ObjectId::new();
    let committed = f.put(
        version(id, "first").file(path("photo.jpg"), bytes("pixels")).file(path("a/b.json"), bytes("{}")),
    );
    assert_eq!((committed.object, committed.version), (id, VersionNumber::FIRST));

    let object = Root::open(f.root.path()).unwrap().object(id).unwrap().unwrap();
    assert_eq!(object.read(&path("photo.jpg")).unwrap(), b"pixels");
    assert_eq!(object.read(&path("a/b.json")).unwrap(), b"{}");
    assert_eq!(object.files().len(), 2);
    assert_eq!(
        object.digest(&path("a/b.json")).unwrap().as_str(),
        "27c74670adb75075fad058d5ceaf7b20c4e7786c83bae8a32f626f9782af34c9\
         a33c2046ef60fd2a7878d378e29fec851806bbd9a67878f3a9f1cda4830763fd"
    );
    let inventory = fs::read(object.folder().join("inventory.json")).unwrap();
    assert_eq!(Checksum::of(bag::Algorithm::Sha512, &inventory), committed.inventory_digest);
    assert!(f.is_at_rest());
}

#[test]
fn a_correction_is_a_new_version_and_the_old_one_stays() {
    let f = Fixture::new();
    let id = ObjectId::new();
    f.put(version(id, "first").file(path("name"), bytes("wrong")).file(path("photo"), bytes("pixels")));
    let second = f.put(version(id, "corrected").file(path("name"), bytes("right")).keep_others());
    assert_eq!(second.version.to_string(), "v2");

    let object = f.object(id);
    assert_eq!(object.read(&path("name")).unwrap(), b"right");
    assert_eq!(object.read_at(VersionNumber::FIRST, &path("name")).unwrap(), b"wrong");
    assert_eq!(object.read(&path("photo")).unwrap(), b"pixels");
    let messages: Vec<_> =
        object.versions().map(|(number, info)| (number.get(), info.message.as_str())).collect();
    assert_eq!(messages, [(1, "first"), (2, "corrected")]);
}

#[test]
fn bytes_an_object_holds_already_are_not_stored_again() {
    let f = Fixture::new();
    let id = ObjectId::new();
    let given = f.dir.path().join("given");
    fs::write(&given, "pixels").unwrap();
    f.put(version(id, "one").file(path("a"), bytes("pixels")).file(path("b"), bytes("pixels")));
    f.put(version(id, "two").file(path("c/d"), Source::Move(given.clone())).file(path("a"), Source::Keep));
    let object = f.object(id);
    let stored: Vec<_> = tree(object.folder()).into_keys().filter(|name| name.contains("content")).collect();
    assert_eq!(stored, ["v1/content/a"]);
    assert_eq!(object.read(&path("c/d")).unwrap(), b"pixels");
    assert!(matches!(object.read(&path("b")), Err(ReadError::NoFile { .. })));
    assert!(!given.exists(), "what was given away is gone");
    assert!(!object.folder().join("v2/content").exists(), "no empty folders");
}

#[test]
fn files_are_copied_or_given_away() {
    let f = Fixture::new();
    let (copied, given) = (f.dir.path().join("copied"), f.dir.path().join("given"));
    fs::write(&copied, "c").unwrap();
    fs::write(&given, "g").unwrap();
    let id = ObjectId::new();
    let mut batch = f.root.batch().unwrap();
    let both = version(id, "")
        .file(path("c"), Source::Copy(copied.clone()))
        .file(path("g"), Source::Move(given.clone()));
    batch.put(both.clone()).unwrap();
    drop(batch);
    assert!(copied.exists() && given.exists(), "a forgotten batch takes nothing");
    assert!(f.root.object(id).unwrap().is_none());
    assert!(f.is_at_rest());

    f.put(both);
    assert!(copied.exists() && !given.exists());
    assert_eq!(f.object(id).read(&path("g")).unwrap(), b"g");
}

#[test]
fn a_file_that_was_looked_at_is_linked_only_while_it_holds_the_same_bytes() {
    let f = Fixture::new();
    let file = f.dir.path().join("seen");
    fs::write(&file, "pixels").unwrap();
    let same = Source::Same { file: file.clone(), sha512: Checksum::of(bag::Algorithm::Sha512, b"pixels") };
    let id = ObjectId::new();
    f.put(version(id, "").file(path("p"), same.clone()));
    let object = f.object(id);
    assert_eq!(object.read(&path("p")).unwrap(), b"pixels");
    let inode = |path: &Path| fs::metadata(path).unwrap().ino();
    assert_eq!(inode(&object.folder().join("v1/content/p")), inode(&file), "no byte was written twice");
    fs::remove_file(&file).unwrap();
    assert_eq!(f.object(id).read(&path("p")).unwrap(), b"pixels");

    fs::write(&file, "pixelz").unwrap();
    let mut batch = f.root.batch().unwrap();
    let refused = batch.put(version(ObjectId::new(), "").file(path("p"), same)).unwrap_err();
    assert!(
        matches!(&refused, PutError::Stage { source, .. } if source.kind() == std::io::ErrorKind::InvalidData)
    );
    assert_eq!(fs::read(&file).unwrap(), b"pixelz");
    assert_eq!(batch.commit().unwrap(), []);
    assert!(f.is_at_rest());
}

#[test]
fn a_link_is_not_a_file() {
    let f = Fixture::new();
    let link = f.dir.path().join("link");
    fs_err::os::unix::fs::symlink("/etc/hostname", &link).unwrap();
    let mut batch = f.root.batch().unwrap();
    for source in
        [Source::Move(link.clone()), Source::Copy(link.clone()), Source::Copy(f.dir.path().to_owned())]
    {
        let refused = batch.put(version(ObjectId::new(), "").file(path("x"), source));
        assert!(matches!(refused, Err(PutError::Stage { .. })));
    }
    assert_eq!(batch.commit().unwrap(), []);
    assert!(f.is_at_rest());
}

#[test]
fn two_writers_of_one_version_are_told_apart() {
    let f = Fixture::new();
    let id = ObjectId::new();
    let mut batch = f.root.batch().unwrap();
    let expecting_head = version(id, "").expect(Expect::Head(VersionNumber::FIRST));
    assert!(matches!(batch.put(expecting_head), Err(PutError::Conflict { found: None, .. })));
    batch.put(version(id, "").expect(Expect::Absent)).unwrap();
    assert!(matches!(batch.put(version(id, "")), Err(PutError::Twice(twice)) if twice == id));
    batch.commit().unwrap();

    let mut batch = f.root.batch().unwrap();
    let absent = batch.put(version(id, "").expect(Expect::Absent));
    assert!(matches!(absent, Err(PutError::Conflict { found: Some(VersionNumber::FIRST), .. })));
    batch.put(version(id, "").expect(Expect::Head(VersionNumber::FIRST))).unwrap();
    batch.commit().unwrap();
    assert_eq!(f.object(id).head(), VersionNumber::FIRST.next());
}

#[test]
fn only_one_batch_is_open_at_a_time() {
    let f = Fixture::new();
    let other = Root::open(f.root.path()).unwrap();
    let batch = f.root.batch().unwrap();
    assert!(other.try_batch().unwrap().is_none());
    assert!(Root::open(f.root.path()).is_ok(), "readers are never kept out");
    drop(batch);
    assert!(other.try_batch().unwrap().is_some());
}

#[test]
fn nothing_can_be_kept_that_is_not_there() {
    let f = Fixture::new();
    let mut batch = f.root.batch().unwrap();
    let kept = batch.put(version(ObjectId::new(), "").file(path("x"), Source::Keep));
    assert!(matches!(kept, Err(PutError::NothingToKeep { .. })));
    let both = version(ObjectId::new(), "").file(path("a"), bytes("1")).file(path("a/b"), bytes("2"));
    assert!(matches!(batch.put(both), Err(PutError::FileAndFolder { .. })));
}

#[test]
fn only_a_root_of_our_kind_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(Root::open(dir.path()), Err(OpenError::NotARoot(_))));
    fs::write(dir.path().join("x"), "").unwrap();
    assert!(matches!(Root::create(dir.path()), Err(OpenError::NotEmpty(_))));

    let f = Fixture::new();
    fs::write(
        f.root.path().join("ocfl_layout.json"),
        r#"{"extension":"0004-hashed-n-tuple-storage-layout","description":""}"#,
    )
    .unwrap();
    assert!(matches!(Root::open(f.root.path()), Err(OpenError::UnknownLayout(_))));
}

#[test]
fn an_object_in_the_wrong_place_is_noticed() {
    let f = Fixture::new();
    let (one, two) = (ObjectId::new(), ObjectId::new());
    f.put(version(one, "").file(path("x"), bytes("1")));
    let place = f.root.path().join(f.root.folder(two));
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::rename(f.object(one).folder(), place).unwrap();
    assert!(matches!(f.root.object(two), Err(ReadError::WrongObject { .. })));
    fs::write(f.root.path().join(f.root.folder(two)).join("inventory.json"), "{").unwrap();
    assert!(matches!(f.root.object(two), Err(ReadError::Inventory { .. })));
}

/// What one batch does in the crash test: a new object and a new version of an old one, with a file given away.
fn crashing_batch(root: &Root, old: ObjectId, new: ObjectId, given: &Path) -> Result<(), String> {
    let mut batch = root.batch().map_err(|error| error.to_string())?;
    batch
        .put(version(old, "second").file(path("b"), bytes("two")).keep_others())
        .map_err(|error| error.to_string())?;
    batch
        .put(
            version(new, "first")
                .file(path("g"), Source::Move(given.to_owned()))
                .file(path("d/e"), bytes("three")),
        )
        .map_err(|error| error.to_string())?;
    batch.commit().map_err(|error| error.to_string())?;
    Ok(())
}

/// Cuts the power after every single step on disk, once while committing and once more while recovering.
#[test]
fn a_crash_leaves_everything_or_nothing() {
    let (mut nothing, mut everything) = (0, 0);
    for steps in 0.. {
        let f = Fixture::new();
        let given = f.dir.path().join("given");
        fs::write(&given, "pixels").unwrap();
        let (old, new) = (ObjectId::new(), ObjectId::new());
        f.put(version(old, "first").file(path("a"), bytes("one")));
        let before = tree(f.root.path());

        let mut doomed = f.root.clone();
        doomed.disk.fuse = Some(Arc::new(AtomicI64::new(steps)));
        let survived = crashing_batch(&doomed, old, new, &given).is_ok();

        // A second crash while the first one is being repaired.
        let mut repairing = f.root.clone();
        repairing.disk.fuse = Some(Arc::new(AtomicI64::new(steps % 4)));
        drop(repairing.try_batch());

        let root = Root::open(f.root.path()).unwrap();
        assert!(f.is_at_rest(), "after {steps} steps");
        if root.object(new).unwrap().is_some() {
            let object = root.object(new).unwrap().unwrap();
            assert_eq!(object.read(&path("g")).unwrap(), b"pixels");
            assert_eq!(object.read(&path("d/e")).unwrap(), b"three");
            let object = root.object(old).unwrap().unwrap();
            assert_eq!(object.head().get(), 2);
            assert_eq!(object.read(&path("a")).unwrap(), b"one");
            assert_eq!(object.read(&path("b")).unwrap(), b"two");
            assert!(!given.exists());
            everything += 1;
        } else {
            assert_eq!(tree(root.path()), before, "after {steps} steps");
            assert_eq!(
                fs::read(&given).unwrap(),
                b"pixels",
                "what was given away was lost after {steps} steps"
            );
            nothing += 1;
        }
        let report = validate(root.path());
        assert!(report.findings().is_empty(), "after {steps} steps: {report:?}");
        // Whatever happened, writing goes on.
        let mut batch = root.batch().unwrap();
        batch.put(version(ObjectId::new(), "later").file(path("x"), bytes("x"))).unwrap();
        batch.commit().unwrap();
        if survived {
            break;
        }
        assert!(steps < 1000, "the batch never ends");
    }
    println!("power cut after each step: {nothing} times nothing, {everything} times everything");
    assert!(nothing > 10 && everything > 4);
}

const FOUR: NonZeroUsize = NonZeroUsize::new(4).unwrap();

/// Many objects staged by four threads at once: new ones, new versions of old ones, and files given away.
struct Crowd {
    old: Vec<ObjectId>,
    new: Vec<ObjectId>,
    given: Vec<std::path::PathBuf>,
}

impl Crowd {
    fn new(f: &Fixture) -> Self {
        let old = (0..4).map(|n| f.put_new(&format!("one {n}"))).collect();
        let new: Vec<ObjectId> = (0..4).map(|_| ObjectId::new()).collect();
        let given = (0..new.len()).map(|n| f.dir.path().join(format!("given {n}"))).collect::<Vec<_>>();
        given.iter().for_each(|file| fs::write(file, "pixels").unwrap());
        Self { old, new, given }
    }

    fn versions(&self) -> Vec<Version> {
        let old =
            self.old.iter().map(|&id| version(id, "second").file(path("b"), bytes("two")).keep_others());
        let new = self.new.iter().zip(&self.given).map(|(&id, given)| {
            version(id, "first")
                .file(path("g"), Source::Move(given.clone()))
                .file(path("d/e"), Source::Digested(Digested::new(b"three".to_vec())))
        });
        // An old one after a new one, so that no thread has only one kind.
        old.zip(new).flat_map(|(old, new)| [old, new]).collect()
    }

    fn keep(&self, root: &Root) -> Result<Vec<Committed>, String> {
        let mut batch = root.batch().map_err(|error| error.to_string())?;
        batch.put_with(FOUR, self.versions()).map_err(|error| error.to_string())?;
        batch.commit().map_err(|error| error.to_string())
    }

    fn assert_kept(&self, root: &Root) {
        for (number, &id) in self.old.iter().enumerate() {
            let object = root.object(id).unwrap().unwrap();
            assert_eq!(object.head().get(), 2);
            assert_eq!(object.read(&path("a")).unwrap(), format!("one {number}").into_bytes());
            assert_eq!(object.read(&path("b")).unwrap(), b"two");
        }
        for (&id, given) in self.new.iter().zip(&self.given) {
            let object = root.object(id).unwrap().unwrap();
            assert_eq!(object.read(&path("g")).unwrap(), b"pixels");
            assert_eq!(object.read(&path("d/e")).unwrap(), b"three");
            assert!(!given.exists());
        }
    }
}

#[test]
fn what_many_threads_staged_is_told_in_the_order_given_and_as_one_thread_would_have_staged_it() {
    let f = Fixture::new();
    let crowd = Crowd::new(&f);
    let kept = crowd.keep(&f.root).unwrap();
    let objects: Vec<ObjectId> = kept.iter().map(|kept| kept.object).collect();
    let given: Vec<ObjectId> = crowd.old.iter().zip(&crowd.new).flat_map(|(&old, &new)| [old, new]).collect();
    assert_eq!(objects, given);
    crowd.assert_kept(&f.root);
    for kept in kept {
        let inventory = fs::read(f.object(kept.object).folder().join("inventory.json")).unwrap();
        assert_eq!(Checksum::of(bag::Algorithm::Sha512, &inventory), kept.inventory_digest);
    }
    assert!(f.is_at_rest());
    assert!(validate(f.root.path()).findings().is_empty());
}

/// Cuts the power after every number of steps on disk while four threads take them in whatever order it comes.
#[test]
fn a_crash_among_many_threads_leaves_everything_or_nothing() {
    let (mut nothing, mut everything) = (0, 0);
    for steps in 0.. {
        let f = Fixture::new();
        let crowd = Crowd::new(&f);
        let before = tree(f.root.path());
        let mut doomed = f.root.clone();
        doomed.disk.fuse = Some(Arc::new(AtomicI64::new(steps)));
        let survived = crowd.keep(&doomed).is_ok();
        let mut repairing = f.root.clone();
        repairing.disk.fuse = Some(Arc::new(AtomicI64::new(steps % 7)));
        drop(repairing.try_batch());

        let root = Root::open(f.root.path()).unwrap();
        assert!(f.is_at_rest(), "after {steps} steps");
        if root.object(crowd.new[0]).unwrap().is_some() {
            crowd.assert_kept(&root);
            everything += 1;
        } else {
            assert_eq!(tree(root.path()), before, "after {steps} steps");
            let left: Vec<_> = crowd.given.iter().map(|given| fs::read(given).unwrap()).collect();
            assert_eq!(left, vec![b"pixels"; crowd.given.len()], "after {steps} steps");
            nothing += 1;
        }
        let report = validate(root.path());
        assert!(report.findings().is_empty(), "after {steps} steps: {report:?}");
        if survived {
            break;
        }
        assert!(steps < 2000, "the batch never ends");
    }
    println!("power cut after each step: {nothing} times nothing, {everything} times everything");
    assert!(nothing > 40 && everything > 16);
}

#[test]
fn many_threads_stage_all_or_nothing_and_name_the_first_that_failed() {
    let f = Fixture::new();
    let crowd = Crowd::new(&f);
    let mut batch = f.root.batch().unwrap();
    batch.put(version(ObjectId::new(), "stays").file(path("x"), bytes("x"))).unwrap();
    let mut versions = crowd.versions();
    let (first, last) = (ObjectId::new(), ObjectId::new());
    versions.insert(3, version(first, "").file(path("x"), Source::Copy(f.dir.path().join("nowhere"))));
    versions.push(version(last, "").file(path("x"), Source::Keep));
    let failed = batch.put_with(FOUR, versions).unwrap_err();
    assert!(matches!(failed, PutError::Stage { object, .. } if object == first), "{failed}");
    let twice = batch.put_with(FOUR, crowd.versions().into_iter().chain(crowd.versions()).collect());
    assert!(matches!(twice, Err(PutError::Twice(_))));
    assert_eq!(batch.len(), 1);

    // The batch is as it was: the others can still be kept in it.
    batch.put_with(FOUR, crowd.versions()).unwrap();
    assert_eq!(batch.commit().unwrap().len(), 9);
    crowd.assert_kept(&f.root);
    assert!(f.is_at_rest());
    assert!(validate(f.root.path()).findings().is_empty());
}

/// Bytes are durable before the journal names them, and the journal before the first move.
#[test]
fn a_failed_sync_keeps_nothing() {
    let f = Fixture::new();
    let mut root = f.root.clone();
    let fuse = Arc::new(AtomicI64::new(i64::MAX));
    root.disk.fuse = Some(Arc::clone(&fuse));
    let mut batch = root.batch().unwrap();
    batch.put(version(ObjectId::new(), "").file(path("x"), bytes("x"))).unwrap();
    fuse.store(0, Ordering::SeqCst);
    assert!(matches!(batch.commit(), Err(CommitError::Nothing(_))));
}

#[test]
fn what_is_written_is_valid_without_a_word() {
    let f = Fixture::new();
    assert!(validate(f.root.path()).findings().is_empty(), "an empty root");
    let id = ObjectId::new();
    f.put(version(id, "first").file(path("a/b"), bytes("1")).file(path("c"), bytes("")));
    f.put(version(id, "only names change").file(path("d"), bytes("1")));
    f.put(version(id, "nothing is left"));
    f.put(version(ObjectId::new(), "empty from the start"));
    assert!(validate(f.root.path()).findings().is_empty());
    let object = f.object(id);
    assert!(object.check().findings().is_empty());
    fs::write(object.folder().join("v1/content/c"), "x").unwrap();
    assert!(!object.check().is_valid());
    assert!(!validate(f.root.path()).is_valid());
}

/// Another implementation's opinion: `XUECANG_OCFL_PY` names the `ocfl-validate.py` of ocfl-py.
#[test]
fn other_peoples_tools_find_our_root_valid() {
    let Some(tool) = std::env::var_os("XUECANG_OCFL_PY") else {
        println!("skipped: XUECANG_OCFL_PY names no ocfl-validate.py");
        return;
    };
    let f = Fixture::new();
    for n in 0..3 {
        let id = ObjectId::new();
        f.put(
            version(id, "first")
                .file(path("photo.jpg"), bytes(&format!("pixels {n}")))
                .file(path("same"), bytes("=")),
        );
        f.put(
            version(id, "second")
                .file(path("学籍/片.json"), bytes("{}"))
                .file(path("again"), bytes("="))
                .keep_others(),
        );
    }
    let judged = |place: &Path| {
        let output = std::process::Command::new(&tool).arg(place).output().unwrap();
        let text =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        println!("{text}");
        output.status.success() && !text.contains("INVALID") && !text.contains("[E") && !text.contains("[W")
    };
    assert!(judged(f.root.path()));
    for object in f.root.objects() {
        assert!(judged(object.unwrap().folder()));
    }
}

#[derive(Debug, Clone)]
enum Op {
    /// Replace the whole state of an object.
    Replace(usize, Vec<(u8, u8)>),
    /// Change some files, keep the others.
    Change(usize, Vec<(u8, u8)>),
    /// Stage and forget.
    Abandon(usize),
    /// Close and open again.
    Reopen,
}

fn op() -> impl Strategy<Value = Op> {
    let files = proptest::collection::vec((0..5_u8, 0..4_u8), 0..4);
    prop_oneof![
        (0..4_usize, files.clone()).prop_map(|(object, files)| Op::Replace(object, files)),
        (0..4_usize, files).prop_map(|(object, files)| Op::Change(object, files)),
        (0..4_usize).prop_map(Op::Abandon),
        Just(Op::Reopen),
    ]
}

type State = BTreeMap<SafePath, Vec<u8>>;

fn with_files(mut version: Version, files: &[(u8, u8)]) -> Version {
    for (name, content) in files {
        version = version
            .file(path(&format!("f{name}/x")), Source::Bytes(vec![*content; usize::from(*content) * 3]));
    }
    version
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever the order of operations, every version of every object holds exactly what a map would hold.
    #[test]
    fn behaves_like_a_map_of_maps(ops in proptest::collection::vec(op(), 1..14)) {
        let dir = tempfile::tempdir().unwrap();
        let mut root = Root::create(dir.path().join("archive")).unwrap();
        let ids: Vec<ObjectId> = (0..4).map(|_| ObjectId::new()).collect();
        let mut model: BTreeMap<ObjectId, Vec<State>> = BTreeMap::new();
        for op in ops {
            let (object, files, keep) = match op {
                Op::Replace(object, files) => (ids[object], files, false),
                Op::Change(object, files) => (ids[object], files, true),
                Op::Abandon(object) => {
                    let mut batch = root.batch().unwrap();
                    batch.put(with_files(version(ids[object], "never"), &[(9, 9)])).unwrap();
                    continue;
                }
                Op::Reopen => {
                    root = Root::open(root.path()).unwrap();
                    continue;
                }
            };
            let mut put = with_files(version(object, "some"), &files);
            let versions = model.entry(object).or_default();
            let mut state = State::new();
            if keep {
                put = put.keep_others();
                state = versions.last().cloned().unwrap_or_default();
            }
            for (name, content) in files {
                state.insert(path(&format!("f{name}/x")), vec![content; usize::from(content) * 3]);
            }
            versions.push(state);
            let mut batch = root.batch().unwrap();
            batch.put(put).unwrap();
            batch.commit().unwrap();
        }
        let report = validate(root.path());
        prop_assert!(report.findings().is_empty(), "{:?}", report);
        let found: Vec<ObjectId> = root.objects().map(|object| object.unwrap().id()).collect();
        prop_assert_eq!(found.len(), model.len());
        for (id, versions) in model {
            let object = root.object(id).unwrap().unwrap();
            prop_assert_eq!(object.versions().count(), versions.len());
            for ((number, _), state) in object.versions().zip(versions) {
                let paths: Vec<SafePath> = object.state(number).unwrap().into_keys().cloned().collect();
                prop_assert_eq!(&paths, &state.keys().cloned().collect::<Vec<_>>());
                for (path, bytes) in state {
                    prop_assert_eq!(object.read_at(number, &path).unwrap(), bytes);
                }
            }
        }
    }
}
