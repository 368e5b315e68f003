//! Versions of archived objects.

use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction, named_params};

use crate::{db::At, ocfl::ObjectId};

/// One version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its number, from 1.
    pub number: u32,
    /// When it was made.
    pub created: Timestamp,
    /// The account's name.
    pub by: String,
    /// The account, `urn:uuid:…`.
    pub by_address: Option<String>,
    /// What changed and why.
    pub message: String,
}

impl Version {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            number: row.get("number")?,
            created: row.get::<_, At>("created")?.0,
            by: row.get("by")?,
            by_address: row.get("by_address")?,
            message: row.get("message")?,
        })
    }
}

/// The versions of an object, newest first.
pub fn of(conn: &Connection, object: ObjectId) -> rusqlite::Result<Vec<Version>> {
    conn.prepare_cached("SELECT * FROM version WHERE object = :object ORDER BY number DESC")?
        .query_map(named_params! {":object": object.to_string()}, Version::from_row)?
        .collect()
}

/// Notes a version. Returns whether it was new.
pub fn insert(tx: &Transaction<'_>, object: ObjectId, version: &Version) -> rusqlite::Result<bool> {
    let inserted = tx
        .prepare_cached(
            "INSERT INTO version (object, number, created, by, by_address, message)
             VALUES (:object, :number, :created, :by, :by_address, :message)
             ON CONFLICT DO NOTHING",
        )?
        .execute(named_params! {
            ":object": object.to_string(), ":number": version.number, ":created": At(version.created),
            ":by": version.by, ":by_address": version.by_address, ":message": version.message,
        })?;
    Ok(inserted == 1)
}
