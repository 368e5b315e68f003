//! Finding people again: everything that knows tantivy.
//!
//! The index holds nothing of its own: it can be deleted and rebuilt from the archive. One document is one person.
//!
//! Rules that hold here:
//! - **Complete and true.** A word hits a person if, and only if, its fold is a part of the fold of one of the
//!   person's values. Pieces of two characters (up to six digits or letters) with their positions find every such part;
//!   values of facets, which are few, are read. No word segmentation.
//! - **No homophones among exact hits.** Pinyin and initials have fields and a list of their own.
//! - **A number with a wrong digit is suggested, never a hit.**
//! - Several words are all required, each in any field.
//! - A commit carries the position in the outbox up to which the index is true, so that after a crash the
//!   catch-up starts exactly there.

mod begins;
mod bits;
mod collect;
mod document;
mod error;
mod every;
mod facets;
mod folder;
mod grams;
mod highlight;
mod index;
mod memory;
mod pieces;
mod pinyin;
mod plan;
mod query;
mod question;
mod schema;
mod segment;
mod suggest;
mod sum;
mod tally;
mod tokens;
mod warm;
mod within;
mod without;
mod writer;

#[cfg(test)]
mod golden;

pub use document::{Change, IdNumberHash, PersonDoc};
pub use error::{IndexError, SearchError, is_disk_full};
pub use index::Index;
pub use query::{
    FacetCount, Facets, Field, Filters, Hit, Match, Mode, Query, Results, Sort, Suggestion, Tried,
};
