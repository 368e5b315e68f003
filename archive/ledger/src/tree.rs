//! The Merkle tree of RFC 6962 §2.1: roots, inclusion and consistency proofs, and checking them.
//!
//! Makers of proofs read complete subtrees from a [`HashSource`]; a store of tiles becomes one through [`Tiles`].
//! Checkers need nothing but the proof.

use crate::{
    hash::{Hash, node_hash},
    tile::Tile,
};

/// Where the hashes of complete subtrees come from.
pub trait HashSource {
    /// What can go wrong when reading.
    type Error;

    /// Returns the root of the leaves `index << level .. (index + 1) << level`, all of which exist.
    ///
    /// # Errors
    ///
    /// If the hash can't be read.
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// Why a root or a proof could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TreeError<E> {
    /// The tree has no such leaf, or the older size is larger than the newer.
    #[error("{index} lies outside a tree of {size} leaves")]
    Outside {
        /// What was asked for.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// A hash could not be read.
    #[error("could not read a hash of the tree")]
    Read(#[source] E),
}

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf or the older tree lies outside the tree.
    #[error("the proof speaks of something outside the tree")]
    Outside,
    /// The proof has too many or too few hashes.
    #[error("the proof has the wrong length")]
    Length,
    /// The proof leads to another root.
    #[error("the proof leads to another root")]
    Root,
}

/// The complete subtrees that make up `start..end`, from left to right, as (level, index).
/// `start` must be a multiple of the largest power of two below `end - start`, as it always is in RFC 6962.
fn subtrees(start: u64, end: u64) -> impl Iterator<Item = (u8, u64)> {
    let mut at = start;
    std::iter::from_fn(move || {
        let left = end.checked_sub(at).filter(|left| *left > 0)?;
        let level = left.ilog2();
        let index = at >> level;
        at += 1 << level;
        Some((u8::try_from(level).unwrap_or(u8::MAX), index))
    })
}

/// The root of the leaves `start..end` (not empty).
fn range<S: HashSource>(source: &S, start: u64, end: u64) -> Result<Hash, TreeError<S::Error>> {
    let mut parts = Vec::new();
    for (level, index) in subtrees(start, end) {
        parts.push(source.subtree(level, index).map_err(TreeError::Read)?);
    }
    Ok(parts.into_iter().rev().reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(Hash::empty))
}

/// The largest power of two smaller than `n`, for `n` of at least two.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// Returns the root of the first `size` leaves.
///
/// # Errors
///
/// If a hash can't be read.
pub fn root<S: HashSource>(source: &S, size: u64) -> Result<Hash, TreeError<S::Error>> {
    range(source, 0, size)
}

/// Proves that leaf `index` is in the tree of the first `size` leaves (RFC 6962 §2.1.1).
///
/// # Errors
///
/// If there is no such leaf, or a hash can't be read.
pub fn inclusion_proof<S: HashSource>(
    source: &S,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, TreeError<S::Error>> {
    if index >= size {
        return Err(TreeError::Outside { index, size });
    }
    let mut proof = Vec::new();
    let (mut start, mut end) = (0, size);
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            proof.push(range(source, middle, end)?);
            end = middle;
        } else {
            proof.push(range(source, start, middle)?);
            start = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// Proves that the tree of the first `old` leaves is a beginning of the tree of the first `new` leaves (RFC 6962 §2.1.2).
///
/// The proof is empty if the sizes are equal or `old` is zero.
///
/// # Errors
///
/// If `old` is larger than `new`, or a hash can't be read.
pub fn consistency_proof<S: HashSource>(
    source: &S,
    old: u64,
    new: u64,
) -> Result<Vec<Hash>, TreeError<S::Error>> {
    if old > new {
        return Err(TreeError::Outside { index: old, size: new });
    }
    let mut proof = Vec::new();
    if old == 0 || old == new {
        return Ok(proof);
    }
    let (mut start, mut end) = (0, new);
    while old != end {
        let middle = start + split(end - start);
        if old <= middle {
            proof.push(range(source, middle, end)?);
            end = middle;
        } else {
            proof.push(range(source, start, middle)?);
            start = middle;
        }
    }
    if start > 0 {
        proof.push(range(source, start, end)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Checks that the leaf with hash `leaf` is number `index` of the tree of `size` leaves that has this root.
///
/// # Errors
///
/// If the proof doesn't show that.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Outside);
    }
    // RFC 9162 §2.1.3.2.
    let (mut at, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for step in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(step, &hash);
            let shift = at.trailing_zeros().min(63);
            // `at` is zero only if it is also `last`, which is not zero here.
            (at, last) = (at >> shift, last >> shift);
        } else {
            hash = node_hash(&hash, step);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if hash == *root { Ok(()) } else { Err(ProofError::Root) }
}

/// Checks that the tree of `old` leaves with `old_root` is a beginning of the tree of `new` leaves with `new_root`.
///
/// # Errors
///
/// If the proof doesn't show that.
pub fn verify_consistency(
    old: u64,
    new: u64,
    old_root: &Hash,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::Outside);
    }
    if old == 0 || old == new {
        if !proof.is_empty() {
            return Err(ProofError::Length);
        }
        let expected = if old == 0 { Hash::empty() } else { *new_root };
        return if *old_root == expected { Ok(()) } else { Err(ProofError::Root) };
    }
    // RFC 9162 §2.1.4.2. A complete older tree is its own first step.
    let mut steps = proof.iter();
    let first = if old.is_power_of_two() { old_root } else { steps.next().ok_or(ProofError::Length)? };
    let shift = (old - 1).trailing_ones();
    let (mut at, mut last) = ((old - 1) >> shift, (new - 1) >> shift);
    let (mut older, mut newer) = (*first, *first);
    for step in steps {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            older = node_hash(step, &older);
            newer = node_hash(step, &newer);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            newer = node_hash(&newer, step);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if older == *old_root && newer == *new_root { Ok(()) } else { Err(ProofError::Root) }
}

/// Leaf hashes in memory: every subtree is computed when asked for.
#[derive(Debug, Clone, Default)]
pub struct MemoryTree {
    leaves: Vec<Hash>,
}

impl MemoryTree {
    /// How many leaves there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// Adds a leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        self.leaves.push(leaf);
    }

    /// The root of all leaves.
    #[must_use]
    pub fn root(&self) -> Hash {
        // All subtrees that make up the tree exist, so nothing can fail.
        root(self, self.size()).unwrap_or_else(|_| Hash::empty())
    }
}

impl FromIterator<Hash> for MemoryTree {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Self {
        Self { leaves: leaves.into_iter().collect() }
    }
}

/// The tree has no such leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the tree has no such leaves")]
pub struct NoSuchLeaves;

impl HashSource for MemoryTree {
    type Error = NoSuchLeaves;

    fn subtree(&self, level: u8, index: u64) -> Result<Hash, NoSuchLeaves> {
        let width = 1_usize.checked_shl(level.into()).ok_or(NoSuchLeaves)?;
        let start =
            usize::try_from(index).ok().and_then(|index| index.checked_mul(width)).ok_or(NoSuchLeaves)?;
        let leaves =
            start.checked_add(width).and_then(|end| self.leaves.get(start..end)).ok_or(NoSuchLeaves)?;
        complete(leaves).ok_or(NoSuchLeaves)
    }
}

/// The root over a power of two of hashes.
pub(crate) fn complete(hashes: &[Hash]) -> Option<Hash> {
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => Some(node_hash(left, right)),
                _ => None,
            })
            .collect::<Option<_>>()?;
    }
    row.first().copied()
}

