//! Finding people.

use api::Right;
use api::search::{SearchQuery, SearchResults};
use axum::extract::State;
use service::search;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, Query, SignedIn};

pub(super) const RESOURCE: Resource = Resource {
    routes: &[Route::get("/api/v1/search", Gate::Right(Right::Search))],
    router: || OpenApiRouter::new().routes(routes!(find)),
};

/// Finds people. Numbers are masked; homophones stand apart.
#[utoipa::path(get, path = "/api/v1/search", tag = "search", params(SearchQuery),
    responses((status = 200, body = SearchResults)))]
async fn find(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Query(query): Query<SearchQuery>,
) -> Answer<Json<SearchResults>> {
    app.call(move |office| search::find(office, &actor, &query)).await.map(Json)
}
