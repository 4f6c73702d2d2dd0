//! What is explained is what is decided.

use std::collections::BTreeSet;

use domain::{
    AssignmentId, KeyId,
    decision::{LimitKind, Outcome, RefusalReason},
    explain::{Check, CheckOutcome, Claim, Explanation, Fate, Question, RouteFate, Specificity},
    rate_limit_policy::{Assignment, Counting, Mode, PolicySpec},
    route::RouteSpec,
};
use proptest::prelude::*;

use crate::{
    Call, Decision,
    testing::{CLIENT, KEY, Organisation, POLICY, ROUTE, call, quota, rate, read, secret, spec},
};

const OTHER_CLIENT: &str = "cli_00000000000000000000000002";
const OTHER_KEY: &str = "key_00000000000000000000000002";
const OTHER_ROUTE: &str = "rte_00000000000000000000000002";

fn question(org: &Organisation, call: &Call<'_>) -> Question {
    Question {
        claim: org.gateway.identify(call.secret),
        method: call.method.to_owned(),
        host: call.host.map(ToOwned::to_owned),
        path: call.path.to_owned(),
        environment: call.environment.clone(),
        address: call.address,
        cost: call.cost,
        at: org.now,
    }
}

fn explain(org: &Organisation, call: &Call<'_>) -> Explanation {
    org.gateway.explain(&question(org, call), |_| None).unwrap()
}

fn failed(explanation: &Explanation) -> Option<Check> {
    let failed = explanation.checks.iter().find(|checked| checked.outcome == CheckOutcome::Failed);
    failed.map(|checked| checked.check)
}

/// Explains a call and then judges it.
fn check(org: &Organisation, call: &Call<'_>) -> (Explanation, Decision) {
    let explanation = explain(org, call);
    assert_eq!(explain(org, call), explanation, "explaining changes nothing");
    let decision = org.judge(call);
    let of_decision = (decision.outcome, decision.reason, decision.retry_after_seconds, decision.route_id);
    let of_explanation =
        (explanation.outcome, explanation.reason, explanation.retry_after_seconds, explanation.route_id);
    assert_eq!(of_explanation, of_decision);
    assert_eq!(explanation.limits, decision.limits.to_vec());
    let held: BTreeSet<_> = decision
        .limits
        .iter()
        .map(|limit| (limit.kind.as_str(), limit.mode.as_str(), limit.assignment_id))
        .collect();
    let won = explanation.candidates.iter().filter(|candidate| candidate.fate == Fate::Won);
    let won: BTreeSet<_> = won.map(|won| (won.kind.as_str(), won.mode.as_str(), won.assignment_id)).collect();
    // A call that an enforced limit refuses is not held against shadowed ones.
    let missing = won.difference(&held).all(|(_, mode, _)| decision.reason.is_some() && *mode == "shadow");
    assert!(held.is_subset(&won) && missing, "{won:?} won, {held:?} were asked");
    (explanation, decision)
}

#[derive(Clone, Debug)]
struct Assigned {
    spec: PolicySpec,
    client: Option<bool>,
    route: Option<bool>,
    environment: Option<&'static str>,
    from: Option<i64>,
    until: Option<i64>,
}

fn specs() -> impl Strategy<Value = PolicySpec> {
    let counting = prop_oneof![Just(Counting::Client), Just(Counting::Key), Just(Counting::Shared)];
    let mode = prop_oneof![3 => Just(Mode::Enforce), 1 => Just(Mode::Shadow)];
    let limits = (0..2_usize, 0..2_usize, 1..6_u64, 1..12_u64);
    (counting, mode, limits).prop_map(|(counting, mode, (rates, quotas, few, some))| {
        // One of them there must be.
        let rates = if quotas == 0 { 1 } else { rates };
        let rates = (0..rates).map(|_| rate("rate", few)).collect();
        let quotas = (0..quotas).map(|_| quota("quota", some)).collect();
        PolicySpec { counting, mode, ..spec(rates, quotas) }
    })
}

fn assigned() -> impl Strategy<Value = Assigned> {
    let environment = prop::option::of(prop_oneof![Just("prod"), Just("test")]);
    let (from, until) = (prop::option::of(-60..120_i64), prop::option::of(1..240_i64));
    (specs(), any::<Option<bool>>(), any::<Option<bool>>(), environment, from, until).prop_map(
        |(spec, client, route, environment, from, until)| Assigned {
            spec,
            client,
            route,
            environment,
            from,
            until,
        },
    )
}

