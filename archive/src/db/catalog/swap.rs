//! Putting a rebuilt catalog in the place of the one in use, in one transaction, while others read.

use std::path::Path;

use ids::PersonId;
use rusqlite::{Connection, OpenFlags, Transaction, params_from_iter, types::Value};

use super::to_index;

/// The tables that follow from the OCFL root, each after the ones it refers to.
const DERIVED: [(&str, &str); 9] = [
    ("object", "*"),
    ("version", "*"),
    ("person", "*"),
    ("membership", "*"),
    ("photo", "*"),
    ("diploma", "*"),
    ("scan", "*"),
    // Queues get fresh numbers: whoever works off the old ones must not cross out the new ones.
    ("to_index", "person"),
    ("to_note", "object, number"),
];

/// Replaces every derived row by those of the catalog in `file`. Readers see all of it or nothing. The index is to be told of
/// whoever is not there any more.
pub fn replace_all(tx: &Transaction<'_>, file: &Path) -> rusqlite::Result<()> {
    let rebuilt = Connection::open_with_flags(
        file,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    let gone = gone(tx, &rebuilt)?;
    for (table, _) in DERIVED.iter().rev() {
        tx.execute(&format!("DELETE FROM {table}"), [])?;
    }
    for (table, columns) in DERIVED {
        copy(&rebuilt, tx, table, columns)?;
    }
    gone.into_iter().try_for_each(|person| to_index::insert(tx, person))
}

/// Everybody who is known now, or was not long ago, and not to the rebuilt catalog.
fn gone(tx: &Transaction<'_>, rebuilt: &Connection) -> rusqlite::Result<Vec<PersonId>> {
    let mut known = tx.prepare("SELECT id FROM person UNION SELECT person FROM to_index")?;
    let mut stays = rebuilt.prepare("SELECT 1 FROM person WHERE id = ?1")?;
    let mut gone = Vec::new();
    for person in known.query_map([], |row| row.get::<_, PersonId>(0))? {
        let person = person?;
        if !stays.exists([person])? {
            gone.push(person);
        }
    }
    Ok(gone)
}

fn copy(from: &Connection, to: &Transaction<'_>, table: &str, columns: &str) -> rusqlite::Result<()> {
    let mut select = from.prepare(&format!("SELECT {columns} FROM {table}"))?;
    let columns = select.column_count();
    let names = select.column_names().join(", ");
    let marks = vec!["?"; columns].join(", ");
    let mut insert = to.prepare(&format!("INSERT INTO {table} ({names}) VALUES ({marks})"))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let values = (0..columns).map(|at| row.get::<_, Value>(at)).collect::<rusqlite::Result<Vec<_>>>()?;
        insert.execute(params_from_iter(values))?;
    }
    Ok(())
}
