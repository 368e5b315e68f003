//! Who looked at what, read from the audit trail: looks that follow each other closely are one visit.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Row, named_params};

use crate::db::At;

/// Looks of one account, of one kind, at one thing, for one purpose, each soon after the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The number of its last entry in the trail.
    pub number: u64,
    /// When it began.
    pub first: Timestamp,
    /// When the last look was.
    pub last: Timestamp,
    /// How many looks there were.
    pub count: u64,
    /// The account's name.
    pub account: String,
    /// What was done: `photo.read`.
    pub action: String,
    /// To what: an id.
    pub subject: Option<String>,
    /// The purpose stated.
    pub purpose: Option<String>,
}

/// Which visits are wanted. What is `None` does not matter.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Only of this account, by name.
    pub account: Option<&'a str>,
    /// Only to this.
    pub subject: Option<&'a str>,
    /// Only these actions.
    pub actions: &'a [&'a str],
    /// Only from then on.
    pub from: Option<Timestamp>,
    /// Only before then.
    pub until: Option<Timestamp>,
    /// How soon one look must follow the other to be of the same visit.
    pub within: SignedDuration,
}

/// How many visits there are, and to how many things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Visits.
    pub visits: u64,
    /// Different things.
    pub subjects: u64,
}

/// The visits, unordered. A look begins one when none like it was shortly before.
const VISITS: &str = "WITH look AS (
        SELECT number, at, account, action, subject, purpose,
               coalesce(at - lag(at) OVER same > :within, 1) AS begins
        FROM audit
        WHERE ok = 1
          AND (:subject IS NULL OR subject = :subject)
          AND (:account IS NULL OR account = :account)
          AND (:from IS NULL OR at >= :from)
          AND (:until IS NULL OR at < :until)
          AND action IN (SELECT value FROM json_each(:actions))
        WINDOW same AS (PARTITION BY account, action, subject, purpose ORDER BY number)
    ),
    numbered AS (
        SELECT *, sum(begins) OVER (PARTITION BY account, action, subject, purpose ORDER BY number) AS visit FROM look
    ),
    visits AS (
        SELECT max(number) AS number, min(at) AS first, max(at) AS last, count(*) AS count,
               account, action, subject, purpose
        FROM numbered GROUP BY account, action, subject, purpose, visit
    )";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Visit> {
    Ok(Visit {
        number: row.get("number")?,
        first: row.get::<_, At>("first")?.0,
        last: row.get::<_, At>("last")?.0,
        count: row.get("count")?,
        account: row.get("account")?,
        action: row.get("action")?,
        subject: row.get("subject")?,
        purpose: row.get("purpose")?,
    })
}

fn actions(wanted: Wanted<'_>) -> String {
    serde_json::json!(wanted.actions).to_string()
}

fn within(wanted: Wanted<'_>) -> i64 {
    i64::try_from(wanted.within.as_micros()).unwrap_or(i64::MAX)
}

/// A part of the visits, the latest first.
///
/// # Errors
///
/// When the store can't be read.
pub fn list(conn: &Connection, wanted: Wanted<'_>, offset: u32, limit: u32) -> rusqlite::Result<Vec<Visit>> {
    conn.prepare_cached(&format!(
        "{VISITS} SELECT * FROM visits ORDER BY number DESC LIMIT :limit OFFSET :offset"
    ))?
    .query_map(
        named_params! {
            ":subject": wanted.subject, ":account": wanted.account, ":actions": actions(wanted),
            ":from": wanted.from.map(At), ":until": wanted.until.map(At), ":within": within(wanted),
            ":limit": limit, ":offset": offset,
        },
        from_row,
    )?
    .collect()
}

