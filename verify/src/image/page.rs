//! One page of a scan as pixels: a JPEG, a page of a TIFF, the picture that a page of a PDF is.

use std::{io::Cursor, sync::Arc};

use hayro_syntax::{
    Pdf,
    object::stream::{ImageColorSpace, ImageDecodeParams},
    object::{Array, Dict, Name, Object, Stream},
};
use image::{DynamicImage, GrayImage, ImageFormat, ImageReader, RgbImage, imageops};
use tiff::decoder::Decoder;

use super::{Limits, decode};

/// Why there are no pixels of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The scan has no page of that number.
    #[error("the scan has no such page")]
    NoSuchPage,
    /// A page of a PDF that holds no picture: it was written, not scanned.
    #[error("the page holds no picture that could be measured")]
    NoPicture,
    /// More pixels or bytes than the limits allow.
    #[error("the page is larger than what is decoded")]
    TooLarge,
    /// The bytes can't be decoded.
    #[error("the page can't be decoded")]
    Damaged,
}

/// Decodes page number `index`, from 0, and turns it upright.
///
/// # Errors
///
/// [`PageError`] says why there are no pixels.
pub fn page(bytes: &[u8], index: u32, limits: Limits) -> Result<RgbImage, PageError> {
    if bytes.len() as u64 > limits.max_bytes {
        return Err(PageError::TooLarge);
    }
    match bytes {
        [b'%', b'P', b'D', b'F', ..] => of_pdf(bytes, index, limits),
        [b'I', b'I', ..] | [b'M', b'M', ..] => of_tiff(bytes, index, limits),
        _ if index > 0 => Err(PageError::NoSuchPage),
        _ => Ok(decode(bytes, limits).map_err(|_| PageError::Damaged)?.pixels),
    }
}

fn within(width: u32, height: u32, limits: Limits) -> Result<(), PageError> {
    match u64::from(width) * u64::from(height) {
        0 => Err(PageError::Damaged),
        pixels if pixels > limits.max_pixels => Err(PageError::TooLarge),
        _ => Ok(()),
    }
}

/// Finds the page's directory, and lets `image`, which knows every kind of sample and the first page only, begin there.
fn of_tiff(bytes: &[u8], index: u32, limits: Limits) -> Result<RgbImage, PageError> {
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(|_| PageError::Damaged)?;
    for _ in 0..index {
        if !decoder.more_images() {
            return Err(PageError::NoSuchPage);
        }
        decoder.next_image().map_err(|_| PageError::Damaged)?;
    }
    let (width, height) = decoder.dimensions().map_err(|_| PageError::Damaged)?;
    within(width, height, limits)?;
    let at = decoder.ifd_pointer().ok_or(PageError::Damaged)?.0;
    let mut file = bytes.to_vec();
    point_to(&mut file, at).ok_or(PageError::Damaged)?;
    let mut reader = ImageReader::with_format(Cursor::new(file), ImageFormat::Tiff);
    let mut allowed = image::Limits::default();
    allowed.max_alloc = Some(limits.max_pixels.saturating_mul(16));
    reader.limits(allowed);
    Ok(reader.decode().map_err(|_| PageError::Damaged)?.into_rgb8())
}

/// Writes where the first directory lies into a TIFF's header (TIFF 6.0 §2; BigTIFF: 8 bytes at offset 8).
fn point_to(file: &mut [u8], at: u64) -> Option<()> {
    let little = file.first() == Some(&b'I');
    let big = matches!(file.get(2..4)?, [43, 0] | [0, 43]);
    if big {
        let bytes = if little { at.to_le_bytes() } else { at.to_be_bytes() };
        file.get_mut(8..16)?.copy_from_slice(&bytes);
    } else {
        let at = u32::try_from(at).ok()?;
        let bytes = if little { at.to_le_bytes() } else { at.to_be_bytes() };
        file.get_mut(4..8)?.copy_from_slice(&bytes);
    }
    Some(())
}

