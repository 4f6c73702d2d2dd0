//! What is asked of the gateways, and who set what they answer.

use std::{sync::atomic::Ordering, time::Duration};

use domain::{
    decision::{LimitKind, LimitStatus, Outcome, RefusalReason},
    rate_limit_policy::Mode,
    usage::{DecisionRecord, DecisionsLeftOut, UsageBatch},
};
use projections::queries::{
    Page,
    audit::{self, AuditFilter},
};
use serde_json::{Value, json};

use super::harness::{Fixture, World, because};

pub(super) const DECISION: &str = "dec_01kjn0000000000000000000q1";

/// Keeps a decision that a quota refused, of the fixture's assignment when there is one.
pub(super) async fn keep_decision(world: &World) {
    let limit = world.gateways.assigned.lock().unwrap().map(|(assigned_at, policy_id)| LimitStatus {
        name: "burst".parse().unwrap(),
        kind: LimitKind::Rate,
        policy_id,
        policy_revision: 1,
        assignment_id: domain::AssignmentId::from_u128(1),
        assigned_at,
        mode: Mode::Enforce,
        requests: 10,
        window_seconds: 1,
        remaining: 0,
        reset_seconds: 1,
        refused: true,
    });
    let record = DecisionRecord {
        id: DECISION.parse().unwrap(),
        at: "2026-03-01T11:00:00Z".parse().unwrap(),
        environment: "prod".parse().unwrap(),
        outcome: Outcome::RateLimited,
        reason: Some(RefusalReason::RateLimited),
        client_id: None,
        key_id: None,
        secret_version: None,
        route_id: None,
        method: "GET".to_owned(),
        network: Some("198.51.100.0/24".parse().unwrap()),
        limits: limit.into_iter().collect(),
        retry_after_seconds: Some(1),
        position: domain::Position::new(1_000),
        stale: false,
    };
    let batch = UsageBatch {
        node: "n".to_owned(),
        boot: "b".to_owned(),
        sequence: 1,
        flushed_at: "2026-03-01T11:00:01Z".parse().unwrap(),
        facts: vec![],
        throttled: vec![],
        responses: vec![],
        shadow: vec![],
        quota_levels: vec![],
        sightings: vec![],
        addresses: vec![],
        decisions: vec![record],
        left_out: DecisionsLeftOut { proven: 0, unproven: 7 },
    };
    world.usage.append(Some(batch), vec![]).await.unwrap();
    assert!(world.door.api().visibility.wait_for_usage(1, Duration::from_secs(10)).await);
}

/// Has the gateways answer with the fixture's assignment.
async fn told(world: &World) -> Fixture {
    let things = world.fixture().await;
    let filter =
        AuditFilter { action: Some("rate_limit_policy.assigned".to_owned()), ..AuditFilter::default() };
    let entries = audit::list(&world.door.api().read, &filter, &Page::first(1)).await.unwrap();
    let position = entries[0].position;
    *world.gateways.assigned.lock().unwrap() = Some((position, things.policy.parse().unwrap()));
    things
}

/// About what, of which type and by whom.
fn events<'body>(body: &'body Value) -> Vec<(&'body str, &'body str, &'body str)> {
    let events = body["events"].as_array().unwrap();
    assert!(events.iter().all(|event| event["actor"] == "admin"));
    let said = |event: &'body Value| {
        let text = |name: &str| event[name].as_str().unwrap_or_default();
        (text("about"), text("event_type"), text("reason"))
    };
    events.iter().map(said).collect()
}

const SET: [(&str, &str, &str); 2] =
    [("assignment", "rate_limit_policy.assigned", ""), ("policy", "rate_limit_policy.defined", "")];

