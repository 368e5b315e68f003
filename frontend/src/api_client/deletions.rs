//! Deletion cases and their certificates.

use api::deletion::{Case, NewCase, SignStep, TypeCode};
use api::ids::{CaseId, DeliveryId};
use gloo_net::http::Method;

use super::{Answer, Body, get, post, send};

/// Every deletion case.
pub(crate) async fn cases() -> Answer<Vec<Case>> {
    get("/deletions").await
}

/// One deletion case.
pub(crate) async fn case(id: CaseId) -> Answer<Case> {
    get(format!("/deletions/{id}")).await
}

/// Opens a deletion case.
pub(crate) async fn open_case(delivery: DeliveryId) -> Answer<Case> {
    post("/deletions", &NewCase { delivery }).await
}

/// Signs the step of a case that waits.
pub(crate) async fn sign_step(id: CaseId, password: String) -> Answer<Case> {
    post(format!("/deletions/{id}/signature"), &SignStep { password }).await
}

/// Types the code that the vendor reads aloud.
pub(crate) async fn type_code(id: CaseId, code: String) -> Answer<Case> {
    post(format!("/deletions/{id}/code"), &TypeCode { code }).await
}

/// The bytes of a case's certificate, as text: a check needs them exactly as they are.
pub(crate) async fn certificate(id: CaseId) -> Answer<String> {
    send(Method::GET, format!("/deletions/{id}/certificate"), Body::Nothing).await
}
