//! How well each finding tells photos that keep a rule from photos that break it: the equal error rate.
//!
//! Real faces of LFW's development split are set before a plain background, in the standard's frame: a face is cut out
//! as an oval, so that the top of the head, the eye line, the width and the middle are where the scene says. What is
//! broken is broken on purpose, from a seed, one thing at a time. The places in the scene come from the detector's look
//! at the original photo: a finding about a place is held to the same detector's answer on another picture of the face.
//!
//! Eyes are closed, mouths opened and heads nodded by moving pixels ([`deform`](super::deform)). Which eyes and mouths are open
//! as photographed nobody wrote down: eyes count as open, and mouths are closed by moving pixels, too. Heads turned sideways
//! are taken as they are, sorted by how far the nose is from the middle between the eyes.

use std::borrow::Cow;
use std::collections::{BTreeMap, btree_map::Entry};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use fs_err as fs;
use image::{Rgb, RgbImage, imageops};
use models::Installed;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;
use verify::expression::Expression;
use verify::geometry::{Detection, Point};
use verify::image::encode_jpeg;
use verify::model::{ExpressionReader, Runtime};
use verify::standard::{Finding, Limit, Status, Value};
use verify::{Engine, RuleSet, draw};

use crate::{Args, deform};

const SEED: u64 = 20_261_126;
/// How often the photos are drawn again for an interval.
const RESAMPLES: usize = 200;
/// A nose this far from the middle between the eyes, as a share of their distance, is turned; so near is not.
const TURNED: f32 = 0.25;
const AHEAD: f32 = 0.06;

/// One thing that is broken, and the finding that should notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Broken {
    Blur,
    Dark,
    Bright,
    BurntOut,
    Tilt,
    EyesHighOrLow,
    FaceNarrowOrWide,
    Shifted,
    HeadHighOrLow,
    Jpeg,
    Border,
    OtherBackground,
    Shade,
    SecondFace,
    ClosedEyes,
    /// Nothing is wrong with it: what an open one is held against.
    ClosedMouth,
    OpenMouth,
    Nod,
}

impl Broken {
    /// What its photos are held against. None: the photos nothing was done to.
    fn kept(self) -> Option<Self> {
        (self == Self::OpenMouth).then_some(Self::ClosedMouth)
    }
}

/// The finding, the degradation in words, and which way of the measured number is worse.
const CASES: [(&str, Broken, &str, Worse); 18] = [
    ("sharpness", Broken::Blur, "blurred, sigma 2 to 5 px", Worse::Low),
    ("exposure", Broken::Dark, "darkened to 0.2 to 0.4 of its light", Worse::Low),
    ("exposure", Broken::Bright, "brightened 1.9 to 2.6 times", Worse::High),
    ("clipping", Broken::BurntOut, "brightened 2 to 3 times", Worse::High),
    ("eye_level", Broken::Tilt, "tilted 12 to 25 degrees; kept: up to 4", Worse::High),
    ("head_roll", Broken::Tilt, "tilted 12 to 25 degrees; kept: up to 4", Worse::High),
    ("eye_line", Broken::EyesHighOrLow, "15 to 60 px outside; kept: 10 px inside", Worse::Away(250.0)),
    ("face_width", Broken::FaceNarrowOrWide, "20 to 60 px outside; kept: 10 px inside", Worse::Away(240.0)),
    ("centring", Broken::Shifted, "shifted 20 to 60 px; kept: up to 8", Worse::High),
    ("head_top", Broken::HeadHighOrLow, "15 to 40 px outside; kept: 10 px inside", Worse::Away(80.0)),
    ("jpeg_quality", Broken::Jpeg, "quality 20 to 55; kept: 65 to 95", Worse::Low),
    ("border", Broken::Border, "bars of 2 to 20 px on one to four edges", Worse::High),
    ("background_colour", Broken::OtherBackground, "another colour; kept: up to 6 levels off", Worse::Fails),
    ("background_uniform", Broken::Shade, "a shade of 40 to 120 levels across", Worse::High),
    ("face_count", Broken::SecondFace, "a second face of half the size", Worse::High),
    ("eyes_open", Broken::ClosedEyes, "both closed; kept: as photographed", Worse::Low),
    ("mouth_closed", Broken::OpenMouth, "opened by 0.2 to 0.5 of its width; kept: closed", Worse::High),
    ("head_pitch", Broken::Nod, "nodded by 18 to 28 degrees; kept: as it is", Worse::High),
];

