//! Finds thresholds on the school's own photos and says what can and cannot be known from them.
//!
//! Genuine pairs show one person twice, impostor pairs two people. Similarities of one model only.
//!
//! A rate is *not measurable* with too few pairs: with `n` pairs and no error at all, the true rate may still be as high
//! as 3/n (the rule of three, 95 %). So a false match rate of 1 in 10 000 needs at least 30 000 impostor pairs.

use std::collections::HashMap;

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};

use crate::{
    template::ModelId,
    verdict::{CrossedThresholds, Similarity, Thresholds},
};

/// Pairs needed for each error that a rate must be able to show (rule of three).
const RULE_OF_THREE: f64 = 3.0;

/// What a product of a rate and a number of pairs may be off by rounding.
const ROUNDING: f64 = 1e-9;

/// False match rates at which a calibration reports how it does.
const REPORTED_RATES: [f64; 6] = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6];

/// How many false matches are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Targets {
    /// Share of impostor pairs that may be called a match.
    pub accept_fmr: f64,
    /// Share of impostor pairs that may be called unsure or a match.
    pub reject_fmr: f64,
}

impl Default for Targets {
    /// One false match in 100 000, one pair in 1000 for a person to look at.
    fn default() -> Self {
        Self { accept_fmr: 1e-5, reject_fmr: 1e-3 }
    }
}

/// Why there is no calibration.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CalibrateError {
    /// There are no pairs of one kind.
    #[error("there are no {0} pairs to calibrate with")]
    NoPairs(&'static str),
    /// A target is not a rate, or accepting is easier than rejecting.
    #[error("the target rates must lie between 0 and 1, the one for a match not above the one for unsure")]
    BadTargets,
    /// Too few impostor pairs for a target.
    #[error(
        "a false match rate of {target} is not measurable with {pairs} pairs of different people; at least {needed} are needed"
    )]
    NotMeasurable {
        /// The target.
        target: f64,
        /// The pairs there are.
        pairs: usize,
        /// The pairs it takes.
        needed: usize,
    },
    /// Even the highest threshold lets too many pass: the same photo, most likely, under two people's names.
    #[error(
        "too many pairs of different people are identical for a false match rate of {target}; look for one photo under two names"
    )]
    Identical {
        /// The target.
        target: f64,
    },
    /// Whoever asked no longer wants it.
    #[error("the calibration was stopped")]
    Stopped,
    /// Cannot happen with targets in order; kept as an error, not a panic.
    #[error(transparent)]
    Crossed(#[from] CrossedThresholds),
}

/// A threshold and what it does on the pairs it was measured with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoint {
    /// The threshold: this similarity and above count as a match.
    pub threshold: Similarity,
    /// Share of impostor pairs at or above it.
    pub false_match_rate: f64,
    /// Share of genuine pairs below it.
    pub false_non_match_rate: f64,
}

/// A rate and how it does, or that it cannot be measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum AtRate {
    /// It was measured.
    Measured {
        /// The false match rate asked for.
        target: f64,
        /// The threshold that keeps it.
        point: OperatingPoint,
    },
    /// No threshold keeps it, because too many impostor pairs are identical.
    Unreachable {
        /// The false match rate asked for.
        target: f64,
    },
    /// There are too few impostor pairs.
    NotMeasurable {
        /// The false match rate asked for.
        target: f64,
        /// The impostor pairs it takes.
        needed: usize,
    },
}

/// Thresholds, and everything that says how far to trust them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// The thresholds.
    pub thresholds: Thresholds,
    /// What was asked for.
    pub targets: Targets,
    /// Genuine pairs it was measured with.
    pub genuine_pairs: usize,
    /// Impostor pairs it was measured with.
    pub impostor_pairs: usize,
    /// The accept threshold on these pairs.
    pub accept: OperatingPoint,
    /// The reject threshold on these pairs.
    pub reject: OperatingPoint,
    /// The share of genuine pairs called match, unsure, no match.
    pub genuine_bands: Bands,
    /// The share of impostor pairs called match, unsure, no match.
    pub impostor_bands: Bands,
    /// Where as many genuine pairs are refused as impostors pass.
    pub equal_error: OperatingPoint,
    /// How it does at round false match rates.
    pub at_rates: Vec<AtRate>,
    /// The detection error trade-off, from high thresholds to low, at most a few hundred points.
    pub curve: Vec<OperatingPoint>,
}

/// Shares of the three answers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bands {
    /// Called a match.
    pub matched: f64,
    /// Called unsure.
    pub unsure: f64,
    /// Called no match.
    pub unmatched: f64,
}

