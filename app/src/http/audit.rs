//! What the gate and the vendors' port turned away, for the audit trail: failed attempts are written down too.
//!
//! - An entry names who asked, the route as the table writes it, and why it was refused; never a path's ids, a query or an
//!   address. A vendor is named by its id, also when it may not connect any more.
//! - A flood fills no disk: of the same refusals in one [`WINDOW`] only the first is written at once, the others are counted
//!   and written as one entry when the window is over. Whoever is not signed in counts as one person, whatever the route;
//!   so does whoever shows the vendors' port a certificate that no vendor has.
//! - Counts not yet written are written when the server closes; a crash loses them, never the first of a window.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use api::ids::UserId;
use api::{Problem, ProblemCode};
use service::{Actor, Office, audit};

/// How long refusals of the same kind are one.
const WINDOW: Duration = Duration::from_secs(600);

/// The action of every entry.
const ACTION: &str = "gate.refuse";

/// What comes before the door of the vendors' port: no route is known yet.
const HANDSHAKE: &str = "TLS";

/// A refusal that is to be written down.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    asker: Asker,
    /// What was asked for and why it was refused: `GET /api/v1/users: not-allowed`.
    subject: String,
}

/// Refusals of the present windows.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<HashMap<Key, Counted>>);

/// Who was refused something.
#[derive(Debug, Clone)]
enum Asker {
    /// Somebody signed in, or a vendor.
    Known(Box<Actor>),
    /// Nobody known at a port: the words that say so.
    Unknown(&'static str),
}

/// Refusals of the same kind: one asker's of one route for one reason, or all of those who are not known at a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Known(UserId, String, String),
    Unknown(&'static str),
}

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

/// Whether a refusal on the vendors' port is written down: everything but what belongs to the ordinary course, and what
/// went wrong inside.
pub(super) fn matters_at_vendors_port(problem: &Problem) -> bool {
    match problem.code {
        // An upload that was interrupted asks where it stands.
        ProblemCode::UploadOffset | ProblemCode::Conflict => false,
        // The agent asks for its certificate until there is one.
        ProblemCode::NotFound => problem.params.get("kind").is_none_or(|kind| kind != "certificate of"),
        code => (400..500).contains(&code.status()),
    }
}

impl Refused {
    /// `route` is the method and the path as the table writes it, with `{id}` in place of ids.
    pub(super) fn new(actor: Option<Actor>, route: &str, code: ProblemCode) -> Self {
        Self::of(actor, "not signed in", route, code)
    }

    /// The same on the vendors' port; `vendor` is the one whose certificate was shown, if it is a vendor's.
    pub(super) fn at_vendors_port(vendor: Option<Actor>, route: &str, code: ProblemCode) -> Self {
        Self::of(vendor, "no vendor's certificate", route, code)
    }

    /// Somebody whose certificate the vendors' port did not even let speak: none, another authority's, or not a client's.
    pub(super) fn in_handshake() -> Self {
        Self::at_vendors_port(None, HANDSHAKE, ProblemCode::ClientCertificateRequired)
    }

    fn of(actor: Option<Actor>, unknown: &'static str, route: &str, code: ProblemCode) -> Self {
        let asker = actor.map_or(Asker::Unknown(unknown), |actor| Asker::Known(Box::new(actor)));
        Self { asker, subject: format!("{route}: {}", service::word(&code)) }
    }

    fn key(&self) -> Key {
        match &self.asker {
            Asker::Known(actor) => Key::Known(actor.user, actor.account.clone(), self.subject.clone()),
            Asker::Unknown(words) => Key::Unknown(words),
        }
    }

    /// Writes it down. What was refused stays refused if that fails; the log tells of it.
    pub(super) fn write(&self, office: &Office) {
        let nobody = Actor::appliance();
        let actor = match &self.asker {
            Asker::Known(actor) => actor,
            Asker::Unknown(_) => &nobody,
        };
        if let Err(error) = audit::record(office, actor, ACTION, Some(&self.subject), false) {
            tracing::error!(cause = ?error, "A refusal could not be written into the audit trail.");
        }
    }

    fn counted(mut self, more: u64) -> Self {
        self.subject = match self.asker {
            Asker::Known(_) => format!("{}, {more} more", self.subject),
            Asker::Unknown(words) => format!("{words}, {more} more"),
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
    fn strangers_at_the_two_ports_are_counted_apart_and_so_are_vendors() {
        let refusals = Refusals::default();
        let now = Instant::now();
        let vendor = |id: &str| Actor { account: id.to_owned(), ..Actor::appliance() };
        let not_found =
            |who| Refused::at_vendors_port(who, "GET /vendor/v1/deliveries/{id}", ProblemCode::NotFound);
        for refused in [
            Refused::new(None, &route(1), ProblemCode::SignInRequired),
            Refused::in_handshake(),
            not_found(Some(vendor("vendor_1"))),
            not_found(Some(vendor("vendor_2"))),
        ] {
            assert_eq!(refusals.count(refused, now).len(), 1);
        }
        assert!(refusals.count(not_found(None), now).is_empty(), "a stranger is a stranger");
        assert!(refusals.count(not_found(Some(vendor("vendor_2"))), now).is_empty());
        let mut left: Vec<_> = refusals.left(now, true).into_iter().map(|refused| refused.subject).collect();
        left.sort();
        let route = "GET /vendor/v1/deliveries/{id}: not-found, 1 more";
        assert_eq!(left, [route, "no vendor's certificate, 1 more"]);
    }

    #[test]
    fn an_upload_that_is_taken_up_again_and_a_certificate_that_is_not_there_yet_are_no_attempts() {
        let problem = |code, kind: &str| Problem::new(code, [("kind", kind.to_owned())]);
        for code in [ProblemCode::BadFile, ProblemCode::TooLarge, ProblemCode::HandshakeRefused] {
            assert!(matters_at_vendors_port(&problem(code, "")));
        }
        for code in [ProblemCode::UploadOffset, ProblemCode::Internal, ProblemCode::DiskFull] {
            assert!(!matters_at_vendors_port(&problem(code, "")));
        }
        assert!(matters_at_vendors_port(&problem(ProblemCode::NotFound, "delivery")));
        assert!(!matters_at_vendors_port(&problem(ProblemCode::NotFound, "certificate of")));
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
