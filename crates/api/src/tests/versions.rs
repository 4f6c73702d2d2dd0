//! `ETag` and `If-Match`: nobody overwrites what they have not seen.

use futures::future::join_all;
use serde_json::{Value, json};

use super::harness::{World, because, client_body, key_body, notification_rule_body, webhook_body};

#[tokio::test]
async fn a_change_names_the_version_that_it_changes() {
    let world = World::new().await;
    let path = format!("/v1/clients/{}", world.client().await);
    let patch = |name: &str| world.patch(&path, &json!({ "name": name }));
    patch("A").refused(428, "if_match_required").await;
    assert_eq!(patch("B").if_match("\"1\"").expect(200).await.etag(), "\"2\"");
    assert_eq!(patch("C").if_match("\"1\"").refused(412, "version_stale").await["actual"], 2);
    assert_eq!(patch("D").if_match("\"7\", \"2\"").expect(200).await.etag(), "\"3\"");
    patch("E").if_match("\"1\", \"2\"").refused(412, "version_stale").await;
    patch("F").if_match("W/\"3\"").refused(412, "version_stale").await;
    patch("G").if_match("3").refused(400, "if_match_invalid").await;
    patch("H").if_match("*").expect(200).await;
    assert_eq!(world.get(&path).expect(200).await.json()["name"], "H");
}

#[tokio::test]
async fn a_change_of_nothing_is_not_found_whatever_it_names() {
    let world = World::new().await;
    let path = format!("/v1/clients/cli_{}", "0".repeat(26));
    for tag in ["*", "\"1\"", "\"1\", \"2\"", "\"0\""] {
        world.patch(&path, &json!({ "name": "N" })).if_match(tag).refused(404, "client_not_found").await;
    }
}

/// `*` says that any version will do, also one that another caller brings about meanwhile.
#[tokio::test]
async fn who_names_any_version_is_not_refused_for_what_another_does_at_the_same_time() {
    let world = World::new().await;
    let path = format!("/v1/clients/{}", world.client().await);
    world.eight_at_once(&path, |at| json!({ "name": format!("Name {at}") })).await;
    assert_eq!(world.get(&path).expect(200).await.etag(), "\"9\"", "each of them was done");
}

/// What is merged stands on the version that it was merged into: each is merged again until it is done.
#[tokio::test]
async fn what_is_merged_into_any_version_keeps_what_others_have_merged_meanwhile() {
    let world = World::new().await;
    let client = format!("/v1/clients/{}", world.client().await);
    world.eight_at_once(&client, |at| json!({ "labels": { format!("label-{at}"): "yes" } })).await;
    let labels = world.get(&client).expect(200).await.json()["labels"].clone();
    for at in 0..8 {
        assert_eq!(labels[format!("label-{at}")], "yes", "{labels}");
    }
    let webhook = format!("/v1/webhooks/{}", world.webhook(&webhook_body()).await.0);
    let rules = "/v1/notification-rules";
    let rule = format!("{rules}/{}", world.made(rules, &notification_rule_body()).await);
    for path in [webhook, rule] {
        let before = world.get(&path).expect(200).await.json();
        world.eight_at_once(&path, |at| json!({ "name": format!("Name {at}") })).await;
        let after = world.get(&path).expect(200).await;
        assert_eq!(after.etag(), "\"9\"", "{path}");
        let mut named = after.json();
        named["name"] = before["name"].clone();
        (named["version"], named["updated_at"]) = (before["version"].clone(), before["updated_at"].clone());
        assert_eq!(named, before);
    }
}

impl World {
    /// Changes a thing in eight ways at once, whatever its version.
    async fn eight_at_once(&self, path: &str, patch: impl Fn(u32) -> Value) {
        let calls = (0..8).map(|at| {
            let patch = patch(at);
            async move { self.patch(path, &patch).if_match("*").expect(200).await }
        });
        join_all(calls).await;
    }
}

#[tokio::test]
async fn every_other_write_honours_a_version() {
    let world = World::new().await;
    let things = world.fixture().await;
    let (client, key) = (&things.client, &things.key);
    for (path, body) in [
        (format!("/v1/clients/{client}/suspend"), because()),
        (format!("/v1/clients/{client}/keys"), key_body()),
        (format!("/v1/keys/{key}/rotate"), json!({ "overlap_seconds": 1 })),
        (format!("/v1/keys/{key}/revoke"), because()),
        (format!("/v1/policies/{}/assignments", things.policy), json!({})),
        ("/v1/clients".to_owned(), client_body()),
    ] {
        world.post(&path, &body).if_match("\"77\"").refused(412, "version_stale").await;
    }
    world.post(format!("/v1/keys/{key}/suspend"), &because()).if_match("\"1\"").expect(200).await;
    world.post(format!("/v1/clients/{client}/keys"), &key_body()).if_match("\"1\"").expect(201).await;
}

#[tokio::test]
async fn an_assignment_stands_in_its_policys_version() {
    let world = World::new().await;
    let things = world.fixture().await;
    let path = format!("/v1/policies/{}/assignments/{}", things.policy, things.assignment);
    assert_eq!(world.get(&path).expect(200).await.etag(), "\"2\"");
    world.delete(&path).refused(428, "if_match_required").await;
    world.delete(&path).if_match("\"1\"").refused(412, "version_stale").await;
    assert_eq!(world.delete(&path).if_match("\"2\"").expect(204).await.etag(), "\"3\"");
}
