//! Folding: the one spelling under which differently typed texts are the same.
//!
//! Folding is compatibility composition (NFKC), lower case, one middle dot for all its variants, traditional
//! characters to simplified ones, and no white space, lone marks, control characters or variation selectors at all.
//! It looks at one character (with its combining marks) at a time, never at the neighbours, so that the fold
//! of a part is a part of the fold: substring search depends on that.
//!
//! The character pairs for traditional → simplified come from the crate `fast2s` (MIT).

use std::{ops::Range, sync::LazyLock};

use unicode_normalization::{UnicodeNormalization, char::canonical_combining_class};

/// The middle dot between the parts of a minority name (U+00B7, GB/T 15834).
pub(crate) const MIDDLE_DOT: char = '\u{B7}';

/// Traditional characters and the simplified ones that stand for them: every character from the first one on, in order, as
/// it is when simplified.
static SIMPLIFIED: LazyLock<Vec<char>> =
    LazyLock::new(|| (FIRST_HAN..='\u{9FFF}').map(|c| simplified(c).unwrap_or(c)).collect());
const FIRST_HAN: char = '\u{3400}';

/// What a character becomes when simplified until nothing changes any more.
fn simplified(character: char) -> Option<char> {
    let mut current = character;
    for _ in 0..4 {
        let next = fast2s::convert(current.encode_utf8(&mut [0; 4])).chars().next()?;
        if next == current {
            break;
        }
        current = next;
    }
    Some(current)
}

/// A folded text that remembers where each of its characters came from.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Folded {
    text: String,
    /// For each character of `text`: the bytes of the original it stands for.
    sources: Vec<Range<usize>>,
}

impl Folded {
    /// The folded text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How many characters it has.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.sources.len()
    }

    /// The bytes of the original text that characters `from..to` of the folded text stand for.
    #[must_use]
    pub fn source(&self, from: usize, to: usize) -> Option<Range<usize>> {
        let first = self.sources.get(from)?;
        let last = self.sources.get(to.checked_sub(1)?)?;
        Some(first.start..last.end)
    }

    /// The bytes of the original text under each occurrence of `needle`, which must be folded itself.
    #[must_use]
    pub fn find_all(&self, needle: &str) -> Vec<Range<usize>> {
        let length = needle.chars().count();
        if length == 0 {
            return Vec::new();
        }
        let mut at_char = 0;
        let mut at_byte = 0;
        let mut found = Vec::new();
        for (start, _) in self.text.match_indices(needle) {
            at_char += self.text.get(at_byte..start).map_or(0, |between| between.chars().count());
            at_byte = start;
            found.extend(self.source(at_char, at_char + length));
        }
        found
    }
}

/// Folds one character that stands alone.
#[must_use]
pub fn fold_char(character: char) -> char {
    if character.is_ascii_alphanumeric() {
        return character;
    }
    let dotted = match character {
        '\u{2022}' | '\u{2027}' | '\u{2219}' | '\u{22C5}' | '\u{30FB}' | '\u{FF65}' | '\u{2024}'
        | '\u{FE52}' | '\u{FF0E}' | '.' | '\u{387}' | '\u{16EB}' | '\u{318D}' | '\u{119E}' | '\u{2E31}'
        | '\u{2E33}' | '\u{A78F}' | '\u{2981}' | '\u{25CF}' | '\u{26AB}' => MIDDLE_DOT,
        other => other,
    };
    let place = u32::from(dotted).checked_sub(u32::from(FIRST_HAN));
    place.and_then(|place| SIMPLIFIED.get(place as usize)).copied().unwrap_or(dotted)
}

/// Folds a text. Folding twice changes nothing more.
#[must_use]
pub fn fold(text: &str) -> Folded {
    let mut folded = Folded::with_room_for(text);
    let mut cluster = String::new();
    let mut source = 0..0;
    let mut characters = text.char_indices().peekable();
    while let Some((start, character)) = characters.next() {
        let end = start + character.len_utf8();
        if is_plain(character) {
            folded.push(&cluster, source.clone());
            cluster.clear();
            // What comes next may be a mark on it.
            if characters.peek().is_none_or(|(_, next)| is_plain(*next)) {
                folded.push_plain(character, start..end);
            } else {
                cluster.push(character);
                source = start..end;
            }
            continue;
        }
        if is_dropped(character) {
            continue;
        }
        for part in std::iter::once(character).nfkd() {
            if !cluster.is_empty() && !continues(part) {
                folded.push(&cluster, source.clone());
                cluster.clear();
            }
            if cluster.is_empty() {
                source = start..end;
            }
            source.end = end;
            cluster.push(part);
        }
    }
    folded.push(&cluster, source);
    folded
}

impl Folded {
    fn with_room_for(text: &str) -> Self {
        Self { text: String::with_capacity(text.len()), sources: Vec::with_capacity(text.len()) }
    }

    /// Adds a character that stays as it is under composition and has no marks.
    fn push_plain(&mut self, character: char, source: Range<usize>) {
        self.text.push(fold_char(character.to_ascii_lowercase()));
        self.sources.push(source);
    }

    /// Adds the characters of one cluster, all standing for the same bytes.
    fn push(&mut self, cluster: &str, source: Range<usize>) {
        let mut characters = cluster.chars();
        match (characters.next(), characters.next()) {
            (None, _) => return,
            (Some(only), None) if is_plain(only) => return self.push_plain(only, source),
            _ => {}
        }
        let lower: String = cluster.nfc().flat_map(char::to_lowercase).collect();
        for character in lower.nfkc().map(fold_char).filter(|&c| !is_dropped(c)) {
            self.text.push(character);
            self.sources.push(source.clone());
        }
    }
}

