//! Roots and proofs against two others that share no line with ours: `ct-merkle`, and `tlog_tiles` after Go's `sumdb`.

use std::collections::HashMap;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::{prelude::any, prop_assert, prop_assert_eq, proptest};
use tlog_tiles::tlog;

use super::*;

const LEAVES: u64 = 140;

/// The same leaves in three trees.
struct Trees {
    ours: Vec<Tree>,
    nodes: HashMap<Node, Hash>,
    ct: Vec<MemoryBackedTree<Sha256, Vec<u8>>>,
    go: GoHashes,
}

struct GoHashes(Vec<tlog::Hash>);

impl tlog::HashReader for GoHashes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog::Hash>, tlog::Error> {
        Ok(indexes.iter().map(|at| self.0[usize::try_from(*at).unwrap()]).collect())
    }
}

fn bytes(leaf: u64) -> Vec<u8> {
    leaf.to_be_bytes().repeat(usize::try_from(leaf % 5).unwrap())
}

/// Of every size up to so many leaves.
fn grown(leaves: u64) -> Trees {
    let (mut tree, mut ct) = (Tree::default(), MemoryBackedTree::new());
    let mut trees =
        Trees { ours: vec![tree.clone()], nodes: HashMap::new(), ct: vec![ct.clone()], go: GoHashes(vec![]) };
    for leaf in 0..leaves {
        let hash = leaf_hash(&bytes(leaf));
        trees.nodes.insert(Node { height: 0, index: leaf }, hash);
        tree.push_noting(hash, |node, hash| assert_eq!(trees.nodes.insert(node, hash), None, "told once"));
        ct.push(bytes(leaf));
        let more = tlog::stored_hashes(leaf, &bytes(leaf), &trees.go).unwrap();
        trees.go.0.extend(more);
        trees.ours.push(tree.clone());
        trees.ct.push(ct.clone());
    }
    trees
}

impl Trees {
    fn hash(&self, part: Part) -> Hash {
        join(&part.nodes().iter().map(|node| self.nodes[node]).collect::<Vec<_>>())
    }

    fn hashes(&self, parts: &[Part]) -> Vec<Hash> {
        parts.iter().map(|part| self.hash(*part)).collect()
    }
}

fn at(number: u64) -> usize {
    usize::try_from(number).unwrap()
}

fn of_go(hashes: Vec<tlog::Hash>) -> Vec<Hash> {
    hashes.into_iter().map(|hash| hash.0).collect()
}

#[test]
fn roots_are_those_that_others_compute() {
    let trees = grown(LEAVES);
    for size in 0..=LEAVES {
        let root = trees.ours[at(size)].root();
        assert_eq!(root.as_slice(), trees.ct[at(size)].root().as_bytes().as_slice(), "of {size} leaves");
        assert_eq!(root, tlog::tree_hash(size, &trees.go).unwrap().0, "of {size} leaves");
        assert_eq!(root, trees.hash(Part::whole(size)), "of {size} leaves");
        let peaks = trees.ours[at(size)].peaks().to_vec();
        assert_eq!(Tree::of_peaks(size, peaks), Some(trees.ours[at(size)].clone()));
    }
    assert_eq!(Tree::of_peaks(3, vec![[0; 32]]), None);
}

#[test]
fn proofs_of_inclusion_are_those_that_others_make() {
    let trees = grown(LEAVES);
    for size in 1..=LEAVES {
        let root = trees.ours[at(size)].root();
        for leaf in 0..size {
            let proof = trees.hashes(&inclusion_parts(leaf, size));
            let theirs = trees.ct[at(size)].prove_inclusion(at(leaf));
            assert_eq!(proof.concat(), theirs.as_bytes(), "leaf {leaf} of {size}");
            assert_eq!(proof, of_go(tlog::prove_record(size, leaf, &trees.go).unwrap()));
            let hash = leaf_hash(&bytes(leaf));
            assert_eq!(root_of_inclusion(&hash, leaf, size, &proof), Some(root), "leaf {leaf} of {size}");
        }
        assert_eq!(inclusion_parts(size, size), []);
        assert_eq!(root_of_inclusion(&root, size, size, &[]), None);
    }
}

#[test]
fn proofs_of_consistency_are_those_that_others_make() {
    let trees = grown(LEAVES);
    for new in 1..=LEAVES {
        for old in 1..=new {
            let proof = trees.hashes(&consistency_parts(old, new));
            let (old_root, new_root) = (trees.ours[at(old)].root(), trees.ours[at(new)].root());
            if old < new {
                let theirs = trees.ct[at(new)].prove_consistency(at(new - old));
                assert_eq!(proof.concat(), theirs.as_bytes(), "{old} in {new}");
            }
            assert_eq!(proof, of_go(tlog::prove_tree(new, old, &trees.go).unwrap()));
            assert!(is_consistent((old, &old_root), (new, &new_root), &proof), "{old} in {new}");
        }
        assert!(is_consistent((0, &trees.ours[0].root()), (new, &trees.ours[at(new)].root()), &[]));
    }
}

proptest! {
    #[test]
    fn a_wrong_proof_proves_nothing(size in 2..LEAVES, leaf in any::<u64>(), old in any::<u64>(), which in any::<usize>(), bit in 0..256_usize) {
        let trees = grown(size);
        let (leaf, old, root) = (leaf % size, 1 + old % (size - 1), trees.ours[at(size)].root());
        let flipped = |hashes: &[Hash]| {
            let mut hashes = hashes.to_vec();
            let many = hashes.len();
            if many > 0 {
                hashes[which % many][bit / 8] ^= 1 << (bit % 8);
            }
            (many > 0).then_some(hashes)
        };
        let shorter = |hashes: &[Hash]| hashes.split_last().map(|(_, rest)| rest.to_vec());
        let longer = |hashes: &[Hash]| Some([hashes, &[root]].concat());

        let hash = leaf_hash(&bytes(leaf));
        let proof = trees.hashes(&inclusion_parts(leaf, size));
        for wrong in [flipped(&proof), shorter(&proof), longer(&proof)].into_iter().flatten() {
            prop_assert!(root_of_inclusion(&hash, leaf, size, &wrong) != Some(root));
        }
        prop_assert!(root_of_inclusion(&hash, (leaf + 1) % size, size, &proof) != Some(root));
        prop_assert!(root_of_inclusion(&leaf_hash(b"another"), leaf, size, &proof) != Some(root));

        let old_root = trees.ours[at(old)].root();
        let proof = trees.hashes(&consistency_parts(old, size));
        prop_assert!(is_consistent((old, &old_root), (size, &root), &proof));
        for wrong in [flipped(&proof), shorter(&proof), longer(&proof)].into_iter().flatten() {
            prop_assert!(!is_consistent((old, &old_root), (size, &root), &wrong));
        }
        prop_assert!(!is_consistent((old, &leaf_hash(b"another")), (size, &root), &proof));
        prop_assert!(!is_consistent((old, &old_root), (size, &old_root), &proof));
        prop_assert!(!is_consistent((size, &root), (old, &old_root), &proof), "a log does not shrink");
    }

    #[test]
    fn a_run_is_covered_once(from_blocks in 0..64_u64, height in 0..8_u32, leaves in 1..300_u64) {
        // Runs that stand in proofs begin where a subtree of their own size could.
        let from = from_blocks << (height + 9);
        let part = Part { from, until: from + leaves };
        let mut next = from;
        for node in part.nodes() {
            prop_assert_eq!(node.index << node.height, next);
            next += 1 << node.height;
        }
        prop_assert_eq!(next, part.until);
    }
}
