//! `xuecang ledger`

use std::process::ExitCode;

use anyhow::Result;
use service::{Actor, ledger};

use super::place::Place;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Recomputes the ledger and compares every event with its leaf: ends with 1 if anything is not as it should be
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
pub(super) struct Verify {
    #[command(flatten)]
    place: Place,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: Command) -> Result<ExitCode> {
    let Command::Verify(args) = command;
    let office = args.place.open()?;
    let verified = ledger::verify(&office, &Actor::console(), |_, _| Ok(()))?;
    if args.json {
        let found = serde_json::json!({
            "valid": verified.findings.is_empty(),
            "leaves": verified.leaves,
            "events": verified.events,
            "findings": verified.findings,
        });
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        for finding in &verified.findings {
            println!("{finding}");
        }
        println!(
            "{} leaves, {} events, {} findings.",
            verified.leaves,
            verified.events,
            verified.findings.len()
        );
    }
    Ok(if verified.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
