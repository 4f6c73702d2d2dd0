//! A command that was given before is answered, not carried out again.

use serde_json::{Value, json};

use super::harness::{World, because, client_body, key_body, policy_body, route_body};

#[tokio::test]
async fn a_repeated_registration_makes_no_second_client() {
    let world = World::new().await;
    let first = world.post("/v1/clients", &client_body()).key("k-1").expect(201).await;
    let again = world.post("/v1/clients", &client_body()).key("k-1").expect(201).await;
    assert_eq!((first.json(), first.etag()), (again.json(), again.etag()));
    assert_eq!(
        (first.field("idempotency-replayed"), again.field("idempotency-replayed")),
        (None, Some("true"))
    );
    assert_eq!(first.field("location"), again.field("location"));
    assert_eq!(first.field("tollgate-position"), again.field("tollgate-position"));
    assert_eq!(world.get("/v1/clients").expect(200).await.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_repeated_issue_or_rotation_shows_no_secret() {
    let world = World::new().await;
    let path = format!("/v1/clients/{}/keys", world.client().await);
    let first = world.post(&path, &key_body()).key("k-1").expect(201).await.json();
    let again = world.post(&path, &key_body()).key("k-1").expect(201).await.json();
    assert!(first["secret"].is_string());
    assert_eq!((&again["secret"], &again["key"]), (&Value::Null, &first["key"]));
    let path = format!("/v1/keys/{}/rotate", first["key"]["id"].as_str().unwrap());
    let rotation = json!({ "overlap_seconds": 60 });
    let first = world.post(&path, &rotation).key("k-2").expect(200).await.json();
    let again = world.post(&path, &rotation).key("k-2").expect(200).await.json();
    assert!(first["secret"].is_string());
    assert_eq!((&again["secret"], &again["key"]), (&Value::Null, &first["key"]));
}

#[tokio::test]
async fn what_would_now_be_refused_is_still_answered() {
    let world = World::new().await;
    // The second would overlap with the first.
    for _ in 0..2 {
        world.post("/v1/routes", &route_body("/a")).key("k-1").expect(201).await;
    }
    // The second would be stale.
    let client = world.client().await;
    for _ in 0..2 {
        let call = world.patch(format!("/v1/clients/{client}"), &json!({ "name": "N" })).key("k-2");
        assert_eq!(call.if_match("\"1\"").expect(200).await.etag(), "\"2\"");
    }
    // The second would bind the same calls twice.
    let path = format!("/v1/policies/{}/assignments", world.made("/v1/policies", &policy_body()).await);
    let first = world.post(&path, &json!({})).key("k-3").expect(201).await;
    let again = world.post(&path, &json!({})).key("k-3").expect(201).await;
    assert_eq!((first.json(), first.field("location")), (again.json(), again.field("location")));
    // The second would find nothing to remove.
    for _ in 0..2 {
        world.delete(first.field("location").unwrap()).if_match(&first.etag()).key("k-4").expect(204).await;
    }
    // And the assignment is still what was answered then.
    assert_eq!(world.post(&path, &json!({})).key("k-3").expect(201).await.json(), first.json());
}

#[tokio::test]
async fn a_command_without_effect_is_remembered_too() {
    let world = World::new().await;
    let path = format!("/v1/clients/{}/reinstate", world.client().await);
    world.post(&path, &because()).key("k-1").expect(200).await;
    let again = world.post(&path, &because()).key("k-1").expect(200).await;
    assert_eq!(again.field("idempotency-replayed"), Some("true"));
    world
        .post(&path, &json!({ "reason": "another" }))
        .key("k-1")
        .refused(422, "idempotency_key_reused")
        .await;
}

#[tokio::test]
async fn a_key_names_one_request() {
    let world = World::new().await;
    let client = world.client().await;
    world.post(format!("/v1/clients/{client}/suspend"), &because()).key("k-1").expect(200).await;
    for (path, body) in [
        (format!("/v1/clients/{client}/reinstate"), because()),
        (format!("/v1/clients/{client}/suspend"), json!({ "reason": "another" })),
        ("/v1/policies".to_owned(), policy_body()),
    ] {
        world.post(path, &body).key("k-1").refused(422, "idempotency_key_reused").await;
    }
}

#[tokio::test]
async fn what_was_refused_can_be_asked_again() {
    let world = World::new().await;
    let client = world.client().await;
    let path = format!("/v1/clients/{client}/keys");
    let body = json!({ "name": "k", "environment": "staging" });
    world.post(&path, &body).key("k-1").refused(422, "environment_not_allowed").await;
    let patch = json!({ "environments": ["prod", "staging"] });
    world.patch(format!("/v1/clients/{client}"), &patch).if_match("*").expect(200).await;
    world.post(&path, &body).key("k-1").expect(201).await;
}

#[tokio::test]
async fn keys_of_another_form_are_refused() {
    let world = World::new().await;
    for key in ["", "a b", &"k".repeat(256)] {
        world.post("/v1/clients", &client_body()).key(key).refused(400, "idempotency_key_invalid").await;
    }
    let call = world.post("/v1/clients", &client_body()).key("a").key("b");
    call.refused(400, "idempotency_key_invalid").await;
}

#[tokio::test]
async fn of_many_at_once_one_is_carried_out() {
    let world = World::new().await;
    let (body, path) = (key_body(), format!("/v1/clients/{}/keys", world.client().await));
    let calls = (0..8).map(|_| world.post(&path, &body).key("k-1").send());
    let answers = futures::future::join_all(calls).await;
    let secrets = answers.iter().filter(|answer| answer.status == 201 && answer.json()["secret"].is_string());
    assert_eq!(secrets.count(), 1);
    for answer in &answers {
        assert!(
            answer.status == 201 || answer.json()["code"] == "idempotency_in_progress",
            "{}",
            answer.text()
        );
    }
    assert_eq!(world.get("/v1/keys").expect(200).await.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn whoever_has_lost_the_grant_is_not_told_what_came_of_the_command() {
    let world = World::new().await;
    let client = world.client().await;
    let (account, token) = world.account("Payments").await;
    let limited = |team: &str| json!({ "kind": "limited", "team": team });
    let grant = world.grant(&account, "operator", &limited("Payments")).await;
    let (suspend, keys) = (format!("/v1/clients/{client}/suspend"), format!("/v1/clients/{client}/keys"));
    world.post(&keys, &key_body()).token(&token).key("k-1").expect(201).await;
    world.post(&suspend, &because()).token(&token).key("k-2").expect(200).await;
    for (path, body, key) in [(&keys, key_body(), "k-1"), (&suspend, because(), "k-2")] {
        let again = world.post(path, &body).token(&token).key(key).send().await;
        assert_eq!(again.field("idempotency-replayed"), Some("true"), "{path}");
    }
    // Still an operator, but of others.
    world.grant(&account, "operator", &limited("Travel")).await;
    world.delete(format!("/v1/grants/{grant}?reason=moved")).if_match("*").expect(200).await;
    world.post(&keys, &key_body()).token(&token).key("k-1").refused(404, "key_not_found").await;
    world.post(&suspend, &because()).token(&token).key("k-2").refused(404, "client_not_found").await;
    // Sees it, and may not.
    world.grant(&account, "viewer", &limited("Payments")).await;
    world.post(&keys, &key_body()).token(&token).key("k-1").refused(403, "permission_denied").await;
    world.post(&suspend, &because()).token(&token).key("k-2").refused(403, "permission_denied").await;
}
