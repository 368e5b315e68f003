//! What a file says about itself, read without decoding it.
//!
//! Sources: ITU-T T.81 (JPEG) and T.871 (JFIF), CIPA DC-008 (Exif) and TIFF 6.0, ISO/IEC 15948 (PNG).

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;

/// A format by its content, not its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// BMP.
    Bmp,
}

impl Format {
    /// A word for it that never changes.
    pub fn word(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Bmp => "bmp",
        }
    }
}

/// How colours are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// Three components of eight bits.
    Rgb8,
    /// Three components and transparency.
    Rgba,
    /// One component, with or without transparency.
    Grey,
    /// A palette.
    Palette,
    /// More than eight bits a component.
    Deep,
}

impl Colour {
    /// A word for it that never changes.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rgb8 => "rgb8",
            Self::Rgba => "rgba",
            Self::Grey => "grey",
            Self::Palette => "palette",
            Self::Deep => "deep",
        }
    }
}

/// A resolution tag, dots per inch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Dpi {
    /// Horizontally.
    pub x: f64,
    /// Vertically.
    pub y: f64,
}

/// What a file says about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Its format.
    pub format: Format,
    /// Its size, bytes.
    pub bytes: u64,
    /// Width as stored, pixels.
    pub width: u32,
    /// Height as stored, pixels.
    pub height: u32,
    /// How colours are stored.
    pub colour: Colour,
    /// The resolution tag: JFIF, else Exif, else PNG pHYs. None: there is none.
    pub dpi: Option<Dpi>,
    /// The JPEG quality factor, 1..=100, estimated from the luminance table. None for other formats.
    pub quality: Option<u8>,
    /// The Exif orientation, 1..=8. 1: stored upright.
    pub orientation: u8,
    /// The program that wrote it, as Exif says.
    pub software: Option<String>,
    /// When it was taken, as Exif says: `YYYY:MM:DD HH:MM:SS`, local time.
    pub taken: Option<String>,
}

/// Reads what a file says about itself.
///
/// # Errors
///
/// The [`Refusal`] if it is empty, not an image, or of a kind that is not read.
pub fn inspect(bytes: &[u8]) -> Result<Facts, Refusal> {
    match bytes {
        [] => Err(Refusal::Empty),
        [0xff, 0xd8, 0xff, ..] => jpeg(bytes),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => png(bytes),
        [b'B', b'M', ..] => bmp(bytes),
        _ => Err(not_read(bytes)),
    }
}

/// Names what a file is when it is not one of the formats that are read.
fn not_read(bytes: &[u8]) -> Refusal {
    let format = match bytes {
        [_, _, _, _, b'f', b't', b'y', b'p', a, b, c, d, ..] => match &[*a, *b, *c, *d] {
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => {
                return Refusal::Heic;
            }
            b"avif" | b"avis" => "AVIF",
            _ => return Refusal::NotAnImage,
        },
        [b'G', b'I', b'F', b'8', ..] => "GIF",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "WebP",
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => "TIFF",
        [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] => "JPEG 2000",
        _ => return Refusal::NotAnImage,
    };
    Refusal::UnsupportedFormat { format: format.to_owned() }
}

/// What the segments of a JPEG file told so far.
#[derive(Default)]
struct Segments {
    frame: Option<JpegFrame>,
    jfif: Option<Dpi>,
    exif: Exif,
    luminance: Option<[u16; 64]>,
}

struct JpegFrame {
    precision: u8,
    height: u16,
    width: u16,
    components: u8,
}

