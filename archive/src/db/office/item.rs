//! The items of a delivery: each photo that came, and each that did not.

use ids::{DeliveryId, PersonId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::db::At;
use crate::dossier::PhotoFacts;

crate::db::words! {
    /// Which of the four an item is, or that it is good.
    ItemState {
        /// Nothing against it.
        Good = "good",
        /// A person should look.
        Doubtful = "doubtful",
        /// Of nobody on the roster, or one too many.
        Extra = "extra",
        /// Awaited and not there.
        Missing = "missing",
        /// Damaged, against a blocking rule, or another person.
        Wrong = "wrong",
        /// After the campaign's dates.
        Late = "late",
    }

    /// What the machine says of two photos.
    Verdict {
        /// 一致
        Match = "match",
        /// 存疑
        Unsure = "unsure",
        /// 不一致
        NoMatch = "no_match",
    }
}

/// One item.
#[derive(Clone, PartialEq)]
pub struct Item {
    /// Its number in the delivery, from 0; missing ones come last.
    pub number: u32,
    /// Which of the four it is.
    pub state: ItemState,
    /// The token, as the vendor named it; the awaited one for a missing item.
    pub token: Option<String>,
    /// The person, when the token is on the roster.
    pub person: Option<PersonId>,
    /// The photo's path in the bag.
    pub file: Option<String>,
    /// The original's path in the bag.
    pub original: Option<String>,
    /// SHA-256 of the photo, hex.
    pub sha256: Option<String>,
    /// Its bytes.
    pub bytes: Option<u64>,
    /// Its width, px.
    pub width: Option<u32>,
    /// Its height, px.
    pub height: Option<u32>,
    /// When it was taken.
    pub captured: Option<Timestamp>,
    /// With what.
    pub device: Option<String>,
    /// By whom, as the vendor names its operators.
    pub operator: Option<String>,
    /// Similarity with the admission photo, -1..=1.
    pub similarity: Option<f32>,
    /// What the machine says of the two.
    pub verdict: Option<Verdict>,
    /// How odd it looks beside the others, 0..=1.
    pub oddness: f32,
    /// The findings: JSON of the API's findings.
    pub findings: String,
    /// What decoding the photo found out, if it was decoded.
    pub photo_facts: Option<PhotoFacts>,
    /// What decoding its original found out.
    pub original_facts: Option<PhotoFacts>,
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Item")
            .field("number", &self.number)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Item {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            number: row.get("number")?,
            state: row.get("state")?,
            token: row.get("token")?,
            person: row.get("person")?,
            file: row.get("file")?,
            original: row.get("original")?,
            sha256: row.get("sha256")?,
            bytes: row.get("bytes")?,
            width: row.get("width")?,
            height: row.get("height")?,
            captured: row.get::<_, Option<At>>("captured")?.map(|at| at.0),
            device: row.get("device")?,
            operator: row.get("operator")?,
            similarity: row.get("similarity")?,
            verdict: row.get("verdict")?,
            oddness: row.get("oddness")?,
            findings: row.get("findings")?,
            photo_facts: facts(row, "photo_facts")?,
            original_facts: facts(row, "original_facts")?,
        })
    }
}

