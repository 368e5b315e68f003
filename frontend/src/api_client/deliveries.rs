//! Deliveries and the vendors who make them.

use api::Page;
use api::delivery::{Confirm, Delivery, Item, ItemQuery, Propose, Receipt, Settle};
use api::ids::{DeliveryId, VendorId};
use api::job::Job;
use api::vendor::{Enrolment, NewVendor, Vendor};
use gloo_net::http::Method;

use super::{Answer, Body, get, nothing, parse, post, put, send, url, with_purpose, with_query};
use crate::state::{Name, state};

/// Every delivery, newest first.
pub(crate) async fn deliveries() -> Answer<Vec<Delivery>> {
    let all: Vec<Delivery> = get("/deliveries").await?;
    state().learn(all.iter().map(|one| {
        let name = Name::Delivery(one.campaign_name.clone(), one.round);
        (one.id.to_string(), name)
    }));
    Ok(all)
}

/// One delivery.
pub(crate) async fn delivery(id: DeliveryId) -> Answer<Delivery> {
    get(format!("/deliveries/{id}")).await
}

/// Items of a delivery, oddest first.
pub(crate) async fn items(id: DeliveryId, query: &ItemQuery) -> Answer<Page<Item>> {
    get(with_query(&format!("/deliveries/{id}/items"), query)).await
}

/// One item of a delivery.
pub(crate) async fn item(id: DeliveryId, number: u32) -> Answer<Item> {
    get(format!("/deliveries/{id}/items/{number}")).await
}

/// Settles whose face an item shows.
pub(crate) async fn settle(id: DeliveryId, number: u32, settle: &Settle) -> Answer<Delivery> {
    with_purpose().await?;
    put(format!("/deliveries/{id}/items/{number}/settlement"), settle).await
}

/// Takes back what was settled.
pub(crate) async fn take_back(id: DeliveryId, number: u32) -> Answer<Delivery> {
    parse(&send(Method::DELETE, format!("/deliveries/{id}/items/{number}/settlement"), Body::Nothing).await?)
}

/// The address of an item's pixels; `size` is `thumb` or `full`.
pub(crate) fn item_url(id: DeliveryId, number: u32, size: &str) -> String {
    url(&format!("/deliveries/{id}/items/{number}/image?size={size}"))
}

/// Checks a delivery again.
pub(crate) async fn check_delivery(id: DeliveryId) -> Answer<Job> {
    post(format!("/deliveries/{id}/check"), &nothing()).await
}

/// Proposes what is to be done with a delivery.
pub(crate) async fn propose(id: DeliveryId, proposal: &Propose) -> Answer<Delivery> {
    post(format!("/deliveries/{id}/proposal"), proposal).await
}

/// Confirms or refuses what another proposed.
pub(crate) async fn confirm(id: DeliveryId, confirm: bool) -> Answer<Delivery> {
    post(format!("/deliveries/{id}/confirmation"), &Confirm { confirm }).await
}

/// The vendor's receipt.
pub(crate) async fn receipt(id: DeliveryId) -> Answer<Receipt> {
    get(format!("/deliveries/{id}/receipt")).await
}

/// Every vendor.
pub(crate) async fn vendors() -> Answer<Vec<Vendor>> {
    get("/vendors").await
}

/// Registers a vendor.
pub(crate) async fn register_vendor(vendor: &NewVendor) -> Answer<Enrolment> {
    post("/vendors", vendor).await
}

/// What a vendor's agent needs to connect.
pub(crate) async fn enrolment(id: VendorId) -> Answer<Enrolment> {
    get(format!("/vendors/{id}/enrolment")).await
}

/// Takes a vendor's certificate back: it can no longer connect.
pub(crate) async fn revoke_vendor(id: VendorId) -> Answer<Vendor> {
    post(format!("/vendors/{id}/revocation"), &nothing()).await
}
