//! What a machine read on a scan, as it lies beside it: lines of text, where they stand, how sure it was.
//!
//! It says nothing of what is right: that is the register's business, and a person's. Whatever is missing here can be
//! read again from the scan.

use ids::ScanId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What was read on one scan.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// `xuecang-reading/1`.
    pub format: String,
    /// The scan.
    pub scan: ScanId,
    /// SHA-256 of the scan's bytes, hex.
    pub sha256: String,
    /// When it was read.
    pub at: Timestamp,
    /// The models that read it, in the order in which they worked.
    pub models: Vec<Model>,
    /// The school's name at the time: what its papers say at their head.
    pub school: String,
    /// Its pages, in order.
    pub pages: Vec<Page>,
}

/// A model that read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its name and version.
    pub name: String,
    /// SHA-256 of its file, hex.
    pub sha256: String,
}

/// One page of a scan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Width of its picture, px. 0 if it holds none that can be read.
    pub width: u32,
    /// Height of its picture, px. 0 if it holds none that can be read.
    pub height: u32,
    /// The lines, from top to bottom.
    pub lines: Vec<Line>,
    /// Why it could not be read, as a stable word: `no-page-image`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
}

/// One line of text. `{:?}` shows where it stands and not what it says.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// What it says.
    pub text: String,
    /// How sure the model was, 0..=1.
    pub confidence: f32,
    /// Where it stands: left, top, width, height, px.
    pub place: [f32; 4],
}

impl Reading {
    /// The word of its format.
    pub const FORMAT: &'static str = "xuecang-reading/1";

    /// Whether any page of it could be read at all.
    #[must_use]
    pub fn is_measurable(&self) -> bool {
        self.pages.iter().any(|page| page.unreadable.is_none())
    }

    /// Everything it says, a line each.
    #[must_use]
    pub fn text(&self) -> String {
        let lines: Vec<_> =
            self.pages.iter().flat_map(|page| &page.lines).map(|line| line.text.as_str()).collect();
        lines.join("\n")
    }

    /// As it lies in the object. `None` for numbers that JSON has no words for.
    pub(super) fn to_json(&self) -> Option<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self).ok()?;
        bytes.push(b'\n');
        Some(bytes)
    }
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading").field("scan", &self.scan).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("place", &self.place).finish_non_exhaustive()
    }
}
