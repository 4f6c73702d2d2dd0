//! Why a call was refused, what is used of a limit, and how it is given back.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tollgate_tests::{Cluster, World, until};

use super::cluster::{applied, command, governed, judge};

const SOON: Duration = Duration::from_secs(20);

/// The event about this, of those that an answer names.
fn event<'body>(body: &'body Value, about: &str) -> Option<&'body Value> {
    body["events"].as_array()?.iter().find(|event| event["about"] == about)
}

#[tokio::test]
async fn a_429_through_envoy_is_explained_to_the_actor_and_the_reason() -> Result<()> {
    let world = World::start().await?;
    let client = world.client("Acme", &[]).await?;
    world.route("/orders", &[]).await?;
    let key = world.key(&client, &json!({})).await?;
    let policy = json!({
        "name": "limits", "quotas": [],
        "rates": [{ "name": "hourly", "requests": 1, "per_seconds": 3600, "burst": 2 }],
    });
    let policy = world.policy(&policy, &json!({ "client_id": client })).await?;
    for _ in 0..2 {
        assert_eq!(world.call("/orders", &key.secret).await?.status, 200);
    }
    let ask = json!({ "secret": key.secret, "method": "GET", "path": "/orders" });
    let foretold = world.admin.post("/explain", &ask).await?;
    ensure!(foretold.status == 200, "POST /explain answered {} {}", foretold.status, foretold.body);
    assert_eq!((&foretold.json["reason"], &foretold.json["counted"]), (&json!("rate_limited"), &json!(true)));
    assert!(!foretold.body.contains(&key.secret));
    assert_eq!(event(&foretold.json, "assignment").context("who assigned it")?["actor"], "bootstrap-admin");

    let refused = world.call("/orders", &key.secret).await?;
    assert_eq!(refused.status, 429);
    let id = refused.json["decision_id"].as_str().context("a refusal names its decision")?.to_owned();
    let decision = until("the decision to be kept", SOON, async || {
        let answer = world.admin.get(&format!("/decisions/{id}")).await?;
        Ok((answer.status == 200).then_some(answer.json))
    })
    .await?;
    assert_eq!((&decision["reason"], &decision["client_id"]), (&json!("rate_limited"), &json!(client)));
    assert_eq!(
        (&decision["limits"][0]["name"], &decision["limits"][0]["remaining"]),
        (&json!("hourly"), &json!(0))
    );
    assert_eq!(event(&decision, "policy").context("who set it")?["event_type"], "rate_limit_policy.defined");
    let listed = world.admin.get("/decisions?reason=rate_limited").await?.json;
    assert_eq!(listed["items"][0]["id"], json!(id));

    let reset = json!({
        "client_id": client, "policy_id": policy, "limit": "hourly", "reason": "Their retries ran wild",
    });
    world.command("/usage/reset", &reset).await?;
    let usage = world.admin.get(&format!("/usage/current?client_id={client}&environment=prod")).await?.json;
    assert_eq!((&usage["items"][0]["used"], &usage["items"][0]["limit"]), (&json!(0), &json!(2)));
    let reset = event(&usage, "reset").context("who gave it back")?;
    assert_eq!(
        (&reset["actor"], &reset["reason"]),
        (&json!("bootstrap-admin"), &json!("Their retries ran wild"))
    );
    assert_eq!(world.call("/orders", &key.secret).await?.status, 200);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_gateways_use_of_a_quota_is_one_number_and_is_given_back_once() -> Result<()> {
    let cluster = Cluster::start().await?.with_each(2).await?;
    let (secret, position) = governed(&cluster, 20).await?;
    let gateways = [cluster.instance("gateway-1")?, cluster.instance("gateway-2")?];
    for gateway in gateways {
        applied(gateway, position).await?;
    }
    let use_up = async || {
        let mut allowed = 0_u64;
        for call in 0..60_usize {
            let outcome = judge(gateways[call % 2], &secret).await?["outcome"].clone();
            allowed += u64::from(outcome == "allowed");
        }
        anyhow::Ok(allowed)
    };
    assert_eq!(use_up().await?, 20);
    let admin = cluster.admin("api-2")?;
    let client = admin.get("/clients").await?.json["items"][0]["id"].as_str().context("a client")?.to_owned();
    let current = async || {
        let usage = admin.get(&format!("/usage/current?client_id={client}&environment=prod")).await?;
        ensure!(usage.status == 200, "{} {}", usage.status, usage.body);
        Ok(usage.json["items"][0].clone())
    };
    let used = until("both gateways to say what is used", SOON, async || {
        let day = current().await?;
        let both = day["shares"].as_array().is_some_and(|shares| shares.len() == 2);
        Ok((both && day["used"] == 20).then_some(day))
    })
    .await?;
    assert_eq!((&used["remaining"], &used["shared"]), (&json!(0), &json!(true)));
    let reset = json!({
        "client_id": client, "policy_id": used["policy_id"], "limit": "day", "reason": "Billed anew",
    });
    let done = command(&cluster, "api-1", "/usage/reset", &reset).await?;
    let position = done.header("tollgate-position").context("a write says its position")?.parse()?;
    for gateway in gateways {
        applied(gateway, position).await?;
    }
    assert_eq!(current().await?["used"], 0);
    assert_eq!(use_up().await?, 20, "given back once, though both gateways have applied it");
    Ok(())
}
