//! Batches counted by the projection as it runs, from memory: how many decisions a second, what it takes of memory, and how large
//! what is kept becomes.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use domain::{
    decision::Outcome,
    usage::{DecisionsLeftOut, UsageBatch, UsageFact},
};
use eventlog::usage::ArrivedBatch;
use jiff::SignedDuration;
use projections::{Projections, Reading, UsageSource};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tollgate_bench::now;

use crate::{
    Flags, Installation,
    fill::{client, key, route},
};

/// What is kept of usage, with its indexes.
const BYTES: &str = "select coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint from pg_class c \
    join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'tollgate_read' and c.relkind = 'r' \
    and (c.relname like 'usage\\_%' or c.relname like 'allowed\\_day%')";
/// The same of quarters and days alone, which are what stays.
const BYTES_THAT_STAY: &str = "select coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint from pg_class c \
    join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'tollgate_read' and c.relkind = 'r' \
    and (c.relname like 'usage\\_quarter%' or c.relname like 'usage\\_day%')";

pub(crate) async fn measure(here: &Installation, flags: &Flags) -> Result<()> {
    let source = Made { flags: Shape::of(flags), head: watch::channel(u64::from(flags.batches)).1 };
    let told: usize = serde_json::to_vec(&source.flags.batch(1)?)?.len();
    let calls = u64::from(flags.batches) * u64::from(flags.facts) * u64::from(flags.calls);
    let (before, stop) = (peak_kib()?, CancellationToken::new());
    let projections = Projections::open(here.model.clone(), here.log.clone(), source).await?;
    let visibility = projections.visibility();
    let began = Instant::now();
    #[expect(clippy::disallowed_methods, reason = "it is waited for at the end")]
    let running = tokio::spawn(projections.run(stop.clone()));
    let all = visibility.wait_for_usage(u64::from(flags.batches), Duration::from_secs(3_600)).await;
    ensure!(all, "not all of it was counted");
    let took = began.elapsed();
    stop.cancel();
    running.await??;
    let (kept, stays) = (bytes(here, BYTES).await?, bytes(here, BYTES_THAT_STAY).await?);
    let per_million = |bytes: u64| bytes.saturating_mul(1_000_000) / calls.max(1);
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "calls are counted in millions")]
    let rate = calls as f64 / took.as_secs_f64();
    println!(
        "ingest of {} batches, {} facts each, {calls} calls: {rate:.0} decisions/s, {:.0} facts/s, {took:.1?}",
        flags.batches,
        flags.facts,
        rate / f64::from(flags.calls.max(1)),
    );
    println!("memory at its peak: {} MiB, {} MiB before", peak_kib()? / 1_024, before / 1_024);
    println!(
        "for a million calls: {} kB on the way, {} kB kept, of which {} kB stay when minutes are let go of",
        per_million(u64::try_from(told)?.saturating_mul(flags.batches.into())) / 1_000,
        per_million(kept) / 1_000,
        per_million(stays) / 1_000
    );
    Ok(())
}

async fn bytes(here: &Installation, sql: &str) -> Result<u64> {
    let (bytes,): (i64,) = sqlx::query_as(sql).fetch_one(&here.pool).await?;
    Ok(u64::try_from(bytes)?)
}

/// The most that this process was resident with.
fn peak_kib() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("reading what is resident")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    line.trim().trim_end_matches(" kB").parse().context("VmHWM is no number")
}

/// What batches are like.
#[derive(Clone, Copy)]
struct Shape {
    clients: u32,
    routes: u32,
    facts: u32,
    calls: u32,
}

/// Batches that are made as they are read, so that none waits in memory.
struct Made {
    flags: Shape,
    head: watch::Receiver<u64>,
}

impl Shape {
    fn of(flags: &Flags) -> Self {
        let (clients, routes) = (flags.clients.max(1), flags.routes.max(1));
        Self { clients, routes, facts: flags.facts, calls: flags.calls }
    }

    /// The calls of one second; the pairs of the next are others.
    fn batch(self, sequence: u64) -> Result<UsageBatch> {
        let at = now()? + SignedDuration::from_secs(i64::try_from(sequence)?);
        let second = at.as_second();
        let first = u32::try_from(sequence.wrapping_mul(u64::from(self.facts)) % (1 << 30))?;
        let fact = |number: u32| -> Result<UsageFact> {
            let pair = first.wrapping_add(number);
            let of = pair % self.clients;
            let calls = u64::from(self.calls);
            Ok(UsageFact {
                minute: second.div_euclid(60) * 60,
                client_id: Some(client(of)),
                key_id: Some(key(of)),
                secret_version: Some(1),
                route_id: Some(route(pair / self.clients % self.routes)),
                environment: "prod".parse()?,
                outcome: Outcome::Allowed,
                calls,
                last_at: at,
                seconds: vec![(u8::try_from(second.rem_euclid(60))?, calls)],
            })
        };
        Ok(UsageBatch {
            node: "bench".to_owned(),
            boot: "1".to_owned(),
            sequence,
            flushed_at: at,
            facts: (0..self.facts).map(fact).collect::<Result<_>>()?,
            throttled: vec![],
            responses: vec![],
            shadow: vec![],
            quota_levels: vec![],
            sightings: vec![],
            addresses: vec![],
            decisions: vec![],
            left_out: DecisionsLeftOut::default(),
        })
    }
}

impl UsageSource for Made {
    fn read(&self, after: u64, batches_max: usize) -> Reading<'_> {
        let upto = (*self.head.borrow()).min(after.saturating_add(u64::try_from(batches_max).unwrap_or(1)));
        let arrived = (after + 1..=upto)
            .filter_map(|batch_no| Some(ArrivedBatch { batch_no, batch: self.flags.batch(batch_no).ok()? }));
        let arrived: Vec<_> = arrived.collect();
        Box::pin(std::future::ready(Ok(arrived)))
    }

    fn watch(&self) -> watch::Receiver<u64> {
        self.head.clone()
    }

    fn is_whole(&self) -> bool {
        true
    }
}
