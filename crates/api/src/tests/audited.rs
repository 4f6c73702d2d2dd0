//! Held by the document itself: every operation that changes something is on record once, every one that is refused is observed.

use domain::access::Permission;
use http::Method;
use serde_json::{Value, json};

use super::{
    documented::{operations, sample, worth_saying},
    harness::World,
};

/// Operations that change something and whose command this test does not follow, each with its reason.
const REVIEWED: &[(&str, &str)] = &[
    ("end_session", "an observation; the tests of signing in have it"),
    ("end_other_session", "an observation; the tests of signing in have it"),
    ("claim_installation", "done once, by nobody's principal; its tests have it"),
    ("open_break_glass", "for oneself; its tests have it"),
    ("close_break_glass", "for oneself; its tests have it"),
    ("rotate_person_token", "for oneself; the tests of the claim have it"),
    ("revoke_person_token", "by somebody who claimed; the tests of the claim have it"),
    ("approve_approval", "by another person, who is somebody; its tests have it"),
    ("decline_approval", "by another person, who is somebody; its tests have it"),
    ("withdraw_approval", "by a person, who is somebody; its tests have it"),
    ("explain_call", "changes nothing"),
    ("simulate_policy", "changes nothing"),
    ("preview_notification_rule", "changes nothing"),
    ("import_routes", "a command for each route of the document"),
    ("receive_github_leaks", "signed by a sender who is no principal; a command for each report"),
    ("receive_generic_leaks", "signed by a sender who is no principal; a command for each report"),
];

async fn entries(world: &World, request_id: &str) -> Vec<Value> {
    world.observed().await;
    let list = world.get(format!("/v1/audit?request_id={request_id}&limit=200")).expect(200).await.json();
    list["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn every_operation_that_changes_something_is_one_command_on_record() {
    let mut followed = 0;
    for (operation, _, _) in operations() {
        if REVIEWED.iter().any(|(reviewed, _)| *reviewed == operation) {
            continue;
        }
        let mut world = World::new().await;
        let mut things = world.whole_fixture().await;
        worth_saying(&operation, &mut world, &mut things).await;
        let sample = sample(&operation, &things);
        if sample.method == Method::GET {
            continue;
        }
        let request = format!("audited-{operation}");
        let answer = sample.call(&world).header("x-request-id", &request).send().await;
        assert!((200..300).contains(&answer.status), "{operation}: {} {}", answer.status, answer.text());
        let entries = entries(&world, &request).await;
        let commands: std::collections::BTreeSet<_> =
            entries.iter().map(|entry| entry["command_id"].as_str().unwrap()).collect();
        assert_eq!(commands.len(), 1, "{operation}: {entries:?}");
        for entry in &entries {
            assert_eq!(entry["actor"]["id"], "admin", "{operation}");
            assert_eq!((&entry["outcome"], &entry["correlation_id"]), (&json!("succeeded"), &json!(request)));
            assert!(entry["changes"].is_array(), "{operation}: {entry}");
        }
        followed += 1;
    }
    assert!(followed >= 35, "{followed}");
}

#[test]
fn what_is_reviewed_is_there() {
    let known: Vec<String> = operations().into_iter().map(|(operation, _, _)| operation).collect();
    for (operation, why) in REVIEWED {
        assert!(known.iter().any(|known| known == operation), "{operation}: {why}");
    }
}

#[tokio::test]
async fn every_operation_that_is_denied_or_not_proven_is_observed() {
    let world = World::new().await;
    let things = world.whole_fixture().await;
    for (operation, _, needed) in operations() {
        let Some(needed) = needed else { continue };
        let sample = sample(&operation, &things);
        let denied = format!("denied-{operation}");
        let answer = sample.call(&world).nobody().header("x-request-id", &denied).send().await;
        assert_eq!(answer.status, 403, "{operation}: {}", answer.text());
        let [entry] = entries(&world, &denied).await.try_into().unwrap();
        assert_eq!(entry["action"], "observation.access_denied", "{operation}");
        assert_eq!((&entry["actor"]["id"], &entry["outcome"]), (&json!("nobody"), &json!("denied")));
        assert_eq!(entry["data"]["permission"], needed, "{operation}");

        let unproven = format!("unproven-{operation}");
        let answer = sample.call(&world).token("tga_wrong").header("x-request-id", &unproven).send().await;
        assert_eq!(answer.status, 401, "{operation}: {}", answer.text());
        let [entry] = entries(&world, &unproven).await.try_into().unwrap();
        assert_eq!(entry["action"], "observation.authentication_failed", "{operation}");
    }
    assert!(Permission::ALL.len() > 30, "there are permissions to be denied");
}

/// Reads that are narrowed by the statement that they read with: what is hidden is told from what is not there by nobody.
const NARROWED: &[&str] = &[];

#[tokio::test]
async fn a_thing_that_is_hidden_from_somebody_is_a_denial_on_record() {
    let world = World::new().await;
    let things = world.whole_fixture().await;
    let mut unobserved = vec![];
    let mut asked = 0;
    for (operation, _, needed) in operations() {
        let sample = sample(&operation, &things);
        let foreign =
            [&things.client, &things.key, &things.change, &things.leak, &things.operation, &things.export];
        if needed.is_none() || !foreign.iter().any(|id| sample.path.contains(id.as_str())) {
            continue;
        }
        let request = format!("hidden-{operation}");
        let call = sample.call(&world).holder("admin@Travel").header("x-request-id", &request);
        if call.send().await.status != 404 {
            continue;
        }
        asked += 1;
        let entries = entries(&world, &request).await;
        if !entries.iter().any(|entry| entry["action"] == "observation.access_denied") {
            unobserved.push(operation);
        }
    }
    assert!(asked >= 15, "{asked}");
    assert_eq!(unobserved, NARROWED);
}
