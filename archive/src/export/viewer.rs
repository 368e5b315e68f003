//! `viewer/index.html`: the bag for a browser, in one document that loads nothing but photos of the bag.
//!
//! Nothing of the data ever becomes markup: it lies in the document as JSON in which no `<`, `>` or `&` occurs, and the
//! script puts it on the page as text. The document's policy lets run this one script and nothing else.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::entry::Entry;
use super::write::About;

const SCRIPT: &str = include_str!("viewer.js");
const STYLE: &str = include_str!("viewer.css");

/// What the document shows.
#[derive(Serialize)]
struct Data<'a> {
    school: &'a str,
    made: String,
    purpose: &'a str,
    people: &'a [Entry],
}

/// The document.
pub(super) fn write(about: &About, entries: &[Entry]) -> serde_json::Result<String> {
    let made = about.date.to_string();
    let data = Data { school: &about.school, made, purpose: &about.purpose, people: entries };
    let data = inert(&serde_json::to_string(&data)?);
    let policy = format!(
        "default-src 'none'; img-src 'self' file:; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    );
    Ok(format!(
        "<!doctype html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>学藏导出 · Xuecang export</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <noscript>请允许此页运行脚本，或直接打开 index.csv。Please allow scripts for this page, or open index.csv.\
         </noscript>\n<main id=\"page\"></main>\n\
         <script type=\"application/json\" id=\"data\">{data}</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    ))
}

/// The same JSON without any character that means something to HTML, or ends a line in a script.
fn inert(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            other => out.push(other),
        }
    }
    out
}

fn digest(text: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()))
}
