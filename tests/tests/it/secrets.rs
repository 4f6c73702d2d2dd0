//! A secret is in one answer and nowhere else.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use test_servers::{MailServer, Receiver};
use tollgate_tests::{Cluster, TOKEN, World, until};

use crate::it::{
    cluster::{applied, command, governed},
    notices::{rule, telling, told, webhook},
};

const SOON: Duration = Duration::from_secs(60);

fn files(dir: &Path, found: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            files(&path, found)?;
        } else {
            found.push((path.display().to_string(), fs::read(&path)?));
        }
    }
    Ok(())
}

fn contains(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[tokio::test]
async fn an_issued_secret_is_in_no_file_and_no_later_answer() -> Result<()> {
    let world = World::start().await?;
    let client = world.client("Acme", &[]).await?;
    world.route("/orders", &[]).await?;
    let first = world.admin.with("idempotency-key", "issue-1")?;
    let body = json!({ "name": "k", "environment": "prod" });
    let issued = first.post(&format!("/clients/{client}/keys"), &body).await?;
    assert_eq!((issued.status, issued.header("cache-control").as_deref()), (201, Some("no-store")));
    let secret = issued.json["secret"].as_str().unwrap_or_default().to_owned();
    let key_id = issued.json["key"]["id"].as_str().unwrap_or_default().to_owned();
    assert!(secret.starts_with("tg_prod_"), "{secret}");

    let again = first.post(&format!("/clients/{client}/keys"), &body).await?;
    assert_eq!((again.status, &again.json["key"]["id"]), (201, &json!(key_id)), "a retry is recognised");
    world.applied(&issued).await?;
    assert_eq!(world.call("/orders", &secret).await?.status, 200);
    let mut answers = vec![again.body];
    for path in
        [format!("/keys/{key_id}"), "/keys".to_owned(), "/audit".to_owned(), format!("/clients/{client}")]
    {
        answers.push(world.admin.get(&path).await?.body);
    }
    answers.push(world.product.get("/metrics").await?.body);
    let digest_and_locator: (String, String) = {
        let database = rusqlite::Connection::open(world.product.data_dir().join("events.db"))?;
        database.query_row(
            "select json_extract(payload, '$.secret.digest.hmac'), json_extract(payload, '$.secret.locator')
               from events where event_type = 'api_key.issued'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?
    };
    for answer in &answers {
        assert!(!answer.contains(&secret) && !answer.contains(&digest_and_locator.0), "{answer}");
    }

    world.envoy.access_log(1).await?;
    let mut found = vec![
        ("stdout".to_owned(), world.product.process().stdout()?.into_bytes()),
        ("stderr".to_owned(), world.product.process().stderr()?.into_bytes()),
        ("envoy's access log".to_owned(), world.envoy.process().stdout()?.into_bytes()),
    ];
    files(world.product.data_dir(), &mut found)?;
    for (name, bytes) in &found {
        assert!(!contains(bytes, &secret), "the secret is in {name}");
        assert!(!contains(bytes, TOKEN), "the admin token is in {name}");
        let digest_expected = name.contains("events.db");
        assert!(digest_expected || !contains(bytes, &digest_and_locator.0), "the digest is in {name}");
    }
    Ok(())
}

/// Secrets of every kind and of every age, and everything that an auditor may take away.
#[tokio::test]
async fn no_secret_and_no_digest_of_one_is_in_what_is_taken_away() -> Result<()> {
    let world = World::start().await?;
    let client = world.client("Acme", &[]).await?;
    let key = json!({ "name": "k", "environment": "prod" });
    let issued = world.admin.post(&format!("/clients/{client}/keys"), &key).await?;
    let id = issued.json["key"]["id"].as_str().context("a key has an id")?.to_owned();
    let rotated = world.admin.post(&format!("/keys/{id}/rotate"), &json!({ "overlap_seconds": 60 })).await?;
    let account = json!({ "name": "ci", "team": "payments" });
    let made = world.admin.post("/service-accounts", &account).await?;
    let mut kept: Vec<String> = vec![];
    for shown in [&issued.json["secret"], &rotated.json["secret"], &made.json["token"]] {
        let secret = shown.as_str().context("a secret is shown once")?.to_owned();
        // Looked for by somebody who has found it: the search must not leave it behind either.
        let searched = world.admin.post("/audit/search-secret", &json!({ "secret": secret })).await?;
        ensure!(searched.status == 200 && !searched.body.contains(&secret), "{}", searched.body);
        kept.push(secret);
    }
    kept.extend(digests(&world)?);
    ensure!(kept.len() == 3 + 2 * 3, "three secrets, each with its digest and its locator: {kept:?}");

    until("the log to be signed", Duration::from_secs(10), async || {
        let signed = world.admin.get("/audit/checkpoint").await?;
        Ok((signed.status == 200 && signed.json["size"].as_u64() >= Some(7)).then_some(()))
    })
    .await?;
    let mut taken = vec![world.admin.get("/audit/export").await?.body];
    for form in ["text/csv", "application/x-ndjson"] {
        taken.push(world.admin.with("accept", form)?.get("/audit?proofs=true").await?.body);
    }
    for path in ["/audit?format=ocsf", "/audit", "/access-report", "/service-accounts", "/principals"] {
        taken.push(world.admin.get(path).await?.body);
    }
    for text in &taken {
        ensure!(text.len() > 100 || text.contains("items"), "something was taken: {text}");
        for secret in &kept {
            assert!(!text.contains(secret.as_str()), "{secret} is in {text}");
        }
    }
    let views = rusqlite::Connection::open(world.product.data_dir().join("read.db"))?;
    for view in ["audit_log", "key_lifecycle", "access_as_of"] {
        let mut rows = views.prepare(&format!("select * from tollgate_audit_{view}"))?;
        let columns = rows.column_count();
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                let cell = format!("{:?}", row.get_ref(column)?);
                assert!(kept.iter().all(|secret| !cell.contains(secret.as_str())), "{view}: {cell}");
            }
        }
    }
    Ok(())
}

