//! Photos and scans.

use std::io::Cursor;

use image::{GrayImage, ImageFormat, Luma, Rgb, RgbImage};
use tiff::encoder::{Compression, DeflateLevel, TiffEncoder, colortype};

use super::{Seeds, named, object_stream, pdf};

pub(crate) fn jpeg(width: u32, height: u32) -> Vec<u8> {
    encoded(width, height, ImageFormat::Jpeg)
}

fn encoded(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = RgbImage::from_fn(width, height, |x, y| Rgb([(x * 7) as u8, (y * 5) as u8, 200]));
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub(crate) fn photos() -> Seeds {
    let jpeg = jpeg(24, 32);
    // Exif that says: turned by 90° (CIPA DC-008 §4.6.4, tag 0x0112).
    let exif = b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let turned = [&jpeg[..2], exif, &jpeg[2..]].concat();
    let huge = |mut bytes: Vec<u8>| {
        let at = bytes.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap() + 5;
        bytes[at..at + 4].copy_from_slice(&[0xc3, 0x50, 0xc3, 0x50]);
        bytes
    };
    vec![
        named("turned.jpg", turned),
        named("huge.jpg", huge(jpeg.clone())),
        named("half.jpg", &jpeg[..jpeg.len() / 2]),
        named("photo.jpg", jpeg),
        named("photo.png", encoded(24, 32, ImageFormat::Png)),
        named("photo.bmp", encoded(24, 32, ImageFormat::Bmp)),
        named("photo.tif", encoded(24, 32, ImageFormat::Tiff)),
        named("photo.gif", b"GIF89a\x01\0\x01\0\0\0\0;"),
        named("photo.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
    ]
}

pub(crate) fn scans() -> Seeds {
    let jpeg = jpeg(24, 32);
    let picture =
        "/Subtype /Image /Width 24 /Height 32 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode";
    let grey = "/Subtype /Image /Width 24 /Height 32 /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode";
    vec![
        named("picture.pdf", pdf(picture, &jpeg, "")),
        named("flate.pdf", pdf(grey, &pdf::deflated(&[200; 24 * 32]), "")),
        named("key.pdf", pdf(picture, &jpeg, "/Encrypt 9 0 R")),
        named("loop.pdf", pdf::looped()),
        named("object-stream.pdf", object_stream(b"<< /Type /Catalog /Pages 2 0 R >>")),
        named("pages.tif", tiff(3, Compression::Uncompressed)),
        named("deflate.tif", tiff(1, Compression::Deflate(DeflateLevel::Balanced))),
        named("lzw.tif", tiff(1, Compression::Lzw)),
        named("packbits.tif", tiff(1, Compression::Packbits)),
        named("loop.tif", ring()),
        named("scan.jpg", jpeg),
    ]
}

fn tiff(pages: u32, compression: Compression) -> Vec<u8> {
    let page = GrayImage::from_pixel(24, 32, Luma([200]));
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).unwrap().with_compression(compression);
    for _ in 0..pages {
        encoder.write_image::<colortype::Gray8>(24, 32, page.as_raw()).unwrap();
    }
    bytes.into_inner()
}

/// A TIFF whose last directory says that the first comes next.
fn ring() -> Vec<u8> {
    let mut bytes = tiff(1, Compression::Uncompressed);
    let first: [u8; 4] = bytes[4..8].try_into().unwrap();
    let at = u32::from_le_bytes(first) as usize;
    let entries = usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    let next = at + 2 + 12 * entries;
    bytes[next..next + 4].copy_from_slice(&first);
    bytes
}
