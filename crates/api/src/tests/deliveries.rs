//! What is sent to webhooks: challenges, made-up events, what is sent again, and what is pulled.

use outbox::{MessageKind, Outcome};
use serde_json::{Value, json};

use super::harness::{World, because, webhook_body};

const WEBHOOKS: &str = "/v1/webhooks";

fn all_of(team: &str) -> Value {
    let mut body = webhook_body();
    body["events"] = json!(["*"]);
    body["scope"] = json!({ "kind": "limited", "team": team });
    body
}

#[tokio::test]
async fn a_challenge_is_sent_when_a_webhook_is_made_moved_or_asked_for() {
    let world = World::new().await;
    let challenges = async || {
        let sent = world.deliver(Outcome::Delivered).await;
        assert!(sent.iter().all(|one| one.kind == MessageKind::Verify));
        sent.len()
    };
    let made = world.post(WEBHOOKS, &webhook_body()).key("once").expect(201).await.json();
    let path = format!("{WEBHOOKS}/{}", made["webhook"]["id"].as_str().unwrap());
    assert_eq!(challenges().await, 1);
    world.post(WEBHOOKS, &webhook_body()).key("once").expect(201).await;
    assert_eq!(challenges().await, 0, "it is the same message");
    let moved = json!({ "url": "https://hooks.example.com/elsewhere" });
    world.patch(&path, &moved).if_match("*").expect(200).await;
    assert_eq!(challenges().await, 1);
    let asked = world.call(http::Method::POST, format!("{path}/verify")).expect(200).await.json();
    assert_eq!((&asked["kind"], &asked["type"]), (&json!("verify"), &json!("endpoint.verify")));
    assert_eq!(challenges().await, 1);
    let dry = format!("{path}/verify?dry_run=true");
    let dry = world.call(http::Method::POST, dry).expect(200).await.json();
    assert_eq!(dry["events"][0]["type"], "webhook.verification_asked");
    assert_eq!(challenges().await, 0);
}

#[tokio::test]
async fn a_made_up_event_is_formed_like_another_and_says_what_it_is() {
    let world = World::new().await;
    let (id, _) = world.webhook(&webhook_body()).await;
    world.deliver(Outcome::Delivered).await;
    let path = format!("{WEBHOOKS}/{id}/test");
    let body = json!({ "event_type": "api_client.registered" });
    let sent = world.post(&path, &body).key("once").expect(200).await.json();
    let again = world.post(&path, &body).key("once").expect(200).await.json();
    assert_eq!(sent["id"], again["id"]);
    let [claimed] = world.deliver(Outcome::Delivered).await.try_into().unwrap();
    let told: Value = serde_json::from_str(&claimed.body).unwrap();
    assert_eq!((&told["test"], &told["type"]), (&json!(true), &body["event_type"]));
    assert_eq!(told["id"], sent["message_id"]);
    assert!(told["data"]["owner"]["team"].is_string() && told["data"]["owner"].get("email").is_none());
    let first = world.post(&path, &json!({})).expect(200).await.json();
    assert_eq!(first["type"], "api_key.issued");
    let body = json!({ "event_type": "notice.key_expiring" });
    let of_notice = world.post(&path, &body).expect(200).await.json();
    assert_eq!((&of_notice["kind"], &of_notice["type"]), (&json!("test"), &body["event_type"]));
    let sent = world.deliver(Outcome::Delivered).await;
    let told = sent.iter().map(|one| serde_json::from_str::<Value>(&one.body).unwrap());
    let told = told.into_iter().find(|told| told["type"] == "notice.key_expiring").unwrap();
    assert_eq!((&told["test"], &told["id"]), (&json!(true), &of_notice["message_id"]));
    for wrong in ["api_key.revoke", "*", "notice.key_expirin", "notice.*", ""] {
        let problem = world.post(&path, &json!({ "event_type": wrong })).refused(422, "body_invalid").await;
        assert_eq!(problem["pointer"], "/event_type");
    }
    world.delete(format!("{WEBHOOKS}/{id}")).if_match("*").expect(200).await;
    world.post(&path, &body).refused(409, "webhook_deleted").await;
}

