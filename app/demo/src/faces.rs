//! Where the made-up students get their faces: a folder of photographs, or drawn portraits.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use image::{DynamicImage, imageops::FilterType};
use verify::draw;

use crate::random::Dice;

/// Students whose photos calibrate the thresholds need three photos each, the others two.
const CALIBRATING: usize = 3;
const COMPARED: usize = 2;

/// The photos of the cohort. The first `calibrating` students have three each, the rest two.
#[derive(Debug)]
pub(crate) struct Faces {
    source: Source,
    /// How many of the first students calibrate the thresholds.
    pub(crate) calibrating: usize,
    /// How many students there are.
    pub(crate) people: usize,
}

#[derive(Debug)]
enum Source {
    Photographs {
        /// The photos of each student.
        people: Vec<Vec<PathBuf>>,
        /// Photos of people who are no students.
        strangers: Vec<PathBuf>,
    },
    Drawn,
}

/// How many people who are no students there are.
const STRANGERS: usize = 3;

/// Which of a student's photos.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// 录取照片, from the admission office.
    Admission = 0,
    /// What the vendor captured.
    Capture = 1,
    /// 学籍照片, which the school took itself; the calibrating half only.
    Entry = 2,
}

impl Faces {
    /// Takes people from `folder`, one folder per person: `half` of those with three photos or more, in an order
    /// drawn from `seed`, and `half` of those with two or more that are left.
    pub(crate) fn photographs(folder: &Path, half: usize, seed: u64) -> Result<Self> {
        let mut people = Vec::new();
        for entry in fs_err::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                people.push(pictures(&path)?);
            }
        }
        people.sort();
        Dice::new(seed).shuffle(&mut people);
        let (many, few): (Vec<_>, Vec<_>) =
            people.into_iter().partition(|photos| photos.len() >= CALIBRATING);
        let calibrating = many.len().min(half);
        let mut rest =
            many.iter().skip(calibrating).chain(few.iter().filter(|photos| photos.len() == COMPARED));
        let chosen: Vec<_> = many.iter().take(calibrating).chain(rest.by_ref().take(half)).cloned().collect();
        let strangers: Vec<PathBuf> =
            rest.filter_map(|photos| photos.first().cloned()).take(STRANGERS).collect();
        if chosen.len() < 2 * half {
            bail!(
                "{} holds too few people: {half} with three photos and {half} more with two are needed, {} were found",
                folder.display(),
                chosen.len()
            );
        }
        Ok(Self {
            people: chosen.len(),
            calibrating,
            source: Source::Photographs { people: chosen, strangers },
        })
    }

    /// Draws `2 × half` people.
    pub(crate) fn drawn(half: usize) -> Self {
        Self { source: Source::Drawn, calibrating: half, people: 2 * half }
    }

    /// `lfw` or `drawn`, as the first line says.
    pub(crate) fn name(&self) -> &'static str {
        match self.source {
            Source::Photographs { .. } => "lfw",
            Source::Drawn => "drawn",
        }
    }

    /// The photo rules that such photos can be held to.
    pub(crate) fn rule_set(&self) -> &'static str {
        match self.source {
            Source::Photographs { .. } => "demo-relaxed",
            Source::Drawn => "jbz-2017-99",
        }
    }

    /// The rules themselves, where they are not those of a standard.
    pub(crate) fn relaxed(&self) -> Result<Option<serde_json::Value>> {
        match self.source {
            Source::Photographs { .. } => {
                let rules =
                    verify::RuleSet::built_in(self.rule_set())?.context("there is no such rule set")?;
                Ok(Some(serde_json::to_value(rules)?))
            }
            Source::Drawn => Ok(None),
        }
    }

    /// A photo of a student as JPEG, 480 × 640.
    pub(crate) fn photo(&self, student: usize, which: Which) -> Result<Vec<u8>> {
        match &self.source {
            Source::Drawn => Ok(draw::portrait_jpeg(student as u64, which as u64)),
            Source::Photographs { people, .. } => {
                let photos = people.get(student).context("there is no such student")?;
                let path = photos.get(which as usize).context("this student has no such photo")?;
                portrait(&fs_err::read(path)?)
            }
        }
    }
}

impl Faces {
    /// Photos of people who are no students.
    pub(crate) fn strangers(&self) -> Result<Vec<Vec<u8>>> {
        match &self.source {
            Source::Drawn => {
                Ok((0..STRANGERS).map(|n| draw::portrait_jpeg((self.people + n) as u64, 1)).collect())
            }
            Source::Photographs { strangers, .. } => {
                strangers.iter().map(|path| portrait(&fs_err::read(path)?)).collect()
            }
        }
    }

    /// A photo halfway between two.
    pub(crate) fn morph(&self, one: &[u8], other: &[u8]) -> Result<Vec<u8>> {
        let (mut one, other) =
            (image::load_from_memory(one)?.to_rgb8(), image::load_from_memory(other)?.to_rgb8());
        for (a, b) in one.pixels_mut().zip(other.pixels()) {
            for (channel, beside) in a.0.iter_mut().zip(b.0) {
                *channel = channel.midpoint(beside);
            }
        }
        encode(&DynamicImage::ImageRgb8(one), 92)
    }
}

fn pictures(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("jpg")) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Brings a square press photograph to 480 × 640: the middle three quarters of its width, enlarged.
fn portrait(bytes: &[u8]) -> Result<Vec<u8>> {
    let photo = image::load_from_memory(bytes)?;
    let width = photo.height() * 3 / 4;
    let left = photo.width().saturating_sub(width) / 2;
    let cut = photo.crop_imm(left, 0, width, photo.height()).resize_exact(480, 640, FilterType::CatmullRom);
    encode(&cut, 92)
}

/// Writes a JPEG with its resolution, 300 dpi.
pub(crate) fn encode(photo: &DynamicImage, quality: u8) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality);
    encoder.set_pixel_density(image::codecs::jpeg::PixelDensity::dpi(300));
    encoder.encode_image(photo)?;
    Ok(bytes)
}
