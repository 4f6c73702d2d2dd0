//! The Merkle tree over the log's leaves. Source: RFC 6962 §2.1.

mod proof;
#[cfg(test)]
mod tests;

pub use proof::{Node, Part, consistency_parts, inclusion_parts, is_consistent, root_of_inclusion};

use sha2::{Digest, Sha256};

/// The hash of a leaf or a subtree: SHA-256.
pub type Hash = [u8; 32];

/// The hash of one leaf: SHA-256 over a zero byte and the audited bytes.
#[must_use]
pub fn leaf_hash(audited: &[u8]) -> Hash {
    Sha256::new().chain_update([0x00]).chain_update(audited).finalize().into()
}

/// The hash over two subtrees: SHA-256 over a one byte and both.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([0x01]).chain_update(left).chain_update(right).finalize().into()
}

/// The hash over complete subtrees that lie side by side, the largest first; of none, the hash of nothing.
#[must_use]
pub fn join(largest_first: &[Hash]) -> Hash {
    let mut peaks = largest_first.iter().rev().copied();
    match peaks.next() {
        None => Sha256::digest([]).into(),
        Some(smallest) => peaks.fold(smallest, |right, left| node_hash(&left, &right)),
    }
}

/// A tree that is only ever grown: the roots of its complete subtrees, the largest first. At most 64 hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    peaks: Vec<Hash>,
}

impl Tree {
    /// A tree of which only its complete subtrees are known, the largest first; none where so many leaves have another
    /// number of them.
    #[must_use]
    pub fn of_peaks(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        let fits = u32::try_from(peaks.len()).is_ok_and(|many| many == size.count_ones());
        fits.then_some(Self { size, peaks })
    }

    /// Appends the leaf with this hash.
    pub fn push(&mut self, leaf: Hash) {
        self.push_noting(leaf, |_, _| ());
    }

    /// The same, and tells each subtree that the leaf completes, the smallest first; not the leaf itself.
    pub fn push_noting(&mut self, leaf: Hash, mut note: impl FnMut(Node, Hash)) {
        let mut hash = leaf;
        let mut node = Node { height: 0, index: self.size };
        // Each trailing one of the size is a complete subtree that the new node completes further.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
                node = node.parent();
                note(node, hash);
            }
        }
        self.peaks.push(hash);
        self.size = self.size.saturating_add(1);
    }

    /// The number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Its complete subtrees, the largest first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// The root over all leaves; of no leaves, the hash of nothing.
    #[must_use]
    pub fn root(&self) -> Hash {
        join(&self.peaks)
    }
}
