//! The background: its colour and its evenness.
//!
//! A portrait's background is sampled where a head is never: a strip along the upper edge and strips down both sides of
//! the upper half. Colours are compared in CIE L*a*b* (D65) by the CIE 1976 difference.

use std::{ops::Range, sync::LazyLock};

use image::RgbImage;

use crate::geometry::Rect;

/// Share of the height that the strip along the upper edge takes.
const TOP_STRIP: f32 = 0.04;
/// Share of the width that each side strip takes.
const SIDE_STRIP: f32 = 0.06;
/// Share of the height that the side strips reach down.
const SIDE_DEPTH: f32 = 0.45;

/// An sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rgb(pub(super) [u8; 3]);

impl Rgb {
    /// Reads `#64C5FF`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 3];
        hex::decode_to_slice(text.strip_prefix('#')?, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    pub(super) fn hex(self) -> String {
        format!("#{}", hex::encode_upper(self.0))
    }

    pub(super) fn lab(self) -> Lab {
        Lab::of(self.0)
    }
}

/// The light of each value of a channel, 0..=1 (IEC 61966-2-1).
static LINEAR: LazyLock<[f32; 256]> = LazyLock::new(|| {
    std::array::from_fn(|value| {
        let share = f32::from(u8::try_from(value).unwrap_or(u8::MAX)) / 255.0;
        if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    })
});

/// A colour in CIE L*a*b*.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lab([f32; 3]);

impl Lab {
    /// IEC 61966-2-1 (sRGB) to CIE XYZ, then CIE 15 to L*a*b*, white D65.
    fn of(rgb: [u8; 3]) -> Self {
        let [r, g, b] = rgb.map(|value| LINEAR.get(usize::from(value)).copied().unwrap_or(1.0));
        let xyz = [
            (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.950_47,
            0.2126 * r + 0.7152 * g + 0.0722 * b,
            (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.088_83,
        ];
        let [x, y, z] = xyz.map(|t| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 });
        Self([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)])
    }

    /// The CIE 1976 colour difference.
    pub(super) fn difference(self, other: Self) -> f32 {
        self.0.iter().zip(other.0).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
    }
}

/// How far colours are from one, each worked out once as long as it is remembered: a photo's background has few colours, and
/// the same come again and again.
pub(super) struct Distances {
    from: Lab,
    known: Vec<Option<([u8; 3], f32)>>,
}

impl Distances {
    /// How many colours are remembered: a power of two.
    const REMEMBERED: usize = 1 << 12;

    pub(super) fn from(colour: Rgb) -> Self {
        Self { from: colour.lab(), known: vec![None; Self::REMEMBERED] }
    }

    /// The CIE 1976 difference.
    pub(super) fn to(&mut self, rgb: [u8; 3]) -> f32 {
        let [r, g, b] = rgb.map(usize::from);
        // Neighbouring colours have different places.
        let place = (r & 15) << 8 | (g & 15) << 4 | (b & 15);
        let Some(known) = self.known.get_mut(place) else { return Lab::of(rgb).difference(self.from) };
        match known {
            Some((same, distance)) if *same == rgb => *distance,
            _ => known.insert((rgb, Lab::of(rgb).difference(self.from))).1,
        }
    }
}

/// What the background looks like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Background {
    /// Its middle colour (median of each channel).
    pub(super) colour: Rgb,
    /// How far 95 in 100 of its pixels are from that colour at most.
    pub(super) unevenness: f32,
}

