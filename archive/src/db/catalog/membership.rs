//! Which campaigns a dossier says its person was on the roster of.

use ids::{CampaignId, PersonId};
use rusqlite::{Connection, Transaction, named_params};

/// The campaigns of a person.
pub fn of(conn: &Connection, person: PersonId) -> rusqlite::Result<Vec<CampaignId>> {
    conn.prepare_cached("SELECT campaign FROM membership WHERE person = :person ORDER BY campaign")?
        .query_map(named_params! {":person": person}, |row| row.get(0))?
        .collect()
}

/// Sets the campaigns of a person.
pub fn replace(tx: &Transaction<'_>, person: PersonId, campaigns: &[CampaignId]) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM membership WHERE person = :person")?
        .execute(named_params! {":person": person})?;
    for campaign in campaigns {
        tx.prepare_cached(
            "INSERT INTO membership (person, campaign) VALUES (:person, :campaign) ON CONFLICT DO NOTHING",
        )?
        .execute(named_params! {":person": person, ":campaign": campaign})?;
    }
    Ok(())
}
