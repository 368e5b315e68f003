//! What happened and belongs in the ledger: queued with the change itself, integrated afterwards in order.

use ids::{EventId, UserId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::db::{At, Json};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// What happened: `delivery.accepted`.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// Who, or nothing for the appliance itself.
    pub actor: Option<UserId>,
    /// The account's name then.
    pub account: String,
    /// To what: an id.
    pub subject: String,
    /// What tells it from other events of its kind on its subject; empty if there can be only one.
    pub reference: String,
    /// Further facts, without personal data.
    pub detail: serde_json::Value,
    /// The salt of its commitment.
    pub salt: [u8; 32],
}

/// An event with its place in the queue and, once integrated, in the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Queued {
    /// Its number in the queue.
    pub number: i64,
    /// The event.
    pub event: Event,
    /// Its leaf's index.
    pub leaf: Option<u64>,
}

const COLUMNS: &str = "number, id, kind, at, actor, account, subject, reference, detail, salt, leaf";

impl Queued {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            number: row.get("number")?,
            event: Event {
                id: row.get("id")?,
                kind: row.get("kind")?,
                at: row.get::<_, At>("at")?.0,
                actor: row.get("actor")?,
                account: row.get("account")?,
                subject: row.get("subject")?,
                reference: row.get("reference")?,
                detail: row.get::<_, Json<_>>("detail")?.0,
                salt: row.get("salt")?,
            },
            leaf: row.get("leaf")?,
        })
    }
}

/// Queues an event. Returns whether it is new: the same kind, subject and reference are queued once only.
///
/// # Errors
///
/// When the store can't be written.
pub fn insert(tx: &Transaction<'_>, event: &Event) -> rusqlite::Result<bool> {
    let rows = tx.execute(
        "INSERT INTO event (id, kind, at, actor, account, subject, reference, detail, salt)
         VALUES (:id, :kind, :at, :actor, :account, :subject, :reference, :detail, :salt)
         ON CONFLICT (kind, subject, reference) DO NOTHING",
        named_params! {
            ":id": event.id, ":kind": event.kind, ":at": At(event.at), ":actor": event.actor,
            ":account": event.account, ":subject": event.subject, ":reference": event.reference,
            ":detail": Json(&event.detail), ":salt": event.salt,
        },
    )?;
    Ok(rows == 1)
}

/// Returns events that wait to be integrated, in their order.
///
/// # Errors
///
/// When the store can't be read.
pub fn waiting(conn: &Connection, limit: u32) -> rusqlite::Result<Vec<Queued>> {
    conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM event WHERE leaf IS NULL ORDER BY number LIMIT :limit"
    ))?
    .query_map(named_params! {":limit": limit}, Queued::from_row)?
    .collect()
}

/// Returns how many events wait.
///
/// # Errors
///
/// When the store can't be read.
pub fn count_waiting(conn: &Connection) -> rusqlite::Result<u64> {
    conn.query_row("SELECT count(*) FROM event WHERE leaf IS NULL", [], |row| row.get(0))
}

/// Records that an event is leaf `leaf` of the ledger.
///
/// # Errors
///
/// When the store can't be written or the leaf is another event's.
pub fn set_leaf(tx: &Transaction<'_>, number: i64, leaf: u64) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE event SET leaf = :leaf WHERE number = :number AND leaf IS NULL",
        named_params! {":number": number, ":leaf": leaf},
    )?;
    Ok(())
}

/// Returns the event of a leaf.
///
/// # Errors
///
/// When the store can't be read.
pub fn by_leaf(conn: &Connection, leaf: u64) -> rusqlite::Result<Option<Queued>> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} FROM event WHERE leaf = :leaf"))?
        .query_row(named_params! {":leaf": leaf}, Queued::from_row)
        .optional()
}

/// Returns an event by what makes it the only one.
///
/// # Errors
///
/// When the store can't be read.
pub fn by_key(
    conn: &Connection,
    kind: &str,
    subject: &str,
    reference: &str,
) -> rusqlite::Result<Option<Queued>> {
    conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM event WHERE kind = :kind AND subject = :subject AND reference = :reference"
    ))?
    .query_row(named_params! {":kind": kind, ":subject": subject, ":reference": reference}, Queued::from_row)
    .optional()
}

/// Returns integrated events, newest first, of one subject or of all.
///
/// # Errors
///
/// When the store can't be read.
pub fn list(
    conn: &Connection,
    subject: Option<&str>,
    offset: u32,
    limit: u32,
) -> rusqlite::Result<Vec<Queued>> {
    conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM event WHERE leaf IS NOT NULL AND (:subject IS NULL OR subject = :subject)
         ORDER BY leaf DESC LIMIT :limit OFFSET :offset"
    ))?
    .query_map(named_params! {":subject": subject, ":limit": limit, ":offset": offset}, Queued::from_row)?
    .collect()
}

