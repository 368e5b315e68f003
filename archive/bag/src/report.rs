//! What a judge found wrong with a package or an archive.

use std::borrow::Cow;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth a look; what was judged is still valid.
    Warning,
    /// What was judged is not valid.
    Error,
}

/// One thing a judge noticed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// Stable code: `E0xx` and `W0xx` of the OCFL specification, or a word like `payload-missing` for bags.
    pub code: Cow<'static, str>,
    /// How much it weighs.
    pub severity: Severity,
    /// Where it is, relative to what was judged; empty for the whole.
    pub path: String,
    /// A sentence for a person, in English. Translations go by `code`.
    pub text: String,
}

/// How many errors, and how many warnings, a report keeps. A package made of mistakes must not fill the memory, and nobody
/// reads more.
const MOST: usize = 10_000;

/// What a judge found. Valid as long as no finding is an error.
///
/// Of errors and of warnings it keeps the first ten thousand each.
///
/// Serialises to `{"valid": …, "findings": [{"code", "severity", "path", "text"}]}`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    findings: Vec<Finding>,
    errors: usize,
    warnings: usize,
}

impl Report {
    /// An empty report: nothing found yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing found is an error.
    pub fn is_valid(&self) -> bool {
        self.errors().next().is_none()
    }

    /// What was found, in the order it was found.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What makes it invalid.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }

    /// What deserves a look.
    pub fn warnings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Warning)
    }

    /// Notes an error. Saying the same thing again at once is harmless.
    pub fn error(&mut self, code: &'static str, path: impl Into<String>, text: impl Into<String>) {
        self.note(code, Severity::Error, path.into(), text.into());
    }

    /// Notes a warning. Saying the same thing again at once is harmless.
    pub fn warning(&mut self, code: &'static str, path: impl Into<String>, text: impl Into<String>) {
        self.note(code, Severity::Warning, path.into(), text.into());
    }

    /// Takes over the findings of a part, whose paths are relative to `under`.
    pub fn absorb(&mut self, under: &str, part: Self) {
        for mut finding in part.findings {
            finding.path = match (under, finding.path.as_str()) {
                ("", path) => path.to_owned(),
                (under, "") => under.to_owned(),
                (under, path) => format!("{under}/{path}"),
            };
            self.keep(finding);
        }
    }

    fn keep(&mut self, finding: Finding) {
        let kept = match finding.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        if *kept < MOST {
            *kept += 1;
            self.findings.push(finding);
        }
    }

    fn note(&mut self, code: &'static str, severity: Severity, path: String, text: String) {
        let finding = Finding { code: Cow::Borrowed(code), severity, path, text };
        // The same is said again at once or not at all; looking further back would take quadratic time.
        if !self.findings.iter().rev().take(8).any(|known| *known == finding) {
            self.keep(finding);
        }
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("Report", 2)?;
        report.serialize_field("valid", &self.is_valid())?;
        report.serialize_field("findings", &self.findings)?;
        report.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_says_whether_it_is_valid_and_why() {
        let mut report = Report::new();
        report.warning("W001", "v01", "padded");
        assert!(report.is_valid());
        report.error("E001", "", "extra");
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"valid": false, "findings": [
                {"code": "W001", "severity": "warning", "path": "v01", "text": "padded"},
                {"code": "E001", "severity": "error", "path": "", "text": "extra"},
            ]})
        );
    }

    #[test]
    fn an_error_after_any_number_of_warnings_is_kept() {
        let mut report = Report::new();
        for n in 0..2 * MOST {
            report.warning("W001", n.to_string(), "padded");
        }
        assert!(report.is_valid() && report.warnings().count() == MOST);
        report.error("E001", "", "extra");
        let mut whole = Report::new();
        whole.absorb("ab", report);
        assert!(!whole.is_valid() && whole.warnings().count() == MOST);
    }

    #[test]
    fn findings_of_a_part_are_found_under_its_place() {
        let mut part = Report::new();
        part.error("E001", "v1/x", "extra");
        part.error("E003", "", "no declaration");
        let mut whole = Report::new();
        whole.absorb("ab/cd", part);
        let paths: Vec<_> = whole.findings().iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(paths, ["ab/cd/v1/x", "ab/cd"]);
    }
}
