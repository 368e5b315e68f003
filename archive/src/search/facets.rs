//! The facets: which values they have, and how hits are spread over them.
//!
//! Every segment numbers the values of a facet in its own way. Here each value has one number for the whole index, so
//! that counts of segments add up without anybody reading words.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use tantivy::{
    COLLECT_BLOCK_BUFFER_LEN, DocId, Score, Searcher, SegmentOrdinal, SegmentReader,
    collector::{Collector, SegmentCollector},
    columnar::{Cardinality, Column},
    index::SegmentId,
};

use super::FacetCount;
use crate::person::fold;

/// The facets that are counted, by the names of their fields.
pub(super) const FACETS: [&str; 6] = ["year", "college", "major", "class", "photo_state", "delivery"];

/// How many values of a facet are told.
const MOST: usize = 100;

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
    segments: HashMap<SegmentId, Arc<Numbers>>,
}

#[derive(Default)]
struct Names {
    numbers: HashMap<Arc<str>, u32>,
    names: Vec<Arc<str>>,
    /// All of them folded, one after the other, a line each.
    folded: String,
    /// Where each begins there.
    begins: Vec<usize>,
}

/// For each facet, from a segment's numbers to those of the whole index.
type Numbers = Vec<Vec<u32>>;

impl std::fmt::Debug for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Values").finish_non_exhaustive()
    }
}

impl Values {
    /// The numbers of a segment's values; found out when the segment is first met.
    fn of(&self, segment: &SegmentReader) -> tantivy::Result<Arc<Numbers>> {
        let id = segment.segment_id();
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).segments.get(&id).cloned();
        if let Some(numbers) = known {
            return Ok(numbers);
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let numbers = FACETS.iter().zip(&mut known.facets).map(|(facet, names)| names.of(segment, facet));
        let numbers = Arc::new(numbers.collect::<tantivy::Result<Numbers>>()?);
        known.segments.insert(id, Arc::clone(&numbers));
        Ok(numbers)
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

    /// What a segment's documents have of a facet, by the segment's own numbers, and what those are for the whole index.
    pub(super) fn column(
        &self,
        segment: &SegmentReader,
        facet: usize,
    ) -> tantivy::Result<Option<(Column<u64>, Vec<u32>)>> {
        let Some(name) = FACETS.get(facet) else { return Ok(None) };
        let column = segment.fast_fields().str(name)?.map(|column| column.ords().clone());
        let numbers = self.of(segment)?.get(facet).cloned().unwrap_or_default();
        Ok(column.map(|column| (column, numbers)))
    }

    /// Counts under their values, the most frequent first.
    pub(super) fn named(&self, counts: Vec<Vec<usize>>) -> Vec<Vec<FacetCount>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        counts.into_iter().zip(&known.facets).map(|(counts, names)| names.most_frequent(&counts)).collect()
    }
}

impl Names {
    fn of(&mut self, segment: &SegmentReader, facet: &str) -> tantivy::Result<Vec<u32>> {
        let Some(column) = segment.fast_fields().str(facet)? else { return Ok(Vec::new()) };
        let mut numbers = Vec::with_capacity(column.num_terms());
        let mut values = column.dictionary().stream()?;
        while values.advance() {
            numbers.push(self.number(&String::from_utf8_lossy(values.key())));
        }
        Ok(numbers)
    }

    fn number(&mut self, value: &str) -> u32 {
        if let Some(number) = self.numbers.get(value) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.begins.push(self.folded.len());
        self.folded.push_str(fold(value).as_str());
        self.folded.push('\n');
        let value: Arc<str> = value.into();
        self.names.push(Arc::clone(&value));
        self.numbers.insert(value, number);
        number
    }

