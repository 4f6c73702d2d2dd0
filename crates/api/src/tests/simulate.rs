//! Policies are tried on the calls that were made.

use std::time::Duration;

use domain::{
    decision::Outcome,
    usage::{DecisionsLeftOut, UsageBatch, UsageFact},
};
use serde_json::{Value, json};

use super::harness::{World, client_body, policy_body};

const PATH: &str = "/v1/policies/simulate";
/// An hour before now.
const MINUTE: &str = "2026-03-01T11:00:00Z";

/// Lets a gateway report calls of one minute: twenty seconds with three allowed and one refused in each, and five of which the
/// second is not known.
async fn called(world: &World, batch_no: u64, client: &str, route: Option<&str>) {
    let minute: domain::Timestamp = MINUTE.parse().unwrap();
    let fact = |outcome, calls, seconds| UsageFact {
        minute: minute.as_second(),
        client_id: Some(client.parse().unwrap()),
        key_id: Some("key_00000000000000000000000001".parse().unwrap()),
        secret_version: Some(1),
        route_id: route.map(|route| route.parse().unwrap()),
        environment: "prod".parse().unwrap(),
        outcome,
        calls,
        last_at: minute,
        seconds,
    };
    let each = |calls| (0..20).map(|second| (second, calls)).collect::<Vec<_>>();
    let batch = UsageBatch {
        node: "n".to_owned(),
        boot: client.to_owned(),
        sequence: 1,
        flushed_at: "2026-03-01T11:00:31Z".parse().unwrap(),
        facts: vec![
            fact(Outcome::Allowed, 60, each(3)),
            fact(Outcome::QuotaExceeded, 20, each(1)),
            fact(Outcome::RateLimited, 5, vec![]),
        ],
        throttled: vec![],
        responses: vec![],
        shadow: vec![],
        quota_levels: vec![],
        sightings: vec![],
        addresses: vec![],
        decisions: vec![],
        left_out: DecisionsLeftOut::default(),
    };
    world.usage.append(Some(batch), vec![]).await.unwrap();
    assert!(world.door.api().visibility.wait_for_usage(batch_no, Duration::from_secs(10)).await);
}

fn numbers(of: &Value) -> [u64; 5] {
    ["calls", "refused_then", "refused_at_least", "refused_estimate", "refused_at_most"]
        .map(|name| of[name].as_u64().unwrap_or_else(|| panic!("{name} of {of}")))
}

#[tokio::test]
async fn a_quota_that_is_not_there_is_known_to_the_call() {
    let world = World::new().await;
    let things = world.fixture().await;
    called(&world, 1, &things.client, Some(&things.route)).await;
    let quota = json!({ "name": "hourly", "requests": 70, "period": "hour" });
    let body = json!({ "policy": { "quotas": [quota] }, "target": { "client_id": things.client } });
    let answer = world.post(PATH, &body).expect(200).await.json();
    assert_eq!(numbers(&answer), [80, 25, 10, 10, 10]);
    assert_eq!((&answer["allowed_then"], &answer["calls_without_seconds"]), (&json!(60), &json!(5)));
    assert_eq!(
        (&answer["from"], &answer["until"]),
        (&json!("2026-02-28T12:00:00Z"), &json!("2026-03-01T12:00:00Z"))
    );
    assert_eq!((&answer["batch_no"], &answer["truncated"]), (&json!(1), &json!(false)));
    let item = &answer["items"][0];
    assert_eq!((&item["client_id"], &item["route_id"]), (&json!(things.client), &json!(things.route)));
    assert_eq!(numbers(item), [80, 25, 10, 10, 10]);
    // Four calls in each second: the seventy-first is in the eighteenth.
    assert_eq!(
        (&item["first_breach_at"], &item["limit"]),
        (&json!("2026-03-01T11:00:17Z"), &json!("hourly"))
    );
    let limit = json!({ "limit": "hourly", "kind": "quota", "refused_estimate": 10, "first_breach_at": "2026-03-01T11:00:17Z" });
    assert_eq!(answer["limits"], json!([limit]));
    assert!(answer["method"].as_str().unwrap().contains("at least"));
}

#[tokio::test]
async fn a_rate_that_is_not_there_is_known_within_its_bound() {
    let world = World::new().await;
    let things = world.fixture().await;
    called(&world, 1, &things.client, Some(&things.route)).await;
    let rate = json!({ "name": "burst", "requests": 2, "per_seconds": 1, "burst": 10 });
    let answer = world.post(PATH, &json!({ "policy": { "rates": [rate] } })).expect(200).await.json();
    let [calls, then, least, estimate, most] = numbers(&answer);
    assert_eq!((calls, then), (80, 25));
    // Ten at once and two a second: 48 to 50 calls pass in 20 seconds.
    assert!(least <= 31 && 31 <= most && most - least <= 5, "{least} to {most}");
    assert!((least..=most).contains(&estimate));
}

