//! What is read, what is refused, and what a file says about itself. No models needed.

use image::{
    DynamicImage, ExtendedColorType, GrayImage, ImageEncoder as _, ImageFormat, RgbImage,
    codecs::jpeg::JpegEncoder, imageops,
};
use verify::{
    Finding, Refusal, RuleSet, draw,
    image::{Colour, Dpi, Facts, Format, Limits, decode, decode_for_face, encode_jpeg, inspect},
    standard::{Evidence, Limit, Mark, Status, Surroundings, Value, findings},
};

fn refused(bytes: &[u8]) -> Refusal {
    decode(bytes, Limits::default()).unwrap_err()
}

fn photo() -> RgbImage {
    RgbImage::from_fn(64, 48, |x, y| image::Rgb([(x * 4) as u8, (y * 5) as u8, 128]))
}

fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A JPEG file with an extra segment after its start.
fn with_segment(jpeg: &[u8], marker: u8, content: &[u8]) -> Vec<u8> {
    let len = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    let (start, rest) = jpeg.split_at(2);
    [start, &[0xff, marker], &len, content, rest].concat()
}

/// Exif with one directory; entries are (tag, type, count, value as four bytes), `data` follows the directory.
fn exif(entries: &[(u16, u16, u32, u32)], data: &[u8]) -> Vec<u8> {
    let mut tiff = b"Exif\0\0II*\0\x08\0\0\0".to_vec();
    tiff.extend(u16::try_from(entries.len()).unwrap().to_le_bytes());
    for (tag, kind, count, value) in entries {
        tiff.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        tiff.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    tiff.extend([0; 4]);
    tiff.extend(data);
    tiff
}

#[test]
fn a_file_without_bytes_is_empty() {
    assert_eq!(refused(b""), Refusal::Empty);
}

#[test]
fn what_is_not_an_image_is_said_not_to_be_one() {
    for bytes in
        [&b"Hello, this is a text."[..], b"PK\x03\x04 a zip", b"%PDF-1.7", b"\0\0\0\0", b"BMW is a car maker"]
    {
        assert!(matches!(refused(bytes), Refusal::NotAnImage | Refusal::Truncated), "{bytes:?}");
    }
    assert_eq!(refused(b"Hello, this is a text."), Refusal::NotAnImage);
}

#[test]
fn formats_that_are_not_read_are_named() {
    assert_eq!(refused(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"), Refusal::Heic);
    for (bytes, name) in [
        (&b"GIF89a\x01\0\x01\0"[..], "GIF"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP"),
        (b"II*\0\x08\0\0\0", "TIFF"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "AVIF"),
    ] {
        assert_eq!(refused(bytes), Refusal::UnsupportedFormat { format: name.to_owned() });
    }
}

#[test]
fn a_file_cut_anywhere_is_truncated_or_damaged_and_never_read() {
    let whole = encode_jpeg(&photo(), 90, Some(300));
    for len in 3..whole.len() - 1 {
        let refusal = refused(&whole[..len]);
        assert!(matches!(refusal, Refusal::Truncated), "{len}: {refusal:?}");
    }
    let png = encoded(photo(), ImageFormat::Png);
    assert_eq!(refused(&png[..png.len() / 2]), Refusal::Truncated);
    let bmp = encoded(photo(), ImageFormat::Bmp);
    assert!(matches!(refused(&bmp[..bmp.len() / 2]), Refusal::Truncated | Refusal::Damaged));
}

#[test]
fn printing_colours_are_refused() {
    // A frame header with four components is all that is looked at.
    let whole = encode_jpeg(&photo(), 90, None);
    let frame = [8, 0, 48, 0, 64, 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0];
    assert_eq!(refused(&with_segment(&whole, 0xc0, &frame)), Refusal::Cmyk);
}

#[test]
fn a_file_over_a_limit_is_refused_before_it_is_decoded() {
    let bytes = encode_jpeg(&photo(), 90, None);
    let small = Limits { max_bytes: 100, ..Limits::default() };
    assert_eq!(
        decode(&bytes, small).unwrap_err(),
        Refusal::TooLarge { bytes: bytes.len() as u64, limit: 100 }
    );
    let few = Limits { max_pixels: 1000, ..Limits::default() };
    assert_eq!(decode(&bytes, few).unwrap_err(), Refusal::TooManyPixels { pixels: 64 * 48, limit: 1000 });

    // A bomb: a header that promises four billion pixels.
    let frame = [8, 0xff, 0xff, 0xff, 0xff, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0];
    assert!(matches!(refused(&with_segment(&bytes, 0xc0, &frame)), Refusal::TooManyPixels { .. }));
}

#[test]
fn a_jpeg_says_its_size_resolution_colour_and_quality() {
    for quality in [30, 60, 75, 90, 95] {
        let facts = inspect(&encode_jpeg(&photo(), quality, Some(300))).unwrap();
        assert_eq!(facts.quality, Some(quality));
        assert_eq!((facts.width, facts.height, facts.colour), (64, 48, Colour::Rgb8));
        assert_eq!(facts.dpi, Some(Dpi { x: 300.0, y: 300.0 }));
    }
    let mut grey = Vec::new();
    JpegEncoder::new(&mut grey)
        .write_image(GrayImage::new(8, 8).as_raw(), 8, 8, ExtendedColorType::L8)
        .unwrap();
    assert_eq!(inspect(&grey).unwrap().colour, Colour::Grey);
    assert_eq!(decode(&grey, Limits::default()).unwrap().pixels.dimensions(), (8, 8));
}

#[test]
fn a_photo_lying_on_its_side_is_turned_upright() {
    let lying = with_segment(&encode_jpeg(&photo(), 95, None), 0xe1, &exif(&[(0x0112, 3, 1, 6)], &[]));
    let Facts { width, height, orientation, .. } = inspect(&lying).unwrap();
    assert_eq!((width, height, orientation), (64, 48, 6));
    let upright = decode(&lying, Limits::default()).unwrap().pixels;
    assert_eq!(upright.dimensions(), (48, 64));
    // What was at the lower left is now at the upper left.
    let (before, after) = (photo().get_pixel(0, 47).0, upright.get_pixel(0, 0).0);
    assert!(before.iter().zip(after).all(|(a, b)| a.abs_diff(b) < 12), "{before:?} {after:?}");
}

#[test]
fn of_a_large_jpeg_only_a_part_is_decoded_for_its_face() {
    let large = imageops::resize(&photo(), 2700, 2000, imageops::FilterType::Triangle);
    let lying = with_segment(&encode_jpeg(&large, 95, None), 0xe1, &exif(&[(0x0112, 3, 1, 6)], &[]));
    let whole = decode(&lying, Limits::default()).unwrap();
    let part = decode_for_face(&lying, Limits::default()).unwrap();
    assert_eq!((whole.pixels.dimensions(), part.pixels.dimensions()), ((2000, 2700), (1000, 1350)));
    assert_eq!(part.facts, whole.facts);
    for (x, y) in [(10, 10), (500, 700), (990, 1340)] {
        let (one, other) = (whole.pixels.get_pixel(2 * x, 2 * y).0, part.pixels.get_pixel(x, y).0);
        assert!(one.iter().zip(other).all(|(a, b)| a.abs_diff(b) < 12), "{one:?} {other:?}");
    }
    let grey = DynamicImage::ImageRgb8(large).into_luma8();
    let mut bytes = Vec::new();
    JpegEncoder::new(&mut bytes).write_image(grey.as_raw(), 2700, 2000, ExtendedColorType::L8).unwrap();
    assert_eq!(decode_for_face(&bytes, Limits::default()).unwrap().pixels.dimensions(), (1350, 1000));
    // What is wrong with one is said as of any other.
    let torn = bytes.get(..bytes.len() / 2).unwrap();
    assert_eq!(
        decode_for_face(torn, Limits::default()).map(|photo| photo.pixels.dimensions()),
        decode(torn, Limits::default()).map(|photo| photo.pixels.dimensions())
    );
    // A small photo is decoded whole.
    let small = encode_jpeg(&photo(), 95, None);
    let (one, other) = (decode(&small, Limits::default()), decode_for_face(&small, Limits::default()));
    assert_eq!(one.unwrap().pixels, other.unwrap().pixels);
}

#[test]
fn exif_says_resolution_program_and_time() {
    let data = [&300u32.to_le_bytes()[..], &1u32.to_le_bytes(), b"Editor 9\0"].concat();
    // The directory has four entries: its data begins at 8 + 2 + 4 × 12 + 4 = 62.
    let entries = [(0x011a, 5, 1, 62), (0x011b, 5, 1, 62), (0x0128, 3, 1, 2), (0x0131, 2, 9, 70)];
    let plain = encode_jpeg(&photo(), 90, None);
    let facts = inspect(&with_segment(&plain, 0xe1, &exif(&entries, &data))).unwrap();
    assert_eq!(facts.dpi, Some(Dpi { x: 300.0, y: 300.0 }));
    assert_eq!(facts.software.as_deref(), Some("Editor 9"));
    // Nonsense in Exif is as if it were not there.
    let nonsense = exif(&[(0x0112, 3, 1, 99), (0x011a, 5, 1, u32::MAX), (0x8769, 4, 1, u32::MAX)], &[]);
    let facts = inspect(&with_segment(&plain, 0xe1, &nonsense)).unwrap();
    assert_eq!((facts.orientation, facts.dpi), (1, None));
}

#[test]
fn png_and_bmp_are_read_too() {
    for (format, name) in [(ImageFormat::Png, Format::Png), (ImageFormat::Bmp, Format::Bmp)] {
        let read = decode(&encoded(photo(), format), Limits::default()).unwrap();
        assert_eq!(read.pixels, photo());
        assert_eq!((read.facts.format, read.facts.colour, read.facts.quality), (name, Colour::Rgb8, None));
    }
}

#[test]
fn any_damage_to_a_file_ends_in_an_answer() {
    let whole = draw::portrait_jpeg(1, 1);
    for n in 0..200 {
        let mut bytes = whole.clone();
        let place = (n * 7919) % bytes.len();
        bytes[place] ^= 1 << (n % 8);
        let _ = decode(&bytes, Limits::default());
        let _ = inspect(&bytes[place..]);
    }
}

/// The findings of a photo nobody looked for faces in.
fn judged(bytes: &[u8], rules: &RuleSet, measure: &str) -> Finding {
    let photo = decode(bytes, Limits::default()).unwrap();
    let surroundings = Surroundings::of(&photo.pixels, None);
    let evidence =
        Evidence { photo: &photo, faces: &[], surroundings: &surroundings, eye_tilt: None, expression: None };
    let found = findings(rules, &evidence);
    found.into_iter().find(|finding| finding.measure == measure).unwrap()
}

/// A portrait whose Exif says when it was taken (19 characters) and by what program (9 characters).
fn taken(time: &str, program: &str) -> Vec<u8> {
    // The first directory begins at 8 and has two entries, its data at 38: the program's name, then a directory of one
    // entry, the time, which follows at 66.
    let mut data = format!("{program}\0").into_bytes();
    data.resize(10, 0);
    data.extend([1u16.to_le_bytes(), 0x9003u16.to_le_bytes(), 2u16.to_le_bytes()].concat());
    data.extend([20u32.to_le_bytes(), 66u32.to_le_bytes(), 0u32.to_le_bytes()].concat());
    data.extend(time.as_bytes());
    data.push(0);
    let length = u32::try_from(program.len() + 1).unwrap();
    with_segment(
        &draw::portrait_jpeg(1, 0),
        0xe1,
        &exif(&[(0x0131, 2, length, 38), (0x8769, 4, 1, 48)], &data),
    )
}

#[test]
fn a_photo_is_held_to_the_days_of_capture_if_it_says_its_day() {
    let rules = RuleSet::jbz_2017_99().unwrap();
    let campaign = rules.clone().captured_between("2026-03-01", "2026-04-30");
    let status = |time: &str, rules: &RuleSet| judged(&taken(time, "Camera"), rules, "taken").status;
    assert_eq!(status("2026:03:01 08:00:00", &campaign), Status::Passed);
    assert_eq!(status("2026:04:30 23:59:59", &campaign), Status::Passed);
    assert_eq!(status("2024:05:12 10:00:00", &campaign), Status::Failed);
    assert_eq!(status("2026:05:01 00:00:00", &campaign), Status::Failed);
    // No campaign, no clock, no Exif: nothing is known, and nothing passes.
    assert_eq!(status("2026:03:01 08:00:00", &rules), Status::NotMeasurable);
    assert_eq!(status("0000:00:00 00:00:00", &campaign), Status::NotMeasurable);
    assert_eq!(judged(&draw::portrait_jpeg(1, 0), &campaign, "taken").status, Status::NotMeasurable);
    let finding = judged(&taken("2024:05:12 10:00:00", "Camera"), &campaign, "taken");
    assert_eq!(finding.measured, Some(Value::Word { word: "2024-05-12".to_owned() }));
    assert_eq!(finding.limit, Some(Limit::Words { words: vec!["2026-03-01–2026-04-30".to_owned()] }));
}

#[test]
fn an_editing_program_s_name_fails_and_no_name_never_passes() {
    let rules = RuleSet::jbz_2017_99().unwrap();
    let finding = judged(&taken("2026:03:01 08:00:00", "GIMP 2.10"), &rules, "not_edited");
    assert_eq!(finding.status, Status::Failed);
    assert_eq!(finding.measured, Some(Value::Word { word: "GIMP 2.10".to_owned() }));
    let finding = judged(&taken("2026:03:01 08:00:00", "Firmware"), &rules, "not_edited");
    assert_eq!(finding.status, Status::NotMeasurable);
    assert_eq!(judged(&draw::portrait_jpeg(1, 0), &rules, "not_edited").status, Status::NotMeasurable);
}

#[test]
fn a_black_edge_is_measured_in_the_standard_s_frame_and_shown() {
    let rules = RuleSet::jbz_2017_99().unwrap();
    let good = draw::portrait(1, 0).pixels;
    assert_eq!(judged(&encode_jpeg(&good, 90, Some(300)), &rules, "border").status, Status::Passed);
    let mut large = image::imageops::resize(&good, 960, 1280, image::imageops::FilterType::Triangle);
    for (x, _, pixel) in large.enumerate_pixels_mut() {
        if x < 20 {
            pixel.0 = [0; 3];
        }
    }
    let finding = judged(&encode_jpeg(&large, 90, Some(300)), &rules, "border");
    assert_eq!(finding.status, Status::Failed);
    let Some(Value::Number { number, .. }) = finding.measured else { panic!("{finding:?}") };
    assert!((number - 10.0).abs() <= 0.5, "{number}");
    assert!(matches!(finding.marks.as_slice(), [Mark::Area { rect }] if (rect.width - 20.0).abs() <= 1.0));
}

#[test]
fn background_findings_show_where_they_looked_and_what_was_odd() {
    let rules = RuleSet::jbz_2017_99().unwrap();
    let mut photo = draw::portrait(1, 0).pixels;
    assert_eq!(judged(&encode_jpeg(&photo, 90, Some(300)), &rules, "background_colour").marks.len(), 3);
    // Something red at the left, as high as a third of the photo.
    for (x, y, pixel) in photo.enumerate_pixels_mut() {
        if x < 40 && (80..280).contains(&y) {
            pixel.0 = [200, 40, 40];
        }
    }
    let finding = judged(&encode_jpeg(&photo, 90, Some(300)), &rules, "background_uniform");
    assert_eq!(finding.status, Status::Failed);
    let [Mark::Area { rect }] = finding.marks.as_slice() else { panic!("{:?}", finding.marks) };
    assert!((60.0..=82.0).contains(&rect.y) && rect.x == 0.0 && rect.height >= 195.0, "{rect:?}");
    // Nobody's head was found: no line, and no band either.
    assert!(judged(&encode_jpeg(&photo, 90, Some(300)), &rules, "head_top").marks.is_empty());
}
