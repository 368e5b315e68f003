//! Going through the blocks with some probes: which rows may be among the most alike to each.

use super::{
    blocks::{Block, Probe, ROWS},
    lanes::Level,
};
use crate::{template::Template, verdict::Similarity};

/// Probes that go through the blocks together: as many as stay near the processor.
pub(super) const PROBES: usize = 16;
/// So many more candidates than are wanted are kept before those are thrown away that can't be among the best any more.
const SLACK: usize = 1024;

/// A row that may be among the most alike.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) row: usize,
    /// How alike it is at most.
    pub(super) most: f32,
    /// And at least.
    pub(super) least: f32,
}

/// Some probes, and what is looked for.
pub(super) struct Scan {
    level: Level,
    probes: Vec<Probe>,
    wanted: Wanted,
}

#[derive(Clone, Copy)]
enum Wanted {
    /// So many of the most alike.
    Best(usize),
    /// All that are at least so alike.
    Above(f32),
}

impl Scan {
    /// Looks for the `k` most alike to each.
    pub(super) fn new(probes: &[&Template], k: usize) -> Self {
        Self::with(probes.iter().map(|probe| probe.values()), Wanted::Best(k))
    }

    /// Looks for all that are at least so alike to each.
    pub(super) fn above(probes: &[&[f32]], threshold: Similarity) -> Self {
        Self::with(probes.iter().copied(), Wanted::Above(threshold.cosine()))
    }

    fn with<'a>(probes: impl Iterator<Item = &'a [f32]>, wanted: Wanted) -> Self {
        Self { level: Level::of_this_machine(), probes: probes.map(Probe::of).collect(), wanted }
    }

    /// For each probe the rows of these blocks that are wanted or may be, in order. `first` is the first block's first row.
    pub(super) fn candidates(&self, first: usize, blocks: &[Block]) -> Vec<Vec<Candidate>> {
        let mut all: Vec<Found> = self.probes.iter().map(|_| Found::new(self.wanted)).collect();
        for (probes, all) in self.probes.chunks(PROBES).zip(all.chunks_mut(PROBES)) {
            self.level.run(
                #[inline(always)]
                || go_through(self.level, first, blocks, probes, all),
            );
        }
        all.into_iter().map(|found| found.candidates).collect()
    }
}

#[inline(always)]
fn go_through(level: Level, first: usize, blocks: &[Block], probes: &[Probe], all: &mut [Found]) {
    for (row, block) in (first..).step_by(ROWS).zip(blocks) {
        for (probe, found) in probes.iter().zip(&mut *all) {
            let bounds = block.bounds(level, probe);
            let most = bounds.most.iter().fold(f32::NEG_INFINITY, |one, other| one.max(*other));
            if most >= found.floor {
                let rows = (row..).zip(bounds.most).zip(bounds.least);
                found.add(rows.map(|((row, most), least)| Candidate { row, most, least }));
            }
        }
    }
}

/// What was found for one probe.
struct Found {
    wanted: Wanted,
    candidates: Vec<Candidate>,
    /// Who is less alike at most is not wanted.
    floor: f32,
}

impl Found {
    fn new(wanted: Wanted) -> Self {
        let floor = match wanted {
            Wanted::Best(0) => f32::INFINITY,
            // An empty place is below every row.
            Wanted::Best(_) => f32::MIN,
            Wanted::Above(threshold) => threshold,
        };
        Self { wanted, candidates: Vec::new(), floor }
    }

    #[inline(never)]
    fn add(&mut self, rows: impl Iterator<Item = Candidate>) {
        self.candidates.extend(rows.filter(|candidate| candidate.most >= self.floor));
        if let Wanted::Best(k) = self.wanted
            && self.candidates.len() >= k.saturating_add(SLACK)
        {
            self.floor = floor(self.candidates.iter().map(|candidate| candidate.least).collect(), k);
            self.candidates.retain(|candidate| candidate.most >= self.floor);
        }
    }
}

/// How alike the `k`th best is at least.
pub(super) fn floor(mut least: Vec<f32>, k: usize) -> f32 {
    match k.checked_sub(1) {
        None => f32::INFINITY,
        Some(place) if place < least.len() => {
            *least.select_nth_unstable_by(place, |one, other| other.total_cmp(one)).1
        }
        Some(_) => f32::MIN,
    }
}
