//! The project's chores: set a machine up, build the client, play the demo, run every test, measure, keep the house tidy.

mod bench;
mod demo;
mod frontend;
mod fuzz;
mod lint;
mod run;
mod setup;
mod test;
mod tidy;
mod workspace;

use anyhow::Result;
use clap::{Parser, Subcommand};
use workspace::Workspace;

/// Xuecang's chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Installs what building and running need: system packages, the wasm target, the models
    Setup,
    /// Builds the web client into the folder the server embeds
    Frontend,
    /// Builds everything, plays the main job on a fresh data directory and leaves the server running
    Demo(demo::Args),
    /// Runs every test, the browser's included
    Test(test::Args),
    /// Measures by name: medians over several runs, each beside a peer in the same run
    Bench(bench::Args),
    /// Throws mutated files at the readers of files from outside, with limits of memory and time
    Fuzz(fuzz::Args),
    /// Checks formatting and lints
    Lint,
    /// Checks the architecture's rules: crate edges, and which module may use which library
    Tidy,
}

fn main() -> Result<()> {
    let workspace = Workspace::find()?;
    match Cli::parse().command {
        Command::Setup => setup::all(&workspace, setup::For::Tests),
        Command::Frontend => frontend::build(&workspace, &setup::wasm::ensure(&workspace)?),
        Command::Demo(args) => demo::run(&workspace, &args),
        Command::Test(args) => test::run(&workspace, &args),
        Command::Bench(args) => bench::run(&workspace, &args),
        Command::Fuzz(args) => fuzz::run(&workspace, &args),
        Command::Lint => lint::run(&workspace),
        Command::Tidy => tidy::run(&workspace),
    }
}
