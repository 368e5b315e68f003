//! A scan of a diploma on its way into a dossier: opened once to be sure it can be read, kept byte for byte.
//!
//! What it *is* comes from its first bytes. JPEG and TIFF are decoded to the last pixel of every page; of a PDF the
//! structure is read, and what can't be read without a key is refused: archived bytes outlive every password.

use std::{
    cell::Cell,
    io::{self, Cursor, Read},
    panic::catch_unwind,
    sync::Arc,
};

use flate2::read::ZlibDecoder;
use fs_err as fs;
use hayro_syntax::{
    LoadPdfError, Pdf,
    object::{Dict, Stream},
};
use sha2::{Digest as _, Sha256, Sha512};
use tiff::decoder::{Decoder, Limits};

use super::{PhotoError, ScanFormat, photo};
use crate::ocfl::Source;

/// The largest file, bytes.
const MAX_BYTES: u64 = 64 << 20;
/// The most pages. A diploma has two.
const MAX_PAGES: u32 = 64;
/// The most pixels of a page: A3 at 600 dpi has 70 million.
const MAX_PIXELS: u64 = 100_000_000;
/// The most bytes that one strip or tile of a TIFF, or one compressed stream of a PDF, may unpack to: A3 at 600 dpi in
/// colour has 209 million.
const MAX_PIECE: u64 = 210 << 20;
/// The most bytes that all compressed streams of a PDF may unpack to, and that may be read to unpack them.
const MAX_UNPACKED: u64 = 512 << 20;
/// The same of a PDF that keeps its structure in streams: whoever reads it holds what they unpack to.
const MAX_STRUCTURE: u64 = 128 << 20;
/// How many times over a stream may be deflated.
const MAX_LAYERS: usize = 4;
/// How far from the end of a PDF its last words may stand, bytes (ISO 32000-1, implementation note 18).
const TAIL: usize = 1024;

/// Why bytes can't be kept as a scan.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// Neither PDF nor TIFF nor JPEG.
    #[error("this is neither a PDF nor a TIFF nor a JPEG; scan the paper again into one of these")]
    Format,
    /// Larger than any scan.
    #[error("the scan is larger than {MAX_BYTES} bytes; scan the paper at 300 dpi")]
    TooLarge,
    /// More pages or pixels than any diploma.
    #[error("the scan has more than {MAX_PAGES} pages or more pixels on one than a diploma needs; split it")]
    TooMany,
    /// It breaks off before its end.
    #[error("the scan is cut off; export it again")]
    CutOff,
    /// It can't be opened from its first to its last byte.
    #[error("the scan is damaged and can't be opened; export it again")]
    Damaged,
    /// It can't be read without a key.
    #[error(
        "the PDF is encrypted, and an archive must be readable without a key; export it without a password"
    )]
    Encrypted,
    /// Nothing in it.
    #[error("the scan has no page; export it again")]
    NoPage,
    /// The file can't be read.
    #[error("the scan can't be read; check its permissions")]
    Read(#[source] io::Error),
}

impl ScanError {
    /// A stable code, for wording it elsewhere.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Format => "scan-format",
            Self::TooLarge => "scan-too-large",
            Self::TooMany => "scan-too-many-pages",
            Self::CutOff => "scan-cut-off",
            Self::Damaged => "scan-undecodable",
            Self::Encrypted => "scan-needs-a-key",
            Self::NoPage => "scan-no-page",
            Self::Read(_) => "scan-unreadable",
        }
    }
}

/// A scan that can be read, with all that will be said of it.
#[derive(Clone)]
pub struct NewScan {
    pub(super) media_type: ScanFormat,
    bytes: Vec<u8>,
    pub(super) sha256: String,
    pub(super) sha512: String,
    pub(super) len: u64,
    pub(super) pages: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) source: String,
}

impl std::fmt::Debug for NewScan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewScan")
            .field("bytes", &self.len)
            .field("pages", &self.pages)
            .finish_non_exhaustive()
    }
}

impl NewScan {
    /// The largest file that is taken, bytes.
    pub const MAX_BYTES: u64 = MAX_BYTES;

