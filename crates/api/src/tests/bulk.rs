//! Many keys by one order: which, what becomes of each, and what a crash leaves.

use domain::{
    OperationId,
    operation::{Operation, OperationCommand, TakeOperation},
};
use eventlog::Execute;
use serde_json::{Value, json};

use super::harness::{World, because, client_body, key_body};

fn order(filter: &Value) -> Value {
    json!({ "filter": filter, "reason": "contract ended" })
}

async fn keys(world: &World, client: &str, count: usize) -> Vec<String> {
    let mut keys = vec![];
    for _ in 0..count {
        keys.push(world.key(client).await.0);
    }
    keys
}

async fn status(world: &World, key: &str) -> Value {
    world.get(format!("/v1/keys/{key}")).expect(200).await.json()["status"].clone()
}

async fn operation(world: &World, id: &str) -> Value {
    world.get(format!("/v1/operations/{id}")).expect(200).await.json()
}

#[tokio::test]
async fn every_key_that_matches_is_revoked_and_no_other() {
    let world = World::new().await;
    let (one, other) = (world.client().await, world.client().await);
    let (ours, theirs) = (keys(&world, &one, 3).await, keys(&world, &other, 1).await);
    let planned = world.post("/v1/keys/revoke", &order(&json!({ "client_id": one }))).expect(201).await;
    let body = planned.json();
    assert_eq!(
        (&body["kind"], &body["status"], &body["items_total"]),
        (&json!("revoke_keys"), &json!("planned"), &json!(3))
    );
    assert_eq!(planned.field("location"), Some(&*format!("/v1/operations/{}", body["id"].as_str().unwrap())));
    world.work().await;
    let done = operation(&world, body["id"].as_str().unwrap()).await;
    assert_eq!(
        (&done["status"], &done["applied"], &done["items_done"]),
        (&json!("finished"), &json!(3), &json!(3))
    );
    assert_eq!((&done["node"], &done["ordered_by"]), (&json!("test"), &json!("admin")));
    for key in &ours {
        assert_eq!(status(&world, key).await, "revoked");
    }
    assert_eq!(status(&world, &theirs[0]).await, "active");
    let audit = world
        .get(format!("/v1/audit?subject_id={}&action=api_key.revoked", ours[0]))
        .expect(200)
        .await
        .json();
    let entry = &audit["items"][0];
    let actor = &entry["actor"];
    assert_eq!((&actor["id"], &actor["on_behalf_of"]), (&json!("system:operations"), &json!("admin")));
    assert_eq!((&entry["reason"], &entry["causation_id"]), (&json!("contract ended"), &body["id"]));
}

#[tokio::test]
async fn what_the_rules_forbid_is_named_in_the_report() {
    let world = World::new().await;
    let client = world.client().await;
    let mut body = key_body();
    body["expires_at"] = json!("2026-03-01T13:00:00Z");
    let expiring = world.post(format!("/v1/clients/{client}/keys"), &body).expect(201).await.json();
    let expiring = expiring["key"]["id"].as_str().unwrap().to_owned();
    let [revoked, good]: [String; 2] = keys(&world, &client, 2).await.try_into().unwrap();
    let planned =
        world.post("/v1/keys/suspend", &order(&json!({ "client_id": client }))).expect(201).await.json();
    let id = planned["id"].as_str().unwrap();
    // Between the plan and its turn one was revoked, and one came too late to be in it.
    world.post(format!("/v1/keys/{revoked}/revoke"), &because()).expect(200).await;
    let late = keys(&world, &client, 1).await;
    world.work().await;
    let items = world.get(format!("/v1/operations/{id}/items")).expect(200).await.json();
    let results: Vec<_> =
        items["items"].as_array().unwrap().iter().map(|item| item["result"].clone()).collect();
    assert_eq!(results.iter().filter(|result| **result == "applied").count(), 2, "{items}");
    let refused = world.get(format!("/v1/operations/{id}/items?result=refused")).expect(200).await.json();
    let item = &refused["items"][0];
    assert_eq!((&item["subject"], &item["code"]), (&json!(revoked), &json!("key_revoked")));
    assert_eq!(
        (status(&world, &good).await, status(&world, &expiring).await),
        (json!("suspended"), json!("suspended"))
    );
    assert_eq!(status(&world, &late[0]).await, "active", "the keys were fixed with the plan");
}

