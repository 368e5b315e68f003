//! Counts what a question finds: how many documents, and how they are spread over the facets.
//!
//! Hits are counted by group, and a group's count is added to each of its values once: a document counts under each of its
//! values; a facet that the index lacks has none. Where very many are found, the sum is
//! remembered for each segment: such questions are few, and asked again and again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use tantivy::{
    COLLECT_BLOCK_BUFFER_LEN, DocId, Score, SegmentOrdinal, SegmentReader,
    collector::{Collector, SegmentCollector},
    index::SegmentId,
};

use super::{
    facets::Values,
    segment::{NO_GROUP, Segment},
    sum::{self, FEW, Part, Ranked, Sum},
};

/// How much is remembered at most, bytes.
const MOST: usize = 16 << 20;
/// A sum of so many documents is worth remembering.
const DEAR: usize = if cfg!(test) { 10 } else { 4096 };

/// Counts what is found.
pub(super) struct Tally<'a> {
    /// The values of the facets, if somebody asks how hits are spread over them.
    pub(super) values: Option<&'a Values>,
    /// Where its sums are remembered, and under which name: whoever gives the same name must ask the same.
    pub(super) remembered: Option<(&'a Tallies, Arc<str>)>,
}

/// One segment on the way.
pub(super) struct SegmentTally {
    count: usize,
    spread: Option<Spread>,
}

/// The counts of one segment, by its groups.
struct Spread {
    segment: Arc<Segment>,
    counts: Counts,
}

/// The sums that are remembered.
pub(super) struct Tallies(Mutex<Kept>);

struct Kept {
    sums: LruCache<Counted, Arc<Ranked>>,
    bytes: usize,
}

/// In which segment, with how many documents alive, and what. A segment never changes but that documents of it are removed,
/// so one that has as many left has the same ones left.
type Counted = (SegmentId, u32, Arc<str>);

impl Tallies {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Kept { sums: LruCache::unbounded(), bytes: 0 }))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn put(&mut self, counted: Counted, sum: Arc<Ranked>) {
        self.bytes += sum.bytes();
        if let Some(before) = self.sums.put(counted, sum) {
            self.bytes -= before.bytes();
        }
        while self.bytes > MOST {
            let Some((_, oldest)) = self.sums.pop_lru() else { break };
            self.bytes -= oldest.bytes();
        }
    }
}

impl Tally<'_> {
    /// What was counted in a segment before.
    pub(super) fn known(&self, segment: &SegmentReader) -> Option<Part> {
        let (tallies, name) = self.remembered.as_ref()?;
        let counted = (segment.segment_id(), segment.num_docs(), Arc::clone(name));
        tallies.kept().sums.get(&counted).cloned().map(Part::Known)
    }

    /// Remembers what was counted in a segment, if that is worth it.
    pub(super) fn remember(&self, segment: &SegmentReader, part: &Part) {
        let (Some((tallies, name)), Some(values), Part::Counted(sum)) = (&self.remembered, self.values, part)
        else {
            return;
        };
        if sum.count >= DEAR {
            let sum = Arc::new(Ranked::of(sum, values));
            tallies.kept().put((segment.segment_id(), segment.num_docs(), Arc::clone(name)), sum);
        }
    }
}

/// How often each group was met.
enum Counts {
    /// Few documents: of each its group.
    Met(Vec<u32>),
    /// Many: each group's count.
    Of(Vec<u32>),
}

impl Counts {
    fn add(&mut self, met: &[u32], groups: usize) {
        match self {
            Self::Met(all) => {
                all.extend_from_slice(met);
                if all.len() > FEW {
                    let met = std::mem::take(all);
                    *self = Self::Of(vec![0; groups]);
                    self.add(&met, groups);
                }
            }
            Self::Of(counts) => {
                for group in met {
                    if let Some(count) = counts.get_mut(*group as usize) {
                        *count += 1;
                    }
                }
            }
        }
    }

    /// Every group that was met, and how often.
    fn each(self, mut tell: impl FnMut(usize, u32)) {
        match self {
            Self::Met(mut met) => {
                met.sort_unstable();
                for same in met.chunk_by(|one, other| one == other) {
                    if let Some((group, count)) = same.first().zip(u32::try_from(same.len()).ok()) {
                        tell(*group as usize, count);
                    }
                }
            }
            Self::Of(counts) => {
                counts
                    .into_iter()
                    .enumerate()
                    .filter(|(_, count)| *count > 0)
                    .for_each(|(group, count)| tell(group, count));
            }
        }
    }
}

