//! Questions and answers.

use std::{fmt, ops::Range};

use ids::{CampaignId, DeliveryId, PersonId};
use serde::{Deserialize, Serialize};

use super::{IdNumberHash, PersonDoc};

/// A question. The default one asks for everybody.
#[derive(Clone, Default)]
pub struct Query {
    /// What was typed: words separated by white space, all of them required.
    pub text: String,
    /// The keyed hash of the identity number in `text`, if a word of it is one: see [`Query::id_number`].
    pub id_number_hash: Option<IdNumberHash>,
    /// Which lists are wanted.
    pub mode: Mode,
    /// Facets that narrow the answer.
    pub filters: Filters,
    /// The order of the hits.
    pub sort: Sort,
    /// How many hits to pass over.
    pub offset: usize,
    /// How many hits to give, per list. At most 500; 0 gives counts only.
    pub limit: usize,
}

impl Query {
    /// A question for some words, first 20 hits.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), limit: 20, ..Self::default() }
    }

    /// The identity number among the words of the text. The caller hashes it into `id_number_hash`.
    #[must_use]
    pub fn id_number(&self) -> Option<crate::person::IdNumber> {
        self.text.split_whitespace().find_map(|word| word.parse().ok())
    }
}

impl fmt::Debug for Query {
    /// Leaves out what was typed, which is personal data more often than not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query").field("mode", &self.mode).field("sort", &self.sort).finish_non_exhaustive()
    }
}

/// Which lists are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Exact hits, and under them what sounds alike.
    #[default]
    All,
    /// Exact hits only.
    Exact,
    /// What sounds alike only.
    Pinyin,
}

/// The order of the hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Whole names and numbers first, then beginnings, then parts; then by 学号.
    #[default]
    Relevance,
    /// By name, in pinyin order.
    Name,
    /// By 学号.
    StudentNumber,
    /// The latest year first, then by 学号.
    Year,
}

/// Facets that narrow an answer. Values of one facet are alternatives, facets are all required; empty means any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filters {
    /// Years of graduation.
    pub years: Vec<i16>,
    /// 学院.
    pub colleges: Vec<String>,
    /// 专业.
    pub majors: Vec<String>,
    /// 班级.
    pub classes: Vec<String>,
    /// Photo states.
    pub photo_states: Vec<String>,
    /// Campaigns.
    pub campaigns: Vec<CampaignId>,
    /// Deliveries that brought a photo.
    pub deliveries: Vec<DeliveryId>,
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub struct Results {
    /// Hits whose values contain every word.
    pub exact: Vec<Hit>,
    /// Hits that only sound alike. None of them is in the exact list.
    pub pinyin: Vec<Hit>,
    /// How many exact hits there are in all.
    pub total: usize,
    /// How many hits there are in all that only sound alike.
    pub pinyin_total: usize,
    /// How the exact hits are spread. At most 100 values per facet.
    pub facets: Facets,
    /// What was tried, so that "nothing found" can say so.
    pub tried: Vec<Tried>,
    /// Numbers one digit away from what was typed, if nothing was found.
    pub suggestions: Vec<Suggestion>,
}

/// What was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tried {
    /// The words as parts of every field.
    Text,
    /// The identity number, by its hash.
    IdNumber,
    /// A word has the form of an identity number, but its check character is wrong: a digit was mistyped.
    IdNumberMistyped,
    /// Names that sound alike, and initials.
    Pinyin,
    /// Numbers that differ in one place.
    NearNumbers,
}

/// A person who was found.
#[derive(Clone, PartialEq, Eq)]
pub struct Hit {
    /// The person, as the index knows them.
    pub doc: PersonDoc,
    /// Where the words were found, best field first.
    pub matches: Vec<Match>,
}

impl fmt::Debug for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hit").field("person", &self.doc.person).finish_non_exhaustive()
    }
}

/// A value in which words were found.
#[derive(Clone, PartialEq, Eq)]
pub struct Match {
    /// The field.
    pub field: Field,
    /// The value, or of a long one the part around the first find. Empty for an identity number.
    pub value: String,
    /// What to highlight: ranges of bytes of `value`, in order, not overlapping.
    pub ranges: Vec<Range<usize>>,
}

impl fmt::Debug for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Match")
            .field("field", &self.field)
            .field("ranges", &self.ranges)
            .finish_non_exhaustive()
    }
}

/// A field of a person's document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it all; PersonDoc explains them")]
pub enum Field {
    IdNumber,
    Name,
    FormerName,
    StudentNumber,
    CandidateNumber,
    CertificateNumber,
    Class,
    Major,
    College,
    Year,
    DiplomaText,
    Notes,
}

/// How hits are spread.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facets {
    /// Years of graduation, latest first.
    pub years: Vec<FacetCount>,
    /// 学院, most frequent first, as are the others.
    pub colleges: Vec<FacetCount>,
    /// 专业.
    pub majors: Vec<FacetCount>,
    /// 班级.
    pub classes: Vec<FacetCount>,
    /// Photo states.
    pub photo_states: Vec<FacetCount>,
    /// Deliveries that brought a photo. A hit counts under each of its own.
    pub deliveries: Vec<FacetCount>,
}

/// How many hits have a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetCount {
    /// The value.
    pub value: String,
    /// How many hits have it.
    pub count: usize,
}

/// A number that differs in one place from what was typed.
#[derive(Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// What was typed.
    pub typed: String,
    /// The number there is.
    pub number: String,
    /// Whose it is.
    pub person: PersonId,
}

impl fmt::Debug for Suggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suggestion").field("person", &self.person).finish_non_exhaustive()
    }
}
