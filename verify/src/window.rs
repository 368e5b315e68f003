//! Cuts a square window out of a photo, turned, scaled and shifted.

mod eight;

use image::RgbImage;

use crate::{align::Similitude, geometry::Point};

/// Cuts a window out of a photo. What lies outside the photo is black.
///
/// Samples bilinearly; where the photo is larger than the result, the mean of several samples, so that fine patterns
/// don't turn into coarse ones.
pub(crate) fn cut(photo: &RgbImage, to_place: &Similitude, side: u32) -> RgbImage {
    let samples = samples_per_side(to_place.scale());
    let places: Vec<f32> =
        (0..side).flat_map(|at| (0..samples).map(move |n| sub_place(at, n, samples))).collect();
    let in_pixel = samples as usize;
    let (back, parts, source) = (to_place.back(), to_f32(samples * samples), Source::of(photo));
    let mut window = RgbImage::new(side, side);
    let mut sums = vec![[0f32; LANES]; side as usize];
    let mut colours = vec![[0f32; LANES]; places.len()];
    for (row, down) in window.chunks_exact_mut(3 * side.max(1) as usize).zip(places.chunks_exact(in_pixel)) {
        sums.fill([0.0; LANES]);
        for y in down {
            source.row(&back, &places, *y, &mut colours);
            for (sum, colours) in sums.iter_mut().zip(colours.chunks_exact(in_pixel)) {
                let mut total = *sum;
                for colour in colours {
                    total.iter_mut().zip(colour).for_each(|(total, value)| *total += value);
                }
                *sum = total;
            }
        }
        for (pixel, sum) in row.as_chunks_mut::<3>().0.iter_mut().zip(&sums) {
            pixel.iter_mut().zip(sum).for_each(|(pixel, sum)| *pixel = to_byte(sum / parts));
        }
    }
    window
}

/// A colour and one number more, which nobody reads: processors work on four at once.
const LANES: usize = 4;

/// A photo to take samples of.
struct Source<'a> {
    photo: &'a RgbImage,
    /// Bytes of a row.
    row: usize,
    /// Before these there are four pixels around every point.
    inner: Point,
}

impl<'a> Source<'a> {
    fn of(photo: &'a RgbImage) -> Self {
        let (width, height) = photo.dimensions();
        let inner = Point { x: to_f32(width) - 1.0, y: to_f32(height) - 1.0 };
        Self { photo, row: 3 * width as usize, inner }
    }

    /// The colours at a row of places in the window.
    fn row(&self, back: &Similitude, places: &[f32], y: f32, colours: &mut [[f32; LANES]]) {
        let begun = eight::begin(self, back, places, y, colours);
        for (colour, x) in colours.iter_mut().zip(places).skip(begun) {
            *colour = self.at(back.apply(Point { x: *x, y }));
        }
    }

    /// The colour at a point, between the pixels around it.
    #[inline]
    fn at(&self, at: Point) -> [f32; LANES] {
        self.inside(at).unwrap_or_else(|| self.anywhere(at))
    }

    /// The same where all four pixels around lie in the photo, as nearly always. What lies before the point is cut off,
    /// which is the floor of what is not negative, and quick on every processor. None elsewhere, and at the photo's last
    /// pixel, after which there is no byte to read.
    #[inline]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be inside first")]
    #[expect(clippy::cast_precision_loss, reason = "a side of a photo is far below 2^24")]
    fn inside(&self, at: Point) -> Option<[f32; LANES]> {
        if !(at.x >= 0.0 && at.y >= 0.0 && at.x < self.inner.x && at.y < self.inner.y) {
            return None;
        }
        let (x, y) = (at.x as i32, at.y as i32);
        let (right, down) = (at.x - x as f32, at.y - y as f32);
        let first = y as usize * self.row + 3 * x as usize;
        let across = |first: usize| {
            let pixels: &[u8; 7] = self.photo.as_raw().get(first..first + 7)?.first_chunk()?;
            let [r, g, b, next_r, next_g, next_b, over] = pixels.map(f32::from);
            Some(between([r, g, b, next_r], [next_r, next_g, next_b, over], right))
        };
        Some(between(across(first)?, across(first + self.row)?, down))
    }

