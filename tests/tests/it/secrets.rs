//! A secret is in one answer and nowhere else.

use std::{fs, path::Path};

use anyhow::Result;
use serde_json::json;
use tollgate_tests::{TOKEN, World};

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
