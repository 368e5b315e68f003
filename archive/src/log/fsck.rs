//! Examining a ledger: everything is computed anew from the leaves and compared with what lies there.

use std::{fmt, io, path::Path};

use ledger::{
    EntryPath, Hash, HashSource as _, Leaf, MemoryTree, SignedCheckpoint, TILE_WIDTH, Tile, VerifierKey,
    decode_bundle, json::from_canonical, leaf_hash, new_tiles,
};

use super::CHECKPOINT;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The checkpoint is missing or can't be read.
    NoCheckpoint,
    /// The checkpoint is not signed by the ledger's key.
    NotSigned,
    /// A file is missing.
    Missing {
        /// Which, within the ledger.
        path: String,
    },
    /// A file doesn't hold what follows from the leaves, or is malformed.
    Wrong {
        /// Which, within the ledger.
        path: String,
    },
    /// A leaf is not a commitment in the one form we write.
    OddLeaf {
        /// Which leaf.
        index: u64,
    },
    /// The checkpoint's root is not the root over the leaves.
    WrongRoot {
        /// The root over the leaves.
        computed: Hash,
        /// The checkpoint's.
        claimed: Hash,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCheckpoint => f.write_str("the checkpoint is missing or can't be read"),
            Self::NotSigned => f.write_str("the checkpoint is not signed by the ledger's key"),
            Self::Missing { path } => write!(f, "{path} is missing"),
            Self::Wrong { path } => write!(f, "{path} doesn't hold what follows from the leaves"),
            Self::OddLeaf { index } => write!(f, "leaf {index} is not a commitment"),
            Self::WrongRoot { computed, claimed } => {
                write!(f, "the leaves have the root {computed}, the checkpoint says {claimed}")
            }
        }
    }
}

/// Examines the ledger in `dir`, which nobody needs to have closed. Needs only the public key. No findings: all is well.
///
/// # Errors
///
/// If a file is there but can't be read.
pub fn fsck(dir: &Path, key: &VerifierKey) -> io::Result<Vec<Finding>> {
    let text = read(dir, CHECKPOINT)?.and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(signed) = text.and_then(|text| text.parse::<SignedCheckpoint>().ok()) else {
        return Ok(vec![Finding::NoCheckpoint]);
    };
    let mut findings = Vec::new();
    if signed.verify(key).is_err() {
        findings.push(Finding::NotSigned);
    }
    let (size, claimed) = (signed.claimed().size, signed.claimed().root);
    let tree = leaves(dir, size, &mut findings)?;
    if tree.size() != size {
        // Without all leaves nothing above them can be computed.
        return Ok(findings);
    }
    for tile in new_tiles(0, size) {
        check_tile(dir, &tree, tile, &mut findings)?;
    }
    let computed = tree.root();
    if computed != claimed {
        findings.push(Finding::WrongRoot { computed, claimed });
    }
    Ok(findings)
}

/// Reads all leaves; stops at the first bundle that is not there.
fn leaves(dir: &Path, size: u64, findings: &mut Vec<Finding>) -> io::Result<MemoryTree> {
    let mut tree = MemoryTree::default();
    while let Some(path) = EntryPath::holding(tree.size(), size) {
        let text = path.to_string();
        let Some(bytes) = read(dir, &text)? else {
            findings.push(Finding::Missing { path: text });
            break;
        };
        let entries = decode_bundle(&bytes).ok().filter(|entries| entries.len() == usize::from(path.width()));
        let Some(entries) = entries else {
            findings.push(Finding::Wrong { path: text });
            break;
        };
        for data in entries {
            if !from_canonical::<Leaf>(&data).is_ok_and(|leaf| leaf.v == 1) {
                findings.push(Finding::OddLeaf { index: tree.size() });
            }
            tree.push(leaf_hash(&data));
        }
    }
    Ok(tree)
}

fn check_tile(dir: &Path, tree: &MemoryTree, tile: Tile, findings: &mut Vec<Finding>) -> io::Result<()> {
    let path = tile.to_string();
    let Some(bytes) = read(dir, &path)? else {
        findings.push(Finding::Missing { path });
        return Ok(());
    };
    let first = tile.index() * u64::from(TILE_WIDTH);
    let expected: Option<Vec<_>> =
        (first..first + u64::from(tile.width())).map(|n| tree.subtree(tile.level() * 8, n).ok()).collect();
    if expected.is_none_or(|hashes| Tile::encode(&hashes) != bytes) {
        findings.push(Finding::Wrong { path });
    }
    Ok(())
}

fn read(dir: &Path, path: &str) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(dir.join(path)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
