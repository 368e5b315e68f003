//! Rule sets: TOML with an id, a version, and the source of its numbers.

use serde::{Deserialize, Serialize};

use super::{Limit, Severity, Unit};
use crate::{
    geometry::{Detection, Rect},
    image::Colour,
    refusal::Refusal,
};

/// A photo standard, in one version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    /// Its id, like `jbz-2017-99`.
    pub id: String,
    /// Its version. Changes whenever a number does.
    pub version: String,
    /// Its name, for people, in Chinese.
    pub title: String,
    /// Where its numbers come from.
    pub source: String,
    /// The size of photo its pixel numbers are meant for.
    pub frame: Frame,
    /// Which faces count.
    pub faces: FacePolicy,
    /// The rules.
    #[serde(rename = "rule")]
    pub rules: Vec<Rule>,
}

/// The size of photo that pixel limits are meant for. A photo of another size is measured as if scaled to this height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    /// Width, pixels.
    pub width: u32,
    /// Height, pixels.
    pub height: u32,
}

/// Which of the faces the detector saw count.
///
/// Nothing is guessed between two faces that count. A strict set counts every face. A set for press photographs, which
/// often have people in the background, overlooks a face that is clearly smaller than the largest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FacePolicy {
    /// A face counts from this detector score on, 0..=1.
    pub min_score: f32,
    /// A further face counts from this score on, 0..=1.
    pub other_min_score: f32,
    /// A further face counts if its area is at least this share of the largest one's. 0: every face counts.
    pub dominant_face_ratio: f32,
    /// Whether the photos are known to be cut so that their subject is in the middle, as LFW's are. Then of several
    /// faces only those that cover the middle of the photo count, and of these one alone if all others are off the middle
    /// at least twice as far. Never true for a standard.
    #[serde(default)]
    pub subject_in_middle: bool,
}

/// Of two faces one is in the middle if the other is off it so many times as far.
const CLEARLY_FURTHER: f32 = 2.0;

impl FacePolicy {
    /// Every face counts: one is enough to refuse another.
    pub const STRICT: Self =
        Self { min_score: 0.8, other_min_score: 0.8, dominant_face_ratio: 0.0, subject_in_middle: false };

    /// The faces that count among those seen in a photo of `width` × `height` pixels, largest first.
    pub fn counting(&self, seen: &[Detection], (width, height): (u32, u32)) -> Vec<Detection> {
        let mut faces: Vec<_> = seen.iter().copied().filter(|face| face.score >= self.min_score).collect();
        faces.sort_by(|a, b| b.face.area().total_cmp(&a.face.area()));
        let enough = faces.first().map_or(0.0, |largest| largest.face.area() * self.dominant_face_ratio);
        let mut first = true;
        faces.retain(|face| {
            std::mem::take(&mut first) || (face.face.area() >= enough && face.score >= self.other_min_score)
        });
        if self.subject_in_middle {
            let middle = Rect { x: 0.0, y: 0.0, width: pixels(width), height: pixels(height) }.centre();
            if faces.iter().any(|face| face.face.covers(middle)) {
                faces.retain(|face| face.face.covers(middle));
            }
            let off = |face: &Detection| face.face.centre().distance(middle);
            let mut by_distance = faces.clone();
            by_distance.sort_by(|one, other| off(one).total_cmp(&off(other)));
            if let [nearest, next, ..] = by_distance.as_slice()
                && nearest.face.covers(middle)
                && off(next) >= CLEARLY_FURTHER * off(nearest)
                && off(next) > off(nearest)
            {
                faces = vec![*nearest];
            }
        }
        faces
    }

    /// The one face that counts.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoFace`] or [`Refusal::SeveralFaces`].
    pub fn only(&self, seen: &[Detection], size: (u32, u32)) -> Result<Detection, Refusal> {
        Self::only_of(&self.counting(seen, size))
    }

