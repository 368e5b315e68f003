//! Something asked of the API, in its four states: waiting, failing, empty, full.

use std::any::Any;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use crate::prelude::*;

use crate::api_client::{Answer, Failure};
use crate::components::notice;

/// How a question stands. The answer's type is known to the [`Loader`] alone, so that all of this is compiled once.
#[derive(Clone)]
enum Stand {
    Waiting,
    Failed(Failure),
    Full(Arc<dyn Any + Send + Sync>),
}

/// How an answer is drawn.
type Drawn = Box<dyn Fn(&dyn Any) -> AnyView>;

type Asked = Pin<Box<dyn Future<Output = Answer<Arc<dyn Any + Send + Sync>>>>>;

/// A question to the API that is asked again whenever a signal in it changes.
///
/// While it is asked again, the former answer stays in view, so that nothing jumps.
pub(crate) struct Loader<T> {
    stand: RwSignal<Stand>,
    round: RwSignal<u32>,
    answer: PhantomData<fn() -> T>,
}

impl<T> Clone for Loader<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Loader<T> {}

/// Whether two answers of one type are the same.
fn same<T: PartialEq + 'static>(a: &dyn Any, b: &dyn Any) -> bool {
    matches!((a.downcast_ref::<T>(), b.downcast_ref::<T>()), (Some(a), Some(b)) if a == b)
}

fn differs(old: &Stand, new: &Stand, same: fn(&dyn Any, &dyn Any) -> bool) -> bool {
    match (old, new) {
        (Stand::Waiting, Stand::Waiting) => false,
        (Stand::Failed(old), Stand::Failed(new)) => old != new,
        (Stand::Full(old), Stand::Full(new)) => !same(&**old, &**new),
        _ => true,
    }
}

fn ask(
    stand: RwSignal<Stand>,
    round: RwSignal<u32>,
    question: Box<dyn Fn() -> Asked>,
    same: fn(&dyn Any, &dyn Any) -> bool,
) {
    let latest = StoredValue::new(0_u32);
    Effect::new(move |_| {
        round.track();
        let answer = question();
        let ticket = latest.get_value().wrapping_add(1);
        latest.set_value(ticket);
        spawn_local(async move {
            let answer = answer.await;
            // The page may have gone, or a newer question may be on its way.
            if latest.try_get_value() == Some(ticket) {
                let next = answer.map_or_else(Stand::Failed, Stand::Full);
                if stand.try_with_untracked(|old| differs(old, &next, same)).unwrap_or(false) {
                    stand.set(next);
                }
            }
        });
    });
}

fn draw(loader: Loader<()>, full: Drawn) -> AnyView {
    (move || match loader.stand.get() {
        Stand::Waiting => waiting(),
        Stand::Failed(failure) => notice::failing(&failure, move || loader.again()),
        Stand::Full(value) => full(&*value),
    })
    .into_any()
}

fn draw_quietly(stand: RwSignal<Stand>, full: Drawn) -> AnyView {
    (move || match stand.get() {
        Stand::Full(value) => full(&*value),
        _ => ().into_any(),
    })
    .into_any()
}

impl<T> Loader<T> {
    /// Asks again.
    pub(crate) fn again(self) {
        self.round.update(|n| *n = n.wrapping_add(1));
    }
}

impl<T: Clone + PartialEq + Send + Sync + 'static> Loader<T> {
    /// Asks `question`. Signals read before its first await are followed.
    pub(crate) fn new<F>(question: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = Answer<T>> + 'static,
    {
        let (stand, round) = (RwSignal::new(Stand::Waiting), RwSignal::new(0));
        let question = move || -> Asked {
            let answer = question();
            Box::pin(async move { answer.await.map(|answer| Arc::new(answer) as Arc<dyn Any + Send + Sync>) })
        };
        ask(stand, round, Box::new(question), same::<T>);
        Self { stand, round, answer: PhantomData }
    }

    /// Takes a newer answer that came by another way.
    pub(crate) fn put(self, value: T) {
        self.stand.set(Stand::Full(Arc::new(value)));
    }

    /// The answer, if there is one; tracked.
    pub(crate) fn get(self) -> Option<T> {
        answer(self.stand.get())
    }

    /// The answer, if there is one; not tracked.
    pub(crate) fn now(self) -> Option<T> {
        answer(self.stand.try_get_untracked()?)
    }

    /// Draws the answer, or that it is awaited, or why there is none.
    pub(crate) fn show(self, full: impl Fn(T) -> AnyView + 'static) -> AnyView {
        let loader = Loader { stand: self.stand, round: self.round, answer: PhantomData };
        draw(loader, of_its_type(full))
    }

    /// Draws the answer, or nothing at all: for additions that no one misses.
    pub(crate) fn show_quietly<V: IntoView>(self, full: impl Fn(T) -> V + 'static) -> AnyView {
        draw_quietly(self.stand, of_its_type(full))
    }
}

fn answer<T: Clone + 'static>(stand: Stand) -> Option<T> {
    match stand {
        Stand::Full(value) => value.downcast_ref::<T>().cloned(),
        _ => None,
    }
}

fn of_its_type<T: Clone + 'static, V: IntoView>(full: impl Fn(T) -> V + 'static) -> Drawn {
    Box::new(move |value| value.downcast_ref::<T>().cloned().map(&full).into_any())
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
