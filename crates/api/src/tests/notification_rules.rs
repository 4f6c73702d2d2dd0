//! Notification rules: what is told to whom, with addresses that can be erased.

use serde_json::{Value, json};

use super::harness::{World, notification_rule_body, webhook_body};

const RULES: &str = "/v1/notification-rules";

fn with(pointer: &str, value: Value) -> Value {
    let mut body = notification_rule_body();
    body[pointer] = value;
    body
}

#[tokio::test]
async fn a_rule_says_what_is_told_when_nobody_says() {
    let world = World::new().await;
    let made = world.post(RULES, &notification_rule_body()).expect(201).await.json();
    assert_eq!((&made["status"], &made["cadence"]), (&json!("in_force"), &json!({ "kind": "immediate" })));
    assert_eq!(made["thresholds"], json!([]), "the policy's");
    assert_eq!(made["days_before"], json!([1, 3, 7, 14, 30, 60]));
    let address = json!({ "kind": "address", "address": "desk@example.com" });
    assert_eq!(made["recipients"], json!([{ "kind": "owner" }, address]));
    let path = format!("{RULES}/{}", made["id"].as_str().unwrap());
    assert_eq!(world.get(&path).expect(200).await.json(), made);
    let whole = json!({ "notices": ["key_leaked"], "recipients": [{ "kind": "named" }], "name": "Leaks" });
    let made = world.post(RULES, &whole).expect(201).await.json();
    assert_eq!(made["about"], json!({}));
}

#[tokio::test]
async fn an_address_can_be_erased() {
    let world = World::new().await;
    let id = world.made(RULES, &notification_rule_body()).await;
    let erasure = json!({ "values": ["desk@example.com"], "reason": "asked for" });
    world.post("/v1/erasures", &erasure).expect(200).await;
    let shown = world.get(format!("{RULES}/{id}")).expect(200).await.json();
    assert_eq!(shown["recipients"][1], json!({ "kind": "address", "address": null }));
}

#[tokio::test]
async fn what_a_rule_names_has_to_be_there() {
    let world = World::new().await;
    let gone = format!("whk_{}", "0".repeat(26));
    let recipients = json!([{ "kind": "owner" }, { "kind": "webhook", "webhook_id": gone }]);
    let problem = world.post(RULES, &with("recipients", recipients)).refused(422, "webhook_not_found").await;
    assert_eq!(problem["pointer"], "/recipients/1/webhook_id");
    let about = json!({ "client_id": format!("cli_{}", "0".repeat(26)) });
    let problem = world.post(RULES, &with("about", about)).refused(422, "client_not_found").await;
    assert_eq!(problem["pointer"], "/about/client_id");
    let (webhook, _) = world.webhook(&webhook_body()).await;
    let named = with("recipients", json!([{ "kind": "webhook", "webhook_id": webhook }]));
    world.post(RULES, &named).expect(201).await;
    // One who does not see it cannot name it.
    world.post(RULES, &named).holder("operator@Payments").refused(422, "webhook_not_found").await;
    world.delete(format!("/v1/webhooks/{webhook}")).if_match("*").expect(200).await;
    world.post(RULES, &named).refused(422, "webhook_not_found").await;
}

#[tokio::test]
async fn a_rule_is_of_what_it_is_about() {
    let world = World::new().await;
    let client = world.client().await;
    let make = |holder: &str, about: Value| world.post(RULES, &with("about", about)).holder(holder);
    make("operator@Payments", json!({ "client_id": client })).expect(201).await;
    make("operator@Payments", json!({ "team": "Payments" })).expect(201).await;
    make("operator@prod", json!({ "environment": "prod" })).expect(201).await;
    make("operator@Payments", json!({})).refused(403, "permission_denied").await;
    make("operator@Travel", json!({ "team": "Payments" })).refused(403, "permission_denied").await;
    make("operator@Travel", json!({ "client_id": client })).refused(422, "client_not_found").await;
    make("viewer", json!({})).refused(403, "permission_denied").await;
    let id = world.made(RULES, &notification_rule_body()).await;
    let path = format!("{RULES}/{id}");
    world.get(&path).holder("viewer@Travel").refused(404, "notification_rule_not_found").await;
    let moved = json!({ "about": { "team": "Travel" } });
    let patch = world.patch(&path, &moved).if_match("*").holder("operator@Payments");
    patch.refused(403, "permission_denied").await;
    let mut seen = vec![];
    for holder in ["viewer@Payments", "viewer@prod", "viewer@Travel"] {
        let list = world.get(RULES).holder(holder).expect(200).await.json();
        seen.push(list["items"].as_array().unwrap().len());
    }
    assert_eq!(seen, [3, 1, 0]);
}

