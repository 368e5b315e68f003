//! Long work: what it is doing, how far it is, how it ended.

use std::collections::BTreeMap;

use crate::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Problem;
use crate::ids::JobId;

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Imports a roster.
    ImportRoster,
    /// Imports photos named by candidate number.
    ImportPhotos,
    /// Imports a certificate register.
    ImportDiplomas,
    /// Imports scans of diplomas named by certificate number.
    ImportScans,
    /// Reads the text of scans nobody has read yet.
    ReadScans,
    /// Checks a delivery.
    CheckDelivery,
    /// Takes an approved delivery into the archive.
    AcceptDelivery,
    /// Calibrates thresholds.
    Calibrate,
    /// Compares the photos of everybody on a campaign's roster.
    CompareCohort,
    /// Reads every byte of the archive and compares it with its digest.
    CheckArchive,
    /// Checks the archive, an object or a delivery by DA/T 70-2018 (四性检测).
    Appraise,
    /// Rebuilds catalog and index from the archive's files.
    Rebuild,
    /// Makes the search index anew beside the one that answers.
    RenewIndex,
    /// Recomputes the ledger.
    VerifyLedger,
    /// Brings a replica of the archive up to date.
    SyncReplica,
    /// Reads every byte of a replica and replaces what is damaged there.
    VerifyReplica,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for its turn.
    Waiting,
    /// Runs.
    Running,
    /// Has been asked to stop.
    Stopping,
    /// Has done what it should.
    Done,
    /// Could not do it; nothing is half done.
    Failed,
    /// Was stopped by a person; nothing is half done.
    Cancelled,
}

/// A job. `GET /jobs/{id}`; each event of `GET /jobs/{id}/events` is one too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// What it works on, as an id.
    pub subject: Option<String>,
    /// How far it is.
    pub state: JobState,
    /// The step it is at, a stable word: `reading`, `checking`, `comparing`, `storing`, …
    pub step: String,
    /// Units done of this step.
    pub done: u64,
    /// Units in all of this step; 0 when not known.
    pub total: u64,
    /// Milliseconds it will still take at the present pace, when that can be said.
    pub remaining_ms: Option<u64>,
    /// When it was asked for.
    pub created: Timestamp,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// Figures of its result: `people`, `photos`, `refused`, …
    pub result: BTreeMap<String, u64>,
    /// Why it failed.
    pub problem: Option<Problem>,
}