    /// Takes a scan's bytes, opening all of them. `source` says in words where it came from.
    ///
    /// # Errors
    ///
    /// If they are no scan that everybody can read.
    pub fn from_bytes(bytes: Vec<u8>, source: impl Into<String>) -> Result<Self, ScanError> {
        let len = bytes.len() as u64;
        if len > MAX_BYTES {
            return Err(ScanError::TooLarge);
        }
        let media_type = format_of(&bytes).ok_or(ScanError::Format)?;
        let look = match media_type {
            ScanFormat::Jpeg => jpeg(&bytes)?,
            ScanFormat::Tiff => tiff_pages(&bytes)?,
            ScanFormat::Pdf => pdf(&bytes)?,
        };
        Ok(Self {
            media_type,
            sha256: hex::encode(Sha256::digest(&bytes)),
            sha512: hex::encode(Sha512::digest(&bytes)),
            len,
            pages: look.pages,
            width: look.width,
            height: look.height,
            source: source.into(),
            bytes,
        })
    }

    /// As [`from_bytes`](Self::from_bytes), from a file.
    ///
    /// # Errors
    ///
    /// As [`from_bytes`](Self::from_bytes), or if the file can't be read.
    pub fn from_file(file: &std::path::Path, source: impl Into<String>) -> Result<Self, ScanError> {
        if fs::metadata(file).map_err(ScanError::Read)?.len() > MAX_BYTES {
            return Err(ScanError::TooLarge);
        }
        Self::from_bytes(fs::read(file).map_err(ScanError::Read)?, source)
    }

    /// SHA-256 of its bytes, hex.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// How many bytes it has.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether it has no bytes. It never is: such files are refused.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What the file's name ends with.
    pub(super) const fn extension(&self) -> &'static str {
        match self.media_type {
            ScanFormat::Pdf => "pdf",
            ScanFormat::Tiff => "tif",
            ScanFormat::Jpeg => "jpg",
        }
    }

    pub(super) fn into_source(self) -> Source {
        Source::Bytes(self.bytes)
    }
}

/// What was seen of a scan.
struct Look {
    pages: u32,
    width: u32,
    height: u32,
}

/// The format that the first bytes say.
fn format_of(bytes: &[u8]) -> Option<ScanFormat> {
    match bytes {
        [b'%', b'P', b'D', b'F', b'-', ..] => Some(ScanFormat::Pdf),
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(ScanFormat::Tiff),
        [0xFF, 0xD8, 0xFF, ..] => Some(ScanFormat::Jpeg),
        _ => None,
    }
}

fn jpeg(bytes: &[u8]) -> Result<Look, ScanError> {
    let look = photo::Look::at(bytes).map_err(|error| match error {
        PhotoError::CutOff => ScanError::CutOff,
        _ => ScanError::Damaged,
    })?;
    within(look.width, look.height)?;
    Ok(Look { pages: 1, width: look.width, height: look.height })
}

fn tiff_pages(bytes: &[u8]) -> Result<Look, ScanError> {
    let limit = usize::try_from(MAX_PIECE).unwrap_or(usize::MAX);
    let mut limits = Limits::default();
    limits.decoding_buffer_size = limit;
    limits.intermediate_buffer_size = limit;
    let damaged = |_| ScanError::Damaged;
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(damaged)?.with_limits(limits);
    let mut look = Look { pages: 0, width: 0, height: 0 };
    loop {
        let (width, height) = decoder.dimensions().map_err(damaged)?;
        within(width, height)?;
        decoder.read_image().map_err(damaged)?;
        if look.pages == 0 {
            (look.width, look.height) = (width, height);
        }
        look.pages += 1;
        if !decoder.more_images() {
            return Ok(look);
        }
        if look.pages == MAX_PAGES {
            return Err(ScanError::TooMany);
        }
        decoder.next_image().map_err(damaged)?;
    }
}

fn within(width: u32, height: u32) -> Result<(), ScanError> {
    let pixels = u64::from(width) * u64::from(height);
    match pixels {
        0 => Err(ScanError::Damaged),
        pixels if pixels > MAX_PIXELS => Err(ScanError::TooMany),
        _ => Ok(()),
    }
}