fn jpeg(bytes: &[u8]) -> Result<Facts, Refusal> {
    let mut segments = Segments::default();
    let complete = walk_jpeg(bytes, |marker, content| segments.take(marker, content));
    let frame = segments.frame.ok_or(Refusal::Truncated)?;
    if frame.components == 4 {
        return Err(Refusal::Cmyk);
    }
    if !complete {
        return Err(Refusal::Truncated);
    }
    let colour = match (frame.precision, frame.components) {
        (8, 3) => Colour::Rgb8,
        (8, _) => Colour::Grey,
        _ => Colour::Deep,
    };
    Ok(Facts {
        format: Format::Jpeg,
        bytes: bytes.len() as u64,
        width: frame.width.into(),
        height: frame.height.into(),
        colour,
        dpi: segments.jfif.or(segments.exif.dpi()),
        quality: segments.luminance.map(|table| estimated_quality(&table)),
        orientation: segments.exif.orientation.unwrap_or(1),
        software: segments.exif.software,
        taken: segments.exif.taken,
    })
}

/// Calls `each` with the marker and content of every segment. Returns whether the end of the image was reached.
pub(super) fn walk_jpeg<'a>(bytes: &'a [u8], mut each: impl FnMut(u8, &'a [u8])) -> bool {
    let mut rest = bytes.get(2..).unwrap_or_default();
    loop {
        // Skips entropy-coded data (FF 00 and restart markers belong to it) and fill bytes.
        let marker = loop {
            match rest {
                [0xff, 0x00 | 0x01 | 0xd0..=0xd7, after @ ..] => rest = after,
                [0xff, marker @ 0x02..=0xfe, after @ ..] => {
                    rest = after;
                    break *marker;
                }
                [_, after @ ..] => rest = after,
                [] => return false,
            }
        };
        if marker == 0xd9 {
            return true;
        }
        let Some((len, after)) =
            rest.split_first_chunk().map(|(len, after)| (u16::from_be_bytes(*len), after))
        else {
            return false;
        };
        let Some((content, after)) =
            usize::from(len).checked_sub(2).and_then(|len| after.split_at_checked(len))
        else {
            return false;
        };
        each(marker, content);
        rest = after;
    }
}

impl Segments {
    fn take(&mut self, marker: u8, content: &[u8]) {
        match (marker, content) {
            // Start of frame: C0..CF without DHT (C4), JPG (C8) and DAC (CC).
            (
                0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf,
                [precision, h1, h0, w1, w0, components, ..],
            ) => {
                self.frame.get_or_insert(JpegFrame {
                    precision: *precision,
                    height: u16::from_be_bytes([*h1, *h0]),
                    width: u16::from_be_bytes([*w1, *w0]),
                    components: *components,
                });
            }
            (0xdb, tables) => self.take_tables(tables),
            (0xe0, [b'J', b'F', b'I', b'F', 0, _, _, unit, x1, x0, y1, y0, ..]) => {
                let (x, y) = (u16::from_be_bytes([*x1, *x0]), u16::from_be_bytes([*y1, *y0]));
                let per_inch = match unit {
                    1 => 1.0,
                    2 => 2.54,
                    _ => return,
                };
                self.jfif = Some(Dpi { x: f64::from(x) * per_inch, y: f64::from(y) * per_inch });
            }
            (0xe1, [b'E', b'x', b'i', b'f', 0, 0, tiff @ ..]) => self.exif = Exif::read(tiff),
            _ => {}
        }
    }

    /// Keeps the first table with id 0, which is the luminance's in practice.
    fn take_tables(&mut self, mut tables: &[u8]) {
        while let [kind, rest @ ..] = tables {
            let wide = kind >> 4 != 0;
            let Some((table, after)) = rest.split_at_checked(if wide { 128 } else { 64 }) else { return };
            if kind & 15 == 0 && self.luminance.is_none() {
                let mut values = [0; 64];
                if wide {
                    for (value, [high, low]) in values.iter_mut().zip(table.as_chunks().0) {
                        *value = u16::from_be_bytes([*high, *low]);
                    }
                } else {
                    for (value, byte) in values.iter_mut().zip(table) {
                        *value = (*byte).into();
                    }
                }
                self.luminance = Some(values);
            }
            tables = after;
        }
    }
}

/// The luminance table of ITU-T T.81 table K.1, in zigzag order.
const ANNEX_K_LUMINANCE: [u16; 64] = [
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40,
    58, 51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103,
    104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
];

