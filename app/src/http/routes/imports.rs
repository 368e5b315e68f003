//! Photos and certificate registers brought in from uploaded files.

use api::Right;
use api::import::{ImportFile, ImportPhotos};
use api::job::Job;
use axum::{extract::State, http::StatusCode};
use service::import;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, SignedIn};

pub(super) const RESOURCE: Resource = Resource {
    routes: &[
        Route::post("/api/v1/photos/import", Gate::Right(Right::Import)),
        Route::post("/api/v1/diplomas/import", Gate::Right(Right::Import)),
    ],
    router: || OpenApiRouter::new().routes(routes!(photos)).routes(routes!(diplomas)),
};

/// Imports an uploaded zip of photos.
#[utoipa::path(post, path = "/api/v1/photos/import", tag = "import", request_body = ImportPhotos,
    responses((status = 202, body = Job)))]
async fn photos(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Json(wanted): Json<ImportPhotos>,
) -> Answer<(StatusCode, Json<Job>)> {
    let job = app.call(move |office| import::photos_of_campaign(office, &actor, wanted)).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// Imports an uploaded certificate register.
#[utoipa::path(post, path = "/api/v1/diplomas/import", tag = "import", request_body = ImportFile,
    responses((status = 202, body = Job)))]
async fn diplomas(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Json(file): Json<ImportFile>,
) -> Answer<(StatusCode, Json<Job>)> {
    let job = app.call(move |office| import::diplomas(office, &actor, file)).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}
