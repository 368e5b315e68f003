//! Versions of which the ledger has not been told: filled with the version rows, in the same transaction.

use rusqlite::{Connection, Transaction, named_params};

use super::{object::ObjectKind, version::Version};
use crate::{db::At, ocfl::ObjectId};

/// A version that waits for its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its place in the queue.
    pub id: i64,
    /// The object.
    pub object: ObjectId,
    /// What the object is about.
    pub kind: ObjectKind,
    /// The version.
    pub version: Version,
}

/// The next versions to note, oldest first.
pub fn next(conn: &Connection, limit: u32) -> rusqlite::Result<Vec<Waiting>> {
    conn.prepare_cached(
        "SELECT to_note.id AS id, object.id AS object, object.kind AS kind, version.number AS number,
                version.created AS created, version.by AS by, version.by_address AS by_address,
                version.message AS message
         FROM to_note
         JOIN object ON object.id = to_note.object
         JOIN version ON version.object = to_note.object AND version.number = to_note.number
         ORDER BY to_note.id LIMIT :limit",
    )?
    .query_map(named_params! {":limit": limit}, |row| {
        let object: String = row.get("object")?;
        let version = Version {
            number: row.get("number")?,
            created: row.get::<_, At>("created")?.0,
            by: row.get("by")?,
            by_address: row.get("by_address")?,
            message: row.get("message")?,
        };
        let object = object.parse().map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, Box::new(error))
        })?;
        Ok(Waiting { id: row.get("id")?, object, kind: row.get("kind")?, version })
    })?
    .collect()
}

/// Promises to tell the ledger of a version.
pub fn insert(tx: &Transaction<'_>, object: ObjectId, number: u32) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT INTO to_note (object, number) VALUES (:object, :number)")?
        .execute(named_params! {":object": object.to_string(), ":number": number})?;
    Ok(())
}

/// Forgets the promises up to a number: they are kept.
pub fn done(tx: &Transaction<'_>, up_to: i64) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM to_note WHERE id <= :up_to", named_params! {":up_to": up_to})?;
    Ok(())
}
