//! Changes at a time: planned, listed, cancelled, begun at once where they begin now.

use serde_json::{Value, json};

use super::harness::{NOW, World, because, policy_body, suspension_body};

const TOMORROW: &str = "2026-03-02T12:00:00Z";
const LATER: &str = "2026-03-03T12:00:00Z";

async fn plan(world: &World, change: Value, times: Value) -> Value {
    world.post("/v1/scheduled-changes", &body(change, times)).expect(201).await.json()
}

fn body(change: Value, times: Value) -> Value {
    let mut body = json!({ "change": change, "reason": "as agreed" });
    body.as_object_mut().unwrap().extend(times.as_object().unwrap().clone());
    body
}

fn ids(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_change_is_planned_listed_and_cancelled() {
    let world = World::new().await;
    let client = world.client().await;
    let (key, _) = world.key(&client).await;
    let answer = world.post("/v1/scheduled-changes", &suspension_body(&key)).expect(201).await;
    let planned = answer.json();
    let id = planned["id"].as_str().unwrap();
    assert_eq!(answer.field("location"), Some(&*format!("/v1/scheduled-changes/{id}")));
    assert_eq!(
        (&planned["status"], &planned["kind"], &planned["at"], &planned["until"], &planned["due_at"]),
        (&json!("pending"), &json!("suspend_key"), &json!(TOMORROW), &json!(LATER), &json!(TOMORROW))
    );
    assert_eq!((&planned["client_id"], &planned["key_id"]), (&json!(client), &json!(key)));
    assert_eq!((&planned["requested_by"], &planned["reason"]), (&json!("admin"), &json!("as agreed")));
    assert_eq!(world.get(format!("/v1/keys/{key}")).expect(200).await.json()["status"], "active");
    for (query, found) in [
        (format!("client_id={client}"), true),
        (format!("key_id={key}"), true),
        ("status=pending".to_owned(), true),
        ("status=applied".to_owned(), false),
        (format!("before={TOMORROW}"), false),
        (format!("before={LATER}"), true),
        (format!("policy_id=pol_{}", "0".repeat(26)), false),
    ] {
        let list = world.get(format!("/v1/scheduled-changes?{query}")).expect(200).await.json();
        assert_eq!(ids(&list), if found { vec![id] } else { vec![] }, "{query}");
    }
    let path = format!("/v1/scheduled-changes/{id}/cancel");
    let cancelled = world.post(&path, &because()).expect(200).await.json();
    assert_eq!((&cancelled["status"], &cancelled["due_at"]), (&json!("cancelled"), &json!(null)));
    assert_eq!(world.post(&path, &because()).expect(200).await.etag(), "\"2\"", "once");
    let audit = world.get(format!("/v1/audit?client_id={client}")).expect(200).await.json();
    let actions: Vec<_> =
        audit["items"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert!(actions.contains(&"scheduled_change.planned"), "{actions:?}");
    assert!(actions.contains(&"scheduled_change.cancelled"), "{actions:?}");
}

#[tokio::test]
async fn a_suspension_that_begins_now_does_not_wait() {
    let world = World::new().await;
    let client = world.client().await;
    let (key, _) = world.key(&client).await;
    let until = json!({ "reason": "odd traffic", "until": TOMORROW });
    for (path, thing) in [
        (format!("/v1/keys/{key}/suspend"), format!("/v1/keys/{key}")),
        (format!("/v1/clients/{client}/suspend"), format!("/v1/clients/{client}")),
    ] {
        let answer = world.post(&path, &until).expect(202).await;
        let change = answer.json();
        assert_eq!((&change["status"], &change["due_at"]), (&json!("applied"), &json!(TOMORROW)), "{change}");
        assert_eq!((&change["at"], &change["applied_at"]), (&json!(NOW), &json!(NOW)));
        assert_eq!(answer.field("tollgate-visible"), None);
        assert_eq!(world.get(&thing).expect(200).await.json()["status"], "suspended", "{thing}");
    }
    let entries = world.get(format!("/v1/audit?subject_id={key}&action=api_key.suspended")).expect(200).await;
    let actor = &entries.json()["items"][0]["actor"];
    assert_eq!((&actor["id"], &actor["on_behalf_of"]), (&json!("system:scheduler"), &json!("admin")));
}

#[tokio::test]
async fn the_end_of_a_change_can_be_called_off() {
    let world = World::new().await;
    let (key, _) = world.key(&world.client().await).await;
    let until = json!({ "reason": "odd traffic", "until": TOMORROW });
    let change = world.post(format!("/v1/keys/{key}/suspend"), &until).expect(202).await.json();
    let path = format!("/v1/scheduled-changes/{}/cancel", change["id"].as_str().unwrap());
    let cancelled = world.post(&path, &because()).expect(200).await.json();
    assert_eq!((&cancelled["status"], &cancelled["applied_at"]), (&json!("cancelled"), &json!(NOW)));
    assert_eq!(world.get(format!("/v1/keys/{key}")).expect(200).await.json()["status"], "suspended");
}

#[tokio::test]
async fn a_verb_with_a_time_answers_with_the_change_and_honours_a_version() {
    let world = World::new().await;
    let things = world.fixture().await;
    let path = format!("/v1/keys/{}/suspend", things.key);
    let ahead = json!({ "reason": "as agreed", "at": TOMORROW });
    world.post(&path, &ahead).if_match("\"77\"").refused(412, "version_stale").await;
    let answer = world.post(&path, &ahead).if_match("\"1\"").key("once").expect(202).await;
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(answer.field("location"), Some(&*format!("/v1/scheduled-changes/{id}")));
    let again = world.post(&path, &ahead).if_match("\"1\"").key("once").expect(202).await;
    assert_eq!(
        (again.json()["id"].as_str(), again.field("idempotency-replayed")),
        (Some(&*id), Some("true"))
    );
    let patch =
        json!({ "mode": "shadow", "effective_at": TOMORROW, "effective_until": LATER, "reason": "trial" });
    let path = format!("/v1/policies/{}", things.policy);
    world.patch(&path, &patch).refused(428, "if_match_required").await;
    world.patch(&path, &patch).if_match("\"1\"").refused(412, "version_stale").await;
    let change = world.patch(&path, &patch).if_match("\"2\"").expect(202).await.json();
    assert_eq!((&change["kind"], &change["policy_id"]), (&json!("revise_policy"), &json!(things.policy)));
    assert_eq!(change["change"]["revision"], json!({ "mode": "shadow" }));
    assert_eq!(world.get(&path).expect(200).await.json()["mode"], "enforce");
    let unsaid = json!({ "mode": "shadow", "effective_at": TOMORROW });
    let refused = world.patch(&path, &unsaid).if_match("*").refused(422, "body_invalid").await;
    assert_eq!(refused["pointer"], "/reason");
}

#[tokio::test]
async fn a_planned_revocation_is_in_the_list_and_can_be_cancelled() {
    let world = World::new().await;
    let client = world.client().await;
    let (key, _) = world.key(&client).await;
    let revoke = json!({ "kind": "revoke_key", "key_id": key });
    let planned = plan(&world, revoke.clone(), json!({ "at": TOMORROW })).await;
    assert_eq!((&planned["kind"], &planned["client_id"]), (&json!("revoke_key"), &json!(client)));
    let shown = world.get(format!("/v1/keys/{key}")).expect(200).await.json();
    assert_eq!(shown["revoke_at"], TOMORROW, "the key holds it");
    // Planned at the key, it is the same one.
    let moved = json!({ "reason": "later", "at": LATER });
    world.post(format!("/v1/keys/{key}/revoke"), &moved).expect(200).await;
    let list = world.get("/v1/scheduled-changes?status=pending").expect(200).await.json();
    assert_eq!(ids(&list), [planned["id"].as_str().unwrap()]);
    assert_eq!(list["items"][0]["at"], LATER);
    let path = format!("/v1/scheduled-changes/{}/cancel", planned["id"].as_str().unwrap());
    world.post(&path, &because()).if_match("\"1\"").refused(412, "version_stale").await;
    let cancelled = world.post(&path, &because()).if_match("\"3\"").expect(200).await.json();
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(world.get(format!("/v1/keys/{key}")).expect(200).await.json()["revoke_at"], json!(null));
    let boxed = body(revoke.clone(), json!({ "at": TOMORROW, "until": LATER }));
    world.post("/v1/scheduled-changes", &boxed).refused(422, "change_has_no_end").await;
    world.post("/v1/scheduled-changes", &body(revoke, json!({}))).refused(422, "change_needs_time").await;
    let none = format!("/v1/scheduled-changes/chg_{}/cancel", "0".repeat(26));
    world.post(&none, &because()).refused(404, "change_not_found").await;
}

#[tokio::test]
async fn what_would_be_refused_now_is_not_planned() {
    let world = World::new().await;
    let things = world.fixture().await;
    let suspend = json!({ "kind": "suspend_key", "key_id": things.key });
    let refuse = async |change: &Value, times: Value, status: u16, code: &str| {
        world.post("/v1/scheduled-changes", &body(change.clone(), times)).refused(status, code).await
    };
    refuse(&suspend, json!({}), 422, "change_needs_time").await;
    refuse(&suspend, json!({ "at": NOW }), 422, "change_not_ahead").await;
    refuse(&suspend, json!({ "at": LATER, "until": TOMORROW }), 422, "change_end_not_after_start").await;
    refuse(&suspend, json!({ "at": "2046-01-01T00:00:00Z" }), 422, "change_too_far").await;
    let nobody = json!({ "kind": "suspend_key", "key_id": format!("key_{}", "0".repeat(26)) });
    assert_eq!(refuse(&nobody, json!({ "at": TOMORROW }), 422, "key_not_found").await["pointer"], "/change");
    let ahead = || json!({ "at": TOMORROW });
    let bad = json!({ "kind": "revise_policy", "policy_id": things.policy, "revision": { "rates": [] } });
    refuse(&bad, ahead(), 422, "policy_needs_limit").await;
    let timed = json!({
        "kind": "revise_policy", "policy_id": things.policy,
        "revision": { "mode": "shadow", "effective_at": LATER },
    });
    refuse(&timed, ahead(), 422, "body_invalid").await;
    for wrong in [json!({ "kind": "nothing" }), json!({ "kind": "suspend_key" }), json!(["suspend_key"])] {
        refuse(&wrong, ahead(), 422, "body_invalid").await;
    }
    let unknown = json!({ "kind": "suspend_key", "key_id": things.key, "more": 1 });
    refuse(&unknown, ahead(), 422, "body_invalid").await;
    world.post(format!("/v1/keys/{}/revoke", things.key), &because()).expect(200).await;
    refuse(&suspend, ahead(), 409, "key_revoked").await;
}

#[tokio::test]
async fn a_policy_is_assigned_and_unassigned_at_a_time() {
    let world = World::new().await;
    let things = world.fixture().await;
    let policy = world.made("/v1/policies", &policy_body()).await;
    let assign = json!({ "kind": "assign_policy", "policy_id": policy, "environment": "prod" });
    let planned = plan(&world, assign, json!({ "until": TOMORROW })).await;
    assert_eq!((&planned["status"], &planned["until"]), (&json!("applied"), &json!(TOMORROW)), "{planned}");
    let bound = world.get(format!("/v1/policies/{policy}")).expect(200).await.json();
    assert_eq!(bound["assignments"][0]["environment"], "prod");
    let remove = json!({
        "kind": "unassign_policy", "policy_id": things.policy, "assignment_id": things.assignment,
    });
    let planned = plan(&world, remove.clone(), json!({ "at": TOMORROW })).await;
    assert_eq!(planned["client_id"], json!(things.client), "whom it binds");
    let boxed = body(remove, json!({ "at": TOMORROW, "until": LATER }));
    world.post("/v1/scheduled-changes", &boxed).refused(422, "change_has_no_end").await;
}

#[tokio::test]
async fn a_change_of_mind_about_a_policy_ends_by_itself_only_through_the_plan() {
    let world = World::new().await;
    let things = world.fixture().await;
    let path = format!("/v1/policies/{}", things.policy);
    let now = json!({ "mode": "shadow", "effective_until": TOMORROW, "reason": "trial" });
    let change = world.patch(&path, &now).if_match("*").expect(202).await.json();
    assert_eq!((&change["status"], &change["due_at"]), (&json!("applied"), &json!(TOMORROW)));
    assert_eq!(world.get(&path).expect(200).await.json()["mode"], "shadow");
}
