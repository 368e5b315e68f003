//! Documents people print and sign, as PDF/A-2b with embedded fonts.
//!
//! A document is a function from facts to bytes; it reads no database and asks nobody. Every document is dated, in
//! one language, numbered on each page, and ends with the places for its signatures.

mod acceptance;
mod appraisal;
mod cohort;
mod deletion;
mod font;
mod proof;
mod sheet;
mod slips;
mod words;

pub use acceptance::acceptance_report;
pub use appraisal::appraisal_report;
pub use cohort::{CaseOnPaper, GroupOnPaper, PersonOnPaper, cohort_report, person_report};
pub use deletion::{Certificate, Claim, Place, deletion_certificate};
pub use font::{FontError, Fonts};
pub use proof::diploma_proof;
pub use slips::{Slip, slips};

/// The language of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// 中文
    Chinese,
    /// English
    English,
}

impl Language {
    /// Chooses the text of this language.
    fn say<'a>(self, chinese: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }

    /// RFC 5646.
    fn tag(self) -> &'static str {
        self.say("zh-CN", "en")
    }
}

/// Why a document could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// A character is in none of the fonts. PDF/A forbids a missing glyph.
    #[error(
        "the font has no glyph for U+{code:04X}; please install a font with wider coverage (Debian: fonts-noto-cjk)"
    )]
    NoGlyph {
        /// The character.
        code: u32,
    },
    /// The page can't hold what was asked for.
    #[error("the page size {0} × {1} mm is not usable")]
    Page(f32, f32),
    /// The PDF could not be written.
    #[error("the PDF could not be written: {0}")]
    Write(String),
    /// The photo can't be embedded.
    #[error("the photo can't be set into the paper: {0}")]
    Photo(String),
    /// The QR code could not be made.
    #[error("the QR code could not be made: {0}")]
    Qr(#[from] qrcode::types::QrError),
}
