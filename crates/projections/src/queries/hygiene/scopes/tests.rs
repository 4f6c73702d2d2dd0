//! What scopes were needed for, against rows that the projections made.

use domain::{
    api_client::{ApiClientCommand, UpdateClient},
    api_key::{ApiKeyCommand, IssueKey},
    decision::Outcome,
    route::{DefineRoute, RouteCommand, RouteSpec},
};

use super::*;
use crate::{
    queries::hygiene::tests::{given, used},
    testing::{Engine, History, at, client, issue, key, on_every_engine, register, route, route_spec},
};

on_every_engine!(
    a_scope_says_how_many_calls_needed_it,
    what_a_key_holds_for_itself_is_judged_by_its_own_calls,
    the_list_is_cut_and_goes_on,
);

fn define(path: &str, scopes: &[&str]) -> RouteCommand {
    let required_scopes = scopes.iter().map(|scope| scope.parse().unwrap()).collect();
    let spec = RouteSpec { required_scopes, ..route_spec(None, &["GET"], path) };
    RouteCommand::Define(DefineRoute { spec })
}

fn holds(scopes: &[&str]) -> ApiClientCommand {
    let scopes = scopes.iter().map(|scope| scope.parse().unwrap()).collect();
    ApiClientCommand::Update(UpdateClient { scopes: Some(scopes), ..UpdateClient::default() })
}

/// The first client's keys may read and write orders, and delete what nobody deletes.
fn organisation() -> History {
    let own = |scopes: &[&str]| IssueKey {
        scopes: Some(scopes.iter().map(|scope| scope.parse().unwrap()).collect()),
        client: domain::api_client::ClientFacts {
            scopes: scopes.iter().map(|scope| scope.parse().unwrap()).collect(),
            ..issue(1).client
        },
        ..issue(1)
    };
    History::default()
        .client(1, &register("Acme"))
        .client(1, &holds(&["orders:read", "orders:write", "orders:delete"]))
        .client(2, &register("Beta"))
        .client(2, &holds(&["orders:read"]))
        .key(1, &ApiKeyCommand::Issue(issue(1)))
        .key(2, &ApiKeyCommand::Issue(own(&["orders:read", "orders:write"])))
        .route(1, &define("/orders", &["orders:read"]))
        .route(2, &define("/orders/{id}", &["orders:read", "orders:write"]))
        .route(3, &define("/public", &[]))
}

fn calls() -> Vec<domain::usage::UsageFact> {
    let day = 86_400;
    vec![
        used(1, Some(1), Outcome::Allowed, 100, day),
        used(1, Some(2), Outcome::Allowed, 10, day + 60),
        used(2, Some(1), Outcome::Allowed, 3, 2 * day),
        used(2, Some(3), Outcome::Allowed, 5, 2 * day),
        used(2, None, Outcome::Allowed, 7, 2 * day),
        // Refused anyway.
        used(2, Some(2), Outcome::RateLimited, 1_000, 2 * day),
        // Another day.
        used(2, Some(2), Outcome::Allowed, 10_000, 9 * day),
    ]
}

fn query(held_by: HeldBy, with_used: bool) -> ScopeQuery {
    let days = Days::touched(at(0), at(3 * 86_400));
    ScopeQuery { held_by, whose: Whose::default(), days, with_used }
}

/// Scope, calls, and how many of them needed it.
fn told(found: &[ScopeUse]) -> Vec<(&str, u64, u64)> {
    found.iter().map(|of| (of.scope.as_str(), of.calls, of.would_have_refused)).collect()
}

async fn a_scope_says_how_many_calls_needed_it(on: Engine) {
    let (_dir, model) = given(on, &organisation(), calls()).await;
    let all = list(&model, &query(HeldBy::Clients, true), None, 100).await.unwrap();
    let expected = [
        ("orders:delete", 125, 0),
        ("orders:read", 125, 113),
        ("orders:write", 125, 10),
        ("orders:read", 0, 0),
    ];
    assert_eq!((told(&all.items), all.next), (expected.to_vec(), None));
    let read = &all.items[1];
    let routes: Vec<_> = read.routes.iter().map(|of| (of.route_id, of.calls)).collect();
    assert_eq!(routes, [(route(1), 103), (route(2), 10)]);
    assert_eq!((read.holder.client_id, &read.holder.key), (client(1), &None));
    let unused = list(&model, &query(HeldBy::Clients, false), None, 100).await.unwrap();
    assert_eq!(told(&unused.items), [("orders:delete", 125, 0), ("orders:read", 0, 0)]);
    let elsewhere = Whose { environment: Some("sandbox".parse().unwrap()), ..Whose::default() };
    let elsewhere = ScopeQuery { whose: elsewhere, ..query(HeldBy::Clients, true) };
    let elsewhere = list(&model, &elsewhere, None, 100).await.unwrap();
    assert!(elsewhere.items.iter().all(|of| of.calls == 0) && elsewhere.items.len() == 4);
    let other = Whose { client_id: Some(client(2)), ..Whose::default() };
    let other = list(&model, &ScopeQuery { whose: other, ..query(HeldBy::Clients, true) }, None, 100).await;
    assert_eq!(told(&other.unwrap().items), [("orders:read", 0, 0)]);
}

async fn what_a_key_holds_for_itself_is_judged_by_its_own_calls(on: Engine) {
    let (_dir, model) = given(on, &organisation(), calls()).await;
    let all = list(&model, &query(HeldBy::Keys, true), None, 100).await.unwrap();
    assert_eq!(told(&all.items), [("orders:read", 15, 3), ("orders:write", 15, 0)]);
    assert_eq!(all.items[0].holder.key.as_ref().map(|(id, _)| *id), Some(key(2)));
}

async fn the_list_is_cut_and_goes_on(on: Engine) {
    let (_dir, model) = given(on, &organisation(), calls()).await;
    for limit in 1..=4 {
        let (mut seen, mut place) = (vec![], None);
        loop {
            let found = list(&model, &query(HeldBy::Clients, true), place.as_ref(), limit).await.unwrap();
            assert!(found.items.len() <= usize::try_from(limit).unwrap());
            seen.extend(found.items.iter().map(|of| (of.holder.client_id, of.scope.clone())));
            let Some(next) = found.next else { break };
            assert!(next.is_of(HeldBy::Clients) && !next.is_of(HeldBy::Keys));
            assert_eq!(next.to_string().parse(), Ok(next.clone()));
            place = Some(next);
        }
        let scope = |text: &str| text.to_owned();
        let expected = [
            (client(1), scope("orders:delete")),
            (client(1), scope("orders:read")),
            (client(1), scope("orders:write")),
            (client(2), scope("orders:read")),
        ];
        assert_eq!(seen, expected, "{limit}");
    }
}

#[test]
fn days_are_whole() {
    let days = Days::touched(at(86_399), at(86_400));
    assert_eq!((days.from(), days.until(), days.number()), (at(0), at(86_400), 1));
    assert_eq!(Days::touched(at(0), at(86_401)).number(), 2);
}
