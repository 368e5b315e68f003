//! Whether the server answers, and the description of the API.

use axum::{extract::State, http::header, response::IntoResponse};
use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{App, Gate, Json};

pub(super) const RESOURCE: Resource = Resource {
    routes: &[Route::get("/health", Gate::Public), Route::get("/api/v1/openapi.json", Gate::Public)],
    router: || OpenApiRouter::new().routes(routes!(health)).routes(routes!(openapi)),
};

/// The server answers.
#[derive(Serialize, utoipa::ToSchema)]
struct Alive {
    /// `ok`.
    status: &'static str,
}

/// Whether the server answers. Says nothing else to strangers.
#[utoipa::path(get, path = "/health", tag = "health", responses((status = 200, body = Alive)))]
async fn health() -> Json<Alive> {
    Json(Alive { status: "ok" })
}

/// This description.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "health",
    responses((status = 200, content_type = "application/json")))]
async fn openapi(State(app): State<App>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], app.openapi.to_string())
}
