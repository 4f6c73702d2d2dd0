//! The Merkle tree over the log's leaves. Source: RFC 6962 §2.1.

use sha2::{Digest, Sha256};

/// The hash of one leaf: SHA-256 over a zero byte and the audited bytes.
#[must_use]
pub fn leaf_hash(audited: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update([0x00]).chain_update(audited).finalize().into()
}

fn node_hash(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update([0x01]).chain_update(left).chain_update(right).finalize().into()
}

/// A tree that is only ever grown: the roots of its complete subtrees, the largest first. At most 64 hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    peaks: Vec<[u8; 32]>,
}

impl Tree {
    /// Appends the leaf with this hash.
    pub fn push(&mut self, leaf: [u8; 32]) {
        let mut node = leaf;
        // Each trailing one of the size is a complete subtree that the new node completes further.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size = self.size.saturating_add(1);
    }

    /// The number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root over all leaves; of no leaves, the hash of nothing.
    #[must_use]
    pub fn root(&self) -> [u8; 32] {
        let mut peaks = self.peaks.iter().rev().copied();
        match peaks.next() {
            None => Sha256::digest([]).into(),
            Some(smallest) => peaks.fold(smallest, |right, left| node_hash(&left, &right)),
        }
    }
}

#[cfg(test)]
mod tests {
    use ct_merkle::mem_backed_tree::MemoryBackedTree;

    use super::*;

    #[test]
    fn the_root_is_the_one_that_another_implementation_computes() {
        let mut ours = Tree::default();
        let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        for leaf in 0..200_u32 {
            assert_eq!(ours.root().as_slice(), theirs.root().as_bytes().as_slice(), "of {leaf} leaves");
            let bytes = leaf.to_be_bytes().repeat(usize::try_from(leaf % 5).unwrap());
            ours.push(leaf_hash(&bytes));
            theirs.push(bytes);
        }
        assert_eq!(ours.size(), 200);
    }
}
