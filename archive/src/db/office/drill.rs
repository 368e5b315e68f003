//! Restore drills: each one's figures and report, and the objects that came back whole.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::db::{At, parsed};
use crate::fixity::drill::{DrillReport, Restored};
use crate::ocfl::ObjectId;

/// The figures of one drill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drill {
    /// Its number.
    pub number: i64,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Objects that came back whole.
    pub objects: u64,
    /// Files of these.
    pub files: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Things that did not come back as they were kept.
    pub differing: u64,
    /// Whether the copy lay on another device than the archive.
    pub other_device: bool,
    /// SHA-256 of the report, hex.
    pub sha256: String,
}

impl Drill {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            number: row.get("number")?,
            began: row.get::<_, At>("began")?.0,
            ended: row.get::<_, At>("ended")?.0,
            objects: row.get("objects")?,
            files: row.get("files")?,
            bytes: row.get("bytes")?,
            differing: row.get("differing")?,
            other_device: row.get("other_device")?,
            sha256: row.get("sha256")?,
        })
    }
}

/// The last drill, if there was one.
pub fn latest(conn: &Connection) -> rusqlite::Result<Option<Drill>> {
    conn.prepare_cached("SELECT * FROM drill ORDER BY number DESC LIMIT 1")?
        .query_row([], Drill::from_row)
        .optional()
}

/// The report of a drill, byte for byte as its digest says.
pub fn report(conn: &Connection, number: i64) -> rusqlite::Result<Option<String>> {
    conn.prepare_cached("SELECT report FROM drill WHERE number = :number")?
        .query_row(named_params! {":number": number}, |row| row.get(0))
        .optional()
}

/// An object as a drill brought it back whole.
pub fn restored(conn: &Connection, number: i64, object: ObjectId) -> rusqlite::Result<Option<Restored>> {
    conn.prepare_cached("SELECT * FROM drill_object WHERE drill = :number AND object = :object")?
        .query_row(named_params! {":number": number, ":object": object.to_string()}, restored_from_row)
        .optional()
}

/// Every object that a drill brought back whole, ordered by id.
pub fn all_restored(conn: &Connection, number: i64) -> rusqlite::Result<Vec<Restored>> {
    conn.prepare_cached("SELECT * FROM drill_object WHERE drill = :number ORDER BY object")?
        .query_map(named_params! {":number": number}, restored_from_row)?
        .collect()
}

/// Keeps a drill with its report, as `document` of digest `sha256`, and what it brought back.
pub fn insert(
    tx: &Transaction<'_>,
    report: &DrillReport,
    document: &str,
    sha256: &str,
    restored: &[Restored],
) -> rusqlite::Result<i64> {
    tx.execute(
        "INSERT INTO drill (began, ended, objects, files, bytes, differing, other_device, report, sha256)
         VALUES (:began, :ended, :objects, :files, :bytes, :differing, :other_device, :report, :sha256)",
        named_params! {
            ":began": At(report.began), ":ended": At(report.ended), ":objects": report.objects,
            ":files": report.files, ":bytes": report.bytes, ":differing": report.differing.len() as u64,
            ":other_device": report.other_device, ":report": document, ":sha256": sha256,
        },
    )?;
    let number = tx.last_insert_rowid();
    let mut insert = tx.prepare_cached(
        "INSERT INTO drill_object (drill, object, version, inventory, files, bytes)
         VALUES (:drill, :object, :version, :inventory, :files, :bytes)",
    )?;
    for object in restored {
        insert.execute(named_params! {
            ":drill": number, ":object": object.object.to_string(), ":version": object.version,
            ":inventory": object.inventory.as_str(), ":files": object.files, ":bytes": object.bytes,
        })?;
    }
    Ok(number)
}

fn restored_from_row(row: &Row<'_>) -> rusqlite::Result<Restored> {
    Ok(Restored {
        object: parsed(row, "object")?,
        version: row.get("version")?,
        inventory: parsed(row, "inventory")?,
        files: row.get("files")?,
        bytes: row.get("bytes")?,
    })
}

#[cfg(test)]
mod tests {
    use bag::{Algorithm, Checksum};
    use jiff::ToSpan as _;
    use ledger::Hash;

    use super::*;
    use crate::db::office::tests::office;

    #[test]
    fn a_drill_is_kept_with_what_it_brought_back() {
        let mut conn = office();
        let began = Timestamp::UNIX_EPOCH;
        let object = |files| Restored {
            object: ObjectId::new(),
            version: 2,
            inventory: Checksum::of(Algorithm::Sha512, b"inventory"),
            files,
            bytes: 100,
        };
        let mut restored = vec![object(5), object(6)];
        restored.sort_by_key(|object| object.object);
        let report = DrillReport {
            format: DrillReport::FORMAT.to_owned(),
            began,
            ended: began + 1.minute(),
            found: 2,
            objects: 2,
            files: 11,
            bytes: 200,
            differing: Vec::new(),
            other_device: true,
            list: crate::fixity::drill::list_digest(&restored).unwrap(),
        };
        assert_eq!(latest(&conn).unwrap(), None);
        let (document, hash) = report.document().unwrap();
        let document = String::from_utf8(document).unwrap();
        let tx = conn.transaction().unwrap();
        insert(&tx, &report, &document, &"00".repeat(32), &[]).unwrap();
        let number = insert(&tx, &report, &document, &hash.to_string(), &restored).unwrap();
        tx.commit().unwrap();
        let kept = latest(&conn).unwrap().unwrap();
        assert_eq!((kept.number, kept.began, kept.ended), (number, report.began, report.ended));
        assert_eq!((kept.objects, kept.files, kept.bytes, kept.differing), (2, 11, 200, 0));
        assert!(kept.other_device && kept.sha256 == hash.to_string());
        assert_eq!(super::report(&conn, number).unwrap(), Some(document));
        assert_eq!(super::restored(&conn, number, restored[1].object).unwrap().as_ref(), restored.get(1));
        assert_eq!(super::restored(&conn, number - 1, restored[1].object).unwrap(), None);
        assert_eq!(super::restored(&conn, number, ObjectId::new()).unwrap(), None);
        let all = all_restored(&conn, number).unwrap();
        assert_eq!((Hash::of(b"") != report.list, all), (true, restored));
    }
}
