//! Deliveries as staff see them: what came, what was found, and who decides.
//!
//! Bytes come in through [`receive`], are checked by [`run_check`] and taken into the archive by [`run_accept`]. Between
//! the two stand two people: one proposes, another confirms. Nothing of a delivery leaves its quarantine before.

mod accept;
mod check;
mod measure;
pub mod receive;
mod settle;
mod to_api;
mod vendors;

#[cfg(test)]
mod tests;

use std::time::Duration;

use api::delivery::{Confirm, Delivery, Item, ItemQuery, Propose};
use api::ids::{CampaignId, DeliveryId};
use api::job::{Job, JobKind};
use api::{Flaw, Page, ProblemCode, Right};
use archive::db::office::{delivery as rows, item};
use archive::delivery::{Proposal, ProposalError, Quarantine, Standing, State};
use image::ImageFormat;
use jiff::Timestamp;

use crate::dossier::{Size, shrink};
use crate::staff::Staff;
use crate::{Actor, Error, Office, Refusal as _, Result, audit, event, from_word, job, watermark, word};

pub use accept::run_accept;
pub use check::run_check;
pub use settle::{settle, take_back};
pub use vendors::{deliveries_of, delivery_of};

/// How many items are returned when nothing is said, and at most.
const ITEMS: (u32, u32) = (100, 500);

/// Lists deliveries, newest first; of one campaign if one is given.
///
/// # Errors
///
/// Without the right `read_deliveries`.
pub fn list(office: &Office, actor: &Actor, campaign: Option<CampaignId>) -> Result<Vec<Delivery>> {
    actor.may(Right::ReadDeliveries)?;
    let deliveries = office.office.read(|conn| rows::list(conn, campaign))?;
    let staff = Staff::of(office)?;
    deliveries.iter().map(|row| to_api::delivery(office, row, &staff)).collect()
}

/// The deliveries of which it can't be read what the check found.
pub(crate) fn unreadable(office: &Office) -> Result<Vec<DeliveryId>> {
    let deliveries = office.office.read(|conn| rows::list(conn, None))?;
    Ok(deliveries.iter().filter(|row| to_api::is_unreadable(row)).map(|row| row.id).collect())
}

/// Returns a delivery.
///
/// # Errors
///
/// Without the right `read_deliveries`; `not-found`.
pub fn get(office: &Office, actor: &Actor, id: DeliveryId) -> Result<Delivery> {
    actor.may(Right::ReadDeliveries)?;
    to_api::delivery(office, &row(office, id)?, &Staff::of(office)?)
}

/// Returns items of a delivery, the oddest first: the contact sheet. Names are masked; the look is audited.
///
/// # Errors
///
/// Without the right `read_deliveries`; `not-found`; `bad-field` for an unknown state.
pub fn items(office: &Office, actor: &Actor, id: DeliveryId, query: &ItemQuery) -> Result<Page<Item>> {
    actor.may(Right::ReadDeliveries)?;
    row(office, id)?;
    let (usual, most) = ITEMS;
    let wanted = item::Wanted {
        state: query.state.as_deref().map(wanted_state).transpose()?,
        unsettled: query.unsettled,
        code: query.code.clone(),
        offset: query.offset,
        limit: if query.limit == 0 { usual } else { query.limit.min(most) },
    };
    audit::record(office, actor, "delivery.items", Some(&id.to_string()), true)?;
    let (found, total) = office.office.read(|conn| -> Result<_> {
        Ok((item::list(conn, id, &wanted)?, item::count(conn, id, &wanted)?))
    })?;
    let sheet = to_api::Sheet::of(office, id)?;
    let items = found.iter().map(|row| sheet.item(row)).collect::<Result<_>>()?;
    Ok(Page { items, total })
}

/// Returns one item of a delivery. Its name is masked; the look is audited.
///
/// # Errors
///
/// Without the right `read_deliveries`; `not-found`.
pub fn item(office: &Office, actor: &Actor, id: DeliveryId, number: u32) -> Result<Item> {
    actor.may(Right::ReadDeliveries)?;
    let row = office.office.read(|conn| item::get(conn, id, number))?;
    let row = row.ok_or_else(|| Error::not_found("item", number))?;
    audit::record(office, actor, "delivery.item", Some(&id.to_string()), true)?;
    to_api::Sheet::of(office, id)?.item(&row)
}

fn wanted_state(word: &str) -> Result<item::ItemState> {
    word.parse().map_err(|_| Error::bad_field("state", Flaw::Unknown))
}

