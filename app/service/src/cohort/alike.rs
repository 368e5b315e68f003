//! Photos of different people that are too much like each other: a substitute, one face under two names, twins.

use std::collections::BTreeSet;

use archive::db::office::{calibration, cohort_alike};
use verify::Similarity;

use crate::{Refusal as _, Result};

pub(super) use cohort_alike::Alike;

/// How many look-alikes of one person are kept at most.
const MOST: usize = 20;

/// Where a calibration measured no strict threshold, it would call many strangers alike. No more pairs of people than one in
/// this many people, and these, the most alike, are looked at for that reason alone.
const PEOPLE_FOR_A_PAIR: usize = 100;
const PAIRS: usize = 10;

/// From what on two people's photos are too much alike.
///
/// Among N people there are N²/2 pairs, so at the threshold of a single comparison some strangers always are. So a pair counts
/// where the calibration's strictest measured threshold is reached, or where a photo is more like somebody else's than like
/// any of the person's own.
pub(super) struct Standard {
    /// At or above: too much in any case.
    pub(super) threshold: Similarity,
    /// How many of all pairs of strangers may be so by chance.
    pub(super) by_chance: Option<f64>,
}

impl Standard {
    /// The strictest threshold that the calibration could measure, for this many pairs of strangers.
    ///
    /// # Errors
    ///
    /// When the calibration can't be read.
    pub(super) fn of(kept: &calibration::Calibration, pairs: u64) -> Result<Self> {
        let report: api::face::Calibration =
            serde_json::from_str(&kept.report).or_failed("read a calibration")?;
        let measured =
            report.operating_points.iter().filter_map(|point| Some((point.threshold?, point.target_fmr)));
        let strictest =
            measured.filter(|(threshold, _)| *threshold >= kept.accept).max_by(|a, b| a.0.total_cmp(&b.0));
        #[expect(clippy::cast_precision_loss, reason = "a count of pairs is far below 2^52")]
        let by_chance = |rate: f64| rate * pairs as f64;
        Ok(Self {
            threshold: Similarity::new(strictest.map_or(kept.accept, |(threshold, _)| threshold))
                .or_failed("read a calibration")?,
            by_chance: strictest.map(|(_, rate)| by_chance(rate)),
        })
    }

    /// The same, or as strict as it takes to leave no more pairs than people can look at; `pairs` in falling order of
    /// similarity, each with whose photos they are. How many may be so by chance is then not known.
    pub(super) fn for_people(
        self,
        people: usize,
        pairs: impl Iterator<Item = ((usize, usize), Similarity)>,
    ) -> Self {
        let most = PAIRS.max(people / PEOPLE_FOR_A_PAIR);
        let mut met = BTreeSet::new();
        let mut least = None;
        for ((one, other), similarity) in pairs.take_while(|(_, similarity)| *similarity >= self.threshold) {
            met.insert((one.min(other), one.max(other)));
            if met.len() > most {
                return Self { threshold: least.unwrap_or(similarity), by_chance: None };
            }
            least = Some(similarity);
        }
        self
    }

    /// Whether two people's photos are too much alike; `own` is how much each is like the person's own that is most like it.
    pub(super) fn is_too_much(
        &self,
        similarity: Similarity,
        accept: Similarity,
        own: (Option<f32>, Option<f32>),
    ) -> bool {
        let beyond_own = |own: Option<f32>| own.is_some_and(|own| similarity.cosine() > own);
        similarity >= self.threshold || (similarity >= accept && (beyond_own(own.0) || beyond_own(own.1)))
    }
}

/// Of each person the most alike, as many as are kept.
pub(super) fn most_alike(mut found: Vec<Alike>) -> Vec<Alike> {
    found.sort_by(|a, b| (a.person).cmp(&b.person).then(b.similarity.total_cmp(&a.similarity)));
    let mut so_far = (None, 0);
    found.retain(|alike| {
        so_far =
            if so_far.0 == Some(alike.person) { (so_far.0, so_far.1 + 1) } else { (Some(alike.person), 1) };
        so_far.1 <= MOST
    });
    found
}

#[cfg(test)]
mod tests {
    use api::ids::{PersonId, PhotoId};

    use super::*;

    #[test]
    fn a_photo_that_is_more_like_a_strangers_than_its_own_is_too_much_like_it() {
        let similarity = |cosine| Similarity::new(cosine).unwrap();
        let standard = Standard { threshold: similarity(0.6), by_chance: None };
        let too_much = |cosine, own| standard.is_too_much(similarity(cosine), similarity(0.4), own);
        assert!(too_much(0.6, (Some(0.9), Some(0.9))));
        assert!(!too_much(0.59, (Some(0.9), Some(0.9))));
        assert!(too_much(0.45, (Some(0.9), Some(0.44))));
        assert!(!too_much(0.39, (Some(0.1), Some(0.1))));
        assert!(!too_much(0.45, (None, None)));
    }

    #[test]
    fn a_threshold_that_many_strangers_reach_is_raised_to_the_most_alike_of_them() {
        let similarity = |cosine| Similarity::new(cosine).unwrap();
        let standard = || Standard { threshold: similarity(0.5), by_chance: Some(64.0) };
        let pair = |at: usize| ((at, at + 1), similarity(0.9 - 0.01 * f32::from(u8::try_from(at).unwrap())));
        let few = standard().for_people(120, (0..PAIRS).map(pair));
        assert_eq!((few.threshold, few.by_chance), (similarity(0.5), Some(64.0)));
        let many = standard().for_people(120, (0..30).map(pair));
        assert_eq!((many.threshold, many.by_chance), (pair(PAIRS - 1).1, None));
        let more_people = standard().for_people(2000, (0..30).map(pair));
        assert_eq!(more_people.threshold, pair(19).1);
        // Two people are one pair, however many photos of theirs are alike.
        let twins = (0..40).map(|_| ((3, 4), similarity(0.8))).chain([((4, 3), similarity(0.7))]);
        assert_eq!(standard().for_people(120, twins).threshold, similarity(0.5));
    }

    #[test]
    fn of_each_person_the_most_alike_are_kept() {
        let [one, two] = [PersonId::new(), PersonId::new()];
        let pair = |person, similarity| {
            let (photo, other_photo) = (PhotoId::new(), PhotoId::new());
            Alike { person, photo, other: PersonId::new(), other_photo, similarity, campaign: None }
        };
        let many: Vec<Alike> =
            (0_u8..30).map(|at| pair(one, f32::from(at) / 30.0)).chain([pair(two, 0.1)]).collect();
        let kept = most_alike(many);
        assert_eq!(kept.len(), MOST + 1);
        assert!(kept.iter().filter(|alike| alike.person == one).all(|alike| alike.similarity > 0.3));
    }
}
