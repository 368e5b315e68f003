//! The mark on every view of a picture: who looked, when, and the entry of the register that says what for.
//!
//! What is shown is a copy, and a copy says whose it is. The mark is drawn into the pixels, so it is in every screenshot,
//! every "save as" and every print. Rules that hold here:
//!
//! - **No picture leaves unmarked whose longer side is more than [`CLEAN`] px.** A smaller one tells people apart in a list
//!   and is no copy. Papers, exports and approved lists are other ways, each with its own record.
//! - **Only what is sent is marked.** Kept bytes, the cache and what faces are compared by stay clean.
//! - The letters are those of Noto Sans CJK, where that is installed: then the mark names the person too. Elsewhere it is
//!   set in built-in letters, which know accounts, times and numbers.

use std::{io::Cursor, path::Path, sync::OnceLock};

use ab_glyph::{Font as _, FontVec, PxScale, ScaleFont as _, point};
use embedded_graphics::{
    Drawable as _, Pixel,
    draw_target::DrawTarget,
    geometry::{OriginDimensions, Point, Size},
    mono_font::{MonoTextStyle, ascii::FONT_10X20},
    pixelcolor::BinaryColor,
    text::{Baseline, Text},
};
use fs_err as fs;
use image::{DynamicImage, ImageReader, Limits, RgbImage, codecs::jpeg::JpegEncoder};
use jiff::Zoned;

use crate::{Actor, Refusal as _, Result};

/// Up to this size of its longer side a picture is no copy and stays clean, px.
pub(crate) const CLEAN: u32 = 160;
/// Where Debian's fonts-noto-cjk lies, and the number of its simplified Chinese face.
const FONT: (&str, u32) = ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2);
/// The most bytes that a picture's pixels may take when it is marked: 60 million pixels have 180 MB.
const DECODED: u64 = 256 << 20;
/// JPEG quality of a view.
const QUALITY: u8 = 90;
/// How much of a letter's light face and of its dark edge is laid over the picture, of 256. Both are needed: one of them
/// stands out on any ground.
const FACE: i64 = 72;
const EDGE: i64 = 60;
/// The slope of the lines: 1024 times cosine and sine of 28°.
const SLOPE: (i64, i64) = (904, 481);

/// Whether the font is installed that knows people's names.
pub(crate) fn has_font() -> bool {
    font().is_some()
}

/// The installed font, read once.
fn font() -> Option<&'static FontVec> {
    static OPENED: OnceLock<Option<FontVec>> = OnceLock::new();
    OPENED
        .get_or_init(|| {
            let bytes = fs::read(Path::new(FONT.0)).ok()?;
            FontVec::try_from_vec_and_index(bytes, FONT.1).ok()
        })
        .as_ref()
}

/// What the mark on a view says: the account, the person if there are letters for the name, the time, and the entry of the
/// audit trail, which knows the purpose.
pub(crate) fn words(actor: &Actor, entry: Option<u64>) -> String {
    let name = Some(&actor.name).filter(|name| has_font() && !name.is_empty());
    let when = Zoned::now().strftime("%Y-%m-%d %H:%M").to_string();
    let entry = entry.map(|entry| format!("#{entry}"));
    let parts = [name.cloned(), Some(actor.account.clone()), Some(when), entry];
    parts.into_iter().flatten().collect::<Vec<_>>().join("  ")
}

/// A view of a picture: JPEG, marked. One too small to be a copy is returned as it is.
///
/// # Errors
///
/// When the picture can't be decoded. It is then not shown: nothing leaves unmarked because it is damaged.
pub(crate) fn view(bytes: Vec<u8>, words: &str) -> Result<(Vec<u8>, &'static str)> {
    let reader = ImageReader::new(Cursor::new(&bytes)).with_guessed_format().or_failed("read a picture")?;
    let format = reader.format();
    if let Ok((width, height)) = reader.into_dimensions()
        && width.max(height) <= CLEAN
    {
        return Ok((bytes, format.map_or("application/octet-stream", |format| format.to_mime_type())));
    }
    Ok((jpeg(decode(&bytes)?, words)?, "image/jpeg"))
}

/// A picture, marked and written as JPEG.
///
/// # Errors
///
/// When it can't be written.
pub(crate) fn jpeg(mut picture: RgbImage, words: &str) -> Result<Vec<u8>> {
    if picture.width().max(picture.height()) > CLEAN {
        mark(&mut picture, words);
    }
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&picture).or_failed("write a view")?;
    Ok(jpeg)
}

