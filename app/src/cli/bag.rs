//! `xuecang bag`

use std::process::ExitCode;

use ::bag::Depth;
use anyhow::Result;

use super::verdict::{Judged, print};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Judges a BagIt package: ends with 0 if it is valid, 1 if not, 2 if it could not be judged
    Validate(Judged),
}

pub(super) fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Validate(judged) => print(&judged, |dir| ::bag::validate(dir, Depth::Valid)),
    }
}
