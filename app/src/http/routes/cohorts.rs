//! A campaign's people compared at once: cases, words, signatures, papers.

use ::paper::{CaseOnPaper, GroupOnPaper, Language, PersonOnPaper};
use api::Timestamp;
use api::cohort::{
    Case, CaseRow, Cohort, Level, NewCohort, OtherCampaign, Reopen, SayWord, SignCohort, Wanted,
};
use api::ids::{CampaignId, CohortId, PersonId};
use api::job::Job;
use api::{Page, Right, Slice};
use axum::{extract::State, http::StatusCode, response::IntoResponse};
use serde::Deserialize;
use service::cohort;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::paper::{self, In};
use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, Path, Query, SignedIn};

const READERS: Gate = Gate::Right(Right::ReadCohorts);
const REVIEWERS: Gate = Gate::Right(Right::ReviewComparisons);
const SIGNERS: Gate =
    Gate::AnyOf(&[Level::Examiner.right(), Level::Department.right(), Level::School.right()]);

pub(super) const RESOURCE: Resource = Resource {
    routes: &[
        Route::get("/api/v1/campaigns/{id}/cohorts", READERS),
        Route::post("/api/v1/campaigns/{id}/cohorts", Gate::Right(Right::Compare)),
        Route::get("/api/v1/campaigns/{id}/other-campaigns", Gate::Right(Right::Compare)),
        Route::get("/api/v1/cohorts/{id}", READERS),
        Route::get("/api/v1/cohorts/{id}/cases", READERS),
        Route::get("/api/v1/cohorts/{id}/cases/{person}", READERS),
        Route::post("/api/v1/cohorts/{id}/cases/{person}/words", REVIEWERS),
        Route::post("/api/v1/cohorts/{id}/cases/{person}/reopening", REVIEWERS),
        Route::get("/api/v1/cohorts/{id}/cases/{person}/report.pdf", Gate::Right(Right::ReadDossier)),
        Route::post("/api/v1/cohorts/{id}/signatures", SIGNERS),
        Route::get("/api/v1/cohorts/{id}/report.pdf", READERS),
        Route::get("/api/v1/cohorts/{id}/table.xlsx", READERS),
    ],
    router: || {
        OpenApiRouter::new()
            .routes(routes!(list, start))
            .routes(routes!(other_campaigns))
            .routes(routes!(get))
            .routes(routes!(cases))
            .routes(routes!(case))
            .routes(routes!(say))
            .routes(routes!(reopen))
            .routes(routes!(person_report))
            .routes(routes!(sign))
            .routes(routes!(report))
            .routes(routes!(table))
    },
};

/// Lists the cohorts of a campaign, newest first.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/cohorts", tag = "faces", params(("id" = CampaignId, Path)),
    responses((status = 200, body = [Cohort])))]
async fn list(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CampaignId>,
) -> Answer<Json<Vec<Cohort>>> {
    app.call(move |office| cohort::list(office, &actor, id)).await.map(Json)
}

/// Asks for everybody on the roster to be compared. The cohort's id is the job's, as `cohort_…`.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/cohorts", tag = "faces", params(("id" = CampaignId, Path)),
    request_body = NewCohort, responses((status = 202, body = Job)))]
async fn start(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CampaignId>,
    Json(request): Json<NewCohort>,
) -> Answer<(StatusCode, Json<Job>)> {
    let job = app.call(move |office| cohort::start(office, &actor, id, request)).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// Lists the other campaigns whose people a cohort can look through for look-alikes, newest first.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/other-campaigns", tag = "faces", params(("id" = CampaignId, Path)),
    responses((status = 200, body = [OtherCampaign])))]
async fn other_campaigns(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CampaignId>,
) -> Answer<Json<Vec<OtherCampaign>>> {
    app.call(move |office| cohort::other_campaigns(office, &actor, id)).await.map(Json)
}

/// Returns a cohort.
#[utoipa::path(get, path = "/api/v1/cohorts/{id}", tag = "faces", params(("id" = CohortId, Path)),
    responses((status = 200, body = Cohort)))]
async fn get(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CohortId>,
) -> Answer<Json<Cohort>> {
    app.call(move |office| cohort::get(office, &actor, id)).await.map(Json)
}

/// Which cases are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct WantedCases {
    /// Which; all when nothing is said.
    wanted: Option<Wanted>,
    /// How many to pass over.
    #[serde(default)]
    offset: u32,
    /// How many to return at most; the server returns no more than 500.
    limit: Option<u32>,
}

/// Returns a part of a cohort's cases, in the roster's order. Needs a purpose and is recorded.
#[utoipa::path(get, path = "/api/v1/cohorts/{id}/cases", tag = "faces",
    params(("id" = CohortId, Path), WantedCases), responses((status = 200, body = Page<CaseRow>)))]
async fn cases(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CohortId>,
    Query(wanted): Query<WantedCases>,
) -> Answer<Json<Page<CaseRow>>> {
    let slice = Slice { offset: wanted.offset, limit: wanted.limit.unwrap_or(Slice::default().limit) };
    let which = wanted.wanted.unwrap_or(Wanted::All);
    app.call(move |office| cohort::cases(office, &actor, id, which, slice)).await.map(Json)
}

