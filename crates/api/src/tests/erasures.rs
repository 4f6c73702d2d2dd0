//! Personal values that are erased are in no answer any more, of the past either.

use domain::{DeliveryId, MessageId, Position};
use eventlog::PersonalSearch;
use outbox::{
    DeliveryFilter, DeliveryState, Handover, MessageKind, NewDelivery, NewMessage, Page, Recipient, Start,
};
use serde_json::{Value, json};

use super::harness::{World, because, client_body};

async fn erase(world: &World, body: &Value) -> Value {
    world.post("/v1/erasures", body).expect(200).await.json()
}

fn contact_of(client: &Value) -> Value {
    client["contacts"][0].clone()
}

/// Somebody is to be told something about themselves.
async fn tell(world: &World, address: &str) {
    let (message_id, delivery_id) = (MessageId::from_parts(1, 1), DeliveryId::from_parts(1, 1));
    let now = world.door.api().clock.now();
    let delivery = NewDelivery {
        delivery_id,
        recipient: Recipient::Email(address.to_owned()),
        start: Start::Due(now),
        cancel_key: None,
    };
    let message = NewMessage {
        message_id,
        kind: MessageKind::Notice,
        message_type: "key.expiry_near".to_owned(),
        subject: "key_1".to_owned(),
        sequence: None,
        position: None,
        environment: None,
        team: None,
        client_id: None,
        body: json!({ "contact": format!("Grace Hopper <{address}>"), "kept": 1 }).to_string(),
        notice: None,
        deliveries: vec![delivery],
    };
    let handover = Handover { checkpoint: None, at: now, messages: vec![message], cancels: vec![] };
    world.door.api().outbox.commit(handover).await.unwrap();
}

#[tokio::test]
async fn a_contact_is_erased_by_its_values_and_nobody_else() {
    let world = World::new().await;
    let client = world.client().await;
    let other = json!({ "contacts": [{ "name": "Ada", "email": "ada@acme.example", "role": "billing" }] });
    let path = format!("/v1/clients/{client}");
    world.patch(&path, &other).if_match("*").expect(200).await;
    world.patch(&path, &json!({ "contacts": client_body()["contacts"] })).if_match("*").expect(200).await;
    let before = world.get(&path).expect(200).await;
    let root = world.door.api().log.tree(Position::new(3)).await.unwrap().root();

    tell(&world, "grace@acme.example").await;
    let asked = json!({ "values": ["grace@acme.example", "Grace Hopper"], "reason": "asked for" });
    let done = erase(&world, &asked).await;
    let told = world.door.api().outbox.deliveries(&DeliveryFilter::default(), Page::first(10)).await.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0].address, told[0].state), (&None, DeliveryState::Cancelled));
    let body = world.door.api().outbox.message(told[0].message_id).await.unwrap().unwrap().body;
    assert_eq!(body, r#"{"contact":"[erased]","kept":1}"#);
    assert_eq!((&done["values"], &done["complete"]), (&json!(4), &json!(true)), "of two events");
    let now = world.get(&path).expect(200).await;
    assert_eq!(contact_of(&now.json()), json!({ "name": null, "email": null, "role": "technical" }));
    assert_eq!(now.json()["owner"], before.json()["owner"]);
    assert_eq!(now.etag(), before.etag(), "nobody has changed the client");
    let first = world.get(format!("{path}?as_of=1")).expect(200).await.json();
    assert_eq!(contact_of(&first)["email"], Value::Null, "nor was it there before");
    let second = world.get(format!("{path}?as_of=2")).expect(200).await.json();
    assert_eq!(contact_of(&second)["email"], "ada@acme.example");
    assert_eq!(world.door.api().log.tree(Position::new(3)).await.unwrap().root(), root);
    world.post("/v1/erasures", &asked).refused(422, "nothing_to_erase").await;
    for list in ["/v1/audit", "/v1/clients", "/v1/audit/export?until=4"] {
        let answer = world.get(list).send().await;
        assert!(!answer.text().contains("grace@acme.example"), "{list}");
    }
    for file in ["events.db", "events.db-wal", "read.db", "read.db-wal", "outbox.db", "outbox.db-wal"] {
        let bytes = world.file(file);
        let there = bytes.windows(18).any(|bytes| bytes == b"grace@acme.example");
        assert!(!there, "{file}, of {} bytes", bytes.len());
    }
}

