//! Cohorts: a campaign's people compared at once, their cases, and the signatures.

use api::Page;
use api::cohort::{Case, CaseRow, Cohort, NewCohort, OtherCampaign, Reopen, SayWord, SignCohort, Wanted};
use api::ids::{CampaignId, CohortId, PersonId};
use api::job::Job;

use super::{Answer, get, post, url, with_purpose};
use crate::i18n;

/// A campaign's cohorts, newest first.
pub(crate) async fn cohorts(campaign: CampaignId) -> Answer<Vec<Cohort>> {
    get(format!("/campaigns/{campaign}/cohorts")).await
}

/// Compares everybody on a campaign's roster.
pub(crate) async fn start(campaign: CampaignId, new: NewCohort) -> Answer<Job> {
    post(format!("/campaigns/{campaign}/cohorts"), &new).await
}

/// The other campaigns whose people can be looked through for look-alikes.
pub(crate) async fn other_campaigns(campaign: CampaignId) -> Answer<Vec<OtherCampaign>> {
    get(format!("/campaigns/{campaign}/other-campaigns")).await
}

/// One cohort.
pub(crate) async fn cohort(id: CohortId) -> Answer<Cohort> {
    get(format!("/cohorts/{id}")).await
}

/// A part of a cohort's cases.
pub(crate) async fn cases(id: CohortId, wanted: Wanted, offset: u32, limit: u32) -> Answer<Page<CaseRow>> {
    with_purpose().await?;
    let wanted = i18n::code_of(wanted);
    get(format!("/cohorts/{id}/cases?wanted={wanted}&offset={offset}&limit={limit}")).await
}

/// The first case that whoever asks can decide.
pub(crate) async fn next(id: CohortId) -> Answer<Option<PersonId>> {
    Ok(cases(id, Wanted::Mine, 0, 1).await?.items.first().map(|row| row.person))
}

/// One case with its evidence.
pub(crate) async fn case(id: CohortId, person: PersonId) -> Answer<Case> {
    with_purpose().await?;
    get(format!("/cohorts/{id}/cases/{person}")).await
}

/// Says what a case comes to.
pub(crate) async fn say(id: CohortId, person: PersonId, word: &SayWord) -> Answer<Case> {
    post(format!("/cohorts/{id}/cases/{person}/words"), word).await
}

/// Asks for another look at a settled case.
pub(crate) async fn reopen(id: CohortId, person: PersonId, reason: String) -> Answer<Case> {
    post(format!("/cohorts/{id}/cases/{person}/reopening"), &Reopen { reason }).await
}

/// Signs a cohort, or sends it back.
pub(crate) async fn sign(id: CohortId, signature: &SignCohort) -> Answer<Cohort> {
    post(format!("/cohorts/{id}/signatures"), signature).await
}

/// Where the school's report on a cohort is, in the language spoken now.
pub(crate) fn report_url(id: CohortId) -> String {
    url(&format!("/cohorts/{id}/report.pdf?lang={}", i18n::paper_language()))
}

/// Where a cohort's table is.
pub(crate) fn table_url(id: CohortId) -> String {
    url(&format!("/cohorts/{id}/table.xlsx"))
}

/// Where the report on one person is, in the language spoken now.
pub(crate) fn person_report_url(id: CohortId, person: PersonId) -> String {
    url(&format!("/cohorts/{id}/cases/{person}/report.pdf?lang={}", i18n::paper_language()))
}
