//! The OCFL 1.1 storage root: the truth about what is archived.
//!
//! - An object is never overwritten: a correction is a new version, and what earlier versions hold stays readable.
//! - Objects are named by random ids, and lie under the digest of their id (layout 0003): no path says whose they are.
//! - Writing goes through a [`Batch`]: everything is staged on the same file system and synced, then a synced journal
//!   names the moves, then the moves happen. A crash at any point leaves either nothing or, after the next
//!   [`Root::open`], everything.
//! - Reading verifies nothing by itself: [`Object::check`], [`validate`] and the fixity patrol do.
//!
//! ```text
//! ROOT/0=ocfl_1.1  ocfl_layout.json
//! ROOT/extensions/0003-hash-and-id-n-tuple-storage-layout/config.json
//! ROOT/extensions/xuecang-batch/          only while a batch is open: staged objects, journal.json
//! ROOT/23/43/urn%3auuid%3ae9d89618-…/       an object: 0=ocfl_object_1.1 inventory.json inventory.json.sha512 v1/ v2/
//! ```

mod batch;
mod disk;
mod id;
mod inventory;
mod journal;
mod layout;
mod object;
mod root;
mod validate;

pub use bag::{Checksum, Finding, Report, SafePath, Severity};
pub(crate) use batch::PROBE;
pub use batch::{AdoptError, Batch, CommitError, Committed, Digested, Expect, PutError, Source, Version};
pub use id::{ObjectId, ParseIdError, ParseVersionError, VersionNumber};
pub use inventory::{User, VersionInfo};
pub use layout::Layout;
pub use object::{Object, ReadError};
pub use root::{Folders, Objects, OpenError, Root};
pub use validate::validate;
pub(crate) use validate::{validate_frame, validate_object};

#[cfg(test)]
mod tests;
