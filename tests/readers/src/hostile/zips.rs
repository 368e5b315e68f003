//! Zips: bombs of every kind, and names that lead elsewhere.

use std::{
    io::{self, Cursor, Write as _},
    path::{Path, PathBuf},
};

use flate2::{Compression, Crc, write::DeflateEncoder};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{Case, file};
use crate::seeds::jpeg;

const fn photos(name: &'static str, write: fn(&Path) -> io::Result<PathBuf>, code: &'static str) -> Case {
    Case { name, reader: "photos", write, code }
}

pub(super) const CASES: &[Case] = &[
    photos("zip: 31 MiB of zeros in 32 KB", |dir| packed(dir, &["a.jpg"], &[0; 31 << 20]), "photo-bomb"),
    photos("zip: 200 MiB of zeros", |dir| packed(dir, &["a.jpg"], &vec![0; 200 << 20]), "photo-too-large"),
    photos("zip: says 1000 bytes, holds 31 MiB", lying, "photo-damaged"),
    photos("zip: 4000 entries over one kernel (42-style)", overlapping, "zip-dishonest"),
    photos("zip: zips in zips, six deep", nested, "photo-format"),
    photos("zip: a directory of 1.3 million entries", directory, "file-too-large"),
    photos("zip: a directory that says 4 billion entries", lying_count, "file-too-large"),
    photos("zip: ../", |dir| named(dir, b"../../up.jpg"), "photo-unsafe-path"),
    photos("zip: an absolute path", |dir| named(dir, b"/etc/up.jpg"), "photo-unsafe-path"),
    photos("zip: a drive letter", |dir| named(dir, b"C:\\up.jpg"), "photo-unsafe-path"),
    photos("zip: backslashes", |dir| named(dir, b"a\\..\\..\\up.jpg"), "photo-unsafe-path"),
    photos("zip: a stream name", |dir| named(dir, b"up.jpg:hidden.jpg"), "photo-unsafe-path"),
    photos("zip: CON", |dir| named(dir, b"CON.jpg"), "photo-device-name"),
    photos("zip: NUL in a folder's place", |dir| named(dir, b"nul/up.jpg"), "photo-device-name"),
    photos("zip: COM1.txt.jpg", |dir| named(dir, b"COM1.txt.jpg"), "photo-device-name"),
    photos("zip: a device with blanks after it", |dir| named(dir, b"aux  .jpg"), "photo-device-name"),
    photos("zip: blanks and dots at the end", |dir| named(dir, b"up.jpg. . "), "photo-not-a-photo"),
    photos("zip: a NUL byte in a name", |dir| named(dir, b"up.jpg\0.exe.jpg"), "photo-unreadable-name"),
    photos(
        "zip: GBK and UTF-8 in one name",
        |dir| named(dir, b"\xe5\xbc\xa0\xd5\xff\xff.jpg"),
        "photo-unreadable-name",
    ),
    photos(
        "zip: names that differ in case",
        |dir| packed(dir, &["a/A1.jpg", "a1.JPG"], &jpeg(8, 8)),
        "photo-duplicate-key",
    ),
    photos("zip: a link", link, "photo-link"),
];

fn packed(dir: &Path, names: &[&str], bytes: &[u8]) -> io::Result<PathBuf> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for name in names {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(CompressionMethod::Deflated))?;
        zip.write_all(bytes)?;
    }
    file(dir, "photos.zip", &zip.finish()?.into_inner())
}

/// The header of an entry: of its data, or in the directory (PKWARE APPNOTE §4.3.7, §4.3.12).
fn entry(central: bool, name: &[u8], crc: u32, packed: u32, size: u32, at: u32, method: u16) -> Vec<u8> {
    let mut bytes =
        if central { b"PK\x01\x02\x14\0\x14\0\0\0".to_vec() } else { b"PK\x03\x04\x14\0\0\0".to_vec() };
    bytes.extend(method.to_le_bytes());
    bytes.extend([0, 0, 0x21, 0]);
    [crc, packed, size].into_iter().for_each(|word| bytes.extend(word.to_le_bytes()));
    bytes.extend((name.len() as u16).to_le_bytes());
    bytes.extend([0, 0]);
    if central {
        bytes.extend([0; 10]);
        bytes.extend(at.to_le_bytes());
    }
    bytes.extend(name);
    bytes
}

