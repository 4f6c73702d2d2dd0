//! How often one may fail to prove who one is, before nobody listens for a while.
//!
//! A bucket for each address and for each principal. What is remembered is bounded, and filling the memory does not
//! make it forget: a bucket is dropped only when it is full again, which is when nothing was to be remembered.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use domain::Timestamp;
use parking_lot::Mutex;

use crate::keys::since;

/// What neighbours share once the memory is full.
const SHARED_SLOTS: usize = 4_096;
/// A network of IPv6 has 65,536 of the prefixes that are counted each; it may fail so many times as often as one of them.
const SITE_FACTOR: u32 = 8;
/// Looking through the whole memory is not done for each failure.
const SWEPT_EVERY: Duration = Duration::from_secs(1);

/// How often one may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetSettings {
    /// Failures at once.
    pub failures: u32,
    /// And one more after each of these.
    pub refill: Duration,
    /// How many addresses and principals are remembered, each.
    pub remembered_max: usize,
}

impl Default for BudgetSettings {
    /// 20 failures, one more every ten seconds, 65,536 remembered.
    fn default() -> Self {
        Self { failures: 20, refill: Duration::from_secs(10), remembered_max: 65_536 }
    }
}

/// Nobody listens for so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Whole seconds, at least 1.
    pub retry_after_s: u64,
}

/// The buckets of one kind of key.
#[derive(Debug)]
struct Budget<K> {
    settings: BudgetSettings,
    state: Mutex<State<K>>,
}

#[derive(Debug)]
struct State<K> {
    /// When each bucket is full again.
    full_at: HashMap<K, Timestamp>,
    shared: Vec<Timestamp>,
    /// When those that are full again were last dropped.
    swept_at: Timestamp,
    hasher: RandomState,
}

/// What one key counts in, and how much more than a single one it may.
trait Counted: Copy + Eq + std::hash::Hash {
    /// What it shares with its neighbours when it cannot be remembered by itself.
    fn neighbourhood(&self) -> Self;
    fn factor(&self) -> u32;
}

impl<K: Counted> Budget<K> {
    fn new(settings: BudgetSettings) -> Self {
        let state = State {
            full_at: HashMap::new(),
            shared: vec![Timestamp::UNIX_EPOCH; SHARED_SLOTS],
            swept_at: Timestamp::UNIX_EPOCH,
            hasher: RandomState::new(),
        };
        Self { settings, state: Mutex::new(state) }
    }

    fn check(&self, key: K, now: Timestamp) -> Result<(), Spent> {
        let room = now.checked_add(self.capacity(key)).unwrap_or(Timestamp::MAX);
        let mut state = self.state.lock();
        let remembered = state.full_at.len();
        let full_at = match state.full_at.get_mut(&key) {
            Some(full_at) => full_at,
            None if remembered >= self.settings.remembered_max => {
                let slot = state.slot(key);
                let Some(shared) = state.shared.get_mut(slot) else { return Ok(()) };
                shared
            }
            None => return Ok(()),
        };
        // A bucket cannot lack more than it holds: later than that is what a clock has said that was put back since.
        *full_at = (*full_at).min(room);
        let full_at = *full_at;
        // One more failure has to fit.
        let after = full_at.max(now).checked_add(self.settings.refill).unwrap_or(Timestamp::MAX);
        if after <= room {
            return Ok(());
        }
        let wait = Duration::try_from(after.duration_since(room)).unwrap_or_default();
        let whole = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0));
        Err(Spent { retry_after_s: whole.max(1) })
    }

    fn fail(&self, key: K, now: Timestamp) {
        let latest = now.checked_add(self.capacity(key)).unwrap_or(Timestamp::MAX);
        let (refill, remembered_max) = (self.settings.refill, self.settings.remembered_max);
        let mut state = self.state.lock();
        let full = !state.full_at.contains_key(&key) && state.full_at.len() >= remembered_max;
        if full && since(state.swept_at, now) >= SWEPT_EVERY {
            state.full_at.retain(|_, full_at| *full_at > now);
            state.swept_at = now;
        }
        let room = state.full_at.len() < remembered_max || state.full_at.contains_key(&key);
        let full_at = if room {
            state.full_at.entry(key).or_insert(now)
        } else {
            let slot = state.slot(key);
            let Some(shared) = state.shared.get_mut(slot) else { return };
            shared
        };
        *full_at = (*full_at).max(now).checked_add(refill).unwrap_or(latest).min(latest);
    }

    fn capacity(&self, key: K) -> Duration {
        self.settings.refill.saturating_mul(self.settings.failures).saturating_mul(key.factor())
    }
}

