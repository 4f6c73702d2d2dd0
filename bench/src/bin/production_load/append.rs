//! Commands appended per second, against pgbench's rate of the same single-row insert in begin and commit.

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use test_servers::Postgres;
use tokio::task::JoinSet;
use tollgate_bench::{client, execute, median, register, rename};

use crate::{Flags, Installation};

/// As wide as an event of ours, and with the same keys.
const ANCHOR_TABLE: &str = "create table anchor (event_no bigint generated always as identity unique, \
    aggregate_type text not null, aggregate_id text not null, sequence bigint not null, event_type text not null, \
    event_version text not null, payload json not null, metadata json not null, event_id text not null unique, \
    recorded_at timestamptz not null default now(), primary key (aggregate_type, aggregate_id, sequence))";
const ANCHOR_SCRIPT: &str = r#"begin;
insert into anchor (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, event_id)
values ('api_client', gen_random_uuid()::text, 1, 'api_client.renamed', '1', '{"event":"renamed","name":"round 1 command 100"}',
'{"actor":"bench","actor_kind":"system","allowed_by":"system","authenticated_by":"internal","command_id":"c","correlation_id":"r","occurred_at":"2026-03-01T12:00:00Z","request_id":"r"}', gen_random_uuid()::text);
commit;
"#;

pub(crate) async fn measure(flags: &Flags) -> Result<()> {
    let postgres = Postgres::durable().await?;
    let installation = Installation::on(&postgres).await?;
    postgres.sql(&installation.database.name, ANCHOR_TABLE)?;
    for number in 0..32 {
        execute(&installation.log, client(number), register()?).await?;
    }
    for clients in [1, 8, 32] {
        let (mut ours, mut anchor) = (vec![], vec![]);
        for round in 0..flags.rounds {
            anchor.push(pgbench(&postgres, &installation, clients, flags.seconds)?);
            ours.push(append(&installation, clients, round, flags.seconds).await?);
        }
        let ratios: Vec<f64> = ours.iter().zip(&anchor).map(|(ours, anchor)| ours / anchor).collect();
        println!(
            "append, {clients} clients: ours {:.0}/s, pgbench {:.0}/s, ratio {:.2} (rounds {ratios:.2?})",
            median(ours),
            median(anchor),
            median(ratios.clone())
        );
    }
    installation.end().await
}

async fn append(here: &Installation, clients: u32, round: u32, seconds: u32) -> Result<f64> {
    let (began, until) = (Instant::now(), Duration::from_secs(seconds.into()));
    // A task each, as the api has one for each request.
    let mut working = JoinSet::new();
    for at in 0..clients {
        let log = here.log.clone();
        working.spawn(async move {
            let mut done = 0_u32;
            while began.elapsed() < until {
                execute(&log, client(at), rename(round, done)?).await?;
                done += 1;
            }
            anyhow::Ok(done)
        });
    }
    let mut done = 0_u32;
    while let Some(of_one) = working.join_next().await {
        done += of_one??;
    }
    Ok(f64::from(done) / began.elapsed().as_secs_f64())
}

/// Transactions per second without the time to connect.
pub(crate) fn pgbench(postgres: &Postgres, here: &Installation, clients: u32, seconds: u32) -> Result<f64> {
    let script = postgres.directory().join("anchor.sql");
    fs::write(&script, ANCHOR_SCRIPT)?;
    let ran = postgres
        .command("pgbench")
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--file"])
        .arg(&script)
        .arg(format!("--client={clients}"))
        .arg(format!("--time={seconds}"))
        .arg(&here.database.url)
        .output()
        .context("starting pgbench")?;
    let said = String::from_utf8_lossy(&ran.stdout);
    ensure!(ran.status.success(), "pgbench failed: {}", String::from_utf8_lossy(&ran.stderr));
    let tps = said.lines().find_map(|line| line.strip_prefix("tps = ")).context("pgbench tells its rate")?;
    tps.split_whitespace().next().context("a number")?.parse().context("a number")
}

pub(crate) const ANCHOR: &str = ANCHOR_TABLE;
