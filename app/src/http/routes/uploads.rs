//! Files that staff put in for a job.

use std::time::Duration;

use api::Right;
use api::import::Upload;
use axum::{
    body::Body,
    extract::{Request, State},
    http::StatusCode,
};
use serde::Deserialize;
use service::upload;
use tokio_stream::StreamExt as _;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{Answer, App, Failure, Gate, Json, Query, SignedIn};

/// How long the next bytes may be awaited.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) const RESOURCE: Resource = Resource {
    routes: &[Route::post("/api/v1/uploads", Gate::Right(Right::Import))],
    router: || OpenApiRouter::new().routes(routes!(put_in)),
};

/// The file as the client knows it.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Named {
    /// Its name: tells the format by its ending.
    name: String,
}

/// Puts a file in. The body is its bytes.
#[utoipa::path(post, path = "/api/v1/uploads", tag = "import", params(Named),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = Upload)))]
async fn put_in(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Query(named): Query<Named>,
    request: Request<Body>,
) -> Answer<(StatusCode, Json<Upload>)> {
    let asker = actor.clone();
    let mut receiving = app.call(move |office| upload::begin(office, &asker)).await?;
    let mut chunks = request.into_body().into_data_stream();
    while let Some(chunk) = next(&mut chunks).await? {
        receiving = app
            .call(move |_| {
                receiving.write(&chunk)?;
                Ok(receiving)
            })
            .await?;
    }
    let kept = app.call(move |office| receiving.keep(office, &actor, &named.name)).await?;
    Ok((StatusCode::CREATED, Json(kept)))
}

async fn next(chunks: &mut axum::body::BodyDataStream) -> Answer<Option<axum::body::Bytes>> {
    match tokio::time::timeout(PATIENCE, chunks.next()).await {
        Ok(None) => Ok(None),
        Ok(Some(Ok(chunk))) => Ok(Some(chunk)),
        Ok(Some(Err(_))) => Err(Failure::bad_request("the connection broke")),
        Err(_) => Err(Failure::bad_request("no bytes came for a minute")),
    }
}