/// How many there are.
///
/// # Errors
///
/// When the store can't be read.
pub fn totals(conn: &Connection, wanted: Wanted<'_>) -> rusqlite::Result<Totals> {
    conn.prepare_cached(&format!("{VISITS} SELECT count(*), count(DISTINCT subject) FROM visits"))?.query_row(
        named_params! {
            ":subject": wanted.subject, ":account": wanted.account, ":actions": actions(wanted),
            ":from": wanted.from.map(At), ":until": wanted.until.map(At), ":within": within(wanted),
        },
        |row| Ok(Totals { visits: row.get(0)?, subjects: row.get(1)? }),
    )
}

/// The accounts that stand in the trail, in the order of their names.
///
/// # Errors
///
/// When the store can't be read.
pub fn accounts(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    conn.prepare_cached("SELECT DISTINCT account FROM audit ORDER BY account")?
        .query_map([], |row| row.get(0))?
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::office::{audit, tests::office};

    fn minute(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn look(conn: &mut Connection, at: i64, account: &str, action: &str, subject: &str, ok: bool) {
        let tx = conn.transaction().unwrap();
        let entry = audit::Entry {
            at: minute(at),
            actor: None,
            account: account.to_owned(),
            action: action.to_owned(),
            subject: Some(subject.to_owned()),
            purpose: Some("核验".to_owned()),
            ok,
        };
        audit::insert(&tx, &entry).unwrap();
        tx.commit().unwrap();
    }

    const WANTED: Wanted<'static> = Wanted {
        account: None,
        subject: None,
        actions: &["dossier.read", "photo.read"],
        from: None,
        until: None,
        within: SignedDuration::from_mins(10),
    };

    #[test]
    fn looks_soon_after_each_other_are_one_visit_and_nobody_is_mixed_up_with_another() {
        let mut conn = office();
        for (at, account, action, subject, ok) in [
            (0, "li", "photo.read", "person_a", true),
            (1, "wang", "photo.read", "person_a", true),
            (9, "li", "photo.read", "person_a", true),
            (10, "li", "photo.read", "person_b", true),
            // Ten minutes after the last one, not after the first.
            (19, "li", "photo.read", "person_a", true),
            (20, "li", "dossier.read", "person_a", true),
            (21, "li", "photo.read", "person_a", false),
            (22, "li", "session.open", "person_a", true),
            (30, "li", "photo.read", "person_a", true),
        ] {
            look(&mut conn, at, account, action, subject, ok);
        }
        let seen = |wanted| -> Vec<(i64, i64, u64, String, String)> {
            let visits = list(&conn, wanted, 0, 50).unwrap();
            assert_eq!(totals(&conn, wanted).unwrap().visits, visits.len() as u64);
            let at = |at: Timestamp| at.as_second() / 60;
            visits.into_iter().map(|v| (at(v.first), at(v.last), v.count, v.account, v.action)).collect()
        };
        let row = |first, last, count, account: &str, action: &str| {
            (first, last, count, account.to_owned(), action.to_owned())
        };
        let of_a = Wanted { subject: Some("person_a"), ..WANTED };
        assert_eq!(
            seen(of_a),
            [
                row(30, 30, 1, "li", "photo.read"),
                row(20, 20, 1, "li", "dossier.read"),
                row(0, 19, 3, "li", "photo.read"),
                row(1, 1, 1, "wang", "photo.read"),
            ]
        );
        let of_li = Wanted { account: Some("li"), from: Some(minute(10)), until: Some(minute(30)), ..WANTED };
        assert_eq!(
            seen(of_li),
            [
                row(20, 20, 1, "li", "dossier.read"),
                row(19, 19, 1, "li", "photo.read"),
                row(10, 10, 1, "li", "photo.read"),
            ]
        );
        assert_eq!(totals(&conn, of_li).unwrap(), Totals { visits: 3, subjects: 2 });
        // A page of it is a part of the whole.
        let all = list(&conn, of_a, 0, 50).unwrap();
        assert_eq!(list(&conn, of_a, 1, 2).unwrap(), all[1..3]);
        assert_eq!(accounts(&conn).unwrap(), ["li", "wang"]);
    }
}
