//! Denials and failures of each minute, counted: so many are told apart, and of the rest how many there were.

use std::{collections::HashMap, net::IpAddr};

use domain::{
    Timestamp,
    access::{Permission, Principal},
    observation::{AccessDenied, AuthenticationFailed, ObservationEvent, Overflowed, SignInWay},
};

use super::Doer;
use crate::circumstances::Circumstances;

/// Of one minute, by one process: what a flood of denials and of failures puts on record at most, beside one line for the rest.
const DENIALS_MAX: usize = 500;
const FAILURES_MAX: usize = 100;

/// What is counted, and not put on record yet.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// By when their minute began, in seconds.
    minutes: HashMap<i64, Minute>,
}

#[derive(Debug, Default)]
struct Minute {
    denials: HashMap<(String, Permission), Count>,
    failures: HashMap<(SignInWay, Option<Network>), Count>,
    denied_beside: Option<Count>,
    failed_beside: Option<Count>,
}

/// How often, and the circumstances of the first time.
#[derive(Clone, Debug)]
struct Count {
    times: u64,
    first_at: Timestamp,
    last_at: Timestamp,
    doer: Doer,
    circumstances: Circumstances,
}

/// Addresses that are counted together: 24 bits of IPv4, 48 of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Network {
    V4(u32),
    V6(u128),
}

impl Network {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits() >> 8),
            IpAddr::V6(address) => Self::V6(address.to_bits() >> 80),
        }
    }
}

impl Count {
    fn first(doer: Doer, circumstances: &Circumstances, now: Timestamp) -> Self {
        Self { times: 0, first_at: now, last_at: now, doer, circumstances: circumstances.clone() }
    }

    fn once_more(&mut self, now: Timestamp) {
        self.times = self.times.saturating_add(1);
        // A clock may jump back within a minute.
        self.first_at = self.first_at.min(now);
        self.last_at = self.last_at.max(now);
    }
}

pub(super) type Counted = (Doer, ObservationEvent, Circumstances);

impl Window {
    pub(super) fn denied(
        &mut self,
        principal: &Principal,
        permission: Permission,
        circumstances: &Circumstances,
        now: Timestamp,
    ) {
        let minute = self.minutes.entry(minute_of(now)).or_default();
        let key = (principal.id.clone(), permission);
        let room = minute.denials.len() < DENIALS_MAX || minute.denials.contains_key(&key);
        let count = if room {
            let first = || Count::first(Doer::known(principal, "none"), circumstances, now);
            minute.denials.entry(key).or_insert_with(first)
        } else {
            let first = || Count::first(Doer::nobody(), circumstances, now);
            minute.denied_beside.get_or_insert_with(first)
        };
        count.once_more(now);
    }

    pub(super) fn failed(&mut self, way: SignInWay, circumstances: &Circumstances, now: Timestamp) {
        let minute = self.minutes.entry(minute_of(now)).or_default();
        let key = (way, circumstances.address.map(Network::of));
        let room = minute.failures.len() < FAILURES_MAX || minute.failures.contains_key(&key);
        let first = || Count::first(Doer::nobody(), circumstances, now);
        let count = if room {
            minute.failures.entry(key).or_insert_with(first)
        } else {
            minute.failed_beside.get_or_insert_with(first)
        };
        count.once_more(now);
    }

    /// Takes what was counted in minutes other than this one, or all.
    pub(super) fn take(&mut self, now: Timestamp, all: bool) -> Vec<Counted> {
        let this = minute_of(now);
        let mut over: Vec<i64> = self.minutes.keys().copied().filter(|begun| all || *begun != this).collect();
        over.sort_unstable();
        over.into_iter().filter_map(|begun| self.minutes.remove(&begun)).flat_map(Minute::told).collect()
    }
}

impl Minute {
    fn told(self) -> Vec<Counted> {
        let Self { denials, failures, denied_beside, failed_beside } = self;
        let mut told: Vec<(Timestamp, Counted)> = vec![];
        for ((_, permission), count) in denials {
            let Count { times, first_at, last_at, doer, circumstances } = count;
            let event = AccessDenied { permission, times, first_at, last_at };
            told.push((first_at, (doer, ObservationEvent::AccessDenied(event), circumstances)));
        }
        for ((way, _), count) in failures {
            let Count { times, first_at, last_at, doer, circumstances } = count;
            let event = AuthenticationFailed { way, times, first_at, last_at };
            told.push((first_at, (doer, ObservationEvent::AuthenticationFailed(event), circumstances)));
        }
        told.sort_by_key(|(first_at, _)| *first_at);
        let told = told.into_iter().map(|(_, counted)| counted);
        told.chain(beside(denied_beside, failed_beside)).collect()
    }
}