/// How often each similarity was reached, for the odds shown with a verdict and for curves.
#[derive(Debug, Clone)]
pub struct Distribution {
    genuine: Vec<f32>,
    impostor: Vec<f32>,
}

impl Distribution {
    /// Sorts the similarities of genuine and impostor pairs.
    ///
    /// # Errors
    ///
    /// [`CalibrateError::NoPairs`] if there are none of one kind.
    pub fn new(genuine: &[Similarity], impostor: &[Similarity]) -> Result<Self, CalibrateError> {
        let sorted = |pairs: &[Similarity]| {
            let mut cosines: Vec<f32> = pairs.iter().map(|similarity| similarity.cosine()).collect();
            cosines.sort_by(f32::total_cmp);
            cosines
        };
        if genuine.is_empty() {
            return Err(CalibrateError::NoPairs("genuine"));
        }
        if impostor.is_empty() {
            return Err(CalibrateError::NoPairs("impostor"));
        }
        Ok(Self { genuine: sorted(genuine), impostor: sorted(impostor) })
    }

    /// The share of impostor pairs at or above a similarity: the odds that chance alone reaches it.
    pub fn false_match_rate(&self, threshold: Similarity) -> f64 {
        share_from(&self.impostor, threshold)
    }

    /// The share of genuine pairs below a similarity.
    pub fn false_non_match_rate(&self, threshold: Similarity) -> f64 {
        share_below(&self.genuine, threshold)
    }

    /// Both at once.
    pub fn at(&self, threshold: Similarity) -> OperatingPoint {
        OperatingPoint {
            threshold,
            false_match_rate: self.false_match_rate(threshold),
            false_non_match_rate: self.false_non_match_rate(threshold),
        }
    }

    /// The lowest threshold that lets at most the share `target` of impostor pairs pass.
    ///
    /// # Errors
    ///
    /// [`CalibrateError::NotMeasurable`] with too few impostor pairs; [`CalibrateError::Identical`] if no threshold does.
    pub fn at_false_match_rate(&self, target: f64) -> Result<OperatingPoint, CalibrateError> {
        let (pairs, needed) = (self.impostor.len(), pairs_needed(target));
        if pairs < needed {
            return Err(CalibrateError::NotMeasurable { target, pairs, needed });
        }
        let point = self.at(lowest_threshold(&self.impostor, target));
        if point.false_match_rate > target + ROUNDING {
            Err(CalibrateError::Identical { target })
        } else {
            Ok(point)
        }
    }

    /// Where the two error rates are nearest to each other.
    pub fn equal_error(&self) -> OperatingPoint {
        let gap = |point: &OperatingPoint| (point.false_match_rate - point.false_non_match_rate).abs();
        let thresholds = self.genuine.iter().chain(&self.impostor).copied().map(Similarity::of_unit_vectors);
        let nearest = thresholds.map(|threshold| self.at(threshold)).min_by(|a, b| gap(a).total_cmp(&gap(b)));
        nearest.unwrap_or_else(|| self.at(Similarity::of_unit_vectors(0.0)))
    }

    /// The detection error trade-off in `points` steps of equal size, from 1 down to −1.
    pub fn curve(&self, points: u16) -> Vec<OperatingPoint> {
        let last = points.max(2) - 1;
        (0..=last)
            .map(|n| self.at(Similarity::of_unit_vectors(1.0 - 2.0 * f32::from(n) / f32::from(last))))
            .collect()
    }

    fn bands(sorted: &[f32], thresholds: &Thresholds) -> Bands {
        let unmatched = share_below(sorted, thresholds.reject());
        let matched = share_from(sorted, thresholds.accept());
        Bands { matched, unsure: (1.0 - matched - unmatched).max(0.0), unmatched }
    }
}

/// Impostor pairs it takes before a false match rate can be told from a lower one.
pub fn pairs_needed(target: f64) -> usize {
    let needed = (RULE_OF_THREE / target.max(1e-12)).ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 3e12, positive")]
    let needed = needed as usize;
    // 3 / 1e-5 is a little more than 300 000 in binary.
    needed - usize::from(pairs_f64(needed - 1) * target > RULE_OF_THREE * (1.0 - 1e-9))
}

#[expect(clippy::cast_precision_loss, reason = "numbers of pairs are far below 2^52")]
fn pairs_f64(n: usize) -> f64 {
    n as f64
}

fn count_below(sorted: &[f32], threshold: Similarity) -> usize {
    sorted.partition_point(|cosine| *cosine < threshold.cosine())
}

