//! Each list against rows that the projections made.

use domain::{
    Position, Timestamp,
    access::Limits,
    api_client::{ApiClientCommand, ArchiveClient, NewOwner, UpdateClient},
    api_key::{ApiKeyCommand, IssueKey, RevokeKey, SuspendKey},
    decision::Outcome,
    personal::PersonalValue,
    rate_limit_policy::{AssignPolicy, Assignment, PolicyCommand, RetirePolicy},
    route::{DefineRoute, RetireRoute, RouteCommand},
    usage::{UsageBatch, UsageFact},
};
use eventlog::usage::ArrivedBatch;

use super::{
    keys::{HygieneKey, KeyPlace, KeyProblem, Orphanhood},
    *,
};
use crate::{
    ReadModel,
    testing::{
        Engine, History, assign, at, client, define_policy, issue, key, on_every_engine, policy, project,
        read_model, register, route, route_spec,
    },
    usage::{OWNER, apply},
};

on_every_engine!(
    keys_are_listed_by_what_is_wrong_with_them,
    lists_of_keys_are_cut_and_go_on,
    keys_are_orphaned_when_nobody_can_be_asked,
    routes_are_listed_that_nobody_calls,
    policies_are_listed_that_bind_nobody,
    what_others_do_shows_in_no_list_of_somebody_who_does_not_see_them,
);

pub(super) fn used(
    key_no: u64,
    route_no: Option<u64>,
    outcome: Outcome,
    calls: u64,
    second: i64,
) -> UsageFact {
    UsageFact {
        minute: at(second).as_second().div_euclid(60) * 60,
        client_id: Some(client(1)),
        key_id: Some(key(key_no)),
        secret_version: Some(1),
        route_id: route_no.map(route),
        environment: "prod".parse().unwrap(),
        outcome,
        calls,
        last_at: at(second),
        seconds: vec![],
    }
}

pub(super) async fn given(
    on: Engine,
    history: &History,
    facts: Vec<UsageFact>,
) -> (tempfile::TempDir, ReadModel) {
    let (dir, model) = read_model(on).await;
    project(&model, history, 100).await;
    model.reset(OWNER).await.unwrap();
    let (node, boot) = ("node".to_owned(), "boot".to_owned());
    let batch = UsageBatch {
        node,
        boot,
        sequence: 1,
        flushed_at: at(0),
        facts,
        throttled: vec![],
        responses: vec![],
        shadow: vec![],
        quota_levels: vec![],
        sightings: vec![],
        addresses: vec![],
        decisions: vec![],
        left_out: domain::usage::DecisionsLeftOut::default(),
    };
    apply(&model, Position::START, &[ArrivedBatch { batch_no: 1, batch }]).await.unwrap();
    (dir, model)
}

fn revoke() -> ApiKeyCommand {
    ApiKeyCommand::Revoke(RevokeKey { now: at(5), at: None, reason: "x".parse().unwrap() })
}

fn numbers(keys: &[HygieneKey]) -> Vec<u64> {
    keys.iter().map(|found| (1..100).find(|n| key(*n) == found.key_id).unwrap()).collect()
}

