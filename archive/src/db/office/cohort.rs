//! Cohorts: everybody on a campaign's roster compared at once.

use ids::{CalibrationId, CampaignId, CohortId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use serde::{Deserialize, Serialize};

use crate::db::{At, Json};

/// One cohort.
#[derive(Debug, Clone, PartialEq)]
pub struct Cohort {
    /// Its id.
    pub id: CohortId,
    /// The campaign.
    pub campaign: CampaignId,
    /// When everybody was compared.
    pub at: Timestamp,
    /// The account that started it.
    pub by: String,
    /// The calibration in force at the time.
    pub calibration: CalibrationId,
    /// The model.
    pub model: String,
    /// At or above: match.
    pub accept: f32,
    /// Below: no match.
    pub reject: f32,
    /// The photo rules.
    pub rule_set: String,
    /// Two people's photos at or above are a look-alike in any case.
    pub alike: f32,
    /// How many pairs may be so by chance, when that was known.
    pub alike_by_chance: Option<f64>,
    /// How many per cent of the clear cases are in the sample.
    pub sample_percent: u8,
    /// Photos that were compared.
    pub photos: u64,
    /// Pairs of one person's photos.
    pub pairs: u64,
    /// The other campaigns whose people they were compared with, too.
    pub others: Vec<OtherCampaign>,
    /// The later one that counts instead.
    pub superseded_by: Option<CohortId>,
    /// Whether the school has signed it.
    pub signed: bool,
}

/// A campaign whose people a cohort's people were compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherCampaign {
    /// The campaign.
    pub campaign: CampaignId,
    /// How many of its people.
    pub people: u64,
}

impl Cohort {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            campaign: row.get("campaign")?,
            at: row.get::<_, At>("at")?.0,
            by: row.get("by")?,
            calibration: row.get("calibration")?,
            model: row.get("model")?,
            accept: row.get("accept")?,
            reject: row.get("reject")?,
            rule_set: row.get("rule_set")?,
            alike: row.get("alike")?,
            alike_by_chance: row.get("alike_by_chance")?,
            sample_percent: row.get("sample_percent")?,
            photos: row.get("photos")?,
            pairs: row.get("pairs")?,
            others: row.get::<_, Json<_>>("others")?.0,
            superseded_by: row.get("superseded_by")?,
            signed: row.get("signed")?,
        })
    }

    /// Whether words and signatures still change it.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.superseded_by.is_none() && !self.signed
    }
}

/// The cohort `id`, if there is one.
pub fn get(conn: &Connection, id: CohortId) -> rusqlite::Result<Option<Cohort>> {
    conn.prepare_cached(
        "SELECT *, EXISTS (SELECT 1 FROM cohort_signature
                           WHERE cohort = id AND level = 'school' AND sent_back = 0) AS signed
         FROM cohort WHERE id = :id",
    )?
    .query_row(named_params! {":id": id}, Cohort::from_row)
    .optional()
}

/// The cohorts of a campaign, newest first.
pub fn of_campaign(conn: &Connection, campaign: CampaignId) -> rusqlite::Result<Vec<Cohort>> {
    conn.prepare_cached(
        "SELECT *, EXISTS (SELECT 1 FROM cohort_signature
                           WHERE cohort = id AND level = 'school' AND sent_back = 0) AS signed
         FROM cohort WHERE campaign = :campaign ORDER BY at DESC, id",
    )?
    .query_map(named_params! {":campaign": campaign}, Cohort::from_row)?
    .collect()
}

/// The cohorts that the school has signed, oldest first.
pub fn signed(conn: &Connection) -> rusqlite::Result<Vec<CohortId>> {
    conn.prepare_cached(
        "SELECT id FROM cohort
         WHERE EXISTS (SELECT 1 FROM cohort_signature WHERE cohort = id AND level = 'school' AND sent_back = 0)
         ORDER BY at, id",
    )?
    .query_map([], |row| row.get(0))?
    .collect()
}

/// The cohorts that words and signatures still change, oldest first.
pub fn open(conn: &Connection) -> rusqlite::Result<Vec<Cohort>> {
    conn.prepare_cached(
        "SELECT *, 0 AS signed FROM cohort
         WHERE superseded_by IS NULL
           AND NOT EXISTS (SELECT 1 FROM cohort_signature
                           WHERE cohort = id AND level = 'school' AND sent_back = 0)
         ORDER BY at, id",
    )?
    .query_map([], Cohort::from_row)?
    .collect()
}

/// Keeps a cohort; those of the campaign that the school has not signed give way to it.
pub fn insert(tx: &Transaction<'_>, cohort: &Cohort) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE cohort SET superseded_by = :id
         WHERE campaign = :campaign AND superseded_by IS NULL
           AND NOT EXISTS (SELECT 1 FROM cohort_signature
                           WHERE cohort = cohort.id AND level = 'school' AND sent_back = 0)",
        named_params! {":id": cohort.id, ":campaign": cohort.campaign},
    )?;
    tx.execute(
        "INSERT INTO cohort (id, campaign, at, by, calibration, model, accept, reject, rule_set, alike, alike_by_chance,
                             sample_percent, photos, pairs, others)
         VALUES (:id, :campaign, :at, :by, :calibration, :model, :accept, :reject, :rule_set, :alike, :alike_by_chance,
                 :sample_percent, :photos, :pairs, :others)",
        named_params! {
            ":id": cohort.id, ":campaign": cohort.campaign, ":at": At(cohort.at), ":by": cohort.by,
            ":calibration": cohort.calibration, ":model": cohort.model, ":accept": cohort.accept,
            ":reject": cohort.reject, ":rule_set": cohort.rule_set, ":alike": cohort.alike,
            ":alike_by_chance": cohort.alike_by_chance, ":sample_percent": cohort.sample_percent,
            ":photos": cohort.photos, ":pairs": cohort.pairs, ":others": Json(&cohort.others),
        },
    )?;
    Ok(())
}