fn share_below(sorted: &[f32], threshold: Similarity) -> f64 {
    pairs_f64(count_below(sorted, threshold)) / pairs_f64(sorted.len().max(1))
}

/// The share at or above. Counted, not subtracted from one, so that a rate that is kept exactly is seen to be.
fn share_from(sorted: &[f32], threshold: Similarity) -> f64 {
    pairs_f64(sorted.len() - count_below(sorted, threshold)) / pairs_f64(sorted.len().max(1))
}

/// The lowest threshold that at most the share `target` of `sorted` reaches: just above the first one that must not.
fn lowest_threshold(sorted: &[f32], target: f64) -> Similarity {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
    let may_pass = (pairs_f64(sorted.len()) * target + ROUNDING).floor() as usize;
    match sorted.iter().rev().nth(may_pass) {
        // More than enough may pass: everything may.
        None => Similarity::of_unit_vectors(-1.0),
        Some(first_refused) => Similarity::of_unit_vectors(first_refused.next_up()),
    }
}

/// Finds thresholds that keep the targets on these pairs, and says how good they are.
///
/// # Errors
///
/// If there are no pairs, too few for a target, or the targets make no sense.
pub fn calibrate(
    version: impl Into<String>,
    model: ModelId,
    genuine: &[Similarity],
    impostor: &[Similarity],
    targets: Targets,
) -> Result<Calibration, CalibrateError> {
    let is_rate = |rate: f64| rate > 0.0 && rate < 1.0;
    if !is_rate(targets.accept_fmr) || !is_rate(targets.reject_fmr) || targets.accept_fmr > targets.reject_fmr
    {
        return Err(CalibrateError::BadTargets);
    }
    let pairs = Distribution::new(genuine, impostor)?;
    let accept = pairs.at_false_match_rate(targets.accept_fmr)?;
    let reject = pairs.at_false_match_rate(targets.reject_fmr)?;
    let thresholds = Thresholds::new(version, model, accept.threshold, reject.threshold)?;
    let at_rates = REPORTED_RATES.map(|target| match pairs.at_false_match_rate(target) {
        Ok(point) => AtRate::Measured { target, point },
        Err(CalibrateError::Identical { .. }) => AtRate::Unreachable { target },
        Err(_) => AtRate::NotMeasurable { target, needed: pairs_needed(target) },
    });
    Ok(Calibration {
        targets,
        genuine_pairs: genuine.len(),
        impostor_pairs: impostor.len(),
        accept,
        reject,
        genuine_bands: Distribution::bands(&pairs.genuine, &thresholds),
        impostor_bands: Distribution::bands(&pairs.impostor, &thresholds),
        equal_error: pairs.equal_error(),
        at_rates: at_rates.to_vec(),
        curve: pairs.curve(401),
        thresholds,
    })
}

/// A pair whose people are known: the unit of confidence is the person, not the pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IdentifiedPair {
    /// How alike the two photos are.
    pub similarity: Similarity,
    /// Whom the first shows; any number that is the same for the same person.
    pub left: u64,
    /// Whom the second shows.
    pub right: u64,
}

/// A range that a rate lies in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The 95 % range of the share of pairs at or above each of `thresholds` (in rising order), by drawing *people* with replacement `rounds`
/// times. The people are numbered once, and a round goes over the pairs once, however many thresholds there are.
///
/// A pair counts as often as both its people were drawn. Pairs of one person are not independent of each other, so
/// drawing pairs would promise more than is known. The same seed gives the same ranges. `go_on` is asked before each
/// round, with how many are done.
///
/// # Errors
///
/// [`CalibrateError::NoPairs`] if there are none; [`CalibrateError::Stopped`] if `go_on` says no.
pub fn shares_at_or_above(
    pairs: &[IdentifiedPair],
    thresholds: &[Similarity],
    rounds: u32,
    seed: u64,
    mut go_on: impl FnMut(u32) -> bool,
) -> Result<Vec<Interval>, CalibrateError> {
    let (people, placed) = numbered(pairs, thresholds);
    if people == 0 {
        return Err(CalibrateError::NoPairs("identified"));
    }
    let mut rng = StdRng::seed_from_u64(seed);
    let mut rates = vec![Vec::new(); thresholds.len()];
    for round in 0..rounds.max(1) {
        if !go_on(round) {
            return Err(CalibrateError::Stopped);
        }
        for (rates, rate) in rates.iter_mut().zip(resampled(&placed, people, thresholds.len(), &mut rng)) {
            rates.extend(rate);
        }
    }
    Ok(rates.into_iter().map(middle).collect())
}

