//! Draws portraits of people who do not exist, for demonstrations and for tests on machines without photos of faces.
//!
//! A person is a seed, a photo of that person another: the same seeds always give the same pixels. The drawings follow
//! the photo standard (480 × 640 on #64C5FF). They test the workflow, never the accuracy: two drawn people are far more
//! alike than two real ones.

use image::{Rgb, RgbImage};
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    align,
    geometry::{Landmarks, Point},
    image::encode_jpeg,
};

/// Width of a portrait, pixels.
pub const WIDTH: u32 = 480;
/// Height of a portrait, pixels.
pub const HEIGHT: u32 = 640;
/// The background, #64C5FF.
pub const BACKGROUND: [u8; 3] = [0x64, 0xc5, 0xff];

/// A portrait, and where its features were drawn.
#[derive(Debug, Clone)]
pub struct Portrait {
    /// Its pixels.
    pub pixels: RgbImage,
    /// Where the landmarks are.
    pub landmarks: Landmarks,
    /// The row of the top of the hair.
    pub head_top: f32,
    /// The width of the face between the cheeks, pixels.
    pub face_width: f32,
}

/// Draws photo number `photo` of person number `person`.
pub fn portrait(person: u64, photo: u64) -> Portrait {
    let person = Person::new(person);
    let pose = Pose::new(person.seed, photo);
    let mut canvas = Canvas::new(&pose);
    person.paint(&mut canvas);
    Portrait {
        landmarks: person.landmarks(&pose),
        head_top: person.head_top(&pose),
        face_width: 2.0 * person.face.0 * pose.scale,
        pixels: canvas.finish(),
    }
}

impl Portrait {
    /// The portrait as the standard wants it: a JPEG file of 300 dpi, between 20 and 40 KiB.
    pub fn jpeg(&self) -> Vec<u8> {
        let mut quality = 95;
        loop {
            let bytes = encode_jpeg(&self.pixels, quality, Some(300));
            if bytes.len() <= 38 << 10 || quality <= 62 {
                return bytes;
            }
            quality -= 3;
        }
    }
}

/// Draws photo number `photo` of person number `person` as a file: see [`Portrait::jpeg`].
pub fn portrait_jpeg(person: u64, photo: u64) -> Vec<u8> {
    portrait(person, photo).jpeg()
}

/// The aligned face of a drawn person, 112 × 112.
pub fn face(person: u64, photo: u64) -> RgbImage {
    let portrait = portrait(person, photo);
    align::face(&portrait.pixels, &portrait.landmarks)
}

type Colour = [f32; 3];

/// What makes a drawn person who they are. Lengths in pixels, places from the middle of the face.
struct Person {
    seed: u64,
    skin: Colour,
    hair: Colour,
    iris: Colour,
    lips: Colour,
    clothes: Colour,
    /// Half width and half height of the face.
    face: (f32, f32),
    /// 2 is an ellipse; more is squarer.
    jaw: f32,
    /// Half the distance between the eyes.
    eyes: f32,
    /// Half width and half height of an eye.
    eye: (f32, f32),
    /// How much the outer corners of the eyes are lifted.
    slant: f32,
    /// Height above the eye, half thickness, tilt.
    brow: (f32, f32, f32),
    /// Length and half width.
    nose: (f32, f32),
    /// Place below the eyes, half width, half thickness.
    mouth: (f32, f32, f32),
    /// How far the hair rises above the face, and how far it comes down the forehead and the sides.
    hair_rise: f32,
    fringe: f32,
    sides: f32,
    parting: f32,
    ear: f32,
    /// Place and size of a mole.
    mole: (f32, f32, f32),
}