    /// The one face of those that count.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoFace`] or [`Refusal::SeveralFaces`].
    pub fn only_of(counting: &[Detection]) -> Result<Detection, Refusal> {
        match counting {
            [] => Err(Refusal::NoFace),
            [face] => Ok(*face),
            faces => Err(Refusal::SeveralFaces { count: faces.len() }),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a side of a photo is far below 2^24")]
fn pixels(n: u32) -> f32 {
    n as f32
}

/// One rule: what is checked, against which numbers, and how grave a failure is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its code in the standard, like `IMG-09`.
    pub code: String,
    /// The reason as the national front-ends word it, like `Q-EYE-TOP`.
    pub reason: Option<String>,
    /// How grave a failure is.
    pub severity: Severity,
    /// The rule in the words of its source, in Chinese, for people.
    pub text: String,
    /// What is checked.
    pub check: Check,
}

/// What a rule checks. Pixel numbers are in the rule set's [`Frame`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Check {
    /// The photo has exactly this many pixels, as stored.
    PixelSize {
        /// Width.
        width: u32,
        /// Height.
        height: u32,
    },
    /// The resolution tag, dpi, both ways.
    Resolution {
        /// Smallest allowed.
        min: f64,
        /// Largest allowed.
        max: Option<f64>,
    },
    /// Red, green and blue with eight bits each, nothing else.
    TrueColour,
    /// The file's format, by its content.
    Format {
        /// Allowed formats, like `jpeg`.
        allowed: Vec<String>,
    },
    /// The JPEG quality factor, estimated from the luminance quantisation table against the one in ITU-T T.81 annex K.
    JpegQuality {
        /// Smallest allowed.
        min: f64,
    },
    /// The file's size, KiB.
    FileSize {
        /// Smallest allowed.
        min: Option<f64>,
        /// Largest allowed.
        max: Option<f64>,
    },
    /// The middle colour of the background is close to one of these.
    BackgroundColour {
        /// The colours, like `#64C5FF`.
        near: Vec<String>,
        /// How close: CIE 1976 colour difference.
        within: f64,
    },
    /// The background is one colour: 95 in 100 of its pixels are this close to its middle colour.
    BackgroundUniform {
        /// CIE 1976 colour difference.
        within: f64,
    },
    /// The thickest bar of one colour along an edge, pixels: a black edge or a frame.
    Border {
        /// Largest allowed.
        max: f64,
    },
    /// The day on which it was taken, as its Exif says, lies in the days of capture.
    ///
    /// A rule set knows no campaign: whoever judges for one sets its days ([`RuleSet::captured_between`]). Without them, or
    /// without a day in the file, it is not measurable.
    Taken {
        /// First day, `YYYY-MM-DD`.
        #[serde(default)]
        from: Option<String>,
        /// Last day, `YYYY-MM-DD`.
        #[serde(default)]
        until: Option<String>,
    },
    /// No editing program left its name in the file's Exif software tag.
    ///
    /// Fails if one did. Another name, or none, is not measurable: what was edited need not say so.
    NotEdited {
        /// Parts of the names of editing programs, in small letters.
        editors: Vec<String>,
    },
    /// From the upper edge to the top of the head with its hair, pixels. Not measurable before an uneven background.
    HeadTop {
        /// Smallest allowed.
        min: f64,
        /// Largest allowed.
        max: f64,
    },
    /// From the upper edge to the middle between the pupils, pixels.
    EyeLine {
        /// Smallest allowed.
        min: f64,
        /// Largest allowed.
        max: f64,
    },
    /// The width of the face between the cheeks, pixels, estimated as the width of the detector's box.
    ///
    /// An estimate outside the limits by less than its uncertainty is not measurable: a person looks.
    FaceWidth {
        /// Smallest allowed.
        min: f64,
        /// Largest allowed.
        max: f64,
        /// How far off the estimate may be, as a share of it.
        uncertainty: f64,
    },
    /// The distance between the pupils, pixels.
    EyeDistance {
        /// Smallest allowed.
        min: f64,
    },
    /// How far the face's middle is from the photo's, sideways, pixels.
    Centring {
        /// Largest allowed.
        max: f64,
    },
    /// How far the line through the pupils is from level, degrees.
    EyeLevel {
        /// Largest allowed.
        max: f64,
        /// How far off the measure may be, degrees: small tilts are told smaller than they are. Under the limit by less than
        /// this is not measurable: a person looks.
        #[serde(default)]
        uncertainty: f64,
    },
    /// How far the head is turned sideways, degrees.
    ///
    /// Over the limit by no more than its uncertainty is not measurable: a person looks. So it is with the other angles.
    HeadYaw {
        /// Largest allowed.
        max: f64,
        /// How far off the measure may be, degrees.
        uncertainty: f64,
        /// Where the model and the nose's place say angles further apart than this, degrees, it is not measurable.
        apart: f64,
    },
    /// How far the head is turned up or down, degrees. It fails or is not measurable: that a head is held level can't be
    /// told surely enough for a photo to pass.
    HeadPitch {
        /// Largest allowed.
        max: f64,
        /// How far off the measure may be, degrees.
        uncertainty: f64,
    },
    /// How far the head is tilted in the plane of the photo, degrees, as the pose model sees it.
    HeadRoll {
        /// Largest allowed.
        max: f64,
        /// How far off the measure may be, degrees.
        uncertainty: f64,
    },
    /// Both eyes are open: the less open one's likelihood, 0..=1.
    ///
    /// Fails only if both are surely closed; one that only may be is not measurable.
    EyesOpen {
        /// Each eye is open from this likelihood on.
        min: f64,
        /// An eye is surely closed below this likelihood.
        closed: f64,
        /// And only if its lids are no further apart than this, as a share of its width.
        narrow: f64,
    },
    /// The gap between the lips as a share of the width of the mouth between its inner corners.
    MouthClosed {
        /// Largest allowed.
        max: f64,
        /// How far off the measure may be.
        uncertainty: f64,
    },
    /// Sharpness: the variance of the Laplacian (4-neighbour, grey 0..=255) of the face scaled to 160 pixels across.
    Sharpness {
        /// Smallest allowed.
        min: f64,
    },
    /// The mean grey of the face, 0..=1.
    Exposure {
        /// Smallest allowed.
        min: f64,
        /// Largest allowed.
        max: f64,
    },
    /// The share of the face that is burnt out or black (grey ≥ 250 or ≤ 5), 0..=1.
    Clipping {
        /// Largest allowed.
        max: f64,
    },
    /// How many faces count under the rule set's [`FacePolicy`].
    FaceCount {
        /// The number.
        exactly: usize,
    },
    /// The program cannot check this; a person has to look.
    ByEye,
}

impl Check {
    /// The numbers or words it holds a photo to; nothing where only a person can tell.
    pub fn limit(&self) -> Option<Limit> {
        let range = |min, max, unit| Limit::Range { min, max, unit };
        Some(match self {
            Self::PixelSize { width, height } => Limit::Size { width: *width, height: *height },
            Self::Resolution { min, max } => range(Some(*min), *max, Unit::Dpi),
            Self::TrueColour => Limit::Words { words: vec![Colour::Rgb8.word().to_owned()] },
            Self::Format { allowed } => Limit::Words { words: allowed.clone() },
            Self::JpegQuality { min } | Self::Sharpness { min } => range(Some(*min), None, Unit::Index),
            Self::FileSize { min, max } => range(*min, *max, Unit::Kilobytes),
            Self::BackgroundColour { near, within } => Limit::Colours { near: near.clone(), within: *within },
            Self::BackgroundUniform { within } => range(None, Some(*within), Unit::DeltaE),
            Self::HeadTop { min, max } | Self::EyeLine { min, max } | Self::FaceWidth { min, max, .. } => {
                range(Some(*min), Some(*max), Unit::Pixels)
            }
            Self::EyeDistance { min } => range(Some(*min), None, Unit::Pixels),
            Self::Centring { max } | Self::Border { max } => range(None, Some(*max), Unit::Pixels),
            Self::EyeLevel { max, .. }
            | Self::HeadYaw { max, .. }
            | Self::HeadPitch { max, .. }
            | Self::HeadRoll { max, .. } => range(None, Some(*max), Unit::Degrees),
            Self::EyesOpen { min, .. } => range(Some(*min), None, Unit::Share),
            Self::MouthClosed { max, .. } => range(None, Some(*max), Unit::Share),
            Self::Exposure { min, max } => range(Some(*min), Some(*max), Unit::Share),
            Self::Clipping { max } => range(None, Some(*max), Unit::Share),
            Self::FaceCount { exactly } => {
                let exactly = f64::from(u32::try_from(*exactly).unwrap_or(u32::MAX));
                range(Some(exactly), Some(exactly), Unit::Count)
            }
            Self::Taken { from: Some(from), until: Some(until) } => {
                Limit::Words { words: vec![format!("{from}–{until}")] }
            }
            Self::Taken { .. } | Self::NotEdited { .. } | Self::ByEye => return None,
        })
    }

