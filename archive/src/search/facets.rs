//! The facets: which values they have, and how hits are spread over them.
//!
//! People of one class have the same year, college, major and class, so each document names its group: the values of all
//! facets together.
//!
//! Every segment numbers its groups in its own way. Each value has one number for the whole index, so that counts of
//! segments add up without anybody reading words.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use memchr::memmem::Finder;
use tantivy::{Searcher, SegmentReader, index::SegmentId};

use super::{FacetCount, pieces::Pieces, segment::Segment, sum::Counts};
use crate::person::fold;

/// The facets that are counted, by the names of their fields.
pub(super) const FACETS: [&str; 6] = ["year", "college", "major", "class", "photo_state", "delivery"];

/// The field that names a document's group.
pub(super) const GROUP: &str = "group";

/// The values of one document, facet by facet.
pub(super) type Group<T> = [Vec<T>; FACETS.len()];

/// How a group is written down.
pub(super) fn group(values: Group<String>) -> String {
    serde_json::to_string(&values).unwrap_or_default()
}

/// Reads what [`group`] wrote.
pub(super) fn read_group(written: &[u8]) -> tantivy::Result<Group<String>> {
    serde_json::from_slice(written)
        .map_err(|error| tantivy::TantivyError::InternalError(format!("a group: {error}")))
}

/// How many values of a facet are told.
pub(super) const MOST: usize = 100;

/// The values of every facet, numbered as they are met. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Values(Arc<RwLock<Known>>);

/// A value that contains a word.
#[derive(Debug)]
pub(super) struct Met {
    /// Its number.
    pub(super) number: u32,
    /// The whole of it.
    pub(super) value: Arc<str>,
}

#[derive(Default)]
struct Known {
    facets: [Names; FACETS.len()],
    segments: HashMap<SegmentId, Arc<Segment>>,
}

#[derive(Default)]
struct Names {
    numbers: HashMap<Arc<str>, u32>,
    names: Vec<Arc<str>>,
    /// All of them folded, one after the other, a line each.
    folded: String,
    /// Where each begins there.
    begins: Vec<usize>,
    /// What stands in any of them.
    pieces: Pieces,
}

impl std::fmt::Debug for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Values").finish_non_exhaustive()
    }
}

impl Values {
    /// What is known of a segment; read when it is first met.
    pub(super) fn of(&self, segment: &SegmentReader) -> tantivy::Result<Arc<Segment>> {
        let id = segment.segment_id();
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).segments.get(&id).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        // Others ask on while it is read.
        let read = Segment::read(segment, |groups| {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            groups.into_iter().map(|group| known.numbered(group)).collect()
        })?;
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(known.segments.entry(id).or_insert_with(|| Arc::new(read))))
    }

    /// Meets the segments of a view, so that every value of theirs is known.
    pub(super) fn meet(&self, searcher: &Searcher) -> tantivy::Result<()> {
        searcher.segment_readers().iter().try_for_each(|segment| self.of(segment).map(drop))
    }

    /// Meets the segments of a new view before anybody asks, and forgets those that are gone.
    pub(super) fn follow(&self, searcher: &Searcher) -> tantivy::Result<()> {
        self.meet(searcher)?;
        let present =
            |id: &SegmentId| searcher.segment_readers().iter().any(|segment| segment.segment_id() == *id);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.segments.retain(|id, _| present(id));
        Ok(())
    }

    /// The values of a facet that contain a folded word, in the order of their numbers.
    pub(super) fn containing(&self, facet: usize, word: &str) -> Vec<Met> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.facets.get(facet).map(|names| names.containing(word)).unwrap_or_default()
    }

    /// So many of a facet's values, the most frequent first.
    pub(super) fn most_frequent(&self, facet: usize, counts: &[(u32, u32)], most: usize) -> Counts {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let first = known.facets.get(facet).map(|names| names.most_frequent(counts, most));
        first.into_iter().flatten().map(|(_, counted)| counted).collect()
    }

    /// Counts under their values, the most frequent first.
    pub(super) fn named(&self, counts: &[Counts]) -> Vec<Vec<FacetCount>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let named = |(counts, names): (&Counts, &Names)| {
            let first = names.most_frequent(counts, MOST).into_iter();
            first
                .map(|(value, (_, count))| FacetCount { value: value.to_string(), count: count as usize })
                .collect()
        };
        counts.iter().zip(&known.facets).map(named).collect()
    }

    /// Numbers values of a facet as if a segment had them.
    #[cfg(test)]
    pub(super) fn put(&self, facet: usize, values: impl Iterator<Item = String>) {
        let mut known = self.0.write().unwrap();
        for value in values {
            known.facets[facet].number(&value);
        }
    }
}