impl Person {
    fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5eed);
        let mut pick = |from: f32, to: f32| rng.random_range(from..=to);
        let tone = pick(0.0, 1.0);
        let hair = pick(0.0, 1.0);
        Self {
            seed,
            skin: mix([244.0, 212.0, 184.0], [176.0, 122.0, 88.0], tone),
            hair: mix([22.0, 18.0, 18.0], [86.0, 58.0, 40.0], hair * hair),
            iris: mix([36.0, 22.0, 16.0], [96.0, 66.0, 40.0], pick(0.0, 1.0)),
            lips: mix([196.0, 104.0, 100.0], [142.0, 72.0, 70.0], (tone + pick(-0.3, 0.3)).clamp(0.0, 1.0)),
            clothes: [pick(20.0, 235.0), pick(20.0, 120.0), pick(20.0, 90.0)],
            face: (pick(98.0, 124.0), pick(142.0, 166.0)),
            jaw: pick(2.0, 2.7),
            eyes: pick(41.0, 53.0),
            eye: (pick(17.0, 24.0), pick(7.0, 12.0)),
            slant: pick(-0.12, 0.16),
            brow: (pick(23.0, 34.0), pick(3.0, 7.5), pick(-0.16, 0.16)),
            nose: (pick(50.0, 70.0), pick(13.0, 22.0)),
            mouth: (pick(98.0, 116.0), pick(27.0, 42.0), pick(6.0, 12.0)),
            hair_rise: pick(26.0, 46.0),
            fringe: pick(0.28, 0.62),
            sides: pick(4.0, 20.0),
            parting: pick(-0.6, 0.6),
            ear: pick(20.0, 28.0),
            mole: (pick(-70.0, 70.0), pick(20.0, 120.0), pick(0.0, 4.0)),
        }
    }

    /// The eyes are on this line; everything else hangs from it.
    const EYE_LINE: f32 = -36.0;

    fn paint(&self, canvas: &mut Canvas) {
        self.paint_body(canvas);
        self.paint_head(canvas);
        for side in [-1.0, 1.0] {
            self.paint_eye(canvas, side);
        }
        self.paint_nose(canvas);
        self.paint_mouth(canvas);
        let (x, y, size) = self.mole;
        if size > 1.5 {
            canvas.blob(Blob::at(x, y).size(size, size).soft(1.5), scaled(self.skin, 0.45));
        }
        self.paint_hair(canvas);
    }

    fn paint_body(&self, canvas: &mut Canvas) {
        let (_, height) = self.face;
        let back = Blob::at(0.0, -40.0).size(self.face.0 + self.sides, height * 0.86 + self.hair_rise);
        canvas.blob(back.soft(4.0), scaled(self.hair, 0.8));
        canvas.blob(Blob::at(0.0, 300.0).size(225.0, 135.0).square(2.6).soft(3.0), self.clothes);
        canvas.blob(
            Blob::at(0.0, height + 8.0).size(56.0, 70.0).square(3.0).soft(4.0),
            scaled(self.skin, 0.82),
        );
        canvas.blob(Blob::at(0.0, height + 74.0).size(62.0, 26.0).soft(3.0), scaled(self.clothes, 1.25));
    }

    fn paint_head(&self, canvas: &mut Canvas) {
        let (width, height) = self.face;
        for side in [-1.0, 1.0] {
            let ear = Blob::at(side * (width + 2.0), -14.0);
            canvas.blob(ear.size(self.ear * 0.6, self.ear * 1.4).soft(2.0), scaled(self.skin, 0.9));
            canvas.blob(ear.size(self.ear * 0.3, self.ear * 0.9).soft(5.0), scaled(self.skin, 0.74));
        }
        canvas.shaded(Blob::at(0.0, 0.0).size(width, height).square(self.jaw).soft(2.0), self.skin);
        for side in [-1.0, 1.0] {
            let cheek = Blob::at(side * width * 0.55, 44.0).size(30.0, 24.0).soft(24.0);
            canvas.glaze(cheek, [214.0, 120.0, 104.0], 0.16);
        }
    }

    fn paint_eye(&self, canvas: &mut Canvas, side: f32) {
        let (x, y) = (side * self.eyes, Self::EYE_LINE);
        let (width, height) = self.eye;
        let tilt = -side * self.slant;
        canvas.glaze(
            Blob::at(x, y - 3.0).size(width * 1.5, height * 2.3).soft(9.0),
            scaled(self.skin, 0.55),
            0.42,
        );
        canvas.blob(Blob::at(x, y).size(width, height).turned(tilt).soft(1.5), [238.0, 234.0, 230.0]);
        canvas.blob(Blob::at(x, y).size(height * 0.98, height * 0.98).soft(1.5), self.iris);
        canvas.blob(Blob::at(x, y).size(height * 0.48, height * 0.48).soft(1.2), [10.0, 8.0, 8.0]);
        canvas.blob(Blob::at(x + 3.0, y - 3.0).size(2.2, 2.2).soft(1.2), [255.0, 255.0, 255.0]);
        let lid = Blob::at(x, y - height * 0.88).size(width * 1.08, 2.6).turned(tilt).soft(1.6);
        canvas.blob(lid, scaled(self.hair, 0.9));
        canvas.glaze(
            Blob::at(x, y + height * 1.15).size(width, 2.4).turned(tilt).soft(2.4),
            scaled(self.skin, 0.6),
            0.5,
        );
        let (above, thick, brow_tilt) = self.brow;
        let brow =
            Blob::at(x + side * 2.0, y - above).size(width * 1.5, thick).turned(side * brow_tilt).soft(2.6);
        canvas.glaze(brow, self.hair, 0.86);
    }

    fn paint_nose(&self, canvas: &mut Canvas) {
        let (length, width) = self.nose;
        let tip = Self::EYE_LINE + length;
        canvas.glaze(
            Blob::at(-6.0, tip - length * 0.5).size(5.0, length * 0.45).soft(7.0),
            scaled(self.skin, 0.7),
            0.34,
        );
        canvas.glaze(
            Blob::at(3.0, tip - length * 0.45).size(4.0, length * 0.4).soft(6.0),
            scaled(self.skin, 1.2),
            0.4,
        );
        canvas.glaze(
            Blob::at(0.0, tip + 3.0).size(width * 1.1, 10.0).soft(7.0),
            scaled(self.skin, 0.74),
            0.5,
        );
        canvas.glaze(Blob::at(0.0, tip - 3.0).size(width * 0.5, 7.0).soft(6.0), scaled(self.skin, 1.18), 0.5);
        for side in [-1.0, 1.0] {
            let nostril = Blob::at(side * width * 0.52, tip + 8.0).size(width * 0.24, 3.2).soft(2.2);
            canvas.glaze(nostril, scaled(self.skin, 0.34), 0.85);
        }
    }

    fn paint_mouth(&self, canvas: &mut Canvas) {
        let (below, width, thick) = self.mouth;
        let y = Self::EYE_LINE + below;
        canvas.glaze(
            Blob::at(0.0, y + thick + 9.0).size(width * 0.6, 5.0).soft(7.0),
            scaled(self.skin, 0.66),
            0.4,
        );
        canvas.blob(Blob::at(0.0, y + thick * 0.4).size(width * 0.86, thick).soft(2.4), self.lips);
        for side in [-1.0, 1.0] {
            let upper = Blob::at(side * width * 0.36, y - thick * 0.3).size(width * 0.6, thick * 0.62);
            canvas.blob(upper.turned(side * 0.14).soft(2.2), scaled(self.lips, 0.9));
        }
        canvas.blob(Blob::at(0.0, y).size(width, 1.9).soft(1.5), scaled(self.lips, 0.42));
        canvas.glaze(
            Blob::at(0.0, y + thick * 0.7).size(width * 0.3, 2.4).soft(3.4),
            [255.0, 226.0, 220.0],
            0.32,
        );
    }

    /// The hair above a line that rises and falls across the forehead.
    fn paint_hair(&self, canvas: &mut Canvas) {
        let (width, height) = self.face;
        let (reach, rise) = (width + self.sides, height * 0.93 + self.hair_rise);
        let line = Self::EYE_LINE - (1.0 - self.fringe) * 98.0;
        let shape = move |x: f32, y: f32| {
            let outside =
                1.0 - ((x / reach).abs().powf(2.3) + ((y + 30.0) / rise).abs().powf(2.3)).powf(1.0 / 2.3);
            let across = x / width - self.parting;
            let edge = line + 26.0 * across * across - 12.0 * (across * 7.0).sin().abs();
            let above = if x.abs() > width * 0.9 { -y + 20.0 } else { edge - y };
            (outside * reach).min(above)
        };
        let strands =
            move |x: f32, y: f32| 0.86 + 0.26 * ((x * 0.42 + (y * 0.05).sin() * 3.0).sin() * 0.5 + 0.5);
        canvas.cover(shape, 2.5, self.hair, strands);
    }

    fn landmarks(&self, pose: &Pose) -> Landmarks {
        let place = |x: f32, y: f32| pose.place(Point { x, y });
        let mouth = Self::EYE_LINE + self.mouth.0;
        Landmarks {
            right_eye: place(-self.eyes, Self::EYE_LINE),
            left_eye: place(self.eyes, Self::EYE_LINE),
            nose: place(0.0, Self::EYE_LINE + self.nose.0 - 3.0),
            right_mouth: place(-self.mouth.1, mouth),
            left_mouth: place(self.mouth.1, mouth),
        }
    }

    fn head_top(&self, pose: &Pose) -> f32 {
        pose.place(Point { x: 0.0, y: -30.0 - self.face.1 * 0.93 - self.hair_rise }).y
    }
}