fn end(entries: u16, size: usize, at: usize) -> Vec<u8> {
    let mut bytes = b"PK\x05\x06\0\0\0\0".to_vec();
    bytes.extend(entries.to_le_bytes());
    bytes.extend(entries.to_le_bytes());
    bytes.extend((size as u32).to_le_bytes());
    bytes.extend((at as u32).to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn one(name: &[u8], data: &[u8], crc: u32, size: u32, method: u16) -> Vec<u8> {
    let packed = data.len() as u32;
    let mut bytes = entry(false, name, crc, packed, size, 0, method);
    bytes.extend(data);
    let at = bytes.len();
    bytes.extend(entry(true, name, crc, packed, size, 0, method));
    let size = bytes.len() - at;
    bytes.extend(end(1, size, at));
    bytes
}

/// A sound photo under a name.
fn named(dir: &Path, name: &[u8]) -> io::Result<PathBuf> {
    let photo = jpeg(8, 8);
    file(dir, "photos.zip", &one(name, &photo, crc(&photo), photo.len() as u32, 0))
}

fn lying(dir: &Path) -> io::Result<PathBuf> {
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::best());
    deflate.write_all(&vec![0; 31 << 20])?;
    file(dir, "photos.zip", &one(b"a.jpg", &deflate.finish()?, 0, 1000, 8))
}

/// Every entry has the same data (D. Fifield, "A better zip bomb").
fn overlapping(dir: &Path) -> io::Result<PathBuf> {
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::best());
    deflate.write_all(&vec![0; 900 << 10])?;
    let data = deflate.finish()?;
    let (packed, size) = (data.len() as u32, 900 << 10);
    let mut bytes = entry(false, b"0000.jpg", 0, packed, size, 0, 8);
    bytes.extend(&data);
    let at = bytes.len();
    for n in 0..4000 {
        bytes.extend(entry(true, format!("{n:04}.jpg").as_bytes(), 0, packed, size, 0, 8));
    }
    let directory = bytes.len() - at;
    bytes.extend(end(4000, directory, at));
    file(dir, "photos.zip", &bytes)
}

fn nested(dir: &Path) -> io::Result<PathBuf> {
    let mut inner = vec![0; 10 << 20];
    for _ in 0..6 {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for n in 0..4 {
            zip.start_file(format!("{n}.jpg"), SimpleFileOptions::default())?;
            zip.write_all(&inner)?;
        }
        inner = zip.finish()?.into_inner();
    }
    file(dir, "photos.zip", &inner)
}

/// Entries without names or data, with a ZIP64 end that counts them (§4.3.14).
fn directory(dir: &Path) -> io::Result<PathBuf> {
    const ENTRIES: u64 = 1_300_000;
    let mut bytes = entry(false, b"a", 0, 0, 0, 0, 0);
    let at = bytes.len() as u64;
    for n in 0..ENTRIES {
        bytes.extend(entry(true, format!("{n:x}").as_bytes(), 0, 0, 0, 0, 0));
    }
    end_zip64(&mut bytes, ENTRIES, at);
    file(dir, "photos.zip", &bytes)
}

/// Ends a zip as a large one ends: so many entries are said to be in the directory that begins at `at`.
fn end_zip64(bytes: &mut Vec<u8>, entries: u64, at: u64) {
    let after = bytes.len() as u64;
    bytes.extend(b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\0\x2d\0\0\0\0\0\0\0\0\0");
    [entries, entries, after - at, at].into_iter().for_each(|word| bytes.extend(word.to_le_bytes()));
    bytes.extend(b"PK\x06\x07\0\0\0\0");
    bytes.extend(after.to_le_bytes());
    bytes.extend(b"\x01\0\0\0");
    let mut last = end(u16::MAX, 0, 0);
    last[12..20].fill(0xff);
    bytes.extend(last);
}

fn lying_count(dir: &Path) -> io::Result<PathBuf> {
    let mut bytes = entry(false, b"a.jpg", 0, 0, 0, 0, 0);
    let at = bytes.len() as u64;
    bytes.extend(entry(true, b"a.jpg", 0, 0, 0, 0, 0));
    end_zip64(&mut bytes, 1 << 32, at);
    file(dir, "photos.zip", &bytes)
}

fn link(dir: &Path) -> io::Result<PathBuf> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_symlink("link.jpg", "/etc/passwd", SimpleFileOptions::default())?;
    file(dir, "photos.zip", &zip.finish()?.into_inner())
}
