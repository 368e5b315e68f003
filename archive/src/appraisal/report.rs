//! What was found: a row for every item, and the one rule by which a row gets its result.
//!
//! A row passes only if something was looked at and nothing of it failed. What nobody looked at is not testable, with a
//! reason; there is no other way to make a row.

use std::collections::{BTreeMap, BTreeSet};

use ids::DeliveryId;
use jiff::Timestamp;
use ledger::Hash;
use ledger::json::{JsonError, canonical};
use serde::{Deserialize, Serialize};

use super::item::Item;
use crate::ocfl::ObjectId;

/// Of what failed, so many things are named.
pub const MOST_NAMED: usize = 20;

/// What was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what", content = "id")]
pub enum Scope {
    /// All of it.
    Archive,
    /// One object.
    Object(ObjectId),
    /// An accepted delivery: its own object and every dossier it brought a photo to.
    Delivery(DeliveryId),
}

/// At which moment of an archive's life: the environments of the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// 归档（GD）、移交与接收（YJ）: when a delivery was accepted.
    Accession,
    /// 长期保存（CQ）: whenever somebody asks.
    Preservation,
}

impl Environment {
    /// The word that stands for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accession => "accession",
            Self::Preservation => "preservation",
        }
    }
}

/// The result of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// 通过: something was looked at, and all of it is in order.
    Passed,
    /// 不通过
    Failed,
    /// 无法检测: nothing was looked at.
    NotTestable,
}

impl Verdict {
    /// The word that stands for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotTestable => "not_testable",
        }
    }
}

/// One thing that is not as it should be. Names no person: ids, file names and names of metadata elements only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The object, if it is about one.
    pub object: Option<ObjectId>,
    /// The file, or the element of a document (`dossier.json#/facts/name`), or what exactly.
    pub place: String,
    /// A stable code.
    pub code: String,
}

impl Fault {
    /// A fault of an object.
    pub(super) fn of(object: ObjectId, place: impl Into<String>, code: impl Into<String>) -> Self {
        Self { object: Some(object), place: place.into(), code: code.into() }
    }

    /// A fault of nothing that has an id.
    pub(super) fn at(place: impl Into<String>, code: impl Into<String>) -> Self {
        Self { object: None, place: place.into(), code: code.into() }
    }
}

/// One item with its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The item.
    pub item: Item,
    /// Its result.
    pub verdict: Verdict,
    /// Why it could not be tested: a stable word; nothing if it was.
    pub reason: Option<String>,
    /// How many things were looked at.
    pub looked_at: u64,
    /// How many of them are not as they should be.
    pub failed: u64,
    /// The first of these.
    pub failing: Vec<Fault>,
    /// Something more to know of it: a stable word and a figure.
    pub remarks: BTreeMap<String, u64>,
}

/// The result of the whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppraisalReport {
    /// [`AppraisalReport::FORMAT`].
    pub format: String,
    /// The metadata scheme it was held to, by name.
    pub scheme: String,
    /// What was checked.
    pub scope: Scope,
    /// At which moment.
    pub environment: Environment,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Objects that were read.
    pub objects: u64,
    /// Their files.
    pub files: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Every item, in the order of the standard.
    pub rows: Vec<Row>,
}

impl AppraisalReport {
    /// What the report says it is.
    pub const FORMAT: &'static str = "xuecang-appraisal/1";

    /// How many items have this result.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> u64 {
        self.rows.iter().filter(|row| row.verdict == verdict).count() as u64
    }

    /// Whether no item failed, and at least one passed. To be said together with how many could not be tested.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.count(Verdict::Failed) == 0 && self.count(Verdict::Passed) > 0
    }

    /// How many items failed that decide alone.
    #[must_use]
    pub fn vetoes(&self) -> u64 {
        self.rows.iter().filter(|row| row.verdict == Verdict::Failed && row.item.has_veto()).count() as u64
    }

    /// The row of an item.
    #[must_use]
    pub fn row(&self, item: Item) -> Option<&Row> {
        self.rows.iter().find(|row| row.item == item)
    }

    /// The report as it is kept: canonical JSON, and its SHA-256.
    ///
    /// # Errors
    ///
    /// When a number is too large for JSON.
    pub fn document(&self) -> Result<(Vec<u8>, Hash), JsonError> {
        let bytes = canonical(self)?;
        let hash = Hash::of(&bytes);
        Ok((bytes, hash))
    }
}

/// What is known of an item so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Tally {
    looked_at: u64,
    failed: u64,
    failing: BTreeSet<Fault>,
    reason: Option<&'static str>,
    remarks: BTreeMap<String, u64>,
}

/// What is known of every item so far. Findings of parts may be put together in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Findings(BTreeMap<Item, Tally>);

impl Findings {
    /// Something was looked at: it is in order, or this is wrong with it.
    pub(super) fn saw(&mut self, item: Item, fault: Option<Fault>) {
        let tally = self.0.entry(item).or_default();
        tally.looked_at += 1;
        if let Some(fault) = fault {
            tally.failed += 1;
            tally.failing.insert(fault);
            if tally.failing.len() > MOST_NAMED {
                tally.failing.pop_last();
            }
        }
    }

    /// Something was looked at and is in order if `good`.
    pub(super) fn held(&mut self, item: Item, good: bool, fault: impl FnOnce() -> Fault) {
        self.saw(item, (!good).then(fault));
    }

    /// So many things were looked at and all are in order.
    pub(super) fn good(&mut self, item: Item, count: u64) {
        self.0.entry(item).or_default().looked_at += count;
    }

