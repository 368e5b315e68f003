//! Deletion cases and the journal of their envelopes.

use ids::{CaseId, DeliveryId, UserId, VendorId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::db::At;

crate::db::words! {
    /// Which side sent an envelope.
    Side {
        /// The school.
        School = "school",
        /// The vendor.
        Vendor = "vendor",
    }
}

/// One deletion case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// The delivery whose copies the vendor must delete.
    pub delivery: DeliveryId,
    /// The vendor.
    pub vendor: VendorId,
    /// The handshake's state.
    pub state: String,
    /// When it was opened.
    pub opened: Timestamp,
    /// Who opened it.
    pub opened_by: UserId,
    /// What the school's side must remember between messages: JSON.
    pub session: String,
    /// The certificate, once there is one: JSON.
    pub certificate: Option<String>,
}

/// One message of a case's handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Its number in the session.
    pub seq: u64,
    /// `M1` … `M13`.
    pub message: String,
    /// Who sent it.
    pub sender: Side,
    /// When.
    pub at: Timestamp,
    /// The state after it.
    pub state: String,
    /// SHA-256 of the envelope's bytes, hex.
    pub digest: String,
    /// The DSSE envelope, byte for byte.
    pub envelope: String,
}

impl Case {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            delivery: row.get("delivery")?,
            vendor: row.get("vendor")?,
            state: row.get("state")?,
            opened: row.get::<_, At>("opened")?.0,
            opened_by: row.get("opened_by")?,
            session: row.get("session")?,
            certificate: row.get("certificate")?,
        })
    }
}

impl Envelope {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get("seq")?,
            message: row.get("message")?,
            sender: row.get("sender")?,
            at: row.get::<_, At>("at")?.0,
            state: row.get("state")?,
            digest: row.get("digest")?,
            envelope: row.get("envelope")?,
        })
    }
}

/// The case `id`, if there is one.
pub fn get(conn: &Connection, id: CaseId) -> rusqlite::Result<Option<Case>> {
    conn.prepare_cached("SELECT * FROM deletion WHERE id = :id")?
        .query_row(named_params! {":id": id}, Case::from_row)
        .optional()
}

/// The case of a delivery, if one was opened.
pub fn of_delivery(conn: &Connection, delivery: DeliveryId) -> rusqlite::Result<Option<Case>> {
    conn.prepare_cached("SELECT * FROM deletion WHERE delivery = :delivery")?
        .query_row(named_params! {":delivery": delivery}, Case::from_row)
        .optional()
}

/// Every case, newest first; of one vendor if one is given.
pub fn list(conn: &Connection, vendor: Option<VendorId>) -> rusqlite::Result<Vec<Case>> {
    conn.prepare_cached(
        "SELECT * FROM deletion WHERE :vendor IS NULL OR vendor = :vendor ORDER BY opened DESC, id",
    )?
    .query_map(named_params! {":vendor": vendor}, Case::from_row)?
    .collect()
}

/// Opens a case. A delivery has one; a second one is refused by the table.
pub fn insert(tx: &Transaction<'_>, case: &Case) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO deletion (id, delivery, vendor, state, opened, opened_by, session, certificate)
         VALUES (:id, :delivery, :vendor, :state, :opened, :opened_by, :session, :certificate)",
        named_params! {
            ":id": case.id, ":delivery": case.delivery, ":vendor": case.vendor, ":state": case.state,
            ":opened": At(case.opened), ":opened_by": case.opened_by, ":session": case.session,
            ":certificate": case.certificate,
        },
    )?;
    Ok(())
}

/// Keeps a case's state and what its session must remember (JSON).
pub fn set_session(tx: &Transaction<'_>, id: CaseId, state: &str, session: &str) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE deletion SET state = :state, session = :session WHERE id = :id",
        named_params! {":id": id, ":state": state, ":session": session},
    )?;
    Ok(())
}

/// Keeps the certificate (JSON).
pub fn set_certificate(tx: &Transaction<'_>, id: CaseId, certificate: &str) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE deletion SET certificate = :certificate WHERE id = :id",
        named_params! {":id": id, ":certificate": certificate},
    )?;
    Ok(())
}

/// The envelopes of a case after number `after` (all if `None`), oldest first.
pub fn envelopes(conn: &Connection, id: CaseId, after: Option<u64>) -> rusqlite::Result<Vec<Envelope>> {
    conn.prepare_cached(
        "SELECT * FROM envelope WHERE deletion = :id AND (:after IS NULL OR seq > :after) ORDER BY seq",
    )?
    .query_map(named_params! {":id": id, ":after": after}, Envelope::from_row)?
    .collect()
}

/// Adds an envelope to the journal. The same number twice is refused by the table.
pub fn insert_envelope(tx: &Transaction<'_>, id: CaseId, envelope: &Envelope) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO envelope (deletion, seq, message, sender, at, state, digest, envelope)
         VALUES (:id, :seq, :message, :sender, :at, :state, :digest, :envelope)",
        named_params! {
            ":id": id, ":seq": envelope.seq, ":message": envelope.message, ":sender": envelope.sender,
            ":at": At(envelope.at), ":state": envelope.state, ":digest": envelope.digest,
            ":envelope": envelope.envelope,
        },
    )?;
    Ok(())
}
