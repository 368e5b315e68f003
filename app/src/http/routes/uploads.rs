//! Files that staff put in for a job.

use std::time::Duration;

use api::Right;
use api::import::Upload;
use axum::{
    body::{Body, BodyDataStream, Bytes},
    extract::{Request, State},
    http::StatusCode,
};
use serde::Deserialize;
use service::Actor;
use service::upload::{self, Receiving};
use tokio_stream::StreamExt as _;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{Answer, App, Failure, Gate, Json, Query, SignedIn, rest};

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
    let mut chunks = request.into_body().into_data_stream();
    let received = match receive(&app, actor.clone(), &mut chunks).await {
        Ok(received) => received,
        Err(failure) => {
            rest::let_come(chunks);
            return Err(failure);
        }
    };
    let kept = app.call(move |office| received.keep(office, &actor, &named.name)).await?;
    Ok((StatusCode::CREATED, Json(kept)))
}

/// Writes a body to its end.
async fn receive(app: &App, actor: Actor, chunks: &mut BodyDataStream) -> Answer<Receiving> {
    let mut receiving = app.call(move |office| upload::begin(office, &actor)).await?;
    while let Some(chunk) = next(chunks).await? {
        receiving = app
            .call(move |_| {
                receiving.write(&chunk)?;
                Ok(receiving)
            })
            .await?;
    }
    Ok(receiving)
}

async fn next(chunks: &mut BodyDataStream) -> Answer<Option<Bytes>> {
    match tokio::time::timeout(PATIENCE, chunks.next()).await {
        Ok(None) => Ok(None),
        Ok(Some(Ok(chunk))) => Ok(Some(chunk)),
        Ok(Some(Err(_))) => Err(Failure::bad_request("the connection broke")),
        Err(_) => Err(Failure::bad_request("no bytes came for a minute")),
    }
}
