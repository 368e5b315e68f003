//! How long the archive takes to keep objects, beside writing the same files and no more.
//!
//! An object holds one photo and one small record. The peer writes both into a folder and makes them durable; it keeps no
//! digests and no inventories, and after a crash it would not know what is whole.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use archive::ocfl::{ObjectId, Root, SafePath, Source, User, Version, validate};
use clap::Parser;
use fs_err as fs;
use jiff::Timestamp;
use tests::measure::beside;

/// Measures the archive's objects.
#[derive(Debug, Parser)]
struct Args {
    /// How many objects go into one batch
    #[arg(long, default_value_t = 1000)]
    objects: usize,

    /// How large a photo is, in KiB
    #[arg(long, default_value_t = 40)]
    kib: usize,

    /// How many runs the medians are of
    #[arg(long, default_value_t = 5)]
    runs: usize,

    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

const PHOTO: &str = "photo.jpg";
const RECORD: &str = "record.json";

fn main() -> Result<()> {
    let args = Args::parse();
    let photos: Vec<Vec<u8>> = (0..args.objects).map(|n| photo(n, args.kib)).collect();
    let what = format!("{} objects of {} KiB kept in one batch", args.objects, args.kib);
    beside(&what, args.runs, || keep(&photos), ("files written and synced", || write(&photos)))?;
    println!("Each figure: all of them, the median of {} runs.", args.runs);
    Ok(())
}

/// Bytes that no other photo has.
fn photo(number: usize, kib: usize) -> Vec<u8> {
    let mut bytes = number.to_le_bytes().repeat(kib * 1024 / size_of::<usize>());
    bytes.push(0);
    bytes
}

/// Keeps them in a new archive, which must be whole afterwards.
fn keep(photos: &[Vec<u8>]) -> Result<Duration> {
    let folder = tempfile::tempdir()?;
    let root = Root::create(folder.path().join("archive"))?;
    let user = User { name: "bench".to_owned(), address: None };
    let begun = Instant::now();
    let mut batch = root.batch()?;
    let versions = photos.iter().map(|photo| -> Result<Version> {
        Ok(Version::new(ObjectId::new(), "taken over", user.clone(), Timestamp::now())
            .file(SafePath::new(PHOTO)?, Source::Bytes(photo.clone()))
            .file(SafePath::new(RECORD)?, Source::Bytes(b"{}".to_vec())))
    });
    batch.put_all(versions.collect::<Result<_>>()?)?;
    batch.commit()?;
    let took = begun.elapsed();
    ensure!(root.objects().count() == photos.len(), "not every object was kept");
    ensure!(validate(root.path()).is_valid(), "the archive is not whole");
    Ok(took)
}

/// Writes them into folders, each file and each folder made durable.
fn write(photos: &[Vec<u8>]) -> Result<Duration> {
    let folder = tempfile::tempdir()?;
    let begun = Instant::now();
    for (n, photo) in photos.iter().enumerate() {
        let dir = folder.path().join(n.to_string());
        fs::create_dir(&dir)?;
        durable(&dir.join(PHOTO), photo)?;
        durable(&dir.join(RECORD), b"{}")?;
        fs::File::open(&dir)?.sync_all()?;
    }
    fs::File::open(folder.path())?.sync_all()?;
    Ok(begun.elapsed())
}

fn durable(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    Ok(file.sync_all()?)
}
