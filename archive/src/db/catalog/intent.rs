//! Objects about to be written. What a crash leaves here is read again from the OCFL root.

use rusqlite::{Connection, Transaction, named_params};

use crate::ocfl::ObjectId;

/// The writings that were begun and not yet noted: their numbers and objects, oldest first.
pub fn all(conn: &Connection) -> rusqlite::Result<Vec<(i64, String)>> {
    conn.prepare_cached("SELECT id, object FROM intent ORDER BY id")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Says that an object is about to be written. Returns the number of this writing.
pub fn insert(tx: &Transaction<'_>, object: ObjectId) -> rusqlite::Result<i64> {
    tx.prepare_cached("INSERT INTO intent (object) VALUES (:object)")?
        .execute(named_params! {":object": object.to_string()})?;
    Ok(tx.last_insert_rowid())
}

/// Forgets that: the object's rows are here, or it was never written.
pub fn remove(tx: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM intent WHERE id = :id")?.execute(named_params! {":id": id})?;
    Ok(())
}
