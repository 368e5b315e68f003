//! Checks of DA/T 70-2018 (四性检测): each one's figures and report.

use ids::AppraisalId;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::appraisal::{AppraisalReport, Scope, Verdict};
use crate::db::At;

/// The figures of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appraisal {
    /// Its id.
    pub id: AppraisalId,
    /// What was checked: `archive`, an object's id or a delivery's.
    pub subject: String,
    /// At which moment: `accession` or `preservation`.
    pub environment: String,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// The account that asked for it.
    pub account: String,
    /// Objects that were read.
    pub objects: u64,
    /// Items that passed.
    pub passed: u64,
    /// Items that failed.
    pub failed: u64,
    /// Items that could not be tested.
    pub not_testable: u64,
    /// Of the failed, those that decide alone.
    pub vetoes: u64,
    /// SHA-256 of the report, hex.
    pub sha256: String,
}

impl Appraisal {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            subject: row.get("subject")?,
            environment: row.get("environment")?,
            began: row.get::<_, At>("began")?.0,
            ended: row.get::<_, At>("ended")?.0,
            account: row.get("account")?,
            objects: row.get("objects")?,
            passed: row.get("passed")?,
            failed: row.get("failed")?,
            not_testable: row.get("not_testable")?,
            vetoes: row.get("vetoes")?,
            sha256: row.get("sha256")?,
        })
    }
}

/// What a scope is called among the rows.
#[must_use]
pub fn subject(scope: Scope) -> String {
    match scope {
        Scope::Archive => "archive".to_owned(),
        Scope::Object(object) => object.to_string(),
        Scope::Delivery(delivery) => delivery.to_string(),
    }
}

/// The last `limit` checks, newest first, of one subject or of all.
pub fn latest(conn: &Connection, subject: Option<&str>, limit: u32) -> rusqlite::Result<Vec<Appraisal>> {
    conn.prepare_cached(
        "SELECT * FROM appraisal WHERE :subject IS NULL OR subject = :subject ORDER BY number DESC LIMIT :limit",
    )?
    .query_map(named_params! {":subject": subject, ":limit": limit}, Appraisal::from_row)?
    .collect()
}

/// One check and its report, byte for byte as its digest says.
pub fn get(conn: &Connection, id: AppraisalId) -> rusqlite::Result<Option<(Appraisal, String)>> {
    conn.prepare_cached("SELECT * FROM appraisal WHERE id = :id")?
        .query_row(named_params! {":id": id}, |row| Ok((Appraisal::from_row(row)?, row.get("report")?)))
        .optional()
}

/// Keeps a check with its report, as `document` of digest `sha256`.
pub fn insert(
    tx: &Transaction<'_>,
    id: AppraisalId,
    account: &str,
    report: &AppraisalReport,
    document: &str,
    sha256: &str,
) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO appraisal (id, subject, environment, began, ended, account, objects, passed, failed,
                                not_testable, vetoes, report, sha256)
         VALUES (:id, :subject, :environment, :began, :ended, :account, :objects, :passed, :failed,
                 :not_testable, :vetoes, :report, :sha256)",
        named_params! {
            ":id": id, ":subject": subject(report.scope), ":environment": report.environment.word(),
            ":began": At(report.began), ":ended": At(report.ended), ":account": account,
            ":objects": report.objects, ":passed": report.count(Verdict::Passed),
            ":failed": report.count(Verdict::Failed), ":not_testable": report.count(Verdict::NotTestable),
            ":vetoes": report.vetoes(), ":report": document, ":sha256": sha256,
        },
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use ids::DeliveryId;

    use super::*;
    use crate::appraisal::Environment;
    use crate::db::office::tests::office;

    #[test]
    fn a_check_is_kept_with_its_report_and_found_by_what_it_was_about() {
        let mut conn = office();
        let at = Timestamp::UNIX_EPOCH;
        let report = |scope| AppraisalReport {
            format: AppraisalReport::FORMAT.to_owned(),
            scheme: "test/1".to_owned(),
            scope,
            environment: Environment::Accession,
            began: at,
            ended: at,
            objects: 3,
            files: 9,
            bytes: 900,
            rows: Vec::new(),
        };
        let delivery = DeliveryId::new();
        let mut kept = Vec::new();
        for scope in [Scope::Archive, Scope::Delivery(delivery)] {
            let (document, hash) = report(scope).document().unwrap();
            let document = String::from_utf8(document).unwrap();
            let tx = conn.transaction().unwrap();
            let id = AppraisalId::new();
            insert(&tx, id, "console", &report(scope), &document, &hash.to_string()).unwrap();
            tx.commit().unwrap();
            kept.push((id, document));
        }
        let all = latest(&conn, None, 9).unwrap();
        assert_eq!(all.iter().map(|one| one.id).collect::<Vec<_>>(), [kept[1].0, kept[0].0]);
        let of_delivery = latest(&conn, Some(&delivery.to_string()), 9).unwrap();
        assert_eq!(
            (of_delivery.len(), of_delivery[0].objects, &*of_delivery[0].environment),
            (1, 3, "accession")
        );
        let (found, document) = get(&conn, kept[0].0).unwrap().unwrap();
        assert_eq!((found.subject.as_str(), &document), ("archive", &kept[0].1));
        assert_eq!(get(&conn, AppraisalId::new()).unwrap(), None);
    }
}