/// Findings that nothing is made for, and why.
const NOT_MEASURED: [(&str, &str); 4] = [
    ("not_edited", "a tag is read; what was edited need not say so"),
    ("pixel_size, resolution, true_colour, format, file_size", "read from the file, exact"),
    ("eye_distance", "in no rule of the standard"),
    ("by_eye", "for a person's eyes"),
];

/// Which numbers are worse.
#[derive(Debug, Clone, Copy)]
enum Worse {
    Low,
    High,
    /// Further from this.
    Away(f64),
    /// No number: it fails or not.
    Fails,
}

impl Worse {
    /// How bad a finding is; larger is worse. None if it was not measurable.
    fn badness(self, finding: &Finding) -> Option<f64> {
        let number = match &finding.measured {
            Some(Value::Number { number, .. }) => Some(*number),
            _ => None,
        };
        match self {
            Self::Low => number.map(|number| -number),
            Self::High => number,
            Self::Away(middle) => number.map(|number| (number - middle).abs()),
            Self::Fails => match finding.status {
                Status::Passed => Some(0.0),
                Status::Failed => Some(1.0),
                Status::NotMeasurable => None,
            },
        }
    }

    /// A threshold of badness as the finding words it.
    fn words(self, badness: f64) -> String {
        match self {
            Self::Low => format!("{:.2}", -badness),
            Self::High => format!("{badness:.2}"),
            Self::Away(middle) => format!("{middle:.0} ± {badness:.1}"),
            Self::Fails => "fails".to_owned(),
        }
    }
}

/// A photo of a face, and what the detector saw in it.
struct Source {
    pixels: RgbImage,
    face: Detection,
    held: Option<Expression>,
}

impl Source {
    /// The same face, held otherwise. None if the models do not see where.
    fn held_otherwise(&self, broken: Option<Broken>, rng: &mut StdRng) -> Option<Cow<'_, RgbImage>> {
        let at = &self.face.landmarks;
        let mouth = || self.held.map(|held| held.mouth);
        let closed = || Some((deform::close_mouth(&self.pixels, at, &mouth()?), mouth()?));
        Some(Cow::Owned(match broken {
            Some(Broken::ClosedEyes) => {
                let [right, left] = self.held?.eyes?;
                deform::close_eye(&deform::close_eye(&self.pixels, at, &right), at, &left)
            }
            Some(Broken::ClosedMouth) => closed()?.0,
            Some(Broken::OpenMouth) => {
                let (closed, mouth) = closed()?;
                deform::open_mouth(&closed, at, &mouth, rng.random_range(0.2..=0.5))
            }
            Some(Broken::Nod) => {
                let by = rng.random_range(18.0f32..=28.0);
                deform::nod(&self.pixels, &self.face, if rng.random() { by } else { -by })
            }
            _ => return Some(Cow::Borrowed(&self.pixels)),
        }))
    }
}

/// How a face is set before the background. Pixels of the standard's frame.
#[derive(Debug, Clone)]
struct Scene {
    eyes: f32,
    middle: f32,
    width: f32,
    top: f32,
    tilt: f32,
    colour: [u8; 3],
    shade: f32,
}

