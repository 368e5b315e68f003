//! Lists that leave the archive.

use api::Right;
use api::copy::{Copy, DecideCopy, NewCopy};
use api::ids::CopyId;
use axum::{extract::State, http::StatusCode, response::IntoResponse};
use service::copy;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route, paper};
use crate::http::{Answer, App, Gate, Json, Path, SignedIn};

pub(super) const RESOURCE: Resource = Resource {
    routes: &[
        Route::get("/api/v1/copies", Gate::AnyOf(&[Right::AskCopies, Right::ApproveCopies])),
        Route::post("/api/v1/copies", Gate::Right(Right::AskCopies)),
        Route::post("/api/v1/copies/{id}/decision", Gate::Right(Right::ApproveCopies)),
        Route::get("/api/v1/copies/{id}/list.xlsx", Gate::Right(Right::AskCopies)),
    ],
    router: || OpenApiRouter::new().routes(routes!(list, ask)).routes(routes!(decide)).routes(routes!(take)),
};

/// Lists requests for copies, newest first.
#[utoipa::path(get, path = "/api/v1/copies", tag = "copies", responses((status = 200, body = [Copy])))]
async fn list(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Json<Vec<Copy>>> {
    app.call(move |office| copy::list(office, &actor)).await.map(Json)
}

/// Asks for a list of everybody a search finds.
#[utoipa::path(post, path = "/api/v1/copies", tag = "copies", request_body = NewCopy,
    responses((status = 201, body = Copy)))]
async fn ask(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Json(wanted): Json<NewCopy>,
) -> Answer<(StatusCode, Json<Copy>)> {
    let copy = app.call(move |office| copy::ask(office, &actor, &wanted)).await?;
    Ok((StatusCode::CREATED, Json(copy)))
}

/// Decides a request, as somebody other than who asked.
#[utoipa::path(post, path = "/api/v1/copies/{id}/decision", tag = "copies", params(("id" = CopyId, Path)),
    request_body = DecideCopy, responses((status = 200, body = Copy)))]
async fn decide(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CopyId>,
    Json(decision): Json<DecideCopy>,
) -> Answer<Json<Copy>> {
    app.call(move |office| copy::decide(office, &actor, id, &decision)).await.map(Json)
}

/// Takes an approved list, as the one who asked for it. Everybody on it has that in their use register.
#[utoipa::path(get, path = "/api/v1/copies/{id}/list.xlsx", tag = "copies", params(("id" = CopyId, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))]
async fn take(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<CopyId>,
) -> Answer<impl IntoResponse> {
    let book = app.call(move |office| copy::take(office, &actor, id)).await?;
    Ok(paper::workbook(id, book.bytes))
}
