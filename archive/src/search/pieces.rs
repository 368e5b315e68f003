//! Whether a word can stand in any of many values, without reading them.

/// Which pieces of two and of three characters stand in some values, near enough: what was not put in may seem to be there.
/// Most words are names or numbers, and stand in no value at all; this says so without anybody reading the values.
pub(super) struct Pieces(Box<[u64; 1024]>);

impl Default for Pieces {
    fn default() -> Self {
        Self(Box::new([0; 1024]))
    }
}

impl Pieces {
    /// Notes what stands in a value.
    pub(super) fn put(&mut self, text: &str) {
        for length in [2, 3] {
            each_piece(text, length, |(word, bit)| {
                if let Some(word) = self.0.get_mut(word) {
                    *word |= bit;
                }
                true
            });
        }
    }

    /// Whether a text may stand in a value.
    pub(super) fn may_hold(&self, text: &str) -> bool {
        let length = text.chars().take(3).count();
        length < 2
            || each_piece(text, length, |(word, bit)| self.0.get(word).is_some_and(|have| have & bit != 0))
    }
}

/// Tells the place of each piece of so many characters, until that answers no.
fn each_piece(text: &str, length: usize, mut tell: impl FnMut((usize, u64)) -> bool) -> bool {
    let mut rest = text.chars();
    loop {
        let (mut count, mut hash) = (0, u64::try_from(length).unwrap_or_default());
        for character in rest.clone().take(length) {
            count += 1;
            hash = (hash ^ u64::from(character)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23);
        }
        if count < length {
            return true;
        }
        // Of 65,536 places.
        let place = usize::try_from(hash >> 48).unwrap_or_default();
        if !tell((place / 64, 1 << (place % 64))) {
            return false;
        }
        rest.next();
    }
}
