//! Templates in one byte a number, eight rows to a block, laid out as the processor multiplies them.
//!
//! A coarse comparison comes with how far off it can be at most, so that whoever searches knows which rows to compare
//! again with every digit: nothing is missed. For a row x = s·q + e and a probe y = t·p + f, both of length one,
//! |x·y − s·t·(q·p)| ≤ |s·q|·|f| + |e| ≤ (1 + |e|)·|f| + |e| (Cauchy and Schwarz).

use zeroize::Zeroize;

use super::lanes::{self, Level};
use crate::template::DIMENSIONS;

/// Rows of a block.
pub(super) const ROWS: usize = 8;
/// Neighbouring numbers of a row that lie beside each other in a block.
pub(super) const GROUP: usize = 4;
/// Groups of a row.
pub(super) const GROUPS: usize = DIMENSIONS / GROUP;
/// Bytes that hold one group of each row.
pub(super) const WIDTH: usize = ROWS * GROUP;
/// Numbers of a row lie between this and its negative.
const ROW_STEPS: f32 = 127.0;
/// Numbers of a probe do: the sum of two products must fit into sixteen bits.
const PROBE_STEPS: f32 = 63.0;
/// What is added to a row's number so that it is not negative.
const OFFSET: i32 = 128;
/// More than sums of 128 numbers of single precision are ever rounded off.
const ROUNDING: f32 = 1e-4;

/// One block. A place without a row holds zeros and a bound that nothing reaches.
pub(super) struct Block {
    /// Group by group, of each group row by row.
    numbers: [[u8; WIDTH]; GROUPS],
    /// What one step is worth in each row.
    step: [f32; ROWS],
    /// How long what each row lost is, |e|.
    lost: [f32; ROWS],
}

/// A probe in bytes.
pub(super) struct Probe {
    words: [[i8; GROUP]; GROUPS],
    /// What one step is worth.
    step: f32,
    /// How long what it lost is, |f|.
    lost: f32,
    /// [`OFFSET`] times the sum of its numbers.
    offset: i32,
}

/// Of each row of a block how alike it is to a probe at most, and at least.
pub(super) struct Bounds {
    pub(super) most: [f32; ROWS],
    pub(super) least: [f32; ROWS],
}

/// Numbers as whole steps, what a step is worth, and how long what is lost is.
#[expect(clippy::cast_possible_truncation, reason = "rounded, and within the steps")]
fn steps(values: &[f32], most: f32) -> ([i8; DIMENSIONS], f32, f32) {
    let largest = values.iter().fold(f32::MIN_POSITIVE, |largest, value| largest.max(value.abs()));
    let step = largest / most;
    let mut numbers = [0; DIMENSIONS];
    let mut lost = 0.0;
    for (number, value) in numbers.iter_mut().zip(values) {
        *number = (value / step).round().clamp(-most, most) as i8;
        lost += (value - f32::from(*number) * step).powi(2);
    }
    (numbers, step, lost.sqrt() + ROUNDING)
}

impl Block {
    pub(super) const fn empty() -> Self {
        Self { numbers: [[0; WIDTH]; GROUPS], step: [0.0; ROWS], lost: [f32::NEG_INFINITY; ROWS] }
    }

    /// Puts a row into a place.
    pub(super) fn put(&mut self, place: usize, values: &[f32]) {
        let (numbers, step, lost) = steps(values, ROW_STEPS);
        for (to, from) in self.numbers.iter_mut().zip(numbers.as_chunks::<GROUP>().0) {
            for (to, from) in to.iter_mut().skip(place * GROUP).zip(from) {
                // −127..=127 becomes 1..=255.
                *to = from.cast_unsigned().wrapping_add(1 << 7);
            }
        }
        set(&mut self.step, place, step);
        set(&mut self.lost, place, lost);
    }

    /// Empties a place.
    pub(super) fn clear(&mut self, place: usize) {
        for group in &mut self.numbers {
            group.iter_mut().skip(place * GROUP).take(GROUP).for_each(Zeroize::zeroize);
        }
        set(&mut self.step, place, 0.0);
        set(&mut self.lost, place, f32::NEG_INFINITY);
    }

    /// How alike its rows are to a probe.
    #[inline(always)]
    #[expect(clippy::cast_precision_loss, reason = "at most 128 · 255 · 63, below 2^24")]
    pub(super) fn bounds(&self, level: Level, probe: &Probe) -> Bounds {
        let sums = lanes::sums(level, &self.numbers, &probe.words);
        let mut bounds = Bounds { most: [0.0; ROWS], least: [0.0; ROWS] };
        let rows = sums.iter().zip(&self.step).zip(&self.lost);
        for ((most, least), ((sum, step), lost)) in bounds.most.iter_mut().zip(&mut bounds.least).zip(rows) {
            let about = (sum - probe.offset) as f32 * step * probe.step;
            let off = (1.0 + lost) * probe.lost + lost;
            *most = about + off;
            *least = about - off;
        }
        bounds
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.numbers.as_flattened_mut().zeroize();
    }
}

impl Probe {
    pub(super) fn of(values: &[f32]) -> Self {
        let (numbers, step, lost) = steps(values, PROBE_STEPS);
        let mut words = [[0; GROUP]; GROUPS];
        for (to, from) in words.iter_mut().zip(numbers.as_chunks::<GROUP>().0) {
            *to = *from;
        }
        let sum: i32 = numbers.iter().map(|number| i32::from(*number)).sum();
        Self { words, step, lost, offset: sum * OFFSET }
    }
}

fn set(values: &mut [f32; ROWS], place: usize, value: f32) {
    if let Some(there) = values.get_mut(place) {
        *there = value;
    }
}
