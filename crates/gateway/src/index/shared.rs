//! Values that many keys and clients have in common, kept once.

use std::{hash::Hash, net::IpAddr, sync::Arc};

use domain::Environment;
use hashbrown::{HashMap, HashSet};
use ipnet::IpNet;
use rustc_hash::FxBuildHasher;

use super::slots::{EnvironmentSlot, Slots};

/// Keeps equal values once, and forgets those that nobody holds any more.
#[derive(Debug)]
pub(crate) struct Shared<T> {
    values: HashSet<Arc<T>, FxBuildHasher>,
    /// Looked through for unused values when it has grown to this.
    sweep_at: usize,
}

const SWEEP_AT_LEAST: usize = 1024;

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self { values: HashSet::default(), sweep_at: SWEEP_AT_LEAST }
    }
}

impl<T: Eq + Hash> Shared<T> {
    pub(crate) fn keep(&mut self, value: T) -> Arc<T> {
        if let Some(kept) = self.values.get(&value) {
            return Arc::clone(kept);
        }
        if self.values.len() >= self.sweep_at {
            self.values.retain(|value| Arc::strong_count(value) > 1);
            self.sweep_at = (self.values.len() * 2).max(SWEEP_AT_LEAST);
        }
        let kept = Arc::new(value);
        self.values.insert(Arc::clone(&kept));
        kept
    }
}

/// Where calls may come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct AddressRanges(Box<[IpNet]>);

impl AddressRanges {
    pub(crate) fn new(ranges: &[IpNet]) -> Self {
        Self(ranges.into())
    }

    pub(crate) fn as_slice(&self) -> &[IpNet] {
        &self.0
    }

    /// An IPv4 address in IPv6 clothing is the IPv4 address. Ranges within `::ffff:0:0/96` are left as they are
    /// written and compared with the mapped form too.
    pub(crate) fn contain(&self, address: IpAddr) -> bool {
        let plain = address.to_canonical();
        let mapped = match plain {
            IpAddr::V4(v4) => IpAddr::V6(v4.to_ipv6_mapped()),
            IpAddr::V6(_) => plain,
        };
        self.0.iter().any(|range| match range {
            IpNet::V4(_) => range.contains(&plain),
            // A range of IPv6 takes an IPv4 address only when it was written for mapped ones: `::/0` was not.
            IpNet::V6(v6) => range.contains(&mapped) && (plain.is_ipv6() || v6.prefix_len() >= 96),
        })
    }
}

/// Every environment that was ever named, by number.
#[derive(Debug, Default)]
pub(crate) struct Environments {
    names: Slots<Environment>,
    slots: HashMap<Environment, EnvironmentSlot, FxBuildHasher>,
}

impl Environments {
    pub(crate) fn find(&self, name: &Environment) -> Option<EnvironmentSlot> {
        self.slots.get(name).copied()
    }

    /// For those who only ask: an unknown one has a slot that no environment ever has.
    pub(crate) fn find_or_none_such(&self, name: &Environment) -> EnvironmentSlot {
        self.find(name).unwrap_or(EnvironmentSlot::NONE_SUCH)
    }

    pub(crate) fn slot_of(&mut self, name: &Environment) -> EnvironmentSlot {
        if let Some(slot) = self.find(name) {
            return slot;
        }
        let slot = EnvironmentSlot(self.names.push(name.clone()));
        self.slots.insert(name.clone(), slot);
        slot
    }

    pub(crate) fn name(&self, slot: EnvironmentSlot) -> Option<&Environment> {
        self.names.get(slot.0)
    }

    pub(crate) fn row(&self, number: u32) -> Option<Environment> {
        self.names.get(number).cloned()
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ranges: &[&str], address: &str, contained: bool) {
        let nets: Vec<IpNet> = ranges.iter().map(|text| text.parse().unwrap()).collect();
        let found = AddressRanges::new(&nets).contain(address.parse().unwrap());
        assert_eq!(found, contained, "{address} in {ranges:?}");
    }

    #[test]
    fn ranges_are_ranges_and_not_texts() {
        check(&["10.0.0.0/8"], "10.255.1.2", true);
        check(&["10.0.0.0/8"], "11.0.0.0", false);
        check(&["192.0.2.7/32"], "192.0.2.70", false);
        check(&["192.0.2.128/25"], "192.0.2.127", false);
        check(&["192.0.2.0/24", "2001:db8::/32"], "2001:db8:ffff::1", true);
        check(&["2001:db8::/32"], "2001:db9::", false);
        check(&["0.0.0.0/0"], "255.255.255.255", true);
        check(&["0.0.0.0/0"], "2001:db8::1", false);
        check(&["::/0"], "2001:db8::1", true);
        check(&["::/0"], "10.0.0.1", false);
    }

    #[test]
    fn a_mapped_address_is_the_ipv4_address() {
        check(&["10.0.0.0/8"], "::ffff:10.1.2.3", true);
        check(&["10.0.0.0/8"], "::ffff:11.1.2.3", false);
        check(&["::/0"], "::ffff:10.1.2.3", false);
        check(&["::ffff:10.0.0.0/104"], "10.1.2.3", true);
        check(&["::ffff:10.0.0.0/104"], "::ffff:11.1.2.3", false);
    }

    #[test]
    fn equal_values_are_kept_once_and_unused_ones_forgotten() {
        let mut shared = Shared::default();
        let one = shared.keep("one".to_owned());
        assert!(Arc::ptr_eq(&one, &shared.keep("one".to_owned())));
        for number in 0..10 * SWEEP_AT_LEAST {
            shared.keep(number.to_string());
        }
        assert!(shared.values.len() <= SWEEP_AT_LEAST);
        assert!(Arc::ptr_eq(&one, &shared.keep("one".to_owned())));
    }
}