/// The factor whose table, as the Independent JPEG Group scales it, is nearest to this one.
fn estimated_quality(table: &[u16; 64]) -> u8 {
    let distance = |quality: u8| -> u64 {
        let scale = if quality < 50 { 5000 / u32::from(quality) } else { 200 - 2 * u32::from(quality) };
        let scaled =
            ANNEX_K_LUMINANCE.iter().map(|base| ((u32::from(*base) * scale + 50) / 100).clamp(1, 255));
        scaled.zip(table).map(|(a, b)| u64::from(a.abs_diff(u32::from(*b)))).sum()
    };
    (1..=100).rev().min_by_key(|quality| distance(*quality)).unwrap_or(1)
}

/// The few Exif tags that matter here.
#[derive(Default)]
struct Exif {
    orientation: Option<u8>,
    x: Option<f64>,
    y: Option<f64>,
    unit: Option<u32>,
    software: Option<String>,
    taken: Option<String>,
}

impl Exif {
    fn read(tiff: &[u8]) -> Self {
        let mut exif = Self::default();
        if let Some(reader) = Tiff::new(tiff) {
            let first = reader.u32(4);
            let mut more = None;
            reader.each_entry(first, |tag, entry| match tag {
                0x0112 => {
                    exif.orientation =
                        reader.short(entry).and_then(|n| u8::try_from(n).ok()).filter(|n| (1..=8).contains(n))
                }
                0x011a => exif.x = reader.rational(entry),
                0x011b => exif.y = reader.rational(entry),
                0x0128 => exif.unit = reader.short(entry),
                0x0131 => exif.software = reader.text(entry),
                0x8769 => more = reader.u32(entry + 8),
                _ => {}
            });
            reader.each_entry(more, |tag, entry| {
                if tag == 0x9003 {
                    exif.taken = reader.text(entry);
                }
            });
        }
        exif
    }

    fn dpi(&self) -> Option<Dpi> {
        // Without a unit Exif means inches.
        let per_inch = if self.unit == Some(3) { 2.54 } else { 1.0 };
        Some(Dpi { x: self.x? * per_inch, y: self.y? * per_inch })
    }
}

/// A TIFF structure in either byte order. Everything out of bounds is absent.
struct Tiff<'a> {
    bytes: &'a [u8],
    little: bool,
}

impl<'a> Tiff<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        match bytes {
            [b'I', b'I', 42, 0, ..] => Some(Self { bytes, little: true }),
            [b'M', b'M', 0, 42, ..] => Some(Self { bytes, little: false }),
            _ => None,
        }
    }

    fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..)?.first_chunk().copied()
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let bytes = self.array(at)?;
        Some(if self.little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    fn u32(&self, at: usize) -> Option<usize> {
        let bytes = self.array(at)?;
        let n = if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
        usize::try_from(n).ok()
    }

    /// Calls `each` with the tag and the place of every entry of a directory.
    fn each_entry(&self, directory: Option<usize>, mut each: impl FnMut(u16, usize)) {
        let Some(directory) = directory else { return };
        let count = self.u16(directory).unwrap_or(0);
        for n in 0..usize::from(count) {
            let entry = directory.saturating_add(2 + 12 * n);
            match self.u16(entry) {
                Some(tag) => each(tag, entry),
                None => return,
            }
        }
    }

    fn short(&self, entry: usize) -> Option<u32> {
        self.u16(entry + 8).map(u32::from)
    }

    fn rational(&self, entry: usize) -> Option<f64> {
        let at = self.u32(entry + 8)?;
        let (above, below) = (self.u32(at)?, self.u32(at.checked_add(4)?)?);
        let [above, below] = [above, below].map(|n| u32::try_from(n).map_or(0.0, f64::from));
        (below > 0.0).then(|| above / below)
    }

    fn text(&self, entry: usize) -> Option<String> {
        let len = self.u32(entry + 4)?;
        let at = if len <= 4 { entry + 8 } else { self.u32(entry + 8)? };
        let bytes = self.bytes.get(at..)?.get(..len.min(200))?;
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_end_matches('\0').trim();
        (!text.is_empty()).then(|| text.to_owned())
    }
}

