//! Something a person tries to do: busy while it runs, and the refusal if it was refused.

use std::future::Future;
use std::pin::Pin;

use crate::prelude::*;

use crate::api_client::{Answer, Failure};
use crate::components::notice;

/// What is tried, ending in what is to be done with its answer.
type Work = Pin<Box<dyn Future<Output = Answer<Box<dyn FnOnce()>>>>>;

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
        self.begin(Box::pin(async move {
            let value = work.await?;
            Ok(Box::new(move || then(value)) as Box<dyn FnOnce()>)
        }));
    }

    fn begin(self, work: Work) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.refused.set(None);
        spawn_local(async move {
            let answer = work.await;
            // The page may have gone meanwhile; then nobody waits for the answer.
            if self.busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(then) => then(),
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
