//! What can be said about one delivered photo, and which of the four it makes of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use crate::db::office::item::ItemState;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// For the record only.
    Info,
    /// A person should look.
    Warn,
    /// The photo can't be accepted.
    Block,
}

/// How the measuring went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Within the limit.
    Passed,
    /// Beyond the limit.
    Failed,
    /// Could not be measured.
    NotMeasurable,
}

/// 多 少 错 误: which promise of the delivery a finding breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// 多: of nobody on the roster, or one too many.
    Extra,
    /// 少: awaited and not there.
    Missing,
    /// 错: damaged, against a blocking rule, or another person.
    Wrong,
    /// 误: outside the campaign's dates.
    Late,
    /// None of the four.
    None,
}

/// One finding about a photo. `measured` and `limit` carry their unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// A stable code: `IMG-08`, `FACE-NOT-SAME`, `TOKEN-UNKNOWN`, …
    pub code: String,
    /// How grave it is when it fails.
    pub severity: Severity,
    /// How the measuring went.
    pub status: Status,
    /// The value measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<String>,
    /// The limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// Where on the photo, px: x, y, width, height.
    #[serde(default, alias = "place", deserialize_with = "places", skip_serializing_if = "Vec::is_empty")]
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

/// How often a finding failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingCount {
    /// Its code.
    pub code: String,
    /// How grave it is.
    pub severity: Severity,
    /// Which of the four it makes.
    pub group: Group,
    /// How many photos or people have it.
    pub count: u64,
}

impl Severity {
    /// The word the interface uses.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }
}

impl Status {
    /// The word the interface uses.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotMeasurable => "not_measurable",
        }
    }
}

impl Group {
    /// The word the interface uses.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Extra => "extra",
            Self::Missing => "missing",
            Self::Wrong => "wrong",
            Self::Late => "late",
            Self::None => "none",
        }
    }
}

impl ItemState {
    /// Which of the four it is.
    #[must_use]
    pub const fn group(self) -> Group {
        match self {
            Self::Good | Self::Doubtful => Group::None,
            Self::Extra => Group::Extra,
            Self::Missing => Group::Missing,
            Self::Wrong => Group::Wrong,
            Self::Late => Group::Late,
        }
    }

    /// Whether a photo of this state may be taken into the archive.
    #[must_use]
    pub const fn is_acceptable(self) -> bool {
        matches!(self, Self::Good | Self::Doubtful)
    }

    /// What a photo with these findings is. The graver word wins: extra, then wrong, then late, then doubtful.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Self {
        let has = |group| findings.iter().any(|finding| finding.group() == group);
        if has(Group::Extra) {
            Self::Extra
        } else if has(Group::Missing) {
            Self::Missing
        } else if has(Group::Wrong) {
            Self::Wrong
        } else if has(Group::Late) {
            Self::Late
        } else if findings.iter().any(Finding::is_doubt) {
            Self::Doubtful
        } else {
            Self::Good
        }
    }
}

impl Finding {
    /// A doubtful face that is very like the admission photo of another token's person: the similarity with that one.
    #[must_use]
    pub fn like_another(similarity: f32) -> Self {
        let mut finding = Self::failed(code::LIKE_ANOTHER, Severity::Warn);
        finding.measured = Some(format!("{similarity:.3}"));
        finding
    }

    /// A failed finding that needs no figures.
    #[must_use]
    pub fn failed(code: &str, severity: Severity) -> Self {
        Self {
            code: code.to_owned(),
            severity,
            status: Status::Failed,
            measured: None,
            limit: None,
            places: Vec::new(),
        }
    }

    /// The same with the value measured and its limit.
    #[must_use]
    pub fn with(mut self, measured: impl ToString, limit: impl ToString) -> Self {
        self.measured = Some(measured.to_string());
        self.limit = Some(limit.to_string());
        self
    }

