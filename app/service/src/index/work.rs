//! How far a making of the index is, for whoever asks meanwhile.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

/// People done and in all, while there is something to do.
pub(super) type Progress = (u64, u64);

/// A piece of work that is under way or not.
#[derive(Default)]
pub(super) struct Work {
    at: Mutex<Option<Progress>>,
    over: Condvar,
}

/// Under way until this is dropped.
#[must_use = "the work counts as over when this is dropped"]
pub(super) struct UnderWay<'a>(&'a Work);

impl Work {
    /// Says that it is under way.
    pub(super) fn begin(&self) -> UnderWay<'_> {
        self.set(Some((0, 0)));
        UnderWay(self)
    }

    /// How far it is, if it is under way.
    pub(super) fn at(&self) -> Option<Progress> {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it is over, but no longer than this. How far it is, if it is still under way.
    pub(super) fn wait(&self, most: Duration) -> Option<Progress> {
        let at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, _) =
            self.over.wait_timeout_while(at, most, |at| at.is_some()).unwrap_or_else(PoisonError::into_inner);
        *at
    }

    fn set(&self, at: Option<Progress>) {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner) = at;
        self.over.notify_all();
    }
}

impl UnderWay<'_> {
    /// Says how far it is.
    pub(super) fn reached(&self, done: u64, total: u64) {
        self.0.set(Some((done, total)));
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.set(None);
    }
}
