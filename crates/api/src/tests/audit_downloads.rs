//! Entries are taken out whole, in each form, with proofs, by few at once, and that is on record.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use eventlog::{
    checkpoint::Checkpoint,
    merkle::{Hash, root_of_inclusion},
    note::{Note, VerifierKey},
};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;

use super::harness::{World, because, content_type};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn exported(world: &World) -> Value {
    world.observed().await;
    let list = world.get("/v1/audit?action=observation.exported&limit=1").expect(200).await.json();
    list["items"][0].clone()
}

#[tokio::test]
async fn json_lines_have_every_entry_as_a_list_shows_it_the_oldest_first() {
    let world = World::new().await;
    let client = world.client().await;
    // More than are read at once.
    for n in 0..205 {
        let what = if n % 2 == 0 { "suspend" } else { "reinstate" };
        world.post(format!("/v1/clients/{client}/{what}"), &because()).expect(200).await;
    }
    let taken = world.get("/v1/audit").header("accept", "application/x-ndjson").expect(200).await;
    assert_eq!(content_type(&taken), "application/x-ndjson");
    let entries = lines(taken.text());
    let positions: Vec<_> = entries.iter().map(|entry| entry["position"].as_u64().unwrap()).collect();
    assert_eq!(positions, (1..=206).collect::<Vec<u64>>());
    assert_eq!(entries[0], world.get("/v1/audit/1").expect(200).await.json());
    let entry = exported(&world).await;
    let data = &entry["data"];
    assert_eq!(
        (&data["what"], &data["format"], &data["rows"]),
        (&json!("audit_entries"), &json!("jsonl"), &json!(206))
    );
    assert_eq!(data["content_hash"], hex::encode(Sha256::digest(&taken.bytes)));

    let some = world.get("/v1/audit?format=jsonl&action=api_client.re*&after_position=200").expect(200).await;
    let actions: Vec<_> = lines(some.text()).iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(
        actions,
        [json!("api_client.reinstated"), json!("api_client.reinstated"), json!("api_client.reinstated")]
    );
}

#[tokio::test]
async fn a_table_has_a_line_of_names_and_nothing_that_a_spreadsheet_runs() {
    let world = World::new().await;
    let client = world.client().await;
    let body = json!({ "reason": "=1+1" });
    world.post(format!("/v1/clients/{client}/suspend"), &body).expect(200).await;
    let taken = world.get("/v1/audit?format=csv").expect(200).await;
    assert!(content_type(&taken).starts_with("text/csv"));
    let lines: Vec<&str> = taken.text().split("\r\n").collect();
    assert!(lines[0].starts_with("position,event_id,occurred_at") && lines.len() == 4, "{lines:?}");
    assert!(lines[2].starts_with("2,evt_") && lines[2].contains(",'=1+1,"), "{}", lines[2]);
    let none = world.get("/v1/audit?format=csv&actor=nobody").expect(200).await;
    assert_eq!(none.text().lines().count(), 1, "the names are there all the same");
    let by_accept =
        world.get("/v1/audit?until=2026-03-01T12:00:01Z&action=api_client.*").header("accept", "text/csv");
    assert_eq!(by_accept.expect(200).await.text().lines().count(), 3);
}

#[tokio::test]
async fn ocsf_events_have_what_their_class_requires() {
    let world = World::new().await;
    world.whole_fixture().await;
    world
        .post("/v1/clients", &super::harness::client_body())
        .nobody()
        .refused(403, "permission_denied")
        .await;
    world.observed().await;
    let taken = world.get("/v1/audit?format=ocsf").expect(200).await;
    let events = lines(taken.text());
    assert!(events.len() > 10);
    for event in &events {
        let number = |name: &str| event[name].as_u64().unwrap();
        assert_eq!(number("type_uid"), number("class_uid") * 100 + number("activity_id"), "{event}");
        assert_eq!(number("category_uid"), number("class_uid") / 1_000);
        for required in ["time", "severity_id", "status_id"] {
            assert!(event[required].is_u64(), "{required}: {event}");
        }
        assert_eq!(event["metadata"]["version"], "1.6.0");
        assert!(
            event["metadata"]["product"]["name"].is_string() && event["actor"]["user"]["uid"].is_string()
        );
        let own = match number("class_uid") {
            3_001 => &event["user"]["uid"],
            3_002 => &event["user"]["type_id"],
            6_003 => &event["api"]["operation"],
            other => panic!("{other}"),
        };
        assert!(!own.is_null() && event["src_endpoint"].is_object(), "{event}");
        assert_eq!(event["unmapped"]["event_id"], event["metadata"]["uid"]);
    }
    let denied = events.last().unwrap();
    assert_eq!((&denied["status_id"], &denied["activity_id"]), (&json!(2), &json!(99)));
}

