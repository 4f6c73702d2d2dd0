//! What the API says of the log can be checked by whoever has one checkpoint.

use std::io::BufReader;

use eventlog::{
    audit_file::{Outcome, verify},
    checkpoint::Checkpoint,
    merkle::{Hash, is_consistent, root_of_inclusion},
    note::{Note, VerifierKey},
};
use serde_json::{Value, json};

use super::harness::{World, because, content_type};

fn hash(value: &Value) -> Hash {
    let mut hash = [0; 32];
    hex::decode_to_slice(value.as_str().unwrap(), &mut hash).unwrap();
    hash
}

fn hashes(value: &Value) -> Vec<Hash> {
    value.as_array().unwrap().iter().map(hash).collect()
}

/// Seven events or so, signed at five and at the end.
async fn signed_twice() -> (World, VerifierKey) {
    let world = World::new().await;
    let client = world.client().await;
    world.key(&client).await;
    world.sign().await;
    for _ in 0..3 {
        world.post(format!("/v1/clients/{client}/suspend"), &because()).expect(200).await;
        world.post(format!("/v1/clients/{client}/reinstate"), &because()).expect(200).await;
    }
    world.sign().await;
    let keys = world.get("/v1/audit/keys").expect(200).await.json();
    assert_eq!((keys["keys"].as_array().unwrap().len(), &keys["keys"][0]["signs"]), (1, &json!(true)));
    assert_eq!(keys["identities"][0]["abandoned_origin"], Value::Null);
    let key = keys["keys"][0]["vkey"].as_str().unwrap().parse().unwrap();
    (world, key)
}

#[tokio::test]
async fn a_proof_leads_from_the_event_to_the_signed_root() {
    let (world, key) = signed_twice().await;
    let checkpoint = world.get("/v1/audit/checkpoint").expect(200).await.json();
    let note: Note = checkpoint["note"].as_str().unwrap().parse().unwrap();
    let said = Checkpoint::verified(&note, &[key]).unwrap();
    assert_eq!((&checkpoint["origin"], hash(&checkpoint["root"])), (&json!(said.origin), said.root));
    let size = said.size.get();
    for position in 1..=size {
        let proof = world.get(format!("/v1/audit/{position}/proof")).expect(200).await.json();
        let root =
            root_of_inclusion(&hash(&proof["leaf_hash"]), position - 1, size, &hashes(&proof["hashes"]));
        assert_eq!(root, Some(said.root));
        assert_eq!((&proof["checkpoint"], hash(&proof["root"])), (&checkpoint["note"], said.root));
    }
    let older = world.get("/v1/audit/1/proof?size=2").expect(200).await.json();
    let root = root_of_inclusion(&hash(&older["leaf_hash"]), 0, 2, &hashes(&older["hashes"])).unwrap();
    let between = world.get("/v1/audit/consistency?from=2").expect(200).await.json();
    assert_eq!((hash(&between["from_root"]), hash(&between["to_root"])), (root, said.root));
    assert!(is_consistent((2, &root), (size, &said.root), &hashes(&between["hashes"])));

    let after = size + 1;
    world.get(format!("/v1/audit/{after}/proof")).refused(404, "not_signed_yet").await;
    world.get(format!("/v1/audit/1/proof?size={after}")).refused(404, "not_signed_yet").await;
    world.get(format!("/v1/audit/consistency?from=1&to={after}")).refused(404, "not_signed_yet").await;
    world.get("/v1/audit/0/proof").refused(404, "not_signed_yet").await;
    for wrong in
        ["1/proof?size=0", "consistency?from=0", "consistency?from=2&to=1", "consistency", "export?from=0"]
    {
        world.get(format!("/v1/audit/{wrong}")).refused(400, "query_invalid").await;
    }
}

#[tokio::test]
async fn an_export_is_whole_and_has_no_secrets_digest_in_it() {
    let (world, key) = signed_twice().await;
    let answer = world.get("/v1/audit/export").expect(200).await;
    assert_eq!(content_type(&answer), "application/jsonl");
    assert!(answer.field("content-disposition").unwrap().contains("tollgate-audit-1-"));
    let report = verify(BufReader::new(&*answer.bytes), Some(&key)).unwrap();
    assert_eq!((report.outcome(), report.pinned, report.findings), (Outcome::Proven, true, vec![]));
    assert!(answer.text().contains("digest_commitment") && answer.text().contains(r#""personal":[{"#));
    let digest = world.door.api().log.read_stored(domain::Position::START, 100).await.unwrap();
    let issued = digest.iter().find(|event| event.event_type == "api_key.issued").unwrap();
    let issued: Value = serde_json::from_str(&issued.payload).unwrap();
    for hidden in ["/secret/digest/hmac", "/secret/locator"] {
        let hidden = issued.pointer(hidden).unwrap().as_str().unwrap();
        assert!(!hidden.is_empty() && !answer.text().contains(hidden));
    }

    let part = world.get("/v1/audit/export?from=2&until=3&personal=false").expect(200).await;
    let report = verify(BufReader::new(&*part.bytes), Some(&key)).unwrap();
    assert_eq!((report.outcome(), report.from, report.until), (Outcome::Proven, 2, 3));
    assert!(!part.text().contains(r#""personal":[{"#));
    world.get("/v1/audit/export?from=3&until=2").refused(400, "query_invalid").await;
    world.get("/v1/audit/export?from=9999").refused(404, "not_signed_yet").await;
}
