//! Every test there is: the rules of the house, unit tests, stories, browser.

use std::process::Command;

use anyhow::Result;

use crate::run::{ask, run as execute};
use crate::workspace::Workspace;
use crate::{frontend, setup, tidy};

/// Which tests are run.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Words handed on to the test runner, for example a filter
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// Sets up, builds the client, then runs everything; the runner's own summary comes last.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    setup::all(workspace, setup::For::Tests)?;
    frontend::build(workspace, &setup::wasm::ensure(workspace)?)?;
    tidy::run(workspace)?;
    cargo(workspace, &["fmt", "--all", "--check"], &[])?;
    // The programs that the stories run, in one go with the tests: built by themselves, their libraries would be built
    // twice, with other features.
    cargo(workspace, &["build", "--bins", "--tests"], &[])?;
    if ask(Command::new("cargo").args(["nextest", "--version"])).is_some() {
        cargo(workspace, &["nextest", "run", "--no-fail-fast"], &args.words)
    } else {
        cargo(workspace, &["test", "--no-fail-fast"], &args.words)
    }
}

fn cargo(workspace: &Workspace, words: &[&str], more: &[String]) -> Result<()> {
    execute(
        Command::new("cargo")
            .args(words)
            .args(more)
            .current_dir(workspace.root())
            .env("XUECANG_FRONTEND", workspace.client())
            .env("XUECANG_MODELS", workspace.models()),
    )
}
