//! Runs the checks of a rule set over one photo.

use super::{
    Check, Finding, Frame, Mark, Rule, RuleSet, Status, Unit, Value,
    background::{Background, Rgb},
};
use crate::{
    geometry::Detection,
    image::{Colour, Photo, face_statistics},
};

/// What is known about a photo when it is judged.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The photo.
    pub photo: &'a Photo,
    /// The faces that count, largest first.
    pub faces: &'a [Detection],
}

/// Judges a photo by every rule of a set, in the set's order.
pub fn findings(rules: &RuleSet, evidence: &Evidence<'_>) -> Vec<Finding> {
    let look = Look {
        evidence,
        background: Background::of(&evidence.photo.pixels),
        // Measures of a face are taken only when it is clear whose.
        face: match evidence.faces {
            [face] => Some(*face),
            _ => None,
        },
        scale: scale(rules.frame, evidence.photo),
    };
    rules.rules.iter().map(|rule| look.finding(rule)).collect()
}

/// Standard-frame pixels for each pixel of the photo.
fn scale(frame: Frame, photo: &Photo) -> f64 {
    f64::from(frame.height) / f64::from(photo.pixels.height().max(1))
}

/// Everything the checks look at.
struct Look<'a> {
    evidence: &'a Evidence<'a>,
    background: Option<Background>,
    face: Option<Detection>,
    scale: f64,
}

/// What a check came to.
struct Outcome {
    status: Status,
    measured: Option<Value>,
    marks: Vec<Mark>,
}

impl Outcome {
    const fn not_measurable() -> Self {
        Self { status: Status::NotMeasurable, measured: None, marks: Vec::new() }
    }

    fn of(passed: bool, measured: Value) -> Self {
        let status = if passed { Status::Passed } else { Status::Failed };
        Self { status, measured: Some(measured), marks: Vec::new() }
    }

    /// Judges a number, or says that there is none.
    fn range(number: Option<f64>, (min, max): (Option<f64>, Option<f64>), unit: Unit) -> Self {
        let Some(number) = number.filter(|number| number.is_finite()) else {
            return Self::not_measurable();
        };
        let passed = min.is_none_or(|min| number >= min) && max.is_none_or(|max| number <= max);
        Self::of(passed, Value::Number { number: rounded(number), unit })
    }

    /// Turns a failure into “not measurable” if the estimate is within what it may be off by.
    fn unless_within(self, estimate: Option<f64>, (low, high): (f64, f64)) -> Self {
        match (self.status, estimate) {
            (Status::Failed, Some(estimate)) if (low..=high).contains(&estimate) => {
                Self { status: Status::NotMeasurable, ..self }
            }
            _ => self,
        }
    }

    fn word(passed: bool, word: &str) -> Self {
        Self::of(passed, Value::Word { word: word.to_owned() })
    }

    fn marked(self, marks: impl IntoIterator<Item = Mark>) -> Self {
        Self { marks: marks.into_iter().collect(), ..self }
    }
}

/// Three decimals are more than any of these measures knows.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