/// The largest picture of a page is the page, if the page is a scan.
fn of_pdf(bytes: &[u8], index: u32, limits: Limits) -> Result<RgbImage, PageError> {
    let data: Arc<Vec<u8>> = Arc::new(bytes.to_vec());
    let pdf = Pdf::new(data).map_err(|_| PageError::Damaged)?;
    let index = usize::try_from(index).map_err(|_| PageError::NoSuchPage)?;
    let page = pdf.pages().get(index).ok_or(PageError::NoSuchPage)?;
    let resources = page.resources();
    let pictures = resources.x_objects.entries().filter_map(|(name, _)| {
        let stream: Stream<'_> = resources.get_x_object(&name)?;
        let size = picture_size(stream.dict())?;
        Some((size, stream))
    });
    let largest = pictures.max_by_key(|((width, height), _)| u64::from(*width) * u64::from(*height));
    let ((width, height), stream) = largest.ok_or(PageError::NoPicture)?;
    within(width, height, limits)?;
    let picture = picture(&stream, width, height).ok_or(PageError::Damaged)?;
    Ok(match page.rotation() {
        hayro_syntax::page::Rotation::None => picture,
        hayro_syntax::page::Rotation::Horizontal => imageops::rotate90(&picture),
        hayro_syntax::page::Rotation::Flipped => imageops::rotate180(&picture),
        hayro_syntax::page::Rotation::FlippedHorizontal => imageops::rotate270(&picture),
    })
}

fn picture_size(dict: &Dict<'_>) -> Option<(u32, u32)> {
    if &*dict.get::<Name<'_>>("Subtype")? != b"Image" {
        return None;
    }
    let mask = dict.get::<bool>("ImageMask").unwrap_or(false);
    let size = (dict.get::<u32>("Width")?, dict.get::<u32>("Height")?);
    (!mask && size.0 > 0 && size.1 > 0).then_some(size)
}

