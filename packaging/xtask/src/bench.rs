//! Measurements by name. What is measured lies in `tests/benches`, one file each; what must not fail in `tests/faults`.

use std::process::Command;

use anyhow::Result;
use clap::ValueEnum;

use crate::run::run as execute;
use crate::setup::{judges, peers};
use crate::workspace::Workspace;

/// What is measured.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Its name
    #[arg(value_enum)]
    bench: Bench,

    /// Words handed on to it, for example `--runs 9`; it names them itself when asked for `--help`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Bench {
    /// Whether the search finds everybody and nobody else among a million, and how long it takes while people change
    Search,
    /// How long the archive takes to keep, check, make anew and open, beside peers; many minutes, and 45 GB of disk
    Archive,
    /// How well faces are told apart and how long it takes, beside OpenCV and faiss
    Verify,
    /// Whether every hostile file is refused within its memory and time, in a table
    Hostile,
    /// Whether anything acknowledged is lost where the disk fails, fills up, loses its power or rots, at thousands of moments
    Faults,
}

/// How many corruptions are mended where the disk rots.
const CORRUPTIONS: &str = "2000";

/// Builds it as the release is built, and runs it.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let name = match args.bench {
        Bench::Search => "search",
        Bench::Archive => "archive",
        Bench::Verify => "verify",
        Bench::Hostile => "hostile",
        Bench::Faults => "faults",
    };
    let package = match args.bench {
        Bench::Hostile => "readers",
        Bench::Faults => "faults",
        _ => "tests",
    };
    if args.bench == Bench::Archive {
        peers::ensure(workspace);
        judges::ensure(workspace);
    }
    if args.bench == Bench::Verify {
        peers::ensure_faces(workspace);
    }
    if matches!(args.bench, Bench::Archive | Bench::Search) {
        // The server that is opened, and the vendor's tool beside it.
        let programs = ["build", "--release", "--quiet", "--bins"];
        execute(Command::new("cargo").args(programs).current_dir(workspace.root()))?;
    }
    execute(
        Command::new("cargo")
            .args(["bench", "--quiet", "--package", package, "--bench", name, "--"])
            .args(&args.words)
            .current_dir(workspace.root()),
    )?;
    // Whoever asks for something else than all of it asks for no rot.
    if args.bench == Bench::Faults && args.words.is_empty() { rot(workspace) } else { Ok(()) }
}

/// Damages archived objects at random, and has each found and mended byte for byte.
fn rot(workspace: &Workspace) -> Result<()> {
    println!("{CORRUPTIONS} corruptions, each to be found and mended byte for byte:");
    let test =
        ["test", "--release", "--quiet", "--package", "archive", "--lib", "--", "of_a_sample_of_corruptions"];
    execute(
        Command::new("cargo")
            .args(test)
            .env("XUECANG_CORRUPTIONS", CORRUPTIONS)
            .current_dir(workspace.root()),
    )
}