impl Scene {
    /// One that keeps every rule.
    fn kept(rng: &mut StdRng) -> Self {
        let jitter =
            |value: u8, by: i16| u8::try_from((i16::from(value) + by).clamp(0, 255)).unwrap_or(value);
        let [red, green, blue] = draw::BACKGROUND;
        Self {
            eyes: rng.random_range(210.0..=290.0),
            middle: 240.0 + rng.random_range(-8.0f32..=8.0),
            width: rng.random_range(190.0..=250.0),
            top: rng.random_range(60.0..=100.0),
            tilt: rng.random_range(-4.0..=4.0),
            colour: [
                jitter(red, rng.random_range(-6..=6)),
                jitter(green, rng.random_range(-6..=6)),
                jitter(blue, rng.random_range(-6..=0)),
            ],
            shade: rng.random_range(0.0..=6.0),
        }
    }

    /// The picture. The oval's widest line is the eyes'.
    fn picture(&self, source: &Source) -> RgbImage {
        self.picture_of(&source.pixels, source)
    }

    /// The same of other pixels of the face.
    fn picture_of(&self, pixels: &RgbImage, source: &Source) -> RgbImage {
        let landmarks = source.face.landmarks;
        let eyes = landmarks.between_eyes();
        let scale = self.width / source.face.face.width;
        let (sin, cos) = (self.tilt - landmarks.roll()).to_radians().sin_cos();
        let to = |point: Point| {
            let (x, y) = ((point.x - eyes.x) * scale, (point.y - eyes.y) * scale);
            (cos * x - sin * y, sin * x + cos * y)
        };
        // The face's middle is to be in the middle, not the eyes'.
        let left = self.middle - to(source.face.face.centre()).0;
        let (across, above, below) = (self.width * 0.64, self.eyes - self.top, self.width * 1.05);
        RgbImage::from_fn(draw::WIDTH, draw::HEIGHT, |x, y| {
            let (x, y) = (to_f32(x), to_f32(y));
            let (dx, dy) = (x - left, y - self.eyes);
            let reach = if dy < 0.0 { above } else { below };
            let inside = 1.0 - (dx / across).hypot(dy / reach);
            let cover = (inside * across / 2.0 + 0.5).clamp(0.0, 1.0);
            let back = self.colour.map(|value| f32::from(value) - self.shade * x / to_f32(draw::WIDTH));
            let from = Point {
                x: eyes.x + (cos * dx + sin * dy) / scale,
                y: eyes.y + (cos * dy - sin * dx) / scale,
            };
            let face = sample(pixels, from);
            let mut mixed = back.into_iter().zip(face).map(|(back, face)| back + (face - back) * cover);
            Rgb(std::array::from_fn(|_| to_byte(mixed.next().unwrap_or(0.0))))
        })
    }
}

/// The colour at a place, bilinear; outside the photo that of its edge.
pub(super) fn sample(photo: &RgbImage, at: Point) -> [f32; 3] {
    let (width, height) = (photo.width() - 1, photo.height() - 1);
    let (x, y) = (at.x.clamp(0.0, to_f32(width)), at.y.clamp(0.0, to_f32(height)));
    let (x0, y0) = (to_u32(x), to_u32(y));
    let (right, down) = (x - to_f32(x0), y - to_f32(y0));
    let pixel = |x: u32, y: u32| photo.get_pixel(x.min(width), y.min(height)).0.map(f32::from);
    let [a, b, c, d] = [pixel(x0, y0), pixel(x0 + 1, y0), pixel(x0, y0 + 1), pixel(x0 + 1, y0 + 1)];
    let mut rows = a.into_iter().zip(b).zip(c.into_iter().zip(d)).map(|((a, b), (c, d))| {
        let (above, below) = (a + (b - a) * right, c + (d - c) * right);
        above + (below - above) * down
    });
    std::array::from_fn(|_| rows.next().unwrap_or(0.0))
}

