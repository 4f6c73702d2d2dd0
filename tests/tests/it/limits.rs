//! How fast and how much: what a throttled caller sees through Envoy, and what the report says of it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tollgate_tests::{DoorKind, World, at_both_doors, now, until};

at_both_doors! {
    one_client_can_be_given_a_lower_limit_than_everyone,
    the_report_says_what_the_gate_said_to_the_unit,
    a_call_costs_what_the_header_says_that_its_route_names,
}

fn policy(rates: &Value, quotas: &Value) -> Value {
    json!({ "name": "limits", "rates": rates, "quotas": quotas })
}

#[tokio::test]
async fn over_the_rate_is_429_with_the_limit_that_refused() -> Result<()> {
    let world = World::start_with_clock().await?;
    let client = world.client("Acme", &[]).await?;
    world.route("/orders", &[]).await?;
    let key = world.key(&client, &json!({})).await?;
    // One token an hour: no machine is so slow that one comes back in between.
    let rates = json!([{ "name": "hourly", "requests": 1, "per_seconds": 3600, "burst": 3 }]);
    world.policy(&policy(&rates, &json!([])), &json!({ "client_id": client })).await?;

    for left in ["2", "1", "0"] {
        let answer = world.call("/orders", &key.secret).await?;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-ratelimit-remaining").as_deref(), Some(left));
        assert_eq!(answer.header("ratelimit-policy").as_deref(), Some("\"hourly\";q=1;w=3600"));
    }
    let refused = world.call("/orders", &key.secret).await?;
    assert_eq!((refused.status, &refused.json["code"]), (429, &json!("rate_limited")));
    let retry_after: u64 = refused.header("retry-after").context("says when to come back")?.parse()?;
    assert!((1..=3600).contains(&retry_after), "{retry_after}");
    let fields = refused.header("ratelimit").context("names the limit")?;
    assert!(fields.starts_with("\"hourly\";r=0;t="), "{fields}");
    assert_eq!(world.upstream.requests().len(), 3);

    world.product.set_clock_offset_seconds(3_600)?;
    assert_eq!(world.call("/orders", &key.secret).await?.status, 200, "a token has come back");
    Ok(())
}

#[tokio::test]
async fn over_the_quota_is_429_until_the_window_turns_and_survives_a_restart() -> Result<()> {
    let mut world = World::start_with_clock().await?;
    let client = world.client("Acme", &[]).await?;
    world.route("/orders", &[]).await?;
    let key = world.key(&client, &json!({})).await?;
    let quotas = json!([{ "name": "yearly", "requests": 2, "period": "year", "time_zone": "Europe/Berlin" }]);
    world.policy(&policy(&json!([]), &quotas), &json!({ "client_id": client })).await?;

    for _ in 0..2 {
        assert_eq!(world.call("/orders", &key.secret).await?.status, 200);
    }
    let refused = world.call("/orders", &key.secret).await?;
    assert_eq!((refused.status, &refused.json["code"]), (429, &json!("quota_exceeded")));

    // A clean stop keeps the counters.
    world.product.terminate().await?;
    world.product.restart().await?;
    assert_eq!(world.call("/orders", &key.secret).await?.status, 429);

    let today = now().to_zoned(jiff::tz::TimeZone::get("Europe/Berlin")?);
    let turn = jiff::civil::date(today.year() + 1, 1, 1).in_tz("Europe/Berlin")?;
    let until_turn = turn.timestamp().as_second() - today.timestamp().as_second();
    world.product.set_clock_offset_seconds(until_turn - 600)?;
    assert_eq!(world.call("/orders", &key.secret).await?.status, 429, "still the old year in Berlin");
    world.product.set_clock_offset_seconds(until_turn + 600)?;
    assert_eq!(world.call("/orders", &key.secret).await?.status, 200, "a new year");
    Ok(())
}

