//! Collecting what is found, many documents at a time.

use std::sync::Arc;

use super::{
    facets::Values,
    segment::Segment,
    sum::Part,
    tally::{SegmentTally, Tally},
};

use tantivy::{
    COLLECT_BLOCK_BUFFER_LEN, DocAddress, DocId, Score, SegmentOrdinal, SegmentReader, TERMINATED,
    collector::{Collector, SegmentCollector},
    query::Weight,
};

/// Counts all that is found, and collects some of it.
pub(super) struct Collected<'a, S> {
    pub(super) tally: Tally<'a>,
    pub(super) some: S,
}

/// One segment of it.
pub(super) struct SegmentCollected<S> {
    tally: SegmentTally,
    some: S,
}

impl<S: Collector> Collector for Collected<'_, S> {
    type Fruit = (<Tally<'static> as Collector>::Fruit, S::Fruit);
    type Child = SegmentCollected<S::Child>;

    fn for_segment(&self, ord: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<Self::Child> {
        Ok(SegmentCollected {
            tally: self.tally.for_segment(ord, segment)?,
            some: self.some.for_segment(ord, segment)?,
        })
    }

    fn requires_scoring(&self) -> bool {
        self.some.requires_scoring()
    }

    fn merge_fruits(
        &self,
        fruits: Vec<<Self::Child as SegmentCollector>::Fruit>,
    ) -> tantivy::Result<Self::Fruit> {
        let (sums, some) = fruits.into_iter().unzip();
        Ok((self.tally.merge_fruits(sums)?, self.some.merge_fruits(some)?))
    }

    /// Where the sum is known, only some documents are looked for. Else as by default, but many at a time although some
    /// documents of the segment may have been removed.
    fn collect_segment(
        &self,
        weight: &dyn Weight,
        ord: SegmentOrdinal,
        segment: &SegmentReader,
    ) -> tantivy::Result<<Self::Child as SegmentCollector>::Fruit> {
        if let Some(sum) = self.tally.known(segment) {
            return Ok((sum, self.some.collect_segment(weight, ord, segment)?));
        }
        let mut collected = self.for_segment(ord, segment)?;
        match (segment.alive_bitset(), self.requires_scoring()) {
            (None, false) => weight.for_each_no_score(segment, &mut |docs| collected.collect_block(docs))?,
            (Some(alive), false) => {
                let mut living = [0; COLLECT_BLOCK_BUFFER_LEN];
                weight.for_each_no_score(segment, &mut |docs| {
                    for docs in docs.chunks(COLLECT_BLOCK_BUFFER_LEN) {
                        let mut count = 0;
                        for doc in docs {
                            if let Some(place) = living.get_mut(count) {
                                *place = *doc;
                            }
                            count += usize::from(alive.is_alive(*doc));
                        }
                        collected.collect_block(living.get(..count).unwrap_or_default());
                    }
                })?;
            }
            (alive, true) => weight.for_each(segment, &mut |doc, score| {
                if alive.is_none_or(|alive| alive.is_alive(doc)) {
                    collected.collect(doc, score);
                }
            })?,
        }
        let (sum, some) = collected.harvest();
        self.tally.remember(segment, &sum);
        Ok((sum, some))
    }
}

impl<S: SegmentCollector> SegmentCollector for SegmentCollected<S> {
    type Fruit = (Part, S::Fruit);

    fn collect(&mut self, doc: DocId, score: Score) {
        self.tally.collect(doc, score);
        self.some.collect(doc, score);
    }

    fn collect_block(&mut self, docs: &[DocId]) {
        self.tally.collect_block(docs);
        self.some.collect_block(docs);
    }

    fn harvest(self) -> Self::Fruit {
        (self.tally.harvest(), self.some.harvest())
    }
}

/// The first documents by 学号 in an index whose segments are in that order, with what they are ordered by.
pub(super) struct First<'a> {
    /// How many.
    pub(super) count: usize,
    pub(super) values: &'a Values,
}

/// The first ones of one segment.
pub(super) struct SegmentFirst {
    segment: SegmentOrdinal,
    count: usize,
    known: Arc<Segment>,
    /// In order.
    first: Vec<((u64, u64), DocId)>,
    /// Whether no later document can be among them.
    over: bool,
}

impl Collector for First<'_> {
    type Fruit = Vec<((u64, u64), DocAddress)>;
    type Child = SegmentFirst;

    fn for_segment(&self, ord: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<SegmentFirst> {
        let known = self.values.of(segment)?;
        Ok(SegmentFirst { segment: ord, count: self.count, known, first: Vec::new(), over: self.count == 0 })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<Self::Fruit>) -> tantivy::Result<Self::Fruit> {
        let mut all: Self::Fruit = segments.into_iter().flatten().collect();
        all.sort_unstable();
        all.truncate(self.count);
        Ok(all)
    }

    /// Alone it reads no further than it must.
    fn collect_segment(
        &self,
        weight: &dyn Weight,
        ord: SegmentOrdinal,
        segment: &SegmentReader,
    ) -> tantivy::Result<Self::Fruit> {
        let mut first = self.for_segment(ord, segment)?;
        let mut found = weight.scorer(segment, 1.0)?;
        let mut doc = found.doc();
        while doc != TERMINATED && !first.over {
            if segment.alive_bitset().is_none_or(|alive| alive.is_alive(doc)) {
                first.collect(doc, 0.0);
            }
            doc = found.advance();
        }
        Ok(first.harvest())
    }
}

impl SegmentCollector for SegmentFirst {
    type Fruit = Vec<((u64, u64), DocAddress)>;

    fn collect(&mut self, doc: DocId, _: Score) {
        let (false, Some([high, low])) = (self.over, &self.known.keys) else { return };
        let high = high.first(doc).unwrap_or_default();
        let last = self.first.last().filter(|_| self.first.len() >= self.count).map(|(key, _)| *key);
        if last.is_some_and(|last| high > last.0) {
            self.over = true;
            return;
        }
        let key = (high, low.first(doc).unwrap_or_default());
        if last.is_none_or(|last| key < last) {
            let place = self.first.partition_point(|(before, _)| *before <= key);
            self.first.insert(place, (key, doc));
            self.first.truncate(self.count);
        }
    }

    fn collect_block(&mut self, docs: &[DocId]) {
        if !self.over {
            docs.iter().for_each(|doc| self.collect(*doc, 0.0));
        }
    }

    fn harvest(self) -> Self::Fruit {
        let address = |doc| DocAddress::new(self.segment, doc);
        self.first.into_iter().map(|(key, doc)| (key, address(doc))).collect()
    }
}
