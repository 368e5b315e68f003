//! Legal holds on people's records.

use ids::{HoldId, PersonId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::db::At;

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// Whose record.
    pub person: PersonId,
    /// Why nothing may be deleted.
    pub reason: String,
    /// When it was placed.
    pub placed: Timestamp,
    /// By whom: the account.
    pub placed_by: String,
    /// How it ended, if it did.
    pub lifted: Option<Lifted>,
}

/// The end of a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifted {
    /// When.
    pub at: Timestamp,
    /// By whom: the account.
    pub by: String,
    /// Why.
    pub reason: String,
}

impl Hold {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let lifted = row.get::<_, Option<At>>("lifted")?.map(|at| {
            Ok::<_, rusqlite::Error>(Lifted {
                at: at.0,
                by: row.get("lifted_by")?,
                reason: row.get("lift_reason")?,
            })
        });
        Ok(Self {
            id: row.get("id")?,
            person: row.get("person")?,
            reason: row.get("reason")?,
            placed: row.get::<_, At>("placed")?.0,
            placed_by: row.get("placed_by")?,
            lifted: lifted.transpose()?,
        })
    }
}

/// A hold by its id.
pub fn get(conn: &Connection, id: HoldId) -> rusqlite::Result<Option<Hold>> {
    conn.prepare_cached("SELECT * FROM hold WHERE id = :id")?
        .query_row(named_params! {":id": id}, Hold::from_row)
        .optional()
}

/// Every hold on a person's record, newest first, lifted ones too.
pub fn of(conn: &Connection, person: PersonId) -> rusqlite::Result<Vec<Hold>> {
    conn.prepare_cached("SELECT * FROM hold WHERE person = :person ORDER BY placed DESC, id")?
        .query_map(named_params! {":person": person}, Hold::from_row)?
        .collect()
}

/// Every hold that stands, oldest first.
pub fn standing(conn: &Connection) -> rusqlite::Result<Vec<Hold>> {
    conn.prepare_cached("SELECT * FROM hold WHERE lifted IS NULL ORDER BY placed, id")?
        .query_map([], Hold::from_row)?
        .collect()
}

/// Places a hold.
pub fn insert(tx: &Transaction<'_>, hold: &Hold) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO hold (id, person, reason, placed, placed_by)
         VALUES (:id, :person, :reason, :placed, :placed_by)",
        named_params! {
            ":id": hold.id, ":person": hold.person, ":reason": hold.reason, ":placed": At(hold.placed),
            ":placed_by": hold.placed_by,
        },
    )?;
    Ok(())
}

/// Lifts a hold. Returns whether it stood.
pub fn lift(tx: &Transaction<'_>, id: HoldId, lifted: &Lifted) -> rusqlite::Result<bool> {
    let changed = tx.execute(
        "UPDATE hold SET lifted = :at, lifted_by = :by, lift_reason = :reason WHERE id = :id AND lifted IS NULL",
        named_params! {":id": id, ":at": At(lifted.at), ":by": lifted.by, ":reason": lifted.reason},
    )?;
    Ok(changed > 0)
}
