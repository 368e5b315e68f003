//! Turns, scales and shifts a face so that its landmarks lie where the embedder expects them.

use image::RgbImage;

use crate::{
    geometry::{Landmarks, Point},
    window,
};

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

    /// Its a, b, tx and ty.
    pub(crate) fn numbers(&self) -> [f32; 4] {
        [self.a, self.b, self.tx, self.ty]
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
        Some(to_place) => window::cut(photo, &to_place, SIDE),
        None => RgbImage::new(SIDE, SIDE),
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;
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
