use domain::Environment;
use proptest::prelude::*;
use prost::Message as _;

use super::*;
use crate::wire::{
    access_log::UInt32Value,
    rate_limit::{
        DescriptorEntry, RateLimitDescriptor, RateLimitOverride, RateLimitRequest, UInt64Value, Unit as Asked,
    },
};

fn descriptor(entries: &[(&str, &str)]) -> RateLimitDescriptor {
    let entry =
        |(key, value): &(&str, &str)| DescriptorEntry { key: (*key).to_owned(), value: (*value).to_owned() };
    RateLimitDescriptor { entries: entries.iter().map(entry).collect(), ..RateLimitDescriptor::default() }
}

fn request(descriptors: Vec<RateLimitDescriptor>) -> RateLimitRequest {
    RateLimitRequest { domain: "edge".to_owned(), descriptors, hits_addend: 0 }
}

fn prod() -> Environment {
    "prod".parse().unwrap()
}

/// What the gateway is asked about the one descriptor of a request.
fn asked<T>(request: &RateLimitRequest, look: impl FnOnce(MeteredCall<'_>) -> T) -> T {
    let bytes = request.encode_to_vec();
    let question = read(&bytes).unwrap();
    look(question.descriptors[0].call(question.domain, &prod()))
}

fn unreadable(request: &RateLimitRequest) -> Unreadable {
    read(&request.encode_to_vec()).unwrap_err()
}

fn override_of(requests_per_unit: u32, unit: i32, multiplier: Option<u32>) -> RateLimitDescriptor {
    let unit_multiplier = multiplier.map(|value| UInt32Value { value });
    let limit = Some(RateLimitOverride { requests_per_unit, unit, unit_multiplier });
    RateLimitDescriptor { limit, ..descriptor(&[("k", "v")]) }
}

#[test]
fn entries_say_who_and_where_whatever_their_order() {
    let client = "cli_00000000000000000000000001";
    let mut entries = vec![
        ("path", "/orders/7?full=1"),
        ("plan", "gold"),
        ("environment", "sandbox"),
        ("client_id", client),
        ("remote_address", "192.0.2.7"),
        ("host", "api.example.com"),
        ("method", "GET"),
    ];
    for _ in 0..2 {
        asked(&request(vec![descriptor(&entries)]), |MeteredCall { call, client_id, route_id, own }| {
            assert_eq!((client_id, route_id, own.is_none()), (Some(client.parse().unwrap()), None, true));
            assert_eq!(
                (call.method, call.path, call.host),
                ("GET", "/orders/7?full=1", Some("api.example.com"))
            );
            assert_eq!((call.environment.as_str(), call.secret, call.cost), ("sandbox", None, None));
            assert_eq!(call.address, Some("192.0.2.7".parse().unwrap()));
        });
        entries.reverse();
    }
    let route = "rte_00000000000000000000000001";
    asked(&request(vec![descriptor(&[("api_key", " s1 "), ("route_id", route)])]), |metered| {
        assert_eq!((metered.call.secret, metered.client_id), (Some("s1"), None));
        assert_eq!(metered.route_id, Some(route.parse().unwrap()));
        assert_eq!(metered.call.environment, &prod());
    });
}

#[test]
fn who_is_named_is_not_asked_for_a_secret_also_where_the_name_is_none() {
    for name in ["cli_00000000000000000000000001", "somebody", ""] {
        asked(&request(vec![descriptor(&[("api_key", "s1"), ("client_id", name)])]), |metered| {
            assert_eq!((metered.call.secret, metered.client_id.is_some()), (None, true), "{name}");
        });
    }
}

#[test]
fn hits_are_the_descriptors_else_the_requests_else_nobody_has_said() {
    for (own, all, gives_back, cost) in [
        (None, 0, false, None),
        (None, 7, false, Some(7)),
        (Some(3), 7, false, Some(3)),
        (Some(0), 7, false, Some(0)),
        (Some(u64::MAX), 0, false, Some(1_000)),
        (None, u32::MAX, false, Some(1_000)),
        (Some(1_000), 0, false, Some(1_000)),
        (Some(5), 0, true, Some(0)),
        (None, 5, true, Some(0)),
    ] {
        let hits_addend = own.map(|value| UInt64Value { value });
        let descriptor = RateLimitDescriptor { hits_addend, is_negative_hits: gives_back, ..descriptor(&[]) };
        let asked_for = RateLimitRequest { hits_addend: all, ..request(vec![descriptor]) };
        assert_eq!(asked(&asked_for, |metered| metered.call.cost), cost, "{own:?} {all} {gives_back}");
    }
}

#[test]
fn a_limit_of_its_own_is_over_all_entries_and_the_domain() {
    for (unit, multiplier, expected, times) in [
        (Asked::Second, None, Unit::Second, 1_u32),
        (Asked::Minute, Some(5), Unit::Minute, 5),
        (Asked::Hour, Some(1), Unit::Hour, 1),
        (Asked::Day, None, Unit::Day, 1),
        (Asked::Month, None, Unit::Month, 1),
        (Asked::Year, Some(2), Unit::Year, 2),
    ] {
        asked(&request(vec![override_of(9, unit.into(), multiplier)]), |metered| {
            let own = metered.own.unwrap();
            assert_eq!((own.domain, own.entries, own.requests), ("edge", &[("k", &b"v"[..])][..], 9));
            assert_eq!(own.every, Every { unit: expected, times: times.try_into().unwrap() });
        });
    }
}

#[test]
fn a_value_that_is_no_text_is_counted_as_it_is_and_says_nothing() {
    let own = override_of(9, 3, None);
    let mut bytes = request(vec![RateLimitDescriptor { entries: descriptor(&[("k", "~~")]).entries, ..own }]);
    bytes.descriptors[0]
        .entries
        .extend(descriptor(&[("path", "~~"), ("client_id", "~~"), ("host", "~~")]).entries);
    let no_text: Vec<u8> =
        bytes.encode_to_vec().iter().map(|byte| if *byte == b'~' { 0xff } else { *byte }).collect();
    let question = read(&no_text).unwrap();
    let served = prod();
    let MeteredCall { call, client_id, own, .. } = question.descriptors[0].call(question.domain, &served);
    assert_eq!(own.unwrap().entries[0], ("k", &[0xff, 0xff][..]));
    assert_eq!(client_id, Some(ClientId::from_u128(0)));
    assert_eq!((call.path, call.host), ("/%2f", Some("\u{fffd}")));
}

#[test]
fn a_path_that_is_not_said_is_none_and_one_that_is_not_plain_has_no_safe_reading() {
    for (entries, path) in [
        (&[][..], ""),
        (&[("path", "/orders")], "/orders"),
        (&[("path", "")], "/%2f"),
        (&[("path", "//orders")], "/%2f"),
    ] {
        asked(&request(vec![descriptor(entries)]), |metered| assert_eq!(metered.call.path, path));
    }
}

#[test]
fn what_cannot_be_understood_is_said_to_be_so() {
    let twice = |key| unreadable(&request(vec![descriptor(&[(key, "a"), ("other", "b"), (key, "a")])]));
    for key in ["api_key", "client_id", "route_id", "method", "path", "host", "environment", "remote_address"]
    {
        assert_eq!(twice(key), Unreadable::SaidTwice { key });
    }
    asked(&request(vec![descriptor(&[("other", "a"), ("other", "b")])]), |_| {});
    let one = || vec![descriptor(&[("k", "v")])];
    assert_eq!(
        unreadable(&RateLimitRequest { domain: String::new(), ..request(one()) }),
        Unreadable::NoDomain
    );
    assert_eq!(unreadable(&request(vec![])), Unreadable::NoDescriptor);
    assert_eq!(unreadable(&request(vec![descriptor(&[]); 65])), Unreadable::TooManyDescriptors);
    assert_eq!(unreadable(&request(vec![descriptor(&[("k", "v"); 65])])), Unreadable::TooManyEntries);
    let environment = descriptor(&[("environment", "not one")]);
    assert_eq!(unreadable(&request(vec![environment])), Unreadable::InvalidEnvironment);
    for (unit, multiplier) in [(0, None), (7, None), (-1, None), (1, Some(0))] {
        let over = request(vec![override_of(1, unit, multiplier)]);
        assert_eq!(unreadable(&over), Unreadable::InvalidUnit, "{unit} {multiplier:?}");
    }
    assert_eq!(read(&[0x0a, 0xff]).unwrap_err(), Unreadable::Malformed);
    assert_eq!(read(&[0x0a, 1, 0xff]).unwrap_err(), Unreadable::Malformed);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        drop(read(&bytes));
    }

    /// Bytes that are nearly a request come further.
    #[test]
    fn no_damaged_request_panics(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        length in any::<prop::sample::Index>(),
    ) {
        let limited = override_of(9, 3, Some(2));
        let named = descriptor(&[("client_id", "cli_00000000000000000000000001"), ("path", "/orders/7"), ("environment", "prod")]);
        let hits_addend = Some(UInt64Value { value: 3 });
        let asked = request(vec![limited, RateLimitDescriptor { hits_addend, ..named }]);
        let mut bytes = RateLimitRequest { hits_addend: 7, ..asked }.encode_to_vec();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(length.index(bytes.len()) + 1);
        if let Ok(question) = read(&bytes) {
            for descriptor in &question.descriptors {
                let cost = descriptor.call(question.domain, &prod()).call.cost;
                prop_assert!(cost.is_none_or(|cost| cost <= 1_000));
            }
        }
    }
}
