//! Which subtrees a proof consists of, and what a proof proves. Source: RFC 6962 §2.1.1–2.1.2; checking: RFC 9162
//! §2.1.3.2 and §2.1.4.2.

use super::{Hash, node_hash};

/// A complete subtree: over the `2^height` leaves from `index · 2^height`, counted from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// 0: a leaf.
    pub height: u32,
    pub index: u64,
}

impl Node {
    /// The subtree that this one is half of.
    #[must_use]
    pub fn parent(self) -> Self {
        Self { height: self.height.saturating_add(1), index: self.index >> 1 }
    }
}

/// A run of leaves whose hash stands in a proof: from the first, counted from zero, up to but without the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub from: u64,
    pub until: u64,
}

impl Part {
    /// All leaves of a tree.
    #[must_use]
    pub fn whole(size: u64) -> Self {
        Self { from: 0, until: size }
    }

    /// The complete subtrees that it consists of, the largest first; [`super::join`] makes its hash of theirs.
    #[must_use]
    pub fn nodes(self) -> Vec<Node> {
        let (mut from, mut nodes) = (self.from, vec![]);
        while from < self.until {
            let height = from.trailing_zeros().min((self.until - from).ilog2());
            nodes.push(Node { height, index: from.unbounded_shr(height) });
            from = from.saturating_add(1_u64.unbounded_shl(height));
        }
        nodes
    }
}

/// Of the leaves of a run, those in the larger half: the largest power of two that is smaller than their number.
fn split(leaves: u64) -> u64 {
    1 << leaves.saturating_sub(1).checked_ilog2().unwrap_or_default()
}

/// What proves that a leaf, counted from zero, is in a tree of so many: from the leaf's side upwards. Empty where the
/// tree has no such leaf.
#[must_use]
pub fn inclusion_parts(leaf: u64, size: u64) -> Vec<Part> {
    let (mut from, mut until, mut parts) = (0, size, vec![]);
    while leaf < size && until - from > 1 {
        let middle = from + split(until - from);
        if leaf < middle {
            parts.push(Part { from: middle, until });
            until = middle;
        } else {
            parts.push(Part { from, until: middle });
            from = middle;
        }
    }
    parts.reverse();
    parts
}

/// What proves that a tree of `new` leaves begins with those of a tree of `old`, which is no larger.
#[must_use]
pub fn consistency_parts(old: u64, new: u64) -> Vec<Part> {
    let (mut from, mut until, mut parts) = (0, new, vec![]);
    if old == 0 || old >= new {
        return parts;
    }
    while until != old {
        let middle = from + split(until - from);
        if old <= middle {
            parts.push(Part { from: middle, until });
            until = middle;
        } else {
            parts.push(Part { from, until: middle });
            from = middle;
        }
    }
    // Who checks has the old root: it need not be told where it is a subtree by itself.
    if from > 0 {
        parts.push(Part { from, until });
    }
    parts.reverse();
    parts
}

/// The root of the tree that has this leaf, counted from zero, if the proof is one; to be compared with the root that
/// is known.
#[must_use]
pub fn root_of_inclusion(hash: &Hash, leaf: u64, size: u64, proof: &[Hash]) -> Option<Hash> {
    let mut last = size.checked_sub(1).filter(|last| leaf <= *last)?;
    let (mut at, mut root) = (leaf, *hash);
    for sibling in proof {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            root = node_hash(sibling, &root);
            (at, last) = past_edge(at, last);
        } else {
            root = node_hash(&root, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    (last == 0).then_some(root)
}

/// Whether the tree with the root `new` begins with all leaves of the one with the root `old`.
#[must_use]
pub fn is_consistent(old: (u64, &Hash), new: (u64, &Hash), proof: &[Hash]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size == 0 || old_size == new_size {
        return proof.is_empty() && (old_size == 0 || old_root == new_root);
    }
    let mut rest = proof.iter();
    let first = if old_size.is_power_of_two() { Some(old_root) } else { rest.next() };
    let Some(first) = first.filter(|_| old_size < new_size) else { return false };
    let (mut at, mut last) = (old_size - 1, new_size - 1);
    let shift = at.trailing_ones();
    (at, last) = (at.unbounded_shr(shift), last.unbounded_shr(shift));
    let (mut of_old, mut of_new) = (*first, *first);
    for hash in rest {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            of_old = node_hash(hash, &of_old);
            of_new = node_hash(hash, &of_new);
            (at, last) = past_edge(at, last);
        } else {
            of_new = node_hash(&of_new, hash);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && of_old == *old_root && of_new == *new_root
}

/// Up the right edge of the tree as far as there is nothing beside it.
fn past_edge(at: u64, last: u64) -> (u64, u64) {
    if at & 1 == 1 || at == 0 {
        return (at, last);
    }
    let shift = at.trailing_zeros();
    (at >> shift, last >> shift)
}
