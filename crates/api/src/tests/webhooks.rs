//! Webhooks: made by those who may see what they are told, their secrets shown once.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::harness::{World, webhook_body};

const WEBHOOKS: &str = "/v1/webhooks";

fn with(pointer: &str, value: Value) -> Value {
    let mut body = webhook_body();
    *body.pointer_mut(pointer).unwrap() = value;
    body
}

#[tokio::test]
async fn a_webhook_is_made_with_a_secret_that_is_shown_once() {
    let world = World::new().await;
    let made = world.post(WEBHOOKS, &webhook_body()).key("once").expect(201).await;
    assert_eq!(made.field("cache-control"), Some("no-store"));
    let secret = made.json()["secret"].as_str().unwrap().to_owned();
    let bytes = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    assert_eq!(bytes.len(), 32);
    let webhook = made.json()["webhook"].clone();
    assert_eq!((&webhook["status"], &webhook["secret_version"]), (&json!("unverified"), &json!(1)));
    assert_eq!(webhook["events"], json!(["api_key.*", "notice.key_expiring"]));
    let again = world.post(WEBHOOKS, &webhook_body()).key("once").expect(201).await;
    assert_eq!((&again.json()["webhook"], &again.json()["secret"]), (&webhook, &Value::Null));
    let path = format!("{WEBHOOKS}/{}", webhook["id"].as_str().unwrap());
    let shown = world.get(&path).expect(200).await;
    assert_eq!(shown.json(), webhook);
    assert_eq!(shown.field("etag"), Some("\"1\""));
    for list in [path.as_str(), WEBHOOKS, "/v1/audit"] {
        assert!(!world.get(list).expect(200).await.text().contains(&secret[6..20]), "{list}");
    }
}

#[tokio::test]
async fn a_rotation_gives_another_secret_and_says_until_when_the_one_before_signs() {
    let world = World::new().await;
    let (id, first) = world.webhook(&webhook_body()).await;
    let path = format!("{WEBHOOKS}/{id}/rotate-secret");
    let rotated = world.post(&path, &json!({ "overlap_seconds": 60 })).key("twice").expect(200).await.json();
    assert_ne!(rotated["secret"], json!(first));
    assert_eq!(rotated["webhook"]["secret_version"], 2);
    assert_eq!(rotated["webhook"]["previous_until"], "2026-03-01T12:01:00Z");
    let again = world.post(&path, &json!({ "overlap_seconds": 60 })).key("twice").expect(200).await.json();
    assert_eq!((&again["secret"], &again["webhook"]["secret_version"]), (&Value::Null, &json!(2)));
    let second = world.call(http::Method::POST, &path).refused(409, "webhook_rotation_running").await;
    assert_eq!(second["previous_until"], "2026-03-01T12:01:00Z");
    world.set_now("2026-03-01T12:01:00Z");
    let usual = world.call(http::Method::POST, &path).expect(200).await.json();
    assert_eq!(usual["webhook"]["previous_until"], "2026-03-02T12:01:00Z");
    let at_once = world.post(&path, &json!({ "overlap_seconds": 0 })).expect(200).await.json();
    assert_eq!(at_once["webhook"]["secret_version"], 4);
    let long = json!({ "overlap_seconds": 604_801 });
    world.post(&path, &long).refused(422, "webhook_overlap_too_long").await;
}

#[tokio::test]
async fn where_it_is_told_is_judged_by_the_operators_policy() {
    let world = World::new().await;
    let (id, _) = world.webhook(&webhook_body()).await;
    for (url, code) in [
        ("http://hooks.example.com/", "outbound_scheme_not_allowed"),
        ("https://127.0.0.1/", "outbound_address_not_public"),
        ("https://[::1]/", "outbound_address_not_public"),
        ("https://169.254.169.254/latest/meta-data", "outbound_address_not_public"),
        ("https://0x7f.1/", "outbound_address_not_public"),
        ("https://hooks.example.com:0/", "outbound_url_invalid"),
    ] {
        let problem = world.post(WEBHOOKS, &with("/url", json!(url))).refused(422, code).await;
        assert_eq!(problem["pointer"], "/url", "{url}");
        let patch = world.patch(format!("{WEBHOOKS}/{id}"), &json!({ "url": url })).if_match("*");
        patch.refused(422, code).await;
    }
    for url in ["", "hooks.example.com", "https://user:pass@example.com/", "ftp://example.com/"] {
        let problem = world.post(WEBHOOKS, &with("/url", json!(url))).refused(422, "body_invalid").await;
        assert_eq!(problem["pointer"], "/url", "{url}");
    }
}

