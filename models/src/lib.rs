//! The models and the runtime library the product uses: what they are, where they come from, how they are made ready.
//!
//! Rules that hold here:
//! - Nothing is used whose SHA-256 is not in `manifest.toml`: not the package, not the file in it, not the prepared file.
//! - Packages come through their ordinary client; no address is written down in this crate.
//! - Only files are handled here. Whether a prepared model still computes the same is checked by `verify`, which owns
//!   the runtime.

pub mod fetch;
pub mod installed;
pub mod manifest;
pub mod prepare;

mod digest;
mod onnx;

pub use digest::{ParseDigestError, Sha256Digest};
pub use fetch::{FetchError, Packages, fetch, fetch_from};
pub use installed::{Features, Installed, OpenError, Readers};
pub use manifest::{Manifest, ManifestError, manifest};
pub use prepare::{PrepareError, prepare};