impl<K: Counted> State<K> {
    fn slot(&self, key: K) -> usize {
        let hash = self.hasher.hash_one(key.neighbourhood());
        usize::try_from(hash).unwrap_or_default() % SHARED_SLOTS
    }
}

/// An address as it is counted: a whole one of IPv4, the network of 64 bits that one subscriber has of IPv6, and
/// above it the site of 48 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Place {
    V4(u32),
    V6Network(u64),
    V6Site(u64),
}

impl Place {
    fn of(address: IpAddr) -> (Self, Option<Self>) {
        match address.to_canonical() {
            IpAddr::V4(address) => (Self::V4(address.to_bits()), None),
            IpAddr::V6(address) => {
                let network = top_64(address);
                (Self::V6Network(network), Some(Self::V6Site(network >> 16)))
            }
        }
    }
}

fn top_64(address: Ipv6Addr) -> u64 {
    u64::try_from(address.to_bits() >> 64).unwrap_or_default()
}

impl Counted for Place {
    fn neighbourhood(&self) -> Self {
        match self {
            Self::V4(address) => Self::V4(address >> 16),
            Self::V6Network(network) => Self::V6Network(network >> 32),
            Self::V6Site(site) => Self::V6Site(site >> 16),
        }
    }

    fn factor(&self) -> u32 {
        match self {
            Self::V4(_) | Self::V6Network(_) => 1,
            Self::V6Site(_) => SITE_FACTOR,
        }
    }
}

/// A principal by the hash of its name: how long a name is does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Named(u64);

impl Counted for Named {
    fn neighbourhood(&self) -> Self {
        *self
    }

    fn factor(&self) -> u32 {
        1
    }
}

/// All failures of one process.
#[derive(Debug)]
pub struct Failures {
    places: Budget<Place>,
    principals: Budget<Named>,
    hasher: RandomState,
}

impl Failures {
    #[must_use]
    pub fn new(settings: BudgetSettings) -> Self {
        let (places, principals) = (Budget::new(settings), Budget::new(settings));
        Self { places, principals, hasher: RandomState::new() }
    }

    /// Whether anybody listens to this address. Asked before a token is looked at. Whose address is not known is heard.
    ///
    /// # Errors
    /// [`Spent`] when its budget is.
    pub fn check_address(&self, address: Option<IpAddr>, now: Timestamp) -> Result<(), Spent> {
        let Some(address) = address else { return Ok(()) };
        let (place, site) = Place::of(address);
        let checked = self.places.check(place, now);
        let checked = checked.and_then(|()| site.map_or(Ok(()), |site| self.places.check(site, now)));
        checked.inspect_err(|_| refused("address"))
    }

    /// Counts a failure of somebody who has not proven who they are.
    pub fn fail_address(&self, address: Option<IpAddr>, now: Timestamp) {
        failed("address");
        let Some(address) = address else { return };
        let (place, site) = Place::of(address);
        self.places.fail(place, now);
        if let Some(site) = site {
            self.places.fail(site, now);
        }
    }

    /// Whether anybody listens to this principal, who has proven to be it.
    ///
    /// # Errors
    /// [`Spent`] when its budget is.
    pub fn check_principal(&self, name: &str, now: Timestamp) -> Result<(), Spent> {
        self.principals.check(self.named(name), now).inspect_err(|_| refused("principal"))
    }

    /// Counts a failure of a principal that has proven to be it and may not come in: nobody else can spend its budget.
    pub fn fail_principal(&self, name: &str, now: Timestamp) {
        failed("principal");
        self.principals.fail(self.named(name), now);
    }

    fn named(&self, name: &str) -> Named {
        Named(self.hasher.hash_one(name))
    }
}

fn failed(of: &'static str) {
    metrics::counter!("tollgate_api_authentication_failures_total", "of" => of).increment(1);
}