    /// The quality component of ISO/IEC 29794-5 that means the same, by the name its reference implementation (OFIQ) gives
    /// it. None if there is none.
    ///
    /// Only the meaning is shared: what is measured here is a number with its own unit, not a component value of 0 to 100.
    pub fn iso_component(&self) -> Option<&'static str> {
        Some(match self {
            Self::BackgroundUniform { .. } => "BackgroundUniformity",
            Self::Exposure { .. } => "LuminanceMean",
            Self::Sharpness { .. } => "Sharpness",
            Self::FaceCount { .. } => "SingleFacePresent",
            Self::EyesOpen { .. } => "EyesOpen",
            Self::MouthClosed { .. } => "MouthClosed",
            Self::EyeDistance { .. } => "InterEyeDistance",
            Self::HeadYaw { .. } => "HeadPoseYaw",
            Self::HeadPitch { .. } => "HeadPosePitch",
            Self::HeadRoll { .. } => "HeadPoseRoll",
            Self::PixelSize { .. }
            | Self::Resolution { .. }
            | Self::TrueColour
            | Self::Format { .. }
            // The standard sees artefacts in the pixels; here the factor is read from the file.
            | Self::JpegQuality { .. }
            | Self::FileSize { .. }
            | Self::Taken { .. }
            | Self::NotEdited { .. }
            | Self::BackgroundColour { .. }
            | Self::Border { .. }
            // The standard's margins and sizes are of its own face image, not of this frame.
            | Self::HeadTop { .. }
            | Self::EyeLine { .. }
            | Self::FaceWidth { .. }
            | Self::Centring { .. }
            | Self::EyeLevel { .. }
            // The standard has one component for too little light and one for too much.
            | Self::Clipping { .. }
            | Self::ByEye => return None,
        })
    }

