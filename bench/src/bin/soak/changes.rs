//! What people do meanwhile: keys are issued and revoked, secrets rotated, limits changed; each is held to what the gateway then answers.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tollgate_tests::{IssuedKey, World};

use crate::traffic::{Callers, path};

const EVERY: Duration = Duration::from_secs(1);
const OVERLAP_SECONDS: u32 = 20;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Changes {
    pub(crate) issued_and_revoked: u32,
    pub(crate) rotated: u32,
    pub(crate) limits_changed: u32,
}

/// One change a second, of each kind in turn.
pub(crate) async fn until(end: Instant, world: &World, callers: &Callers) -> Result<Changes> {
    let mut changes = Changes::default();
    let client = world.client("Comes and goes", &[]).await?;
    let policy = world.policy(&limits(0), &json!({ "client_id": client })).await?;
    let mut number = 0_u32;
    while Instant::now() < end {
        match number % 3 {
            0 => {
                issue_and_revoke(world, &client).await?;
                changes.issued_and_revoked += 1;
            }
            1 => {
                rotate(world, callers, usize::try_from(number / 3)?).await?;
                changes.rotated += 1;
            }
            _ => {
                change(world, &policy, number).await?;
                changes.limits_changed += 1;
            }
        }
        number += 1;
        tokio::time::sleep(EVERY).await;
    }
    Ok(changes)
}

fn limits(number: u32) -> Value {
    let rates = json!([{ "name": "burst", "requests": 1_000 + number, "per_seconds": 1, "burst": 5_000 }]);
    json!({ "name": "of who comes and goes", "rates": rates, "quotas": [] })
}

/// Once a revocation has been applied no call passes.
async fn issue_and_revoke(world: &World, client: &str) -> Result<()> {
    let key = world.key(client, &json!({})).await?;
    ensure!(world.call(&path(1), &key.secret).await?.status == 200, "a key that was just issued is refused");
    world.command(&format!("/keys/{}/revoke", key.key_id), &json!({ "reason": "it goes" })).await?;
    ensure!(world.call(&path(1), &key.secret).await?.status == 401, "a key that was revoked is let in");
    Ok(())
}

/// One of those that call: from then on they call with the new secret, and what is under way has the old one.
async fn rotate(world: &World, callers: &Callers, number: usize) -> Result<()> {
    let key = callers.get(number).context("there are keys")?;
    let body = json!({ "overlap_seconds": OVERLAP_SECONDS, "reason": "as every year" });
    let rotated = world.command(&format!("/keys/{}/rotate", key.key_id), &body).await?.json;
    let secret =
        rotated.get("secret").and_then(Value::as_str).context("the secret is shown once")?.to_owned();
    callers.rotated(number, IssuedKey { secret, ..key });
    Ok(())
}

async fn change(world: &World, policy: &str, number: u32) -> Result<()> {
    let path = format!("/policies/{policy}");
    let found = world.admin.get(&path).await?;
    let tag = found.header("etag").context("a policy has a version")?;
    let answer = world.admin.with("if-match", &tag)?.patch(&path, &limits(number)).await?;
    ensure!(answer.status == 200, "a policy is changed: {} {}", answer.status, answer.body);
    world.applied(&answer).await
}
