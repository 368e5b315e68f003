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
        "campaign" | "import" | "roster" | "photos" | "diplomas" | "tokens" => Right::ManageCampaigns,
        "dossier" => Right::CorrectDossier,
        "comparison" => Right::ReviewComparisons,
        "calibration" => Right::Calibrate,
        _ => Right::ReadHealth,
    };
    actor.has(right)
}
