//! Makes a fresh machine able to build, run and test. Each step looks first and does nothing when all is there.

mod axe;
pub(crate) mod judges;
pub(crate) mod packages;
pub(crate) mod peers;
mod python;
pub(crate) mod wasm;

use anyhow::{Context, Result};

use crate::workspace::Workspace;

/// What the machine is set up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    /// Building and running.
    Running,
    /// The tests too, those in a real browser among them.
    Tests,
}

/// Does all of it.
pub(crate) fn all(workspace: &Workspace, purpose: For) -> Result<()> {
    packages::ensure(purpose)?;
    wasm::ensure(workspace)?;
    if purpose == For::Tests {
        axe::ensure(workspace);
        judges::ensure(workspace);
    }
    models(workspace)
}

/// Fetches, checks and prepares the models.
pub(crate) fn models(workspace: &Workspace) -> Result<()> {
    let dir = workspace.models();
    let whole = |installed: models::Installed| installed.features().is_some();
    if models::Installed::open(&dir).is_ok_and(whole) && models::Readers::open(&dir).is_ok() {
        println!("setup: the models are in {}", dir.display());
        return Ok(());
    }
    println!("setup: fetching the models and the ONNX Runtime library into {}", dir.display());
    for missing in models::fetch(&dir).context("the models could not be fetched")? {
        println!("setup: {missing}; what these models measure will be “not measurable”");
    }
    models::prepare(&dir).context("the models could not be prepared")?;
    Ok(())
}
