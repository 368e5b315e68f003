//! Extractors that refuse with problem documents.

use std::time::Duration;

use api::{Problem, ProblemCode};
use axum::{
    extract::{FromRequest, FromRequestParts, Request, rejection::JsonRejection},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use service::Actor;

use super::Failure;

/// How long a JSON body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);

/// JSON in and out, at most 2 MiB in.
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        match tokio::time::timeout(BODY_TIME, axum::Json::<T>::from_request(request, state)).await {
            Ok(Ok(axum::Json(value))) => Ok(Self(value)),
            Ok(Err(rejection)) => Err(bad_json(&rejection)),
            Err(_) => Err(Failure::bad_request("the body took too long")),
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// The rejection without the value: a body may hold personal data, and answers end in other people's logs.
fn bad_json(rejection: &JsonRejection) -> Failure {
    let reason = match rejection {
        JsonRejection::JsonDataError(_) => "the JSON does not have the fields it should have",
        JsonRejection::JsonSyntaxError(_) => "the body is not JSON",
        JsonRejection::MissingJsonContentType(_) => "the content type is not application/json",
        other if other.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE => {
            return Failure::new(ProblemCode::TooLarge, [("limit_bytes", super::BODY_LIMIT.to_string())]);
        }
        _ => "the body could not be read",
    };
    Failure::bad_request(reason)
}

/// Values in the path.
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(Failure::bad_request("the path does not hold an id of the right kind")),
        }
    }
}

/// Values after the question mark.
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        match axum::extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(_) => Err(Failure::bad_request("the query does not hold the values it should hold")),
        }
    }
}

/// Who is signed in. The gate has found out already.
pub(crate) struct SignedIn(pub(crate) Actor);

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts
            .extensions
            .get::<Actor>()
            .cloned()
            .map(Self)
            .ok_or_else(|| Problem::new(ProblemCode::SignInRequired, []).into())
    }
}