/// Samples as a picture: grey, red-green-blue, four inks, or a palette of these; 1, 2, 4 or 8 bits (ISO 32000-1 §8.9.5).
fn picture(stream: &Stream<'_>, width: u32, height: u32) -> Option<RgbImage> {
    let dict = stream.dict();
    let space = Space::of(dict.get::<Object<'_>>("ColorSpace").as_ref());
    let bits = dict.get::<u8>("BitsPerComponent");
    let params = ImageDecodeParams {
        is_indexed: matches!(space, Some(Space::Palette(..))),
        bpc: bits,
        num_components: space.as_ref().map(Space::components),
        target_dimension: None,
        width,
        height,
    };
    let decoded = stream.decoded_image(&params).ok()?;
    let (mut width, mut height, mut bits) = (width, height, bits.unwrap_or(1));
    let mut inferred = None;
    if let Some(data) = &decoded.image_data {
        (width, height, bits) = (data.width, data.height, data.bits_per_component);
        inferred = match data.color_space {
            Some(ImageColorSpace::Gray) => Some(Space::Grey),
            Some(ImageColorSpace::Rgb) => Some(Space::Rgb),
            Some(ImageColorSpace::Cmyk) => Some(Space::Inks),
            _ => None,
        };
    }
    // What the decoder gave counts for more than what the file says of it; a palette it can't know.
    let space = match (space, inferred) {
        (Some(palette @ Space::Palette(..)), _) => palette,
        (_, Some(inferred)) => inferred,
        (Some(space), None) => space,
        (None, None) => Space::Grey,
    };
    let inverted = dict
        .get::<Array<'_>>("Decode")
        .and_then(|decode| decode.iter::<f32>().next())
        .is_some_and(|first| first > 0.5 && !matches!(space, Space::Palette(..)));
    let samples = eight_bits(&decoded.data, width, height, space.components(), bits, &space)?;
    let samples = if inverted { samples.into_iter().map(|sample| 255 - sample).collect() } else { samples };
    match space {
        Space::Grey => {
            Some(DynamicImage::ImageLuma8(GrayImage::from_raw(width, height, samples)?).into_rgb8())
        }
        Space::Rgb => RgbImage::from_raw(width, height, samples),
        Space::Inks => {
            let part = |ink: u8, black: u8| {
                u8::try_from(u16::from(255 - ink) * u16::from(255 - black) / 255).unwrap_or(u8::MAX)
            };
            let inks = samples.as_chunks::<4>().0;
            let pixels = inks.iter().flat_map(|[c, m, y, k]| [part(*c, *k), part(*m, *k), part(*y, *k)]);
            RgbImage::from_raw(width, height, pixels.collect())
        }
        Space::Palette(base, table) => {
            let step = usize::from(base.components());
            let colour = |index: u8| {
                let at = usize::from(index) * step;
                match table.get(at..at + step) {
                    Some([grey]) => [*grey; 3],
                    Some([r, g, b]) => [*r, *g, *b],
                    _ => [0; 3],
                }
            };
            RgbImage::from_raw(width, height, samples.into_iter().flat_map(colour).collect())
        }
    }
}

/// How samples are colours.
enum Space {
    Grey,
    Rgb,
    Inks,
    Palette(Box<Self>, Vec<u8>),
}

impl Space {
    fn of(object: Option<&Object<'_>>) -> Option<Self> {
        match object? {
            Object::Name(name) => Self::named(name),
            Object::Array(array) => {
                let mut parts = array.iter::<Object<'_>>();
                let Some(Object::Name(family)) = parts.next() else { return None };
                match &*family {
                    b"ICCBased" => {
                        let Some(Object::Stream(profile)) = parts.next() else { return None };
                        match profile.dict().get::<u8>("N")? {
                            1 => Some(Self::Grey),
                            3 => Some(Self::Rgb),
                            4 => Some(Self::Inks),
                            _ => None,
                        }
                    }
                    b"CalGray" => Some(Self::Grey),
                    b"CalRGB" => Some(Self::Rgb),
                    b"Indexed" | b"I" => {
                        let base = Self::of(parts.next().as_ref())?;
                        let _highest = parts.next();
                        let table = match parts.next()? {
                            Object::String(table) => table.as_ref().to_vec(),
                            Object::Stream(table) => table.decoded_data().ok()?.into_owned(),
                            _ => return None,
                        };
                        matches!(base, Self::Grey | Self::Rgb).then(|| Self::Palette(Box::new(base), table))
                    }
                    name => Self::named(name),
                }
            }
            _ => None,
        }
    }

    fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"DeviceGray" | b"G" => Some(Self::Grey),
            b"DeviceRGB" | b"RGB" => Some(Self::Rgb),
            b"DeviceCMYK" | b"CMYK" => Some(Self::Inks),
            _ => None,
        }
    }

    const fn components(&self) -> u8 {
        match self {
            Self::Grey | Self::Palette(..) => 1,
            Self::Rgb => 3,
            Self::Inks => 4,
        }
    }
}

