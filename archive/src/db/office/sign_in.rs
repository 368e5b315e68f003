//! Failed attempts to sign in, so that guessing is slow even across restarts.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, named_params};

use crate::db::At;

/// The attempts against one account, existing or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    /// Failures in a row.
    pub failures: u32,
    /// Until when every attempt is refused.
    pub locked_until: Timestamp,
}

/// Returns the failed attempts for a keyed hash of the account's name.
///
/// # Errors
///
/// When the store can't be read.
pub fn attempts(conn: &Connection, account: &[u8; 32]) -> rusqlite::Result<Option<Attempts>> {
    conn.prepare_cached("SELECT failures, locked_until FROM sign_in WHERE account = :account")?
        .query_row(named_params! {":account": account}, |row| {
            Ok(Attempts { failures: row.get("failures")?, locked_until: row.get::<_, At>("locked_until")?.0 })
        })
        .optional()
}

/// Records failed attempts.
///
/// # Errors
///
/// When the store can't be written.
pub fn set(
    tx: &Transaction<'_>,
    account: &[u8; 32],
    attempts: Attempts,
    now: Timestamp,
) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO sign_in (account, failures, last, locked_until) VALUES (:account, :failures, :last, :until)
         ON CONFLICT (account) DO UPDATE
         SET failures = excluded.failures, last = excluded.last, locked_until = excluded.locked_until",
        named_params! {
            ":account": account, ":failures": attempts.failures, ":last": At(now),
            ":until": At(attempts.locked_until),
        },
    )?;
    Ok(())
}

/// Forgets failed attempts of an account.
///
/// # Errors
///
/// When the store can't be written.
pub fn clear(tx: &Transaction<'_>, account: &[u8; 32]) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM sign_in WHERE account = :account", named_params! {":account": account})?;
    Ok(())
}

/// Forgets attempts whose last one lies before `before`.
///
/// # Errors
///
/// When the store can't be written.
pub fn forget(tx: &Transaction<'_>, before: Timestamp) -> rusqlite::Result<usize> {
    tx.execute("DELETE FROM sign_in WHERE last < :before", named_params! {":before": At(before)})
}
