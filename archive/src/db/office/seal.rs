//! Seals: the inventory of a version when the object was first found whole with it.

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, named_params};

use crate::db::{At, parsed};
use crate::fixity::Seal;
use crate::ocfl::ObjectId;

/// The newest seal of every object.
pub fn newest(conn: &Connection) -> rusqlite::Result<Vec<(ObjectId, Seal)>> {
    // With max() SQLite takes the other columns from the row that has it.
    conn.prepare_cached("SELECT object, max(version) AS version, inventory FROM seal GROUP BY object")?
        .query_map([], |row| {
            let seal = Seal { version: row.get("version")?, inventory: parsed(row, "inventory")? };
            Ok((parsed(row, "object")?, seal))
        })?
        .collect()
}

/// Seals a version. A seal that is there is never changed.
pub fn insert(tx: &Transaction<'_>, object: ObjectId, seal: &Seal, at: Timestamp) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO seal (object, version, inventory, at) VALUES (:object, :version, :inventory, :at)
         ON CONFLICT DO NOTHING",
    )?
    .execute(named_params! {
        ":object": object.to_string(), ":version": seal.version, ":inventory": seal.inventory.as_str(),
        ":at": At(at),
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use bag::{Algorithm, Checksum};

    use super::*;
    use crate::db::office::tests::office;

    #[test]
    fn the_newest_version_counts_and_the_first_word_on_it() {
        let mut conn = office();
        let object = ObjectId::new();
        let seal = |version, text: &[u8]| Seal { version, inventory: Checksum::of(Algorithm::Sha512, text) };
        let tx = conn.transaction().unwrap();
        for seal in [seal(2, b"two"), seal(1, b"one"), seal(2, b"forged")] {
            insert(&tx, object, &seal, Timestamp::UNIX_EPOCH).unwrap();
        }
        tx.commit().unwrap();
        assert_eq!(newest(&conn).unwrap(), [(object, seal(2, b"two"))]);
    }
}
