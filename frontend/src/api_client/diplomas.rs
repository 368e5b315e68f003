//! Scans, numbers and proofs of diplomas.

use api::diploma::{AttachScan, LookUp, NewProof, Numbers, Proof, Scans};
use api::dossier::Dossier;
use api::ids::{PersonId, ProofId, ScanId};
use api::job::Job;

use super::{Answer, get, post, url, with_purpose};

/// Scans in figures, and the first of those in doubt.
pub(crate) async fn scans() -> Answer<Scans> {
    get("/scans?limit=200").await
}

/// Asks for every scan to be read that nobody has read yet.
pub(crate) async fn read_scans() -> Answer<Job> {
    post("/scans/read", &()).await
}

/// Adds an uploaded scan to a diploma.
pub(crate) async fn attach_scan(person: PersonId, wanted: &AttachScan) -> Answer<()> {
    with_purpose().await?;
    post::<Dossier>(format!("/persons/{person}/scans"), wanted).await.map(drop)
}

/// The address of a scan as it is kept.
pub(crate) fn scan_file_url(scan: ScanId) -> String {
    url(&format!("/scans/{scan}/file"))
}

/// The address of a page of a scan as a picture.
pub(crate) fn scan_page_url(scan: ScanId, number: u32) -> String {
    url(&format!("/scans/{scan}/pages/{number}"))
}

/// The register's numbers, looked through.
pub(crate) async fn numbers() -> Answer<Numbers> {
    get("/diplomas/numbers").await
}

/// Issues a printed proof.
pub(crate) async fn issue_proof(person: PersonId, wanted: &NewProof) -> Answer<Proof> {
    with_purpose().await?;
    post(format!("/persons/{person}/proofs"), wanted).await
}

/// Finds an issued proof by its code.
pub(crate) async fn look_up_proof(code: String) -> Answer<Proof> {
    with_purpose().await?;
    post("/proofs/look-up", &LookUp { code }).await
}

/// The address of a proof's paper.
pub(crate) fn proof_url(proof: ProofId, language: &str) -> String {
    url(&format!("/proofs/{proof}/paper?lang={language}"))
}
