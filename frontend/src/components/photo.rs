//! Photos in their 3:4 frames, never cropped, masked with the rest when the screen is shared.

use crate::prelude::*;
use api::Right;
use api::ids::PhotoId;

use crate::api_client;
use crate::session;
use crate::state::state;

/// A photo, or its empty frame when the pixels do not come.
pub(crate) fn photo(url: Option<String>, alt: impl Into<String>) -> AnyView {
    let alt = alt.into();
    let lost = RwSignal::new(false);
    let frame = move || {
        match url.clone() {
        Some(url) if !lost.get() => view! {
            <img class="private" src=url alt=alt.clone() loading="lazy" decoding="async" on:error=move |_| lost.set(true)/>
        }
        .into_any(),
        Some(_) => view! { <span class="no-photo">{t!(common.photo_unreadable)}</span> }.into_any(),
        None => view! { <span class="no-photo">{t!(common.no_photo)}</span> }.into_any(),
    }
    };
    view! { <span class="photo">{frame}</span> }.into_any()
}

/// The frame of a photo that is kept no more: what is sent back leaves nothing behind.
pub(crate) fn cleared() -> AnyView {
    view! { <span class="photo"><span class="no-photo">{t!(common.photo_cleared)}</span></span> }.into_any()
}

/// A photo of the archive, or the button that asks for the purpose to show it.
pub(crate) fn kept_or_ask(id: Option<PhotoId>, alt: impl Into<String>) -> AnyView {
    let alt = alt.into();
    let asks = session::lacks_purpose();
    (move || {
        if id.is_some() && asks.get() && state().may(Right::ReadDossier) {
            view! { <span class="photo">{session::ask_button()}</span> }.into_any()
        } else {
            kept(id, "full", alt.clone())
        }
    })
    .into_any()
}

/// A photo of the archive. Shown only to those who may open dossiers and have stated their purpose.
pub(crate) fn kept(id: Option<PhotoId>, size: &'static str, alt: impl Into<String>) -> AnyView {
    let alt = alt.into();
    let shown = Memo::new(|_| {
        state().session().is_some_and(|s| s.purpose.is_some() && s.rights.contains(&Right::ReadDossier))
    });
    (move || match id {
        Some(id) if shown.get() => photo(Some(api_client::photo_url(id, size)), alt.clone()),
        Some(_) if !state().may(Right::ReadDossier) => view! {
            <span class="photo"><span class="no-photo">{t!(common.photo_archived)}</span></span>
        }
        .into_any(),
        Some(_) => view! {
            <span class="photo"><span class="no-photo">{t!(common.photo_with_purpose)}</span></span>
        }
        .into_any(),
        None => photo(None, alt.clone()),
    })
    .into_any()
}
