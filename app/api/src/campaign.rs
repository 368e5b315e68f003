//! Campaigns: one cohort, its roster, its capture tokens and its dates.

use crate::{Date, Timestamp};
use serde::{Deserialize, Serialize};

use crate::delivery::DeliveryState;
use crate::ids::{CampaignId, DeliveryId, PersonId, VendorId};

/// What a campaign's photos are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CampaignKind {
    /// 新生: photos at entry.
    Enrolment,
    /// 毕业生: photos for graduation registration.
    Graduation,
}

/// Creates a campaign. `POST /campaigns`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewCampaign {
    /// Its name, as people say it.
    pub name: String,
    /// What the photos are for.
    pub kind: CampaignKind,
    /// The cohort's year.
    pub year: u16,
    /// First day of capture.
    pub capture_from: Date,
    /// Last day of capture.
    pub capture_until: Date,
    /// Last day on which a delivery is on time.
    pub deliver_by: Date,
    /// The photo rules that apply, by name (`GET /rule-sets`).
    pub rule_set: String,
    /// The vendor that captures, if one does.
    pub vendor: Option<VendorId>,
}

/// A campaign. `GET /campaigns/{id}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Campaign {
    /// Its id.
    pub id: CampaignId,
    /// What was said when it was created.
    #[serde(flatten)]
    pub facts: NewCampaign,
    /// When it was created.
    pub created: Timestamp,
    /// How far it is.
    pub counts: CampaignCounts,
}

/// How far a campaign is, in people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CampaignCounts {
    /// On the roster.
    pub roster: u64,
    /// With an admission photo.
    pub admission_photos: u64,
    /// With a capture token.
    pub tokens: u64,
    /// With an accepted photo of this campaign.
    pub accepted: u64,
    /// Not yet accepted and past the delivery date.
    pub late: u64,
}

/// What issuing capture tokens did. `POST /campaigns/{id}/tokens`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokensIssued {
    /// Issued just now.
    pub issued: u64,
    /// Issued in all.
    pub total: u64,
}

/// One row of a campaign's roster. `GET /campaigns/{id}/roster`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RosterRow {
    /// The person.
    pub person: PersonId,
    /// The name, masked.
    pub name: String,
    /// The student number, masked.
    pub student_number: String,
    /// The college.
    pub college: String,
    /// The class.
    pub class: String,
    /// Whether a capture token was issued.
    pub token: bool,
    /// How far this person's photo is.
    pub photo: PhotoState,
}

/// One hand-out slip: what a student shows at the camera. For the school alone. `GET /campaigns/{id}/slips`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Slip {
    /// The person.
    pub person: PersonId,
    /// The name, masked.
    pub name: String,
    /// The student number, masked.
    pub student_number: String,
    /// The college.
    pub college: String,
    /// The class.
    pub class: String,
    /// The capture token.
    pub token: String,
    /// The token as a QR code, SVG.
    pub qr: String,
}

/// How far a person's photo of a campaign is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PhotoState {
    /// Nothing has come.
    Awaited,
    /// Delivered and under check.
    Delivered,
    /// Accepted into the archive.
    Accepted,
    /// Not accepted and past the date.
    Late,
}

/// A rule set that photos can be held to. `GET /rule-sets`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RuleSetSummary {
    /// Its name, `jbz-2017-99`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it is called, in Chinese.
    pub title: String,
    /// Where its numbers come from, in English.
    pub source: String,
    /// The rules.
    pub rules: Vec<RuleSummary>,
}

/// One rule of a rule set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RuleSummary {
    /// Its code, `IMG-08`.
    pub code: String,
    /// `block`, `warn` or `info`.
    pub severity: String,
    /// The rule in the words of its source, in Chinese.
    pub text: String,
    /// The limit as text, with its unit; nothing where only a person can tell.
    pub limit: Option<String>,
}

/// How a campaign goes: its pace, its groups, its rounds, its journal. `GET /campaigns/{id}/progress`
///
/// Counted from what has arrived: a photo counts as captured once a delivery brought it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Progress {
    /// The day on which this was counted, by the school's clock.
    pub today: Date,
    /// The whole campaign.
    pub total: GroupProgress,
    /// Days left for capture, today included; 0 once the last day has passed.
    pub days_left: u32,
    /// People a day that must still be captured to be done in time; nothing once no day is left.
    pub needed_per_day: Option<u64>,
    /// People captured per day of capture, on the days on which somebody was, oldest first.
    pub days: Vec<DayProgress>,
    /// By college and class.
    pub groups: Vec<GroupProgress>,
    /// By the device that took the photo, as the vendor names it.
    pub stations: Vec<StationProgress>,
    /// The deliveries, oldest first.
    pub rounds: Vec<RoundProgress>,
    /// What happened in the campaign and its deliveries, newest first, at most 50 entries.
    pub journal: Vec<JournalEntry>,
}

/// How far some people are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupProgress {
    /// Their college; empty for the whole campaign.
    pub college: String,
    /// Their class; empty for the whole campaign.
    pub class: String,
    /// On the roster.
    pub roster: u64,
    /// With a capture token.
    pub tokens: u64,
    /// With a photo in any delivery.
    pub captured: u64,
    /// With an accepted photo.
    pub accepted: u64,
    /// Whose latest photo can't be taken as it is: they must come again.
    pub retakes: u64,
}

/// One day of capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DayProgress {
    /// The day.
    pub date: Date,
    /// People captured for the first time.
    pub first: u64,
    /// People captured again.
    pub again: u64,
}

/// One station of the vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StationProgress {
    /// The device.
    pub device: String,
    /// Photos it took.
    pub photos: u64,
    /// Of these, wrong ones.
    pub wrong: u64,
    /// When its latest photo was taken.
    pub latest: Option<Timestamp>,
}

/// One delivery of a campaign in figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoundProgress {
    /// The delivery.
    pub delivery: DeliveryId,
    /// Which round it is, from 1.
    pub round: u32,
    /// How far it is.
    pub state: DeliveryState,
    /// When its last byte came.
    pub received: Option<Timestamp>,
    /// What its check found.
    pub report: Option<RoundFigures>,
}

/// What the check of a round found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoundFigures {
    /// Photos in it.
    pub photos: u64,
    /// 多
    pub extra: u64,
    /// 少
    pub missing: u64,
    /// 错
    pub wrong: u64,
    /// 误
    pub late: u64,
    /// Share of photos without any blocking finding, 0..=1.
    pub first_pass: f64,
}

/// Something that happened in a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JournalEntry {
    /// When.
    pub at: Timestamp,
    /// What: `delivery.checked`.
    pub kind: String,
    /// To what: an id.
    pub subject: String,
    /// Who: an account's name, a vendor's id, or the appliance.
    pub actor: String,
    /// Its leaf in the ledger.
    pub leaf: Option<u64>,
}