#[tokio::test]
async fn what_a_notifier_tells_while_the_read_models_lag_behind_is_forgotten_too() {
    let mut world = World::new().await;
    world.client().await;
    world.halt_projections().await;
    let asked = json!({ "values": ["grace@acme.example", "Grace Hopper"], "reason": "asked for" });
    // The log has forgotten by then, and the read models have not.
    let tell_late = async {
        let search = PersonalSearch { subject: None, values: vec!["grace@acme.example".to_owned()] };
        while !world.door.api().log.find_personal(&search, 1).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        tell(&world, "grace@acme.example").await;
    };
    let erased = async { world.post("/v1/erasures", &asked).expect(202).await };
    let (_, ()) = tokio::join!(erased, tell_late);
    let told = world.door.api().outbox.deliveries(&DeliveryFilter::default(), Page::first(10)).await.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0].address, told[0].state), (&None, DeliveryState::Cancelled));
    let body = world.door.api().outbox.message(told[0].message_id).await.unwrap().unwrap().body;
    assert_eq!(body, r#"{"contact":"[erased]","kept":1}"#);
}

#[tokio::test]
async fn of_a_client_all_is_erased_or_what_is_named() {
    let world = World::new().await;
    let (first, second) = (world.client().await, world.client().await);
    let done = erase(&world, &json!({ "client_id": first, "values": ["Grace Hopper"], "reason": "x" })).await;
    assert_eq!(done["values"], 1);
    let shown = async |id: &str| world.get(format!("/v1/clients/{id}")).expect(200).await.json();
    assert_eq!(contact_of(&shown(&first).await)["name"], Value::Null);
    assert_eq!(contact_of(&shown(&first).await)["email"], "grace@acme.example");
    assert_eq!(contact_of(&shown(&second).await)["name"], "Grace Hopper");
    erase(&world, &json!({ "client_id": first, "reason": "x" })).await;
    assert_eq!(shown(&first).await["owner"], json!({ "team": "Payments", "email": null }));
    assert_eq!(shown(&second).await["owner"]["email"], "payments@example.com");
}

#[tokio::test]
async fn a_person_is_erased_whole_once_disabled() {
    let world = World::new().await;
    let identity = json!({ "issuer": "https://login.example.com", "subject": "00u1a2b3c4" });
    let body = json!({ "name": "Ada Lovelace", "email": "ada@example.com", "identity": identity });
    let person = world.made("/v1/principals", &body).await;
    let asked = json!({ "principal_id": person, "reason": "left the company" });
    world.post("/v1/erasures", &asked).refused(409, "principal_enabled").await;
    world.post(format!("/v1/principals/{person}/disable"), &because()).expect(200).await;
    let done = erase(&world, &asked).await;
    assert_eq!((&done["values"], &done["complete"]), (&json!(3), &json!(true)));
    let shown = world.get(format!("/v1/principals/{person}")).expect(200).await.json();
    assert_eq!((&shown["name"], &shown["email"]), (&Value::Null, &Value::Null));
    // Nobody is found by the identity: another may have it.
    world.made("/v1/principals", &body).await;
}

#[tokio::test]
async fn a_dry_run_erases_nothing() {
    let world = World::new().await;
    let client = world.client().await;
    let asked = json!({ "client_id": client, "reason": "x" });
    let rehearsed = world.post("/v1/erasures?dry_run=true", &asked).expect(200).await;
    assert!(rehearsed.text().contains("erasure.erased"), "{}", rehearsed.text());
    let shown = world.get(format!("/v1/clients/{client}")).expect(200).await.json();
    assert_eq!(shown["owner"]["email"], "payments@example.com");
}

#[tokio::test]
async fn what_is_no_question_is_refused_and_only_administrators_ask() {
    let world = World::new().await;
    let client = world.client().await;
    let nobody = "prn_00000000000000000000000009";
    for (body, pointer) in [
        (json!({ "reason": "x" }), "/values"),
        (json!({ "principal_id": nobody, "client_id": client, "reason": "x" }), "/client_id"),
        (json!({ "principal_id": nobody, "values": ["a"], "reason": "x" }), "/values"),
        (json!({ "values": [""], "reason": "x" }), "/values/0"),
        (json!({ "values": vec!["a"; 21], "reason": "x" }), "/values"),
    ] {
        let problem = world.post("/v1/erasures", &body).refused(422, "body_invalid").await;
        assert_eq!(problem["pointer"], pointer);
    }
    let asked = json!({ "principal_id": nobody, "reason": "x" });
    world.post("/v1/erasures", &asked).refused(422, "principal_not_found").await;
    let asked = json!({ "values": ["payments@example.com"], "reason": "x" });
    for holder in ["viewer", "auditor", "access_admin", "security_officer", "operator@Payments"] {
        world.post("/v1/erasures", &asked).holder(holder).refused(403, "permission_denied").await;
    }
}
