//! `xuecang archive drill`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use serde::Serialize;
use service::drill::{self, Afterwards, Done, Step};
use service::{Actor, Office};

use super::{bar::Bar, place::Place, stop::Stop};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,

    /// An empty folder to restore to, best on another disk; made if it is not there
    #[arg(long, value_name = "DIR")]
    to: PathBuf,

    /// Keep the restored copy: it holds everything that the archive holds
    #[arg(long)]
    keep: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The drill as JSON.
#[derive(Serialize)]
struct Told<'a> {
    report: &'a drill::DrillReport,
    sha256: &'a str,
    copy: Option<&'a PathBuf>,
}

/// Ends with 1 when something did not come back as it was kept.
pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let office = args.place.open()?;
    let done = restore(&office, args)?;
    if args.json {
        let told = Told { report: &done.report, sha256: &done.sha256, copy: done.copy.as_ref() };
        println!("{}", serde_json::to_string_pretty(&told)?);
    } else {
        tell(&done);
    }
    if !args.keep
        && let Some(copy) = &done.copy
    {
        eprintln!("xuecang: {} could not be removed; remove it, it holds people's photos", copy.display());
    }
    Ok(if done.report.is_whole() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn restore(office: &Office, args: &Args) -> Result<Done> {
    let (stop, bar) = (Stop::listen()?, Bar::new());
    let told = |step, done, total| {
        let step = match step {
            Step::Restoring => "restoring",
            Step::Comparing => "comparing",
        };
        bar.show(step, done, total);
    };
    let afterwards = if args.keep { Afterwards::Keep } else { Afterwards::Remove };
    let done = drill::run(office, &Actor::console(), &args.to, afterwards, &told, &|| stop.asked());
    bar.end();
    if done.is_err() && stop.asked() {
        bail!("the drill was stopped; nothing of it is kept");
    }
    Ok(done?)
}

fn tell(done: &Done) {
    let report = &done.report;
    for found in &report.differing {
        let object = found.object.map_or_else(|| "the archive".to_owned(), |object| object.to_string());
        println!("{object}: {} {} ({})", found.path, found.text, found.code);
    }
    if !report.is_whole() {
        println!(
            "Run `xuecang archive check`: what is damaged there must come from another copy, file by file."
        );
    }
    println!(
        "{} of {} objects came back whole: {} files, {} bytes, every byte compared. Differences: {}.",
        report.objects,
        report.found,
        report.files,
        report.bytes,
        report.differing.len()
    );
    if !report.other_device {
        println!("The copy lay on the same device as the archive; a drill to another one shows more.");
    }
    println!("SHA-256 of the report: {}", done.sha256);
    if let Some(copy) = &done.copy {
        println!("The copy is in {}.", copy.display());
    }
}