#[tokio::test]
async fn a_dry_run_says_which_and_changes_nothing() {
    let world = World::new().await;
    let client = world.client().await;
    let made = keys(&world, &client, 2).await;
    let filter = json!({ "environment": "prod", "labels": { "tier": "gold" }, "owner_team": "Payments" });
    let preview = world.post("/v1/keys/revoke?dry_run=true", &order(&filter)).expect(200).await.json();
    assert_eq!(
        (&preview["matched"], &preview["calls_24h"], &preview["in_use"]),
        (&json!(2), &json!(0), &json!(0))
    );
    assert_eq!((&preview["owners"], &preview["environments"]), (&json!(["Payments"]), &json!({ "prod": 2 })));
    let sample: Vec<_> = preview["sample"].as_array().unwrap().iter().map(|key| key["id"].clone()).collect();
    // Both were issued in one millisecond: which comes first is drawn.
    assert_eq!(sample.len(), made.len());
    assert!(made.iter().all(|key| sample.contains(&json!(key))), "{sample:?}");
    world.work().await;
    assert_eq!(status(&world, &made[0]).await, "active");
    assert_eq!(world.get("/v1/operations").expect(200).await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_filter_must_say_something_and_the_count_must_be_the_one_that_was_seen() {
    let world = World::new().await;
    let client = world.client().await;
    keys(&world, &client, 2).await;
    for filter in [json!({}), json!({ "labels": {} }), json!({ "client_id": null })] {
        let problem = world.post("/v1/keys/revoke", &order(&filter)).refused(422, "filter_empty").await;
        assert_eq!(problem["pointer"], "/filter");
        world.post("/v1/keys/revoke?dry_run=true", &order(&filter)).refused(422, "filter_empty").await;
    }
    for filter in [
        json!({ "client": client }),
        json!([]),
        json!({ "status": "gone" }),
        json!({ "issued_before": "now" }),
    ] {
        world.post("/v1/keys/revoke", &order(&filter)).refused(422, "body_invalid").await;
    }
    let mut wanted = order(&json!({ "client_id": client }));
    wanted["expected_count"] = json!(1);
    let problem = world.post("/v1/keys/revoke", &wanted).refused(409, "count_differs").await;
    assert_eq!((&problem["matched"], &problem["expected"]), (&json!(2), &json!(1)));
    wanted["expected_count"] = json!(2);
    world.post("/v1/keys/revoke", &wanted).expect(201).await;
}

#[tokio::test]
async fn a_filter_that_matches_nothing_is_done_at_once() {
    let world = World::new().await;
    let nobody = world.client().await;
    let done =
        world.post("/v1/keys/revoke", &order(&json!({ "client_id": nobody }))).expect(201).await.json();
    assert_eq!((&done["status"], &done["items_total"]), (&json!("finished"), &json!(0)));
}

#[tokio::test]
async fn a_double_click_is_one_operation() {
    let world = World::new().await;
    let client = world.client().await;
    keys(&world, &client, 1).await;
    let body = order(&json!({ "client_id": client }));
    let first = world.post("/v1/keys/revoke", &body).key("once").expect(201).await.json();
    let again = world.post("/v1/keys/revoke", &body).key("once").expect(201).await;
    assert_eq!(again.field("idempotency-replayed"), Some("true"));
    assert_eq!(again.json()["id"], first["id"]);
    assert_eq!(world.get("/v1/operations").expect(200).await.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_cancelled_operation_leaves_the_rest_alone() {
    let world = World::new().await;
    let client = world.client().await;
    let made = keys(&world, &client, 1).await;
    let planned =
        world.post("/v1/keys/revoke", &order(&json!({ "client_id": client }))).expect(201).await.json();
    let path = format!("/v1/operations/{}/cancel", planned["id"].as_str().unwrap());
    let cancelled = world.post(&path, &because()).expect(200).await.json();
    assert_eq!(
        (&cancelled["status"], &cancelled["cancelled_because"]),
        (&json!("cancelled"), &json!("as agreed"))
    );
    world.work().await;
    assert_eq!(status(&world, &made[0]).await, "active");
    let done =
        world.post("/v1/keys/revoke", &order(&json!({ "client_id": client }))).expect(201).await.json();
    world.work().await;
    let path = format!("/v1/operations/{}/cancel", done["id"].as_str().unwrap());
    world.post(path, &because()).refused(409, "operation_ended").await;
}

#[tokio::test]
async fn a_node_that_went_away_is_followed_by_another_after_a_while() {
    let world = World::new().await;
    let client = world.client().await;
    let made = keys(&world, &client, 1).await;
    let planned =
        world.post("/v1/keys/revoke", &order(&json!({ "client_id": client }))).expect(201).await.json();
    let id: OperationId = planned["id"].as_str().unwrap().parse().unwrap();
    let api = world.door.api();
    let take = TakeOperation { now: world.door.now(), node: "gone".parse().unwrap() };
    let event = api.log.event::<Operation>(id, 1).await.unwrap();
    assert!(event.is_some());
    let ask: Execute<Operation> = Execute {
        id,
        command: OperationCommand::Take(take),
        metadata: super::harness::metadata(world.door.now()),
        expected_version: None,
        idempotency: None,
        personal: vec![],
    };
    api.log.execute(ask).await.unwrap();
    world.shown().await;
    world.work().await;
    assert_eq!(status(&world, &made[0]).await, "active", "another node holds it");
    world.set_now("2026-03-01T12:00:30Z");
    world.work().await;
    assert_eq!(status(&world, &made[0]).await, "revoked");
}

#[tokio::test]
async fn many_keys_are_dealt_with_in_several_steps() {
    let world = World::new().await;
    let client = world.made("/v1/clients", &client_body()).await;
    keys(&world, &client, 205).await;
    let planned =
        world.post("/v1/keys/suspend", &order(&json!({ "client_id": client }))).expect(201).await.json();
    world.work().await;
    let done = operation(&world, planned["id"].as_str().unwrap()).await;
    assert_eq!((&done["status"], &done["applied"]), (&json!("finished"), &json!(205)));
    let path = format!("/v1/operations/{}/items?limit=200", planned["id"].as_str().unwrap());
    let page = world.get(&path).expect(200).await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = world.get(format!("{path}&cursor={cursor}")).expect(200).await.json();
    let numbers: Vec<_> =
        rest["items"].as_array().unwrap().iter().map(|item| item["number"].clone()).collect();
    assert_eq!(numbers, (201..=205).map(|number| json!(number)).collect::<Vec<_>>());
}
