//! `xuecang archive`

use std::process::ExitCode;

use anyhow::Result;
use service::{Actor, health};

use super::place::Place;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Reads every byte of the archive and compares it with its digest: ends with 1 if any differs
    Check(Check),
}

#[derive(Debug, clap::Args)]
pub(super) struct Check {
    #[command(flatten)]
    place: Place,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: Command) -> Result<ExitCode> {
    let Command::Check(args) = command;
    let office = args.place.open()?;
    let check = health::check_now(&office, &Actor::console())?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&check)?);
    } else {
        println!(
            "{} files intact, {} damaged, {} unreadable; {} bytes read.",
            check.intact, check.damaged, check.unreadable, check.bytes
        );
    }
    Ok(if check.damaged + check.unreadable == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
