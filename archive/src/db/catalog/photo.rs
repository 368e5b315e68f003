//! Kept photos.

use ids::{DeliveryId, PersonId, PhotoId};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::{
    db::At,
    dossier::{Photo, PhotoKind},
};

fn from_row(row: &Row<'_>) -> rusqlite::Result<Photo> {
    Ok(Photo {
        id: row.get("id")?,
        kind: row.get("kind")?,
        file: row.get("file")?,
        sha512: row.get("sha512")?,
        sha256: row.get("sha256")?,
        bytes: row.get("bytes")?,
        width: row.get("width")?,
        height: row.get("height")?,
        captured: row.get::<_, Option<At>>("captured")?.map(|at| at.0),
        kept: row.get::<_, At>("kept")?.0,
        delivery: row.get("delivery")?,
        token: row.get("token")?,
        source: row.get("source")?,
        superseded_by: row.get("superseded_by")?,
    })
}

/// The photo `id` and whose it is, if there is one.
pub fn get(conn: &Connection, id: PhotoId) -> rusqlite::Result<Option<(PersonId, Photo)>> {
    conn.prepare_cached("SELECT * FROM photo WHERE id = :id")?
        .query_row(named_params! {":id": id}, |row| Ok((row.get("person")?, from_row(row)?)))
        .optional()
}

/// The photos of a person in the order in which they were kept.
pub fn of(conn: &Connection, person: PersonId) -> rusqlite::Result<Vec<Photo>> {
    conn.prepare_cached("SELECT * FROM photo WHERE person = :person ORDER BY position")?
        .query_map(named_params! {":person": person}, from_row)?
        .collect()
}

/// The photo of a kind that nothing has superseded.
pub fn current(conn: &Connection, person: PersonId, kind: PhotoKind) -> rusqlite::Result<Option<Photo>> {
    conn.prepare_cached(
        "SELECT * FROM photo WHERE person = :person AND kind = :kind AND superseded_by IS NULL
         ORDER BY position DESC LIMIT 1",
    )?
    .query_row(named_params! {":person": person, ":kind": kind}, from_row)
    .optional()
}

/// The photos that came with a delivery, and whose they are.
pub fn of_delivery(conn: &Connection, delivery: DeliveryId) -> rusqlite::Result<Vec<(PersonId, Photo)>> {
    conn.prepare_cached("SELECT * FROM photo WHERE delivery = :delivery ORDER BY person, position")?
        .query_map(named_params! {":delivery": delivery}, |row| Ok((row.get("person")?, from_row(row)?)))?
        .collect()
}

/// The people whose dossiers hold this very picture. More than one is a mistake.
pub fn holders(conn: &Connection, sha256: &str) -> rusqlite::Result<Vec<PersonId>> {
    conn.prepare_cached("SELECT DISTINCT person FROM photo WHERE sha256 = :sha256 ORDER BY person")?
        .query_map(named_params! {":sha256": sha256}, |row| row.get(0))?
        .collect()
}

/// Who has a present photo of which kind.
pub fn current_kinds(conn: &Connection) -> rusqlite::Result<Vec<(PersonId, PhotoKind)>> {
    conn.prepare_cached("SELECT DISTINCT person, kind FROM photo WHERE superseded_by IS NULL")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// How many photos there are, superseded ones included.
pub fn count(conn: &Connection) -> rusqlite::Result<u64> {
    conn.prepare_cached("SELECT count(*) FROM photo")?.query_row([], |row| row.get(0))
}

/// Sets the photos of a person.
pub fn replace(tx: &Transaction<'_>, person: PersonId, photos: &[Photo]) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM photo WHERE person = :person")?
        .execute(named_params! {":person": person})?;
    for (position, photo) in (0_i64..).zip(photos) {
        tx.prepare_cached(
            "INSERT INTO photo (id, person, position, kind, file, sha256, sha512, bytes, width, height, captured,
                                kept, delivery, token, source, superseded_by)
             VALUES (:id, :person, :position, :kind, :file, :sha256, :sha512, :bytes, :width, :height, :captured,
                     :kept, :delivery, :token, :source, :superseded_by)",
        )?
        .execute(named_params! {
            ":id": photo.id, ":person": person, ":position": position, ":kind": photo.kind,
            ":file": photo.file, ":sha256": photo.sha256, ":sha512": photo.sha512, ":bytes": photo.bytes,
            ":width": photo.width, ":height": photo.height, ":captured": photo.captured.map(At),
            ":kept": At(photo.kept), ":delivery": photo.delivery, ":token": photo.token,
            ":source": photo.source, ":superseded_by": photo.superseded_by,
        })?;
    }
    Ok(())
}
