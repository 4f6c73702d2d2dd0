//! Rotation: both secrets live, then one; the quota neither starts anew nor splits.

use anyhow::{Context as _, Result};
use serde_json::json;
use tollgate_tests::World;

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