/// Where tiles come from.
pub trait TileSource {
    /// What can go wrong when reading.
    type Error;

    /// Returns the hashes of `tile`, exactly `tile.width` of them.
    ///
    /// # Errors
    ///
    /// If the tile can't be read.
    fn tile(&self, tile: Tile) -> Result<Vec<Hash>, Self::Error>;
}

/// A tree of `size` leaves read from its tiles.
#[derive(Debug, Clone, Copy)]
pub struct Tiles<'a, T> {
    source: &'a T,
    size: u64,
}

impl<'a, T: TileSource> Tiles<'a, T> {
    /// The tree of `size` leaves whose tiles `source` holds.
    pub const fn new(source: &'a T, size: u64) -> Self {
        Self { source, size }
    }
}

/// Why a subtree could not be read from tiles.
#[derive(Debug, thiserror::Error)]
pub enum TilesError<E> {
    /// The tile could not be read.
    #[error("could not read a tile")]
    Read(#[source] E),
    /// The tile doesn't hold the hashes it should.
    #[error("tile {0} is not as wide as it should be")]
    Width(Tile),
}

impl<T: TileSource> HashSource for Tiles<'_, T> {
    type Error = TilesError<T::Error>;

    fn subtree(&self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        let (tile, from, to) = Tile::holding(level, index, self.size);
        let hashes = self.source.tile(tile).map_err(TilesError::Read)?;
        if hashes.len() != usize::from(tile.width()) {
            return Err(TilesError::Width(tile));
        }
        hashes.get(from..to).and_then(complete).ok_or(TilesError::Width(tile))
    }
}
