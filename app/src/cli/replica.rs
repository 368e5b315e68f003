//! `xuecang replica`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use api::Right;
use api::health::Replica;
use service::replica::{self, Passed};
use service::{Actor, Office};

use super::{bar::Bar, place::Place, stop::Stop};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Makes a folder, best on another disk, a replica of the archive, or takes one in that is there
    Add(Add),
    /// Lists replicas with their state: ends with 1 if one is not current
    List(List),
    /// Forgets a replica; its folder stays as it is
    Remove(One),
    /// Brings replicas up to date: ends with 1 if something could not be copied
    Sync(Those),
    /// Reads every byte of replicas and replaces what is damaged there: ends with 1 if something stays damaged
    Verify(Those),
}

#[derive(Debug, clap::Args)]
pub(super) struct Add {
    #[command(flatten)]
    place: Place,

    /// What to call it
    name: String,

    /// An empty folder; made if it is not there
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    place: Place,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct One {
    #[command(flatten)]
    place: Place,

    /// Its name
    name: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Those {
    #[command(flatten)]
    place: Place,

    /// Only this replica; otherwise every one
    name: Option<String>,
}

pub(super) fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Add(args) => add(&args),
        Command::List(args) => list(&args),
        Command::Remove(args) => remove(&args),
        Command::Sync(args) => each(&args, Pass::Sync),
        Command::Verify(args) => each(&args, Pass::Verify),
    }
}

/// Whoever works at the machine's console sees the state of replicas.
fn keeper() -> Actor {
    let mut actor = Actor::console();
    actor.rights.insert(Right::ReadHealth);
    actor
}

fn add(args: &Add) -> Result<ExitCode> {
    let office = args.place.open()?;
    let added = replica::add(&office, &keeper(), &args.name, &args.dir)?;
    println!("{} is a replica: {}. `xuecang replica sync` brings everything to it.", added.name, added.id);
    if added.other_device == Some(false) {
        println!("It lies on the same device as the archive; a disk that fails takes both.");
    }
    Ok(ExitCode::SUCCESS)
}

fn list(args: &List) -> Result<ExitCode> {
    let office = args.place.open()?;
    let all = replica::list(&office, &keeper())?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&all)?);
    } else {
        all.iter().for_each(|replica| println!("{}", line(replica)));
    }
    let all_current = all.iter().all(|replica| replica.state == "current");
    Ok(if all_current { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// A replica in one line, fields divided by tabs: name, state, figures, when it was last brought up to date and read.
fn line(replica: &Replica) -> String {
    let at = |at: Option<api::Timestamp>| at.map_or_else(|| "never".to_owned(), |at| format!("{at:.0}"));
    format!(
        "{}\t{}\t{} objects, {} behind, {} damaged\tsynced {}\tverified {}\t{}",
        replica.name,
        replica.state,
        replica.objects,
        replica.behind,
        replica.damaged,
        at(replica.synced),
        at(replica.verified),
        replica.dir
    )
}

fn remove(args: &One) -> Result<ExitCode> {
    let office = args.place.open()?;
    let found = named(&office, Some(&args.name))?;
    for replica in found {
        replica::remove(&office, &keeper(), replica.id)?;
        println!("{} is forgotten. {} holds what it held: people's photos.", replica.name, replica.dir);
    }
    Ok(ExitCode::SUCCESS)
}

fn named(office: &Office, name: Option<&str>) -> Result<Vec<Replica>> {
    let mut all = replica::list(office, &keeper())?;
    if let Some(name) = name {
        all.retain(|replica| replica.name == name);
        if all.is_empty() {
            bail!("there is no replica called {name}; `xuecang replica list` shows those there are");
        }
    }
    Ok(all)
}

#[derive(Clone, Copy)]
enum Pass {
    Sync,
    Verify,
}

/// Every replica gets its turn, whatever becomes of the others.
fn each(args: &Those, pass: Pass) -> Result<ExitCode> {
    let office = args.place.open()?;
    let all = named(&office, args.name.as_deref())?;
    if all.is_empty() {
        bail!("there is no replica; `xuecang replica add` makes one");
    }
    let stop = Stop::listen()?;
    let mut well = true;
    for replica in all {
        if stop.asked() {
            bail!("it was stopped; what was done stays, and the next pass goes on from there");
        }
        let bar = Bar::new();
        let told = &mut |step: &str, done: u64, total: u64| {
            bar.show(step, done, total);
            !stop.asked()
        };
        let passed = match pass {
            Pass::Sync => replica::sync_now(&office, &keeper(), replica.id, told),
            Pass::Verify => replica::verify_now(&office, &keeper(), replica.id, told),
        };
        bar.end();
        match passed {
            Ok(passed) => {
                well &= passed.behind + passed.damaged == 0;
                println!("{}", told_of(&replica, &passed));
            }
            Err(error) => {
                well = false;
                eprintln!("xuecang: {} at {}: {:#}", replica.name, replica.dir, anyhow::Error::from(error));
            }
        }
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn told_of(replica: &Replica, passed: &Passed) -> String {
    format!(
        "{}: {} objects whole, {} behind, {} damaged, {} repaired.",
        replica.name, passed.objects, passed.behind, passed.damaged, passed.repaired
    )
}
