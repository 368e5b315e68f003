//! The few things asked of the browser itself: its store, its windows, files, focus and keys.

use std::pin::Pin;

use crate::prelude::*;
use wasm_bindgen::{JsCast as _, JsValue};

/// Runs a task beside everything else. Boxed, so that the machinery around it is compiled once.
pub(crate) fn spawn_local(task: impl Future<Output = ()> + 'static) {
    wasm_bindgen_futures::spawn_local(Box::pin(task) as Pin<Box<dyn Future<Output = ()>>>);
}

/// Writes a fault into the browser's console.
pub(crate) fn complain(fault: &str) {
    web_sys::console::error_1(&JsValue::from_str(fault));
}

/// Takes away what the page itself showed while the client was fetched.
pub(crate) fn take_down_the_curtain() {
    if let Some(curtain) = document().get_element_by_id("curtain") {
        curtain.remove();
    }
}

/// The window.
pub(crate) fn window() -> web_sys::Window {
    web_sys::window().unwrap_or_else(|| JsValue::NULL.unchecked_into())
}

fn store() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

/// What was remembered under `key` in this browser. Only choices of appearance are kept, never data.
pub(crate) fn recall(key: &str) -> Option<String> {
    store()?.get_item(key).ok().flatten()
}

/// Remembers a choice in this browser, or forgets it.
pub(crate) fn remember(key: &str, value: Option<&str>) {
    let Some(store) = store() else { return };
    // A browser that forbids its store merely forgets the choice.
    let _forgotten = match value {
        Some(value) => store.set_item(key, value),
        None => store.remove_item(key),
    };
}

/// Sets an attribute of the root element, for the style sheet.
pub(crate) fn mark_root(name: &str, value: Option<&str>) {
    let Some(root) = document().document_element() else { return };
    let _refused = match value {
        Some(value) => root.set_attribute(name, value),
        None => root.remove_attribute(name),
    };
}

/// Whether a media query matches now.
pub(crate) fn matches_media(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|list| list.matches())
}

/// Puts the focus on an element.
pub(crate) fn focus(id: &str) {
    let element = document().get_element_by_id(id).and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(element) = element {
        let _refused = element.focus();
    }
}

/// Puts the focus on the link after or before the one that has it, among those that `selector` finds.
///
/// Answers whether there was one.
pub(crate) fn step_through(selector: &str, by: i32) -> bool {
    let Ok(found) = document().query_selector_all(selector) else { return false };
    let links: Vec<web_sys::HtmlElement> =
        (0..found.length()).filter_map(|i| found.item(i)?.dyn_into().ok()).collect();
    let focused = document().active_element();
    let at = links.iter().position(|link| focused.as_ref().is_some_and(|f| f.is_same_node(Some(link))));
    let next = match (at, by > 0) {
        (Some(at), true) => at.saturating_add(1),
        (Some(at), false) => at.saturating_sub(1),
        (None, _) => 0,
    };
    match links.get(next) {
        Some(link) => link.focus().is_ok(),
        None => at.is_some(),
    }
}

/// What stands in one field.
pub(crate) enum Typed {
    /// A text or the value of a choice.
    Text(String),
    /// A box that is ticked or not.
    Ticked(bool),
}

/// What stands in every field that has an id.
pub(crate) fn typed() -> Vec<(String, Typed)> {
    let Ok(found) = document().query_selector_all("input[id], select[id], textarea[id]") else {
        return Vec::new();
    };
    (0..found.length())
        .filter_map(|i| found.item(i)?.dyn_into::<web_sys::Element>().ok())
        .filter_map(|field| Some((field.id(), held(&field)?)))
        .collect()
}

fn held(field: &web_sys::Element) -> Option<Typed> {
    if let Some(input) = field.dyn_ref::<web_sys::HtmlInputElement>() {
        return match input.type_().as_str() {
            "file" => None,
            "checkbox" | "radio" => Some(Typed::Ticked(input.checked())),
            _ => Some(Typed::Text(input.value())),
        };
    }
    if let Some(select) = field.dyn_ref::<web_sys::HtmlSelectElement>() {
        return Some(Typed::Text(select.value()));
    }
    field.dyn_ref::<web_sys::HtmlTextAreaElement>().map(|area| Typed::Text(area.value()))
}

