//! The offices and what each may do.

use api::account::RightsTable;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{Gate, Json};

pub(super) const RESOURCE: Resource = Resource {
    routes: &[Route::get("/api/v1/rights", Gate::SignedIn)],
    router: || OpenApiRouter::new().routes(routes!(table)),
};

/// The offices and what each may do.
#[utoipa::path(get, path = "/api/v1/rights", tag = "accounts", responses((status = 200, body = RightsTable)))]
async fn table() -> Json<RightsTable> {
    Json(service::account::rights_table())
}
