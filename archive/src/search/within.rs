//! Words within the values of facets: 软件 in every class, major and college that is named so.
//!
//! Such a value is held by very many people. So these values are not cut into pieces; the few there are get read, and
//! whoever has one that contains the word is looked up by the whole value.

use std::sync::Arc;

use tantivy::{
    DocId, DocSet, Score, SegmentReader, TERMINATED, Term,
    query::{EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight},
    schema::{Field, IndexRecordOption},
};

use super::{
    bits::{Bits, Walk},
    facets::{Met, Values},
};

/// Up to so many values are looked up one by one; for more, every document is asked for its group.
const FEW: usize = if cfg!(test) { 8 } else { 512 };

/// Everybody with a facet in whose value a word stands.
#[derive(Debug, Clone)]
pub(super) struct Within {
    /// Folded.
    pub(super) word: Arc<str>,
    /// The facets that are searched, as the places in [`super::facets::FACETS`] with their fields.
    pub(super) facets: [(usize, Field); 4],
    pub(super) values: Values,
}

impl Query for Within {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let met = self.facets.map(|(facet, field)| (facet, field, self.values.containing(facet, &self.word)));
        Ok(Box::new(WithinWeight { met, values: self.values.clone() }))
    }
}

struct WithinWeight {
    met: [(usize, Field, Vec<Met>); 4],
    values: Values,
}

impl Weight for WithinWeight {
    fn scorer(&self, segment: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        if self.met.iter().all(|(_, _, met)| met.is_empty()) {
            return Ok(Box::new(EmptyScorer));
        }
        let mut found = Bits::none_of(segment.max_doc());
        if self.met.iter().map(|(_, _, met)| met.len()).sum::<usize>() <= FEW {
            for (_, field, met) in &self.met {
                look_up(segment, *field, met, &mut found)?;
            }
        } else {
            self.ask_everybody(segment, &mut found)?;
        }
        Ok(Box::new(Walk::new(Arc::new(found), boost)))
    }

    fn explain(&self, segment: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        let mut found = self.scorer(segment, 1.0)?;
        if found.seek(doc) == doc {
            return Ok(Explanation::new("within a facet's value", 1.0));
        }
        Err(tantivy::TantivyError::InvalidArgument(format!("document {doc} has no such facet")))
    }
}

fn look_up(segment: &SegmentReader, field: Field, met: &[Met], found: &mut Bits) -> tantivy::Result<()> {
    let index = segment.inverted_index(field)?;
    for value in met {
        let Some(info) = index.get_term_info(&Term::from_field_text(field, &value.value))? else { continue };
        let mut docs = index.read_postings_from_terminfo(&info, IndexRecordOption::Basic)?;
        while docs.doc() != TERMINATED {
            found.insert(docs.doc());
            docs.advance();
        }
    }
    Ok(())
}

impl WithinWeight {
    fn ask_everybody(&self, segment: &SegmentReader, found: &mut Bits) -> tantivy::Result<()> {
        let known = self.values.of(segment)?;
        let wanted = known.groups_with(|facet, number| {
            let of_facet = self.met.iter().find(|(place, _, _)| *place == usize::from(facet));
            // They are in the order of their numbers.
            of_facet
                .is_some_and(|(_, _, met)| met.binary_search_by_key(&number, |value| value.number).is_ok())
        });
        for doc in 0..segment.max_doc() {
            if wanted.get(known.group(doc) as usize).copied().unwrap_or_default() {
                found.insert(doc);
            }
        }
        Ok(())
    }
}
