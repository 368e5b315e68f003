//! Pieces of folded text with their positions, such that every part of a text can be found as a phrase of pieces.
//!
//! A value is written into the index behind one [`START`], so that beginnings can be told from the middle.
//! At each position stands:
//! - at a Chinese character (or any that is no ASCII letter or digit): the character, and the character with the next;
//! - inside a run of ASCII letters and digits: up to six characters of the run;
//! - at the start of such a run: every piece of one to six characters.
//!
//! Pieces of six keep the lists of numbers short; two digits would stand in nearly every number, and four, such as a
//! year, in very many.

use std::{collections::BTreeSet, ops::Range};

use tantivy::tokenizer::{Token, Tokenizer};

use super::tokens::Tokens;

/// Stands before each value. Folded text has no control characters.
pub(super) const START: char = '\u{2}';
/// The longest piece of a run of letters and digits.
const RUN: usize = 6;

/// A piece of a text and the position of its first character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gram {
    pub(super) at: usize,
    pub(super) text: String,
}

/// How a part of a text is looked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Nothing was asked.
    Nothing,
    /// As pieces at fixed distances; a single piece is enough for short parts.
    Pieces(Vec<Gram>),
    /// As the beginning of any piece: for one to five letters or digits alone.
    Beginning(String),
}

const fn in_run(character: char) -> bool {
    character.is_ascii_alphanumeric()
}

/// The end of the run that `at` is in, `at` itself if it is in none.
fn run_end(text: &[char], at: usize) -> usize {
    text.iter().skip(at).take_while(|&&c| in_run(c)).count() + at
}

fn piece(text: &[char], range: Range<usize>) -> Gram {
    let at = range.start;
    Gram { at, text: text.get(range).unwrap_or_default().iter().collect() }
}

/// Every piece of a folded value, as the index keeps them.
pub(super) fn pieces_of(value: &str) -> Vec<Gram> {
    let text: Vec<char> = std::iter::once(START).chain(value.chars()).collect();
    let mut pieces = Vec::with_capacity(text.len() * 2);
    let mut before_in_run = false;
    for (at, &character) in text.iter().enumerate() {
        if in_run(character) {
            let longest = (run_end(&text, at) - at).min(RUN);
            let shortest = if before_in_run { longest } else { 1 };
            pieces.extend((shortest..=longest).map(|length| piece(&text, at..at + length)));
        } else {
            if character != START {
                pieces.push(piece(&text, at..at + 1));
            }
            if at + 1 < text.len() {
                pieces.push(piece(&text, at..at + 2));
            }
        }
        before_in_run = in_run(character);
    }
    pieces
}

/// The pieces that stand in a value exactly where `part` stands in it.
pub(super) fn part(part: &str) -> Part {
    let text: Vec<char> = part.chars().collect();
    if text.is_empty() {
        return Part::Nothing;
    }
    if text.len() < RUN && text.iter().all(|&c| in_run(c)) {
        return Part::Beginning(part.to_owned());
    }
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let end = run_end(&text, at);
        if end > at {
            run_pieces(&text, at..end, &mut pieces);
            at = end;
        } else {
            let end = at + text.iter().skip(at).take_while(|&&c| !in_run(c)).count();
            pair_pieces(&text, at..end, &mut pieces);
            at = end;
        }
    }
    Part::Pieces(pieces)
}

/// Covers a run with pieces of six, the last one overlapping; a short run with the one piece it is.
fn run_pieces(text: &[char], run: Range<usize>, pieces: &mut Vec<Gram>) {
    if run.len() < RUN {
        // One letter or digit after another character is covered by the pair before it.
        if run.len() > 1 || run.start == 0 {
            pieces.push(piece(text, run));
        }
        return;
    }
    let last = run.end - RUN;
    pieces.extend(run.clone().step_by(RUN).take_while(|&at| at < last).map(|at| piece(text, at..at + RUN)));
    pieces.push(piece(text, last..run.end));
}

/// Covers characters that are no letters or digits with pairs, the last one overlapping, and with one more if a run follows.
fn pair_pieces(text: &[char], between: Range<usize>, pieces: &mut Vec<Gram>) {
    let (last, run_follows) = (between.end - 1, between.end < text.len());
    pieces.extend(between.clone().step_by(2).take_while(|&at| at < last).map(|at| piece(text, at..at + 2)));
    if run_follows {
        pieces.push(piece(text, last..last + 2));
    } else if between.len() == 1 {
        pieces.push(piece(text, last..last + 1));
    } else if between.len() % 2 == 1 {
        pieces.push(piece(text, last - 1..last + 1));
    }
}

/// Pieces of so many letters or digits or fewer are kept once more, wherever they stand.
pub(super) const SHORT: usize = 3;

/// The short pieces of a value's letters and digits.
fn short_pieces_of(value: &str) -> BTreeSet<&str> {
    let runs = value.split(|c: char| !in_run(c));
    let pieces = runs.flat_map(|run| {
        (1..=SHORT).flat_map(move |length| (0..run.len()).filter_map(move |at| run.get(at..at + length)))
    });
    pieces.collect()
}

/// Writes the short pieces of a value into the index.
#[derive(Clone)]
pub(super) struct ShortTokenizer;

impl Tokenizer for ShortTokenizer {
    type TokenStream<'a> = Tokens;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Tokens {
        let token = |piece: &str| Token { text: piece.to_owned(), position: 0, ..Token::default() };
        short_pieces_of(text).into_iter().map(token).collect()
    }
}

/// Writes [`pieces_of`] a value into the index.
#[derive(Clone)]
pub(super) struct GramTokenizer;

impl Tokenizer for GramTokenizer {
    type TokenStream<'a> = Tokens;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Tokens {
        let token = |Gram { at, text }: Gram| Token {
            offset_from: at,
            offset_to: at + text.len(),
            position: at,
            text,
            position_length: 1,
        };
        pieces_of(text).into_iter().map(token).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whether the pieces of a value answer a question, by definition of a phrase.
    fn answers(value: &str, asked: &str) -> bool {
        let pieces = pieces_of(value);
        match part(asked) {
            Part::Nothing => true,
            Part::Beginning(beginning) => pieces.iter().any(|piece| piece.text.starts_with(&beginning)),
            Part::Pieces(wanted) => (0..=value.chars().count() + 1).any(|shift| {
                wanted
                    .iter()
                    .all(|want| pieces.iter().any(|has| has.at == want.at + shift && has.text == want.text))
            }),
        }
    }

    proptest! {
        #[test]
        fn pieces_find_exactly_the_parts_of_a_value(value in "[张三a12·]{0,14}", asked in "[张三a12·]{1,7}") {
            prop_assert_eq!(answers(&value, &asked), value.contains(&asked), "{:?}", part(&asked));
        }

        #[test]
        fn every_part_is_found(value in "[张三丰a1234]{1,16}", from in 0usize..16, length in 1usize..10) {
            let asked: String = value.chars().skip(from).take(length).collect();
            prop_assert!(answers(&value, &asked));
        }
    }

    #[test]
    fn a_beginning_is_told_from_the_middle() {
        assert!(answers("20230105", &format!("{START}2023")));
        assert!(!answers("12023", &format!("{START}2023")));
        assert!(answers("张三", &format!("{START}张")));
        assert!(!answers("小张", &format!("{START}张")));
        assert!(answers("23级", &format!("{START}23")));
    }
}