#[tokio::test]
async fn an_explanation_names_who_set_what_it_rests_on() {
    let world = World::new().await;
    let things = told(&world).await;
    let ask = json!({ "key_id": things.key, "method": "GET", "path": "/orders/1" });
    let body = world.post("/v1/explain", &ask).expect(200).await.json();
    assert_eq!((&body["outcome"], &body["node"]), (&json!("allowed"), &json!("told")));
    assert_eq!(events(&body), SET);
    world.post(format!("/v1/keys/{}/suspend", things.key), &because()).expect(200).await;
    *world.gateways.reason.lock().unwrap() = Some(RefusalReason::KeySuspended);
    let body = world.post("/v1/explain", &ask).expect(200).await.json();
    assert_eq!(events(&body)[2], ("cause", "api_key.suspended", "as agreed"));
}

#[tokio::test]
async fn a_secret_is_asked_about_and_shown_nowhere() {
    let world = World::new().await;
    let secret = "tg_prod_notgenuine";
    let ask = json!({ "secret": secret, "method": "GET", "path": "/orders/1" });
    let answer = world.post("/v1/explain", &ask).expect(200).await;
    assert!(!answer.text().contains(secret));
    let asked = world.gateways.asked.lock().unwrap().clone();
    assert!(asked.contains("Secret(…)") && !asked.contains(secret), "{asked}");
}

#[tokio::test]
async fn a_wrong_question_is_refused_where_it_is_wrong() {
    let world = World::new().await;
    let things = world.fixture().await;
    let gone = "key_00000000000000000000000000";
    let sound = json!({ "method": "GET", "path": "/orders/1" });
    for (field, value, pointer) in [
        ("method", json!("GET 1"), "/method"),
        ("path", json!("orders"), "/path"),
        ("cost", json!(0), "/cost"),
        ("at", json!("2026-02-01T00:00:00Z"), "/at"),
        ("key_id", json!(gone), "/key_id"),
    ] {
        let mut ask = sound.clone();
        ask[field] = value;
        let body = world.post("/v1/explain", &ask).expect(422).await.json();
        assert_eq!(body["pointer"], pointer, "{body}");
    }
    let mut both = sound;
    (both["key_id"], both["client_id"]) = (json!(things.key), json!(things.client));
    world.post("/v1/explain", &both).refused(422, "body_invalid").await;
    world.get("/v1/usage/current").refused(400, "query_invalid").await;
    world.get("/v1/effective-policy?at=2026-02-01T00:00:00Z").refused(400, "query_invalid").await;
}

#[tokio::test]
async fn without_a_gateway_that_knows_there_is_no_answer() {
    let world = World::new().await;
    let things = world.fixture().await;
    world.gateways.away.store(true, Ordering::Relaxed);
    let ask = json!({ "method": "GET", "path": "/orders/1" });
    world.post("/v1/explain", &ask).refused(503, "unavailable").await;
    world.get("/v1/effective-policy").refused(503, "unavailable").await;
    world.get(format!("/v1/usage/current?key_id={}", things.key)).refused(503, "unavailable").await;
}

#[tokio::test]
async fn a_decision_is_found_with_who_set_its_limits() {
    let world = World::new().await;
    told(&world).await;
    keep_decision(&world).await;
    let body = world.get(format!("/v1/decisions/{DECISION}")).expect(200).await.json();
    assert_eq!((&body["reason"], &body["network"]), (&json!("rate_limited"), &json!("198.51.100.0/24")));
    assert_eq!((&body["limits"][0]["name"], &body["limits"][0]["remaining"]), (&json!("burst"), &json!(0)));
    assert_eq!(events(&body), SET);
    for (query, found) in [
        ("", 1),
        ("?reason=rate_limited&outcome=rate_limited&environment=prod", 1),
        ("?outcome=allowed", 0),
        ("?from=2026-03-01T11:00:00Z", 1),
        ("?until=2026-03-01T11:00:00Z", 0),
    ] {
        let page = world.get(format!("/v1/decisions{query}")).expect(200).await.json();
        assert_eq!(page["items"].as_array().unwrap().len(), found, "{query}");
        assert_eq!(page["next_cursor"], json!(null));
    }
    let page = world.get("/v1/decisions").expect(200).await.json();
    assert_eq!(page["left_out"], json!({ "proven": 0, "unproven": 7 }));
    let gone = "/v1/decisions/dec_00000000000000000000000000";
    world.get(gone).refused(404, "decision_not_found").await;
}

