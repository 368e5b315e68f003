//! Deliveries, as staff check and decide them.

use api::delivery::{Confirm, Delivery, Item, ItemQuery, Propose, Receipt, Settle};
use api::ids::{CampaignId, DeliveryId};
use api::job::Job;
use api::{Page, Right, Timestamp};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::Deserialize;
use service::{delivery, papers, receipt};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::paper::{self, In};
use super::photos::Size;
use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, Path, Query, SignedIn};

const READ: Gate = Gate::Right(Right::ReadDeliveries);
const SETTLE: Gate = Gate::Right(Right::SettleFaces);
const DECIDE: Gate = Gate::Right(Right::AcceptDeliveries);

pub(super) const RESOURCE: Resource = Resource {
    routes: &[
        Route::get("/api/v1/deliveries", READ),
        Route::get("/api/v1/deliveries/{id}", READ),
        Route::get("/api/v1/deliveries/{id}/items", READ),
        Route::get("/api/v1/deliveries/{id}/items/{number}", READ),
        Route::put("/api/v1/deliveries/{id}/items/{number}/settlement", SETTLE),
        Route::delete("/api/v1/deliveries/{id}/items/{number}/settlement", SETTLE),
        Route::get("/api/v1/deliveries/{id}/items/{number}/image", READ),
        Route::post("/api/v1/deliveries/{id}/check", Gate::Right(Right::CheckDeliveries)),
        Route::post("/api/v1/deliveries/{id}/proposal", DECIDE),
        Route::post("/api/v1/deliveries/{id}/confirmation", DECIDE),
        Route::get("/api/v1/deliveries/{id}/receipt", READ),
        Route::get("/api/v1/deliveries/{id}/report.pdf", READ),
    ],
    router: || {
        OpenApiRouter::new()
            .routes(routes!(list))
            .routes(routes!(get))
            .routes(routes!(items))
            .routes(routes!(item))
            .routes(routes!(settle, take_back))
            .routes(routes!(image))
            .routes(routes!(check))
            .routes(routes!(propose))
            .routes(routes!(confirm))
            .routes(routes!(receipt_of))
            .routes(routes!(report_paper))
    },
};

/// Which deliveries are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Of {
    /// Only of this campaign.
    campaign: Option<CampaignId>,
}

/// Lists deliveries, newest first.
#[utoipa::path(get, path = "/api/v1/deliveries", tag = "deliveries", params(Of),
    responses((status = 200, body = [Delivery])))]
async fn list(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Query(of): Query<Of>,
) -> Answer<Json<Vec<Delivery>>> {
    app.call(move |office| delivery::list(office, &actor, of.campaign)).await.map(Json)
}

/// Returns a delivery with its report.
#[utoipa::path(get, path = "/api/v1/deliveries/{id}", tag = "deliveries", params(("id" = DeliveryId, Path)),
    responses((status = 200, body = Delivery)))]
async fn get(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<DeliveryId>,
) -> Answer<Json<Delivery>> {
    app.call(move |office| delivery::get(office, &actor, id)).await.map(Json)
}

/// The contact sheet: items, the oddest first.
#[utoipa::path(get, path = "/api/v1/deliveries/{id}/items", tag = "deliveries",
    params(("id" = DeliveryId, Path), ItemQuery), responses((status = 200, body = Page<Item>)))]
async fn items(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<DeliveryId>,
    Query(query): Query<ItemQuery>,
) -> Answer<Json<Page<Item>>> {
    app.call(move |office| delivery::items(office, &actor, id, &query)).await.map(Json)
}

/// One item.
#[utoipa::path(get, path = "/api/v1/deliveries/{id}/items/{number}", tag = "deliveries",
    params(("id" = DeliveryId, Path), ("number" = u32, Path)), responses((status = 200, body = Item)))]
async fn item(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path((id, number)): Path<(DeliveryId, u32)>,
) -> Answer<Json<Item>> {
    app.call(move |office| delivery::item(office, &actor, id, number)).await.map(Json)
}

/// Settles whose face an item's photo shows. Needs a purpose.
#[utoipa::path(put, path = "/api/v1/deliveries/{id}/items/{number}/settlement", tag = "deliveries",
    params(("id" = DeliveryId, Path), ("number" = u32, Path)), request_body = Settle,
    responses((status = 200, body = Delivery)))]
