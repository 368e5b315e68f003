//! Calibrations: where the thresholds come from, and which one is in force.

use ids::{CalibrationId, CampaignId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::db::At;

/// One calibration.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// Its id.
    pub id: CalibrationId,
    /// Its version, as verdicts name it.
    pub version: String,
    /// The campaign whose people were used.
    pub campaign: CampaignId,
    /// The model.
    pub model: String,
    /// When it was run.
    pub created: Timestamp,
    /// When it came into force; `None` if it is not in force.
    pub adopted: Option<Timestamp>,
    /// At or above: match.
    pub accept: f32,
    /// Below: no match.
    pub reject: f32,
    /// Curves and counts: JSON of the API's calibration.
    pub report: String,
}

impl Calibration {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            version: row.get("version")?,
            campaign: row.get("campaign")?,
            model: row.get("model")?,
            created: row.get::<_, At>("created")?.0,
            adopted: row.get::<_, Option<At>>("adopted")?.map(|at| at.0),
            accept: row.get("accept")?,
            reject: row.get("reject")?,
            report: row.get("report")?,
        })
    }
}

/// The calibration `id`, if there is one.
pub fn get(conn: &Connection, id: CalibrationId) -> rusqlite::Result<Option<Calibration>> {
    conn.prepare_cached("SELECT * FROM calibration WHERE id = :id")?
        .query_row(named_params! {":id": id}, Calibration::from_row)
        .optional()
}

/// Every calibration, newest first.
pub fn list(conn: &Connection) -> rusqlite::Result<Vec<Calibration>> {
    conn.prepare_cached("SELECT * FROM calibration ORDER BY created DESC, id")?
        .query_map([], Calibration::from_row)?
        .collect()
}

/// The calibration in force, if one was adopted.
pub fn in_force(conn: &Connection) -> rusqlite::Result<Option<Calibration>> {
    conn.prepare_cached("SELECT * FROM calibration WHERE adopted IS NOT NULL")?
        .query_row([], Calibration::from_row)
        .optional()
}

/// Keeps a calibration that was run. It is not in force until adopted.
pub fn insert(tx: &Transaction<'_>, calibration: &Calibration) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO calibration (id, version, campaign, model, created, accept, reject, report)
         VALUES (:id, :version, :campaign, :model, :created, :accept, :reject, :report)",
        named_params! {
            ":id": calibration.id, ":version": calibration.version, ":campaign": calibration.campaign,
            ":model": calibration.model, ":created": At(calibration.created), ":accept": calibration.accept,
            ":reject": calibration.reject, ":report": calibration.report,
        },
    )?;
    Ok(())
}

/// Puts one calibration in force in place of any other.
pub fn adopt(tx: &Transaction<'_>, id: CalibrationId, at: Timestamp) -> rusqlite::Result<()> {
    tx.execute("UPDATE calibration SET adopted = NULL WHERE id <> :id", named_params! {":id": id})?;
    tx.execute(
        "UPDATE calibration SET adopted = :at WHERE id = :id AND adopted IS NULL",
        named_params! {":id": id, ":at": At(at)},
    )?;
    Ok(())
}
