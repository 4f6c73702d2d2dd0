//! Reports of leaked secrets: who may send them, what they do, and what is not told.

use serde_json::{Value, json};
use sha2::Digest as _;

use super::harness::{Call, World, because, key_body};

async fn known(world: &World, client: &str, environment: &str) -> (String, String) {
    let mut body = key_body();
    body["environment"] = json!(environment);
    let body = world.post(format!("/v1/clients/{client}/keys"), &body).expect(201).await.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (key, secret) = (text(&body["key"]["id"]), text(&body["secret"]));
    world.holders.know(&secret, &key, 1);
    (key, secret)
}

fn reports(secret: &str) -> Value {
    json!({ "tokens": [{ "token": secret, "url": "https://example.com/paste/1", "source": "paste" }] })
}

async fn key(world: &World, id: &str) -> Value {
    world.get(format!("/v1/keys/{id}")).expect(200).await.json()
}

#[tokio::test]
async fn a_leaked_key_is_quarantined_until_it_is_rotated_and_released() {
    let world = World::new().await;
    let client = world.client().await;
    let (id, secret) = known(&world, &client, "prod").await;
    let verdicts = world.report(&reports(&secret)).expect(200).await.json();
    assert_eq!(verdicts["results"][0]["label"], "true_positive");
    world.shown().await;
    let shown = key(&world, &id).await;
    assert_eq!((&shown["status"], &shown["quarantine"]["secret_version"]), (&json!("active"), &json!(1)));
    let leaks = world.get("/v1/leaks").expect(200).await.json();
    let leak = &leaks["items"][0];
    assert_eq!(
        (&leak["key_id"], &leak["client_id"], &leak["action"]),
        (&json!(id), &json!(client), &json!("quarantined"))
    );
    assert_eq!(
        (&leak["url"], &leak["source"], &leak["receiver"]),
        (&json!("https://example.com/paste/1"), &json!("paste"), &json!("generic"))
    );
    let one = world.get(format!("/v1/leaks/{}", leak["id"].as_str().unwrap())).expect(200).await.json();
    assert_eq!(one, *leak);
    let release = format!("/v1/keys/{id}/release");
    let problem = world.post(&release, &because()).refused(409, "leaked_secret_lives").await;
    assert_eq!(problem["secret_version"], 1);
    world.post(format!("/v1/keys/{id}/rotate"), &json!({ "overlap_seconds": 60 })).expect(200).await;
    world.post(&release, &because()).refused(409, "leaked_secret_lives").await;
    world.set_now("2026-03-01T12:01:00Z");
    assert_eq!(world.post(&release, &because()).expect(200).await.json()["quarantine"], json!(null));
}

#[tokio::test]
async fn an_environment_may_want_a_leaked_key_revoked() {
    let world = World::new().await;
    let (id, secret) = known(&world, &world.client().await, "sandbox").await;
    world.report(&reports(&secret)).expect(200).await;
    world.shown().await;
    assert_eq!(key(&world, &id).await["status"], "revoked");
    let audit = world.get(format!("/v1/audit?subject_id={id}")).expect(200).await.json();
    let actions: Vec<_> =
        audit["items"].as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(actions, ["api_key.revoked", "api_key.leak_reported", "api_key.issued"]);
    let actor = &audit["items"][1]["actor"];
    assert_eq!(
        (&actor["id"], &actor["allowed_by"]),
        (&json!("system:leaks-generic"), &json!("leak_receiver"))
    );
}

#[tokio::test]
async fn the_token_is_kept_and_shown_nowhere() {
    let world = World::new().await;
    let (_, secret) = known(&world, &world.client().await, "prod").await;
    let url = format!("https://example.com/search?q={secret}");
    let report = json!({ "tokens": [{ "token": secret, "url": url, "source": secret }] });
    let answer = world.report(&report).expect(200).await;
    assert!(!answer.text().contains(&secret));
    world.shown().await;
    for path in ["/v1/leaks", "/v1/audit"] {
        assert!(!world.get(path).expect(200).await.text().contains(&secret), "{path}");
    }
    let random = &secret[secret.len() - 38..];
    for file in ["events.db", "events.db-wal", "read.db", "read.db-wal"].map(|file| world.file(file)) {
        assert!(!file.windows(random.len()).any(|window| window == random.as_bytes()));
    }
}