    fn anywhere(&self, at: Point) -> [f32; LANES] {
        let (x0, y0) = (at.x.floor(), at.y.floor());
        let (right, down) = (at.x - x0, at.y - y0);
        let [above, below] =
            [y0, y0 + 1.0].map(|y| between(self.pixel(x0, y), self.pixel(x0 + 1.0, y), right));
        between(above, below, down)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be whole and not negative"
    )]
    fn pixel(&self, x: f32, y: f32) -> [f32; LANES] {
        if x < 0.0 || y < 0.0 {
            return [0.0; LANES];
        }
        let pixel = self.photo.get_pixel_checked(x as u32, y as u32);
        pixel.map_or([0.0; LANES], |pixel| {
            let [red, green, blue] = pixel.0.map(f32::from);
            [red, green, blue, 0.0]
        })
    }
}

#[inline]
fn between(one: [f32; LANES], other: [f32; LANES], share: f32) -> [f32; LANES] {
    let mut between = one;
    between.iter_mut().zip(other).for_each(|(one, other)| *one += (other - *one) * share);
    between
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

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte first")]
fn to_byte(value: f32) -> u8 {
    // Half up, and cut off: as rounding does with what is not negative, and quick on every processor.
    (value + 0.5).clamp(0.0, 255.0) as u8
}

#[expect(clippy::cast_precision_loss, reason = "only sides and sample counts")]
fn to_f32(n: u32) -> f32 {
    n as f32
}

#[cfg(test)]
mod tests {
    use image::Rgb;
    use proptest::prelude::*;

    use super::*;

    fn grain(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            Rgb([7, 11, 13].map(|n| u8::try_from((x * 37 + y * 91 * n) % 256).unwrap()))
        })
    }

    proptest! {
        /// What is quick where the whole neighbourhood is in the photo is what would come of it anywhere.
        #[test]
        fn inside_and_at_the_edge_a_point_has_one_colour(x in -2f32..20.0, y in -2f32..14.0) {
            let photo = grain(18, 12);
            let source = Source::of(&photo);
            let at = Point { x, y };
            let [quick, plain] = [source.at(at), source.anywhere(at)];
            prop_assert_eq!(&quick[..3], &plain[..3]);
        }

        /// Places of a row have the colours that each has alone.
        #[test]
        fn a_row_has_the_colours_of_its_places(x in -4f32..20.0, y in -3f32..14.0, tilt in -180f32..180.0, scale in 0.3f32..3.0) {
            let photo = grain(18, 12);
            let source = Source::of(&photo);
            let back = Similitude::upright(Point { x: 0.0, y: 0.0 }, tilt, scale, Point { x, y });
            let places: Vec<f32> = (0..27u16).map(|n| f32::from(n) / 2.0).collect();
            let mut colours = vec![[0.0; LANES]; places.len()];
            source.row(&back, &places, 0.25, &mut colours);
            for (colour, x) in colours.iter().zip(&places) {
                prop_assert_eq!(&colour[..3], &source.at(back.apply(Point { x: *x, y: 0.25 }))[..3]);
            }
        }

        /// A window over the edge, wherever it lies, is never more than the photo and black.
        #[test]
        fn a_window_lies_anywhere(dx in -40f32..40.0, dy in -40f32..40.0, tilt in -180f32..180.0, scale in 0.1f32..3.0) {
            let photo = RgbImage::from_pixel(18, 12, Rgb([200, 100, 50]));
            let way = Similitude::upright(Point { x: dx, y: dy }, tilt, scale, Point { x: 8.0, y: 8.0 });
            for pixel in cut(&photo, &way, 16).pixels() {
                let [red, green, blue] = pixel.0.map(i32::from);
                prop_assert!(red <= 200 && (red - 2 * green).abs() <= 2 && (green - 2 * blue).abs() <= 2);
            }
        }
    }

    #[test]
    fn of_a_larger_photo_each_pixel_is_the_mean_of_what_falls_into_it() {
        let photo = grain(30, 30);
        let way = Similitude::upright(Point { x: 14.5, y: 14.5 }, 0.0, 1.0 / 3.0, Point { x: 4.5, y: 4.5 });
        let window = cut(&photo, &way, 10);
        for (x, y, pixel) in window.enumerate_pixels() {
            let parts = (0..9).map(|n| photo.get_pixel(3 * x + n % 3, 3 * y + n / 3).0);
            let mut sum = [0u32; 3];
            parts.for_each(|part| sum.iter_mut().zip(part).for_each(|(sum, value)| *sum += u32::from(value)));
            for (sum, value) in sum.iter().zip(pixel.0) {
                assert!((f64::from(*sum) / 9.0 - f64::from(value)).abs() <= 0.51, "{x} {y}");
            }
        }
    }
}
