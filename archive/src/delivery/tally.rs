//! 多 少 错 误, counted.

use std::collections::BTreeMap;

use super::finding::{Finding, FindingCount, ItemState};
use super::settle::is_unsettled;

/// What a delivery's items come to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    states: BTreeMap<ItemState, u64>,
    /// Photos that could be taken but for their face, of which nobody has said yet whose it is.
    pub unsettled: u64,
    /// Failed findings by code, most frequent first.
    pub findings: Vec<FindingCount>,
}

impl Tally {
    /// Counts items by their state and findings.
    pub fn of<'a>(items: impl IntoIterator<Item = (ItemState, &'a [Finding])>) -> Self {
        let mut tally = Self::default();
        let mut all = Vec::new();
        for (state, findings) in items {
            *tally.states.entry(state).or_default() += 1;
            tally.unsettled += u64::from(state.is_acceptable() && is_unsettled(findings));
            all.extend(findings);
        }
        tally.findings = Finding::count(all);
        tally
    }

    /// How many items are in this state.
    #[must_use]
    pub fn count(&self, state: ItemState) -> u64 {
        self.states.get(&state).copied().unwrap_or_default()
    }

    /// Photos that came.
    #[must_use]
    pub fn photos(&self) -> u64 {
        self.states.values().sum::<u64>() - self.count(ItemState::Missing)
    }

    /// The share of photos without a blocking finding, 0..=1; 0 when there are none.
    #[must_use]
    pub fn first_pass(&self) -> f64 {
        let good = self.count(ItemState::Good) + self.count(ItemState::Doubtful);
        #[expect(clippy::cast_precision_loss, reason = "counts of photos are far below 2^52")]
        let share = good as f64 / self.photos().max(1) as f64;
        share
    }
}
