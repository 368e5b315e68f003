//! `xuecang archive`

use std::process::ExitCode;

use anyhow::Result;
use api::health::FixityCheck;
use serde::Serialize;
use service::Actor;
use service::health::{self, Checked, Fault};
use service::repair::Mending;

use super::{bar::Bar, drill, place::Place};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Reads every byte of the archive, compares it with its digest and repairs what differs from a replica that holds it
    /// whole: ends with 1 if any differs, also if it was repaired
    Check(Check),

    /// Restores the whole archive into an empty folder and compares every byte: ends with 1 if any differs
    Drill(drill::Args),

    /// Checks the archive by DA/T 70-2018 (四性检测): ends with 1 if an item fails, with 2 if it can't be checked
    Appraise(super::appraise::Args),

    /// Makes catalog and index anew from the archive's files
    Rebuild(Rebuild),

    /// Lists gaps, batches and duplicates among the certificate numbers: ends with 1 if there is a gap or a duplicate
    Numbers(super::numbers::Args),

    /// Takes in, byte for byte, what a bag of `xuecang export` holds and the archive does not: ends with 1 if an object
    /// was refused
    Admit(super::admit::Args),
}

#[derive(Debug, clap::Args)]
pub(super) struct Rebuild {
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, clap::Args)]
pub(super) struct Check {
    #[command(flatten)]
    place: Place,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The check as JSON.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    check: &'a FixityCheck,
    faults: &'a [Fault],
    repairs: &'a [archive::fixity::mend::Repair],
}

pub(super) fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Check(args) => check(&args),
        Command::Drill(args) => drill::run(&args),
        Command::Appraise(args) => super::appraise::run(&args),
        Command::Rebuild(args) => rebuild(&args),
        Command::Numbers(args) => super::numbers::run(&args),
        Command::Admit(args) => super::admit::run(&args),
    }
}

fn rebuild(args: &Rebuild) -> Result<ExitCode> {
    let (_alone, office) = args.place.open_alone()?;
    let bar = Bar::new();
    let rebuilt = service::rebuild::now(&office, &Actor::console(), &mut |step, done, total| {
        bar.show(step, done, total);
        true
    })?;
    bar.end();
    println!("{} objects noted, {} of them dossiers.", rebuilt.objects, rebuilt.dossiers);
    for object in &rebuilt.unreadable {
        println!("{object} could not be understood; run `xuecang archive check`.");
    }
    Ok(if rebuilt.unreadable.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn check(args: &Check) -> Result<ExitCode> {
    let office = args.place.open()?;
    let bar = Bar::new();
    let told = |done, total| bar.show("reading", done, total);
    let Checked { check, faults, mending } = health::check_now(&office, &Actor::console(), &told)?;
    bar.end();
    if args.json {
        let repairs = &mending.repairs;
        println!("{}", serde_json::to_string_pretty(&Told { check: &check, faults: &faults, repairs })?);
    } else {
        for fault in &faults {
            let object = fault.object.as_deref().unwrap_or("the archive");
            println!("{object}: {} {} ({})", fault.path, fault.text, fault.code);
        }
        tell(&mending);
        if check.damaged + check.unreadable > check.repaired {
            println!("Bring what is damaged back from a copy, file by file; nothing else has changed.");
        }
        println!(
            "{} files intact, {} damaged, {} unreadable; {} of these repaired; {} bytes read.",
            check.intact, check.damaged, check.unreadable, check.repaired, check.bytes
        );
    }
    Ok(if check.damaged + check.unreadable == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// What came back from which replica, and of what there is no good copy.
fn tell(mending: &Mending) {
    for repair in &mending.repairs {
        println!(
            "{}: repaired, version {} came whole from {}; what was damaged is kept as quarantine/{}",
            repair.object, repair.version, repair.from, repair.name
        );
    }
    for (object, why) in &mending.refused {
        let why: Vec<_> = why.iter().map(|(name, why)| format!("{name}: {}", why.word())).collect();
        let why = if why.is_empty() { "there is none".to_owned() } else { why.join(", ") };
        println!("{object}: not repaired, no replica holds it whole ({why})");
    }
}
