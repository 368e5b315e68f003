//! Turns, scales and shifts a face so that its landmarks lie where the embedder expects them.

use image::{Rgb, RgbImage};

use crate::geometry::{Landmarks, Point};

/// Which way faces are found and aligned in. Raised by every change that moves their landmarks or pixels: templates made
/// otherwise are another model's, and thresholds found with them say nothing of these.
pub(crate) const WAY: u32 = 2;

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

    /// The one that turns a picture back by `tilt` degrees, clockwise in it, about a point, makes it `scale` times as large, and
    /// takes that point to `to`.
    pub fn upright(about: Point, tilt: f32, scale: f32, to: Point) -> Self {
        let (sine, cosine) = (-tilt).to_radians().sin_cos();
        let (a, b) = (scale * cosine, scale * sine);
        Self { a, b, tx: to.x - a * about.x + b * about.y, ty: to.y - b * about.x - a * about.y }
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

    /// What leads back: a point there to where it came from.
    pub fn back(&self) -> Self {
        let square = self.a * self.a + self.b * self.b;
        let (a, b) = (self.a / square, -self.b / square);
        Self { a, b, tx: b * self.ty - a * self.tx, ty: -b * self.tx - a * self.ty }
    }
}

fn mean(points: &[Point; 5]) -> Point {
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.x, y + point.y));
    Point { x: x / 5.0, y: y / 5.0 }
}

/// How far a face is tilted, by all of its landmarks: degrees, clockwise in the photo positive. None if they are one point.
pub fn tilt(landmarks: &Landmarks) -> Option<f32> {
    let Similitude { a, b, .. } = Similitude::between(&landmarks.as_points(), &PLACES)?;
    Some((-b).atan2(a).to_degrees())
}

/// Cuts an aligned face, 112 × 112, out of a photo. What lies outside the photo is black.
pub fn face(photo: &RgbImage, landmarks: &Landmarks) -> RgbImage {
    match Similitude::between(&landmarks.as_points(), &PLACES) {
        Some(to_place) => window(photo, &to_place, SIDE),
        None => RgbImage::new(SIDE, SIDE),
    }
}

/// Cuts a square window out of a photo, turned, scaled and shifted. What lies outside the photo is black.
///
/// Samples bilinearly; where the photo is larger than the result, the mean of several samples, so that fine patterns
/// don't turn into coarse ones.
pub fn window(photo: &RgbImage, to_place: &Similitude, side: u32) -> RgbImage {
    let samples = samples_per_side(to_place.scale());
    let (back, parts) = (to_place.back(), to_f32(samples * samples));
    RgbImage::from_fn(side, side, |x, y| {
        let mut sum = [0.0; 3];
        for down in 0..samples {
            for across in 0..samples {
                let at = Point { x: sub_place(x, across, samples), y: sub_place(y, down, samples) };
                let [red, green, blue] = bilinear(photo, back.apply(at));
                sum = [sum[0] + red, sum[1] + green, sum[2] + blue];
            }
        }
        Rgb(sum.map(|sum| to_byte(sum / parts)))
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

fn bilinear(photo: &RgbImage, at: Point) -> [f32; 3] {
    if let Some(inner) = inside(photo, at) {
        return inner;
    }
    let (x0, y0) = (at.x.floor(), at.y.floor());
    let (right, down) = (at.x - x0, at.y - y0);
    let corners = [
        (x0, y0, (1.0 - right) * (1.0 - down)),
        (x0 + 1.0, y0, right * (1.0 - down)),
        (x0, y0 + 1.0, (1.0 - right) * down),
        (x0 + 1.0, y0 + 1.0, right * down),
    ];
    let mut sum = [0.0; 3];
    for (x, y, weight) in corners {
        let pixel = pixel_at(photo, x, y);
        for (sum, value) in sum.iter_mut().zip(pixel) {
            *sum += f32::from(value) * weight;
        }
    }
    sum
}

/// The same where all four pixels around lie in the photo, as nearly always. What lies before the point is cut off, which
/// is the floor of what is not negative, and quick on every processor.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be inside first")]
fn inside(photo: &RgbImage, at: Point) -> Option<[f32; 3]> {
    let (width, height) = photo.dimensions();
    let is_inside = at.x >= 0.0 && at.y >= 0.0 && at.x < to_f32(width) - 1.0 && at.y < to_f32(height) - 1.0;
    if !is_inside {
        return None;
    }
    let (x, y) = (at.x as u32, at.y as u32);
    let (right, down) = (at.x - to_f32(x), at.y - to_f32(y));
    let row = 3 * width as usize;
    let first = y as usize * row + 3 * x as usize;
    let above: &[u8; 6] = photo.as_raw().get(first..)?.first_chunk()?;
    let below: &[u8; 6] = photo.as_raw().get(first + row..)?.first_chunk()?;
    let between = |one: f32, other: f32, share: f32| one + (other - one) * share;
    let across = |row: &[u8; 6]| {
        let [r, g, b, next_r, next_g, next_b] = row.map(f32::from);
        [between(r, next_r, right), between(g, next_g, right), between(b, next_b, right)]
    };
    let ([r, g, b], [low_r, low_g, low_b]) = (across(above), across(below));
    Some([between(r, low_r, down), between(g, low_g, down), between(b, low_b, down)])
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be whole and not negative"
)]
fn pixel_at(photo: &RgbImage, x: f32, y: f32) -> [u8; 3] {
    if x < 0.0 || y < 0.0 {
        return [0; 3];
    }
    photo.get_pixel_checked(x as u32, y as u32).map_or([0; 3], |pixel| pixel.0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte first")]
fn to_byte(value: f32) -> u8 {
    // Half up, and cut off: as rounding does with what is not negative, and quick on every processor.
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
                prop_assert!(found.back().apply(place).distance(*point) < 0.05 * scale.max(1.0));
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
