//! Today's page.

use api::today::Today;
use axum::extract::State;
use service::today;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, SignedIn};

pub(super) const RESOURCE: Resource = Resource {
    routes: &[Route::get("/api/v1/today", Gate::SignedIn)],
    router: || OpenApiRouter::new().routes(routes!(read)),
};

/// What waits for me and what changed since I was last here.
#[utoipa::path(get, path = "/api/v1/today", tag = "today", responses((status = 200, body = Today)))]
async fn read(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Json<Today>> {
    app.call(move |office| today::today(office, &actor)).await.map(Json)
}
