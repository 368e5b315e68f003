//! 四性检测: the check of DA/T 70-2018 and its reports.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::ids::AppraisalId;

/// Asks for a check. `POST /archive/appraisals`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Appraise {
    /// One object, `urn:uuid:…` or `person_…`; nothing for all of them.
    #[serde(default)]
    pub object: Option<String>,
    /// One accepted delivery: its own object and the dossiers it brought photos to.
    #[serde(default)]
    pub delivery: Option<crate::ids::DeliveryId>,
}

/// A finished check in figures. `GET /archive/appraisals`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Appraisal {
    /// Its id.
    pub id: AppraisalId,
    /// What was checked: `archive`, an object's id or a delivery's.
    pub subject: String,
    /// `accession` (GD, YJ) or `preservation` (CQ).
    pub environment: String,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Who asked for it.
    pub by: String,
    /// Objects that were read.
    pub objects: u64,
    /// Items that passed.
    pub passed: u64,
    /// Items that failed.
    pub failed: u64,
    /// Items that could not be tested.
    pub not_testable: u64,
    /// Of the failed, those that decide alone.
    pub vetoes: u64,
    /// SHA-256 of the report's canonical JSON, hex.
    pub sha256: String,
}

impl Appraisal {
    /// Whether no item failed and at least one passed.
    #[must_use]
    pub const fn has_passed(&self) -> bool {
        self.failed == 0 && self.passed > 0
    }
}

/// A finished check with every item. `GET /archive/appraisals/{id}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppraisalReport {
    /// Its figures.
    #[serde(flatten)]
    pub appraisal: Appraisal,
    /// The metadata scheme it was held to.
    pub scheme: String,
    /// Files of the objects.
    pub files: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Every item, in the order of the standard.
    pub items: Vec<AppraisedItem>,
}

/// One item with its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppraisedItem {
    /// Its number: `1-1` … `4-7`.
    pub number: String,
    /// The word that stands for it, by which clients name it and say its purpose.
    pub item: String,
    /// `authenticity`, `integrity`, `usability` or `safety`.
    pub property: String,
    /// What it looks at: `content`, `metadata`, `both`, `package`, `process`, `environment`, `carrier`.
    pub about: String,
    /// What it rests on.
    pub basis: String,
    /// Whether it alone decides when it fails.
    pub veto: bool,
    /// `passed`, `failed` or `not_testable`.
    pub verdict: String,
    /// Why it could not be tested, a stable word.
    pub reason: Option<String>,
    /// How many things were looked at.
    pub looked_at: u64,
    /// How many of them are not as they should be.
    pub failed: u64,
    /// The first of these.
    pub failing: Vec<AppraisalFault>,
    /// Something more to know of it: a stable word and a figure.
    pub remarks: BTreeMap<String, u64>,
}

/// One thing that is not as it should be. Names no person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppraisalFault {
    /// What it is about: `person_…`, `delivery_…`, `case_…` or `urn:uuid:…`; nothing if about no object.
    pub subject: Option<String>,
    /// The file, the element of a document, or what exactly.
    pub place: String,
    /// A stable code, or one of the OCFL specification.
    pub code: String,
}
