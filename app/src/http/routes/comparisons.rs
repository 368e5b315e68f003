//! Comparing faces at the desk, and reviewing doubtful comparisons.

use api::face::{Comparison, ComparisonState, Decide};
use api::ids::{ComparisonId, PersonId};
use api::{Page, ProblemCode, Right, Slice};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::Deserialize;
use service::compare;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{Answer, App, Failure, Gate, Json, Path, Query, SignedIn};

const READERS: Gate = Gate::AnyOf(&[Right::Compare, Right::ReviewComparisons]);

pub(super) const RESOURCE: Resource = Resource {
    routes: &[
        Route::post("/api/v1/persons/{id}/comparisons", Gate::Right(Right::Compare)),
        Route::get("/api/v1/comparisons", READERS),
        Route::get("/api/v1/comparisons/{id}", READERS),
        Route::get("/api/v1/comparisons/{id}/probe", READERS),
        Route::post("/api/v1/comparisons/{id}/decision", Gate::Right(Right::Compare)),
        Route::post("/api/v1/comparisons/{id}/review", Gate::Right(Right::ReviewComparisons)),
    ],
    router: || {
        OpenApiRouter::new()
            .routes(routes!(make))
            .routes(routes!(list))
            .routes(routes!(get))
            .routes(routes!(probe))
            .routes(routes!(decide))
            .routes(routes!(review))
    },
};

/// Compares a probe with the person's reference photo. The body is the probe's bytes.
#[utoipa::path(post, path = "/api/v1/persons/{id}/comparisons", tag = "faces", params(("id" = PersonId, Path)),
    request_body(content = Vec<u8>, content_type = "image/jpeg"), responses((status = 201, body = Comparison)))]
async fn make(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(person): Path<PersonId>,
    request: Request<Body>,
) -> Answer<(StatusCode, Json<Comparison>)> {
    let limit = app.call(|office| Ok(office.config.limits.photo)).await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let too_large = || Failure::new(ProblemCode::TooLarge, [("limit_bytes", limit.to_string())]);
    let bytes = axum::body::to_bytes(request.into_body(), most).await.map_err(|_| too_large())?;
    let made = app.call(move |office| compare::make(office, &actor, person, bytes.to_vec())).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Which comparisons are wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Their state; open ones when nothing is said.
    state: Option<ComparisonState>,
    /// Only those which the account neither made nor reviewed.
    #[serde(default)]
    mine: bool,
    /// How many to pass over.
    #[serde(default)]
    offset: u32,
    /// How many to return at most; the server returns no more than 500.
    limit: Option<u32>,
}

/// Lists a part of the comparisons of a state, oldest first.
#[utoipa::path(get, path = "/api/v1/comparisons", tag = "faces", params(Wanted),
    responses((status = 200, body = Page<Comparison>)))]
async fn list(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Query(wanted): Query<Wanted>,
) -> Answer<Json<Page<Comparison>>> {
    let state = wanted.state.unwrap_or(ComparisonState::Open);
    let slice = Slice { offset: wanted.offset, limit: wanted.limit.unwrap_or(Slice::default().limit) };
    app.call(move |office| compare::list(office, &actor, state, wanted.mine, slice)).await.map(Json)
}

/// Returns a comparison.
#[utoipa::path(get, path = "/api/v1/comparisons/{id}", tag = "faces", params(("id" = ComparisonId, Path)),
    responses((status = 200, body = Comparison)))]
async fn get(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<ComparisonId>,
) -> Answer<Json<Comparison>> {
    app.call(move |office| compare::get(office, &actor, id)).await.map(Json)
}

/// Returns the probe's pixels, until the comparison is decided.
#[utoipa::path(get, path = "/api/v1/comparisons/{id}/probe", tag = "faces", params(("id" = ComparisonId, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "image/jpeg")))]
async fn probe(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<ComparisonId>,
) -> Answer<impl IntoResponse> {
    let bytes = app.call(move |office| compare::probe(office, &actor, id)).await?;
    Ok(([(header::CONTENT_TYPE, "image/jpeg")], bytes))
}

/// Decides an open comparison, at the desk.
#[utoipa::path(post, path = "/api/v1/comparisons/{id}/decision", tag = "faces", params(("id" = ComparisonId, Path)),
    request_body = Decide, responses((status = 200, body = Comparison)))]
async fn decide(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<ComparisonId>,
    Json(request): Json<Decide>,
) -> Answer<Json<Comparison>> {
    app.call(move |office| compare::decide(office, &actor, id, &request)).await.map(Json)
}

/// Decides a doubtful comparison, as one of its reviewers.
#[utoipa::path(post, path = "/api/v1/comparisons/{id}/review", tag = "faces", params(("id" = ComparisonId, Path)),
    request_body = Decide, responses((status = 200, body = Comparison)))]
async fn review(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<ComparisonId>,
    Json(request): Json<Decide>,
) -> Answer<Json<Comparison>> {
    app.call(move |office| compare::review(office, &actor, id, &request)).await.map(Json)
}
