//! The tree compared with the recursive definitions of RFC 6962 §2.1, which are obviously right, and with known answers.

#![expect(clippy::unwrap_used, reason = "what surprises a test's helper stops the test")]

use std::collections::BTreeMap;

use ledger::{
    Hash, HashSource, MemoryTree, ProofError, Tile, TileSource, Tiles, consistency_proof, inclusion_proof,
    leaf_hash, new_tiles, node_hash, root, verify_consistency, verify_inclusion,
};
use proptest::prelude::*;

/// MTH(D[n]) of RFC 6962 §2.1, word for word.
fn model_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::empty(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&model_root(left), &model_root(right))
        }
    }
}

fn split(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

/// PATH(m, D[n]) of RFC 6962 §2.1.1, word for word.
fn model_path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut path, other) = if m < left.len() {
        (model_path(m, left), model_root(right))
    } else {
        (model_path(m - left.len(), right), model_root(left))
    };
    path.push(other);
    path
}

/// SUBPROOF(m, D[n], b) of RFC 6962 §2.1.2, word for word.
fn model_subproof(m: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if whole { Vec::new() } else { vec![model_root(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut proof, other) = if m <= left.len() {
        (model_subproof(m, left, whole), model_root(right))
    } else {
        (model_subproof(m - left.len(), right, false), model_root(left))
    };
    proof.push(other);
    proof
}

fn leaves(count: usize) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
}

/// The eight leaves that RFC 6962 implementations test with.
fn known_leaves() -> Vec<Hash> {
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
        .iter()
        .map(|text| leaf_hash(&hex::decode(text).unwrap()))
        .collect()
}

// Computed by a separate program straight from the RFC's definitions.
const KNOWN_ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn beginnings(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| hash.to_string()[..16].to_owned()).collect()
}

