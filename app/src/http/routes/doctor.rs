//! The doctor's findings.

use api::Right;
use api::health::Doctor;
use axum::extract::State;
use service::doctor;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, SignedIn};

pub(super) const RESOURCE: Resource = Resource {
    routes: &[Route::get("/api/v1/doctor", Gate::Right(Right::ReadDoctor))],
    router: || OpenApiRouter::new().routes(routes!(examine)),
};

/// Examines the appliance.
#[utoipa::path(get, path = "/api/v1/doctor", tag = "health", responses((status = 200, body = Doctor)))]
async fn examine(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Json<Doctor>> {
    app.call(move |office| doctor::examine(office, &actor)).await.map(Json)
}