    fn containing(&self, word: &str) -> Vec<Met> {
        let (mut met, mut from) = (Vec::new(), 0);
        while let Some(at) = self.folded.get(from..).and_then(|folded| folded.find(word)) {
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

    fn most_frequent(&self, counts: &[usize]) -> Vec<FacetCount> {
        let mut all: Vec<(usize, &Arc<str>)> =
            counts.iter().copied().zip(&self.names).filter(|(count, _)| *count > 0).collect();
        let order = |a: &(usize, &Arc<str>), b: &(usize, &Arc<str>)| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1));
        if all.len() > MOST {
            all.select_nth_unstable_by(MOST, order);
            all.truncate(MOST);
        }
        all.sort_unstable_by(order);
        all.into_iter().map(|(count, value)| FacetCount { value: value.to_string(), count }).collect()
    }
}

/// Counts the values of every facet. A document counts under each of its values; a facet that the index lacks has none.
pub(super) struct FacetCollector<'a>(pub(super) &'a Values);

/// The counts of one segment.
pub(super) struct SegmentFacets {
    numbers: Arc<Numbers>,
    columns: Vec<Option<(Column<u64>, Vec<u32>)>>,
}

impl Collector for FacetCollector<'_> {
    /// For each facet, from the numbers of its values to how often they were met.
    type Fruit = Vec<Vec<usize>>;
    type Child = SegmentFacets;

    fn for_segment(&self, _: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<SegmentFacets> {
        let column = |facet: &&str| {
            let column = segment.fast_fields().str(facet)?;
            Ok(column.map(|column| (column.ords().clone(), vec![0; column.num_terms()])))
        };
        let columns = FACETS.iter().map(column).collect::<tantivy::Result<_>>()?;
        Ok(SegmentFacets { numbers: self.0.of(segment)?, columns })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<Vec<Vec<(u32, u32)>>>) -> tantivy::Result<Vec<Vec<usize>>> {
        let mut all = vec![Vec::new(); FACETS.len()];
        for segment in segments {
            for (into, from) in all.iter_mut().zip(segment) {
                for (number, count) in from {
                    let number = number as usize;
                    if into.len() <= number {
                        into.resize(number + 1, 0);
                    }
                    if let Some(sum) = into.get_mut(number) {
                        *sum += count as usize;
                    }
                }
            }
        }
        Ok(all)
    }
}

impl SegmentCollector for SegmentFacets {
    /// For each facet, the numbers of the values that were met, and how often.
    type Fruit = Vec<Vec<(u32, u32)>>;

    fn collect(&mut self, doc: DocId, _: Score) {
        self.collect_block(&[doc]);
    }

    fn collect_block(&mut self, docs: &[DocId]) {
        for (column, counts) in self.columns.iter_mut().flatten() {
            let mut count = |ord: u64| {
                if let Some(count) = usize::try_from(ord).ok().and_then(|ord| counts.get_mut(ord)) {
                    *count += 1;
                }
            };
            match column.get_cardinality() {
                Cardinality::Multivalued => {
                    docs.iter().flat_map(|doc| column.values_for_doc(*doc)).for_each(count);
                }
                // Many at once is several times as quick as one after the other.
                Cardinality::Full | Cardinality::Optional => {
                    for docs in docs.chunks(COLLECT_BLOCK_BUFFER_LEN) {
                        let mut ords = [None; COLLECT_BLOCK_BUFFER_LEN];
                        if let Some(ords) = ords.get_mut(..docs.len()) {
                            column.first_vals(docs, ords);
                        }
                        ords.into_iter().flatten().for_each(&mut count);
                    }
                }
            }
        }
    }

    fn harvest(self) -> Self::Fruit {
        let met = |(column, numbers): (Option<(Column<u64>, Vec<u32>)>, &Vec<u32>)| {
            let counts = column.map(|(_, counts)| counts).unwrap_or_default();
            numbers.iter().copied().zip(counts).filter(|(_, count)| *count > 0).collect()
        };
        self.columns.into_iter().zip(self.numbers.iter()).map(met).collect()
    }
}
