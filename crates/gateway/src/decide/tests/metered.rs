//! Calls that somebody else has authenticated, of which only the limits are asked.

use std::num::NonZeroU32;

use domain::{
    Timestamp,
    api_client::{ApiClientEvent, Archived, Suspended},
    api_key::{self, ApiKeyEvent, Revoked},
    decision::{Outcome, RefusalReason},
    rate_limit_policy::{Counting, Mode, PolicySpec},
};

use crate::{
    Call, Every, Metered, MeteredCall, OwnLimit, Unit,
    testing::{CLIENT, KEY, Organisation, POLICY, ROUTE, call, ids, quota, rate, read, secret, spec},
};

const OTHER_ROUTE: &str = "rte_00000000000000000000000002";

/// The small organisation under one policy, which binds everyone.
fn under(spec: PolicySpec) -> Organisation {
    let mut org = Organisation::small();
    org.policy(POLICY, spec);
    org.assign(POLICY, |_| {});
    org
}

impl Organisation {
    fn meter(&self, metered: &MeteredCall<'_>) -> Metered {
        self.gateway.meter(metered, self.now, true).unwrap()
    }

    /// A call of the first client, named.
    fn named(&self) -> Metered {
        self.named_as(|_| {})
    }

    fn named_as(&self, change: impl FnOnce(&mut MeteredCall<'_>)) -> Metered {
        let environment = read("prod");
        let call = Call { secret: None, ..call("", &environment) };
        let mut metered = MeteredCall { call, client_id: Some(read(CLIENT)), route_id: None, own: None };
        change(&mut metered);
        self.meter(&metered)
    }

    /// The same by the secret of that number.
    fn proven(&self, number: u32) -> Metered {
        let (secret, environment) = (secret(number), read("prod"));
        let call = call(&secret, &environment);
        self.meter(&MeteredCall { call, client_id: None, route_id: None, own: None })
    }
}

fn outcome(metered: &Metered) -> Option<Outcome> {
    metered.decision.as_ref().map(|decision| decision.outcome)
}

fn reason(metered: &Metered) -> Option<RefusalReason> {
    metered.decision.as_ref().unwrap().reason
}

fn remaining(metered: &Metered) -> Vec<u64> {
    metered.decision.as_ref().unwrap().limits.iter().map(|limit| limit.remaining).collect()
}

const HOUR: Every = Every { unit: Unit::Hour, times: NonZeroU32::MIN };

#[test]
fn a_named_client_shares_its_limits_with_those_who_prove_a_key() {
    let org = under(spec(vec![rate("burst", 10)], vec![quota("daily", 3)]));
    assert_eq!(org.call(1).outcome, Outcome::Allowed);
    let named = org.named();
    assert_eq!((outcome(&named), remaining(&named)), (Some(Outcome::Allowed), vec![8, 1]));
    assert_eq!(remaining(&org.proven(1)), [7, 0]);
    let refused = org.named();
    assert_eq!(
        (outcome(&refused), reason(&refused)),
        (Some(Outcome::QuotaExceeded), Some(RefusalReason::QuotaExceeded))
    );
    assert_eq!(refused.decision.unwrap().retry_after_seconds, Some(43_200));
    assert_eq!(org.call(1).outcome, Outcome::QuotaExceeded);
}

#[test]
fn who_is_known_is_named_by_what_was_said() {
    let org = under(spec(vec![rate("burst", 10)], vec![]));
    let (client, key, route, _) = ids();
    let named = org.named().decision.unwrap();
    assert_eq!((named.client_id, named.key_id, named.secret_version), (Some(client), None, None));
    assert_eq!(named.route_id, Some(route));
    let proven = org.proven(1).decision.unwrap();
    assert_eq!((proven.client_id, proven.key_id, proven.secret_version), (Some(client), Some(key), Some(1)));
}

#[test]
fn who_is_not_known_has_no_limit_and_is_counted_nowhere() {
    let org = under(spec(vec![rate("burst", 1)], vec![]));
    let stranger =
        |metered: &mut MeteredCall<'_>| metered.client_id = Some(read("cli_00000000000000000000000009"));
    let nobody = Metered { decision: None, own: None };
    for _ in 0..3 {
        assert_eq!(org.named_as(stranger), nobody);
        assert_eq!(org.proven(99), nobody);
        assert_eq!(org.named_as(|metered| metered.client_id = None), nobody);
    }
    assert_eq!(org.gateway.take_flush(org.now).batch, None);
    assert_eq!(outcome(&org.proven(1)), Some(Outcome::Allowed), "and took nothing from anybody");
}

/// A client of which only an assignment has spoken is not there yet.
#[test]
fn a_client_that_was_never_registered_is_not_known() {
    let mut org = under(spec(vec![rate("burst", 1)], vec![]));
    let later = "cli_00000000000000000000000009";
    org.assign(POLICY, |a| a.client_id = Some(read(later)));
    assert_eq!(outcome(&org.named_as(|metered| metered.client_id = Some(read(later)))), None);
}

#[test]
fn who_was_told_to_stop_is_stopped_and_not_let_pass_without_a_limit() {
    let reason_of = || read("why");
    let suspended = || ApiClientEvent::Suspended(Suspended { reason: reason_of() });
    let mut org = under(spec(vec![rate("burst", 10)], vec![]));
    org.client(CLIENT, suspended());
    for metered in [org.named(), org.proven(1)] {
        assert_eq!(reason(&metered), Some(RefusalReason::ClientSuspended));
        assert!(remaining(&metered).is_empty() && metered.decision.unwrap().retry_after_seconds.is_none());
    }
    let mut org = under(spec(vec![rate("burst", 10)], vec![]));
    org.client(CLIENT, ApiClientEvent::Archived(Archived { reason: reason_of() }));
    assert_eq!(reason(&org.named()), Some(RefusalReason::ClientArchived));

    let mut org = under(spec(vec![rate("burst", 10)], vec![]));
    org.key(KEY, ApiKeyEvent::Revoked(Revoked { revoked_at: org.now, reason: reason_of() }));
    assert_eq!(reason(&org.proven(1)), Some(RefusalReason::KeyRevoked));
    assert_eq!(reason(&org.named()), None, "the client itself is as it was");
}

#[test]
fn a_key_that_has_ended_or_rests_is_stopped() {
    let mut org = Organisation::small();
    let at = |seconds: i64| Timestamp::from_second(org.now.as_second() + seconds).unwrap();
    let (past, future) = (at(-1), at(60));
    org.issue("key_00000000000000000000000002", CLIENT, 2, |issued| issued.expires_at = Some(past));
    org.issue("key_00000000000000000000000003", CLIENT, 3, |issued| issued.not_before = Some(future));
    org.issue("key_00000000000000000000000004", CLIENT, 4, |_| {});
    let suspended = api_key::Suspended { reason: read("why") };
    org.key("key_00000000000000000000000004", ApiKeyEvent::Suspended(suspended));
    let reasons = [2, 3, 4].map(|number| reason(&org.proven(number)));
    use RefusalReason::{KeyExpired, KeyNotYetValid, KeySuspended};
    assert_eq!(reasons, [Some(KeyExpired), Some(KeyNotYetValid), Some(KeySuspended)]);
}

#[test]
fn what_a_key_may_do_is_somebody_elses_to_judge() {
    let mut org = under(spec(vec![rate("burst", 10)], vec![]));
    org.issue("key_00000000000000000000000002", CLIENT, 2, |issued| {
        issued.environment = read("test");
        issued.scopes = Some([].into());
        issued.allowed_cidrs = vec![read("192.0.2.0/24")];
    });
    assert_eq!(outcome(&org.proven(2)), Some(Outcome::Allowed));
}

#[test]
fn a_call_on_no_route_meets_the_limits_that_name_none() {
    let mut org = under(spec(vec![rate("wide", 10)], vec![]));
    org.policy("pol_00000000000000000000000002", spec(vec![rate("narrow", 2)], vec![]));
    org.assign("pol_00000000000000000000000002", |a| a.route_id = Some(read(ROUTE)));
    let on = |path: &'static str| org.named_as(move |metered| metered.call.path = path);
    assert_eq!(remaining(&on("/orders/1")), [1]);
    for (path, left) in [("/nowhere", 9), ("", 8)] {
        let metered = on(path);
        assert_eq!((remaining(&metered), metered.decision.unwrap().route_id), (vec![left], None), "{path}");
    }
}

/// The caller chooses how its path is written, and the upstream may read it as one whose route has limits.
#[test]
fn a_path_without_a_safe_reading_passes_by_no_limit() {
    let mut org = Organisation::small();
    org.route(OTHER_ROUTE, |spec| spec.path = read("/files/{name}"));
    org.policy(POLICY, spec(vec![rate("narrow", 1)], vec![]));
    org.assign(POLICY, |a| a.route_id = Some(read(OTHER_ROUTE)));
    let on = |path: &'static str| org.named_as(move |metered| metered.call.path = path);
    let too_long: &'static str = format!("/files/{}", "a".repeat(9_000)).leak();
    let unsafe_paths = [too_long, "/files/%2f", "/files/%zz", "/files/a\0b", "files/a"];
    for path in unsafe_paths {
        assert_eq!(reason(&on(path)), Some(RefusalReason::BadPath), "{path}");
    }
    assert_eq!(remaining(&on("/files/a")), [0], "nothing was taken by what was refused");
    for path in unsafe_paths {
        let named = org.named_as(|metered| (metered.call.path, metered.route_id) = (path, Some(read(ROUTE))));
        assert_eq!(reason(&named), None, "whose route is said need no path: {path}");
    }
    let own = OwnLimit { domain: "edge", entries: &[("path", b"/files/%2f")], requests: 1, every: HOUR };
    let counted = org.named_as(|metered| (metered.call.path, metered.own) = ("/files/%2f", Some(own)));
    assert_eq!((reason(&counted), counted.own.unwrap().remaining), (None, 0));
}

#[test]
fn who_must_not_call_is_told_so_whatever_the_path() {
    let mut org = under(spec(vec![rate("burst", 10)], vec![]));
    org.client(CLIENT, ApiClientEvent::Suspended(Suspended { reason: read("why") }));
    let metered = org.named_as(|metered| metered.call.path = "/files/%2f");
    assert_eq!(reason(&metered), Some(RefusalReason::ClientSuspended));
}

#[test]
fn a_route_may_be_named_as_long_as_it_is_there() {
    let mut org = under(spec(vec![rate("wide", 10)], vec![]));
    org.route(OTHER_ROUTE, |spec| (spec.path, spec.cost) = (read("/exports"), 3));
    org.policy("pol_00000000000000000000000002", spec(vec![rate("narrow", 7)], vec![]));
    org.assign("pol_00000000000000000000000002", |a| a.route_id = Some(read(OTHER_ROUTE)));
    let named = |id: &'static str| org.named_as(move |metered| metered.route_id = Some(read(id)));
    assert_eq!(remaining(&named(OTHER_ROUTE)), [4], "it costs what the route says, whatever the path");
    assert_eq!(remaining(&named("rte_00000000000000000000000009")), [9]);
    let retired = domain::route::RouteEvent::Retired(domain::route::Retired { reason: None });
    org.tell(domain::DomainEvent::Route { id: read(OTHER_ROUTE), event: retired });
    let metered = org.named_as(|metered| metered.route_id = Some(read(OTHER_ROUTE)));
    assert_eq!((remaining(&metered), metered.decision.unwrap().route_id), (vec![8], None));
}

#[test]
fn hits_are_taken_in_place_of_the_routes_cost_and_none_only_look() {
    let org = under(spec(vec![rate("burst", 10)], vec![]));
    let costing = |cost: u32| org.named_as(move |metered| metered.call.cost = Some(cost));
    assert_eq!(remaining(&costing(7)), [3]);
    assert_eq!(remaining(&costing(0)), [3]);
    let refused = costing(4);
    assert_eq!((outcome(&refused), remaining(&refused)), (Some(Outcome::RateLimited), vec![3]));
    assert_eq!(remaining(&costing(3)), [0]);
    assert_eq!(outcome(&costing(0)), Some(Outcome::Allowed), "what takes nothing is always granted");
}

#[test]
fn keys_that_are_counted_apart_are_not_the_clients_calls_without_one() {
    let mut org = under(PolicySpec { counting: Counting::Key, ..spec(vec![], vec![quota("daily", 2)]) });
    org.register("cli_00000000000000000000000002", &["prod"], &[]);
    assert_eq!(remaining(&org.proven(1)), [1]);
    assert_eq!([remaining(&org.named()), remaining(&org.named())], [[1], [0]]);
    let other = org.named_as(|metered| metered.client_id = Some(read("cli_00000000000000000000000002")));
    assert_eq!(remaining(&other), [1], "nobody shares the count of those without a key");
    assert_eq!(remaining(&org.proven(1)), [0]);
    let rows = org.gateway.take_flush(org.now).counters;
    assert!(rows.iter().any(|row| row.key == format!("{POLICY}/daily/prod/{CLIENT}/any")), "{rows:?}");
}

#[test]
fn policies_in_shadow_are_asked_and_never_refuse() {
    let org = under(PolicySpec { mode: Mode::Shadow, ..spec(vec![rate("trial", 1)], vec![]) });
    let outcomes = [outcome(&org.named()), outcome(&org.named())];
    assert_eq!(outcomes, [Some(Outcome::Allowed); 2]);
    let batch = org.gateway.take_flush(org.now).batch.unwrap();
    assert_eq!(batch.shadow.iter().map(|fact| fact.refused).max(), Some(1));
}

#[test]
fn usage_counts_a_call_without_a_key_to_the_second() {
    let org = under(spec(vec![rate("burst", 1)], vec![]));
    org.named();
    org.named();
    let batch = org.gateway.take_flush(org.now).batch.unwrap();
    let told: Vec<_> = batch
        .facts
        .iter()
        .map(|fact| (fact.client_id, fact.key_id, fact.route_id, fact.outcome, fact.seconds.len()))
        .collect();
    let (client, _, route, _) = ids();
    let expected = |outcome| (Some(client), None, Some(route), outcome, 1);
    assert_eq!(told, [expected(Outcome::Allowed), expected(Outcome::RateLimited)]);
    assert_eq!(batch.throttled.len(), 1);
    assert!(batch.sightings.is_empty(), "no secret was presented");
}

#[test]
fn a_limit_of_its_own_stands_in_place_of_the_policies() {
    let org = under(spec(vec![rate("burst", 1)], vec![]));
    const ENTRIES: &[(&str, &[u8])] = &[("client_id", CLIENT.as_bytes()), ("plan", b"gold")];
    let own = OwnLimit { domain: "edge", entries: ENTRIES, requests: 2, every: HOUR };
    let with_own = || org.named_as(|metered| metered.own = Some(own));
    for left in [1, 0] {
        let metered = with_own();
        assert_eq!(outcome(&metered), Some(Outcome::Allowed));
        assert_eq!((metered.own.unwrap().remaining, remaining(&metered)), (left, vec![]));
    }
    let refused = with_own();
    assert_eq!(reason(&refused), Some(RefusalReason::RateLimited));
    assert_eq!(refused.decision.unwrap().retry_after_seconds, refused.own.unwrap().wait_seconds);
    assert_eq!(remaining(&org.named()), [0], "nothing was taken of the policy's");
    let facts = org.gateway.take_flush(org.now).batch.unwrap().facts;
    assert_eq!(facts.iter().map(|fact| fact.calls).sum::<u64>(), 4);
}

#[test]
fn a_limit_of_its_own_binds_nobody_too_and_a_suspended_client_takes_nothing_of_it() {
    let mut org = Organisation::small();
    let own =
        OwnLimit { domain: "edge", entries: &[("remote_address", b"192.0.2.7")], requests: 1, every: HOUR };
    let nobody =
        |org: &Organisation| org.named_as(|metered| (metered.client_id, metered.own) = (None, Some(own)));
    org.client(CLIENT, ApiClientEvent::Suspended(Suspended { reason: read("why") }));
    let suspended = org.named_as(|metered| metered.own = Some(own));
    assert_eq!((reason(&suspended), suspended.own), (Some(RefusalReason::ClientSuspended), None));
    let first = nobody(&org);
    assert_eq!((outcome(&first), first.own.unwrap().wait_seconds), (None, None));
    assert!(nobody(&org).own.unwrap().wait_seconds.is_some());
    org.pass(3_600);
    assert_eq!(nobody(&org).own.unwrap().wait_seconds, None);
}

#[test]
fn a_quarantined_secret_opens_little_and_only_from_where_it_was_used_before() {
    let mut org = under(spec(vec![rate("burst", 10)], vec![]));
    let quarantined = api_key::Quarantined {
        leak_id: read("lek_00000000000000000000000001"),
        secret_version: 1,
        known_addresses: vec![read("192.0.2.7/32")],
        calls_per_minute: 1,
    };
    org.key(KEY, ApiKeyEvent::Quarantined(quarantined));
    let secret = secret(1);
    let from = |address: Option<&str>| {
        let prod = read("prod");
        let call = Call { address: address.map(read), ..call(&secret, &prod) };
        org.meter(&MeteredCall { call, client_id: None, route_id: None, own: None })
    };
    for elsewhere in [None, Some("198.51.100.1")] {
        assert_eq!(reason(&from(elsewhere)), Some(RefusalReason::KeyQuarantined));
    }
    assert_eq!(remaining(&from(Some("192.0.2.7"))), [9]);
    let second = from(Some("192.0.2.7"));
    assert_eq!((reason(&second), remaining(&second)), (Some(RefusalReason::RateLimited), vec![]));
    assert_eq!(reason(&org.named()), None, "a client that is named presents no secret");
}