/// Returns one case with its evidence. Needs a purpose and is recorded.
#[utoipa::path(get, path = "/api/v1/cohorts/{id}/cases/{person}", tag = "faces",
    params(("id" = CohortId, Path), ("person" = PersonId, Path)), responses((status = 200, body = Case)))]
async fn case(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path((id, person)): Path<(CohortId, PersonId)>,
) -> Answer<Json<Case>> {
    app.call(move |office| cohort::case(office, &actor, id, person)).await.map(Json)
}

/// Says what a case comes to. Needs a purpose and is recorded.
#[utoipa::path(post, path = "/api/v1/cohorts/{id}/cases/{person}/words", tag = "faces",
    params(("id" = CohortId, Path), ("person" = PersonId, Path)), request_body = SayWord,
    responses((status = 200, body = Case)))]
async fn say(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path((id, person)): Path<(CohortId, PersonId)>,
    Json(said): Json<SayWord>,
) -> Answer<Json<Case>> {
    app.call(move |office| cohort::say(office, &actor, id, person, &said)).await.map(Json)
}

/// Asks for another look at a settled case. Needs a purpose and is recorded.
#[utoipa::path(post, path = "/api/v1/cohorts/{id}/cases/{person}/reopening", tag = "faces",
    params(("id" = CohortId, Path), ("person" = PersonId, Path)), request_body = Reopen,
    responses((status = 200, body = Case)))]
async fn reopen(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path((id, person)): Path<(CohortId, PersonId)>,
    Json(why): Json<Reopen>,
) -> Answer<Json<Case>> {
    app.call(move |office| cohort::reopen(office, &actor, id, person, &why)).await.map(Json)
}

/// Signs a cohort with the account's own key, or sends it back.
#[utoipa::path(post, path = "/api/v1/cohorts/{id}/signatures", tag = "faces", params(("id" = CohortId, Path)),
    request_body = SignCohort, responses((status = 200, body = Cohort)))]
async fn sign(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CohortId>,
    Json(request): Json<SignCohort>,
) -> Answer<Json<Cohort>> {
    app.call(move |office| cohort::sign(office, &actor, id, &request)).await.map(Json)
}

/// The school's report on paper (PDF/A). Needs a purpose and is recorded.
#[utoipa::path(get, path = "/api/v1/cohorts/{id}/report.pdf", tag = "faces", params(("id" = CohortId, Path), In),
    responses((status = 200, body = Vec<u8>, content_type = "application/pdf")))]
async fn report(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CohortId>,
    Query(wanted): Query<In>,
) -> Answer<impl IntoResponse> {
    let language = wanted.language()?;
    let pdf = app
        .call(move |office| {
            let facts = cohort::school_paper(office, &actor, id)?;
            let on_paper =
                |one: cohort::Listed| CaseOnPaper { number: one.number, row: one.row, words: one.words };
            let listed: Vec<CaseOnPaper> = facts.listed.into_iter().map(on_paper).collect();
            let groups = facts.colleges.into_iter().map(|(name, people)| GroupOnPaper { name, people });
            let groups: Vec<GroupOnPaper> = groups.collect();
            let (school, now) = (&office.school, Timestamp::now());
            paper::set(|fonts| {
                ::paper::cohort_report(fonts, language, school, &facts.cohort, &listed, &groups, now)
            })
        })
        .await?;
    Ok(paper::answer(&format!("report-{id}"), pdf))
}

/// One person's report on paper (PDF/A). Needs a purpose and is recorded.
#[utoipa::path(get, path = "/api/v1/cohorts/{id}/cases/{person}/report.pdf", tag = "faces",
    params(("id" = CohortId, Path), ("person" = PersonId, Path), In),
    responses((status = 200, body = Vec<u8>, content_type = "application/pdf")))]
async fn person_report(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path((id, person)): Path<(CohortId, PersonId)>,
    Query(wanted): Query<In>,
) -> Answer<impl IntoResponse> {
    let language = wanted.language()?;
    let pdf = app
        .call(move |office| {
            let facts = cohort::person_paper(office, &actor, id, person)?;
            let person = PersonOnPaper {
                name: facts.facts.name,
                number: facts.facts.student_number.unwrap_or_default(),
                college: facts.facts.college.unwrap_or_default(),
                major: facts.facts.major.unwrap_or_default(),
                class: facts.facts.class.unwrap_or_default(),
                photos: facts.photos,
            };
            let (school, now) = (&office.school, Timestamp::now());
            paper::set(|fonts| {
                ::paper::person_report(fonts, language, school, &facts.cohort, &person, &facts.case, now)
            })
        })
        .await?;
    Ok(paper::answer(&format!("report-{id}-{person}"), pdf))
}

/// Everybody in a cohort as a workbook. Needs a purpose and is recorded.
#[utoipa::path(get, path = "/api/v1/cohorts/{id}/table.xlsx", tag = "faces", params(("id" = CohortId, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))]
async fn table(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CohortId>,
) -> Answer<impl IntoResponse> {
    let both = [Language::Chinese, Language::English];
    let say = move |table: &str, code: &str| {
        let said = |language: Language| match table {
            "reason" => language.reason(code),
            _ => language.worded(table, code),
        };
        both.map(said).join(" ")
    };
    let book = app.call(move |office| cohort::table(office, &actor, id, &say)).await?;
    Ok(paper::workbook(id, book))
}
