//! What is kept about one person: facts, photos by kind, diplomas, and every correction.
//!
//! - A dossier is one OCFL object: `dossier.json`, `photos/…` and `scans/…` byte for byte as they came, `premis.json`.
//!   What a machine read on a scan lies beside it (`scans/….text.json`).
//!   Every change is a new version; nothing is overwritten.
//! - [`Holdings`] writes: OCFL batch first, catalog rows after. What a crash leaves between the two is read again
//!   from the files ([`Holdings::settle`]).
//! - Everything is idempotent: the same change again changes nothing and makes no version.
//! - [`rebuild`] makes the catalog anew from the files alone.

mod admit;
mod agreement;
mod change;
mod document;
mod holdings;
mod photo;
mod premis;
mod reading;
mod rebuild;
mod scan;

pub use admit::Fate;
pub use agreement::{Agreement, Checked, DiplomaField, agreement};
pub use change::{Change, Facts};
pub use document::{Diploma, DiplomaFacts, Dossier, Format, Photo, PhotoKind, Scan, ScanFormat};
pub use holdings::{Error, Holdings, Kept, object_of};
pub(crate) use photo::Look;
pub use photo::{NewPhoto, PhotoError, PhotoFacts};
pub use premis::{Premis, PremisEvent};
pub use reading::{Line, Model, Page, Reading};
pub use rebuild::{RebuildError, Rebuilt, rebuild};
pub use scan::{NewScan, ScanError};

#[cfg(test)]
mod tests;
