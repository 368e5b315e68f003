//! What a model makes of a face: 128 numbers, and the name of the model that made them.
//!
//! A template is sensitive: it is never printed, never logged, never in JSON, and wiped from memory when dropped.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use crate::align::WAY;
use crate::verdict::Similarity;

/// Numbers in a template.
pub const DIMENSIONS: usize = 128;

const MAGIC: &[u8; 4] = b"XCT1";

/// Which model made a template: its name, the start of its file's digest, and which way faces are aligned for it. Equal ids
/// mean comparable templates.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModelId(String);

impl ModelId {
    /// Takes the text of an id.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id of an installed model, for faces aligned as they are now.
    pub fn of(model: &models::installed::ModelFile) -> Self {
        Self(format!("{}@{}.{WAY}", model.name, model.digest.short()))
    }

    /// The id of the same model when templates are means of a face's and of its mirror image's. Such templates are
    /// comparable with each other only, and have thresholds of their own.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        Self(format!("{}+mirror", self.0))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A face as a vector of length one.
#[derive(Clone, PartialEq)]
pub struct Template {
    model: ModelId,
    values: Box<[f32; DIMENSIONS]>,
}

/// Two templates of different models, which cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a template of model {left} cannot be compared with one of model {right}")]
pub struct OtherModel {
    /// The model of one.
    pub left: ModelId,
    /// The model of the other.
    pub right: ModelId,
}

/// Bytes or numbers that are no template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplate {
    /// They cannot be read as one.
    #[error("these bytes are not a face template")]
    Malformed,
    /// They have no direction: all zero, or not numbers.
    #[error("these numbers have no direction, so they are not a face template")]
    NoDirection,
}

impl Template {
    /// Scales a model's output to length one.
    ///
    /// # Errors
    ///
    /// [`BadTemplate`] if there are not [`DIMENSIONS`] finite numbers, or all are zero.
    pub fn normalised(model: ModelId, values: &[f32]) -> Result<Self, BadTemplate> {
        let values: &[f32; DIMENSIONS] = values.try_into().map_err(|_| BadTemplate::Malformed)?;
        let length = values.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        if !length.is_finite() || length < 1e-6 {
            return Err(BadTemplate::NoDirection);
        }
        #[expect(clippy::cast_possible_truncation, reason = "f32 is the precision of a template")]
        let values = Box::new(values.map(|x| (f64::from(x) / length) as f32));
        Ok(Self { model, values })
    }

    /// The direction between two templates of one model, as `model` calls it.
    ///
    /// # Errors
    ///
    /// [`BadTemplate::NoDirection`] if they are opposite.
    pub fn between(model: ModelId, one: &Self, other: &Self) -> Result<Self, BadTemplate> {
        let mut sum: Vec<f32> =
            one.values.iter().zip(other.values.iter()).map(|(one, other)| one + other).collect();
        let between = Self::normalised(model, &sum);
        sum.zeroize();
        between
    }

    /// The model that made it.
    pub fn model(&self) -> &ModelId {
        &self.model
    }

    /// How alike two faces are.
    ///
    /// # Errors
    ///
    /// [`OtherModel`] if they are not of the same model.
    pub fn compare(&self, other: &Self) -> Result<Similarity, OtherModel> {
        if self.model != other.model {
            return Err(OtherModel { left: self.model.clone(), right: other.model.clone() });
        }
        Ok(Similarity::of_unit_vectors(dot(self.values.as_slice(), other.values.as_slice())))
    }

    /// The vector, for the gallery.
    pub(crate) fn values(&self) -> &[f32] {
        self.values.as_slice()
    }

    /// The template as bytes, model included, to be sealed by whoever keeps it.
    ///
    /// `XCT1`, length of the model id (u16), model id (UTF-8), 128 × f32; all little-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let id = self.model.as_str().as_bytes();
        let len = u16::try_from(id.len()).unwrap_or(u16::MAX);
        let mut bytes = Vec::with_capacity(6 + id.len() + 4 * DIMENSIONS);
        bytes.extend(MAGIC);
        bytes.extend(len.to_le_bytes());
        bytes.extend(id.iter().take(len.into()));
        bytes.extend(self.values.iter().flat_map(|x| x.to_le_bytes()));
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    ///
    /// [`BadTemplate`] if it is anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadTemplate> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(BadTemplate::Malformed)?;
        let (len, rest) = rest.split_first_chunk().ok_or(BadTemplate::Malformed)?;
        let (id, rest) =
            rest.split_at_checked(u16::from_le_bytes(*len).into()).ok_or(BadTemplate::Malformed)?;
        let id = str::from_utf8(id).map_err(|_| BadTemplate::Malformed)?;
        let (words, tail) = rest.as_chunks();
        if !tail.is_empty() {
            return Err(BadTemplate::Malformed);
        }
        let values: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
        Self::normalised(ModelId::new(id), &values)
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({})", self.model)
    }
}

impl Drop for Template {
    fn drop(&mut self) {
        self.values.as_mut_slice().zeroize();
    }
}

/// The dot product, in eight lanes so that the compiler can use wide registers.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0f32; 8];
    let (a, _) = a.as_chunks::<8>();
    let (b, _) = b.as_chunks::<8>();
    for (a, b) in a.iter().zip(b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn template(model: &str, values: &[f32]) -> Template {
        Template::normalised(ModelId::new(model), values).unwrap()
    }

    #[test]
    fn templates_of_different_models_are_not_compared() {
        let (a, b) = (template("a@1", &[1.0; DIMENSIONS]), template("b@1", &[1.0; DIMENSIONS]));
        let error = a.compare(&b).unwrap_err();
        assert_eq!(error, OtherModel { left: ModelId::new("a@1"), right: ModelId::new("b@1") });
    }

    #[test]
    fn a_vector_without_direction_is_no_template() {
        let id = || ModelId::new("m");
        assert_eq!(Template::normalised(id(), &[0.0; DIMENSIONS]).unwrap_err(), BadTemplate::NoDirection);
        assert_eq!(
            Template::normalised(id(), &[f32::NAN; DIMENSIONS]).unwrap_err(),
            BadTemplate::NoDirection
        );
        assert_eq!(Template::normalised(id(), &[1.0; 12]).unwrap_err(), BadTemplate::Malformed);
    }

    #[test]
    fn debug_shows_no_numbers() {
        assert_eq!(format!("{:?}", template("m", &[1.0; DIMENSIONS])), "Template(m)");
    }

    proptest! {
        #[test]
        fn a_template_survives_its_bytes(values in proptest::collection::vec(0.1f32..1.0, DIMENSIONS)) {
            let one = template("m@0123", &values);
            let bytes = one.to_bytes();
            let two = Template::from_bytes(&bytes).unwrap();
            prop_assert!(one.compare(&two).unwrap().cosine() > 0.999_999);
            prop_assert!(Template::from_bytes(&bytes[..bytes.len() - 1]).is_err());
        }
    }
}
