//! Every reader of files from outside, as a function of their bytes: what the fuzzer runs, and what a test runs on seeds
//! and on mutations of them.
//!
//! A target either takes the bytes or refuses them with a code and a sentence. What must hold of everything that was taken
//! is asserted: a panic is a finding.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a target that stops is the finding; seeds are made, not received"
)]

pub mod dice;
pub mod hostile;
pub mod sections;
pub mod seeds;
mod targets;

pub use targets::{TARGETS, Target};

/// What a reader made of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It took them.
    Taken,
    /// It took some of what is in them, and refused the rest by name.
    InPart {
        /// The code of the first refusal.
        code: String,
        /// What it says.
        why: String,
    },
    /// It refused them.
    Refused {
        /// The refusal's stable code.
        code: String,
        /// What it says.
        why: String,
    },
}

impl Verdict {
    /// A refusal. It must say what it is and why.
    fn refused(code: impl Into<String>, why: impl ToString) -> Self {
        let (code, why) = (code.into(), why.to_string());
        assert!(!code.is_empty() && !why.trim().is_empty(), "a refusal without a reason: {code:?}, {why:?}");
        Self::Refused { code, why }
    }
}
