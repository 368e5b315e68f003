//! What goes onto paper: the facts, read with the same rights as on a screen.

use api::campaign::Slip;
use api::delivery::Delivery;
use api::ids::{CampaignId, DeliveryId};
use api::{Right, Slice};

use crate::{Actor, Error, Office, Result, audit, campaign, delivery, token};

/// How many slips are read at a time: the most that a page of them holds.
const PART: u32 = 500;

/// A delivery that was checked, for its acceptance report.
///
/// # Errors
///
/// Without the right `read_deliveries`; `not-found`, also before there is a report.
pub fn report(office: &Office, actor: &Actor, id: DeliveryId) -> Result<Delivery> {
    let delivery = delivery::get(office, actor, id)?;
    if delivery.report.is_none() {
        return Err(Error::not_found("report of", id));
    }
    audit::record(office, actor, "delivery.report", Some(&id.to_string()), true)?;
    Ok(delivery)
}

/// A campaign's name and every slip of it, class by class.
///
/// # Errors
///
/// Without the right `manage_campaigns`; `not-found`.
pub fn slips(office: &Office, actor: &Actor, id: CampaignId) -> Result<(String, Vec<Slip>)> {
    actor.may(Right::ManageCampaigns)?;
    let name = campaign::find(office, id)?.name;
    let mut all = Vec::new();
    loop {
        let offset = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let part = token::slips(office, actor, id, Slice { offset, limit: PART })?;
        let nothing_more = part.items.is_empty();
        all.extend(part.items);
        if nothing_more || all.len() as u64 >= part.total {
            return Ok((name, all));
        }
    }
}