#[tokio::test]
async fn a_policy_that_is_there_is_tried_on_those_that_it_binds() {
    let world = World::new().await;
    let things = world.fixture().await;
    called(&world, 1, &things.client, Some(&things.route)).await;
    let policy = world.made("/v1/policies", &policy_body()).await;
    let ask = json!({ "policy_id": policy });
    let unbound = world.post(PATH, &ask).expect(200).await.json();
    assert_eq!((numbers(&unbound), unbound["items"].as_array().unwrap().len()), ([0; 5], 0));
    let assignments = format!("/v1/policies/{policy}/assignments");
    world.post(&assignments, &json!({ "client_id": things.client })).expect(201).await;
    // Ten in a second, ten at once: never reached by four.
    assert_eq!(numbers(&world.post(PATH, &ask).expect(200).await.json()), [80, 25, 0, 0, 0]);
    let changed = json!({
        "policy_id": policy,
        "policy": { "rates": [{ "name": "burst", "requests": 1, "per_seconds": 3600, "burst": 8 }] },
    });
    // Of a call an hour none comes back in time.
    assert_eq!(numbers(&world.post(PATH, &changed).expect(200).await.json()), [80, 25, 72, 72, 72]);
    let entries = world.get("/v1/audit?limit=200").expect(200).await.json();
    let revised =
        entries["items"].as_array().unwrap().iter().any(|entry| entry["type"] == "rate_limit_policy.revised");
    assert!(!revised, "nothing was revised");
}

#[tokio::test]
async fn what_cannot_be_simulated_is_refused() {
    let world = World::new().await;
    let things = world.fixture().await;
    let rates = json!([{ "name": "burst", "requests": 2, "per_seconds": 1 }]);
    let policy = json!({ "rates": rates });
    world.post(PATH, &json!({})).refused(422, "policy_needs_limit").await;
    let wrong = json!({ "policy": { "rates": [{ "name": "burst", "requests": 0, "per_seconds": 1 }] } });
    world.post(PATH, &wrong).refused(422, "limit_out_of_bounds").await;
    let both = json!({ "policy_id": things.policy, "target": { "client_id": things.client } });
    assert_eq!(world.post(PATH, &both).refused(422, "body_invalid").await["pointer"], "/target");
    for (target, code, pointer) in [
        (json!({ "client_id": "cli_0000000000000000000000zzzz" }), "client_not_found", "/target/client_id"),
        (json!({ "route_id": "rte_0000000000000000000000zzzz" }), "route_not_found", "/target/route_id"),
    ] {
        let problem =
            world.post(PATH, &json!({ "policy": policy, "target": target })).refused(422, code).await;
        assert_eq!(problem["pointer"], pointer);
    }
    let nobody = json!({ "policy_id": "pol_0000000000000000000000zzzz" });
    assert_eq!(world.post(PATH, &nobody).refused(422, "policy_not_found").await["pointer"], "/policy_id");
    for (from, until) in
        [("2026-02-28T11:59:59Z", "2026-03-01T12:00:00Z"), ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z")]
    {
        let body = json!({ "policy": policy, "from": from, "until": until });
        assert_eq!(world.post(PATH, &body).refused(422, "body_invalid").await["pointer"], "/from");
    }
}

#[tokio::test]
async fn nobody_simulates_on_calls_that_he_does_not_see() {
    let world = World::new().await;
    let things = world.fixture().await;
    called(&world, 1, &things.client, Some(&things.route)).await;
    let mut foreign = client_body();
    foreign["owner"]["team"] = json!("Others");
    let other = world.made("/v1/clients", &foreign).await;
    called(&world, 2, &other, None).await;
    let policy = json!({ "quotas": [{ "name": "hourly", "requests": 70, "period": "hour" }] });
    let everyone = json!({ "policy": policy });
    let told = world.post(PATH, &everyone).expect(200).await.json();
    assert_eq!((numbers(&told), told["items"].as_array().unwrap().len()), ([160, 50, 20, 20, 20], 2));
    let limited = world.post(PATH, &everyone).holder("viewer@Payments").expect(200).await.json();
    assert_eq!((numbers(&limited), limited["items"].as_array().unwrap().len()), ([80, 25, 10, 10, 10], 1));
    let named = json!({ "policy": policy, "target": { "client_id": other } });
    world.post(PATH, &named).holder("viewer@Payments").refused(422, "client_not_found").await;
    // A counter that is shared counts what is out of sight.
    let shared = json!({ "policy": { "quotas": policy["quotas"], "counting": "shared" } });
    world.post(PATH, &shared).holder("viewer@Payments").refused(403, "permission_denied").await;
    assert_eq!(numbers(&world.post(PATH, &shared).expect(200).await.json()), [160, 50, 90, 90, 90]);
}
