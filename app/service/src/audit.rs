//! The audit trail: who did what to what, and why.

use api::account::{ACTIONS, AuditEntry};
use api::{Page, Right, Slice};
use archive::db::office;
use jiff::Timestamp;

use crate::{Actor, Office, Result};

/// Adds an entry: `actor` did `action` to `subject`, or tried to (`ok` false).
///
/// # Errors
///
/// When the trail can't be written. What was to be done must then not be done.
pub fn record(office: &Office, actor: &Actor, action: &str, subject: Option<&str>, ok: bool) -> Result<()> {
    office.office.write(|tx| record_in(tx, actor, action, subject, ok))
}

/// Adds an entry within a transaction that does what it tells.
///
/// # Errors
///
/// When the trail can't be written.
pub fn record_in(
    tx: &archive::db::Transaction<'_>,
    actor: &Actor,
    action: &str,
    subject: Option<&str>,
    ok: bool,
) -> Result<()> {
    office::audit::insert(tx, &entry(actor, action, subject, ok))?;
    Ok(())
}

fn entry(actor: &Actor, action: &str, subject: Option<&str>, ok: bool) -> office::audit::Entry {
    debug_assert!(ACTIONS.contains(&action), "{action} is none of the actions that clients have words for");
    office::audit::Entry {
        at: Timestamp::now(),
        actor: actor.user_id(),
        account: actor.account.clone(),
        action: action.to_owned(),
        subject: subject.map(str::to_owned),
        purpose: actor.purpose.clone(),
        ok,
    }
}

/// Runs `work` and records it, done or refused. A read that can't be recorded does not happen.
///
/// # Errors
///
/// What `work` returns, or that the trail can't be written.
pub fn recorded<T>(
    office: &Office,
    actor: &Actor,
    action: &str,
    subject: Option<&str>,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    entered(office, actor, action, subject, work).map(|(answer, _)| answer)
}

/// As [`recorded`], and tells the number of the entry.
///
/// # Errors
///
/// As [`recorded`].
pub(crate) fn entered<T>(
    office: &Office,
    actor: &Actor,
    action: &str,
    subject: Option<&str>,
    work: impl FnOnce() -> Result<T>,
) -> Result<(T, u64)> {
    let answer = work();
    let entry = entry(actor, action, subject, answer.is_ok());
    let number = office.office.write(|tx| office::audit::insert(tx, &entry))?;
    Ok((answer?, number.unsigned_abs()))
}

/// What part of the trail is wanted. `GET /audit`
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Only of this account, by name.
    pub account: Option<String>,
    /// Only actions that begin so.
    pub action: Option<String>,
    /// Only about this id.
    pub subject: Option<String>,
}

/// Reads a part of the trail, newest first.
///
/// # Errors
///
/// Without the right `read_audit`.
pub fn list(office: &Office, actor: &Actor, filter: &AuditFilter, slice: Slice) -> Result<Page<AuditEntry>> {
    actor.may(Right::ReadAudit)?;
    let rows = office::audit::Filter {
        account: filter.account.as_deref(),
        action: filter.action.as_deref(),
        subject: filter.subject.as_deref(),
    };
    let (entries, total) = office.office.read(|conn| -> Result<_> {
        Ok((
            office::audit::list(conn, rows, slice.offset, slice.limit.min(500))?,
            office::audit::count(conn, rows)?,
        ))
    })?;
    let items = entries.into_iter().map(|(number, entry)| to_api(number, entry)).collect();
    Ok(Page { items, total })
}

fn to_api(number: u64, entry: office::audit::Entry) -> AuditEntry {
    AuditEntry {
        number,
        at: entry.at,
        actor: entry.actor,
        account: entry.account,
        action: entry.action,
        subject: entry.subject,
        purpose: entry.purpose,
        ok: entry.ok,
    }
}