/// A pair of numbered people, and how many of the thresholds its similarity reaches.
struct Placed {
    left: u32,
    right: u32,
    reaches: u32,
}

/// Numbers the people from 0 on. Returns how many there are, and the pairs.
fn numbered(pairs: &[IdentifiedPair], thresholds: &[Similarity]) -> (usize, Vec<Placed>) {
    let mut rising: Vec<f32> = thresholds.iter().map(|threshold| threshold.cosine()).collect();
    rising.sort_by(f32::total_cmp);
    let mut people = HashMap::new();
    let mut number = |person: u64| {
        let next = u32::try_from(people.len()).unwrap_or(u32::MAX);
        *people.entry(person).or_insert(next)
    };
    let placed = pairs
        .iter()
        .map(|pair| Placed {
            left: number(pair.left),
            right: number(pair.right),
            reaches: u32::try_from(rising.partition_point(|cosine| *cosine <= pair.similarity.cosine()))
                .unwrap_or(u32::MAX),
        })
        .collect();
    (people.len(), placed)
}

/// One round: the share of pairs that reach each threshold, the lowest threshold first. None if no pair was drawn.
fn resampled(pairs: &[Placed], people: usize, thresholds: usize, rng: &mut StdRng) -> Vec<Option<f64>> {
    let mut drawn = vec![0u32; people];
    for _ in 0..people {
        if let Some(times) = drawn.get_mut(rng.random_range(0..people)) {
            *times += 1;
        }
    }
    let times = |person: u32| drawn.get(person as usize).copied().unwrap_or(0);
    // How many pairs reach exactly so many thresholds.
    let mut reached = vec![0u64; thresholds + 1];
    for pair in pairs {
        let left = u64::from(times(pair.left));
        // A genuine pair has one person, who counts once.
        let weight = if pair.left == pair.right { left } else { left * u64::from(times(pair.right)) };
        if let Some(count) = reached.get_mut(pair.reaches as usize) {
            *count += weight;
        }
    }
    let all: u64 = reached.iter().sum();
    let mut above = all;
    let shares = reached.iter().take(thresholds).map(|short| {
        above -= short;
        (all > 0).then(|| weight_f64(above) / weight_f64(all))
    });
    shares.collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of pairs are far below 2^52, drawn over and over too"
)]
fn weight_f64(weight: u64) -> f64 {
    weight as f64
}

