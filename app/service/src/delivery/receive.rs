//! Bytes coming in from a vendor: announced, appended, continued after any interruption, and handed to the check.
//!
//! The offset a vendor is told is what is durable. A vendor that lost its notes and announces the same parcel again is
//! led to the upload it began.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use api::ProblemCode;
use api::ids::{CampaignId, DeliveryId};
use api::job::JobKind;
use archive::db::office::{campaign, delivery as rows};
use archive::delivery::{QuarantineError, Receiving, State};
use jiff::Timestamp;

use super::{enqueue, quarantine, vendors::own};
use crate::{Error, Office, Result, event, vendor};

/// After this many bytes they are made durable and the offset moves.
const SYNC_EVERY: u64 = 8 << 20;

/// The longest name a vendor gives a delivery, characters.
const NAME_LIMIT: usize = 200;

/// Uploads that are open, one at a time each.
#[derive(Debug, Default)]
pub struct Incoming {
    open: Mutex<HashMap<DeliveryId, Slot>>,
}

/// An open upload: waiting for its next request, or in the hands of one.
#[derive(Debug)]
enum Slot {
    Idle(Box<Receiving>),
    InUse,
}

/// What a vendor announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// The campaign.
    pub campaign: CampaignId,
    /// The vendor's own word for the delivery.
    pub name: String,
    /// SHA-256 of the parcel.
    pub sha256: [u8; 32],
    /// Its bytes.
    pub total: u64,
}

/// How far an upload is, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    /// Durably here.
    pub offset: u64,
    /// Announced.
    pub total: u64,
}

/// An upload in the hands of one request. Dropping it lets the next request go on from what is durable.
#[derive(Debug)]
#[must_use = "what was written counts only after `pause`"]
pub struct Taking {
    incoming: Arc<Incoming>,
    id: DeliveryId,
    receiving: Option<Box<Receiving>>,
    unsynced: u64,
    patient: bool,
}

/// Opens an upload, or finds the one the vendor began for the same parcel.
///
/// # Errors
///
/// `client-certificate-required`; `not-found` for a campaign that is not this vendor's; `too-large`; `disk-full`.
pub fn begin(office: &Office, fingerprint: &str, announced: &Announced) -> Result<DeliveryId> {
    let vendor = vendor::connected(office, fingerprint)?;
    let no_campaign = || Error::not_found(CampaignId::KIND, announced.campaign);
    let campaign = office.office.read(|conn| campaign::get(conn, announced.campaign))?;
    let campaign = campaign.filter(|campaign| campaign.vendor == Some(vendor.id)).ok_or_else(no_campaign)?;
    let limit = office.config.limits.delivery;
    if announced.total > limit {
        return Err(Error::refused(ProblemCode::TooLarge, [("limit_bytes", limit.to_string())]));
    }
    if announced.total == 0 || announced.name.chars().count() > NAME_LIMIT {
        return Err(Error::refused(
            ProblemCode::BadRequest,
            [("reason", "an empty parcel or too long a name".to_owned())],
        ));
    }
    let sha256 = hex::encode(announced.sha256);
    let same = |row: &rows::Delivery| {
        row.state == State::Receiving
            && (row.campaign, row.bytes_total) == (campaign.id, announced.total)
            && row.sha256 == sha256
    };
    let begun = office.office.read(|conn| rows::of_vendor(conn, vendor.id))?;
    if let Some(row) = begun.iter().find(|row| same(row)) {
        return Ok(row.id);
    }
    let id = DeliveryId::new();
    let quarantine = quarantine(office)?;
    drop(quarantine.create(id, announced.total).map_err(refused)?);
    let opened = office.office.write(|tx| -> Result<u32> {
        let round = rows::next_round(tx, campaign.id)?;
        let row = rows::Delivery {
            id,
            name: announced.name.chars().filter(|c| !c.is_control()).collect(),
            bytes_total: announced.total,
            sha256,
            ..rows::Delivery::announced(campaign.id, vendor.id, round, Timestamp::now())
        };
        rows::insert(tx, &row)?;
        Ok(row.round)
    });
    match opened {
        Ok(round) => {
            tracing::info!(delivery.id = %id, vendor.id = %vendor.id, round, "{} opened {id}.", vendor.id);
            Ok(id)
        }
        Err(error) => {
            // No row names the room that was made; if removing it fails, the sweep does.
            let _ = quarantine.remove(id);
            Err(error)
        }
    }
}

