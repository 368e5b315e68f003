//! Deliveries as their vendor makes and sees them: resumable uploads by tus 1.0.0 (core, creation, termination,
//! checksum), and what became of them.

use std::{sync::Arc, time::Duration};

use api::ids::DeliveryId;
use api::vendor::VendorDelivery;
use api::{Flaw, Problem, ProblemCode};
use axum::{
    Extension, Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::get,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use service::delivery::{
    self,
    receive::{self, Announced, Incoming, Offset, Taking},
};
use sha2::{Digest as _, Sha256};
use tokio_stream::StreamExt as _;

use super::VendorConnection;
use crate::http::{Answer, App, Failure, Json, Path, rest};

const VERSION: HeaderValue = HeaderValue::from_static("1.0.0");
const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const STREAM: &str = "application/offset+octet-stream";

/// The status that tus gives to a body whose checksum is another (tus 1.0.0, Checksum).
const CHECKSUM_MISMATCH: u16 = 460;

/// How long the next bytes may be awaited. A vendor that is interrupted comes again.
const PATIENCE: Duration = Duration::from_secs(30);

type Uploads = Extension<Arc<Incoming>>;

pub(super) fn router() -> Router<App> {
    let uploads = "/vendor/v1/deliveries/{id}/upload";
    Router::new()
        .route("/vendor/v1/deliveries", get(list).post(create).options(describe))
        .route("/vendor/v1/deliveries/{id}", get(one))
        .route(uploads, axum::routing::head(head).patch(append).delete(give_up).options(describe))
        .layer(middleware::from_fn(speak_tus))
        .layer(Extension(Arc::new(Incoming::default())))
}

/// Every answer says which tus it speaks; a client that speaks another is told so.
async fn speak_tus(request: Request, next: Next) -> Response {
    let other = request.headers().get(&RESUMABLE).is_some_and(|version| *version != VERSION);
    let mut answer = if other {
        let refused = Failure::bad_request("this server speaks tus 1.0.0");
        let mut answer = refused.into_response();
        *answer.status_mut() = StatusCode::PRECONDITION_FAILED;
        answer.headers_mut().insert("tus-version", VERSION);
        answer
    } else {
        next.run(request).await
    };
    answer.headers_mut().insert(RESUMABLE, VERSION);
    answer
}

/// Says what this server can do.
async fn describe(State(app): State<App>) -> Response {
    let limit = app.office().config.limits.delivery.to_string();
    let headers = [
        ("tus-version", "1.0.0".to_owned()),
        ("tus-extension", "creation,termination,checksum".to_owned()),
        ("tus-checksum-algorithm", "sha256".to_owned()),
        ("tus-max-size", limit),
    ];
    (StatusCode::NO_CONTENT, headers.map(|(name, value)| (HeaderName::from_static(name), value)))
        .into_response()
}

/// Lists this vendor's deliveries, newest first.
async fn list(State(app): State<App>, connection: VendorConnection) -> Answer<Json<Vec<VendorDelivery>>> {
    app.call(move |office| delivery::deliveries_of(office, &connection.fingerprint)).await.map(Json)
}

/// What became of a delivery: its defects by token, its receipt.
async fn one(
    State(app): State<App>,
    connection: VendorConnection,
    Path(id): Path<DeliveryId>,
) -> Answer<Json<VendorDelivery>> {
    app.call(move |office| delivery::delivery_of(office, &connection.fingerprint, id)).await.map(Json)
}

/// Announces a parcel; the answer says where its bytes go.
async fn create(
    State(app): State<App>,
    connection: VendorConnection,
    headers: HeaderMap,
) -> Answer<Response> {
    let announced = announced(&headers)?;
    let id = app.call(move |office| receive::begin(office, &connection.fingerprint, &announced)).await?;
    let location = format!("/vendor/v1/deliveries/{id}/upload");
    Ok((StatusCode::CREATED, [(header::LOCATION, location)]).into_response())
}

/// Says from which byte the upload continues.
async fn head(
    State(app): State<App>,
    Extension(incoming): Uploads,
    connection: VendorConnection,
    Path(id): Path<DeliveryId>,
) -> Answer<Response> {
    let at = app.call(move |office| receive::offset(office, &incoming, &connection.fingerprint, id)).await?;
    let headers = [(UPLOAD_OFFSET, at.offset.to_string()), (UPLOAD_LENGTH, at.total.to_string())];
    Ok((StatusCode::OK, headers, [(header::CACHE_CONTROL, "no-store")]).into_response())
}

/// Takes bytes from the given offset on. What came before an interruption is kept.
async fn append(
    State(app): State<App>,
    Extension(incoming): Uploads,
    connection: VendorConnection,
    Path(id): Path<DeliveryId>,
    request: Request,
) -> Answer<Response> {
    let (offset, checksum) = (offset(request.headers())?, checksum(request.headers())?);
    let patient = checksum.is_some();
    let taking = app
        .call(move |office| receive::take(office, &incoming, &connection.fingerprint, id, offset, patient))
        .await?;
    let at = match checksum {
        None => stream(&app, taking, request.into_body(), &mut |_| {}).await?,
        Some(wanted) => {
            let mut digest = Sha256::new();
            let taken = write(&app, taking, request.into_body(), &mut |bytes| digest.update(bytes)).await;
            let taking = taken.map_err(|(_, failure)| failure)?;
            if <[u8; 32]>::from(digest.finalize()) != wanted {
                // Nothing of it was made durable, so the next request goes on from before.
                drop(taking);
                return Ok(mismatch());
            }
            app.call(move |office| taking.pause(office)).await?
        }
    };
    Ok((StatusCode::NO_CONTENT, [(UPLOAD_OFFSET, at.offset.to_string())]).into_response())
}

/// Gives an upload up.
async fn give_up(
    State(app): State<App>,
    Extension(incoming): Uploads,
    connection: VendorConnection,
    Path(id): Path<DeliveryId>,
) -> Answer<StatusCode> {
    app.call(move |office| receive::give_up(office, &incoming, &connection.fingerprint, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Writes a body to its end and makes it durable; when it breaks off, what came is durable all the same.
async fn stream(
    app: &App,
    taking: Taking,
    body: Body,
    seen: &mut (dyn FnMut(&[u8]) + Send),
) -> Answer<Offset> {
    match write(app, taking, body, seen).await {
        Ok(taking) => app.call(move |office| taking.pause(office)).await,
        Err((Some(mut taking), failure)) => {
            app.call(move |_| taking.sync()).await?;
            Err(failure)
        }
        Err((None, failure)) => Err(failure),
    }
}

/// Writes a body to its end. A body that breaks off gives the upload back beside the failure.
async fn write(
    app: &App,
    mut taking: Taking,
    body: Body,
    seen: &mut (dyn FnMut(&[u8]) + Send),
) -> Result<Taking, (Option<Taking>, Failure)> {
    let mut chunks = body.into_data_stream();
    loop {
        let chunk = match tokio::time::timeout(PATIENCE, chunks.next()).await {
            Ok(None) => return Ok(taking),
            Ok(Some(Ok(chunk))) => chunk,
            Ok(Some(Err(_))) => return Err((Some(taking), Failure::bad_request("the connection broke"))),
            Err(_) => return Err((Some(taking), Failure::bad_request("no bytes came for half a minute"))),
        };
        seen(&chunk);
        let written = app.call(move |_| {
            taking.write(&chunk)?;
            Ok(taking)
        });
        taking = match written.await {
            Ok(taking) => taking,
            Err(failure) => {
                rest::let_come(chunks);
                return Err((None, failure));
            }
        };
    }
}

fn mismatch() -> Response {
    let problem = Problem::new(
        ProblemCode::BadFile,
        [("file", "the body".to_owned()), ("reason", "its checksum is not the one given".to_owned())],
    );
    let mut answer = Failure::from(problem).into_response();
    *answer.status_mut() =
        StatusCode::from_u16(CHECKSUM_MISMATCH).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    answer
}

/// What `Upload-Length` and `Upload-Metadata` announce.
fn announced(headers: &HeaderMap) -> Answer<Announced> {
    let total = number(headers, &UPLOAD_LENGTH)?;
    let metadata = metadata(headers)?;
    let field = |name: &str| {
        let found = metadata.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).ok_or_else(|| Problem::bad_field(name, &Flaw::Missing))
    };
    let bad = |name: &str| Problem::bad_field(name, &Flaw::Unreadable);
    let mut sha256 = [0; 32];
    hex::decode_to_slice(field("sha256")?, &mut sha256).map_err(|_| bad("sha256"))?;
    let campaign = field("campaign")?.parse().map_err(|_| bad("campaign"))?;
    Ok(Announced { campaign, name: field("name")?.to_owned(), sha256, total })
}

/// `Upload-Metadata`: comma-separated pairs of a key and a base64 value.
fn metadata(headers: &HeaderMap) -> Answer<Vec<(String, String)>> {
    let unreadable = || Failure::bad_request("Upload-Metadata can't be read");
    let text = headers.get("upload-metadata").and_then(|value| value.to_str().ok()).ok_or_else(unreadable)?;
    text.split(',')
        .map(|pair| {
            let (key, value) = pair.trim().split_once(' ').unwrap_or((pair.trim(), ""));
            let value = BASE64_STANDARD.decode(value).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            Ok((key.to_owned(), value.ok_or_else(unreadable)?))
        })
        .collect()
}

fn offset(headers: &HeaderMap) -> Answer<u64> {
    if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != STREAM) {
        return Err(Failure::bad_request("the content type is not application/offset+octet-stream"));
    }
    number(headers, &UPLOAD_OFFSET)
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Answer<u64> {
    let number = headers.get(name).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    number.ok_or_else(|| Failure::bad_request(format!("the header {name} is missing or no number")))
}

/// `Upload-Checksum: sha256 <base64>`, if there is one.
fn checksum(headers: &HeaderMap) -> Answer<Option<[u8; 32]>> {
    let Some(value) = headers.get("upload-checksum") else { return Ok(None) };
    let unknown = || Failure::bad_request("Upload-Checksum is not sha256 and its value in base64");
    let text = value.to_str().ok().and_then(|text| text.strip_prefix("sha256 ")).ok_or_else(unknown)?;
    let bytes = BASE64_STANDARD.decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(Some).ok_or_else(unknown)
}
