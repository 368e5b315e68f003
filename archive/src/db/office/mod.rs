//! `office.db`: accounts, rights, open work and decisions. Kept and backed up; nothing else can rebuild it.

pub mod appraisal;
pub mod assessment;
pub mod audit;
pub mod calibration;
pub mod campaign;
pub mod cohort;
pub mod cohort_alike;
pub mod cohort_case;
pub mod cohort_other;
pub mod cohort_signature;
pub mod cohort_word;
pub mod comparison;
pub mod consent;
pub mod copy;
pub mod deletion;
pub mod delivery;
pub mod drill;
pub mod event;
pub mod fixity_check;
pub mod hand_check;
pub mod hold;
pub mod item;
pub mod job;
pub mod notice;
pub mod opening;
pub mod proof;
pub mod repair;
pub mod replica;
pub mod review;
pub mod roster;
pub mod seal;
pub mod session;
pub mod setting;
pub mod settlement;
pub mod sign_in;
pub mod token;
pub mod upload;
pub mod user;
pub mod vendor;
pub mod visit;

use rusqlite_migration::{M, Migrations};

const STEPS: &[M<'_>] = &[
    M::up(include_str!("migrations/0001_accounts.sql")),
    M::up(include_str!("migrations/0002_campaigns.sql")),
    M::up(include_str!("migrations/0003_settlements.sql")),
    M::up(include_str!("migrations/0004_digest.sql")),
    M::up(include_str!("migrations/0005_drill.sql")),
    M::up(include_str!("migrations/0006_replicas.sql")),
    M::up(include_str!("migrations/0007_appraisals.sql")),
    M::up(include_str!("migrations/0008_proofs.sql")),
    M::up(include_str!("migrations/0009_use.sql")),
    M::up(include_str!("migrations/0010_facts.sql")),
    M::up(include_str!("migrations/0011_visits.sql")),
    M::up(include_str!("migrations/0012_law.sql")),
    M::up(include_str!("migrations/0013_desk.sql")),
    M::up(include_str!("migrations/0014_cohorts.sql")),
    M::up(include_str!("migrations/0015_others.sql")),
];

/// The steps that lead to today's schema, oldest first.
pub const MIGRATIONS: Migrations<'static> = Migrations::from_slice(STEPS);

#[cfg(test)]
pub(crate) mod tests {
    use rusqlite::Connection;

    use super::*;

    /// An empty office in memory.
    pub(crate) fn office() -> Connection {
        let mut conn = Connection::open_in_memory().unwrap();
        MIGRATIONS.to_latest(&mut conn).unwrap();
        conn.pragma_update(None, "foreign_keys", true).unwrap();
        conn
    }

    #[test]
    fn schema() {
        let conn = office();
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
