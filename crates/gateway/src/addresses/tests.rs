//! How many addresses call is told once, by client, environment and day.

use domain::{
    Timestamp,
    usage::{AddressFact, AddressSketch},
};
use jiff::SignedDuration;

use super::*;
use crate::{
    Call, Flush, Gateway, Settings,
    index::slots::{KeySlot, RouteSlot},
    testing::{CLIENT, Organisation, call, peppers, read, secret, settings},
};

const DAY: i64 = 24 * 3_600;

fn addresses(flush: &Flush) -> &[AddressFact] {
    flush.batch.as_ref().map(|batch| batch.addresses.as_slice()).unwrap_or_default()
}

fn told(gateway: &Gateway, now: Timestamp) -> Vec<(i64, u64)> {
    let flush = gateway.take_flush(now);
    addresses(&flush).iter().map(|fact| (fact.day, fact.sketch.size())).collect()
}

fn present(org: &Organisation, number: u32, address: &str) {
    let (secret, environment) = (secret(number), read("prod"));
    org.judge(&Call { address: Some(read(address)), ..call(&secret, &environment) });
}

#[test]
fn an_address_is_told_once_a_day_whichever_secret_it_presents() {
    let mut org = Organisation::small();
    let today = org.now.as_second().div_euclid(DAY) * DAY;
    for address in ["192.0.2.1", "192.0.2.2", "192.0.2.1", "2001:db8::1", "2001:db8::2"] {
        present(&org, 1, address);
    }
    let flush = org.gateway.take_flush(org.now);
    let [fact] = addresses(&flush) else { panic!("{flush:?}") };
    assert_eq!((fact.day, fact.client_id, fact.sketch.size()), (today, read(CLIENT), 3));
    present(&org, 1, "192.0.2.2");
    assert_eq!(told(&org.gateway, org.now), [], "it was told");
    present(&org, 1, "192.0.2.9");
    present(&org, 1, "192.0.2.2");
    assert_eq!(told(&org.gateway, org.now), [(today, 1)], "the new one alone");
    org.pass(DAY);
    present(&org, 1, "192.0.2.2");
    assert_eq!(told(&org.gateway, org.now), [(today + DAY, 1)], "another day");
}

#[test]
fn what_is_not_genuine_has_no_address_and_without_sightings_nobody_has() {
    let org = Organisation::small();
    present(&org, 999, "192.0.2.1");
    assert_eq!(told(&org.gateway, org.now), []);
    let mut org = Organisation::empty(Settings { sightings: false, ..settings() });
    org.retell();
    present(&org, 1, "192.0.2.1");
    assert_eq!(told(&org.gateway, org.now), []);
}

#[test]
fn what_several_threads_see_comes_to_what_there_is() {
    let org = Organisation::small();
    let (gateway, now) = (&org.gateway, org.now);
    let mut all = AddressSketch::default();
    let mut add = |flush: &Flush| addresses(flush).iter().for_each(|fact| _ = all.merge(&fact.sketch));
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..4).map(|thread| scope.spawn(move || present_many(gateway, now, thread))).collect();
        while !threads.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            add(&gateway.take_flush(now));
        }
    });
    add(&gateway.take_flush(now));
    let mut expected = AddressSketch::default();
    (0..1_250_u32).for_each(|number| expected.add(address(number), &peppers()));
    assert_eq!(all.size(), expected.size());
}

/// Half of each thread's addresses are the next one's too.
fn present_many(gateway: &Gateway, start: Timestamp, thread: u32) {
    let (good, environment) = (secret(1), read("prod"));
    for turn in 0..1_000 {
        let now = start + SignedDuration::from_micros(turn.into());
        let address = Some(address(thread * 250 + turn / 2));
        gateway.judge(&Call { address, ..call(&good, &environment) }, now);
    }
}

fn address(number: u32) -> IpAddr {
    IpAddr::V4((0x0A00_0000 + number).into())
}

#[test]
fn beyond_its_bound_calls_are_left_out_and_told() {
    let (addresses, mut lane) = (Addresses::new(2), Addressed::default());
    let whose = |client| {
        let counted = Counted {
            client: ClientSlot(client),
            key: KeySlot(0),
            secret_version: 1,
            route: RouteSlot(0),
            environment: EnvironmentSlot(0),
            outcome: domain::decision::Outcome::Allowed,
        };
        Whose::of(&counted, Timestamp::UNIX_EPOCH)
    };
    for client in 0..4 {
        addresses.count(&mut lane, whose(client), address(1), &peppers());
    }
    assert_eq!((addresses.take(&mut lane).0.len(), addresses.take_left_out()), (2, 2));
    addresses.count(&mut lane, whose(3), address(1), &peppers());
    assert_eq!((addresses.take(&mut lane).0.len(), addresses.take_left_out()), (1, 0), "a flush makes room");
}
