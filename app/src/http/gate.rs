//! The gate: who is asking, and may they come in? It stands before every handler.

use std::{collections::HashMap, sync::LazyLock};

use api::{ProblemCode, Right};
use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use service::{Actor, session};
use subtle::ConstantTimeEq as _;

use super::{Answer, App, Failure, routes};

/// The cookie's name. The prefix makes browsers accept it only over TLS, for this host alone (RFC 6265bis §4.1.3.2).
pub(super) const COOKIE: &str = "__Host-xuecang";

/// The header that carries the CSRF token.
pub(super) const CSRF: &str = "x-csrf-token";

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Everybody.
    Public,
    /// Everybody who is signed in.
    SignedIn,
    /// Whoever carries the right.
    Right(Right),
    /// Whoever carries one of the rights.
    AnyOf(&'static [Right]),
}

impl Gate {
    /// Checks an actor, signed in or not.
    ///
    /// # Errors
    ///
    /// `sign-in-required` or `not-allowed`.
    pub(super) fn check(self, actor: Option<&Actor>) -> Answer<()> {
        if self == Self::Public {
            return Ok(());
        }
        let actor = actor.ok_or_else(|| Failure::new(ProblemCode::SignInRequired, []))?;
        match self {
            Self::Public | Self::SignedIn => Ok(()),
            Self::Right(right) => Ok(actor.may(right)?),
            Self::AnyOf(rights) => Ok(actor.may_any(rights)?),
        }
    }
}

type Gates = HashMap<&'static str, Vec<(Method, Gate)>>;

static GATES: LazyLock<Gates> = LazyLock::new(|| {
    let mut gates = Gates::new();
    for route in routes::all() {
        gates.entry(route.path).or_default().push((route.method.clone(), route.gate));
    }
    gates
});

/// Lets a request through to its handler, with the [`Actor`] as an extension, or answers in its place.
pub(super) async fn gate(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let Some(path) = path else { return next.run(request).await };
    let Some(gates) = GATES.get(path.as_str()) else {
        tracing::error!(path, "A route is not in the table and stays closed.");
        return Failure::no_such_route().into_response();
    };
    let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
    let Some((_, gate)) = gates.iter().find(|(known, _)| known == method) else {
        return Failure::method_not_allowed().into_response();
    };
    let route = format!("{method} {path}");
    let actor = match who(&app, request.headers()).await {
        Ok(actor) => actor,
        Err(failure) => return failure.into_response(),
    };
    match admit(*gate, &request, actor.as_ref()) {
        Ok(()) => {
            if let Some(actor) = actor {
                request.extensions_mut().insert(actor);
            }
            next.run(request).await
        }
        Err(failure) => {
            app.note_refusal(actor, &route, failure.code()).await;
            failure.into_response()
        }
    }
}

/// Who is asking, if they are signed in.
async fn who(app: &App, headers: &HeaderMap) -> Answer<Option<Actor>> {
    match cookie(headers).map(str::to_owned) {
        Some(cookie) => app.call(move |office| session::resume(office, &cookie)).await,
        None => Ok(None),
    }
}

fn admit(gate: Gate, request: &Request<Body>, actor: Option<&Actor>) -> Answer<()> {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if changes && is_cross_site(request.headers()) {
        return Err(Failure::new(ProblemCode::CsrfMismatch, []));
    }
    gate.check(actor)?;
    if changes && gate != Gate::Public {
        check_csrf(request.headers(), actor)?;
    }
    Ok(())
}

/// Whether a browser says that another site made the request. Other clients say nothing.
fn is_cross_site(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| !matches!(site.as_bytes(), b"same-origin" | b"none"))
}

fn check_csrf(headers: &HeaderMap, actor: Option<&Actor>) -> Answer<()> {
    let given = headers.get(CSRF).map(|value| value.as_bytes()).unwrap_or_default();
    let wanted = actor.and_then(|actor| actor.session.as_ref()).map(|session| session.csrf.as_bytes());
    match wanted {
        Some(wanted) if bool::from(given.ct_eq(wanted)) => Ok(()),
        _ => Err(Failure::new(ProblemCode::CsrfMismatch, [])),
    }
}

/// The session's cookie among all cookies.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|field| field.to_str().ok())
        .flat_map(|field| field.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE).then_some(value))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn our_cookie_is_found_among_others_and_no_similar_one_is_taken_for_it() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::COOKIE,
            HeaderValue::from_static("a=1; x__Host-xuecang=bad; __Host-xuecang=good"),
        );
        assert_eq!(cookie(&headers), Some("good"));
    }
}