    /// What it measures, in a word that never changes.
    pub fn measure(&self) -> &'static str {
        match self {
            Self::PixelSize { .. } => "pixel_size",
            Self::Resolution { .. } => "resolution",
            Self::TrueColour => "true_colour",
            Self::Format { .. } => "format",
            Self::JpegQuality { .. } => "jpeg_quality",
            Self::FileSize { .. } => "file_size",
            Self::BackgroundColour { .. } => "background_colour",
            Self::BackgroundUniform { .. } => "background_uniform",
            Self::Border { .. } => "border",
            Self::Taken { .. } => "taken",
            Self::NotEdited { .. } => "not_edited",
            Self::HeadTop { .. } => "head_top",
            Self::EyeLine { .. } => "eye_line",
            Self::FaceWidth { .. } => "face_width",
            Self::EyeDistance { .. } => "eye_distance",
            Self::Centring { .. } => "centring",
            Self::EyeLevel { .. } => "eye_level",
            Self::HeadYaw { .. } => "head_yaw",
            Self::HeadPitch { .. } => "head_pitch",
            Self::HeadRoll { .. } => "head_roll",
            Self::EyesOpen { .. } => "eyes_open",
            Self::MouthClosed { .. } => "mouth_closed",
            Self::Sharpness { .. } => "sharpness",
            Self::Exposure { .. } => "exposure",
            Self::Clipping { .. } => "clipping",
            Self::FaceCount { .. } => "face_count",
            Self::ByEye => "by_eye",
        }
    }
}

