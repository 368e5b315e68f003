//! What is kept about one person: facts, photos by kind, diplomas, and every correction.
//!
//! - A dossier is one OCFL object: `dossier.json`, `photos/…` byte for byte as they came, `premis.json`.
//!   Every change is a new version; nothing is overwritten.
//! - [`Holdings`] writes: OCFL batch first, catalog rows after. What a crash leaves between the two is read again
//!   from the files ([`Holdings::settle`]).
//! - Everything is idempotent: the same change again changes nothing and makes no version.
//! - [`rebuild`] makes the catalog anew from the files alone.

mod admit;
mod change;
mod document;
mod holdings;
mod photo;
mod premis;
mod rebuild;

pub use admit::Fate;
pub use change::{Change, Facts};
pub use document::{Diploma, DiplomaFacts, Dossier, Format, Photo, PhotoKind};
pub use holdings::{Error, Holdings, Kept, object_of};
pub(crate) use photo::Look;
pub use photo::{NewPhoto, PhotoError};
pub use premis::{Premis, PremisEvent};
pub use rebuild::{RebuildError, Rebuilt, rebuild};

#[cfg(test)]
mod tests;
