//! A question: who is found, in which order, and how they are spread.

use tantivy::{
    DocAddress, Order, Searcher, TantivyDocument,
    collector::{
        Collector, Count, TopDocs,
        sort_key::{SortBySimilarityScore, SortByStaticFastValue, SortByString},
    },
    schema::Value,
};

use super::{
    FacetCount, Facets, Mode, PersonDoc, Query, Results, SearchError, Sort, Tried,
    collect::{Collected, First},
    facets::FacetCollector,
    highlight,
    plan::{self, Asked, Better, Known, Word},
    schema::{Fields, NumberKey},
    suggest,
};

/// How far down a list can be read.
const MAX_DEPTH: usize = 100_000;
/// How many hits a page may have.
const MAX_PAGE: usize = 500;

/// The document stored at an address.
pub(super) fn stored(
    searcher: &Searcher,
    fields: &Fields,
    address: DocAddress,
) -> Result<Option<PersonDoc>, SearchError> {
    let doc: TantivyDocument = searcher.doc(address)?;
    let text = doc.get_first(fields.stored).and_then(|value| value.as_str());
    Ok(text.and_then(|text| serde_json::from_str(text).ok()))
}

/// A question on its way to an answer: one view of the index throughout.
pub(super) struct Question<'a> {
    searcher: Searcher,
    fields: &'a Fields,
    known: Known<'a>,
    query: &'a Query,
    words: Vec<Word>,
}

impl<'a> Question<'a> {
    /// Reads what is asked.
    ///
    /// # Errors
    ///
    /// If it is too long, too far down, or narrowed by a facet that the index lacks.
    pub(super) fn new(
        query: &'a Query,
        searcher: Searcher,
        fields: &'a Fields,
        known: Known<'a>,
    ) -> Result<Self, SearchError> {
        if query.offset.saturating_add(query.limit) > MAX_DEPTH {
            return Err(SearchError::TooDeep { max: MAX_DEPTH });
        }
        if fields.delivery.is_none() && !query.filters.deliveries.is_empty() {
            return Err(SearchError::NoFacet { facet: "delivery" });
        }
        let words = plan::words(query)?;
        // A view may be newer than what is known of the facets.
        known.values.meet(&searcher)?;
        Ok(Self { searcher, fields, known, query, words })
    }

    /// Everything that is found.
    pub(super) fn answer(&self) -> Result<Results, SearchError> {
        let mut results = Results::default();
        if self.query.mode != Mode::Pinyin {
            self.find_exact(&mut results)?;
        }
        if self.query.mode != Mode::Exact {
            self.find_sounding(&mut results)?;
        }
        if results.total == 0 && results.pinyin_total == 0 {
            self.suggest(&mut results)?;
        }
        Ok(results)
    }

    fn find_exact(&self, results: &mut Results) -> Result<(), SearchError> {
        results.tried.push(Tried::Text);
        if self.words.iter().any(|word| word.is_id_number) {
            results.tried.push(Tried::IdNumber);
        }
        if self.words.iter().any(Word::is_mistyped_id_number) {
            results.tried.push(Tried::IdNumberMistyped);
        }
        let limit = self.query.limit.min(MAX_PAGE);
        let (from, end) = (self.query.offset, self.query.offset + limit);
        let mut page = match self.fields.better(&self.words, self.query, &self.known) {
            Better::Nobody => Vec::new(),
            Better::Scored(better) => self.best(&better, end)?,
            Better::InTurn(turns) => self.in_turn(&turns, end)?,
        };
        // If the better ones don't fill the page, all of them are known, and the others come after them.
        let rest = (from.saturating_sub(page.len()), end - page.len().clamp(from, end));
        let asked = self.fields.exact(&self.words, self.query, &self.known);
        let ((total, counts), others) =
            self.ask(&asked, (Count, FacetCollector(self.known.values)), &page, rest)?;
        page.drain(..from.min(page.len()));
        page.extend(others);
        results.total = total;
        results.facets = facets(self.known.values.named(counts));
        for address in page {
            let doc = stored(&self.searcher, self.fields, address)?;
            results.exact.extend(doc.and_then(|doc| highlight::exact_hit(&doc, &self.words)));
        }
        Ok(())
    }

    fn find_sounding(&self, results: &mut Results) -> Result<(), SearchError> {
        let Some(asked) = self.fields.sounding(&self.words, self.query, &self.known) else { return Ok(()) };
        results.tried.push(Tried::Pinyin);
        let (total, page) =
            self.ask(&asked, Count, &[], (self.query.offset, self.query.limit.min(MAX_PAGE)))?;
        results.pinyin_total = total;
        for address in page {
            let doc = stored(&self.searcher, self.fields, address)?;
            results.pinyin.extend(doc.map(|doc| highlight::sounding_hit(&doc, &self.words)));
        }
        Ok(())
    }

