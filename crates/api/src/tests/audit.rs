//! The audit log tells who did what, from where and why.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use http::Request;
use serde_json::{Value, json};

use super::harness::{World, because, client_body};

#[tokio::test]
async fn an_entry_tells_who_did_what_to_which_thing_and_why() {
    let world = World::new().await;
    let client = world.client().await;
    let call = world.post(format!("/v1/clients/{client}/suspend"), &because()).key("cmd-1");
    let call = call
        .header("x-request-id", "req-7")
        .header("x-correlation-id", "cor-7")
        .header("user-agent", "curl/8");
    call.expect(200).await;
    let entry = world.get("/v1/audit/2").expect(200).await.json();
    let expected = json!({
        "id": "admin", "kind": "service_account", "authenticated_by": "bootstrap_token", "on_behalf_of": null,
        "allowed_by": "role:admin",
    });
    assert_eq!(entry["actor"], expected);
    assert_eq!(
        (&entry["action"], &entry["subject"]),
        (&json!("api_client.suspended"), &json!({ "type": "api_client", "id": client }))
    );
    assert_eq!((&entry["reason"], &entry["client_id"]), (&json!("as agreed"), &json!(client)));
    assert_eq!(
        (&entry["request_id"], &entry["correlation_id"], &entry["command_id"]),
        (&json!("req-7"), &json!("cor-7"), &json!("cmd-1"))
    );
    assert_eq!(
        (&entry["user_agent"], &entry["occurred_at"]),
        (&json!("curl/8"), &json!(super::harness::NOW))
    );
}

#[tokio::test]
async fn the_peers_address_is_kept_and_a_forwarding_header_is_not() {
    let world = World::new().await;
    let peer: SocketAddr = "192.0.2.7:4711".parse().unwrap();
    let request = Request::post("/v1/clients")
        .header("authorization", format!("Bearer {}", world.admin_token()))
        .header("content-type", "application/json")
        .header("x-forwarded-for", "203.0.113.9")
        .extension(ConnectInfo(peer))
        .body(client_body().to_string().into())
        .unwrap();
    let (router, _) = crate::router_of(&world.door);
    assert_eq!(world.answer(router, request).await.status, 201);
    assert_eq!(world.get("/v1/audit/1").expect(200).await.json()["address"], "192.0.2.7");
}

#[tokio::test]
async fn the_log_is_listed_from_the_newest_and_filtered() {
    let world = World::new().await;
    let things = world.fixture().await;
    let positions = |list: Value| -> Vec<u64> {
        list["items"].as_array().unwrap().iter().map(|entry| entry["position"].as_u64().unwrap()).collect()
    };
    for (query, expected) in [
        (String::new(), vec![6, 5, 4, 3, 2, 1]),
        ("?action=api_key.issued".to_owned(), vec![2]),
        ("?subject_type=rate_limit_policy".to_owned(), vec![5, 4]),
        (format!("?subject_id={}", things.route), vec![3]),
        (format!("?client_id={}", things.client), vec![6, 5, 2, 1]),
        ("?actor=somebody".to_owned(), vec![]),
        (format!("?until={}", super::harness::NOW), vec![]),
        (format!("?from={}&limit=2", super::harness::NOW), vec![6, 5]),
    ] {
        let list = world.get(format!("/v1/audit{query}")).expect(200).await.json();
        assert_eq!(positions(list), expected, "{query}");
    }
}

#[tokio::test]
async fn there_is_no_entry_before_the_first_or_after_the_last() {
    let world = World::new().await;
    for position in ["0", "1", "-1", "x", "99999999999999999999"] {
        world.get(format!("/v1/audit/{position}")).refused(404, "audit_entry_not_found").await;
    }
}
