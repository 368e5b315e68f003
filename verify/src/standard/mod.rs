//! The photo standard: rule sets, and what they find in a photo.
//!
//! Every number is in a rule set, which has a version and says where its numbers come from. A finding says what was
//! measured, what is allowed, how grave it is, and where in the photo to draw it. What this program cannot measure is
//! `not_measurable`: a person has to look. It is never reported as passed.
//!
//! Where ISO/IEC 29794-5 has a quality component that means the same, [`Check::iso_component`] names it.

mod background;
mod border;
mod check;
mod foreground;
mod rules;
mod surroundings;

pub use check::{Evidence, findings};
pub use rules::{BadRuleSet, Check, FacePolicy, Frame, Rule, RuleSet};
pub use surroundings::Surroundings;

use serde::{Deserialize, Serialize};

use crate::geometry::{Point, Rect};

/// What one rule found in one photo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule in the standard, like `IMG-09`.
    pub code: String,
    /// The reason as the national front-ends word it, like `Q-EYE-TOP`, if they have one.
    pub reason: Option<String>,
    /// What was measured, like `eye_line`: the word of [`Check::measure`]. [`Check::iso_component`] says what ISO/IEC 29794-5
    /// calls it, where it does.
    pub measure: String,
    /// How grave a failure is.
    pub severity: Severity,
    /// Whether the photo passed.
    pub status: Status,
    /// What was measured. None if nothing could be.
    pub measured: Option<Value>,
    /// What is allowed. None if the rule is for a person's eyes.
    pub limit: Option<Limit>,
    /// Where in the photo to draw it.
    pub marks: Vec<Mark>,
}

impl Finding {
    /// Whether it keeps the photo from being accepted.
    pub fn blocks(&self) -> bool {
        self.status == Status::Failed && self.severity == Severity::Block
    }
}

/// How grave a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// For the record.
    Info,
    /// A person should look.
    Warn,
    /// The photo cannot be accepted.
    Block,
}

/// Whether a photo keeps a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It does.
    Passed,
    /// It does not.
    Failed,
    /// The program cannot tell. A person must look.
    NotMeasurable,
}

/// Something measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Value {
    /// A number and its unit.
    Number {
        /// The number.
        number: f64,
        /// Its unit.
        unit: Unit,
    },
    /// A size in pixels.
    Size {
        /// Width.
        width: u32,
        /// Height.
        height: u32,
    },
    /// A colour, like `#64C5FF`.
    Colour {
        /// Red, green and blue in hexadecimal.
        hex: String,
    },
    /// A word, like `jpeg`.
    Word {
        /// The word.
        word: String,
    },
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Pixels, in the standard's frame (a photo of another size is scaled to its height).
    Pixels,
    /// Dots per inch.
    Dpi,
    /// Kibibytes.
    Kilobytes,
    /// Degrees of angle.
    Degrees,
    /// Colour difference, CIE 1976.
    DeltaE,
    /// A share, 0..=1.
    Share,
    /// A count.
    Count,
    /// A number without a unit, defined with its check.
    Index,
}

/// What is allowed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Limit {
    /// A range; either end may be open.
    Range {
        /// Smallest allowed.
        min: Option<f64>,
        /// Largest allowed.
        max: Option<f64>,
        /// The unit of both.
        unit: Unit,
    },
    /// One size.
    Size {
        /// Width, pixels.
        width: u32,
        /// Height, pixels.
        height: u32,
    },
    /// Close to one of these colours.
    Colours {
        /// The colours, like `#64C5FF`.
        near: Vec<String>,
        /// How close: CIE 1976 colour difference.
        within: f64,
    },
    /// One of these words.
    Words {
        /// The words.
        words: Vec<String>,
    },
}

/// Something to draw on the photo, in pixels of the upright photo.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "mark", rename_all = "snake_case")]
pub enum Mark {
    /// A horizontal line at the top of the head.
    HeadTop {
        /// Pixels from the upper edge.
        y: f32,
    },
    /// A horizontal line through the eyes.
    EyeLine {
        /// Pixels from the upper edge.
        y: f32,
    },
    /// A box around a face.
    Face {
        /// The box.
        rect: Rect,
    },
    /// A box around what a finding is about.
    Area {
        /// The box.
        rect: Rect,
    },
    /// The two eyes.
    Eyes {
        /// The person's right eye.
        right: Point,
        /// The person's left eye.
        left: Point,
    },
    /// Where the horizontal lines may lie.
    Band {
        /// Upper bound, pixels from the upper edge.
        from: f32,
        /// Lower bound.
        to: f32,
    },
}
