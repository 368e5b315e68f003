//! Pictures and PDFs that say they are small and are not, or the other way round.

use std::{
    io,
    path::{Path, PathBuf},
};

use flate2::Crc;

use super::{Case, file, zeros};
use crate::seeds::{jpeg, nested, object_stream, pdf};

const fn photo(name: &'static str, write: fn(&Path) -> io::Result<PathBuf>, code: &'static str) -> Case {
    Case { name, reader: "photo", write, code }
}

const fn scan(name: &'static str, write: fn(&Path) -> io::Result<PathBuf>, code: &'static str) -> Case {
    Case { name, reader: "scan", write, code }
}

pub(super) const CASES: &[Case] = &[
    photo(
        "jpeg: 50,000 × 50,000",
        |dir| file(dir, "a.jpg", &sized(50_000, 50_000, false)),
        "photo-undecodable",
    ),
    photo(
        "jpeg: 11,900 × 11,900 and nothing in it",
        |dir| file(dir, "a.jpg", &sized(11_900, 11_900, false)),
        "photo-undecodable",
    ),
    photo(
        "jpeg: progressive, 11,000 × 11,000 and nothing in it",
        |dir| file(dir, "a.jpg", &sized(11_000, 11_000, true)),
        "photo-undecodable",
    ),
    photo(
        "jpeg: progressive, 7,700 × 7,700 of nothing but grey",
        |dir| file(dir, "a.jpg", &grey(7_700)),
        "photo-undecodable",
    ),
    photo(
        "png: 50,000 × 50,000",
        |dir| file(dir, "a.png", &png(50_000, 50_000, 8, 2, 1)?),
        "photo-undecodable",
    ),
    photo(
        "png: 11,900 × 11,900 in 100 KB",
        |dir| file(dir, "a.png", &png(11_900, 11_900, 8, 2, 100)?),
        "photo-undecodable",
    ),
    photo(
        "png: 7,000 × 7,000 of 64 bits",
        |dir| file(dir, "a.png", &png(7_000, 7_000, 16, 6, 10)?),
        "photo-undecodable",
    ),
    photo("bmp: 50,000 × 50,000", |dir| file(dir, "a.bmp", &bmp(50_000)), "photo-undecodable"),
    photo(
        "bmp: 11,900 × 11,900 and nothing in it",
        |dir| file(dir, "a.bmp", &bmp(11_900)),
        "photo-undecodable",
    ),
    photo(
        "tiff as a photo: 50,000 × 50,000",
        |dir| file(dir, "a.tif", &tiff(50_000, 50_000, 8, 3, 1)?),
        "photo-undecodable",
    ),
    scan(
        "jpeg scan: 65,000 × 65,000",
        |dir| file(dir, "a.jpg", &sized(65_000, 65_000, false)),
        "scan-undecodable",
    ),
    scan(
        "tiff: 50,000 × 50,000",
        |dir| file(dir, "a.tif", &tiff(50_000, 50_000, 8, 3, 1)?),
        "scan-too-many-pages",
    ),
    scan(
        "tiff: 10,000 × 10,000 of 48 bits in one strip",
        |dir| file(dir, "a.tif", &tiff(10_000, 10_000, 16, 3, 600)?),
        "scan-undecodable",
    ),
    scan(
        "tiff: 9,990 × 9,990 colours in one strip that ends early",
        |dir| file(dir, "a.tif", &tiff(9_990, 9_990, 8, 3, 200)?),
        "scan-undecodable",
    ),
    scan("tiff: a ring of pages", |dir| file(dir, "a.tif", &seed("loop.tif")), "scan-undecodable"),
    scan(
        "pdf: a picture that unpacks to 600 MiB",
        |dir| file(dir, "a.pdf", &pdf("", &zeros(600)?, "")),
        "scan-too-large",
    ),
    scan(
        "pdf: an object stream that unpacks to 400 MiB",
        |dir| file(dir, "a.pdf", &object_stream(&vec![b' '; 400 << 20])),
        "scan-too-large",
    ),
    scan("pdf: an object stream deflated twice", twice, "scan-too-large"),
    scan(
        "pdf: pages that are their own children",
        |dir| file(dir, "a.pdf", &seed("loop.pdf")),
        "scan-no-page",
    ),
    scan(
        "pdf: a million arrays in each other",
        |dir| file(dir, "a.pdf", &nested(1_000_000)),
        "scan-undecodable",
    ),
    scan("pdf: streams that begin in streams", torn, "scan-too-large"),
];

fn seed(name: &str) -> Vec<u8> {
    crate::seeds::scans().into_iter().find(|(seed, _)| seed == name).map(|(_, bytes)| bytes).unwrap()
}

