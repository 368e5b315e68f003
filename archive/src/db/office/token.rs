//! Capture tokens: all a vendor ever knows of a person.

use ids::{CampaignId, PersonId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::db::At;

/// One issued token. `{:?}` withholds it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// The token's text.
    pub token: String,
    /// The campaign it is good for.
    pub campaign: CampaignId,
    /// The person it stands for.
    pub person: PersonId,
    /// When it was issued.
    pub issued: Timestamp,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token")
            .field("campaign", &self.campaign)
            .field("person", &self.person)
            .finish_non_exhaustive()
    }
}

impl Token {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            token: row.get("token")?,
            campaign: row.get("campaign")?,
            person: row.get("person")?,
            issued: row.get::<_, At>("issued")?.0,
        })
    }
}

/// The tokens of a campaign, in an order that says nothing about people.
pub fn list(conn: &Connection, campaign: CampaignId) -> rusqlite::Result<Vec<Token>> {
    conn.prepare_cached("SELECT * FROM token WHERE campaign = :campaign ORDER BY token")?
        .query_map(named_params! {":campaign": campaign}, Token::from_row)?
        .collect()
}

/// What a token stands for, if it was issued.
pub fn find(conn: &Connection, token: &str) -> rusqlite::Result<Option<Token>> {
    conn.prepare_cached("SELECT * FROM token WHERE token = :token")?
        .query_row(named_params! {":token": token}, Token::from_row)
        .optional()
}

/// The token of a person in a campaign, if one was issued.
pub fn of_person(
    conn: &Connection,
    campaign: CampaignId,
    person: PersonId,
) -> rusqlite::Result<Option<Token>> {
    conn.prepare_cached("SELECT * FROM token WHERE campaign = :campaign AND person = :person")?
        .query_row(named_params! {":campaign": campaign, ":person": person}, Token::from_row)
        .optional()
}

/// How many tokens of a campaign stand for people on its roster.
pub fn count(conn: &Connection, campaign: CampaignId) -> rusqlite::Result<u64> {
    conn.prepare_cached(
        "SELECT count(*) FROM token JOIN roster USING (campaign, person) WHERE campaign = :campaign",
    )?
    .query_row(named_params! {":campaign": campaign}, |row| row.get(0))
}

/// The people on a campaign's roster who have no token yet.
pub fn without(conn: &Connection, campaign: CampaignId) -> rusqlite::Result<Vec<PersonId>> {
    conn.prepare_cached(
        "SELECT person FROM roster WHERE campaign = :campaign
             AND person NOT IN (SELECT person FROM token WHERE campaign = :campaign)
         ORDER BY position",
    )?
    .query_map(named_params! {":campaign": campaign}, |row| row.get(0))?
    .collect()
}

/// Issues a token. A person has one per campaign; a second one is refused by the table.
pub fn insert(tx: &Transaction<'_>, token: &Token) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO token (token, campaign, person, issued) VALUES (:token, :campaign, :person, :issued)",
    )?
    .execute(named_params! {
        ":token": token.token, ":campaign": token.campaign, ":person": token.person, ":issued": At(token.issued),
    })?;
    Ok(())
}
