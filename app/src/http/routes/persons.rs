//! What is kept about one person.

use api::Right;
use api::dossier::{Correction, Dossier, PersonFacts};
use api::ids::PersonId;
use api::usage::{UseQuery, Uses};
use axum::{extract::State, http::StatusCode};
use service::{dossier, usage};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, Path, Query, SignedIn};

pub(super) const RESOURCE: Resource = Resource {
    routes: &[
        Route::get("/api/v1/persons/{id}", Gate::Right(Right::ReadDossier)),
        Route::get("/api/v1/persons/{id}/numbers", Gate::Right(Right::RevealNumbers)),
        Route::post("/api/v1/persons/{id}/corrections", Gate::Right(Right::CorrectDossier)),
        Route::get("/api/v1/persons/{id}/uses", Gate::AnyOf(&[Right::ReadDossier, Right::ReadAudit])),
        Route::post("/api/v1/persons/{id}/prints", Gate::Right(Right::ReadDossier)),
    ],
    router: || {
        OpenApiRouter::new()
            .routes(routes!(read))
            .routes(routes!(reveal))
            .routes(routes!(correct))
            .routes(routes!(uses))
            .routes(routes!(print))
    },
};

/// Opens a dossier, numbers masked. Needs a purpose and is recorded.
#[utoipa::path(get, path = "/api/v1/persons/{id}", tag = "dossiers", params(("id" = PersonId, Path)),
    responses((status = 200, body = Dossier)))]
async fn read(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<PersonId>,
) -> Answer<Json<Dossier>> {
    app.call(move |office| dossier::read(office, &actor, id)).await.map(Json)
}

/// Shows a person's numbers whole. Needs a purpose and is recorded.
#[utoipa::path(get, path = "/api/v1/persons/{id}/numbers", tag = "dossiers", params(("id" = PersonId, Path)),
    responses((status = 200, body = PersonFacts)))]
async fn reveal(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<PersonId>,
) -> Answer<Json<PersonFacts>> {
    app.call(move |office| dossier::reveal(office, &actor, id)).await.map(Json)
}

/// Corrects a person's facts. Needs a purpose and is recorded.
#[utoipa::path(post, path = "/api/v1/persons/{id}/corrections", tag = "dossiers", params(("id" = PersonId, Path)),
    request_body = Correction, responses((status = 200, body = Dossier)))]
async fn correct(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<PersonId>,
    Json(correction): Json<Correction>,
) -> Answer<Json<Dossier>> {
    app.call(move |office| dossier::correct(office, &actor, id, correction)).await.map(Json)
}

/// Who looked at a person's record, the latest first. Looks that follow each other closely are one. Recorded.
#[utoipa::path(get, path = "/api/v1/persons/{id}/uses", tag = "dossiers", params(("id" = PersonId, Path), UseQuery),
    responses((status = 200, body = Uses)))]
async fn uses(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<PersonId>,
    Query(query): Query<UseQuery>,
) -> Answer<Json<Uses>> {
    app.call(move |office| usage::of_person(office, &actor, id, &query)).await.map(Json)
}

/// Notes that a dossier is about to be printed from its page. Needs a purpose.
#[utoipa::path(post, path = "/api/v1/persons/{id}/prints", tag = "dossiers", params(("id" = PersonId, Path)),
    responses((status = 204)))]
async fn print(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<PersonId>,
) -> Answer<StatusCode> {
    app.call(move |office| usage::printed(office, &actor, id)).await.map(|()| StatusCode::NO_CONTENT)
}
