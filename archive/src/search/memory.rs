//! What dear words gave before, remembered for each segment of the index.
//!
//! A segment never changes; only which of its documents are alive does, and whoever collects looks at that. So what is
//! remembered is never wrong. Words that stand in a great part of everybody's record are few, and asked for again and
//! again: 软件, 2023.

use std::{
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use lru::LruCache;
use tantivy::{
    COLLECT_BLOCK_BUFFER_LEN, DocId, DocSet, Score, SegmentReader, TERMINATED, Term,
    index::SegmentId,
    query::{ConstScorer, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight},
    schema::Schema,
};

use super::{
    bits::{Bits, Walk},
    plan::Asked,
};

/// How much is remembered at most, bytes.
const MOST: usize = 64 << 20;
/// Segments with fewer documents answer quickly anyway.
const SMALL: DocId = if cfg!(test) { 50 } else { 10_000 };
/// Where so many documents of a segment must be looked at, the answer is worth remembering.
const DEAR: u32 = if cfg!(test) { 10 } else { 4096 };

/// What finding an answer costs at least. tantivy says too little of a phrase: it takes the pieces to be independent of each
/// other, and those of one number are anything but that.
#[derive(Debug, Clone)]
pub(super) enum Cost {
    /// Much.
    Dear,
    /// As many documents have to be looked at as have the rarest of these.
    Rarest(Arc<[Term]>),
}

impl Cost {
    fn is_dear(&self, segment: &SegmentReader) -> tantivy::Result<bool> {
        let Self::Rarest(terms) = self else { return Ok(true) };
        for term in terms.iter() {
            if segment.inverted_index(term.field())?.doc_freq(term)? < DEAR {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What is remembered. Clones share it.
#[derive(Clone)]
pub(super) struct Memory(Arc<Mutex<Kept>>);

struct Kept {
    answers: LruCache<(SegmentId, Arc<str>), Arc<Docs>>,
    bytes: usize,
}

/// Documents of one segment.
enum Docs {
    /// Many.
    Bits(Arc<Bits>),
    /// Few, in order.
    List(Vec<DocId>),
}

impl Memory {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Kept { answers: LruCache::unbounded(), bytes: 0 })))
    }

    /// The same question, its answers remembered under `key`: whoever gives the same key must ask the same.
    pub(super) fn of(&self, key: String, cost: Cost, asked: Asked) -> Asked {
        Box::new(Remembered { key: key.into(), cost, asked: Arc::from(asked), memory: self.clone() })
    }

    fn get(&self, segment: SegmentId, key: &Arc<str>) -> Option<Arc<Docs>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.answers.get(&(segment, Arc::clone(key))).cloned()
    }

    fn put(&self, segment: SegmentId, key: &Arc<str>, docs: &Arc<Docs>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += docs.bytes();
        if let Some(before) = kept.answers.put((segment, Arc::clone(key)), Arc::clone(docs)) {
            kept.bytes = kept.bytes.saturating_sub(before.bytes());
        }
        while kept.bytes > MOST {
            let Some((_, oldest)) = kept.answers.pop_lru() else { break };
            kept.bytes = kept.bytes.saturating_sub(oldest.bytes());
        }
    }
}