/// A small JPEG that says it is another size; without its data, in a scan of its own if `progressive`.
fn sized(width: u16, height: u16, progressive: bool) -> Vec<u8> {
    let mut bytes = jpeg(16, 16);
    let at = bytes.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    if progressive {
        bytes[at + 1] = 0xc2;
    }
    bytes[at + 5..at + 7].copy_from_slice(&height.to_be_bytes());
    bytes[at + 7..at + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

/// A progressive JPEG of one scan whose every difference is none: two bits for a block, a hundred and more bytes in memory.
fn grey(side: u16) -> Vec<u8> {
    let mut bytes = sized(side, side, true);
    let scan = bytes.windows(2).position(|marker| marker == [0xff, 0xda]).unwrap();
    let length = usize::from(u16::from_be_bytes([bytes[scan + 2], bytes[scan + 3]]));
    let after = scan + 2 + length;
    bytes.truncate(after);
    // From the first coefficient to the first.
    bytes[after - 3..after].fill(0);
    bytes.resize(after + (2 << 20), 0);
    bytes.extend([0xff, 0xd9]);
    bytes
}

fn png(width: u32, height: u32, bits: u8, colour: u8, mebibytes: usize) -> io::Result<Vec<u8>> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[bits, colour, 0, 0, 0]].concat();
    for (kind, data) in [(b"IHDR", head), (b"IDAT", zeros(mebibytes)?), (b"IEND", Vec::new())] {
        bytes.extend((data.len() as u32).to_be_bytes());
        let mut crc = Crc::new();
        crc.update(kind);
        crc.update(&data);
        bytes.extend(kind.iter().chain(&data));
        bytes.extend(crc.sum().to_be_bytes());
    }
    Ok(bytes)
}

fn bmp(side: i32) -> Vec<u8> {
    let mut bytes = b"BM\x40\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
    bytes.extend(side.to_le_bytes());
    bytes.extend(side.to_le_bytes());
    bytes.extend([1, 0, 24, 0]);
    bytes.resize(64, 0);
    bytes
}

/// A deflated TIFF of one strip (TIFF 6.0; compression 8).
fn tiff(width: u32, height: u32, bits: u32, samples: u32, mebibytes: usize) -> io::Result<Vec<u8>> {
    let data = zeros(mebibytes)?;
    let (depths, directory) = (8 + data.len() as u32, 8 + data.len() as u32 + 6);
    let mut bytes = b"II*\0".to_vec();
    bytes.extend(directory.to_le_bytes());
    bytes.extend(&data);
    (0..3).for_each(|_| bytes.extend((bits as u16).to_le_bytes()));
    bytes.extend(10_u16.to_le_bytes());
    for (tag, kind, count, value) in [
        (256_u16, 4_u16, 1_u32, width),
        (257, 4, 1, height),
        (258, 3, 3, depths),
        (259, 3, 1, 8),
        (262, 3, 1, 2),
        (273, 4, 1, 8),
        (277, 3, 1, samples),
        (278, 4, 1, height),
        (279, 4, 1, data.len() as u32),
        (284, 3, 1, 1),
    ] {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 4]);
    Ok(bytes)
}

/// The one filter that an object stream has is written twice, and so are its bytes deflated.
fn twice(dir: &Path) -> io::Result<PathBuf> {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    io::Write::write_all(&mut packed, &zeros(700)?)?;
    let inner = packed.finish()?;
    let mut file = object_stream(b"");
    let at = file.windows(8).position(|word| word == b"4 0 obj\n").unwrap();
    let after = file.windows(8).position(|word| word == b"5 0 obj\n").unwrap();
    let head = format!(
        "4 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter [/FlateDecode /FlateDecode] /Length {} >>\nstream\n",
        inner.len()
    );
    let stream = [head.as_bytes(), &inner, b"\nendstream\nendobj\n"].concat();
    file.splice(at..after, stream);
    // Where the table lies has moved: whoever looks for it must look everywhere.
    let place = file.windows(8).rposition(|word| word == b"5 0 obj\n").unwrap();
    let end = file.windows(9).rposition(|word| word == b"startxref").unwrap();
    file.truncate(end);
    file.extend(format!("startxref\n{place}\n%%EOF\n").bytes());
    super::file(dir, "a.pdf", &file)
}

/// Two thousand streams that all go on into the same blocks of nothing: little comes out of them, much goes in.
fn torn(dir: &Path) -> io::Result<PathBuf> {
    let mut streams = Vec::new();
    for n in (0..2_000_u16).rev() {
        // A stored block (RFC 1951 §3.2.4) that holds all the streams after this one.
        let len = 20 * n + 6;
        streams.extend(b"stream\n\x78\x01\0");
        streams.extend(len.to_le_bytes());
        streams.extend((!len).to_le_bytes());
        streams.extend(b"      ");
    }
    for _ in 0..4_000_000 {
        streams.extend([0, 0, 0, 0xff, 0xff]);
    }
    file(dir, "a.pdf", &pdf("", &streams, ""))
}
