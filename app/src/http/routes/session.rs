//! Signing in and out, one's own session.

use std::{net::SocketAddr, time::Instant};

use api::account::{ChangePassword, Purpose, Session, SignIn};
use axum::{
    extract::{ConnectInfo, State},
    http::{HeaderName, StatusCode, header},
};
use service::{account, session};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Resource, Route};
use crate::http::{Answer, App, Gate, Json, SignedIn, gate::COOKIE};

const PATH: &str = "/api/v1/session";

pub(super) const RESOURCE: Resource = Resource {
    routes: &[
        Route::post(PATH, Gate::Public),
        Route::get(PATH, Gate::SignedIn),
        Route::delete(PATH, Gate::SignedIn),
        Route::put("/api/v1/session/purpose", Gate::SignedIn),
        Route::put("/api/v1/session/password", Gate::SignedIn),
    ],
    router: || {
        OpenApiRouter::new()
            .routes(routes!(open, describe, close))
            .routes(routes!(state_purpose))
            .routes(routes!(change_password))
    },
};

type WithCookie<T> = ([(HeaderName, String); 1], T);

/// Signs in. The answer sets the session's cookie.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = SignIn,
    responses((status = 200, body = Session)))]
async fn open(
    State(app): State<App>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    Json(sign_in): Json<SignIn>,
) -> Answer<WithCookie<Json<Session>>> {
    app.attempts.count(address.ip(), Instant::now())?;
    let (cookie, described) = app
        .hash(move |office| {
            let opened = session::open(office, &sign_in)?;
            Ok((opened.cookie, session::describe(office, &opened.actor)?))
        })
        .await?;
    Ok(([(header::SET_COOKIE, set_cookie(&cookie, ""))], Json(described)))
}

/// Says who is signed in and what they may do.
#[utoipa::path(get, path = "/api/v1/session", tag = "session", responses((status = 200, body = Session)))]
async fn describe(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<Json<Session>> {
    app.call(move |office| session::describe(office, &actor)).await.map(Json)
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", responses((status = 204)))]
async fn close(State(app): State<App>, SignedIn(actor): SignedIn) -> Answer<WithCookie<StatusCode>> {
    app.call(move |office| session::close(office, &actor)).await?;
    Ok(([(header::SET_COOKIE, set_cookie("", "; Max-Age=0"))], StatusCode::NO_CONTENT))
}

/// States the purpose for which records will be read.
#[utoipa::path(put, path = "/api/v1/session/purpose", tag = "session", request_body = Purpose,
    responses((status = 204)))]
async fn state_purpose(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Json(purpose): Json<Purpose>,
) -> Answer<StatusCode> {
    app.call(move |office| session::state_purpose(office, &actor, &purpose)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes one's own password. One's other sessions end.
#[utoipa::path(put, path = "/api/v1/session/password", tag = "session", request_body = ChangePassword,
    responses((status = 204)))]
async fn change_password(
    State(app): State<App>,
    SignedIn(actor): SignedIn,
    Json(change): Json<ChangePassword>,
) -> Answer<StatusCode> {
    app.hash(move |office| account::change_password(office, &actor, &change)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn set_cookie(value: &str, more: &str) -> String {
    format!("{COOKIE}={value}; Path=/; HttpOnly; Secure; SameSite=Strict{more}")
}
