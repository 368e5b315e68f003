//! Settings of the appliance that are neither configuration nor secret: the school's name, the format's version.

use rusqlite::{Connection, OptionalExtension as _, Transaction, named_params};

/// Returns the value of a setting.
///
/// # Errors
///
/// When the store can't be read.
pub fn get(conn: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    conn.prepare_cached("SELECT value FROM setting WHERE name = :name")?
        .query_row(named_params! {":name": name}, |row| row.get(0))
        .optional()
}

/// Sets a setting.
///
/// # Errors
///
/// When the store can't be written.
pub fn set(tx: &Transaction<'_>, name: &str, value: &str) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO setting (name, value) VALUES (:name, :value)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        named_params! {":name": name, ":value": value},
    )?;
    Ok(())
}
