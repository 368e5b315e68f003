//! BagIt packages (RFC 8493): written, read, judged, signed, and carried as one tar stream.
//!
//! - A bag is written beside its place and renamed into it when it is whole, so a folder of that name is never half a bag.
//! - No name in a bag is trusted. [`SafePath`] is the only type that becomes a path on disk,
//!   and a name that would be dangerous on any system is refused on every system.
//! - Judging never stops at the first mistake: a [`Report`] lists all of them.
//! - Whoever signs vouches for `tagmanifest-sha256.txt`, which names every manifest, which names every file.

pub mod crew;
mod digest;
mod fsync;
mod manifest;
mod path;
mod read;
mod report;
mod sign;
mod tagfile;
mod tape;
mod validate;
mod write;

#[cfg(test)]
mod fixtures;

pub use digest::{
    Algorithm, Checksum, Hashed, Hashing, ParseAlgorithmError, ParseChecksumError, copy, hash_reader,
};
pub use path::{Hazard, PathError, SafePath};
pub use read::{Bag, FetchItem, ReadError};
pub use report::{Finding, Report, Severity};
pub use sign::{
    Identity, IdentityError, SIGNATURE_FILE, SignError, SignatureError, Signer, Trust, TrustError, sign,
    verify_signature,
};
pub use tagfile::{Encoding, Version};
pub use tape::{Limits, PackError, UnpackError, Unpacked, serialise, unpack};
pub use validate::{Depth, validate, validate_unpacked};
pub use write::{WriteError, Writer};
