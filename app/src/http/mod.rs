//! The REST API and the web client over HTTPS.
//!
//! - A handler extracts, calls one function of `service` on a blocking thread, and renders.
//! - Who may call what stands in one table ([`routes::TABLE`]); the gate reads it before any handler runs, and a route
//!   that is not in it is closed. `service` checks the right again.
//! - Problems are made in one place ([`failure`]), security headers in one place ([`headers`]).

mod assets;
mod audit;
mod extract;
mod failure;
mod gate;
mod headers;
mod limit;
mod rest;
pub mod routes;
pub mod server;
mod tls;
mod trace;
pub(crate) mod vendor;

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit, middleware};
use service::Office;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;

pub(crate) use extract::{Json, Path, Query, SignedIn};
pub(crate) use failure::{Answer, Failure, Told};
pub use gate::Gate;

/// The largest JSON body, bytes.
pub(crate) const BODY_LIMIT: usize = 2 << 20;

/// Passwords being hashed at the same time: each takes 19 MiB and a processor.
const HASHING: usize = 2;

/// What every handler works with.
#[derive(Clone)]
pub struct App {
    office: Arc<Office>,
    attempts: Arc<limit::Attempts>,
    refusals: Arc<audit::Refusals>,
    hashing: Arc<Semaphore>,
    closing: CancellationToken,
    openapi: Arc<str>,
}

impl App {
    /// The state around an opened appliance.
    #[must_use]
    pub fn new(office: Arc<Office>) -> Self {
        let openapi = serde_json::to_string(&openapi()).unwrap_or_default().into();
        let hashing = Arc::new(Semaphore::new(HASHING));
        let (attempts, refusals) = (Arc::default(), Arc::default());
        Self { office, attempts, refusals, hashing, closing: CancellationToken::new(), openapi }
    }

    /// The appliance.
    pub(crate) fn office(&self) -> &Arc<Office> {
        &self.office
    }

    /// Ends what would otherwise stay open: event streams.
    pub fn close(&self) {
        self.closing.cancel();
    }

    /// Is cancelled when the server closes.
    pub(crate) fn closing(&self) -> CancellationToken {
        self.closing.clone()
    }

    /// Writes a refusal by the gate into the audit trail, if it is of a kind that matters and not one of very many.
    async fn note_refusal(&self, actor: Option<service::Actor>, route: &str, code: api::ProblemCode) {
        if audit::matters(code) {
            let now = std::time::Instant::now();
            self.write_refusals(self.refusals.count(audit::Refused::new(actor, route, code), now)).await;
        }
    }

    /// Writes a refusal on the vendors' port into the audit trail, under the same conditions. `certificate` is the
    /// fingerprint of the one that was shown.
    async fn note_vendors_refusal(&self, certificate: Option<String>, route: &str, problem: &api::Problem) {
        if !audit::matters_at_vendors_port(problem) {
            return;
        }
        let whose = move |office: &Arc<Office>| match certificate {
            Some(certificate) => service::vendor::whose(office, &certificate),
            None => Ok(None),
        };
        // When nobody can say whose it is, the log has the cause, and the refusal is written down without a name.
        let vendor = self.call(whose).await.ok().flatten();
        let refused = audit::Refused::at_vendors_port(vendor, route, problem.code);
        self.write_refusals(self.refusals.count(refused, std::time::Instant::now())).await;
    }

    /// The same for a certificate with which nobody came in at all.
    async fn note_stranger(&self) {
        let refused = audit::Refused::in_handshake();
        self.write_refusals(self.refusals.count(refused, std::time::Instant::now())).await;
    }

    /// Writes down the refusals that were only counted: of windows that are over, or `all` of them.
    async fn write_counted_refusals(&self, all: bool) {
        self.write_refusals(self.refusals.left(std::time::Instant::now(), all)).await;
    }

    async fn write_refusals(&self, refused: Vec<audit::Refused>) {
        if refused.is_empty() {
            return;
        }
        let work = move |office: &Arc<Office>| {
            refused.iter().for_each(|refused| refused.write(office));
            Ok(())
        };
        // Whatever went wrong is in the log; the refusals stand.
        let _ = self.call(work).await;
    }

    /// As [`App::call`], for functions that hash a password: a few at a time.
    pub(crate) async fn hash<T, F>(&self, work: F) -> Answer<T>
    where
        T: Send + 'static,
        F: FnOnce(&Arc<Office>) -> service::Result<T> + Send + 'static,
    {
        match self.hashing.acquire().await {
            Ok(_turn) => self.call(work).await,
            Err(error) => Err(service::Error::failed("wait for a turn", error).into()),
        }
    }

    /// Runs a function of the service on a blocking thread.
    pub(crate) async fn call<T, F>(&self, work: F) -> Answer<T>
    where
        T: Send + 'static,
        F: FnOnce(&Arc<Office>) -> service::Result<T> + Send + 'static,
    {
        let office = Arc::clone(&self.office);
        match tokio::task::spawn_blocking(move || work(&office)).await {
            Ok(answer) => Ok(answer?),
            Err(error) => Err(service::Error::failed("answer a request", error).into()),
        }
    }
}

/// The staff port: API under `/api/v1`, `/health`, and the web client everywhere else.
pub fn router(app: App) -> Router {
    let (api, _) = api().split_for_parts();
    let api = api
        .method_not_allowed_fallback(async || Failure::method_not_allowed())
        .layer(middleware::from_fn_with_state(app.clone(), gate::gate));
    Router::new()
        .merge(api)
        .fallback(assets::serve)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn(headers::secure))
        .layer(middleware::from_fn(trace::trace))
        .with_state(app)
}

/// The description of the API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let (_, mut openapi) = api().split_for_parts();
    openapi.info = utoipa::openapi::InfoBuilder::new()
        .title("Xuecang")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Sign in with POST /api/v1/session; the cookie goes with every request, the CSRF token as header \
             `x-csrf-token` with every one that changes something. Problems are RFC 9457 documents.",
        ))
        .build();
    openapi
}

fn api() -> OpenApiRouter<App> {
    routes::TABLE.iter().fold(OpenApiRouter::new(), |router, resource| router.merge((resource.router)()))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tls_tests;
