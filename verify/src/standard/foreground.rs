//! The person before the background: what a flood of background colour from the photo's edges does not reach.
//!
//! Colour alone would take a light reflex in the hair, or blue eyes, for background. A flood only gets where background
//! leads, and of what it leaves only what hangs together with the face is the head.

use std::ops::Range;

use image::RgbImage;

use super::background::{Distances, Rgb, span};
use crate::geometry::Rect;

/// A pixel this far from the background colour belongs to the person, CIE 1976.
const PERSON: f32 = 18.0;
/// Colours that differ by no more than this in any channel are closer than that, whatever they are.
const SURELY_SAME: u8 = 4;
/// If more than this share of the middle of the face was flooded, the person has the background's colour.
const LEAK: f32 = 0.02;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ground {
    Unknown,
    Background,
    Head,
}

/// The upper part of a photo, down to the middle of the face.
pub(super) struct Foreground {
    width: u32,
    height: u32,
    cells: Vec<Ground>,
}

impl Foreground {
    /// Floods the background from the upper edge and both sides, then the head from the middle of the face.
    ///
    /// None if the face is outside the photo, or the flood ran into it.
    pub(super) fn of(photo: &RgbImage, colour: Rgb, face: &Rect) -> Option<Self> {
        let (width, height) = (photo.width(), span(0.0, face.centre().y, photo.height()).end);
        let count = usize::try_from(u64::from(width) * u64::from(height)).ok().filter(|count| *count > 0)?;
        let mut seen = Self { width, height, cells: vec![Ground::Unknown; count] };
        let (mut distances, [red, green, blue]) = (Distances::from(colour), colour.0);
        // The cells are the first pixels of the photo, in its own order.
        let pixels = photo.as_raw().as_chunks::<3>().0;
        let is_background = |place: usize| {
            let Some(&[r, g, b]) = pixels.get(place) else { return false };
            let most = r.abs_diff(red).max(g.abs_diff(green)).max(b.abs_diff(blue));
            most <= SURELY_SAME || distances.to([r, g, b]) <= PERSON
        };
        let edges = (0..width).map(|x| (x, 0)).chain((0..height).flat_map(|y| [(0, y), (width - 1, y)]));
        seen.spread(edges, Ground::Background, is_background);
        if seen.leaks_into(face) {
            return None;
        }
        let middle = span(face.centre().x, face.centre().x, width).start.min(width - 1);
        seen.spread([(middle, height - 1)], Ground::Head, |_| true);
        Some(seen)
    }

    /// The first of three rows in which the head covers a sixth of the columns above the face. None if the head touches
    /// the upper edge: where it would end is not to be seen.
    pub(super) fn head_top(&self, face: &Rect) -> Option<u32> {
        let columns = span(face.x + 0.15 * face.width, face.x + 0.85 * face.width, self.width);
        let needed = (columns.len() / 6).max(1);
        let mut run = 0;
        for y in 0..self.height {
            let head = columns.clone().filter(|x| self.at(*x, y) == Some(Ground::Head)).count();
            run = if head >= needed { run + 1 } else { 0 };
            if run == 3 {
                return (y > 2).then(|| y - 2);
            }
        }
        None
    }

    /// What is neither background nor head, as a share of all.
    pub(super) fn besides(&self) -> f32 {
        let besides = self.cells.iter().filter(|cell| **cell == Ground::Unknown).count();
        #[expect(clippy::cast_precision_loss, reason = "a share of a photo's pixels")]
        let share = besides as f32 / self.cells.len().max(1) as f32;
        share
    }

    /// Whether the flood ran into the middle of the face, where there is no background.
    fn leaks_into(&self, face: &Rect) -> bool {
        let columns = span(face.x + 0.3 * face.width, face.x + 0.7 * face.width, self.width);
        let rows = span(face.y + 0.2 * face.height, face.y + 0.5 * face.height, self.height);
        let all = columns.len() * rows.len();
        let flooded = rows
            .flat_map(|y| columns.clone().map(move |x| (x, y)))
            .filter(|(x, y)| self.at(*x, *y) == Some(Ground::Background))
            .count();
        #[expect(clippy::cast_precision_loss, reason = "pixels of a face")]
        let share = flooded as f32 / all.max(1) as f32;
        share > LEAK
    }

    fn place(&self, x: u32, y: u32) -> Option<usize> {
        (x < self.width && y < self.height).then_some(())?;
        usize::try_from(u64::from(y) * u64::from(self.width) + u64::from(x)).ok()
    }

    fn at(&self, x: u32, y: u32) -> Option<Ground> {
        self.cells.get(self.place(x, y)?).copied()
    }

    /// Spreads a ground from seeds to every unknown neighbour that joins, a stretch of a row at a time.
    fn spread(
        &mut self,
        seeds: impl IntoIterator<Item = (u32, u32)>,
        ground: Ground,
        mut joins: impl FnMut(usize) -> bool,
    ) {
        let width = self.width as usize;
        let mut open: Vec<usize> = seeds.into_iter().filter_map(|(x, y)| self.place(x, y)).collect();
        while let Some(place) = open.pop() {
            let row = place - place % width.max(1);
            let Some(stretch) = self.claim(place, row, ground, &mut joins) else { continue };
            for row in [row.checked_sub(width), row.checked_add(width)].into_iter().flatten() {
                let beside = row + stretch.start..row + stretch.end;
                let Some(cells) = self.cells.get(beside.clone()) else { continue };
                // One seed for each run of cells there that may join.
                let mut before = false;
                for (place, cell) in beside.zip(cells) {
                    let may_join = *cell == Ground::Unknown && joins(place);
                    if may_join && !before {
                        open.push(place);
                    }
                    before = may_join;
                }
            }
        }
    }

    /// Gives a ground to the stretch of a row around a cell that joins. The columns it takes; none if the cell is not unknown
    /// or does not join.
    fn claim(
        &mut self,
        place: usize,
        row: usize,
        ground: Ground,
        joins: &mut impl FnMut(usize) -> bool,
    ) -> Option<Range<usize>> {
        let cells = self.cells.get_mut(row..row + self.width as usize)?;
        let mut takes = |column: usize| {
            let cell = cells.get_mut(column).filter(|cell| **cell == Ground::Unknown && joins(row + column));
            cell.map(|cell| *cell = ground).is_some()
        };
        let mut start = place - row;
        let mut end = start + 1;
        if !takes(start) {
            return None;
        }
        while let Some(before) = start.checked_sub(1)
            && takes(before)
        {
            start = before;
        }
        while takes(end) {
            end += 1;
        }
        Some(start..end)
    }
}
