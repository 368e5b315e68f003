//! M7: the codes that are read aloud, and the word to go.

use ledger::Hash;
use serde::{Deserialize, Serialize};

use super::person::Person;
use super::seal::Safety;
use crate::bytes::Nonce;

/// M7. A side binds itself to a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// The commitment to the number.
    pub commitment: Hash,
}

/// M7. A side shows its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reveal {
    /// The number.
    pub nonce: Nonce,
}

/// M7. The vendor confirms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// The code as the operator typed it, having heard it.
    pub code: String,
    /// Who typed it.
    pub operator: Person,
}

/// M7. The school confirms. From here there is no way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authorise {
    /// The reverse code as the second officer typed it, having heard it.
    pub code: String,
    /// The facts of the seal, looked at once more.
    pub safety: Safety,
}
