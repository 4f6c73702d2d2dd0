//! Given, when, then.

use super::*;
use crate::{
    Aggregate, Scope,
    given::{all, many, the},
};

fn check(
    given: impl IntoIterator<Item = RouteEvent>,
    when: RouteCommand,
    then: Result<Vec<RouteEvent>, RouteRefusal>,
) {
    let given: Vec<_> = given.into_iter().collect();
    assert_eq!(Route::replay(&given).decide(&when), then, "{when:?} after {given:?}");
}

#[test]
fn defining_records_the_specification() {
    check([], define(|_| {}), Ok(vec![defined()]));
}

#[test]
fn defining_twice_is_refused() {
    check([defined()], define(|_| {}), Err(RouteRefusal::AlreadyDefined));
    check([defined(), retired()], define(|_| {}), Err(RouteRefusal::AlreadyDefined));
}

#[test]
fn a_route_needs_a_method() {
    check([], define(|spec| spec.methods.clear()), Err(RouteRefusal::NoMethod));
    check([defined()], revise(|ask| ask.methods = Some([].into())), Err(RouteRefusal::NoMethod));
}

#[test]
fn sixteen_methods_are_taken_and_seventeen_refused() {
    let full = |spec: &mut RouteSpec| spec.methods = methods(16);
    check([], define(full), Ok(vec![defined_with(full)]));
    let too_many = RouteRefusal::TooMany { what: "methods", given: 17, allowed: 16 };
    check([], define(|spec| spec.methods = methods(17)), Err(too_many.clone()));
    check([defined()], revise(|ask| ask.methods = Some(methods(17))), Err(too_many));
}

#[test]
fn twenty_scopes_are_taken_and_twenty_one_refused() {
    let full = |spec: &mut RouteSpec| spec.required_scopes = many::<Scope, _>(20);
    check([], define(full), Ok(vec![defined_with(full)]));
    let too_many = RouteRefusal::TooMany { what: "scopes", given: 21, allowed: 20 };
    check([], define(|spec| spec.required_scopes = many(21)), Err(too_many.clone()));
    check([defined()], revise(|ask| ask.required_scopes = Some(many(21))), Err(too_many));
}

#[test]
fn a_route_may_need_no_scope() {
    let open = |spec: &mut RouteSpec| spec.required_scopes.clear();
    check([], define(open), Ok(vec![defined_with(open)]));
}

#[test]
fn a_call_costs_from_one_to_a_thousand() {
    for cost in [1, 1_000] {
        check([], define(|spec| spec.cost = cost), Ok(vec![defined_with(|spec| spec.cost = cost)]));
    }
    for cost in [0, 1_001, u32::MAX] {
        let refused = RouteRefusal::CostOutOfBounds { cost, allowed: 1_000 };
        check([], define(|spec| spec.cost = cost), Err(refused.clone()));
        check([defined()], revise(|ask| ask.cost = Some(cost)), Err(refused));
    }
}

#[test]
fn revising_replaces_what_is_given_and_keeps_the_rest() {
    check([defined()], revise(|ask| ask.cost = Some(5)), Ok(vec![revised(|spec| spec.cost = 5)]));
    let when = revise(|ask| {
        ask.name = Some(the("Renamed"));
        ask.methods = Some(all(&["POST"]));
        ask.path = Some(the("/v2/orders/{id}"));
        ask.required_scopes = Some([].into());
    });
    let then = revised(|spec| {
        spec.name = the("Renamed");
        spec.methods = all(&["POST"]);
        spec.path = the("/v2/orders/{id}");
        spec.required_scopes.clear();
    });
    check([defined()], when, Ok(vec![then]));
}

#[test]
fn hosts_can_be_changed_and_taken_away() {
    for hosts in [&["b.example.com"][..], &["*.example.com", "b.example.com", "c.example.com"], &[]] {
        let other = revise(|ask| ask.hosts = Some(all(hosts)));
        check([defined()], other, Ok(vec![revised(|spec| spec.hosts = all(hosts))]));
    }
}

#[test]
fn twenty_hosts_are_taken_and_twenty_one_refused() {
    let full = |spec: &mut RouteSpec| spec.hosts = many(20);
    check([], define(full), Ok(vec![defined_with(full)]));
    let too_many = RouteRefusal::TooMany { what: "hosts", given: 21, allowed: 20 };
    check([], define(|spec| spec.hosts = many(21)), Err(too_many.clone()));
    check([defined()], revise(|ask| ask.hosts = Some(many(21))), Err(too_many));
}

#[test]
fn a_header_may_say_at_most_a_thousand_and_no_less_than_the_route_costs() {
    for max in [1, 1_000] {
        check([], define(|spec| costed(spec, max)), Ok(vec![defined_with(|spec| costed(spec, max))]));
    }
    for max in [0, 1_001] {
        let refused = RouteRefusal::CostOutOfBounds { cost: max, allowed: 1_000 };
        check([], define(|spec| costed(spec, max)), Err(refused));
    }
    let refused = RouteRefusal::CostAboveHeaderMax { cost: 5, max: 4 };
    let given = [defined_with(|spec| costed(spec, 4))];
    check(given.clone(), revise(|ask| ask.cost = Some(5)), Err(refused));
    let without = revise(|ask| ask.cost_from_header = Some(None));
    check(given, without, Ok(vec![revised(|_| {})]));
}

