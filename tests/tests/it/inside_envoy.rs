//! The gateway inside a real Envoy, where it differs from a door one hop away: what it begins with, what it keeps, and what it
//! does while everything else is down.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tollgate_tests::{
    Cluster, DoorKind, EnvoyProxy, GATEWAY_TOKEN, LISTENER_APART, ModuleNode, Port, Product, Upstream, World,
    until,
};

const SOON: Duration = Duration::from_secs(30);

fn quota(requests: u64) -> Value {
    let quotas = json!([{ "name": "yearly", "requests": requests, "period": "year" }]);
    json!({ "name": "limits", "rates": [], "quotas": quotas })
}

/// A node that finds nothing: no control plane, and no snapshot.
fn alone(secrets: &std::path::Path) -> Result<(ModuleNode, Port)> {
    let mut away = Port::reserve()?;
    away.release();
    let node = ModuleNode {
        name: "edge-1".to_owned(),
        control_plane: format!("http://{}", away.address()),
        token: GATEWAY_TOKEN.to_owned(),
        secrets: secrets.to_owned(),
        nats_url: None,
    };
    Ok((node, away))
}

#[tokio::test]
async fn before_anything_is_known_calls_are_refused_or_pass_without_an_identity() -> Result<()> {
    let world = World::start().await?;
    let (node, _away) = alone(world.product.data_dir())?;
    let upstream = Upstream::start().await?;
    let quick = ("start_wait_ms: 2000", "start_wait_ms: 0");
    let headers =
        [("x-api-key", "anything"), ("authorization", "Bearer anything"), ("x-tollgate-scopes", "forged")];

    let refusing = EnvoyProxy::start_with_module(&node, upstream.port(), &[quick]).await?;
    let answer = refusing.call("GET", "/orders", &headers).await?;
    assert_eq!((answer.status, &answer.json["code"]), (503, &json!("unavailable")));
    assert_eq!(answer.header("retry-after").as_deref(), Some("1"));
    assert_eq!(answer.header("content-type").as_deref(), Some("application/problem+json"));
    assert_eq!(refusing.call("GET", "/healthz", &[]).await?.status, 200, "the filter is disabled there");
    assert!(upstream.take_requests().iter().all(|call| call.path == "/healthz"));

    let pass = ("before_ready: refuse", "before_ready: pass");
    let passing = EnvoyProxy::start_with_module(&node, upstream.port(), &[quick, pass]).await?;
    assert_eq!(passing.call("GET", "/orders", &headers).await?.status, 200);
    let received = upstream.take_requests().pop().context("the call passed")?;
    assert!(!received.mentions("anything") && !received.mentions("forged"), "{received:?}");
    let counted = passing.admin("/stats?filter=tollgate_not_ready").await?.body;
    assert_eq!(counted.trim(), "dynamicmodulescustom.tollgate_not_ready: 1");
    Ok(())
}

#[tokio::test]
async fn a_configuration_that_is_not_right_is_refused_by_envoy_and_named() -> Result<()> {
    let world = World::start().await?;
    let (node, _away) = alone(world.product.data_dir())?;
    for (wrong, named) in [
        (("on_stale: serve", "on_stale: perhaps"), "node.on_stale"),
        (("stale_after_seconds: 60", "stale_after_seconds: 0"), "stale_after_seconds"),
        (("token_env: TOLLGATE_GATEWAY_TOKEN", "token_env: TOLLGATE_NO_SUCH"), "TOLLGATE_NO_SUCH"),
        (("before_ready: refuse", "before_redy: refuse"), "before_redy"),
    ] {
        let refused = EnvoyProxy::start_with_module(&node, 9, &[wrong]).await;
        let failure = format!("{:#}", refused.err().context("Envoy should have refused it")?);
        assert!(failure.contains(named), "{named}: {failure}");
    }
    Ok(())
}

#[tokio::test]
async fn a_panic_refuses_the_call_that_it_happened_in_and_no_other() -> Result<()> {
    let told = ("before_ready: refuse", "before_ready: refuse\n                  panic_at: /orders?panic");
    let world = World::start_inside(&[told]).await?;
    let client = world.client("Acme", &[]).await?;
    world.route("/orders", &[]).await?;
    let key = world.key(&client, &json!({})).await?;
    for _ in 0..3 {
        let refused = world.call("/orders?panic", &key.secret).await?;
        assert_eq!((refused.status, &refused.json["code"]), (500, &json!("internal")), "{}", refused.body);
        assert_eq!(world.call("/orders", &key.secret).await?.status, 200);
    }
    let passed = world.upstream.take_requests();
    assert!(passed.iter().all(|call| call.path == "/orders"), "{passed:?}");
    let counted = world.envoy.admin("/stats?filter=tollgate_panicked").await?.body;
    assert_eq!(counted.trim(), "dynamicmodulescustom.tollgate_panicked: 3");
    Ok(())
}

#[tokio::test]
async fn counters_are_kept_over_a_restart_of_envoy() -> Result<()> {
    let mut world = World::start_at(DoorKind::Module).await?;
    let client = world.client("Acme", &[]).await?;
    world.route("/orders", &[]).await?;
    let key = world.key(&client, &json!({})).await?;
    world.policy(&quota(2), &json!({ "client_id": client })).await?;
    for _ in 0..2 {
        assert_eq!(world.call("/orders", &key.secret).await?.status, 200);
    }
    assert_eq!(world.call("/orders", &key.secret).await?.status, 429);
    ensure!(world.envoy.terminate().await?.success(), "{}", world.envoy.process().last_words());
    world.envoy.restart().await?;
    let refused = world.call("/orders", &key.secret).await?;
    assert_eq!((refused.status, &refused.json["code"]), (429, &json!("quota_exceeded")));
    Ok(())
}

