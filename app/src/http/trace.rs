//! One log line per request, without anything personal: the route, ids, the status, the time it took.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};

/// Logs a request when it has been answered.
pub(super) async fn trace(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let path = loggable(request.uri().path());
    let client_file = request.extensions().get::<MatchedPath>().is_none();
    let answer = next.run(request).await;
    let status = answer.status().as_u16();
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    if client_file && status < 400 {
        tracing::debug!(%method, path, status, ms, "{method} {path} {status}");
    } else {
        tracing::info!(%method, path, status, ms, "{method} {path} {status}");
    }
    answer
}

/// A path as it may stand in a log: plain words and our own ids; anything else could be somebody's number or name.
fn loggable(path: &str) -> String {
    path.split('/').map(|part| if is_harmless(part) { part } else { "…" }).collect::<Vec<_>>().join("/")
}

fn is_harmless(part: &str) -> bool {
    let word = part.len() <= 32 && part.chars().all(|c| c.is_ascii_lowercase() || "-_.".contains(c));
    let version = matches!(part, "v1" | "openapi.json");
    let number = part.len() <= 5 && part.chars().all(|c| c.is_ascii_digit());
    let id = part.split_once('_').is_some_and(|(kind, hex)| {
        kind.chars().all(|c| c.is_ascii_lowercase())
            && hex.len() == 32
            && hex.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
    });
    word || version || number || id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stand_in_the_log_and_numbers_and_names_do_not() {
        let id = api::ids::PersonId::new();
        assert_eq!(loggable(&format!("/api/v1/persons/{id}")), format!("/api/v1/persons/{id}"));
        assert_eq!(loggable("/api/v1/persons/20230101234"), "/api/v1/persons/…");
        assert_eq!(loggable("/api/v1/persons/%E5%BC%A0"), "/api/v1/persons/…");
    }
}