/// What differs between two photos of a person.
struct Pose {
    seed: u64,
    turn: f32,
    scale: f32,
    middle: Point,
    /// Where light comes from (−1 left, 1 right), how strong it is, and how bright all is.
    light: (f32, f32),
    brightness: f32,
    noise: f32,
}

impl Pose {
    fn new(person: u64, photo: u64) -> Self {
        let seed = person.wrapping_mul(0xd6e8_feb8_6659_fd93) ^ photo.wrapping_mul(0xa5a5_1f4b_6c9d_21e7);
        let mut rng = StdRng::seed_from_u64(seed);
        let mut pick = |from: f32, to: f32| rng.random_range(from..=to);
        Self {
            seed,
            turn: pick(-0.045, 0.045),
            scale: pick(0.97, 1.03),
            middle: Point { x: 240.0 + pick(-5.0, 5.0), y: 291.0 + pick(-6.0, 6.0) },
            light: (pick(-1.0, 1.0), pick(0.03, 0.14)),
            brightness: pick(0.94, 1.05),
            noise: pick(1.2, 2.6),
        }
    }

    /// From the face's own measure to the photo's.
    fn place(&self, point: Point) -> Point {
        let (sin, cos) = self.turn.sin_cos();
        Point {
            x: self.middle.x + self.scale * (cos * point.x - sin * point.y),
            y: self.middle.y + self.scale * (sin * point.x + cos * point.y),
        }
    }