/// Puts back what stood in fields, and lets them tell so, as if it were typed again.
pub(crate) fn type_again(typed: &[(String, Typed)]) {
    for (id, typed) in typed {
        let Some(field) = document().get_element_by_id(id) else { continue };
        let changed = match (held(&field), typed) {
            (Some(Typed::Text(now)), Typed::Text(before)) => now != *before,
            (Some(Typed::Ticked(now)), Typed::Ticked(before)) => now != *before && *before,
            _ => false,
        };
        if changed {
            put_back(&field, typed);
        }
    }
}

fn put_back(field: &web_sys::Element, typed: &Typed) {
    let (name, value, event) = match typed {
        Typed::Text(text) => ("value", JsValue::from_str(text), "input"),
        Typed::Ticked(ticked) => ("checked", JsValue::from_bool(*ticked), "change"),
    };
    let _refused = js_sys::Reflect::set(field, &JsValue::from_str(name), &value);
    for event in [event, "change"] {
        if let Ok(event) = web_sys::Event::new(event) {
            let _handled = field.dispatch_event(&event);
        }
    }
}

/// Brings an element into view without moving more than needed.
pub(crate) fn scroll_to(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// Lets the person keep `text` as a file.
pub(crate) fn save_as(name: &str, kind: &str, text: &str) -> Result<(), JsValue> {
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(kind);
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    let blob = web_sys::Blob::new_with_str_sequence_and_options(&parts, &options)?;
    let url = web_sys::Url::create_object_url_with_blob(&blob)?;
    let anchor: web_sys::HtmlAnchorElement = document().create_element("a")?.dyn_into()?;
    anchor.set_href(&url);
    anchor.set_download(name);
    anchor.click();
    web_sys::Url::revoke_object_url(&url)
}

/// Opens the print dialog.
pub(crate) fn print() {
    let _refused = window().print();
}

/// Calls `act` for each key pressed outside of fields and without Ctrl, Alt or Meta, as long as the page that asks is shown.
///
/// `act` answers whether it took the key, so that the browser does nothing more with it.
pub(crate) fn on_key(act: impl Fn(&str, &web_sys::KeyboardEvent) -> bool + 'static) {
    let handle = window_event_listener(leptos::ev::keydown, move |event| {
        if event.default_prevented() || event.ctrl_key() || event.alt_key() || event.meta_key() {
            return;
        }
        if is_typing(&event) && !passes_the_field(&event) {
            return;
        }
        if dialog_is_open() || (event.key() == "Enter" && is_on_control(&event)) {
            return;
        }
        if act(&event.key(), &event) {
            event.prevent_default();
        }
    });
    on_cleanup(move || handle.remove());
}

/// Whether the focus is on something that Enter presses already.
fn is_on_control(event: &web_sys::KeyboardEvent) -> bool {
    let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    element.and_then(|element| element.closest("a, button, summary, video").ok().flatten()).is_some()
}

fn dialog_is_open() -> bool {
    document().query_selector("dialog[open]").ok().flatten().is_some()
}

/// Whether a key pressed in a field is meant for the page: Esc anywhere, and the keys of the list in the search box.
fn passes_the_field(event: &web_sys::KeyboardEvent) -> bool {
    let searching = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
        .is_some_and(|element| element.id() == "search-all");
    match event.key().as_str() {
        "Escape" => true,
        "ArrowDown" | "ArrowUp" | "Enter" => searching,
        _ => false,
    }
}

/// Whether the key goes into a field.
fn is_typing(event: &web_sys::KeyboardEvent) -> bool {
    let Some(element) = event.target().and_then(|t| t.dyn_into::<web_sys::Element>().ok()) else {
        return false;
    };
    match element.tag_name().as_str() {
        "TEXTAREA" | "SELECT" => true,
        "INPUT" => !matches!(element.get_attribute("type").as_deref(), Some("checkbox" | "radio" | "button")),
        _ => false,
    }
}

/// Calls `act` every `ms` milliseconds, as long as the page that asks is shown.
pub(crate) fn every(ms: u32, act: impl FnMut() + 'static) {
    let interval = gloo_timers::callback::Interval::new(ms, act);
    let kept = StoredValue::new_local(Some(interval));
    on_cleanup(move || {
        kept.try_update_value(Option::take);
    });
}

/// Calls `then` whenever a media query begins or ceases to match, for as long as the client runs.
pub(crate) fn on_media_change(query: &str, then: impl Fn() + 'static) {
    let Ok(Some(list)) = window().match_media(query) else { return };
    let then = wasm_bindgen::closure::Closure::<dyn Fn()>::new(then);
    list.set_onchange(Some(then.as_ref().unchecked_ref()));
    // Both live as long as the page.
    then.forget();
    std::mem::forget(list);
}
