//! Long work: what was asked for, how far it is, how it ended.

use std::collections::BTreeMap;

use ids::{JobId, UserId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::db::{At, Json};

/// A job. Kind and state are the API's words.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What it does.
    pub kind: String,
    /// What it works on.
    pub subject: Option<String>,
    /// What it needs to know, for its own eyes.
    pub params: serde_json::Value,
    /// Who asked for it.
    pub actor: UserId,
    /// The account's name then.
    pub account: String,
    /// How far it is.
    pub state: String,
    /// The step it is at.
    pub step: String,
    /// Units done of this step.
    pub done: u64,
    /// Units in all of this step; 0 when not known.
    pub total: u64,
    /// When it was asked for.
    pub created: Timestamp,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// Figures of its result.
    pub result: BTreeMap<String, u64>,
    /// Why it failed, as a problem document.
    pub problem: Option<serde_json::Value>,
}

/// Something an import found in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub place: String,
    /// The column or field.
    pub field: Option<String>,
    /// Stable code.
    pub code: String,
    /// `block`, `warn` or `info`.
    pub severity: String,
}

const COLUMNS: &str = "id, kind, subject, params, actor, account, state, step, done, total, created, started, \
    finished, result, problem";

impl Job {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            kind: row.get("kind")?,
            subject: row.get("subject")?,
            params: row.get::<_, Json<_>>("params")?.0,
            actor: row.get("actor")?,
            account: row.get("account")?,
            state: row.get("state")?,
            step: row.get("step")?,
            done: row.get("done")?,
            total: row.get("total")?,
            created: row.get::<_, At>("created")?.0,
            started: row.get::<_, Option<At>>("started")?.map(|at| at.0),
            finished: row.get::<_, Option<At>>("finished")?.map(|at| at.0),
            result: row.get::<_, Json<_>>("result")?.0,
            problem: row.get::<_, Option<Json<_>>>("problem")?.map(|json| json.0),
        })
    }
}

/// Returns a job.
///
/// # Errors
///
/// When the store can't be read.
pub fn by_id(conn: &Connection, id: JobId) -> rusqlite::Result<Option<Job>> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} FROM job WHERE id = :id"))?
        .query_row(named_params! {":id": id}, Job::from_row)
        .optional()
}

/// Returns the jobs on `subject`, or all, newest first.
///
/// # Errors
///
/// When the store can't be read.
pub fn list(conn: &Connection, subject: Option<&str>, limit: u32) -> rusqlite::Result<Vec<Job>> {
    conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM job WHERE :subject IS NULL OR subject = :subject
         ORDER BY created DESC, id LIMIT :limit"
    ))?
    .query_map(named_params! {":subject": subject, ":limit": limit}, Job::from_row)?
    .collect()
}

/// Returns jobs in this state, oldest first.
///
/// # Errors
///
/// When the store can't be read.
pub fn in_state(conn: &Connection, state: &str) -> rusqlite::Result<Vec<Job>> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} FROM job WHERE state = :state ORDER BY created, id"))?
        .query_map(named_params! {":state": state}, Job::from_row)?
        .collect()
}

/// Records a job.
///
/// # Errors
///
/// When the store can't be written.
pub fn insert(tx: &Transaction<'_>, job: &Job) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO job (id, kind, subject, params, actor, account, state, step, done, total, created, result)
         VALUES (:id, :kind, :subject, :params, :actor, :account, :state, :step, :done, :total, :created, :result)",
        named_params! {
            ":id": job.id, ":kind": job.kind, ":subject": job.subject, ":params": Json(&job.params),
            ":actor": job.actor, ":account": job.account, ":state": job.state, ":step": job.step,
            ":done": job.done, ":total": job.total, ":created": At(job.created), ":result": Json(&job.result),
        },
    )?;
    Ok(())
}

/// Records how far a job is and how it ended.
///
/// # Errors
///
/// When the store can't be written.
pub fn update(tx: &Transaction<'_>, job: &Job) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE job SET state = :state, step = :step, done = :done, total = :total, started = :started,
             finished = :finished, result = :result, problem = :problem
         WHERE id = :id",
        named_params! {
            ":id": job.id, ":state": job.state, ":step": job.step, ":done": job.done, ":total": job.total,
            ":started": job.started.map(At), ":finished": job.finished.map(At), ":result": Json(&job.result),
            ":problem": job.problem.as_ref().map(Json),
        },
    )?;
    Ok(())
}

/// Returns what a job found, in the order of the file, and how much that is in all.
///
/// # Errors
///
/// When the store can't be read.
pub fn findings(
    conn: &Connection,
    job: JobId,
    offset: u32,
    limit: u32,
) -> rusqlite::Result<(Vec<Finding>, u64)> {
    let total = conn
        .prepare_cached("SELECT count(*) FROM job_finding WHERE job = :job")?
        .query_row(named_params! {":job": job}, |row| row.get(0))?;
    let findings = conn
        .prepare_cached(
            "SELECT place, field, code, severity FROM job_finding
             WHERE job = :job ORDER BY number LIMIT :limit OFFSET :offset",
        )?
        .query_map(named_params! {":job": job, ":limit": limit, ":offset": offset}, |row| {
            Ok(Finding {
                place: row.get("place")?,
                field: row.get("field")?,
                code: row.get("code")?,
                severity: row.get("severity")?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok((findings, total))
}

/// Replaces what a job found: a job run again finds everything anew.
///
/// # Errors
///
/// When the store can't be written.
pub fn set_findings(tx: &Transaction<'_>, job: JobId, findings: &[Finding]) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM job_finding WHERE job = :job", named_params! {":job": job})?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO job_finding (job, number, place, field, code, severity)
         VALUES (:job, :number, :place, :field, :code, :severity)",
    )?;
    for (number, finding) in (0_i64..).zip(findings) {
        insert.execute(named_params! {
            ":job": job, ":number": number, ":place": finding.place, ":field": finding.field,
            ":code": finding.code, ":severity": finding.severity,
        })?;
    }
    Ok(())
}