fn pdf(bytes: &[u8]) -> Result<Look, ScanError> {
    has_its_end(bytes)?;
    let (mut structured, mut wrapped) = (false, false);
    for (at, name) in names(bytes) {
        match name.as_slice() {
            b"Encrypt" => return Err(ScanError::Encrypted),
            b"ObjStm" | b"XRef" | b"XRefStm" => structured = true,
            // Filters whose work is not counted here (ISO 32000-1 §7.4).
            b"LZWDecode" | b"RunLengthDecode" | b"ASCIIHexDecode" | b"ASCII85Decode" => wrapped = true,
            // Their short names are so short that they stand in pictures too.
            b"LZW" | b"RL" | b"AHx" | b"A85" => wrapped |= is_among_text(bytes, at),
            _ => {}
        }
    }
    match (structured, wrapped) {
        (true, true) => return Err(ScanError::Damaged),
        (true, false) => unpacks_within(bytes, MAX_STRUCTURE)?,
        (false, _) => unpacks_within(bytes, MAX_UNPACKED)?,
    }
    let data: Arc<Vec<u8>> = Arc::new(bytes.to_vec());
    // A reader that panics on a hostile file refuses it.
    catch_unwind(|| open(data)).unwrap_or(Err(ScanError::Damaged))
}

fn open(data: Arc<Vec<u8>>) -> Result<Look, ScanError> {
    let pdf = Pdf::new(data).map_err(|error| match error {
        LoadPdfError::Decryption(_) => ScanError::Encrypted,
        LoadPdfError::Invalid => ScanError::Damaged,
    })?;
    let pages = u32::try_from(pdf.pages().len()).unwrap_or(u32::MAX);
    let Some(first) = pdf.pages().first() else { return Err(ScanError::NoPage) };
    if pages > MAX_PAGES {
        return Err(ScanError::TooMany);
    }
    let pictures = first.resources().x_objects.entries().filter_map(|(name, _)| {
        let stream: Stream<'_> = first.resources().get_x_object(&name)?;
        picture_size(stream.dict())
    });
    let (width, height) =
        pictures.max_by_key(|(width, height)| u64::from(*width) * u64::from(*height)).unwrap_or((0, 0));
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(ScanError::TooMany);
    }
    Ok(Look { pages, width, height })
}

fn picture_size(dict: &Dict<'_>) -> Option<(u32, u32)> {
    let kind = dict.get::<hayro_syntax::object::Name<'_>>("Subtype")?;
    if &*kind != b"Image" {
        return None;
    }
    Some((dict.get::<u32>("Width")?, dict.get::<u32>("Height")?))
}

/// A PDF's last lines say where its table of objects begins; there must be one (ISO 32000-1 §7.5.5).
fn has_its_end(bytes: &[u8]) -> Result<(), ScanError> {
    let tail = bytes.get(bytes.len().saturating_sub(TAIL)..).unwrap_or(bytes);
    let after = |needle: &[u8]| {
        let at = tail.windows(needle.len()).rposition(|window| window == needle)?;
        tail.get(at + needle.len()..)
    };
    if after(b"%%EOF").is_none() {
        return Err(ScanError::CutOff);
    }
    let said = after(b"startxref").ok_or(ScanError::CutOff)?;
    let digits: Vec<u8> = said
        .iter()
        .copied()
        .skip_while(u8::is_ascii_whitespace)
        .take_while(u8::is_ascii_digit)
        .take(20)
        .collect();
    let offset: usize =
        std::str::from_utf8(&digits).ok().and_then(|text| text.parse().ok()).ok_or(ScanError::Damaged)?;
    let table = bytes.get(offset..).ok_or(ScanError::Damaged)?;
    let begins = table.iter().copied().find(|byte| !byte.is_ascii_whitespace());
    // `xref`, or the number of the object that holds the table.
    if begins.is_some_and(|byte| byte == b'x' || byte.is_ascii_digit()) {
        Ok(())
    } else {
        Err(ScanError::Damaged)
    }
}

/// Every name in a file with its place, its escapes undone (ISO 32000-1 §7.3.5), wherever it stands: one too many refuses one scan, one
/// too few would archive a file nobody can read.
fn names(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    let starts = bytes.iter().enumerate().filter(|&(_, &byte)| byte == b'/');
    starts.map(|(at, _)| {
        let mut rest = bytes.get(at + 1..).unwrap_or_default().iter().copied();
        let mut name = Vec::new();
        while name.len() < 16 {
            match rest.next() {
                Some(b'#') => {
                    let digits: Vec<u8> = rest.by_ref().take(2).collect();
                    let mut byte = [0];
                    if hex::decode_to_slice(&digits, &mut byte).is_err() {
                        break;
                    }
                    name.extend(byte);
                }
                Some(byte) if byte.is_ascii_alphanumeric() => name.push(byte),
                _ => break,
            }
        }
        (at, name)
    })
}

/// Whether what stands before a place is text.
fn is_among_text(bytes: &[u8], at: usize) -> bool {
    let before = bytes.get(at.saturating_sub(8)..at).unwrap_or_default();
    before.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
}