fn decode(bytes: &[u8]) -> Result<RgbImage> {
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().or_failed("read a picture")?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODED);
    reader.limits(limits);
    reader.decode().map(DynamicImage::into_rgb8).or_failed("decode a picture")
}

/// Lays the words over the whole picture, line beside line, every other one moved by half.
fn mark(picture: &mut RgbImage, words: &str) {
    let shorter = picture.width().min(picture.height());
    let letters = (shorter / 22).clamp(12, 40);
    let tile = Tile::of(words, letters);
    let height = i64::from(letters);
    let (across, down) = (tile.width + 3 * height, 5 * height);
    let edge = (height / 14).max(1);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let (x, y) = (i64::from(x), i64::from(y));
        let (along, below) = ((x * SLOPE.0 + y * -SLOPE.1) >> 10, (x * SLOPE.1 + y * SLOPE.0) >> 10);
        let line = below.div_euclid(down);
        let along = (along + (line & 1) * across / 2).rem_euclid(across);
        let below = below.rem_euclid(down);
        if below > tile.height + edge {
            continue;
        }
        let (face, dark) = (tile.ink(along, below), tile.ink(along - edge, below - edge));
        if face == 0 && dark == 0 {
            continue;
        }
        for value in &mut pixel.0 {
            let was = i64::from(*value);
            let darker = was - was * dark * EDGE / (255 * 256);
            let both = darker + (255 - darker) * face * FACE / (255 * 256);
            *value = u8::try_from(both).unwrap_or(u8::MAX);
        }
    }
}

/// The words once, upright.
struct Tile {
    width: i64,
    height: i64,
    /// Row by row, 0 (nothing) to 255.
    ink: Vec<u8>,
}

impl Tile {
    /// The words in letters of a height in px.
    fn of(words: &str, letters: u32) -> Self {
        font().map_or_else(|| Self::built_in(words, letters), |font| Self::set_in(font, words, letters))
    }

    fn blank(width: u32, height: u32) -> Self {
        let size = usize::try_from(u64::from(width) * u64::from(height)).unwrap_or_default();
        Self { width: i64::from(width), height: i64::from(height), ink: vec![0; size] }
    }

    fn set_in(font: &FontVec, words: &str, letters: u32) -> Self {
        let scale = PxScale::from(to_f32(letters));
        let scaled = font.as_scaled(scale);
        let width: f32 = words.chars().map(|c| scaled.h_advance(scaled.glyph_id(c))).sum();
        let mut tile = Self::blank(to_px(width) + 1, letters + letters / 4);
        let mut x = 0.0;
        for id in words.chars().map(|c| scaled.glyph_id(c)) {
            if let Some(outline) =
                font.outline_glyph(id.with_scale_and_position(scale, point(x, scaled.ascent())))
            {
                let corner = outline.px_bounds().min;
                outline.draw(|dx, dy, ink| {
                    tile.put(to_px(corner.x + to_f32(dx)), to_px(corner.y + to_f32(dy)), ink);
                });
            }
            x += scaled.h_advance(id);
        }
        tile
    }

    /// In letters that need no font, each dot of which becomes a square.
    fn built_in(words: &str, letters: u32) -> Self {
        let size = FONT_10X20.character_size;
        let count = u32::try_from(words.chars().count()).unwrap_or_default();
        let mut small = Self::blank(count * size.width, size.height);
        let style = MonoTextStyle::new(&FONT_10X20, BinaryColor::On);
        let Ok(_drawn) = Text::with_baseline(words, Point::zero(), style, Baseline::Top).draw(&mut small);
        let times = (letters / 18).max(1);
        let mut tile = Self::blank(count * size.width * times, size.height * times);
        for y in 0..size.height * times {
            for x in 0..count * size.width * times {
                let ink = small.ink(i64::from(x / times), i64::from(y / times));
                tile.put(x, y, if ink > 0 { 1.0 } else { 0.0 });
            }
        }
        tile
    }

    fn place(&self, x: i64, y: i64) -> Option<usize> {
        let inside = (0..self.width).contains(&x) && (0..self.height).contains(&y);
        inside.then(|| usize::try_from(y * self.width + x).ok()).flatten()
    }

    fn ink(&self, x: i64, y: i64) -> i64 {
        let found = self.place(x, y).and_then(|at| self.ink.get(at));
        found.map_or(0, |ink| i64::from(*ink))
    }

    fn put(&mut self, x: u32, y: u32, ink: f32) {
        let ink = u8::try_from(to_px(ink.clamp(0.0, 1.0) * 255.0)).unwrap_or(u8::MAX);
        if let Some(at) = self.place(i64::from(x), i64::from(y)).and_then(|at| self.ink.get_mut(at)) {
            *at = ink.max(*at);
        }
    }
}

