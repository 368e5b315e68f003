//! Numbers one place away from what was typed.

use tantivy::{Searcher, Term, collector::TopDocs, query::FuzzyTermQuery};

use super::{PersonDoc, SearchError, Suggestion, plan::Word, question::stored, schema::Fields};
use crate::person::fold;

/// Shorter numbers have too many neighbours.
const SHORTEST: usize = 6;
const MAX: usize = 5;

/// Whether a word looks like a number that somebody may have mistyped.
pub(super) fn is_number(word: &Word) -> bool {
    let digits = word.folded.bytes().filter(u8::is_ascii_digit).count();
    word.folded.len() >= SHORTEST
        && digits * 2 > word.folded.len()
        && word.folded.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Numbers that differ from the word in one character: changed, missing, too many, or two swapped.
pub(super) fn near(
    searcher: &Searcher,
    fields: &Fields,
    word: &Word,
) -> Result<Vec<Suggestion>, SearchError> {
    let query = FuzzyTermQuery::new(Term::from_field_text(fields.number, &word.folded), 1, true);
    let found = searcher.search(&query, &TopDocs::with_limit(MAX).order_by_score())?;
    let mut suggestions = Vec::new();
    for (_, address) in found {
        let Some(doc) = stored(searcher, fields, address)? else { continue };
        suggestions.extend(near_number(&doc, &word.folded).map(|number| Suggestion {
            typed: word.typed.clone(),
            number,
            person: doc.person,
        }));
    }
    Ok(suggestions)
}

fn near_number(doc: &PersonDoc, typed: &str) -> Option<String> {
    doc.numbers()
        .find(|number| differ_in_one_place(fold(number).as_str().as_bytes(), typed.as_bytes()))
        .cloned()
}

/// Whether two numbers differ in one place only: one changed, one more, one less, or two neighbours swapped.
fn differ_in_one_place(a: &[u8], b: &[u8]) -> bool {
    let same_start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let same_end =
        |a: &[u8], b: &[u8]| a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (Some(rest_a), Some(rest_b)) = (a.get(same_start..), b.get(same_start..)) else { return false };
    let end = same_end(rest_a, rest_b);
    let left = (
        rest_a.get(..rest_a.len() - end).unwrap_or_default(),
        rest_b.get(..rest_b.len() - end).unwrap_or_default(),
    );
    match left {
        ([], [_]) | ([_], []) | ([_], [_]) => true,
        ([a, b], [c, d]) => a == d && b == c,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slip_of_the_finger_is_near_and_two_are_not() {
        let near = |a: &str, b: &str| differ_in_one_place(a.as_bytes(), b.as_bytes());
        assert!(near("2023010512", "2023010513"));
        assert!(near("2023010512", "203010512"));
        assert!(near("2023010512", "20223010512"));
        assert!(near("2023010512", "2023010521"));
        assert!(!near("2023010512", "2023010512"));
        assert!(!near("2023010512", "2024010513"));
    }
}
