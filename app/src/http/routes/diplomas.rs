//! Diplomas: their numbers, and printed proofs of them.

use api::Right;
use api::diploma::{LookUp, NewProof, Numbers, Proof};
use api::ids::{PersonId, ProofId};
use axum::{extract::State, http::StatusCode, response::Response};
use service::{numbers, proof};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::paper::{In, answer, set};
use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, Path, Query, SignedIn};

pub(super) const RESOURCE: Resource = Resource {
    routes: &[
        Route::get("/api/v1/diplomas/numbers", Gate::Right(Right::Import)),
        Route::post("/api/v1/persons/{id}/proofs", Gate::Right(Right::RevealNumbers)),
        Route::post("/api/v1/proofs/look-up", Gate::Right(Right::ReadDossier)),
        Route::get("/api/v1/proofs/{id}/paper", Gate::Right(Right::RevealNumbers)),
    ],
    router: || {
        OpenApiRouter::new()
            .routes(routes!(list_numbers))
            .routes(routes!(issue))
            .routes(routes!(look_up))
            .routes(routes!(print))
    },
};

/// Looks through every certificate number: gaps, batches, duplicates.
#[utoipa::path(get, path = "/api/v1/diplomas/numbers", tag = "diplomas",
    responses((status = 200, body = Numbers)))]
async fn list_numbers(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Json<Numbers>> {
    app.call(move |office| numbers::list(office, &actor)).await.map(Json)
}

/// Issues a printed proof of a diploma. Needs a purpose, which the paper states, and is recorded.
#[utoipa::path(post, path = "/api/v1/persons/{id}/proofs", tag = "diplomas", params(("id" = PersonId, Path)),
    request_body = NewProof, responses((status = 201, body = Proof)))]
async fn issue(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<PersonId>,
    Json(wanted): Json<NewProof>,
) -> Answer<(StatusCode, Json<Proof>)> {
    let proof = app.call(move |office| proof::issue(office, &actor, id, &wanted)).await?;
    Ok((StatusCode::CREATED, Json(proof)))
}

/// Finds an issued proof by the code on the paper. Needs a purpose and is recorded. The code is never in an address.
#[utoipa::path(post, path = "/api/v1/proofs/look-up", tag = "diplomas", request_body = LookUp,
    responses((status = 200, body = Proof)))]
async fn look_up(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Json(wanted): Json<LookUp>,
) -> Answer<Json<Proof>> {
    app.call(move |office| proof::look_up(office, &actor, &wanted.code)).await.map(Json)
}

/// An issued proof as a PDF to print. Needs a purpose and is recorded.
#[utoipa::path(get, path = "/api/v1/proofs/{id}/paper", tag = "diplomas", params(("id" = ProofId, Path), In),
    responses((status = 200, body = Vec<u8>, content_type = "application/pdf")))]
async fn print(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<ProofId>,
    Query(wanted): Query<In>,
) -> Answer<Response> {
    let language = wanted.language()?;
    let pdf = app.call(move |office| {
        let (said, photo) = proof::paper(office, &actor, id)?;
        set(|fonts| ::paper::diploma_proof(fonts, language, &said, photo))
    });
    Ok(answer("proof", pdf.await?))
}
