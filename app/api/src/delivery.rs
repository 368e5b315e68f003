//! Deliveries: what came, what was found, who accepted it.

use crate::{Date, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::{CampaignId, DeliveryId, JobId, PersonId, PhotoId, UserId, VendorId};

/// How far a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Bytes are coming in.
    Receiving,
    /// All bytes are here; the check has not begun.
    Received,
    /// Being checked.
    Checking,
    /// Checked and reconciled; a person may decide.
    Checked,
    /// One person has proposed to accept; another must confirm.
    Proposed,
    /// Confirmed; being taken into the archive.
    Accepting,
    /// In the archive; the vendor has its receipt.
    Accepted,
    /// Sent back.
    Rejected,
}

/// A delivery. `GET /deliveries/{id}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The campaign it is for.
    pub campaign: CampaignId,
    /// The campaign's name.
    pub campaign_name: String,
    /// Who delivered it.
    pub vendor: VendorId,
    /// The vendor's name.
    pub vendor_name: String,
    /// Which delivery of this campaign it is, from 1.
    pub round: u32,
    /// How far it is.
    pub state: DeliveryState,
    /// When the first byte came.
    pub opened: Timestamp,
    /// When the last byte came.
    pub received: Option<Timestamp>,
    /// Bytes received.
    pub bytes: u64,
    /// Bytes announced.
    pub bytes_total: u64,
    /// Its job, if one runs or ran last.
    pub job: Option<JobId>,
    /// What the check found, once it did.
    pub report: Option<CheckReport>,
    /// Who proposed to accept or reject, and what.
    pub proposal: Option<Proposal>,
    /// Who confirmed, and when.
    pub confirmed: Option<Confirmation>,
    /// Why it was rejected: a person's words, or the codes of what the check found in a broken parcel.
    pub reject_reason: Option<String>,
    /// The files of a broken parcel in which it was found, as the vendor named them; the first ten.
    #[serde(default)]
    pub reject_files: Vec<String>,
    /// Whether what the check wrote down can't be read: `report` or `reject_files` is left out then. Another check writes
    /// it anew.
    #[serde(default)]
    pub unreadable: bool,
}

/// What the check of a delivery found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckReport {
    /// The photo rules applied.
    pub rule_set: String,
    /// The calibration by which faces were compared; nothing if none was adopted.
    pub calibration: Option<String>,
    /// People on the roster.
    pub roster: u64,
    /// Photos in the delivery.
    pub photos: u64,
    /// 多: photos of nobody on the roster, or more than one of somebody.
    pub extra: u64,
    /// 少: people on the roster without a photo.
    pub missing: u64,
    /// 错: photos that are damaged, break a blocking rule or show another person.
    pub wrong: u64,
    /// 误: photos captured or delivered after the campaign's dates.
    pub late: u64,
    /// Photos that need a person's eye (doubtful face or a warning).
    pub doubtful: u64,
    /// Those of them of which a person must say whose face they show before anything is accepted.
    #[serde(default)]
    pub unsettled: u64,
    /// Similarity from which on two photos show one person, by the calibration; nothing without one.
    #[serde(default)]
    pub accept: Option<f32>,
    /// Similarity below which they show two; between the two nobody knows.
    #[serde(default)]
    pub reject: Option<f32>,
    /// Share of photos without any blocking finding, 0..=1.
    pub first_pass: f64,
    /// Share of photos with a visible deviation, 0..=1.
    pub deviation: f64,
    /// Findings by code, most frequent first.
    pub findings: Vec<FindingCount>,
    /// When the check ended.
    pub checked: Timestamp,
    /// The date by which the delivery was due.
    pub due: Date,
}

/// How often a finding occurs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FindingCount {
    /// Its code.
    pub code: String,
    /// `block`, `warn` or `info`.
    pub severity: String,
    /// Which of the four it makes: `extra`, `missing`, `wrong`, `late`, or `none`.
    pub group: String,
    /// How many photos or people have it.
    pub count: u64,
}

/// Which of the four a delivered item is, or that it is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// Nothing against it.
    Good,
    /// A person should look.
    Doubtful,
    /// Of nobody on the roster, or one too many.
    Extra,
    /// Awaited and not there.
    Missing,
    /// Damaged, against a blocking rule, or another person.
    Wrong,
    /// After the campaign's dates.
    Late,
}

