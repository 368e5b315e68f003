//! Where in a person's values the words stand.

use std::ops::Range;

use super::{
    Field, Hit, Match, PersonDoc,
    pinyin::{Heard, sounds},
    plan::Word,
};
use crate::person::{Folded, fold, is_han};

/// Longer values are cut to what stands around the first find: this many characters before it and after it.
const BEFORE: usize = 24;
const AFTER: usize = 72;

/// Where the words stand. `None` if a word stands nowhere, which the index would have to be wrong for.
pub(super) fn exact_hit(doc: PersonDoc, words: &[Word]) -> Option<Hit> {
    let year = doc.year.map(|year| year.to_string());
    let mut matches = Vec::new();
    let mut missing: Vec<bool> = words.iter().map(|_| true).collect();
    let values = values(&doc).chain(year.iter().map(|year| (Field::Year, year.as_str())));
    for (field, value) in values.filter(|(_, value)| may_hold_any(value, words)) {
        let folded = fold(value);
        let found: Vec<Vec<Range<usize>>> =
            words.iter().map(|word| find(field, &folded, &word.folded)).collect();
        missing.iter_mut().zip(&found).for_each(|(missing, found)| *missing &= found.is_empty());
        matches.extend(cut(field, value, found.concat()));
    }
    if words.iter().zip(&missing).any(|(word, missing)| *missing && word.is_id_number) {
        matches.insert(0, Match { field: Field::IdNumber, value: String::new(), ranges: Vec::new() });
    }
    let all_there = words.iter().zip(&missing).all(|(word, missing)| !missing || word.is_id_number);
    all_there.then_some(Hit { doc, matches })
}

/// Where the words stand or sound alike. Never empty-handed: a hit without a range is still a hit.
pub(super) fn sounding_hit(doc: PersonDoc, words: &[Word]) -> Hit {
    let mut matches = Vec::new();
    for (field, value) in values(&doc) {
        let folded = fold(value);
        let mut ranges: Vec<Range<usize>> =
            words.iter().flat_map(|word| find(field, &folded, &word.folded)).collect();
        if matches!(field, Field::Name | Field::FormerName) {
            ranges.extend(
                words.iter().filter_map(|word| word.heard.as_ref()).filter_map(|heard| spoken(value, heard)),
            );
        }
        matches.extend(cut(field, value, ranges));
    }
    Hit { doc, matches }
}

/// Every value of a document, best field first.
fn values(doc: &PersonDoc) -> impl Iterator<Item = (Field, &str)> {
    std::iter::once((Field::Name, &doc.name))
        .chain(doc.former_names.iter().map(|value| (Field::FormerName, value)))
        .chain(doc.student_number.iter().map(|value| (Field::StudentNumber, value)))
        .chain(doc.candidate_number.iter().map(|value| (Field::CandidateNumber, value)))
        .chain(doc.certificate_numbers.iter().map(|value| (Field::CertificateNumber, value)))
        .chain(doc.class.iter().map(|value| (Field::Class, value)))
        .chain(doc.major.iter().map(|value| (Field::Major, value)))
        .chain(doc.college.iter().map(|value| (Field::College, value)))
        .chain([(Field::DiplomaText, &doc.diploma_text), (Field::Notes, &doc.notes)])
        .map(|(field, value)| (field, value.as_str()))
}

/// Whether one of the words may stand in a value. A number folds to a number: no other word stands in it.
fn may_hold_any(value: &str, words: &[Word]) -> bool {
    !value.bytes().all(|byte| byte.is_ascii_alphanumeric()) || words.iter().any(|word| word.folded.is_ascii())
}

/// The bytes of a value under a folded word. Names are also searched without their middle dots.
fn find(field: Field, folded: &Folded, word: &str) -> Vec<Range<usize>> {
    let found = folded.find_all(word);
    match field {
        Field::Name | Field::FormerName if found.is_empty() => {
            find_without_dots(folded, word).into_iter().collect()
        }
        _ => found,
    }
}

fn find_without_dots(folded: &Folded, word: &str) -> Option<Range<usize>> {
    let kept: Vec<(usize, char)> = folded.as_str().chars().enumerate().filter(|&(_, c)| c != '·').collect();
    if kept.len() == folded.chars() {
        return None;
    }
    let word: Vec<char> = word.chars().collect();
    let window = kept
        .windows(word.len().max(1))
        .find(|window| window.iter().map(|&(_, c)| c).eq(word.iter().copied()))?;
    folded.source(window.first()?.0, window.last()?.0 + 1)
}

/// The bytes of a name that sound like what was heard.
fn spoken(name: &str, heard: &Heard) -> Option<Range<usize>> {
    let folded = fold(name);
    let han: Vec<usize> =
        folded.as_str().chars().enumerate().filter(|&(_, c)| is_han(c)).map(|(place, _)| place).collect();
    let sounds = sounds(name);
    let window =
        |start: usize, length: usize| folded.source(*han.get(start)?, han.get(start + length - 1)? + 1);
    let fits = |start: usize, sequence: &[String]| {
        sequence
            .iter()
            .enumerate()
            .all(|(at, syllable)| sounds.get(start + at).is_some_and(|sound| sound.contains(syllable)))
    };
    let by_sound = heard.sequences.iter().filter(|sequence| !sequence.is_empty()).find_map(|sequence| {
        let start = (0..sounds.len()).find(|&start| fits(start, sequence))?;
        window(start, sequence.len())
    });
    let by_initials = || {
        let initials = heard.initials.as_ref()?;
        let fits = initials.chars().enumerate().all(|(at, letter)| {
            sounds.get(at).is_some_and(|sound| sound.iter().any(|syllable| syllable.starts_with(letter)))
        });
        fits.then(|| window(0, initials.chars().count())).flatten()
    };
    by_sound.or_else(by_initials)
}

/// A match with its ranges in order and joined, cut down if the value is long. `None` without ranges.
fn cut(field: Field, value: &str, ranges: Vec<Range<usize>>) -> Option<Match> {
    let ranges = joined(ranges);
    let first = ranges.first()?;
    let start = value.get(..first.start)?.char_indices().rev().nth(BEFORE - 1).map_or(0, |(at, _)| at);
    let end = value.get(first.end..)?.char_indices().nth(AFTER).map_or(value.len(), |(at, _)| first.end + at);
    let inside = ranges.into_iter().filter(|range| range.end <= end);
    let ranges = inside.map(|range| range.start - start..range.end - start).collect();
    Some(Match { field, value: value.get(start..end)?.to_owned(), ranges })
}

fn joined(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut out: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match out.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_become_one() {
        assert_eq!(joined(vec![3..6, 0..3, 9..12, 4..5]), [0..6, 9..12]);
    }

    #[test]
    fn a_long_value_is_cut_around_the_first_find() {
        let value = format!("{}毕业{}", "前".repeat(100), "后".repeat(100));
        let found = cut(Field::DiplomaText, &value, std::iter::once(300..306).collect()).unwrap();
        assert_eq!(found.value.chars().count(), BEFORE + 2 + AFTER);
        assert_eq!(&found.value[found.ranges[0].clone()], "毕业");
    }
}
