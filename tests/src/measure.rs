//! Measurements: ours beside a peer, in turn, so that whatever else the machine does slows both.

use std::time::Duration;

use anyhow::{Context as _, Result};

/// Runs both in turn, `runs` times each, and prints the median of what each says it took.
///
/// # Errors
///
/// When one of them fails, or there is no run.
pub fn beside(
    what: &str,
    runs: usize,
    mut ours: impl FnMut() -> Result<Duration>,
    (peer, mut theirs): (&str, impl FnMut() -> Result<Duration>),
) -> Result<()> {
    let (mut took, mut peer_took) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        took.push(ours()?);
        peer_took.push(theirs()?);
    }
    let (took, peer_took) = (median(took)?, median(peer_took)?);
    println!("{what}: {took:.1?}; {peer}: {peer_took:.1?}");
    Ok(())
}

/// The middle one; of an even number, the longer of the two in the middle.
///
/// # Errors
///
/// When there is none.
pub fn median(mut times: Vec<Duration>) -> Result<Duration> {
    times.sort_unstable();
    times.get(times.len() / 2).copied().context("nothing was measured")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        let times = |seconds: &[u64]| seconds.iter().copied().map(Duration::from_secs).collect();
        assert_eq!(median(times(&[9, 1, 4])).unwrap(), Duration::from_secs(4));
        assert_eq!(median(times(&[2, 8])).unwrap(), Duration::from_secs(8));
        assert!(median(Vec::new()).is_err());
    }
}
