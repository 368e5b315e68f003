//! Everybody whose 学号 begins with something, in an index whose segments lie in that order: the documents from here to
//! there, found by halving.

use std::ops::RangeInclusive;

use tantivy::{
    DocId, DocSet, Score, SegmentReader, TERMINATED,
    query::{ConstScorer, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight},
};

use super::facets::Values;

/// Everybody with such a 学号.
#[derive(Debug, Clone)]
pub(super) struct Begins {
    /// The first of its two numbers lies between these.
    pub(super) range: RangeInclusive<u64>,
    pub(super) values: Values,
}

impl Query for Begins {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for Begins {
    fn scorer(&self, segment: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let known = self.values.of(segment)?;
        let Some([column, _]) = &known.keys else { return Ok(Box::new(EmptyScorer)) };
        let first = |is_before: &dyn Fn(u64) -> bool| {
            let (mut from, mut to) = (0, segment.max_doc());
            while from < to {
                let middle = from.midpoint(to);
                if column.first(middle).is_none_or(is_before) { from = middle + 1 } else { to = middle }
            }
            from
        };
        let run = Run {
            at: first(&|value| value < *self.range.start()),
            end: first(&|value| value <= *self.range.end()),
        };
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
