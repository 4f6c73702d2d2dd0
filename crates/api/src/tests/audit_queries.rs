//! Entries are found by what an auditor has in hand: an outcome, an address, a chain of causes, a secret.

use std::net::SocketAddr;

use domain::{
    DeliveryId, MessageId, Position,
    secret::{ForeignDigest, PlainSecret, PresentedSecret},
};
use outbox::{Handover, MessageKind, NewDelivery, NewMessage, Recipient, Start};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::harness::{On, World, because, client_body, key_body, on_every_engine, suspension_body};

on_every_engine!(
    a_key_s_secret_is_found_whatever_has_become_of_it,
    so_is_a_token_and_a_secret_that_was_taken_over,
);

async fn positions(world: &World, query: &str) -> Vec<u64> {
    let list = world.get(format!("/v1/audit?{query}")).expect(200).await.json();
    list["items"].as_array().unwrap().iter().map(|entry| entry["position"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn entries_are_found_by_the_beginning_of_their_action_by_outcome_and_by_address() {
    let world = World::new().await;
    world.fixture().await;
    let peer = SocketAddr::from(([192, 0, 2, 7], 4711));
    world.post("/v1/clients", &client_body()).from(peer).nobody().refused(403, "permission_denied").await;
    world.observed().await;
    for (query, expected) in [
        ("action=rate_limit_policy.*", vec![5, 4]),
        ("action=rate_limit_policy.d*", vec![4]),
        ("action=rate_limit_policy.", vec![]),
        ("action=*&limit=2", vec![7, 6]),
        ("outcome=denied", vec![7]),
        ("outcome=failed", vec![]),
        ("outcome=succeeded", vec![6, 5, 4, 3, 2, 1]),
        ("address=192.0.2.7", vec![7]),
        ("address=::ffff:192.0.2.7", vec![7]),
        ("address=192.0.2.8", vec![]),
    ] {
        assert_eq!(positions(&world, query).await, expected, "{query}");
    }
    for wrong in ["outcome=ended", "address=here", "action=a&action=b"] {
        world.get(format!("/v1/audit?{wrong}")).refused(400, "query_invalid").await;
    }
}

#[tokio::test]
async fn what_is_denied_is_shown_to_nobody_whose_reach_is_limited() {
    let world = World::new().await;
    world.fixture().await;
    world.post("/v1/clients", &client_body()).nobody().refused(403, "permission_denied").await;
    world.observed().await;
    let list = world.get("/v1/audit?outcome=denied").holder("auditor@Payments").expect(200).await.json();
    assert_eq!(list["items"], json!([]));
}

/// Each entry of a chain: its action, and the position of its cause.
fn links(chain: &Value) -> Vec<(String, Value)> {
    let links = chain["items"].as_array().unwrap().iter();
    links
        .map(|link| (link["entry"]["action"].as_str().unwrap().to_owned(), link["caused_by"].clone()))
        .collect()
}

#[tokio::test]
async fn a_chain_leads_from_an_order_to_what_an_operation_has_made_of_it_and_back() {
    let world = World::new().await;
    let client = world.client().await;
    world.key(&client).await;
    let body = json!({ "filter": { "client_id": client }, "reason": "as agreed" });
    world.post("/v1/keys/revoke", &body).header("x-request-id", "bulk-1").expect(201).await;
    world.work().await;
    let revoked = positions(&world, "action=api_key.revoked").await;
    let chain = world.get(format!("/v1/audit/{}/chain", revoked[0])).expect(200).await.json();
    let told = links(&chain);
    let actions: Vec<&str> = told.iter().map(|(action, _)| &**action).collect();
    let expected = [
        "operation.planned",
        "operation.keys_chosen",
        "operation.started",
        "api_key.revoked",
        "operation.progressed",
        "operation.finished",
    ];
    assert_eq!(actions, expected, "{chain}");
    assert_eq!(told[3].1, chain["items"][0]["entry"]["position"], "the operation is the cause");
    assert_eq!(told[0].1, Value::Null, "a request is the cause");
    let planned = chain["items"][0]["entry"]["position"].as_u64().unwrap();
    let same = world.get(format!("/v1/audit/{planned}/chain")).expect(200).await.json();
    assert_eq!(same, chain, "from either side");
    let other = world.get("/v1/audit/1/chain").expect(200).await.json();
    assert_eq!(links(&other), [("api_client.registered".to_owned(), Value::Null)]);
}

/// A notice by mail of what happened there, as the notifier hands it over.
async fn notify(world: &World, position: u64) -> MessageId {
    let (now, message_id) = (world.door.api().clock.now(), MessageId::from_parts(1, 1));
    let delivery = NewDelivery {
        delivery_id: DeliveryId::from_parts(1, 1),
        recipient: Recipient::Email("grace@acme.example".to_owned()),
        start: Start::Due(now),
        cancel_key: None,
    };
    let message = NewMessage {
        message_id,
        kind: MessageKind::Notice,
        message_type: "client.suspended".to_owned(),
        subject: "cli_1".to_owned(),
        sequence: None,
        position: Some(Position::new(position)),
        environment: None,
        team: None,
        client_id: None,
        body: "{}".to_owned(),
        notice: None,
        deliveries: vec![delivery],
    };
    let handover = Handover { checkpoint: None, at: now, messages: vec![message], cancels: vec![] };
    world.door.api().outbox.commit(handover).await.unwrap();
    message_id
}

#[tokio::test]
async fn a_chain_goes_on_to_what_was_told_of_it_for_those_who_see_everything() {
    let world = World::new().await;
    let client = world.client().await;
    world.post(format!("/v1/clients/{client}/suspend"), &because()).expect(200).await;
    let notice = notify(&world, 2).await;
    let chain = world.get("/v1/audit/2/chain").expect(200).await;
    let [told] = chain.json()["deliveries"].as_array().unwrap().clone().try_into().unwrap();
    assert_eq!(told["message_id"], json!(notice));
    assert_eq!(
        (&told["position"], &told["kind"], &told["state"]),
        (&json!(2), &json!("notice"), &json!("pending"))
    );
    assert!(!chain.text().contains("grace@acme.example"), "{}", chain.text());
    let other = world.get("/v1/audit/1/chain").expect(200).await.json();
    assert_eq!(other["deliveries"], json!([]), "of another request");
    let within = world.get("/v1/audit/2/chain").holder("auditor@Payments").expect(200).await.json();
    assert_eq!(within["deliveries"], Value::Null, "it may have gone to anybody");
}

#[tokio::test]
async fn a_chain_shows_no_more_than_the_entries_that_one_sees() {
    let world = World::new().await;
    let client = world.client().await;
    let path = format!("/v1/clients/{client}/suspend");
    world.post(path, &because()).expect(200).await;
    world.get("/v1/audit/2/chain").holder("auditor@Payments").expect(200).await;
    world.get("/v1/audit/2/chain").holder("auditor@Travel").refused(404, "audit_entry_not_found").await;
    world.get("/v1/audit/9/chain").refused(404, "audit_entry_not_found").await;
    let things = world.fixture().await;
    world.made("/v1/scheduled-changes", &suspension_body(&things.key)).await;
}

#[tokio::test]
async fn whose_secret_one_is_is_told_to_who_sees_it_and_that_it_was_asked_is_on_record() {
    let world = World::new().await;
    let client = world.client().await;
    let (key, secret) = world.key(&client).await;
    let body = json!({ "secret": secret });
    let search = || world.post("/v1/audit/search-secret", &body);
    let found = search().header("x-request-id", "search-1").expect(200).await.json();
    assert_eq!(found["found"], json!({ "type": "api_key", "id": key, "secret_version": 1 }));
    assert_eq!(found["items"][0]["action"], "api_key.issued");
    let [entry] = observed(&world).await.try_into().unwrap();
    assert_eq!((&entry["data"]["found"], &entry["request_id"]), (&json!(key), &json!("search-1")));
    assert!(!entry.to_string().contains(&secret), "the secret is nowhere");

    let within = search().holder("auditor@Payments").expect(200).await.json();
    assert_eq!(within["found"]["id"], key);
    let beyond = search().holder("auditor@Travel").expect(200).await.json();
    assert_eq!(beyond, json!({ "found": null, "items": [] }));
    let nothing =
        world.post("/v1/audit/search-secret", &json!({ "secret": "nobody's" })).expect(200).await.json();
    assert_eq!(nothing, json!({ "found": null, "items": [] }), "nobody's is told like what is out of sight");
    assert_eq!(observed(&world).await.len(), 4);
    search().nobody().refused(403, "permission_denied").await;
    for wrong in [json!({ "secret": "" }), json!({ "secret": "x".repeat(8_193) })] {
        world.post("/v1/audit/search-secret", &wrong).refused(422, "body_invalid").await;
    }
    assert_eq!(observed(&world).await.len(), 4, "what is no question is no search");
}

async fn observed(world: &World) -> Vec<Value> {
    world.observed().await;
    let list = world.get("/v1/audit?action=observation.secret_searched").expect(200).await.json();
    list["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_token_of_a_service_account_is_found_by_who_sees_everything() {
    let world = World::new().await;
    let (account, token) = world.account("Payments").await;
    let body = json!({ "secret": token });
    let search = || world.post("/v1/audit/search-secret", &body);
    let found = search().expect(200).await.json();
    assert_eq!(found["found"], json!({ "type": "principal", "id": account, "secret_version": 1 }));
    assert_eq!(found["items"][0]["subject"]["id"], account);
    let limited = search().holder("auditor@Payments").expect(200).await.json();
    assert_eq!(limited["found"], Value::Null, "principals are nobody's");
}

async fn whose(world: &World, secret: &str) -> Value {
    let body = json!({ "secret": secret });
    let answer = world.post("/v1/audit/search-secret", &body).expect(200).await;
    assert!(!answer.text().contains(secret));
    answer.json()["found"].clone()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

async fn a_key_s_secret_is_found_whatever_has_become_of_it(on: On) {
    let world = World::on(on).await;
    let client = world.client().await;
    let (key, first) = world.key(&client).await;
    let rotate = json!({ "overlap_seconds": 0 });
    let rotated = world.post(format!("/v1/keys/{key}/rotate"), &rotate).expect(200).await.json();
    let second = text(&rotated["secret"]);
    let of = |version: u32| json!({ "type": "api_key", "id": key, "secret_version": version });
    let ended = async || {
        assert_eq!((whose(&world, &first).await, whose(&world, &second).await), (of(1), of(2)));
    };
    ended().await;
    world.post(format!("/v1/keys/{key}/revoke"), &because()).expect(200).await;
    world.post(format!("/v1/clients/{client}/archive"), &because()).expect(200).await;
    ended().await;
    let mut body = key_body();
    body["expires_at"] = json!("2026-03-01T13:00:00Z");
    let other = world.client().await;
    let made = world.post(format!("/v1/clients/{other}/keys"), &body).expect(201).await.json();
    world.set_now("2026-03-02T12:00:00Z");
    assert_eq!(whose(&world, &text(&made["secret"])).await["id"], made["key"]["id"]);
    // Of the same form, and of the same locator, and no secret of anybody.
    let locator = PresentedSecret::parse(&first).unwrap().locator;
    let random = Zeroizing::new(format!("{locator}{}", "7".repeat(32)));
    let forged = PlainSecret::compose("tg", &"prod".parse().unwrap(), &random).unwrap();
    assert_eq!(whose(&world, forged.expose()).await, Value::Null);
    world.set_now("2026-03-01T12:00:00Z");
    let beyond = world.post("/v1/audit/search-secret", &json!({ "secret": first })).holder("auditor@Travel");
    assert_eq!(beyond.expect(200).await.json()["found"], Value::Null);
    let within =
        world.post("/v1/audit/search-secret", &json!({ "secret": first })).holder("auditor@Payments");
    assert_eq!(within.expect(200).await.json()["found"], of(1));
}

async fn so_is_a_token_and_a_secret_that_was_taken_over(on: On) {
    let mut world = World::on(on).await;
    let (account, first) = world.account("Payments").await;
    let path = format!("/v1/service-accounts/{account}");
    let rotated = world.post(format!("{path}/rotate-token"), &json!({})).expect(200).await.json();
    let second = text(&rotated["token"]);
    world.post(format!("{path}/revoke-token"), &because()).expect(200).await;
    world.post(format!("{path}/disable"), &because()).expect(200).await;
    for (version, token) in [(1, &first), (2, &second)] {
        let expected = json!({ "type": "principal", "id": account, "secret_version": version });
        assert_eq!(whose(&world, token).await, expected);
    }
    let client = world.client().await;
    let foreign = "kong-secret-number-1";
    let digest = ForeignDigest::of(foreign).unwrap();
    let digest: String = digest.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let row = json!({ "external_id": "k1", "sha256": digest }).to_string();
    let path = format!("/v1/keys/import?source=kong&environment=prod&client_id={client}");
    let upload = world.call(http::Method::POST, path).header("content-type", "application/jsonl").body(row);
    upload.expect(201).await;
    world.work().await;
    world.shown().await;
    let keys = world.get("/v1/keys").expect(200).await.json();
    let key = text(&keys["items"][0]["id"]);
    world.post(format!("/v1/keys/{key}/revoke"), &because()).expect(200).await;
    let expected = json!({ "type": "api_key", "id": key, "secret_version": 1 });
    assert_eq!(whose(&world, foreign).await, expected);
    assert_eq!(whose(&world, "kong-secret-number-2").await, Value::Null);

    let bootstrap = world.admin_token().to_owned();
    world.claim().await;
    let claimed = world.admin_token().to_owned();
    let path = format!("/v1/principals/{}/rotate-token", world.admin_id);
    let rotated = world.post(path, &json!({})).expect(200).await.json();
    let ada = world.admin_id.clone();
    world.as_person(&ada, &text(&rotated["token"]));
    assert_eq!(whose(&world, &claimed).await, json!({ "type": "principal", "id": ada, "secret_version": 1 }));
    // The first token opens nothing any more, and is somebody's all the same.
    let expected = json!({ "type": "principal", "id": "admin", "secret_version": null });
    assert_eq!(whose(&world, &bootstrap).await, expected);
}
