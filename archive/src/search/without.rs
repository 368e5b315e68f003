//! Whom one question finds and another doesn't.
//!
//! tantivy's own exclusion asks the other question for documents it has already gone past, and a phrase may then answer
//! anything.

use std::{fmt, sync::Arc};

use tantivy::{
    DocId, DocSet, Score, SegmentReader, TERMINATED,
    query::{ConstScorer, EnableScoring, Explanation, Query, Scorer, Weight},
};

use super::plan::Asked;

/// Whom `found` finds and `left_out` doesn't. Without scores.
#[derive(Clone)]
pub(super) struct Without {
    found: Arc<dyn Query>,
    left_out: Arc<dyn Query>,
}

impl Without {
    pub(super) fn new(found: Asked, left_out: Asked) -> Self {
        Self { found: found.into(), left_out: left_out.into() }
    }
}

impl fmt::Debug for Without {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Without").field(&self.found).field(&self.left_out).finish()
    }
}

impl Query for Without {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let scoring = EnableScoring::disabled_from_schema(scoring.schema());
        Ok(Box::new(WithoutWeight {
            found: self.found.weight(scoring)?,
            left_out: self.left_out.weight(scoring)?,
        }))
    }
}

struct WithoutWeight {
    found: Box<dyn Weight>,
    left_out: Box<dyn Weight>,
}

impl Weight for WithoutWeight {
    fn scorer(&self, segment: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let (found, left_out) = (self.found.scorer(segment, 1.0)?, self.left_out.scorer(segment, 1.0)?);
        let mut rest = Rest { found, left_out };
        rest.skip(rest.found.doc());
        Ok(Box::new(ConstScorer::new(rest, boost)))
    }

    fn explain(&self, segment: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        self.found.explain(segment, doc)
    }
}

struct Rest {
    found: Box<dyn Scorer>,
    left_out: Box<dyn Scorer>,
}

impl Rest {
    /// The next one from `doc` on, on which `found` stands, that is not left out.
    fn skip(&mut self, mut doc: DocId) -> DocId {
        while doc != TERMINATED {
            if self.left_out.doc() < doc {
                self.left_out.seek(doc);
            }
            if self.left_out.doc() != doc {
                break;
            }
            doc = self.found.advance();
        }
        doc
    }
}

impl DocSet for Rest {
    fn advance(&mut self) -> DocId {
        let doc = self.found.advance();
        self.skip(doc)
    }

    fn seek(&mut self, target: DocId) -> DocId {
        let doc = self.found.seek(target);
        self.skip(doc)
    }

    fn doc(&self) -> DocId {
        self.found.doc()
    }

    fn size_hint(&self) -> u32 {
        self.found.size_hint()
    }
}
