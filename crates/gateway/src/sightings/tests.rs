//! Who presented which secret is flushed with what was counted: sums stay, memory is bounded.

use domain::usage::{Seen, Sighting, UsageFact};
use jiff::SignedDuration;

use super::*;
use crate::{
    Flush, Gateway,
    testing::{KEY, Organisation, call, peppers, read, secret, settings},
    usage::{Counted, Usage},
};

fn sightings(flush: &Flush) -> &[Sighting] {
    flush.batch.as_ref().map(|batch| batch.sightings.as_slice()).unwrap_or_default()
}

fn facts(flush: &Flush) -> &[UsageFact] {
    flush.batch.as_ref().map(|batch| batch.facts.as_slice()).unwrap_or_default()
}

fn sum(seen: &[Seen]) -> u64 {
    seen.iter().map(|seen| seen.calls).sum()
}

/// A call with the secret of that number, from there and by that program.
fn present(org: &Organisation, number: u32, address: Option<&str>, user_agent: Option<&str>) {
    let (secret, environment) = (secret(number), read("prod"));
    let address = address.map(read);
    org.judge(&Call { address, user_agent, ..call(&secret, &environment) });
}

fn seen(value: &str, calls: u64, last_at: Timestamp) -> Seen {
    Seen { value: value.to_owned(), calls, last_at }
}

#[test]
fn each_secret_has_its_own_presenters_and_the_busiest_come_first() {
    let mut org = Organisation::small();
    let begun = org.now;
    present(&org, 1, Some("10.1.2.3"), Some("curl/8"));
    org.rotate(KEY, 2, 2, 3_600);
    org.pass(1);
    present(&org, 1, Some("10.1.2.3"), Some("batch/1"));
    present(&org, 1, Some("2001:db8::1"), Some("batch/1"));
    present(&org, 2, Some("10.9.9.9"), None);
    present(&org, 2, None, None);
    let flush = org.gateway.take_flush(org.now);
    let expected = [
        Sighting {
            key_id: read(KEY),
            secret_version: 1,
            calls: 3,
            addresses: vec![seen("10.1.2.3", 2, org.now), seen("2001:db8::1", 1, org.now)],
            user_agents: vec![seen("batch/1", 2, org.now), seen("curl/8", 1, begun)],
        },
        Sighting {
            key_id: read(KEY),
            secret_version: 2,
            calls: 2,
            addresses: vec![seen("", 1, org.now), seen("10.9.9.9", 1, org.now)],
            user_agents: vec![seen("", 2, org.now)],
        },
    ];
    assert_eq!(sightings(&flush), expected);
    org.call(1);
    assert_eq!(sightings(&org.gateway.take_flush(org.now)).len(), 1, "what was flushed is not flushed again");
}

#[test]
fn a_secret_that_is_not_genuine_is_nobody_s() {
    let org = Organisation::small();
    present(&org, 99, Some("10.1.2.3"), Some("scanner"));
    let flush = org.gateway.take_flush(org.now);
    assert_eq!((facts(&flush).len(), sightings(&flush)), (1, &[][..]));
}

#[test]
fn who_still_presents_a_retired_secret_is_seen() {
    let mut org = Organisation::small();
    org.rotate(KEY, 2, 2, 0);
    org.pass(1);
    present(&org, 1, Some("10.1.2.3"), Some("curl/8"));
    let flush = org.gateway.take_flush(org.now);
    assert_eq!(facts(&flush)[0].outcome, domain::decision::Outcome::Unauthenticated);
    assert_eq!(
        (sightings(&flush)[0].secret_version, &*sightings(&flush)[0].addresses[0].value),
        (1, "10.1.2.3")
    );
}

#[test]
fn one_holder_with_a_thousand_names_takes_the_room_of_a_few() {
    let org = Organisation::small();
    for number in 0..1_000_u32 {
        let (address, agent) = (format!("10.0.{}.{}", number / 250, number % 250), format!("agent/{number}"));
        present(&org, 1, Some(&address), Some(&agent));
    }
    present(&org, 1, Some("10.0.0.0"), Some("agent/0"));
    let flush = org.gateway.take_flush(org.now);
    let [sighting] = sightings(&flush) else { panic!("{flush:?}") };
    assert_eq!(sighting.calls, 1_001);
    assert_eq!((sighting.addresses.len(), sighting.user_agents.len()), (NAMES_MAX, NAMES_MAX));
    assert_eq!((sum(&sighting.addresses), sum(&sighting.user_agents)), (9, 9));
    assert_eq!(facts(&flush).iter().map(|fact| fact.calls).sum::<u64>(), 1_001);
}

