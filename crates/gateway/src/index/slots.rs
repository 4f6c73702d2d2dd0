//! Places in memory that are numbered and never given back, and tables that find them for five bytes each.

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use std::hash::{BuildHasher, Hash};

/// Entries by number. Grows by a chunk at a time: nothing is moved, and no more than a chunk is unused.
#[derive(Debug)]
pub(crate) struct Slots<T> {
    chunks: Vec<Vec<T>>,
    len: u32,
}

const CHUNK_BITS: u32 = 10;
const CHUNK: u32 = 1 << CHUNK_BITS;

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { chunks: vec![], len: 0 }
    }
}

impl<T> Slots<T> {
    pub(crate) fn get(&self, slot: u32) -> Option<&T> {
        self.chunks.get(wide(slot >> CHUNK_BITS))?.get(wide(slot % CHUNK))
    }

    pub(crate) fn get_mut(&mut self, slot: u32) -> Option<&mut T> {
        self.chunks.get_mut(wide(slot >> CHUNK_BITS))?.get_mut(wide(slot % CHUNK))
    }

    /// Answers with the new entry's number. Four billion entries do not fit into a machine's memory.
    pub(crate) fn push(&mut self, entry: T) -> u32 {
        let slot = self.len;
        if slot.is_multiple_of(CHUNK) {
            self.chunks.push(Vec::with_capacity(wide(CHUNK)));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(entry);
        }
        self.len = self.len.saturating_add(1);
        slot
    }

    pub(crate) fn len(&self) -> usize {
        wide(self.len)
    }
}

/// A `u32` as an index: never narrower on the machines we build for.
pub(crate) fn wide(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Finds slots by a key that their entries hold.
#[derive(Debug, Default)]
pub(crate) struct Table {
    slots: HashTable<u32>,
}

impl Table {
    pub(crate) fn find(&self, key: impl Hash, mut holds: impl FnMut(u32) -> bool) -> Option<u32> {
        self.slots.find(hash(key), |slot| holds(*slot)).copied()
    }

    /// Adds a slot whose key is not there yet.
    pub(crate) fn insert<K: Hash>(&mut self, key: K, slot: u32, key_of: impl Fn(u32) -> Option<K>) {
        self.slots.insert_unique(hash(key), slot, |slot| key_of(*slot).map_or(0, hash));
    }

    pub(crate) fn remove(&mut self, key: impl Hash, slot: u32) {
        if let Ok(entry) = self.slots.find_entry(hash(key), |found| *found == slot) {
            entry.remove();
        }
    }
}

fn hash(key: impl Hash) -> u64 {
    FxBuildHasher.hash_one(key)
}

/// Names the slots of one kind of entry; `or none` gives a value for where there is no such entry.
macro_rules! slot {
    ($(#[$meta:meta])* $name:ident or none) => {
        slot!($(#[$meta])* $name);

        impl $name {
            /// In place of a slot, where there is none.
            pub(crate) const NONE: Self = Self(u32::MAX);
        }
    };
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(pub(crate) u32);
    };
}

slot!(
    /// A client.
    ClientSlot or none
);
slot!(
    /// A key.
    KeySlot or none
);
slot!(
    /// A route.
    RouteSlot or none
);
slot!(
    /// An environment.
    EnvironmentSlot or none
);
slot!(
    /// A policy.
    PolicySlot
);
slot!(
    /// A named limit of a policy, over all the policy's revisions.
    LimitSlot
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stay_where_they_are() {
        let mut slots = Slots::default();
        let mut table = Table::default();
        for number in 0..5_000_u32 {
            let slot = slots.push(u64::from(number) * 7);
            table.insert(u64::from(number) * 7, slot, |slot| slots.get(slot).copied());
        }
        for number in 0..5_000_u64 {
            let found = table.find(number * 7, |slot| slots.get(slot) == Some(&(number * 7)));
            assert_eq!(found, u32::try_from(number).ok());
        }
        assert_eq!(table.find(1_u64, |slot| slots.get(slot) == Some(&1)), None);
        table.remove(7_u64, 1);
        assert_eq!(table.find(7_u64, |slot| slots.get(slot) == Some(&7)), None);
        assert_eq!(slots.len(), 5_000);
    }
}