    /// From the photo's measure to the face's own.
    fn undo(&self, point: Point) -> Point {
        let (sin, cos) = self.turn.sin_cos();
        let (x, y) = ((point.x - self.middle.x) / self.scale, (point.y - self.middle.y) / self.scale);
        Point { x: cos * x + sin * y, y: cos * y - sin * x }
    }
}

/// A soft-edged ellipse, or something squarer.
#[derive(Clone, Copy)]
struct Blob {
    middle: (f32, f32),
    size: (f32, f32),
    turn: f32,
    power: f32,
    edge: f32,
}

impl Blob {
    fn at(x: f32, y: f32) -> Self {
        Self { middle: (x, y), size: (1.0, 1.0), turn: 0.0, power: 2.0, edge: 1.0 }
    }

    fn size(self, width: f32, height: f32) -> Self {
        Self { size: (width, height), ..self }
    }

    fn turned(self, turn: f32) -> Self {
        Self { turn, ..self }
    }

    fn square(self, power: f32) -> Self {
        Self { power, ..self }
    }

    fn soft(self, edge: f32) -> Self {
        Self { edge, ..self }
    }

    /// How far inside a place is, in pixels; negative outside.
    fn depth(&self, x: f32, y: f32) -> f32 {
        let (sin, cos) = self.turn.sin_cos();
        let (dx, dy) = (x - self.middle.0, y - self.middle.1);
        let (u, v) = ((cos * dx + sin * dy) / self.size.0, (cos * dy - sin * dx) / self.size.1);
        let radius = (u.abs().powf(self.power) + v.abs().powf(self.power)).powf(1.0 / self.power);
        (1.0 - radius) * self.size.0.min(self.size.1)
    }
}

/// A picture in the making. Everything is painted in the face's own measure.
struct Canvas<'a> {
    pose: &'a Pose,
    pixels: Vec<Colour>,
}

impl<'a> Canvas<'a> {
    fn new(pose: &'a Pose) -> Self {
        let count = usize::try_from(WIDTH * HEIGHT).unwrap_or_default();
        Self { pose, pixels: vec![BACKGROUND.map(f32::from); count] }
    }

    /// Covers a shape with a colour.
    fn blob(&mut self, blob: Blob, colour: Colour) {
        self.glaze(blob, colour, 1.0);
    }

    /// Covers a shape so that what is below shines through.
    fn glaze(&mut self, blob: Blob, colour: Colour, strength: f32) {
        let around = blob.size.0.max(blob.size.1) + blob.edge + 2.0;
        self.paint(blob.middle, around, |x, y, below| {
            let cover = coverage(blob.depth(x, y), blob.edge) * strength;
            mix(below, colour, cover)
        });
    }