#[test]
fn roots_and_proofs_are_the_known_ones() {
    let tree: MemoryTree = known_leaves().into_iter().collect();
    for (size, known) in (1..).zip(KNOWN_ROOTS) {
        assert_eq!(root(&tree, size).unwrap().to_string(), known);
    }
    assert_eq!(
        beginnings(&inclusion_proof(&tree, 5, 7).unwrap()),
        ["bc1a0643b12e4d2d", "b08693ec2e721597", "d37ee418976dd957"]
    );
    assert_eq!(
        beginnings(&consistency_proof(&tree, 3, 7).unwrap()),
        ["0298d122906dcfc1", "07506a85fd9dd2f1", "fac54203e7cc696c", "837dbb152e9b0790"]
    );
    assert_eq!(
        beginnings(&consistency_proof(&tree, 6, 8).unwrap()),
        ["0ebc5d3437fbe2db", "ca854ea128ed050b", "d37ee418976dd957"]
    );
    assert_eq!(Hash::empty().to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

#[test]
fn every_small_tree_agrees_with_the_model_and_every_proof_verifies() {
    for size in 1..=40_usize {
        let leaves = leaves(size);
        let tree: MemoryTree = leaves.iter().copied().collect();
        let (n, top) = (size as u64, model_root(&leaves));
        assert_eq!(root(&tree, n).unwrap(), top);
        for (m, leaf) in leaves.iter().enumerate() {
            let proof = inclusion_proof(&tree, m as u64, n).unwrap();
            assert_eq!(proof, model_path(m, &leaves), "path {m} of {size}");
            verify_inclusion(leaf, m as u64, n, &proof, &top).unwrap();
        }
        for m in 1..=size {
            let proof = consistency_proof(&tree, m as u64, n).unwrap();
            assert_eq!(proof, model_subproof(m, &leaves, true), "proof {m} of {size}");
            verify_consistency(m as u64, n, &model_root(&leaves[..m]), &top, &proof).unwrap();
        }
    }
}

/// Tiles kept in a map, written as a log would write them.
#[derive(Default)]
struct Shelf(BTreeMap<Tile, Vec<Hash>>);

impl Shelf {
    fn grow(&mut self, tree: &MemoryTree, old: u64, new: u64) {
        for tile in new_tiles(old, new) {
            let first = tile.index() * 256;
            let hashes = (first..first + u64::from(tile.width()))
                .map(|n| tree.subtree(tile.level() * 8, n).unwrap())
                .collect();
            self.0.insert(tile, hashes);
        }
    }
}

impl TileSource for Shelf {
    type Error = String;

    fn tile(&self, tile: Tile) -> Result<Vec<Hash>, String> {
        self.0.get(&tile).cloned().ok_or_else(|| format!("no {tile}"))
    }
}

#[test]
fn a_tree_of_tiles_is_the_same_tree() {
    let all = leaves(70_000);
    let tree: MemoryTree = all.iter().copied().collect();
    let (mut shelf, mut old) = (Shelf::default(), 0);
    for size in [1, 2, 255, 256, 257, 511, 512, 3_000, 65_536, 65_537, 70_000_u64] {
        shelf.grow(&tree, old, size);
        let tiles = Tiles::new(&shelf, size);
        let top = root(&tree, size).unwrap();
        assert_eq!(root(&tiles, size).unwrap(), top, "{size}");
        for index in [0, size / 3, size - 1] {
            let proof = inclusion_proof(&tiles, index, size).unwrap();
            verify_inclusion(&all[usize::try_from(index).unwrap()], index, size, &proof, &top).unwrap();
        }
        if old > 0 {
            let proof = consistency_proof(&tiles, old, size).unwrap();
            verify_consistency(old, size, &root(&tree, old).unwrap(), &top, &proof).unwrap();
        }
        old = size;
    }
}

proptest! {
    /// A proof shows one thing only: with anything changed it shows nothing.
    #[test]
    fn a_changed_inclusion_proof_proves_nothing(size in 1_u64..200, pick: u64, what in 0_u8..6, at: prop::sample::Index) {
        let leaves = leaves(200);
        let tree: MemoryTree = leaves.iter().copied().collect();
        let index = pick % size;
        let leaf = leaves[usize::try_from(index).unwrap()];
        let top = root(&tree, size).unwrap();
        let mut proof = inclusion_proof(&tree, index, size).unwrap();
        let other = leaf_hash(b"other");
        let result = match what {
            0 => verify_inclusion(&other, index, size, &proof, &top),
            1 => verify_inclusion(&leaf, index, size, &proof, &other),
            2 => { proof.push(other); verify_inclusion(&leaf, index, size, &proof, &top) }
            3 if !proof.is_empty() => { proof.pop(); verify_inclusion(&leaf, index, size, &proof, &top) }
            4 if !proof.is_empty() => {
                let at = at.index(proof.len());
                proof[at] = other;
                verify_inclusion(&leaf, index, size, &proof, &top)
            }
            _ => verify_inclusion(&leaf, size, size, &proof, &top),
        };
        prop_assert!(result.is_err());
    }

    #[test]
    fn a_changed_consistency_proof_proves_nothing(new in 2_u64..200, pick: u64, what in 0_u8..5, at: prop::sample::Index) {
        let tree: MemoryTree = leaves(200).into_iter().collect();
        let old = 1 + pick % (new - 1);
        let (before, after) = (root(&tree, old).unwrap(), root(&tree, new).unwrap());
        let mut proof = consistency_proof(&tree, old, new).unwrap();
        let other = leaf_hash(b"other");
        let result = match what {
            0 => verify_consistency(old, new, &other, &after, &proof),
            1 => verify_consistency(old, new, &before, &other, &proof),
            2 => { proof.push(other); verify_consistency(old, new, &before, &after, &proof) }
            3 => { proof.pop(); verify_consistency(old, new, &before, &after, &proof) }
            _ => {
                let at = at.index(proof.len());
                proof[at] = other;
                verify_consistency(old, new, &before, &after, &proof)
            }
        };
        prop_assert!(result.is_err());
    }
}

#[test]
fn nothing_is_before_everything() {
    let tree: MemoryTree = leaves(5).into_iter().collect();
    verify_consistency(0, 5, &Hash::empty(), &tree.root(), &[]).unwrap();
    assert_eq!(verify_consistency(0, 5, &tree.root(), &tree.root(), &[]), Err(ProofError::Root));
    assert_eq!(verify_consistency(6, 5, &tree.root(), &tree.root(), &[]), Err(ProofError::Outside));
    assert!(inclusion_proof(&tree, 5, 5).is_err() && consistency_proof(&tree, 6, 5).is_err());
}
