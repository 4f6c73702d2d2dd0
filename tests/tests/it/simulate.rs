//! A policy tried on the calls that it has judged says what it did.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tollgate_tests::{World, now, until};

const COUNTED_AT_MOST: Duration = Duration::from_secs(30);
const CALLS: u64 = 150;

fn number(of: &Value, name: &str) -> Result<u64> {
    of[name].as_u64().with_context(|| format!("`{name}` of {of}"))
}

#[tokio::test]
async fn a_policy_says_of_its_own_calls_what_it_did() -> Result<()> {
    let world = World::start().await?;
    let client = world.client("Acme", &[]).await?;
    let route = world.route("/orders", &[]).await?;
    let key = world.key(&client, &json!({})).await?;
    let policy = json!({
        "name": "limits",
        "rates": [{ "name": "fast", "requests": 3, "per_seconds": 1, "burst": 20 }],
        "quotas": [{ "name": "yearly", "requests": 60, "period": "year" }],
    });
    let begun = now();
    let policy_id = world.policy(&policy, &json!({ "client_id": client })).await?;
    let mut refused = 0;
    for _ in 0..CALLS {
        let call = json!({ "secret": key.secret, "method": "GET", "path": "/orders", "environment": "prod" });
        refused += u64::from(world.verify(&call).await?.json["outcome"] != "allowed");
    }
    ensure!(refused > 0, "nothing was refused");

    let ask = json!({ "policy_id": policy_id, "from": begun.to_string() });
    let told = until("all calls to be counted", COUNTED_AT_MOST, async || {
        let told = world.admin.post("/policies/simulate", &ask).await?;
        ensure!(told.status == 200, "{}", told.body);
        Ok((number(&told.json, "calls")? == CALLS).then_some(told.json))
    })
    .await?;
    assert_eq!(number(&told, "calls_without_seconds")?, 0);
    assert_eq!(number(&told, "refused_then")?, refused);
    assert_eq!(number(&told, "allowed_then")? + refused, CALLS);
    let (least, most) = (number(&told, "refused_at_least")?, number(&told, "refused_at_most")?);
    assert!(least <= refused && refused <= most, "{refused} were refused: {told}");
    // Two seconds of flow and a call.
    assert!(most - least <= 7, "{told}");
    let item = told["items"][0].as_object().context("one client on one route")?;
    assert_eq!((&item["client_id"], &item["route_id"]), (&json!(client), &json!(route)));
    assert!(item["first_breach_at"].is_string(), "{told}");

    // A lower quota would have refused all but its calls, and nothing was changed by asking.
    let flags =
        ["policy", "simulate", "--policy-id", &policy_id, "--quota", "yearly:10/year", "--output", "json"];
    let lower = world.product.cli(&flags).await?;
    ensure!(lower.status.success(), "{}", lower.stderr);
    let lower: Value = serde_json::from_str(&lower.stdout)?;
    assert_eq!(number(&lower, "refused_at_least")?, CALLS - 10, "{lower}");
    assert_eq!(lower["refused_at_least"], lower["refused_at_most"]);
    let shown = world.admin.get(&format!("/policies/{policy_id}")).await?.json;
    assert_eq!(shown["revision"], 1);
    Ok(())
}
