//! Copies that somebody wants to take out of the archive.

use ids::{CopyId, PersonId, UserId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::db::{At, Json};

crate::db::words! {
    /// How far a request for copies has come.
    CopyState {
        /// Somebody else must decide.
        Waiting = "waiting",
        /// It may be taken.
        Approved = "approved",
        /// It may not.
        Refused = "refused",
    }
}

/// A request for copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Its id.
    pub id: CopyId,
    /// Whose facts, in the order of the list.
    pub people: Vec<PersonId>,
    /// Whether numbers are to be whole.
    pub numbers: bool,
    /// By which facets the list was narrowed, for whoever decides.
    pub narrowed: String,
    /// What it is for.
    pub purpose: String,
    /// When it was asked for.
    pub asked: Timestamp,
    /// By whom.
    pub asked_by: UserId,
    /// The account's name.
    pub account: String,
    /// How far it has come.
    pub state: CopyState,
    /// When it was decided, and by whose account.
    pub decided: Option<(Timestamp, String)>,
    /// What the decider remarked.
    pub note: String,
    /// How often it was taken.
    pub taken: u32,
}

impl Copy {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let decided = row.get::<_, Option<At>>("decided")?;
        Ok(Self {
            id: row.get("id")?,
            people: row.get::<_, Json<Vec<PersonId>>>("people")?.0,
            numbers: row.get("numbers")?,
            narrowed: row.get("narrowed")?,
            purpose: row.get("purpose")?,
            asked: row.get::<_, At>("asked")?.0,
            asked_by: row.get("asked_by")?,
            account: row.get("account")?,
            state: row.get("state")?,
            decided: decided
                .map(|at| Ok::<_, rusqlite::Error>((at.0, row.get("decided_by")?)))
                .transpose()?,
            note: row.get("note")?,
            taken: row.get("taken")?,
        })
    }
}

/// A request by its id.
pub fn get(conn: &Connection, id: CopyId) -> rusqlite::Result<Option<Copy>> {
    conn.prepare_cached("SELECT * FROM copy WHERE id = :id")?
        .query_row(named_params! {":id": id}, Copy::from_row)
        .optional()
}

/// Requests, newest first.
pub fn list(conn: &Connection, limit: u32) -> rusqlite::Result<Vec<Copy>> {
    conn.prepare_cached("SELECT * FROM copy ORDER BY asked DESC, id LIMIT :limit")?
        .query_map(named_params! {":limit": limit}, Copy::from_row)?
        .collect()
}

/// When each request was asked for that waits for somebody other than `user`.
pub fn waiting_for(conn: &Connection, user: UserId) -> rusqlite::Result<Vec<Timestamp>> {
    conn.prepare_cached("SELECT asked FROM copy WHERE state = 'waiting' AND asked_by <> :user")?
        .query_map(named_params! {":user": user}, |row| row.get::<_, At>(0).map(|at| at.0))?
        .collect()
}

/// Keeps a request.
pub fn insert(tx: &Transaction<'_>, copy: &Copy) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO copy (id, people, numbers, narrowed, purpose, asked, asked_by, account, state, note, taken)
         VALUES (:id, :people, :numbers, :narrowed, :purpose, :asked, :asked_by, :account, :state, :note, :taken)",
        named_params! {
            ":id": copy.id, ":people": Json(&copy.people), ":numbers": copy.numbers, ":narrowed": copy.narrowed,
            ":purpose": copy.purpose, ":asked": At(copy.asked), ":asked_by": copy.asked_by,
            ":account": copy.account, ":state": copy.state, ":note": copy.note, ":taken": copy.taken,
        },
    )?;
    Ok(())
}

/// Decides a request. Returns whether it waited.
pub fn decide(
    tx: &Transaction<'_>,
    id: CopyId,
    state: CopyState,
    (at, by): (Timestamp, &str),
    note: &str,
) -> rusqlite::Result<bool> {
    let changed = tx.execute(
        "UPDATE copy SET state = :state, decided = :at, decided_by = :by, note = :note
         WHERE id = :id AND state = 'waiting'",
        named_params! {":id": id, ":state": state, ":at": At(at), ":by": by, ":note": note},
    )?;
    Ok(changed > 0)
}

/// Counts that a copy was taken.
pub fn took(tx: &Transaction<'_>, id: CopyId) -> rusqlite::Result<()> {
    tx.execute("UPDATE copy SET taken = taken + 1 WHERE id = :id", named_params! {":id": id})?;
    Ok(())
}
