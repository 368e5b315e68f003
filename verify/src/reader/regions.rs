//! From a map of probabilities to the lines of text: differentiable binarisation's second half (Liao et al. 2020).
//!
//! Pixels that are likely text and touch are one line. Around each lies the smallest rectangle, turned as the line is;
//! the map shows the line's core, so the rectangle is grown by what the core's shape says was shrunk away.

use crate::{
    geometry::{Point, Rect},
    model::TextMap,
};

/// From this probability on a pixel is text.
const TEXT: f32 = 0.3;
/// The mean probability that makes a region text.
const SURE: f32 = 0.5;
/// How much a region is grown: area over perimeter, times this.
const GROWTH: f32 = 1.6;
/// Regions thinner than this are specks, pixels of the map.
const THINNEST: f32 = 3.0;
/// The most regions looked at on a page.
const MOST: usize = 1000;

/// A line of text: a turned rectangle on the page, pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    /// Its middle.
    pub middle: Point,
    /// The direction in which the line runs, of length 1.
    pub along: Point,
    /// Its length along the line.
    pub length: f32,
    /// Its height across the line.
    pub height: f32,
    /// The mean probability of text, 0..=1.
    pub score: f32,
}

impl Region {
    /// The corner `u` along and `v` across, each -0.5..=0.5.
    #[must_use]
    pub fn at(&self, u: f32, v: f32) -> Point {
        let (x, y) = (u * self.length, v * self.height);
        Point {
            x: self.middle.x + x * self.along.x - y * self.along.y,
            y: self.middle.y + x * self.along.y + y * self.along.x,
        }
    }

    /// The upright rectangle around it, cut to a page of that size.
    #[must_use]
    pub fn bounds(&self, width: f32, height: f32) -> Rect {
        let corners = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)].map(|(u, v)| self.at(u, v));
        let low = |of: fn(&Point) -> f32| corners.iter().map(of).fold(f32::INFINITY, f32::min).max(0.0);
        let high = |of: fn(&Point) -> f32, most: f32| {
            corners.iter().map(of).fold(f32::NEG_INFINITY, f32::max).min(most)
        };
        let (x, y) = (low(|point| point.x), low(|point| point.y));
        let (right, bottom) = (high(|point| point.x, width), high(|point| point.y, height));
        Rect { x, y, width: (right - x).max(0.0), height: (bottom - y).max(0.0) }
    }
}

/// The lines of text on a page, from top to bottom and, where they stand side by side, from left to right.
#[must_use]
pub fn regions(map: &TextMap) -> Vec<Region> {
    let mut found: Vec<Region> =
        components(map).iter().take(MOST).filter_map(|pixels| region(map, pixels)).collect();
    in_reading_order(&mut found);
    found
}

/// Sets of pixels that are text and touch, each as its pixels' places. A gap of one pixel parts nothing.
fn components(map: &TextMap) -> Vec<Vec<(usize, usize)>> {
    let is_text = |x: usize, y: usize| map.values.get(y * map.width + x).is_some_and(|value| *value > TEXT);
    let mut seen = vec![false; map.width * map.height];
    let mut found = Vec::new();
    let mut open = Vec::new();
    for y in 0..map.height {
        for x in 0..map.width {
            if !is_text(x, y) || std::mem::replace(seen.get_mut(y * map.width + x).unwrap_or(&mut true), true)
            {
                continue;
            }
            let mut pixels = Vec::new();
            open.push((x, y));
            while let Some((x, y)) = open.pop() {
                pixels.push((x, y));
                for near_y in y.saturating_sub(1)..=(y + 1).min(map.height - 1) {
                    for near_x in x.saturating_sub(2)..=(x + 2).min(map.width - 1) {
                        let Some(seen) = seen.get_mut(near_y * map.width + near_x) else { continue };
                        if !*seen && is_text(near_x, near_y) {
                            *seen = true;
                            open.push((near_x, near_y));
                        }
                    }
                }
            }
            found.push(pixels);
        }
    }
    found
}

fn region(map: &TextMap, pixels: &[(usize, usize)]) -> Option<Region> {
    let hull = hull(pixels);
    let Turned { middle, along, length, height } = smallest_rectangle(&hull)?;
    if length.min(height) < THINNEST {
        return None;
    }
    let score = mean(map, pixels);
    if score < SURE {
        return None;
    }
    let grown = 2.0 * length * height * GROWTH / (2.0 * (length + height));
    // The map's pixels are as good as square: a page is scaled alike across and down but for a rounding of 32 pixels.
    let (across, down) = map.back;
    let stretched = Point { x: along.x * across, y: along.y * down };
    let factor = stretched.x.hypot(stretched.y);
    Some(Region {
        middle: Point { x: middle.x * across, y: middle.y * down },
        along: Point { x: stretched.x / factor, y: stretched.y / factor },
        length: (length + grown) * factor,
        height: (height + grown) * (across * down / factor),
        score,
    })
}

fn mean(map: &TextMap, pixels: &[(usize, usize)]) -> f32 {
    let values = pixels.iter().filter_map(|(x, y)| map.values.get(y * map.width + x));
    values.sum::<f32>() / to_f32(pixels.len().max(1))
}

/// The corners of the convex hull of pixels, as squares (Andrew's monotone chain).
fn hull(pixels: &[(usize, usize)]) -> Vec<Point> {
    let mut points: Vec<(usize, usize)> =
        pixels.iter().flat_map(|&(x, y)| [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)]).collect();
    points.sort_unstable();
    points.dedup();
    let points: Vec<Point> = points.into_iter().map(|(x, y)| Point { x: to_f32(x), y: to_f32(y) }).collect();
    let chain = |points: &mut dyn Iterator<Item = &Point>| {
        let mut chain: Vec<Point> = Vec::new();
        for point in points {
            while let [.., a, b] = chain.as_slice()
                && (b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x) <= 0.0
            {
                chain.pop();
            }
            chain.push(*point);
        }
        chain.pop();
        chain
    };
    let mut hull = chain(&mut points.iter());
    hull.extend(chain(&mut points.iter().rev()));
    hull
}

