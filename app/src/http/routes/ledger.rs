//! The ledger: read, fetched as tiles, proven, verified.

use api::job::Job;
use api::ledger::{LedgerEntry, LedgerHead, LedgerProof};
use api::{Page, Right, Slice};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::Deserialize;
use service::ledger;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, Path, Query, SignedIn};

const READERS: Gate = Gate::Right(Right::ReadLedger);

pub(super) const RESOURCE: Resource = Resource {
    routes: &[
        Route::get("/api/v1/ledger", READERS),
        Route::get("/api/v1/ledger/entries", READERS),
        Route::get("/api/v1/ledger/entries/{index}/proof", READERS),
        Route::get("/api/v1/ledger/checkpoint", READERS),
        Route::get("/api/v1/ledger/tile/{*path}", READERS),
        Route::post("/api/v1/ledger/verify", READERS),
    ],
    router: || {
        OpenApiRouter::new()
            .routes(routes!(head))
            .routes(routes!(entries))
            .routes(routes!(proof))
            .routes(routes!(checkpoint))
            .routes(routes!(tile))
            .routes(routes!(verify))
    },
};

/// The ledger's head.
#[utoipa::path(get, path = "/api/v1/ledger", tag = "ledger", responses((status = 200, body = LedgerHead)))]
async fn head(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Json<LedgerHead>> {
    app.call(move |office| ledger::head(office, &actor)).await.map(Json)
}

/// Which entries are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// Only about this id.
    subject: Option<String>,
    /// How many entries to pass over.
    #[serde(default)]
    offset: u32,
    /// How many to return, at most 500; 50 if nothing is said.
    limit: Option<u32>,
}

/// Reads the ledger, newest first.
#[utoipa::path(get, path = "/api/v1/ledger/entries", tag = "ledger", params(Asked),
    responses((status = 200, body = Page<LedgerEntry>)))]
async fn entries(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Query(asked): Query<Asked>,
) -> Answer<Json<Page<LedgerEntry>>> {
    let slice = Slice { offset: asked.offset, limit: asked.limit.unwrap_or(Slice::default().limit) };
    app.call(move |office| ledger::entries(office, &actor, asked.subject.as_deref(), slice)).await.map(Json)
}

/// A proof that an entry is in the ledger.
#[utoipa::path(get, path = "/api/v1/ledger/entries/{index}/proof", tag = "ledger", params(("index" = u64, Path)),
    responses((status = 200, body = LedgerProof)))]
async fn proof(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(index): Path<u64>,
) -> Answer<Json<LedgerProof>> {
    app.call(move |office| ledger::proof(office, &actor, index)).await.map(Json)
}

/// The signed checkpoint (C2SP tlog-checkpoint).
#[utoipa::path(get, path = "/api/v1/ledger/checkpoint", tag = "ledger",
    responses((status = 200, content_type = "text/plain", body = String)))]
async fn checkpoint(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<impl IntoResponse> {
    let text = app.call(move |office| ledger::checkpoint(office, &actor)).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text))
}

/// A tile or entry bundle by its path (C2SP tlog-tiles).
#[utoipa::path(get, path = "/api/v1/ledger/tile/{*path}", tag = "ledger", params(("path" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream")))]
async fn tile(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(path): Path<String>,
) -> Answer<impl IntoResponse> {
    let bytes = app.call(move |office| ledger::tile(office, &actor, &format!("tile/{path}"))).await?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], bytes))
}

/// Recomputes the ledger and compares every event with its leaf.
#[utoipa::path(post, path = "/api/v1/ledger/verify", tag = "ledger", responses((status = 202, body = Job)))]
async fn verify(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<(StatusCode, Json<Job>)> {
    let job = app.call(move |office| ledger::ask_verify(office, &actor)).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}
