//! What the checker found in a certificate, as the two modules of the client hand it over.

use serde::{Deserialize, Serialize};

/// The outcome of a check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Every signature and every step holds.
    Holds(Box<Checked>),
    /// It does not, and why.
    Fails(String),
}

/// What a certificate that holds says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Checked {
    /// `CERTIFIED`, `PARTIAL`, …
    pub(crate) outcome: String,
    /// The lowest level of all places: `AL1`.
    pub(crate) level: String,
    /// How many objects.
    pub(crate) objects: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// The contract.
    pub(crate) contract: String,
    /// The legal basis.
    pub(crate) legal_basis: Vec<String>,
    /// When the first and the last message were sent, ms since 1970.
    pub(crate) between: (i64, i64),
    /// When it was concluded, ms since 1970.
    pub(crate) concluded: i64,
    /// The witnesses that cosigned.
    pub(crate) witnesses: Vec<String>,
    /// The policy's fingerprint.
    pub(crate) policy: String,
    /// SHA-256 of the file.
    pub(crate) sha256: String,
    /// The conditions that don't hold: code and particulars.
    pub(crate) unmet: Vec<(String, String)>,
    /// What is proven.
    pub(crate) proven: Vec<Claim>,
    /// What is declared only.
    pub(crate) declared: Vec<Claim>,
    /// The places.
    pub(crate) places: Vec<Place>,
    /// What may still be, whatever was done: codes.
    pub(crate) risks: Vec<String>,
    /// What the vendor declared, and in which message.
    pub(crate) declarations: Vec<(String, u64)>,
}

/// One sentence of the certificate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Claim {
    /// Its code.
    pub(crate) code: String,
    /// Of which place, if of one.
    pub(crate) place: Option<String>,
    /// The messages behind it.
    pub(crate) messages: Vec<u64>,
}

/// One place where the vendor held copies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Its id.
    pub(crate) id: String,
    /// What kind of medium it is: a code.
    pub(crate) kind: String,
    /// Make, model and serial number.
    pub(crate) device: String,
    /// Objects proven to have lain there.
    pub(crate) held: u64,
    /// Whether they are said to be absent now.
    pub(crate) absent: bool,
    /// The level reached.
    pub(crate) level: String,
    /// How it was erased: technique and tool.
    pub(crate) erased: Option<String>,
    /// What may still be left, in words.
    pub(crate) residue: String,
}
