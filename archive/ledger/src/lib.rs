//! Transparency-log structures: hashes, trees, tiles, checkpoints, cosignatures, proofs, witness policies.
//!
//! The formats are those of C2SP (tlog-tiles, signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof,
//! tlog-policy) over the Merkle tree of RFC 6962 §2.1, so that other people's tools can read our ledger.
//!
//! Rules that hold here:
//!
//! * No I/O, no clock, no randomness: callers hand in bytes, times and keys. Compiles to wasm32.
//! * Parsing is strict: a value has exactly one text, and parsing then writing gives the same bytes back.
//! * A ledger leaf never holds personal data, only a [`Leaf`]: a kind and a salted commitment.
//!
//! ```
//! use ledger::{Hash, MemoryTree, leaf_hash, inclusion_proof, verify_inclusion};
//!
//! let tree: MemoryTree = ["a", "b", "c"].iter().map(|text| leaf_hash(text.as_bytes())).collect();
//! let proof = inclusion_proof(&tree, 1, 3)?;
//! let root: Hash = ledger::root(&tree, 3)?;
//! verify_inclusion(&leaf_hash(b"b"), 1, 3, &proof, &root)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod json;

mod checkpoint;
mod encoding;
mod hash;
mod key;
mod leaf;
mod note;
mod policy;
mod proof;
mod tile;
mod tree;

pub use checkpoint::{Checkpoint, CheckpointError, Cosignature, SignedCheckpoint, cosign};
pub use encoding::{from_base64, from_hex, to_base64};
pub use hash::{Hash, ParseHashError, leaf_hash, node_hash};
pub use key::{KeyError, KeyKind, KeyName, NoteSigner, VerifierKey};
pub use leaf::{Leaf, commitment};
pub use note::{NoteError, NoteSignature, SignedNote};
pub use policy::{PolicyError, WitnessPolicy};
pub use proof::{OfflineProof, OfflineProofError};
pub use tile::{
    BundleError, EntryPath, MAX_ENTRY, TILE_WIDTH, Tile, TilePathError, decode_bundle, encode_bundle,
    new_tiles,
};
pub use tree::{
    HashSource, MemoryTree, NoSuchLeaves, ProofError, TileSource, Tiles, TilesError, TreeError,
    consistency_proof, inclusion_proof, root, verify_consistency, verify_inclusion,
};
