//! Accounts.

use api::Right;
use api::account::{ChangeUser, NewUser, User};
use api::ids::UserId;
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use service::account;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, Path, SignedIn};

const KEEPERS: Gate = Gate::Right(Right::ManageAccounts);

pub(super) const RESOURCE: Resource = Resource {
    routes: &[
        Route::get("/api/v1/users", KEEPERS),
        Route::post("/api/v1/users", KEEPERS),
        Route::get("/api/v1/users/{id}", KEEPERS),
        Route::put("/api/v1/users/{id}", KEEPERS),
        Route::put("/api/v1/users/{id}/password", KEEPERS),
    ],
    router: || {
        OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, change)).routes(routes!(reset))
    },
};

/// Lists every account.
#[utoipa::path(get, path = "/api/v1/users", tag = "accounts", responses((status = 200, body = [User])))]
async fn list(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Json<Vec<User>>> {
    app.call(move |office| account::list(office, &actor)).await.map(Json)
}

/// Creates an account.
#[utoipa::path(post, path = "/api/v1/users", tag = "accounts", request_body = NewUser,
    responses((status = 201, body = User)))]
async fn create(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Json(new): Json<NewUser>,
) -> Answer<(StatusCode, Json<User>)> {
    let user = app.hash(move |office| account::create(office, &actor, &new)).await?;
    Ok((StatusCode::CREATED, Json(user)))
}

/// Returns an account.
#[utoipa::path(get, path = "/api/v1/users/{id}", tag = "accounts", params(("id" = UserId, Path)),
    responses((status = 200, body = User)))]
async fn get(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<UserId>,
) -> Answer<Json<User>> {
    app.call(move |office| account::get(office, &actor, id)).await.map(Json)
}

/// Changes an account. Its sessions end.
#[utoipa::path(put, path = "/api/v1/users/{id}", tag = "accounts", params(("id" = UserId, Path)),
    request_body = ChangeUser, responses((status = 200, body = User)))]
async fn change(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<UserId>,
    Json(change): Json<ChangeUser>,
) -> Answer<Json<User>> {
    app.call(move |office| account::change(office, &actor, id, &change)).await.map(Json)
}

/// A password set for somebody else.
#[derive(Deserialize, utoipa::ToSchema)]
struct NewPassword {
    /// The password.
    password: String,
}

/// Sets an account's password anew. Its sessions end and it gets a new signing key.
#[utoipa::path(put, path = "/api/v1/users/{id}/password", tag = "accounts", params(("id" = UserId, Path)),
    request_body = NewPassword, responses((status = 204)))]
async fn reset(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Path(id): Path<UserId>,
    Json(new): Json<NewPassword>,
) -> Answer<StatusCode> {
    app.hash(move |office| account::reset_password(office, &actor, id, &new.password)).await?;
    Ok(StatusCode::NO_CONTENT)
}
