//! A dry run answers what a write would do, and does nothing.

use std::time::Duration;

use domain::usage::{UsageBatch, UsageFact};
use eventlog::EventLog;
use http::Method;
use serde_json::{Value, json};

use super::{
    documented::{operations, sample},
    harness::{DOCUMENT, World, because, client_body, key_body},
};

/// Writes that are no commands, each with its reason.
const NO_COMMANDS: &[&str] = &[
    // Sessions are no part of the log.
    "end_session",
    "end_other_session",
    // Done once.
    "claim_installation",
    // By another person, who is somebody: their tests have it.
    "approve_approval",
    "decline_approval",
    "withdraw_approval",
    // For oneself: their tests have it.
    "open_break_glass",
    "close_break_glass",
    "rotate_person_token",
    "revoke_person_token",
    // Looks and takes nothing.
    "explain_call",
    "simulate_policy",
    "preview_notification_rule",
    // Looks, and puts on record that it has.
    "search_secret",
    // Kept beside the log; their own tests have what a dry run leaves.
    "mark_mail_addresses",
    "unmark_mail_addresses",
    // Many commands; their dry run is the plan.
    "import_routes",
    // Nobody rehearses an alarm.
    "receive_github_leaks",
    "receive_generic_leaks",
    // Theirs tells of many keys: the tests of bulk orders and imports have it.
    "revoke_keys",
    "suspend_keys",
    "import_keys",
];

/// Every file that a command could leave a trace in.
async fn trace(world: &World) -> (u64, Value) {
    let log: &EventLog = &world.door.api().log;
    assert_eq!(log.recall("admin:rehearsed").await.unwrap(), None, "the command's name is not remembered");
    let mut shown = vec![];
    for list in ["clients", "keys", "routes", "policies", "audit"] {
        shown.push(world.get(format!("/v1/{list}?limit=200")).expect(200).await.json());
    }
    (log.head().get(), Value::Array(shown))
}

#[tokio::test]
async fn every_write_has_a_dry_run_that_leaves_nothing_behind() {
    let world = World::new().await;
    let things = world.whole_fixture().await;
    let (rotated, _) = world.key(&things.client).await;
    world.rotate(&rotated).await;
    let unassigned = world.made("/v1/policies", &super::harness::policy_body()).await;
    let before = trace(&world).await;
    let mut rehearsed = 0;
    for (operation, _, _) in operations() {
        let mut sample = sample(&operation, &things);
        if operation == "retire_policy" {
            sample.path = sample.path.replace(&things.policy, &unassigned);
        }
        if ["extend_overlap", "retire_previous_secret"].contains(&operation.as_str()) {
            sample.path = sample.path.replace(&things.key, &rotated);
        }
        if sample.method == Method::GET || NO_COMMANDS.contains(&operation.as_str()) {
            continue;
        }
        for _ in 0..2 {
            let answer = sample.asking("dry_run=true").call(&world).key("rehearsed").expect(200).await;
            let body = answer.json();
            assert_eq!(body["dry_run"], true, "{operation}");
            assert!(body["blast_radius"]["calls_last_24h"].is_u64(), "{operation}: {body}");
            assert!(body["version"].as_u64() >= Some(1), "{operation}: {body}");
            assert!(!answer.text().contains("tg_prod_"), "{operation}: no secret is made");
            let said = body["events"].as_array().unwrap().len() + body["warnings"].as_array().unwrap().len();
            assert!(said > 0, "{operation}: {body}");
            assert_eq!(
                (answer.field("tollgate-position"), answer.field("location")),
                (None, None),
                "{operation}"
            );
        }
        sample.asking("dry_run=maybe").call(&world).refused(400, "query_invalid").await;
        sample.asking("dry_run=true").call(&world).nobody().refused(403, "permission_denied").await;
        rehearsed += 1;
    }
    assert!(rehearsed >= 18, "{rehearsed}");
    assert_eq!(trace(&world).await, before);
}

#[test]
fn every_write_documents_its_dry_run() {
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(method, _)| *method != "get") {
            if NO_COMMANDS.contains(&operation["operationId"].as_str().unwrap()) {
                continue;
            }
            let parameters = operation["parameters"].as_array().unwrap();
            let named = |name: &str| parameters.iter().any(|parameter| parameter["name"] == name);
            assert!(named("dry_run") && named("Idempotency-Key"), "{method} {path}");
            let answer = operation["responses"]["200"]["content"]["application/json"]["schema"].to_string();
            assert!(answer.contains("#/components/schemas/DryRun"), "{method} {path}: {answer}");
        }
    }
}

