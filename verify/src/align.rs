//! Turns, scales and shifts a face so that its landmarks lie where the embedder expects them.

use image::{Rgb, RgbImage};

use crate::geometry::{Landmarks, Point};

/// Side of an aligned face, pixels.
pub const SIDE: u32 = 112;

/// Where the five landmarks belong in an aligned face: the positions the recognition models of the ArcFace family,
/// SFace among them, were trained with.
const PLACES: [Point; 5] = [
    Point { x: 38.2946, y: 51.6963 },
    Point { x: 73.5318, y: 51.5014 },
    Point { x: 56.0252, y: 71.7366 },
    Point { x: 41.5493, y: 92.3655 },
    Point { x: 70.7299, y: 92.2041 },
];

/// A turn, a scale and a shift: `x' = a·x − b·y + tx`, `y' = b·x + a·y + ty`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similitude {
    a: f32,
    b: f32,
    tx: f32,
    ty: f32,
}

impl Similitude {
    /// The one that brings `from` nearest to `to`, by least squares (S. Umeyama, 1991; in the plane and without
    /// mirroring it has this closed form). None if all points of `from` are one.
    pub fn between(from: &[Point; 5], to: &[Point; 5]) -> Option<Self> {
        let (from_mean, to_mean) = (mean(from), mean(to));
        let (mut along, mut across, mut spread) = (0.0, 0.0, 0.0);
        for (from, to) in from.iter().zip(to) {
            let (x, y) = (from.x - from_mean.x, from.y - from_mean.y);
            let (u, v) = (to.x - to_mean.x, to.y - to_mean.y);
            along += x * u + y * v;
            across += x * v - y * u;
            spread += x * x + y * y;
        }
        if spread <= f32::EPSILON {
            return None;
        }
        let (a, b) = (along / spread, across / spread);
        let tx = to_mean.x - a * from_mean.x + b * from_mean.y;
        let ty = to_mean.y - b * from_mean.x - a * from_mean.y;
        Some(Self { a, b, tx, ty })
    }

    /// Where a point goes.
    pub fn apply(&self, point: Point) -> Point {
        Point {
            x: self.a * point.x - self.b * point.y + self.tx,
            y: self.b * point.x + self.a * point.y + self.ty,
        }
    }

    /// How much longer things get.
    pub fn scale(&self) -> f32 {
        self.a.hypot(self.b)
    }

    /// The one that brings things back.
    fn inverse(&self) -> Self {
        let square = self.a * self.a + self.b * self.b;
        let (a, b) = (self.a / square, -self.b / square);
        Self { a, b, tx: b * self.ty - a * self.tx, ty: -b * self.tx - a * self.ty }
    }
}

fn mean(points: &[Point; 5]) -> Point {
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.x, y + point.y));
    Point { x: x / 5.0, y: y / 5.0 }
}

/// Cuts an aligned face, 112 × 112, out of a photo. What lies outside the photo is black.
///
/// Samples bilinearly; where the photo is larger than the result, the mean of several samples, so that fine patterns
/// don't turn into coarse ones.
pub fn face(photo: &RgbImage, landmarks: &Landmarks) -> RgbImage {
    let Some(to_place) = Similitude::between(&landmarks.as_points(), &PLACES) else {
        return RgbImage::new(SIDE, SIDE);
    };
    let back = to_place.inverse();
    let photo = Pixels::of(photo);
    let samples = samples_per_side(to_place.scale());
    let share = 1.0 / to_f32(samples * samples);
    RgbImage::from_fn(SIDE, SIDE, |x, y| {
        let mut sum = [0.0; 3];
        for down in 0..samples {
            for across in 0..samples {
                let at = Point { x: sub_place(x, across, samples), y: sub_place(y, down, samples) };
                for (sum, value) in sum.iter_mut().zip(photo.bilinear(back.apply(at))) {
                    *sum += value;
                }
            }
        }
        Rgb(sum.map(|sum| to_byte(sum * share)))
    })
}

/// One sample for each pixel of the photo that falls into a pixel of the result, at most 8 × 8.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1..=8 first")]
fn samples_per_side(scale: f32) -> u32 {
    (1.0 / scale.max(0.05)).round().clamp(1.0, 8.0) as u32
}

/// The `n`th of `samples` places inside pixel `at`, symmetric about its middle.
fn sub_place(at: u32, n: u32, samples: u32) -> f32 {
    to_f32(at) + (to_f32(n) + 0.5) / to_f32(samples) - 0.5
}

/// A photo's pixels, as quick to reach as they can be: a face takes fifty thousand samples.
struct Pixels<'a> {
    rows: Vec<&'a [u8]>,
}

impl<'a> Pixels<'a> {
    fn of(photo: &'a RgbImage) -> Self {
        let row = 3 * usize::try_from(photo.width()).unwrap_or(usize::MAX);
        Self { rows: photo.as_raw().chunks_exact(row.max(1)).collect() }
    }