impl Known {
    fn numbered(&mut self, group: Group<String>) -> Vec<(u8, u32)> {
        let facets = (0_u8..).zip(group).zip(&mut self.facets);
        let numbered = facets.flat_map(|((facet, values), names)| {
            values.into_iter().map(|value| (facet, names.number(&value))).collect::<Vec<_>>()
        });
        numbered.collect()
    }
}

impl Names {
    fn number(&mut self, value: &str) -> u32 {
        if let Some(number) = self.numbers.get(value) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        let folded = fold(value);
        self.begins.push(self.folded.len());
        self.pieces.put(folded.as_str());
        self.folded.push_str(folded.as_str());
        self.folded.push('\n');
        let value: Arc<str> = value.into();
        self.names.push(Arc::clone(&value));
        self.numbers.insert(value, number);
        number
    }

    fn containing(&self, word: &str) -> Vec<Met> {
        let (mut met, mut from) = (Vec::new(), 0);
        if !self.pieces.may_hold(word) {
            return met;
        }
        let finder = Finder::new(word);
        while let Some(at) = self.folded.as_bytes().get(from..).and_then(|folded| finder.find(folded)) {
            let next = self.begins.partition_point(|begin| *begin <= from + at);
            let name =
                next.checked_sub(1).and_then(|name| Some((u32::try_from(name).ok()?, self.names.get(name)?)));
            met.extend(name.map(|(number, value)| Met { number, value: Arc::clone(value) }));
            // On to the next value: one that contains the word twice is one value.
            let Some(begin) = self.begins.get(next) else { break };
            from = *begin;
        }
        met
    }

    /// So many of these values with their numbers and counts, the most frequent first, then by their names.
    fn most_frequent(&self, counts: &[(u32, u32)], most: usize) -> Vec<(&Arc<str>, (u32, u32))> {
        let named = |&(number, count): &(u32, u32)| Some((self.names.get(number as usize)?, (number, count)));
        let mut all: Vec<(&Arc<str>, (u32, u32))> = counts.iter().filter_map(named).collect();
        let order = |(a, (_, more)): &(&Arc<str>, (u32, u32)), (b, (_, less)): &(&Arc<str>, (u32, u32))| {
            less.cmp(more).then_with(|| a.cmp(b))
        };
        if all.len() > most {
            all.select_nth_unstable_by(most, order);
            all.truncate(most);
        }
        all.sort_unstable_by(order);
        all
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_value_that_contains_a_word_is_met(
            values in proptest::collection::hash_set("[软件舞蹈2-4班]{1,7}", 1..40),
            word in "[软件舞蹈2-4班]{1,5}",
        ) {
            let mut names = Names::default();
            values.iter().for_each(|value| { names.number(value); });
            let mut met: Vec<String> = names.containing(&word).iter().map(|met| met.value.to_string()).collect();
            let mut wanted: Vec<String> = values.iter().filter(|value| value.contains(&word)).cloned().collect();
            met.sort();
            wanted.sort();
            prop_assert_eq!(met, wanted);
        }
    }
}