#[tokio::test]
async fn what_is_answered_is_what_then_happens() {
    let world = World::new().await;
    let things = world.fixture().await;
    let path = format!("/v1/keys/{}/revoke", things.key);
    let dry = world.post(format!("{path}?dry_run=true"), &because()).expect(200).await;
    let body = dry.json();
    let event = json!({
        "type": "api_key.revoked", "aggregate": "api_key", "id": things.key, "data": body["events"][0]["data"],
    });
    assert_eq!(body["events"], json!([event]));
    assert_eq!((dry.etag(), &body["version"]), ("\"1\"".to_owned(), &json!(2)));
    let done = world.post(&path, &because()).if_match(&dry.etag()).expect(200).await;
    assert_eq!(done.etag(), "\"2\"");
    let entry = world.get("/v1/audit?limit=1").expect(200).await.json()["items"][0].clone();
    assert_eq!((&entry["action"], &entry["data"]), (&event["type"], &event["data"]));
    let again = world.post(format!("{path}?dry_run=true"), &because()).expect(200).await.json();
    assert_eq!((&again["events"], &again["warnings"][0]["code"]), (&json!([]), &json!("no_change")));
}

#[tokio::test]
async fn a_dry_run_is_refused_as_the_write_would_be() {
    let world = World::new().await;
    let things = world.fixture().await;
    let client = format!("/v1/clients/{}", things.client);
    let dry = |path: &str| format!("{path}?dry_run=true");
    world.patch(dry(&client), &json!({ "name": "N" })).refused(428, "if_match_required").await;
    world.patch(dry(&client), &json!({ "name": "N" })).if_match("\"7\"").refused(412, "version_stale").await;
    world.post(dry(&format!("/v1/clients/cli_{}/suspend", "0".repeat(26))), &because()).expect(404).await;
    let nowhere = json!({ "name": "k", "environment": "staging" });
    world.post(dry(&format!("{client}/keys")), &nowhere).refused(422, "environment_not_allowed").await;
    world.post(dry("/v1/clients"), &json!({})).refused(422, "body_invalid").await;
    world.post("/v1/clients?dry_run=true&more=1", &client_body()).refused(400, "query_invalid").await;
    // One that is not dry is not: `false` is what it is without.
    world.post("/v1/clients?dry_run=false", &client_body()).expect(201).await;
}

#[tokio::test]
async fn a_secret_that_was_not_made_is_not_hinted_at() {
    let world = World::new().await;
    let things = world.fixture().await;
    let issue = format!("/v1/clients/{}/keys?dry_run=true", things.client);
    let issued = world.post(issue, &key_body()).expect(200).await.json();
    assert_eq!(
        (&issued["events"][0]["id"], &issued["events"][0]["data"]["secret"]),
        (&Value::Null, &json!({ "version": 1 }))
    );
    let rotate = format!("/v1/keys/{}/rotate?dry_run=true", things.key);
    let rotated = world.post(rotate, &json!({ "overlap_seconds": 60 })).expect(200).await.json();
    assert_eq!(rotated["events"][0]["data"]["secret"], json!({ "version": 2 }));
}

#[tokio::test]
async fn whom_a_write_would_touch_is_told() {
    let world = World::new().await;
    let things = world.fixture().await;
    let at = world.door.now();
    let fact = UsageFact {
        minute: at.as_second().div_euclid(60) * 60,
        client_id: Some(things.client.parse().unwrap()),
        key_id: Some(things.key.parse().unwrap()),
        secret_version: Some(1),
        route_id: Some(things.route.parse().unwrap()),
        environment: "prod".parse().unwrap(),
        outcome: domain::decision::Outcome::Allowed,
        calls: 7,
        last_at: at,
        seconds: vec![],
    };
    let (node, boot) = ("node".to_owned(), "boot".to_owned());
    let batch = UsageBatch {
        node,
        boot,
        sequence: 1,
        flushed_at: at,
        facts: vec![fact],
        throttled: vec![],
        responses: vec![],
        shadow: vec![],
        quota_levels: vec![],
        sightings: vec![],
        addresses: vec![],
        decisions: vec![],
        left_out: domain::usage::DecisionsLeftOut::default(),
    };
    world.usage.append(Some(batch), vec![]).await.unwrap();
    assert!(world.door.api().visibility.wait_for_usage(1, Duration::from_secs(10)).await);
    let revoke = format!("/v1/keys/{}/revoke?dry_run=true", things.key);
    let retire = format!("/v1/routes/{}?dry_run=true", things.route);
    let revise = format!("/v1/policies/{}?dry_run=true", things.policy);
    let radius = |body: Value| body["blast_radius"].clone();
    for radius in [
        radius(world.post(revoke, &because()).expect(200).await.json()),
        radius(world.delete(retire).if_match("*").expect(200).await.json()),
        radius(world.patch(revise, &json!({ "mode": "shadow" })).if_match("*").expect(200).await.json()),
    ] {
        assert_eq!(
            (&radius["calls_last_24h"], &radius["allowed_last_24h"]),
            (&json!(7), &json!(7)),
            "{radius}"
        );
        assert_eq!(
            (&radius["keys"], &radius["clients"], &radius["last_used_at"]),
            (&json!(1), &json!(1), &json!(at))
        );
        let route = json!([{ "id": things.route, "name": "Show an order", "calls": 7 }]);
        assert_eq!((&radius["routes"], &radius["environments"]), (&route, &json!(["prod"])));
        assert_eq!(radius["owners"], json!([{ "team": "Payments", "email": "payments@example.com" }]));
        assert_eq!(radius["contacts"][0]["email"], "grace@acme.example");
    }
}
