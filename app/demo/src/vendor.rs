//! The demo's vendor: captures named by token, and the defects that a seeded generator puts into its files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fs_err as fs;
use image::{DynamicImage, GenericImage, RgbImage};
use jiff::civil::Date;

use crate::faces::encode;
use crate::random::Dice;

/// How many defects of each kind are put in.
const EACH: usize = 3;

/// What the vendor captured: photos by token, and when.
#[derive(Debug, Clone)]
pub(crate) struct Captures {
    photos: BTreeMap<String, Capture>,
    /// The tokens in the order of the students: tokens are drawn anew each time, and the same seed spoils the same people.
    tokens: Vec<String>,
}

#[derive(Debug, Clone)]
struct Capture {
    bytes: Vec<u8>,
    day: Date,
}

/// What was put in, for the story to compare with what was found. The checker never sees it.
pub(crate) type Truth = BTreeMap<String, Planted>;

/// One planted defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Planted {
    /// `extra`, `missing`, `wrong` or `late`.
    pub(crate) group: &'static str,
    /// What was done.
    pub(crate) how: &'static str,
    /// Whether the capture now shows somebody else.
    pub(crate) somebody_else: bool,
}

/// Things the generator may use that are not among the captures.
#[derive(Debug)]
pub(crate) struct Strange {
    /// An authentic token of another campaign.
    pub(crate) foreign_token: String,
    /// Photos of people who are on no roster.
    pub(crate) strangers: Vec<Vec<u8>>,
    /// A day after the last day of capture.
    pub(crate) too_late: Date,
}

impl Captures {
    /// One photo per token, in the order of the students, all taken on `day`.
    pub(crate) fn new(photos: Vec<(String, Vec<u8>)>, day: Date) -> Self {
        let tokens = photos.iter().map(|(token, _)| token.clone()).collect();
        let photos = photos.into_iter().map(|(token, bytes)| (token, Capture { bytes, day })).collect();
        Self { photos, tokens }
    }

    /// How many photos there are.
    pub(crate) fn len(&self) -> usize {
        self.photos.len()
    }

    /// The same captures with defects of every kind, and what was done to which token.
    pub(crate) fn spoilt(&self, seed: u64, strange: Strange) -> Result<(Self, Truth)> {
        let mut dice = Dice::new(seed);
        let mut tokens = self.tokens.clone();
        dice.shuffle(&mut tokens);
        let mut victims = tokens.into_iter();
        let mut spoilt = Spoilt { captures: self.clone(), truth: Truth::new() };
        let mut next = || victims.next().context("there are too few captures to spoil");
        for _ in 0..EACH {
            spoilt.remove(&next()?);
            spoilt.forge(&next()?, &mut dice);
            spoilt.late(&next()?, strange.too_late);
            spoilt.change(&next()?, "cut off in the middle", |bytes| Ok(cut_off(bytes)))?;
            spoilt.change(&next()?, "two people in one photo", two_people)?;
            spoilt.change(&next()?, "nobody in the photo", |_| nobody())?;
            let (one, other) = (next()?, next()?);
            spoilt.swap(&one, &other);
        }
        for stranger in strange.strangers {
            let victim = next()?;
            spoilt.change(&victim, "somebody else", |_| Ok(stranger.clone()))?;
            spoilt.somebody_else(&victim);
        }
        spoilt.add(strange.foreign_token, &next()?, "a token of another campaign");
        Ok((spoilt.captures, spoilt.truth))
    }

    /// Writes the captures as the agent packs them: `<token>.jpg` and `captures.csv`.
    pub(crate) fn write(&self, folder: &Path) -> Result<PathBuf> {
        fs::create_dir_all(folder)?;
        let mut list = String::from("token,file,captured_at,device,operator\n");
        for (token, capture) in &self.photos {
            fs::write(folder.join(format!("{token}.jpg")), &capture.bytes)?;
            list.push_str(&format!(
                "{token},{token}.jpg,{}T10:00:00+08:00,station-1,operator-7\n",
                capture.day
            ));
        }
        fs::write(folder.join("captures.csv"), list)?;
        Ok(folder.to_owned())
    }
}

