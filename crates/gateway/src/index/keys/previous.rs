//! Secrets that were rotated away and may be called with until their end; of each key the last one.

use domain::secret::ForeignDigest;

use super::secret::Secret;
use crate::index::{
    slots::{KeySlot, Slots},
    table::Table,
};

/// The secret before the current one. Those before it are forgotten: they are unknown.
#[derive(Debug)]
pub(super) struct Previous {
    pub(super) secret: Secret,
    pub(super) until: i64,
    pub(super) key: KeySlot,
}

#[derive(Debug, Default)]
pub(super) struct PreviousSecrets {
    all: Slots<Previous>,
    by_key: Table,
    by_locator: Table,
    by_foreign: Table,
}

impl PreviousSecrets {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn get(&self, number: u32) -> Option<&Previous> {
        self.all.get(number)
    }

    pub(super) fn find(&self, locator: u64) -> Option<&Previous> {
        let holds = |slot| self.get(slot).is_some_and(|previous| previous.secret.locator == locator);
        self.get(self.by_locator.find(locator, holds)?)
    }

    pub(super) fn find_foreign(&self, digest: &ForeignDigest) -> Option<&Previous> {
        let holds = |slot| self.get(slot).is_some_and(|previous| previous.secret.proves(digest));
        self.get(self.by_foreign.find(*digest.as_bytes(), holds)?)
    }

    pub(super) fn of(&self, key: KeySlot) -> Option<&Previous> {
        self.get(self.slot(key)?)
    }

    /// Gives the one of a key another end.
    pub(super) fn stop(&mut self, key: KeySlot, until: i64) {
        if let Some(previous) = self.slot(key).and_then(|slot| self.all.get_mut(slot)) {
            previous.until = until;
        }
    }

    /// Keeps the version before the current one, in the place of the one before it.
    pub(super) fn keep(&mut self, retired: Previous) {
        let (secret, key) = (retired.secret, retired.key);
        let slot = match self.slot(key) {
            Some(slot) => {
                self.replace(slot, retired);
                slot
            }
            None => {
                let slot = self.all.push(retired);
                let all = &self.all;
                self.by_key.insert(key, slot, |slot| all.get(slot).map(|previous| previous.key));
                slot
            }
        };
        let all = &self.all;
        if secret.is_foreign() {
            let digest_of = |slot| all.get(slot).map(|previous| previous.secret.hmac);
            self.by_foreign.insert(secret.hmac, slot, digest_of);
        } else {
            let locator_of = |slot| all.get(slot).map(|previous| previous.secret.locator);
            self.by_locator.insert(secret.locator, slot, locator_of);
        }
    }

    fn replace(&mut self, slot: u32, retired: Previous) {
        let Some(previous) = self.all.get_mut(slot) else { return };
        let forgotten = std::mem::replace(previous, retired).secret;
        if forgotten.is_foreign() {
            self.by_foreign.remove(forgotten.hmac, slot);
        } else {
            self.by_locator.remove(forgotten.locator, slot);
        }
    }

    fn slot(&self, key: KeySlot) -> Option<u32> {
        self.by_key.find(key, |slot| self.get(slot).is_some_and(|previous| previous.key == key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_was_rotated_away_is_small() {
        assert!(size_of::<Previous>() <= 64);
    }
}
