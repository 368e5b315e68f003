//! Questions about made-up people.

use crate::reader::Reader;

/// Parts of made-up people's values, now and then of two values, now and then with a slip in them.
pub(crate) fn questions(reader: &Reader, count: usize) -> Vec<String> {
    let mut dice = Dice(11);
    let mut word = |person: usize| {
        let values = reader.values(person);
        let value = values.get(dice.below(values.len())).copied().unwrap_or_default();
        let value: Vec<char> = value.chars().filter(|c| !c.is_whitespace()).collect();
        let length = 2 + dice.below(value.len().saturating_sub(1).max(1)).min(16);
        let from = dice.below(value.len().saturating_sub(length).max(1));
        let mut word: String = value.iter().skip(from).take(length).collect();
        if dice.below(12) == 0 {
            word.push('7');
        }
        (word, dice.below(3) == 0, dice.below(reader.people()))
    };
    let mut person = 0;
    let questions = (0..count).map(|_| {
        let (mut text, two, next) = word(person);
        if two {
            text = format!("{text} {}", word(person).0);
        }
        person = next;
        text
    });
    questions.collect()
}

/// Numbers that look thrown and are the same in every run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap_or_default()
    }
}
