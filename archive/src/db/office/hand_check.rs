//! Who somebody is, as a person found without a machine.

use ids::PersonId;
use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction, named_params};

pub use super::comparison::FaceDecision;
use crate::db::At;

/// One check by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandCheck {
    /// Whom.
    pub person: PersonId,
    /// What was found: the same, another, or doubtful.
    pub decision: FaceDecision,
    /// By what it was found.
    pub note: String,
    /// By whom: the account.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl HandCheck {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            person: row.get("person")?,
            decision: row.get("decision")?,
            note: row.get("note")?,
            by: row.get("by")?,
            at: row.get::<_, At>("at")?.0,
        })
    }
}

/// Every check by hand of a person, newest first.
pub fn of(conn: &Connection, person: PersonId) -> rusqlite::Result<Vec<HandCheck>> {
    conn.prepare_cached("SELECT * FROM hand_check WHERE person = :person ORDER BY number DESC")?
        .query_map(named_params! {":person": person}, HandCheck::from_row)?
        .collect()
}

/// Keeps a check. Returns its number.
pub fn insert(tx: &Transaction<'_>, check: &HandCheck) -> rusqlite::Result<i64> {
    tx.execute(
        "INSERT INTO hand_check (person, decision, note, by, at) VALUES (:person, :decision, :note, :by, :at)",
        named_params! {
            ":person": check.person, ":decision": check.decision, ":note": check.note, ":by": check.by,
            ":at": At(check.at),
        },
    )?;
    Ok(tx.last_insert_rowid())
}
