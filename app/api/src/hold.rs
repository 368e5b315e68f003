//! Legal holds: while one stands, nobody deletes copies of the person's photos by this appliance's word.

use crate::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{HoldId, PersonId};

/// A hold on a person's record. `GET /holds` (those that stand); `GET /persons/{id}` (all of a person)
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// Whose record.
    pub person: PersonId,
    /// Why nothing may be deleted.
    pub reason: String,
    /// When it was placed.
    pub placed: Timestamp,
    /// By whom.
    pub placed_by: String,
    /// How it ended, if it did.
    pub lifted: Option<Lifted>,
}

/// The end of a hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Lifted {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Places a hold (`POST /persons/{id}/holds`) or lifts one (`POST /holds/{id}/lift`), and says why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HoldReason {
    /// Why: 2 to 200 characters.
    pub reason: String,
}