impl Collector for Tally<'_> {
    /// How many there are; for each facet, the numbers of its values and how often they were met.
    type Fruit = (usize, Vec<sum::Counts>);
    type Child = SegmentTally;

    fn for_segment(&self, _: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<SegmentTally> {
        let spread = |values: &Values| {
            Ok::<_, tantivy::TantivyError>(Spread {
                segment: values.of(segment)?,
                counts: Counts::Met(Vec::new()),
            })
        };
        Ok(SegmentTally { count: 0, spread: self.values.map(spread).transpose()? })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<Part>) -> tantivy::Result<Self::Fruit> {
        Ok(sum::add_up(segments))
    }
}

impl SegmentCollector for SegmentTally {
    type Fruit = Part;

    fn collect(&mut self, doc: DocId, _: Score) {
        self.collect_block(&[doc]);
    }

    fn collect_block(&mut self, docs: &[DocId]) {
        self.count += docs.len();
        let Some(Spread { segment, counts }) = &mut self.spread else { return };
        for docs in docs.chunks(COLLECT_BLOCK_BUFFER_LEN) {
            let mut met = [NO_GROUP; COLLECT_BLOCK_BUFFER_LEN];
            met.iter_mut().zip(docs).for_each(|(group, doc)| *group = segment.group(*doc));
            counts.add(met.get(..docs.len()).unwrap_or_default(), segment.groups.len());
        }
    }

    fn harvest(self) -> Part {
        let mut met = Vec::new();
        if let Some(Spread { segment, counts }) = self.spread {
            counts.each(|group, count| {
                let values = segment.groups.get(group).into_iter().flatten();
                met.extend(values.map(|&(facet, number)| (facet, number, count)));
            });
        }
        Part::Counted(Sum { count: self.count, met })
    }
}

#[cfg(test)]
mod tests {
    use ids::PersonId;

    use crate::search::{Change, FacetCount, Index, PersonDoc, Query, Results};

    fn of_class(person: PersonId, class: &str) -> Change {
        let mut doc = PersonDoc::new(person, "张三");
        doc.class = Some(class.to_owned());
        Change::Upsert(Box::new(doc))
    }

    fn classes(found: &Results) -> Vec<(&str, usize)> {
        found.facets.classes.iter().map(|FacetCount { value, count }| (value.as_str(), *count)).collect()
    }

    #[test]
    fn what_is_remembered_is_forgotten_when_somebody_goes_or_comes() {
        let dir = tempfile::tempdir().unwrap();
        let index = Index::create(dir.path()).unwrap();
        let people: Vec<PersonId> = (0..60).map(|_| PersonId::new()).collect();
        let changes = people.iter().zip(0..).map(|(person, n)| of_class(*person, ["甲班", "乙班"][n % 2]));
        index.apply(changes, 1).unwrap();
        let ask = |text: &str| index.search(&Query::new(text)).unwrap();
        for _ in 0..2 {
            let found = ask("张三");
            assert_eq!((found.total, classes(&found)), (60, vec![("乙班", 30), ("甲班", 30)]));
            assert_eq!(classes(&ask("甲班")), [("甲班", 30)]);
        }
        // One goes, one changes the class, one comes.
        let changes =
            [Change::Remove(people[0]), of_class(people[2], "乙班"), of_class(PersonId::new(), "丙班")];
        index.apply(changes, 2).unwrap();
        for _ in 0..2 {
            let found = ask("张三");
            assert_eq!((found.total, classes(&found)), (60, vec![("乙班", 31), ("甲班", 28), ("丙班", 1)]));
            assert_eq!((ask("甲班").total, ask("乙班").total, ask("丙班").total), (28, 31, 1));
        }
        // Narrowed, the same words find others.
        let mut narrowed = Query::new("张三");
        narrowed.filters.classes = vec!["甲班".to_owned()];
        assert_eq!(index.search(&narrowed).unwrap().total, 28);
    }
}