fn hash(value: &Value) -> Hash {
    hex::decode(value.as_str().unwrap()).unwrap().try_into().unwrap()
}

#[tokio::test]
async fn each_row_is_proven_to_be_in_the_signed_log() {
    let world = World::new().await;
    world.fixture().await;
    world.sign().await;
    let key: VerifierKey = world.get("/v1/audit/keys").expect(200).await.json()["keys"][0]["vkey"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    world.client().await;
    let taken = world.get("/v1/audit?format=jsonl&proofs=true").expect(200).await;
    let note = BASE64_STANDARD.decode(taken.field("tollgate-checkpoint").unwrap()).unwrap();
    let note: Note = String::from_utf8(note).unwrap().parse().unwrap();
    let said = Checkpoint::verified(&note, &[key]).unwrap();
    let entries = lines(taken.text());
    assert_eq!(entries.len(), 6, "what is not signed yet is not taken out with proofs");
    for entry in &entries {
        let (position, proof) = (entry["position"].as_u64().unwrap(), &entry["proof"]);
        let hashes: Vec<Hash> = proof["hashes"].as_array().unwrap().iter().map(hash).collect();
        let root = root_of_inclusion(&hash(&proof["leaf_hash"]), position - 1, said.size.get(), &hashes);
        assert_eq!((root, &proof["size"]), (Some(said.root), &json!(said.size.get())));
    }
    let table = world.get("/v1/audit?format=csv&proofs=true").expect(200).await;
    assert!(table.text().contains(entries[0]["proof"]["leaf_hash"].as_str().unwrap()));
    let ocsf = world.get("/v1/audit?format=ocsf&proofs=true").expect(200).await;
    assert_eq!(lines(ocsf.text())[0]["unmapped"]["proof"], entries[0]["proof"]);
    world.get("/v1/audit?proofs=true").refused(400, "query_invalid").await;
}

#[tokio::test]
async fn who_may_read_may_not_take_out() {
    let world = World::new().await;
    world.client().await;
    for holder in ["viewer", "auditor@Payments"] {
        world.get("/v1/audit?format=csv").holder(holder).refused(403, "permission_denied").await;
    }
    world.get("/v1/audit?format=csv").holder("auditor").expect(200).await;
    world.get("/v1/audit?format=xml").refused(400, "query_invalid").await;
    world.get("/v1/audit").header("accept", "text/html").refused(406, "not_acceptable").await;
}

#[tokio::test]
async fn few_exports_run_at_once_and_one_that_is_dropped_makes_room() {
    let world = World::new().await;
    world.fixture().await;
    world.sign().await;
    let (router, _) = crate::router_of(&world.door);
    let begin = |path: &str| {
        let request =
            http::Request::get(path).header("authorization", format!("Bearer {}", world.admin_token()));
        router.clone().oneshot(request.body(axum::body::Body::empty()).unwrap())
    };
    let one = begin("/v1/audit?format=jsonl").await.unwrap();
    let other = begin("/v1/audit/export").await.unwrap();
    let refused = begin("/v1/audit?format=csv").await.unwrap();
    assert_eq!(refused.status(), 429);
    let body = refused.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["code"], "exports_busy");
    drop(one);
    let third = begin("/v1/audit?format=csv").await.unwrap();
    assert_eq!(third.status(), 200);
    drop((other, third));
    world.observed().await;
    let list = world.get("/v1/audit?action=observation.exported&outcome=failed").expect(200).await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 3, "each was cut off, which is on record");
}
