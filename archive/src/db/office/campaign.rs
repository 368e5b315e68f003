//! Campaigns.

use ids::{CampaignId, VendorId};
use jiff::{Timestamp, civil::Date};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::db::At;

crate::db::words! {
    /// What a campaign's photos are for.
    CampaignKind {
        /// 新生: photos at entry.
        Enrolment = "enrolment",
        /// 毕业生: photos for graduation registration.
        Graduation = "graduation",
    }
}

/// One campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// Its id.
    pub id: CampaignId,
    /// Its name, as people say it.
    pub name: String,
    /// What its photos are for.
    pub kind: CampaignKind,
    /// The cohort's year.
    pub year: u16,
    /// First day of capture.
    pub capture_from: Date,
    /// Last day of capture.
    pub capture_until: Date,
    /// Last day on which a delivery is on time.
    pub deliver_by: Date,
    /// The photo rules that apply, by name.
    pub rule_set: String,
    /// The vendor that captures, if one does.
    pub vendor: Option<VendorId>,
    /// When it was created.
    pub created: Timestamp,
}

impl Campaign {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            name: row.get("name")?,
            kind: row.get("kind")?,
            year: row.get("year")?,
            capture_from: row.get("capture_from")?,
            capture_until: row.get("capture_until")?,
            deliver_by: row.get("deliver_by")?,
            rule_set: row.get("rule_set")?,
            vendor: row.get("vendor")?,
            created: row.get::<_, At>("created")?.0,
        })
    }
}

/// The campaign `id`, if there is one.
pub fn get(conn: &Connection, id: CampaignId) -> rusqlite::Result<Option<Campaign>> {
    conn.prepare_cached("SELECT * FROM campaign WHERE id = :id")?
        .query_row(named_params! {":id": id}, Campaign::from_row)
        .optional()
}

/// Every campaign, newest first.
pub fn list(conn: &Connection) -> rusqlite::Result<Vec<Campaign>> {
    conn.prepare_cached("SELECT * FROM campaign ORDER BY created DESC, id")?
        .query_map([], Campaign::from_row)?
        .collect()
}

/// The campaigns that `vendor` captures, newest first.
pub fn of_vendor(conn: &Connection, vendor: VendorId) -> rusqlite::Result<Vec<Campaign>> {
    conn.prepare_cached("SELECT * FROM campaign WHERE vendor = :vendor ORDER BY created DESC, id")?
        .query_map(named_params! {":vendor": vendor}, Campaign::from_row)?
        .collect()
}

/// Creates a campaign.
pub fn insert(tx: &Transaction<'_>, campaign: &Campaign) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO campaign
             (id, name, kind, year, capture_from, capture_until, deliver_by, rule_set, vendor, created)
         VALUES
             (:id, :name, :kind, :year, :capture_from, :capture_until, :deliver_by, :rule_set, :vendor, :created)",
        named_params! {
            ":id": campaign.id, ":name": campaign.name, ":kind": campaign.kind, ":year": campaign.year,
            ":capture_from": campaign.capture_from, ":capture_until": campaign.capture_until,
            ":deliver_by": campaign.deliver_by, ":rule_set": campaign.rule_set, ":vendor": campaign.vendor,
            ":created": At(campaign.created),
        },
    )?;
    Ok(())
}
