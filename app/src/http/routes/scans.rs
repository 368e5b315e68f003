//! Scans of diplomas: brought in, shown, read and held against the register.

use api::diploma::{AttachScan, Scans};
use api::dossier::Dossier;
use api::ids::{PersonId, ScanId};
use api::import::ImportFile;
use api::job::Job;
use api::{Right, Slice};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use service::{import, scan};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, Path, Query, SignedIn};

pub(super) const RESOURCE: Resource = Resource {
    routes: &[
        Route::get("/api/v1/scans", Gate::Right(Right::Search)),
        Route::post("/api/v1/scans/import", Gate::Right(Right::Import)),
        Route::post("/api/v1/scans/read", Gate::Right(Right::Import)),
        Route::get("/api/v1/scans/{id}/file", Gate::Right(Right::AskCopies)),
        Route::get("/api/v1/scans/{id}/pages/{number}", Gate::Right(Right::ReadDossier)),
        Route::post("/api/v1/persons/{id}/scans", Gate::Right(Right::CorrectDossier)),
    ],
    router: || {
        OpenApiRouter::new()
            .routes(routes!(list))
            .routes(routes!(bring_in))
            .routes(routes!(read))
            .routes(routes!(file))
            .routes(routes!(page))
            .routes(routes!(attach))
    },
};

/// Scans in figures, and a part of those on which the register's facts do not all stand.
#[utoipa::path(get, path = "/api/v1/scans", tag = "diplomas", params(Slice),
    responses((status = 200, body = Scans)))]
async fn list(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Query(slice): Query<Slice>,
) -> Answer<Json<Scans>> {
    app.call(move |office| scan::list(office, &actor, slice)).await.map(Json)
}

/// Imports an uploaded zip of scans, each named by its certificate number.
#[utoipa::path(post, path = "/api/v1/scans/import", tag = "import", request_body = ImportFile,
    responses((status = 202, body = Job)))]
async fn bring_in(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Json(file): Json<ImportFile>,
) -> Answer<(StatusCode, Json<Job>)> {
    let job = app.call(move |office| import::scans(office, &actor, file)).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// Reads the text of every scan nobody has read yet.
#[utoipa::path(post, path = "/api/v1/scans/read", tag = "diplomas", responses((status = 202, body = Job)))]
async fn read(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<(StatusCode, Json<Job>)> {
    let job = app.call(move |office| scan::read_all(office, &actor)).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// A copy of a scan: its bytes as they are kept. Needs a purpose and is recorded.
#[utoipa::path(get, path = "/api/v1/scans/{id}/file", tag = "diplomas", params(("id" = ScanId, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/pdf")))]
async fn file(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<ScanId>,
) -> Answer<impl IntoResponse> {
    let bytes = app.call(move |office| scan::file(office, &actor, id)).await?;
    // A PDF that is opened beside the session could run what it likes; it is only ever handed over as a file.
    let headers = [(header::CONTENT_TYPE, bytes.media_type), (header::CONTENT_DISPOSITION, "attachment")];
    Ok((headers, bytes.bytes))
}

/// A view of a page of a scan, from 1, marked with who looks. Needs a purpose and is recorded.
#[utoipa::path(get, path = "/api/v1/scans/{id}/pages/{number}", tag = "diplomas",
    params(("id" = ScanId, Path), ("number" = u32, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "image/jpeg")))]
async fn page(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path((id, number)): Path<(ScanId, u32)>,
) -> Answer<impl IntoResponse> {
    let pixels = app.call(move |office| scan::page(office, &actor, id, number)).await?;
    Ok(([(header::CONTENT_TYPE, pixels.media_type)], pixels.bytes))
}

/// Adds an uploaded scan to a diploma. Needs a purpose and is recorded.
#[utoipa::path(post, path = "/api/v1/persons/{id}/scans", tag = "diplomas", params(("id" = PersonId, Path)),
    request_body = AttachScan, responses((status = 200, body = Dossier)))]
async fn attach(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<PersonId>,
    Json(wanted): Json<AttachScan>,
) -> Answer<Json<Dossier>> {
    app.call(move |office| scan::attach(office, &actor, id, wanted)).await.map(Json)
}
