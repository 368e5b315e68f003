//! One person's photos among themselves: what the machine makes of them.

use api::cohort::{CasePair, CasePhoto, Outcome};
use api::ids::PhotoId;
use verify::{Similarity, Template, Thresholds, Verdict};

use crate::{Refusal as _, Result, face};

/// There is nothing to compare.
pub(super) const NO_PHOTO: &str = "COHORT-NO-PHOTO";

/// There is one photo and nothing beside it.
pub(super) const ONE_PHOTO: &str = "COHORT-ONE-PHOTO";

/// A photo has no face that can be compared.
pub(super) const UNUSABLE: &str = "COHORT-PHOTO-UNUSABLE";

/// Somebody else's photo is too much like one of these.
pub(super) const ALIKE: &str = "COHORT-ALIKE";

/// A photo that was looked at, with the template of its one face.
pub(super) struct Looked {
    /// What is kept of it.
    pub(super) photo: CasePhoto,
    /// The template.
    pub(super) template: Option<Template>,
}

/// What a person's photos come to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Evidence {
    /// What the machine says.
    pub(super) outcome: Outcome,
    /// The similarity of the pair that is least alike.
    pub(super) similarity: Option<f32>,
    /// Why it says no more.
    pub(super) reasons: Vec<String>,
    /// The photos.
    pub(super) photos: Vec<CasePhoto>,
    /// Every pair of those that can be compared.
    pub(super) pairs: Vec<CasePair>,
}

impl Evidence {
    /// Compares every photo with every other. The pair that is least alike decides; a photo that can't be compared, or in
    /// which the face can't be seen as it must be, makes a match a doubt.
    ///
    /// # Errors
    ///
    /// When two templates are of different models.
    pub(super) fn of(looked: &[Looked], thresholds: &Thresholds) -> Result<Self> {
        let mut pairs = Vec::new();
        let mut worst: Option<Similarity> = None;
        let usable: Vec<_> =
            looked.iter().filter_map(|one| Some((one.photo.id, one.template.as_ref()?))).collect();
        for (at, (one, left)) in usable.iter().enumerate() {
            for (other, right) in usable.iter().skip(at + 1) {
                let similarity = left.compare(right).or_failed("compare two templates")?;
                let verdict = face::verdict(thresholds.decide(similarity));
                pairs.push(CasePair { one: *one, other: *other, similarity: similarity.cosine(), verdict });
                worst = Some(
                    worst.map_or(similarity, |least| if similarity < least { similarity } else { least }),
                );
            }
        }
        let mut reasons: Vec<String> = looked.iter().flat_map(|one| one.photo.hinders.clone()).collect();
        reasons.sort();
        reasons.dedup();
        if usable.len() < looked.len() {
            reasons.push(UNUSABLE.to_owned());
        }
        let outcome = match worst.map(|worst| thresholds.decide(worst)) {
            None => {
                if usable.len() == looked.len() {
                    reasons.push(if looked.is_empty() { NO_PHOTO } else { ONE_PHOTO }.to_owned());
                }
                Outcome::ByHand
            }
            Some(Verdict::Match) if reasons.is_empty() => Outcome::Match,
            Some(Verdict::Match | Verdict::Unsure) => Outcome::Unsure,
            Some(Verdict::NoMatch) => Outcome::NoMatch,
        };
        let photos = looked.iter().map(|one| one.photo.clone()).collect();
        Ok(Self { outcome, similarity: worst.map(Similarity::cosine), reasons, photos, pairs })
    }

    /// How much a photo is like the one of the person's own that is most like it.
    pub(super) fn best_own(&self, photo: PhotoId) -> Option<f32> {
        let own = self.pairs.iter().filter(|pair| pair.one == photo || pair.other == photo);
        own.map(|pair| pair.similarity).max_by(f32::total_cmp)
    }

    /// Notes that somebody else's photo is too much like one of these: no match stays clear.
    pub(super) fn doubt(&mut self) {
        if self.reasons.iter().any(|reason| reason == ALIKE) {
            return;
        }
        self.reasons.push(ALIKE.to_owned());
        if self.outcome == Outcome::Match {
            self.outcome = Outcome::Unsure;
        }
    }
}