fn organisation(assigned: &[Assigned]) -> Organisation {
    let mut org = Organisation::small();
    org.register(OTHER_CLIENT, &["prod"], &["orders:read"]);
    org.issue(OTHER_KEY, OTHER_CLIENT, 2, |_| {});
    org.route(OTHER_ROUTE, |spec| {
        (spec.path, spec.required_scopes, spec.cost) = (read("/orders/{id}/lines"), [].into(), 2);
    });
    for (number, assigned) in assigned.iter().enumerate() {
        let policy = format!("pol_{:026}", number + 10);
        org.policy(&policy, assigned.spec.clone());
        let at = |seconds: Option<i64>| seconds.map(|seconds| org.after(seconds));
        let (from, until) = (at(assigned.from), at(assigned.until));
        org.assign(&policy, |assignment| {
            let pick =
                |mine: bool, one: &str, other: &str| if mine { one.to_owned() } else { other.to_owned() };
            assignment.client_id = assigned.client.map(|mine| read(&pick(mine, CLIENT, OTHER_CLIENT)));
            assignment.route_id = assigned.route.map(|mine| read(&pick(mine, ROUTE, OTHER_ROUTE)));
            assignment.environment = assigned.environment.map(read);
            (assignment.from, assignment.until) = (from, until);
        });
    }
    org
}

proptest! {
    #[test]
    fn explain_names_the_winner_and_the_outcome_that_the_decision_used(
        assigned in prop::collection::vec(assigned(), 0..6),
        calls in prop::collection::vec((1..=3_u32, any::<bool>(), prop::option::of(1..4_u32), 0..40_i64), 1..20),
    ) {
        let mut org = organisation(&assigned);
        for (number, lines, cost, seconds) in calls {
            org.pass(seconds);
            let (secret, prod) = (secret(number), read("prod"));
            let path = if lines { "/orders/1/lines" } else { "/orders/1" };
            check(&org, &Call { path, cost, ..call(&secret, &prod) });
        }
    }
}

#[test]
fn each_refusal_is_explained_by_the_check_that_failed() {
    let (mut org, prod, test) = (Organisation::small(), read("prod"), read("test"));
    org.issue(OTHER_KEY, CLIENT, 2, |issued| issued.scopes = Some([read("orders:write")].into()));
    let genuine = secret(1);
    let narrow = secret(2);
    let cases = [
        (call("rubbish", &prod), Check::Secret, RefusalReason::MalformedSecret),
        (Call { secret: None, ..call("", &prod) }, Check::Secret, RefusalReason::MissingSecret),
        (call(&genuine, &test), Check::Environment, RefusalReason::WrongEnvironment),
        (Call { path: "/else", ..call(&genuine, &prod) }, Check::Route, RefusalReason::UnknownRoute),
        (call(&narrow, &prod), Check::Scopes, RefusalReason::MissingScope),
    ];
    for (call, at, reason) in cases {
        let (explanation, _) = check(&org, &call);
        assert_eq!((failed(&explanation), explanation.reason), (Some(at), Some(reason)));
        let after = explanation.checks.iter().skip_while(|checked| checked.check != at).skip(1);
        assert!(after.clone().all(|checked| checked.outcome == CheckOutcome::NotReached), "{at:?}");
    }
}

#[test]
fn a_retired_secret_is_explained_by_when_it_stopped() {
    let (mut org, prod) = (Organisation::small(), read("prod"));
    org.rotate(KEY, 2, 2, 60);
    org.pass(61);
    let (explanation, _) = check(&org, &call(&secret(1), &prod));
    assert_eq!(
        (failed(&explanation), explanation.outcome),
        (Some(Check::Lifetime), Outcome::Unauthenticated)
    );
    let key = explanation.caller.unwrap().key.unwrap();
    assert_eq!((key.secret_version, key.retired_at), (1, Some(org.after(-1))));
}

#[test]
fn a_key_or_a_client_is_explained_without_a_secret() {
    let (mut org, prod) = (Organisation::small(), read("prod"));
    org.policy(POLICY, spec(vec![rate("some", 3)], vec![]));
    org.assign(POLICY, |assignment| assignment.client_id = Some(read(CLIENT)));
    org.call(1);
    let asked = question(&org, &call(&secret(1), &prod));
    for claim in [Claim::Key(read(KEY)), Claim::Client(read(CLIENT))] {
        let explanation = org.gateway.explain(&Question { claim, ..asked.clone() }, |_| None).unwrap();
        assert_eq!(explanation.checks[0].outcome, CheckOutcome::Assumed);
        assert_eq!((explanation.outcome, explanation.limits[0].remaining), (Outcome::Allowed, 1));
    }
    let unknown = Claim::Key(KeyId::from_u128(99));
    assert_eq!(org.gateway.explain(&Question { claim: unknown, ..asked }, |_| None), None);
}

