//! A photo on its way into a dossier: decoded once to be sure it can be seen, kept byte for byte.

use std::{
    io::{self, Cursor},
    path::PathBuf,
};

use bag::{Algorithm, Checksum};
use fs_err as fs;
use ids::DeliveryId;
use image::{
    ImageError, ImageFormat, ImageReader, Limits,
    error::{LimitError, LimitErrorKind},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::PhotoKind;
use crate::ocfl::{Digested, Source};

/// No photo of a person has more pixels on a side.
const MAX_SIDE: u32 = 12_000;
/// Memory a decoder may take, bytes: 73 million pixels in colour, A3 at 600 dpi and what every camera in a photographer's
/// hands has.
const MAX_MEMORY: u64 = 210 << 20;

/// Why bytes can't be kept as a photo.
#[derive(Debug, thiserror::Error)]
pub enum PhotoError {
    /// Neither JPEG nor another format that photos come in.
    #[error("this is not a photo in a known format")]
    Format,
    /// It breaks off before its end.
    #[error("the photo is cut off")]
    CutOff,
    /// It can't be decoded, or is larger than any photo should be.
    #[error("the photo can't be decoded")]
    Decode(#[source] image::ImageError),
    /// The file can't be read.
    #[error("the photo can't be read")]
    Read(#[source] io::Error),
}

impl PhotoError {
    /// A stable code, for wording it elsewhere.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Format => "photo-format",
            Self::CutOff => "photo-cut-off",
            Self::Decode(_) => "photo-undecodable",
            Self::Read(_) => "photo-unreadable",
        }
    }
}

/// A decoded photo with all that will be said of it.
#[derive(Debug, Clone)]
pub struct NewPhoto {
    pub(super) kind: PhotoKind,
    bytes: Bytes,
    format: ImageFormat,
    pub(super) sha256: String,
    pub(super) sha512: String,
    pub(super) len: u64,
    pub(super) width: u32,
    pub(super) height: u32,
    /// When it was decoded, if that was before it is kept.
    pub(super) looked: Option<Timestamp>,
    pub(super) captured: Option<Timestamp>,
    captured_by: String,
    pub(super) delivery: Option<DeliveryId>,
    pub(super) token: Option<String>,
    pub(super) source: String,
}

#[derive(Debug, Clone)]
enum Bytes {
    Here(Digested),
    File(PathBuf),
    Same(PathBuf, Checksum),
}

/// What decoding a photo found out, so that nobody needs to decode the same bytes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhotoFacts {
    /// RFC 6838.
    pub media_type: String,
    /// Width, px.
    pub width: u32,
    /// Height, px.
    pub height: u32,
    /// Its bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// SHA-512 of its bytes, hex.
    pub sha512: String,
    /// When it was decoded.
    pub looked: Timestamp,
}

/// Photos up to this size are held in memory until they are kept, so that they are read and hashed once, bytes.
const HELD: u64 = 4 << 20;

impl NewPhoto {
    /// Takes a photo's bytes, decoding all of them.
    ///
    /// `source` says in words where it came from.
    ///
    /// # Errors
    ///
    /// If the bytes are no photo that can be decoded from first to last byte.
    pub fn from_bytes(
        kind: PhotoKind,
        bytes: Vec<u8>,
        source: impl Into<String>,
    ) -> Result<Self, PhotoError> {
        let bytes = Digested::new(bytes);
        let about = About::look_at(&bytes)?;
        Ok(Self::new(kind, about, Bytes::Here(bytes), source.into()))
    }

    /// As [`from_bytes`](Self::from_bytes), from a file. A large one is read again when the photo is kept.
    ///
    /// # Errors
    ///
    /// As [`from_bytes`](Self::from_bytes), or if the file can't be read.
    pub fn from_file(kind: PhotoKind, file: PathBuf, source: impl Into<String>) -> Result<Self, PhotoError> {
        let bytes = Digested::new(fs::read(&file).map_err(PhotoError::Read)?);
        let about = About::look_at(&bytes)?;
        let bytes = if about.len <= HELD { Bytes::Here(bytes) } else { Bytes::File(file) };
        Ok(Self::new(kind, about, bytes, source.into()))
    }

    /// A photo whose bytes were decoded before. It is kept only if the file still holds these very bytes.
    ///
    /// Nothing if the facts are of no kind of photo that is decoded here.
    pub fn seen(
        kind: PhotoKind,
        file: PathBuf,
        facts: PhotoFacts,
        source: impl Into<String>,
    ) -> Option<Self> {
        let PhotoFacts { media_type, width, height, bytes, sha256, sha512, looked } = facts;
        let format = ImageFormat::from_mime_type(media_type)?;
        let sum = sha512.parse().ok()?;
        let about = About { format, width, height, len: bytes, sha256, sha512 };
        let photo = Self::new(kind, about, Bytes::Same(file, sum), source.into());
        Some(Self { looked: Some(looked), ..photo })
    }

    /// What was found out about it, `now`.
    #[must_use]
    pub fn facts(&self, now: Timestamp) -> PhotoFacts {
        PhotoFacts {
            media_type: self.format_name().to_owned(),
            width: self.width,
            height: self.height,
            bytes: self.len,
            sha256: self.sha256.clone(),
            sha512: self.sha512.clone(),
            looked: self.looked.unwrap_or(now),
        }
    }

    fn new(kind: PhotoKind, about: About, bytes: Bytes, source: String) -> Self {
        let About { format, width, height, len, sha256, sha512 } = about;
        Self {
            kind,
            bytes,
            format,
            sha256,
            sha512,
            len,
            width,
            height,
            looked: None,
            captured: None,
            captured_by: String::new(),
            delivery: None,
            token: None,
            source,
        }
    }

