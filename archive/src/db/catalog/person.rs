//! People, with the facts by which they are found and matched.

use ids::{CampaignId, PersonId};
use rusqlite::{Connection, OptionalExtension as _, Transaction, named_params};

use crate::{db::Json, person::PersonRecord};

/// The facts of a person, if there is a dossier.
pub fn facts(conn: &Connection, id: PersonId) -> rusqlite::Result<Option<PersonRecord>> {
    conn.prepare_cached("SELECT facts FROM person WHERE id = :id")?
        .query_row(named_params! {":id": id}, |row| row.get::<_, Json<PersonRecord>>(0))
        .optional()
        .map(|facts| facts.map(|facts| facts.0))
}

/// A number that should belong to one person alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// 证件号
    IdNumber,
    /// 学号
    StudentNumber,
    /// 考生号
    CandidateNumber,
}

impl Key {
    const fn query(self) -> &'static str {
        match self {
            Self::IdNumber => "SELECT id FROM person WHERE id_number = :value ORDER BY id",
            Self::StudentNumber => "SELECT id FROM person WHERE student_number = :value ORDER BY id",
            Self::CandidateNumber => "SELECT id FROM person WHERE candidate_number = :value ORDER BY id",
        }
    }
}

/// The people who have this number.
pub fn by_key(conn: &Connection, key: Key, value: &str) -> rusqlite::Result<Vec<PersonId>> {
    conn.prepare_cached(key.query())?.query_map(named_params! {":value": value}, |row| row.get(0))?.collect()
}

/// Every person, in no order that means anything.
pub fn all(conn: &Connection) -> rusqlite::Result<Vec<PersonId>> {
    conn.prepare_cached("SELECT id FROM person ORDER BY id")?.query_map([], |row| row.get(0))?.collect()
}

/// The next people behind one, in the order of their ids.
pub fn after(conn: &Connection, after: Option<PersonId>, limit: u32) -> rusqlite::Result<Vec<PersonId>> {
    conn.prepare_cached("SELECT id FROM person WHERE :after IS NULL OR id > :after ORDER BY id LIMIT :limit")?
        .query_map(named_params! {":after": after, ":limit": limit}, |row| row.get(0))?
        .collect()
}

/// How many people come up to one, this one included, in the order of their ids; nobody up to nobody.
pub fn count_up_to(conn: &Connection, last: Option<PersonId>) -> rusqlite::Result<u64> {
    conn.prepare_cached("SELECT count(*) FROM person WHERE id <= :last")?
        .query_row(named_params! {":last": last}, |row| row.get(0))
}

/// How many people there are.
pub fn count(conn: &Connection) -> rusqlite::Result<u64> {
    conn.prepare_cached("SELECT count(*) FROM person")?.query_row([], |row| row.get(0))
}

/// The people of a campaign by the archive's own word, with their facts.
pub fn of_campaign(
    conn: &Connection,
    campaign: CampaignId,
) -> rusqlite::Result<Vec<(PersonId, PersonRecord)>> {
    conn.prepare_cached(
        "SELECT person.id, person.facts FROM membership JOIN person ON person.id = membership.person
         WHERE membership.campaign = :campaign ORDER BY person.id",
    )?
    .query_map(named_params! {":campaign": campaign}, |row| Ok((row.get(0)?, row.get::<_, Json<_>>(1)?.0)))?
    .collect()
}

/// Notes a person, or newer facts.
pub fn upsert(tx: &Transaction<'_>, id: PersonId, facts: &PersonRecord) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO person (id, name, candidate_number, student_number, id_number, college, major, class,
                             entry_year, facts)
         VALUES (:id, :name, :candidate_number, :student_number, :id_number, :college, :major, :class,
                 :entry_year, :facts)
         ON CONFLICT (id) DO UPDATE
         SET name = :name, candidate_number = :candidate_number, student_number = :student_number,
             id_number = :id_number, college = :college, major = :major, class = :class,
             entry_year = :entry_year, facts = :facts",
    )?
    .execute(named_params! {
        ":id": id, ":name": facts.name, ":candidate_number": facts.candidate_number,
        ":student_number": facts.student_number, ":id_number": facts.id_number, ":college": facts.college,
        ":major": facts.major, ":class": facts.class, ":entry_year": facts.entry_date.map(|date| date.year()),
        ":facts": Json(facts),
    })?;
    Ok(())
}