    /// Why there may be nothing to look at.
    pub(super) fn untested(&mut self, item: Item, reason: &'static str) {
        self.0.entry(item).or_default().reason = Some(reason);
    }

    /// Something more to know.
    pub(super) fn remark(&mut self, item: Item, word: &str, figure: u64) {
        *self.0.entry(item).or_default().remarks.entry(word.to_owned()).or_default() += figure;
    }

    /// Whether anything failed.
    pub(super) fn has_faults(&self) -> bool {
        self.0.values().any(|tally| tally.failed > 0)
    }

    /// Puts the findings of a part to these.
    pub(super) fn absorb(&mut self, part: Self) {
        for (item, more) in part.0 {
            let tally = self.0.entry(item).or_default();
            tally.looked_at += more.looked_at;
            tally.failed += more.failed;
            tally.failing.extend(more.failing);
            while tally.failing.len() > MOST_NAMED {
                tally.failing.pop_last();
            }
            tally.reason = tally.reason.or(more.reason);
            for (word, figure) in more.remarks {
                *tally.remarks.entry(word).or_default() += figure;
            }
        }
    }

    /// A row for every item there is, judged by the one rule.
    pub(super) fn into_rows(mut self) -> Vec<Row> {
        Item::ALL.iter().map(|&item| judged(item, self.0.remove(&item).unwrap_or_default())).collect()
    }
}

fn judged(item: Item, tally: Tally) -> Row {
    let verdict = match (tally.failed, tally.looked_at) {
        (0, 0) => Verdict::NotTestable,
        (0, _) => Verdict::Passed,
        _ => Verdict::Failed,
    };
    let reason = (verdict == Verdict::NotTestable).then(|| tally.reason.unwrap_or("nothing").to_owned());
    Row {
        item,
        verdict,
        reason,
        looked_at: tally.looked_at,
        failed: tally.failed,
        failing: tally.failing.into_iter().collect(),
        remarks: tally.remarks,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Good(usize, u64),
        Bad(usize, u8),
        Untested(usize),
        Remark(usize, u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        let item = 0..Item::ALL.len();
        prop_oneof![
            (item.clone(), 0_u64..3).prop_map(|(item, n)| Step::Good(item, n)),
            (item.clone(), any::<u8>()).prop_map(|(item, n)| Step::Bad(item, n)),
            item.clone().prop_map(Step::Untested),
            (item, 0_u64..9).prop_map(|(item, n)| Step::Remark(item, n)),
        ]
    }

    fn tell(findings: &mut Findings, step: &Step) {
        match *step {
            Step::Good(item, n) => findings.good(Item::ALL[item], n),
            Step::Bad(item, n) => findings.saw(Item::ALL[item], Some(Fault::at(format!("{n:03}"), "x"))),
            Step::Untested(item) => findings.untested(Item::ALL[item], "by-hand"),
            Step::Remark(item, n) => findings.remark(Item::ALL[item], "more", n),
        }
    }

    proptest! {
        /// Whatever is found, and in however many parts: what nobody looked at never passes, and says why; what failed
        /// never passes; a row of every item is there.
        #[test]
        fn nothing_passes_that_was_not_looked_at(steps in proptest::collection::vec(step(), 0..80), parts in 1_usize..5) {
            let mut several = vec![Findings::default(); parts];
            let mut whole = Findings::default();
            for (n, step) in steps.iter().enumerate() {
                tell(&mut several[n % parts], step);
                tell(&mut whole, step);
            }
            let mut together = Findings::default();
            several.into_iter().for_each(|part| together.absorb(part));
            let rows = together.into_rows();
            prop_assert_eq!(&rows, &whole.into_rows(), "parts are put together without loss");
            prop_assert_eq!(rows.iter().map(|row| row.item).collect::<Vec<_>>(), Item::ALL);
            for row in rows {
                let looked = steps.iter().any(|step| match step {
                    Step::Good(item, n) => Item::ALL[*item] == row.item && *n > 0,
                    Step::Bad(item, _) => Item::ALL[*item] == row.item,
                    _ => false,
                });
                let bad = steps.iter().any(|step| matches!(step, Step::Bad(item, _) if Item::ALL[*item] == row.item));
                prop_assert_eq!(row.verdict == Verdict::NotTestable, !looked);
                prop_assert_eq!(row.verdict == Verdict::Failed, bad);
                prop_assert_eq!(row.reason.is_some(), !looked);
                prop_assert!(row.failing.len() <= MOST_NAMED && row.failing.len() as u64 <= row.failed);
            }
        }
    }

    #[test]
    fn what_tested_nothing_has_not_passed() {
        let at = Timestamp::UNIX_EPOCH;
        let mut report = AppraisalReport {
            format: AppraisalReport::FORMAT.to_owned(),
            scheme: "test".to_owned(),
            scope: Scope::Archive,
            environment: Environment::Preservation,
            began: at,
            ended: at,
            objects: 0,
            files: 0,
            bytes: 0,
            rows: Findings::default().into_rows(),
        };
        assert!(!report.has_passed());
        let mut findings = Findings::default();
        findings.good(Item::Fixity, 1);
        report.rows = findings.clone().into_rows();
        assert!(report.has_passed() && report.count(Verdict::NotTestable) == 39);
        findings.saw(Item::Fixity, Some(Fault::at("", "digest")));
        findings.saw(Item::Length, Some(Fault::at("", "too-long")));
        report.rows = findings.into_rows();
        assert!(!report.has_passed() && report.vetoes() == 1);
        let (document, _) = report.document().unwrap();
        assert_eq!(serde_json::from_slice::<AppraisalReport>(&document).unwrap(), report);
    }
}
