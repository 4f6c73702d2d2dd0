//! Who can call what, against rows that the projections made, and against what the past is made of.

use domain::{
    access::Limits,
    api_client::{ApiClientCommand, SuspendClient, UpdateClient},
    api_key::{ApiKeyCommand, IssueKey, RevokeKey, SuspendKey},
    rate_limit_policy::{PolicyCommand, UnassignPolicy},
    route::{DefineRoute, RetireRoute, RouteCommand, RouteSpec},
};

use super::*;
use crate::{
    Past,
    testing::{
        Engine, History, assign, assignment, at, client, define_policy, issue, key, on_every_engine, policy,
        project, read_model, register, route, route_spec,
    },
};

on_every_engine!(
    a_key_calls_what_its_scopes_open_under_the_nearest_limits,
    what_may_not_call_is_not_listed,
    a_key_is_usable_from_its_beginning_until_its_end,
    the_report_is_cut_and_goes_on_without_a_gap,
    nobody_sees_beyond_their_reach,
    a_report_too_large_is_none,
);

fn define(path: &str, scopes: &[&str]) -> RouteCommand {
    let required_scopes = scopes.iter().map(|scope| scope.parse().unwrap()).collect();
    let spec = RouteSpec { required_scopes, ..route_spec(None, &["GET"], path) };
    RouteCommand::Define(DefineRoute { spec })
}

fn limited_to(scopes: &[&str], client: u64) -> ApiKeyCommand {
    let scopes: std::collections::BTreeSet<_> = scopes.iter().map(|scope| scope.parse().unwrap()).collect();
    let mut ask = issue(client);
    ask.client.scopes = scopes.clone();
    ApiKeyCommand::Issue(IssueKey { scopes: Some(scopes), ..ask })
}

/// Two clients that hold `orders:read` and `orders:write`; three keys, of which the second only reads; three routes.
fn organisation() -> History {
    History::default()
        .client(1, &register("Acme"))
        .client(2, &register("Beta"))
        .key(1, &ApiKeyCommand::Issue(issue(1)))
        .key(2, &limited_to(&["orders:read"], 1))
        .key(3, &ApiKeyCommand::Issue(issue(2)))
        .route(1, &define("/orders", &["orders:read"]))
        .route(2, &define("/orders/{id}", &["orders:read", "orders:write"]))
        .route(3, &define("/public", &[]))
        .policy(1, &define_policy())
        .policy(1, &assign(1, None))
        .policy(2, &define_policy())
        .policy(2, &assign(2, Some(client(1))))
}

async fn of(engine: Engine, history: &History, filter: &AccessFilter) -> Vec<Access> {
    let (_dir, model) = read_model(engine).await;
    project(&model, history, 100).await;
    let present = whole(&model, filter, at(50), 1_000).await.unwrap().unwrap();
    let mut past = Past::default();
    history.events.iter().for_each(|recorded| past.take(recorded).unwrap());
    let past = past.read_model().await.unwrap();
    assert_eq!(
        whole(&past, filter, at(50), 1_000).await.unwrap().unwrap(),
        present,
        "the past is the present"
    );
    present
}

fn pairs(found: &[Access]) -> Vec<(KeyId, RouteId)> {
    found.iter().map(|access| (access.key_id, access.route_id)).collect()
}

fn numbers(pairs: &[(u64, u64)]) -> Vec<(KeyId, RouteId)> {
    pairs.iter().map(|(k, r)| (key(*k), route(*r))).collect()
}

async fn a_key_calls_what_its_scopes_open_under_the_nearest_limits(engine: Engine) {
    let found = of(engine, &organisation(), &AccessFilter::default()).await;
    let expected = [(1, 1), (1, 2), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2), (3, 3)];
    assert_eq!(pairs(&found), numbers(&expected));
    let policies = |access: &Access| -> Vec<String> {
        access.limits.iter().map(|limit| limit.policy_id.clone()).collect()
    };
    for access in &found {
        let expected = if access.client_id == client(1) { policy(2) } else { policy(1) };
        assert_eq!(policies(access), [expected.to_string()]);
        assert_eq!((access.owner_team.as_str(), access.environment.as_str()), ("payments", "prod"));
    }
}

