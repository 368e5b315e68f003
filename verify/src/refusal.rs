//! Why a photo cannot be used. The photo is at fault, not the program, so these are values a person can act on.

use serde::{Deserialize, Serialize};

/// Why a photo was not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Refusal {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// More bytes than allowed.
    #[error("the file has {bytes} bytes; at most {limit} are allowed")]
    TooLarge {
        /// Its size, bytes.
        bytes: u64,
        /// The limit, bytes.
        limit: u64,
    },
    /// More pixels than allowed.
    #[error("the photo has {pixels} pixels; at most {limit} are allowed")]
    TooManyPixels {
        /// Its width times its height.
        pixels: u64,
        /// The limit.
        limit: u64,
    },
    /// Not a picture in any format the program knows.
    #[error("the file is not an image")]
    NotAnImage,
    /// A picture, in a format the program does not read.
    #[error("the photo is in {format} format; only JPEG, PNG and BMP are read")]
    UnsupportedFormat {
        /// The format's name.
        format: String,
    },
    /// HEIC, as telephones write it.
    #[error("the photo is in HEIC format, as telephones write it; export it as JPEG")]
    Heic,
    /// Ink colours, made for printing presses.
    #[error("the photo has printing colours (CMYK); save it as RGB")]
    Cmyk,
    /// The file ends before the picture does.
    #[error("the file ends before the picture does")]
    Truncated,
    /// A picture whose bytes are damaged.
    #[error("the photo is damaged and cannot be read")]
    Damaged,
    /// No face was found.
    #[error("no face was found in the photo")]
    NoFace,
    /// The one face shows no detail: it is drawn, or blown out.
    #[error("the face in the photo shows none of the detail of a photograph")]
    Drawing,
    /// More than one face counts. Nothing is guessed between them.
    #[error("{count} faces were found in the photo; there must be exactly one")]
    SeveralFaces {
        /// How many.
        count: usize,
    },
}

impl Refusal {
    /// A word for it that never changes, for tables and programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLarge { .. } => "too_large",
            Self::TooManyPixels { .. } => "too_many_pixels",
            Self::NotAnImage => "not_an_image",
            Self::UnsupportedFormat { .. } => "unsupported_format",
            Self::Heic => "heic",
            Self::Cmyk => "cmyk",
            Self::Truncated => "truncated",
            Self::Damaged => "damaged",
            Self::NoFace => "no_face",
            Self::Drawing => "drawing",
            Self::SeveralFaces { .. } => "several_faces",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_in_a_table_is_the_word_in_json() {
        for refusal in [
            Refusal::Empty,
            Refusal::TooLarge { bytes: 2, limit: 1 },
            Refusal::TooManyPixels { pixels: 2, limit: 1 },
            Refusal::NotAnImage,
            Refusal::UnsupportedFormat { format: "GIF".into() },
            Refusal::Heic,
            Refusal::Cmyk,
            Refusal::Truncated,
            Refusal::Damaged,
            Refusal::NoFace,
            Refusal::Drawing,
            Refusal::SeveralFaces { count: 2 },
        ] {
            assert_eq!(serde_json::to_value(&refusal).unwrap()["code"], refusal.code());
        }
    }
}
