//! Finds slots by a key that their entries hold, for some eight bytes each and one look into memory.
//!
//! Open addressing with linear probing: a place holds a byte of the key's hash and the slot, so that nearly every
//! slot looked at is the right one. A table is many small ones, so that none takes long to grow while calls wait.

use std::hash::{BuildHasher, Hash};

use rustc_hash::FxBuildHasher;

/// Slots by key. What a key is, and where its entry holds it, is said by whoever asks.
#[derive(Debug)]
pub(crate) struct Table {
    parts: Box<[Part]>,
}

const PARTS: usize = 256;

#[derive(Debug, Default)]
struct Part {
    places: Vec<Place>,
    /// Places that are not empty, those of removed slots too.
    taken: usize,
    removed: usize,
}

/// A tag, and a slot.
type Place = [u8; 5];

const EMPTY: Place = [0; 5];
/// Passed over, and used again when the part is built anew.
const REMOVED: Place = [1, 0, 0, 0, 0];
const TAG_MIN: u8 = 2;
const PLACES_MIN: usize = 8;

impl Default for Table {
    fn default() -> Self {
        Self { parts: (0..PARTS).map(|_| Part::default()).collect() }
    }
}

impl Table {
    pub(crate) fn find(&self, key: impl Hash, mut holds: impl FnMut(u32) -> bool) -> Option<u32> {
        let hash = Hashed::of(key);
        let part = self.parts.get(hash.part)?;
        part.probe(hash).find_map(|(_, slot)| slot.filter(|slot| holds(*slot)))
    }

    /// Adds a slot whose key is not there yet.
    pub(crate) fn insert<K: Hash>(&mut self, key: K, slot: u32, key_of: impl Fn(u32) -> Option<K>) {
        let hash = Hashed::of(key);
        let Some(part) = self.parts.get_mut(hash.part) else { return };
        // At most three quarters are taken, so that what is not there is soon found not to be.
        if (part.taken + 1) * 4 > part.places.len() * 3 {
            part.grow(key_of);
        }
        part.put(hash, slot);
    }

    pub(crate) fn remove(&mut self, key: impl Hash, slot: u32) {
        let hash = Hashed::of(key);
        let Some(part) = self.parts.get_mut(hash.part) else { return };
        let found = part.probe(hash).find(|(_, found)| *found == Some(slot)).map(|(at, _)| at);
        if let Some(place) = found.and_then(|at| part.places.get_mut(at)) {
            *place = REMOVED;
            part.removed += 1;
        }
    }
}

#[derive(Clone, Copy)]
struct Hashed {
    part: usize,
    /// Where in its part to begin, as a fraction of 2^32.
    begin: u32,
    tag: u8,
}

impl Hashed {
    fn of(key: impl Hash) -> Self {
        let [part, b3, b2, b1, b0, _, _, tag] = FxBuildHasher.hash_one(key).to_be_bytes();
        Self { part: usize::from(part), begin: u32::from_be_bytes([b3, b2, b1, b0]), tag: tag.max(TAG_MIN) }
    }
}

impl Part {
    /// The places from where the hash says to the first empty one, and the slots of those that carry its tag.
    fn probe(&self, hash: Hashed) -> impl Iterator<Item = (usize, Option<u32>)> {
        let (after, before) =
            self.places.split_at_checked(self.begin(hash)).map_or((&[][..], &[][..]), |(b, a)| (a, b));
        let numbered = (self.places.len() - after.len()..).zip(after).chain(before.iter().enumerate());
        numbered
            .take_while(|(_, place)| **place != EMPTY)
            .map(move |(at, [tag, slot @ ..])| (at, (*tag == hash.tag).then_some(u32::from_le_bytes(*slot))))
    }

    /// Scales the hash to the part's size, which need not be a power of two.
    fn begin(&self, hash: Hashed) -> usize {
        let places = u64::try_from(self.places.len()).unwrap_or(u64::MAX);
        usize::try_from((u64::from(hash.begin) * places) >> 32).unwrap_or_default()
    }

    fn put(&mut self, hash: Hashed, slot: u32) {
        let begin = self.begin(hash);
        let [b0, b1, b2, b3] = slot.to_le_bytes();
        let (before, after) = self.places.split_at_mut(begin);
        if let Some(place) = after.iter_mut().chain(before).find(|place| **place == EMPTY) {
            *place = [hash.tag, b0, b1, b2, b3];
            self.taken += 1;
        }
    }

    /// Builds the part anew, half as large again as what it holds asks for.
    fn grow<K: Hash>(&mut self, key_of: impl Fn(u32) -> Option<K>) {
        let kept = self.taken - self.removed;
        let places = (kept * 2).max(PLACES_MIN);
        let before = std::mem::replace(&mut self.places, vec![EMPTY; places]);
        (self.taken, self.removed) = (0, 0);
        for [tag, slot @ ..] in before {
            let slot = u32::from_le_bytes(slot);
            if tag >= TAG_MIN
                && let Some(key) = key_of(slot)
            {
                self.put(Hashed::of(key), slot);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::index::slots::{Slots, wide};

    #[test]
    fn every_slot_is_found_by_its_key_and_no_other() {
        let mut slots = Slots::default();
        let mut table = Table::default();
        for number in 0..50_000_u64 {
            let slot = slots.push(number * 7);
            table.insert(number * 7, slot, |slot| slots.get(slot).copied());
        }
        for key in 0..350_000_u64 {
            let found = table.find(key, |slot| slots.get(slot) == Some(&key));
            assert_eq!(found, (key % 7 == 0).then(|| u32::try_from(key / 7).unwrap()));
        }
        let places: usize = table.parts.iter().map(|part| part.places.len()).sum();
        assert!(places * size_of::<Place>() < 50_000 * 11, "{places}");
    }

    proptest! {
        #[test]
        fn a_table_knows_what_was_put_in_and_not_removed(
            steps in prop::collection::vec((any::<bool>(), 0_u64..40), 0..400),
        ) {
            let mut table = Table::default();
            let (mut keys, mut expected) = (vec![], BTreeMap::new());
            for (put, key) in steps {
                if put && !expected.contains_key(&key) {
                    let slot = u32::try_from(keys.len()).unwrap();
                    keys.push(key);
                    // All in one part, so that it is crowded and grows.
                    table.insert(Crowded(key), slot, |slot| keys.get(wide(slot)).copied().map(Crowded));
                    expected.insert(key, slot);
                } else if !put && let Some(slot) = expected.remove(&key) {
                    table.remove(Crowded(key), slot);
                }
                for key in 0..40 {
                    let found = table.find(Crowded(key), |slot| keys.get(wide(slot)) == Some(&key));
                    prop_assert_eq!(found, expected.get(&key).copied());
                }
            }
        }
    }

    /// A key of which there are four hashes.
    struct Crowded(u64);

    impl Hash for Crowded {
        fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
            (self.0 % 4).hash(state);
        }
    }
}
