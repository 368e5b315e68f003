//! The ground of comparing faces: notices, assessments, consents, and checks by hand.

use api::Page;
use api::ids::{CampaignId, PersonId};
use api::law::{
    Assessment, ConsentRecord, ConsentRow, ConsentsRecorded, EndComparing, FaceCount, Ground, HandCheck,
    NewAssessment, NewConsents, NewHandCheck, Notice, NoticeText, SignAssessment, Withdrawal,
};

use super::{Answer, get, nothing, post, url, with_purpose};

/// The ground of a campaign.
pub(crate) async fn ground(id: CampaignId) -> Answer<Ground> {
    get(format!("/campaigns/{id}/ground")).await
}

/// Publishes a version of the notice.
pub(crate) async fn publish(id: CampaignId, text: &NoticeText) -> Answer<Notice> {
    post(format!("/campaigns/{id}/notices"), text).await
}

/// Puts an assessment in.
pub(crate) async fn assess(id: CampaignId, new: &NewAssessment) -> Answer<Assessment> {
    post(format!("/campaigns/{id}/assessments"), new).await
}

/// Where an assessment's document is.
pub(crate) fn document_url(id: CampaignId, number: u32) -> String {
    url(&format!("/campaigns/{id}/assessments/{number}/document"))
}

/// Signs an assessment.
pub(crate) async fn sign(id: CampaignId, number: u32, password: String) -> Answer<Assessment> {
    post(format!("/campaigns/{id}/assessments/{number}/signature"), &SignAssessment { password }).await
}

/// Opens a campaign for comparing faces.
pub(crate) async fn open(id: CampaignId) -> Answer<Ground> {
    post(format!("/campaigns/{id}/comparing"), &nothing()).await
}

/// Ends comparing faces in a campaign.
pub(crate) async fn end(id: CampaignId, name: String) -> Answer<Ground> {
    post(format!("/campaigns/{id}/comparing/end"), &EndComparing { name }).await
}

/// A part of a roster with who agreed. `barred` is `true`, `false` or empty.
pub(crate) async fn consents(
    id: CampaignId,
    barred: String,
    offset: u32,
    limit: u32,
) -> Answer<Page<ConsentRow>> {
    let barred = if barred.is_empty() { String::new() } else { format!("&barred={barred}") };
    get(format!("/campaigns/{id}/consents?offset={offset}&limit={limit}{barred}")).await
}

/// Records consents.
pub(crate) async fn record(id: CampaignId, new: &NewConsents) -> Answer<ConsentsRecorded> {
    post(format!("/campaigns/{id}/consents"), new).await
}

/// Withdraws a person's consent.
pub(crate) async fn withdraw(id: CampaignId, person: PersonId) -> Answer<ConsentRecord> {
    post(format!("/campaigns/{id}/withdrawals"), &Withdrawal { person }).await
}

/// Says who somebody is, as a person found.
pub(crate) async fn check_by_hand(person: PersonId, found: &NewHandCheck) -> Answer<HandCheck> {
    with_purpose().await?;
    post(format!("/persons/{person}/hand-checks"), found).await
}

/// How many people's faces are in use.
pub(crate) async fn count() -> Answer<FaceCount> {
    get("/faces/count").await
}
