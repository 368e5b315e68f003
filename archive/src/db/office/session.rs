//! Sessions, by the hash of their cookie.

use ids::UserId;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, named_params};

use crate::db::At;

/// A session.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the cookie.
    pub hash: [u8; 32],
    /// Whose it is.
    pub user: UserId,
    /// The token that goes with every change.
    pub csrf: String,
    /// The purpose stated for the current task.
    pub purpose: Option<String>,
    /// When the user was last here before this session.
    pub since: Option<Timestamp>,
    /// When it began.
    pub created: Timestamp,
    /// When it was last used, to within a minute.
    pub used: Timestamp,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Returns the session of a cookie's hash.
///
/// # Errors
///
/// When the store can't be read.
pub fn by_hash(conn: &Connection, hash: &[u8; 32]) -> rusqlite::Result<Option<Session>> {
    conn.prepare_cached(
        "SELECT hash, user, csrf, purpose, since, created, used FROM session WHERE hash = :hash",
    )?
    .query_row(named_params! {":hash": hash}, |row| {
        Ok(Session {
            hash: row.get("hash")?,
            user: row.get("user")?,
            csrf: row.get("csrf")?,
            purpose: row.get("purpose")?,
            since: row.get::<_, Option<At>>("since")?.map(|at| at.0),
            created: row.get::<_, At>("created")?.0,
            used: row.get::<_, At>("used")?.0,
        })
    })
    .optional()
}

/// Records a session.
///
/// # Errors
///
/// When the store can't be written.
pub fn insert(tx: &Transaction<'_>, session: &Session) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO session (hash, user, csrf, purpose, since, created, used)
         VALUES (:hash, :user, :csrf, :purpose, :since, :created, :used)",
        named_params! {
            ":hash": session.hash, ":user": session.user, ":csrf": session.csrf, ":purpose": session.purpose,
            ":since": session.since.map(At), ":created": At(session.created), ":used": At(session.used),
        },
    )?;
    Ok(())
}

/// Records that a session was used.
///
/// # Errors
///
/// When the store can't be written.
pub fn set_used(tx: &Transaction<'_>, hash: &[u8; 32], now: Timestamp) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE session SET used = :now WHERE hash = :hash",
        named_params! {":hash": hash, ":now": At(now)},
    )?;
    Ok(())
}

/// States the purpose of a session's current task, or withdraws it.
///
/// # Errors
///
/// When the store can't be written.
pub fn set_purpose(tx: &Transaction<'_>, hash: &[u8; 32], purpose: Option<&str>) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE session SET purpose = :purpose WHERE hash = :hash",
        named_params! {":hash": hash, ":purpose": purpose},
    )?;
    Ok(())
}

/// Ends a session.
///
/// # Errors
///
/// When the store can't be written.
pub fn delete(tx: &Transaction<'_>, hash: &[u8; 32]) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM session WHERE hash = :hash", named_params! {":hash": hash})?;
    Ok(())
}

/// Ends every session of an account except, if given, one.
///
/// # Errors
///
/// When the store can't be written.
pub fn delete_of(tx: &Transaction<'_>, user: UserId, except: Option<&[u8; 32]>) -> rusqlite::Result<()> {
    tx.execute(
        "DELETE FROM session WHERE user = :user AND hash IS NOT :except",
        named_params! {":user": user, ":except": except},
    )?;
    Ok(())
}

/// Removes sessions that ended by themselves: unused since `used_before` or begun before `created_before`.
///
/// # Errors
///
/// When the store can't be written.
pub fn delete_ended(
    tx: &Transaction<'_>,
    used_before: Timestamp,
    created_before: Timestamp,
) -> rusqlite::Result<usize> {
    tx.execute(
        "DELETE FROM session WHERE used < :used OR created < :created",
        named_params! {":used": At(used_before), ":created": At(created_before)},
    )
}
