//! People whose search document is behind: filled with the rows it follows from, in the same transaction.

use ids::PersonId;
use rusqlite::{Connection, Transaction, named_params};

use crate::db::Json;

/// The next people to index, oldest first, without repeats, and the number up to which [`done`] may forget.
pub fn next(conn: &Connection, limit: u32) -> rusqlite::Result<Option<(Vec<PersonId>, i64)>> {
    let rows: Vec<(i64, PersonId)> = conn
        .prepare_cached("SELECT id, person FROM to_index ORDER BY id LIMIT :limit")?
        .query_map(named_params! {":limit": limit}, |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let Some(&(last, _)) = rows.last() else { return Ok(None) };
    let mut people: Vec<PersonId> = rows.into_iter().map(|(_, person)| person).collect();
    people.sort_unstable();
    people.dedup();
    Ok(Some((people, last)))
}

/// Which of these people wait.
pub fn waiting(conn: &Connection, people: &[PersonId]) -> rusqlite::Result<Vec<PersonId>> {
    conn.prepare_cached(
        "SELECT DISTINCT person FROM to_index WHERE person IN (SELECT value FROM json_each(:people))",
    )?
    .query_map(named_params! {":people": Json(people)}, |row| row.get(0))?
    .collect()
}

/// How many people wait.
pub fn count(conn: &Connection) -> rusqlite::Result<u64> {
    conn.prepare_cached("SELECT count(DISTINCT person) FROM to_index")?.query_row([], |row| row.get(0))
}

/// The number of the newest entry, 0 if there is none.
pub fn last(conn: &Connection) -> rusqlite::Result<i64> {
    conn.prepare_cached("SELECT coalesce(max(id), 0) FROM to_index")?.query_row([], |row| row.get(0))
}

/// Promises to index a person.
pub fn insert(tx: &Transaction<'_>, person: PersonId) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT INTO to_index (person) VALUES (:person)")?
        .execute(named_params! {":person": person})?;
    Ok(())
}

/// Promises to index everybody.
pub fn insert_all(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    tx.execute("INSERT INTO to_index (person) SELECT id FROM person ORDER BY id", [])?;
    Ok(())
}

/// Forgets the promises up to a number: they are kept.
pub fn done(tx: &Transaction<'_>, up_to: i64) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM to_index WHERE id <= :up_to", named_params! {":up_to": up_to})?;
    Ok(())
}
