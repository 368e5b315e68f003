//! Rosters: who belongs to a campaign.

use ids::{CampaignId, PersonId};
use rusqlite::{Connection, Row, Transaction, named_params};

/// One row of a roster, with what the office knows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The person.
    pub person: PersonId,
    /// Whether a capture token was issued.
    pub token: bool,
    /// Whether a delivery that is neither accepted nor rejected holds a photo of the person.
    pub delivered: bool,
    /// Whether a photo of the person was accepted in this campaign.
    pub accepted: bool,
}

impl Entry {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            person: row.get("person")?,
            token: row.get("token")?,
            delivered: row.get("delivered")?,
            accepted: row.get("accepted")?,
        })
    }
}

/// The people on a campaign's roster, in the order of the roster's file.
pub fn people(conn: &Connection, campaign: CampaignId) -> rusqlite::Result<Vec<PersonId>> {
    conn.prepare_cached("SELECT person FROM roster WHERE campaign = :campaign ORDER BY position, person")?
        .query_map(named_params! {":campaign": campaign}, |row| row.get(0))?
        .collect()
}

/// The campaigns on whose roster a person is.
pub fn campaigns_of(conn: &Connection, person: PersonId) -> rusqlite::Result<Vec<CampaignId>> {
    conn.prepare_cached("SELECT campaign FROM roster WHERE person = :person ORDER BY campaign")?
        .query_map(named_params! {":person": person}, |row| row.get(0))?
        .collect()
}

/// How many people are on a campaign's roster.
pub fn count(conn: &Connection, campaign: CampaignId) -> rusqlite::Result<u64> {
    conn.prepare_cached("SELECT count(*) FROM roster WHERE campaign = :campaign")?
        .query_row(named_params! {":campaign": campaign}, |row| row.get(0))
}

/// The rows of a campaign's roster, in the order of its file, with how far each person's photo is.
pub fn entries(conn: &Connection, campaign: CampaignId) -> rusqlite::Result<Vec<Entry>> {
    conn.prepare_cached(
        "SELECT roster.person,
                EXISTS (SELECT 1 FROM token
                        WHERE token.campaign = roster.campaign AND token.person = roster.person) AS token,
                EXISTS (SELECT 1 FROM item JOIN delivery ON delivery.id = item.delivery
                        WHERE item.person = roster.person AND delivery.campaign = roster.campaign
                              AND item.state <> 'missing'
                              AND delivery.state NOT IN ('accepted', 'rejected')) AS delivered,
                EXISTS (SELECT 1 FROM item JOIN delivery ON delivery.id = item.delivery
                        WHERE item.person = roster.person AND delivery.campaign = roster.campaign
                              AND item.state IN ('good', 'doubtful')
                              AND delivery.state = 'accepted') AS accepted
         FROM roster WHERE roster.campaign = :campaign ORDER BY roster.position, roster.person",
    )?
    .query_map(named_params! {":campaign": campaign}, Entry::from_row)?
    .collect()
}

/// Sets a campaign's roster. Tokens of people who are no longer on it stay known, so that what comes under
/// them is recognised as one too many.
pub fn replace(tx: &Transaction<'_>, campaign: CampaignId, people: &[PersonId]) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM roster WHERE campaign = :campaign", named_params! {":campaign": campaign})?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO roster (campaign, person, position) VALUES (:campaign, :person, :position)
         ON CONFLICT DO NOTHING",
    )?;
    for (position, person) in (0_i64..).zip(people) {
        insert.execute(named_params! {":campaign": campaign, ":person": person, ":position": position})?;
    }
    Ok(())
}
