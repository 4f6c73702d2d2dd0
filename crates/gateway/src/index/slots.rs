//! Places in memory that are numbered and never given back.

/// Entries by number. Grows by a chunk at a time: nothing is moved, and no more than a chunk is unused.
#[derive(Debug)]
pub(crate) struct Slots<T> {
    chunks: Vec<Vec<T>>,
    len: u32,
}

/// What a chunk has not used yet takes no memory either: nothing was ever written to it.
const CHUNK_BITS: u32 = 14;
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
impl EnvironmentSlot {
    /// In place of one that is not known. Not [`Self::NONE`], which binds all.
    pub(crate) const NONE_SUCH: Self = Self(u32::MAX - 1);
}

slot!(
    /// A policy.
    PolicySlot
);
slot!(
    /// A named limit of a policy, over all the policy's revisions.
    LimitSlot or none
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stay_where_they_are() {
        let mut slots = Slots::default();
        for number in 0..50_000_u32 {
            assert_eq!(slots.push(number * 7), number);
        }
        assert!((0..50_000).all(|number| slots.get(number) == Some(&(number * 7))));
        assert_eq!((slots.len(), slots.get(50_000)), (50_000, None));
    }
}
