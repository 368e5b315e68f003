//! Decoding within limits, turned upright.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader, RgbImage, metadata::Orientation};
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::{JpegDecoder, errors::DecodeErrors};

use super::facts::{Facts, Format, inspect};
use crate::refusal::Refusal;

/// What may be decoded at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest file, bytes.
    pub max_bytes: u64,
    /// Most pixels.
    pub max_pixels: u64,
}

impl Default for Limits {
    /// 32 MiB and 60 million pixels: every camera in a photographer's hands, no bomb.
    fn default() -> Self {
        Self { max_bytes: 32 << 20, max_pixels: 60_000_000 }
    }
}

impl Limits {
    /// For pages of scans: 64 MiB and 100 million pixels, A3 at 600 dpi.
    pub fn page() -> Self {
        Self { max_bytes: 64 << 20, max_pixels: 100_000_000 }
    }
}

/// A decoded photo.
#[derive(Debug, Clone)]
pub struct Photo {
    /// Its pixels, upright, red-green-blue.
    pub pixels: RgbImage,
    /// What its file said.
    pub facts: Facts,
}

/// Decodes a photo and turns it upright.
///
/// # Errors
///
/// The [`Refusal`] if it is over a limit or cannot be decoded.
pub fn decode(bytes: &[u8], limits: Limits) -> Result<Photo, Refusal> {
    let len = bytes.len() as u64;
    if len > limits.max_bytes {
        return Err(Refusal::TooLarge { bytes: len, limit: limits.max_bytes });
    }
    let facts = inspect(bytes)?;
    let pixels = u64::from(facts.width) * u64::from(facts.height);
    if pixels > limits.max_pixels {
        return Err(Refusal::TooManyPixels { pixels, limit: limits.max_pixels });
    }
    if pixels == 0 {
        return Err(Refusal::Damaged);
    }
    let decoded = match facts.format {
        Format::Jpeg => jpeg(bytes)?,
        Format::Png => other(bytes, ImageFormat::Png, limits)?,
        Format::Bmp => other(bytes, ImageFormat::Bmp, limits)?,
    };
    Ok(Photo { pixels: upright(decoded, facts.orientation), facts })
}

fn jpeg(bytes: &[u8]) -> Result<RgbImage, Refusal> {
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::RGB)
        .set_max_width(u16::MAX.into())
        .set_max_height(u16::MAX.into());
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let pixels = decoder.decode().map_err(|error| match error {
        DecodeErrors::ExhaustedData => Refusal::Truncated,
        _ => Refusal::Damaged,
    })?;
    let (width, height) = decoder.info().map(|info| (info.width, info.height)).ok_or(Refusal::Damaged)?;
    RgbImage::from_raw(width.into(), height.into(), pixels).ok_or(Refusal::Damaged)
}

fn other(bytes: &[u8], format: ImageFormat, limits: Limits) -> Result<RgbImage, Refusal> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut allowed = image::Limits::default();
    // Up to 16 bits each for four components, and as much again to work with.
    allowed.max_alloc = Some(limits.max_pixels.saturating_mul(16));
    reader.limits(allowed);
    let decoded = reader.decode().map_err(|error| match error {
        image::ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Refusal::Truncated
        }
        _ => Refusal::Damaged,
    })?;
    Ok(decoded.into_rgb8())
}

fn upright(pixels: RgbImage, orientation: u8) -> RgbImage {
    match Orientation::from_exif(orientation) {
        None | Some(Orientation::NoTransforms) => pixels,
        Some(orientation) => {
            let mut turned = DynamicImage::ImageRgb8(pixels);
            turned.apply_orientation(orientation);
            turned.into_rgb8()
        }
    }
}
