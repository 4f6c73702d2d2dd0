//! A write that is said to be applied is in force on the very next call, on every node.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tollgate_tests::{Cluster, Launch, Product, Role, TOKEN, until};

use super::cluster::{applied, command, governed, judge, registration};

const SOON: Duration = Duration::from_secs(20);
/// What a wait may take at most, by default.
const BOUND: Duration = Duration::from_secs(5);

/// The node's part of a receipt.
pub(super) fn node<'receipt>(receipt: &'receipt Value, name: &str) -> Result<&'receipt Value> {
    let nodes = receipt["nodes"].as_array().context("a receipt names nodes")?;
    nodes.iter().find(|node| node["node"] == name).with_context(|| format!("{name} in {receipt}"))
}

/// The only key's id.
async fn key_id(cluster: &Cluster) -> Result<String> {
    let keys = cluster.admin("api-1")?.get("/keys").await?.json;
    Ok(keys["items"][0]["id"].as_str().context("a key has an id")?.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embedded_the_next_call_after_a_receipt_is_refused() -> Result<()> {
    let product = Launch::new(TOKEN)?.arg("--node").arg("only").start().await?;
    let admin = product.admin()?;
    let client = admin.post("/clients", &registration("Acme")).await?.json;
    let keys = format!("/clients/{}/keys?wait=applied", client["id"].as_str().context("an id")?);
    for _ in 0..10 {
        // An unknown route refuses a genuine key as `forbidden`: it is known as soon as it is issued.
        let issued = admin.post(&keys, &json!({ "name": "key", "environment": "prod" })).await?.json;
        assert_eq!(issued["receipt"]["applied"], true, "{issued}");
        let secret = issued["secret"].as_str().context("shown once")?;
        assert_eq!(judge(&product, secret).await?["outcome"], "forbidden");
        let revoke = format!("/keys/{}/revoke?wait=applied", issued["key"]["id"].as_str().context("an id")?);
        let revoked = admin.post(&revoke, &json!({ "reason": "leaked" })).await?;
        assert_eq!(revoked.header("tollgate-applied").as_deref(), Some("true"), "{}", revoked.body);
        assert_eq!(node(&revoked.json["receipt"], "only")?["state"], "live");
        assert_eq!(judge(&product, secret).await?["outcome"], "unauthenticated");
    }
    let nodes = admin.get("/gateway/nodes").await?.json;
    assert_eq!((&nodes["items"][0]["node"], &nodes["items"][0]["lag_events"]), (&json!("only"), &json!(0)));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_cluster_the_next_call_on_every_node_is_refused() -> Result<()> {
    let mut cluster = Cluster::start().await?.with_each(1).await?;
    cluster.add(Role::Gateway, "gateway-2").await?;
    let (secret, position) = governed(&cluster, 1_000).await?;
    for name in ["gateway-1", "gateway-2"] {
        applied(cluster.instance(name)?, position).await?;
        assert_eq!(judge(cluster.instance(name)?, &secret).await?["outcome"], "allowed");
    }
    let revoke = format!("/keys/{}/revoke?wait=applied", key_id(&cluster).await?);
    let revoked = command(&cluster, "api-1", &revoke, &json!({ "reason": "leaked" })).await?;
    assert_eq!(revoked.header("tollgate-applied").as_deref(), Some("true"), "{}", revoked.body);
    for name in ["gateway-1", "gateway-2"] {
        assert_eq!(judge(cluster.instance(name)?, &secret).await?["outcome"], "unauthenticated", "{name}");
        assert!(node(&revoked.json["receipt"], name)?["applied_ms"].is_u64(), "{}", revoked.body);
    }
    a_node_that_stands_still_is_named(&mut cluster).await
}

/// The wait ends within its bound, and says which node may judge by what it knew.
async fn a_node_that_stands_still_is_named(cluster: &mut Cluster) -> Result<()> {
    let client = cluster.admin("api-1")?.get("/clients").await?.json["items"][0]["id"].clone();
    let suspend = format!("/clients/{}/suspend?wait=applied", client.as_str().context("an id")?);
    cluster.instance("gateway-2")?.process().pause()?;
    let began = Instant::now();
    let suspended = command(cluster, "api-1", &suspend, &json!({ "reason": "checking" })).await?;
    assert!(began.elapsed() < BOUND + Duration::from_secs(3), "{:?}", began.elapsed());
    let receipt = &suspended.json["receipt"];
    assert_eq!(suspended.header("tollgate-applied").as_deref(), Some("false"), "{receipt}");
    assert_eq!((&receipt["reason"], &suspended.json["status"]), (&json!("silent"), &json!("suspended")));
    assert!(node(receipt, "gateway-1")?["applied_ms"].is_u64(), "{receipt}");
    let silent = node(receipt, "gateway-2")?;
    assert_eq!((&silent["state"], &silent["applied_ms"]), (&json!("silent"), &Value::Null));
    let position = receipt["position"].as_u64().context("a position")?;
    cluster.instance("gateway-2")?.process().resume()?;
    until("the node to be heard again", SOON, async || {
        let nodes = cluster.admin("api-1")?.get("/gateway/nodes").await?.json;
        let back = node(&json!({ "nodes": nodes["items"] }), "gateway-2")?.clone();
        Ok((back["state"] == "live" && back["position"].as_u64() >= Some(position)).then_some(()))
    })
    .await?;
    leaving_is_told(cluster).await
}

async fn leaving_is_told(cluster: &mut Cluster) -> Result<()> {
    cluster.instance_mut("gateway-2")?.terminate().await?;
    let nodes = cluster.admin("api-1")?.get("/gateway/nodes").await?.json;
    assert_eq!(node(&json!({ "nodes": nodes["items"] }), "gateway-2")?["state"], "left", "{nodes}");
    let written = command(cluster, "api-1", "/clients?wait=applied", &registration("Late")).await?;
    assert_eq!(written.header("tollgate-applied").as_deref(), Some("true"), "{}", written.body);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_rehearses_waits_and_lists_nodes() -> Result<()> {
    let product = Launch::new(TOKEN)?.arg("--node").arg("only").start().await?;
    let admin = product.admin()?;
    let client = admin.post("/clients", &registration("Acme")).await?.json;
    let client = client["id"].as_str().context("an id")?;
    let issued =
        json_of(&product, &["key", "issue", client, "--name", "k", "--environment", "prod", "--wait"])
            .await?;
    let key = issued["key"]["id"].as_str().context("an id")?;
    let revoke = ["key", "revoke", key, "--reason", "done"];
    let dry = json_of(&product, &[&revoke[..], &["--dry-run"]].concat()).await?;
    assert_eq!((&dry["dry_run"], &dry["events"][0]["type"]), (&json!(true), &json!("api_key.revoked")));
    assert_eq!(admin.get(&format!("/keys/{key}")).await?.json["status"], "active");
    let update = json_of(&product, &["client", "update", client, "--name", "Other", "--dry-run"]).await?;
    assert_eq!(update["events"][0]["data"]["name"], "Other");
    let revoked = json_of(&product, &[&revoke[..], &["--wait"]].concat()).await?;
    assert_eq!((&revoked["status"], &revoked["receipt"]["applied"]), (&json!("revoked"), &json!(true)));
    let nodes = product.cli(&["gateway", "nodes"]).await?;
    assert!(nodes.stdout.contains("only") && nodes.stdout.contains("live"), "{}", nodes.stdout);
    let refused = product.cli(&["key", "list", "--dry-run"]).await?;
    assert!(!refused.status.success() && refused.stderr.contains("change something"), "{}", refused.stderr);
    Ok(())
}

async fn json_of(product: &Product, args: &[&str]) -> Result<Value> {
    let exit = product.cli(&[args, &["--output", "json"]].concat()).await?;
    anyhow::ensure!(exit.status.success(), "{args:?}: {}", exit.stderr);
    serde_json::from_str(&exit.stdout).with_context(|| format!("{args:?}: {}", exit.stdout))
}
