//! Documents of a ledger.

use ledger::{Checkpoint, Hash, MemoryTree, OfflineProof, Tile, encode_bundle, inclusion_proof, leaf_hash};

use super::{
    Seeds, named,
    world::{World, log_signer, terms, witness},
};

pub(crate) fn ledgers() -> Seeds {
    let leaves: [&[u8]; 3] = [b"a leaf", b"another", b""];
    let tree: MemoryTree = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    let origin = "ledger.school.example".parse().unwrap();
    let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() };
    let signed = checkpoint.sign(&log_signer()).unwrap();
    let hashes = inclusion_proof(&tree, 0, tree.size()).unwrap();
    let proof = OfflineProof { extra: Some(b"photo".to_vec()), index: 0, hashes, checkpoint: signed.clone() };
    vec![
        named("checkpoint", checkpoint.to_string()),
        named("signed-checkpoint", signed.to_string()),
        named("witnessed-checkpoint", World::new().checkpoint(&[11, 12]).to_string()),
        named("proof", proof.to_string()),
        named("bundle", encode_bundle(leaves).unwrap()),
        named("tile", Tile::encode(&[Hash::of(b"1"), Hash::of(b"2")])),
        named("tile-path", "tile/0/x001/x234/067.p/8"),
        named("entry-path", "tile/entries/x001/067"),
        named("key", witness(11).verifier_key().to_string()),
        named("policy", terms().ledger),
        named("groups", format!("{}group any 1 both\n", terms().ledger)),
    ]
}