#[tokio::test]
async fn counters_are_kept_over_an_update_of_the_listener() -> Result<()> {
    let world = World::start_inside(&[LISTENER_APART]).await?;
    let client = world.client("Acme", &[]).await?;
    world.route("/orders", &[]).await?;
    let key = world.key(&client, &json!({})).await?;
    world.policy(&quota(3), &json!({ "client_id": client })).await?;
    assert_eq!(world.call("/orders", &key.secret).await?.status, 200);
    world.envoy.update_listener(("stat_prefix: ingress", "stat_prefix: updated")).await?;
    for (left, status) in [("1", 200), ("0", 200), ("0", 429)] {
        let answer = world.call("/orders", &key.secret).await?;
        assert_eq!((answer.status, answer.header("x-ratelimit-remaining").as_deref()), (status, Some(left)));
    }
    Ok(())
}

#[tokio::test]
async fn the_filter_goes_on_while_all_else_is_down_and_tells_usage_afterwards() -> Result<()> {
    let mut world = World::start_at(DoorKind::Module).await?;
    let client = world.client("Acme", &[]).await?;
    world.route("/orders", &[]).await?;
    let key = world.key(&client, &json!({})).await?;
    assert_eq!(world.call("/orders", &key.secret).await?.status, 200);

    world.product.kill_9()?;
    for _ in 0..3 {
        assert_eq!(world.call("/orders", &key.secret).await?.status, 200);
    }
    assert_eq!(world.call("/orders", "rubbish").await?.status, 401);
    // Envoy too: it begins with its own snapshot, at once.
    ensure!(world.envoy.terminate().await?.success(), "{}", world.envoy.process().last_words());
    world.envoy.restart().await?;
    assert_eq!(world.call("/orders", &key.secret).await?.status, 200);

    world.product.restart().await?;
    let revoke = format!("/keys/{}/revoke", key.key_id);
    world.command(&revoke, &json!({ "reason": "leaked" })).await?;
    assert_eq!(world.call("/orders", &key.secret).await?.status, 401, "it follows again");
    reported(&world, &client, 2).await
}

/// What was counted between the last flush and Envoy's end went with it: nobody was there to take it. The call before and the
/// call after are there.
async fn reported(world: &World, client: &str, at_least: u64) -> Result<()> {
    let path = format!("/reports/usage?granularity=total&group_by=client&client_id={client}");
    until("the report to have the calls", SOON, async || {
        let total = world.admin.get(&path).await?.json["items"][0]["total"].as_u64();
        Ok((total >= Some(at_least)).then_some(()))
    })
    .await
}

/// Waits until a write is in force inside Envoy, by what the control plane hears of its node.
async fn applied_inside(api: &Product, position: u64) -> Result<()> {
    let admin = api.admin()?;
    until("the filter to follow", SOON, async || {
        let nodes = admin.get("/gateway/nodes").await?.json;
        let mut nodes = nodes["items"].as_array().into_iter().flatten();
        let inside = nodes.find(|node| node["node"] == "edge-1").context("the filter was heard of")?;
        Ok((inside["position"].as_u64() >= Some(position)).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_quota_is_shared_by_the_filter_and_a_gateway_and_never_exceeded() -> Result<()> {
    let cluster = Cluster::start().await?.with_each(1).await?;
    let api = cluster.instance("api-1")?;
    let gateway = cluster.instance("gateway-1")?;
    let upstream = Upstream::start().await?;
    let outside = EnvoyProxy::start(gateway.gateway_port(), upstream.port()).await?;
    let node = ModuleNode {
        name: "edge-1".to_owned(),
        control_plane: api.url(""),
        token: GATEWAY_TOKEN.to_owned(),
        secrets: cluster.secrets().to_owned(),
        nats_url: Some(cluster.nats.url()),
    };
    let inside = EnvoyProxy::start_with_module(&node, upstream.port(), &[]).await?;

    let admin = api.admin()?;
    let client = json!({
        "name": "Acme", "kind": "partner", "owner": { "team": "partners", "email": "partners@example.com" },
        "contacts": [], "environments": ["prod"], "scopes": [], "labels": {},
    });
    let client = admin.post("/clients", &client).await?.json["id"].as_str().unwrap_or_default().to_owned();
    let route = json!({ "name": "orders", "methods": ["GET"], "path": "/orders", "required_scopes": [] });
    ensure!(admin.post("/routes", &route).await?.status == 201);
    let policy =
        admin.post("/policies", &quota(40)).await?.json["id"].as_str().unwrap_or_default().to_owned();
    let assigned = json!({ "client_id": client });
    ensure!(admin.post(&format!("/policies/{policy}/assignments"), &assigned).await?.status == 201);
    let key = json!({ "name": "key", "environment": "prod" });
    let key = admin.post(&format!("/clients/{client}/keys?wait=applied"), &key).await?;
    let position: u64 = key.header("tollgate-position").context("a write says its position")?.parse()?;
    applied_inside(api, position).await?;
    let secret = key.json["secret"].as_str().context("the secret is shown once")?.to_owned();

    let mut allowed = 0;
    for number in 0..60 {
        let door = if number % 3 == 0 { &outside } else { &inside };
        let answer = door.call("GET", "/orders", &[("x-api-key", &secret)]).await?;
        match answer.status {
            200 => allowed += 1,
            429 => {}
            other => anyhow::bail!("{other}: {}", answer.body),
        }
    }
    assert_eq!(allowed, 40, "each call of the quota once, whoever judged");
    Ok(())
}
