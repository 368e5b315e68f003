//! Everybody whose 学号 begins with something, in an index whose segments lie in that order: the documents from here to
//! there, found by halving.

use std::ops::RangeInclusive;

use tantivy::{
    DocId, DocSet, Score, SegmentReader, TERMINATED,
    query::{ConstScorer, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight},
};

use super::schema::NumberKey;

/// The first of the two numbers of a 学号 lies between these.
#[derive(Debug, Clone)]
pub(super) struct Begins(pub(super) RangeInclusive<u64>);

impl Query for Begins {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for Begins {
    fn scorer(&self, segment: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let [high, _] = NumberKey::NAMES;
        if segment.max_doc() == 0 {
            return Ok(Box::new(EmptyScorer));
        }
        let column = segment.fast_fields().u64(high)?;
        let first = |is_before: &dyn Fn(u64) -> bool| {
            let (mut from, mut to) = (0, segment.max_doc());
            while from < to {
                let middle = from.midpoint(to);
                if column.first(middle).is_none_or(is_before) { from = middle + 1 } else { to = middle }
            }
            from
        };
        let run =
            Run { at: first(&|value| value < *self.0.start()), end: first(&|value| value <= *self.0.end()) };
        if run.at >= run.end { Ok(Box::new(EmptyScorer)) } else { Ok(Box::new(ConstScorer::new(run, boost))) }
    }

    fn explain(&self, segment: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        if self.scorer(segment, 1.0)?.seek(doc) == doc {
            return Ok(Explanation::new("begins so", 1.0));
        }
        Err(tantivy::TantivyError::InvalidArgument(format!("document {doc} does not begin so")))
    }
}

/// Documents that follow each other.
struct Run {
    at: DocId,
    end: DocId,
}

impl DocSet for Run {
    fn advance(&mut self) -> DocId {
        self.at = self.at.saturating_add(1);
        self.doc()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        self.at = self.at.max(target);
        self.doc()
    }

    fn doc(&self) -> DocId {
        if self.at < self.end { self.at } else { TERMINATED }
    }

    fn size_hint(&self) -> u32 {
        self.end.saturating_sub(self.at)
    }
}
