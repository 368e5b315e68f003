//! The archive's state, its checks, and the ledger.

use std::collections::BTreeMap;

use api::Page;
use api::appraisal::{Appraisal, AppraisalReport, Appraise};
use api::health::{ArchiveHealth, Doctor};
use api::ids::{AppraisalId, DeliveryId, ReplicaId};
use api::job::Job;
use api::ledger::{LedgerEntry, LedgerHead, LedgerProof};

use super::{Answer, get, nothing, post};
use crate::router::write_query;

/// The archive in figures.
pub(crate) async fn archive_health() -> Answer<ArchiveHealth> {
    get("/archive/health").await
}

/// Reads every byte of the archive.
pub(crate) async fn check_archive() -> Answer<Job> {
    post("/archive/check", &nothing()).await
}

/// Brings a replica up to date.
pub(crate) async fn sync_replica(id: ReplicaId) -> Answer<Job> {
    post(&format!("/replicas/{id}/sync"), &nothing()).await
}

/// Reads every byte of a replica.
pub(crate) async fn verify_replica(id: ReplicaId) -> Answer<Job> {
    post(&format!("/replicas/{id}/verify"), &nothing()).await
}

/// Rebuilds catalogue and index.
pub(crate) async fn rebuild() -> Answer<Job> {
    post("/archive/rebuild", &nothing()).await
}

/// Makes the search index anew beside the one that answers.
pub(crate) async fn renew_index() -> Answer<Job> {
    post("/archive/index", &nothing()).await
}

/// Finished checks by DA/T 70, newest first; of one delivery, or all.
pub(crate) async fn appraisals(delivery: Option<DeliveryId>) -> Answer<Vec<Appraisal>> {
    let query: BTreeMap<String, String> =
        delivery.into_iter().map(|id| ("subject".to_owned(), id.to_string())).collect();
    get(format!("/archive/appraisals?{}", write_query(&query))).await
}

/// A check by DA/T 70 with every item.
pub(crate) async fn appraisal(id: AppraisalId) -> Answer<AppraisalReport> {
    get(format!("/archive/appraisals/{id}")).await
}

/// Checks the archive, an object or a delivery by DA/T 70.
pub(crate) async fn appraise(wanted: Appraise) -> Answer<Job> {
    post("/archive/appraisals", &wanted).await
}

/// The ledger's head.
pub(crate) async fn ledger() -> Answer<LedgerHead> {
    get("/ledger").await
}

/// Entries of the ledger, newest first; `subject` narrows them to one thing.
pub(crate) async fn ledger_entries(subject: &str, offset: u32, limit: u32) -> Answer<Page<LedgerEntry>> {
    let query = BTreeMap::from([
        ("subject".to_owned(), subject.to_owned()),
        ("offset".to_owned(), offset.to_string()),
        ("limit".to_owned(), limit.to_string()),
    ]);
    get(format!("/ledger/entries?{}", write_query(&query))).await
}

/// The proof that an entry is in the ledger.
pub(crate) async fn ledger_proof(index: u64) -> Answer<LedgerProof> {
    get(format!("/ledger/entries/{index}/proof")).await
}

/// Recomputes the ledger.
pub(crate) async fn verify_ledger() -> Answer<Job> {
    post("/ledger/verify", &nothing()).await
}

/// What the doctor sees.
pub(crate) async fn doctor() -> Answer<Doctor> {
    get("/doctor").await
}