#[tokio::test]
async fn a_reset_is_on_record_with_its_reason() {
    let world = World::new().await;
    let things = told(&world).await;
    let ask = json!({
        "client_id": things.client, "policy_id": things.policy, "limit": "burst", "reason": "Their retries ran wild",
    });
    let answer = world.post("/v1/usage/reset", &ask).key("once").expect(200).await;
    let position: u64 = answer.field("tollgate-position").unwrap().parse().unwrap();
    assert_eq!(answer.json()["environment"], json!(null));
    world.post("/v1/usage/reset", &ask).key("once").expect(200).await;
    let entries = world.get("/v1/audit?action=rate_limit_policy.limit_reset").expect(200).await.json();
    let [entry] = entries["items"].as_array().unwrap().as_slice() else { panic!("{entries}") };
    assert_eq!((&entry["position"], &entry["reason"]), (&json!(position), &json!("Their retries ran wild")));
    assert_eq!(entry["client_id"], things.client);
    *world.gateways.reset_at.lock().unwrap() = Some(domain::Position::new(position));
    let usage = world.get(format!("/v1/usage/current?client_id={}", things.client)).expect(200).await.json();
    assert_eq!(usage["items"][0]["used"], json!(4));
    assert_eq!(events(&usage)[1], ("reset", "rate_limit_policy.limit_reset", "Their retries ran wild"));
}

#[tokio::test]
async fn what_is_used_is_shown_of_the_environments_in_sight() {
    let world = World::new().await;
    let things = world.fixture().await;
    *world.gateways.also_in.lock().unwrap() = vec!["sandbox".parse().unwrap()];
    let (client, key) = (format!("client_id={}", things.client), format!("key_id={}", things.key));
    for (holder, query, shown) in [
        ("viewer", client.clone(), vec!["prod", "sandbox"]),
        ("viewer@Payments", client.clone(), vec!["prod", "sandbox"]),
        ("viewer@prod", client.clone(), vec!["prod"]),
        ("viewer@prod", format!("{client}&environment=prod"), vec!["prod"]),
        ("viewer@prod", key.clone(), vec!["prod"]),
    ] {
        let usage = world.get(format!("/v1/usage/current?{query}")).holder(holder).expect(200).await.json();
        let items = usage["items"].as_array().unwrap().iter();
        assert_eq!(items.map(|item| &item["environment"]).collect::<Vec<_>>(), shown, "{query} by {holder}");
    }
    for (holder, query, code) in [
        ("viewer@prod", format!("{client}&environment=sandbox"), "client_not_found"),
        ("viewer@prod", format!("{key}&environment=sandbox"), "key_not_found"),
        ("viewer@test", key, "key_not_found"),
        // In sight is the environment, and the client is not.
        ("viewer@test", format!("{client}&environment=test"), "client_not_found"),
    ] {
        world.get(format!("/v1/usage/current?{query}")).holder(holder).refused(422, code).await;
    }
}

#[tokio::test]
async fn a_reset_names_what_is_there_and_as_it_is_counted() {
    let world = World::new().await;
    let things = world.fixture().await;
    let sound = json!({
        "client_id": things.client, "policy_id": things.policy, "limit": "burst", "reason": "as agreed",
    });
    let with = |field: &str, value: Value| {
        let mut ask = sound.clone();
        ask[field] = value;
        ask
    };
    let gone = |prefix: &str| json!(format!("{prefix}_{}", "0".repeat(26)));
    for (ask, code, pointer) in [
        (with("policy_id", gone("pol")), "policy_not_found", json!("/policy_id")),
        (with("client_id", gone("cli")), "client_not_found", json!("/client_id")),
        (with("key_id", gone("key")), "key_not_found", json!("/key_id")),
        (with("limit", json!("other")), "limit_unknown", json!(null)),
        (with("key_id", json!(things.key)), "limit_counted_otherwise", json!(null)),
    ] {
        let body = world.post("/v1/usage/reset", &ask).refused(422, code).await;
        assert_eq!(body["pointer"], pointer, "{body}");
    }
}
