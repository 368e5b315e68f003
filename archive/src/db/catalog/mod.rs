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

const STEPS: &[M<'_>] =
    &[M::up(include_str!("migrations/0001_catalog.sql")), M::up(include_str!("migrations/0002_scans.sql"))];

/// The steps that lead to today's schema, oldest first.
pub const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

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
