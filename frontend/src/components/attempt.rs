//! Something a person tries to do: busy while it runs, and the refusal if it was refused.

use std::future::Future;

use leptos::prelude::*;

use crate::api_client::{Answer, Failure};
use crate::components::notice;

/// One action of a page.
#[derive(Clone, Copy)]
pub(crate) struct Attempt {
    busy: RwSignal<bool>,
    refused: RwSignal<Option<Failure>>,
}

impl Attempt {
    /// Nothing tried yet.
    pub(crate) fn new() -> Self {
        Self { busy: RwSignal::new(false), refused: RwSignal::new(None) }
    }

    /// Tries, and hands what came of it to `then`. While one try runs, another is not begun.
    pub(crate) fn run<T: 'static>(
        self,
        work: impl Future<Output = Answer<T>> + 'static,
        then: impl FnOnce(T) + 'static,
    ) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.refused.set(None);
        leptos::task::spawn_local(async move {
            let answer = work.await;
            // The page may have gone meanwhile; then nobody waits for the answer.
            if self.busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(value) => then(value),
                Err(failure) => self.refused.set(Some(failure)),
            }
        });
    }

    /// Whether it runs.
    pub(crate) fn busy(self) -> bool {
        self.busy.get()
    }

    /// Forgets the last refusal.
    pub(crate) fn clear(self) {
        self.refused.set(None);
    }

    /// The place where a refusal is said.
    pub(crate) fn refusal(self) -> AnyView {
        notice::refusal(self.refused)
    }
}