async fn one_client_can_be_given_a_lower_limit_than_everyone(door: DoorKind) -> Result<()> {
    let world = World::start_at(door).await?;
    world.route("/orders", &[]).await?;
    let rate = |burst: u64| json!([{ "name": "r", "requests": 1, "per_seconds": 3600, "burst": burst }]);
    world.policy(&policy(&rate(100), &json!([])), &json!({})).await?;
    let low = world.client("Low", &[]).await?;
    let usual = world.client("Usual", &[]).await?;
    world.policy(&policy(&rate(1), &json!([])), &json!({ "client_id": low })).await?;
    let (low, usual) = (world.key(&low, &json!({})).await?, world.key(&usual, &json!({})).await?);

    assert_eq!(world.call("/orders", &low.secret).await?.status, 200);
    assert_eq!(world.call("/orders", &low.secret).await?.status, 429);
    for _ in 0..5 {
        assert_eq!(world.call("/orders", &usual.secret).await?.status, 200);
    }
    Ok(())
}

async fn the_report_says_what_the_gate_said_to_the_unit(door: DoorKind) -> Result<()> {
    let world = World::start_at(door).await?;
    let client = world.client("Acme", &["a"]).await?;
    world.route("/orders", &[]).await?;
    world.route("/admin", &["admin"]).await?;
    let key = world.key(&client, &json!({})).await?;
    let rates = json!([{ "name": "r", "requests": 1, "per_seconds": 86400, "burst": 4 }]);
    world.policy(&policy(&rates, &json!([])), &json!({ "client_id": client })).await?;
    for (path, calls) in [("/orders", 7), ("/admin", 2), ("/nowhere", 1)] {
        for _ in 0..calls {
            world.call(path, &key.secret).await?;
        }
    }
    let report = until("the report to have every call", Duration::from_secs(10), async || {
        let answer = world
            .admin
            .get(&format!("/reports/usage?granularity=total&group_by=client&client_id={client}"))
            .await?;
        let total = answer.json["items"][0]["total"].as_u64();
        Ok((total == Some(10)).then_some(answer))
    })
    .await?;
    let row = &report.json["items"][0];
    assert_eq!(
        [
            &row["allowed"],
            &row["rate_limited"],
            &row["quota_exceeded"],
            &row["unauthenticated"],
            &row["forbidden"]
        ],
        [4, 3, 0, 0, 3],
        "{row}"
    );

    let csv = world
        .admin
        .with("accept", "text/csv")?
        .get(&format!("/reports/usage?granularity=total&group_by=client&client_id={client}"))
        .await?;
    let mut lines = csv.body.lines();
    let header = lines.next().unwrap_or_default();
    assert!(header.starts_with("window_start,window_end,client_id"), "{header}");
    assert!(header.contains("allowed,rate_limited,quota_exceeded,unauthenticated,forbidden"), "{header}");
    assert!(lines.next().unwrap_or_default().contains(",4,3,0,0,3"), "{}", csv.body);

    let used = world.admin.get(&format!("/keys/{}", key.key_id)).await?.json;
    assert!(used["last_used_at"].is_string(), "{used}");
    Ok(())
}

async fn a_call_costs_what_the_header_says_that_its_route_names(door: DoorKind) -> Result<()> {
    let world = World::start_with_cost_header(door, "x-call-cost").await?;
    let client = world.client("Acme", &[]).await?;
    let route = json!({
        "name": "search", "methods": ["GET"], "path": "/search", "cost": 2,
        "cost_from_header": { "name": "x-call-cost", "max": 50 },
    });
    world.command("/routes", &route).await?;
    let key = world.key(&client, &json!({})).await?;
    let quotas = json!([{ "name": "yearly", "requests": 100, "period": "year" }]);
    world.policy(&policy(&json!([]), &quotas), &json!({ "client_id": client })).await?;

    for (cost, left) in [(Some("7"), "93"), (None, "91"), (Some("a lot"), "41"), (Some("41"), "0")] {
        let mut headers = vec![("x-api-key", key.secret.as_str())];
        headers.extend(cost.map(|cost| ("x-call-cost", cost)));
        let answer = world.envoy.call("GET", "/search", &headers).await?;
        assert_eq!(answer.status, 200, "{cost:?}: {}", answer.body);
        assert_eq!(answer.header("x-ratelimit-remaining").as_deref(), Some(left), "{cost:?}");
    }
    let refused = world.envoy.call("GET", "/search", &[("x-api-key", &key.secret)]).await?;
    assert_eq!((refused.status, &refused.json["code"]), (429, &json!("quota_exceeded")));
    Ok(())
}