/// Unpacks every deflated stream, counting: a file made to fill the memory is refused before any reader believes it.
///
/// What goes in is counted like what comes out: streams that begin inside each other are read again and again.
fn unpacks_within(bytes: &[u8], most: u64) -> Result<(), ScanError> {
    const WORD: &[u8] = b"stream";
    let starts = bytes.windows(WORD.len()).enumerate().filter(|(_, window)| *window == WORD);
    let (read, unpacked) = (Cell::new(most), Cell::new(most));
    for (at, _) in starts {
        let rest = bytes.get(at + WORD.len()..).unwrap_or_default();
        let data = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")).unwrap_or(rest);
        if is_deflated(data) {
            let piece = Cell::new(MAX_PIECE);
            let counted = Counted { inner: data, left: [&read, &read] };
            // What is torn counts as far as it came; whether it matters is for the reader to say.
            let _torn = unpack(Box::new(counted), [&unpacked, &piece], MAX_LAYERS);
            if [&read, &unpacked, &piece].iter().any(|left| left.get() == 0) {
                return Err(ScanError::TooLarge);
            }
        }
    }
    Ok(())
}

/// Unpacks a stream into nothing, and what is in it if that is deflated once more.
fn unpack<'a>(data: Box<dyn Read + 'a>, left: [&'a Cell<u64>; 2], layers: usize) -> io::Result<()> {
    let mut unpacked = Counted { inner: ZlibDecoder::new(data), left };
    let mut head = Vec::new();
    unpacked.by_ref().take(2).read_to_end(&mut head)?;
    if is_deflated(&head) && layers > 0 {
        return unpack(Box::new(Cursor::new(head).chain(unpacked)), left, layers - 1);
    }
    io::copy(&mut unpacked, &mut io::sink())?;
    Ok(())
}

/// Whether bytes begin as zlib's do (RFC 1950 §2.2).
fn is_deflated(bytes: &[u8]) -> bool {
    matches!(bytes, [method, flags, ..]
        if method & 0x0F == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31))
}