/// The middle 95 % of some rates.
fn middle(mut rates: Vec<f64>) -> Interval {
    rates.sort_by(f64::total_cmp);
    let at = |share: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
        let place = (share * pairs_f64(rates.len().saturating_sub(1))).round() as usize;
        rates.get(place).copied().unwrap_or(f64::NAN)
    };
    Interval { low: at(0.025), high: at(0.975) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn similarities(cosines: &[f32]) -> Vec<Similarity> {
        cosines.iter().map(|x| Similarity::new(*x).unwrap()).collect()
    }

    fn spread(from: f32, to: f32, n: u16) -> Vec<Similarity> {
        (0..n).map(|k| Similarity::new(from + (to - from) * f32::from(k) / f32::from(n)).unwrap()).collect()
    }

    #[test]
    fn a_rate_needs_three_pairs_for_each_error() {
        assert_eq!([1e-2, 1e-3, 1e-4, 1e-5, 1e-6].map(pairs_needed), [300, 3000, 30_000, 300_000, 3_000_000]);
    }

    #[test]
    fn too_few_pairs_are_said_to_be_too_few() {
        let targets = Targets { accept_fmr: 1e-4, reject_fmr: 1e-2 };
        let error =
            calibrate("v", ModelId::new("m"), &spread(0.5, 1.0, 50), &spread(-0.5, 0.5, 3000), targets);
        assert_eq!(
            error.unwrap_err(),
            CalibrateError::NotMeasurable { target: 1e-4, pairs: 3000, needed: 30_000 }
        );
    }

    #[test]
    fn one_photo_under_two_names_is_not_calibrated_away() {
        let mut impostor = spread(-0.5, 0.5, 1000);
        impostor.extend(similarities(&[1.0; 20]));
        let targets = Targets { accept_fmr: 0.01, reject_fmr: 0.1 };
        let error = calibrate("v", ModelId::new("m"), &spread(0.5, 1.0, 50), &impostor, targets).unwrap_err();
        assert_eq!(error, CalibrateError::Identical { target: 0.01 });
    }

    #[test]
    fn a_calibration_survives_json() {
        let targets = Targets { accept_fmr: 1e-3, reject_fmr: 1e-2 };
        let one = calibrate(
            "2026-1",
            ModelId::new("m@1"),
            &spread(0.3, 1.0, 500),
            &spread(-0.3, 0.6, 4000),
            targets,
        );
        let one = one.unwrap();
        assert!(matches!(one.at_rates[2], AtRate::Measured { .. }));
        assert!(matches!(one.at_rates[3], AtRate::NotMeasurable { needed: 30_000, .. }));
        let two: Calibration = serde_json::from_str(&serde_json::to_string(&one).unwrap()).unwrap();
        assert_eq!(one, two);
    }

    #[test]
    fn people_not_pairs_carry_the_confidence() {
        // One person of ten fails all of their hundred pairs: by pairs 10 % ± 2, by people anything up to 30 %.
        let pair = |person: u64| IdentifiedPair {
            similarity: Similarity::new(if person == 0 { 0.1 } else { 0.9 }).unwrap(),
            left: person,
            right: person,
        };
        let pairs: Vec<_> = (0..1000).map(|n| pair(n % 10)).collect();
        let threshold = [Similarity::new(0.5).unwrap()];
        let [interval] = shares_at_or_above(&pairs, &threshold, 500, 1, |_| true).unwrap()[..] else {
            panic!()
        };
        assert!(interval.low < 0.75 && interval.high > 0.99, "{interval:?}");
    }

    #[test]
    fn all_thresholds_in_one_pass_say_what_each_says_alone_and_it_can_be_stopped() {
        let pairs: Vec<_> = (0..2000u64)
            .map(|n| IdentifiedPair {
                similarity: Similarity::new((n * 31 % 1999) as f32 / 1000.0 - 1.0).unwrap(),
                left: n % 50,
                right: n * 7 % 47,
            })
            .collect();
        let thresholds = [-0.5, 0.0, 0.3, 0.9].map(|x| Similarity::new(x).unwrap());
        let together = shares_at_or_above(&pairs, &thresholds, 60, 3, |_| true).unwrap();
        for (threshold, together) in thresholds.iter().zip(&together) {
            let alone = shares_at_or_above(&pairs, &[*threshold], 60, 3, |_| true).unwrap();
            assert_eq!(alone, [*together]);
            let share = pairs.iter().filter(|pair| pair.similarity >= *threshold).count() as f64 / 2000.0;
            assert!((together.low..=together.high).contains(&share), "{share} is not in {together:?}");
        }
        let stopped = shares_at_or_above(&pairs, &thresholds, 60, 3, |round| round < 5);
        assert_eq!(stopped.unwrap_err(), CalibrateError::Stopped);
    }

    fn cosines() -> impl Strategy<Value = Vec<f32>> {
        proptest::collection::vec(-1f32..=1.0, 400..800)
    }

    proptest! {
        /// The threshold keeps its promise on the pairs it was found with, and no lower one does.
        #[test]
        fn a_threshold_keeps_its_rate_and_is_the_lowest_that_does(impostor in cosines(), target in 0.01f64..0.5) {
            let pairs = Distribution::new(&similarities(&[0.5]), &similarities(&impostor)).unwrap();
            let point = pairs.at_false_match_rate(target).unwrap();
            let rate = |threshold: f32| impostor.iter().filter(|x| **x >= threshold).count() as f64 / impostor.len() as f64;
            prop_assert!(rate(point.threshold.cosine()) <= target);
            prop_assert_eq!(rate(point.threshold.cosine()), point.false_match_rate);
            prop_assert!(rate(point.threshold.cosine().next_down()) > target);
        }

        /// Whatever the pairs: the thresholds are in order and the bands are shares of a whole.
        #[test]
        fn bands_are_shares(genuine in cosines(), impostor in cosines(), a in 0.01f64..0.5, b in 0.01f64..0.5) {
            let targets = Targets { accept_fmr: a.min(b), reject_fmr: a.max(b) };
            let found = calibrate("v", ModelId::new("m"), &similarities(&genuine), &similarities(&impostor), targets).unwrap();
            prop_assert!(found.thresholds.accept() >= found.thresholds.reject());
            for bands in [found.genuine_bands, found.impostor_bands] {
                prop_assert!((bands.matched + bands.unsure + bands.unmatched - 1.0).abs() < 1e-9);
            }
            prop_assert!(found.curve.is_sorted_by(|x, y| x.false_match_rate <= y.false_match_rate));
        }
    }
}
