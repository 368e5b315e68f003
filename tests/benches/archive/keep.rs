//! People's photos kept for good: one object each with a photo, its original and the person's document, durable before
//! anybody is told. Peers: the same bytes hashed and no more, written and no more, and kept by rocfl.
//!
//! Twice: as an acceptance keeps what its check has looked at, held to its digests and linked where archive and quarantine
//! share a file system; and copied, as from another volume.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use archive::ocfl::{ObjectId, Root, SafePath, Source, User, Version, validate};
use bag::{Algorithm, Checksum, crew};
use fs_err as fs;
use jiff::Timestamp;
use tests::measure::median;

use crate::Args;
use tests::table::Table;

const PHOTO: &str = "photos/photo.jpg";
const ORIGINAL: &str = "photos/original.jpg";
const DOCUMENT: &str = "dossier.json";

/// One person's files, as a delivery left them.
pub(crate) struct Person {
    photo: PathBuf,
    original: PathBuf,
    document: Vec<u8>,
    /// What a check found the photo's and the original's bytes to be.
    sums: [Checksum; 2],
}

/// How the bytes come into the archive.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    /// Held to what the check found, and linked.
    Checked,
    /// Copied from where they lie.
    Copied,
}

impl Person {
    fn files(&self) -> [&Path; 2] {
        [&self.photo, &self.original]
    }
}

/// Measures it.
pub(crate) fn measure(args: &Args, folder: &Path, table: &mut Table) -> Result<()> {
    let source = folder.join("delivered");
    let people = deliver(&source, args.people, args.photo, args.original)?;
    let mut took = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    for run in 0..args.runs {
        let place = folder.join(format!("run-{run}"));
        // What was kept is removed at the very end: ext4 looks long for room among inodes freed a moment ago.
        took[0].push(ours(&people, &place.join("checked"), args.batch, Way::Checked)?);
        took[1].push(ours(&people, &place.join("copied"), args.batch, Way::Copied)?);
        took[2].push(hash(&people)?);
        took[3].push(write(&people, &folder.join("plain"))?);
    }
    let [checked, copied, hashed, written] = took.map(median);
    let (hashed, written) = (hashed?, written?);
    let slower = |other| if hashed.max(written) == other { Some(0.6) } else { None };
    for (way, ours) in [("accepted", checked?), ("copied in", copied?)] {
        let what = format!(
            "{} people with {} + {} KiB {way}, {} in a batch",
            args.people, args.photo, args.original, args.batch
        );
        table.beside(&what, ours, ("SHA-512 on all cores", hashed), slower(hashed));
        table.beside(&what, ours, ("one file written and synced", written), slower(written));
    }
    beside_rocfl(args, &people, folder, table)?;
    for place in fs::read_dir(folder)? {
        fs::remove_dir_all(place?.path())?;
    }
    Ok(())
}

/// Lays down what was delivered, durably.
pub(crate) fn deliver(folder: &Path, count: usize, photo: usize, original: usize) -> Result<Vec<Person>> {
    fs::create_dir_all(folder)?;
    let people = crew::in_order(crew::cores(), 0..count, |number| {
        let lay_down = |name: String, seed, len| {
            let (file, bytes) = (folder.join(name), pixels(seed, len));
            fs::write(&file, &bytes)?;
            Ok::<_, std::io::Error>((file, Checksum::of(Algorithm::Sha512, &bytes)))
        };
        let (photo, photo_sum) = lay_down(format!("{number}.jpg"), number * 2, photo * 1024)?;
        let (original, original_sum) =
            lay_down(format!("{number}.original.jpg"), number * 2 + 1, original * 1024)?;
        let document = format!("{{\"format\":\"bench/1\",\"person\":{number}}}\n").repeat(40).into_bytes();
        Ok::<_, std::io::Error>(Person { photo, original, document, sums: [photo_sum, original_sum] })
    })?;
    sync(folder)?;
    Ok(people)
}

/// Bytes that no other file has and that nothing can shrink (SplitMix64).
pub(crate) fn pixels(seed: usize, len: usize) -> Vec<u8> {
    let mut state = seed as u64 ^ 0x5851_F42D_4C95_7F2D;
    let words = (0..len.div_ceil(8)).flat_map(|_| {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)).to_le_bytes()
    });
    words.take(len).collect()
}

/// Has everything that was written before on the disk, so that no measurement pays for another.
pub(crate) fn sync(folder: &Path) -> Result<()> {
    Ok(rustix::fs::syncfs(fs::File::open(folder)?.file())?)
}

fn version(person: &Person, user: &User, way: Way) -> Result<Version> {
    let source = |file: &Path, sum: &Checksum| match way {
        Way::Checked => Source::Same { file: file.to_owned(), sha512: sum.clone() },
        Way::Copied => Source::Copy(file.to_owned()),
    };
    let [photo, original] = &person.sums;
    Ok(Version::new(ObjectId::new(), "accepted", user.clone(), Timestamp::now())
        .file(SafePath::new(PHOTO)?, source(&person.photo, photo))
        .file(SafePath::new(ORIGINAL)?, source(&person.original, original))
        .file(SafePath::new(DOCUMENT)?, Source::Bytes(person.document.clone())))
}

