//! M1: the school asks for the deletion.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ledger::Hash;
use serde::{Deserialize, Serialize};

use super::inventory::LocationKind;
use crate::level::Level;

/// M1. The school asks for the deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// The contract's number.
    pub contract: String,
    /// The laws and clauses that demand the deletion.
    pub legal_basis: Vec<String>,
    /// What the delivery is, as the school names it.
    pub delivery: String,
    /// When the school accepted the delivery; none if it has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    /// `R_obj`, the root over the objects to delete.
    pub object_root: Hash,
    /// How many objects.
    pub object_count: u64,
    /// How many bytes they have together.
    pub byte_count: u64,
    /// The fingerprint of the policy both sides use.
    pub policy: Hash,
    /// The level wanted for each kind of place. Kinds not named need AL0.
    pub required: BTreeMap<LocationKind, Level>,
}
