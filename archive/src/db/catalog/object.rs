//! Archived objects: dossiers, accepted deliveries, closed deletion cases, signed cohorts.

use ids::{CaseId, CohortId, DeliveryId, PersonId};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::ocfl::ObjectId;

crate::db::words! {
    /// What an object is about.
    ObjectKind {
        /// A person.
        Dossier = "dossier",
        /// An accepted delivery.
        Delivery = "delivery",
        /// A closed deletion case.
        Deletion = "deletion",
        /// A signed cohort.
        Cohort = "cohort",
        /// Something this program did not write.
        Other = "other",
    }
}

impl ObjectKind {
    /// The id by which people know an object of this kind.
    #[must_use]
    pub fn subject(self, object: ObjectId) -> String {
        let uuid = object.uuid();
        match self {
            Self::Dossier => PersonId::from_uuid(uuid).to_string(),
            Self::Delivery => DeliveryId::from_uuid(uuid).to_string(),
            Self::Deletion => CaseId::from_uuid(uuid).to_string(),
            Self::Cohort => CohortId::from_uuid(uuid).to_string(),
            Self::Other => object.to_string(),
        }
    }

    /// The kind of the events that tell of its versions.
    #[must_use]
    pub const fn kept(self) -> &'static str {
        match self {
            Self::Dossier => "dossier.kept",
            Self::Delivery => "delivery.kept",
            Self::Deletion => "deletion.kept",
            Self::Cohort => "cohort.kept",
            Self::Other => "object.kept",
        }
    }
}

/// One object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Object {
    /// Its id.
    pub id: ObjectId,
    /// What it is about.
    pub kind: ObjectKind,
    /// Its newest version.
    pub head: u32,
    /// Stored files of all versions, without inventories.
    pub files: u64,
    /// Bytes of those files.
    pub bytes: u64,
}

/// Objects in figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many objects there are.
    pub objects: u64,
    /// Bytes of all content.
    pub bytes: u64,
}

/// Objects in figures, all kinds together.
pub fn totals(conn: &Connection) -> rusqlite::Result<Totals> {
    conn.prepare_cached("SELECT count(*), coalesce(sum(bytes), 0) FROM object")?
        .query_row([], |row| Ok(Totals { objects: row.get(0)?, bytes: row.get(1)? }))
}

/// How many objects of a kind there are.
pub fn count(conn: &Connection, kind: ObjectKind) -> rusqlite::Result<u64> {
    conn.prepare_cached("SELECT count(*) FROM object WHERE kind = :kind")?
        .query_row(named_params! {":kind": kind}, |row| row.get(0))
}

/// The newest version of an object, as far as the catalog knows.
pub fn head(conn: &Connection, id: ObjectId) -> rusqlite::Result<Option<u32>> {
    conn.prepare_cached("SELECT head FROM object WHERE id = :id")?
        .query_row(named_params! {":id": id.to_string()}, |row| row.get(0))
        .optional()
}

/// What an object is about, if the catalog knows it.
pub fn kind(conn: &Connection, id: ObjectId) -> rusqlite::Result<Option<ObjectKind>> {
    conn.prepare_cached("SELECT kind FROM object WHERE id = :id")?
        .query_row(named_params! {":id": id.to_string()}, |row| row.get(0))
        .optional()
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Object> {
    let id: String = row.get("id")?;
    let id = id.parse().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
    })?;
    let (kind, head) = (row.get("kind")?, row.get("head")?);
    Ok(Object { id, kind, head, files: row.get("files")?, bytes: row.get("bytes")? })
}

/// An object, if the catalog knows it.
pub fn get(conn: &Connection, id: ObjectId) -> rusqlite::Result<Option<Object>> {
    conn.prepare_cached("SELECT * FROM object WHERE id = :id")?
        .query_row(named_params! {":id": id.to_string()}, from_row)
        .optional()
}

/// Every object.
pub fn all(conn: &Connection) -> rusqlite::Result<Vec<Object>> {
    conn.prepare_cached("SELECT * FROM object ORDER BY id")?.query_map([], from_row)?.collect()
}

/// Every object's id with its newest version.
pub fn heads(conn: &Connection) -> rusqlite::Result<Vec<(String, u32)>> {
    conn.prepare_cached("SELECT id, head FROM object ORDER BY id")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Notes an object, or its newer version.
pub fn upsert(tx: &Transaction<'_>, object: &Object) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO object (id, kind, head, files, bytes) VALUES (:id, :kind, :head, :files, :bytes)
         ON CONFLICT (id) DO UPDATE SET kind = :kind, head = :head, files = :files, bytes = :bytes",
    )?
    .execute(named_params! {
        ":id": object.id.to_string(), ":kind": object.kind, ":head": object.head, ":files": object.files,
        ":bytes": object.bytes,
    })?;
    Ok(())
}
