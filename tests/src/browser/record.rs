//! What Chromium said while a story was played, held against what no story may show.

use std::collections::BTreeSet;

use serde_json::Value;

use super::pipe::Pipe;

/// A refusal that belongs to the story: its status, and a part of its address.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub(super) session: String,
    pub(super) status: u64,
    pub(super) place: String,
}

/// Every fault, in words.
pub(super) fn faults(pipe: &Pipe, base: &str, expected: &[Expected]) -> Vec<String> {
    let mut found = pipe.events(|event| fault(event, base, expected));
    for wanted in expected {
        let seen = pipe.events(|event| {
            let (status, url) = response(event)?;
            (session(event) == wanted.session && status == wanted.status && url.contains(&wanted.place))
                .then_some(())
        });
        if seen.is_empty() {
            found.push(format!("the server did not refuse {} with {}", wanted.place, wanted.status));
        }
    }
    let mut seen = BTreeSet::new();
    found.retain(|fault| seen.insert(fault.clone()));
    found
}

fn fault(event: &Value, base: &str, expected: &[Expected]) -> Option<String> {
    let is_expected = |status: u64, url: &str| {
        expected.iter().any(|e| e.session == session(event) && e.status == status && url.contains(&e.place))
    };
    match text(event, "/method") {
        "Runtime.consoleAPICalled" => {
            let kind = text(event, "/params/type");
            matches!(kind, "error" | "assert").then(|| format!("console: {}", said(event)))
        }
        "Runtime.exceptionThrown" => {
            let details = event.pointer("/params/exceptionDetails");
            Some(format!("exception: {}", details.cloned().unwrap_or_default()))
        }
        "Log.entryAdded" if text(event, "/params/entry/level") == "error" => {
            let (words, url) = (text(event, "/params/entry/text"), text(event, "/params/entry/url"));
            let status =
                words.split("status of ").nth(1).and_then(|rest| rest.get(..3)).and_then(|n| n.parse().ok());
            let fine = status.is_some_and(|status| is_expected(status, url));
            (!fine).then(|| format!("log: {words} ({url})"))
        }
        "Network.requestWillBeSent" => leaves(text(event, "/params/request/url"), base),
        "Network.webSocketCreated" => leaves(text(event, "/params/url"), base),
        "Network.responseReceived" => {
            let (status, url) = response(event)?;
            (status >= 400 && !is_expected(status, url)).then(|| format!("refused with {status}: {url}"))
        }
        "Inspector.targetCrashed" => Some("a page crashed".to_owned()),
        "Page.javascriptDialogOpening" => Some(format!("a dialog: {}", text(event, "/params/message"))),
        _ => None,
    }
}

/// The address, when it is not the appliance's nor within the page.
fn leaves(url: &str, base: &str) -> Option<String> {
    let within = url == base || url.strip_prefix(base).is_some_and(|rest| rest.starts_with(['/', '?', '#']));
    let inner = ["data:", "blob:", "about:"].iter().any(|scheme| url.starts_with(scheme));
    (!within && !inner).then(|| format!("a request left the appliance: {url}"))
}

fn response(event: &Value) -> Option<(u64, &str)> {
    if text(event, "/method") != "Network.responseReceived" {
        return None;
    }
    Some((event.pointer("/params/response/status")?.as_u64()?, text(event, "/params/response/url")))
}

fn said(event: &Value) -> String {
    let words = event.pointer("/params/args").and_then(Value::as_array).into_iter().flatten();
    let words = words.map(|word| match word.get("value") {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => text(word, "/description").to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn session(event: &Value) -> &str {
    text(event, "/sessionId")
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const BASE: &str = "https://localhost:8443";

    #[test]
    fn an_address_elsewhere_is_a_fault_and_one_that_only_begins_alike_too() {
        for url in [
            "https://example.org/a.js",
            "https://localhost:84430/",
            "http://localhost:8443/",
            "wss://localhost:8443/",
        ] {
            assert!(leaves(url, BASE).is_some(), "{url}");
        }
        for url in [
            "https://localhost:8443",
            "https://localhost:8443/a?b",
            "data:image/png;base64,",
            "blob:https://localhost:8443/1",
        ] {
            assert!(leaves(url, BASE).is_none(), "{url}");
        }
    }

    #[test]
    fn a_refusal_is_a_fault_unless_the_story_expects_it_in_this_window() {
        let event = json!({ "method": "Network.responseReceived", "sessionId": "one",
            "params": { "response": { "status": 401, "url": "https://localhost:8443/api/v1/session" } } });
        let expected = |session: &str| {
            [Expected { session: session.to_owned(), status: 401, place: "/session".to_owned() }]
        };
        assert!(fault(&event, BASE, &[]).is_some());
        assert!(fault(&event, BASE, &expected("two")).is_some());
        assert!(fault(&event, BASE, &expected("one")).is_none());
    }

    #[test]
    fn an_error_in_the_console_is_a_fault_and_a_note_is_none() {
        let said = |kind: &str| json!({ "method": "Runtime.consoleAPICalled", "params": { "type": kind, "args": [{ "value": "oh" }] } });
        assert_eq!(fault(&said("error"), BASE, &[]).as_deref(), Some("console: oh"));
        assert!(fault(&said("log"), BASE, &[]).is_none());
    }
}
