//! Copies that leave the archive: asked for by one person, approved by another, taken within some days.

use crate::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::CopyId;
use crate::search::SearchQuery;

/// How far a request for copies has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CopyState {
    /// Somebody else must decide.
    Waiting,
    /// It may be taken.
    Approved,
    /// It may not.
    Refused,
    /// It was approved and may no longer be taken.
    Expired,
}

/// Asks for a list of everybody a search finds, as a workbook. `POST /copies`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewCopy {
    /// The search. Its page does not matter.
    pub query: SearchQuery,
    /// Whether numbers are to be whole; else they are masked.
    pub numbers: bool,
    /// What it is for: 2 to 200 characters.
    pub purpose: String,
}

/// Decides a request for copies. `POST /copies/{id}/decision`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DecideCopy {
    /// Whether it may be taken.
    pub approve: bool,
    /// A remark; needed for a refusal.
    pub note: String,
}

/// A request for copies. `GET /copies`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Copy {
    /// Its id.
    pub id: CopyId,
    /// How far it has come.
    pub state: CopyState,
    /// How many people are on the list.
    pub people: u64,
    /// Whether numbers are whole.
    pub numbers: bool,
    /// By which facets the list was narrowed; what was typed is not told.
    pub narrowed: String,
    /// What it is for.
    pub purpose: String,
    /// When it was asked for.
    pub asked: Timestamp,
    /// By whom.
    pub asked_by: String,
    /// Whether I asked for it.
    pub mine: bool,
    /// When it was decided.
    pub decided: Option<Timestamp>,
    /// By whom.
    pub decided_by: Option<String>,
    /// What they remarked.
    pub note: String,
    /// Until when it may be taken, if it was approved.
    pub until: Option<Timestamp>,
    /// How often it was taken.
    pub taken: u32,
}
