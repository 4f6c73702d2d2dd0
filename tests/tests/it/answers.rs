//! What became of calls, as Envoy tells the door afterwards.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use domain::usage::{ResponseFact, UsageBatch};
use eventlog::usage::UsageLog;
use serde_json::json;
use tollgate_tests::{DoorKind, Port, Product, World, at_both_doors, until};

const SOON: Duration = Duration::from_secs(30);
/// Less than the ten seconds after which the doors break off what is still under way.
const STOPPED_WITHIN: Duration = Duration::from_secs(8);

/// Waits until the door has counted so many answers since it was started.
async fn told(product: &Product, answers: u64) -> Result<()> {
    let line = format!("tollgate_access_log_entries_total{{fate=\"counted\"}} {answers}");
    until("the answers to be told", SOON, async || {
        let metrics = product.get("/metrics").await?.body;
        let counted =
            metrics.lines().find(|line| line.contains("access_log") && line.contains("\"counted\""));
        ensure!(counted == Some(line.as_str()), "{counted:?} in the place of `{line}`");
        Ok(Some(()))
    })
    .await
}

/// Stops the product while Envoy's streams are open, and answers all that was flushed.
async fn flushed(product: &mut Product) -> Result<Vec<UsageBatch>> {
    let begun = Instant::now();
    ensure!(product.terminate().await?.success(), "{}", product.process().last_words());
    ensure!(begun.elapsed() < STOPPED_WITHIN, "stopping took {:?}", begun.elapsed());
    let usage = UsageLog::open_sqlite(&product.data_dir().join("usage.db")).await?;
    Ok(usage.read(0, 10_000).await?.into_iter().map(|arrived| arrived.batch).collect())
}

/// Calls and upstream errors by outcome and status.
fn sums(responses: &[ResponseFact]) -> BTreeMap<(&str, &str), (u64, u64)> {
    let mut sums = BTreeMap::new();
    for fact in responses {
        let sum: &mut (u64, u64) = sums.entry((fact.outcome.as_str(), fact.status.as_str())).or_default();
        *sum = (sum.0 + fact.calls, sum.1 + fact.upstream_errors);
    }
    sums
}

at_both_doors! {
    every_judged_call_is_counted_by_what_became_of_it,
}

#[expect(clippy::too_many_lines, reason = "one call after the other, each with what became of it")]
async fn every_judged_call_is_counted_by_what_became_of_it(door: DoorKind) -> Result<()> {
    let mut world = World::start_at(door).await?;
    let client = world.client("Acme", &[]).await?;
    let route = world.route("/orders", &[]).await?;
    let key = world.key(&client, &json!({})).await?;
    // Two Envoys are two nodes where the filter is inside, and each would grant the limit: whose upstream is away has none.
    let other = world.client("Other", &[]).await?;
    let others = world.key(&other, &json!({})).await?;
    let rates = json!([{ "name": "hourly", "requests": 1, "per_seconds": 3600, "burst": 3 }]);
    let policy = json!({ "name": "limits", "rates": rates, "quotas": [] });
    world.policy(&policy, &json!({ "client_id": client })).await?;
    let mut away = Port::reserve()?;
    away.release();
    let mut before_nothing = world.another_envoy(away.number()).await?;
    let secret = [("x-api-key", key.secret.as_str())];
    let mut body_bytes = 0;
    for (envoy, path, headers, status) in [
        (&world.envoy, "/orders", &secret[..], 200),
        (&world.envoy, "/orders?page=2", &secret, 200),
        (&world.envoy, "/orders?status=500", &secret, 500),
        (&before_nothing, "/orders", &[("x-api-key", others.secret.as_str())], 503),
        (&world.envoy, "/orders", &secret, 429),
        (&world.envoy, "/orders", &[], 401),
    ] {
        let answer = envoy.call("GET", path, headers).await?;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        body_bytes += u64::try_from(answer.body.len())?;
    }
    assert_eq!(world.envoy.call("GET", "/healthz", &[]).await?.status, 200, "not judged, hence not told of");
    match door {
        DoorKind::ExtAuthz => {
            told(&world.product, 6).await?;
            let dropped = world.envoy.admin("/stats?filter=grpc_access_log.logs_dropped").await?.body;
            assert_eq!(dropped.trim(), "access_logs.grpc_access_log.logs_dropped: 0");
        }
        // The filter hands on all that it has counted before Envoy ends.
        DoorKind::Module => {
            for envoy in [&mut world.envoy, &mut before_nothing] {
                ensure!(envoy.terminate().await?.success(), "{}", envoy.process().last_words());
            }
        }
    }

    let batches = flushed(&mut world.product).await?;
    let responses: Vec<_> = batches.iter().flat_map(|batch| batch.responses.clone()).collect();
    let expected = [
        (("allowed", "2xx"), (2, 0)),
        (("allowed", "5xx"), (2, 1)),
        (("rate_limited", "4xx"), (1, 0)),
        (("unauthenticated", "4xx"), (1, 0)),
    ];
    assert_eq!(sums(&responses), expected.into());
    for fact in &responses {
        let proven = fact.outcome.as_str() != "unauthenticated";
        let of_others = fact.client_id.is_some_and(|id| id.to_string() == other);
        let (client, key) = if of_others { (&other, &others) } else { (&client, &key) };
        let whose = proven.then(|| (client.clone(), key.key_id.clone(), route.clone()));
        let told = (fact.client_id.zip(fact.key_id).zip(fact.route_id))
            .map(|((client, key), route)| (client.to_string(), key.to_string(), route.to_string()));
        assert_eq!((told, fact.secret_version), (whose, proven.then_some(1)), "{fact:?}");
        assert_eq!(fact.environment.as_str(), "prod");
        assert_eq!(fact.durations.calls(), fact.calls);
        assert!(fact.duration_us > 0 && fact.duration_us < 60_000_000, "{fact:?}");
        assert!(fact.request_bytes > 0, "{fact:?}");
    }
    let response_bytes: u64 = responses.iter().map(|fact| fact.response_bytes).sum();
    assert!(
        (body_bytes..body_bytes + 6 * 2_000).contains(&response_bytes),
        "{response_bytes} of {body_bytes}"
    );
    let decided = batches.iter().flat_map(|batch| &batch.facts).filter(|fact| fact.client_id.is_some());
    let answered = responses.iter().filter(|fact| fact.client_id.is_some());
    let (decided, answered): (u64, u64) =
        (decided.map(|fact| fact.calls).sum(), answered.map(|fact| fact.calls).sum());
    assert_eq!(decided, answered, "an answer for each decision");
    Ok(())
}

#[tokio::test]
async fn envoy_tells_a_door_that_came_back() -> Result<()> {
    let mut world = World::start().await?;
    let client = world.client("Acme", &[]).await?;
    world.route("/orders", &[]).await?;
    let key = world.key(&client, &json!({})).await?;
    assert_eq!(world.call("/orders", &key.secret).await?.status, 200);
    told(&world.product, 1).await?;
    let first = flushed(&mut world.product).await?;
    assert_eq!(first.iter().flat_map(|batch| &batch.responses).map(|fact| fact.calls).sum::<u64>(), 1);

    world.product.restart().await?;
    let answer = until("the restarted door to judge", SOON, async || {
        let answer = world.call("/orders", &key.secret).await?;
        Ok((answer.status != 503).then_some(answer))
    });
    assert_eq!(answer.await?.status, 200);
    told(&world.product, 1).await.context("the first call after the restart")
}
