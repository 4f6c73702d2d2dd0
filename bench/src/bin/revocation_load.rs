//! How soon a revocation is in force: from the answer to the command until a node first refuses the key, on each node, the
//! slowest node counting. Once on the embedded engine, once on Postgres and NATS with two gateway nodes.
//!
//! Every node is asked without a pause, by one caller each, while the key is revoked. The same again with `?wait=applied`: how
//! long the answer takes, and whether any node lets a call through that begins after it.
#![expect(clippy::print_stdout, reason = "a benchmark tells its numbers")]
#![expect(clippy::indexing_slicing, reason = "a member of JSON that is missing is null")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use futures::future::try_join_all;
use reqwest::Client;
use serde_json::{Value, json};
use tollgate_tests::{Admin, Cluster, Launch, Role, TOKEN};

/// A node that refuses no sooner is lost.
const REFUSED_AT_MOST: Duration = Duration::from_secs(10);

/// The environment names the servers' programs: `eval "$(cargo xtask tools)"`.
#[derive(Parser)]
struct Flags {
    /// Keys that are revoked, in each of the two ways
    #[arg(long, default_value_t = 300)]
    keys: u32,
    /// Only this: embedded, cluster
    #[arg(long)]
    only: Option<String>,
}

/// An admin API and the verify doors of the nodes that follow it.
struct Installation {
    admin: Admin,
    doors: Vec<String>,
    http: Client,
    client: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    let flags = Flags::parse();
    let wanted = |what: &str| flags.only.as_deref().is_none_or(|only| only == what);
    if wanted("embedded") {
        let product = Launch::new(TOKEN)?.start().await?;
        measure("embedded", product.admin()?, &[product.gateway_port()], flags.keys).await?;
    }
    if wanted("cluster") {
        let mut cluster = Cluster::start().await?.with_each(1).await?;
        cluster.add(Role::Gateway, "gateway-2").await?;
        let door = |name| anyhow::Ok(cluster.instance(name)?.gateway_port());
        let doors = [door("gateway-1")?, door("gateway-2")?];
        measure("cluster", cluster.admin("api-1")?, &doors, flags.keys).await?;
    }
    Ok(())
}

async fn measure(what: &str, admin: Admin, doors: &[u16], keys: u32) -> Result<()> {
    let installation = Installation::prepare(admin, doors).await?;
    let (mut answered, mut commanded, mut waited) = (vec![], vec![], vec![]);
    for _ in 0..keys {
        let Refused { after_answer, after_command } = installation.until_refused().await?;
        answered.push(after_answer);
        commanded.push(after_command);
        waited.push(installation.until_applied().await?);
    }
    println!("{what}, {} node(s), {keys} keys each", doors.len());
    println!("  refused on every node after the answer: {}", figures(answered));
    println!("  the same after the command: {}", figures(commanded));
    println!("  answered with `wait=applied`, then refused: {}", figures(waited));
    Ok(())
}

/// How long the slowest node let calls through; no time where all refused before the answer was there.
struct Refused {
    after_answer: Duration,
    after_command: Duration,
}

/// Median, 99th percentile and the worst, in milliseconds.
fn figures(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |percent: usize| {
        let place = (times.len() * percent).div_ceil(100).saturating_sub(1);
        times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
    };
    format!("p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms", at(50), at(99), at(100))
}

impl Installation {
    async fn prepare(admin: Admin, doors: &[u16]) -> Result<Self> {
        let doors = doors.iter().map(|port| format!("http://127.0.0.1:{port}/v1/verify")).collect();
        let registration = json!({
            "name": "Bench", "kind": "internal", "owner": { "team": "bench", "email": "bench@example.com" },
            "contacts": [], "environments": ["prod"], "scopes": [], "labels": {},
        });
        let client = sent(&admin, "/clients", &registration).await?;
        let route = json!({ "name": "orders", "methods": ["GET"], "path": "/orders", "required_scopes": [] });
        sent(&admin, "/routes", &route).await?;
        let http = Client::builder().no_proxy().timeout(REFUSED_AT_MOST).build()?;
        let client = client["id"].as_str().context("a client has an id")?.to_owned();
        Ok(Self { admin, doors, http, client })
    }

    /// A new key that every node lets through: its path and its secret.
    async fn key(&self) -> Result<(String, Arc<str>)> {
        let path = format!("/clients/{}/keys?wait=applied", self.client);
        let issued = sent(&self.admin, &path, &json!({ "name": "key", "environment": "prod" })).await?;
        let secret: Arc<str> = issued["secret"].as_str().context("shown once")?.into();
        for door in &self.doors {
            ensure!(self.lets_through(door, &secret).await?, "an issued key is refused: {issued}");
        }
        Ok((format!("/keys/{}/revoke", issued["key"]["id"].as_str().context("a key has an id")?), secret))
    }

    async fn lets_through(&self, door: &str, secret: &str) -> Result<bool> {
        let call = json!({ "secret": secret, "method": "GET", "path": "/orders" });
        let judged: Value = self.http.post(door).json(&call).send().await?.json().await?;
        Ok(judged["outcome"] == "allowed")
    }

    async fn until_refused(&self) -> Result<Refused> {
        let (revoke, secret) = self.key().await?;
        let began = Instant::now();
        let revoking = async {
            sent(&self.admin, &revoke, &json!({ "reason": "bench" })).await?;
            Ok(Instant::now())
        };
        let asking = try_join_all(self.doors.iter().map(|door| self.first_refusal(door, &secret, began)));
        let (answered, refused) = tokio::try_join!(revoking, asking)?;
        let last = refused.into_iter().max().unwrap_or(answered);
        Ok(Refused {
            after_answer: last.saturating_duration_since(answered),
            after_command: last.saturating_duration_since(began),
        })
    }

    async fn first_refusal(&self, door: &str, secret: &str, began: Instant) -> Result<Instant> {
        while self.lets_through(door, secret).await? {
            ensure!(began.elapsed() < REFUSED_AT_MOST, "{door} does not refuse");
        }
        Ok(Instant::now())
    }

    /// From the command to its answer, after which no node may let a call through.
    async fn until_applied(&self) -> Result<Duration> {
        let (revoke, secret) = self.key().await?;
        let began = Instant::now();
        let revoked =
            sent(&self.admin, &format!("{revoke}?wait=applied"), &json!({ "reason": "bench" })).await?;
        let took = began.elapsed();
        ensure!(revoked["receipt"]["applied"] == true, "not applied: {revoked}");
        for door in &self.doors {
            ensure!(
                !self.lets_through(door, &secret).await?,
                "{door} lets through what is applied: {revoked}"
            );
        }
        Ok(took)
    }
}

async fn sent(admin: &Admin, path: &str, body: &Value) -> Result<Value> {
    let answer = admin.post(path, body).await?;
    ensure!((200..300).contains(&answer.status), "POST {path} answered {} {}", answer.status, answer.body);
    Ok(answer.json)
}
