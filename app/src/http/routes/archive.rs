//! The archive's health.

use api::Right;
use api::health::ArchiveHealth;
use api::job::Job;
use axum::{extract::State, http::StatusCode};
use service::{health, index};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, SignedIn};

pub(super) const RESOURCE: Resource = Resource {
    routes: &[
        Route::get("/api/v1/archive/health", Gate::Right(Right::ReadHealth)),
        Route::post("/api/v1/archive/check", Gate::Right(Right::MaintainArchive)),
        Route::post("/api/v1/archive/rebuild", Gate::Right(Right::MaintainArchive)),
        Route::post("/api/v1/archive/index", Gate::Right(Right::MaintainArchive)),
    ],
    router: || {
        OpenApiRouter::new()
            .routes(routes!(read))
            .routes(routes!(check))
            .routes(routes!(rebuild))
            .routes(routes!(renew))
    },
};

/// The archive in figures.
#[utoipa::path(get, path = "/api/v1/archive/health", tag = "health",
    responses((status = 200, body = ArchiveHealth)))]
async fn read(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Json<ArchiveHealth>> {
    app.call(move |office| health::archive(office, &actor)).await.map(Json)
}

/// Reads every byte of the archive and compares it with its digest.
#[utoipa::path(post, path = "/api/v1/archive/check", tag = "health", responses((status = 202, body = Job)))]
async fn check(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<(StatusCode, Json<Job>)> {
    let job = app.call(move |office| health::check(office, &actor)).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// Rebuilds catalog and index from the archive's files.
#[utoipa::path(post, path = "/api/v1/archive/rebuild", tag = "health", responses((status = 202, body = Job)))]
async fn rebuild(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<(StatusCode, Json<Job>)> {
    let job = app.call(move |office| health::rebuild(office, &actor)).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// Makes the search index anew beside the one that answers.
#[utoipa::path(post, path = "/api/v1/archive/index", tag = "health", responses((status = 202, body = Job)))]
async fn renew(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<(StatusCode, Json<Job>)> {
    let job = app.call(move |office| index::ask(office, &actor)).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}