fn png(bytes: &[u8]) -> Result<Facts, Refusal> {
    let mut header = None;
    let mut dpi = None;
    let complete = walk_png(bytes, |kind, content| {
        match (kind, content) {
            (b"IHDR", [w3, w2, w1, w0, h3, h2, h1, h0, depth, colour, ..]) => {
                let (width, height) =
                    (u32::from_be_bytes([*w3, *w2, *w1, *w0]), u32::from_be_bytes([*h3, *h2, *h1, *h0]));
                header = Some((width, height, png_colour(*depth, *colour)));
            }
            // One dot for each metre is 0.0254 dots for each inch.
            (b"pHYs", [x3, x2, x1, x0, y3, y2, y1, y0, 1]) => {
                let [x, y] = [[*x3, *x2, *x1, *x0], [*y3, *y2, *y1, *y0]].map(u32::from_be_bytes);
                dpi = Some(Dpi { x: f64::from(x) * 0.0254, y: f64::from(y) * 0.0254 });
            }
            (b"IEND", _) => return ControlFlow::Break(()),
            _ => {}
        }
        ControlFlow::Continue(())
    });
    let (width, height, colour) = header.filter(|_| complete).ok_or(Refusal::Truncated)?;
    Ok(plain(Format::Png, bytes, (width, height), colour, dpi))
}

/// Calls `each` with every chunk until it breaks. Returns whether it did.
fn walk_png<'a>(bytes: &'a [u8], mut each: impl FnMut(&[u8; 4], &'a [u8]) -> ControlFlow<()>) -> bool {
    let mut rest = bytes.get(8..).unwrap_or_default();
    while let Some((len, after)) = rest.split_first_chunk()
        && let Some((kind, after)) = after.split_first_chunk()
        && let Ok(len) = usize::try_from(u32::from_be_bytes(*len))
        && let Some((content, after)) = after.split_at_checked(len)
    {
        if each(kind, content).is_break() {
            return true;
        }
        rest = after.get(4..).unwrap_or_default();
    }
    false
}

fn png_colour(depth: u8, colour: u8) -> Colour {
    match (depth, colour) {
        (16, _) => Colour::Deep,
        (_, 2) => Colour::Rgb8,
        (_, 6) => Colour::Rgba,
        (_, 3) => Colour::Palette,
        _ => Colour::Grey,
    }
}

fn bmp(bytes: &[u8]) -> Result<Facts, Refusal> {
    let word = |at: usize| bytes.get(at..).and_then(|b| b.first_chunk()).copied().map(u32::from_le_bytes);
    let (Some(header), Some(width), Some(height), Some(planes_and_bits)) =
        (word(14), word(18), word(22), word(26))
    else {
        return Err(Refusal::Truncated);
    };
    // Older headers than the 40-byte one are not in use for photos, and two letters prove little.
    if !(40..=124).contains(&header) {
        return Err(Refusal::NotAnImage);
    }
    let colour = match planes_and_bits >> 16 {
        24 => Colour::Rgb8,
        32 => Colour::Rgba,
        _ => Colour::Palette,
    };
    // A negative height means that rows run downwards.
    let height = height.cast_signed().unsigned_abs();
    let per_metre = |at| word(at).filter(|n| *n > 0).map(|n| f64::from(n) * 0.0254);
    let dpi = per_metre(38).zip(per_metre(42)).map(|(x, y)| Dpi { x, y });
    Ok(plain(Format::Bmp, bytes, (width, height), colour, dpi))
}

fn plain(
    format: Format,
    bytes: &[u8],
    (width, height): (u32, u32),
    colour: Colour,
    dpi: Option<Dpi>,
) -> Facts {
    Facts {
        format,
        bytes: bytes.len() as u64,
        width,
        height,
        colour,
        dpi,
        quality: None,
        orientation: 1,
        software: None,
        taken: None,
    }
}
