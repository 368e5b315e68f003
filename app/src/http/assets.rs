//! The web client, embedded at build time.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header},
    response::IntoResponse as _,
};

use super::Failure;

/// One file of the client.
struct Asset {
    name: &'static str,
    kind: &'static str,
    tag: &'static str,
    immutable: bool,
    bytes: &'static [u8],
    gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

const INDEX: &str = "index.html";

/// The page shown when the server was built without a client.
const NO_CLIENT: &str = "<!doctype html><html lang=\"zh\"><meta charset=\"utf-8\"><title>学藏</title>\
    <h1>学藏</h1><p>此服务程序未包含网页界面。接口说明见 <a href=\"/api/v1/openapi.json\">/api/v1/openapi.json</a>。</p>\
    <p lang=\"en\">This server was built without its web client. The API is described at \
    <a href=\"/api/v1/openapi.json\">/api/v1/openapi.json</a>.</p></html>";

/// Answers with a file of the client, or with its first page for any path that is a page of the client.
pub(super) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response<Body> {
    if method != Method::GET && method != Method::HEAD {
        return Failure::method_not_allowed().into_response();
    }
    let name = uri.path().trim_start_matches('/');
    if name == "api" || name.starts_with("api/") {
        return Failure::no_such_route().into_response();
    }
    match (find(name), find(INDEX)) {
        (Some(asset), _) if asset.name != INDEX => answer(asset, &headers),
        (_, Some(index)) if is_page(name) => answer(index, &headers),
        (_, None) if is_page(name) => {
            let kind =
                [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
            (kind, NO_CLIENT).into_response()
        }
        _ => Failure::no_such_route().into_response(),
    }
}

/// Whether a path can be one of the client's pages: its last part has no extension.
fn is_page(name: &str) -> bool {
    name == INDEX || !name.rsplit('/').next().unwrap_or_default().contains('.')
}

fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.binary_search_by(|asset| asset.name.cmp(name)).ok().and_then(|at| ASSETS.get(at))
}

fn answer(asset: &'static Asset, headers: &HeaderMap) -> Response<Body> {
    let cache = match asset.immutable {
        true => "public, max-age=31536000, immutable",
        false if asset.name == INDEX => "no-store",
        false => "no-cache",
    };
    let mut answer = if holds(headers, header::IF_NONE_MATCH, asset.tag) && asset.name != INDEX {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        match asset.gzip.filter(|_| holds(headers, header::ACCEPT_ENCODING, "gzip")) {
            Some(gzip) => ([(header::CONTENT_ENCODING, "gzip")], gzip).into_response(),
            None => asset.bytes.into_response(),
        }
    };
    let fields = answer.headers_mut();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    fields.insert(header::ETAG, HeaderValue::from_static(asset.tag));
    fields.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    answer
}

fn holds(headers: &HeaderMap, name: header::HeaderName, value: &str) -> bool {
    headers.get_all(name).iter().filter_map(|field| field.to_str().ok()).any(|field| {
        field
            .split(',')
            .any(|part| part.split(';').next().unwrap_or_default().trim().trim_start_matches("W/") == value)
    })
}