fn facts(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<PhotoFacts>> {
    let text: Option<String> = row.get(column)?;
    // What another version wrote down and this one does not know is found out again.
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

fn written(facts: Option<&PhotoFacts>) -> Option<String> {
    facts.and_then(|facts| serde_json::to_string(facts).ok())
}

/// Which items are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only items of this state.
    pub state: Option<ItemState>,
    /// Only items of which a person must say whose face they show.
    pub unsettled: bool,
    /// Only items where the finding of this code failed.
    pub code: Option<String>,
    /// How many to pass over.
    pub offset: u32,
    /// How many to return.
    pub limit: u32,
}

const MATCHING: &str = "FROM item WHERE delivery = :delivery AND (:state IS NULL OR state = :state)
    AND (NOT :unsettled OR state = 'doubtful' AND EXISTS (
        SELECT 1 FROM json_each(item.findings) AS finding
        WHERE finding.value ->> 'code' IN ('FACE-UNSURE', 'FACE-LIKE-ANOTHER', 'SAME-FACE-TWICE', 'FACE-BY-HAND')
          AND finding.value ->> 'status' = 'failed' AND finding.value ->> 'severity' = 'warn'))
    AND (:code IS NULL OR EXISTS (
        SELECT 1 FROM json_each(item.findings) AS finding
        WHERE finding.value ->> 'code' = :code AND finding.value ->> 'status' = 'failed'))";

/// The wanted items, oddest first, then by number.
pub fn list(conn: &Connection, delivery: DeliveryId, wanted: &Wanted) -> rusqlite::Result<Vec<Item>> {
    conn.prepare_cached(&format!(
        "SELECT * {MATCHING} ORDER BY oddness DESC, number LIMIT :limit OFFSET :offset"
    ))?
    .query_map(
        named_params! {
            ":delivery": delivery, ":state": wanted.state, ":unsettled": wanted.unsettled, ":code": wanted.code,
            ":limit": wanted.limit, ":offset": wanted.offset,
        },
        Item::from_row,
    )?
    .collect()
}

/// How many items are wanted in all, `offset` and `limit` aside.
pub fn count(conn: &Connection, delivery: DeliveryId, wanted: &Wanted) -> rusqlite::Result<u64> {
    conn.prepare_cached(&format!("SELECT count(*) {MATCHING}"))?.query_row(
        named_params! {
            ":delivery": delivery, ":state": wanted.state, ":unsettled": wanted.unsettled, ":code": wanted.code,
        },
        |row| row.get(0),
    )
}

/// Every item of a delivery, by number.
pub fn all(conn: &Connection, delivery: DeliveryId) -> rusqlite::Result<Vec<Item>> {
    conn.prepare_cached("SELECT * FROM item WHERE delivery = :delivery ORDER BY number")?
        .query_map(named_params! {":delivery": delivery}, Item::from_row)?
        .collect()
}

/// One item, if there is one of that number.
pub fn get(conn: &Connection, delivery: DeliveryId, number: u32) -> rusqlite::Result<Option<Item>> {
    conn.prepare_cached("SELECT * FROM item WHERE delivery = :delivery AND number = :number")?
        .query_row(named_params! {":delivery": delivery, ":number": number}, Item::from_row)
        .optional()
}

/// Writes down what an item has become: its state and its findings.
pub fn set_judged(
    tx: &Transaction<'_>,
    delivery: DeliveryId,
    number: u32,
    state: ItemState,
    findings: &str,
) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE item SET state = :state, findings = :findings WHERE delivery = :delivery AND number = :number",
        named_params! {":delivery": delivery, ":number": number, ":state": state, ":findings": findings},
    )?;
    Ok(())
}

/// Replaces all items of a delivery: a check that runs again leaves nothing of the one before.
pub fn replace(tx: &Transaction<'_>, delivery: DeliveryId, items: &[Item]) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM item WHERE delivery = :delivery", named_params! {":delivery": delivery})?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO item (delivery, number, state, token, person, file, original, sha256, bytes, width, height,
                           captured, device, operator, similarity, verdict, oddness, findings,
                           photo_facts, original_facts)
         VALUES (:delivery, :number, :state, :token, :person, :file, :original, :sha256, :bytes, :width, :height,
                 :captured, :device, :operator, :similarity, :verdict, :oddness, :findings,
                 :photo_facts, :original_facts)",
    )?;
    for item in items {
        insert.execute(named_params! {
            ":delivery": delivery, ":number": item.number, ":state": item.state, ":token": item.token,
            ":person": item.person, ":file": item.file, ":original": item.original, ":sha256": item.sha256,
            ":bytes": item.bytes, ":width": item.width, ":height": item.height,
            ":captured": item.captured.map(At), ":device": item.device, ":operator": item.operator,
            ":similarity": item.similarity, ":verdict": item.verdict, ":oddness": item.oddness,
            ":findings": item.findings, ":photo_facts": written(item.photo_facts.as_ref()),
            ":original_facts": written(item.original_facts.as_ref()),
        })?;
    }
    Ok(())
}
