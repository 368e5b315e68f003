//! Finding people: the words go to the index, what is shown is what the index knows of them, or the catalog where the
//! index is behind, masked.

#[cfg(test)]
pub(crate) mod tests;

use std::collections::HashMap;
use std::ops::Range;
use std::time::Instant;

use api::ids::{DeliveryId, PersonId};
use api::search::{DeliveryName, Facet, FacetValue, Hit, Match, Renewal, SearchQuery, SearchResults};
use api::{Flaw, ProblemCode, Right};
use archive::db::Connection;
use archive::db::office::delivery;
use archive::person::fold;
use archive::search::{self as found, Field, Filters, Mode, PersonDoc, Query, Results, SearchError, Sort};

use crate::index::View;
use crate::{Actor, Error, Office, Result, dossier, index, usage, word};

/// How many hits are returned when nothing is said, and at most.
const LIMIT: u32 = 50;
const MOST: u32 = 200;
/// How many hits can be put in the order of classes, which the index does not know.
const BY_CLASS: usize = 5000;
/// The facet whose values are deliveries.
const DELIVERY: &str = "delivery";
/// How many hits the index gives at once.
const PAGE: usize = 500;

/// Finds people in whose record every word stands, and apart from them people whose name sounds like the words.
///
/// # Errors
///
/// Without the right `search`; `bad-field` when the text is too long, the order unknown or the page too far down.
pub fn find(office: &Office, actor: &Actor, wanted: &SearchQuery) -> Result<SearchResults> {
    actor.may(Right::Search)?;
    let began = Instant::now();
    let query = to_query(office, wanted)?;
    let view = View::of(office)?;
    let answer = ask(office, &view, query, wanted.sort.as_deref() == Some("class"))?;
    // Whoever is found alone was looked for.
    if let (1, 0, [only]) = (answer.total, wanted.offset, answer.exact.as_slice()) {
        usage::looked_up(office, actor, only.doc.person)?;
    }
    let typed: Vec<String> =
        wanted.q.split_whitespace().map(|typed| fold(typed).as_str().to_owned()).collect();
    let newer = Newer::of(office, &view, answer.exact.iter().chain(&answer.pinyin))?;
    let show = |hits: &[found::Hit], sounds| {
        // Whoever has gone since the index was written is not shown.
        let hits = hits.iter().filter_map(|hit| Some(show(newer.doc(hit)?, &hit.matches, &typed, sounds)));
        hits.collect::<Vec<_>>()
    };
    let (exact, pinyin) = (show(&answer.exact, false), show(&answer.pinyin, true));
    Ok(SearchResults {
        exact,
        total: answer.total as u64,
        pinyin,
        facets: office.office.read(|conn| facets(conn, answer.facets))?,
        tried: answer.tried.iter().map(word).collect(),
        suggestions: answer.suggestions.into_iter().map(|suggestion| suggestion.number).collect(),
        renewal: index::renewal(office).map(|(done, total)| Renewal { done, total }),
        took_us: u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
    })
}

/// What the catalog says of found people whose documents are behind it.
struct Newer(HashMap<PersonId, Option<PersonDoc>>);

impl Newer {
    fn of<'a>(office: &Office, view: &View, hits: impl Iterator<Item = &'a found::Hit>) -> Result<Self> {
        let people: Vec<PersonId> = hits.map(|hit| hit.doc.person).collect();
        Ok(Self(view.newer(office, &people)?))
    }

    /// The person as the catalog knows them; nothing of whoever is gone.
    fn doc<'a>(&'a self, hit: &'a found::Hit) -> Option<&'a PersonDoc> {
        self.0.get(&hit.doc.person).map_or(Some(&hit.doc), Option::as_ref)
    }
}

