//! Deliveries, from the first byte to the receipt.

use ids::{CampaignId, DeliveryId, JobId, UserId, VendorId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::db::At;

crate::db::words! {
    /// How far a delivery is.
    DeliveryState {
        /// Bytes are coming in.
        Receiving = "receiving",
        /// All bytes are here; the check has not begun.
        Received = "received",
        /// Being checked.
        Checking = "checking",
        /// Checked and reconciled; a person may decide.
        Checked = "checked",
        /// One person has proposed; another must confirm.
        Proposed = "proposed",
        /// Confirmed; being taken into the archive.
        Accepting = "accepting",
        /// In the archive; the vendor has its receipt.
        Accepted = "accepted",
        /// Sent back.
        Rejected = "rejected",
    }

    /// What is to be done with a delivery.
    Decision {
        /// Take all of it.
        Accept = "accept",
        /// Take the good ones.
        AcceptPart = "accept_part",
        /// Send all of it back.
        Reject = "reject",
    }
}

/// One delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The campaign it is for.
    pub campaign: CampaignId,
    /// Who delivered it.
    pub vendor: VendorId,
    /// Which delivery of this campaign it is, from 1.
    pub round: u32,
    /// How far it is.
    pub state: DeliveryState,
    /// The vendor's own word for it.
    pub name: String,
    /// When the first byte came.
    pub opened: Timestamp,
    /// When the last byte came.
    pub received: Option<Timestamp>,
    /// Bytes durably here.
    pub bytes: u64,
    /// Bytes announced.
    pub bytes_total: u64,
    /// The announced SHA-256 of the tar, hex.
    pub sha256: String,
    /// SHA-256 of the bag's tagmanifest, hex, once unpacked.
    pub bag: Option<String>,
    /// The job that works on it, or did last.
    pub job: Option<JobId>,
    /// What the check found: JSON of the API's check report.
    pub report: Option<String>,
    /// Who proposed what.
    pub proposal: Option<Proposal>,
    /// Who confirmed it.
    pub confirmation: Option<Signed>,
    /// Why it was rejected.
    pub reject_reason: Option<String>,
    /// The files for which the check sent a broken parcel back: JSON, an array of paths.
    pub reject_files: Option<String>,
    /// The receipt: JSON of the API's receipt.
    pub receipt: Option<String>,
}

impl Delivery {
    /// One whose first byte has not come yet.
    #[must_use]
    pub fn announced(campaign: CampaignId, vendor: VendorId, round: u32, opened: Timestamp) -> Self {
        Self {
            id: DeliveryId::new(),
            campaign,
            vendor,
            round,
            state: DeliveryState::Receiving,
            name: String::new(),
            opened,
            received: None,
            bytes: 0,
            bytes_total: 0,
            sha256: String::new(),
            bag: None,
            job: None,
            report: None,
            proposal: None,
            confirmation: None,
            reject_reason: None,
            reject_files: None,
            receipt: None,
        }
    }
}

/// What somebody proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// Who and when.
    pub signed: Signed,
}

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Who.
    pub by: UserId,
    /// The account's name.
    pub by_name: String,
    /// When.
    pub at: Timestamp,
}

impl Delivery {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let proposal = match (
            row.get("proposed_decision")?,
            signed(row, "proposed_by", "proposed_by_name", "proposed_at")?,
        ) {
            (Some(decision), Some(signed)) => {
                let reason = row.get::<_, Option<String>>("proposed_reason")?.unwrap_or_default();
                Some(Proposal { decision, reason, signed })
            }
            _ => None,
        };
        Ok(Self {
            id: row.get("id")?,
            campaign: row.get("campaign")?,
            vendor: row.get("vendor")?,
            round: row.get("round")?,
            state: row.get("state")?,
            name: row.get("name")?,
            opened: row.get::<_, At>("opened")?.0,
            received: row.get::<_, Option<At>>("received")?.map(|at| at.0),
            bytes: row.get("bytes")?,
            bytes_total: row.get("bytes_total")?,
            sha256: row.get("sha256")?,
            bag: row.get("bag")?,
            job: row.get("job")?,
            report: row.get("report")?,
            proposal,
            confirmation: signed(row, "confirmed_by", "confirmed_by_name", "confirmed_at")?,
            reject_reason: row.get("reject_reason")?,
            reject_files: row.get("reject_files")?,
            receipt: row.get("receipt")?,
        })
    }
}

