//! Many keys at once, keys of other systems, and leaked ones: through the real doors, and over kill -9.

use std::{io::Write as _, time::Duration};

use anyhow::{Context as _, Result, ensure};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tollgate_tests::{Admin, Launch, Product, TOKEN, World, until};

const DONE_AT_MOST: Duration = Duration::from_secs(120);

fn digest(secret: &str) -> String {
    Sha256::digest(secret).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Uploads rows of that many keys, named and opened by their numbers.
async fn import(admin: &Admin, client: &str, keys: usize) -> Result<String> {
    let rows: String = (0..keys)
        .map(|n| json!({ "external_id": format!("k{n}"), "sha256": digest(&foreign(n)) }).to_string() + "\n")
        .collect();
    let path = format!("/keys/import?source=kong&format=jsonl&environment=prod&client_id={client}");
    let planned = admin.send(Method::POST, &path, Some(rows)).await?;
    ensure!(planned.status == 201, "{} {}", planned.status, planned.body);
    Ok(planned.json["id"].as_str().context("an operation has an id")?.to_owned())
}

fn foreign(number: usize) -> String {
    format!("kong-secret-of-key-{number}")
}

/// The operation once this much of it is done.
async fn reached(admin: &Admin, id: &str, done: impl Fn(&Value) -> bool) -> Result<Value> {
    until("the operation to move", DONE_AT_MOST, async || {
        let shown = admin.get(&format!("/operations/{id}")).await?.json;
        Ok(done(&shown).then_some(shown))
    })
    .await
}

async fn finished(admin: &Admin, id: &str) -> Result<Value> {
    reached(admin, id, |shown| shown["status"] == "finished").await
}

fn count(product: &Product, event_type: &str) -> Result<(u64, u64)> {
    let database = rusqlite::Connection::open(product.data_dir().join("events.db"))?;
    let counts = "select count(*), count(distinct aggregate_id) from events where event_type = ?1";
    Ok(database.query_row(counts, [event_type], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

fn registration() -> Value {
    json!({
        "name": "Acme", "kind": "partner", "owner": { "team": "t", "email": "t@example.com" },
        "contacts": [], "environments": ["prod"], "scopes": [], "labels": {},
    })
}

async fn client(admin: &Admin) -> Result<String> {
    let made = admin.post("/clients", &registration()).await?;
    Ok(made.json["id"].as_str().context("a client has an id")?.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operations_go_on_after_kill_9_and_do_everything_once() -> Result<()> {
    const KEYS: usize = 3_000;
    let mut product = Launch::new(TOKEN)?.start().await?;
    let admin = product.admin()?;
    let client = client(&admin).await?;

    let importing = import(&admin, &client, KEYS).await?;
    let some_done = |shown: &Value| shown["items_done"].as_u64() >= Some(200);
    let at_kill = reached(&admin, &importing, some_done).await?;
    product.kill_9()?;
    assert_eq!(at_kill["status"], "running", "killed in full flight");
    product.restart().await?;
    let admin = product.admin()?;
    let done = finished(&admin, &importing).await?;
    assert_eq!(done["items_done"], json!(KEYS));
    assert_eq!(done["refused"], 0, "{done}");
    assert_eq!(count(&product, "api_key.imported")?, (3_000, 3_000), "each key once");

    let order = json!({ "filter": { "client_id": client }, "reason": "leaving", "expected_count": KEYS });
    let revoking = admin.post("/keys/revoke", &order).await?;
    assert_eq!(revoking.status, 201, "{}", revoking.body);
    let revoking = revoking.json["id"].as_str().context("an operation has an id")?.to_owned();
    reached(&admin, &revoking, some_done).await?;
    product.kill_9()?;
    product.restart().await?;
    let admin = product.admin()?;
    let done = finished(&admin, &revoking).await?;
    assert_eq!((&done["applied"], &done["refused"]), (&json!(KEYS), &json!(0)), "{done}");
    assert_eq!(count(&product, "api_key.revoked")?, (3_000, 3_000), "each key once");
    let left = admin.get(&format!("/keys?client_id={client}&status=active")).await?.json;
    assert_eq!(left["items"], json!([]));
    let uploads = std::fs::read_dir(product.data_dir().join("uploads"))?.count();
    assert_eq!(uploads, 0, "nothing is left of the upload");
    Ok(())
}

#[tokio::test]
async fn a_foreign_secret_opens_through_envoy_until_it_is_rotated_away() -> Result<()> {
    let world = World::start().await?;
    let client = world.client("Acme", &[]).await?;
    world.route("/orders", &[]).await?;
    assert_eq!(world.call("/orders", &foreign(0)).await?.status, 401, "before it is imported");
    let operation = import(&world.admin, &client, 1).await?;
    let done = finished(&world.admin, &operation).await?;
    assert_eq!(done["applied"], 1, "{done}");
    let items = world.admin.get(&format!("/operations/{operation}/items")).await?.json;
    let key = items["items"][0]["key_id"].as_str().context("the item names its key")?.to_owned();
    until("the gateway to follow", DONE_AT_MOST, async || {
        Ok((world.call("/orders", &foreign(0)).await?.status == 200).then_some(()))
    })
    .await?;
    for rubbish in [foreign(1), digest(&foreign(0)), foreign(0).to_uppercase()] {
        assert_eq!(world.call("/orders", &rubbish).await?.status, 401, "{rubbish}");
    }
    let bearer = format!("Bearer {}", foreign(0));
    assert_eq!(world.envoy.call("GET", "/orders", &[("authorization", &bearer)]).await?.status, 200);
    for received in world.upstream.take_requests() {
        assert!(!received.mentions(&foreign(0)), "{received:?}");
        assert_eq!(received.header("x-tollgate-key-id"), Some(key.as_str()));
    }

    let rotated = world.command(&format!("/keys/{key}/rotate"), &json!({ "overlap_seconds": 600 })).await?;
    let fresh = rotated.json["secret"].as_str().context("the new secret is shown once")?.to_owned();
    assert_eq!(world.call("/orders", &foreign(0)).await?.status, 200, "for the overlap");
    assert_eq!(world.call("/orders", &fresh).await?.status, 200);
    world.command(&format!("/keys/{key}/revoke"), &json!({ "reason": "gone" })).await?;
    assert_eq!(world.call("/orders", &foreign(0)).await?.status, 401);
    assert_eq!(world.call("/orders", &fresh).await?.status, 401);
    Ok(())
}

const SHARED: &str = "a-shared-secret-of-32-characters";

/// What a scanner sends.
#[expect(
    clippy::disallowed_methods,
    reason = "the product runs on the machine's clock, and so does its sender"
)]
async fn report(product: &Product, secret: &str) -> Result<Value> {
    let body = json!({ "tokens": [{ "token": secret, "url": "https://example.com/paste/1" }] }).to_string();
    let timestamp = jiff::Timestamp::now().as_second().to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(SHARED.as_bytes())?;
    mac.update(format!("{timestamp}.{body}").as_bytes());
    let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let sender = product.anonymous()?.with("tollgate-timestamp", &timestamp)?;
    let sender = sender.with("tollgate-signature", &format!("v1={signature}"))?;
    let answer = sender.send(Method::POST, "/leaks/generic", Some(body)).await?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.body);
    Ok(answer.json)
}

#[tokio::test]
async fn a_leaked_secret_is_told_by_the_gateways_index_and_quarantined_at_the_door() -> Result<()> {
    let product = Launch::new(TOKEN)?.env("TOLLGATE_LEAK_SECRET", SHARED).start().await?;
    let admin = product.admin()?;
    let client = client(&admin).await?;
    let route = json!({ "name": "orders", "methods": ["GET"], "path": "/orders", "required_scopes": [] });
    assert_eq!(admin.post("/routes", &route).await?.status, 201);
    let body = json!({ "name": "k", "environment": "prod" });
    let issued = admin.post(&format!("/clients/{client}/keys"), &body).await?.json;
    let (secret, key) =
        (issued["secret"].as_str().unwrap_or_default(), issued["key"]["id"].as_str().unwrap_or_default());
    let door = Admin::anonymous(&format!("http://127.0.0.1:{}", product.gateway_port()))?;
    let verify = async |secret: &str| -> Result<Value> {
        let call = json!({ "secret": secret, "method": "GET", "path": "/orders", "address": "198.51.100.7" });
        Ok(door.post("/verify", &call).await?.json["reason"].clone())
    };
    until("the gateway to follow", DONE_AT_MOST, async || {
        Ok((verify(secret).await? == Value::Null).then_some(()))
    })
    .await?;
    assert_eq!(report(&product, "somebody-elses-secret").await?["results"][0]["label"], "false_positive");
    assert_eq!(report(&product, secret).await?["results"][0]["label"], "true_positive");
    until("the quarantine to be in force", DONE_AT_MOST, async || {
        Ok((verify(secret).await? == "key_quarantined").then_some(()))
    })
    .await?;
    let rotated = admin.post(&format!("/keys/{key}/rotate"), &json!({ "overlap_seconds": 0 })).await?.json;
    let fresh = rotated["secret"].as_str().context("the new secret is shown once")?;
    until("the new secret to be free", DONE_AT_MOST, async || {
        Ok((verify(fresh).await? == Value::Null).then_some(()))
    })
    .await?;
    let listed = product.cli(&["leak", "list", "--output", "json"]).await?;
    assert!(listed.status.success() && listed.stdout.contains("\"quarantined\""), "{}", listed.stderr);
    let released = product.cli(&["key", "release", key, "--reason", "rotated"]).await?;
    assert!(released.status.success(), "{}", released.stderr);
    assert!(!listed.stdout.contains(secret));
    Ok(())
}

#[tokio::test]
async fn kongs_secrets_are_digested_before_they_are_sent() -> Result<()> {
    let product = Launch::new(TOKEN)?.start().await?;
    let client = client(&product.admin()?).await?;
    let mut file = tempfile::NamedTempFile::new()?;
    let export = json!({ "data": [{ "id": "c1", "key": foreign(0) }, { "id": "c2", "key": foreign(1) }], "next": null });
    write!(file, "{export}")?;
    let path = file.path().to_string_lossy().into_owned();
    let words = [
        "key",
        "import",
        &path,
        "--source",
        "kong",
        "--format",
        "kong",
        "--client-id",
        &client,
        "--environment",
        "prod",
    ];
    let tried = product.cli(&[&words[..], &["--dry-run"]].concat()).await?;
    assert!(tried.status.success() && tried.stdout.contains("applied"), "{}{}", tried.stdout, tried.stderr);
    let asked = product.cli(&[&words[..], &["--output", "json"]].concat()).await?;
    assert!(asked.status.success(), "{}", asked.stderr);
    let operation: Value = serde_json::from_str(&asked.stdout)?;
    let id = operation["id"].as_str().context("an operation has an id")?;
    let done = finished(&product.admin()?, id).await?;
    assert_eq!((&done["applied"], &done["refused"]), (&json!(2), &json!(0)), "{done}");
    let shown = product.cli(&["operation", "show", id]).await?;
    assert!(shown.stdout.contains("finished"), "{}", shown.stdout);
    let matching =
        ["key", "revoke-matching", "--client-id", &client, "--reason", "moved", "--expected-count", "2"];
    let revoked = product.cli(&[&matching[..], &["--output", "json"]].concat()).await?;
    assert!(revoked.status.success(), "{}", revoked.stderr);
    Ok(())
}
