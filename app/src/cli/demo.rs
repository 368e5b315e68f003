//! `xuecang demo`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use demo::{Options, Style, play};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// An empty folder for the demo's data [default: a temporary one]
    #[arg(long)]
    data: Option<PathBuf>,

    /// A folder of photographs, one folder per person; without it portraits are drawn
    #[arg(long)]
    faces: Option<PathBuf>,

    /// The folder of the prepared models
    #[arg(long, env = "XUECANG_MODELS")]
    models: Option<PathBuf>,

    /// Half the number of students: one half calibrates the thresholds, the other is compared
    #[arg(long, default_value_t = 210)]
    half: usize,

    /// What is drawn by lot is drawn from this
    #[arg(long, default_value_t = 20_270_701)]
    seed: u64,

    /// Stop when the story is told, instead of leaving the server running
    #[arg(long)]
    once: bool,

    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Args) -> Result<ExitCode> {
    let temporary =
        tempfile::Builder::new().prefix("xuecang-demo-").tempdir().context("there is no temporary folder")?;
    let options = Options {
        data: args.data.unwrap_or_else(|| temporary.path().join("data")),
        models: args.models.map_or_else(super::face::beside_the_program, Ok)?,
        faces: args.faces,
        half: args.half,
        seed: args.seed,
        once: args.once,
        style: if args.json { Style::Json } else { Style::Text },
        ports: if args.once { (0, 0) } else { (8443, 8444) },
    };
    Ok(if play(&options)? { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
