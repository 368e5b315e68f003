//! Comparisons of faces: what the machine said, what people decided.

use ids::{CalibrationId, ComparisonId, PersonId, PhotoId, UserId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

pub use super::item::Verdict;
use crate::db::At;

crate::db::words! {
    /// What a person decided.
    FaceDecision {
        /// The same person.
        Same = "same",
        /// Another person.
        Different = "different",
        /// Doubtful: goes to review.
        Doubtful = "doubtful",
        /// Settled without a machine.
        Manual = "manual",
    }

    /// How far a comparison is.
    ComparisonState {
        /// Waits for the operator.
        Open = "open",
        /// Waits for reviewers.
        InReview = "in_review",
        /// Decided.
        Decided = "decided",
        /// The probe was taken again; nothing was decided.
        Superseded = "superseded",
    }
}

/// One comparison. Neither template nor pixels are here.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Its id.
    pub id: ComparisonId,
    /// The person it is about.
    pub person: PersonId,
    /// The reference photo.
    pub reference: PhotoId,
    /// SHA-256 of the reference photo, hex.
    pub reference_sha256: String,
    /// SHA-256 of the probe, hex.
    pub probe_sha256: String,
    /// The probe's file name, while its pixels are kept.
    pub probe: Option<String>,
    /// What the machine says.
    pub verdict: Verdict,
    /// Cosine similarity, -1..=1.
    pub similarity: f32,
    /// How many times likelier this similarity is for one person than for two.
    pub odds: Option<f64>,
    /// At or above: match.
    pub accept: f32,
    /// Below: no match.
    pub reject: f32,
    /// The calibration in force at the time.
    pub calibration: CalibrationId,
    /// The model.
    pub model: String,
    /// Findings about the probe: JSON of the API's findings.
    pub findings: String,
    /// How far it is.
    pub state: ComparisonState,
    /// What was decided.
    pub decision: Option<FaceDecision>,
    /// A remark.
    pub note: Option<String>,
    /// Who took the probe.
    pub operator: UserId,
    /// Who decided.
    pub decided_by: Option<UserId>,
    /// The deciding account's name.
    pub decided_by_name: Option<String>,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// When the probe was taken.
    pub at: Timestamp,
    /// The comparison that took its place.
    pub superseded_by: Option<ComparisonId>,
    /// Each reference beside the probe: JSON.
    pub pairs: String,
    /// The codes for which the machine says no more than unsure: a JSON array.
    pub held_back: String,
}

impl Comparison {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let superseded_by: Option<ComparisonId> = row.get("superseded_by")?;
        let state = match superseded_by {
            Some(_) => ComparisonState::Superseded,
            None => row.get("state")?,
        };
        Ok(Self {
            id: row.get("id")?,
            person: row.get("person")?,
            reference: row.get("reference")?,
            reference_sha256: row.get("reference_sha256")?,
            probe_sha256: row.get("probe_sha256")?,
            probe: row.get("probe")?,
            verdict: row.get("verdict")?,
            similarity: row.get("similarity")?,
            odds: row.get("odds")?,
            accept: row.get("accept")?,
            reject: row.get("reject")?,
            calibration: row.get("calibration")?,
            model: row.get("model")?,
            findings: row.get("findings")?,
            state,
            decision: row.get("decision")?,
            note: row.get("note")?,
            operator: row.get("operator")?,
            decided_by: row.get("decided_by")?,
            decided_by_name: row.get("decided_by_name")?,
            decided_at: row.get::<_, Option<At>>("decided_at")?.map(|at| at.0),
            at: row.get::<_, At>("at")?.0,
            superseded_by,
            pairs: row.get("pairs")?,
            held_back: row.get("held_back")?,
        })
    }
}

/// The comparison `id`, if there is one.
pub fn get(conn: &Connection, id: ComparisonId) -> rusqlite::Result<Option<Comparison>> {
    conn.prepare_cached("SELECT * FROM comparison WHERE id = :id")?
        .query_row(named_params! {":id": id}, Comparison::from_row)
        .optional()
}

/// The comparisons of a person, newest first.
pub fn of_person(conn: &Connection, person: PersonId) -> rusqlite::Result<Vec<Comparison>> {
    conn.prepare_cached("SELECT * FROM comparison WHERE person = :person ORDER BY at DESC, id")?
        .query_map(named_params! {":person": person}, Comparison::from_row)?
        .collect()
}

