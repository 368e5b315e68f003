//! The archive's copies on further volumes.

use api::Right;
use api::health::Replica;
use api::ids::ReplicaId;
use api::job::Job;
use axum::{extract::State, http::StatusCode};
use service::replica;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, Path, SignedIn};

pub(super) const RESOURCE: Resource = Resource {
    routes: &[
        Route::get("/api/v1/replicas", Gate::Right(Right::ReadHealth)),
        Route::post("/api/v1/replicas/{id}/sync", Gate::Right(Right::MaintainArchive)),
        Route::post("/api/v1/replicas/{id}/verify", Gate::Right(Right::MaintainArchive)),
    ],
    router: || OpenApiRouter::new().routes(routes!(list)).routes(routes!(sync)).routes(routes!(verify)),
};

/// Every replica with its state.
#[utoipa::path(get, path = "/api/v1/replicas", tag = "health", responses((status = 200, body = [Replica])))]
async fn list(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Json<Vec<Replica>>> {
    app.call(move |office| replica::list(office, &actor)).await.map(Json)
}

/// Brings a replica up to date.
#[utoipa::path(post, path = "/api/v1/replicas/{id}/sync", tag = "health", params(("id" = ReplicaId, Path)),
    responses((status = 202, body = Job)))]
async fn sync(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<ReplicaId>,
) -> Answer<(StatusCode, Json<Job>)> {
    let job = app.call(move |office| replica::sync(office, &actor, id)).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// Reads every byte of a replica and replaces what is damaged there.
#[utoipa::path(post, path = "/api/v1/replicas/{id}/verify", tag = "health", params(("id" = ReplicaId, Path)),
    responses((status = 202, body = Job)))]
async fn verify(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<ReplicaId>,
) -> Answer<(StatusCode, Json<Job>)> {
    let job = app.call(move |office| replica::verify(office, &actor, id)).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}
