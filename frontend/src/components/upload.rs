//! Putting a file in: pick or drop, watch it go, and know its digest.

use crate::prelude::*;
use api::Problem;
use api::import::Upload;
use futures_channel::oneshot;
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};

use crate::api_client::{self, Answer, Failure};
use crate::components::notice;
use crate::format;
use crate::state::state;
use crate::t;

/// How an upload stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Stand {
    /// No file yet.
    Empty,
    /// Share of the bytes sent, 0..=1.
    Going(f64),
    /// Kept by the server.
    Kept(Upload),
}

/// A place for one file. `accept` names the endings.
pub(crate) fn place(
    id: &'static str,
    label: impl IntoView,
    hint: impl IntoView,
    accept: &'static str,
    stand: RwSignal<Stand>,
) -> AnyView {
    let refused = RwSignal::new(None);
    let take = move |files: Option<web_sys::FileList>| {
        let Some(file) = files.and_then(|files| files.get(0)) else { return };
        refused.set(None);
        stand.set(Stand::Going(0.0));
        spawn_local(async move {
            match send(&file, move |share| stand.set(Stand::Going(share))).await {
                Ok(upload) => stand.set(Stand::Kept(upload)),
                Err(failure) => {
                    stand.set(Stand::Empty);
                    refused.set(Some(failure));
                }
            }
        });
    };
    view! {
        <div class="upload">
            <label class="field" for=id>
                <span>{label}</span>
                <input id=id type="file" accept=accept on:change:target=move |event| take(event.target().files())/>
                <small>{hint}</small>
            </label>
            <div role="status" aria-live="polite">{move || shown(&stand.get())}</div>
            {notice::refusal(refused)}
        </div>
    }
    .into_any()
}

fn shown(stand: &Stand) -> Option<AnyView> {
    match stand {
        Stand::Empty => None,
        Stand::Going(share) => Some(
            view! {
                <div class="progress"><progress max="1" value=share.to_string() aria-label=t!(upload.going)></progress>
                <span>{t!(upload.going)} " " {format::percent(*share)}</span></div>
            }
            .into_any(),
        ),
        Stand::Kept(upload) => Some(
            view! {
                <p class="dim">{t!(upload.kept, size = format::size(upload.bytes))} " " <code class="digest">{upload.sha256.clone()}</code></p>
            }
            .into_any(),
        ),
    }
}

/// Sends a file. Unlike `fetch`, this request tells how far it is.
async fn send(file: &web_sys::File, going: impl Fn(f64) + 'static) -> Answer<Upload> {
    let path = format!("/uploads?name={}", js_sys::encode_uri_component(&file.name()));
    let (status, text) = transfer(&api_client::url(&path), file, going).await?;
    if (200..300).contains(&status) {
        crate::json::read(&text).map_err(|_| Failure::Unreadable)
    } else {
        Err(crate::json::read::<Problem>(&text).map_or(Failure::Unreadable, Failure::Problem))
    }
}

async fn transfer(url: &str, file: &web_sys::File, going: impl Fn(f64) + 'static) -> Answer<(u16, String)> {
    let unreadable = |_: JsValue| Failure::Unreadable;
    let request = web_sys::XmlHttpRequest::new().map_err(unreadable)?;
    request.open("POST", url).map_err(unreadable)?;
    request.set_request_header("content-type", "application/octet-stream").map_err(unreadable)?;
    let csrf = state().session_now().map(|session| session.csrf).unwrap_or_default();
    request.set_request_header("x-csrf-token", &csrf).map_err(unreadable)?;

    let progress = Closure::<dyn Fn(web_sys::ProgressEvent)>::new(move |event: web_sys::ProgressEvent| {
        if event.length_computable() && event.total() > 0.0 {
            going(event.loaded() / event.total());
        }
    });
    if let Ok(upload) = request.upload() {
        upload.set_onprogress(Some(progress.as_ref().unchecked_ref()));
    }
    let (sender, receiver) = oneshot::channel();
    let ended = Closure::once(move || {
        let _gone = sender.send(());
    });
    request.set_onloadend(Some(ended.as_ref().unchecked_ref()));
    request.send_with_opt_blob(Some(file)).map_err(|_| Failure::Unreachable)?;
    receiver.await.map_err(|_| Failure::Unreachable)?;
    match request.status().map_err(unreadable)? {
        0 => Err(Failure::Unreachable),
        status => Ok((status, request.response_text().ok().flatten().unwrap_or_default())),
    }
}