fn signed(row: &Row<'_>, by: &str, by_name: &str, at: &str) -> rusqlite::Result<Option<Signed>> {
    let parts = (row.get(by)?, row.get::<_, Option<String>>(by_name)?, row.get::<_, Option<At>>(at)?);
    Ok(match parts {
        (Some(by), Some(by_name), Some(At(at))) => Some(Signed { by, by_name, at }),
        _ => None,
    })
}

/// The delivery `id`, if there is one.
pub fn get(conn: &Connection, id: DeliveryId) -> rusqlite::Result<Option<Delivery>> {
    conn.prepare_cached("SELECT * FROM delivery WHERE id = :id")?
        .query_row(named_params! {":id": id}, Delivery::from_row)
        .optional()
}

/// What people call a delivery: its campaign's name, and which delivery of it it is.
pub fn called(conn: &Connection, id: DeliveryId) -> rusqlite::Result<Option<(String, u32)>> {
    conn.prepare_cached(
        "SELECT campaign.name, delivery.round FROM delivery JOIN campaign ON campaign.id = delivery.campaign
         WHERE delivery.id = :id",
    )?
    .query_row(named_params! {":id": id}, |row| Ok((row.get(0)?, row.get(1)?)))
    .optional()
}

/// Every delivery, newest first; of one campaign if one is given.
pub fn list(conn: &Connection, campaign: Option<CampaignId>) -> rusqlite::Result<Vec<Delivery>> {
    conn.prepare_cached(
        "SELECT * FROM delivery WHERE :campaign IS NULL OR campaign = :campaign ORDER BY opened DESC, id",
    )?
    .query_map(named_params! {":campaign": campaign}, Delivery::from_row)?
    .collect()
}

/// The deliveries of a vendor, newest first.
pub fn of_vendor(conn: &Connection, vendor: VendorId) -> rusqlite::Result<Vec<Delivery>> {
    conn.prepare_cached("SELECT * FROM delivery WHERE vendor = :vendor ORDER BY opened DESC, id")?
        .query_map(named_params! {":vendor": vendor}, Delivery::from_row)?
        .collect()
}

/// The deliveries in a state, oldest first.
pub fn in_state(conn: &Connection, state: DeliveryState) -> rusqlite::Result<Vec<Delivery>> {
    conn.prepare_cached("SELECT * FROM delivery WHERE state = :state ORDER BY opened, id")?
        .query_map(named_params! {":state": state}, Delivery::from_row)?
        .collect()
}

/// The number the campaign's next delivery will have.
pub fn next_round(conn: &Connection, campaign: CampaignId) -> rusqlite::Result<u32> {
    conn.prepare_cached("SELECT coalesce(max(round), 0) + 1 FROM delivery WHERE campaign = :campaign")?
        .query_row(named_params! {":campaign": campaign}, |row| row.get(0))
}

/// Opens a delivery: what is known before its first byte.
pub fn insert(tx: &Transaction<'_>, delivery: &Delivery) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO delivery (id, campaign, vendor, round, state, name, opened, received, bytes, bytes_total, sha256)
         VALUES (:id, :campaign, :vendor, :round, :state, :name, :opened, :received, :bytes, :bytes_total, :sha256)",
        named_params! {
            ":id": delivery.id, ":campaign": delivery.campaign, ":vendor": delivery.vendor,
            ":round": delivery.round, ":state": delivery.state, ":name": delivery.name,
            ":opened": At(delivery.opened), ":received": delivery.received.map(At), ":bytes": delivery.bytes,
            ":bytes_total": delivery.bytes_total, ":sha256": delivery.sha256,
        },
    )?;
    Ok(())
}

/// Removes a delivery whose bytes never all came. Returns whether there was one.
pub fn remove_receiving(tx: &Transaction<'_>, id: DeliveryId) -> rusqlite::Result<bool> {
    let removed =
        tx.execute("DELETE FROM delivery WHERE id = :id AND state = 'receiving'", named_params! {":id": id})?;
    Ok(removed == 1)
}

/// Notes how many bytes are durably here.
pub fn set_bytes(tx: &Transaction<'_>, id: DeliveryId, bytes: u64) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE delivery SET bytes = :bytes WHERE id = :id")?
        .execute(named_params! {":id": id, ":bytes": bytes})?;
    Ok(())
}

/// Notes that all bytes are here.
pub fn set_received(tx: &Transaction<'_>, id: DeliveryId, at: Timestamp) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE delivery SET state = 'received', received = :at, bytes = bytes_total
         WHERE id = :id AND state = 'receiving'",
        named_params! {":id": id, ":at": At(at)},
    )?;
    Ok(())
}