impl OriginDimensions for Tile {
    fn size(&self) -> Size {
        let side = |side: i64| u32::try_from(side).unwrap_or_default();
        Size::new(side(self.width), side(self.height))
    }
}

impl DrawTarget for Tile {
    type Color = BinaryColor;
    type Error = std::convert::Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<BinaryColor>>>(
        &mut self,
        pixels: I,
    ) -> Result<(), Self::Error> {
        for Pixel(at, color) in pixels {
            if let (Ok(x), Ok(y), BinaryColor::On) = (u32::try_from(at.x), u32::try_from(at.y), color) {
                self.put(x, y, 1.0);
            }
        }
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "letters are some dozens of px high")]
fn to_f32(px: u32) -> f32 {
    px as f32
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is negative or too large saturates"
)]
fn to_px(length: f32) -> u32 {
    length.round() as u32
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn reader(account: &str) -> Actor {
        Actor { account: account.to_owned(), name: "李教务".to_owned(), ..Actor::console() }
    }

    fn grey(width: u32, height: u32, shade: u8) -> RgbImage {
        RgbImage::from_pixel(width, height, Rgb([shade; 3]))
    }

    /// How much the mark changes: in how many of the pixels, and by how much at most.
    fn changed(shade: u8, words: &str) -> (f64, u8) {
        let mut picture = grey(480, 640, shade);
        mark(&mut picture, words);
        let changes: Vec<u8> = picture.pixels().map(|pixel| pixel.0[0].abs_diff(shade)).collect();
        let many = changes.iter().filter(|change| **change > 8).count();
        (many as f64 / changes.len() as f64, changes.into_iter().max().unwrap())
    }

    #[test]
    fn the_mark_is_seen_on_any_ground_and_hides_nothing() {
        for shade in [0, 60, 128, 200, 255] {
            let (share, most) = changed(shade, &words(&reader("registrar"), Some(12_345)));
            assert!((0.01..0.25).contains(&share), "on {shade} it changes {share} of the picture");
            assert!(most <= 96, "on {shade} it changes a pixel by {most}");
        }
    }

    #[test]
    fn no_part_as_large_as_a_face_is_without_it() {
        let mut picture = grey(480, 640, 128);
        mark(&mut picture, &words(&reader("registrar"), Some(7)));
        for top in (0..640 - 160).step_by(40) {
            for left in (0..480 - 160).step_by(40) {
                let part = image::imageops::crop_imm(&picture, left, top, 160, 160).to_image();
                let marked = part.pixels().filter(|pixel| pixel.0[0].abs_diff(128) > 8).count();
                assert!(marked > 160, "{marked} pixels of the part at {left}, {top}");
            }
        }
    }

    #[test]
    fn every_reader_and_every_look_has_a_mark_of_its_own() {
        let of = |account: &str, entry| {
            let mut picture = grey(300, 400, 128);
            mark(&mut picture, &words(&reader(account), entry));
            picture
        };
        assert_eq!(of("registrar", Some(1)), of("registrar", Some(1)));
        assert_ne!(of("registrar", Some(1)), of("registrar", Some(2)));
        assert_ne!(of("registrar", Some(1)), of("desk", Some(1)));
    }

    #[test]
    fn built_in_letters_say_the_account_too() {
        let (one, other) = (Tile::built_in("registrar  #1", 22), Tile::built_in("registrar  #2", 22));
        assert_eq!((one.width, one.height), (130, 20));
        assert!(one.ink.iter().filter(|ink| **ink > 0).count() > 200);
        assert_ne!(one.ink, other.ink);
        assert!(Tile::built_in("registrar", 40).height == 40, "larger pictures have larger letters");
    }

    #[test]
    fn what_is_no_copy_stays_as_it_is_and_what_is_larger_never_does() {
        let png = |side| {
            let mut bytes = Cursor::new(Vec::new());
            grey(side, side, 90).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
            bytes.into_inner()
        };
        assert_eq!(view(png(CLEAN), "registrar").unwrap(), (png(CLEAN), "image/png"));
        let (marked, kind) = view(png(CLEAN + 1), "registrar").unwrap();
        assert_eq!(kind, "image/jpeg");
        let pixels = image::load_from_memory(&marked).unwrap().into_rgb8();
        assert!(pixels.pixels().any(|pixel| pixel.0[0].abs_diff(90) > 20));
        assert!(view(b"no picture".to_vec(), "registrar").is_err(), "what can't be marked is not shown");
    }
}