struct Turned {
    middle: Point,
    along: Point,
    length: f32,
    height: f32,
}

/// The rectangle of least area around a convex hull: one of its sides lies on one of the hull's.
fn smallest_rectangle(hull: &[Point]) -> Option<Turned> {
    let sides = hull.iter().zip(hull.iter().cycle().skip(1));
    let around = sides.filter_map(|(a, b)| {
        let length = a.distance(*b);
        (length > 0.0).then(|| rectangle(hull, Point { x: (b.x - a.x) / length, y: (b.y - a.y) / length }))
    });
    around.min_by(|a, b| (a.length * a.height).total_cmp(&(b.length * b.height)))
}

/// The rectangle around a hull that lies in a direction. It runs along the direction nearest to a line of writing.
fn rectangle(hull: &[Point], direction: Point) -> Turned {
    let along = match direction {
        Point { x, y } if x.abs() < y.abs() => Point { x: y, y: -x },
        point => point,
    };
    let along = if along.x < 0.0 { Point { x: -along.x, y: -along.y } } else { along };
    let span = |of: &dyn Fn(&Point) -> f32| {
        let values = hull.iter().map(of);
        values
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
    };
    let (left, right) = span(&|point| point.x * along.x + point.y * along.y);
    let (top, bottom) = span(&|point| point.y * along.x - point.x * along.y);
    let (u, v) = (f32::midpoint(left, right), f32::midpoint(top, bottom));
    let middle = Point { x: u * along.x - v * along.y, y: u * along.y + v * along.x };
    Turned { middle, along, length: right - left, height: bottom - top }
}

/// Sorts regions into lines: those whose middles are within half a height of each other stand side by side.
fn in_reading_order(found: &mut Vec<Region>) {
    found.sort_by(|a, b| a.middle.y.total_cmp(&b.middle.y));
    let mut rest = std::mem::take(found);
    while let Some(first) = rest.first().copied() {
        let beside = |region: &Region| {
            (region.middle.y - first.middle.y).abs() < first.height.min(region.height) * 0.5
        };
        let (mut line, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(beside);
        line.sort_by(|a, b| a.middle.x.total_cmp(&b.middle.x));
        found.extend(line);
        rest = others;
    }
}

#[expect(clippy::cast_precision_loss, reason = "places on a map are far below 2^24")]
fn to_f32(n: usize) -> f32 {
    n as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A map of 200 × 100 that is sure of text wherever `inside` says.
    fn map(inside: impl Fn(f32, f32) -> bool) -> TextMap {
        let places = (0..100_u16).flat_map(|y| (0..200_u16).map(move |x| (f32::from(x), f32::from(y))));
        let values = places.map(|(x, y)| if inside(x + 0.5, y + 0.5) { 0.9 } else { 0.02 }).collect();
        TextMap { width: 200, height: 100, values, back: (2.0, 2.0) }
    }

    fn near(a: f32, b: f32, within: f32) -> bool {
        (a - b).abs() <= within
    }

    #[test]
    fn a_bar_is_one_line_grown_by_what_was_shrunk_away() {
        let found = regions(&map(|x, y| (40.0..140.0).contains(&x) && (30.0..40.0).contains(&y)));
        let [line] = found.as_slice() else { panic!("one line, not {}", found.len()) };
        // 100 × 10: area 1000, perimeter 220, so 7.27 more on each side; then twice as large on the page.
        assert!(near(line.length, 229.1, 0.5) && near(line.height, 49.1, 0.5), "{line:?}");
        assert!(near(line.middle.x, 180.0, 0.1) && near(line.middle.y, 70.0, 0.1));
        assert!(near(line.along.x, 1.0, 1e-6) && near(line.score, 0.9, 1e-4));
    }

    #[test]
    fn a_slanted_bar_keeps_its_slant() {
        let slope = 0.1_f32;
        let found =
            regions(&map(|x, y| (30.0..170.0).contains(&x) && (y - 40.0 - slope * (x - 100.0)).abs() < 6.0));
        let [line] = found.as_slice() else { panic!("one line, not {}", found.len()) };
        assert!(near(line.along.y / line.along.x, slope, 0.02), "{line:?}");
        let bounds = line.bounds(400.0, 200.0);
        assert!(bounds.x >= 0.0 && bounds.y >= 0.0 && bounds.x + bounds.width <= 400.0);
    }

    #[test]
    fn lines_come_in_reading_order() {
        let bar = |x: f32, y: f32, at: (f32, f32)| {
            (at.0..at.0 + 60.0).contains(&x) && (at.1..at.1 + 8.0).contains(&y)
        };
        let found = regions(&map(|x, y| {
            bar(x, y, (120.0, 10.0)) || bar(x, y, (20.0, 12.0)) || bar(x, y, (20.0, 60.0))
        }));
        let places: Vec<_> = found.iter().map(|line| (line.middle.x < 150.0, line.middle.y < 60.0)).collect();
        assert_eq!(places, [(true, true), (false, true), (true, false)]);
    }

    #[test]
    fn specks_and_faint_smudges_are_no_text() {
        assert!(regions(&map(|x, y| (50.0..52.0).contains(&x) && (50.0..52.0).contains(&y))).is_empty());
        let mut faint = map(|x, y| (40.0..140.0).contains(&x) && (30.0..40.0).contains(&y));
        faint.values.iter_mut().for_each(|value| *value *= 0.5);
        assert!(regions(&faint).is_empty());
    }
}
