//! Words on the cases of a cohort: what each person said, unseen by the others.

use ids::{CohortId, PersonId, UserId};
use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction, named_params};

use super::cohort_case::Disposition;
use crate::db::At;

/// One person's word on one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Whose case.
    pub person: PersonId,
    /// In which round.
    pub round: u32,
    /// Who.
    pub by: UserId,
    /// The account's name.
    pub by_name: String,
    /// What.
    pub disposition: Disposition,
    /// A remark.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

impl Word {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            person: row.get("person")?,
            round: row.get("round")?,
            by: row.get("by")?,
            by_name: row.get("by_name")?,
            disposition: row.get("disposition")?,
            note: row.get("note")?,
            at: row.get::<_, At>("at")?.0,
        })
    }
}

/// All words of a cohort, case by case, oldest first.
pub fn of(conn: &Connection, cohort: CohortId) -> rusqlite::Result<Vec<Word>> {
    conn.prepare_cached("SELECT * FROM cohort_word WHERE cohort = :cohort ORDER BY person, round, at, by")?
        .query_map(named_params! {":cohort": cohort}, Word::from_row)?
        .collect()
}

/// The words on one case, oldest first.
pub fn on(conn: &Connection, cohort: CohortId, person: PersonId) -> rusqlite::Result<Vec<Word>> {
    conn.prepare_cached(
        "SELECT * FROM cohort_word WHERE cohort = :cohort AND person = :person ORDER BY round, at, by",
    )?
    .query_map(named_params! {":cohort": cohort, ":person": person}, Word::from_row)?
    .collect()
}

/// Keeps a word; a later one of the same person in the same round takes its place.
pub fn set(tx: &Transaction<'_>, cohort: CohortId, word: &Word) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO cohort_word (cohort, person, round, by, by_name, disposition, note, at)
         VALUES (:cohort, :person, :round, :by, :by_name, :disposition, :note, :at)
         ON CONFLICT (cohort, person, round, by) DO UPDATE
         SET disposition = excluded.disposition, note = excluded.note, at = excluded.at",
        named_params! {
            ":cohort": cohort, ":person": word.person, ":round": word.round, ":by": word.by,
            ":by_name": word.by_name, ":disposition": word.disposition, ":note": word.note, ":at": At(word.at),
        },
    )?;
    Ok(())
}
