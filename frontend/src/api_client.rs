//! The only way to the server: one function per question, typed by the `api` crate. Here is how a question is sent; the
//! questions are in the rooms below.
//!
//! A request that changes something carries the session's CSRF token. When the API wants a purpose first, the person
//! is asked once and the request goes out again. When the session has ended, the sign-in page takes over.

pub(crate) mod accounts;
pub(crate) mod archive;
pub(crate) mod campaigns;
pub(crate) mod cohorts;
pub(crate) mod copies;
pub(crate) mod deletions;
pub(crate) mod deliveries;
pub(crate) mod diplomas;
pub(crate) mod faces;
pub(crate) mod jobs;
pub(crate) mod law;
pub(crate) mod people;

use std::collections::BTreeMap;
use std::pin::Pin;

use api::ids::PhotoId;
use api::{Problem, ProblemCode};
use gloo_net::http::{Method, Request, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;

use crate::json;
use crate::router::write_query;
use crate::session;
use crate::state::state;

/// Why an answer did not come.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Failure {
    /// The server said why.
    Problem(Problem),
    /// The server could not be reached.
    Unreachable,
    /// The server's answer could not be read.
    Unreadable,
    /// The person did not state a purpose.
    NoPurpose,
}

/// What a question brings.
pub(crate) type Answer<T> = Result<T, Failure>;

/// A request's body.
#[derive(Clone)]
enum Body {
    Nothing,
    Json(String),
    Bytes(web_sys::Blob),
}

/// The full address of an API path.
pub(crate) fn url(path: &str) -> String {
    format!("/api/v1{path}")
}

/// The address of a photo's pixels; `size` is `thumb` or `full`.
pub(crate) fn photo_url(photo: PhotoId, size: &str) -> String {
    url(&format!("/photos/{photo}/image?size={size}"))
}

fn with_query(path: &str, query: &impl Serialize) -> String {
    let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(query) else {
        return path.to_owned();
    };
    let fields: BTreeMap<_, _> = fields.into_iter().map(|(name, value)| (name, plain(&value))).collect();
    let query = write_query(&fields);
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => String::new(),
        serde_json::Value::Bool(flag) => flag.to_string(),
        other => other.as_u64().map(|n| n.to_string()).unwrap_or_default(),
    }
}

/// Sends a request and reads the answer's text. Boxed, so that it is compiled once and not into every question.
fn send(method: Method, path: String, body: Body) -> Pin<Box<dyn Future<Output = Answer<String>>>> {
    Box::pin(async move {
        loop {
            let response = send_once(method.clone(), &path, &body).await?;
            let text = response.text().await.map_err(|_| Failure::Unreachable)?;
            if response.ok() {
                return Ok(text);
            }
            let problem: Problem = parse(&text)?;
            match problem.code {
                ProblemCode::PurposeRequired => {
                    if !session::ask_purpose().await {
                        return Err(Failure::NoPurpose);
                    }
                }
                ProblemCode::SignInRequired => {
                    session::ended();
                    return Err(Failure::Problem(problem));
                }
                _ => return Err(Failure::Problem(problem)),
            }
        }
    })
}

/// Asks for a purpose before a request that is known to need one, which spares the refusal.
async fn with_purpose() -> Answer<()> {
    let stated = state().session_now().is_some_and(|session| session.purpose.is_some());
    if stated || session::ask_purpose().await { Ok(()) } else { Err(Failure::NoPurpose) }
}

async fn send_once(method: Method, path: &str, body: &Body) -> Answer<Response> {
    let mut builder =
        RequestBuilder::new(&url(path)).method(method.clone()).header("accept", "application/json");
    if method != Method::GET
        && let Some(session) = state().session_now()
    {
        builder = builder.header("x-csrf-token", &session.csrf);
    }
    let request: Result<Request, _> = match body {
        Body::Nothing => builder.build(),
        Body::Json(text) => builder.header("content-type", "application/json").body(text.as_str()),
        Body::Bytes(blob) => {
            builder.header("content-type", "application/octet-stream").body(JsValue::from(blob.clone()))
        }
    };
    request.map_err(|_| Failure::Unreadable)?.send().await.map_err(|_| Failure::Unreachable)
}

fn parse<T: DeserializeOwned>(text: &str) -> Answer<T> {
    json::read(text).map_err(|_| Failure::Unreadable)
}

async fn get<T: DeserializeOwned>(path: impl Into<String>) -> Answer<T> {
    parse(&send(Method::GET, path.into(), Body::Nothing).await?)
}

fn body(value: &impl Serialize) -> Answer<Body> {
    json::write(value).map(Body::Json).map_err(|_| Failure::Unreadable)
}

async fn post<T: DeserializeOwned>(path: impl Into<String>, value: &impl Serialize) -> Answer<T> {
    parse(&send(Method::POST, path.into(), body(value)?).await?)
}

/// The body of a request that has nothing to say.
fn nothing() -> BTreeMap<String, String> {
    BTreeMap::new()
}

async fn put<T: DeserializeOwned>(path: impl Into<String>, value: &impl Serialize) -> Answer<T> {
    parse(&send(Method::PUT, path.into(), body(value)?).await?)
}
