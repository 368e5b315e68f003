//! `catalog.db`: what the archive holds. Derived from the OCFL root; it can be deleted and rebuilt.

pub mod diploma;
pub mod intent;
pub mod membership;
pub mod object;
pub mod person;
pub mod photo;
pub mod scan;
pub mod swap;
pub mod to_index;
pub mod to_note;
pub mod version;

use rusqlite_migration::{M, Migrations};

const STEPS: &[M<'_>] = &[
    M::up(include_str!("migrations/0001_catalog.sql")),
    M::up(include_str!("migrations/0002_scans.sql")),
    M::up(include_str!("migrations/0003_cohorts.sql")),
    M::up(include_str!("migrations/0004_waiting.sql")),
];

/// The steps that lead to today's schema, oldest first.
pub const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn objects_and_their_versions_come_through_the_step_that_makes_their_tables_anew() {
        let mut conn = Connection::open_in_memory().unwrap();
        conn.pragma_update(None, "foreign_keys", true).unwrap();
        MIGRATIONS.to_version(&mut conn, 2).unwrap();
        conn.execute_batch(
            "INSERT INTO object VALUES ('urn:uuid:1', 'dossier', 2, 3, 4);
             INSERT INTO version VALUES ('urn:uuid:1', 1, 5, 'it', NULL, 'made'), ('urn:uuid:1', 2, 6, 'it', NULL, 'more');",
        )
        .unwrap();
        MIGRATIONS.to_latest(&mut conn).unwrap();
        let count = |conn: &Connection| -> u32 {
            conn.query_row("SELECT count(*) FROM version WHERE object = 'urn:uuid:1'", [], |row| row.get(0))
                .unwrap()
        };
        assert_eq!(count(&conn), 2);
        conn.execute("INSERT INTO object VALUES ('urn:uuid:2', 'cohort', 1, 2, 9)", []).unwrap();
        conn.execute("INSERT INTO version VALUES ('urn:uuid:3', 1, 5, 'it', NULL, 'of none')", [])
            .unwrap_err();
        conn.execute("DELETE FROM object WHERE id = 'urn:uuid:1'", []).unwrap();
        assert_eq!(count(&conn), 0, "versions still go with their object");
    }

    #[test]
    fn schema() {
        let mut conn = Connection::open_in_memory().unwrap();
        MIGRATIONS.to_latest(&mut conn).unwrap();
        let ddl: Vec<String> = conn
            .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        insta::assert_snapshot!(ddl.join(";\n\n"));
    }
}
