//! Encoding.

use image::{
    ExtendedColorType, ImageEncoder as _, RgbImage,
    codecs::jpeg::{JpegEncoder, PixelDensity},
};

/// Encodes a photo as JPEG with a quality factor of 1..=100 and, if wanted, a resolution tag in dots per inch.
pub fn encode_jpeg(pixels: &RgbImage, quality: u8, dpi: Option<u16>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, quality.clamp(1, 100));
    if let Some(dpi) = dpi {
        encoder.set_pixel_density(PixelDensity::dpi(dpi));
    }
    let (width, height) = pixels.dimensions();
    // Writing to memory cannot fail, and an RGB image has the size it says.
    match encoder.write_image(pixels.as_raw(), width, height, ExtendedColorType::Rgb8) {
        Ok(()) => bytes,
        Err(_) => Vec::new(),
    }
}
