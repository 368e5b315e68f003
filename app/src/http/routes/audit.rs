//! The audit trail.

use api::account::AuditEntry;
use api::usage::{UseQuery, Uses};
use api::{Page, Right, Slice};
use axum::extract::State;
use serde::Deserialize;
use service::audit::{self, AuditFilter};
use service::usage;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, Query, SignedIn};

pub(super) const RESOURCE: Resource = Resource {
    routes: &[
        Route::get("/api/v1/audit", Gate::Right(Right::ReadAudit)),
        Route::get("/api/v1/audit/uses", Gate::Right(Right::ReadAudit)),
    ],
    router: || OpenApiRouter::new().routes(routes!(list)).routes(routes!(uses)),
};

/// Which part of the trail is wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// Only of this account, by name.
    account: Option<String>,
    /// Only actions that begin so: `dossier.`
    action: Option<String>,
    /// Only about this id.
    subject: Option<String>,
    /// How many entries to pass over.
    #[serde(default)]
    offset: u32,
    /// How many to return, at most 500; 50 if nothing is said.
    limit: Option<u32>,
}

/// Reads the audit trail, newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(Asked),
    responses((status = 200, body = Page<AuditEntry>)))]
async fn list(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Query(asked): Query<Asked>,
) -> Answer<Json<Page<AuditEntry>>> {
    let slice = Slice { offset: asked.offset, limit: asked.limit.unwrap_or(Slice::default().limit) };
    let filter = AuditFilter { account: asked.account, action: asked.action, subject: asked.subject };
    app.call(move |office| audit::list(office, &actor, &filter, slice)).await.map(Json)
}

/// What was looked at, by one account or by all, the latest first. Recorded.
#[utoipa::path(get, path = "/api/v1/audit/uses", tag = "audit", params(UseQuery),
    responses((status = 200, body = Uses)))]
async fn uses(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Query(query): Query<UseQuery>,
) -> Answer<Json<Uses>> {
    app.call(move |office| usage::of_accounts(office, &actor, &query)).await.map(Json)
}
