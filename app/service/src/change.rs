//! Tells everybody at work that something changed, so that their pages ask again.

use std::collections::BTreeSet;

use api::Right;
use api::today::Change;
use archive::db::office::event::Queued;
use tokio::sync::broadcast;

use crate::Actor;

/// How many changes may wait for a slow listener; beyond, some are missed.
const PATIENCE: usize = 256;

/// What changed, in memory only: the ledger is what lasts.
#[derive(Debug)]
pub struct Changes(broadcast::Sender<Change>);

impl Default for Changes {
    fn default() -> Self {
        Self(broadcast::channel(PATIENCE).0)
    }
}

impl Changes {
    /// Hears of every change from now on. Who is too slow misses some and should ask anew.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Change> {
        self.0.subscribe()
    }

    /// Tells of events that are in the ledger now: a thing that changed many times at once is told of once, and of
    /// many dossiers only that some changed.
    pub(crate) fn tell(&self, events: &[Queued]) {
        let changes: BTreeSet<_> = events.iter().map(change).collect();
        for change in changes {
            // Nobody listening is no failure.
            let _ = self.0.send(change);
        }
    }
}

fn change(queued: &Queued) -> Change {
    let room = room(&queued.event.kind).to_owned();
    let subject = (room != "dossier").then(|| queued.event.subject.clone());
    Change { room, subject }
}

/// What an event's kind deals with: `delivery` of `delivery.accepted`.
fn room(kind: &str) -> &str {
    kind.split('.').next().unwrap_or_default()
}

/// Whether an actor hears of what happens in the room an event's kind, or the room itself, names: of what their
/// offices deal with.
#[must_use]
pub fn may_hear(actor: &Actor, kind: &str) -> bool {
    let right = match room(kind) {
        "account" | "vendor" => return actor.has(Right::ManageAccounts) || actor.has(Right::ManageVendors),
        "delivery" => Right::ReadDeliveries,
        "deletion" => Right::ReadDeletions,
        "campaign" | "import" | "roster" | "photos" | "diplomas" | "scans" | "tokens" => {
            Right::ManageCampaigns
        }
        "dossier" => Right::CorrectDossier,
        "copy" => return actor.has(Right::AskCopies) || actor.has(Right::ApproveCopies),
        "hold" => return actor.has(Right::ManageHolds) || actor.has(Right::ReadDeletions),
        "comparison" => return actor.has(Right::Compare) || actor.has(Right::ReviewComparisons),
        "cohort" => Right::ReadCohorts,
        "notice" | "assessment" => Right::ManageCampaigns,
        "consent" => Right::RecordConsents,
        "face" => Right::Compare,
        "calibration" => Right::Calibrate,
        _ => Right::ReadHealth,
    };
    actor.has(right)
}

#[cfg(test)]
mod tests {
    use api::Role;
    use api::ids::{EventId, UserId};
    use archive::db::office::event::Event;
    use jiff::Timestamp;

    use super::*;

    fn queued(kind: &str, subject: &str) -> Queued {
        let event = Event {
            id: EventId::new(),
            kind: kind.to_owned(),
            at: Timestamp::now(),
            actor: None,
            account: "registrar".to_owned(),
            subject: subject.to_owned(),
            reference: String::new(),
            detail: serde_json::json!({}),
            salt: [0; 32],
        };
        Queued { number: 1, event, leaf: Some(0) }
    }

    #[test]
    fn each_thing_is_told_of_once_and_no_person_is_named() {
        let changes = Changes::default();
        let mut heard = changes.listen();
        changes.tell(&[
            queued("dossier.kept", "person_1"),
            queued("dossier.kept", "person_2"),
            queued("delivery.kept", "delivery_1"),
            queued("delivery.accepted", "delivery_1"),
        ]);
        let mut told = Vec::new();
        while let Ok(change) = heard.try_recv() {
            told.push((change.room, change.subject));
        }
        let delivery = ("delivery".to_owned(), Some("delivery_1".to_owned()));
        assert_eq!(told, [delivery, ("dossier".to_owned(), None)]);
    }

    #[test]
    fn an_office_hears_of_what_it_deals_with() {
        let holds = |role: Role| Actor::new(UserId::new(), "x".to_owned(), String::new(), vec![role]);
        for (role, kind, hears) in [
            (Role::Registrar, "dossier.kept", true),
            (Role::Registrar, "roster.imported", true),
            (Role::Registrar, "account.created", false),
            (Role::It, "delivery.accepted", true),
            (Role::It, "dossier.kept", false),
            (Role::It, "comparison.decided", false),
            (Role::Supervisor, "deletion.message", true),
            (Role::Admissions, "comparison.decided", true),
            (Role::Leader, "cohort.signed", true),
            (Role::It, "cohort.signed", false),
            (Role::Registrar, "notice.published", true),
            (Role::Admissions, "consent.withdrawn", true),
            (Role::SystemAdmin, "consent.withdrawn", false),
            (Role::SystemAdmin, "archive.checked", true),
            (Role::SystemAdmin, "delivery.accepted", false),
            (Role::SecurityAdmin, "account.created", true),
            (Role::SecurityAdmin, "deletion.opened", false),
        ] {
            assert_eq!(may_hear(&holds(role), kind), hears, "{role:?} and {kind}");
            assert_eq!(may_hear(&holds(role), room(kind)), hears, "{role:?} and the room of {kind}");
        }
    }
}