#[tokio::test]
async fn the_same_report_is_put_on_record_once() {
    let world = World::new().await;
    let (_, secret) = known(&world, &world.client().await, "prod").await;
    for _ in 0..3 {
        let answer = world.report(&reports(&secret)).expect(200).await.json();
        assert_eq!(answer["results"][0]["label"], "true_positive");
    }
    world.shown().await;
    assert_eq!(world.get("/v1/leaks").expect(200).await.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_not_ours_is_answered_in_the_same_form() {
    let world = World::new().await;
    let (_, secret) = known(&world, &world.client().await, "prod").await;
    let long = "x".repeat(600);
    let report = json!({ "tokens": [{ "token": "somebody-elses" }, { "token": secret }, { "token": long }] });
    let answer = world.report(&report).expect(200).await.json();
    let labels: Vec<_> =
        answer["results"].as_array().unwrap().iter().map(|one| one["label"].clone()).collect();
    assert_eq!(labels, ["false_positive", "true_positive", "false_positive"]);
    world.shown().await;
    assert_eq!(world.get("/v1/leaks").expect(200).await.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_unsigned_or_stale_report_is_refused_whatever_is_in_it() {
    let world = World::new().await;
    let (id, secret) = known(&world, &world.client().await, "prod").await;
    let body = reports(&secret);
    world.report(&body).without("tollgate-signature").refused(403, "signature_invalid").await;
    world.report(&body).without("tollgate-timestamp").refused(403, "signature_invalid").await;
    world.report(&body).body("{}").refused(403, "signature_invalid").await;
    let stale = world.report(&body);
    world.set_now("2026-03-01T12:05:01Z");
    stale.refused(403, "signature_invalid").await;
    world
        .post("/v1/leaks/github", &json!([{ "token": secret, "type": "t" }]))
        .refused(403, "signature_invalid")
        .await;
    world.report(&json!({ "tokens": [{ "secret": 1 }] })).refused(400, "body_malformed").await;
    assert_eq!(key(&world, &id).await["quarantine"], json!(null));
}

/// The vector of GitHub's documentation, answered in GitHub's form.
#[tokio::test]
async fn githubs_report_is_answered_as_github_wants() {
    let world = World::new().await;
    let (id, _) = known(&world, &world.client().await, "prod").await;
    let body = r#"[{"token":"some_token","type":"some_type","url":"some_url"}]"#;
    let signature =
        "MEUCIQDKZokqnCjrRtw0tni+2Ltvl/uiMJ1EGumEsp1BsNr32AIgQY1YXD2nlj+XNfGK4rBfkMJ1JDOQcYXxa2sY8FNkrKc=";
    let send = || -> Call<'_> {
        let call = world.call(http::Method::POST, "/v1/leaks/github").without("authorization").body(body);
        call.header("github-public-key-identifier", "k1").header("github-public-key-signature", signature)
    };
    let hash = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, sha2::Sha256::digest("some_token"));
    let verdict = json!([{ "token_hash": hash, "token_type": "some_type", "label": "false_positive" }]);
    assert_eq!(send().expect(200).await.json(), verdict);
    world.holders.know("some_token", &id, 1);
    assert_eq!(send().expect(200).await.json()[0]["label"], "true_positive");
    world.shown().await;
    let leak = world.get("/v1/leaks").expect(200).await.json()["items"][0].clone();
    assert_eq!(
        (&leak["receiver"], &leak["url"], &leak["source"]),
        (&json!("github"), &json!("some_url"), &json!(null))
    );
}
