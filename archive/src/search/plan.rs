//! From words to what tantivy is asked.

use std::{collections::HashSet, ops::Bound, sync::Arc};

use tantivy::{
    Term,
    query::{
        AllQuery, BooleanQuery, ConstScoreQuery, EmptyQuery, Occur, PhraseQuery, Query as TantivyQuery,
        RangeQuery, TermQuery,
    },
    schema::{Field, IndexRecordOption},
};

use super::{
    Filters, Mode, Query, SearchError,
    begins::Begins,
    every::Every,
    facets::Values,
    grams::{self, Gram, Part, SHORT, START},
    memory::{Cost, Memory},
    pinyin::{self, Heard},
    schema::{Fields, NumberKey},
    tally::Tallies,
    within::Within,
    without::Without,
};
use crate::person::{IdNumber, IdNumberError, fold};

const MAX_CHARS: usize = 200;
const MAX_WORDS: usize = 12;
/// Fewer digits beside another word are a year: very many 学号 begin with them, and nobody means the beginning.
const TELLING: usize = 5;

/// What is known of the index beside what it says itself.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    /// What dear words gave before.
    pub(super) memory: &'a Memory,
    /// How many dear questions found before.
    pub(super) tallies: &'a Tallies,
    /// The values of the facets.
    pub(super) values: &'a Values,
    /// Whether each segment is in the order of 学号.
    pub(super) in_order: bool,
}

/// Who comes before the others.
pub(super) enum Better {
    /// These, best ones with the highest score.
    Scored(Asked),
    /// The first ones, then the second ones, each in the order of 学号. Scores would have to be worked out for all of them,
    /// and half of everybody may have a 学号 that begins with 20.
    InTurn([Asked; 2]),
}

/// A question to tantivy.
pub(super) type Asked = Box<dyn TantivyQuery>;

/// A word of a question.
#[derive(Clone)]
pub(super) struct Word {
    /// As it was typed.
    pub(super) typed: String,
    /// Folded. Never empty.
    pub(super) folded: String,
    /// How it sounds, if it can.
    pub(super) heard: Option<Arc<Heard>>,
    /// Whether it is the identity number whose hash was given.
    pub(super) is_id_number: bool,
}

/// Splits a text into its words.
pub(super) fn words(query: &Query) -> Result<Vec<Word>, SearchError> {
    if query.text.chars().count() > MAX_CHARS {
        return Err(SearchError::TooLong { what: "characters", max: MAX_CHARS });
    }
    let mut words: Vec<Word> = query.text.split_whitespace().filter_map(|typed| word(typed, query)).collect();
    if words.len() > MAX_WORDS {
        return Err(SearchError::TooLong { what: "words", max: MAX_WORDS });
    }
    // Who says a word twice asks for it once.
    let mut said = HashSet::new();
    words.retain(|word| said.insert(word.folded.clone()));
    Ok(words)
}

fn word(typed: &str, query: &Query) -> Option<Word> {
    let folded = fold(typed).as_str().to_owned();
    if folded.is_empty() {
        return None;
    }
    let heard = if query.mode == Mode::Exact { None } else { pinyin::hear(&folded).map(Arc::new) };
    let is_id_number = query.id_number_hash.is_some() && typed.parse::<IdNumber>().is_ok();
    Some(Word { typed: typed.to_owned(), folded, heard, is_id_number })
}

impl Word {
    /// Whether it would be an identity number if its last character fitted.
    pub(super) fn is_mistyped_id_number(&self) -> bool {
        self.typed.parse::<IdNumber>() == Err(IdNumberError::CheckCharacter)
    }
}

impl Fields {
    /// Everybody whose values contain every word.
    pub(super) fn exact(&self, words: &[Word], query: &Query, known: &Known<'_>) -> Asked {
        let required = self.required(words, query, known).map(|asked| (Occur::Must, asked));
        all_of(required.into_iter().chain(self.narrowed(&query.filters)).collect())
    }

    /// Those of them who come before the others.
    pub(super) fn better(&self, words: &[Word], query: &Query, known: &Known<'_>) -> Better {
        // A word that is a name or a number, or part of one, is part of a value: alone it needs no asking whether it is.
        let also = if words.len() > 1 { Some(words) } else { None };
        let those = |better: Asked| {
            let required = also.and_then(|words| self.required(words, query, known));
            let required = required.map(|asked| (Occur::Must, worth(asked, 0.0)));
            let narrowed = self.narrowed(&query.filters);
            all_of(required.into_iter().chain(narrowed).chain([(Occur::Must, better)]).collect())
        };
        if let [word] = words
            && is_number(word)
        {
            return Better::InTurn([whole(self.number, &word.folded), self.begins(word, known)].map(those));
        }
        Better::Scored(those(any_of(words.iter().flat_map(|word| self.ranked(word, known)).collect())))
    }

