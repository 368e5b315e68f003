//! Rows as the API shows them.

use std::collections::BTreeMap;

use api::delivery::{CheckReport, Confirmation, Delivery, FaceWord, Finding, Item, Proposal, Settled};
use api::ids::{DeliveryId, PersonId, PhotoId};
use archive::db::catalog::{person, photo};
use archive::db::office::settlement::{self, Settlement};
use archive::db::office::{campaign, delivery as rows, item, vendor};
use archive::delivery::{Same, can_be_settled, is_unsettled};
use archive::dossier::{Photo, PhotoKind};
use archive::person::{NameMask, mask_name};

use super::quarantine;
use crate::staff::Staff;
use crate::{Error, Office, Refusal as _, Result, from_word};

/// A delivery.
pub(super) fn delivery(office: &Office, row: &rows::Delivery, staff: &Staff) -> Result<Delivery> {
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
        report: report(row).ok().flatten(),
        proposal: row.proposal.as_ref().map(|kept| proposal(kept, staff)).transpose()?,
        confirmed: row.confirmation.as_ref().map(|signed| confirmation(signed, staff)),
        reject_reason: row.reject_reason.clone(),
        reject_files: reject_files(row).unwrap_or_default(),
        unreadable: is_unreadable(row),
    })
}

/// Whether what a check wrote down can't be read: by a damage, or because another version wrote it. The log has the cause.
pub(crate) fn is_unreadable(row: &rows::Delivery) -> bool {
    let read = report(row).err().or_else(|| reject_files(row).err());
    if let Some(error) = &read {
        tracing::error!(delivery.id = %row.id, cause = ?error, "What the check of {} found can't be read.", row.id);
    }
    read.is_some()
}

/// The files for which the check sent a broken parcel back.
pub(super) fn reject_files(row: &rows::Delivery) -> Result<Vec<String>> {
    let files = row.reject_files.as_deref().map(serde_json::from_str).transpose();
    Ok(files.or_failed("read a broken parcel's files")?.unwrap_or_default())
}

/// What the check found, if it ended.
pub(super) fn report(row: &rows::Delivery) -> Result<Option<CheckReport>> {
    row.report.as_deref().map(serde_json::from_str).transpose().or_failed("read a check's report")
}

/// How far a delivery is.
pub(super) fn state(state: rows::DeliveryState) -> Result<api::delivery::DeliveryState> {
    from_word(state.word()).ok_or_else(|| Error::failed("read a delivery", "its state is unknown"))
}

fn proposal(kept: &rows::Proposal, staff: &Staff) -> Result<Proposal> {
    let decision = from_word(kept.decision.word());
    Ok(Proposal {
        decision: decision.ok_or_else(|| Error::failed("read a proposal", "its decision is unknown"))?,
        reason: kept.reason.clone(),
        by: kept.signed.by,
        by_name: staff.name(&kept.signed.by_name),
        at: kept.signed.at,
    })
}

fn confirmation(signed: &rows::Signed, staff: &Staff) -> Confirmation {
    Confirmation { by: signed.by, by_name: staff.name(&signed.by_name), at: signed.at }
}

/// What is the same for every item of a delivery.
pub(super) struct Sheet<'a> {
    office: &'a Office,
    delivery: DeliveryId,
    /// Whether the parcel still lies in quarantine.
    has_bag: bool,
    /// What the archive took from this delivery, by person and SHA-256.
    archived: BTreeMap<(PersonId, String), PhotoId>,
    staff: Staff,
}

impl<'a> Sheet<'a> {
    /// Reads it.
    pub(super) fn of(office: &'a Office, delivery: DeliveryId) -> Result<Self> {
        let taken = office.catalog.read(|conn| photo::of_delivery(conn, delivery))?;
        let by_bytes = |(person, photo): (PersonId, Photo)| ((person, photo.sha256), photo.id);
        Ok(Self {
            office,
            delivery,
            has_bag: quarantine(office)?.bag(delivery).is_dir(),
            archived: taken.into_iter().map(by_bytes).collect(),
            staff: Staff::of(office)?,
        })
    }

    /// An item. The name is masked: who reads a whole record opens the dossier, with a purpose.
    pub(super) fn item(&self, row: &item::Item) -> Result<Item> {
        let (facts, admission) = match row.person {
            Some(person) => self.office.catalog.read(|conn| -> Result<_> {
                Ok((person::facts(conn, person)?, photo::current(conn, person, PhotoKind::Admission)?))
            })?,
            None => (None, None),
        };
        let kept = read_findings(row)?;
        let settled = match (&row.token, &row.sha256) {
            (Some(token), Some(sha256)) => {
                self.office.office.read(|conn| settlement::get(conn, self.delivery, token, sha256))?
            }
            _ => None,
        };
        let bytes = row.person.zip(row.sha256.clone());
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
            can_be_settled: is_settleable(row, &kept),
            unsettled: row.state.is_acceptable() && is_unsettled(&kept),
            settled: settled.map(|settled| settled_to_api(settled, &self.staff)),
            admission: admission.map(|photo| photo.id),
            has_image: self.has_bag && row.file.is_some(),
            archived: bytes.and_then(|bytes| self.archived.get(&bytes).copied()),
        })
    }
}

fn settled_to_api(settled: Settlement, staff: &Staff) -> Settled {
    Settled {
        decision: match settled.decision {
            Same::Yes => FaceWord::Same,
            Same::No => FaceWord::Different,
        },
        note: settled.note,
        by: settled.by,
        by_name: staff.name(&settled.by_name),
        at: settled.at,
    }
}

/// Whether a person may settle whose face it is: there is a photo, somebody it should show, and a doubt.
pub(super) fn is_settleable(row: &item::Item, findings: &[archive::delivery::Finding]) -> bool {
    let of_somebody = row.person.is_some() && row.state != item::ItemState::Extra;
    row.file.is_some() && of_somebody && can_be_settled(findings)
}

/// The findings of an item, as the archive keeps them.
pub(super) fn read_findings(row: &item::Item) -> Result<Vec<archive::delivery::Finding>> {
    serde_json::from_str(&row.findings).or_failed("read an item's findings")
}

/// The findings of an item.
pub(super) fn findings(row: &item::Item) -> Result<Vec<Finding>> {
    serde_json::from_str(&row.findings).or_failed("read an item's findings")
}