#[test]
fn what_was_recorded_when_a_route_had_one_host_reads_as_ever_and_is_written_alike() {
    for (host, hosts) in [("\"a.example.com\"", &["a.example.com"][..]), ("null", &[])] {
        let recorded = format!(
            r#"{{"name":"N","host":{host},"methods":["GET"],"path":"/","required_scopes":[],"cost":1}}"#
        );
        let spec: RouteSpec = serde_json::from_str(&recorded).unwrap();
        assert_eq!((spec.hosts.clone(), &spec.cost_from_header), (all(hosts), &None));
        assert_eq!(serde_json::to_string(&spec).unwrap(), recorded);
    }
}

#[test]
fn one_who_reads_the_first_host_only_takes_fewer_calls_and_never_more() {
    let spec = spec_with(|spec| spec.hosts = all(&["b.example.com", "a.example.com", "*.example.org"]));
    let recorded = serde_json::to_value(&spec).unwrap();
    assert_eq!(recorded["host"], "*.example.org");
    assert_eq!(recorded["other_hosts"], serde_json::json!(["a.example.com", "b.example.com"]));
    assert_eq!(serde_json::from_value::<RouteSpec>(recorded).unwrap(), spec);
}

#[test]
fn revising_to_what_is_there_records_nothing() {
    check([defined()], revise(|_| {}), Ok(vec![]));
    let same = revise(|ask| {
        ask.cost = Some(1);
        ask.hosts = Some(all(&["api.example.com"]));
    });
    check([defined()], same, Ok(vec![]));
    let given = [defined(), revised(|spec| spec.cost = 5)];
    check(given, revise(|ask| ask.cost = Some(5)), Ok(vec![]));
}

#[test]
fn retiring_twice_records_one_retirement() {
    check([defined()], retire(), Ok(vec![retired()]));
    check([defined(), retired()], retire(), Ok(vec![]));
}

#[test]
fn retired_is_final() {
    check([defined(), retired()], revise(|ask| ask.cost = Some(5)), Err(RouteRefusal::Retired));
}

#[test]
fn nothing_can_be_asked_of_a_route_that_was_never_defined() {
    check([], revise(|_| {}), Err(RouteRefusal::NotDefined));
    check([], retire(), Err(RouteRefusal::NotDefined));
}

#[test]
fn methods_are_three_to_sixteen_capitals() {
    for good in ["GET", "OPTIONS", "VERSION", &"A".repeat(16)] {
        assert!(good.parse::<Method>().is_ok(), "{good}");
    }
    for bad in ["", "GE", "get", "GÉT", "G T", "M-SEARCH", &"A".repeat(17)] {
        assert!(bad.parse::<Method>().is_err(), "{bad}");
    }
}

#[test]
fn hosts_and_paths_are_taken_up_to_their_bounds() {
    let label = "a".repeat(63);
    let host = [label.as_str(), &label, &label, &"a".repeat(61)].join(".");
    assert!(host.parse::<Host>().is_ok());
    for bad in [format!("{host}a"), format!("{host}."), "é.example".to_owned()] {
        assert!(bad.parse::<Host>().is_err(), "{bad}");
    }
    for good in [format!("/{}", "a".repeat(511)), "/a".repeat(32), format!("/{{{}}}", "n".repeat(64))] {
        assert!(good.parse::<PathTemplate>().is_ok(), "{good}");
    }
    assert!(format!("/{{{}}}", "n".repeat(65)).parse::<PathTemplate>().is_err());
}

fn spec() -> RouteSpec {
    RouteSpec {
        name: the("Read an order"),
        hosts: all(&["api.example.com"]),
        methods: all(&["GET", "HEAD"]),
        path: the("/orders/{id}"),
        required_scopes: all(&["orders:read"]),
        cost: 1,
        cost_from_header: None,
    }
}

fn spec_with(change: impl FnOnce(&mut RouteSpec)) -> RouteSpec {
    let mut spec = spec();
    change(&mut spec);
    spec
}

fn costed(spec: &mut RouteSpec, max: u32) {
    spec.cost_from_header = Some(CostFromHeader { name: the("x-call-cost"), max });
}

fn methods(count: u8) -> std::collections::BTreeSet<Method> {
    (0..count).map(|number| the(&format!("GE{}", char::from(b'A' + number)))).collect()
}

fn define(change: impl FnOnce(&mut RouteSpec)) -> RouteCommand {
    RouteCommand::Define(DefineRoute { spec: spec_with(change) })
}

fn revise(change: impl FnOnce(&mut ReviseRoute)) -> RouteCommand {
    let mut ask = ReviseRoute::default();
    change(&mut ask);
    RouteCommand::Revise(ask)
}

fn retire() -> RouteCommand {
    RouteCommand::Retire(RetireRoute { reason: Some(the("because")) })
}

fn defined() -> RouteEvent {
    defined_with(|_| {})
}

fn defined_with(change: impl FnOnce(&mut RouteSpec)) -> RouteEvent {
    RouteEvent::Defined(Defined { spec: spec_with(change) })
}

fn revised(change: impl FnOnce(&mut RouteSpec)) -> RouteEvent {
    RouteEvent::Revised(Revised { spec: spec_with(change) })
}

fn retired() -> RouteEvent {
    RouteEvent::Retired(Retired { reason: Some(the("because")) })
}
