//! How names sound: syllables without tones, every reading of a character, and initials.
//!
//! `ü` is written `v`; `lyu`, `lü` and `lv` are one syllable, as are `nyu`, `nü` and `nv`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use pinyin::ToPinyinMulti;
use tantivy::tokenizer::{Token, Tokenizer};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::tokens::Tokens;
use crate::person::{fold, is_han};

/// At most this many ways of reading what was typed are looked for.
const MAX_READINGS: usize = 64;
/// At most this many steps are made to split letters into syllables.
const MAX_STEPS: u32 = 4096;
/// At most this many initials per name are kept; more readings than that no name has.
const MAX_INITIALS: usize = 16;

/// Every syllable a Chinese character can have, under each way of typing it. Interjections without a vowel (`ng`)
/// are none: they would split every `zhang`.
static SYLLABLES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let mut syllables = BTreeMap::new();
    for syllable in ('\u{4E00}'..='\u{9FFF}').flat_map(readings) {
        if !syllable.contains(['a', 'e', 'i', 'o', 'u', 'v']) {
            continue;
        }
        for (typed, meant) in [("lyu", "lv"), ("nyu", "nv"), ("lue", "lve"), ("nue", "nve")] {
            if syllable == meant {
                syllables.insert(typed.to_owned(), meant.to_owned());
            }
        }
        syllables.insert(syllable.clone(), syllable);
    }
    syllables
});

/// The readings of a character, without tones.
pub(super) fn readings(character: char) -> BTreeSet<String> {
    character
        .to_pinyin_multi()
        .into_iter()
        .flatten()
        .map(|reading| reading.plain().replace('ü', "v"))
        .collect()
}

/// The readings of each Chinese character of a name, in order.
pub(super) fn sounds(name: &str) -> Vec<BTreeSet<String>> {
    fold(name).as_str().chars().filter(|&c| is_han(c)).map(readings).collect()
}

/// The initials of a name: `zsf` for 张三丰; several if a character has several.
pub(super) fn initials(name: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::from([String::new()]);
    for sound in sounds(name).into_iter().filter(|sound| !sound.is_empty()) {
        let letters: BTreeSet<char> = sound.iter().filter_map(|syllable| syllable.chars().next()).collect();
        all = all
            .iter()
            .flat_map(|start| letters.iter().map(move |letter| format!("{start}{letter}")))
            .take(MAX_INITIALS)
            .collect();
    }
    all.remove("");
    all
}

/// A key under which names sort as a Chinese reader expects: syllable by syllable, then by character.
pub(super) fn sort_key(name: &str) -> String {
    let folded = fold(name);
    let syllables = folded
        .as_str()
        .chars()
        .map(|c| pinyin::ToPinyin::to_pinyin(&c).map_or_else(|| c.to_string(), |p| p.plain().to_owned()));
    format!("{} {}", syllables.collect::<Vec<_>>().join(" "), folded.as_str())
}

/// What was typed, as sequences of syllables any of which is meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heard {
    /// Each a sequence of syllables.
    pub(super) sequences: BTreeSet<Vec<String>>,
    /// The initials it may be.
    pub(super) initials: Option<String>,
}

/// Reads a word as sounds: Chinese characters, or Latin letters with or without tones. `None` if it is neither.
pub(super) fn hear(word: &str) -> Option<Heard> {
    let han = word.chars().count() > 1 && word.chars().all(|c| is_han(c) || c == '·');
    if han {
        return Some(Heard { sequences: combine(&sounds(word)), initials: None });
    }
    let letters = plain_letters(word)?;
    let mut sequences = Splitter::split(&letters, false);
    if sequences.is_empty() {
        sequences = Splitter::split(&letters, true);
    }
    let initials = (letters.len() > 1).then(|| letters.clone());
    (!sequences.is_empty() || initials.is_some()).then_some(Heard { sequences, initials })
}

/// The letters of a word without tones and apostrophes; `None` if anything else is in it.
fn plain_letters(word: &str) -> Option<String> {
    let with_v: String =
        word.nfc().map(|c| if matches!(c, 'ü' | 'ǖ' | 'ǘ' | 'ǚ' | 'ǜ') { 'v' } else { c }).collect();
    let letters: String =
        with_v.nfd().filter(|c| !is_combining_mark(*c) && !matches!(c, '\'' | '’' | '-' | '·')).collect();
    (!letters.is_empty() && letters.bytes().all(|b| b.is_ascii_lowercase())).then_some(letters)
}