async fn keys_are_listed_by_what_is_wrong_with_them(on: Engine) {
    let endless = IssueKey { expires_at: None, environment: "sandbox".parse().unwrap(), ..issue(2) };
    let ending = |end| IssueKey { expires_at: Some(at(end)), ..issue(1) };
    let planned = RevokeKey { now: at(5), at: Some(at(400)), reason: "x".parse().unwrap() };
    let history = History::default()
        .client(1, &register("Acme"))
        .client(2, &register("Beta"))
        .key(1, &ApiKeyCommand::Issue(issue(1)))
        .key(2, &ApiKeyCommand::Issue(endless))
        .key(3, &ApiKeyCommand::Issue(ending(500)))
        .key(4, &ApiKeyCommand::Issue(issue(1)))
        .key(4, &revoke())
        .key(5, &ApiKeyCommand::Issue(ending(900_000)))
        .key(5, &ApiKeyCommand::Revoke(planned))
        .key(2, &ApiKeyCommand::Suspend(SuspendKey { reason: "x".parse().unwrap() }));
    let facts = vec![
        used(1, Some(1), Outcome::Allowed, 1, 100),
        used(3, Some(1), Outcome::RateLimited, 1, 300),
        used(4, Some(1), Outcome::Allowed, 1, 100),
        used(5, Some(1), Outcome::Unauthenticated, 1, 300),
    ];
    let (_dir, model) = given(on, &history, facts).await;
    let check = async |problem: KeyProblem, whose: Whose, expected: &[u64]| {
        let found = keys::list(&model, problem, &whose, None, 100).await.unwrap();
        assert_eq!((numbers(&found.items), found.next), (expected.to_vec(), None), "{problem:?} {whose:?}");
    };
    let any = Whose::default;
    let of_client = |n| Whose { client_id: Some(client(n)), ..any() };
    let sandbox = Whose { environment: Some("sandbox".parse().unwrap()), ..any() };
    let never = KeyProblem::NeverUsed { issued_before: at(1_000) };
    // A suspended key may be reinstated; a revoked one is gone. A refused presentation of a dead secret is no use.
    check(never, any(), &[2, 5]).await;
    check(never, of_client(1), &[5]).await;
    check(never, sandbox.clone(), &[2]).await;
    check(KeyProblem::NeverUsed { issued_before: at(0) }, any(), &[]).await;
    check(KeyProblem::Unused { since: at(200) }, any(), &[1]).await;
    check(KeyProblem::Unused { since: at(301) }, any(), &[1, 3]).await;
    check(KeyProblem::Unused { since: at(301) }, of_client(2), &[]).await;
    check(KeyProblem::WithoutExpiry, any(), &[2]).await;
    check(KeyProblem::WithoutExpiry, of_client(1), &[]).await;
    let near = KeyProblem::NearExpiry { now: at(300), until: at(600) };
    check(near, any(), &[5, 3]).await;
    check(near, Whose { owner_team: Some("payments".to_owned()), ..any() }, &[5, 3]).await;
    check(near, Whose { owner_team: Some("other".to_owned()), ..any() }, &[]).await;
    check(KeyProblem::NearExpiry { now: at(400), until: at(600) }, any(), &[3]).await;
}

async fn lists_of_keys_are_cut_and_go_on(on: Engine) {
    let ending = |expires_at| ApiKeyCommand::Issue(IssueKey { expires_at, ..issue(1) });
    let mut history = History::default().client(1, &register("Acme"));
    for n in 1..=5 {
        history = history.key(n, &ending(None)).key(n + 5, &ending(Some(at(500))));
    }
    let archive = ApiClientCommand::Archive(ArchiveClient { reason: "gone".parse().unwrap() });
    let (_dir, model) = given(on, &history.client(1, &archive), vec![]).await;
    for (problem, expected) in [
        (KeyProblem::NeverUsed { issued_before: at(1_000) }, (1..=10).collect::<Vec<_>>()),
        (KeyProblem::WithoutExpiry, (1..=5).collect()),
        (KeyProblem::NearExpiry { now: at(1), until: at(600) }, (6..=10).collect()),
        (KeyProblem::Orphaned, (1..=10).collect()),
    ] {
        let (mut seen, mut place) = (vec![], None);
        loop {
            let found = keys::list(&model, problem, &Whose::default(), place.as_ref(), 2).await.unwrap();
            assert!(found.items.len() <= 2);
            seen.extend(numbers(&found.items));
            let Some(next) = found.next else { break };
            assert!(problem.has(&next) && next.to_string().parse() == Ok(next.clone()), "{next}");
            place = Some(next);
        }
        assert_eq!(seen, expected, "{problem:?}");
    }
}

