//! Separate consents (单独同意) to comparing faces, and their withdrawal.

use std::collections::BTreeMap;

use ids::{CampaignId, PersonId};
use jiff::{Timestamp, civil::Date};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::db::At;

crate::db::words! {
    /// On what somebody agreed.
    Means {
        /// On paper, with a signature by hand.
        Paper = "paper",
        /// On a screen of the school.
        Screen = "screen",
    }
}

/// One consent, as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Its number; 0 before it is kept.
    pub number: i64,
    /// The campaign.
    pub campaign: CampaignId,
    /// Who agreed.
    pub person: PersonId,
    /// The version of the notice that was read.
    pub notice: u32,
    /// On what.
    pub means: Means,
    /// The day.
    pub given: Date,
    /// The guardian who agreed too, sealed.
    pub guardian: Option<Vec<u8>>,
    /// When it was recorded.
    pub recorded: Timestamp,
    /// By whom: the account.
    pub recorded_by: String,
    /// When it was withdrawn, and the account that recorded it.
    pub withdrawn: Option<(Timestamp, String)>,
}

impl Consent {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let withdrawn = row
            .get::<_, Option<At>>("withdrawn")?
            .map(|at| Ok::<_, rusqlite::Error>((at.0, row.get("withdrawn_by")?)));
        Ok(Self {
            number: row.get("number")?,
            campaign: row.get("campaign")?,
            person: row.get("person")?,
            notice: row.get("notice")?,
            means: row.get("means")?,
            given: row.get("given")?,
            guardian: row.get("guardian")?,
            recorded: row.get::<_, At>("recorded")?.0,
            recorded_by: row.get("recorded_by")?,
            withdrawn: withdrawn.transpose()?,
        })
    }
}

/// A person's last consent in a campaign, withdrawn or not.
pub fn last(conn: &Connection, campaign: CampaignId, person: PersonId) -> rusqlite::Result<Option<Consent>> {
    conn.prepare_cached(
        "SELECT * FROM consent WHERE campaign = :campaign AND person = :person ORDER BY number DESC LIMIT 1",
    )?
    .query_row(named_params! {":campaign": campaign, ":person": person}, Consent::from_row)
    .optional()
}

/// Every consent of a person in a campaign, newest first.
pub fn history(conn: &Connection, campaign: CampaignId, person: PersonId) -> rusqlite::Result<Vec<Consent>> {
    conn.prepare_cached(
        "SELECT * FROM consent WHERE campaign = :campaign AND person = :person ORDER BY number DESC",
    )?
    .query_map(named_params! {":campaign": campaign, ":person": person}, Consent::from_row)?
    .collect()
}

/// The last consent of everybody in a campaign who ever gave one.
pub fn of_campaign(conn: &Connection, campaign: CampaignId) -> rusqlite::Result<BTreeMap<PersonId, Consent>> {
    conn.prepare_cached("SELECT * FROM consent WHERE campaign = :campaign ORDER BY number")?
        .query_map(named_params! {":campaign": campaign}, Consent::from_row)?
        .map(|consent| consent.map(|consent| (consent.person, consent)))
        .collect()
}

/// Records a consent. Returns its number.
pub fn insert(tx: &Transaction<'_>, consent: &Consent) -> rusqlite::Result<i64> {
    tx.prepare_cached(
        "INSERT INTO consent (campaign, person, notice, means, given, guardian, recorded, recorded_by)
         VALUES (:campaign, :person, :notice, :means, :given, :guardian, :recorded, :recorded_by)",
    )?
    .execute(named_params! {
        ":campaign": consent.campaign, ":person": consent.person, ":notice": consent.notice,
        ":means": consent.means, ":given": consent.given, ":guardian": consent.guardian,
        ":recorded": At(consent.recorded), ":recorded_by": consent.recorded_by,
    })?;
    Ok(tx.last_insert_rowid())
}

/// Withdraws every consent of a person in a campaign. Returns whether any stood.
pub fn withdraw(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    person: PersonId,
    at: Timestamp,
    by: &str,
) -> rusqlite::Result<bool> {
    let changed = tx.execute(
        "UPDATE consent SET withdrawn = :at, withdrawn_by = :by
         WHERE campaign = :campaign AND person = :person AND withdrawn IS NULL",
        named_params! {":campaign": campaign, ":person": person, ":at": At(at), ":by": by},
    )?;
    Ok(changed > 0)
}