/// Asks the index. The order of classes is made here, of all hits, so that pages fit together.
fn ask(office: &Office, view: &View, query: Query, by_class: bool) -> Result<Results> {
    let mut answer = view.index().search(&query).map_err(|error| refusal(office, error))?;
    if !by_class {
        return Ok(answer);
    }
    let all = Query { sort: Sort::StudentNumber, ..query.clone() };
    let refused = || Error::bad_field("sort", Flaw::TooManyToSort { max: BY_CLASS });
    let all = everybody(office, view, all, BY_CLASS)?.ok_or_else(refused)?;
    let newer = Newer::of(office, view, all.iter())?;
    let class = |hit: &found::Hit| newer.doc(hit).and_then(|doc| doc.class.clone());
    let mut classed: Vec<(Option<String>, found::Hit)> =
        all.into_iter().map(|hit| (class(&hit), hit)).collect();
    // The sort is stable: within a class the order by student number stays.
    classed.sort_by(|(one, _), (other, _)| one.cmp(other));
    let page = classed.into_iter().skip(query.offset).take(query.limit);
    answer.exact = page.map(|(_, hit)| hit).collect();
    Ok(answer)
}

/// Every exact hit of a question, page by page; nothing if there are more than `most`.
fn everybody(office: &Office, view: &View, query: Query, most: usize) -> Result<Option<Vec<found::Hit>>> {
    let mut all = Vec::new();
    loop {
        let page = Query { offset: all.len(), limit: PAGE, mode: Mode::Exact, ..query.clone() };
        let answer = view.index().search(&page).map_err(|error| refusal(office, error))?;
        if answer.total > most {
            return Ok(None);
        }
        let last = answer.exact.len() < PAGE;
        all.extend(answer.exact);
        if last {
            return Ok(Some(all));
        }
    }
}

/// Everybody a search finds, in its order. For lists that leave; whoever hands them out must record it.
///
/// # Errors
///
/// As [`find`]; `bad-field` when more than `most` are found.
pub(crate) fn people(office: &Office, wanted: &SearchQuery, most: usize) -> Result<Vec<PersonId>> {
    let by_class = wanted.sort.as_deref() == Some("class");
    let query = Query { offset: 0, limit: most, ..to_query(office, wanted)? };
    let refused = || Error::bad_field("query", Flaw::TooManyPeople { max: most });
    if by_class && most <= BY_CLASS {
        let answer = ask(office, &View::of(office)?, query, true)?;
        return match answer.total <= most {
            true => Ok(answer.exact.into_iter().map(|hit| hit.doc.person).collect()),
            false => Err(refused()),
        };
    }
    let hits = everybody(office, &View::of(office)?, query, most)?.ok_or_else(refused)?;
    Ok(hits.into_iter().map(|hit| hit.doc.person).collect())
}

fn to_query(office: &Office, wanted: &SearchQuery) -> Result<Query> {
    let one = |value: &Option<String>| value.iter().cloned().collect();
    let sort = match wanted.sort.as_deref() {
        None | Some("relevance") => Sort::Relevance,
        Some("name") => Sort::Name,
        Some("student_number") => Sort::StudentNumber,
        Some("class") => Sort::StudentNumber,
        Some(_) => return Err(Error::bad_field("sort", Flaw::Unknown)),
    };
    let mut query = Query::new(wanted.q.clone());
    query.id_number_hash =
        query.id_number().map(|number| index::hash(&office.keys.search, number.as_str())).transpose()?;
    query.filters = Filters {
        years: wanted.year.and_then(|year| i16::try_from(year).ok()).into_iter().collect(),
        colleges: one(&wanted.college),
        majors: one(&wanted.major),
        classes: one(&wanted.class),
        photo_states: one(&wanted.photo_state),
        campaigns: Vec::new(),
        deliveries: wanted.delivery.into_iter().collect(),
    };
    query.sort = sort;
    query.offset = wanted.offset as usize;
    query.limit = if wanted.limit == 0 { LIMIT } else { wanted.limit.min(MOST) } as usize;
    Ok(query)
}