/// A photo file that keeps every rule, or breaks one. None if this face can't be made to break it.
fn photo(source: &Source, other: &Source, broken: Option<Broken>, seed: u64) -> Option<Vec<u8>> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut scene = Scene::kept(&mut rng);
    let mut quality = rng.random_range(65..=95);
    let outside = |rng: &mut StdRng, (low, high): (f32, f32), (from, to): (f32, f32)| {
        let by = rng.random_range(from..=to);
        if rng.random() { low - by } else { high + by }
    };
    match broken {
        Some(Broken::Tilt) => scene.tilt = outside(&mut rng, (0.0, 0.0), (12.0, 25.0)),
        Some(Broken::EyesHighOrLow) => {
            scene.eyes = outside(&mut rng, (200.0, 300.0), (15.0, 60.0));
            scene.top = scene.top.min(scene.eyes - 100.0);
        }
        Some(Broken::FaceNarrowOrWide) => scene.width = outside(&mut rng, (180.0, 300.0), (20.0, 60.0)),
        Some(Broken::Shifted) => scene.middle = 240.0 + outside(&mut rng, (0.0, 0.0), (20.0, 60.0)),
        Some(Broken::HeadHighOrLow) => scene.top = outside(&mut rng, (50.0, 110.0), (15.0, 40.0)),
        Some(Broken::Jpeg) => quality = rng.random_range(20..=55),
        Some(Broken::OtherBackground) => scene.colour = other_colour(&mut rng),
        Some(Broken::Shade) => scene.shade = rng.random_range(40.0..=120.0),
        _ => {}
    }
    let mut picture = scene.picture_of(&*source.held_otherwise(broken, &mut rng)?, source);
    match broken {
        Some(Broken::Blur) => picture = imageops::blur(&picture, rng.random_range(2.0..=5.0)),
        Some(Broken::Dark) => lit(&mut picture, rng.random_range(0.2..=0.4)),
        Some(Broken::Bright) => lit(&mut picture, rng.random_range(1.9..=2.6)),
        Some(Broken::BurntOut) => lit(&mut picture, rng.random_range(2.0..=3.0)),
        Some(Broken::Border) => bars(&mut picture, &mut rng),
        Some(Broken::SecondFace) => {
            let second = Scene { eyes: 250.0, width: 200.0, ..Scene::kept(&mut rng) }.picture(other);
            let second = imageops::resize(&second, 240, 320, imageops::FilterType::Triangle);
            imageops::replace(&mut picture, &second, if rng.random() { 0 } else { 240 }, 320);
        }
        _ => {}
    }
    Some(encode_jpeg(&picture, quality, Some(300)))
}

/// A colour that is none of the standard's.
fn other_colour(rng: &mut StdRng) -> [u8; 3] {
    loop {
        let colour: [u8; 3] = rng.random();
        let far = [draw::BACKGROUND, [255; 3], [240; 3]].iter().all(|allowed| {
            colour.iter().zip(allowed).map(|(a, b)| u32::from(a.abs_diff(*b))).sum::<u32>() > 120
        });
        if far {
            return colour;
        }
    }
}

fn lit(picture: &mut RgbImage, by: f32) {
    picture.pixels_mut().for_each(|pixel| pixel.0 = pixel.0.map(|value| to_byte(f32::from(value) * by)));
}

fn bars(picture: &mut RgbImage, rng: &mut StdRng) {
    let colour = if rng.random() { [rng.random_range(0..=40); 3] } else { [rng.random_range(0..=255); 3] };
    let mut thick = [0u32; 4];
    thick.iter_mut().take(rng.random_range(1..=4)).for_each(|thick| *thick = rng.random_range(2..=20));
    thick.shuffle(rng);
    let [left, top, right, bottom] = thick;
    let (width, height) = picture.dimensions();
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        if x < left || y < top || x + right >= width || y + bottom >= height {
            pixel.0 = colour;
        }
    }
}

/// What came of one finding over good and broken photos.
struct Told {
    good: Vec<f64>,
    bad: Vec<f64>,
    /// Photos on which nothing was measured.
    unmeasured: (usize, usize),
    limit: Option<String>,
    /// Kept photos that failed and broken ones that passed, by the rule as it is.
    wrong: (usize, usize),
}

