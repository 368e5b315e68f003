//! Formatting and lints, as the tests of a change.

use std::process::Command;

use anyhow::Result;

use crate::workspace::Workspace;

/// Fails on any difference in formatting and any warning.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    run_in(workspace, &["fmt", "--all", "--check"])?;
    run_in(workspace, &["clippy", "--all-targets", "--", "-D", "warnings"])?;
    // The client compiles for this machine too: enough to be looked at.
    let client = ["clippy", "-p", "frontend", "-p", "checker", "-p", "markup", "--all-targets"];
    run_in(workspace, &[&client[..], &["--", "-D", "warnings"]].concat())
}

fn run_in(workspace: &Workspace, words: &[&str]) -> Result<()> {
    crate::run::run(Command::new("cargo").args(words).current_dir(workspace.root()))
}