/// Samples of 1, 2, 4 or 8 bits, rows padded to bytes, as bytes: spread over 0..=255, or as they are for a palette.
fn eight_bits(
    data: &[u8],
    width: u32,
    height: u32,
    components: u8,
    bits: u8,
    space: &Space,
) -> Option<Vec<u8>> {
    let row = usize::try_from(width).ok()? * usize::from(components);
    let rows = usize::try_from(height).ok()?;
    if bits == 8 {
        return data.get(..row.checked_mul(rows)?).map(<[u8]>::to_vec);
    }
    if !matches!(bits, 1 | 2 | 4) {
        return None;
    }
    let per_byte = usize::from(8 / bits);
    let mask = (1_u8 << bits) - 1;
    let scale = if matches!(space, Space::Palette(..)) { 1 } else { u8::MAX / mask };
    let stride = row.div_ceil(per_byte);
    let mut samples = Vec::with_capacity(row.checked_mul(rows)?);
    for packed in data.chunks(stride.max(1)).take(rows) {
        let unpacked = packed.iter().flat_map(|byte| {
            (1..=per_byte).map(move |n| {
                let shift = 8 - u32::from(bits) * u32::try_from(n).unwrap_or(8);
                (byte >> shift) & mask
            })
        });
        samples.extend(unpacked.take(row).map(|sample| sample * scale));
    }
    (samples.len() == row * rows).then_some(samples)
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    /// A PDF of one page that holds a picture with these entries and samples.
    fn pdf(picture: &str, samples: &[u8]) -> Vec<u8> {
        let length = samples.len();
        let head = format!("<< /Type /XObject /Subtype /Image {picture} /Length {length} >>\nstream\n");
        let objects = [
            b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Resources << /XObject << /Im0 4 0 R >> >> >>"
                .to_vec(),
            [head.as_bytes(), samples, b"\nendstream"].concat(),
        ];
        let mut file = b"%PDF-1.4\n".to_vec();
        let mut table = String::from("xref\n0 5\n0000000000 65535 f \n");
        for (number, object) in (1..).zip(&objects) {
            table.push_str(&format!("{:010} 00000 n \n", file.len()));
            file.extend(
                format!("{number} 0 obj\n").bytes().chain(object.iter().copied()).chain(*b"\nendobj\n"),
            );
        }
        let start = file.len();
        file.extend(table.bytes());
        file.extend(format!("trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n").bytes());
        file
    }

    fn row(picture: &str, samples: &[u8]) -> Vec<[u8; 3]> {
        let decoded = page(&pdf(picture, samples), 0, Limits::page()).unwrap();
        decoded.rows().next().unwrap().map(|pixel| pixel.0).collect()
    }

    #[test]
    fn samples_of_every_kind_are_colours() {
        const WHITE: [u8; 3] = [255; 3];
        const BLACK: [u8; 3] = [0; 3];
        let size = "/Width 4 /Height 1";
        let bits = [0b0110_0000];
        let grey = format!("{size} /BitsPerComponent 1 /ColorSpace /DeviceGray");
        assert_eq!(row(&grey, &bits), [BLACK, WHITE, WHITE, BLACK]);
        assert_eq!(row(&format!("{grey} /Decode [1 0]"), &bits), [WHITE, BLACK, BLACK, WHITE]);
        let palette =
            format!("{size} /BitsPerComponent 1 /ColorSpace [/Indexed /DeviceRGB 1 <FF0000 0000FF>]");
        assert_eq!(row(&palette, &bits), [[255, 0, 0], [0, 0, 255], [0, 0, 255], [255, 0, 0]]);
        let colours = "/Width 1 /Height 1 /BitsPerComponent 8 /ColorSpace /DeviceRGB";
        assert_eq!(row(colours, &[10, 20, 30]), [[10, 20, 30]]);
        let inks = "/Width 1 /Height 1 /BitsPerComponent 8 /ColorSpace /DeviceCMYK";
        assert_eq!(row(inks, &[0, 255, 255, 0]), [[255, 0, 0]]);
    }

    #[test]
    fn what_is_no_page_is_said() {
        let scan = pdf("/Width 1 /Height 1 /BitsPerComponent 8 /ColorSpace /DeviceGray", &[9]);
        assert_eq!(page(&scan, 1, Limits::page()), Err(PageError::NoSuchPage));
        let mask = pdf("/Width 8 /Height 1 /ImageMask true /BitsPerComponent 1", &[9]);
        assert_eq!(page(&mask, 0, Limits::page()), Err(PageError::NoPicture));
        let huge = pdf("/Width 60000 /Height 60000 /BitsPerComponent 8 /ColorSpace /DeviceGray", &[9]);
        assert_eq!(page(&huge, 0, Limits::page()), Err(PageError::TooLarge));
        let short = pdf("/Width 9 /Height 9 /BitsPerComponent 8 /ColorSpace /DeviceGray", &[9]);
        assert_eq!(page(&short, 0, Limits::page()), Err(PageError::Damaged));
    }

    #[test]
    fn the_second_page_of_a_tiff_is_not_the_first() {
        let mut bytes = Cursor::new(Vec::new());
        let mut encoder = tiff::encoder::TiffEncoder::new(&mut bytes).unwrap();
        for shade in [30, 200] {
            encoder.write_image::<tiff::encoder::colortype::Gray8>(4, 4, &[shade; 16]).unwrap();
        }
        let bytes = bytes.into_inner();
        let shade = |index| page(&bytes, index, Limits::page()).map(|page| *page.get_pixel(0, 0));
        assert_eq!((shade(0), shade(1)), (Ok(Rgb([30; 3])), Ok(Rgb([200; 3]))));
        assert_eq!(shade(2), Err(PageError::NoSuchPage));
    }
}