impl Background {
    /// Looks at the strips. None if the photo is too small to have any.
    pub(super) fn of(photo: &RgbImage) -> Option<Self> {
        let samples = samples(photo);
        let colour = Rgb([0, 1, 2].map(|channel| {
            let mut values: Vec<u8> = samples.iter().filter_map(|rgb| rgb.get(channel).copied()).collect();
            let middle = values.len() / 2;
            if middle < values.len() { *values.select_nth_unstable(middle).1 } else { 0 }
        }));
        let mut known = Distances::from(colour);
        let mut distances: Vec<f32> = samples.iter().map(|rgb| known.to(*rgb)).collect();
        let place = distances.len() * 95 / 100;
        if place >= distances.len() {
            return None;
        }
        let unevenness = *distances.select_nth_unstable_by(place, f32::total_cmp).1;
        Some(Self { colour, unevenness })
    }

    /// Boxes around what is further from the background's colour than `within`, one for each strip that has such pixels.
    pub(super) fn odd_places(&self, photo: &RgbImage, within: f64) -> Vec<Rect> {
        let lab = self.colour.lab();
        strips(photo)
            .into_iter()
            .filter_map(|(rows, columns)| {
                let all = rows.flat_map(|y| columns.clone().map(move |x| (x, y)));
                let odd = |(x, y): &(u32, u32)| {
                    f64::from(Lab::of(photo.get_pixel(*x, *y).0).difference(lab)) > within
                };
                around(all.filter(odd))
            })
            .collect()
    }
}

/// The places at which the background is looked at.
pub(super) fn places(photo: &RgbImage) -> Vec<Rect> {
    strips(photo).into_iter().map(|(rows, columns)| rect(&columns, &rows)).collect()
}

fn rect(columns: &Range<u32>, rows: &Range<u32>) -> Rect {
    Rect {
        x: pixels(columns.start),
        y: pixels(rows.start),
        width: pixels(columns.end - columns.start),
        height: pixels(rows.end - rows.start),
    }
}

/// The box around pixels. None if there are none.
fn around(mut pixels: impl Iterator<Item = (u32, u32)>) -> Option<Rect> {
    let (x, y) = pixels.next()?;
    let (mut columns, mut rows) = (x..x + 1, y..y + 1);
    for (x, y) in pixels {
        columns = columns.start.min(x)..columns.end.max(x + 1);
        rows = rows.start.min(y)..rows.end.max(y + 1);
    }
    Some(rect(&columns, &rows))
}

#[expect(clippy::cast_precision_loss, reason = "a row of a photo is far below 2^24")]
fn pixels(n: u32) -> f32 {
    n as f32
}

/// The whole pixels between two places, inside the photo.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the photo first")]
pub(super) fn span(from: f32, to: f32, size: u32) -> Range<u32> {
    let clamp = |at: f32| at.clamp(0.0, pixels(size)) as u32;
    clamp(from)..clamp(to)
}

/// Rows and columns of the strip along the upper edge and of those down both sides.
fn strips(photo: &RgbImage) -> [(Range<u32>, Range<u32>); 3] {
    let (width, height) = (pixels(photo.width()), pixels(photo.height()));
    let top = span(0.0, height * TOP_STRIP, photo.height());
    let side = span(0.0, height * SIDE_DEPTH, photo.height());
    let left = span(0.0, width * SIDE_STRIP, photo.width());
    let right = span(width * (1.0 - SIDE_STRIP), width, photo.width());
    let all = span(0.0, width, photo.width());
    [(top, all), (side.clone(), left), (side, right)]
}

fn samples(photo: &RgbImage) -> Vec<[u8; 3]> {
    let mut samples = Vec::new();
    for (rows, columns) in strips(photo) {
        for y in rows {
            samples.extend(columns.clone().map(|x| photo.get_pixel(x, y).0));
        }
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_colours_have_their_known_difference() {
        // Reference values of sRGB red in L*a*b* (D65): 53.24, 80.09, 67.20.
        let Lab([l, a, b]) = Lab::of([255, 0, 0]);
        assert!((l - 53.24).abs() < 0.1 && (a - 80.09).abs() < 0.1 && (b - 67.2).abs() < 0.1);
        assert!(Lab::of([255; 3]).difference(Lab::of([0; 3])) > 99.0);
    }
}