/// One syllable of each character: all combinations, up to a limit.
fn combine(sounds: &[BTreeSet<String>]) -> BTreeSet<Vec<String>> {
    let mut all = vec![Vec::new()];
    for sound in sounds {
        all = all
            .iter()
            .flat_map(|start| {
                sound.iter().map(move |syllable| [start.as_slice(), std::slice::from_ref(syllable)].concat())
            })
            .take(MAX_READINGS)
            .collect();
    }
    all.into_iter().filter(|sequence| !sequence.is_empty()).collect()
}

/// Splits letters into syllables in every way.
struct Splitter {
    /// Whether the last syllable may be there in part only: `zh` in `lizh` means every syllable that goes on from it.
    begun: bool,
    before: Vec<String>,
    found: BTreeSet<Vec<String>>,
    /// Steps left. Letters such as `gangangang…` can be split in more ways than anybody has time for.
    steps: u32,
}

impl Splitter {
    fn split(letters: &str, begun: bool) -> BTreeSet<Vec<String>> {
        let mut splitter = Self { begun, before: Vec::new(), found: BTreeSet::new(), steps: MAX_STEPS };
        splitter.go_on(letters);
        splitter.found
    }

    fn go_on(&mut self, rest: &str) {
        if self.steps == 0 || self.found.len() >= MAX_READINGS {
            return;
        }
        self.steps -= 1;
        if rest.is_empty() {
            self.found.insert(self.before.clone());
            return;
        }
        for length in (1..=rest.len().min(6)).rev() {
            let Some((head, tail)) = rest.split_at_checked(length) else { continue };
            if let Some(syllable) = SYLLABLES.get(head) {
                self.before.push(syllable.clone());
                self.go_on(tail);
                self.before.pop();
            }
        }
        if self.begun && !SYLLABLES.contains_key(rest) {
            let goes_on = SYLLABLES.range(rest.to_owned()..).take_while(|(typed, _)| typed.starts_with(rest));
            let room = MAX_READINGS.saturating_sub(self.found.len());
            let whole = |syllable: &String| [self.before.as_slice(), std::slice::from_ref(syllable)].concat();
            self.found.extend(goes_on.take(room).map(|(_, syllable)| whole(syllable)));
        }
    }
}

/// Two syllables, one after the other, as one term.
pub(super) fn pair(one: &str, next: &str) -> String {
    format!("{one} {next}")
}

/// Writes the syllables of a name into the index, all readings of a character at its position.
#[derive(Clone)]
pub(super) struct SyllableTokenizer;

impl Tokenizer for SyllableTokenizer {
    type TokenStream<'a> = Tokens;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Tokens {
        let sounds = sounds(text).into_iter().enumerate();
        sounds.flat_map(|(at, sound)| sound.into_iter().map(move |text| token(at, text))).collect()
    }
}

/// Writes each syllable of a name with the next one, all readings of both at the first one's position.
#[derive(Clone)]
pub(super) struct PairTokenizer;

impl Tokenizer for PairTokenizer {
    type TokenStream<'a> = Tokens;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Tokens {
        let sounds = sounds(text);
        let pairs = sounds.iter().zip(sounds.iter().skip(1)).enumerate();
        let tokens = pairs.flat_map(|(at, (one, next))| {
            one.iter().flat_map(move |one| next.iter().map(move |next| token(at, pair(one, next))))
        });
        tokens.collect()
    }
}

fn token(position: usize, text: String) -> Token {
    Token { offset_from: position, offset_to: position + 1, position, text, position_length: 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(word: &str) -> Vec<String> {
        hear(word).map(|heard| heard.sequences.into_iter().map(|s| s.join(" ")).collect()).unwrap_or_default()
    }

    #[test]
    fn letters_are_split_into_syllables_in_every_way() {
        assert_eq!(heard("zhangsan"), ["zhang san"]);
        assert!(heard("xian").contains(&"xian".to_owned()) && heard("xian").contains(&"xi an".to_owned()));
        assert_eq!(heard("zhāngsān"), ["zhang san"]);
        assert_eq!(heard("lyu"), heard("lü"));
        assert_eq!(heard("lyu"), ["lv"]);
        assert!(heard("lizh").contains(&"li zhang".to_owned()));
        assert!(heard("20230105").is_empty());
        assert!(hear(&format!("{}x", "gang".repeat(49))).is_some());
    }

    #[test]
    fn characters_have_all_their_readings() {
        assert!(initials("单雄信").contains("sxx") && initials("单雄信").contains("dxx"));
        assert!(
            heard("曾子").contains(&"zeng zi".to_owned()) && heard("曾子").contains(&"ceng zi".to_owned())
        );
        assert!(initials("买买提·吐尔逊").contains("mmttex"));
        assert!(!sounds("䶮")[0].is_empty());
    }
}
