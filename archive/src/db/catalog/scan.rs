//! Scans of diplomas, and what was read on them.

use ids::{DiplomaId, PersonId, ScanId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::{
    db::{At, Json, parsed},
    dossier::{Agreement, Diploma, Reading, Scan, agreement},
};

/// A scan, whose it is, and what was read on it.
#[derive(Debug, Clone)]
pub struct Found {
    /// The person.
    pub person: PersonId,
    /// The diploma.
    pub diploma: DiplomaId,
    /// The scan.
    pub scan: Scan,
    /// What was read on it, if it was read.
    pub reading: Option<Reading>,
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found {
        person: row.get("person")?,
        diploma: row.get("diploma")?,
        scan: row.get::<_, Json<Scan>>("facts")?.0,
        reading: row.get::<_, Option<Json<Reading>>>("reading")?.map(|reading| reading.0),
    })
}

/// The scan `id`, if there is one.
pub fn get(conn: &Connection, id: ScanId) -> rusqlite::Result<Option<Found>> {
    conn.prepare_cached("SELECT * FROM scan WHERE id = :id")?
        .query_row(named_params! {":id": id}, from_row)
        .optional()
}

/// The scans of a person's diplomas, diploma by diploma in the order in which they were kept.
pub fn of(conn: &Connection, person: PersonId) -> rusqlite::Result<Vec<Found>> {
    conn.prepare_cached("SELECT * FROM scan WHERE person = :person ORDER BY diploma, position")?
        .query_map(named_params! {":person": person}, from_row)?
        .collect()
}

/// The oldest scans kept after `after` that nobody has read yet.
pub fn unread(conn: &Connection, after: Option<ScanId>, limit: u32) -> rusqlite::Result<Vec<Found>> {
    conn.prepare_cached(
        "SELECT * FROM scan WHERE read = 0 AND (:after IS NULL OR id > :after) ORDER BY id LIMIT :limit",
    )?
    .query_map(named_params! {":after": after, ":limit": limit}, from_row)?
    .collect()
}

/// How many scans were read at `since` or later.
pub fn read_since(conn: &Connection, since: Timestamp) -> rusqlite::Result<u64> {
    let mut moments = conn.prepare_cached("SELECT reading ->> '$.at' AS at FROM scan WHERE read > 0")?;
    let moments = moments.query_map([], |row| parsed(row, "at"))?;
    let moments: Vec<Timestamp> = moments.collect::<rusqlite::Result<_>>()?;
    Ok(moments.into_iter().filter(|at| *at >= since).count() as u64)
}

/// Scans in figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many there are.
    pub scans: u64,
    /// How many nobody has read yet.
    pub unread: u64,
    /// How many hold nothing that can be read.
    pub not_measurable: u64,
    /// How many differ from the register in something, or lack something it says.
    pub in_doubt: u64,
    /// Diplomas with a number of which there is no scan.
    pub without: u64,
}

/// Scans in figures, all together.
pub fn totals(conn: &Connection) -> rusqlite::Result<Totals> {
    conn.prepare_cached(
        "SELECT count(*), coalesce(sum(read = 0), 0), coalesce(sum(read = 2), 0),
                coalesce(sum(differs + missing > 0), 0),
                (SELECT count(*) FROM diploma WHERE number <> '' AND NOT EXISTS
                   (SELECT 1 FROM scan WHERE scan.person = diploma.person AND scan.diploma = diploma.id))
         FROM scan",
    )?
    .query_row([], |row| {
        Ok(Totals {
            scans: row.get(0)?,
            unread: row.get(1)?,
            not_measurable: row.get(2)?,
            in_doubt: row.get(3)?,
            without: row.get(4)?,
        })
    })
}

/// Scans that differ from the register or lack something it says, those with most differences first.
pub fn in_doubt(conn: &Connection, offset: u32, limit: u32) -> rusqlite::Result<Vec<Found>> {
    conn.prepare_cached(
        "SELECT * FROM scan WHERE differs + missing > 0
         ORDER BY differs DESC, missing DESC, id LIMIT :limit OFFSET :offset",
    )?
    .query_map(named_params! {":limit": limit, ":offset": offset}, from_row)?
    .collect()
}

/// Removes the scans of a person, to note them anew.
pub fn forget(tx: &Transaction<'_>, person: PersonId) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM scan WHERE person = :person")?
        .execute(named_params! {":person": person})?;
    Ok(())
}

/// Notes a scan of a diploma.
pub fn insert(
    tx: &Transaction<'_>,
    person: PersonId,
    diploma: &Diploma,
    position: i64,
    scan: &Scan,
    reading: Option<&Reading>,
) -> rusqlite::Result<()> {
    let checked = reading.filter(|reading| reading.is_measurable());
    let checked = checked.map(|reading| agreement(&diploma.facts, reading)).unwrap_or_default();
    let count =
        |wanted: Agreement| checked.iter().filter(|checked| checked.agreement == wanted).count() as u64;
    let read = match reading {
        None => 0,
        Some(reading) if reading.is_measurable() => 1,
        Some(_) => 2,
    };
    tx.prepare_cached(
        "INSERT INTO scan (id, person, diploma, position, kept, facts, read, differs, missing, reading)
         VALUES (:id, :person, :diploma, :position, :kept, :facts, :read, :differs, :missing, :reading)",
    )?
    .execute(named_params! {
        ":id": scan.id, ":person": person, ":diploma": diploma.id, ":position": position, ":kept": At(scan.kept),
        ":facts": Json(scan), ":read": read, ":differs": count(Agreement::Differs),
        ":missing": count(Agreement::NotFound), ":reading": reading.map(Json),
    })?;
    Ok(())
}
