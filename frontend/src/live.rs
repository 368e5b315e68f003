//! What the appliance tells of its own accord while the frame stands: how jobs are, and what changed.

use api::today::Change;
use wasm_bindgen::{JsCast as _, closure::Closure};

use crate::api_client;
use crate::prelude::*;
use crate::state::state;

/// Listens as long as the frame stands.
pub(crate) fn listen() {
    let Ok(source) = web_sys::EventSource::new(&api_client::url("/events")) else { return };
    let job = hears(|text| {
        if let Ok(job) = crate::json::read(&text) {
            state().heard_of(job);
        }
    });
    let changed = hears(|text| {
        if let Ok(Change { room, .. }) = crate::json::read(&text) {
            state().heard_of_change(room);
        }
    });
    let _refused = source.add_event_listener_with_callback("job", job.as_ref().unchecked_ref());
    let _refused = source.add_event_listener_with_callback("changed", changed.as_ref().unchecked_ref());
    // At every beginning, a broken connection's too: what changed meanwhile was told to nobody.
    let begun = StoredValue::new(false);
    let open = Closure::<dyn Fn()>::new(move || {
        spawn_local(hear_of_all());
        if begun.try_get_value() == Some(true) {
            state().heard_of_change(Change::anything().room);
        }
        begun.try_set_value(true);
    });
    source.set_onopen(Some(open.as_ref().unchecked_ref()));
    let kept = StoredValue::new_local((source, job, changed, open));
    on_cleanup(move || {
        kept.with_value(|(source, ..)| source.close());
    });
}

type Hears = Closure<dyn Fn(web_sys::MessageEvent)>;

fn hears(take: impl Fn(String) + 'static) -> Hears {
    Closure::new(move |event: web_sys::MessageEvent| {
        if let Some(text) = event.data().as_string() {
            take(text);
        }
    })
}

/// Asks for every job. Without the list, the events alone tell of what changes from now on.
async fn hear_of_all() {
    for job in api_client::jobs::jobs().await.unwrap_or_default() {
        state().heard_of(job);
    }
}

/// Calls `then` whenever something changed in one of the `rooms` (`delivery`, `deletion`, …); in any, if none is named.
pub(crate) fn on_change(rooms: &'static [&'static str], then: impl Fn() + 'static) {
    let heard = Memo::new(move |_| {
        state().changes.with(|changes| {
            // An empty room is any: some changes were missed.
            let mine = |room: &str| room.is_empty() || rooms.is_empty() || rooms.contains(&room);
            changes.iter().filter(|(room, _)| mine(room)).fold(0_u64, |sum, (_, n)| sum.wrapping_add(*n))
        })
    });
    Effect::new(move |known: Option<u64>| {
        let now = heard.get();
        if known.is_some_and(|known| known != now) {
            then();
        }
        now
    });
}
