//! Finding people.

use serde::{Deserialize, Serialize};

use crate::ids::{DeliveryId, PersonId, PhotoId};

/// What is looked for. `GET /search`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams, utoipa::ToSchema), into_params(parameter_in = Query))]
#[serde(default)]
pub struct SearchQuery {
    /// The words, as typed. Several words must all be found.
    pub q: String,
    /// Only this college.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub college: Option<String>,
    /// Only this major.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub major: Option<String>,
    /// Only this class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Only this year of entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year: Option<u16>,
    /// Only this state of photos: `none`, `admission`, `complete`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photo_state: Option<String>,
    /// Only people of whom this delivery brought a photo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryId>,
    /// `relevance` (default), `name`, `student_number`, `class`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// How many hits to pass over.
    pub offset: u32,
    /// How many hits to return; 0 means 50, at most 200.
    pub limit: u32,
}

/// Ways to search, in which "nothing found" is explained; clients have words for each.
pub const TRIED: [&str; 5] = ["text", "id_number", "id_number_mistyped", "pinyin", "near_numbers"];

/// What was found. Homophones stand apart and are never counted as exact hits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchResults {
    /// People in whose record every word stands.
    pub exact: Vec<Hit>,
    /// How many exact hits there are in all.
    pub total: u64,
    /// People whose name sounds like the words (pinyin or initials), not among the exact ones.
    pub pinyin: Vec<Hit>,
    /// Counts of the exact hits by facet.
    pub facets: Vec<Facet>,
    /// How it was searched: words of [`TRIED`].
    pub tried: Vec<String>,
    /// Numbers that differ from a typed number in one digit.
    pub suggestions: Vec<String>,
    /// Microseconds the search took in the service.
    pub took_us: u64,
    /// How far the next index is, if the one that answered was made by an older version: facets that came since are absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal: Option<Renewal>,
}

/// How far the making of a new index is. Both are 0 before it has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Renewal {
    /// People done.
    pub done: u64,
    /// People in all.
    pub total: u64,
}

/// One person found. Numbers are masked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hit {
    /// The person.
    pub person: PersonId,
    /// The name.
    pub name: String,
    /// Student number, masked unless it was what was typed.
    pub student_number: String,
    /// The college.
    pub college: String,
    /// The major.
    pub major: String,
    /// The class.
    pub class: String,
    /// Year of entry.
    pub year: Option<u16>,
    /// The photo to show, if there is one.
    pub photo: Option<PhotoId>,
    /// `none`, `admission` or `complete`.
    pub photo_state: String,
    /// Which field matched, and where in the shown text.
    pub matches: Vec<Match>,
}

/// Where a word matched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Match {
    /// `name`, `former_name`, `student_number`, `candidate_number`, `class`, `major`, `college`, `certificate`, `diploma`, `pinyin`.
    pub field: String,
    /// The text that matched, as shown.
    pub text: String,
    /// Matched parts as character offsets into `text`, start and end.
    pub ranges: Vec<(u32, u32)>,
}

/// A facet with its counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Facet {
    /// `college`, `major`, `class`, `year`, `photo_state`, `delivery`. A hit may have several deliveries, and none.
    pub field: String,
    /// Values, most frequent first.
    pub values: Vec<FacetValue>,
}

/// One value of a facet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FacetValue {
    /// The value.
    pub value: String,
    /// How many exact hits have it.
    pub count: u64,
    /// What people call the delivery that the value is the id of, if it is one and was received here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryName>,
}

/// What people call a delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeliveryName {
    /// The campaign it was for.
    pub campaign: String,
    /// Which delivery of that campaign it is, from 1.
    pub round: u32,
}