/// Says how far an upload is, making durable what waits in memory.
///
/// # Errors
///
/// `client-certificate-required`; `not-found`.
pub fn offset(
    office: &Office,
    incoming: &Arc<Incoming>,
    fingerprint: &str,
    id: DeliveryId,
) -> Result<Offset> {
    let row = own(office, fingerprint, id)?;
    let total = row.bytes_total;
    if row.state != State::Receiving {
        return Ok(Offset { offset: total, total });
    }
    let offset = match incoming.take(office, &row) {
        Ok(mut taking) => taking.sync()?,
        // Another request is writing: the disk knows what is durable.
        Err(_) => quarantine(office)?
            .offset(id)
            .map_err(|error| Error::failed("read an offset", error))?
            .unwrap_or(0),
    };
    Ok(Offset { offset, total })
}

/// Takes up an upload at `offset`. `patient`: nothing becomes durable before [`Taking::pause`].
///
/// # Errors
///
/// `client-certificate-required`; `not-found`; `wrong-state` when everything came before; `upload-offset` when the
/// upload is at another byte; `conflict` while another request writes.
pub fn take(
    office: &Office,
    incoming: &Arc<Incoming>,
    fingerprint: &str,
    id: DeliveryId,
    offset: u64,
    patient: bool,
) -> Result<Taking> {
    let row = own(office, fingerprint, id)?;
    if row.state != State::Receiving {
        return Err(super::wrong_state(&row));
    }
    let mut taking = incoming.take(office, &row)?;
    taking.receiving()?.continue_at(offset).map_err(refused)?;
    taking.patient = patient;
    Ok(taking)
}

/// Gives up an upload: everything of it is removed.
///
/// # Errors
///
/// `client-certificate-required`; `not-found`; `wrong-state` when everything came before; `conflict` while another
/// request writes.
pub fn give_up(office: &Office, incoming: &Arc<Incoming>, fingerprint: &str, id: DeliveryId) -> Result<()> {
    let row = own(office, fingerprint, id)?;
    if row.state != State::Receiving {
        return Err(super::wrong_state(&row));
    }
    let mut taking = incoming.take(office, &row)?;
    taking.forget(office)
}

impl Incoming {
    fn lock(&self) -> MutexGuard<'_, HashMap<DeliveryId, Slot>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an upload for one request, from memory or, after a restart, from disk.
    fn take(self: &Arc<Self>, office: &Office, row: &rows::Delivery) -> Result<Taking> {
        let receiving = match self.lock().insert(row.id, Slot::InUse) {
            Some(Slot::InUse) => return Err(Error::refused(ProblemCode::Conflict, [])),
            Some(Slot::Idle(receiving)) => Some(receiving),
            None => None,
        };
        let mut taking =
            Taking { incoming: Arc::clone(self), id: row.id, receiving, unsynced: 0, patient: false };
        if taking.receiving.is_none() {
            let quarantine = quarantine(office)?;
            let resumed = match quarantine.resume(row.id, row.bytes_total) {
                // A crash while it was given up took its bytes and left its row.
                Err(QuarantineError::Gone(_)) => quarantine.create(row.id, row.bytes_total),
                resumed => resumed,
            };
            taking.receiving = Some(Box::new(resumed.map_err(refused)?));
        }
        Ok(taking)
    }
}

impl Drop for Taking {
    fn drop(&mut self) {
        // What a patient request wrote and did not confirm must not become durable: it is read anew from disk.
        let given_up = self.patient && self.unsynced > 0;
        let mut open = self.incoming.lock();
        match self.receiving.take().filter(|_| !given_up) {
            Some(receiving) => drop(open.insert(self.id, Slot::Idle(receiving))),
            None => drop(open.remove(&self.id)),
        }
    }
}