/// One item of a delivery: a photo that came, or a person whose photo did not. `GET /deliveries/{id}/items`,
/// `GET /deliveries/{id}/items/{number}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Item {
    /// Its number in the delivery, from 0; missing ones come last.
    pub number: u32,
    /// Which of the four it is.
    pub state: ItemState,
    /// The person, when the token is on the roster.
    pub person: Option<PersonId>,
    /// The person's name, when known.
    pub name: Option<String>,
    /// The person's class, when known.
    pub class: Option<String>,
    /// Similarity with the admission photo, -1..=1, when both have one face.
    pub similarity: Option<f32>,
    /// `match`, `unsure` or `no_match`.
    pub verdict: Option<String>,
    /// How odd it looks beside the others, 0..=1: the contact sheet's order.
    pub oddness: f32,
    /// The findings.
    pub findings: Vec<Finding>,
    /// Whether a person may settle whose face it is: the machine has doubts, or says it is somebody else.
    pub can_be_settled: bool,
    /// Whether a person must, before anything is accepted.
    pub unsettled: bool,
    /// What a person settled.
    pub settled: Option<Settled>,
    /// The admission photo it was compared with, while it is the current one.
    pub admission: Option<PhotoId>,
    /// Whether there are pixels to show at `/deliveries/{id}/items/{number}/image`.
    pub has_image: bool,
    /// The photo of the archive that these bytes became, once they are accepted.
    pub archived: Option<PhotoId>,
}

/// What a person says of the face on a delivered photo and the one on the admission photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FaceWord {
    /// One person.
    Same,
    /// Two people; the photo is wrong.
    Different,
}

/// Settles whose face a photo shows. `PUT /deliveries/{id}/items/{number}/settlement`; `DELETE` takes it back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Settle {
    /// What the person sees.
    pub decision: FaceWord,
    /// A remark; may be empty.
    #[serde(default)]
    pub note: String,
}

/// What a person settled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Settled {
    /// What.
    pub decision: FaceWord,
    /// A remark.
    pub note: String,
    /// Who.
    pub by: UserId,
    /// The account's name.
    pub by_name: String,
    /// When.
    pub at: Timestamp,
}

/// One finding about a photo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// Its code: `IMG-08`, `Q-SHARP`, `FACE-NOT-SAME`, `TOKEN-UNKNOWN`, …
    pub code: String,
    /// `block`, `warn` or `info`.
    pub severity: String,
    /// `passed`, `failed` or `not_measurable`.
    pub status: String,
    /// The value measured, with its unit.
    pub measured: Option<String>,
    /// The limit, with its unit.
    pub limit: Option<String>,
    /// Where on the photo, px: x, y, width, height. A line across has neither width nor height, a band across no width.
    #[serde(default, alias = "place", deserialize_with = "places")]
    pub places: Vec<[f32; 4]>,
}

/// Reads one place as it was kept before a finding had several, or all of them.
fn places<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<[f32; 4]>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Kept {
        All(Vec<[f32; 4]>),
        One(Option<[f32; 4]>),
    }
    Ok(match Kept::deserialize(from)? {
        Kept::All(places) => places,
        Kept::One(place) => place.into_iter().collect(),
    })
}

/// Asks for items. `GET /deliveries/{id}/items`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(default)]
pub struct ItemQuery {
    /// Only items of this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Only items of which a person must say whose face they show.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unsettled: bool,
    /// Only items with this finding failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// How many to pass over.
    pub offset: u32,
    /// How many to return; 0 means 100, at most 500.
    pub limit: u32,
}

/// What is to be done with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Take all of it. Only when 多 少 错 误 are all zero.
    Accept,
    /// Take the good ones; the rest must be delivered again.
    AcceptPart,
    /// Send all of it back.
    Reject,
}

/// Proposes what is to be done. `POST /deliveries/{id}/proposal`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Propose {
    /// What.
    pub decision: Decision,
    /// Why. Needed unless all of it is accepted.
    pub reason: String,
}

/// What somebody proposed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Proposal {
    /// What.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: UserId,
    /// The account's name.
    pub by_name: String,
    /// When.
    pub at: Timestamp,
}

/// Confirms or refuses what another proposed. `POST /deliveries/{id}/confirmation`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Confirm {
    /// Whether it is confirmed; otherwise the delivery is back at `checked`.
    pub confirm: bool,
}

/// Who confirmed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Confirmation {
    /// Who.
    pub by: UserId,
    /// The account's name.
    pub by_name: String,
    /// When.
    pub at: Timestamp,
}

/// The vendor's receipt: what was accepted, signed by the school. `GET /deliveries/{id}/receipt`
///
/// `signature` is an Ed25519 signature, base64, over the bytes of `statement`. The statement is canonical JSON of a
/// [`ReceiptStatement`]; it names tokens and digests, never people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Receipt {
    /// Canonical JSON of the statement.
    pub statement: String,
    /// Ed25519 signature over it, base64.
    pub signature: String,
    /// The school's public key, base64.
    pub public_key: String,
    /// The ledger's proof that the acceptance is in it: the C2SP tlog-proof text.
    pub proof: String,
}

/// What a receipt states.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReceiptStatement {
    /// `xuecang-receipt/1`.
    pub format: String,
    /// The delivery.
    pub delivery: DeliveryId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The vendor.
    pub vendor: VendorId,
    /// SHA-256 of the bag's `tagmanifest-sha256.txt`.
    pub bag: String,
    /// When it was accepted.
    pub accepted: Timestamp,
    /// What was accepted.
    pub items: Vec<ReceiptItem>,
}

/// One accepted file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReceiptItem {
    /// The capture token.
    pub token: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Its bytes.
    pub bytes: u64,
}
