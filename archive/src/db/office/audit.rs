//! The audit trail: only ever added to.

use ids::UserId;
use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction, named_params};

use crate::db::At;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who, or nothing for the appliance itself.
    pub actor: Option<UserId>,
    /// The account's name at the time.
    pub account: String,
    /// What was done: `dossier.read`.
    pub action: String,
    /// To what: an id.
    pub subject: Option<String>,
    /// The purpose stated.
    pub purpose: Option<String>,
    /// Whether it was allowed and done.
    pub ok: bool,
}

/// Which entries are wanted. What is `None` does not matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter<'a> {
    /// Only of this account, by name.
    pub account: Option<&'a str>,
    /// Only actions that begin so: `dossier.`.
    pub action: Option<&'a str>,
    /// Only about this.
    pub subject: Option<&'a str>,
}

const WHERE: &str = "(:account IS NULL OR account = :account)
    AND (:action IS NULL OR substr(action, 1, length(:action)) = :action)
    AND (:subject IS NULL OR subject = :subject)";

fn from_row(row: &Row<'_>) -> rusqlite::Result<(u64, Entry)> {
    let entry = Entry {
        at: row.get::<_, At>("at")?.0,
        actor: row.get("actor")?,
        account: row.get("account")?,
        action: row.get("action")?,
        subject: row.get("subject")?,
        purpose: row.get("purpose")?,
        ok: row.get("ok")?,
    };
    Ok((row.get("number")?, entry))
}

/// Returns a part of the trail, newest first, each entry with its number.
///
/// # Errors
///
/// When the store can't be read.
pub fn list(
    conn: &Connection,
    filter: Filter<'_>,
    offset: u32,
    limit: u32,
) -> rusqlite::Result<Vec<(u64, Entry)>> {
    conn.prepare_cached(&format!(
        "SELECT number, at, actor, account, action, subject, purpose, ok FROM audit
         WHERE {WHERE} ORDER BY number DESC LIMIT :limit OFFSET :offset"
    ))?
    .query_map(
        named_params! {
            ":account": filter.account, ":action": filter.action, ":subject": filter.subject,
            ":limit": limit, ":offset": offset,
        },
        from_row,
    )?
    .collect()
}

/// Returns how many entries there are.
///
/// # Errors
///
/// When the store can't be read.
pub fn count(conn: &Connection, filter: Filter<'_>) -> rusqlite::Result<u64> {
    conn.prepare_cached(&format!("SELECT count(*) FROM audit WHERE {WHERE}"))?.query_row(
        named_params! {":account": filter.account, ":action": filter.action, ":subject": filter.subject},
        |row| row.get(0),
    )
}

/// Adds an entry and returns its number.
///
/// # Errors
///
/// When the store can't be written.
pub fn insert(tx: &Transaction<'_>, entry: &Entry) -> rusqlite::Result<i64> {
    tx.execute(
        "INSERT INTO audit (at, actor, account, action, subject, purpose, ok)
         VALUES (:at, :actor, :account, :action, :subject, :purpose, :ok)",
        named_params! {
            ":at": At(entry.at), ":actor": entry.actor, ":account": entry.account, ":action": entry.action,
            ":subject": entry.subject, ":purpose": entry.purpose, ":ok": entry.ok,
        },
    )?;
    Ok(tx.last_insert_rowid())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::office::tests::office;

    #[test]
    fn the_trail_is_never_changed_nor_cut() {
        let mut conn = office();
        let tx = conn.transaction().unwrap();
        let entry = Entry {
            at: Timestamp::UNIX_EPOCH,
            actor: None,
            account: "appliance".to_owned(),
            action: "test".to_owned(),
            subject: None,
            purpose: None,
            ok: true,
        };
        insert(&tx, &entry).unwrap();
        assert!(tx.execute("UPDATE audit SET ok = 0", []).is_err());
        assert!(tx.execute("DELETE FROM audit", []).is_err());
        assert_eq!(list(&tx, Filter::default(), 0, 10).unwrap(), [(1, entry)]);
    }
}
