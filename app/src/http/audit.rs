//! What the gate turned away, for the audit trail: failed attempts are written down too.
//!
//! - An entry names who asked, the route as the table writes it, and why it was refused; never a path's ids, a query or an
//!   address.
//! - A flood fills no disk: of the same refusals in one [`WINDOW`] only the first is written at once, the others are counted
//!   and written as one entry when the window is over. Whoever is not signed in counts as one person, whatever the route.
//! - Counts not yet written are written when the server closes; a crash loses them, never the first of a window.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use api::ProblemCode;
use api::ids::UserId;
use service::{Actor, Office, audit};

/// How long refusals of the same kind are one.
const WINDOW: Duration = Duration::from_secs(600);

/// The action of every entry.
const ACTION: &str = "gate.refuse";

/// A refusal that is to be written down.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    actor: Option<Actor>,
    /// What was asked for and why it was refused: `GET /api/v1/users: not-allowed`.
    subject: String,
}

/// Refusals of the present windows.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<HashMap<Key, Counted>>);

/// Refusals of the same kind: one person's of one route for one reason, or all of those who are not signed in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key(Option<(UserId, String)>);

#[derive(Debug)]
struct Counted {
    since: Instant,
    /// How many were not written.
    more: u64,
    last: Refused,
}

/// Whether refusals for a reason are written down.
pub(super) const fn matters(code: ProblemCode) -> bool {
    matches!(code, ProblemCode::NotAllowed | ProblemCode::SignInRequired | ProblemCode::CsrfMismatch)
}

impl Refused {
    /// `route` is the method and the path as the table writes it, with `{id}` in place of ids.
    pub(super) fn new(actor: Option<Actor>, route: &str, code: ProblemCode) -> Self {
        Self { actor, subject: format!("{route}: {}", service::word(&code)) }
    }

    fn key(&self) -> Key {
        Key(self.actor.as_ref().map(|actor| (actor.user, self.subject.clone())))
    }

    /// Writes it down. What was refused stays refused if that fails; the log tells of it.
    pub(super) fn write(&self, office: &Office) {
        let nobody = Actor::appliance();
        let actor = self.actor.as_ref().unwrap_or(&nobody);
        if let Err(error) = audit::record(office, actor, ACTION, Some(&self.subject), false) {
            tracing::error!(cause = ?error, "A refusal could not be written into the audit trail.");
        }
    }

    fn counted(mut self, more: u64) -> Self {
        self.subject = match self.actor {
            Some(_) => format!("{}, {more} more", self.subject),
            None => format!("not signed in, {more} more"),
        };
        self
    }
}

impl Refusals {
    /// Counts a refusal. Returns what is to be written down now.
    pub(super) fn count(&self, refused: Refused, now: Instant) -> Vec<Refused> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.get_mut(&refused.key()) {
            Some(counted) if now.duration_since(counted.since) < WINDOW => {
                counted.more = counted.more.saturating_add(1);
                counted.last = refused;
                Vec::new()
            }
            _ => {
                let fresh = Counted { since: now, more: 0, last: refused.clone() };
                let before = seen.insert(refused.key(), fresh);
                before.and_then(Counted::left).into_iter().chain([refused]).collect()
            }
        }
    }

    /// What was counted and not written yet. `all`: of windows that are not over too.
    pub(super) fn left(&self, now: Instant, all: bool) -> Vec<Refused> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = |counted: &Counted| all || now.duration_since(counted.since) >= WINDOW;
        let (over, kept): (HashMap<_, _>, HashMap<_, _>) =
            mem::take(&mut *seen).into_iter().partition(|(_, counted)| over(counted));
        *seen = kept;
        over.into_values().filter_map(Counted::left).collect()
    }
}

impl Counted {
    fn left(self) -> Option<Refused> {
        (self.more > 0).then(|| self.last.counted(self.more))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(n: usize) -> String {
        format!("GET /api/v1/things/{n}")
    }

    #[test]
    fn a_flood_of_people_unknown_is_two_entries_a_window() {
        let refusals = Refusals::default();
        let now = Instant::now();
        let asked = |n| Refused::new(None, &route(n), ProblemCode::SignInRequired);
        let written: usize = (0..10_000).map(|n| refusals.count(asked(n), now).len()).sum();
        assert_eq!(written, 1);
        let next = refusals.count(asked(0), now + WINDOW);
        let subjects: Vec<_> = next.iter().map(|refused| refused.subject.as_str()).collect();
        assert_eq!(subjects, ["not signed in, 9999 more", "GET /api/v1/things/0: sign-in-required"]);
        assert!(refusals.left(now + WINDOW * 2, false).is_empty(), "nothing is told twice");
    }

    #[test]
    fn what_is_left_is_told_when_the_window_is_over_or_the_server_closes() {
        let refusals = Refusals::default();
        let now = Instant::now();
        let asked = || Refused::new(Some(Actor::console()), &route(1), ProblemCode::NotAllowed);
        assert_eq!(refusals.count(asked(), now).len(), 1);
        assert!(refusals.count(asked(), now).is_empty());
        assert!(refusals.left(now, false).is_empty());
        let left = refusals.left(now, true);
        assert_eq!(left[0].subject, "GET /api/v1/things/1: not-allowed, 1 more");
    }
}
