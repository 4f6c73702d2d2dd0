//! Addresses that mail does not reach: marked, listed, unmarked, and on record.

use serde_json::json;

use super::harness::World;

const ADDRESSES: &str = "/v1/mail-addresses";
const MARK: &str = "/v1/mail-addresses/mark";
const UNMARK: &str = "/v1/mail-addresses/unmark";

#[tokio::test]
async fn an_address_is_marked_listed_and_unmarked_on_record() {
    let world = World::new().await;
    let body =
        json!({ "addresses": ["Gone@example.com", "ann@example.com"], "reason": "bounced: 550 5.1.1" });
    let marked = world.post(MARK, &body).expect(200).await.json();
    assert_eq!(marked, json!({ "addresses": 2 }));
    let list = world.get(format!("{ADDRESSES}?limit=1")).expect(200).await.json();
    assert_eq!(list["items"][0]["address"], "ann@example.com");
    let cursor = list["next_cursor"].as_str().unwrap();
    let rest = world.get(format!("{ADDRESSES}?limit=1&cursor={cursor}")).expect(200).await.json();
    assert_eq!(rest["items"][0]["address"], "gone@example.com");
    assert_eq!(rest["items"][0]["reason"], "bounced: 550 5.1.1");
    assert!(rest["items"][0]["avoided_until"].as_str() > rest["items"][0]["marked_at"].as_str());
    assert!(world.door.api().outbox.is_marked("gone@example.com").await.unwrap().is_some());
    let again = json!({ "addresses": ["gone@example.com", "nobody@example.com"] });
    let unmarked = world.post(UNMARK, &again).expect(200).await.json();
    assert_eq!(unmarked, json!({ "addresses": 1 }));
    let entries = world.get("/v1/audit?action=observation.addresses_marked").expect(200).await.json();
    let entry = &entries["items"][0];
    assert_eq!((&entry["actor"]["id"], &entry["outcome"]), (&json!("admin"), &json!("succeeded")));
    assert_eq!(entry["data"]["addresses"], json!(["Gone@example.com", "ann@example.com"]), "{entry}");
    let entries = world.get("/v1/audit?action=observation.addresses_unmarked").expect(200).await.json();
    assert_eq!(entries["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_dry_run_marks_nobody() {
    let world = World::new().await;
    let body = json!({ "addresses": ["gone@example.com"], "reason": "bounced" });
    let would = world.post(format!("{MARK}?dry_run=true"), &body).expect(200).await.json();
    assert_eq!(would, json!({ "addresses": 1 }));
    let list = world.get(ADDRESSES).expect(200).await.json();
    assert_eq!(list["items"], json!([]));
    let entries = world.get("/v1/audit?action=observation.addresses_marked").expect(200).await.json();
    assert_eq!(entries["items"], json!([]));
    world.post(MARK, &body).expect(200).await;
    let body = json!({ "addresses": ["gone@example.com"] });
    let would = world.post(format!("{UNMARK}?dry_run=true"), &body).expect(200).await.json();
    assert_eq!(would, json!({ "addresses": 1 }));
    assert!(world.door.api().outbox.is_marked("gone@example.com").await.unwrap().is_some());
}

#[tokio::test]
async fn what_is_no_address_is_refused_before_anything_is_marked() {
    let world = World::new().await;
    for (addresses, pointer) in [
        (json!([]), "/addresses"),
        (json!(vec!["a@example.com"; 101]), "/addresses"),
        (json!(["a@example.com", "desk"]), "/addresses/1"),
    ] {
        let body = json!({ "addresses": addresses, "reason": "bounced" });
        let problem = world.post(MARK, &body).refused(422, "body_invalid").await;
        assert_eq!(problem["pointer"], pointer);
        world.post(UNMARK, &json!({ "addresses": addresses })).refused(422, "body_invalid").await;
    }
    world.post(MARK, &json!({ "addresses": ["a@example.com"] })).refused(422, "body_invalid").await;
    assert_eq!(world.get(ADDRESSES).expect(200).await.json()["items"], json!([]));
}