/// Whether a character stays as it is under composition: nearly all that stand in names and numbers.
const fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '\u{4E00}'..='\u{9FFF}')
}

/// Whether a decomposed character belongs to the one before it.
fn continues(character: char) -> bool {
    canonical_combining_class(character) != 0 || ('\u{1160}'..='\u{11FF}').contains(&character)
}

/// Whether a character carries nothing that anybody searches for.
fn is_dropped(character: char) -> bool {
    // A mark that stands alone, such as the cedilla ¸, decomposes to a space and a combining mark. Without its space the
    // mark would fall upon the character before it.
    let is_lone_mark =
        || !is_plain(character) && std::iter::once(character).nfkd().next().is_some_and(char::is_whitespace);
    character.is_whitespace()
        || is_lone_mark()
        || character.is_control()
        || matches!(character,
            '\u{AD}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0100}'..='\u{E01EF}' | '\u{3164}' | '\u{115F}' | '\u{1160}' | '\u{FFA0}')
}

/// Whether a character is a Chinese one, rare planes included.
#[must_use]
pub const fn is_han(character: char) -> bool {
    matches!(character,
        '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFD}' | '〇' | '々')
}

/// Something about a name that a person should look at. None of these makes the name wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameOddity {
    /// `?`, `□`, `�` or the like: an older system had no glyph and wrote a stand-in.
    MissingCharacter,
    /// A character of the private use area, which means something else on every computer.
    PrivateUse,
    /// More than 40 characters.
    TooLong,
    /// A digit or another sign that names don't have.
    UnusualCharacter,
}

impl NameOddity {
    /// A stable name for this oddity, for wording it elsewhere.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::MissingCharacter => "name-missing-character",
            Self::PrivateUse => "name-private-use",
            Self::TooLong => "name-too-long",
            Self::UnusualCharacter => "name-unusual-character",
        }
    }
}

/// What is odd about a name (rule ROS-02): `·`, Latin letters and rare characters are fine.
#[must_use]
pub fn name_oddities(name: &str) -> Vec<NameOddity> {
    let mut oddities = Vec::new();
    if name.contains(is_stand_in) {
        oddities.push(NameOddity::MissingCharacter);
    }
    if name.contains(is_private_use) {
        oddities.push(NameOddity::PrivateUse);
    }
    if name.chars().count() > 40 {
        oddities.push(NameOddity::TooLong);
    }
    if name.contains(is_unusual) {
        oddities.push(NameOddity::UnusualCharacter);
    }
    oddities
}

const fn is_stand_in(character: char) -> bool {
    matches!(character, '?' | '？' | '\u{FFFD}' | '□' | '■' | '〓' | '*' | '＊')
}

const fn is_private_use(character: char) -> bool {
    matches!(character, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{FFFFD}' | '\u{100000}'..='\u{10FFFD}')
}

fn is_unusual(character: char) -> bool {
    let letter = character.is_alphabetic() || is_han(character) || continues(character);
    let sign = fold_char(character) == MIDDLE_DOT
        || matches!(character, '-' | '\'' | '’')
        || character.is_whitespace();
    let variant = matches!(character, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}');
    !(letter || sign || variant || is_stand_in(character) || is_private_use(character))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folded(text: &str) -> String {
        fold(text).as_str().to_owned()
    }

    #[test]
    fn spellings_of_the_same_name_fold_to_one() {
        assert_eq!(folded("張國榮"), folded("张国荣"));
        assert_eq!(folded("张　三"), folded("张三"));
        assert_eq!(folded("ＺＨＡＮＧ１２"), folded("zhang12"));
        for dot in ['•', '・', '．', '･', '‧', '∙', '⋅', '.'] {
            assert_eq!(folded(&format!("买买提{dot}吐尔逊")), "买买提·吐尔逊", "{dot:?}");
        }
    }

    #[test]
    fn rare_characters_stay_what_they_are() {
        assert_eq!(folded("𠮷䶮㛃"), "𠮷䶮㛃");
        assert_eq!(folded("𠮷\u{E0100}"), "𠮷");
    }

    #[test]
    fn a_find_points_back_into_the_original() {
        let original = "张　國 ⅲ 班";
        let folded = fold(original);
        let found = folded.find_all("国iii");
        assert_eq!(found.len(), 1);
        assert_eq!(&original[found[0].clone()], "國 ⅲ");
    }

    #[test]
    fn odd_names_are_noticed_and_minority_names_are_not() {
        assert!(name_oddities("买买提·吐尔逊").is_empty());
        assert!(name_oddities("𠮷䶮㛃").is_empty());
        assert_eq!(name_oddities("王??"), [NameOddity::MissingCharacter]);
        assert_eq!(name_oddities("王\u{E863}"), [NameOddity::PrivateUse]);
        assert_eq!(name_oddities("王3"), [NameOddity::UnusualCharacter]);
    }

    #[test]
    fn a_mark_that_stands_alone_does_not_fall_upon_its_neighbour() {
        assert_eq!(folded("c\u{B8}"), "c");
        assert_eq!(folded("\u{E7}"), "\u{E7}");
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,12}") {
            let once = folded(&text);
            prop_assert_eq!(folded(&once), once);
        }

        #[test]
        fn every_source_is_a_piece_of_the_original(text in "\\PC{0,12}") {
            let folded = fold(&text);
            for at in 0..folded.chars() {
                let range = folded.source(at, at + 1).unwrap();
                prop_assert!(text.get(range).is_some());
            }
        }
    }
}
