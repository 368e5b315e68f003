//! Signing in, accounts, and what waits for whoever is signed in.

use std::collections::BTreeMap;

use api::Page;
use api::account::{
    AuditEntry, ChangePassword, ChangeUser, NewUser, Purpose, RightsTable, Session, SignIn, User,
};
use api::ids::UserId;
use api::today::Today;
use gloo_net::http::Method;

use super::{Answer, Body, Failure, body, get, post, put, send, send_once};

/// Signs in.
pub(crate) async fn sign_in(account: String, password: String) -> Answer<Session> {
    post("/session", &SignIn { account, password }).await
}

/// Who is signed in.
pub(crate) async fn session() -> Answer<Session> {
    get("/session").await
}

/// Signs out.
pub(crate) async fn sign_out() -> Answer<()> {
    send(Method::DELETE, "/session".to_owned(), Body::Nothing).await.map(drop)
}

/// States the purpose of the task at hand.
pub(crate) async fn state_purpose(text: String) -> Answer<()> {
    send_once(Method::PUT, "/session/purpose", &body(&Purpose { text })?)
        .await
        .and_then(|response| if response.ok() { Ok(()) } else { Err(Failure::Unreadable) })
}

/// Changes one's own password.
pub(crate) async fn change_password(old: String, new: String) -> Answer<()> {
    send(Method::PUT, "/session/password".to_owned(), body(&ChangePassword { old, new })?).await.map(drop)
}

/// Every account.
pub(crate) async fn users() -> Answer<Vec<User>> {
    get("/users").await
}

/// Creates an account.
pub(crate) async fn create_user(user: &NewUser) -> Answer<User> {
    post("/users", user).await
}

/// Changes an account.
pub(crate) async fn change_user(id: UserId, change: &ChangeUser) -> Answer<User> {
    put(format!("/users/{id}"), change).await
}

/// Gives an account a new password.
pub(crate) async fn reset_password(id: UserId, password: String) -> Answer<()> {
    let path = format!("/users/{id}/password");
    send(Method::PUT, path, body(&BTreeMap::from([("password", password)]))?).await.map(drop)
}

/// The offices and their rights.
pub(crate) async fn rights() -> Answer<RightsTable> {
    get("/rights").await
}

/// The audit trail, newest first.
pub(crate) async fn audit(offset: u32, limit: u32) -> Answer<Page<AuditEntry>> {
    get(format!("/audit?offset={offset}&limit={limit}")).await
}

/// What waits and what changed.
pub(crate) async fn today() -> Answer<Today> {
    get("/today").await
}