/// Why a rule set cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadRuleSet {
    /// It is not a rule set.
    #[error("this is not a photo rule set")]
    Unreadable(#[from] toml::de::Error),
    /// A colour is not written like `#64C5FF`.
    #[error("rule {code}: “{colour}” is not a colour like #64C5FF")]
    Colour {
        /// The rule.
        code: String,
        /// The text.
        colour: String,
    },
    /// The frame has no height.
    #[error("the frame of a photo rule set has a width and a height")]
    Frame,
}

impl RuleSet {
    /// Reads a rule set from TOML.
    ///
    /// # Errors
    ///
    /// If it is not one, has unknown keys, or a colour that is none.
    pub fn from_toml(text: &str) -> Result<Self, BadRuleSet> {
        let rules: Self = toml::from_str(text)?;
        if rules.frame.width == 0 || rules.frame.height == 0 {
            return Err(BadRuleSet::Frame);
        }
        for rule in &rules.rules {
            if let Check::BackgroundColour { near, .. } = &rule.check
                && let Some(colour) = near.iter().find(|text| super::background::Rgb::parse(text).is_none())
            {
                return Err(BadRuleSet::Colour { code: rule.code.clone(), colour: colour.clone() });
            }
        }
        Ok(rules)
    }

    /// The same set, for photos that must be taken between two days, both included, `YYYY-MM-DD`.
    #[must_use]
    pub fn captured_between(mut self, first: &str, last: &str) -> Self {
        for rule in &mut self.rules {
            if let Check::Taken { from, until } = &mut rule.check {
                (*from, *until) = (Some(first.to_owned()), Some(last.to_owned()));
            }
        }
        self
    }

    /// Whether a rule needs to know how far the eyes are off level.
    pub(crate) fn asks_for_level_eyes(&self) -> bool {
        self.rules.iter().any(|rule| matches!(rule.check, Check::EyeLevel { .. }))
    }

    /// Whether a rule needs to know how the face is held.
    pub(crate) fn asks_for_expression(&self) -> bool {
        self.rules.iter().any(|rule| {
            matches!(
                rule.check,
                Check::HeadYaw { .. }
                    | Check::HeadPitch { .. }
                    | Check::HeadRoll { .. }
                    | Check::EyesOpen { .. }
                    | Check::MouthClosed { .. }
            )
        })
    }

    /// The standard for graduate photos, 教毕指〔2017〕99号, as restated by colleges.
    ///
    /// # Errors
    ///
    /// Only if the built-in text is at fault; a test reads it.
    pub fn jbz_2017_99() -> Result<Self, BadRuleSet> {
        Self::from_toml(include_str!("../../rules/jbz-2017-99.toml"))
    }

    /// A set for press photographs, for demonstrations and measurements.
    ///
    /// # Errors
    ///
    /// Only if the built-in text is at fault; a test reads it.
    pub fn demo_relaxed() -> Result<Self, BadRuleSet> {
        Self::from_toml(include_str!("../../rules/demo-relaxed.toml"))
    }

