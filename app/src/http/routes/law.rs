//! The legal ground of comparing faces: notices, assessments, consents, and the end of it.

use api::ids::{CampaignId, PersonId};
use api::law::{
    Assessment, ConsentRecord, ConsentRow, ConsentsRecorded, EndComparing, FaceCount, Ground, HandCheck,
    NewAssessment, NewConsents, NewHandCheck, Notice, NoticeText, SignAssessment, Withdrawal,
};
use api::{Page, Right, Slice};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::Deserialize;
use service::campaign::READERS;
use service::law::{assessment, consent, count, ground, hand_check, notice, opening};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, Path, Query, SignedIn};

const KEEPERS: Gate = Gate::Right(Right::ManageCampaigns);
const RECORDERS: Gate = Gate::Right(Right::RecordConsents);

pub(super) const RESOURCE: Resource = Resource {
    routes: &[
        Route::get("/api/v1/campaigns/{id}/ground", Gate::AnyOf(&READERS)),
        Route::post("/api/v1/campaigns/{id}/notices", KEEPERS),
        Route::post("/api/v1/campaigns/{id}/assessments", KEEPERS),
        Route::get("/api/v1/campaigns/{id}/assessments/{number}/document", Gate::AnyOf(&READERS)),
        Route::post(
            "/api/v1/campaigns/{id}/assessments/{number}/signature",
            Gate::Right(Right::SignAssessments),
        ),
        Route::post("/api/v1/campaigns/{id}/comparing", KEEPERS),
        Route::post("/api/v1/campaigns/{id}/comparing/end", KEEPERS),
        Route::get("/api/v1/campaigns/{id}/consents", Gate::AnyOf(&consent::READERS)),
        Route::post("/api/v1/campaigns/{id}/consents", RECORDERS),
        Route::get("/api/v1/campaigns/{id}/consents/{person}", RECORDERS),
        Route::post("/api/v1/campaigns/{id}/withdrawals", RECORDERS),
        Route::get("/api/v1/persons/{id}/hand-checks", Gate::AnyOf(&hand_check::READERS)),
        Route::post("/api/v1/persons/{id}/hand-checks", Gate::Right(Right::Compare)),
        Route::get("/api/v1/faces/count", Gate::AnyOf(&count::READERS)),
    ],
    router: || {
        OpenApiRouter::new()
            .routes(routes!(get))
            .routes(routes!(publish))
            .routes(routes!(assess))
            .routes(routes!(document))
            .routes(routes!(sign))
            .routes(routes!(open))
            .routes(routes!(end))
            .routes(routes!(consents, record))
            .routes(routes!(history))
            .routes(routes!(withdraw))
            .routes(routes!(hand_checks, check_by_hand))
            .routes(routes!(faces))
    },
};

/// The ground on which a campaign compares faces, and what is missing of it.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/ground", tag = "law", params(("id" = CampaignId, Path)),
    responses((status = 200, body = Ground)))]
async fn get(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CampaignId>,
) -> Answer<Json<Ground>> {
    app.call(move |office| ground::get(office, &actor, id)).await.map(Json)
}

/// Publishes a further version of a campaign's notice. Earlier ones stay as they are.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/notices", tag = "law", params(("id" = CampaignId, Path)),
    request_body = NoticeText, responses((status = 201, body = Notice)))]
async fn publish(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CampaignId>,
    Json(text): Json<NoticeText>,
) -> Answer<(StatusCode, Json<Notice>)> {
    let kept = app.call(move |office| notice::publish(office, &actor, id, &text)).await?;
    Ok((StatusCode::CREATED, Json(kept)))
}

/// Puts an impact assessment of the newest notice in.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/assessments", tag = "law", params(("id" = CampaignId, Path)),
    request_body = NewAssessment, responses((status = 201, body = Assessment)))]
async fn assess(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CampaignId>,
    Json(new): Json<NewAssessment>,
) -> Answer<(StatusCode, Json<Assessment>)> {
    let kept = app.call(move |office| assessment::write(office, &actor, id, &new)).await?;
    Ok((StatusCode::CREATED, Json(kept)))
}

/// Returns the document of an assessment.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/assessments/{number}/document", tag = "law",
    params(("id" = CampaignId, Path), ("number" = u32, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/pdf")))]
async fn document(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path((id, number)): Path<(CampaignId, u32)>,
) -> Answer<impl IntoResponse> {
    let bytes = app.call(move |office| assessment::document(office, &actor, id, number)).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"assessment-{number}.pdf\"")),
    ];
    Ok((headers, bytes))
}

/// Signs an assessment with the account's own key.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/assessments/{number}/signature", tag = "law",
    params(("id" = CampaignId, Path), ("number" = u32, Path)), request_body = SignAssessment,
    responses((status = 200, body = Assessment)))]
