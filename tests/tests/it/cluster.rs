//! Roles in processes of their own: together they answer like one server, and none is needed for calls to go on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tollgate_tests::{Answer, Cluster, EnvoyProxy, Product, Role, Upstream, Wire, until};

const SOON: Duration = Duration::from_secs(20);

/// A command at one of the api instances.
pub(crate) async fn command(cluster: &Cluster, api: &str, path: &str, body: &Value) -> Result<Answer> {
    let answer = cluster.admin(api)?.post(path, body).await?;
    ensure!((200..300).contains(&answer.status), "POST {path} answered {} {}", answer.status, answer.body);
    Ok(answer)
}

pub(crate) fn registration(name: &str) -> Value {
    json!({
        "name": name, "kind": "partner", "owner": { "team": "t", "email": "t@example.com" },
        "contacts": [], "environments": ["prod"], "scopes": ["orders:read"], "labels": {},
    })
}

/// A call as a gateway's verify door judges it.
pub(crate) async fn judge(gateway: &Product, secret: &str) -> Result<Value> {
    let url = format!("http://127.0.0.1:{}/v1/verify", gateway.gateway_port());
    let call = json!({ "secret": secret, "method": "GET", "path": "/orders/7" });
    Ok(tollgate_tests::post(&url, &call).await?.json)
}

/// How far a gateway is: a malformed secret consumes nothing, and the answer names the position it was judged at.
pub(crate) async fn position_of(gateway: &Product) -> Result<u64> {
    judge(gateway, "nonsense").await?["position"].as_u64().context("verify names a position")
}

pub(crate) async fn applied(gateway: &Product, position: u64) -> Result<()> {
    until("the gateway to follow", SOON, async || Ok((position_of(gateway).await? >= position).then_some(())))
        .await
}

