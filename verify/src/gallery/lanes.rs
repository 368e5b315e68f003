//! The sums of products, on whatever the processor has.

#[cfg(target_arch = "x86_64")]
use archmage::{SimdToken as _, X64V3Token, X64V4xToken, rite};

use super::blocks::{GROUP, GROUPS, ROWS, WIDTH};

/// A block's rows: group by group, of each group row by row.
pub(super) type Rows = [u8; WIDTH * GROUPS];
/// A probe's numbers.
pub(super) type Words = [[i8; GROUP]; GROUPS];
/// Of one probe the sum for each row of a block.
pub(super) type Sums = [i32; ROWS];

/// What the processor can do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Level {
    /// Sixty-four bytes at once, four products added up by one instruction (AVX-512 with VNNI).
    #[cfg(target_arch = "x86_64")]
    Avx512(X64V4xToken),
    /// Thirty-two bytes at once.
    #[cfg(target_arch = "x86_64")]
    Avx2(X64V3Token),
    /// As the compiler sees fit.
    Any,
}

impl Level {
    /// The best this processor can do.
    pub(super) fn of_this_machine() -> Self {
        Self::all().next().unwrap_or(Self::Any)
    }

    /// All that this processor can do, best first.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let special = [X64V4xToken::summon().map(Self::Avx512), X64V3Token::summon().map(Self::Avx2)]
            .into_iter()
            .flatten();
        #[cfg(not(target_arch = "x86_64"))]
        let special = std::iter::empty();
        special.chain([Self::Any])
    }
}

/// For each of some probes, and each row of a block, the sum of their numbers' products. A row is read once for all probes.
#[cfg(target_arch = "x86_64")]
#[rite(import_intrinsics)]
pub(super) fn avx512<const N: usize>(_: X64V4xToken, rows: &Rows, probes: [&Words; N]) -> [Sums; N] {
    let mut sums = [_mm512_setzero_si512(); N];
    for (group, numbers) in rows.as_chunks::<WIDTH>().0.iter().enumerate() {
        let numbers = _mm512_loadu_si512(numbers);
        for (sum, probe) in sums.iter_mut().zip(probes) {
            *sum = _mm512_dpbusd_epi32(*sum, numbers, _mm512_set1_epi32(word(probe, group)));
        }
    }
    sums.map(|sum| {
        let mut numbers = [0; ROWS];
        _mm512_storeu_si512(&mut numbers, sum);
        numbers
    })
}

/// The same.
#[cfg(target_arch = "x86_64")]
#[rite(import_intrinsics)]
pub(super) fn avx2<const N: usize>(_: X64V3Token, rows: &Rows, probes: [&Words; N]) -> [Sums; N] {
    let ones = _mm256_set1_epi16(1);
    let mut sums = [[_mm256_setzero_si256(); N]; 2];
    for (group, numbers) in rows.as_chunks::<WIDTH>().0.iter().enumerate() {
        for (sums, numbers) in sums.iter_mut().zip(numbers.as_chunks::<{ WIDTH / 2 }>().0) {
            let numbers = _mm256_loadu_si256(numbers);
            for (sum, probe) in sums.iter_mut().zip(probes) {
                // Products of two neighbours, added; then of four.
                let pairs = _mm256_maddubs_epi16(numbers, _mm256_set1_epi32(word(probe, group)));
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, ones));
            }
        }
    }
    let mut of_each = [[0; ROWS]; N];
    for (half, sums) in sums.iter().enumerate() {
        for (numbers, sum) in of_each.iter_mut().zip(sums) {
            if let Some(numbers) = numbers.as_chunks_mut::<{ ROWS / 2 }>().0.get_mut(half) {
                _mm256_storeu_si256(numbers, *sum);
            }
        }
    }
    of_each
}

/// A probe's numbers that are multiplied with a group.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn word(probe: &Words, group: usize) -> i32 {
    i32::from_ne_bytes(probe.get(group).copied().unwrap_or_default().map(i8::cast_unsigned))
}

/// The same.
pub(super) fn plainly<const N: usize>(rows: &Rows, probes: [&Words; N]) -> [Sums; N] {
    probes.map(|probe| {
        let mut sums = [0; ROWS];
        for (numbers, word) in rows.as_chunks::<WIDTH>().0.iter().zip(probe) {
            for (sum, row) in sums.iter_mut().zip(numbers.as_chunks::<GROUP>().0) {
                *sum += row.iter().zip(word).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>();
            }
        }
        sums
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The sums as a level adds them up.
    #[cfg(target_arch = "x86_64")]
    fn sums(level: Level, rows: &Rows, probes: [&Words; 4]) -> [Sums; 4] {
        #[archmage::arcane]
        fn with_avx512(token: X64V4xToken, rows: &Rows, probes: [&Words; 4]) -> [Sums; 4] {
            avx512(token, rows, probes)
        }
        #[archmage::arcane]
        fn with_avx2(token: X64V3Token, rows: &Rows, probes: [&Words; 4]) -> [Sums; 4] {
            avx2(token, rows, probes)
        }
        match level {
            Level::Avx512(token) => with_avx512(token, rows, probes),
            Level::Avx2(token) => with_avx2(token, rows, probes),
            Level::Any => plainly(rows, probes),
        }
    }

    #[cfg(target_arch = "x86_64")]
    proptest! {
        #[test]
        fn every_level_adds_up_the_same(
            numbers in proptest::collection::vec(any::<u8>(), WIDTH * GROUPS),
            words in proptest::collection::vec(-63i8..=63, 4 * GROUP * GROUPS),
        ) {
            let rows: &Rows = numbers.as_array().unwrap();
            let mut probes = [[[0; GROUP]; GROUPS]; 4];
            probes.as_flattened_mut().as_flattened_mut().copy_from_slice(&words);
            let probes = probes.each_ref();
            for level in Level::all() {
                prop_assert_eq!(sums(level, rows, probes), plainly(rows, probes), "{:?}", level);
            }
        }
    }
}
