//! Campaigns, their rosters and their capture tokens.

use api::campaign::{Campaign, NewCampaign, Progress, RosterRow, RuleSetSummary, Slip, TokensIssued};
use api::ids::CampaignId;
use api::import::ImportFile;
use api::job::Job;
use api::{Page, Right, Slice, Timestamp};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use service::{campaign, papers, progress, token};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::paper::{self, In};
use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, Path, Query, SignedIn};

const READERS: Gate = Gate::AnyOf(&campaign::READERS);
const KEEPERS: Gate = Gate::Right(Right::ManageCampaigns);

pub(super) const RESOURCE: Resource = Resource {
    routes: &[
        Route::get("/api/v1/campaigns", READERS),
        Route::post("/api/v1/campaigns", KEEPERS),
        Route::get("/api/v1/campaigns/{id}", READERS),
        Route::get("/api/v1/campaigns/{id}/roster", READERS),
        Route::post("/api/v1/campaigns/{id}/roster", Gate::Right(Right::Import)),
        Route::get("/api/v1/campaigns/{id}/tokens", KEEPERS),
        Route::post("/api/v1/campaigns/{id}/tokens", KEEPERS),
        Route::get("/api/v1/campaigns/{id}/slips", KEEPERS),
        Route::get("/api/v1/campaigns/{id}/slips.pdf", KEEPERS),
        Route::get("/api/v1/campaigns/{id}/progress", Gate::Right(Right::ReadDeliveries)),
        Route::get("/api/v1/rule-sets", Gate::SignedIn),
    ],
    router: || {
        OpenApiRouter::new()
            .routes(routes!(list, create))
            .routes(routes!(get))
            .routes(routes!(roster, import_roster))
            .routes(routes!(token_list, issue))
            .routes(routes!(slips))
            .routes(routes!(slips_paper))
            .routes(routes!(how_it_goes))
            .routes(routes!(rule_sets))
    },
};

/// Lists every campaign, newest first.
#[utoipa::path(get, path = "/api/v1/campaigns", tag = "campaigns", responses((status = 200, body = [Campaign])))]
async fn list(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Json<Vec<Campaign>>> {
    app.call(move |office| campaign::list(office, &actor)).await.map(Json)
}

/// Creates a campaign.
#[utoipa::path(post, path = "/api/v1/campaigns", tag = "campaigns", request_body = NewCampaign,
    responses((status = 201, body = Campaign)))]
async fn create(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Json(new): Json<NewCampaign>,
) -> Answer<(StatusCode, Json<Campaign>)> {
    let made = app.call(move |office| campaign::create(office, &actor, new)).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Returns a campaign and how far it is.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}", tag = "campaigns", params(("id" = CampaignId, Path)),
    responses((status = 200, body = Campaign)))]
async fn get(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CampaignId>,
) -> Answer<Json<Campaign>> {
    app.call(move |office| campaign::get(office, &actor, id)).await.map(Json)
}

/// Returns a part of a campaign's roster, masked.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/roster", tag = "campaigns",
    params(("id" = CampaignId, Path), Slice), responses((status = 200, body = Page<RosterRow>)))]
async fn roster(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CampaignId>,
    Query(slice): Query<Slice>,
) -> Answer<Json<Page<RosterRow>>> {
    app.call(move |office| campaign::roster(office, &actor, id, slice)).await.map(Json)
}

/// Imports an uploaded roster. It takes the place of the present one, or nothing changes.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/roster", tag = "import", params(("id" = CampaignId, Path)),
    request_body = ImportFile, responses((status = 202, body = Job)))]
async fn import_roster(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CampaignId>,
    Json(file): Json<ImportFile>,
) -> Answer<(StatusCode, Json<Job>)> {
    let job = app.call(move |office| campaign::import_roster(office, &actor, id, file)).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// The list of tokens for the vendor: CSV, no names.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/tokens", tag = "campaigns", params(("id" = CampaignId, Path)),
    responses((status = 200, body = String, content_type = "text/csv")))]
async fn token_list(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CampaignId>,
) -> Answer<impl IntoResponse> {
    let csv = app.call(move |office| token::list_csv(office, &actor, id)).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"tokens.csv\""),
    ];
    Ok((headers, csv))
}

/// Issues the capture tokens that are still missing.
#[utoipa::path(post, path = "/api/v1/campaigns/{id}/tokens", tag = "campaigns", params(("id" = CampaignId, Path)),
    responses((status = 200, body = TokensIssued)))]
async fn issue(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CampaignId>,
) -> Answer<Json<TokensIssued>> {
    app.call(move |office| token::issue(office, &actor, id)).await.map(Json)
}

/// The school's own hand-out slips: token and QR code beside a masked name, by class.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/slips", tag = "campaigns",
    params(("id" = CampaignId, Path), Slice), responses((status = 200, body = Page<Slip>)))]
async fn slips(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CampaignId>,
    Query(slice): Query<Slice>,
) -> Answer<Json<Page<Slip>>> {
    app.call(move |office| token::slips(office, &actor, id, slice)).await.map(Json)
}

/// The same slips on paper (PDF/A), three across and seven down, to be cut along the hairlines.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/slips.pdf", tag = "campaigns",
    params(("id" = CampaignId, Path), In), responses((status = 200, body = Vec<u8>, content_type = "application/pdf")))]
async fn slips_paper(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CampaignId>,
    Query(wanted): Query<In>,
) -> Answer<impl IntoResponse> {
    let language = wanted.language()?;
    let pdf = app
        .call(move |office| {
            let (campaign, slips) = papers::slips(office, &actor, id)?;
            let slips: Vec<_> = slips.into_iter().map(on_paper).collect();
            paper::set(|fonts| ::paper::slips(fonts, language, &campaign, &slips, Timestamp::now()))
        })
        .await?;
    Ok(paper::answer(&format!("slips-{id}"), pdf))
}

fn on_paper(slip: Slip) -> ::paper::Slip {
    ::paper::Slip { token: slip.token, lines: vec![slip.name, slip.student_number, slip.college, slip.class] }
}

/// How a campaign goes: pace, groups, stations, rounds, journal.
#[utoipa::path(get, path = "/api/v1/campaigns/{id}/progress", tag = "campaigns", params(("id" = CampaignId, Path)),
    responses((status = 200, body = Progress)))]
async fn how_it_goes(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CampaignId>,
) -> Answer<Json<Progress>> {
    app.call(move |office| progress::progress(office, &actor, id)).await.map(Json)
}

/// Lists the photo rules that campaigns can be held to.
#[utoipa::path(get, path = "/api/v1/rule-sets", tag = "campaigns", responses((status = 200, body = [RuleSetSummary])))]
async fn rule_sets(State(app): State<App>) -> Answer<Json<Vec<RuleSetSummary>>> {
    app.call(move |_| campaign::rule_sets()).await.map(Json)
}