/// Measures all of it.
pub(crate) fn measure(args: &Args, engine: &Engine, installed: &Installed) -> Result<()> {
    let Some(folder) = args.faces() else { return Ok(()) };
    args.pictures.as_ref().map_or(Ok(()), fs::create_dir_all)?;
    let sources = sources(engine, folder, args.findings_photos, installed)?;
    println!("{} photos of faces, one of a person", sources.len());
    let rules = Arc::new(RuleSet::jbz_2017_99()?);
    let judged = |broken: Option<Broken>| -> Result<Vec<Vec<Finding>>> {
        let numbers: Vec<usize> = (0..sources.len()).collect();
        let judge = |engine: &Engine, number: usize| -> Result<Option<Vec<Finding>>> {
            let source = sources.get(number).context("no photo")?;
            let other = sources.get((number + 1) % sources.len()).context("no photo")?;
            let salt = broken.map_or(0, |broken| broken as u64 + 1);
            let Some(bytes) = photo(source, other, broken, SEED ^ (number as u64 * 64 + salt)) else {
                return Ok(None);
            };
            if let Some(folder) = &args.pictures {
                let kind = broken.map_or_else(|| "Kept".to_owned(), |broken| format!("{broken:?}"));
                fs::write(folder.join(format!("{kind}-{number}.jpg")), &bytes)?;
            }
            Ok(Some(engine.analyse_patiently(bytes, &rules)?.summary.findings))
        };
        let judged: Result<Vec<Option<_>>> = engine.batch(numbers, judge).into_iter().collect();
        Ok(judged?.into_iter().flatten().collect())
    };
    let mut seen: BTreeMap<Option<Broken>, Vec<Vec<Finding>>> = BTreeMap::new();
    for (measure, broken, degradation, worse) in CASES {
        for wanted in [broken.kept(), Some(broken)] {
            if let Entry::Vacant(place) = seen.entry(wanted) {
                place.insert(judged(wanted)?);
            }
        }
        let of = |wanted| seen.get(&wanted).map(Vec::as_slice).unwrap_or_default();
        let told = told(measure, worse, of(broken.kept()), of(Some(broken)));
        report(args.json, measure, degradation, worse, &told);
    }
    turned(args.json, engine, &rules, &sources)?;
    for (measure, why) in NOT_MEASURED {
        println!("{measure:<20} not measured: {why}");
    }
    bias(installed, &sources)
}

/// Photos of different people with one face each, in an order of their own.
fn sources(engine: &Engine, folder: &Path, count: usize, installed: &Installed) -> Result<Vec<Source>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for person in fs::read_dir(folder)? {
        let person = person?;
        if person.file_type()?.is_dir() {
            let photos: Result<Vec<PathBuf>, std::io::Error> =
                fs::read_dir(person.path())?.map(|photo| photo.map(|photo| photo.path())).collect();
            files.extend(photos?.into_iter().min());
        }
    }
    files.sort();
    files.shuffle(&mut StdRng::seed_from_u64(SEED));
    files.truncate(count);
    let rules = Arc::new(RuleSet::demo_relaxed()?);
    let read = |engine: &Engine, path: PathBuf| -> Result<Option<(RgbImage, Detection)>> {
        let bytes = fs::read(path)?;
        let pixels = image::load_from_memory(&bytes)?.into_rgb8();
        let analysis = engine.analyse_patiently(bytes, &rules)?;
        Ok(match analysis.summary.faces.as_slice() {
            [face] => Some((pixels, *face)),
            _ => None,
        })
    };
    let read: Result<Vec<_>> = engine.batch(files, read).into_iter().collect();
    let mut reader = ExpressionReader::new(&Runtime::load(installed.runtime())?, installed.features());
    let seen = read?.into_iter().flatten().map(|(pixels, face)| {
        let held = reader.look(&pixels, &face.face)?;
        Ok(Source { pixels, face, held })
    });
    seen.collect()
}