    /// Covers a shape that is darker towards its rim and on the side away from the light.
    fn shaded(&mut self, blob: Blob, colour: Colour) {
        let (light, strength) = self.pose.light;
        let around = blob.size.0.max(blob.size.1) + blob.edge + 2.0;
        self.paint(blob.middle, around, |x, y, below| {
            let depth = blob.depth(x, y);
            let rim = 1.0 - 0.26 * (1.0 - (depth / 46.0).clamp(0.0, 1.0)).powi(2);
            let lit = 1.0 + strength * light * x / blob.size.0;
            mix(below, scaled(colour, rim * lit), coverage(depth, blob.edge))
        });
    }

    /// Covers a shape given by its depth, with a colour that varies.
    fn cover(
        &mut self,
        depth: impl Fn(f32, f32) -> f32,
        edge: f32,
        colour: Colour,
        shade: impl Fn(f32, f32) -> f32,
    ) {
        self.paint((0.0, 0.0), 400.0, |x, y, below| {
            mix(below, scaled(colour, shade(x, y)), coverage(depth(x, y), edge))
        });
    }

    fn paint(&mut self, middle: (f32, f32), around: f32, colour: impl Fn(f32, f32, Colour) -> Colour) {
        let at = self.pose.place(Point { x: middle.0, y: middle.1 });
        let reach = around * self.pose.scale;
        let (columns, rows) = (span(at.x, reach, WIDTH), span(at.y, reach, HEIGHT));
        let width = usize::try_from(WIDTH).unwrap_or(usize::MAX);
        for (y, row) in (0u16..).zip(self.pixels.chunks_exact_mut(width)).skip(rows.start).take(rows.len()) {
            for (x, pixel) in (0u16..).zip(row).skip(columns.start).take(columns.len()) {
                let own = self.pose.undo(Point { x: x.into(), y: y.into() });
                *pixel = colour(own.x, own.y, *pixel);
            }
        }
    }

    /// Adds what a camera adds: brightness and noise. The background stays its colour, as a studio's does.
    fn finish(self) -> RgbImage {
        let mut rng = StdRng::seed_from_u64(self.pose.seed ^ 0x0150_1530);
        let mut bytes = Vec::with_capacity(self.pixels.len() * 3);
        for pixel in self.pixels {
            let bright = if pixel == BACKGROUND.map(f32::from) { 1.0 } else { self.pose.brightness };
            // The sum of three uniform numbers is close enough to a camera's noise.
            let noise: f32 = (0..3).map(|_| rng.random_range(-1.0f32..=1.0)).sum::<f32>() * self.pose.noise;
            bytes.extend(pixel.map(|value| to_byte(value * bright + noise)));
        }
        RgbImage::from_raw(WIDTH, HEIGHT, bytes)
            .unwrap_or_else(|| RgbImage::from_pixel(WIDTH, HEIGHT, Rgb(BACKGROUND)))
    }
}

/// The whole places within `reach` of `at`, inside the picture.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the picture first")]
#[expect(clippy::cast_precision_loss, reason = "a side of the picture")]
fn span(at: f32, reach: f32, size: u32) -> std::ops::Range<usize> {
    let clamp = |place: f32| place.clamp(0.0, size as f32) as usize;
    clamp(at - reach)..clamp(at + reach + 1.0)
}

fn coverage(depth: f32, edge: f32) -> f32 {
    let t = (depth / edge + 0.5).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

fn mix(a: Colour, b: Colour, share: f32) -> Colour {
    let [a0, a1, a2] = a;
    let [b0, b1, b2] = b;
    [a0 + (b0 - a0) * share, a1 + (b1 - a1) * share, a2 + (b2 - a2) * share]
}

fn scaled(colour: Colour, by: f32) -> Colour {
    colour.map(|value| (value * by).clamp(0.0, 255.0))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte first")]
fn to_byte(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seeds_give_the_same_pixels() {
        assert_eq!(portrait(7, 1).pixels, portrait(7, 1).pixels);
        assert_ne!(portrait(7, 1).pixels, portrait(7, 2).pixels);
        assert_ne!(portrait(7, 1).pixels, portrait(8, 1).pixels);
    }

    #[test]
    fn the_file_is_as_large_as_the_standard_wants() {
        for person in 0..8 {
            let kilobytes = portrait_jpeg(person, 0).len() / 1024;
            assert!((20..=40).contains(&kilobytes), "person {person}: {kilobytes} KiB");
        }
    }
}
