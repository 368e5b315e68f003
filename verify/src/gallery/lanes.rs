//! The sums of products, on whatever the processor has.

use super::blocks::{GROUP, GROUPS, ROWS, WIDTH};

/// What the processor can do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Level {
    /// Thirty-two bytes at once.
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    /// As the compiler sees fit.
    Any,
}

impl Level {
    /// Finds out.
    pub(super) fn of_this_machine() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(token) = pulp::x86::V3::try_new() {
            return Self::Avx2(token);
        }
        Self::Any
    }

    /// Does some work whose innermost loop is [`sums`], with all that the processor has.
    #[inline]
    #[expect(clippy::redundant_closure, reason = "this closure is always inlined, whatever the work is")]
    pub(super) fn run<T>(self, work: impl FnOnce() -> T) -> T {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(token) => token.vectorize(
                #[inline(always)]
                || work(),
            ),
            Self::Any => work(),
        }
    }
}

/// For each row of a block the sum of its numbers multiplied with the probe's.
#[inline(always)]
pub(super) fn sums(
    level: Level,
    block: &[[u8; WIDTH]; GROUPS],
    probe: &[[i8; GROUP]; GROUPS],
) -> [i32; ROWS] {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(token) => avx2(token, block, probe),
        Level::Any => plainly(block, probe),
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn avx2(token: pulp::x86::V3, block: &[[u8; WIDTH]; GROUPS], probe: &[[i8; GROUP]; GROUPS]) -> [i32; ROWS] {
    let (avx, avx2) = (token.avx, token.avx2);
    let ones = avx._mm256_set1_epi16(1);
    let mut sums = avx._mm256_setzero_si256();
    for (numbers, word) in block.iter().zip(probe) {
        let word = avx._mm256_set1_epi32(i32::from_ne_bytes(word.map(i8::cast_unsigned)));
        // Products of two neighbours, added; then of four.
        let pairs = avx2._mm256_maddubs_epi16(pulp::cast(*numbers), word);
        sums = avx2._mm256_add_epi32(sums, avx2._mm256_madd_epi16(pairs, ones));
    }
    pulp::cast(sums)
}

fn plainly(block: &[[u8; WIDTH]; GROUPS], probe: &[[i8; GROUP]; GROUPS]) -> [i32; ROWS] {
    let mut sums = [0; ROWS];
    for (numbers, word) in block.iter().zip(probe) {
        for (sum, row) in sums.iter_mut().zip(numbers.as_chunks::<GROUP>().0) {
            *sum += row.iter().zip(word).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>();
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_level_adds_up_the_same(
            numbers in proptest::collection::vec(any::<u8>(), WIDTH * GROUPS),
            words in proptest::collection::vec(-63i8..=63, GROUP * GROUPS),
        ) {
            let mut block = [[0; WIDTH]; GROUPS];
            block.as_flattened_mut().copy_from_slice(&numbers);
            let mut probe = [[0; GROUP]; GROUPS];
            probe.as_flattened_mut().copy_from_slice(&words);
            let level = Level::of_this_machine();
            prop_assert_eq!(level.run(|| sums(level, &block, &probe)), plainly(&block, &probe));
        }
    }
}