fn told(measure: &str, worse: Worse, good: &[Vec<Finding>], bad: &[Vec<Finding>]) -> Told {
    let of = |photos: &[Vec<Finding>]| -> Vec<Finding> {
        let find = |findings: &Vec<Finding>| findings.iter().find(|one| one.measure == measure).cloned();
        photos.iter().filter_map(find).collect()
    };
    let (good, bad) = (of(good), of(bad));
    let limit = good.iter().chain(&bad).find_map(|finding| finding.limit.as_ref()).map(limit_words);
    let numbers = |of: &[Finding]| of.iter().filter_map(|one| worse.badness(one)).collect::<Vec<f64>>();
    let count = |of: &[Finding], status| of.iter().filter(|one| one.status == status).count();
    let (kept, broken) = (numbers(&good), numbers(&bad));
    Told {
        unmeasured: (good.len() - kept.len(), bad.len() - broken.len()),
        wrong: (count(&good, Status::Failed), count(&bad, Status::Passed)),
        good: kept,
        bad: broken,
        limit,
    }
}

/// The rate at which as many kept photos are taken for broken as broken ones for kept, and the badness from which on.
fn equal_error(good: &[f64], bad: &[f64]) -> Option<(f64, f64)> {
    let share = |count: usize, all: usize| to_f64(count) / to_f64(all.max(1));
    let mut thresholds: Vec<f64> = good.iter().chain(bad).copied().collect();
    thresholds.sort_by(f64::total_cmp);
    thresholds.dedup();
    let rates = thresholds.into_iter().map(|threshold| {
        let refused = share(good.iter().filter(|badness| **badness >= threshold).count(), good.len());
        let passed = share(bad.iter().filter(|badness| **badness < threshold).count(), bad.len());
        (refused.max(passed), f64::midpoint(refused, passed), threshold)
    });
    let best = rates.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    best.filter(|_| !good.is_empty() && !bad.is_empty()).map(|(_, rate, threshold)| (rate, threshold))
}