/// A client with a key, a route, and a daily quota; answers the secret and the position of the last event.
pub(crate) async fn governed(cluster: &Cluster, quota: u64) -> Result<(String, u64)> {
    let client = command(cluster, "api-1", "/clients", &registration("Acme")).await?.json;
    let client = client["id"].as_str().context("a client has an id")?.to_owned();
    let key = json!({ "name": "key", "environment": "prod" });
    let key = command(cluster, "api-1", &format!("/clients/{client}/keys"), &key).await?.json;
    let route =
        json!({ "name": "orders", "methods": ["GET"], "path": "/orders/{id}", "required_scopes": [] });
    command(cluster, "api-1", "/routes", &route).await?;
    let policy = json!({
        "name": "daily", "rates": [], "counting": "client", "mode": "enforce", "thresholds": [80, 100],
        "quotas": [{ "name": "day", "requests": quota, "period": "day", "window": "calendar", "time_zone": "UTC" }],
    });
    let policy = command(cluster, "api-1", "/policies", &policy).await?.json;
    let policy = policy["id"].as_str().context("a policy has an id")?.to_owned();
    let assigned = json!({ "client_id": client });
    let last = command(cluster, "api-1", &format!("/policies/{policy}/assignments"), &assigned).await?;
    let position = last.header("tollgate-position").context("a write says its position")?.parse()?;
    Ok((key["secret"].as_str().context("shown once")?.to_owned(), position))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_of_each_answer_like_one_server() -> Result<()> {
    let cluster = Cluster::start().await?.with_each(2).await?;
    let (secret, position) = governed(&cluster, 300).await?;
    let seen = cluster.admin("api-2")?.get("/clients").await?.json;
    assert_eq!(seen["items"][0]["name"], "Acme", "a write at one instance is read at another");
    for gateway in ["gateway-1", "gateway-2"] {
        applied(cluster.instance(gateway)?, position).await?;
    }
    let (mut allowed, mut refused) = (0_u64, 0_u64);
    for call in 0..400 {
        let gateway = cluster.instance(if call % 2 == 0 { "gateway-1" } else { "gateway-2" })?;
        match judge(gateway, &secret).await?["outcome"].as_str() {
            Some("allowed") => {
                ensure!(refused == 0, "allowed again after the quota was used up");
                allowed += 1;
            }
            Some("quota_exceeded") => refused += 1,
            other => anyhow::bail!("judged {other:?}"),
        }
    }
    assert_eq!((allowed, refused), (300, 100), "one quota for both gateways");
    let report = until("every call to be reported", SOON, async || {
        let report = cluster.admin("api-2")?.get("/reports/usage?group_by=client").await?.json;
        let total = |row: &Value| row["total"].as_u64().unwrap_or_default();
        let rows = report["items"].as_array().context("a report has items")?.clone();
        let clients: Vec<Value> = rows.into_iter().filter(|row| !row["client_id"].is_null()).collect();
        Ok((clients.iter().map(total).sum::<u64>() >= 400).then_some(clients))
    })
    .await?;
    let sum = |what: &str| report.iter().filter_map(|row| row[what].as_u64()).sum::<u64>();
    assert_eq!((sum("allowed"), sum("quota_exceeded"), sum("total")), (300, 100, 400));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_goes_on_without_the_rest_and_begins_with_its_own_file() -> Result<()> {
    let mut cluster = Cluster::start().await?.with_each(1).await?;
    let (secret, position) = governed(&cluster, 1_000_000).await?;
    applied(cluster.instance("gateway-1")?, position).await?;
    assert_eq!(judge(cluster.instance("gateway-1")?, &secret).await?["outcome"], "allowed");
    // Its last snapshot is written when it stops.
    cluster.instance_mut("gateway-1")?.terminate().await?;
    for name in ["api-1", "sequencer-1", "projections-1"] {
        cluster.instance_mut(name)?.kill_9()?;
    }
    cluster.nats.kill_9()?;
    cluster.postgres.kill_9()?;
    cluster.instance_mut("gateway-1")?.restart().await?;
    let gateway = cluster.instance("gateway-1")?;
    assert_eq!(position_of(gateway).await?, position);
    // The quota's pool is away and nothing is known of it: what may not be granted twice is not granted.
    let judged = judge(gateway, &secret).await?;
    assert_eq!(
        (judged["outcome"].as_str(), judged["key_id"].is_null()),
        (Some("quota_exceeded"), false),
        "{judged}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_is_cut_off_says_so_and_catches_up_when_the_wire_is_healed() -> Result<()> {
    let mut cluster = Cluster::start().await?.with_each(1).await?;
    let wire = Wire::to(cluster.nats.port())?;
    // Without a control plane: the bus is all it has.
    let launch = cluster
        .launch(Role::Gateway, "gateway-2")?
        .env("TOLLGATE_NATS_URL", format!("nats://127.0.0.1:{}", wire.port()))
        .env("TOLLGATE_CONTROL_PLANE", "http://127.0.0.1:1")
        .env("TOLLGATE_STALE_AFTER_SECONDS", "2");
    cluster.add_launched("gateway-2", launch).await?;
    wire.cut();
    let (_, position) = governed(&cluster, 10).await?;
    applied(cluster.instance("gateway-1")?, position).await?;
    let gateway = cluster.instance("gateway-2")?;
    until("the gateway to say that it is stale", SOON, async || {
        let ready = gateway.get("/readyz").await?;
        ensure!(ready.status == 200, "it serves what it knows");
        Ok(ready.body.contains("stale").then_some(()))
    })
    .await?;
    assert!(position_of(gateway).await? < position);
    wire.heal();
    applied(gateway, position).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_start_only_on_what_fits() -> Result<()> {
    let cluster = Cluster::start().await?;
    let at_most = Duration::from_secs(20);
    let none = cluster.launch(Role::Api, "api-1")?.env("TOLLGATE_SECRETS_DIR", "/nonexistent");
    let refused = none.refuses_to_start(at_most).await?;
    assert!(refused.stderr.contains("tollgate secrets init"), "{}", refused.stderr);
    cluster.sql("insert into tollgate._sqlx_migrations (version, description, success, checksum, execution_time) values (9999, 'future', true, '', 0)")?;
    let refused = cluster.launch(Role::Api, "api-1")?.refuses_to_start(at_most).await?;
    assert!(refused.stderr.contains("newer Tollgate"), "{}", refused.stderr);
    cluster.sql("delete from tollgate._sqlx_migrations")?;
    let refused = cluster.launch(Role::Api, "api-1")?.refuses_to_start(at_most).await?;
    assert!(refused.stderr.contains("tollgate migrate"), "{}", refused.stderr);
    Ok(())
}

/// How often Envoy has asked each of the doors. Of a door that is back Envoy says that it is well up to a second before its
/// workers ask it again.
async fn checks(envoy: &EnvoyProxy) -> Result<Vec<u64>> {
    let doors = envoy.admin("/clusters").await?.body;
    let of_door = |line: &str| line.strip_prefix("tollgate::")?.split_once("::rq_total::")?.1.parse().ok();
    Ok(doors.lines().filter_map(of_door).collect())
}

/// What Envoy has logged of a call that was not let through.
fn refused_line(envoy: &EnvoyProxy) -> Result<Option<String>> {
    let log = envoy.process().stdout()?;
    let mut lines =
        log.lines().filter(|line| line.contains("\"status\":") && !line.contains("\"status\":200"));
    Ok(lines.next().map(str::to_owned))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_of_everything_refuses_no_call() -> Result<()> {
    let mut cluster = Cluster::start().await?.with_each(2).await?;
    let (secret, position) = governed(&cluster, 1_000_000).await?;
    let upstream = Upstream::start().await?;
    let mut doors = [0; 2];
    for (door, name) in doors.iter_mut().zip(["gateway-1", "gateway-2"]) {
        applied(cluster.instance(name)?, position).await?;
        *door = cluster.instance(name)?.gateway_port();
    }
    let envoy = Arc::new(EnvoyProxy::start_before(doors, upstream.port()).await?);
    let (on, calls) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(0)));
    let mut callers = JoinSet::new();
    for _ in 0..3 {
        let (envoy, secret, on, calls) =
            (Arc::clone(&envoy), secret.clone(), Arc::clone(&on), Arc::clone(&calls));
        callers.spawn(async move {
            while on.load(Ordering::Relaxed) {
                let answer = envoy.call("GET", "/orders/7", &[("x-api-key", &secret)]).await?;
                ensure!(answer.status == 200, "a call was answered {} {}", answer.status, answer.body);
                calls.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
    }
    for name in cluster.names() {
        let goal = calls.load(Ordering::Relaxed) + 30;
        let going_on = until("calls to go on", SOON, async || {
            // One that has ended has failed.
            if let Some(ended) = callers.try_join_next() {
                return Ok(Some(ended.map_err(anyhow::Error::from).flatten()));
            }
            Ok((calls.load(Ordering::Relaxed) >= goal).then_some(Ok(())))
        })
        .await
        .flatten();
        if let Err(failure) = going_on {
            let line = until("Envoy to tell why", SOON, async || refused_line(&envoy)).await?;
            return Err(failure.context(format!("before {name} is restarted: {line}")));
        }
        // As an orchestrator does it: the next one goes when the one before is back in service.
        let asked = checks(&envoy).await?;
        until("Envoy to ask both doors", SOON, async || {
            let now = checks(&envoy).await?;
            Ok((now.iter().zip(&asked).filter(|(now, before)| now > before).count() == 2).then_some(()))
        })
        .await?;
        let instance = cluster.instance_mut(&name)?;
        let status = instance.terminate().await?;
        ensure!(status.success(), "{name} ended with {status}");
        instance.restart().await?;
    }
    on.store(false, Ordering::Relaxed);
    while let Some(called) = callers.join_next().await {
        called??;
    }
    assert!(calls.load(Ordering::Relaxed) >= 240);
    Ok(())
}

/// An event that no program of this version can read, as a newer one would write it.
fn from_the_future(cluster: &Cluster) -> Result<u64> {
    cluster.sql(
        "with appended as (
             insert into tollgate.events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, event_id)
             select aggregate_type, aggregate_id, sequence + 1, 'api_client.renamed', '99', '{\"event\":\"renamed\"}', metadata,
                    'evt_01m82pswntqmh8nxk1778dx31m'
               from tollgate.events where event_type = 'api_client.registered' limit 1
             returning event_no)
         insert into tollgate.events_pending select event_no, sha256('a newer leaf') from appended",
    )?;
    Ok(cluster.sql("select count(*) from tollgate.events")?.parse()?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_cannot_be_read_stops_its_read_models_until_an_operator_leaves_it_out() -> Result<()> {
    let cluster = Cluster::start().await?.with_each(1).await?;
    command(&cluster, "api-1", "/clients", &registration("Acme")).await?;
    let position = from_the_future(&cluster)?;
    let halted =
        "select string_agg(name, ' ' order by name) from tollgate_read.checkpoints where halted is not null";
    until("the two that need it to stop", SOON, async || {
        Ok((cluster.sql(halted)? == "audit_log client_directory").then_some(()))
    })
    .await?;
    let projections = cluster.instance("projections-1")?;
    assert_eq!(projections.get("/readyz").await?.status, 503, "whoever moves them says so");
    assert_eq!(cluster.instance("api-1")?.get("/readyz").await?.status, 200);
    let written = cluster.admin("api-1")?.post("/clients", &registration("Late")).await?;
    assert_eq!(written.status, 202, "commands are taken, and shown later: {}", written.body);
    for name in ["audit_log", "client_directory"] {
        let left_out = projections
            .cli(&[
                "projections",
                "skip",
                name,
                &position.to_string(),
                "--reason",
                "written by a newer release",
                "--operator",
                "on-call",
                "--database-url",
                &cluster.database_url(),
            ])
            .await?;
        ensure!(left_out.status.success(), "{}", left_out.stderr);
    }
    until("the read models to go on", SOON, async || {
        Ok((cluster.sql(halted)?.is_empty() && projections.get("/readyz").await?.status == 200).then_some(()))
    })
    .await?;
    let audit = cluster.admin("api-1")?.get("/audit?limit=2").await?.json;
    assert_eq!(audit["items"][0]["action"], "projection.event_skipped");
    assert_eq!(audit["items"][0]["actor"]["id"], "operator:on-call");
    Ok(())
}