fn refused(of: &'static str) {
    metrics::counter!("tollgate_api_too_many_failures_total", "of" => of).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    fn at(address: &str) -> Option<IpAddr> {
        Some(address.parse().unwrap())
    }

    fn fail(failures: &Failures, address: &str, times: u32) {
        for _ in 0..times {
            failures.fail_address(at(address), now());
        }
    }

    #[test]
    fn twenty_failures_are_heard_and_one_more_every_ten_seconds() {
        let failures = Failures::new(BudgetSettings::default());
        fail(&failures, "192.0.2.1", 19);
        assert_eq!(failures.check_address(at("192.0.2.1"), now()), Ok(()));
        fail(&failures, "192.0.2.1", 1);
        let spent = failures.check_address(at("192.0.2.1"), now()).unwrap_err();
        assert_eq!(spent.retry_after_s, 10);
        let later = now() + Duration::from_millis(2_500);
        assert_eq!(failures.check_address(at("192.0.2.1"), later), Err(Spent { retry_after_s: 8 }));
        let later = now() + Duration::from_secs(10);
        assert_eq!(failures.check_address(at("192.0.2.1"), later), Ok(()));
        failures.fail_address(at("192.0.2.1"), later);
        assert!(failures.check_address(at("192.0.2.1"), later).is_err(), "one was refilled, not twenty");
        assert_eq!(failures.check_address(at("192.0.2.2"), now()), Ok(()), "an address is not its neighbour");
    }

    #[test]
    fn failing_on_while_nobody_listens_does_not_make_it_longer() {
        let failures = Failures::new(BudgetSettings::default());
        fail(&failures, "192.0.2.1", 10_000);
        assert_eq!(failures.check_address(at("192.0.2.1"), now()), Err(Spent { retry_after_s: 10 }));
    }

    #[test]
    fn a_clock_that_was_ahead_shuts_nobody_out_for_longer() {
        let failures = Failures::new(BudgetSettings::default());
        failures.fail_address(at("192.0.2.1"), now() + Duration::from_secs(86_400));
        assert_eq!(failures.check_address(at("192.0.2.1"), now()), Err(Spent { retry_after_s: 10 }));
        let later = now() + Duration::from_secs(10);
        assert_eq!(failures.check_address(at("192.0.2.1"), later), Ok(()));
    }

    #[test]
    fn one_subscriber_of_ipv6_is_one_and_a_site_is_bounded() {
        let failures = Failures::new(BudgetSettings::default());
        for host in 0..20 {
            failures.fail_address(at(&format!("2001:db8:1:2::{host:x}")), now());
        }
        assert!(failures.check_address(at("2001:db8:1:2:ffff::1"), now()).is_err());
        assert!(failures.check_address(at("2001:db8:1:3::1"), now()).is_ok());
        for network in 0..140 {
            failures.fail_address(at(&format!("2001:db8:1:{network:x}::1")), now());
        }
        assert!(
            failures.check_address(at("2001:db8:1:ffff::1"), now()).is_err(),
            "the site has failed 160 times"
        );
        assert!(failures.check_address(at("2001:db8:2:1::1"), now()).is_ok());
    }

    #[test]
    fn an_ipv4_address_is_the_same_in_ipv6_s_clothes() {
        let failures = Failures::new(BudgetSettings::default());
        fail(&failures, "::ffff:192.0.2.1", 20);
        assert!(failures.check_address(at("192.0.2.1"), now()).is_err());
    }

    #[test]
    fn filling_the_memory_does_not_make_it_forget() {
        let settings = BudgetSettings { remembered_max: 100, ..BudgetSettings::default() };
        let failures = Failures::new(settings);
        fail(&failures, "192.0.2.1", 20);
        for host in 0..100_000_u32 {
            failures.fail_address(Some(IpAddr::V4((0x0a00_0000 + host).into())), now());
        }
        assert!(failures.check_address(at("192.0.2.1"), now()).is_err(), "the first is remembered");
        assert!(failures.places.state.lock().full_at.len() <= 100, "and the memory is bounded");
        assert!(
            failures.check_address(at("10.0.9.9"), now()).is_err(),
            "who has failed shares with its neighbours"
        );
        // When the buckets are full again there is room, and whoever has not failed is heard.
        let later = now() + Duration::from_secs(300);
        assert!(failures.check_address(at("192.0.2.1"), later).is_ok());
        failures.fail_address(at("198.51.100.1"), later);
        assert_eq!(failures.places.state.lock().full_at.len(), 1);
    }

    #[test]
    fn a_principal_s_budget_is_its_own() {
        let failures = Failures::new(BudgetSettings::default());
        for _ in 0..20 {
            failures.fail_principal("prn_1", now());
        }
        assert!(failures.check_principal("prn_1", now()).is_err());
        assert!(failures.check_principal("prn_2", now()).is_ok());
        assert!(failures.check_address(None, now()).is_ok());
    }
}