/// What was told to others, what waits to be told, and what is kept of both.
#[tokio::test]
async fn no_secret_and_no_digest_of_one_is_in_what_is_told() -> Result<()> {
    let (mail, receiver) = (MailServer::shared().await?, Receiver::start().await?);
    let world = World::start_as(|launch| telling(launch, mail)).await?;
    let (hook, signing) = webhook(&world.admin, &receiver, &["*"]).await?;
    rule(&world.admin, &["key_issued", "key_rotated", "key_revoked"], "told-no-secret@example.com").await?;
    let client = world.client("Acme", &[]).await?;
    let key = json!({ "name": "k", "environment": "prod" });
    let issued = world.admin.post(&format!("/clients/{client}/keys"), &key).await?;
    let id = issued.json["key"]["id"].as_str().context("a key has an id")?.to_owned();
    let rotated = world.admin.post(&format!("/keys/{id}/rotate"), &json!({ "overlap_seconds": 60 })).await?;
    let made = world.admin.post("/service-accounts", &json!({ "name": "ci", "team": "payments" })).await?;
    world.admin.post(&format!("/keys/{id}/revoke"), &json!({ "reason": "over" })).await?;
    until("the webhook to be told", SOON, async || {
        let last = told(&receiver).iter().any(|body| body["type"] == "api_key.revoked");
        Ok(last.then_some(()))
    })
    .await?;
    until("a letter to arrive", SOON, async || {
        Ok((!mail.received_by("told-no-secret@example.com")?.is_empty()).then_some(()))
    })
    .await?;

    let mut secrets = vec![signing];
    for shown in [&issued.json["secret"], &rotated.json["secret"], &made.json["token"]] {
        secrets.push(shown.as_str().context("a secret is shown once")?.to_owned());
    }
    let digests = digests(&world)?;
    ensure!(digests.len() == 2 * 3, "{digests:?}");
    let mut out: Vec<(String, Vec<u8>)> = vec![];
    for asked in receiver.asked() {
        out.push(("a delivery".to_owned(), asked.body.clone()));
        out.push(("the fields of a delivery".to_owned(), format!("{:?}", asked.fields).into_bytes()));
    }
    for letter in mail.received_by("told-no-secret@example.com")? {
        out.push(("a letter".to_owned(), letter.to_string().into_bytes()));
    }
    for path in [
        format!("/webhooks/{hook}"),
        format!("/webhooks/{hook}/deliveries"),
        format!("/webhooks/{hook}/events"),
        "/deliveries".to_owned(),
        "/notification-rules".to_owned(),
    ] {
        out.push((path.clone(), world.admin.get(&path).await?.body.into_bytes()));
    }
    files(world.product.data_dir(), &mut out)?;
    out.push(("stdout".to_owned(), world.product.process().stdout()?.into_bytes()));
    out.push(("stderr".to_owned(), world.product.process().stderr()?.into_bytes()));
    ensure!(out.iter().any(|(name, _)| name.contains("outbox.db")), "the outbox is searched, too");
    for (name, bytes) in &out {
        for secret in &secrets {
            assert!(!contains(bytes, secret), "a secret is in {name}");
        }
        let digest_expected = name.contains("events.db");
        for digest in &digests {
            assert!(digest_expected || !contains(bytes, digest), "a digest, or a locator, is in {name}");
        }
    }
    Ok(())
}

