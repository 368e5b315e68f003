//! The vendor's half of a deletion: what the school says, what the vendor says, and what both speak about.

use api::ProblemCode;
use api::ids::CaseId;
use api::vendor::{Envelopes, VendorCase};
use axum::{
    Router,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use serde::Deserialize;
use service::{Office, Result, deletion};

use super::VendorConnection;
use crate::http::{Answer, App, BODY_LIMIT, Failure, Json, Path, Query};

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/vendor/v1/deletions", get(list))
        .route("/vendor/v1/deletions/{id}/policy", get(policy))
        .route("/vendor/v1/deletions/{id}/objects", get(objects))
        .route("/vendor/v1/deletions/{id}/messages", get(messages).post(receive))
        .route("/vendor/v1/deletions/{id}/certificate", get(certificate))
}

/// Lists this vendor's deletion cases, newest first.
async fn list(State(app): State<App>, connection: VendorConnection) -> Answer<Json<Vec<VendorCase>>> {
    app.call(move |office| deletion::cases_of(office, &connection.fingerprint)).await.map(Json)
}

/// Who speaks for whom. Its fingerprint belongs into the contract's annex.
async fn policy(
    State(app): State<App>,
    connection: VendorConnection,
    Path(id): Path<CaseId>,
) -> Answer<impl IntoResponse> {
    document(&app, connection, id, deletion::policy_of).await
}

/// What is to be deleted.
async fn objects(
    State(app): State<App>,
    connection: VendorConnection,
    Path(id): Path<CaseId>,
) -> Answer<impl IntoResponse> {
    document(&app, connection, id, deletion::objects_of).await
}

/// The certificate, once the case is closed.
async fn certificate(
    State(app): State<App>,
    connection: VendorConnection,
    Path(id): Path<CaseId>,
) -> Answer<impl IntoResponse> {
    document(&app, connection, id, deletion::certificate_of).await
}

/// Canonical JSON, byte for byte.
async fn document(
    app: &App,
    connection: VendorConnection,
    id: CaseId,
    read: fn(&Office, &str, CaseId) -> Result<Vec<u8>>,
) -> Answer<impl IntoResponse + use<>> {
    let bytes = app.call(move |office| read(office, &connection.fingerprint, id)).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], bytes))
}

/// From where on messages are wanted.
#[derive(Deserialize)]
struct After {
    /// The number of the last message that is known.
    after: Option<u64>,
}

/// The conversation, both sides' messages in order.
async fn messages(
    State(app): State<App>,
    connection: VendorConnection,
    Path(id): Path<CaseId>,
    Query(from): Query<After>,
) -> Answer<Json<Envelopes>> {
    app.call(move |office| deletion::messages_of(office, &connection.fingerprint, id, from.after))
        .await
        .map(Json)
}

/// Takes one message of the vendor's, byte for byte. Nothing is acknowledged before it is on record.
async fn receive(
    State(app): State<App>,
    connection: VendorConnection,
    Path(id): Path<CaseId>,
    body: Result<Bytes, BytesRejection>,
) -> Answer<StatusCode> {
    let body = body.map_err(|rejection| unread(&rejection))?;
    app.call(move |office| deletion::receive(office, &connection.fingerprint, id, &body)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Why a message's bytes did not come.
fn unread(rejection: &BytesRejection) -> Failure {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Failure::new(ProblemCode::TooLarge, [("limit_bytes", BODY_LIMIT.to_string())])
    } else {
        Failure::bad_request("the body could not be read")
    }
}