impl Docs {
    /// Reads to the end of what is found.
    fn of(found: &mut dyn Scorer, segment: &SegmentReader) -> Self {
        let mut list = Vec::new();
        // Where every 32nd document or more is meant, one bit for each takes less room than its number.
        let many = usize::try_from(segment.max_doc() / 32).unwrap_or(usize::MAX);
        let mut bits = None;
        let mut buffer = [0; COLLECT_BLOCK_BUFFER_LEN];
        loop {
            let filled = found.fill_buffer(&mut buffer);
            let met = buffer.get(..filled).unwrap_or_default();
            match &mut bits {
                None if list.len() + met.len() <= many => list.extend_from_slice(met),
                None => {
                    let all = bits.insert(Bits::none_of(segment.max_doc()));
                    list.drain(..).chain(met.iter().copied()).for_each(|doc| all.insert(doc));
                }
                Some(bits) => met.iter().for_each(|doc| bits.insert(*doc)),
            }
            if filled < buffer.len() {
                break;
            }
        }
        list.shrink_to_fit();
        bits.map_or(Self::List(list), |bits| Self::Bits(Arc::new(bits)))
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Bits(bits) => bits.bytes(),
            Self::List(list) => list.len() * size_of::<DocId>(),
        }
    }

    fn scorer(self: &Arc<Self>, score: Score) -> Box<dyn Scorer> {
        match &**self {
            Self::Bits(bits) => Box::new(Walk::new(Arc::clone(bits), score)),
            Self::List(list) if list.is_empty() => Box::new(EmptyScorer),
            Self::List(_) => Box::new(ConstScorer::new(Listed { docs: Arc::clone(self), at: 0 }, score)),
        }
    }

    fn list(&self) -> &[DocId] {
        match self {
            Self::List(list) => list,
            Self::Bits(_) => &[],
        }
    }
}

/// A way through remembered documents.
struct Listed {
    docs: Arc<Docs>,
    at: usize,
}

impl DocSet for Listed {
    fn advance(&mut self) -> DocId {
        self.at += 1;
        self.doc()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        let rest = self.docs.list().get(self.at..).unwrap_or_default();
        self.at += rest.partition_point(|doc| *doc < target);
        self.doc()
    }

    fn doc(&self) -> DocId {
        self.docs.list().get(self.at).copied().unwrap_or(TERMINATED)
    }

    fn size_hint(&self) -> u32 {
        u32::try_from(self.docs.list().len()).unwrap_or(u32::MAX)
    }
}

#[derive(Clone)]
struct Remembered {
    key: Arc<str>,
    cost: Cost,
    asked: Arc<dyn Query>,
    memory: Memory,
}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Remembered").field(&self.asked).finish()
    }
}

impl Query for Remembered {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let (schema, asked) = (scoring.schema().clone(), Arc::clone(&self.asked));
        let (key, memory) = (Arc::clone(&self.key), self.memory.clone());
        let weight = OnceLock::new();
        Ok(Box::new(RememberedWeight { key, cost: self.cost.clone(), schema, asked, weight, memory }))
    }
}

struct RememberedWeight {
    key: Arc<str>,
    cost: Cost,
    schema: Schema,
    asked: Arc<dyn Query>,
    /// Made when it is first needed: of what is remembered it never is.
    weight: OnceLock<Box<dyn Weight>>,
    memory: Memory,
}

impl RememberedWeight {
    fn weight(&self) -> tantivy::Result<&dyn Weight> {
        if let Some(weight) = self.weight.get() {
            return Ok(weight.as_ref());
        }
        // What is remembered has no scores.
        let weight = self.asked.weight(EnableScoring::disabled_from_schema(&self.schema))?;
        Ok(self.weight.get_or_init(|| weight).as_ref())
    }
}

impl Weight for RememberedWeight {
    fn scorer(&self, segment: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        if segment.max_doc() < SMALL {
            return Ok(Box::new(ConstScorer::new(self.weight()?.scorer(segment, 1.0)?, boost)));
        }
        if let Some(docs) = self.memory.get(segment.segment_id(), &self.key) {
            return Ok(docs.scorer(boost));
        }
        let mut found = self.weight()?.scorer(segment, 1.0)?;
        if !self.cost.is_dear(segment)? && found.cost() < u64::from(DEAR) {
            return Ok(Box::new(ConstScorer::new(found, boost)));
        }
        let docs = Arc::new(Docs::of(found.as_mut(), segment));
        self.memory.put(segment.segment_id(), &self.key, &docs);
        Ok(docs.scorer(boost))
    }

    fn explain(&self, segment: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        self.weight()?.explain(segment, doc)
    }
}