    fn suggest(&self, results: &mut Results) -> Result<(), SearchError> {
        for word in self.words.iter().filter(|word| suggest::is_number(word)) {
            results.tried.push(Tried::NearNumbers);
            results.suggestions.extend(suggest::near(&self.searcher, self.fields, word)?);
        }
        Ok(())
    }

    /// The first ones by score, then by number.
    fn best(&self, asked: &Asked, limit: usize) -> Result<Vec<DocAddress>, SearchError> {
        let top = TopDocs::with_limit(limit.max(1));
        let found = self.searcher.search(asked, &top.order_by((SortBySimilarityScore, by_key())))?;
        Ok(addresses(found).into_iter().take(limit).collect())
    }

    /// The first ones of each in turn, nobody twice.
    fn in_turn(&self, turns: &[Asked], limit: usize) -> Result<Vec<DocAddress>, SearchError> {
        let mut page: Vec<DocAddress> = Vec::new();
        for asked in turns {
            let first = self.first(asked, limit)?;
            let more: Vec<DocAddress> = first.into_iter().filter(|found| !page.contains(found)).collect();
            page.extend(more);
            page.truncate(limit);
        }
        Ok(page)
    }

    /// The first ones by number.
    fn first(&self, asked: &Asked, count: usize) -> Result<Vec<DocAddress>, SearchError> {
        Ok(if self.known.in_order {
            addresses(self.searcher.search(asked, &First { count, values: self.known.values })?)
        } else {
            let top = TopDocs::with_limit(count.max(1)).order_by(by_key());
            addresses(self.searcher.search(asked, &top)?).into_iter().take(count).collect()
        })
    }

    /// What `all` collects of everybody who is found; and of those who are not left out so many from so many on, in the
    /// wanted order.
    fn ask<A: Collector>(
        &self,
        asked: &Asked,
        all: A,
        left_out: &[DocAddress],
        (offset, limit): (usize, usize),
    ) -> Result<(A::Fruit, Vec<DocAddress>), SearchError> {
        let top = TopDocs::with_limit(limit.max(1)).and_offset(offset);
        let text = |field, order| (SortByString::for_field(field), order);
        let (all, mut page) = match self.query.sort {
            Sort::Relevance | Sort::StudentNumber if self.known.in_order => {
                let (all, first) = self.run(
                    asked,
                    all,
                    left_out,
                    First { count: offset + limit, values: self.known.values },
                )?;
                (all, first.into_iter().skip(offset).collect())
            }
            Sort::Relevance | Sort::StudentNumber => {
                self.run(asked, all, left_out, top.order_by(by_key()))?
            }
            Sort::Name => {
                self.run(asked, all, left_out, top.order_by((text("by_name", Order::Asc), by_key())))?
            }
            Sort::Year => {
                self.run(asked, all, left_out, top.order_by((text("year", Order::Desc), by_key())))?
            }
        };
        page.truncate(limit);
        Ok((all, page))
    }

    fn run<A: Collector, K: Send + 'static>(
        &self,
        asked: &Asked,
        all: A,
        left_out: &[DocAddress],
        some: impl Collector<Fruit = Vec<(K, DocAddress)>>,
    ) -> Result<(A::Fruit, Vec<DocAddress>), SearchError> {
        let (all, page) = self.searcher.search(asked, &Collected { all, some, left_out })?;
        Ok((all, addresses(page)))
    }
}

type ByKey = (SortByStaticFastValue<u64>, Order);

/// The order of 学号.
fn by_key() -> (ByKey, ByKey) {
    let [high, low] = NumberKey::NAMES.map(SortByStaticFastValue::for_field);
    ((high, Order::Asc), (low, Order::Asc))
}

fn addresses<K>(found: Vec<(K, DocAddress)>) -> Vec<DocAddress> {
    found.into_iter().map(|(_, address)| address).collect()
}

/// The counts in the order of [`super::facets::FACETS`], each under its name.
fn facets(counts: Vec<Vec<FacetCount>>) -> Facets {
    let mut counts = counts.into_iter();
    let mut next = || counts.next().unwrap_or_default();
    let mut facets = Facets {
        years: next(),
        colleges: next(),
        majors: next(),
        classes: next(),
        photo_states: next(),
        deliveries: next(),
    };
    facets.years.sort_by(|a, b| b.value.cmp(&a.value));
    facets
}