#[test]
fn a_place_is_of_the_list_that_it_was_given_by() {
    let place = KeyPlace::End(at(1), key(1));
    assert!(!KeyProblem::WithoutExpiry.has(&place) && !KeyProblem::Orphaned.has(&place));
    for text in ["", "x", "1", "1 x", "key_1", &format!("x {}", key(1)), &format!("{} {}", key(1), key(1))] {
        assert!(text.parse::<KeyPlace>().is_err(), "{text}");
    }
}

async fn keys_are_orphaned_when_nobody_can_be_asked(on: Engine) {
    let archive = ApiClientCommand::Archive(ArchiveClient { reason: "gone".parse().unwrap() });
    let nobody = ApiClientCommand::Update(UpdateClient { contacts: Some(vec![]), ..UpdateClient::default() });
    let mut history = History::default();
    for n in 1..=4 {
        history = history.client(n, &register("Acme")).key(n, &ApiKeyCommand::Issue(issue(n)));
    }
    let mut history = history.client(2, &archive).client(3, &nobody);
    // The addresses of the fourth client's people are erased.
    history.events[6].personal.clear();
    let (_dir, model) = given(on, &history, vec![]).await;
    let found = keys::list(&model, KeyProblem::Orphaned, &Whose::default(), None, 100).await.unwrap();
    let reasons: Vec<_> = found.items.iter().map(|found| found.orphanhood.clone()).collect();
    let expected = [
        vec![Orphanhood::ClientArchived],
        vec![Orphanhood::NoContact],
        vec![Orphanhood::OwnerErased, Orphanhood::NoContact],
    ];
    assert_eq!((numbers(&found.items), reasons), (vec![2, 3, 4], expected.to_vec()));
}

async fn routes_are_listed_that_nobody_calls(on: Engine) {
    let define = |path: &str| RouteCommand::Define(DefineRoute { spec: route_spec(None, &["GET"], path) });
    let history = (1..=4).fold(History::default(), |history, n| history.route(n, &define(&format!("/r{n}"))));
    let history = history.route(4, &RouteCommand::Retire(RetireRoute { reason: None }));
    let facts =
        vec![used(1, Some(1), Outcome::Allowed, 1, 100), used(1, Some(2), Outcome::Forbidden, 1, 300)];
    let (_dir, model) = given(on, &history, facts).await;
    let check = async |since: i64, after: Option<u64>, expected: &[u64]| {
        let everything = Reach::Everything;
        let found = routes::list(&model, at(since), &everything, after.map(route), 2).await.unwrap();
        let ids: Vec<_> = found.items.iter().map(|quiet| quiet.route.route_id).collect();
        assert_eq!(ids, expected.iter().map(|n| route(*n)).collect::<Vec<_>>(), "{since}");
        found
    };
    let quiet = check(200, None, &[1, 3]).await;
    assert_eq!((quiet.items[0].last_called_at, quiet.items[1].last_called_at), (Some(at(100)), None));
    assert_eq!(check(301, None, &[1, 2]).await.next, Some(route(2)));
    assert_eq!(check(301, Some(2), &[3]).await.next, None);
    // What was defined since then has had no time to be called.
    check(2, None, &[]).await;
}

async fn policies_are_listed_that_bind_nobody(on: Engine) {
    let ended = |n, until| {
        let PolicyCommand::Assign(AssignPolicy { now, assignment }) = assign(n, None) else { panic!() };
        let assignment = Assignment { until: Some(at(until)), ..assignment };
        PolicyCommand::Assign(AssignPolicy { now, assignment })
    };
    let archive = ApiClientCommand::Archive(ArchiveClient { reason: "gone".parse().unwrap() });
    let mut history =
        History::default().client(1, &register("Acme")).client(2, &register("Beta")).client(2, &archive);
    for n in 1..=6 {
        history = history.policy(n, &define_policy());
    }
    let history = history
        .policy(2, &assign(2, Some(client(1))))
        .policy(3, &assign(3, Some(client(2))))
        .policy(4, &ended(4, 500))
        .policy(5, &PolicyCommand::Retire(RetirePolicy { reason: None }))
        .policy(6, &assign(6, None));
    let (_dir, model) = given(on, &history, vec![]).await;
    let check = async |now: i64, expected: &[(u64, u64)]| {
        let found = policies::list(&model, at(now), &Reach::Everything, None, 100).await.unwrap();
        let idle: Vec<_> = found.items.iter().map(|idle| (idle.policy.policy_id, idle.assignments)).collect();
        assert_eq!(idle, expected.iter().map(|(n, of)| (policy(*n), *of)).collect::<Vec<_>>(), "{now}");
    };
    check(499, &[(1, 0), (3, 1)]).await;
    check(500, &[(1, 0), (3, 1), (4, 1)]).await;
}

