//! Signatures of a cohort, and what was sent back instead.

use ids::{CohortId, UserId};
use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction, named_params};

use crate::db::At;

crate::db::words! {
    /// The levels of the sign-off, in their order.
    Level {
        /// Who looked.
        Examiner = "examiner",
        /// The head of the department.
        Department = "department",
        /// The school's leader.
        School = "school",
    }
}

/// One signature, or one sending back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The level.
    pub level: Level,
    /// Whether it was sent back instead.
    pub sent_back: bool,
    /// Who.
    pub by: UserId,
    /// The account's name.
    pub by_name: String,
    /// When.
    pub at: Timestamp,
    /// A remark.
    pub note: String,
    /// SHA-256 of what was signed, hex.
    pub digest: String,
    /// The signer's Ed25519 key, base64.
    pub public_key: Option<String>,
    /// The signature, base64.
    pub signature: Option<String>,
}

impl Signature {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            level: row.get("level")?,
            sent_back: row.get("sent_back")?,
            by: row.get("by")?,
            by_name: row.get("by_name")?,
            at: row.get::<_, At>("at")?.0,
            note: row.get("note")?,
            digest: row.get("digest")?,
            public_key: row.get("public_key")?,
            signature: row.get("signature")?,
        })
    }
}

/// All of a cohort, oldest first.
pub fn of(conn: &Connection, cohort: CohortId) -> rusqlite::Result<Vec<Signature>> {
    conn.prepare_cached("SELECT * FROM cohort_signature WHERE cohort = :cohort ORDER BY number")?
        .query_map(named_params! {":cohort": cohort}, Signature::from_row)?
        .collect()
}

/// Keeps one, after all there are. Returns its number.
pub fn insert(tx: &Transaction<'_>, cohort: CohortId, signature: &Signature) -> rusqlite::Result<u32> {
    tx.query_row(
        "INSERT INTO cohort_signature (cohort, number, level, sent_back, by, by_name, at, note, digest, public_key,
                                       signature)
         VALUES (:cohort, (SELECT coalesce(max(number), 0) + 1 FROM cohort_signature WHERE cohort = :cohort), :level,
                 :sent_back, :by, :by_name, :at, :note, :digest, :public_key, :signature)
         RETURNING number",
        named_params! {
            ":cohort": cohort, ":level": signature.level, ":sent_back": signature.sent_back, ":by": signature.by,
            ":by_name": signature.by_name, ":at": At(signature.at), ":note": signature.note,
            ":digest": signature.digest, ":public_key": signature.public_key, ":signature": signature.signature,
        },
        |row| row.get(0),
    )
}