#[tokio::test]
async fn a_rule_is_changed_and_ended() {
    let world = World::new().await;
    let id = world.made(RULES, &notification_rule_body()).await;
    let path = format!("{RULES}/{id}");
    let patch = json!({ "days_before": [5], "cadence": { "kind": "digest", "hour": 7, "time_zone": "Europe/Berlin" } });
    let changed = world.patch(&path, &patch).if_match("\"1\"").expect(200).await.json();
    assert_eq!((&changed["days_before"], &changed["cadence"]["hour"]), (&json!([5]), &json!(7)));
    assert_eq!(changed["recipients"][1]["address"], "desk@example.com");
    let usual = world.patch(&path, &json!({ "days_before": null, "cadence": null })).if_match("*");
    assert_eq!(usual.expect(200).await.json()["cadence"], json!({ "kind": "immediate" }));
    let other = json!({ "recipients": [{ "kind": "address", "address": "other@example.com" }] });
    let changed = world.patch(&path, &other).if_match("*").expect(200).await.json();
    assert_eq!(changed["recipients"][0]["address"], "other@example.com");
    let ended = world.delete(format!("{path}?reason=moved")).if_match("*").expect(200).await.json();
    assert_eq!(ended["status"], "ended");
    world.patch(&path, &other).if_match("*").refused(409, "notification_rule_ended").await;
    assert_eq!(world.get(RULES).expect(200).await.json()["items"], json!([]));
    let listed = world.get(format!("{RULES}?status=ended")).expect(200).await.json();
    assert_eq!(listed["items"][0]["id"], json!(id));
}

#[tokio::test]
async fn what_is_said_of_a_rule_is_bounded() {
    let world = World::new().await;
    for (member, value, code) in [
        ("notices", json!([]), "notification_rule_without_notices"),
        ("recipients", json!([]), "notification_rule_without_recipients"),
        ("recipients", json!(vec![json!({ "kind": "named" }); 21]), "notification_rule_too_many_recipients"),
        ("thresholds", json!([0]), "notification_rule_threshold_invalid"),
        ("thresholds", json!([101]), "notification_rule_threshold_invalid"),
        ("days_before", json!([0]), "notification_rule_days_invalid"),
        (
            "cadence",
            json!({ "kind": "digest", "hour": 24, "time_zone": "UTC" }),
            "notification_rule_hour_invalid",
        ),
        ("cadence", json!({ "kind": "digest", "hour": 7, "time_zone": "Nowhere" }), "body_invalid"),
        (
            "cadence",
            json!({ "kind": "digest", "hour": 7, "time_zone": "UTC", "team_zones": { "Orders": "Nowhere" } }),
            "body_invalid",
        ),
        ("notices", json!(["usage_report"]), "notification_rule_without_report_settings"),
        ("report", json!({ "every": "year", "time_zone": "UTC", "form": "csv" }), "body_invalid"),
        ("report", json!({ "every": "week", "time_zone": "Nowhere", "form": "csv" }), "body_invalid"),
        ("notices", json!(["nothing"]), "body_invalid"),
        ("recipients", json!([{ "kind": "address", "address": "desk" }]), "body_invalid"),
        ("recipients", json!([{ "kind": "owner", "address": "desk@example.com" }]), "body_invalid"),
        ("about", json!({ "tam": "Payments" }), "body_invalid"),
    ] {
        world.post(RULES, &with(member, value)).refused(422, code).await;
    }
}

#[tokio::test]
async fn a_rule_is_previewed_and_nothing_is_made() {
    let world = World::new().await;
    let previewed =
        world.post(format!("{RULES}/preview"), &notification_rule_body()).expect(200).await.json();
    assert_eq!(previewed["notices_total"], 1);
    assert_eq!(previewed["notices"][0]["addresses"], 1, "{previewed}");
    assert_eq!(previewed["left_out"], json!(["throttling_spike"]));
    assert_eq!(world.get(RULES).expect(200).await.json()["items"], json!([]));
    let mut none = notification_rule_body();
    none["recipients"] = json!([{ "kind": "webhook", "webhook_id": "whk_01jx3v6k9q8z7m5n4p3r2s1t0v" }]);
    world.post(format!("{RULES}/preview"), &none).expect(422).await;
}
