//! Whose face this is: whether two photos show the same person, and whether a photo meets the standard; and what is
//! written on the scan of a paper.
//!
//! Rules that hold here:
//! - A machine never decides: it gives one of three answers ([`Verdict`]), and a person takes it from there.
//! - A refusal is a value ([`Refusal`]): the photo was looked at and cannot be used. A failure is an error.
//! - Nothing is guessed between two faces.
//! - What cannot be measured is reported as not measurable, never as passed.
//! - Numbers that a school or a standard may change are in a rule set or a calibration, not in code.
//! - ONNX Runtime is used in [`model`] only.

pub mod align;
pub mod calibrate;
mod detail;
pub mod draw;
pub mod engine;
pub mod expression;
pub mod gallery;
mod gathering;
pub mod geometry;
pub mod image;
pub mod model;
pub mod pool;
pub mod reader;
pub mod refusal;
pub mod standard;
pub mod template;
pub mod verdict;
mod window;

pub use calibrate::Calibration;
pub use engine::{Analysis, Coming, Engine, EngineError, Face, OpenError, Summary};
pub use gallery::Gallery;
pub use pool::PoolError;
pub use reader::Reader;
pub use refusal::Refusal;
pub use standard::{FacePolicy, Finding, RuleSet};
pub use template::{ModelId, OtherModel, Template};
pub use verdict::{Similarity, Thresholds, Verdict};
