//! Files that staff put in for a job.

use ids::{UploadId, UserId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::db::At;

/// An uploaded file. Its bytes lie in the incoming folder under its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// Who put it in.
    pub user: UserId,
    /// As the client named it: tells the format, is never a path.
    pub name: String,
    /// Its bytes.
    pub bytes: u64,
    /// SHA-256, lower-case hex.
    pub sha256: String,
    /// When.
    pub created: Timestamp,
}

impl Upload {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            user: row.get("user")?,
            name: row.get("name")?,
            bytes: row.get("bytes")?,
            sha256: row.get("sha256")?,
            created: row.get::<_, At>("created")?.0,
        })
    }
}

/// Returns an upload.
///
/// # Errors
///
/// When the store can't be read.
pub fn by_id(conn: &Connection, id: UploadId) -> rusqlite::Result<Option<Upload>> {
    conn.prepare_cached("SELECT id, user, name, bytes, sha256, created FROM upload WHERE id = :id")?
        .query_row(named_params! {":id": id}, Upload::from_row)
        .optional()
}

/// Returns uploads put in before `before`.
///
/// # Errors
///
/// When the store can't be read.
pub fn older_than(conn: &Connection, before: Timestamp) -> rusqlite::Result<Vec<Upload>> {
    conn.prepare_cached("SELECT id, user, name, bytes, sha256, created FROM upload WHERE created < :before")?
        .query_map(named_params! {":before": At(before)}, Upload::from_row)?
        .collect()
}

/// Records an upload whose bytes are on disk.
///
/// # Errors
///
/// When the store can't be written.
pub fn insert(tx: &Transaction<'_>, upload: &Upload) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO upload (id, user, name, bytes, sha256, created)
         VALUES (:id, :user, :name, :bytes, :sha256, :created)",
        named_params! {
            ":id": upload.id, ":user": upload.user, ":name": upload.name, ":bytes": upload.bytes,
            ":sha256": upload.sha256, ":created": At(upload.created),
        },
    )?;
    Ok(())
}

/// Forgets an upload.
///
/// # Errors
///
/// When the store can't be written.
pub fn delete(tx: &Transaction<'_>, id: UploadId) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM upload WHERE id = :id", named_params! {":id": id})?;
    Ok(())
}
