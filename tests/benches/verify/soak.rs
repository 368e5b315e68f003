//! The same work over and over: what the process holds at the end beside what it held when it was warm.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use fs_err as fs;
use tests::table::Table;
use verify::{Engine, RuleSet, Thresholds, draw};

use crate::Args;

const PHOTOS: u64 = 100;

/// Measures it.
pub(crate) fn measure(args: &Args, engine: &Engine, table: &mut Table) -> Result<()> {
    let rules = Arc::new(RuleSet::jbz_2017_99()?);
    let thresholds = Thresholds::uncalibrated(engine.model().clone());
    let photos: Vec<Vec<u8>> = (0..PHOTOS).map(|person| draw::portrait_jpeg(person, 0)).collect();
    let reference = engine.analyse_blocking(photos.first().context("no photo")?.clone(), &rules)?.face?;
    let warm = args.verifications / 10;
    let mut before = 0.0;
    for (number, photo) in (0..args.verifications).zip(photos.iter().cycle()) {
        if number == warm {
            before = resident()?;
        }
        let face = engine.analyse_blocking(photo.clone(), &rules)?.face?;
        std::hint::black_box(thresholds.decide(face.template.compare(&reference.template)?));
    }
    let after = resident()?;
    let drift = 100.0 * (after - before) / before;
    println!(
        "resident after {warm} verifications {before:.1} MB, after {} {after:.1} MB",
        args.verifications
    );
    table.alone(format!("{} verifications: memory grew", args.verifications), drift, "%", 1.0);
    Ok(())
}

/// What this process holds in memory, MB.
fn resident() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}
