//! What the appliance needs to know of its surroundings, parsed and checked. Where it comes from is the binary's affair.

use std::{path::PathBuf, time::Duration};

/// The configuration of an opened appliance.
#[derive(Debug, Clone)]
pub struct Config {
    /// The data directory.
    pub data: PathBuf,
    /// The folder of the prepared models.
    pub models: PathBuf,
    /// Whether a data directory on an unencrypted volume is accepted.
    pub allow_unencrypted_volume: bool,
    /// Where the vendors' port is reached from outside: `https://host:8444`.
    pub vendor_address: String,
    /// Limits.
    pub limits: Limits,
    /// Time limits of sessions.
    pub sessions: SessionLimits,
    /// Within what time every byte of the archive is read again.
    pub patrol_period: Duration,
    /// Threads that compare faces.
    pub engine_threads: usize,
    /// People whose faces the school's other systems keep, doors for example: they count towards the number at which it
    /// must file with the authority.
    pub faces_elsewhere: u64,
}

/// Sizes beyond which nothing is taken in, bytes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A file that staff put in.
    pub upload: u64,
    /// A delivery.
    pub delivery: u64,
    /// A single photo.
    pub photo: u64,
}

/// How long a session lasts.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimits {
    /// Without being used.
    pub idle: Duration,
    /// In all.
    pub absolute: Duration,
}

impl Config {
    /// The defaults for a data directory.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>) -> Self {
        let data = data.into();
        Self {
            models: data.join("models"),
            data,
            allow_unencrypted_volume: false,
            vendor_address: "https://localhost:8444".to_owned(),
            limits: Limits { upload: 4 << 30, delivery: 64 << 30, photo: 32 << 20 },
            sessions: SessionLimits {
                idle: Duration::from_secs(30 * 60),
                absolute: Duration::from_secs(12 * 60 * 60),
            },
            patrol_period: Duration::from_secs(90 * 24 * 3600),
            engine_threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            faces_elsewhere: 0,
        }
    }
}
