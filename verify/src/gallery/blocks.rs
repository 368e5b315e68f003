//! Templates in one byte a number, sixteen rows to a block, laid out as the processor multiplies them.
//!
//! A coarse comparison comes with how far off it can be at most, so that whoever searches knows which rows to compare
//! again with every digit: nothing is missed. For a row x = s·q + e and a probe y = t·p + f, both of length one,
//! |x·y − s·t·(q·p)| ≤ |s·q|·|f| + |e| ≤ (1 + |e|)·|f| + |e| (Cauchy and Schwarz).

use super::{
    lanes::{Rows, Sums, Words},
    pages::Pages,
};
use crate::template::DIMENSIONS;

/// Rows of a block.
pub(super) const ROWS: usize = 16;
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

/// Rows in blocks, each known by its number.
pub(super) struct Blocks {
    numbers: Pages<{ WIDTH * GROUPS }>,
    worth: Vec<Worth>,
    rows: usize,
}

/// What the numbers of a block's rows are worth. A place without a row has a bound that nothing reaches.
#[derive(Clone, Copy)]
struct Worth {
    /// What one step is worth in each row.
    step: [f32; ROWS],
    /// How long what each row lost is, |e|.
    lost: [f32; ROWS],
}

/// Some blocks one after the other.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    /// The number of its first row.
    first: usize,
    numbers: &'a [Rows],
    worth: &'a [Worth],
}

/// One block.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    /// The number of its first row.
    pub(super) first: usize,
    pub(super) numbers: &'a Rows,
    worth: &'a Worth,
}

/// A probe in bytes.
pub(super) struct Probe {
    pub(super) words: Words,
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

impl Blocks {
    pub(super) const fn new() -> Self {
        Self { numbers: Pages::new(), worth: Vec::new(), rows: 0 }
    }

    /// Adds a row.
    pub(super) fn push(&mut self, values: &[f32]) {
        if self.rows.is_multiple_of(ROWS) {
            self.numbers.push(&[0; WIDTH * GROUPS]);
            self.worth.push(Worth { step: [0.0; ROWS], lost: [f32::NEG_INFINITY; ROWS] });
        }
        self.rows += 1;
        self.replace(self.rows - 1, values);
    }

    /// Puts other values into a row.
    pub(super) fn replace(&mut self, row: usize, values: &[f32]) {
        let (numbers, step, lost) = steps(values, ROW_STEPS);
        // −127..=127 becomes 1..=255.
        self.write(row, numbers.map(|number| number.cast_unsigned().wrapping_add(1 << 7)), step, lost);
    }

    /// Takes the last row away. Its numbers are overwritten.
    pub(super) fn pop(&mut self) {
        let Some(last) = self.rows.checked_sub(1) else { return };
        self.write(last, [0; DIMENSIONS], 0.0, f32::NEG_INFINITY);
        self.rows = last;
        if last.is_multiple_of(ROWS) {
            self.numbers.pop();
            self.worth.pop();
        }
    }

    fn write(&mut self, row: usize, numbers: [u8; DIMENSIONS], step: f32, lost: f32) {
        let (block, place) = (row / ROWS, row % ROWS);
        let Some((rows, worth)) = self.numbers.get_mut(block).zip(self.worth.get_mut(block)) else { return };
        for (to, from) in rows.as_chunks_mut::<WIDTH>().0.iter_mut().zip(numbers.as_chunks::<GROUP>().0) {
            to.as_chunks_mut().0.iter_mut().skip(place).take(1).for_each(|to| *to = *from);
        }
        set(&mut worth.step, place, step);
        set(&mut worth.lost, place, lost);
    }

    /// The blocks from that of `row` on, in as many parts.
    pub(super) fn parts(&self, row: usize, parts: usize) -> impl Iterator<Item = Part<'_>> {
        let from = row / ROWS;
        let numbers = self.numbers.items().get(from..).unwrap_or_default();
        let worth = self.worth.get(from..).unwrap_or_default();
        let size = numbers.len().div_ceil(parts.max(1)).max(1);
        (from * ROWS..)
            .step_by(size * ROWS)
            .zip(numbers.chunks(size).zip(worth.chunks(size)))
            .map(|(first, (numbers, worth))| Part { first, numbers, worth })
    }
}

impl<'a> Part<'a> {
    /// Its blocks.
    #[inline(always)]
    pub(super) fn blocks(self) -> impl Iterator<Item = Block<'a>> {
        let blocks = self.numbers.iter().zip(self.worth);
        (self.first..).step_by(ROWS).zip(blocks).map(|(first, (numbers, worth))| Block {
            first,
            numbers,
            worth,
        })
    }
}

impl Block<'_> {
    /// How alike its rows are to a probe, from the sums of their products.
    #[inline(always)]
    #[expect(clippy::cast_precision_loss, reason = "at most 128 · 255 · 63, below 2^24")]
    pub(super) fn bounds(self, probe: &Probe, sums: &Sums) -> Bounds {
        let mut bounds = Bounds { most: [0.0; ROWS], least: [0.0; ROWS] };
        let rows = sums.iter().zip(&self.worth.step).zip(&self.worth.lost);
        for ((most, least), ((sum, step), lost)) in bounds.most.iter_mut().zip(&mut bounds.least).zip(rows) {
            let about = (sum - probe.offset) as f32 * step * probe.step;
            let off = (1.0 + lost) * probe.lost + lost;
            *most = about + off;
            *least = about - off;
        }
        bounds
    }
}

impl Bounds {
    /// Whether any row may be as alike as that.
    #[inline(always)]
    pub(super) fn reach(&self, floor: f32) -> bool {
        self.most.iter().fold(false, |any, most| any | (*most >= floor))
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
