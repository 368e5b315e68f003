//! Putting a rebuilt catalog in the place of the one in use, in one transaction, while others read.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Transaction, params_from_iter, types::Value};

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

/// Replaces every derived row by those of the catalog in `file`. Readers see all of it or nothing.
pub fn replace_all(tx: &Transaction<'_>, file: &Path) -> rusqlite::Result<()> {
    let rebuilt = Connection::open_with_flags(
        file,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    for (table, _) in DERIVED.iter().rev() {
        tx.execute(&format!("DELETE FROM {table}"), [])?;
    }
    for (table, columns) in DERIVED {
        copy(&rebuilt, tx, table, columns)?;
    }
    Ok(())
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