/// Keeps them in a new archive, which must hold them all afterwards.
pub(crate) fn keep(people: &[Person], place: &Path, batch: usize, way: Way) -> Result<(Root, Duration)> {
    let root = Root::create(place)?;
    let user = User { name: "bench".to_owned(), address: None };
    sync(place)?;
    let begun = Instant::now();
    for people in people.chunks(batch.max(1)) {
        let mut batch = root.batch()?;
        batch.put_all(people.iter().map(|person| version(person, &user, way)).collect::<Result<_>>()?)?;
        batch.commit()?;
    }
    let took = begun.elapsed();
    ensure!(root.folders().count() == people.len(), "not every object was kept");
    Ok((root, took))
}

fn ours(people: &[Person], place: &Path, batch: usize, way: Way) -> Result<Duration> {
    let (root, took) = keep(people, place, batch, way)?;
    let first = root.objects().next().context("nothing was kept")??;
    ensure!(validate(first.folder()).is_valid(), "an object is not whole");
    Ok(took)
}

/// Reads and hashes every byte on all cores, and no more.
fn hash(people: &[Person]) -> Result<Duration> {
    let begun = Instant::now();
    crew::in_order(crew::cores(), people, |person| {
        for file in person.files() {
            std::hint::black_box(bag::hash_reader(fs::File::open(file)?, &[Algorithm::Sha512])?);
        }
        Ok::<_, std::io::Error>(())
    })?;
    Ok(begun.elapsed())
}

/// Writes every byte into one file from its beginning to its end, and syncs it once.
fn write(people: &[Person], file: &Path) -> Result<Duration> {
    sync(file.parent().context("the file lies nowhere")?)?;
    let begun = Instant::now();
    let mut to = fs::File::create(file)?;
    for person in people {
        for file in person.files() {
            bag::copy(&mut fs::File::open(file)?, &mut to)?;
        }
        to.write_all(&person.document)?;
    }
    to.sync_all()?;
    let took = begun.elapsed();
    fs::remove_file(file)?;
    Ok(took)
}

/// Keeps some of them with rocfl: one `cp` for each file and one `commit`, as one uses it. It syncs nothing, so what it
/// wrote is synced once at the end, within the measurement.
fn beside_rocfl(args: &Args, people: &[Person], folder: &Path, table: &mut Table) -> Result<()> {
    let Some(rocfl) = rocfl() else {
        eprintln!("rocfl is neither on the path nor in the target folder: it is left out");
        return Ok(());
    };
    let people = people.get(..args.rocfl).unwrap_or(people);
    let place = folder.join("rocfl");
    let theirs = keep_by_rocfl(&rocfl, people, &place)?;
    // rocfl copies, so ours does.
    let ours = ours(people, &folder.join("beside-rocfl/archive"), args.batch, Way::Copied)?;
    let what = format!("{} of these people copied in", people.len());
    table.beside(what, ours, ("rocfl", theirs), Some(3.0));
    Ok(())
}

fn rocfl() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("rocfl"));
    let installed = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?.join("rocfl/bin/rocfl");
    on_path.chain([installed]).find(|program| program.is_file())
}

fn keep_by_rocfl(rocfl: &Path, people: &[Person], place: &Path) -> Result<Duration> {
    fs::create_dir_all(place)?;
    let run = |words: &[&std::ffi::OsStr]| -> Result<()> {
        let mut command = Command::new(rocfl);
        command.arg("--quiet").arg("--root").arg(place).args(words);
        let output = command.stdin(Stdio::null()).output()?;
        ensure!(output.status.success(), "rocfl failed: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    };
    let layout = ["init", "--layout", "0003-hash-and-id-n-tuple-storage-layout"];
    run(&layout.map(AsRef::as_ref))?;
    let document = place.join("../document.json");
    sync(place)?;
    let begun = Instant::now();
    for person in people {
        let id = ObjectId::new().to_string();
        run(&["new", &id].map(AsRef::as_ref))?;
        fs::write(&document, &person.document)?;
        let files = [(person.photo.as_path(), PHOTO), (&person.original, ORIGINAL), (&document, DOCUMENT)];
        for (file, name) in files {
            run(&["cp".as_ref(), id.as_ref(), file.as_ref(), "--".as_ref(), name.as_ref()])?;
        }
        let commit = ["commit", "--user-name", "bench", "--message", "accepted", &id];
        run(&commit.map(AsRef::as_ref))?;
    }
    sync(place)?;
    let took = begun.elapsed();
    fs::remove_file(document)?;
    Ok(took)
}