#[tokio::test]
async fn what_became_of_a_delivery_is_shown_and_it_is_sent_again_by_the_same_id() {
    let world = World::new().await;
    let (id, _) = world.webhook(&webhook_body()).await;
    let delivery = world.tested(&id).await;
    let path = format!("{WEBHOOKS}/{id}/deliveries");
    let listed = world.get(&path).expect(200).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&listed["items"][0]["id"], &listed["items"][0]["state"]),
        (&json!(delivery), &json!("pending"))
    );
    let one = format!("{path}/{delivery}");
    world.call(http::Method::POST, format!("{one}/resend")).refused(409, "delivery_waits").await;
    world.deliver(Outcome::Dead).await;
    let shown = world.get(&one).expect(200).await.json();
    assert_eq!((&shown["state"], &shown["attempts"]), (&json!("dead"), &json!(1)));
    let tried = &shown["tries"][0];
    assert_eq!((&tried["status"], &tried["answer"]), (&json!(200), &json!("thanks")));
    assert_eq!((&tried["latency_ms"], &tried["outcome"]), (&json!(7), &json!("dead")));
    let sent = world.call(http::Method::POST, format!("{one}/resend")).expect(200).await.json();
    assert_eq!((&sent["state"], &sent["message_id"]), (&json!("pending"), &shown["message_id"]));
    for (query, count) in [
        ("state=dead", 1),
        ("state=pending", 1),
        ("type=api_key.revoked", 1),
        ("until=2026-03-01T12:00:00Z", 0),
    ] {
        let listed = world.get(format!("{path}?{query}")).expect(200).await.json();
        assert_eq!(listed["items"].as_array().unwrap().len(), count, "{query}");
    }
    let first = world.get(format!("{path}?limit=1")).expect(200).await.json();
    let next = first["next_cursor"].as_str().unwrap();
    let next = world.get(format!("{path}?limit=1&cursor={next}")).expect(200).await.json();
    assert_eq!((&next["items"][0]["kind"], &next["next_cursor"]), (&json!("verify"), &Value::Null));
    world.get(format!("{path}?cursor=!")).refused(400, "cursor_invalid").await;
    let (other, _) = world.webhook(&webhook_body()).await;
    let foreign = format!("{WEBHOOKS}/{other}/deliveries/{delivery}");
    world.get(&foreign).refused(404, "delivery_not_found").await;
    world.call(http::Method::POST, format!("{foreign}/resend")).refused(404, "delivery_not_found").await;
}

#[tokio::test]
async fn dead_letters_of_everybody_are_for_those_who_see_everybody() {
    let world = World::new().await;
    let (id, _) = world.webhook(&webhook_body()).await;
    world.deliver(Outcome::Dead).await;
    let dead = world.get("/v1/deliveries?state=dead").expect(200).await.json();
    assert_eq!((&dead["items"][0]["webhook_id"], dead["items"].as_array().unwrap().len()), (&json!(id), 1));
    world.get("/v1/deliveries?state=dead").holder("auditor").expect(200).await;
    world.get("/v1/deliveries").holder("auditor@Payments").refused(403, "permission_denied").await;
    let none = world.get("/v1/deliveries?channel=email").expect(200).await.json();
    assert_eq!(none["items"], json!([]));
}

/// Answer after answer, until there is no more.
async fn pulled(world: &World, path: &str, holder: &str) -> Vec<Value> {
    let (mut all, mut after) = (vec![], 0);
    loop {
        let call = world.get(format!("{path}?limit=2&after={after}"));
        let answer = call.holder(holder).expect(200).await.json();
        all.extend(answer["items"].as_array().unwrap().clone());
        assert!(answer["items"].as_array().unwrap().len() <= 2);
        after = answer["next_after"].as_u64().unwrap();
        if answer["more"] == false {
            return all;
        }
    }
}

