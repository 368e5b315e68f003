//! The part of the clear cases that a person looks at all the same, and what that says of the others.

use api::ids::{CohortId, PersonId};
use sha2::{Digest as _, Sha256};

/// Draws a share of the clear cases, at least one. Whoever knows the cohort's id can draw it again: the people come in the
/// order of the SHA-256 of both ids, and that order nobody could choose.
pub(super) fn draw(cohort: CohortId, clear: &[PersonId], percent: u8) -> Vec<PersonId> {
    let size = (clear.len() * usize::from(percent)).div_ceil(100);
    let mut drawn: Vec<_> =
        clear.iter().map(|person| (Sha256::digest(format!("{cohort} {person}")), *person)).collect();
    drawn.sort();
    drawn.truncate(size);
    drawn.into_iter().map(|(_, person)| person).collect()
}

/// The share of wrong ones among all is at most this with 95 % confidence, when `wrong` of `looked_at` were (Clopper-Pearson,
/// one-sided). Nothing before one was looked at.
pub(super) fn at_most(wrong: u64, looked_at: u64) -> Option<f64> {
    if looked_at == 0 || wrong > looked_at {
        return None;
    }
    if wrong == looked_at {
        return Some(1.0);
    }
    // The share for which so few would be seen in one of twenty samples.
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if at_most_so_many(wrong, looked_at, middle) > 0.05 { low = middle } else { high = middle }
    }
    Some(high)
}

/// The chance of at most `wrong` of `of`, each with chance `share`.
#[expect(clippy::cast_precision_loss, reason = "counts of people are far below 2^52")]
fn at_most_so_many(wrong: u64, of: u64, share: f64) -> f64 {
    let (log_share, log_rest) = (share.ln(), (-share).ln_1p());
    let mut log_ways = 0.0;
    let mut chance = 0.0;
    for seen in 0..=wrong {
        if seen > 0 {
            log_ways += ((of - seen + 1) as f64).ln() - (seen as f64).ln();
        }
        chance += (log_ways + seen as f64 * log_share + (of - seen) as f64 * log_rest).exp();
    }
    chance
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_bound_is_that_of_clopper_and_pearson() {
        // Of no wrong one in n the bound is 1 - 0.05^(1/n).
        for (looked_at, bound) in [(1, 0.95), (10, 0.258_866), (59, 0.049_508), (300, 0.009_936)] {
            assert!((at_most(0, looked_at).unwrap() - bound).abs() < 1e-5, "{looked_at}");
        }
        // The 0.95 quantile of Beta(2, 9) and of Beta(3, 98).
        assert!((at_most(1, 10).unwrap() - 0.394_163).abs() < 1e-5);
        assert!((at_most(2, 100).unwrap() - 0.061_618).abs() < 1e-5);
        assert_eq!((at_most(0, 0), at_most(3, 3)), (None, Some(1.0)));
    }

    #[test]
    fn the_same_people_are_drawn_again_and_each_has_the_same_chance() {
        let people: Vec<PersonId> = (0..200).map(|_| PersonId::new()).collect();
        let cohort = CohortId::new();
        let drawn = draw(cohort, &people, 5);
        assert_eq!(drawn.len(), 10);
        let turned: Vec<_> = people.iter().rev().copied().collect();
        assert_eq!(drawn, draw(cohort, &turned, 5));
        assert_eq!(draw(cohort, &people[..3], 5).len(), 1);
        assert!(draw(cohort, &[], 10).is_empty());
        // Of many cohorts every person is in some.
        let ever: BTreeSet<_> = (0..200).flat_map(|_| draw(CohortId::new(), &people, 10)).collect();
        assert_eq!(ever.len(), people.len());
    }
}
