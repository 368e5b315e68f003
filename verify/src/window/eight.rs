//! The colours of eight places at once, on processors with AVX2. They are the same to the last bit as one by one.

#[cfg(target_arch = "x86_64")]
use archmage::{SimdToken as _, X64V3Token, arcane};

use super::{LANES, Source};
use crate::align::Similitude;
#[cfg(target_arch = "x86_64")]
use crate::geometry::Point;

/// Begins a row of places in the window where the processor can: so many of its colours are there, all but fewer than eight.
/// Elsewhere none.
pub(super) fn begin(
    source: &Source<'_>,
    back: &Similitude,
    places: &[f32],
    y: f32,
    colours: &mut [[f32; LANES]],
) -> usize {
    #[cfg(target_arch = "x86_64")]
    if let Some(token) = X64V3Token::summon() {
        let (eights, rest) = places.as_chunks();
        by_eight(token, source, back, eights, y, colours.as_chunks_mut().0);
        return places.len() - rest.len();
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (source, back, places, y, colours);
    0
}

/// Of eight bytes of two rows of the photo, the four that lie before each point, and the four that lie behind it.
#[cfg(target_arch = "x86_64")]
const BEFORE: i64 = 0x0b0a_0908_0302_0100;
#[cfg(target_arch = "x86_64")]
const BEHIND: i64 = 0x0e0d_0c0b_0605_0403;

/// The colours at places of a row in the window, eight by eight.
#[cfg(target_arch = "x86_64")]
#[arcane(import_intrinsics)]
fn by_eight(
    _: X64V3Token,
    source: &Source<'_>,
    back: &Similitude,
    places: &[[f32; 8]],
    y: f32,
    colours: &mut [[[f32; LANES]; 8]],
) {
    let [a, b, tx, ty] = back.numbers().map(|number| _mm256_set1_ps(number));
    let down = _mm256_set1_ps(y);
    let (a_down, b_down) = (_mm256_mul_ps(a, down), _mm256_mul_ps(b, down));
    let (width, height) = (_mm256_set1_ps(source.inner.x), _mm256_set1_ps(source.inner.y));
    let row = _mm256_set1_epi32(i32::try_from(source.row).unwrap_or(i32::MAX));
    let (before, behind) = (_mm_set_epi64x(0, BEFORE), _mm_set_epi64x(0, BEHIND));
    for (places, colours) in places.iter().zip(colours) {
        // Where they lie in the photo, as `Similitude::apply` has it.
        let across = _mm256_loadu_ps(places);
        let x = _mm256_add_ps(_mm256_sub_ps(_mm256_mul_ps(a, across), b_down), tx);
        let y_there = _mm256_add_ps(_mm256_add_ps(_mm256_mul_ps(b, across), a_down), ty);
        let [inside_x, inside_y] = [(x, width), (y_there, height)].map(|(at, end)| {
            let begun = _mm256_cmp_ps::<_CMP_GE_OQ>(at, _mm256_setzero_ps());
            _mm256_and_ps(begun, _mm256_cmp_ps::<_CMP_LT_OQ>(at, end))
        });
        let inside = _mm256_movemask_ps(_mm256_and_ps(inside_x, inside_y));
        let (whole_x, whole_y) = (_mm256_cvttps_epi32(x), _mm256_cvttps_epi32(y_there));
        let three_x = _mm256_add_epi32(whole_x, _mm256_add_epi32(whole_x, whole_x));
        let (mut firsts, mut shares, mut shares_down) = ([0i32; 8], [0f32; 8], [0f32; 8]);
        _mm256_storeu_si256(&mut firsts, _mm256_add_epi32(_mm256_mullo_epi32(whole_y, row), three_x));
        _mm256_storeu_ps(&mut shares, _mm256_sub_ps(x, _mm256_cvtepi32_ps(whole_x)));
        _mm256_storeu_ps(&mut shares_down, _mm256_sub_ps(y_there, _mm256_cvtepi32_ps(whole_y)));
        let each = firsts.iter().zip(shares).zip(shares_down).zip(places).zip(colours);
        for (n, ((((first, right), down), place), colour)) in each.enumerate() {
            let rows = usize::try_from(*first).ok().filter(|_| inside >> n & 1 == 1);
            let rows =
                rows.and_then(|first| Some((eight(source, first)?, eight(source, first + source.row)?)));
            let Some((above, below)) = rows else {
                *colour = source.at(back.apply(Point { x: *place, y }));
                continue;
            };
            let both = _mm_set_epi64x(below, above);
            let [left, next] = [before, behind]
                .map(|places| _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_shuffle_epi8(both, places))));
            let between = _mm256_mul_ps(_mm256_sub_ps(next, left), _mm256_set1_ps(right));
            let between = _mm256_add_ps(left, between);
            let (above, below) = (_mm256_castps256_ps128(between), _mm256_extractf128_ps::<1>(between));
            let between = _mm_mul_ps(_mm_sub_ps(below, above), _mm_set1_ps(down));
            _mm_storeu_ps(colour, _mm_add_ps(above, between));
        }
    }
}

/// Eight bytes of the photo: two pixels and two bytes more.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn eight(source: &Source<'_>, first: usize) -> Option<i64> {
    Some(i64::from_le_bytes(*source.photo.as_raw().get(first..)?.first_chunk()?))
}
