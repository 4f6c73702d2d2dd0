//! What a leaked secret still opens: little, and only from where it was used before.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicI64, Ordering},
};

use domain::api_key::Quarantined;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::index::shared::AddressRanges;

const MINUTE_US: i64 = 60_000_000;

/// A key under quarantine.
#[derive(Debug)]
pub(crate) struct Quarantine {
    /// Versions up to it have leaked, or may as well have.
    secret_version: u32,
    known: AddressRanges,
    calls_per_minute: u32,
    /// When the minute's calls will all be there again, in Unix microseconds: a bucket as GCRA keeps it.
    full_at: AtomicI64,
}

/// A quarantine as a snapshot has it. What was taken meanwhile is forgotten.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct QuarantineRow(u32, u32, Vec<IpNet>);

impl Quarantine {
    pub(crate) fn new(quarantined: &Quarantined, known: AddressRanges) -> Self {
        let Quarantined { leak_id: _, secret_version, known_addresses: _, calls_per_minute } = quarantined;
        Self::of(*secret_version, *calls_per_minute, known)
    }

    fn of(secret_version: u32, calls_per_minute: u32, known: AddressRanges) -> Self {
        Self { secret_version, known, calls_per_minute, full_at: AtomicI64::new(i64::MIN) }
    }

    pub(crate) fn covers(&self, version: u32) -> bool {
        version <= self.secret_version
    }

    /// An address that is not known is none of those.
    pub(crate) fn admits(&self, address: Option<IpAddr>) -> bool {
        address.is_some_and(|address| self.known.contain(address))
    }

    /// Takes one call.
    ///
    /// # Errors
    /// How many seconds to wait, at least 1.
    pub(crate) fn take(&self, now_us: i64) -> Result<(), u64> {
        let taken = self.full_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
            self.after_one(full_at, now_us).ok()
        });
        // Refused by what it was refused by, not by what it is since.
        taken.map(drop).or_else(|full_at| self.after_one(full_at, now_us).map(drop))
    }

    /// The same without taking it.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub(crate) fn look(&self, now_us: i64) -> Result<(), u64> {
        self.after_one(self.full_at.load(Ordering::Relaxed), now_us).map(drop)
    }

    /// When all will be there again after one more call, or how many seconds it has to wait.
    fn after_one(&self, full_at: i64, now_us: i64) -> Result<i64, u64> {
        let after = full_at.max(now_us).saturating_add(self.price());
        let wait_us = after.saturating_sub(now_us).saturating_sub(MINUTE_US);
        if wait_us <= 0 {
            return Ok(after);
        }
        Err(u64::try_from(wait_us).unwrap_or(u64::MAX).div_ceil(1_000_000))
    }

    /// Gives one call back, which was refused by something else.
    pub(crate) fn give_back(&self) {
        self.full_at.fetch_sub(self.price(), Ordering::Relaxed);
    }

    /// None a minute: nothing is ever enough.
    fn price(&self) -> i64 {
        MINUTE_US.checked_div(i64::from(self.calls_per_minute)).unwrap_or(MINUTE_US * 2)
    }

    pub(super) fn row(&self) -> QuarantineRow {
        QuarantineRow(self.secret_version, self.calls_per_minute, self.known.as_slice().to_vec())
    }
}

impl QuarantineRow {
    pub(super) fn quarantine(&self) -> Quarantine {
        let Self(secret_version, calls_per_minute, known) = self;
        Quarantine::of(*secret_version, *calls_per_minute, AddressRanges::new(known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quarantine(calls_per_minute: u32) -> Quarantine {
        Quarantine::of(2, calls_per_minute, AddressRanges::new(&["192.0.2.7/32".parse().unwrap()]))
    }

    #[test]
    fn a_minute_has_so_many_calls_and_they_flow_back_evenly() {
        let (held, second) = (quarantine(6), 1_000_000);
        for _ in 0..6 {
            assert_eq!(held.take(0), Ok(()));
        }
        assert_eq!(held.take(0), Err(10));
        assert_eq!(held.take(9 * second), Err(1));
        assert_eq!(held.take(10 * second), Ok(()));
        assert_eq!(held.take(10 * second), Err(10));
        held.give_back();
        assert_eq!(held.take(10 * second), Ok(()));
        assert!((0..6).all(|_| held.take(1_000 * second).is_ok()), "a pause saves up one minute");
        assert!(held.take(1_000 * second).is_err(), "and no more");
    }

    #[test]
    fn none_a_minute_is_none() {
        assert!(quarantine(0).take(0).is_err());
    }

    #[test]
    fn only_known_addresses_and_leaked_versions_are_meant() {
        let held = quarantine(6);
        for (address, admitted) in [("192.0.2.7", true), ("::ffff:192.0.2.7", true), ("192.0.2.8", false)] {
            assert_eq!(held.admits(Some(address.parse().unwrap())), admitted, "{address}");
        }
        assert!(!held.admits(None));
        assert!(held.covers(1) && held.covers(2) && !held.covers(3));
    }
}
