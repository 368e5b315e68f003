//! Settlements: whose face is on a doubtful photo, as a person has decided.

use ids::{DeliveryId, UserId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::db::At;

crate::db::words! {
    /// What a person says of the face on a delivered photo and the one on the admission photo.
    Same {
        /// One person.
        Yes = "same",
        /// Two people.
        No = "different",
    }
}

/// What was settled about one photo of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The token under which the photo came.
    pub token: String,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// What was decided.
    pub decision: Same,
    /// A remark.
    pub note: String,
    /// Who.
    pub by: UserId,
    /// The account's name.
    pub by_name: String,
    /// When.
    pub at: Timestamp,
}

impl Settlement {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            token: row.get("token")?,
            sha256: row.get("sha256")?,
            decision: row.get("decision")?,
            note: row.get("note")?,
            by: row.get("by")?,
            by_name: row.get("by_name")?,
            at: row.get::<_, At>("at")?.0,
        })
    }
}

/// Everything settled about a delivery.
pub fn of(conn: &Connection, delivery: DeliveryId) -> rusqlite::Result<Vec<Settlement>> {
    conn.prepare_cached("SELECT * FROM settlement WHERE delivery = :delivery ORDER BY token, sha256")?
        .query_map(named_params! {":delivery": delivery}, Settlement::from_row)?
        .collect()
}

/// What was settled about one photo.
pub fn get(
    conn: &Connection,
    delivery: DeliveryId,
    token: &str,
    sha256: &str,
) -> rusqlite::Result<Option<Settlement>> {
    conn.prepare_cached(
        "SELECT * FROM settlement WHERE delivery = :delivery AND token = :token AND sha256 = :sha256",
    )?
    .query_row(
        named_params! {":delivery": delivery, ":token": token, ":sha256": sha256},
        Settlement::from_row,
    )
    .optional()
}

/// Keeps what was settled; a later word about the same photo takes the place of an earlier one.
pub fn set(tx: &Transaction<'_>, delivery: DeliveryId, settled: &Settlement) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO settlement (delivery, token, sha256, decision, note, by, by_name, at)
         VALUES (:delivery, :token, :sha256, :decision, :note, :by, :by_name, :at)
         ON CONFLICT (delivery, token, sha256) DO UPDATE
         SET decision = excluded.decision, note = excluded.note, by = excluded.by, by_name = excluded.by_name,
             at = excluded.at",
        named_params! {
            ":delivery": delivery, ":token": settled.token, ":sha256": settled.sha256,
            ":decision": settled.decision, ":note": settled.note, ":by": settled.by,
            ":by_name": settled.by_name, ":at": At(settled.at),
        },
    )?;
    Ok(())
}

/// Takes back what was settled about one photo. Returns whether anything was.
pub fn take_back(
    tx: &Transaction<'_>,
    delivery: DeliveryId,
    token: &str,
    sha256: &str,
) -> rusqlite::Result<bool> {
    let gone = tx.execute(
        "DELETE FROM settlement WHERE delivery = :delivery AND token = :token AND sha256 = :sha256",
        named_params! {":delivery": delivery, ":token": token, ":sha256": sha256},
    )?;
    Ok(gone > 0)
}
