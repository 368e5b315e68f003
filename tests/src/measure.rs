//! What many measurements say together.

use std::time::Duration;

use anyhow::{Context as _, Result};

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