async fn settle(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path((id, number)): Path<(DeliveryId, u32)>,
    Json(word): Json<Settle>,
) -> Answer<Json<Delivery>> {
    app.call(move |office| delivery::settle(office, &actor, id, number, &word)).await.map(Json)
}

/// Takes back what was settled about an item's photo.
#[utoipa::path(delete, path = "/api/v1/deliveries/{id}/items/{number}/settlement", tag = "deliveries",
    params(("id" = DeliveryId, Path), ("number" = u32, Path)), responses((status = 200, body = Delivery)))]
async fn take_back(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path((id, number)): Path<(DeliveryId, u32)>,
) -> Answer<Json<Delivery>> {
    app.call(move |office| delivery::take_back(office, &actor, id, number)).await.map(Json)
}

/// How large the photo is wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// `full` (as it came) or `thumb` (at most 240 × 320 px).
    #[serde(default)]
    size: Size,
}

/// The pixels of one item, while the delivery is in quarantine.
#[utoipa::path(get, path = "/api/v1/deliveries/{id}/items/{number}/image", tag = "deliveries",
    params(("id" = DeliveryId, Path), ("number" = u32, Path), Wanted),
    responses((status = 200, body = Vec<u8>, content_type = "image/jpeg")))]
async fn image(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path((id, number)): Path<(DeliveryId, u32)>,
    Query(wanted): Query<Wanted>,
) -> Answer<impl IntoResponse> {
    let size = wanted.size.into();
    let (bytes, kind) =
        app.call(move |office| delivery::item_image(office, &actor, id, number, size)).await?;
    Ok(([(header::CONTENT_TYPE, kind)], bytes))
}

/// Starts the check of a delivery.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/check", tag = "deliveries", params(("id" = DeliveryId, Path)),
    responses((status = 202, body = Job)))]
async fn check(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<DeliveryId>,
) -> Answer<(StatusCode, Json<Job>)> {
    let job = app.call(move |office| delivery::check(office, &actor, id)).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// Proposes what is to be done with a checked delivery.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/proposal", tag = "deliveries",
    params(("id" = DeliveryId, Path)), request_body = Propose, responses((status = 200, body = Delivery)))]
async fn propose(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<DeliveryId>,
    Json(proposal): Json<Propose>,
) -> Answer<Json<Delivery>> {
    app.call(move |office| delivery::propose(office, &actor, id, &proposal)).await.map(Json)
}

/// Confirms what another proposed, or refuses it.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/confirmation", tag = "deliveries",
    params(("id" = DeliveryId, Path)), request_body = Confirm, responses((status = 200, body = Delivery)))]
async fn confirm(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<DeliveryId>,
    Json(answer): Json<Confirm>,
) -> Answer<Json<Delivery>> {
    app.call(move |office| delivery::confirm(office, &actor, id, &answer)).await.map(Json)
}

/// The receipt of an accepted delivery.
#[utoipa::path(get, path = "/api/v1/deliveries/{id}/receipt", tag = "deliveries",
    params(("id" = DeliveryId, Path)), responses((status = 200, body = Receipt)))]
async fn receipt_of(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<DeliveryId>,
) -> Answer<Json<Receipt>> {
    app.call(move |office| receipt::get(office, &actor, id)).await.map(Json)
}

/// The acceptance report on paper (PDF/A), once the delivery was checked.
#[utoipa::path(get, path = "/api/v1/deliveries/{id}/report.pdf", tag = "deliveries",
    params(("id" = DeliveryId, Path), In), responses((status = 200, body = Vec<u8>, content_type = "application/pdf")))]
async fn report_paper(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<DeliveryId>,
    Query(wanted): Query<In>,
) -> Answer<impl IntoResponse> {
    let language = wanted.language()?;
    let pdf = app
        .call(move |office| {
            let checked = papers::report(office, &actor, id)?;
            let school = &office.school;
            paper::set(|fonts| {
                ::paper::acceptance_report(fonts, language, school, &checked, Timestamp::now())
            })
        })
        .await?;
    Ok(paper::answer(&format!("report-{id}"), pdf))
}
