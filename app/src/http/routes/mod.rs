//! The API's routes: one file per resource, and one table of who may use them.
//!
//! To add a resource, write `routes/things.rs` with its handlers and
//!
//! ```ignore
//! pub(super) const RESOURCE: Resource = Resource {
//!     routes: &[
//!         Route::get("/api/v1/things", Gate::Right(Right::ReadThings)),
//!         Route::post("/api/v1/things", Gate::Right(Right::ManageThings)),
//!     ],
//!     router: || OpenApiRouter::new().routes(routes!(list, create)),
//! };
//!
//! /// Lists things.
//! #[utoipa::path(get, path = "/api/v1/things", tag = "things", responses((status = 200, body = [Thing])))]
//! async fn list(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Json<Vec<Thing>>> {
//!     app.call(move |office| service::thing::list(office, &actor)).await.map(Json)
//! }
//! ```
//!
//! then add `mod things;` and one line to [`TABLE`]. Handlers of one path go into one `routes!(…)`. Paths are written
//! in full, in `Route` and in `#[utoipa::path]` alike. `Gate::AnyOf(&[…])` is for reads that several offices share.
//! Tests hold the table against the router and against every role; nothing else needs to be told.
//!
//! `Json`, `Path` and `Query` are those of [`super::extract`]: they refuse with problem documents. Bytes that are not
//! JSON (photos, papers) are answered with their own content type; caching is `no-store` unless a handler says else.

mod appraisals;
mod archive;
mod audit;
mod calibrations;
mod campaigns;
mod cohorts;
mod comparisons;
mod copies;
mod deletions;
mod deliveries;
mod diplomas;
mod doctor;
mod holds;
mod imports;
mod jobs;
mod law;
mod ledger;
mod paper;
mod persons;
mod photos;
mod replicas;
mod rights;
mod scans;
mod search;
mod server;
mod session;
mod today;
mod uploads;
mod users;
mod vendors;

use axum::http::Method;
use utoipa_axum::router::OpenApiRouter;

use super::{App, Gate};

/// Every resource: a line each.
pub const TABLE: &[&Resource] = &[
    &appraisals::RESOURCE,
    &archive::RESOURCE,
    &audit::RESOURCE,
    &calibrations::RESOURCE,
    &campaigns::RESOURCE,
    &cohorts::RESOURCE,
    &comparisons::RESOURCE,
    &copies::RESOURCE,
    &deletions::RESOURCE,
    &deliveries::RESOURCE,
    &diplomas::RESOURCE,
    &doctor::RESOURCE,
    &holds::RESOURCE,
    &imports::RESOURCE,
    &jobs::RESOURCE,
    &law::RESOURCE,
    &ledger::RESOURCE,
    &persons::RESOURCE,
    &photos::RESOURCE,
    &replicas::RESOURCE,
    &rights::RESOURCE,
    &scans::RESOURCE,
    &search::RESOURCE,
    &server::RESOURCE,
    &session::RESOURCE,
    &today::RESOURCE,
    &uploads::RESOURCE,
    &users::RESOURCE,
    &vendors::RESOURCE,
];

/// Every route of the table.
pub fn all() -> impl Iterator<Item = &'static Route> {
    TABLE.iter().flat_map(|resource| resource.routes)
}

/// A resource: its routes with who may use them, and their handlers.
#[derive(Debug)]
pub struct Resource {
    /// The routes.
    pub routes: &'static [Route],
    /// The handlers.
    pub(super) router: fn() -> OpenApiRouter<App>,
}

/// One route.
#[derive(Debug)]
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path, ids in braces.
    pub path: &'static str,
    /// Who may use it.
    pub gate: Gate,
}

impl Route {
    /// A route that reads.
    #[must_use]
    pub const fn get(path: &'static str, gate: Gate) -> Self {
        Self { method: Method::GET, path, gate }
    }

    /// A route that makes something or does something.
    #[must_use]
    pub const fn post(path: &'static str, gate: Gate) -> Self {
        Self { method: Method::POST, path, gate }
    }

    /// A route that replaces something.
    #[must_use]
    pub const fn put(path: &'static str, gate: Gate) -> Self {
        Self { method: Method::PUT, path, gate }
    }

    /// A route that ends something.
    #[must_use]
    pub const fn delete(path: &'static str, gate: Gate) -> Self {
        Self { method: Method::DELETE, path, gate }
    }
}
