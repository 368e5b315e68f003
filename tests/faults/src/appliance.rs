//! The appliance in a folder, opened as its server opens it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use service::{Config, Office, Taken, appraisal, delivery, dossier, repair, replica};

/// An appliance that nobody else works in.
#[derive(Debug)]
pub struct Appliance {
    /// What the operations work with.
    pub office: Arc<Office>,
    _alone: Taken,
}

impl Appliance {
    /// Opens it, and has it settle what a crash left behind.
    ///
    /// # Errors
    ///
    /// When it can't be opened: what the server would say instead of starting.
    pub fn open(folder: &Path) -> Result<Self> {
        let config = configuration(folder);
        let alone = service::take(&config.data)?;
        let office = Office::open(config).context("the appliance can't be opened")?;
        dossier::recover(&office).context("what was being kept can't be noted")?;
        repair::settle(&office).context("repairs can't be settled")?;
        // What can't be swept or asked for is left for the next time, and only logged.
        let _later = [
            delivery::sweep(&office, Duration::ZERO),
            replica::follow(&office),
            appraisal::catch_up(&office),
        ];
        Ok(Self { office, _alone: alone })
    }
}

/// The data directory in a folder.
#[must_use]
pub fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// The replica in a folder.
#[must_use]
pub fn replica_in(folder: &Path) -> PathBuf {
    folder.join("replica")
}

/// How the appliance in a folder is configured.
#[must_use]
pub fn configuration(folder: &Path) -> Config {
    Config { allow_unencrypted_volume: true, ..Config::new(data(folder)) }
}