struct Spoilt {
    captures: Captures,
    truth: Truth,
}

impl Spoilt {
    fn plant(&mut self, token: &str, group: &'static str, how: &'static str) {
        self.truth.insert(token.to_owned(), Planted { group, how, somebody_else: false });
    }

    fn somebody_else(&mut self, token: &str) {
        if let Some(planted) = self.truth.get_mut(token) {
            planted.somebody_else = true;
        }
    }

    fn remove(&mut self, token: &str) {
        self.captures.photos.remove(token);
        self.plant(token, "missing", "not delivered");
    }

    /// A photo under a token nobody issued: one character of a real one is another.
    fn forge(&mut self, token: &str, dice: &mut Dice) {
        let mut letters: Vec<char> = token.chars().collect();
        let place = 4 + dice.below(letters.len().saturating_sub(4));
        if let Some(letter) = letters.get_mut(place) {
            *letter = if *letter == '7' { '8' } else { '7' };
        }
        self.add(letters.into_iter().collect(), token, "a token nobody issued");
    }

    /// One photo more, of the person of `like`, under another token. The bytes differ, as a second shot's would.
    fn add(&mut self, token: String, like: &str, how: &'static str) {
        if let Some(capture) = self.captures.photos.get(like) {
            let mut capture = capture.clone();
            capture.bytes = again(&capture.bytes).unwrap_or(capture.bytes);
            self.captures.photos.insert(token.clone(), capture);
            self.plant(&token, "extra", how);
        }
    }

    fn late(&mut self, token: &str, day: Date) {
        if let Some(capture) = self.captures.photos.get_mut(token) {
            capture.day = day;
        }
        self.plant(token, "late", "captured after the last day");
    }

    fn change(
        &mut self,
        token: &str,
        how: &'static str,
        make: impl Fn(&[u8]) -> Result<Vec<u8>>,
    ) -> Result<()> {
        if let Some(capture) = self.captures.photos.get_mut(token) {
            capture.bytes = make(&capture.bytes)?;
        }
        self.plant(token, "wrong", how);
        Ok(())
    }

    fn swap(&mut self, one: &str, other: &str) {
        let (first, second) =
            (self.captures.photos.get(one).cloned(), self.captures.photos.get(other).cloned());
        if let (Some(first), Some(second)) = (first, second) {
            self.captures.photos.insert(one.to_owned(), second);
            self.captures.photos.insert(other.to_owned(), first);
        }
        self.plant(one, "wrong", "swapped with another student's");
        self.plant(other, "wrong", "swapped with another student's");
        self.somebody_else(one);
        self.somebody_else(other);
    }
}

fn cut_off(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().take(bytes.len() / 2).copied().collect()
}

fn again(bytes: &[u8]) -> Result<Vec<u8>> {
    encode(&image::load_from_memory(bytes)?, 88)
}

/// The photo beside its own mirror image, at half the width each.
fn two_people(bytes: &[u8]) -> Result<Vec<u8>> {
    let photo = image::load_from_memory(bytes)?;
    let half = photo.resize(240, 320, image::imageops::FilterType::Triangle).to_rgb8();
    let mut both = RgbImage::from_pixel(480, 640, image::Rgb([100, 197, 255]));
    both.copy_from(&half, 0, 160)?;
    both.copy_from(&image::imageops::flip_horizontal(&half), 240, 160)?;
    encode(&DynamicImage::ImageRgb8(both), 92)
}

fn nobody() -> Result<Vec<u8>> {
    encode(&DynamicImage::ImageRgb8(RgbImage::from_pixel(480, 640, image::Rgb([100, 197, 255]))), 92)
}