#[tokio::test]
async fn what_is_told_can_be_pulled() {
    let world = World::new().await;
    let things = world.fixture().await;
    world.post(format!("/v1/keys/{}/revoke", things.key), &because()).expect(200).await;
    let (id, _) = world.webhook(&all_of("Payments")).await;
    let (other, _) = world.webhook(&all_of("Travel")).await;
    let path = |id: &str| format!("{WEBHOOKS}/{id}/events");
    let items = pulled(&world, &path(&id), "auditor").await;
    let types: Vec<&str> = items.iter().map(|item| item["type"].as_str().unwrap()).collect();
    assert_eq!(types[..3], ["api_client.registered", "api_key.issued", "route.defined"]);
    assert!(types.contains(&"api_key.revoked") && !types.contains(&"webhook.created"), "{types:?}");
    let revoked = items.iter().find(|item| item["type"] == "api_key.revoked").unwrap();
    assert_eq!((&revoked["sequence"], &revoked["environment"]), (&json!(2), &json!("prod")));
    assert_eq!(revoked["client_id"], json!(things.client));
    assert!(revoked["id"].as_str().unwrap().starts_with("msg_"));
    assert!(items[0]["data"]["owner"].get("email").is_none(), "{}", items[0]);
    // Of another team's only what is nobody's.
    let theirs = pulled(&world, &path(&other), "auditor").await;
    assert!(theirs.iter().all(|item| item["client_id"].is_null()), "{theirs:?}");
    world.get(path(&id)).holder("auditor@Payments").expect(200).await;
    world.get(path(&id)).holder("auditor@Travel").refused(404, "webhook_not_found").await;
    world.delete(format!("{WEBHOOKS}/{id}")).if_match("*").expect(200).await;
    world.get(path(&id)).refused(404, "webhook_not_found").await;
}

#[tokio::test]
async fn what_was_sent_is_sent_again_by_an_operation() {
    let world = World::new().await;
    let (id, _) = world.webhook(&webhook_body()).await;
    for _ in 0..250 {
        world.tested(&id).await;
    }
    world.deliver(Outcome::Dead).await;
    world.deliver(Outcome::Dead).await;
    world.deliver(Outcome::Dead).await;
    world.set_now("2026-03-01T12:00:01Z");
    let path = format!("{WEBHOOKS}/{id}/replay");
    let order = json!({ "states": ["dead"], "types": ["api_key.revoked"], "reason": "it was down" });
    let dry = world.post(format!("{path}?dry_run=true"), &order).expect(200).await.json();
    assert_eq!(dry["events"][0]["data"]["items_total"], 250);
    let planned = world.post(&path, &order).key("once").expect(201).await.json();
    assert_eq!((&planned["kind"], &planned["items_total"]), (&json!("replay_webhook"), &json!(250)));
    world.work().await;
    let done =
        world.get(format!("/v1/operations/{}", planned["id"].as_str().unwrap())).expect(200).await.json();
    assert_eq!((&done["status"], &done["applied"]), (&json!("finished"), &json!(250)));
    let pending = world.get("/v1/deliveries?state=pending&limit=200").expect(200).await.json();
    assert_eq!(pending["items"].as_array().unwrap().len(), 200);
    let none = world.post(&path, &json!({ "from": "2026-03-01T12:00:01Z" })).expect(201).await.json();
    assert_eq!((&none["status"], &none["items_total"]), (&json!("finished"), &json!(0)));
    for (wrong, pointer) in [
        (json!({ "states": ["pending"] }), "/states"),
        (json!({ "states": ["lost"] }), "/states/0"),
        (json!({ "after_position": u64::MAX }), "/after_position"),
    ] {
        let problem = world.post(&path, &wrong).refused(422, "body_invalid").await;
        assert_eq!(problem["pointer"], pointer);
    }
    world.post(&path, &order).holder("security_officer@Travel").refused(404, "webhook_not_found").await;
}
