//! How much likelier a similarity is for one person than for two, read off a calibration's histograms.

use api::face::Calibration;

use crate::{Refusal as _, Result};

/// Fewer pairs than this around a similarity, and nothing is said.
const ENOUGH: u64 = 10;

/// The odds at `cosine`, or nothing where the calibration has too few pairs.
///
/// # Errors
///
/// When the calibration's report can't be read.
pub(super) fn odds(report: &str, cosine: f32) -> Result<Option<f64>> {
    let report: Calibration = serde_json::from_str(report).or_failed("read a calibration")?;
    Ok(ratio(&report.genuine_histogram, &report.impostor_histogram, cosine))
}

/// The ratio of the two shares in the bins around `cosine`. Bins divide -1..=1 equally.
fn ratio(genuine: &[u64], impostor: &[u64], cosine: f32) -> Option<f64> {
    let (near_genuine, near_impostor) = (around(genuine, cosine), around(impostor, cosine));
    if near_genuine + near_impostor < ENOUGH {
        return None;
    }
    // Half a pair more on each side: no count is proof that there are none.
    let share = |near: u64, all: &[u64]| (float(near) + 0.5) / (float(all.iter().sum()) + 1.0);
    Some(share(near_genuine, genuine) / share(near_impostor, impostor))
}

/// How many pairs fell into the bin of `cosine` and its neighbours.
fn around(histogram: &[u64], cosine: f32) -> u64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a bin's place"
    )]
    let bin = ((cosine.clamp(-1.0, 1.0) + 1.0) / 2.0 * histogram.len() as f32) as usize;
    histogram.iter().skip(bin.saturating_sub(1)).take(3).sum()
}

#[expect(clippy::cast_precision_loss, reason = "counts of pairs are far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_similarity_only_genuine_pairs_reach_speaks_for_one_person() {
        let (mut genuine, mut impostor) = (vec![0; 40], vec![0; 40]);
        genuine[35] = 100;
        impostor[20] = 10_000;
        assert!(ratio(&genuine, &impostor, 0.77).unwrap() > 1000.0);
        assert!(ratio(&genuine, &impostor, 0.02).unwrap() < 0.01);
    }

    #[test]
    fn nothing_is_said_where_nothing_was_seen() {
        assert_eq!(ratio(&[0; 40], &[0; 40], 0.5), None);
    }
}