    /// Which of the four it makes of a photo.
    #[must_use]
    pub fn group(&self) -> Group {
        if self.status != Status::Failed || self.severity != Severity::Block {
            return Group::None;
        }
        match self.code.as_str() {
            code::FORGED | code::UNKNOWN | code::TWICE | code::ALREADY | code::NO_TOKEN => Group::Extra,
            code::NOT_DELIVERED | code::NOT_ISSUED => Group::Missing,
            code::CAPTURED_OUTSIDE | code::DELIVERED_LATE => Group::Late,
            _ => Group::Wrong,
        }
    }

    /// Whether a person should look because of it.
    #[must_use]
    pub fn is_doubt(&self) -> bool {
        self.status == Status::Failed && self.severity == Severity::Warn
    }

    /// Counts the failed findings by code, most frequent first.
    pub fn count<'a>(findings: impl IntoIterator<Item = &'a Self>) -> Vec<FindingCount> {
        let mut counts = BTreeMap::<_, u64>::new();
        for finding in findings.into_iter().filter(|finding| finding.status == Status::Failed) {
            *counts.entry((finding.code.as_str(), finding.severity, finding.group())).or_default() += 1;
        }
        let mut counts: Vec<_> = counts
            .into_iter()
            .map(|((code, severity, group), count)| FindingCount {
                code: code.to_owned(),
                severity,
                group,
                count,
            })
            .collect();
        counts.sort_by(|left, right| right.count.cmp(&left.count).then_with(|| left.code.cmp(&right.code)));
        counts
    }
}

/// The codes of the findings that reconciling makes. Those of the photo rules come with the rule set.
pub(crate) mod code {
    /// A token that the school never issued.
    pub(crate) const FORGED: &str = "TOKEN-FORGED";
    /// A token that is not on the roster of this campaign.
    pub(crate) const UNKNOWN: &str = "TOKEN-UNKNOWN";
    /// A second photo under one token.
    pub(crate) const TWICE: &str = "TOKEN-TWICE";
    /// A photo of somebody whose photo was accepted before.
    pub(crate) const ALREADY: &str = "TOKEN-ALREADY-ACCEPTED";
    /// A file that is not named by a token.
    pub(crate) const NO_TOKEN: &str = "NAME-NOT-A-TOKEN";
    /// An awaited photo that has not come.
    pub(crate) const NOT_DELIVERED: &str = "NOT-DELIVERED";
    /// Somebody on the roster to whom no token was issued.
    pub(crate) const NOT_ISSUED: &str = "TOKEN-NOT-ISSUED";
    /// Captured before or after the campaign's dates.
    pub(crate) const CAPTURED_OUTSIDE: &str = "CAPTURED-OUTSIDE-DATES";
    /// Received after the day on which it was due.
    pub(crate) const DELIVERED_LATE: &str = "DELIVERED-LATE";
    /// The list of captures does not say when it was captured.
    pub(crate) const CAPTURE_NOT_LISTED: &str = "CAPTURE-NOT-LISTED";
    /// Another person than on the admission photo.
    pub(crate) const NOT_SAME: &str = "FACE-NOT-SAME";
    /// Neither surely the same person nor surely another.
    pub(crate) const UNSURE: &str = "FACE-UNSURE";
    /// Not surely the person of its token, and very like the admission photo of another one's.
    pub(crate) const LIKE_ANOTHER: &str = "FACE-LIKE-ANOTHER";
    /// A person has looked: one person.
    pub(crate) const SETTLED_SAME: &str = "FACE-SETTLED-SAME";
    /// A person has looked: somebody else.
    pub(crate) const SETTLED_OTHER: &str = "FACE-SETTLED-DIFFERENT";
    /// Faces can't be judged because no calibration was adopted.
    pub(crate) const NOT_CALIBRATED: &str = "FACE-NOT-CALIBRATED";
    /// There is no admission photo to compare with.
    pub(crate) const NO_REFERENCE: &str = "FACE-NO-REFERENCE";
    /// The law does not let this face be compared, so a person looks: nobody agreed, or nobody asked.
    pub(crate) const BY_HAND: &str = "FACE-BY-HAND";
    /// The same file under two tokens.
    pub(crate) const SAME_FILE: &str = "SAME-FILE-TWICE";
    /// The same face under two tokens.
    pub(crate) const SAME_FACE: &str = "SAME-FACE-TWICE";
}
