//! Portraits of which the face fills from a seventh to nearly all of the frame, turned four ways as cameras turn them.

use anyhow::Result;
use image::{Rgb, RgbImage, imageops};
use tests::table::Table;
use verify::image::encode_jpeg;
use verify::{Engine, FacePolicy, draw};

/// How many people are drawn.
const PEOPLE: u64 = 50;
/// The share of the frame's height that the face fills.
const SHARES: [f32; 10] = [0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 0.95];
/// How the camera was held, as EXIF says it.
const TURNS: [u8; 4] = [1, 3, 6, 8];

/// Measures it.
pub(crate) fn measure(engine: &Engine, table: &mut Table) -> Result<()> {
    let cases: Vec<(u64, f32, u8)> = (0..PEOPLE)
        .flat_map(|person| SHARES.iter().flat_map(move |share| TURNS.map(|turn| (person, *share, turn))))
        .collect();
    let all = cases.len();
    let missed: Vec<(u64, f32, u8)> = engine
        .batch(cases, |engine, (person, share, turn)| {
            let photo = framed(person, share, turn);
            engine.template_patiently(photo, &FacePolicy::STRICT).is_err().then_some((person, share, turn))
        })
        .into_iter()
        .flatten()
        .collect();
    for (person, share, turn) in &missed {
        eprintln!("person {person}, face {share} of the frame, turned {turn}: not found");
    }
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let found = 100.0 * (all - missed.len()) as f64 / all as f64;
    table.at_least(format!("{all} portraits at ten scales, turned four ways: found"), found, "%", 99.9);
    Ok(())
}

/// A portrait scaled so that its face fills so much of a frame of 960 × 1280, as a file that says how it is turned.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "sides of pictures"
)]
fn framed(person: u64, share: f32, turn: u8) -> Vec<u8> {
    let (width, height) = (960u32, 1280u32);
    let portrait = draw::portrait(person, 0);
    // From the top of the hair to a chin as far below the eyes as they are below the hair.
    let eyes = portrait.landmarks.between_eyes();
    let face = 2.0 * (eyes.y - portrait.head_top);
    let scale = share * height as f32 / face;
    let size = |side: u32| (side as f32 * scale).round().max(1.0) as u32;
    let (scaled_width, scaled_height) = (size(portrait.pixels.width()), size(portrait.pixels.height()));
    let scaled =
        imageops::resize(&portrait.pixels, scaled_width, scaled_height, imageops::FilterType::Triangle);
    let mut frame = RgbImage::from_pixel(width, height, Rgb([100, 197, 255]));
    let left = i64::from(width / 2) - (eyes.x * scale) as i64;
    let top = i64::from(height / 2) - (eyes.y * scale) as i64;
    imageops::overlay(&mut frame, &scaled, left, top);
    // The camera stored it so that turning it as it says shows it upright.
    let stored = match turn {
        3 => imageops::rotate180(&frame),
        6 => imageops::rotate270(&frame),
        8 => imageops::rotate90(&frame),
        _ => frame,
    };
    with_orientation(&encode_jpeg(&stored, 90, None), turn)
}

/// Adds an EXIF segment with nothing but the orientation.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let tiff = [
        b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(),
        &[orientation, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    let length = u16::try_from(tiff.len() + 2).unwrap_or_default().to_be_bytes();
    let (start, rest) = jpeg.split_at(2);
    [start, &[0xff, 0xe1], &length, &tiff, rest].concat()
}