/// A part of the comparisons in a state, oldest first, and how many there are. If somebody is named, only those that they
/// neither made nor reviewed.
pub fn in_state(
    conn: &Connection,
    state: ComparisonState,
    waits_for: Option<UserId>,
    (offset, limit): (u32, u32),
) -> rusqlite::Result<(Vec<Comparison>, u64)> {
    let count = format!("SELECT count(*) FROM comparison WHERE {IN_STATE}");
    let total = conn
        .prepare_cached(&count)?
        .query_row(named_params! {":state": state, ":who": waits_for}, |row| row.get(0))?;
    let part =
        format!("SELECT * FROM comparison WHERE {IN_STATE} ORDER BY at, id LIMIT :limit OFFSET :offset");
    let params = named_params! {":state": state, ":who": waits_for, ":limit": limit, ":offset": offset};
    let found =
        conn.prepare_cached(&part)?.query_map(params, Comparison::from_row)?.collect::<Result<_, _>>()?;
    Ok((found, total))
}

/// In a state; and if somebody is named, neither made by them nor reviewed.
const IN_STATE: &str = "iif(superseded_by IS NULL, state, 'superseded') = :state AND (:who IS NULL OR (operator <> :who \
     AND NOT EXISTS (SELECT 1 FROM review WHERE review.comparison = comparison.id AND review.reviewer = :who)))";

/// The open comparisons of a person that `operator` made.
pub fn open_of(conn: &Connection, person: PersonId, operator: UserId) -> rusqlite::Result<Vec<Comparison>> {
    conn.prepare_cached(
        "SELECT * FROM comparison WHERE person = :person AND operator = :operator AND state = 'open' ORDER BY at, id",
    )?
    .query_map(named_params! {":person": person, ":operator": operator}, Comparison::from_row)?
    .collect()
}

/// Closes an open comparison in favour of another one. Returns whether it was open.
pub fn supersede(tx: &Transaction<'_>, id: ComparisonId, by: ComparisonId) -> rusqlite::Result<bool> {
    let changed = tx.execute(
        "UPDATE comparison SET state = 'decided', superseded_by = :by WHERE id = :id AND state = 'open'",
        named_params! {":id": id, ":by": by},
    )?;
    Ok(changed == 1)
}

/// Keeps a comparison the machine has made.
pub fn insert(tx: &Transaction<'_>, comparison: &Comparison) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO comparison (id, person, reference, reference_sha256, probe_sha256, probe, verdict, similarity,
                                 odds, accept, reject, calibration, model, findings, state, operator, at,
                                 pairs, held_back)
         VALUES (:id, :person, :reference, :reference_sha256, :probe_sha256, :probe, :verdict, :similarity,
                 :odds, :accept, :reject, :calibration, :model, :findings, :state, :operator, :at,
                 :pairs, :held_back)",
        named_params! {
            ":id": comparison.id, ":person": comparison.person, ":reference": comparison.reference,
            ":reference_sha256": comparison.reference_sha256, ":probe_sha256": comparison.probe_sha256,
            ":probe": comparison.probe, ":verdict": comparison.verdict, ":similarity": comparison.similarity,
            ":odds": comparison.odds, ":accept": comparison.accept, ":reject": comparison.reject,
            ":calibration": comparison.calibration, ":model": comparison.model,
            ":findings": comparison.findings, ":state": comparison.state, ":operator": comparison.operator,
            ":at": At(comparison.at), ":pairs": comparison.pairs, ":held_back": comparison.held_back,
        },
    )?;
    Ok(())
}

/// Sends an open comparison to review. Returns whether it was open.
pub fn to_review(tx: &Transaction<'_>, id: ComparisonId) -> rusqlite::Result<bool> {
    let changed = tx.execute(
        "UPDATE comparison SET state = 'in_review' WHERE id = :id AND state = 'open'",
        named_params! {":id": id},
    )?;
    Ok(changed == 1)
}

/// Decides a comparison that is not decided yet. Returns whether it was undecided.
pub fn decide(
    tx: &Transaction<'_>,
    id: ComparisonId,
    decision: FaceDecision,
    note: &str,
    by: (UserId, &str),
    at: Timestamp,
) -> rusqlite::Result<bool> {
    let changed = tx.execute(
        "UPDATE comparison
         SET state = 'decided', decision = :decision, note = :note, decided_by = :by, decided_by_name = :by_name,
             decided_at = :at
         WHERE id = :id AND state <> 'decided'",
        named_params! {
            ":id": id, ":decision": decision, ":note": note, ":by": by.0, ":by_name": by.1, ":at": At(at),
        },
    )?;
    Ok(changed == 1)
}

/// Notes that the probe's pixels are gone. Returns the file name they had.
pub fn drop_probe(tx: &Transaction<'_>, id: ComparisonId) -> rusqlite::Result<Option<String>> {
    let probe = get(tx, id)?.and_then(|comparison| comparison.probe);
    tx.execute("UPDATE comparison SET probe = NULL WHERE id = :id", named_params! {":id": id})?;
    Ok(probe)
}

/// The file names of all probes whose pixels are still kept.
pub fn probes(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    conn.prepare_cached("SELECT probe FROM comparison WHERE probe IS NOT NULL")?
        .query_map([], |row| row.get(0))?
        .collect()
}
