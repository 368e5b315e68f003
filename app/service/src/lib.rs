//! What a user can do: one module per noun, one function per thing.
//!
//! - Every function takes an [`Actor`] and checks the right in its first line.
//! - Reading a person's record needs a stated purpose and leaves an audit entry, refused attempts too.
//! - Functions are synchronous; HTTP handlers call them on blocking threads.
//! - A refusal is [`Error::Refused`] with a problem document; a failure keeps its cause and is logged once, where it
//!   becomes an answer.

pub mod account;
pub mod appraisal;
pub mod audit;
pub mod authority;
pub mod calibrate;
pub mod campaign;
pub mod change;
pub mod cohort;
pub mod compare;
pub mod config;
pub mod copy;
pub mod deletion;
pub mod delivery;
pub mod doctor;
pub mod dossier;
pub mod drill;
pub mod event;
pub mod export;
pub mod face;
pub mod health;
pub mod hold;
pub mod import;
pub mod index;
pub mod job;
pub mod keys;
pub mod law;
pub mod ledger;
pub mod numbers;
pub mod papers;
pub mod patrol;
pub mod progress;
pub mod proof;
pub mod rebuild;
pub mod receipt;
pub mod repair;
pub mod replica;
pub mod scan;
pub mod seal;
pub mod search;
pub mod session;
pub mod today;
pub mod token;
pub mod upload;
pub mod usage;
pub mod vendor;
pub mod volume;

mod actor;
mod error;
mod office;
mod staff;
mod watermark;

use api::Flaw;

pub use actor::Actor;
pub use config::Config;
pub use error::{Error, Refusal, Result};
pub use keys::Keys;
pub use office::{Office, OpenError, Paths, Taken, take};

/// A text that a person stated: a purpose, a reason, a name.
///
/// # Errors
///
/// `bad-field` when it has fewer than 2 or more than 200 characters.
pub(crate) fn stated(field: &str, text: &str) -> Result<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.chars().count() {
        2..=200 => Ok(text),
        _ => Err(Error::bad_field(field, Flaw::Length { min: 2, max: 200 })),
    }
}

/// The stable word of an enum of the API: `Right::ReadAudit` is `read_audit`.
#[must_use]
pub fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Reads a stable word back.
#[must_use]
pub fn from_word<T: serde::de::DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}