async fn what_may_not_call_is_not_listed(engine: Engine) {
    let reason = || "because".parse().unwrap();
    let suspend = ApiClientCommand::Suspend(SuspendClient { reason: reason() });
    let gone = organisation()
        .client(2, &suspend)
        .key(2, &ApiKeyCommand::Suspend(SuspendKey { reason: reason() }))
        .route(1, &RouteCommand::Retire(RetireRoute { reason: None }))
        .policy(2, &PolicyCommand::Unassign(UnassignPolicy { assignment_id: assignment(2), reason: None }));
    let found = of(engine, &gone, &AccessFilter::default()).await;
    assert_eq!(pairs(&found), numbers(&[(1, 2), (1, 3)]));
    assert!(found.iter().all(|access| access.limits[0].policy_id == policy(1).to_string()));
    let withdrawn = UpdateClient {
        environments: Some(["sandbox".parse().unwrap()].into()),
        scopes: Some(["orders:read".parse().unwrap()].into()),
        ..UpdateClient::default()
    };
    let elsewhere = organisation().client(1, &ApiClientCommand::Update(withdrawn));
    let found = of(engine, &elsewhere, &AccessFilter::default()).await;
    assert_eq!(pairs(&found), numbers(&[(3, 1), (3, 2), (3, 3)]), "its keys are of another environment");
}

async fn a_key_is_usable_from_its_beginning_until_its_end(engine: Engine) {
    let boxed = IssueKey { not_before: Some(at(100)), expires_at: Some(at(200)), ..issue(1) };
    let planned = RevokeKey { now: at(0), at: Some(at(150)), reason: "because".parse().unwrap() };
    let history = History::default()
        .client(1, &register("Acme"))
        .key(1, &ApiKeyCommand::Issue(boxed))
        .key(2, &ApiKeyCommand::Issue(IssueKey { expires_at: None, ..issue(1) }))
        .key(2, &ApiKeyCommand::Revoke(planned))
        .route(1, &define("/public", &[]));
    let (_dir, model) = read_model(engine).await;
    project(&model, &history, 100).await;
    for (moment, keys) in [(99, vec![2]), (100, vec![1, 2]), (149, vec![1, 2]), (150, vec![1]), (200, vec![])]
    {
        let found = whole(&model, &AccessFilter::default(), at(moment), 10).await.unwrap().unwrap();
        let expected: Vec<_> = keys.into_iter().map(|k| (key(k), route(1))).collect();
        assert_eq!(pairs(&found), expected, "at {moment}");
    }
}

async fn the_report_is_cut_and_goes_on_without_a_gap(engine: Engine) {
    let (_dir, model) = read_model(engine).await;
    project(&model, &organisation(), 100).await;
    let filter = AccessFilter::default();
    let all = whole(&model, &filter, at(50), 100).await.unwrap().unwrap();
    for limit in 1..=all.len() {
        let (mut pieces, mut place) = (vec![], AccessPlace::default());
        loop {
            let limit = u32::try_from(limit).unwrap();
            let Stretch { items, next } = list(&model, &filter, at(50), place, limit).await.unwrap();
            assert!(items.len() <= usize::try_from(limit).unwrap());
            pieces.extend(items);
            let Some(next) = next else { break };
            assert_eq!(next.to_string().parse(), Ok(next));
            place = next;
        }
        assert_eq!(pieces, all, "{limit} at a time");
    }
    for wrong in ["", "x", "- -", "key_1", "- key_1 rte_1"] {
        assert_eq!(wrong.parse::<AccessPlace>(), Err(NoPlace), "{wrong}");
    }
}

async fn nobody_sees_beyond_their_reach(engine: Engine) {
    let billing = UpdateClient {
        owner: Some(domain::api_client::NewOwner {
            team: "billing".parse().unwrap(),
            email: crate::testing::personal("team@example.com"),
        }),
        ..UpdateClient::default()
    };
    let history = organisation().client(2, &ApiClientCommand::Update(billing));
    let within = |team: Option<&str>, environment: Option<&str>| AccessFilter {
        reach: Reach::Within(vec![Limits {
            team: team.map(|name| name.parse().unwrap()),
            environments: environment.map(|name| [name.parse().unwrap()].into()),
        }]),
        ..AccessFilter::default()
    };
    let found = of(engine, &history, &within(Some("billing"), None)).await;
    assert_eq!(pairs(&found), numbers(&[(3, 1), (3, 2), (3, 3)]));
    assert_eq!(of(engine, &history, &within(None, Some("sandbox"))).await, []);
    let nothing = AccessFilter { reach: Reach::Within(vec![]), ..AccessFilter::default() };
    assert_eq!(of(engine, &history, &nothing).await, []);
    let one = AccessFilter { key_id: Some(key(2)), route_id: Some(route(3)), ..AccessFilter::default() };
    assert_eq!(pairs(&of(engine, &history, &one).await), numbers(&[(2, 3)]));
    let team = AccessFilter { owner_team: Some("billing".to_owned()), ..AccessFilter::default() };
    assert_eq!(of(engine, &history, &team).await.len(), 3);
}

async fn a_report_too_large_is_none(engine: Engine) {
    let (_dir, model) = read_model(engine).await;
    project(&model, &organisation(), 100).await;
    let filter = AccessFilter::default();
    assert_eq!(whole(&model, &filter, at(50), 7).await.unwrap(), None);
    assert_eq!(whole(&model, &filter, at(50), 8).await.unwrap().map(|all| all.len()), Some(8));
}
