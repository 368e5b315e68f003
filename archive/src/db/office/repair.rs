//! Repairs: what was wrong, where the good copy came from, where the damaged one is kept.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::db::{At, Json, parsed};
use crate::fixity::mend::Repair;

/// A repair with the place it was done at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// `archive`, or the id of a replica.
    pub place: String,
    /// The repair.
    pub repair: Repair,
}

impl Noted {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            place: row.get("place")?,
            repair: Repair {
                name: row.get("name")?,
                at: row.get::<_, At>("at")?.0,
                object: parsed(row, "object")?,
                version: row.get("version")?,
                inventory: parsed(row, "inventory")?,
                from: row.get("copy")?,
                wrong: row.get::<_, Json<_>>("wrong")?.0,
            },
        })
    }
}

/// The last repairs, newest first.
pub fn latest(conn: &Connection, limit: u32) -> rusqlite::Result<Vec<Noted>> {
    conn.prepare_cached("SELECT * FROM repair ORDER BY number DESC LIMIT :limit")?
        .query_map(named_params! {":limit": limit}, Noted::from_row)?
        .collect()
}

/// How many repairs there were.
pub fn count(conn: &Connection) -> rusqlite::Result<u64> {
    conn.query_row("SELECT count(*) FROM repair", [], |row| row.get(0))
}

/// Whether a repair is written down.
pub fn is_known(conn: &Connection, name: &str) -> rusqlite::Result<bool> {
    conn.prepare_cached("SELECT 1 FROM repair WHERE name = :name")?
        .query_row(named_params! {":name": name}, |_| Ok(()))
        .optional()
        .map(|found| found.is_some())
}

/// Writes a repair down. Returns whether it was new.
pub fn insert(tx: &Transaction<'_>, place: &str, repair: &Repair) -> rusqlite::Result<bool> {
    let rows = tx.execute(
        "INSERT INTO repair (name, at, place, object, version, inventory, copy, wrong)
         VALUES (:name, :at, :place, :object, :version, :inventory, :copy, :wrong)
         ON CONFLICT (name) DO NOTHING",
        named_params! {
            ":name": repair.name, ":at": At(repair.at), ":place": place, ":object": repair.object.to_string(),
            ":version": repair.version, ":inventory": repair.inventory.as_str(), ":copy": repair.from,
            ":wrong": Json(&repair.wrong),
        },
    )?;
    Ok(rows == 1)
}

#[cfg(test)]
mod tests {
    use bag::{Algorithm, Checksum};
    use jiff::Timestamp;

    use super::*;
    use crate::db::office::tests::office;
    use crate::ocfl::ObjectId;

    #[test]
    fn a_repair_is_written_down_once() {
        let mut conn = office();
        let repair = Repair {
            name: "1-a".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            object: ObjectId::new(),
            version: 3,
            inventory: Checksum::of(Algorithm::Sha512, b"inventory"),
            from: "disk".to_owned(),
            wrong: vec![("E092".to_owned(), "v1/content/a".to_owned())],
        };
        let tx = conn.transaction().unwrap();
        assert!(insert(&tx, "archive", &repair).unwrap() && !insert(&tx, "archive", &repair).unwrap());
        tx.commit().unwrap();
        assert_eq!(
            latest(&conn, 9).unwrap(),
            [Noted { place: "archive".to_owned(), repair: repair.clone() }]
        );
        assert!(is_known(&conn, "1-a").unwrap() && !is_known(&conn, "2-a").unwrap());
        assert_eq!(count(&conn).unwrap(), 1);
    }
}
