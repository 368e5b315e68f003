//! How odd a photo looks beside the others of its delivery: the order of the contact sheet.
//!
//! Four things that an eye sees first are compared with the delivery's median: background, exposure, head size, eye
//! line. One hundred photos that are all a little dark are even; one dark photo among bright ones is odd.

use serde::{Deserialize, Serialize};

/// What is measured of one photo for this. Missing values don't count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// Colour of the background: CIE L*, a*, b*.
    pub background: Option<[f32; 3]>,
    /// Mean brightness of the face, 0..=100.
    pub exposure: Option<f32>,
    /// Width of the face, as a share of the photo's width, 0..=1.
    pub head: Option<f32>,
    /// Distance from the upper edge to the eyes, as a share of the photo's height, 0..=1.
    pub eyes: Option<f32>,
}

/// From which distance to the median on a deviation is visible.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerances {
    /// Background: ΔE (CIE 1976).
    pub background: f32,
    /// Exposure: brightness, 0..=100.
    pub exposure: f32,
    /// Head: share of the photo's width.
    pub head: f32,
    /// Eye line: share of the photo's height.
    pub eyes: f32,
}

impl Default for Tolerances {
    /// What two people looking at contact sheets side by side would call different; a school may set its own.
    fn default() -> Self {
        Self { background: 12.0, exposure: 12.0, head: 0.08, eyes: 0.05 }
    }
}

/// The CIE L*a*b* colour (D65) of an sRGB colour written `#64C5FF`.
#[must_use]
pub fn lab(hex: &str) -> Option<[f32; 3]> {
    let number = u32::from_str_radix(hex.strip_prefix('#').filter(|digits| digits.len() == 6)?, 16).ok()?;
    let [_, r, g, b] = number.to_be_bytes().map(|channel| linear(f32::from(channel) / 255.0));
    // IEC 61966-2-1, and CIE 15 with the white point of D65.
    let x = curve((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
    let y = curve(0.2126 * r + 0.7152 * g + 0.0722 * b);
    let z = curve((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.0890);
    Some([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)])
}

fn linear(channel: f32) -> f32 {
    if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
}

fn curve(t: f32) -> f32 {
    if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 }
}

/// At this oddness a deviation is visible.
const VISIBLE: f32 = 0.5;

/// How odd each photo is, 0..=1, in the order given: 0 at the median, 0.5 where a deviation becomes visible, 1 at twice
/// that and beyond. The oddest of the four measures counts.
#[must_use]
pub fn oddness(photos: &[Measures], tolerances: &Tolerances) -> Vec<f32> {
    let background = [0, 1, 2].map(|n| median(photos.iter().filter_map(|photo| channel(photo, n))));
    let exposure = median(photos.iter().filter_map(|photo| photo.exposure));
    let head = median(photos.iter().filter_map(|photo| photo.head));
    let eyes = median(photos.iter().filter_map(|photo| photo.eyes));
    let deviation = |photo: &Measures| {
        let colour = photo.background.zip(all(background)).map(|(colour, middle)| distance(colour, middle));
        let apart = |value: Option<f32>, middle: Option<f32>| value.zip(middle).map(|(v, m)| (v - m).abs());
        [
            ratio(colour, tolerances.background),
            ratio(apart(photo.exposure, exposure), tolerances.exposure),
            ratio(apart(photo.head, head), tolerances.head),
            ratio(apart(photo.eyes, eyes), tolerances.eyes),
        ]
        .into_iter()
        .fold(0.0, f32::max)
    };
    photos.iter().map(|photo| (deviation(photo) * VISIBLE).min(1.0)).collect()
}

/// The share of photos with a visible deviation, 0..=1; 0 when there are none.
#[must_use]
pub fn visible_share(oddness: &[f32]) -> f64 {
    let visible = oddness.iter().filter(|&&odd| odd >= VISIBLE).count();
    if oddness.is_empty() { 0.0 } else { visible as f64 / oddness.len() as f64 }
}

fn channel(photo: &Measures, n: usize) -> Option<f32> {
    photo.background.and_then(|colour| colour.get(n).copied())
}

fn all(values: [Option<f32>; 3]) -> Option<[f32; 3]> {
    match values {
        [Some(a), Some(b), Some(c)] => Some([a, b, c]),
        _ => None,
    }
}

fn distance(left: [f32; 3], right: [f32; 3]) -> f32 {
    left.iter().zip(right).map(|(l, r)| (l - r).powi(2)).sum::<f32>().sqrt()
}

fn ratio(deviation: Option<f32>, tolerance: f32) -> f32 {
    deviation.map_or(0.0, |deviation| deviation / tolerance.max(f32::EPSILON))
}

fn median(values: impl Iterator<Item = f32>) -> Option<f32> {
    let mut values: Vec<_> = values.filter(|value| value.is_finite()).collect();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Measures {
        Measures {
            background: Some([75.0, -5.0, -35.0]),
            exposure: Some(65.0),
            head: Some(0.5),
            eyes: Some(0.4),
        }
    }

    #[test]
    fn the_one_dark_photo_is_the_odd_one() {
        let mut photos = vec![plain(); 20];
        photos[7].exposure = Some(40.0);
        let odd = oddness(&photos, &Tolerances::default());
        assert_eq!(odd[7], 1.0);
        assert!(odd.iter().enumerate().all(|(n, &odd)| n == 7 || odd == 0.0));
        assert_eq!(visible_share(&odd), 0.05);
    }

    #[test]
    fn a_delivery_that_is_dark_throughout_is_even() {
        let photos = vec![Measures { exposure: Some(20.0), ..plain() }; 9];
        assert_eq!(visible_share(&oddness(&photos, &Tolerances::default())), 0.0);
    }

    #[test]
    fn a_deviation_is_visible_exactly_from_the_tolerance_on() {
        let mut photos = vec![plain(); 9];
        photos[0].head = Some(0.5 + 0.081);
        photos[1].head = Some(0.5 + 0.079);
        let odd = oddness(&photos, &Tolerances::default());
        assert!(odd[0] >= VISIBLE && odd[1] < VISIBLE);
    }

    #[test]
    fn known_colours_have_their_known_places() {
        // CIE values (D65) of sRGB white, black and the light blue that the capture rules name.
        for (hex, known) in
            [("#FFFFFF", [100.0, 0.0, 0.0]), ("#000000", [0.0; 3]), ("#64C5FF", [75.98, -11.85, -37.06])]
        {
            assert!(distance(lab(hex).unwrap(), known) < 1.5, "{hex}: {:?}", lab(hex));
        }
        assert_eq!([lab("64C5FF"), lab("#64C5F"), lab("#64C5FG")], [None; 3]);
    }

    #[test]
    fn what_could_not_be_measured_does_not_count() {
        let mut photos = vec![plain(); 5];
        photos[2] = Measures::default();
        assert_eq!(oddness(&photos, &Tolerances::default())[2], 0.0);
        assert_eq!(visible_share(&[]), 0.0);
    }
}
