//! The patrol: every byte of the archive read again, beside hashing the same bytes and no more. Both read them from memory.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use archive::fixity;
use archive::ocfl::Root;
use bag::{Algorithm, crew};
use fs_err as fs;
use tests::measure::median;

use crate::Args;
use crate::keep::{Way, deliver, keep};
use tests::table::Table;

/// Measures it: on a quarter of the people, so that all of them surely stay in memory.
pub(crate) fn measure(args: &Args, folder: &Path, table: &mut Table) -> Result<()> {
    let count = args.people.div_ceil(4);
    let source = folder.join("delivered");
    let people = deliver(&source, count, args.photo, args.original)?;
    let (root, _) = keep(&people, &folder.join("patrolled"), args.batch, Way::Copied)?;
    fs::remove_dir_all(source)?;
    let files = tests::files::below(root.path())?;
    let files: Vec<PathBuf> = files.into_iter().map(|file| root.path().join(file)).collect();
    // Once for nothing, so that everything is in memory.
    hash(&files)?;
    let mut took = [Vec::new(), Vec::new()];
    for _ in 0..args.runs {
        took[0].push(patrol(&root, count)?);
        took[1].push(hash(&files)?);
    }
    let [ours, theirs] = took.map(median);
    let what = format!("{count} objects patrolled, warm");
    table.beside(what, ours?, ("SHA-512 on all cores", theirs?), Some(0.8));
    fs::remove_dir_all(root.path())?;
    Ok(())
}

fn patrol(root: &Root, objects: usize) -> Result<Duration> {
    let begun = Instant::now();
    let report = fixity::check(root, crew::cores(), &|_| {}, &AtomicBool::new(false));
    let took = begun.elapsed();
    ensure!(report.is_intact() && report.intact.len() == objects, "the patrol found the archive damaged");
    Ok(took)
}

fn hash(files: &[PathBuf]) -> Result<Duration> {
    let begun = Instant::now();
    crew::in_order(crew::cores(), files, |file| {
        bag::hash_reader(fs::File::open(file)?, &[Algorithm::Sha512]).map(drop)
    })?;
    Ok(begun.elapsed())
}
