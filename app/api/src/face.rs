//! Comparing faces: at the desk, in review, and the calibration behind it.

use crate::Timestamp;
use serde::{Deserialize, Serialize};

use crate::delivery::Finding;
use crate::dossier::PhotoKind;
use crate::ids::{CalibrationId, CampaignId, ComparisonId, PersonId, PhotoId};

/// What the machine says of two photos. A person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// 一致
    Match,
    /// 存疑
    Unsure,
    /// 不一致
    NoMatch,
}

/// What a person decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FaceDecision {
    /// The same person.
    Same,
    /// Another person.
    Different,
    /// Doubtful: goes to review.
    Doubtful,
    /// Settled without a machine: documents were looked at.
    Manual,
}

/// How far a comparison is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ComparisonState {
    /// Waits for the operator.
    Open,
    /// Waits for reviewers.
    InReview,
    /// Decided.
    Decided,
    /// The probe was taken again; nothing was decided.
    Superseded,
}

/// One comparison. Made by `POST /persons/{id}/comparisons` with the probe's bytes as body
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Comparison {
    /// Its id.
    pub id: ComparisonId,
    /// The person it is about.
    pub person: PersonId,
    /// The person's name.
    pub name: String,
    /// The reference photo that decides: the one that is least like the probe.
    pub reference: PhotoId,
    /// Each reference photo beside the probe; nothing of comparisons made before there could be more than one.
    pub pairs: Vec<Pair>,
    /// What the machine says.
    pub verdict: Verdict,
    /// The codes of findings for which it says no more than unsure, however alike the faces are.
    pub held_back: Vec<String>,
    /// Cosine similarity with the reference that decides, -1..=1.
    pub similarity: f32,
    /// How many times likelier this similarity is for one person than for two, when the calibration can say.
    pub odds: Option<f64>,
    /// At or above: match.
    pub accept: f32,
    /// Below: no match.
    pub reject: f32,
    /// The calibration the thresholds come from.
    pub calibration: CalibrationId,
    /// Findings about the probe.
    pub findings: Vec<Finding>,
    /// How far it is.
    pub state: ComparisonState,
    /// What was decided.
    pub decision: Option<FaceDecision>,
    /// Who decided: the account's name.
    pub decided_by: Option<String>,
    /// When the probe was taken.
    pub at: Timestamp,
    /// Whether the probe's pixels are still here (`/comparisons/{id}/probe`); they go with the decision.
    pub has_probe: bool,
    /// Whether whoever asks made it at the desk, and so may not review it.
    pub made_by_me: bool,
    /// Whether whoever asks has reviewed it already.
    pub reviewed_by_me: bool,
    /// What its reviewers said, oldest first; nothing before it is decided, so that none sees another's word.
    pub reviews: Vec<Reviewed>,
}

/// One of the person's reference photos beside the probe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pair {
    /// The reference photo.
    pub reference: PhotoId,
    /// What it is.
    pub kind: PhotoKind,
    /// Cosine similarity, -1..=1; nothing if the photo shows no face that can be compared.
    pub similarity: Option<f32>,
    /// What the machine would say of this pair alone.
    pub verdict: Option<Verdict>,
}

/// What one reviewer said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reviewed {
    /// Who: the account's name.
    pub by: String,
    /// What.
    pub decision: FaceDecision,
    /// A remark, empty if none.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

/// Decides a comparison. `POST /comparisons/{id}/decision`; as a reviewer `POST /comparisons/{id}/review`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Decide {
    /// What.
    pub decision: FaceDecision,
    /// A remark, empty if none.
    pub note: String,
}

/// Runs a calibration on people who have two photos. `POST /calibrations`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewCalibration {
    /// The campaign whose people are used.
    pub campaign: CampaignId,
    /// The false match rate wanted at the accept threshold, for example 0.001.
    pub target_fmr: f64,
}

/// A calibration. `GET /calibrations/{id}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Calibration {
    /// Its id.
    pub id: CalibrationId,
    /// Its version, as verdicts name it.
    pub version: String,
    /// When it was run.
    pub created: Timestamp,
    /// Whether it is the one in force.
    pub adopted: bool,
    /// The model.
    pub model: String,
    /// People used.
    pub people: u64,
    /// Genuine pairs used.
    pub genuine: u64,
    /// Impostor pairs used.
    pub impostor: u64,
    /// At or above: match.
    pub accept: f32,
    /// Below: no match.
    pub reject: f32,
    /// Thresholds for several false match rates.
    pub operating_points: Vec<OperatingPoint>,
    /// The DET curve: false match rate and false non-match rate.
    pub det: Vec<(f64, f64)>,
    /// Histogram of impostor similarities, -1..=1 in equal bins.
    pub impostor_histogram: Vec<u64>,
    /// Histogram of genuine similarities.
    pub genuine_histogram: Vec<u64>,
}

/// A threshold and its error rates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OperatingPoint {
    /// The false match rate aimed at.
    pub target_fmr: f64,
    /// The threshold, or nothing: not measurable with this many pairs.
    pub threshold: Option<f32>,
    /// The false non-match rate at it.
    pub fnmr: Option<f64>,
    /// 95 % interval of the false match rate, by identity bootstrap, when run.
    pub interval: Option<(f64, f64)>,
    /// 95 % interval of the false non-match rate, by identity bootstrap, when run.
    #[serde(default)]
    pub fnmr_interval: Option<(f64, f64)>,
    /// The impostor pairs it takes to measure the rate aimed at.
    #[serde(default)]
    pub needed: Option<u64>,
}