/// A view of an item's photo, marked with who looks, and its media type, while the delivery is in quarantine. The whole
/// photo is recorded, where the person is known in their use register.
///
/// # Errors
///
/// Without the right `read_deliveries`; `not-found` when the item has no photo, or not any more.
pub fn item_image(
    office: &Office,
    actor: &Actor,
    id: DeliveryId,
    number: u32,
    size: Size,
) -> Result<(Vec<u8>, &'static str)> {
    actor.may(Right::ReadDeliveries)?;
    let none = || Error::not_found("item", number);
    let item = office.office.read(|conn| item::get(conn, id, number))?.ok_or_else(none)?;
    let file = item.file.as_deref().and_then(|file| bag::SafePath::new(file).ok()).ok_or_else(none)?;
    let path = quarantine(office)?.file(id, &file).ok().filter(|path| path.is_file()).ok_or_else(none)?;
    // What is larger was refused unread by the check, and is not read here either.
    let metadata = fs_err::metadata(&path).or_failed("read an item's photo")?;
    if metadata.len() > office.config.limits.photo {
        return Err(none());
    }
    let bytes = fs_err::read(&path).or_failed("read an item's photo")?;
    if !image::guess_format(&bytes)
        .is_ok_and(|format| matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::Bmp))
    {
        // Nothing else is ever shown: it might be a document that the browser would run.
        return Err(none());
    }
    // What can't be decoded is not shown.
    match size {
        // Not cached: what is sent back must leave nothing behind.
        Size::Thumb => {
            let small = shrink(&bytes).map_err(|_| none())?;
            watermark::view(small, &watermark::words(actor, None)).map_err(|_| none())
        }
        Size::Full => {
            let subject = item.person.map_or_else(|| id.to_string(), |person| person.to_string());
            let (bytes, entry) =
                audit::entered(office, actor, "delivery.photo", Some(&subject), || Ok(bytes))?;
            watermark::view(bytes, &watermark::words(actor, Some(entry))).map_err(|_| none())
        }
    }
}

/// Starts the check of a delivery, again if nobody has decided yet.
///
/// # Errors
///
/// Without the right `check_deliveries`; `not-found`; `wrong-state`.
pub fn check(office: &Office, actor: &Actor, id: DeliveryId) -> Result<Job> {
    actor.may(Right::CheckDeliveries)?;
    let row = row(office, id)?;
    match row.state {
        State::Received | State::Checking | State::Checked => {
            enqueue(office, actor, JobKind::CheckDelivery, id)
        }
        _ => Err(wrong_state(&row)),
    }
}

/// Proposes what is to be done with a checked delivery.
///
/// # Errors
///
/// Without the right `accept_deliveries`; `wrong-state`; `bad-field` when the delivery is not good enough for the
/// decision, or the reason is missing.
pub fn propose(office: &Office, actor: &Actor, id: DeliveryId, propose: &Propose) -> Result<Delivery> {
    actor.may(Right::AcceptDeliveries)?;
    let decision = from_word(&word(&propose.decision));
    let decision = decision.ok_or_else(|| Error::bad_field("decision", Flaw::Unknown))?;
    office.office.write(|tx| -> Result<()> {
        let row = rows::get(tx, id)?.ok_or_else(|| Error::not_found(DeliveryId::KIND, id))?;
        if !row.state.may_become(State::Proposed) {
            return Err(wrong_state(&row));
        }
        Proposal::new(decision, &propose.reason, actor.user, standing(tx, id)?).map_err(not_proposed)?;
        let proposal =
            rows::Proposal { decision, reason: propose.reason.trim().to_owned(), signed: signed(actor) };
        rows::propose(tx, id, &proposal)?;
        let detail = serde_json::json!({ "decision": decision.word() });
        let reference = proposal.signed.at.to_string();
        event::queue(tx, actor, "delivery.proposed", id, &reference, &detail)?;
        audit::record_in(tx, actor, "delivery.propose", Some(&id.to_string()), true)
    })?;
    get(office, actor, id)
}

/// How a checked delivery stands.
fn standing(tx: &archive::db::Transaction<'_>, id: DeliveryId) -> Result<Standing> {
    let items = item::all(tx, id)?;
    let tally = settle::tally(&items)?;
    let good = items.iter().filter(|item| item.state.is_acceptable()).count();
    Ok(Standing { complete: good == items.len(), good: good as u64, unsettled: tally.unsettled })
}

