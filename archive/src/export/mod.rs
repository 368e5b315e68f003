//! Leaving, and coming back: dossiers written out as one bag that anybody can read and check without this program, and
//! taken in again byte for byte.
//!
//! ```text
//! BAG/bagit.txt  bag-info.txt  manifest-….txt  tagmanifest-….txt      RFC 8493, sha256 and sha512
//! BAG/data/objects/UUID/        the whole OCFL object: every version, byte for byte, valid on its own
//! BAG/data/index.csv            who is in the bag (UTF-8 with a byte order mark, RFC 4180)
//! BAG/data/viewer/index.html    the same for a browser, without network and without anything to install
//! BAG/data/README.txt           what all this is and how to check it without us
//! BAG/data/verify.py            lists and verifies the bag; needs Python 3.8 and nothing else
//! ```
//!
//! - The bag has its name only when it is whole and durable. An export that is stopped leaves nothing.
//! - What goes in was read and found intact just before; a damaged object is left out and named, and keeps nobody else
//!   from leaving.
//! - Everything but `objects/` is derived from it: an aid, not a source.

mod admit;
mod entry;
mod readme;
mod table;
mod viewer;
mod write;

pub use admit::{AdmitError, Admitted, Refused, admit, payload};
pub use write::{About, Content, Export, ExportError};

/// Where the objects lie in the payload.
const OBJECTS: &str = "objects";
/// How many objects the bag holds, as `bag-info.txt` says it.
const COUNT: &str = "Xuecang-Objects";

#[cfg(test)]
mod tests;
