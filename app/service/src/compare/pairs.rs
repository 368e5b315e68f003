//! The probe beside each of the person's reference photos. The pair that is least alike decides.

use api::dossier::PhotoKind;
use api::face::Pair;
use serde::{Deserialize, Serialize};
use verify::{Similarity, Template, Thresholds, Verdict, standard};

use crate::{Refusal as _, Result, face};

/// Measures that say nothing of how well a face can be seen: those of the file and of what is behind the person.
const NOT_OF_THE_FACE: [&str; 8] = [
    "pixel_size",
    "resolution",
    "true_colour",
    "format",
    "jpeg_quality",
    "file_size",
    "background_colour",
    "background_uniform",
];

/// The code for a reference photo that could not be compared.
const UNUSABLE: &str = "REFERENCE-UNUSABLE";

/// A pair as the row keeps it: what the API says of it, and the digest of the reference.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    /// SHA-256 of the reference photo, hex.
    pub(super) sha256: String,
    /// What the API says.
    #[serde(flatten)]
    pub(super) pair: Pair,
}

/// A reference photo and the template of its one face, if it has one.
pub(super) struct Reference {
    /// The photo.
    pub(super) photo: archive::dossier::Photo,
    /// What it is, as the API says.
    pub(super) kind: PhotoKind,
    /// Its template. Never kept.
    pub(super) template: Option<Template>,
}

/// All pairs, and what follows from them.
pub(super) struct Pairs {
    /// Each reference beside the probe.
    pub(super) kept: Vec<Kept>,
    /// The pair that is least alike.
    pub(super) worst: Kept,
    /// How alike that one is.
    pub(super) similarity: Similarity,
    /// What the machine says.
    pub(super) verdict: Verdict,
    /// The codes for which it says no more than unsure.
    pub(super) held_back: Vec<String>,
}

impl Pairs {
    /// Compares the probe with every reference. Nothing if none can be compared.
    ///
    /// # Errors
    ///
    /// When two templates are of different models.
    pub(super) fn of(
        references: &[Reference],
        probe: &Template,
        thresholds: &Thresholds,
        findings: &[standard::Finding],
    ) -> Result<Option<Self>> {
        let mut kept = Vec::new();
        let mut worst: Option<(Kept, Similarity)> = None;
        for reference in references {
            let similarity = reference.template.as_ref().map(|known| known.compare(probe));
            let similarity = similarity.transpose().or_failed("compare two templates")?;
            let pair = Pair {
                reference: reference.photo.id,
                kind: reference.kind,
                similarity: similarity.map(Similarity::cosine),
                verdict: similarity.map(|similarity| face::verdict(thresholds.decide(similarity))),
            };
            let pair = Kept { sha256: reference.photo.sha256.clone(), pair };
            if let Some(similarity) = similarity
                && worst.as_ref().is_none_or(|(_, least)| similarity < *least)
            {
                worst = Some((pair.clone(), similarity));
            }
            kept.push(pair);
        }
        let Some((worst, similarity)) = worst else { return Ok(None) };
        let mut held_back: Vec<String> =
            findings.iter().filter(|finding| hinders(finding)).map(|finding| finding.code.clone()).collect();
        held_back.dedup();
        if kept.iter().any(|kept| kept.pair.similarity.is_none()) {
            held_back.push(UNUSABLE.to_owned());
        }
        let verdict = match thresholds.decide(similarity) {
            Verdict::Match if !held_back.is_empty() => Verdict::Unsure,
            verdict => verdict,
        };
        Ok(Some(Self { kept, worst, similarity, verdict, held_back }))
    }
}

/// Whether a finding is about the face. Nobody archives a probe, so the rules for files are not for it.
pub(super) fn is_of_the_face(finding: &standard::Finding) -> bool {
    !NOT_OF_THE_FACE.contains(&finding.measure.as_str())
}

/// Whether a finding says that the face can't be seen as it must be.
pub(crate) fn hinders(finding: &standard::Finding) -> bool {
    finding.blocks() && is_of_the_face(finding)
}