    /// Everybody whose values contain every word, by whatever facets the question is narrowed. None if there are no words.
    fn required(&self, words: &[Word], query: &Query, known: &Known<'_>) -> Option<Asked> {
        let mut asked: Vec<Asked> = words.iter().map(|word| self.contains(word, query, known)).collect();
        if asked.len() < 2 { asked.pop() } else { Some(Box::new(Every::of(asked))) }
    }

    /// Everybody for whom each word is the sound of a name or part of a value, and who is not found exactly. `None` if no
    /// word is a sound.
    pub(super) fn sounding(&self, words: &[Word], query: &Query, known: &Known<'_>) -> Option<Asked> {
        // One alone that is a sound must be one, or nothing would sound alike.
        let heard = words.iter().filter(|word| word.heard.is_some()).count();
        let alone = heard == 1;
        if heard == 0 {
            return None;
        }
        let either = |word: &Word| {
            let sounds = word.heard.as_ref().map(|heard| self.sounds_like(heard));
            let written = (!alone || sounds.is_none()).then(|| self.contains(word, query, known));
            worth(any_of(sounds.into_iter().chain(written).collect()), 1.0)
        };
        let required = words.iter().map(|word| (Occur::Must, either(word)));
        let sounding = all_of(required.chain(self.narrowed(&query.filters)).collect());
        let exact = self.required(words, query, known)?;
        Some(Box::new(Without::new(sounding, exact)))
    }

    /// Everybody with a value that contains the word, or whose identity number it is.
    fn contains(&self, word: &Word, query: &Query, known: &Known<'_>) -> Asked {
        let in_text = self.anywhere(&word.folded, known);
        match query.id_number_hash.filter(|_| word.is_id_number) {
            Some(hash) => any_of(vec![in_text, whole(self.id_number, &hash.term())]),
            None => in_text,
        }
    }

    /// Everybody with a value that contains a folded word, remembered where finding them is dear. A few letters or digits
    /// alone are: many pieces begin with them.
    fn anywhere(&self, word: &str, known: &Known<'_>) -> Asked {
        let (cost, in_text) = match grams::part(word) {
            Part::Nothing => return Box::new(AllQuery),
            Part::Beginning(short) if short.len() <= SHORT => (Cost::Dear, whole(self.short, &short)),
            Part::Beginning(beginning) => (Cost::Dear, beginning_with(self.text, &beginning)),
            Part::Pieces(pieces) => {
                let terms = placed(self.text, &pieces);
                (Cost::Rarest(terms.iter().map(|(_, term)| term.clone()).collect()), phrase(terms))
            }
        };
        let (facets, values) = (self.searched_facets(), known.values.clone());
        let within = Within { word: word.into(), facets, values };
        known.memory.of(word.to_owned(), cost, any_of(vec![in_text, Box::new(within)]))
    }

    /// Those whose 学号 begins with a word, or, if it is longer than most, some number.
    fn begins(&self, word: &Word, known: &Known<'_>) -> Asked {
        match NumberKey::beginning_with(&word.folded) {
            Some(range) if known.in_order => Box::new(Begins { range, values: known.values.clone() }),
            Some(range) => {
                let (from, to) = range.into_inner();
                let [from, to] = [from, to].map(|value| Term::from_field_u64(self.number_key.high, value));
                Box::new(RangeQuery::new(Bound::Included(from), Bound::Included(to)))
            }
            None => part_of(self.text, &format!("{START}{}", word.folded)),
        }
    }

    /// Those in whom the word is a whole value, above those in whom it begins one, names above all.
    fn ranked(&self, word: &Word, known: &Known<'_>) -> Vec<Asked> {
        if is_number(word) {
            let begins = (word.folded.len() >= TELLING).then(|| worth(self.begins(word, known), 4.0));
            [worth(whole(self.number, &word.folded), 64.0)].into_iter().chain(begins).collect()
        } else {
            let beginning = format!("{START}{}", word.folded);
            vec![
                worth(whole(self.whole_name, &word.folded), 64.0),
                worth(part_of(self.name, &beginning), 16.0),
                worth(part_of(self.name, &word.folded), 8.0),
            ]
        }
    }