#[tokio::test]
async fn nobody_has_more_told_than_they_see() {
    let world = World::new().await;
    let limited = |team: &str| json!({ "kind": "limited", "team": team });
    let make = |holder: &str, scope: Value| world.post(WEBHOOKS, &with("/scope", scope)).holder(holder);
    make("security_officer@Payments", limited("Payments")).expect(201).await;
    for scope in [limited("Travel"), json!({ "kind": "all" })] {
        make("security_officer@Payments", scope).refused(403, "permission_denied").await;
    }
    for holder in ["viewer", "auditor", "operator", "access_admin"] {
        make(holder, limited("Payments")).refused(403, "permission_denied").await;
    }
    make("security_officer", json!({ "kind": "limited" })).refused(422, "webhook_scope_empty").await;
    // Nor is it widened, nor sent elsewhere by somebody who does not see all that it is told.
    let (id, _) = world.webhook(&webhook_body()).await;
    let path = format!("{WEBHOOKS}/{id}");
    let change = |holder: &str, body: &Value| world.patch(&path, body).if_match("*").holder(holder);
    let widened = json!({ "scope": { "kind": "all" } });
    change("security_officer@Payments", &widened).refused(403, "permission_denied").await;
    let moved = json!({ "url": "https://elsewhere.example.com/" });
    change("security_officer@prod", &moved).refused(404, "webhook_not_found").await;
    change("security_officer@Payments", &moved).expect(200).await;
    world.get(&path).holder("auditor@Travel").refused(404, "webhook_not_found").await;
}

/// By two grants, each of which has one of the two permissions.
#[tokio::test]
async fn a_webhook_over_two_environments_wants_the_audit_log_of_both() {
    let world = World::new().await;
    let both = json!({ "kind": "limited", "environments": ["prod", "test"] });
    let body = with("/scope", both);
    // Of what lies in both, one who sees `prod` sees a part; to be told of it takes all.
    world.post(WEBHOOKS, &body).holder("security_officer@prod").refused(403, "permission_denied").await;
    world.post(WEBHOOKS, &body).holder("security_officer").expect(201).await;
}

#[tokio::test]
async fn what_is_said_of_a_webhook_is_bounded() {
    let world = World::new().await;
    world.post(WEBHOOKS, &with("/events", json!([]))).refused(422, "webhook_without_events").await;
    for wrong in ["api_key.revoke", "apikey.*", "", "**", "notice.nothing"] {
        let problem =
            world.post(WEBHOOKS, &with("/events", json!(["*", wrong]))).refused(422, "body_invalid").await;
        assert_eq!(problem["pointer"], "/events/1", "{wrong}");
    }
    let (id, _) = world.webhook(&webhook_body()).await;
    let path = format!("{WEBHOOKS}/{id}");
    for member in ["name", "url", "events", "scope"] {
        let problem =
            world.patch(&path, &json!({ member: null })).if_match("*").refused(422, "body_invalid").await;
        assert_eq!(problem["pointer"], format!("/{member}"));
    }
}

#[tokio::test]
async fn a_webhook_goes_its_way() {
    let world = World::new().await;
    let (id, _) = world.webhook(&webhook_body()).await;
    let path = format!("{WEBHOOKS}/{id}");
    let disabled = world.post(format!("{path}/disable"), &json!({ "reason": "moving" })).expect(200).await;
    assert_eq!(
        (&disabled.json()["status"], &disabled.json()["disabled_because"]),
        (&json!("disabled"), &json!("by_hand"))
    );
    let enabled = world.call(http::Method::POST, format!("{path}/enable")).expect(200).await.json();
    assert_eq!((&enabled["status"], &enabled["disabled_because"]), (&json!("unverified"), &Value::Null));
    let renamed = world.patch(&path, &json!({ "name": "Desk" })).if_match("\"3\"").expect(200).await.json();
    assert_eq!((&renamed["name"], &renamed["url"]), (&json!("Desk"), &enabled["url"]));
    world.patch(&path, &json!({ "name": "Other" })).if_match("\"3\"").refused(412, "version_stale").await;
    let deleted = world.delete(format!("{path}?reason=moved")).if_match("*").expect(200).await.json();
    assert_eq!(deleted["status"], "deleted");
    world.patch(&path, &json!({ "name": "Other" })).if_match("*").refused(409, "webhook_deleted").await;
    assert_eq!(world.get(WEBHOOKS).expect(200).await.json()["items"], json!([]));
    let listed = world.get(format!("{WEBHOOKS}?status=deleted")).expect(200).await.json();
    assert_eq!(listed["items"][0]["id"], json!(id));
}

#[tokio::test]
async fn the_public_keys_are_those_of_the_peppers() {
    let world = World::new().await;
    let keys = world.get(format!("{WEBHOOKS}/keys")).expect(200).await.json();
    let key = keys["keys"][0]["public_key"].as_str().unwrap();
    let bytes = BASE64_STANDARD.decode(key.strip_prefix("whpk_").unwrap()).unwrap();
    assert_eq!((bytes.len(), keys["keys"].as_array().unwrap().len()), (32, 1));
    let (id, _) = world.webhook(&webhook_body()).await;
    assert_eq!(world.get(format!("{WEBHOOKS}/{id}")).expect(200).await.json()["public_key"], json!(key));
}
