//! Runs the checks of a rule set over one photo.

use super::{
    Check, Finding, Frame, Mark, Rule, RuleSet, Status, Surroundings, Unit, Value,
    background::{self, Background, Rgb},
    border::Border,
};
use crate::{
    expression::Expression,
    geometry::{Detection, Rect},
    image::{Colour, FaceStatistics, Photo, face_statistics, inner_face},
};

/// What is known about a photo when it is judged.
#[derive(Clone, Copy)]
pub struct Evidence<'a> {
    /// The photo.
    pub photo: &'a Photo,
    /// The faces that count, largest first.
    pub faces: &'a [Detection],
    /// What is around them.
    pub surroundings: &'a Surroundings,
    /// How far the eyes of the one face are off level, degrees. None if that is not known.
    pub eye_tilt: Option<f32>,
    /// How the one face is held. None if that is not known.
    pub expression: Option<Expression>,
}

/// Judges a photo by every rule of a set, in the set's order.
pub fn findings(rules: &RuleSet, evidence: &Evidence<'_>) -> Vec<Finding> {
    // Measures of a face are taken only when it is clear whose.
    let face = match evidence.faces {
        [face] => Some(*face),
        _ => None,
    };
    let look = Look {
        evidence,
        face,
        statistics: face.and_then(|face| face_statistics(&evidence.photo.pixels, &face.face)),
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
    face: Option<Detection>,
    statistics: Option<FaceStatistics>,
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

    /// “Not measurable” unless what was measured can be relied on.
    fn if_sure(self, sure: bool) -> Self {
        if sure { self } else { Self { status: Status::NotMeasurable, ..self } }
    }

    /// Turns a failure into “not measurable” if the number is over its limit by no more than it may be off by.
    fn unless_over_by(self, uncertainty: f64, number: Option<f64>, max: f64) -> Self {
        self.unless_within(number, (0.0, max + uncertainty))
    }

    fn word(passed: bool, word: &str) -> Self {
        Self::of(passed, Value::Word { word: word.to_owned() })
    }

    fn marked(self, marks: impl IntoIterator<Item = Mark>) -> Self {
        Self { marks: marks.into_iter().collect(), ..self }
    }
}

/// The day of an Exif time (`YYYY:MM:DD HH:MM:SS`), as `YYYY-MM-DD`. None if it is no day: cameras without a clock write
/// zeros or spaces.
fn day(taken: &str) -> Option<String> {
    let mut parts = taken.split_whitespace().next()?.split(':');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let number = |text: &str, digits: usize| text.parse::<u16>().ok().filter(|_| text.len() == digits);
    let real = number(year, 4)? >= 1990
        && (1..=12).contains(&number(month, 2)?)
        && (1..=31).contains(&number(day, 2)?);
    real.then(|| format!("{year}-{month}-{day}"))
}

fn areas(rects: Vec<Rect>) -> impl Iterator<Item = Mark> {
    rects.into_iter().map(|rect| Mark::Area { rect })
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
            | Check::FileSize { .. }
            | Check::Taken { .. }
            | Check::NotEdited { .. } => self.file(check),
            Check::BackgroundColour { .. }
            | Check::BackgroundUniform { .. }
            | Check::Border { .. }
            | Check::HeadTop { .. } => self.surroundings(check),
            Check::Sharpness { .. } | Check::Exposure { .. } | Check::Clipping { .. } => self.light(check),
            Check::FaceCount { exactly } => self.face_count(*exactly),
            Check::EyeLine { .. }
            | Check::FaceWidth { .. }
            | Check::EyeDistance { .. }
            | Check::Centring { .. }
            | Check::EyeLevel { .. } => self.pose(check),
            Check::HeadYaw { .. }
            | Check::HeadPitch { .. }
            | Check::HeadRoll { .. }
            | Check::EyesOpen { .. }
            | Check::MouthClosed { .. } => self.expression(check),
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
            Check::Taken { from, until } => match (facts.taken.as_deref().and_then(day), from, until) {
                // Days written like this are in order when their texts are.
                (Some(day), Some(from), Some(until)) => Outcome::word(*from <= day && day <= *until, &day),
                (Some(day), ..) => Outcome { status: Status::NotMeasurable, ..Outcome::word(false, &day) },
                (None, ..) => Outcome::not_measurable(),
            },
            Check::NotEdited { editors } => match &facts.software {
                // That no program left its name proves nothing.
                None => Outcome::not_measurable(),
                Some(software) => {
                    let name = software.to_lowercase();
                    if editors.iter().any(|editor| name.contains(editor.as_str())) {
                        Outcome::word(false, software)
                    } else {
                        Outcome { status: Status::NotMeasurable, ..Outcome::word(false, software) }
                    }
                }
            },
            _ => Outcome::not_measurable(),
        }
    }

    /// What is around the person.
    fn surroundings(&self, check: &Check) -> Outcome {
        let background = self.evidence.surroundings.background;
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
                    .marked(areas(background::places(&self.evidence.photo.pixels)))
            }
            Check::BackgroundUniform { within } => {
                let unevenness = background.map(|background| f64::from(background.unevenness));
                let outcome = Outcome::range(unevenness, (None, Some(*within)), Unit::DeltaE);
                let odd = || Some(background?.odd_places(&self.evidence.photo.pixels, *within));
                let shown = if outcome.status == Status::Failed { odd() } else { None };
                outcome
                    .marked(areas(shown.unwrap_or_else(|| background::places(&self.evidence.photo.pixels))))
            }
            Check::Border { max } => {
                let border = Border::of(&self.evidence.photo.pixels);
                let thickness = f64::from(border.thickness) * self.scale;
                Outcome::range(Some(thickness), (None, Some(*max)), Unit::Pixels).marked(areas(border.bars))
            }
            Check::HeadTop { min, max } => {
                #[expect(clippy::cast_precision_loss, reason = "a row of a photo is far below 2^24")]
                let top = self.evidence.surroundings.head_top().map(|row| row as f32);
                // Where the head ends is not known: then there is nothing to hold to a band.
                let marks = top.map(|y| [Mark::HeadTop { y }, self.band(*min, *max)]);
                Outcome::range(top.map(|y| self.framed(y)), (Some(*min), Some(*max)), Unit::Pixels)
                    .marked(marks.into_iter().flatten())
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
                let marks = y.map(|y| [Mark::EyeLine { y }, self.band(*min, *max)]);
                Outcome::range(y.map(|y| self.framed(y)), (Some(*min), Some(*max)), Unit::Pixels)
                    .marked(marks.into_iter().flatten())
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
            Check::EyeLevel { max, uncertainty } => {
                let tilt = self.evidence.eye_tilt.map(|tilt| f64::from(tilt.abs()));
                let outcome = Outcome::range(tilt, (None, Some(*max)), Unit::Degrees).marked(mark_eyes);
                outcome.if_sure(tilt.is_some_and(|tilt| tilt > *max || tilt <= *max - *uncertainty))
            }
            _ => Outcome::not_measurable(),
        }
    }

    /// How the face is held.
    fn expression(&self, check: &Check) -> Outcome {
        let (Some(face), Some(seen)) = (self.face, self.evidence.expression) else {
            return Outcome::not_measurable();
        };
        let turned = |degrees: f32, max: f64, uncertainty: f64| {
            let degrees = Some(f64::from(degrees.abs()));
            Outcome::range(degrees, (None, Some(max)), Unit::Degrees)
                .unless_over_by(uncertainty, degrees, max)
                .marked([Mark::Face { rect: face.face }])
        };
        match check {
            Check::HeadYaw { max, uncertainty, apart } => {
                let by_nose = face.landmarks.turn().map(|turn| f64::from((turn - seen.pose.yaw).abs()));
                let agree = by_nose.is_some_and(|difference| difference <= *apart);
                turned(seen.pose.yaw, *max, *uncertainty).if_sure(agree)
            }
            // A head that is told as nodded is; of those that are nodded the model tells too few for any to pass.
            Check::HeadPitch { max, uncertainty } => {
                let outcome = turned(seen.pose.pitch, *max, *uncertainty);
                let sure = outcome.status == Status::Failed;
                outcome.if_sure(sure)
            }
            Check::HeadRoll { max, uncertainty } => turned(seen.pose.roll, *max, *uncertainty),
            Check::EyesOpen { min, closed, narrow } => {
                let Some(eyes) = seen.eyes else { return Outcome::not_measurable() };
                let [right, left] = eyes.map(|eye| f64::from(eye.open));
                let surely_closed =
                    eyes.iter().all(|eye| f64::from(eye.open) < *closed && f64::from(eye.gap) <= *narrow);
                let outcome = Outcome::range(Some(right.min(left)), (Some(*min), None), Unit::Share);
                let sure = surely_closed || outcome.status == Status::Passed;
                outcome.if_sure(sure).marked(eyes.map(|eye| Mark::Area { rect: eye.place }))
            }
            Check::MouthClosed { max, uncertainty } => {
                let gap = Some(f64::from(seen.mouth.gap));
                Outcome::range(gap, (None, Some(*max)), Unit::Share)
                    .unless_over_by(*uncertainty, gap, *max)
                    .marked([Mark::Area { rect: seen.mouth.place }])
            }
            _ => Outcome::not_measurable(),
        }
    }

    /// How the face is lit and how sharp it is.
    fn light(&self, check: &Check) -> Outcome {
        let seen = self.statistics.as_ref();
        let looked_at = self.face.map(|face| Mark::Area { rect: inner_face(&face.face) });
        let outcome = match check {
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
        };
        if outcome.measured.is_some() { outcome.marked(looked_at) } else { outcome }
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