    fn sounds_like(&self, heard: &Heard) -> Asked {
        let syllables = |sequence: &[String]| match (self.pairs, sequence) {
            (Some(pairs), [_, _, ..]) => {
                let pair =
                    |two: &[String]| two.first().zip(two.last()).map(|(one, next)| pinyin::pair(one, next));
                let found = sequence.windows(2).filter_map(pair);
                found.map(|pair| Term::from_field_text(pairs, &pair)).enumerate().collect()
            }
            _ => sequence.iter().map(|one| Term::from_field_text(self.pinyin, one)).enumerate().collect(),
        };
        let spoken = heard.sequences.iter().map(|sequence| phrase(syllables(sequence)));
        let initials = heard.initials.iter().map(|initials| beginning_with(self.initials, initials));
        any_of(spoken.chain(initials).map(|asked| worth(asked, 1.0)).collect())
    }

    fn narrowed(&self, filters: &Filters) -> Vec<(Occur, Asked)> {
        let years: Vec<String> = filters.years.iter().map(i16::to_string).collect();
        let campaigns: Vec<String> = filters.campaigns.iter().map(ToString::to_string).collect();
        let deliveries: Vec<String> = filters.deliveries.iter().map(ToString::to_string).collect();
        let facets = [
            (Some(self.year), &years),
            (Some(self.college), &filters.colleges),
            (Some(self.major), &filters.majors),
            (Some(self.class), &filters.classes),
            (Some(self.photo_state), &filters.photo_states),
            (Some(self.campaign), &campaigns),
            (self.delivery, &deliveries),
        ];
        let chosen = facets.into_iter().filter(|(_, values)| !values.is_empty());
        chosen
            .map(|(field, values)| {
                // A field that the index lacks has no values: nobody, never everybody.
                let any = any_of(
                    field
                        .iter()
                        .flat_map(|&field| values.iter().map(move |value| whole(field, value)))
                        .collect(),
                );
                (Occur::Must, worth(any, 0.0))
            })
            .collect()
    }
}

fn is_number(word: &Word) -> bool {
    word.folded.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Values of which `part` is a part. `part` is folded, or folded behind a [`START`].
fn part_of(field: Field, part: &str) -> Asked {
    match grams::part(part) {
        Part::Nothing => Box::new(AllQuery),
        Part::Beginning(beginning) => beginning_with(field, &beginning),
        Part::Pieces(pieces) => phrase(placed(field, &pieces)),
    }
}

/// Pieces as terms of a field, each with its place.
fn placed(field: Field, pieces: &[Gram]) -> Vec<(usize, Term)> {
    pieces.iter().map(|piece| (piece.at, Term::from_field_text(field, &piece.text))).collect()
}

/// Terms at fixed distances.
fn phrase(mut terms: Vec<(usize, Term)>) -> Asked {
    match (terms.pop(), terms.is_empty()) {
        (None, _) => Box::new(EmptyQuery),
        (Some((_, only)), true) => Box::new(TermQuery::new(only, IndexRecordOption::Basic)),
        (Some(last), false) => {
            terms.push(last);
            Box::new(PhraseQuery::new_with_offset(terms))
        }
    }
}

fn whole(field: Field, value: &str) -> Asked {
    Box::new(TermQuery::new(Term::from_field_text(field, value), IndexRecordOption::Basic))
}

/// Terms that begin with some ASCII text.
fn beginning_with(field: Field, beginning: &str) -> Asked {
    let from = Term::from_field_text(field, beginning);
    let to = Term::from_field_text(field, &format!("{beginning}\u{7F}"));
    Box::new(RangeQuery::new(Bound::Included(from), Bound::Excluded(to)))
}

fn worth(asked: Asked, score: f32) -> Asked {
    Box::new(ConstScoreQuery::new(asked, score))
}

fn any_of(mut asked: Vec<Asked>) -> Asked {
    match (asked.pop(), asked.is_empty()) {
        (None, _) => Box::new(EmptyQuery),
        (Some(only), true) => only,
        (Some(last), false) => {
            asked.push(last);
            Box::new(BooleanQuery::union(asked))
        }
    }
}

fn all_of(mut clauses: Vec<(Occur, Asked)>) -> Asked {
    if clauses.iter().all(|(occur, _)| *occur == Occur::MustNot) {
        clauses.push((Occur::Must, worth(Box::new(AllQuery), 0.0)));
    }
    Box::new(BooleanQuery::new(clauses))
}
