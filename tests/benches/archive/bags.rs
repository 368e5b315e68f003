//! A bag judged, beside bagit-python: as it comes, and with a process for each core. Both read it from memory.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bag::{Depth, SafePath, Writer, crew};
use fs_err as fs;
use tests::measure::median;

use crate::Args;
use crate::keep::pixels;
use tests::table::Table;

/// Measures it: with photos alone, and with larger files.
pub(crate) fn measure(args: &Args, folder: &Path, table: &mut Table) -> Result<()> {
    for kib in [args.photo, 8 * args.photo] {
        let place = folder.join(format!("bag-{kib}"));
        write(&place, args.files, kib)?;
        let what = format!("a bag of {} files of {kib} KiB judged", args.files);
        beside(args, &place, &what, table)?;
        fs::remove_dir_all(place)?;
    }
    Ok(())
}

fn beside(args: &Args, place: &Path, what: &str, table: &mut Table) -> Result<()> {
    let Some(script) = bagit_python() else {
        eprintln!("bagit-python is not in the target folder: it is left out");
        return Ok(());
    };
    let processes = crew::cores().to_string();
    let mut took = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..args.runs {
        took[0].push(ours(place)?);
        took[1].push(theirs(&script, &[], place)?);
        took[2].push(theirs(&script, &["--processes", &processes], place)?);
    }
    let [ours, plain, parallel] = took.map(median);
    let ours = ours?;
    table.beside(what, ours, ("bagit-python", plain?), Some(2.0));
    table.beside(what, ours, ("bagit-python with a process for each core", parallel?), Some(2.0));
    Ok(())
}

fn write(place: &Path, files: usize, kib: usize) -> Result<()> {
    let mut writer = Writer::create(place)?;
    for number in 0..files {
        let path = SafePath::new(format!("data/photos/{number:05}.jpg"))?;
        writer.add(&path, pixels(number, kib * 1024).as_slice())?;
    }
    writer.finish(jiff::civil::date(2026, 6, 30))?;
    Ok(())
}

fn ours(place: &Path) -> Result<Duration> {
    let begun = Instant::now();
    let report = bag::validate(place, Depth::Valid);
    let took = begun.elapsed();
    ensure!(report.is_valid(), "we found the bag bad: {report:?}");
    Ok(took)
}

fn theirs(script: &Path, words: &[&str], place: &Path) -> Result<Duration> {
    let python = script.with_file_name("python");
    let begun = Instant::now();
    let output =
        Command::new(python).arg(script).args(["--validate", "--quiet"]).args(words).arg(place).output()?;
    let took = begun.elapsed();
    ensure!(output.status.success(), "bagit-python: {}", String::from_utf8_lossy(&output.stderr));
    Ok(took)
}

/// Where `cargo xtask bench archive` installs it.
fn bagit_python() -> Option<PathBuf> {
    let script = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?.join("bagit-py/bin/bagit.py");
    script.is_file().then_some(script)
}
