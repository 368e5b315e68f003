//! A question: who is found, in which order, and how they are spread.

use std::collections::HashSet;

use tantivy::{
    DocAddress, Order, Searcher, TantivyDocument,
    collector::{
        Collector, TopDocs,
        sort_key::{SortBySimilarityScore, SortByStaticFastValue, SortByString},
    },
    schema::Value,
};

use super::{
    FacetCount, Facets, Filters, Mode, PersonDoc, Query, Results, SearchError, Sort, Tried,
    collect::{Collected, First},
    highlight,
    plan::{self, Asked, Better, Known, Word},
    schema::{Fields, NumberKey},
    suggest,
    tally::Tally,
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
        let asked = self.fields.exact(&self.words, self.query, &self.known);
        let ranked = self.query.sort == Sort::Relevance && !self.words.is_empty();
        let part = if ranked { (0, end) } else { (from, limit) };
        let ((total, counts), mut page) = self.ask(&asked, self.tally(), part)?;
        if ranked {
            // One alone has no order, and very many questions are for one.
            if total > 1 {
                page = self.better_first(page, end)?;
            }
            page.drain(..from.min(page.len()));
        }
        results.total = total;
        results.facets = facets(self.known.values.named(&counts));
        for address in page {
            let doc = stored(&self.searcher, self.fields, address)?;
            results.exact.extend(doc.and_then(|doc| highlight::exact_hit(doc, &self.words)));
        }
        Ok(())
    }

    /// Those who are better than the others, and behind them the others of a page from the beginning.
    fn better_first(&self, page: Vec<DocAddress>, end: usize) -> Result<Vec<DocAddress>, SearchError> {
        let mut best = match self.fields.better(&self.words, self.query, &self.known) {
            Better::Scored(better) => self.best(&better, end)?,
            Better::InTurn(turns) => self.in_turn(&turns, end)?,
        };
        // If they don't fill the page, all of them are known.
        let before: HashSet<DocAddress> = best.iter().copied().collect();
        let others = page.into_iter().filter(|address| !before.contains(address));
        best.extend(others.take(end - best.len().min(end)));
        Ok(best)
    }

    fn find_sounding(&self, results: &mut Results) -> Result<(), SearchError> {
        let Some(asked) = self.fields.sounding(&self.words, self.query, &self.known) else { return Ok(()) };
        results.tried.push(Tried::Pinyin);
        let counted = Tally { values: None, remembered: None };
        let ((total, _), page) =
            self.ask(&asked, counted, (self.query.offset, self.query.limit.min(MAX_PAGE)))?;
        results.pinyin_total = total;
        for address in page {
            let doc = stored(&self.searcher, self.fields, address)?;
            results.pinyin.extend(doc.map(|doc| highlight::sounding_hit(doc, &self.words)));
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

    /// Counts exact hits. Words alone are what is asked again and again.
    fn tally(&self) -> Tally<'_> {
        let alone =
            self.query.filters == Filters::default() && !self.words.iter().any(|word| word.is_id_number);
        let name = || self.words.iter().map(|word| word.folded.as_str()).collect::<Vec<_>>().join(" ").into();
        let remembered = alone.then(|| (self.known.tallies, name()));
        Tally { values: Some(self.known.values), remembered }
    }

    /// Counts everybody who is found; and so many of them from so many on, in the wanted order.
    fn ask(
        &self,
        asked: &Asked,
        tally: Tally<'_>,
        (offset, limit): (usize, usize),
    ) -> Result<(<Tally<'static> as Collector>::Fruit, Vec<DocAddress>), SearchError> {
        let top = TopDocs::with_limit(limit.max(1)).and_offset(offset);
        let text = |field, order| (SortByString::for_field(field), order);
        let (counted, mut page) = match self.query.sort {
            Sort::Relevance | Sort::StudentNumber if self.known.in_order => {
                let first = First { count: offset + limit, values: self.known.values };
                let (counted, first) = self.run(asked, tally, first)?;
                (counted, first.into_iter().skip(offset).collect())
            }
            Sort::Relevance | Sort::StudentNumber => self.run(asked, tally, top.order_by(by_key()))?,
            Sort::Name => self.run(asked, tally, top.order_by((text("by_name", Order::Asc), by_key())))?,
            Sort::Year => self.run(asked, tally, top.order_by((text("year", Order::Desc), by_key())))?,
        };
        page.truncate(limit);
        Ok((counted, page))
    }

    fn run<K: Send + 'static>(
        &self,
        asked: &Asked,
        tally: Tally<'_>,
        some: impl Collector<Fruit = Vec<(K, DocAddress)>>,
    ) -> Result<(<Tally<'static> as Collector>::Fruit, Vec<DocAddress>), SearchError> {
        let (counted, page) = self.searcher.search(asked, &Collected { tally, some })?;
        Ok((counted, addresses(page)))
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