    /// The built-in set called `id`. None if there is none.
    ///
    /// # Errors
    ///
    /// Only if the built-in text is at fault.
    pub fn built_in(id: &str) -> Result<Option<Self>, BadRuleSet> {
        match id {
            "jbz-2017-99" => Self::jbz_2017_99().map(Some),
            "demo-relaxed" => Self::demo_relaxed().map(Some),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Landmarks, Point};

    const SIZE: (u32, u32) = (300, 300);

    fn face(size: f32, score: f32) -> Detection {
        let point = Point { x: 0.0, y: 0.0 };
        let landmarks = Landmarks {
            right_eye: point,
            left_eye: point,
            nose: point,
            right_mouth: point,
            left_mouth: point,
        };
        Detection { face: Rect { x: 0.0, y: 0.0, width: size, height: size }, landmarks, score }
    }

    #[test]
    fn the_built_in_sets_can_be_read_and_written() {
        for id in ["jbz-2017-99", "demo-relaxed"] {
            let rules = RuleSet::built_in(id).unwrap().unwrap();
            assert_eq!(rules.id, id);
            let json = serde_json::to_string(&rules).unwrap();
            assert_eq!(serde_json::from_str::<RuleSet>(&json).unwrap(), rules);
        }
        assert!(RuleSet::built_in("none").unwrap().is_none());
    }

    #[test]
    fn every_component_of_the_international_standard_is_named_once() {
        let rules = RuleSet::jbz_2017_99().unwrap();
        let mut named: Vec<&str> = rules.rules.iter().filter_map(|rule| rule.check.iso_component()).collect();
        named.sort_unstable();
        assert_eq!(
            named,
            [
                "BackgroundUniformity",
                "EyesOpen",
                "HeadPosePitch",
                "HeadPoseRoll",
                "HeadPoseYaw",
                "LuminanceMean",
                "MouthClosed",
                "Sharpness",
                "SingleFacePresent",
            ]
        );
    }

    #[test]
    fn a_misspelt_key_and_a_bad_colour_are_refused() {
        let text = include_str!("../../rules/jbz-2017-99.toml");
        let misspelt = text.replace("min_score = 0.8\nother", "min_scoer = 0.8\nother");
        assert!(matches!(RuleSet::from_toml(&misspelt), Err(BadRuleSet::Unreadable(_))));
        let colourless = text.replace("#64C5FF", "blue");
        assert!(matches!(RuleSet::from_toml(&colourless), Err(BadRuleSet::Colour { .. })));
    }

    #[test]
    fn a_strict_policy_counts_every_face_and_a_relaxed_one_the_large() {
        let seen = [face(40.0, 0.9), face(100.0, 0.95), face(90.0, 0.85), face(99.0, 0.3)];
        assert_eq!(FacePolicy::STRICT.only(&seen, SIZE), Err(Refusal::SeveralFaces { count: 3 }));
        let relaxed = FacePolicy {
            min_score: 0.6,
            other_min_score: 0.8,
            dominant_face_ratio: 0.7,
            subject_in_middle: false,
        };
        assert_eq!(relaxed.only(&seen, SIZE), Err(Refusal::SeveralFaces { count: 2 }));
        assert_eq!(relaxed.only(&[face(40.0, 0.9), face(100.0, 0.95)], SIZE), Ok(face(100.0, 0.95)));
        assert_eq!(relaxed.only(&[face(100.0, 0.5)], SIZE), Err(Refusal::NoFace));
    }

    #[test]
    fn where_the_subject_is_in_the_middle_only_the_middle_counts() {
        let beside = face(120.0, 0.9);
        let mut subject = face(100.0, 0.9);
        subject.face = Rect { x: 100.0, y: 100.0, ..subject.face };
        let press = FacePolicy { subject_in_middle: true, ..FacePolicy::STRICT };
        assert_eq!(press.only(&[beside, subject], SIZE), Ok(subject));
        assert_eq!(press.only(&[subject, subject], SIZE), Err(Refusal::SeveralFaces { count: 2 }));
        // Both cover it, and one is clearly beside it.
        let mut edge = subject;
        edge.face = Rect { x: 60.0, y: 60.0, width: 200.0, height: 200.0 };
        assert_eq!(press.only(&[edge, subject], SIZE), Ok(subject));
        assert_eq!(press.only(&[edge, edge], SIZE), Err(Refusal::SeveralFaces { count: 2 }));
        // Nobody in the middle: then everybody counts, as ever.
        assert_eq!(press.only(&[beside, beside], SIZE), Err(Refusal::SeveralFaces { count: 2 }));
    }
}
