//! Lists that leave.

use api::copy::{Copy, DecideCopy, NewCopy};
use api::ids::CopyId;

use super::{Answer, get, post, url};

/// Requests for lists that leave.
pub(crate) async fn copies() -> Answer<Vec<Copy>> {
    get("/copies").await
}

/// Asks for a list.
pub(crate) async fn ask_copy(new: &NewCopy) -> Answer<Copy> {
    post("/copies", new).await
}

/// Decides a request for a list.
pub(crate) async fn decide_copy(id: CopyId, decision: &DecideCopy) -> Answer<Copy> {
    post(format!("/copies/{id}/decision"), decision).await
}

/// The address of an approved list.
pub(crate) fn copy_url(id: CopyId) -> String {
    url(&format!("/copies/{id}/list.xlsx"))
}
