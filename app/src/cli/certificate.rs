//! `xuecang certificate`

use std::process::ExitCode;

use anyhow::Result;
use service::{Keys, authority::Names};

use super::place::Place;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Makes new certificates for both ports, by the appliance's own authorities; restart the server afterwards
    Renew(Renew),
}

#[derive(Debug, clap::Args)]
pub(super) struct Renew {
    #[command(flatten)]
    place: Place,

    /// A host name or address under which the appliance is reached, besides localhost; may be repeated
    #[arg(long = "host")]
    hosts: Vec<String>,
}

pub(super) fn run(command: Command) -> Result<ExitCode> {
    let Command::Renew(args) = command;
    let office = args.place.open()?;
    Keys::renew_certificates(&office.paths.keys, &office.school, &Names::local_and(&args.hosts))?;
    println!("Both ports have new certificates, used from the next start on.");
    Ok(ExitCode::SUCCESS)
}
