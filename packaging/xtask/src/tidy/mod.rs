//! The rules of the house that a machine can check: app/ARCHITECTURE.md says why each holds.

mod edges;
mod libraries;
mod top;

use anyhow::{Result, bail};

use crate::workspace::Workspace;

/// Checks all rules and names every breach.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut breaches = top::check(workspace.root())?;
    breaches.extend(edges::check(workspace.metadata()));
    breaches.extend(libraries::check(workspace.root())?);
    if breaches.is_empty() {
        println!("tidy: the house is in order");
        return Ok(());
    }
    bail!("the house is not in order:\n  {}", breaches.join("\n  "))
}
