//! Whom changes touch, of clients, keys, routes and policies that the projections know.

use domain::{
    Position,
    api_client::{ApiClientCommand, ArchiveClient},
    api_key::{ApiKeyCommand, IssueKey, RevokeKey},
    decision::Outcome,
    rate_limit_policy::{AssignPolicy, Assignment, PolicyCommand},
    usage::{UsageBatch, UsageFact},
};
use eventlog::usage::ArrivedBatch;
use tempfile::TempDir;

use super::*;
use crate::{
    testing::{
        Engine, History, assignment, at, client, define_policy, define_route, issue, key, on_every_engine,
        policy, project, read_model, register, route, route_spec,
    },
    usage,
};

on_every_engine!(
    a_key_touches_what_it_calls_and_its_client,
    a_client_touches_all_its_live_keys,
    a_route_touches_who_called_it,
    a_policy_touches_whom_its_assignments_bind_each_once,
    what_is_new_touches_its_owner_alone,
    a_day_ends_after_a_day_and_lists_have_an_end,
);

const HOUR: i64 = 60 * 60;

fn fact(n: u64, key_no: u64, route_no: u64, seconds: i64, outcome: Outcome, calls: u64) -> UsageFact {
    UsageFact {
        minute: at(seconds).as_second().div_euclid(60) * 60,
        client_id: Some(client(n)),
        key_id: Some(key(key_no)),
        secret_version: Some(1),
        route_id: Some(route(route_no)),
        environment: "prod".parse().unwrap(),
        outcome,
        calls,
        last_at: at(seconds),
        seconds: vec![],
    }
}

/// Two clients in `prod` and `sandbox`: the first with a live, a sandbox and a revoked key, the second with one. A third is
/// archived.
async fn given(on: Engine, facts: Vec<UsageFact>) -> (TempDir, ReadModel) {
    let sandbox = IssueKey { environment: "sandbox".parse().unwrap(), ..issue(1) };
    let revoke = ApiKeyCommand::Revoke(RevokeKey { now: at(5), at: None, reason: "x".parse().unwrap() });
    let archive = ApiClientCommand::Archive(ArchiveClient { reason: "gone".parse().unwrap() });
    let second = domain::route::DefineRoute { spec: route_spec(None, &["GET"], "/invoices") };
    let bind = |n, client_id, route_id, environment: Option<&str>| {
        let environment = environment.map(|name| name.parse().unwrap());
        let (assignment_id, from, until) = (assignment(n), None, None);
        let assignment = Assignment { assignment_id, client_id, route_id, environment, from, until };
        PolicyCommand::Assign(AssignPolicy { now: at(0), assignment })
    };
    let history = (1..=3)
        .fold(History::default(), |history, n| history.client(n, &register("Acme")))
        .key(1, &ApiKeyCommand::Issue(issue(1)))
        .key(2, &ApiKeyCommand::Issue(sandbox))
        .key(3, &ApiKeyCommand::Issue(issue(1)))
        .key(3, &revoke)
        .key(4, &ApiKeyCommand::Issue(issue(2)))
        .client(3, &archive)
        .route(1, &define_route())
        .route(2, &domain::route::RouteCommand::Define(second))
        .policy(1, &define_policy())
        .policy(1, &bind(1, Some(client(1)), None, None))
        .policy(1, &bind(2, Some(client(1)), Some(route(1)), None))
        .policy(1, &bind(3, None, Some(route(2)), None))
        .policy(2, &define_policy())
        .policy(2, &bind(4, None, None, Some("sandbox")));
    let (dir, model) = read_model(on).await;
    project(&model, &history, 100).await;
    model.reset(usage::OWNER).await.unwrap();
    let (node, boot) = ("node".to_owned(), "boot".to_owned());
    let (shadow, sightings) = (vec![], vec![]);
    let batch = UsageBatch {
        node,
        boot,
        sequence: 1,
        flushed_at: at(0),
        facts,
        throttled: vec![],
        responses: vec![],
        shadow,
        quota_levels: vec![],
        sightings,
        addresses: vec![],
        decisions: vec![],
        left_out: domain::usage::DecisionsLeftOut::default(),
    };
    usage::apply(&model, Position::START, &[ArrivedBatch { batch_no: 1, batch }]).await.unwrap();
    (dir, model)
}

async fn asked(model: &ReadModel, reach: Reach) -> BlastRadius {
    radius(model, reach, at(30 * HOUR)).await.unwrap()
}

fn bound_by(n: u64) -> Reach {
    Reach { policies: vec![policy(n)], ..Reach::default() }
}

fn counts(radius: &BlastRadius) -> (u64, u64, u64, u64) {
    (radius.calls, radius.allowed, radius.keys, radius.clients)
}

fn routes(radius: &BlastRadius) -> Vec<(RouteId, Option<&str>, u64)> {
    radius.routes.iter().map(|called| (called.route_id, called.name.as_deref(), called.calls)).collect()
}