    /// Says when it was taken, and with what or by whom.
    #[must_use]
    pub fn captured(self, at: Timestamp, by: impl Into<String>) -> Self {
        Self { captured: Some(at), captured_by: by.into(), ..self }
    }

    /// Says with which delivery it came, and under which token.
    #[must_use]
    pub fn delivered(self, delivery: DeliveryId, token: impl Into<String>) -> Self {
        Self { delivery: Some(delivery), token: Some(token.into()), ..self }
    }

    /// SHA-256 of its bytes, hex.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Width and height, px.
    #[must_use]
    pub const fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    pub(super) fn captured_by(&self) -> &str {
        if self.captured_by.is_empty() { "not stated" } else { &self.captured_by }
    }

    pub(super) fn format_name(&self) -> &'static str {
        self.format.to_mime_type()
    }

    /// What the file's name ends with.
    pub(super) fn extension(&self) -> &'static str {
        ending(self.format)
    }

    pub(super) fn into_source(self) -> Source {
        match self.bytes {
            Bytes::Here(bytes) => Source::Digested(bytes),
            Bytes::File(file) => Source::Copy(file),
            Bytes::Same(file, sha512) => Source::Same { file, sha512 },
        }
    }
}

/// A photo that was decoded to its last pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    format: ImageFormat,
    /// Width, px.
    pub(crate) width: u32,
    /// Height, px.
    pub(crate) height: u32,
}

impl Look {
    /// Decodes every pixel, within limits.
    pub(crate) fn at(bytes: &[u8]) -> Result<Self, PhotoError> {
        let format = image::guess_format(bytes).map_err(|_| PhotoError::Format)?;
        match format {
            ImageFormat::Jpeg if !ends_whole(bytes) => return Err(PhotoError::CutOff),
            ImageFormat::Jpeg if progressive(bytes).is_some_and(|memory| memory > MAX_MEMORY) => {
                let kind = LimitErrorKind::InsufficientMemory;
                return Err(PhotoError::Decode(ImageError::Limits(LimitError::from_kind(kind))));
            }
            ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::Bmp | ImageFormat::Tiff => {}
            _ => return Err(PhotoError::Format),
        }
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
        let mut limits = Limits::default();
        limits.max_image_width = Some(MAX_SIDE);
        limits.max_image_height = Some(MAX_SIDE);
        limits.max_alloc = Some(MAX_MEMORY);
        reader.limits(limits);
        let image = reader.decode().map_err(PhotoError::Decode)?;
        Ok(Self { format, width: image.width(), height: image.height() })
    }

    /// RFC 6838.
    pub(crate) fn mime(self) -> &'static str {
        self.format.to_mime_type()
    }

    /// What the name of such a file ends with.
    pub(crate) const fn ending(self) -> &'static str {
        ending(self.format)
    }
}

/// What is found out about a photo by looking at all of it.
struct About {
    format: ImageFormat,
    width: u32,
    height: u32,
    len: u64,
    sha256: String,
    sha512: String,
}

impl About {
    fn look_at(photo: &Digested) -> Result<Self, PhotoError> {
        let Look { format, width, height } = Look::at(photo.bytes())?;
        Ok(Self {
            format,
            width,
            height,
            len: photo.bytes().len() as u64,
            sha256: Checksum::of(Algorithm::Sha256, photo.bytes()).into(),
            sha512: photo.sha512().to_string(),
        })
    }
}

const fn ending(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Png => "png",
        ImageFormat::Bmp => "bmp",
        ImageFormat::Tiff => "tif",
        _ => "jpg",
    }
}

/// How much memory decoding takes if a JPEG is progressive, bytes: besides its pixels all its coefficients, two bytes each,
/// are held until the last scan. The decoder's own limit does not count them (ITU-T T.81 §B.2.2, marker SOF2).
fn progressive(bytes: &[u8]) -> Option<u64> {
    let mut rest = bytes.get(2..)?;
    loop {
        let [0xFF, marker, high, low, ..] = *rest else { return None };
        match marker {
            // Fill bytes may stand before a marker.
            0xFF => rest = rest.get(1..)?,
            0xC2 => break,
            // The first scan: what comes now are no segments.
            0xDA => return None,
            _ => rest = rest.get(2 + usize::from(u16::from_be_bytes([high, low]))..)?,
        }
    }
    let frame = rest.get(5..)?;
    let side = |at: usize| Some(u64::from(u16::from_be_bytes([*frame.get(at)?, *frame.get(at + 1)?])));
    let pixels = side(0)? * side(2)?;
    let components = usize::from(*frame.get(4)?);
    let sampling: Vec<(u64, u64)> = frame
        .get(5..)?
        .chunks_exact(3)
        .take(components)
        .filter_map(|component| component.get(1).map(|both| (u64::from(both >> 4), u64::from(both & 15))))
        .collect();
    let most = |of: fn(&(u64, u64)) -> u64| sampling.iter().map(of).max().unwrap_or(1).max(1);
    let whole = most(|both| both.0) * most(|both| both.1);
    let held: u64 = sampling.iter().map(|(across, down)| across * down).sum();
    Some(pixels * components as u64 + 2 * pixels * held / whole)
}

/// Whether a JPEG has its end marker (FF D9). Decoders forgive its absence by painting the rest grey.
fn ends_whole(bytes: &[u8]) -> bool {
    bytes.windows(2).rev().any(|pair| pair == [0xFF, 0xD9])
}
