//! Events for the ledger, queued in the same transaction as the change they tell of.

use api::ids::EventId;
use api::ledger::EVENT_KINDS;
use archive::db::{Transaction, office};
use jiff::Timestamp;
use serde::Serialize;

use crate::{Actor, Error, Refusal as _, Result, keys};

/// Queues an event: `kind` happened to `subject`. What was queued before with the same kind, subject and reference
/// is left as it is, so that a job run again tells nothing twice. `detail` holds no personal data and no fractions.
///
/// # Errors
///
/// When the kind is none of [`EVENT_KINDS`] or the store can't be written.
pub fn queue(
    tx: &Transaction<'_>,
    actor: &Actor,
    kind: &str,
    subject: impl ToString,
    reference: &str,
    detail: &impl Serialize,
) -> Result<()> {
    if !EVENT_KINDS.contains(&kind) {
        return Err(Error::failed("write an event", format!("{kind} is none of the kinds there are")));
    }
    let detail = serde_json::to_value(detail).or_failed("write an event")?;
    // What no leaf can hold (fractions) must not enter the queue, where it would stop all that come after.
    ledger::json::canonical(&detail).or_failed("write an event")?;
    let event = office::event::Event {
        id: EventId::new(),
        kind: kind.to_owned(),
        at: Timestamp::now(),
        actor: actor.user_id(),
        account: actor.account.clone(),
        subject: subject.to_string(),
        reference: reference.to_owned(),
        detail,
        salt: keys::random().or_failed("salt an event")?,
    };
    office::event::insert(tx, &event)?;
    Ok(())
}
