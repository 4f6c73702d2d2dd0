//! Rotation: both secrets live, then one; the quota neither starts anew nor splits.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tollgate_tests::{World, until};

#[tokio::test]
async fn both_secrets_live_for_the_overlap_and_then_the_new_one() -> Result<()> {
    let world = World::start_with_clock().await?;
    let client = world.client("Acme", &[]).await?;
    world.route("/orders", &[]).await?;
    let key = world.key(&client, &json!({})).await?;
    let quotas = json!([{ "name": "yearly", "requests": 5, "period": "year" }]);
    let policy = json!({ "name": "q", "rates": [], "quotas": quotas, "counting": "key" });
    world.policy(&policy, &json!({ "client_id": client })).await?;
    assert_eq!(world.call("/orders", &key.secret).await?.status, 200);

    let path = format!("/keys/{}/rotate", key.key_id);
    let rotated = world.command(&path, &json!({ "overlap_seconds": 600, "reason": "yearly" })).await?;
    assert_eq!(rotated.header("cache-control").as_deref(), Some("no-store"));
    let fresh = rotated.json["secret"].as_str().context("the new secret is shown once")?.to_owned();
    assert_eq!(rotated.json["key"]["id"], key.key_id.as_str(), "a key keeps its id");
    assert_eq!(world.call("/orders", &key.secret).await?.status, 200);
    assert_eq!(world.call("/orders", &fresh).await?.status, 200);

    let third = world.admin.post(&path, &json!({ "overlap_seconds": 600 })).await?;
    assert_eq!((third.status, &third.json["code"]), (409, &json!("rotation_running")));

    world.product.set_clock_offset_seconds(601)?;
    assert_eq!(world.call("/orders", &key.secret).await?.status, 401, "the old secret has ended");
    assert_eq!(world.call("/orders", &fresh).await?.status, 200);
    assert_eq!(world.call("/orders", &fresh).await?.status, 200);
    let refused = world.call("/orders", &fresh).await?;
    assert_eq!(refused.status, 429, "five calls in all, over both secrets: {}", refused.body);
    Ok(())
}

#[tokio::test]
async fn the_tracker_tells_who_still_uses_the_old_secret() -> Result<()> {
    let world = World::start().await?;
    let client = world.client("Acme", &[]).await?;
    world.route("/orders", &[]).await?;
    let key = world.key(&client, &json!({})).await?;
    let path = format!("/keys/{}/rotate", key.key_id);
    let rotated = world.command(&path, &json!({ "overlap_seconds": 3_600 })).await?;
    let fresh = rotated.json["secret"].as_str().context("the new secret is shown once")?.to_owned();
    for (secret, user_agent, calls) in [(&key.secret, "batch/1.0", 3), (&fresh, "orders-sync/2.4", 2)] {
        for _ in 0..calls {
            let headers = [("x-api-key", secret.as_str()), ("user-agent", user_agent)];
            assert_eq!(world.envoy.call("GET", "/orders", &headers).await?.status, 200);
        }
    }
    let tracked = until("the calls in the tracker", Duration::from_secs(20), async || {
        let tracked = world.admin.get(&format!("/keys/{}/rotation", key.key_id)).await?.json;
        let calls = |at: usize| tracked["versions"][at]["calls"].as_u64().unwrap_or_default();
        // They are read one after the other, and the batch may be counted in between.
        let used = tracked["versions"][1]["last_used_at"].is_string();
        Ok((used && calls(0) == 2 && calls(1) == 3).then_some(tracked))
    })
    .await?;
    let seen = |version: &Value| {
        let [address, agent] = [("addresses", "address"), ("user_agents", "user_agent")]
            .map(|(names, name)| version[names][0][name].as_str().unwrap_or_default().to_owned());
        (version["status"].as_str().unwrap_or_default().to_owned(), address, agent)
    };
    let expected = |status: &str, agent: &str| (status.to_owned(), "127.0.0.1".to_owned(), agent.to_owned());
    assert_eq!(seen(&tracked["versions"][0]), expected("current", "orders-sync/2.4"), "{tracked}");
    assert_eq!(seen(&tracked["versions"][1]), expected("previous", "batch/1.0"), "{tracked}");
    assert_eq!(tracked["safe_to_retire"]["safe"], false);
    let said = tracked["safe_to_retire"]["explanation"].as_str().unwrap_or_default();
    assert!(said.ends_with("from 127.0.0.1 by batch/1.0"), "{said}");

    let shown = world.product.cli(&["key", "rotation", &key.key_id]).await?;
    assert!(
        shown.stdout.contains("batch/1.0") && shown.stdout.contains("safe to retire: no"),
        "{}",
        shown.stdout
    );
    let unused = world.product.cli(&["hygiene", "keys", "without_expiry", "--client-id", &client]).await?;
    assert!(unused.stdout.contains(&key.key_id), "{} {}", unused.stdout, unused.stderr);
    Ok(())
}
