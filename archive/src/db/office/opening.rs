//! Campaigns that were opened for comparing faces, and how that ended.

use ids::{CampaignId, ComparisonId, PersonId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::db::At;

/// A campaign that was opened for comparing faces. It is opened once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The campaign.
    pub campaign: CampaignId,
    /// The signed assessment by which it was opened.
    pub assessment: u32,
    /// When.
    pub opened: Timestamp,
    /// By whom: the account.
    pub opened_by: String,
    /// SHA-256 of the campaign's key, hex.
    pub key_sha256: String,
    /// How it ends, if its end has begun. Nothing is compared from then on.
    pub end: Option<End>,
}

/// The end of comparing faces in a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// When it began.
    pub began: Timestamp,
    /// What is to be destroyed, and once it is closed what was: JSON of the API's.
    pub destroyed: String,
    /// When the destruction was at its end, and by whom: the account.
    pub closed: Option<(Timestamp, String)>,
}

impl Opening {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let closed = row
            .get::<_, Option<At>>("closed")?
            .map(|at| Ok::<_, rusqlite::Error>((at.0, row.get("closed_by")?)));
        let closed = closed.transpose()?;
        let end = row.get::<_, Option<At>>("ending")?.map(|at| {
            Ok::<_, rusqlite::Error>(End { began: at.0, destroyed: row.get("destroyed")?, closed })
        });
        Ok(Self {
            campaign: row.get("campaign")?,
            assessment: row.get("assessment")?,
            opened: row.get::<_, At>("opened")?.0,
            opened_by: row.get("opened_by")?,
            key_sha256: row.get("key_sha256")?,
            end: end.transpose()?,
        })
    }
}

/// How a campaign was opened, if it was.
pub fn get(conn: &Connection, campaign: CampaignId) -> rusqlite::Result<Option<Opening>> {
    conn.prepare_cached("SELECT * FROM opening WHERE campaign = :campaign")?
        .query_row(named_params! {":campaign": campaign}, Opening::from_row)
        .optional()
}

/// Opens a campaign.
pub fn insert(tx: &Transaction<'_>, opening: &Opening) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO opening (campaign, assessment, opened, opened_by, key_sha256)
         VALUES (:campaign, :assessment, :opened, :opened_by, :key_sha256)",
        named_params! {
            ":campaign": opening.campaign, ":assessment": opening.assessment, ":opened": At(opening.opened),
            ":opened_by": opening.opened_by, ":key_sha256": opening.key_sha256,
        },
    )?;
    Ok(())
}

/// Begins the end of comparing in a campaign. Returns whether it was open and had no end yet.
pub fn begin_end(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    at: Timestamp,
    destroyed: &str,
) -> rusqlite::Result<bool> {
    let changed = tx.execute(
        "UPDATE opening SET ending = :at, destroyed = :destroyed WHERE campaign = :campaign AND ending IS NULL",
        named_params! {":campaign": campaign, ":at": At(at), ":destroyed": destroyed},
    )?;
    Ok(changed == 1)
}

/// Writes down that everything is destroyed. Returns whether that was not written down before.
pub fn close(tx: &Transaction<'_>, campaign: CampaignId, at: Timestamp, by: &str) -> rusqlite::Result<bool> {
    let changed = tx.execute(
        "UPDATE opening SET closed = :at, closed_by = :by
         WHERE campaign = :campaign AND ending IS NOT NULL AND closed IS NULL",
        named_params! {":campaign": campaign, ":at": At(at), ":by": by},
    )?;
    Ok(changed == 1)
}

/// Notes on which consent a comparison was made.
pub fn note(
    tx: &Transaction<'_>,
    comparison: ComparisonId,
    campaign: CampaignId,
    consent: i64,
) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO compared (comparison, campaign, consent) VALUES (:comparison, :campaign, :consent)",
        named_params! {":comparison": comparison, ":campaign": campaign, ":consent": consent},
    )?;
    Ok(())
}

/// In which campaign a comparison was made, unless it is older than the noting of that.
pub fn campaign_of(conn: &Connection, comparison: ComparisonId) -> rusqlite::Result<Option<CampaignId>> {
    conn.prepare_cached("SELECT campaign FROM compared WHERE comparison = :comparison")?
        .query_row(named_params! {":comparison": comparison}, |row| row.get(0))
        .optional()
}

/// The comparisons of a campaign that nobody has decided yet, with whom they are about.
pub fn undecided(conn: &Connection, campaign: CampaignId) -> rusqlite::Result<Vec<(ComparisonId, PersonId)>> {
    conn.prepare_cached(
        "SELECT comparison.id, comparison.person FROM comparison JOIN compared ON compared.comparison = comparison.id
         WHERE compared.campaign = :campaign AND comparison.state <> 'decided' ORDER BY comparison.at, comparison.id",
    )?
    .query_map(named_params! {":campaign": campaign}, |row| Ok((row.get(0)?, row.get(1)?)))?
    .collect()
}

/// How many people's faces were compared in campaigns that are not closed, at the desk, in a delivery or in a
/// cohort, each person once.
pub fn people_compared(conn: &Connection) -> rusqlite::Result<u64> {
    conn.prepare_cached(
        "SELECT count(*) FROM (
             SELECT comparison.person FROM compared
                 JOIN comparison ON comparison.id = compared.comparison
                 JOIN opening ON opening.campaign = compared.campaign
             WHERE opening.ending IS NULL
             UNION
             SELECT item.person FROM item
                 JOIN delivery ON delivery.id = item.delivery
                 JOIN opening ON opening.campaign = delivery.campaign
             WHERE opening.ending IS NULL AND item.similarity IS NOT NULL AND item.person IS NOT NULL
             UNION
             SELECT cohort_case.person FROM cohort_case
                 JOIN cohort ON cohort.id = cohort_case.cohort
                 JOIN opening ON opening.campaign = cohort.campaign
             WHERE opening.ending IS NULL AND cohort_case.consent IS NOT NULL
             UNION
             SELECT cohort_other.person FROM cohort_other
                 JOIN opening ON opening.campaign = cohort_other.campaign
             WHERE opening.ending IS NULL
             UNION
             SELECT person FROM comparison WHERE probe IS NOT NULL)",
    )?
    .query_row([], |row| row.get(0))
}
