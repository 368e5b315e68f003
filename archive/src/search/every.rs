//! Whom every one of several questions finds. Sets that are known as bits are laid on each other word by word: half of
//! everybody may be found by each of two words, and hardly anybody by both.

use std::{fmt, sync::Arc};

use tantivy::{
    DocId, Score, SegmentReader,
    query::{EnableScoring, Explanation, Query, Scorer, Weight, intersect_scorers},
};

use super::{bits::Walk, plan::Asked};

/// Whom each of them finds. Without scores.
#[derive(Clone)]
pub(super) struct Every(Arc<[Asked]>);

impl Every {
    pub(super) fn of(asked: Vec<Asked>) -> Self {
        Self(asked.into())
    }
}

impl fmt::Debug for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter()).finish()
    }
}

impl Query for Every {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let scoring = EnableScoring::disabled_from_schema(scoring.schema());
        let weights = self.0.iter().map(|asked| asked.weight(scoring));
        Ok(Box::new(EveryWeight(weights.collect::<tantivy::Result<_>>()?)))
    }
}

struct EveryWeight(Vec<Box<dyn Weight>>);

impl Weight for EveryWeight {
    fn scorer(&self, segment: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let (mut others, mut walks) = (Vec::new(), Vec::new());
        for weight in &self.0 {
            match weight.scorer(segment, boost)?.downcast::<Walk>() {
                Ok(walk) => walks.push(walk),
                Err(other) => others.push(other),
            }
        }
        match walks.as_slice() {
            [] | [_] => others.extend(walks.into_iter().map(|walk| walk as Box<dyn Scorer>)),
            [first, rest @ ..] => {
                let mut shared = first.bits().clone();
                rest.iter().for_each(|walk| shared.keep(walk.bits()));
                others.push(Box::new(Walk::new(Arc::new(shared), boost)));
            }
        }
        Ok(intersect_scorers(others, segment.num_docs()))
    }

    fn explain(&self, segment: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        for weight in &self.0 {
            weight.explain(segment, doc)?;
        }
        Ok(Explanation::new("all of them", 1.0))
    }
}
