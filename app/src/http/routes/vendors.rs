//! Vendors, as the school keeps them.

use api::Right;
use api::ids::VendorId;
use api::vendor::{Enrolment, NewVendor, Vendor};
use axum::{extract::State, http::StatusCode};
use service::vendor;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, Path, SignedIn};

/// Whoever has to do with vendors may see who they are.
const READERS: Gate = Gate::AnyOf(&[Right::ManageVendors, Right::ManageCampaigns, Right::ReadDeliveries]);

pub(super) const RESOURCE: Resource = Resource {
    routes: &[
        Route::get("/api/v1/vendors", READERS),
        Route::post("/api/v1/vendors", Gate::Right(Right::ManageVendors)),
        Route::get("/api/v1/vendors/{id}/enrolment", Gate::Right(Right::ManageVendors)),
        Route::post("/api/v1/vendors/{id}/revocation", Gate::Right(Right::ManageVendors)),
    ],
    router: || {
        OpenApiRouter::new()
            .routes(routes!(list, register))
            .routes(routes!(enrolment))
            .routes(routes!(revoke))
    },
};

/// Lists vendors, by name.
#[utoipa::path(get, path = "/api/v1/vendors", tag = "vendors", responses((status = 200, body = [Vendor])))]
async fn list(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Json<Vec<Vendor>>> {
    app.call(move |office| vendor::list(office, &actor)).await.map(Json)
}

/// Registers a vendor and issues its certificate.
#[utoipa::path(post, path = "/api/v1/vendors", tag = "vendors", request_body = NewVendor,
    responses((status = 201, body = Enrolment)))]
async fn register(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Json(new): Json<NewVendor>,
) -> Answer<(StatusCode, Json<Enrolment>)> {
    let enrolment = app.call(move |office| vendor::register(office, &actor, &new)).await?;
    Ok((StatusCode::CREATED, Json(enrolment)))
}

/// Says again what a vendor's agent needs to connect.
#[utoipa::path(get, path = "/api/v1/vendors/{id}/enrolment", tag = "vendors", params(("id" = VendorId, Path)),
    responses((status = 200, body = Enrolment)))]
async fn enrolment(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<VendorId>,
) -> Answer<Json<Enrolment>> {
    app.call(move |office| vendor::enrolment(office, &actor, id)).await.map(Json)
}

/// Takes away a vendor's access, from its next request on.
#[utoipa::path(post, path = "/api/v1/vendors/{id}/revocation", tag = "vendors", params(("id" = VendorId, Path)),
    responses((status = 200, body = Vendor)))]
async fn revoke(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<VendorId>,
) -> Answer<Json<Vendor>> {
    app.call(move |office| vendor::revoke(office, &actor, id)).await.map(Json)
}