/// The fate of the candidate with this assignment.
fn fate(explanation: &Explanation, assignment_id: AssignmentId) -> Fate {
    explanation.candidates.iter().find(|candidate| candidate.assignment_id == assignment_id).unwrap().fate
}

#[test]
fn each_candidate_says_why_it_lost() {
    let (mut org, prod) = (organisation(&[]), read("prod"));
    org.policy(POLICY, spec(vec![rate("some", 10)], vec![]));
    let (past, ahead) = (org.after(5), org.after(60));
    let mut assign = |change: &dyn Fn(&mut Assignment)| org.assign(POLICY, |a| change(a));
    let default = assign(&|_| {});
    let early = assign(&|a| a.client_id = Some(read(CLIENT)));
    let late = assign(&|a| a.client_id = Some(read(CLIENT)));
    let over = assign(&|a| (a.client_id, a.until) = (Some(read(CLIENT)), Some(past)));
    let to_come = assign(&|a| (a.client_id, a.from) = (Some(read(CLIENT)), Some(ahead)));
    let others = assign(&|a| a.client_id = Some(read(OTHER_CLIENT)));
    let on_route = assign(&|a| (a.client_id, a.route_id) = (Some(read(CLIENT)), Some(read(OTHER_ROUTE))));
    let in_test = assign(&|a| a.environment = Some(read("test")));
    org.pass(10);
    let (explanation, _) = check(&org, &call(&secret(1), &prod));
    let expected = [
        (default, Fate::LessSpecific),
        (early, Fate::MadeEarlier),
        (late, Fate::Won),
        (over, Fate::Over),
        (to_come, Fate::NotOpenYet),
        (others, Fate::OtherClient),
        (on_route, Fate::OtherRoute),
        (in_test, Fate::OtherEnvironment),
    ];
    for (assignment_id, expected) in expected {
        assert_eq!(fate(&explanation, assignment_id), expected);
    }
    let behind = explanation.candidates.iter().filter_map(|candidate| candidate.than);
    assert_eq!(behind.collect::<Vec<_>>(), [late; 2]);
    assert!(explanation.candidates.iter().all(|candidate| candidate.kind == LimitKind::Rate));
    assert_eq!(explanation.candidates[0].specificity, Specificity::Client);
}

#[test]
fn an_override_says_what_applies_after_it() {
    let (mut org, prod) = (Organisation::small(), read("prod"));
    org.policy(POLICY, spec(vec![rate("some", 10)], vec![]));
    let usual = org.assign(POLICY, |a| a.client_id = Some(read(CLIENT)));
    let (until, soon) = (org.after(60), org.after(30));
    let more = org.assign(POLICY, |a| (a.client_id, a.until) = (Some(read(CLIENT)), Some(until)));
    let effective =
        |org: &Organisation| org.gateway.effective(Some(read(CLIENT)), None, &prod, org.now).unwrap();
    let in_force = &effective(&org).in_force[0];
    assert_eq!((in_force.winner.assignment_id, in_force.changes_at), (more, Some(until)));
    assert_eq!(in_force.then.as_ref().unwrap().assignment_id, usual);
    // A more specific one that opens before then comes first.
    let next = org.assign(POLICY, |a| {
        (a.client_id, a.environment, a.from) = (Some(read(CLIENT)), Some(read("prod")), Some(soon));
    });
    let in_force = &effective(&org).in_force[0];
    assert_eq!((in_force.changes_at, in_force.then.as_ref().unwrap().assignment_id), (Some(soon), next));
    assert_eq!(org.gateway.effective(Some(read(OTHER_CLIENT)), None, &prod, org.now), None);
}

#[test]
fn routes_that_fit_say_why_another_takes_the_call() {
    let (mut org, prod) = (Organisation::small(), read("prod"));
    let mut route = |number: u32, change: fn(&mut RouteSpec)| {
        org.route(&format!("rte_{:026}", number + 10), change);
    };
    route(1, |spec| spec.methods = ["POST".parse().unwrap()].into());
    route(2, |spec| spec.path = read("/{anything}/{else}"));
    route(3, |spec| spec.hosts = [read("api.example.com")].into());
    route(4, |spec| spec.path = read("/orders/{number}"));
    route(5, |spec| spec.path = read("/customers"));
    let (explanation, _) = check(&org, &call(&secret(1), &prod));
    let fates: Vec<_> = explanation.routes.iter().map(|route| route.fate).collect();
    let expected = [
        RouteFate::Won,
        RouteFate::DefinedLater,
        RouteFate::LessSpecificTemplate,
        RouteFate::OtherMethod,
        RouteFate::OtherHost,
    ];
    assert_eq!(fates, expected);
}