/// The photos as they are named when nothing of what a machine found may be said.
pub(super) fn without_figures(photos: &[CasePhoto]) -> Vec<CasePhoto> {
    let bare = |photo: &CasePhoto| CasePhoto { refusal: None, hinders: Vec::new(), ..photo.clone() };
    photos.iter().map(bare).collect()
}

#[cfg(test)]
mod tests {
    use api::dossier::PhotoKind;
    use verify::ModelId;

    use super::*;

    fn thresholds() -> Thresholds {
        let similarity = |cosine| Similarity::new(cosine).unwrap();
        Thresholds::new("test", ModelId::new("test"), similarity(0.5), similarity(0.3)).unwrap()
    }

    /// A photo whose template has this cosine with the first axis.
    fn photo(cosine: Option<f32>, hinders: &[&str]) -> Looked {
        let template = cosine.map(|cosine| {
            let mut values = vec![0.0; 128];
            values[0] = cosine;
            values[1] = (1.0 - cosine * cosine).sqrt();
            Template::normalised(ModelId::new("test"), &values).unwrap()
        });
        let photo = CasePhoto {
            id: PhotoId::new(),
            kind: PhotoKind::Admission,
            sha256: String::new(),
            refusal: template.is_none().then(|| "no_face".to_owned()),
            hinders: hinders.iter().map(|code| (*code).to_owned()).collect(),
        };
        Looked { photo, template }
    }

    fn said(looked: &[Looked]) -> (Outcome, Vec<String>) {
        let evidence = Evidence::of(looked, &thresholds()).unwrap();
        (evidence.outcome, evidence.reasons)
    }

    #[test]
    fn the_pair_that_is_least_alike_decides() {
        let three = [photo(Some(1.0), &[]), photo(Some(0.9), &[]), photo(Some(0.2), &[])];
        let evidence = Evidence::of(&three, &thresholds()).unwrap();
        assert_eq!((evidence.outcome, evidence.pairs.len()), (Outcome::NoMatch, 3));
        assert!((evidence.similarity.unwrap() - 0.2).abs() < 0.001);
        let best = evidence.best_own(three[0].photo.id).unwrap();
        assert!((best - 0.9).abs() < 0.001, "{best}");
    }

    #[test]
    fn what_cannot_be_seen_is_never_a_match_and_never_a_mismatch() {
        assert_eq!(said(&[]), (Outcome::ByHand, vec![NO_PHOTO.to_owned()]));
        assert_eq!(said(&[photo(Some(1.0), &[])]), (Outcome::ByHand, vec![ONE_PHOTO.to_owned()]));
        assert_eq!(
            said(&[photo(Some(1.0), &[]), photo(None, &[])]),
            (Outcome::ByHand, vec![UNUSABLE.to_owned()])
        );
        let with_one_unusable = [photo(Some(1.0), &[]), photo(Some(0.9), &[]), photo(None, &[])];
        assert_eq!(said(&with_one_unusable), (Outcome::Unsure, vec![UNUSABLE.to_owned()]));
        let hindered = [photo(Some(1.0), &[]), photo(Some(0.9), &["IMG-10"])];
        assert_eq!(said(&hindered), (Outcome::Unsure, vec!["IMG-10".to_owned()]));
    }

    #[test]
    fn a_look_alike_makes_a_match_a_doubt_and_a_mismatch_no_less() {
        let mut clear = Evidence::of(&[photo(Some(1.0), &[]), photo(Some(0.9), &[])], &thresholds()).unwrap();
        assert_eq!(clear.outcome, Outcome::Match);
        clear.doubt();
        clear.doubt();
        assert_eq!((clear.outcome, clear.reasons.len()), (Outcome::Unsure, 1));
        let mut other = Evidence::of(&[photo(Some(1.0), &[]), photo(Some(0.1), &[])], &thresholds()).unwrap();
        other.doubt();
        assert_eq!(other.outcome, Outcome::NoMatch);
    }
}
