//! One photo to its template beside OpenCV's YuNet and SFace on the same weights; two photos to a verdict.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use fs_err as fs;
use models::Installed;
use serde::Deserialize;
use tests::measure::median;
use tests::table::Table;
use verify::{Engine, FacePolicy, RuleSet, Thresholds, draw};

use crate::{Args, peer};

/// How many photos are taken in turn.
const PHOTOS: u64 = 40;
/// How often we and OpenCV take turns, so that both have the machine as it is at the time.
const TURNS: usize = 6;
/// How often two of them are compared.
const VERDICTS: u64 = 600;

#[derive(Deserialize)]
struct OpenCv {
    version: String,
    seconds: Vec<f64>,
}

/// Measures one photo.
pub(crate) fn measure(args: &Args, engine: &Engine, installed: &Installed, table: &mut Table) -> Result<()> {
    let photos = photos();
    let (mut ours, mut theirs, mut version) = (Vec::new(), Vec::new(), None);
    for _ in 0..TURNS {
        for photo in photos.iter().cycle().take(photos.len() * args.runs.div_ceil(TURNS)) {
            let begun = Instant::now();
            engine.template_blocking(photo.clone(), &FacePolicy::STRICT)?;
            ours.push(begun.elapsed());
        }
        let Some(told) = opencv(&photos, installed)? else { break };
        theirs.extend(told.seconds.into_iter().map(Duration::from_secs_f64));
        version = Some(told.version);
    }
    let ours = median(ours)?;
    let what = "one photo of 480 × 640 to its template, one thread";
    match version {
        Some(version) => {
            table.beside(what, ours, (&format!("OpenCV {version}"), median(theirs)?), Some(2.5));
        }
        None => table.alone(what, ours.as_secs_f64() * 1e3, "ms", 10.8),
    }
    Ok(())
}

fn opencv(photos: &[Vec<u8>], installed: &Installed) -> Result<Option<OpenCv>> {
    let folder = tempfile::tempdir()?;
    let mut list = String::new();
    for (number, photo) in photos.iter().enumerate() {
        let path = folder.path().join(format!("{number:03}.jpg"));
        fs::write(&path, photo)?;
        list.push_str(&format!("{}\n", path.display()));
    }
    let file = folder.path().join("files.txt");
    fs::write(&file, list)?;
    // As folded, before its activations are written otherwise: the weights are the same, and OpenCV has its own way with them.
    let embedder = installed.embedder_reference().unwrap_or(&installed.embedder().path);
    peer::ask(include_str!("opencv.py"), &[&installed.detector().path, embedder, &file])
}

/// Two photos, findings and all, to one of three answers, as a desk has them looked at: both at once, if there are as many
/// workers.
pub(crate) fn verdicts(engine: &Engine, target: Option<(f64, f64)>, table: &mut Table) -> Result<()> {
    let photos = photos();
    let rules = Arc::new(RuleSet::jbz_2017_99()?);
    let thresholds = Thresholds::uncalibrated(engine.model().clone());
    let mut times = Vec::new();
    for (number, photo) in (0..VERDICTS).zip(photos.iter().cycle()) {
        let other = draw::portrait_jpeg(number % PHOTOS, 1);
        let begun = Instant::now();
        let one = engine.begin_analysis(photo.clone(), &rules)?;
        let other = engine.begin_analysis(other, &rules)?;
        let (one, other) = (one.wait()?.face?, other.wait()?.face?);
        std::hint::black_box(thresholds.decide(one.template.compare(&other.template)?));
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().context("nothing was compared");
    let what = format!("two photos to a verdict with findings, {} at once", engine.workers().min(2));
    let mut tell = |share, most: Option<f64>| -> Result<()> {
        let (what, time) = (format!("{what}: p{share}"), millis(at(share)?));
        match most {
            Some(most) => table.alone(what, time, "ms", most),
            None => println!("{what}: {time:.1} ms"),
        }
        Ok(())
    };
    tell(50, target.map(|(half, _)| half))?;
    tell(95, target.map(|(_, nearly_all)| nearly_all))
}

fn photos() -> Vec<Vec<u8>> {
    (0..PHOTOS).map(|person| draw::portrait_jpeg(person, 0)).collect()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
