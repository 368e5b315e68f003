//! How a face is lit and how sharp it is.

use fast_image_resize::{PixelType, ResizeAlg, ResizeOptions, Resizer, images::Image};
use image::RgbImage;

use crate::geometry::Rect;

/// Faces are measured at this width, so that a number means the same for every size of photo.
const WIDTH: u32 = 160;

/// What a face's pixels say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FaceStatistics {
    /// Variance of the Laplacian, grey 0..=255, at 160 pixels across (narrower faces as they are).
    pub(crate) sharpness: f64,
    /// Mean grey, 0..=1.
    pub(crate) mean: f64,
    /// Share of pixels at grey ≥ 250 or ≤ 5.
    pub(crate) clipped: f64,
}

/// The inner part of a face, where there is skin and not background.
pub(crate) fn inner_face(face: &Rect) -> Rect {
    Rect {
        x: face.x + 0.1 * face.width,
        y: face.y + 0.1 * face.height,
        width: 0.8 * face.width,
        height: 0.85 * face.height,
    }
}

/// Looks at the inner part of a face. None if too little of it is in the photo.
pub(crate) fn face_statistics(photo: &RgbImage, face: &Rect) -> Option<FaceStatistics> {
    let (grey, width) = grey(photo, &inner_face(face))?;
    let count = grey.len();
    #[expect(clippy::cast_precision_loss, reason = "a face has far fewer than 2^52 pixels")]
    let share = |n: usize| n as f64 / count.max(1) as f64;
    let clipped = share(grey.iter().filter(|value| **value >= 250 || **value <= 5).count());
    let sum: u64 = grey.iter().map(|value| u64::from(*value)).sum();
    #[expect(clippy::cast_precision_loss, reason = "a face has far fewer than 2^44 pixels")]
    let mean = sum as f64 / count.max(1) as f64 / 255.0;
    Some(FaceStatistics { sharpness: laplacian_variance(&grey, width)?, mean, clipped })
}

/// The part of a photo inside `rect`, grey (ITU-R BT.601), at most [`WIDTH`] across; and its width.
fn grey(photo: &RgbImage, rect: &Rect) -> Option<(Vec<u8>, usize)> {
    let place = whole_pixels(rect, photo)?;
    let part = image::imageops::crop_imm(photo, place.0, place.1, place.2, place.3).to_image();
    let grey: Vec<u8> = part.pixels().map(|pixel| luma(pixel.0)).collect();
    let (width, height) = part.dimensions();
    if width <= WIDTH {
        return Some((grey, usize::try_from(width).ok()?));
    }
    let new_height = (u64::from(height) * u64::from(WIDTH) / u64::from(width)).max(3);
    let source = Image::from_vec_u8(width, height, grey, PixelType::U8).ok()?;
    let mut scaled = Image::new(WIDTH, u32::try_from(new_height).ok()?, PixelType::U8);
    let options =
        ResizeOptions::new().resize_alg(ResizeAlg::Convolution(fast_image_resize::FilterType::Bilinear));
    Resizer::new().resize(&source, &mut scaled, &options).ok()?;
    Some((scaled.into_vec(), usize::try_from(WIDTH).ok()?))
}

/// The grey of a colour (ITU-R BT.601).
pub(crate) fn luma([r, g, b]: [u8; 3]) -> u8 {
    let weighted = 299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) + 500;
    u8::try_from(weighted / 1000).unwrap_or(u8::MAX)
}

/// The box in whole pixels inside the photo: x, y, width, height. None if it has less than 16 × 16.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the photo first")]
#[expect(clippy::cast_precision_loss, reason = "a side of a photo is far below 2^24")]
fn whole_pixels(rect: &Rect, photo: &RgbImage) -> Option<(u32, u32, u32, u32)> {
    let clamp = |at: f32, size: u32| at.clamp(0.0, size as f32) as u32;
    let (left, right) = (clamp(rect.x, photo.width()), clamp(rect.x + rect.width, photo.width()));
    let (top, bottom) = (clamp(rect.y, photo.height()), clamp(rect.y + rect.height, photo.height()));
    (right >= left + 16 && bottom >= top + 16).then(|| (left, top, right - left, bottom - top))
}

fn laplacian_variance(grey: &[u8], width: usize) -> Option<f64> {
    let rows: Vec<&[u8]> = grey.chunks_exact(width).collect();
    let (mut count, mut sum, mut squares) = (0u32, 0f64, 0f64);
    for rows in rows.windows(3) {
        let [above, here, below] = rows else { continue };
        let middle = here.windows(3).zip(above.iter().zip(below.iter()).skip(1));
        for (here, (above, below)) in middle {
            let [left, centre, right] = here else { continue };
            let around = [left, right, above, below].map(|value| i32::from(*value)).iter().sum::<i32>();
            let value = f64::from(around - 4 * i32::from(*centre));
            count += 1;
            sum += value;
            squares += value * value;
        }
    }
    let n = f64::from(count);
    (count > 0).then(|| squares / n - (sum / n).powi(2))
}
