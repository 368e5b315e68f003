//! `xuecang ocfl`

use std::process::ExitCode;

use anyhow::Result;

use super::verdict::{Judged, print};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Judges an OCFL storage root or object: ends with 0 if it is valid, 1 if not, 2 if it could not be judged
    Validate(Judged),
}

pub(super) fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Validate(judged) => print(&judged, archive::ocfl::validate),
    }
}
