//! Something asked of the API, in its four states: waiting, failing, empty, full.

use std::future::Future;

use leptos::prelude::*;

use crate::api_client::{Answer, Failure};
use crate::components::notice;
use crate::t;

/// How a question stands.
#[derive(Debug, Clone, PartialEq)]
enum Stand<T> {
    Waiting,
    Failed(Failure),
    Full(T),
}

/// A question to the API that is asked again whenever a signal in it changes.
///
/// While it is asked again, the former answer stays in view, so that nothing jumps.
pub(crate) struct Loader<T: Send + Sync + 'static> {
    stand: RwSignal<Stand<T>>,
    round: RwSignal<u32>,
}

impl<T: Send + Sync + 'static> Clone for Loader<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Loader<T> {}

impl<T: Clone + PartialEq + Send + Sync + 'static> Loader<T> {
    /// Asks `question`. Signals read before its first await are followed.
    pub(crate) fn new<Q, F>(question: Q) -> Self
    where
        Q: Fn() -> F + 'static,
        F: Future<Output = Answer<T>> + 'static,
    {
        let stand = RwSignal::new(Stand::Waiting);
        let round = RwSignal::new(0);
        let latest = StoredValue::new(0_u32);
        Effect::new(move |_| {
            round.track();
            let answer = question();
            let ticket = latest.get_value().wrapping_add(1);
            latest.set_value(ticket);
            leptos::task::spawn_local(async move {
                let answer = answer.await;
                // The page may have gone, or a newer question may be on its way.
                if latest.try_get_value() == Some(ticket) {
                    let next = answer.map_or_else(Stand::Failed, Stand::Full);
                    if stand.try_with_untracked(|old| *old != next).unwrap_or(false) {
                        stand.set(next);
                    }
                }
            });
        });
        Self { stand, round }
    }

    /// Asks again.
    pub(crate) fn again(self) {
        self.round.update(|n| *n = n.wrapping_add(1));
    }

    /// Takes a newer answer that came by another way.
    pub(crate) fn put(self, value: T) {
        self.stand.set(Stand::Full(value));
    }

    /// The answer, if there is one; tracked.
    pub(crate) fn get(self) -> Option<T> {
        match self.stand.get() {
            Stand::Full(value) => Some(value),
            _ => None,
        }
    }

    /// The answer, if there is one; not tracked.
    pub(crate) fn now(self) -> Option<T> {
        match self.stand.try_get_untracked()? {
            Stand::Full(value) => Some(value),
            _ => None,
        }
    }

    /// Draws the answer, or that it is awaited, or why there is none.
    pub(crate) fn show(self, full: impl Fn(T) -> AnyView + Send + 'static) -> AnyView {
        (move || match self.stand.get() {
            Stand::Waiting => waiting(),
            Stand::Failed(failure) => notice::failing(&failure, move || self.again()),
            Stand::Full(value) => full(value),
        })
        .into_any()
    }

    /// Draws the answer, or nothing at all: for additions that no one misses.
    pub(crate) fn show_quietly(self, full: impl Fn(T) -> AnyView + Send + 'static) -> AnyView {
        (move || self.get().map(&full)).into_any()
    }
}

/// Three grey lines that appear only after 200 ms.
pub(crate) fn waiting() -> AnyView {
    view! {
        <div class="waiting" role="status">
            <span class="sr-only">{t!(common.waiting)}</span>
            <i></i><i></i><i></i>
        </div>
    }
    .into_any()
}
