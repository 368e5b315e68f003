//! What is quicker done several at a time waits here until there is enough of it, and never for what doesn't come.
//!
//! Whoever will bring something says so first. What was brought is due when there are several of it, or when nobody is on
//! the way any more; whoever's coming or staying away makes it due takes it with them and has it done.

use std::{
    fmt, mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Where it waits.
pub(crate) struct Gathering<T> {
    several: usize,
    state: Mutex<State<T>>,
}

struct State<T> {
    coming: usize,
    waiting: Vec<T>,
}

/// Somebody on the way.
pub(crate) struct Coming<'a, T> {
    to: &'a Gathering<T>,
    arrived: bool,
}

impl<T> fmt::Debug for Gathering<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gathering").field("several", &self.several).finish_non_exhaustive()
    }
}

impl<T> Gathering<T> {
    /// Nothing yet; so many are several.
    pub(crate) fn of(several: usize) -> Self {
        Self { several, state: Mutex::new(State { coming: 0, waiting: Vec::new() }) }
    }

    /// Sets out.
    pub(crate) fn come(&self) -> Coming<'_, T> {
        self.state().coming += 1;
        Coming { to: self, arrived: false }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Coming<'_, T> {
    /// Arrives with something, or without. Returns what is due.
    #[must_use]
    pub(crate) fn arrive(mut self, thing: Option<T>) -> Vec<T> {
        self.arrived = true;
        let mut state = self.to.state();
        state.coming -= 1;
        state.waiting.extend(thing);
        if state.waiting.len() >= self.to.several || state.coming == 0 {
            mem::take(&mut state.waiting)
        } else {
            Vec::new()
        }
    }
}

impl<T> Drop for Coming<'_, T> {
    fn drop(&mut self) {
        if self.arrived {
            return;
        }
        let mut state = self.to.state();
        state.coming -= 1;
        if state.coming == 0 {
            // Nobody is left who would have it done: it is given up rather than kept waiting for ever.
            state.waiting.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: [i32; 0] = [];

    #[test]
    fn several_go_together_and_nobody_waits_for_what_does_not_come() {
        let gathering = Gathering::of(2);
        let [one, two, three, four] = [(); 4].map(|()| gathering.come());
        assert_eq!(one.arrive(Some(1)), NOTHING);
        assert_eq!(two.arrive(Some(2)), [1, 2]);
        assert_eq!(three.arrive(Some(3)), NOTHING);
        // Nobody else is on the way, so the third goes alone.
        assert_eq!(four.arrive(None), [3]);
        assert_eq!(gathering.come().arrive(Some(5)), [5]);
    }

    #[test]
    fn whoever_is_lost_on_the_way_is_not_waited_for() {
        let gathering = Gathering::of(9);
        let [one, lost, last] = [(); 3].map(|()| gathering.come());
        drop(lost);
        assert_eq!(one.arrive(Some(1)), NOTHING);
        drop(last);
        assert_eq!(gathering.come().arrive(Some(2)), [2]);
    }
}
