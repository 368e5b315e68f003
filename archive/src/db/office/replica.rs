//! Copies of the archive on further volumes, and what each holds of which object.

use bag::Checksum;
use ids::ReplicaId;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::db::{At, parsed};
use crate::ocfl::ObjectId;

/// A replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// Its id, as its mark says.
    pub id: ReplicaId,
    /// What people call it.
    pub name: String,
    /// Its folder.
    pub dir: String,
    /// When it was added.
    pub added: Timestamp,
    /// When a pass last came to its end.
    pub synced: Option<Timestamp>,
    /// When it last held everything.
    pub current: Option<Timestamp>,
    /// When every byte of it was last read.
    pub verified: Option<Timestamp>,
}

impl Replica {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let at = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<At>>(column)?.map(|at| at.0));
        Ok(Self {
            id: row.get("id")?,
            name: row.get("name")?,
            dir: row.get("dir")?,
            added: row.get::<_, At>("added")?.0,
            synced: at("synced")?,
            current: at("current")?,
            verified: at("verified")?,
        })
    }
}

/// What a replica holds of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The object.
    pub object: ObjectId,
    /// Its newest version there.
    pub version: u32,
    /// The sha512 of its inventory.
    pub inventory: Checksum,
    /// When it was last read back; nothing if it was only written.
    pub verified: Option<Timestamp>,
    /// Whether it was whole then.
    pub intact: bool,
}

impl Held {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            object: parsed(row, "object")?,
            version: row.get("version")?,
            inventory: parsed(row, "inventory")?,
            verified: row.get::<_, Option<At>>("verified")?.map(|at| at.0),
            intact: row.get("intact")?,
        })
    }
}

/// Every replica, by name.
pub fn all(conn: &Connection) -> rusqlite::Result<Vec<Replica>> {
    conn.prepare_cached("SELECT * FROM replica ORDER BY name")?.query_map([], Replica::from_row)?.collect()
}

/// A replica.
pub fn by_id(conn: &Connection, id: ReplicaId) -> rusqlite::Result<Option<Replica>> {
    conn.prepare_cached("SELECT * FROM replica WHERE id = :id")?
        .query_row(named_params! {":id": id}, Replica::from_row)
        .optional()
}

/// Notes a replica, of which nothing is known yet. One that was noted before is noted anew.
pub fn insert(
    tx: &Transaction<'_>,
    id: ReplicaId,
    name: &str,
    dir: &str,
    added: Timestamp,
) -> rusqlite::Result<()> {
    remove(tx, id)?;
    tx.execute(
        "INSERT INTO replica (id, name, dir, added) VALUES (:id, :name, :dir, :added)",
        named_params! {":id": id, ":name": name, ":dir": dir, ":added": At(added)},
    )?;
    Ok(())
}

/// Forgets a replica and what it holds. Returns whether it was there.
pub fn remove(tx: &Transaction<'_>, id: ReplicaId) -> rusqlite::Result<bool> {
    Ok(tx.execute("DELETE FROM replica WHERE id = :id", named_params! {":id": id})? == 1)
}

/// Notes that a pass came to its end, and whether the replica held everything then.
pub fn set_synced(tx: &Transaction<'_>, id: ReplicaId, at: Timestamp, current: bool) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE replica SET synced = :at, current = CASE WHEN :current THEN :at ELSE current END WHERE id = :id",
        named_params! {":id": id, ":at": At(at), ":current": current},
    )?;
    Ok(())
}

/// Notes that every byte was read.
pub fn set_verified(tx: &Transaction<'_>, id: ReplicaId, at: Timestamp) -> rusqlite::Result<()> {
    tx.execute("UPDATE replica SET verified = :at WHERE id = :id", named_params! {":id": id, ":at": At(at)})?;
    Ok(())
}

/// Everything a replica holds, what was not read for longest first.
pub fn held(conn: &Connection, id: ReplicaId) -> rusqlite::Result<Vec<Held>> {
    conn.prepare_cached("SELECT * FROM replica_object WHERE replica = :id ORDER BY verified, object")?
        .query_map(named_params! {":id": id}, Held::from_row)?
        .collect()
}

/// What a replica holds of an object.
pub fn held_of(conn: &Connection, id: ReplicaId, object: ObjectId) -> rusqlite::Result<Option<Held>> {
    conn.prepare_cached("SELECT * FROM replica_object WHERE replica = :id AND object = :object")?
        .query_row(named_params! {":id": id, ":object": object.to_string()}, Held::from_row)
        .optional()
}

/// Notes what a replica holds of an object.
pub fn set_held(tx: &Transaction<'_>, id: ReplicaId, held: &Held) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO replica_object (replica, object, version, inventory, verified, intact)
         VALUES (:id, :object, :version, :inventory, :verified, :intact)
         ON CONFLICT (replica, object) DO UPDATE
         SET version = :version, inventory = :inventory, verified = :verified, intact = :intact",
    )?
    .execute(named_params! {
        ":id": id, ":object": held.object.to_string(), ":version": held.version,
        ":inventory": held.inventory.as_str(), ":verified": held.verified.map(At), ":intact": held.intact,
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use bag::Algorithm;
    use jiff::ToSpan as _;

    use super::*;
    use crate::db::office::tests::office;

    #[test]
    fn a_replica_is_kept_with_what_it_holds_and_goes_with_it() {
        let mut conn = office();
        let (id, at) = (ReplicaId::new(), Timestamp::UNIX_EPOCH);
        let held_ = |verified| Held {
            object: ObjectId::new(),
            version: 2,
            inventory: Checksum::of(Algorithm::Sha512, b"inventory"),
            verified,
            intact: true,
        };
        let (old, new, never) = (held_(Some(at)), held_(Some(at + 1.hour())), held_(None));
        let tx = conn.transaction().unwrap();
        insert(&tx, id, "a", "/mnt/a", at).unwrap();
        for held in [&new, &old, &never] {
            set_held(&tx, id, held).unwrap();
        }
        set_synced(&tx, id, at, true).unwrap();
        set_synced(&tx, id, at + 1.hour(), false).unwrap();
        set_verified(&tx, id, at).unwrap();
        tx.commit().unwrap();
        let replica = by_id(&conn, id).unwrap().unwrap();
        assert_eq!((replica.synced, replica.current), (Some(at + 1.hour()), Some(at)));
        assert_eq!(all(&conn).unwrap(), [replica]);
        assert_eq!(held(&conn, id).unwrap(), [never, old.clone(), new]);
        let hurt = Held { intact: false, ..old };
        let tx = conn.transaction().unwrap();
        set_held(&tx, id, &hurt).unwrap();
        tx.commit().unwrap();
        assert_eq!(held_of(&conn, id, hurt.object).unwrap(), Some(hurt));
        let tx = conn.transaction().unwrap();
        assert!(remove(&tx, id).unwrap() && !remove(&tx, id).unwrap());
        tx.commit().unwrap();
        assert!(held(&conn, id).unwrap().is_empty() && all(&conn).unwrap().is_empty());
    }
}