fn beside(denied: Option<Count>, failed: Option<Count>) -> Option<Counted> {
    let times = |count: &Option<Count>| count.as_ref().map_or(0, |count| count.times);
    let (denied_times, failed_times) = (times(&denied), times(&failed));
    let Count { times: _, first_at, last_at, doer, circumstances } =
        [denied, failed].into_iter().flatten().reduce(|one, other| Count {
            first_at: one.first_at.min(other.first_at),
            last_at: one.last_at.max(other.last_at),
            ..one
        })?;
    let event = Overflowed { denied: denied_times, failed: failed_times, first_at, last_at };
    Some((doer, ObservationEvent::Overflowed(event), circumstances))
}

fn minute_of(now: Timestamp) -> i64 {
    now.as_second().div_euclid(60)
}

#[cfg(test)]
mod tests {
    use domain::access::PrincipalKind;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_772_366_400 + seconds).unwrap()
    }

    fn principal(id: &str) -> Principal {
        Principal { id: id.to_owned(), kind: PrincipalKind::Person, authenticated_by: "oidc", grants: vec![] }
    }

    fn from(address: &str, request_id: &str) -> Circumstances {
        Circumstances {
            request_id: request_id.to_owned(),
            correlation_id: request_id.to_owned(),
            traceparent: None,
            address: Some(address.parse().unwrap()),
            user_agent: None,
        }
    }

    #[test]
    fn a_minute_tells_once_how_often_who_was_denied_what() {
        let mut window = Window::default();
        for second in [1, 2, 59] {
            let request = format!("req-{second}");
            window.denied(&principal("ada"), Permission::KeyRevoke, &from("192.0.2.1", &request), at(second));
        }
        window.denied(&principal("ada"), Permission::KeyRevoke, &from("192.0.2.1", "req-60"), at(60));
        assert_eq!(window.take(at(59), false).len(), 1, "of the minute to come: the clock was set back");
        let counted = window.take(at(60), false);
        let event =
            AccessDenied { permission: Permission::KeyRevoke, times: 3, first_at: at(1), last_at: at(59) };
        let [(doer, told, circumstances)] = counted.as_slice() else { panic!("{counted:?}") };
        assert_eq!((&*doer.id, told), ("ada", &ObservationEvent::AccessDenied(event)));
        assert_eq!(circumstances.request_id, "req-1", "of the first time");
        assert!(window.take(at(600), true).is_empty(), "each is taken once");
    }

    #[test]
    fn who_and_what_are_told_apart() {
        let mut window = Window::default();
        for (who, what) in [
            ("ada", Permission::KeyRevoke),
            ("ada", Permission::KeyIssue),
            ("bob", Permission::KeyRevoke),
            ("ada", Permission::KeyRevoke),
        ] {
            window.denied(&principal(who), what, &from("192.0.2.1", "r"), at(0));
        }
        assert!(window.take(at(1), false).is_empty(), "the minute is not over");
        assert_eq!(window.take(at(1), true).len(), 3);
    }

    #[test]
    fn a_flood_of_strangers_is_a_bounded_number_of_lines_and_the_rest_a_number() {
        let mut window = Window::default();
        for host in 0..100_000_u32 {
            let address = std::net::Ipv4Addr::from_bits(0x0a00_0000 + (host << 8));
            window.failed(SignInWay::Credential, &from(&address.to_string(), "r"), at(0));
            window.failed(SignInWay::Credential, &from("192.0.2.1", "r"), at(1));
        }
        let counted = window.take(at(60), false);
        assert_eq!(counted.len(), FAILURES_MAX + 1);
        let told: u64 = counted
            .iter()
            .map(|(_, event, _)| match event {
                ObservationEvent::AuthenticationFailed(failed) => failed.times,
                ObservationEvent::Overflowed(overflowed) => overflowed.failed,
                other @ (ObservationEvent::AccessDenied(_)
                | ObservationEvent::SignedIn(_)
                | ObservationEvent::SignedOut(_)
                | ObservationEvent::Exported(_)
                | ObservationEvent::SecretSearched(_)
                | ObservationEvent::AddressesMarked(_)
                | ObservationEvent::AddressesUnmarked(_)) => panic!("{other:?}"),
            })
            .sum();
        assert_eq!(told, 200_000, "none is lost");
    }

    #[test]
    fn a_flood_of_principals_is_bounded_too() {
        let mut window = Window::default();
        for n in 0..1_000 {
            window.denied(
                &principal(&format!("jwt/{n}")),
                Permission::KeyRead,
                &from("192.0.2.1", "r"),
                at(0),
            );
        }
        let counted = window.take(at(0), true);
        assert_eq!(counted.len(), DENIALS_MAX + 1);
        let expected = Overflowed { denied: 500, failed: 0, first_at: at(0), last_at: at(0) };
        assert_eq!(counted.last().unwrap().1, ObservationEvent::Overflowed(expected));
    }

    #[test]
    fn neighbours_are_counted_together() {
        let mut window = Window::default();
        for address in ["192.0.2.1", "192.0.2.200", "2001:db8:1:2::1", "2001:db8:1:ffff::1"] {
            window.failed(SignInWay::Provider, &from(address, "r"), at(0));
        }
        assert_eq!(window.take(at(60), false).len(), 2);
    }
}
