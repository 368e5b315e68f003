//! Readers for what schools and vendors hand over: rosters, certificate registers, folders and zips of photos.
//!
//! Rules that hold here:
//! - Nothing is written, and memory is bounded by the limits the caller gives.
//! - What a file *is* comes from its first bytes, never from its name.
//! - A file that can't be read at all is an [`ImportError`]; a file with wrong rows is a value that lists its
//!   [`Problem`]s. Every error and problem has a stable `code()` and `params()`, from which the interface makes
//!   its sentences; the `Display` sentence is for logs and holds no personal data.

mod column;
mod csv;
mod dbf;
mod diplomas;
mod directory;
mod error;
mod key;
mod photos;
mod problem;
mod roster;
mod table;
mod xlsx;

#[cfg(test)]
mod tests;

pub use column::Column;
pub use diplomas::{Diploma, DiplomaRow, DiplomaRules, Diplomas, read_diplomas};
pub use error::{Format, ImportError, Limit};
pub use photos::{PhotoFile, PhotoLimits, PhotoProblem, PhotoProblemKind, Photos, photos};
pub use problem::{Place, Problem, ProblemKind, Severity};
pub use roster::{Roster, RosterRow, read_roster};
pub use table::TableLimits;
