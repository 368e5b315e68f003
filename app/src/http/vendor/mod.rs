//! The vendors' port: mutual TLS, nothing but `/vendor/v1`.
//!
//! To add routes: write a file beside this one with `pub(super) fn router() -> axum::Router<App>` and name it in
//! [`ROUTERS`]. Paths are written in full (`/vendor/v1/…`). Every handler takes a [`VendorConnection`] and passes its
//! fingerprint to `service`, which finds the vendor by it and answers for that vendor's things only.
//!
//! What is refused here is written into the audit trail, as the staff gate's refusals are.

mod campaigns;
mod deletions;
mod deliveries;

use api::ProblemCode;
use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRequestParts, MatchedPath, Request, State},
    http::request::Parts,
    middleware::{self, Next},
    response::Response,
};

use super::{App, BODY_LIMIT, Failure, Told, headers, trace};

/// Every router of the vendors' port.
const ROUTERS: &[fn() -> Router<App>] = &[campaigns::router, deletions::router, deliveries::router];

/// SHA-256 of the certificate a client showed, lower-case hex. Set by the port's acceptor only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VendorCertificate(pub(crate) String);

/// A connection of a client with a certificate by the school's vendor CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VendorConnection {
    /// SHA-256 of its certificate, lower-case hex.
    pub(crate) fingerprint: String,
}

impl<S: Send + Sync> FromRequestParts<S> for VendorConnection {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        match parts.extensions.get::<VendorCertificate>() {
            Some(VendorCertificate(fingerprint)) => Ok(Self { fingerprint: fingerprint.clone() }),
            None => Err(Failure::new(ProblemCode::ClientCertificateRequired, [])),
        }
    }
}

/// Writes what is refused into the audit trail, under the vendor's id.
async fn note(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map_or("an unknown path", MatchedPath::as_str);
    let route = format!("{} {path}", request.method());
    let certificate = request.extensions().get::<VendorCertificate>().map(|shown| shown.0.clone());
    let answer = next.run(request).await;
    if let Some(Told(problem)) = answer.extensions().get::<Told>().cloned() {
        app.note_vendors_refusal(certificate, &route, &problem).await;
    }
    answer
}

/// The vendors' port.
pub(crate) fn router(app: App) -> Router {
    ROUTERS
        .iter()
        .fold(Router::new(), |router, add| router.merge(add()))
        .method_not_allowed_fallback(async || Failure::method_not_allowed())
        .fallback(async || Failure::no_such_route())
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_extractor::<VendorConnection>())
        .layer(middleware::from_fn_with_state(app.clone(), note))
        .layer(middleware::from_fn(headers::secure))
        .layer(middleware::from_fn(trace::trace))
        .with_state(app)
}

#[cfg(test)]
mod tests;