/// The same where roles are apart: the database, the bus, and all processes' logs and files.
#[tokio::test]
async fn an_issued_secret_is_in_no_table_and_not_on_the_bus() -> Result<()> {
    let cluster = Cluster::start().await?.with_each(1).await?;
    let (secret, position) = governed(&cluster, 100).await?;
    applied(cluster.instance("gateway-1")?, position).await?;
    let account = json!({ "name": "ci", "team": "payments" });
    let made = command(&cluster, "api-1", "/service-accounts", &account).await?.json;
    let token = made["token"].as_str().context("a token is shown once")?.to_owned();
    let kept = cluster.sql(
        "select string_agg((payload -> 'secret' -> 'digest' ->> 'hmac'), ' ') from tollgate.events
          where payload -> 'secret' -> 'digest' is not null",
    )?;
    let digests: Vec<&str> = kept.split_whitespace().filter(|word| word.len() == 64).collect();
    ensure!(digests.len() == 2, "of a key and of a token: {kept}");

    let mut found = vec![];
    files(&cluster.nats.store(), &mut found)?;
    ensure!(!found.is_empty(), "the bus keeps its streams in files");
    for name in cluster.names() {
        let instance = cluster.instance(&name)?;
        files(instance.data_dir(), &mut found)?;
        found.push((format!("{name}: stdout"), instance.process().stdout()?.into_bytes()));
        found.push((format!("{name}: stderr"), instance.process().stderr()?.into_bytes()));
    }
    let dump = cluster.dump()?;
    found.push(("the database".to_owned(), dump.clone().into_bytes()));
    for (name, bytes) in &found {
        for shown in [&secret, &token] {
            assert!(!contains(bytes, shown), "a secret is in {name}");
        }
    }
    let mut tables = 0;
    for table in dump.split("\nCOPY ").skip(1) {
        let (name, rows) = table.split_once(' ').unwrap_or_default();
        tables += 1;
        for digest in &digests {
            assert!(name == "tollgate.events" || !rows.contains(digest), "a digest is in {name}");
        }
    }
    ensure!(tables > 20, "{tables} tables were looked through");
    Ok(())
}

/// What the log keeps of secrets: digests and locators.
fn digests(world: &World) -> Result<Vec<String>> {
    let database = rusqlite::Connection::open(world.product.data_dir().join("events.db"))?;
    let mut rows = database.prepare(
        "select json_extract(payload, '$.secret.digest.hmac'), json_extract(payload, '$.secret.locator') from events
          where json_extract(payload, '$.secret.locator') is not null",
    )?;
    let found = rows.query_map([], |row| Ok([row.get::<_, String>(0)?, row.get::<_, String>(1)?]))?;
    Ok(found.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().flatten().collect())
}