/// Returns how many events are integrated, of one subject or of all.
///
/// # Errors
///
/// When the store can't be read.
pub fn count(conn: &Connection, subject: Option<&str>) -> rusqlite::Result<u64> {
    conn.prepare_cached(
        "SELECT count(*) FROM event WHERE leaf IS NOT NULL AND (:subject IS NULL OR subject = :subject)",
    )?
    .query_row(named_params! {":subject": subject}, |row| row.get(0))
}

/// Several events of one kind, by one account on one day: what a digest says in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// What happened.
    pub kind: String,
    /// The account's name.
    pub account: String,
    /// To what, if it is one event.
    pub subject: Option<String>,
    /// When the last of them happened.
    pub at: Timestamp,
    /// How many.
    pub count: u64,
}

/// How many events of one kind, account and day are told one by one; more become one line.
const ONE_BY_ONE: u32 = 3;
/// How far a digest looks back at most, in events.
const DIGEST: u32 = 50_000;

/// Returns what happened at or after `since`, newest first, in at most `limit` lines. A day is one of the server's
/// time zone. Of more than 50,000 events the newest are counted.
///
/// # Errors
///
/// When the store can't be read.
pub fn digest(conn: &Connection, since: Timestamp, limit: u32) -> rusqlite::Result<Vec<Happened>> {
    conn.prepare_cached(
        "WITH recent AS (
             SELECT number, kind, account, subject, at, date(at / 1000000, 'unixepoch', 'localtime') AS day
             FROM event WHERE at >= :since ORDER BY at DESC LIMIT :digest
         ), counted AS (
             SELECT *, count(*) OVER (PARTITION BY kind, account, day) AS alike FROM recent
         )
         SELECT kind, account, max(at) AS at, count(*) AS count, min(subject) AS subject FROM counted
         GROUP BY kind, account, day, CASE WHEN alike <= :one_by_one THEN number END
         ORDER BY max(number) DESC LIMIT :limit",
    )?
    .query_map(
        named_params! {":since": At(since), ":digest": DIGEST, ":one_by_one": ONE_BY_ONE, ":limit": limit},
        |row| {
            let count = row.get("count")?;
            Ok(Happened {
                kind: row.get("kind")?,
                account: row.get("account")?,
                subject: if count == 1 { row.get("subject")? } else { None },
                at: row.get::<_, At>("at")?.0,
                count,
            })
        },
    )?
    .collect()
}

#[cfg(test)]
mod tests {
    use jiff::Span;

    use super::*;
    use crate::db::office::tests::office;

    fn happened(at: Timestamp, kind: &str, account: &str, subject: &str) -> Event {
        Event {
            id: EventId::new(),
            kind: kind.to_owned(),
            at,
            actor: None,
            account: account.to_owned(),
            subject: subject.to_owned(),
            reference: String::new(),
            detail: serde_json::json!({}),
            salt: [0; 32],
        }
    }

    #[test]
    fn three_alike_are_told_one_by_one_and_more_of_a_day_in_one_line() {
        let mut conn = office();
        // Noon in whatever zone the machine has: all of it is one day.
        let noon =
            jiff::civil::date(2026, 11, 20).at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::system()).unwrap();
        let at = |minutes: i64| noon.timestamp() + Span::new().minutes(minutes);
        let tx = conn.transaction().unwrap();
        for n in 0..5 {
            insert(&tx, &happened(at(n), "dossier.kept", "registrar", &format!("person_{n}"))).unwrap();
        }
        for n in 0..3 {
            insert(&tx, &happened(at(10 + n), "delivery.accepted", "it", &format!("delivery_{n}"))).unwrap();
        }
        insert(&tx, &happened(at(20), "dossier.kept", "admissions", "person_9")).unwrap();
        insert(&tx, &happened(at(24 * 60), "dossier.kept", "registrar", "person_8")).unwrap();
        tx.commit().unwrap();

        let told = |since: i64, limit: u32| -> Vec<(String, String, Option<String>, u64)> {
            let lines = digest(&conn, at(since), limit).unwrap().into_iter();
            lines.map(|line| (line.kind, line.account, line.subject, line.count)).collect()
        };
        let line = |kind: &str, account: &str, subject: Option<&str>, count: u64| {
            (kind.to_owned(), account.to_owned(), subject.map(str::to_owned), count)
        };
        let all = [
            line("dossier.kept", "registrar", Some("person_8"), 1),
            line("dossier.kept", "admissions", Some("person_9"), 1),
            line("delivery.accepted", "it", Some("delivery_2"), 1),
            line("delivery.accepted", "it", Some("delivery_1"), 1),
            line("delivery.accepted", "it", Some("delivery_0"), 1),
            line("dossier.kept", "registrar", None, 5),
        ];
        assert_eq!(told(0, 100), all);
        assert_eq!(told(0, 2), all[..2]);
        assert_eq!(
            told(3, 100)[5..],
            [
                line("dossier.kept", "registrar", Some("person_4"), 1),
                line("dossier.kept", "registrar", Some("person_3"), 1),
            ]
        );
        let last = digest(&conn, at(0), 100).unwrap().pop().unwrap();
        assert_eq!(last.at, at(4), "the time of the last of them");
    }
}
