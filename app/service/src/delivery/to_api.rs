//! Rows as the API shows them.

use api::delivery::{CheckReport, Confirmation, Delivery, Finding, Item, Proposal};
use archive::db::catalog::person;
use archive::db::office::{campaign, delivery as rows, item, vendor};
use archive::person::{NameMask, mask_name};

use crate::{Error, Office, Refusal as _, Result, from_word};

/// A delivery.
pub(super) fn delivery(office: &Office, row: &rows::Delivery) -> Result<Delivery> {
    let (campaign, vendor) = office.office.read(|conn| -> Result<_> {
        Ok((campaign::get(conn, row.campaign)?, vendor::get(conn, row.vendor)?))
    })?;
    Ok(Delivery {
        id: row.id,
        campaign: row.campaign,
        campaign_name: campaign.map(|campaign| campaign.name).unwrap_or_default(),
        vendor: row.vendor,
        vendor_name: vendor.map(|vendor| vendor.name).unwrap_or_default(),
        round: row.round,
        state: state(row.state)?,
        opened: row.opened,
        received: row.received,
        bytes: row.bytes,
        bytes_total: row.bytes_total,
        job: row.job,
        report: report(row)?,
        proposal: row.proposal.as_ref().map(proposal).transpose()?,
        confirmed: row.confirmation.as_ref().map(confirmation),
        reject_reason: row.reject_reason.clone(),
    })
}

/// What the check found, if it ended.
pub(super) fn report(row: &rows::Delivery) -> Result<Option<CheckReport>> {
    row.report.as_deref().map(serde_json::from_str).transpose().or_failed("read a check's report")
}

/// How far a delivery is.
pub(super) fn state(state: rows::DeliveryState) -> Result<api::delivery::DeliveryState> {
    from_word(state.word()).ok_or_else(|| Error::failed("read a delivery", "its state is unknown"))
}

fn proposal(kept: &rows::Proposal) -> Result<Proposal> {
    let decision = from_word(kept.decision.word());
    Ok(Proposal {
        decision: decision.ok_or_else(|| Error::failed("read a proposal", "its decision is unknown"))?,
        reason: kept.reason.clone(),
        by: kept.signed.by,
        by_name: kept.signed.by_name.clone(),
        at: kept.signed.at,
    })
}

fn confirmation(signed: &rows::Signed) -> Confirmation {
    Confirmation { by: signed.by, by_name: signed.by_name.clone(), at: signed.at }
}

/// An item. The name is masked: who reads a whole record opens the dossier, with a purpose.
pub(super) fn item(office: &Office, row: &item::Item, has_bag: bool) -> Result<Item> {
    let facts = match row.person {
        Some(person) => office.catalog.read(|conn| person::facts(conn, person))?,
        None => None,
    };
    Ok(Item {
        number: row.number,
        state: from_word(row.state.word())
            .ok_or_else(|| Error::failed("read an item", "its state is unknown"))?,
        person: row.person,
        name: facts.as_ref().map(|facts| mask_name(&facts.name, NameMask::default())),
        class: facts.and_then(|facts| facts.class),
        similarity: row.similarity,
        verdict: row.verdict.map(|verdict| verdict.word().to_owned()),
        oddness: row.oddness,
        findings: findings(row)?,
        has_image: has_bag && row.file.is_some(),
    })
}

/// The findings of an item.
pub(super) fn findings(row: &item::Item) -> Result<Vec<Finding>> {
    serde_json::from_str(&row.findings).or_failed("read an item's findings")
}
