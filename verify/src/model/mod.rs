//! The models that run: the detector and the embedder of faces, what says how a face is held, the finder and the reader of text.
//!
//! Architecture invariant: ONNX Runtime (`ort`) is used in this module and nowhere else.

mod detector;
mod embedder;
mod expression;
mod gate;
mod runtime;
mod text_finder;
mod text_reader;

use std::path::PathBuf;

pub use detector::Detector;
pub use embedder::{Embedder, SEVERAL};
pub use expression::ExpressionReader;
pub use gate::{check_detector, check_embedder};
pub use runtime::Runtime;
pub use text_finder::{TextFinder, TextMap};
pub use text_reader::TextReader;

/// Why a model could not be loaded or run.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The runtime library could not be loaded.
    #[error("could not load ONNX Runtime from {}", path.display())]
    Library {
        /// The library.
        path: PathBuf,
        /// What went wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A model could not be loaded.
    #[error("could not load model {model}")]
    Load {
        /// The model.
        model: String,
        /// What went wrong.
        source: ort::Error,
    },
    /// A model could not be run.
    #[error("model {model} failed")]
    Run {
        /// The model.
        model: String,
        /// What went wrong.
        source: ort::Error,
    },
    /// A model gave something else than it should.
    #[error("model {model} gave an unexpected output: {what}")]
    Output {
        /// The model.
        model: String,
        /// What was unexpected.
        what: &'static str,
    },
    /// The detector does not find a face that is plainly there, or finds it elsewhere.
    #[error(
        "model {model} does not find a drawn face where it was drawn. Run `cargo xtask setup` or `xuecang models fetch`"
    )]
    Misses {
        /// The model.
        model: String,
    },
    /// Preparation, or the way this processor computes, changed what a model computes.
    #[error(
        "prepared model {model} agrees with its original only to {cosine}; it must be {wanted}. Run `cargo xtask setup` or `xuecang models fetch`"
    )]
    Disagrees {
        /// The model.
        model: String,
        /// The cosine between their outputs.
        cosine: f32,
        /// What it must be at least.
        wanted: f32,
    },
}
