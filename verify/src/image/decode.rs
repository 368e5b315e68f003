//! Decoding within limits, turned upright.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader, RgbImage, metadata::Orientation};
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::{JpegDecoder, errors::DecodeErrors};

use super::facts::{Facts, Format, inspect, walk_jpeg};
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

/// The long side, pixels, at which a face of 15 in 100 of a photo still has more pixels than a template is made of.
const ENOUGH: u32 = 1280;

/// Decodes a photo and turns it upright.
///
/// # Errors
///
/// The [`Refusal`] if it is over a limit or cannot be decoded.
pub fn decode(bytes: &[u8], limits: Limits) -> Result<Photo, Refusal> {
    at(bytes, limits, None)
}

/// Decodes a photo for whoever wants only its face, and turns it upright: of a large JPEG not every pixel, but a half, a
/// fourth or an eighth of its sides, of which the longer one is at least 1280 pixels.
///
/// # Errors
///
/// As [`decode`].
pub fn decode_for_face(bytes: &[u8], limits: Limits) -> Result<Photo, Refusal> {
    at(bytes, limits, Some(ENOUGH))
}

fn at(bytes: &[u8], limits: Limits, enough: Option<u32>) -> Result<Photo, Refusal> {
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
        // Three bytes for a pixel are expected, a fourth is for what works on them.
        Format::Jpeg if pixels * 3 + coefficients(bytes, pixels) > limits.max_pixels * 4 => {
            return Err(Refusal::TooManyPixels { pixels, limit: limits.max_pixels });
        }
        Format::Jpeg => match enough.and_then(|enough| reduced(bytes, &facts, enough)) {
            Some(reduced) => reduced,
            None => jpeg(bytes)?,
        },
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

/// A large JPEG at a part of its size, by transforming only the lower frequencies of each block. None where it is small
/// enough as it is, and where something is wrong with it: the whole decoder says what.
fn reduced(bytes: &[u8], facts: &Facts, enough: u32) -> Option<RgbImage> {
    let long = facts.width.max(facts.height);
    let part = [8, 4, 2].into_iter().find(|part| long / part >= enough)?;
    let side = |side: u32| u16::try_from(side.div_ceil(part)).ok();
    let mut decoder = jpeg_decoder::Decoder::new(bytes);
    let (width, height) = decoder.scale(side(facts.width)?, side(facts.height)?).ok()?;
    let pixels = decoder.decode().ok()?;
    let pixels = match decoder.info()?.pixel_format {
        jpeg_decoder::PixelFormat::RGB24 => pixels,
        jpeg_decoder::PixelFormat::L8 => pixels.into_iter().flat_map(|grey| [grey; 3]).collect(),
        _ => return None,
    };
    RgbImage::from_raw(width.into(), height.into(), pixels)
}

/// The bytes that all coefficients of a progressive JPEG take, which are held until its last scan: two for each, as many as
/// its components are sampled (ITU-T T.81 §B.2.2, marker SOF2). None of another JPEG.
fn coefficients(bytes: &[u8], pixels: u64) -> u64 {
    let mut held = 0;
    walk_jpeg(bytes, |marker, frame| {
        if marker == 0xc2 {
            let sampled =
                frame.get(6..).unwrap_or_default().chunks(3).filter_map(|component| component.get(1));
            let (across, down) =
                (sampled.clone().map(|both| both >> 4), sampled.clone().map(|both| both & 15));
            let whole =
                u64::from(across.max().unwrap_or(1).max(1)) * u64::from(down.max().unwrap_or(1).max(1));
            let all: u64 = sampled.map(|both| u64::from(both >> 4) * u64::from(both & 15)).sum();
            held = 2 * pixels * all / whole;
        }
    });
    held
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