/// The first client's live key on both routes, its revoked one and the second client's on the second.
fn traffic() -> Vec<UsageFact> {
    vec![
        fact(1, 1, 1, 20 * HOUR, Outcome::Allowed, 3),
        fact(1, 1, 2, 21 * HOUR + 30, Outcome::RateLimited, 5),
        fact(1, 3, 2, 22 * HOUR, Outcome::Unauthenticated, 7),
        fact(2, 4, 2, 29 * HOUR, Outcome::Allowed, 11),
    ]
}

async fn a_key_touches_what_it_calls_and_its_client(on: Engine) {
    let (_dir, model) = given(on, traffic()).await;
    let radius = asked(&model, Reach::calls(Which::key(key(1)))).await;
    assert_eq!(counts(&radius), (8, 3, 1, 1));
    assert_eq!(routes(&radius), [(route(2), Some("Orders"), 5), (route(1), Some("Orders"), 3)]);
    assert_eq!(radius.last_used_at, Some(at(21 * HOUR + 30)));
    assert_eq!(radius.environments, ["prod"]);
    let owner = TouchedOwner { team: "payments".to_owned(), email: Some("team@example.com".to_owned()) };
    assert_eq!(radius.owners, [owner]);
    assert_eq!((radius.contacts.len(), radius.contacts[0].client_id), (1, client(1)));
    assert!(!radius.truncated);
    // One that nobody knows touches nobody, and not everybody.
    assert_eq!(counts(&asked(&model, Reach::calls(Which::key(key(9)))).await), (0, 0, 0, 0));
}

async fn a_client_touches_all_its_live_keys(on: Engine) {
    let (_dir, model) = given(on, traffic()).await;
    let radius = asked(&model, Reach::calls(Which::client(client(1)))).await;
    assert_eq!(counts(&radius), (15, 3, 2, 1));
    assert_eq!(radius.environments, ["prod", "sandbox"]);
    let environment = Some("sandbox".parse().unwrap());
    let part = Which { environment, ..Which::client(client(1)) };
    assert_eq!(counts(&asked(&model, Reach::calls(part)).await), (0, 0, 1, 1));
    assert_eq!(counts(&asked(&model, Reach::calls(Which::client(client(3)))).await).3, 0);
}

async fn a_route_touches_who_called_it(on: Engine) {
    let (_dir, model) = given(on, traffic()).await;
    let radius = asked(&model, Reach::calls(Which::route(route(2)))).await;
    assert_eq!(counts(&radius), (23, 11, 2, 2));
    assert_eq!(radius.last_used_at, Some(at(29 * HOUR)));
    assert_eq!(
        radius.contacts.iter().map(|contact| contact.client_id).collect::<Vec<_>>(),
        [1, 2].map(client)
    );
}

async fn a_policy_touches_whom_its_assignments_bind_each_once(on: Engine) {
    let (_dir, model) = given(on, traffic()).await;
    let radius = asked(&model, bound_by(1)).await;
    // Calls of the first client, and calls of the second route: those that are both are counted once.
    assert_eq!(counts(&radius), (26, 14, 3, 2));
    let everyone_there = asked(&model, bound_by(2)).await;
    assert_eq!(counts(&everyone_there), (0, 0, 1, 2));
    assert_eq!(
        (everyone_there.last_used_at, everyone_there.environments),
        (None, vec!["sandbox".to_owned()])
    );
    let everyone = asked(&model, Reach::calls(Which::default())).await;
    assert_eq!(counts(&everyone), (26, 14, 3, 2));
    assert_eq!(asked(&model, bound_by(9)).await, asked(&model, Reach::default()).await);
    let one = Reach { assignments: vec![assignment(2)], ..Reach::default() };
    assert_eq!(asked(&model, one).await.calls, 3);
}

async fn what_is_new_touches_its_owner_alone(on: Engine) {
    let (_dir, model) = given(on, traffic()).await;
    let reach = Reach { new: vec![(client(2), "sandbox".parse().unwrap())], ..Reach::default() };
    let radius = asked(&model, reach).await;
    assert_eq!(counts(&radius), (0, 0, 0, 1));
    assert_eq!((radius.environments, radius.owners.len()), (vec!["sandbox".to_owned()], 1));
}

async fn a_day_ends_after_a_day_and_lists_have_an_end(on: Engine) {
    let early =
        [fact(1, 1, 1, 6 * HOUR - 1, Outcome::Allowed, 100), fact(1, 1, 1, 6 * HOUR, Outcome::Allowed, 1)];
    let many = (100..160).map(|n| fact(1, 1, n, 20 * HOUR, Outcome::Allowed, 1));
    let (_dir, model) = given(on, early.into_iter().chain(many).collect()).await;
    let radius = asked(&model, Reach::calls(Which::key(key(1)))).await;
    assert_eq!((radius.since, radius.calls), (at(6 * HOUR), 61));
    assert_eq!((radius.routes.len(), radius.truncated), (50, true));
}
