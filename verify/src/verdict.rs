//! Three answers, because life has three.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::template::ModelId;

/// How alike two faces are: the cosine of their templates, −1..=1. Means nothing without the model that made it.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f32", into = "f32")]
pub struct Similarity(f32);

impl Similarity {
    /// Takes a cosine; what rounding put just outside −1..=1 is brought back.
    ///
    /// # Errors
    ///
    /// [`NotASimilarity`] if it is not a number or well outside the range.
    pub fn new(cosine: f32) -> Result<Self, NotASimilarity> {
        if (-1.001..=1.001).contains(&cosine) {
            Ok(Self(cosine.clamp(-1.0, 1.0)))
        } else {
            Err(NotASimilarity(cosine))
        }
    }

    /// The cosine of two vectors of length one. Brings what rounding did back into range; not a number counts as
    /// unlike, so that nonsense never becomes a match.
    pub(crate) fn of_unit_vectors(cosine: f32) -> Self {
        Self(if cosine.is_nan() { -1.0 } else { cosine.clamp(-1.0, 1.0) })
    }

    /// The cosine, −1..=1.
    pub fn cosine(self) -> f32 {
        self.0
    }
}

impl fmt::Display for Similarity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.4}", self.0)
    }
}

impl TryFrom<f32> for Similarity {
    type Error = NotASimilarity;

    fn try_from(cosine: f32) -> Result<Self, NotASimilarity> {
        Self::new(cosine)
    }
}

impl From<Similarity> for f32 {
    fn from(similarity: Similarity) -> Self {
        similarity.0
    }
}

/// A number that is no cosine.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{0} is not a similarity, which lies between −1 and 1")]
pub struct NotASimilarity(pub f32);

/// Where the three bands of one model meet, and where these numbers come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawThresholds")]
pub struct Thresholds {
    version: String,
    model: ModelId,
    accept: Similarity,
    reject: Similarity,
}

#[derive(Deserialize)]
struct RawThresholds {
    version: String,
    model: ModelId,
    accept: Similarity,
    reject: Similarity,
}

impl TryFrom<RawThresholds> for Thresholds {
    type Error = CrossedThresholds;

    fn try_from(raw: RawThresholds) -> Result<Self, CrossedThresholds> {
        Self::new(raw.version, raw.model, raw.accept, raw.reject)
    }
}

/// An accept threshold below the reject threshold.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("the threshold for a match ({accept}) is below the threshold for no match ({reject})")]
pub struct CrossedThresholds {
    /// The accept threshold.
    pub accept: Similarity,
    /// The reject threshold.
    pub reject: Similarity,
}

impl Thresholds {
    /// Thresholds called `version`, for templates of `model`.
    ///
    /// # Errors
    ///
    /// [`CrossedThresholds`] if `accept` is below `reject`.
    pub fn new(
        version: impl Into<String>,
        model: ModelId,
        accept: Similarity,
        reject: Similarity,
    ) -> Result<Self, CrossedThresholds> {
        if accept < reject {
            return Err(CrossedThresholds { accept, reject });
        }
        Ok(Self { version: version.into(), model, accept, reject })
    }

    /// What to start with before the school has calibrated on its own photos.
    ///
    /// Measured for the built-in models on all 29.6 million pairs of different names in LFW's second view: of a million
    /// pairs of different people, 10 reach `accept` (0.471) and 1000 reach `reject` (0.364). Those are adults in press
    /// photographs; nothing follows for students.
    pub fn uncalibrated(model: ModelId) -> Self {
        Self {
            version: "uncalibrated-lfw".to_owned(),
            model,
            accept: Similarity(0.471),
            reject: Similarity(0.364),
        }
    }

    /// Their name, to be recorded with every verdict.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The model whose templates they are for.
    pub fn model(&self) -> &ModelId {
        &self.model
    }

    /// From here on: match.
    pub fn accept(&self) -> Similarity {
        self.accept
    }

    /// Below: no match.
    pub fn reject(&self) -> Similarity {
        self.reject
    }

    /// Turns a similarity into a verdict.
    pub fn decide(&self, similarity: Similarity) -> Verdict {
        if similarity >= self.accept {
            Verdict::Match
        } else if similarity < self.reject {
            Verdict::NoMatch
        } else {
            Verdict::Unsure
        }
    }

    /// A similarity as people like to read it, 0..=100: 60 at `reject`, 80 at `accept`, straight lines between.
    ///
    /// It orders like the cosine and is no probability.
    pub fn percent(&self, similarity: Similarity) -> f32 {
        let (reject, accept) = (self.reject.0.clamp(0.0, 1.0), self.accept.0.clamp(0.0, 1.0));
        let line = |x: f32, (x0, y0): (f32, f32), (x1, y1): (f32, f32)| {
            if x1 > x0 { y0 + (x - x0) / (x1 - x0) * (y1 - y0) } else { y1 }
        };
        match similarity.0 {
            x if x < reject => line(x.max(0.0), (0.0, 0.0), (reject, 60.0)),
            x if x < accept => line(x, (reject, 60.0), (accept, 80.0)),
            x => line(x, (accept, 80.0), (1.0, 100.0)),
        }
    }
}

/// What the machine says about two photos. A person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The same person, as far as the machine can tell (一致).
    Match,
    /// The machine cannot tell (存疑).
    Unsure,
    /// Different people, as far as the machine can tell (不一致).
    NoMatch,
}

impl Verdict {
    /// A word for it that never changes, for tables and programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Unsure => "unsure",
            Self::NoMatch => "no_match",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn similarity(x: f32) -> Similarity {
        Similarity::new(x).unwrap()
    }

    fn thresholds(accept: f32, reject: f32) -> Thresholds {
        Thresholds::new("test", ModelId::new("test"), similarity(accept), similarity(reject)).unwrap()
    }

    #[test]
    fn a_similarity_at_the_threshold_belongs_to_the_upper_band() {
        let thresholds = thresholds(0.5, 0.3);
        assert_eq!(thresholds.decide(similarity(0.5)), Verdict::Match);
        assert_eq!(thresholds.decide(similarity(0.3)), Verdict::Unsure);
        assert_eq!(thresholds.decide(similarity(0.299)), Verdict::NoMatch);
    }

    #[test]
    fn crossed_thresholds_are_refused_from_json_too() {
        let crossed = r#"{"version":"x","model":"m","accept":0.2,"reject":0.3}"#;
        assert!(serde_json::from_str::<Thresholds>(crossed).is_err());
        assert!(Similarity::new(f32::NAN).is_err());
    }

    proptest! {
        /// More alike is never a worse answer, nor a lower percentage.
        #[test]
        fn verdict_and_percent_order_like_the_similarity(
            a in -1f32..=1.0, b in -1f32..=1.0, x in -1f32..=1.0, y in -1f32..=1.0,
        ) {
            let thresholds = thresholds(a.max(b), a.min(b));
            let rank = |verdict| match verdict { Verdict::NoMatch => 0, Verdict::Unsure => 1, Verdict::Match => 2 };
            let (low, high) = (similarity(x.min(y)), similarity(x.max(y)));
            prop_assert!(rank(thresholds.decide(low)) <= rank(thresholds.decide(high)));
            prop_assert!(thresholds.percent(low) <= thresholds.percent(high) + 1e-3);
            prop_assert!((0.0..=100.0).contains(&thresholds.percent(low)));
        }
    }
}