impl Look<'_> {
    fn finding(&self, rule: &Rule) -> Finding {
        let Outcome { status, measured, marks } = self.check(&rule.check);
        Finding {
            code: rule.code.clone(),
            reason: rule.reason.clone(),
            measure: rule.check.measure().to_owned(),
            severity: rule.severity,
            status,
            measured,
            limit: rule.check.limit(),
            marks,
        }
    }

    fn check(&self, check: &Check) -> Outcome {
        match check {
            Check::PixelSize { .. }
            | Check::Resolution { .. }
            | Check::TrueColour
            | Check::Format { .. }
            | Check::JpegQuality { .. }
            | Check::FileSize { .. } => self.file(check),
            Check::BackgroundColour { .. } | Check::BackgroundUniform { .. } | Check::HeadTop { .. } => {
                self.surroundings(check)
            }
            Check::Sharpness { .. } | Check::Exposure { .. } | Check::Clipping { .. } => self.light(check),
            Check::FaceCount { exactly } => self.face_count(*exactly),
            Check::EyeLine { .. }
            | Check::FaceWidth { .. }
            | Check::EyeDistance { .. }
            | Check::Centring { .. }
            | Check::EyeLevel { .. } => self.pose(check),
            Check::ByEye => Outcome::not_measurable(),
        }
    }

    /// What the file says about itself.
    fn file(&self, check: &Check) -> Outcome {
        let facts = &self.evidence.photo.facts;
        match check {
            Check::PixelSize { width, height } => Outcome::of(
                (facts.width, facts.height) == (*width, *height),
                Value::Size { width: facts.width, height: facts.height },
            ),
            Check::Resolution { min, max } => match facts.dpi {
                // A tag that is absent is a failure, not a mystery.
                None => Outcome::word(false, "absent"),
                Some(dpi) => {
                    let worst =
                        if dpi.x < *min || dpi.y < *min { dpi.x.min(dpi.y) } else { dpi.x.max(dpi.y) };
                    Outcome::range(Some(worst), (Some(*min), *max), Unit::Dpi)
                }
            },
            Check::TrueColour => Outcome::word(facts.colour == Colour::Rgb8, facts.colour.word()),
            Check::Format { allowed } => {
                let word = facts.format.word();
                Outcome::word(allowed.iter().any(|allowed| allowed == word), word)
            }
            Check::JpegQuality { min } => {
                Outcome::range(facts.quality.map(f64::from), (Some(*min), None), Unit::Index)
            }
            Check::FileSize { min, max } => {
                #[expect(clippy::cast_precision_loss, reason = "no photo has 2^52 bytes")]
                let kilobytes = facts.bytes as f64 / 1024.0;
                Outcome::range(Some(kilobytes), (*min, *max), Unit::Kilobytes)
            }
            _ => Outcome::not_measurable(),
        }
    }

    /// What is around the person.
    fn surroundings(&self, check: &Check) -> Outcome {
        let background = self.background;
        match check {
            Check::BackgroundColour { near, within } => {
                let Some(Background { colour, .. }) = background else {
                    return Outcome::not_measurable();
                };
                let close = |text: &String| {
                    Rgb::parse(text)
                        .is_some_and(|near| f64::from(near.lab().difference(colour.lab())) <= *within)
                };
                Outcome::of(near.iter().any(close), Value::Colour { hex: colour.hex() })
            }
            Check::BackgroundUniform { within } => {
                let unevenness = background.map(|background| f64::from(background.unevenness));
                Outcome::range(unevenness, (None, Some(*within)), Unit::DeltaE)
            }
            Check::HeadTop { min, max } => {
                let top = background.zip(self.face).and_then(|(background, face)| {
                    background.head_top(&self.evidence.photo.pixels, &face.face)
                });
                let band = self.band(*min, *max);
                Outcome::range(top.map(|y| self.framed(y)), (Some(*min), Some(*max)), Unit::Pixels)
                    .marked(top.map(|y| Mark::HeadTop { y }).into_iter().chain([band]))
            }
            _ => Outcome::not_measurable(),
        }
    }

    /// How the face lies in the photo.
    fn pose(&self, check: &Check) -> Outcome {
        let face = self.face;
        let landmarks = face.map(|face| face.landmarks);
        let mark_face = face.map(|face| Mark::Face { rect: face.face });
        let mark_eyes = landmarks.map(|at| Mark::Eyes { right: at.right_eye, left: at.left_eye });
        match check {
            Check::EyeLine { min, max } => {
                let y = landmarks.map(|at| at.between_eyes().y);
                Outcome::range(y.map(|y| self.framed(y)), (Some(*min), Some(*max)), Unit::Pixels)
                    .marked(y.map(|y| Mark::EyeLine { y }).into_iter().chain([self.band(*min, *max)]))
            }
            Check::FaceWidth { min, max, uncertainty } => {
                let width = face.map(|face| self.framed(face.face.width));
                Outcome::range(width, (Some(*min), Some(*max)), Unit::Pixels)
                    .unless_within(width, (min * (1.0 - uncertainty), max * (1.0 + uncertainty)))
                    .marked(mark_face)
            }
            Check::EyeDistance { min } => {
                // Counted in the photo's own pixels: what matters is how much of the face there is to see.
                let distance = landmarks.map(|at| f64::from(at.eye_distance()));
                Outcome::range(distance, (Some(*min), None), Unit::Pixels).marked(mark_eyes)
            }
            Check::Centring { max } => {
                let middle = f64::from(self.evidence.photo.pixels.width()) / 2.0;
                let off = face.map(|face| (f64::from(face.face.centre().x) - middle).abs() * self.scale);
                Outcome::range(off, (None, Some(*max)), Unit::Pixels).marked(mark_face)
            }
            Check::EyeLevel { max } => {
                let tilt = landmarks.map(|at| f64::from(at.roll().abs()));
                Outcome::range(tilt, (None, Some(*max)), Unit::Degrees).marked(mark_eyes)
            }
            _ => Outcome::not_measurable(),
        }
    }

    /// How the face is lit and how sharp it is.
    fn light(&self, check: &Check) -> Outcome {
        let seen = self.face.and_then(|face| face_statistics(&self.evidence.photo.pixels, &face.face));
        match check {
            Check::Sharpness { min } => {
                Outcome::range(seen.map(|seen| seen.sharpness), (Some(*min), None), Unit::Index)
            }
            Check::Exposure { min, max } => {
                Outcome::range(seen.map(|seen| seen.mean), (Some(*min), Some(*max)), Unit::Share)
            }
            Check::Clipping { max } => {
                Outcome::range(seen.map(|seen| seen.clipped), (None, Some(*max)), Unit::Share)
            }
            _ => Outcome::not_measurable(),
        }
    }

    fn face_count(&self, exactly: usize) -> Outcome {
        let [count, exactly] =
            [self.evidence.faces.len(), exactly].map(|n| f64::from(u32::try_from(n).unwrap_or(u32::MAX)));
        Outcome::range(Some(count), (Some(exactly), Some(exactly)), Unit::Count)
            .marked(self.evidence.faces.iter().map(|face| Mark::Face { rect: face.face }))
    }

    /// A length in the photo as a length in the standard's frame.
    fn framed(&self, pixels: f32) -> f64 {
        f64::from(pixels) * self.scale
    }

    /// Limits in the standard's frame as a band in the photo.
    #[expect(clippy::cast_possible_truncation, reason = "a place in a photo needs no more than f32")]
    fn band(&self, from: f64, to: f64) -> Mark {
        Mark::Band { from: (from / self.scale) as f32, to: (to / self.scale) as f32 }
    }
}