fn refusal(office: &Office, error: SearchError) -> Error {
    match error {
        SearchError::TooLong { what: "words", max } => Error::bad_field("q", Flaw::TooManyWords { max }),
        SearchError::TooLong { max, .. } => Error::bad_field("q", Flaw::TooLong { max }),
        SearchError::TooDeep { max } => Error::bad_field("offset", Flaw::TooDeep { max }),
        SearchError::NoFacet { facet } => {
            let (done, total) = index::renewal(office).unwrap_or_default();
            let params =
                [("field", facet.to_owned()), ("done", done.to_string()), ("total", total.to_string())];
            Error::refused(ProblemCode::FacetNotYet, params)
        }
        SearchError::Failed(_) => Error::failed("search", error),
    }
}

/// A hit as it is shown.
fn show(doc: &PersonDoc, matches: &[found::Match], typed: &[String], sounds: bool) -> Hit {
    let number = doc.student_number.as_deref();
    let was_typed = number.is_some_and(|number| typed.iter().any(|typed| typed == fold(number).as_str()));
    Hit {
        person: doc.person,
        name: doc.name.clone(),
        student_number: match number {
            Some(number) if was_typed => number.to_owned(),
            number => dossier::masked_number(number),
        },
        college: doc.college.clone().unwrap_or_default(),
        major: doc.major.clone().unwrap_or_default(),
        class: doc.class.clone().unwrap_or_default(),
        year: doc.year.and_then(|year| u16::try_from(year).ok()),
        photo: doc.photo,
        photo_state: doc.photo_state.clone().unwrap_or_default(),
        matches: matches.iter().map(|found| shown_match(found, sounds)).collect(),
    }
}

fn shown_match(found: &found::Match, sounds: bool) -> Match {
    let field = match found.field {
        _ if sounds => "pinyin",
        Field::IdNumber => "id_number",
        Field::Name => "name",
        Field::FormerName => "former_name",
        Field::StudentNumber => "student_number",
        Field::CandidateNumber => "candidate_number",
        Field::CertificateNumber => "certificate",
        Field::Class => "class",
        Field::Major => "major",
        Field::College => "college",
        Field::Year => "year",
        Field::DiplomaText => "diploma",
        Field::Notes => "notes",
    };
    let is_number =
        matches!(found.field, Field::StudentNumber | Field::CandidateNumber | Field::CertificateNumber);
    let text = if is_number { typed_part(&found.value, &found.ranges) } else { found.value.clone() };
    let ranges = found.ranges.iter().filter_map(|range| in_characters(&found.value, range)).collect();
    Match { field: field.to_owned(), text, ranges }
}

/// A number of which only what was typed is shown.
fn typed_part(value: &str, ranges: &[Range<usize>]) -> String {
    let typed = |at: usize| ranges.iter().any(|range| range.contains(&at));
    value.char_indices().map(|(at, c)| if typed(at) { c } else { '*' }).collect()
}

/// A range of bytes as one of characters.
fn in_characters(text: &str, bytes: &Range<usize>) -> Option<(u32, u32)> {
    let count = |end| text.get(..end).and_then(|part| u32::try_from(part.chars().count()).ok());
    Some((count(bytes.start)?, count(bytes.end)?))
}

fn facets(conn: &Connection, facets: found::Facets) -> Result<Vec<Facet>> {
    let lists = [
        ("college", facets.colleges),
        ("major", facets.majors),
        ("class", facets.classes),
        ("year", facets.years),
        ("photo_state", facets.photo_states),
        (DELIVERY, facets.deliveries),
    ];
    let facet = |(field, counts): (&str, Vec<found::FacetCount>)| {
        let values =
            counts.into_iter().map(|count| facet_value(conn, field, count)).collect::<Result<_>>()?;
        Ok(Facet { field: field.to_owned(), values })
    };
    lists.into_iter().map(facet).collect()
}

/// A value with its count, and the name of what it is the id of. A delivery of an archive that was taken over has none here.
fn facet_value(conn: &Connection, field: &str, count: found::FacetCount) -> Result<FacetValue> {
    let id: Option<DeliveryId> = count.value.parse().ok().filter(|_| field == DELIVERY);
    let called = id.map(|id| delivery::called(conn, id)).transpose()?.flatten();
    Ok(FacetValue {
        value: count.value,
        count: count.count as u64,
        delivery: called.map(|(campaign, round)| DeliveryName { campaign, round }),
    })
}
