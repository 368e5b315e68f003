//! Reviews: what each reviewer of a doubtful comparison decided, unseen by the other.

use ids::{ComparisonId, UserId};
use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction, named_params};

use super::comparison::FaceDecision;
use crate::db::At;

/// One reviewer's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Who.
    pub reviewer: UserId,
    /// The account's name.
    pub reviewer_name: String,
    /// What.
    pub decision: FaceDecision,
    /// A remark.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

impl Review {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            reviewer: row.get("reviewer")?,
            reviewer_name: row.get("reviewer_name")?,
            decision: row.get("decision")?,
            note: row.get("note")?,
            at: row.get::<_, At>("at")?.0,
        })
    }
}

/// The reviews of a comparison, oldest first.
pub fn of(conn: &Connection, comparison: ComparisonId) -> rusqlite::Result<Vec<Review>> {
    conn.prepare_cached("SELECT * FROM review WHERE comparison = :comparison ORDER BY at, reviewer")?
        .query_map(named_params! {":comparison": comparison}, Review::from_row)?
        .collect()
}

/// Keeps a review. A reviewer has one per comparison; a second one is refused by the table.
pub fn insert(tx: &Transaction<'_>, comparison: ComparisonId, review: &Review) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO review (comparison, reviewer, reviewer_name, decision, note, at)
         VALUES (:comparison, :reviewer, :reviewer_name, :decision, :note, :at)",
        named_params! {
            ":comparison": comparison, ":reviewer": review.reviewer, ":reviewer_name": review.reviewer_name,
            ":decision": review.decision, ":note": review.note, ":at": At(review.at),
        },
    )?;
    Ok(())
}