/// Moves a delivery from one of some states to another. Returns whether it was in one of them.
pub fn move_state(
    tx: &Transaction<'_>,
    id: DeliveryId,
    from: &[DeliveryState],
    to: DeliveryState,
) -> rusqlite::Result<bool> {
    let state: Option<DeliveryState> = tx
        .prepare_cached("SELECT state FROM delivery WHERE id = :id")?
        .query_row(named_params! {":id": id}, |row| row.get(0))
        .optional()?;
    if !state.is_some_and(|state| from.contains(&state)) {
        return Ok(false);
    }
    tx.prepare_cached("UPDATE delivery SET state = :to WHERE id = :id")?
        .execute(named_params! {":id": id, ":to": to})?;
    Ok(true)
}

/// Notes which job works on it.
pub fn set_job(tx: &Transaction<'_>, id: DeliveryId, job: JobId) -> rusqlite::Result<()> {
    tx.execute("UPDATE delivery SET job = :job WHERE id = :id", named_params! {":id": id, ":job": job})?;
    Ok(())
}

/// Notes the digest of the bag's tagmanifest.
pub fn set_bag(tx: &Transaction<'_>, id: DeliveryId, bag: &str) -> rusqlite::Result<()> {
    tx.execute("UPDATE delivery SET bag = :bag WHERE id = :id", named_params! {":id": id, ":bag": bag})?;
    Ok(())
}

/// Keeps what the check found (JSON) and makes the delivery `checked`.
pub fn set_report(tx: &Transaction<'_>, id: DeliveryId, report: &str) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE delivery SET report = :report, state = 'checked' WHERE id = :id",
        named_params! {":id": id, ":report": report},
    )?;
    Ok(())
}

/// Notes a proposal and makes the delivery `proposed`.
pub fn propose(tx: &Transaction<'_>, id: DeliveryId, proposal: &Proposal) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE delivery
         SET state = 'proposed', proposed_decision = :decision, proposed_reason = :reason, proposed_by = :by,
             proposed_by_name = :by_name, proposed_at = :at
         WHERE id = :id",
        named_params! {
            ":id": id, ":decision": proposal.decision, ":reason": proposal.reason, ":by": proposal.signed.by,
            ":by_name": proposal.signed.by_name, ":at": At(proposal.signed.at),
        },
    )?;
    Ok(())
}

/// Forgets a proposal that was not confirmed; the delivery is `checked` again.
pub fn withdraw(tx: &Transaction<'_>, id: DeliveryId) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE delivery
         SET state = 'checked', proposed_decision = NULL, proposed_reason = NULL, proposed_by = NULL,
             proposed_by_name = NULL, proposed_at = NULL
         WHERE id = :id",
        named_params! {":id": id},
    )?;
    Ok(())
}

/// Notes who confirmed, and the state that follows: `accepting` or `rejected`.
///
/// The table refuses a confirmation by the person who proposed.
pub fn confirm(
    tx: &Transaction<'_>,
    id: DeliveryId,
    by: &Signed,
    to: DeliveryState,
    reject_reason: Option<&str>,
) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE delivery
         SET state = :to, confirmed_by = :by, confirmed_by_name = :by_name, confirmed_at = :at,
             reject_reason = :reject_reason
         WHERE id = :id",
        named_params! {
            ":id": id, ":to": to, ":by": by.by, ":by_name": by.by_name, ":at": At(by.at),
            ":reject_reason": reject_reason,
        },
    )?;
    Ok(())
}

/// Makes a delivery that is being checked `rejected` because its parcel is broken; `codes` says how.
pub fn set_rejected(tx: &Transaction<'_>, id: DeliveryId, codes: &str, files: &str) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE delivery SET state = 'rejected', reject_reason = :codes, reject_files = :files
         WHERE id = :id AND state = 'checking'",
        named_params! {":id": id, ":codes": codes, ":files": files},
    )?;
    Ok(())
}

/// Makes the delivery `accepted`.
pub fn set_accepted(tx: &Transaction<'_>, id: DeliveryId) -> rusqlite::Result<()> {
    tx.execute("UPDATE delivery SET state = 'accepted' WHERE id = :id", named_params! {":id": id})?;
    Ok(())
}

/// Keeps the receipt (JSON).
pub fn set_receipt(tx: &Transaction<'_>, id: DeliveryId, receipt: &str) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE delivery SET receipt = :receipt WHERE id = :id",
        named_params! {":id": id, ":receipt": receipt},
    )?;
    Ok(())
}