fn not_proposed(error: ProposalError) -> Error {
    match error {
        ProposalError::NoReason => Error::bad_field("reason", Flaw::Missing),
        ProposalError::Incomplete => Error::bad_field("decision", Flaw::Incomplete),
        ProposalError::NothingGood => Error::bad_field("decision", Flaw::NothingGood),
        ProposalError::Unsettled(count) => {
            Error::refused(ProblemCode::FacesUnsettled, [("count", count.to_string())])
        }
        ProposalError::SamePerson => Error::refused(ProblemCode::SamePerson, []),
    }
}

/// Confirms what another proposed, or refuses it; then the delivery is `checked` again.
///
/// Confirming an acceptance that was interrupted takes it up again.
///
/// # Errors
///
/// Without the right `accept_deliveries`; `wrong-state`; `same-person`.
pub fn confirm(office: &Office, actor: &Actor, id: DeliveryId, confirm: &Confirm) -> Result<Delivery> {
    actor.may(Right::AcceptDeliveries)?;
    let next = office.office.write(|tx| -> Result<_> {
        let row = rows::get(tx, id)?.ok_or_else(|| Error::not_found(DeliveryId::KIND, id))?;
        if row.state == State::Accepting && confirm.confirm {
            return Ok(State::Accepting);
        }
        let proposal = row.proposal.clone().filter(|_| row.state == State::Proposed);
        let proposal = proposal.ok_or_else(|| wrong_state(&row))?;
        audit::record_in(tx, actor, "delivery.confirm", Some(&id.to_string()), true)?;
        if !confirm.confirm {
            rows::withdraw(tx, id)?;
            let reference = proposal.signed.at.to_string();
            event::queue(tx, actor, "delivery.proposal_refused", id, &reference, &serde_json::json!({}))?;
            return Ok(State::Checked);
        }
        let approved = Proposal::kept(proposal.decision, proposal.reason, proposal.signed.by)
            .confirm(actor.user)
            .map_err(not_proposed)?;
        let rejected = approved.decision == rows::Decision::Reject;
        let next = if rejected { State::Rejected } else { State::Accepting };
        rows::confirm(tx, id, &signed(actor), next, rejected.then_some(approved.reason.as_str()))?;
        if rejected {
            event::queue(tx, actor, "delivery.rejected", id, "", &serde_json::json!({ "bag": row.bag }))?;
        }
        Ok(next)
    })?;
    match next {
        State::Accepting => drop(enqueue(office, actor, JobKind::AcceptDelivery, id)?),
        State::Rejected => quarantine(office)?.remove(id).or_failed("empty a quarantine")?,
        _ => {}
    }
    get(office, actor, id)
}

/// Removes from quarantine what a crash left there: deliveries that were decided, or that no row has named for so long.
///
/// # Errors
///
/// When the store or the folder can't be read.
pub fn sweep(office: &Office, unnamed_for: Duration) -> Result<()> {
    let quarantine = quarantine(office)?;
    for id in quarantine.deliveries().or_failed("read the quarantine")? {
        let state = office.office.read(|conn| rows::get(conn, id))?.map(|row| row.state);
        let done = match state {
            Some(state) => matches!(state, State::Accepted | State::Rejected),
            // An upload just begun has its room before it has its row.
            None => quarantine.touched(id).is_some_and(|at| at.elapsed().is_ok_and(|age| age >= unnamed_for)),
        };
        if done {
            quarantine.remove(id).or_failed("empty a quarantine")?;
            tracing::info!(delivery.id = %id, "Emptied the quarantine of {id}.");
        }
    }
    Ok(())
}

/// The quarantine of this appliance.
pub(crate) fn quarantine(office: &Office) -> Result<Quarantine> {
    Quarantine::open(&office.paths.incoming).or_failed("open the quarantine")
}

pub(crate) fn row(office: &Office, id: DeliveryId) -> Result<rows::Delivery> {
    office.office.read(|conn| rows::get(conn, id))?.ok_or_else(|| Error::not_found(DeliveryId::KIND, id))
}

/// Asks for a job on a delivery and notes it there.
fn enqueue(office: &Office, actor: &Actor, kind: JobKind, id: DeliveryId) -> Result<Job> {
    let job = job::enqueue(office, actor, kind, Some(id.to_string()), &serde_json::json!({}))?;
    office.office.write(|tx| rows::set_job(tx, id, job.id))?;
    Ok(job)
}

fn signed(actor: &Actor) -> rows::Signed {
    rows::Signed { by: actor.user, by_name: actor.account.clone(), at: Timestamp::now() }
}

fn wrong_state(row: &rows::Delivery) -> Error {
    let params = [
        ("kind", DeliveryId::KIND.to_owned()),
        ("id", row.id.to_string()),
        ("state", row.state.word().to_owned()),
    ];
    Error::refused(ProblemCode::WrongState, params)
}
