//! Counting how hits are spread, and leaving some out, in the same pass that finds them.

use std::collections::{HashMap, HashSet};

use tantivy::{
    DocAddress, DocId, Score, SegmentOrdinal, SegmentReader,
    collector::{Collector, SegmentCollector},
    columnar::StrColumn,
};

use super::FacetCount;

/// The facets that are counted, by the names of their fields.
pub(super) const FACETS: [&str; 6] = ["year", "college", "major", "class", "photo_state", "delivery"];

/// Counts the values of every facet. A document counts under each of its values; a facet that the index lacks has none.
pub(super) struct FacetCollector;

/// The counts of one segment.
pub(super) struct SegmentFacets {
    columns: Vec<Option<(StrColumn, Vec<u32>)>>,
}

type Counts = Vec<HashMap<String, usize>>;

impl Collector for FacetCollector {
    type Fruit = Counts;
    type Child = SegmentFacets;

    fn for_segment(&self, _: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<SegmentFacets> {
        let column = |name: &&str| {
            let column = segment.fast_fields().str(name)?;
            Ok(column.map(|column| {
                let counts = vec![0; column.dictionary().num_terms()];
                (column, counts)
            }))
        };
        Ok(SegmentFacets { columns: FACETS.iter().map(column).collect::<tantivy::Result<_>>()? })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<Counts>) -> tantivy::Result<Counts> {
        let mut all: Counts = vec![HashMap::new(); FACETS.len()];
        for segment in segments {
            for (into, from) in all.iter_mut().zip(segment) {
                for (value, count) in from {
                    *into.entry(value).or_default() += count;
                }
            }
        }
        Ok(all)
    }
}

impl SegmentCollector for SegmentFacets {
    type Fruit = Counts;

    fn collect(&mut self, doc: DocId, _: Score) {
        for (column, counts) in self.columns.iter_mut().flatten() {
            for ord in column.ords().values_for_doc(doc) {
                if let Some(count) = usize::try_from(ord).ok().and_then(|ord| counts.get_mut(ord)) {
                    *count += 1;
                }
            }
        }
    }

    fn harvest(self) -> Counts {
        self.columns
            .into_iter()
            .map(|column| column.map(|(column, counts)| named(&column, &counts)).unwrap_or_default())
            .collect()
    }
}

/// Collects as another collector does, some documents left out.
pub(super) struct Without<'a, C> {
    pub(super) inner: C,
    pub(super) left_out: &'a HashSet<DocAddress>,
}

/// One segment of it.
pub(super) struct SegmentWithout<S> {
    inner: S,
    left_out: HashSet<DocId>,
}

impl<C: Collector> Collector for Without<'_, C> {
    type Fruit = C::Fruit;
    type Child = SegmentWithout<C::Child>;

    fn for_segment(&self, ord: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<Self::Child> {
        let here = self.left_out.iter().filter(|address| address.segment_ord == ord);
        let left_out = here.map(|address| address.doc_id).collect();
        Ok(SegmentWithout { inner: self.inner.for_segment(ord, segment)?, left_out })
    }

    fn requires_scoring(&self) -> bool {
        self.inner.requires_scoring()
    }

    fn merge_fruits(
        &self,
        fruits: Vec<<Self::Child as SegmentCollector>::Fruit>,
    ) -> tantivy::Result<C::Fruit> {
        self.inner.merge_fruits(fruits)
    }
}

impl<S: SegmentCollector> SegmentCollector for SegmentWithout<S> {
    type Fruit = S::Fruit;

    fn collect(&mut self, doc: DocId, score: Score) {
        if !self.left_out.contains(&doc) {
            self.inner.collect(doc, score);
        }
    }

    fn harvest(self) -> S::Fruit {
        self.inner.harvest()
    }
}

/// The counts under their values.
fn named(column: &StrColumn, counts: &[u32]) -> HashMap<String, usize> {
    let mut named = HashMap::new();
    let mut value = String::new();
    for (ord, &count) in (0..).zip(counts).filter(|&(_, &count)| count > 0) {
        if column.ord_to_str(ord, &mut value).unwrap_or_default() {
            named.insert(value.clone(), usize::try_from(count).unwrap_or(usize::MAX));
        }
    }
    named
}

/// The most frequent values first, at most 100.
pub(super) fn most_frequent(counts: HashMap<String, usize>) -> Vec<FacetCount> {
    let mut all: Vec<FacetCount> =
        counts.into_iter().map(|(value, count)| FacetCount { value, count }).collect();
    all.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    all.truncate(100);
    all
}
