//! Impact assessments (个人信息保护影响评估) of comparing faces, and who signed them.

use ids::{CampaignId, UserId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, named_params};

use crate::db::At;

/// One assessment of a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// The campaign.
    pub campaign: CampaignId,
    /// Which of the campaign's it is, from 1.
    pub number: u32,
    /// The version of the notice that it weighs.
    pub notice: u32,
    /// What is written here: JSON of the API's; nothing when all of it stands in the document.
    pub text: Option<String>,
    /// Whether there is a document: see [`document`].
    pub has_document: bool,
    /// SHA-256 of what is signed, hex.
    pub digest: String,
    /// Who wrote it or put it in.
    pub by: UserId,
    /// Their account.
    pub by_name: String,
    /// When.
    pub at: Timestamp,
    /// Who signed it, once somebody has.
    pub signed: Option<Signed>,
}

/// A signature under an assessment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Who.
    pub by: UserId,
    /// Their account.
    pub by_name: String,
    /// When.
    pub at: Timestamp,
    /// Their Ed25519 public key, base64.
    pub public_key: String,
    /// The signature of the text `xuecang.assessment/1 ` with the digest behind it, base64.
    pub signature: String,
}

const COLUMNS: &str =
    "campaign, number, notice, text, document IS NOT NULL AS has_document, digest, by, by_name, at,
    signed_by, signed_by_name, signed_at, public_key, signature";

impl Assessment {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let signed = row.get::<_, Option<At>>("signed_at")?.map(|at| {
            Ok::<_, rusqlite::Error>(Signed {
                by: row.get("signed_by")?,
                by_name: row.get("signed_by_name")?,
                at: at.0,
                public_key: row.get("public_key")?,
                signature: row.get("signature")?,
            })
        });
        Ok(Self {
            campaign: row.get("campaign")?,
            number: row.get("number")?,
            notice: row.get("notice")?,
            text: row.get("text")?,
            has_document: row.get("has_document")?,
            digest: row.get("digest")?,
            by: row.get("by")?,
            by_name: row.get("by_name")?,
            at: row.get::<_, At>("at")?.0,
            signed: signed.transpose()?,
        })
    }
}

/// Every assessment of a campaign, oldest first.
pub fn of(conn: &Connection, campaign: CampaignId) -> rusqlite::Result<Vec<Assessment>> {
    conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM assessment WHERE campaign = :campaign ORDER BY number"
    ))?
    .query_map(named_params! {":campaign": campaign}, Assessment::from_row)?
    .collect()
}

/// The document of an assessment, if it has one.
pub fn document(conn: &Connection, campaign: CampaignId, number: u32) -> rusqlite::Result<Option<Vec<u8>>> {
    let found = conn
        .prepare_cached("SELECT document FROM assessment WHERE campaign = :campaign AND number = :number")?
        .query_row(named_params! {":campaign": campaign, ":number": number}, |row| row.get(0))
        .optional()?;
    Ok(found.flatten())
}

/// Keeps an assessment that nobody has signed yet, with its document if there is one.
pub fn insert(
    tx: &Transaction<'_>,
    assessment: &Assessment,
    document: Option<&[u8]>,
) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT INTO assessment (campaign, number, notice, text, document, digest, by, by_name, at)
         VALUES (:campaign, :number, :notice, :text, :document, :digest, :by, :by_name, :at)",
        named_params! {
            ":campaign": assessment.campaign, ":number": assessment.number, ":notice": assessment.notice,
            ":text": assessment.text, ":document": document, ":digest": assessment.digest, ":by": assessment.by,
            ":by_name": assessment.by_name, ":at": At(assessment.at),
        },
    )?;
    Ok(())
}

/// Signs an assessment. Returns whether it was there and unsigned.
pub fn sign(
    tx: &Transaction<'_>,
    campaign: CampaignId,
    number: u32,
    signed: &Signed,
) -> rusqlite::Result<bool> {
    let changed = tx.execute(
        "UPDATE assessment
         SET signed_by = :by, signed_by_name = :by_name, signed_at = :at, public_key = :public_key,
             signature = :signature
         WHERE campaign = :campaign AND number = :number AND signed_at IS NULL",
        named_params! {
            ":campaign": campaign, ":number": number, ":by": signed.by, ":by_name": signed.by_name,
            ":at": At(signed.at), ":public_key": signed.public_key, ":signature": signed.signature,
        },
    )?;
    Ok(changed == 1)
}