impl Taking {
    fn receiving(&mut self) -> Result<&mut Receiving> {
        let gone = || Error::not_found(DeliveryId::KIND, self.id);
        self.receiving.as_deref_mut().ok_or_else(gone)
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    ///
    /// `too-large` beyond what was announced; `disk-full`.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.receiving()?.write(bytes).map_err(refused)?;
        self.unsynced += bytes.len() as u64;
        if self.unsynced >= SYNC_EVERY && !self.patient {
            self.sync()?;
        }
        Ok(())
    }

    /// Makes durable what was written. Returns the offset.
    ///
    /// # Errors
    ///
    /// `disk-full`.
    pub fn sync(&mut self) -> Result<u64> {
        self.unsynced = 0;
        self.receiving()?.sync().map_err(refused)
    }

    /// Ends a request: what it wrote is durable. With the last byte the parcel's digest is compared and the check begins.
    ///
    /// # Errors
    ///
    /// `bad-file` when the bytes are not those announced: they are removed; `disk-full`.
    pub fn pause(mut self, office: &Office) -> Result<Offset> {
        let offset = self.sync()?;
        let total = self.receiving()?.total();
        if offset < total {
            office.office.write(|tx| rows::set_bytes(tx, self.id, offset))?;
        } else {
            self.complete(office)?;
        }
        Ok(Offset { offset, total })
    }

    /// Everything is here: is it what was announced?
    fn complete(&mut self, office: &Office) -> Result<()> {
        let row = super::row(office, self.id)?;
        let announced = ledger::from_hex(&row.sha256)
            .ok_or_else(|| Error::failed("read a delivery", "its announced digest is unreadable"))?;
        if let Err(error) = self.receiving()?.finish(&announced) {
            if matches!(error, QuarantineError::Digest { .. }) {
                self.forget(office)?;
            }
            return Err(refused(error));
        }
        let actor = vendor::as_actor(row.vendor);
        office.office.write(|tx| -> Result<()> {
            rows::set_received(tx, row.id, Timestamp::now())?;
            let detail = serde_json::json!({ "sha256": row.sha256, "bytes": row.bytes_total });
            event::queue(tx, &actor, "delivery.received", row.id, "", &detail)
        })?;
        self.receiving = None;
        tracing::info!(delivery.id = %row.id, size_bytes = row.bytes_total, "Received {}.", row.id);
        enqueue(office, &actor, JobKind::CheckDelivery, row.id)?;
        Ok(())
    }

    /// Removes everything of the upload, rows last: a crash between leaves a row whose upload begins anew.
    fn forget(&mut self, office: &Office) -> Result<()> {
        self.receiving = None;
        quarantine(office)?.remove(self.id).map_err(|error| Error::failed("empty a quarantine", error))?;
        office.office.write(|tx| rows::remove_receiving(tx, self.id))?;
        tracing::info!(delivery.id = %self.id, "Gave up receiving {}.", self.id);
        Ok(())
    }
}

/// What the vendor is told of a refusal by the quarantine.
fn refused(error: QuarantineError) -> Error {
    match error {
        QuarantineError::Offset { durable, .. } => {
            Error::refused(ProblemCode::UploadOffset, [("offset", durable.to_string())])
        }
        QuarantineError::TooMany { total } => {
            Error::refused(ProblemCode::TooLarge, [("limit_bytes", total.to_string())])
        }
        QuarantineError::Digest { .. } => Error::refused(
            ProblemCode::BadFile,
            [
                ("file", "the parcel".to_owned()),
                ("reason", "its SHA-256 is not the announced one".to_owned()),
            ],
        ),
        QuarantineError::Gone(id) => Error::not_found(DeliveryId::KIND, id),
        error @ (QuarantineError::Unfinished { .. } | QuarantineError::Io { .. }) => {
            Error::failed("receive a delivery", error)
        }
    }
}
