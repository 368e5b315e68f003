//! Checks of the archive's bytes: each one's figures, and what the last one found of each object.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::{db::At, ocfl::ObjectId};

/// The figures of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixityCheck {
    /// When it ended.
    pub at: Timestamp,
    /// Files read and equal to their digest.
    pub intact: u64,
    /// Files that differ from their digest, or are missing.
    pub damaged: u64,
    /// Files that could not be read.
    pub unreadable: u64,
    /// Damaged and unreadable files that were whole again when the check ended.
    pub repaired: u64,
    /// Bytes read.
    pub bytes: u64,
    /// How long it took, ms.
    pub ms: u64,
}

impl FixityCheck {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            at: row.get::<_, At>("at")?.0,
            intact: row.get("intact")?,
            damaged: row.get("damaged")?,
            unreadable: row.get("unreadable")?,
            repaired: row.get("repaired")?,
            bytes: row.get("bytes")?,
            ms: row.get("ms")?,
        })
    }
}

/// The last `limit` checks, newest first.
pub fn latest(conn: &Connection, limit: u32) -> rusqlite::Result<Vec<FixityCheck>> {
    conn.prepare_cached("SELECT * FROM fixity_check ORDER BY number DESC LIMIT :limit")?
        .query_map(named_params! {":limit": limit}, FixityCheck::from_row)?
        .collect()
}

/// Keeps the figures of a check that ended.
pub fn insert(tx: &Transaction<'_>, check: &FixityCheck) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO fixity_check (at, intact, damaged, unreadable, repaired, bytes, ms)
         VALUES (:at, :intact, :damaged, :unreadable, :repaired, :bytes, :ms)",
        named_params! {
            ":at": At(check.at), ":intact": check.intact, ":damaged": check.damaged,
            ":unreadable": check.unreadable, ":repaired": check.repaired, ":bytes": check.bytes, ":ms": check.ms,
        },
    )?;
    Ok(())
}

/// When an object was last read whole, and whether all of it was intact then.
pub fn of_object(conn: &Connection, object: ObjectId) -> rusqlite::Result<Option<(Timestamp, bool)>> {
    conn.prepare_cached("SELECT checked, intact FROM fixity_object WHERE object = :object")?
        .query_row(named_params! {":object": object.to_string()}, |row| {
            Ok((row.get::<_, At>("checked")?.0, row.get("intact")?))
        })
        .optional()
}

/// When every object was last read, and whether it was whole.
pub fn objects(conn: &Connection) -> rusqlite::Result<Vec<(ObjectId, Timestamp, bool)>> {
    conn.prepare_cached("SELECT object, checked, intact FROM fixity_object")?
        .query_map([], |row| {
            Ok((crate::db::parsed(row, "object")?, row.get::<_, At>("checked")?.0, row.get("intact")?))
        })?
        .collect()
}

/// Notes what a check found of an object.
pub fn set_object(
    tx: &Transaction<'_>,
    object: ObjectId,
    checked: Timestamp,
    intact: bool,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO fixity_object (object, checked, intact) VALUES (:object, :checked, :intact)
         ON CONFLICT (object) DO UPDATE SET checked = :checked, intact = :intact",
    )?
    .execute(named_params! {":object": object.to_string(), ":checked": At(checked), ":intact": intact})?;
    Ok(())
}