async fn what_others_do_shows_in_no_list_of_somebody_who_does_not_see_them(on: Engine) {
    let define = |path: &str| RouteCommand::Define(DefineRoute { spec: route_spec(None, &["GET"], path) });
    let other =
        NewOwner { team: "other".parse().unwrap(), email: PersonalValue::new([9; 16], "o@example.com") };
    let moved = ApiClientCommand::Update(UpdateClient { owner: Some(other), ..UpdateClient::default() });
    let history = (1..=3).fold(History::default(), |history, n| history.route(n, &define(&format!("/r{n}"))));
    let history = history.client(1, &register("Acme")).client(2, &register("Beta")).client(2, &moved);
    let history = (1..=3).fold(history, |history, n| history.policy(n, &define_policy()));
    let history = history
        .policy(1, &assign(1, Some(client(1))))
        .policy(2, &assign(2, Some(client(2))))
        .policy(3, &assign(3, None));
    let of_other = |route_no| UsageFact {
        client_id: Some(client(2)),
        ..used(2, Some(route_no), Outcome::Allowed, 1, 2_000)
    };
    let facts = vec![
        used(1, Some(1), Outcome::Allowed, 1, 2_000),
        used(1, Some(2), Outcome::Allowed, 1, 100),
        of_other(2),
    ];
    let (_dir, model) = given(on, &history, facts).await;
    let within = |team: Option<&str>, environment: Option<&str>| {
        let environments = environment.map(|name| [name.parse().unwrap()].into());
        Reach::Within(vec![Limits { team: team.map(|team| team.parse().unwrap()), environments }])
    };
    for (reach, quiet, idle) in [
        (Reach::Everything, &[3][..], &[][..]),
        // Of another team, the second route's last call is none; of one's own it was long ago.
        (within(Some("payments"), None), &[2, 3], &[2]),
        (within(Some("other"), None), &[1, 3], &[1]),
        (within(Some("payments"), Some("prod")), &[2, 3], &[2]),
        (within(Some("payments"), Some("test")), &[1, 2, 3], &[1, 2]),
        (within(None, Some("prod")), &[3], &[]),
        (within(Some("nobody"), None), &[1, 2, 3], &[1, 2]),
        (Reach::Within(vec![]), &[], &[]),
    ] {
        let routes = routes::list(&model, at(1_500), &reach, None, 9).await.unwrap().items;
        let ids: Vec<_> = routes.iter().map(|quiet| quiet.route.route_id).collect();
        assert_eq!(ids, quiet.iter().map(|n| route(*n)).collect::<Vec<_>>(), "{reach:?}");
        if reach == within(Some("payments"), None) {
            let quarter = at(100).as_second().div_euclid(900) * 900;
            assert_eq!(routes[0].last_called_at.map(Timestamp::as_second), Some(quarter));
            assert_eq!(routes[1].last_called_at, None);
        }
        let policies = policies::list(&model, at(0), &reach, None, 9).await.unwrap().items;
        let ids: Vec<_> = policies.iter().map(|idle| idle.policy.policy_id).collect();
        assert_eq!(ids, idle.iter().map(|n| policy(*n)).collect::<Vec<_>>(), "{reach:?}");
        assert!(policies.iter().all(|idle| idle.assignments == 0), "{reach:?}");
    }
}