async fn sign(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path((id, number)): Path<(CampaignId, u32)>,
    Json(request): Json<SignAssessment>,
) -> Answer<Json<Assessment>> {
    app.call(move |office| assessment::sign(office, &actor, id, number, &request)).await.map(Json)
}

/// Opens a campaign for comparing faces. Refused while a notice or a signed assessment of it is missing.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/comparing", tag = "law", params(("id" = CampaignId, Path)),
    responses((status = 200, body = Ground)))]
async fn open(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CampaignId>,
) -> Answer<Json<Ground>> {
    app.call(move |office| opening::open(office, &actor, id)).await.map(Json)
}

/// Ends comparing faces in a campaign for good, and destroys its key and what lies under it.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/comparing/end", tag = "law", params(("id" = CampaignId, Path)),
    request_body = EndComparing, responses((status = 200, body = Ground)))]
async fn end(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CampaignId>,
    Json(request): Json<EndComparing>,
) -> Answer<Json<Ground>> {
    app.call(move |office| opening::end(office, &actor, id, &request)).await.map(Json)
}

/// Which people of a roster are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Only those whose consent bars the way, or only the others.
    barred: Option<bool>,
    /// How many to pass over.
    #[serde(default)]
    offset: u32,
    /// How many to return at most; the server returns no more than 500.
    limit: Option<u32>,
}

/// Returns a part of a campaign's roster, masked, with who agreed.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/consents", tag = "law",
    params(("id" = CampaignId, Path), Wanted), responses((status = 200, body = Page<ConsentRow>)))]
async fn consents(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CampaignId>,
    Query(wanted): Query<Wanted>,
) -> Answer<Json<Page<ConsentRow>>> {
    let slice = Slice { offset: wanted.offset, limit: wanted.limit.unwrap_or(Slice::default().limit) };
    app.call(move |office| consent::list(office, &actor, id, wanted.barred, slice)).await.map(Json)
}

/// Records that people agreed. What can't be recorded of one keeps nobody else's from being so.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/consents", tag = "law", params(("id" = CampaignId, Path)),
    request_body = NewConsents, responses((status = 200, body = ConsentsRecorded)))]
async fn record(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CampaignId>,
    Json(new): Json<NewConsents>,
) -> Answer<Json<ConsentsRecorded>> {
    app.call(move |office| consent::record(office, &actor, id, &new)).await.map(Json)
}

/// Returns every consent of a person, newest first, with the guardians. Needs a purpose and is recorded.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/consents/{person}", tag = "law",
    params(("id" = CampaignId, Path), ("person" = PersonId, Path)), responses((status = 200, body = [ConsentRecord])))]
async fn history(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path((id, person)): Path<(CampaignId, PersonId)>,
) -> Answer<Json<Vec<ConsentRecord>>> {
    app.call(move |office| consent::history(office, &actor, id, person)).await.map(Json)
}

/// Withdraws a person's consent, at once.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/withdrawals", tag = "law", params(("id" = CampaignId, Path)),
    request_body = Withdrawal, responses((status = 200, body = ConsentRecord)))]
async fn withdraw(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CampaignId>,
    Json(request): Json<Withdrawal>,
) -> Answer<Json<ConsentRecord>> {
    app.call(move |office| consent::withdraw(office, &actor, id, request)).await.map(Json)
}

/// Lists the checks by hand of a person, newest first. Needs a purpose and is recorded.
#[utoipa::path(get, path = "/api/v1/persons/{id}/hand-checks", tag = "law", params(("id" = PersonId, Path)),
    responses((status = 200, body = [HandCheck])))]
async fn hand_checks(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<PersonId>,
) -> Answer<Json<Vec<HandCheck>>> {
    app.call(move |office| hand_check::list(office, &actor, id)).await.map(Json)
}

/// Says who somebody is, without a machine. Needs a purpose and is recorded.
#[utoipa::path(post, path = "/api/v1/persons/{id}/hand-checks", tag = "law", params(("id" = PersonId, Path)),
    request_body = NewHandCheck, responses((status = 201, body = HandCheck)))]
async fn check_by_hand(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<PersonId>,
    Json(new): Json<NewHandCheck>,
) -> Answer<(StatusCode, Json<HandCheck>)> {
    let kept = app.call(move |office| hand_check::record(office, &actor, id, &new)).await?;
    Ok((StatusCode::CREATED, Json(kept)))
}

/// How many people's faces are in use, beside the number from which the school must file with the authority.
#[utoipa::path(get, path = "/api/v1/faces/count", tag = "law", responses((status = 200, body = FaceCount)))]
async fn faces(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Json<FaceCount>> {
    app.call(move |office| count::get(office, &actor)).await.map(Json)
}
