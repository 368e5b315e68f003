//! Zips of photos: sound, and with every kind of entry that is refused.

use std::io::{Cursor, Write as _};

use encoding_rs::GBK;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{Seeds, images, named};

pub(crate) fn zips() -> Seeds {
    let photo = images::jpeg(24, 32);
    let names = [
        "../up.jpg",
        "/root.jpg",
        "C:\\drive.jpg",
        "a\\..\\b.jpg",
        "CON.jpg",
        "com1.txt.jpg",
        "nul.",
        "__MACOSX/a.jpg",
    ];
    vec![
        named(
            "stored.zip",
            zip(
                &["23530100000001.jpg", "a/23530100000002.JPG", "folder/"],
                &photo,
                CompressionMethod::Stored,
            ),
        ),
        named(
            "deflated.zip",
            zip(&["23530100000001.jpg", "105811202606000123.pdf"], &photo, CompressionMethod::Deflated),
        ),
        named("names.zip", zip(&names, &photo, CompressionMethod::Stored)),
        named("same-key.zip", zip(&["A1.jpg", "b/a1.jpg", "ａ１.jpg"], &photo, CompressionMethod::Stored)),
        named("gbk.zip", gbk(&photo)),
        named("link.zip", link()),
        named("ratio.zip", zip(&["black.jpg"], &vec![0; 3 << 20], CompressionMethod::Deflated)),
        named("empty.zip", zip(&[], &photo, CompressionMethod::Stored)),
        named(
            "nested.zip",
            zip(
                &["inner.jpg"],
                &zip(&["a.jpg"], &photo, CompressionMethod::Stored),
                CompressionMethod::Stored,
            ),
        ),
    ]
}

fn zip(names: &[&str], bytes: &[u8], method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for name in names {
        let options = SimpleFileOptions::default().compression_method(method);
        if name.ends_with('/') {
            zip.add_directory(*name, options).unwrap();
        } else {
            zip.start_file(*name, options).unwrap();
            zip.write_all(bytes).unwrap();
        }
    }
    zip.finish().unwrap().into_inner()
}

/// A name in GBK, as Chinese systems write it: the writer writes ASCII of the same length, which is then replaced.
fn gbk(photo: &[u8]) -> Vec<u8> {
    let name = GBK.encode("张三.jpg").0.into_owned();
    let plain = "x".repeat(name.len() - 4) + ".jpg";
    let mut bytes = zip(&[&plain], photo, CompressionMethod::Stored);
    let places: Vec<usize> = bytes
        .windows(plain.len())
        .enumerate()
        .filter(|(_, window)| *window == plain.as_bytes())
        .map(|(at, _)| at)
        .collect();
    assert_eq!(places.len(), 2);
    places.into_iter().for_each(|at| bytes[at..at + name.len()].copy_from_slice(&name));
    bytes
}

fn link() -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.add_symlink("link.jpg", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    zip.finish().unwrap().into_inner()
}
