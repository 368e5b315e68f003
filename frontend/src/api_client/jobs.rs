//! Imports and all other long work.

use api::Page;
use api::ids::{CampaignId, JobId};
use api::import::{ImportFile, ImportFinding, ImportPhotos};
use api::job::Job;
use gloo_net::http::Method;

use super::{Answer, Body, get, post, send};

/// Imports an uploaded roster.
pub(crate) async fn import_roster(campaign: CampaignId, file: &ImportFile) -> Answer<Job> {
    post(format!("/campaigns/{campaign}/roster"), file).await
}

/// Imports an uploaded zip of photos.
pub(crate) async fn import_photos(photos: &ImportPhotos) -> Answer<Job> {
    post("/photos/import", photos).await
}

/// Imports an uploaded certificate register.
pub(crate) async fn import_diplomas(file: &ImportFile) -> Answer<Job> {
    post("/diplomas/import", file).await
}

/// Imports an uploaded zip of scans.
pub(crate) async fn import_scans(file: &ImportFile) -> Answer<Job> {
    post("/scans/import", file).await
}

/// Jobs, newest first.
pub(crate) async fn jobs() -> Answer<Vec<Job>> {
    get("/jobs").await
}

/// One job.
pub(crate) async fn job(id: JobId) -> Answer<Job> {
    get(format!("/jobs/{id}")).await
}

/// Asks a job to stop.
pub(crate) async fn stop_job(id: JobId) -> Answer<()> {
    send(Method::DELETE, format!("/jobs/{id}"), Body::Nothing).await.map(drop)
}

/// What an import found: the first 500 of it, and how much there is.
pub(crate) async fn findings(id: JobId) -> Answer<Page<ImportFinding>> {
    get(format!("/jobs/{id}/findings?limit=500")).await
}