/// Reads as long as something is left of two allowances.
struct Counted<'a, R> {
    inner: R,
    left: [&'a Cell<u64>; 2],
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        for left in self.left {
            left.set(left.get().saturating_sub(read as u64));
            if left.get() == 0 {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use image::{GrayImage, ImageFormat, Luma, RgbImage};

    use super::*;

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        RgbImage::from_pixel(120, 80, image::Rgb([240, 240, 230])).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    /// A PDF of one page that is one JPEG, as scanners make them; `trailer` goes into its trailer.
    pub(crate) fn pdf_around(jpeg: &[u8], trailer: &str) -> Vec<u8> {
        let content = b"q 595 0 0 842 0 0 cm /Im0 Do Q";
        let mut file = b"%PDF-1.4\n".to_vec();
        let mut offsets = Vec::new();
        let picture = format!(
            "<< /Type /XObject /Subtype /Image /Width 120 /Height 80 /ColorSpace /DeviceRGB /BitsPerComponent 8 \
             /Filter /DCTDecode /Length {} >>\nstream\n",
            jpeg.len()
        );
        let objects: [Vec<u8>; 5] = [
            b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
              /Resources << /XObject << /Im0 5 0 R >> >> >>"
                .to_vec(),
            [format!("<< /Length {} >>\nstream\n", content.len()).as_bytes(), content, b"\nendstream"]
                .concat(),
            [picture.as_bytes(), jpeg, b"\nendstream"].concat(),
        ];
        for (number, object) in (1..).zip(&objects) {
            offsets.push(file.len());
            file.extend(format!("{number} 0 obj\n").bytes().chain(object.iter().copied()));
            file.extend(b"\nendobj\n");
        }
        let table = file.len();
        file.extend(b"xref\n0 6\n0000000000 65535 f \n");
        offsets.iter().for_each(|offset| file.extend(format!("{offset:010} 00000 n \n").bytes()));
        file.extend(
            format!("trailer\n<< /Size 6 /Root 1 0 R {trailer} >>\nstartxref\n{table}\n%%EOF\n").bytes(),
        );
        file
    }

    fn code(bytes: Vec<u8>) -> &'static str {
        NewScan::from_bytes(bytes, "test").unwrap_err().code()
    }

    #[test]
    fn what_a_scan_is_comes_from_its_bytes() {
        for (bytes, media_type) in [
            (encoded(ImageFormat::Jpeg), ScanFormat::Jpeg),
            (encoded(ImageFormat::Tiff), ScanFormat::Tiff),
            (pdf_around(&encoded(ImageFormat::Jpeg), ""), ScanFormat::Pdf),
        ] {
            let scan = NewScan::from_bytes(bytes.clone(), "test").unwrap();
            assert_eq!((scan.media_type, scan.pages, scan.width, scan.height), (media_type, 1, 120, 80));
            assert_eq!(scan.len(), bytes.len() as u64);
        }
        assert_eq!(code(encoded(ImageFormat::Png)), "scan-format");
        assert_eq!(code(b"MZ\x90\x00 not a scan at all".to_vec()), "scan-format");
    }

    #[test]
    fn every_page_of_a_tiff_is_decoded() {
        let page = GrayImage::from_pixel(60, 40, Luma([200]));
        let mut bytes = Cursor::new(Vec::new());
        let mut encoder = tiff::encoder::TiffEncoder::new(&mut bytes).unwrap();
        for _ in 0..3 {
            encoder.write_image::<tiff::encoder::colortype::Gray8>(60, 40, page.as_raw()).unwrap();
        }
        let scan = NewScan::from_bytes(bytes.into_inner(), "test").unwrap();
        assert_eq!((scan.pages, scan.width, scan.height), (3, 60, 40));
    }

    #[test]
    fn torn_streams_count_as_far_as_they_come() {
        let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        for _ in 0..200 {
            io::Write::write_all(&mut deflate, &[0; 1 << 20]).unwrap();
        }
        let mut torn = deflate.finish().unwrap();
        torn.truncate(torn.len() - 8);
        let once = [b"stream\n", &torn[..], b"\nendstream "].concat();
        assert!(unpacks_within(&once, MAX_UNPACKED).is_ok());
        assert_eq!(
            unpacks_within(&once.repeat(3), MAX_UNPACKED).unwrap_err().code(),
            ScanError::TooLarge.code()
        );
    }

    #[test]
    fn what_breaks_off_is_refused() {
        let mut jpeg = encoded(ImageFormat::Jpeg);
        jpeg.truncate(jpeg.len() / 2);
        assert_eq!(code(jpeg), "scan-cut-off");
        let mut tiff = encoded(ImageFormat::Tiff);
        tiff.truncate(tiff.len() / 2);
        assert_eq!(code(tiff), "scan-undecodable");
        let whole = pdf_around(&encoded(ImageFormat::Jpeg), "");
        assert_eq!(code(whole.get(..whole.len() - 8).unwrap().to_vec()), "scan-cut-off");
        let mut elsewhere = whole.clone();
        let at = whole.windows(10).rposition(|window| window == b"startxref\n").unwrap();
        elsewhere.truncate(at);
        elsewhere.extend(b"startxref\n99999999\n%%EOF\n");
        assert_eq!(code(elsewhere), "scan-undecodable");
        assert_eq!(code(b"%PDF-1.7\nnothing\nstartxref\n0\n%%EOF\n".to_vec()), "scan-undecodable");
    }

    #[test]
    fn a_pdf_that_needs_a_key_is_refused_however_its_name_is_spelt() {
        let jpeg = encoded(ImageFormat::Jpeg);
        assert_eq!(code(pdf_around(&jpeg, "/Encrypt 9 0 R")), "scan-needs-a-key");
        assert_eq!(code(pdf_around(&jpeg, "/#45ncryp#74 9 0 R")), "scan-needs-a-key");
        assert!(NewScan::from_bytes(pdf_around(&jpeg, "/EncryptMetadataNot true"), "test").is_ok());
    }

    #[test]
    fn a_pdf_made_to_fill_the_memory_is_refused() {
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        io::copy(&mut io::repeat(0).take(MAX_UNPACKED + (8 << 20)), &mut packed).unwrap();
        let packed = packed.finish().unwrap();
        let mut bomb = b"%PDF-1.4\n9 0 obj\n<< /Filter /FlateDecode >>\nstream\n".to_vec();
        let honest = pdf_around(&encoded(ImageFormat::Jpeg), "");
        bomb.extend(packed.into_iter().chain(*b"\nendstream\nendobj\nstartxref\n9\n%%EOF\n"));
        assert_eq!(code(bomb), "scan-too-large");
        assert!(unpacks_within(&honest, MAX_UNPACKED).is_ok());
    }
}