/// 95 in 100 of the rates that other draws of the same photos have.
fn interval(good: &[f64], bad: &[f64]) -> Option<(f64, f64)> {
    let mut rng = StdRng::seed_from_u64(SEED);
    let mut drawn = |of: &[f64]| -> Vec<f64> {
        (0..of.len()).filter_map(|_| of.get(rng.random_range(0..of.len())).copied()).collect()
    };
    let mut rates: Vec<f64> = (0..RESAMPLES)
        .filter_map(|_| {
            let (good, bad) = (drawn(good), drawn(bad));
            equal_error(&good, &bad).map(|(rate, _)| rate)
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    Some((*rates.get(rates.len() / 40)?, *rates.get(rates.len() - 1 - rates.len() / 40)?))
}

fn report(json: bool, measure: &str, degradation: &str, worse: Worse, told: &Told) {
    let (Some((rate, threshold)), Some((low, high))) =
        (equal_error(&told.good, &told.bad), interval(&told.good, &told.bad))
    else {
        println!("{measure:<20} {degradation:<45} not measurable on these photos");
        return;
    };
    let limit = told.limit.as_deref().unwrap_or("–");
    if json {
        let line = json!({
            "finding": measure, "degradation": degradation, "kept": told.good.len(), "broken": told.bad.len(),
            "not_measurable": [told.unmeasured.0, told.unmeasured.1], "eer": rate, "interval": [low, high],
            "threshold": worse.words(threshold), "limit": limit, "kept_failed": told.wrong.0,
            "broken_passed": told.wrong.1,
        });
        println!("{line}");
    } else {
        println!(
            "{measure:<20} {degradation:<45} N {} + {} (not measurable {} + {})  EER {:.1} % [{:.1}, {:.1}]  at {}  \
             rule {limit}: {} kept fail, {} broken pass",
            told.good.len(),
            told.bad.len(),
            told.unmeasured.0,
            told.unmeasured.1,
            rate * 100.0,
            low * 100.0,
            high * 100.0,
            worse.words(threshold),
            told.wrong.0,
            told.wrong.1,
        );
    }
}

fn limit_words(limit: &Limit) -> String {
    match limit {
        Limit::Range { min, max, .. } => match (min, max) {
            (Some(min), Some(max)) => format!("{min} to {max}"),
            (Some(min), None) => format!("≥ {min}"),
            (None, Some(max)) => format!("≤ {max}"),
            (None, None) => "–".to_owned(),
        },
        Limit::Size { width, height } => format!("{width} × {height}"),
        Limit::Colours { near, within } => format!("{} within {within}", near.join(" ")),
        Limit::Words { words } => words.join(" "),
    }
}

/// Heads that are turned sideways in the photos themselves.
fn turned(json: bool, engine: &Engine, rules: &Arc<RuleSet>, sources: &[Source]) -> Result<()> {
    let aside = |source: &Source| {
        let at = source.face.landmarks;
        let along = (at.left_eye.x - at.right_eye.x, at.left_eye.y - at.right_eye.y);
        let (eyes, distance) = (at.between_eyes(), at.eye_distance().max(1.0));
        ((at.nose.x - eyes.x) * along.0 + (at.nose.y - eyes.y) * along.1).abs() / (distance * distance)
    };
    let chosen = |keep: &(dyn Fn(f32) -> bool + Sync)| -> Result<Vec<Vec<Finding>>> {
        let photos: Vec<&Source> = sources.iter().filter(|source| keep(aside(source))).collect();
        let judge = |engine: &Engine, source: &Source| -> Result<Vec<Finding>> {
            let mut rng = StdRng::seed_from_u64(SEED);
            let picture = Scene::kept(&mut rng).picture(source);
            Ok(engine.analyse_patiently(encode_jpeg(&picture, 90, Some(300)), rules)?.summary.findings)
        };
        engine.batch(photos, judge).into_iter().collect()
    };
    let (ahead, aside) = (chosen(&|aside| aside < AHEAD)?, chosen(&|aside| aside > TURNED)?);
    let told = told("head_yaw", Worse::High, &ahead, &aside);
    report(json, "head_yaw", "as photographed, by the nose's place", Worse::High, &told);
    Ok(())
}

/// What is left of the pose model's bias: half the sum over a face and its mirror image, and pitch of faces that look ahead.
fn bias(installed: &Installed, sources: &[Source]) -> Result<()> {
    let runtime = Runtime::load(installed.runtime())?;
    let mut reader = ExpressionReader::new(&runtime, installed.features());
    let (mut yaw, mut pitch, mut roll) = (Vec::new(), Vec::new(), Vec::new());
    for source in sources {
        let mirrored = imageops::flip_horizontal(&source.pixels);
        let face = source.face.face;
        let mut other = face;
        other.x = to_f32(source.pixels.width()) - face.x - face.width;
        let seen = (source.held, reader.look(&mirrored, &other)?);
        let (Some(seen), Some(mirrored)) = seen else { continue };
        let (a, b) = (seen.pose, mirrored.pose);
        yaw.push(f64::from(f32::midpoint(a.yaw, b.yaw)));
        roll.push(f64::from(f32::midpoint(a.roll, b.roll)));
        if f32::midpoint(a.yaw, -b.yaw).abs() < 5.0 {
            pitch.push(f64::from(f32::midpoint(a.pitch, b.pitch)));
        }
    }
    for (name, mut values) in [("yaw", yaw), ("pitch", pitch), ("roll", roll)] {
        values.sort_by(f64::total_cmp);
        let at = |share: usize| values.get(values.len() * share / 100).copied().unwrap_or(f64::NAN);
        println!(
            "pose, {name}: {:.2} degrees are left of the bias (N {}, middle half {:.2} to {:.2})",
            at(50),
            values.len(),
            at(25),
            at(75)
        );
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "sides of photos")]
pub(super) fn to_f32(n: u32) -> f32 {
    n as f32
}

#[expect(clippy::cast_precision_loss, reason = "numbers of photos")]
fn to_f64(n: usize) -> f64 {
    n as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place inside a photo")]
fn to_u32(place: f32) -> u32 {
    place as u32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte first")]
pub(super) fn to_byte(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}
