//! Commands through the whole REST path, and how soon they are visible everywhere: the binary itself, all roles in one
//! process, beside it nothing but the load.

use std::{
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use futures::future::try_join_all;
use reqwest::Client;
use serde_json::{Value, json};
use test_servers::{Port, Postgres, until};
use tollgate_bench::median;

use crate::{
    Flags, Installation,
    append::{ANCHOR, pgbench},
};

const TOKEN: &str = "a-token-for-benchmarks-only";
/// Of the visibility round.
const COMMANDS_PER_SECOND: u32 = 200;

struct Server {
    process: Child,
    http: String,
    gateway: String,
    client: Client,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

pub(crate) async fn measure(flags: &Flags) -> Result<()> {
    let postgres = Postgres::durable().await?;
    let installation = Installation::on(&postgres).await?;
    postgres.sql(&installation.database.name, ANCHOR)?;
    // The server gives the positions itself.
    installation.stop.cancel();
    let directory = tempfile::tempdir()?;
    let server = Server::start(&installation, directory.path()).await?;
    let clients = try_join_all((0..32).map(|at| server.register(at))).await?;
    let (mut ours, mut anchor) = (vec![], vec![]);
    for _ in 0..flags.rounds {
        anchor.push(pgbench(&postgres, &installation, 32, flags.seconds)?);
        ours.push(server.rename_all(&clients, flags.seconds).await?);
    }
    let ratios: Vec<f64> = ours.iter().zip(&anchor).map(|(ours, anchor)| ours / anchor).collect();
    println!(
        "REST, 32 clients, each answered when it is visible: {:.0}/s, pgbench {:.0}/s, ratio {:.2} (rounds {ratios:.2?})",
        median(ours),
        median(anchor),
        median(ratios.clone())
    );
    server.visible(&clients, flags.seconds).await?;
    drop(server);
    installation.end().await
}

impl Server {
    async fn start(here: &Installation, directory: &std::path::Path) -> Result<Self> {
        let (mut http, mut gateway) = (Port::reserve()?, Port::reserve()?);
        let binary = std::env::current_exe()?.with_file_name("tollgate");
        ensure!(binary.is_file(), "{} is not there: cargo build --release -p tollgate", binary.display());
        let run = |arguments: &[&str]| {
            let mut command = Command::new(&binary);
            command.args(arguments).current_dir(directory).env("TOLLGATE_DATABASE_URL", &here.database.url);
            command
                .env("TOLLGATE_BOOTSTRAP_TOKEN", TOKEN)
                .env("TOLLGATE_SECRETS_DIR", directory.join("secrets"));
            command.env("TOLLGATE_LOG", "warn").stdout(Stdio::null());
            command
        };
        ensure!(run(&["secrets", "init", "secrets"]).status()?.success(), "secrets init");
        ensure!(run(&["migrate"]).status()?.success(), "migrate");
        let (http_address, gateway_address) = (http.address().to_string(), gateway.address().to_string());
        http.release();
        gateway.release();
        let process =
            run(&["serve", "--data-dir", "data", "--http", &http_address, "--gateway", &gateway_address])
                .spawn()
                .context("starting the server")?;
        let http = format!("http://{http_address}");
        let server =
            Self { process, http, gateway: format!("http://{gateway_address}"), client: Client::new() };
        until("the server to be ready", Duration::from_secs(30), async || {
            let ready = server.client.get(format!("{}/readyz", server.http)).send().await?;
            Ok(ready.status().is_success().then_some(()))
        })
        .await?;
        Ok(server)
    }

    async fn register(&self, at: u32) -> Result<String> {
        let body = json!({ "name": format!("client {at}"), "kind": "internal", "contacts": [], "scopes": [],
            "owner": { "team": "bench", "email": "bench@example.com" }, "environments": ["prod"] });
        let asked = self.client.post(format!("{}/v1/clients", self.http)).bearer_auth(TOKEN).json(&body);
        let answer: Value = asked.send().await?.error_for_status()?.json().await?;
        Ok(answer.get("id").and_then(Value::as_str).context("an id")?.to_owned())
    }

    /// Answers the position.
    async fn rename(&self, id: &str, name: String) -> Result<u64> {
        let asked = self.client.patch(format!("{}/v1/clients/{id}", self.http)).bearer_auth(TOKEN);
        let asked = asked.header("if-match", "*").json(&json!({ "name": name }));
        let answer = asked.send().await?.error_for_status()?;
        ensure!(answer.status() == 200, "answered {} before it was visible", answer.status());
        let position = answer.headers().get("tollgate-position").context("a position")?;
        Ok(position.to_str()?.parse()?)
    }

    async fn rename_all(&self, clients: &[String], seconds: u32) -> Result<f64> {
        let (began, until) = (Instant::now(), Duration::from_secs(seconds.into()));
        let counts = try_join_all(clients.iter().map(|id| async move {
            let mut done = 0_u32;
            while began.elapsed() < until {
                self.rename(id, format!("{:?} {done}", began.elapsed())).await?;
                done += 1;
            }
            anyhow::Ok(done)
        }));
        let done: u32 = counts.await?.into_iter().sum();
        Ok(f64::from(done) / began.elapsed().as_secs_f64())
    }

    /// At a steady rate: from the request to its answer, which waits for every projection; and to the moment the gateway
    /// judges by it, as a caller sees that who asks it all the time.
    async fn visible(&self, clients: &[String], seconds: u32) -> Result<()> {
        let (began, on) = (Instant::now(), Arc::new(AtomicBool::new(true)));
        let watching = self.watch(began, Arc::clone(&on));
        let writing = async {
            let commands = COMMANDS_PER_SECOND * seconds;
            let written = try_join_all((0..commands).map(|number| async move {
                let due = Duration::from_secs(1) * number / COMMANDS_PER_SECOND;
                tokio::time::sleep(due.saturating_sub(began.elapsed())).await;
                let asked = began.elapsed();
                let id = clients.get(usize::try_from(number)? % clients.len()).context("a client")?;
                let position = self.rename(id, format!("steady {number}")).await?;
                anyhow::Ok((position, asked, began.elapsed() - asked))
            }));
            let written = written.await;
            on.store(false, Ordering::Relaxed);
            written
        };
        let (seen, written) = tokio::join!(watching, writing);
        let (seen, written) = (seen?, written?);
        let projected: Vec<Duration> = written.iter().map(|(_, _, took)| *took).collect();
        let judged = written.iter().filter_map(|(position, asked, _)| {
            let first = seen.iter().find(|(at, _)| at >= position)?;
            Some(first.1.saturating_sub(*asked))
        });
        println!("visible at {COMMANDS_PER_SECOND}/s: in every projection {}", quantiles(projected));
        println!("visible at {COMMANDS_PER_SECOND}/s: at the gateway {}", quantiles(judged.collect()));
        Ok(())
    }

    /// When the gateway was first seen at each position.
    async fn watch(&self, began: Instant, on: Arc<AtomicBool>) -> Result<Vec<(u64, Duration)>> {
        let mut seen: Vec<(u64, Duration)> = vec![];
        let probe = json!({ "secret": "none", "method": "GET", "path": "/" });
        while on.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(2)).await;
            let asked = self.client.post(format!("{}/v1/verify", self.gateway)).json(&probe).send().await?;
            let answer: Value = asked.json().await?;
            let position = answer.get("position").and_then(Value::as_u64).context("a position")?;
            if seen.last().is_none_or(|(last, _)| *last < position) {
                seen.push((position, began.elapsed()));
            }
        }
        Ok(seen)
    }
}

fn quantiles(mut took: Vec<Duration>) -> String {
    took.sort_unstable();
    let at =
        |percent: usize| took.get(took.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default();
    format!("p50 {:.1?}, p99 {:.1?}, max {:.1?} of {}", at(50), at(99), at(100), took.len())
}
