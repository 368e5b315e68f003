//! Cutting a line out of a page: upright, and as high as the model reads it.

use image::{Rgb, RgbImage, imageops};

use super::Region;
use crate::model::TextReader;

/// A region this much higher than long is written from top to bottom.
const COLUMN: f32 = 1.5;
/// The longest line that is read, pixels at the model's height: some 120 characters.
const LONGEST: f32 = 6000.0;

/// Cuts a region out, as a line of the model's height. A column is laid on its side.
pub(super) fn cut(page: &RgbImage, region: &Region) -> RgbImage {
    let height = TextReader::HEIGHT;
    if region.height >= COLUMN * region.length {
        let column = sampled(page, region, height, proportional(region.height, region.length));
        return imageops::rotate270(&column);
    }
    sampled(page, region, proportional(region.length, region.height), height)
}

/// How long a line is when it is as high as the model reads it.
fn proportional(length: f32, height: f32) -> u32 {
    let length = (length / height.max(1.0) * to_f32(TextReader::HEIGHT)).ceil().clamp(16.0, LONGEST);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 16..=6000")]
    let length = length as u32;
    length
}

/// The region's pixels at another size. Where the page is finer, each is the mean of those that fall into it.
fn sampled(page: &RgbImage, region: &Region, width: u32, height: u32) -> RgbImage {
    let scale = (region.length / to_f32(width)).max(region.height / to_f32(height));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1..=4")]
    let fine = scale.ceil().clamp(1.0, 4.0) as u16;
    let place = |at: u32, part: u16, of: u32| {
        (to_f32(at) + (f32::from(part) + 0.5) / f32::from(fine)) / to_f32(of) - 0.5
    };
    RgbImage::from_fn(width, height, |x, y| {
        let mut sum = [0.0; 3];
        for part_y in 0..fine {
            for part_x in 0..fine {
                let at = region.at(place(x, part_x, width), place(y, part_y, height));
                sum.iter_mut()
                    .zip(bilinear(page, at.x - 0.5, at.y - 0.5))
                    .for_each(|(sum, value)| *sum += value);
            }
        }
        let count = f32::from(fine) * f32::from(fine);
        Rgb(sum.map(|sum| to_u8(sum / count)))
    })
}

/// The colour between four pixels. Beyond its edge a page goes on as it ended.
fn bilinear(page: &RgbImage, x: f32, y: f32) -> [f32; 3] {
    let x = x.clamp(0.0, to_f32(page.width().saturating_sub(1)));
    let y = y.clamp(0.0, to_f32(page.height().saturating_sub(1)));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped into the page")]
    let (left, top) = (x as u32, y as u32);
    let right = (left + 1).min(page.width().saturating_sub(1));
    let bottom = (top + 1).min(page.height().saturating_sub(1));
    let (dx, dy) = (x.fract(), y.fract());
    let pixel = |x, y| page.get_pixel_checked(x, y).map_or([0.0; 3], |pixel| pixel.0.map(f32::from));
    let mix = |a: [f32; 3], b: [f32; 3], share: f32| {
        let mut mixed = a;
        mixed.iter_mut().zip(b).for_each(|(a, b)| *a += (b - *a) * share);
        mixed
    };
    mix(mix(pixel(left, top), pixel(right, top), dx), mix(pixel(left, bottom), pixel(right, bottom), dx), dy)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a mean of bytes is a byte")]
fn to_u8(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

#[expect(clippy::cast_precision_loss, reason = "sides of a page are far below 2^24")]
pub(super) fn to_f32(n: u32) -> f32 {
    n as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;

    #[test]
    fn a_line_is_cut_out_upright_and_at_the_models_height() {
        // Left half red, right half blue.
        let page =
            RgbImage::from_fn(400, 300, |x, _| if x < 200 { Rgb([255, 0, 0]) } else { Rgb([0, 0, 255]) });
        let region = Region {
            middle: Point { x: 200.0, y: 150.0 },
            along: Point { x: 1.0, y: 0.0 },
            length: 200.0,
            height: 24.0,
            score: 1.0,
        };
        let line = cut(&page, &region);
        assert_eq!(line.dimensions(), (400, 48));
        assert_eq!((line.get_pixel(10, 24).0, line.get_pixel(390, 24).0), ([255, 0, 0], [0, 0, 255]));
        let column = Region { length: 24.0, height: 200.0, ..region };
        assert_eq!(cut(&page, &column).dimensions(), (400, 48));
    }
}
