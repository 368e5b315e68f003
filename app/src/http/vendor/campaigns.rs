//! What a vendor is to capture.

use api::vendor::VendorCampaign;
use axum::{Router, extract::State, routing::get};
use service::vendor;

use super::VendorConnection;
use crate::http::{Answer, App, Json};

pub(super) fn router() -> Router<App> {
    Router::new().route("/vendor/v1/campaigns", get(list))
}

/// Lists the campaigns this vendor captures.
async fn list(State(app): State<App>, connection: VendorConnection) -> Answer<Json<Vec<VendorCampaign>>> {
    app.call(move |office| vendor::campaigns(office, &connection.fingerprint)).await.map(Json)
}
