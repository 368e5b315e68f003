//! Going through the blocks with some probes: which rows may be among the most alike to each.

#[cfg(target_arch = "x86_64")]
use archmage::{X64V3Token, X64V4xToken, arcane};

use super::{
    blocks::{Bounds, Part, Probe},
    lanes::{self, Level, Rows, Sums, Words},
};
use crate::{template::Template, verdict::Similarity};

/// Probes that go through the blocks together: as many as stay near the processor.
pub(super) const PROBES: usize = 16;
/// Probes of them that a row is multiplied with when it is read: as many as the processor has room for their sums.
const TOGETHER: usize = 4;
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

    /// For each probe the rows of this part that are wanted or may be, in order.
    pub(super) fn candidates(&self, part: Part<'_>) -> Vec<Vec<Candidate>> {
        let mut all: Vec<Found> = self.probes.iter().map(|_| Found::new(self.wanted)).collect();
        for (probes, all) in self.probes.chunks(PROBES).zip(all.chunks_mut(PROBES)) {
            match self.level {
                #[cfg(target_arch = "x86_64")]
                Level::Avx512(token) => with_avx512(token, part, probes, all),
                #[cfg(target_arch = "x86_64")]
                Level::Avx2(token) => with_avx2(token, part, probes, all),
                Level::Any => {
                    go_through(part, probes, all, lanes::plainly, lanes::plainly);
                }
            }
        }
        all.into_iter().map(|found| found.candidates).collect()
    }
}

#[cfg(target_arch = "x86_64")]
#[arcane]
fn with_avx512(token: X64V4xToken, part: Part<'_>, probes: &[Probe], all: &mut [Found]) {
    go_through(
        part,
        probes,
        all,
        |rows, probes| lanes::avx512(token, rows, probes),
        |rows, probe| lanes::avx512(token, rows, probe),
    );
}

#[cfg(target_arch = "x86_64")]
#[arcane]
fn with_avx2(token: X64V3Token, part: Part<'_>, probes: &[Probe], all: &mut [Found]) {
    go_through(
        part,
        probes,
        all,
        |rows, probes| lanes::avx2(token, rows, probes),
        |rows, probe| lanes::avx2(token, rows, probe),
    );
}

/// Goes through the blocks with the sums of products of some probes together and, for those that are left over, of one.
#[inline(always)]
fn go_through(
    part: Part<'_>,
    probes: &[Probe],
    all: &mut [Found],
    several: impl Fn(&Rows, [&Words; TOGETHER]) -> [Sums; TOGETHER],
    one: impl Fn(&Rows, [&Words; 1]) -> [Sums; 1],
) {
    for block in part.blocks() {
        let (probes, alone) = probes.as_chunks::<TOGETHER>();
        let (all, all_alone) = all.as_chunks_mut::<TOGETHER>();
        for (probes, all) in probes.iter().zip(all) {
            let sums = several(block.numbers, probes.each_ref().map(|probe| &probe.words));
            for ((probe, sums), found) in probes.iter().zip(&sums).zip(all) {
                found.look_at(block.first, &block.bounds(probe, sums));
            }
        }
        for (probe, found) in alone.iter().zip(all_alone) {
            let [sums] = one(block.numbers, [&probe.words]);
            found.look_at(block.first, &block.bounds(probe, &sums));
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

    /// Adds the rows from `row` on that are wanted or may be.
    #[inline(always)]
    fn look_at(&mut self, row: usize, bounds: &Bounds) {
        if bounds.reach(self.floor) {
            let rows = (row..).zip(bounds.most).zip(bounds.least);
            self.add(rows.map(|((row, most), least)| Candidate { row, most, least }));
        }
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
