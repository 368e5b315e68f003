//! Entries of the certificate register.

use ids::PersonId;
use rusqlite::{Connection, Row, Transaction, named_params};

use super::scan;
use crate::{db::Json, dossier::Diploma, person::Numbered};

fn from_row(row: &Row<'_>) -> rusqlite::Result<Diploma> {
    Ok(Diploma { id: row.get("id")?, facts: row.get::<_, Json<_>>("facts")?.0, scans: Vec::new() })
}

/// The diplomas of a person in the order in which they were kept, with their scans.
pub fn of(conn: &Connection, person: PersonId) -> rusqlite::Result<Vec<Diploma>> {
    let mut diplomas: Vec<Diploma> = conn
        .prepare_cached("SELECT * FROM diploma WHERE person = :person ORDER BY position")?
        .query_map(named_params! {":person": person}, from_row)?
        .collect::<rusqlite::Result<_>>()?;
    if !diplomas.is_empty() {
        for found in scan::of(conn, person)? {
            if let Some(diploma) = diplomas.iter_mut().find(|diploma| diploma.id == found.diploma) {
                diploma.scans.push(found.scan);
            }
        }
    }
    Ok(diplomas)
}

/// Whose diplomas have this number, and which. More than one is a mistake in the register.
pub fn by_number(conn: &Connection, number: &str) -> rusqlite::Result<Vec<(PersonId, ids::DiplomaId)>> {
    conn.prepare_cached("SELECT person, id FROM diploma WHERE number = :number ORDER BY person, position")?
        .query_map(named_params! {":number": number}, |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Every number with whose it is, in order; those without one (肄业) left out.
pub fn numbers(conn: &Connection) -> rusqlite::Result<Vec<Numbered>> {
    conn.prepare_cached(
        "SELECT number, person, json_extract(facts, '$.graduation_date') AS graduated FROM diploma
         WHERE number <> '' ORDER BY number, person",
    )?
    .query_map([], |row| {
        let graduated: Option<String> = row.get("graduated")?;
        Ok(Numbered {
            number: row.get("number")?,
            person: row.get("person")?,
            graduated: graduated.and_then(|date| date.parse().ok()),
        })
    })?
    .collect()
}

/// The people whose dossiers hold a diploma of this number. More than one is a mistake in the register.
pub fn holders(conn: &Connection, number: &str) -> rusqlite::Result<Vec<PersonId>> {
    conn.prepare_cached("SELECT DISTINCT person FROM diploma WHERE number = :number ORDER BY person")?
        .query_map(named_params! {":number": number}, |row| row.get(0))?
        .collect()
}

/// How many diplomas there are.
pub fn count(conn: &Connection) -> rusqlite::Result<u64> {
    conn.prepare_cached("SELECT count(*) FROM diploma")?.query_row([], |row| row.get(0))
}

/// Sets the diplomas of a person.
pub fn replace(tx: &Transaction<'_>, person: PersonId, diplomas: &[Diploma]) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM diploma WHERE person = :person")?
        .execute(named_params! {":person": person})?;
    for (position, diploma) in (0_i64..).zip(diplomas) {
        tx.prepare_cached(
            "INSERT INTO diploma (id, person, position, number, facts)
             VALUES (:id, :person, :position, :number, :facts)",
        )?
        .execute(named_params! {
            ":id": diploma.id, ":person": person, ":position": position, ":number": diploma.facts.number,
            ":facts": Json(&diploma.facts),
        })?;
    }
    Ok(())
}
