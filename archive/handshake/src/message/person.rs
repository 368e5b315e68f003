//! The people whom messages name.

use serde::{Deserialize, Serialize};

/// A person who takes part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Their name.
    pub name: String,
    /// Their title.
    pub title: String,
    /// Where they are.
    pub place: String,
}
