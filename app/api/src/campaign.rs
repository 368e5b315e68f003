//! Campaigns: one cohort, its roster, its capture tokens and its dates.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::ids::{CampaignId, PersonId, VendorId};

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
    /// What it is for, in English.
    pub purpose: String,
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
    /// The limit as text, with its unit.
    pub limit: String,
}
