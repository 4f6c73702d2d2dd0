//! Who waits for the gateways is told which have applied the write, and which have not.

use std::time::Duration;

use domain::{Position, Timestamp};
use serde_json::{Value, json};

use super::harness::{World, because};
use crate::{Heard, Settings};

fn say(world: &World, node: &str, position: u64) {
    let heard = Heard {
        environment: "prod".parse().unwrap(),
        node: node.to_owned(),
        boot: "1".to_owned(),
        position: Position::new(position),
        stale: false,
        leaving: false,
    };
    world.door.nodes().hear(heard, Timestamp::UNIX_EPOCH, world.door.api().log.head());
}

/// A bound so short that a wait ends at once.
async fn impatient() -> World {
    World::with(Settings { applied_wait: Duration::ZERO, ..Settings::default() }).await
}

#[tokio::test]
async fn a_write_that_is_in_force_everywhere_says_so() {
    let world = World::new().await;
    let things = world.fixture().await;
    say(&world, "gateway-1", 1_000);
    let path = format!("/v1/keys/{}/revoke", things.key);
    let answer = world.post(format!("{path}?wait=applied"), &because()).key("k").expect(200).await;
    let body = answer.json();
    assert_eq!((answer.field("tollgate-applied"), &body["status"]), (Some("true"), &json!("revoked")));
    let receipt = &body["receipt"];
    let position: u64 = answer.field("tollgate-position").unwrap().parse().unwrap();
    assert_eq!(
        (&receipt["applied"], &receipt["reason"], &receipt["position"]),
        (&json!(true), &Value::Null, &json!(position))
    );
    let [node] = receipt["nodes"].as_array().unwrap().as_slice() else { panic!("{body}") };
    assert_eq!(
        (&node["node"], &node["environment"], &node["state"]),
        (&json!("gateway-1"), &json!("prod"), &json!("live"))
    );
    assert!(node["applied_ms"].is_u64());
    // The command is the same without the wait: it is answered, and nothing is asked of the gateways.
    let again = world.post(&path, &because()).key("k").expect(200).await;
    assert_eq!((again.field("idempotency-replayed"), again.field("tollgate-applied")), (Some("true"), None));
    assert_eq!(again.json().get("receipt"), None);
}

#[tokio::test]
async fn a_node_that_lags_is_named() {
    let world = impatient().await;
    let client = world.client().await;
    say(&world, "ahead", 1_000);
    say(&world, "behind", 1);
    let path = format!("/v1/clients/{client}/suspend?wait=applied");
    let answer = world.post(path, &because()).expect(200).await;
    let receipt = answer.json()["receipt"].clone();
    assert_eq!((answer.field("tollgate-applied"), &receipt["reason"]), (Some("false"), &json!("timed_out")));
    assert_eq!(
        (&receipt["nodes"][1]["node"], &receipt["nodes"][1]["applied_ms"]),
        (&json!("behind"), &Value::Null)
    );
    let shown = world.get("/v1/gateway/nodes").expect(200).await.json();
    assert_eq!((&shown["head"], &shown["items"][1]["lag_events"]), (&json!(2), &json!(1)));
    assert_eq!(
        (&shown["items"][0]["lag_events"], &shown["items"][0]["lag_seconds"]),
        (&json!(0), &json!(0.0))
    );
    assert_eq!(shown["items"][0]["heard_at"], "1970-01-01T00:00:00Z");
}

#[tokio::test]
async fn without_a_gateway_nothing_is_claimed() {
    let world = impatient().await;
    let answer = world.post("/v1/clients?wait=applied", &super::harness::client_body()).expect(201).await;
    let receipt = &answer.json()["receipt"];
    assert_eq!(answer.field("tollgate-applied"), Some("false"));
    assert_eq!(
        (&receipt["applied"], &receipt["reason"], &receipt["nodes"]),
        (&json!(false), &json!("no_nodes"), &json!([]))
    );
    assert_eq!(world.get("/v1/gateway/nodes").expect(200).await.json()["items"], json!([]));
}

#[tokio::test]
async fn what_has_no_body_of_its_own_is_answered_with_the_receipt() {
    let world = World::new().await;
    let things = world.fixture().await;
    say(&world, "gateway-1", 1_000);
    let path = format!("/v1/policies/{}/assignments/{}", things.policy, things.assignment);
    let answer = world.delete(format!("{path}?wait=applied&reason=over")).if_match("*").expect(200).await;
    assert_eq!(answer.json()["receipt"]["applied"], true);
    let body = json!({ "client_id": things.client });
    let path = format!("/v1/policies/{}/assignments", things.policy);
    let assigned = world.post(format!("{path}?wait=applied"), &body).expect(201).await;
    assert_eq!(assigned.json()["client_id"], things.client);
    assert!(assigned.field("location").is_some() && assigned.json()["receipt"]["applied"] == true);
}

#[tokio::test]
async fn a_secret_is_shown_beside_the_receipt() {
    let world = World::new().await;
    let things = world.fixture().await;
    say(&world, "gateway-1", 1_000);
    let path = format!("/v1/keys/{}/rotate?wait=applied", things.key);
    let rotated = world.post(path, &json!({ "overlap_seconds": 60 })).expect(200).await.json();
    assert!(rotated["secret"].is_string() && rotated["receipt"]["applied"] == true);
}

#[tokio::test]
async fn other_things_cannot_be_waited_for_and_a_dry_run_does_not_wait() {
    let world = impatient().await;
    let things = world.fixture().await;
    let path = format!("/v1/keys/{}/suspend", things.key);
    for query in ["wait=visible", "wait=", "wait=applied&wait=applied"] {
        world.post(format!("{path}?{query}"), &because()).refused(400, "query_invalid").await;
    }
    let dry = world.post(format!("{path}?wait=applied&dry_run=true"), &because()).expect(200).await;
    assert_eq!((dry.field("tollgate-applied"), dry.json().get("receipt")), (None, None));
}