    #[inline]
    fn bilinear(&self, at: Point) -> [f32; 3] {
        let (x, y) = (floor(at.x), floor(at.y));
        let (right, down) = (at.x - to_f32_signed(x), at.y - to_f32_signed(y));
        let (above, below) = (self.pair(x, y), self.pair(x, y.saturating_add(1)));
        let mix = |one: f32, other: f32, share: f32| one + (other - one) * share;
        let row = |[left, next]: [[u8; 3]; 2], n: usize| {
            let [left, next] = [left, next].map(|pixel| f32::from(pixel.get(n).copied().unwrap_or_default()));
            mix(left, next, right)
        };
        [0, 1, 2].map(|n| mix(row(above, n), row(below, n), down))
    }

    /// A pixel and the one right of it; black outside the photo.
    #[inline]
    fn pair(&self, x: i32, y: i32) -> [[u8; 3]; 2] {
        let row = usize::try_from(y).ok().and_then(|y| self.rows.get(y)).copied().unwrap_or_default();
        let both = usize::try_from(x).ok().and_then(|x| row.get(3 * x..)).unwrap_or_default();
        match both.as_chunks::<3>().0 {
            [left, next, ..] => [*left, *next],
            [left] => [*left, [0; 3]],
            // One left of the photo may still have a neighbour inside.
            [] if x == -1 => [[0; 3], row.first_chunk::<3>().copied().unwrap_or_default()],
            [] => [[0; 3]; 2],
        }
    }
}

/// The whole number below. (`f32::floor` is a call on processors that are not known to do it by themselves.)
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "what is far outside the photo is black wherever it is")]
fn floor(value: f32) -> i32 {
    let cut = value as i32;
    cut.saturating_sub(i32::from(to_f32_signed(cut) > value))
}

#[inline]
#[expect(clippy::cast_precision_loss, reason = "places in a photo are far below 2^24")]
fn to_f32_signed(n: i32) -> f32 {
    n as f32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte first")]
fn to_byte(value: f32) -> u8 {
    (value + 0.5).clamp(0.0, 255.0) as u8
}

#[expect(clippy::cast_precision_loss, reason = "only sides of an aligned face and sample counts")]
fn to_f32(n: u32) -> f32 {
    n as f32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(a: Point, b: Point) -> bool {
        a.distance(b) < 0.01
    }

    proptest! {
        /// A face that was turned, scaled and shifted is brought back exactly.
        #[test]
        fn a_similitude_is_found_again(turn in -3f32..3.0, scale in 0.2f32..5.0, tx in -99f32..99.0, ty in -99f32..99.0) {
            let moved = Similitude { a: scale * turn.cos(), b: scale * turn.sin(), tx, ty };
            let points = PLACES.map(|point| moved.apply(point));
            let found = Similitude::between(&points, &PLACES).unwrap();
            for (point, place) in points.iter().zip(PLACES) {
                prop_assert!(near(found.apply(*point), place));
                prop_assert!(found.inverse().apply(place).distance(*point) < 0.05 * scale.max(1.0));
            }
        }
    }

    #[test]
    fn an_aligned_photo_is_left_as_it_is() {
        let photo = RgbImage::from_fn(SIDE, SIDE, |x, y| {
            let [red, green] = [x, y].map(|n| u8::try_from(n * 2).unwrap());
            Rgb([red, green, 7])
        });
        let [right_eye, left_eye, nose, right_mouth, left_mouth] = PLACES;
        let landmarks = Landmarks { right_eye, left_eye, nose, right_mouth, left_mouth };
        assert_eq!(face(&photo, &landmarks), photo);
    }

    #[test]
    fn outside_a_photo_everything_is_black_and_its_edges_fade() {
        let photo = RgbImage::from_pixel(4, 3, Rgb([200, 100, 50]));
        let pixels = Pixels::of(&photo);
        let at = |x, y| pixels.bilinear(Point { x, y });
        assert_eq!(at(1.5, 1.5), [200.0, 100.0, 50.0]);
        assert_eq!([at(-0.5, 1.0), at(3.5, 1.0), at(1.0, -0.5), at(1.0, 2.5)], [[100.0, 50.0, 25.0]; 4]);
        for (x, y) in [(-1.0, 1.0), (4.0, 1.0), (1.0, -7.0), (1e30, 1.0), (-1e30, f32::MIN), (1.0, f32::NAN)]
        {
            assert!(at(x, y).iter().all(|value| *value == 0.0 || value.is_nan()), "{x} {y}: {:?}", at(x, y));
        }
    }

    #[test]
    fn landmarks_all_in_one_place_give_a_black_face_not_a_crash() {
        let point = Point { x: 5.0, y: 5.0 };
        let landmarks = Landmarks {
            right_eye: point,
            left_eye: point,
            nose: point,
            right_mouth: point,
            left_mouth: point,
        };
        assert!(face(&RgbImage::new(10, 10), &landmarks).pixels().all(|pixel| pixel.0 == [0; 3]));
    }
}
