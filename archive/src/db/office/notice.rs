//! What people are told before a campaign compares their faces. A version, once published, stays as it is.

use ids::{CampaignId, UserId};
use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction, named_params};

use crate::db::At;

/// One version of a campaign's notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The campaign.
    pub campaign: CampaignId,
    /// Which version it is, from 1.
    pub version: u32,
    /// The text: JSON of the API's.
    pub text: String,
    /// SHA-256 of the text, hex.
    pub sha256: String,
    /// Who published it.
    pub by: UserId,
    /// Their account.
    pub by_name: String,
    /// When.
    pub at: Timestamp,
}

impl Notice {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            campaign: row.get("campaign")?,
            version: row.get("version")?,
            text: row.get("text")?,
            sha256: row.get("sha256")?,
            by: row.get("by")?,
            by_name: row.get("by_name")?,
            at: row.get::<_, At>("at")?.0,
        })
    }
}

/// Every version of a campaign's notice, oldest first.
pub fn of(conn: &Connection, campaign: CampaignId) -> rusqlite::Result<Vec<Notice>> {
    conn.prepare_cached("SELECT * FROM notice WHERE campaign = :campaign ORDER BY version")?
        .query_map(named_params! {":campaign": campaign}, Notice::from_row)?
        .collect()
}

/// Publishes a version.
pub fn insert(tx: &Transaction<'_>, notice: &Notice) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO notice (campaign, version, text, sha256, by, by_name, at)
         VALUES (:campaign, :version, :text, :sha256, :by, :by_name, :at)",
        named_params! {
            ":campaign": notice.campaign, ":version": notice.version, ":text": notice.text,
            ":sha256": notice.sha256, ":by": notice.by, ":by_name": notice.by_name, ":at": At(notice.at),
        },
    )?;
    Ok(())
}