#[test]
fn a_long_name_is_cut_between_its_letters() {
    let org = Organisation::small();
    present(&org, 1, None, Some(&"ä".repeat(500)));
    present(&org, 1, None, Some(&format!("x{}", "ä".repeat(500))));
    let flush = org.gateway.take_flush(org.now);
    let names = &sightings(&flush)[0].user_agents;
    let lengths: Vec<usize> = names.iter().map(|name| name.value.len()).collect();
    assert_eq!((names.len(), lengths), (2, vec![127, 128]));
}

#[test]
fn beyond_the_bound_of_all_secrets_calls_are_counted_and_told() {
    let org = Organisation::small();
    let usage = Usage::new(1_000, 30);
    let index = RwLock::new(Index::default());
    let environment = index.write().environments.slot_of(&read("prod"));
    let (text, prod) = (secret(1), read("prod"));
    for number in 0..100 {
        let agent = format!("agent/{number}");
        let counted = Counted {
            client: crate::index::slots::ClientSlot(0),
            key: KeySlot(number),
            secret_version: 1,
            route: crate::index::slots::RouteSlot(0),
            environment,
            outcome: domain::decision::Outcome::Allowed,
        };
        let presented = Call { user_agent: Some(&agent), ..call(&text, &prod) };
        usage.count(counted, Presenter::of(&presented), &peppers(), org.now);
    }
    let named = usage.drain(&index);
    assert_eq!(named.facts.iter().map(|fact| fact.calls).sum::<u64>(), 100);
    assert_eq!(named.unsighted, 90);
    // What was flushed has made room.
    let counted = Counted {
        client: crate::index::slots::ClientSlot(0),
        key: KeySlot(1_000),
        secret_version: 1,
        route: crate::index::slots::RouteSlot(0),
        environment,
        outcome: domain::decision::Outcome::Allowed,
    };
    usage.count(counted, Presenter::of(&call(&text, &prod)), &peppers(), org.now);
    assert_eq!(usage.drain(&index).unsighted, 0);
}

#[test]
fn nothing_is_kept_where_nothing_is_to_be() {
    let mut org = Organisation::empty(crate::Settings { sightings: false, ..settings() });
    org.retell();
    present(&org, 1, Some("10.1.2.3"), Some("curl/8"));
    let flush = org.gateway.take_flush(org.now);
    assert_eq!((facts(&flush)[0].calls, sightings(&flush)), (1, &[][..]));
}

#[test]
fn every_call_is_in_one_sighting_also_under_concurrency() {
    const THREADS: u64 = 4;
    const CALLS: u64 = 2_000;
    let org = Organisation::small();
    let (gateway, now) = (&org.gateway, org.now);
    let mut flushed = vec![];
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| scope.spawn(move || present_many(gateway, now, thread, CALLS)))
            .collect();
        while !threads.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            flushed.push(gateway.take_flush(now));
        }
    });
    flushed.push(gateway.take_flush(now));
    let all: Vec<&Sighting> = flushed.iter().flat_map(sightings).collect();
    assert_eq!(all.iter().map(|sighting| sighting.calls).sum::<u64>(), THREADS * CALLS);
    assert_eq!(all.iter().map(|sighting| sum(&sighting.addresses)).sum::<u64>(), THREADS * CALLS);
    for sighting in all {
        assert!(sighting.user_agents.len() <= NAMES_MAX && sum(&sighting.user_agents) <= sighting.calls);
    }
}

/// From one address each, and by forty programs.
fn present_many(gateway: &Gateway, start: Timestamp, thread: u64, calls: u64) {
    let (good, environment) = (secret(1), read("prod"));
    let address = Some(read(&format!("10.0.0.{thread}")));
    for turn in 0..calls {
        let agent = format!("agent/{}", turn % 40);
        let now = start + SignedDuration::from_micros(i64::try_from(turn).unwrap());
        gateway.judge(&Call { address, user_agent: Some(&agent), ..call(&good, &environment) }, now);
    }
}
