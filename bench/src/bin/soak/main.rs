//! Hours of a running gateway: calls at a share of what it can take while keys are issued, rotated and revoked and policies change, with bad
//! callers among the good ones. What it can take is measured again before each stretch of time, for a machine has fast hours and slow ones.
//! Told is, for each stretch, the rate, how long good calls took, what was answered wrongly, and what memory Envoy and the product hold; and
//! first, what a call of each kind costs. `cargo run -p tollgate-bench --bin soak -- --help`
#![expect(clippy::print_stdout, reason = "a command line tool speaks to its terminal")]

mod changes;
mod costs;
mod traffic;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use clap::{Parser, ValueEnum};
use serde_json::json;
use tollgate_bench::median;
use tollgate_tests::{DoorKind, IssuedKey, World};

use crate::traffic::{Callers, Kind, Paced, Stretch, as_fast_as_answered};

/// One long run. The environment names the servers' programs: `eval "$(cargo xtask tools)"`; the product and the module are those
/// that were built beside this program.
#[derive(Clone, Debug, Parser)]
struct Settings {
    #[arg(long, default_value_t = 60)]
    minutes: u32,
    #[arg(long, value_enum, default_value_t = Door::Module)]
    door: Door,
    #[arg(long, default_value_t = 1_000)]
    keys: u32,
    #[arg(long, default_value_t = 16)]
    connections: u32,
    /// Of the calls a second that it takes when asked as fast as it answers, just before each stretch.
    #[arg(long, default_value_t = 0.7)]
    share: f64,
    /// For how long calls of each kind are sent as fast as they are answered, before the long run.
    #[arg(long, default_value_t = 10)]
    seconds_each: u32,
    /// Told after so many seconds each time.
    #[arg(long, default_value_t = 60)]
    stretch: u32,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Door {
    ExtAuthz,
    Module,
}

const KEYS_OF_CLIENT: u32 = 10;
const ROUTES: u32 = 20;
/// Before each stretch: long against a pause of the scheduler, and little of a stretch.
const MEASURED_FOR: Duration = Duration::from_secs(3);
/// The median of the last so many measures is gone by: one alone is now lucky, now not, by more than what a share leaves free.
const MEASURES: usize = 5;

#[tokio::main]
async fn main() -> Result<()> {
    let settings = Settings::parse();
    println!("{settings:?}");
    let world = World::start_at(settings.door.into()).await?;
    let callers = Callers::new(settle(&world, settings.keys).await?, world.envoy.ingress_port())?;
    costs::tell(&world, &callers, &settings).await?;
    costs::tell_floods(&callers, &settings).await?;
    drop(world.upstream.take_requests());
    let end = Instant::now() + Duration::from_secs(60 * u64::from(settings.minutes));
    let (changes, stretches, ()) = tokio::try_join!(
        changes::until(end, &world, &callers),
        call_until(end, &world, &callers, &settings),
        forget_until(end, &world)
    )?;
    println!("meanwhile: {changes:?}");
    judge(&stretches)
}

/// A stretch of time, and what Envoy and the product held in memory after it, in KiB.
type Told = (Stretch, (u64, u64));

async fn call_until(
    end: Instant,
    world: &World,
    callers: &Arc<Callers>,
    settings: &Settings,
) -> Result<Vec<Told>> {
    println!(
        "{:>8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>7} {:>11} {:>11}",
        "after", "calls/s", "calls", "p50", "p99", "p99.9", "wrong", "Envoy", "product"
    );
    let (begun, mut stretches, mut measures) = (Instant::now(), vec![], vec![]);
    while Instant::now() < end {
        measures.push(taken(callers, settings.connections).await?);
        measures.drain(..measures.len().saturating_sub(MEASURES));
        let rate = settings.share * median(measures.clone());
        let paced = Paced { callers: Arc::clone(callers), connections: settings.connections, rate };
        let told = paced.for_so_long(Duration::from_secs(settings.stretch.into())).await?;
        let memory = (resident_kib(world.envoy.process().id())?, resident_kib(world.product.process().id())?);
        tell(begun.elapsed(), rate, &told, memory);
        stretches.push((told, memory));
    }
    Ok(stretches)
}

/// Good calls a second, asked as fast as they are answered.
async fn taken(callers: &Arc<Callers>, connections: u32) -> Result<f64> {
    let told = as_fast_as_answered(callers, Kind::Good, connections, MEASURED_FOR).await?;
    ensure!(told.wrong.is_empty(), "{:?}", told.wrong.first());
    Ok(f64::from(u32::try_from(told.calls)?) / MEASURED_FOR.as_secs_f64())
}

/// The upstream remembers what it received, which nobody asks here.
async fn forget_until(end: Instant, world: &World) -> Result<()> {
    while Instant::now() < end {
        drop(world.upstream.take_requests());
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

/// Clients with ten keys each, a policy for every tenth of them, and routes.
async fn settle(world: &World, keys: u32) -> Result<Vec<IssuedKey>> {
    for number in 0..ROUTES {
        world.route(&traffic::path(number), &[]).await?;
    }
    let mut all = vec![];
    for number in 0..keys.div_ceil(KEYS_OF_CLIENT) {
        let client = world.client(&format!("Client {number}"), &[]).await?;
        if number % 10 == 0 {
            world.policy(&limits(number), &json!({ "client_id": client })).await?;
        }
        for _ in 0..KEYS_OF_CLIENT.min(keys - number * KEYS_OF_CLIENT) {
            all.push(world.key(&client, &json!({})).await?);
        }
    }
    Ok(all)
}

/// So many calls that nobody is refused, and every one is counted.
fn limits(number: u32) -> serde_json::Value {
    let rates = json!([{ "name": "burst", "requests": 100_000, "per_seconds": 1, "burst": 200_000 }]);
    let quotas = json!([{ "name": "yearly", "requests": 1_000_000_000, "period": "year" }]);
    json!({ "name": format!("limits {number}"), "rates": rates, "quotas": quotas })
}

fn tell(after: Duration, rate: f64, stretch: &Stretch, (envoy, product): (u64, u64)) {
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{:>6.1} m {rate:>9.0} {:>9} {:>6.2} ms {:>6.2} ms {:>6.2} ms {:>7} {:>7} MiB {:>7} MiB",
        after.as_secs_f64() / 60.0,
        stretch.calls,
        ms(stretch.good(500)),
        ms(stretch.good(990)),
        ms(stretch.good(999)),
        stretch.wrong.len(),
        envoy / 1_024,
        product / 1_024
    );
    for wrong in stretch.wrong.iter().take(5) {
        println!("  {wrong}");
    }
}

/// What is to hold of the whole: no wrong answer, memory and p99 of the last third as in the second.
fn judge(stretches: &[Told]) -> Result<()> {
    let third = stretches.len() / 3;
    let (Some(before), Some(after)) = (stretches.get(third..2 * third), stretches.get(2 * third..)) else {
        return Ok(());
    };
    ensure!(third > 0, "three stretches at least show whether something grows");
    let grown = |of: fn(&Told) -> f64| {
        let middle = |told: &[Told]| median(told.iter().map(of).collect());
        middle(after) / middle(before)
    };
    println!(
        "the last third against the second: p99 {:.2}, Envoy's memory {:.2}, the product's {:.2}",
        grown(|(stretch, _)| stretch.good(990).as_secs_f64()),
        grown(|(_, (envoy, _))| kib(*envoy)),
        grown(|(_, (_, product))| kib(*product))
    );
    let wrong: usize = stretches.iter().map(|(stretch, _)| stretch.wrong.len()).sum();
    ensure!(wrong == 0, "{wrong} answers were wrong");
    Ok(())
}

fn kib(of: u64) -> f64 {
    f64::from(u32::try_from(of).unwrap_or(u32::MAX))
}

/// What a process has in memory.
fn resident_kib(pid: u32) -> Result<u64> {
    let status =
        std::fs::read_to_string(format!("/proc/{pid}/status")).context("reading what is resident")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    line.trim().trim_end_matches(" kB").parse().context("VmRSS is no number")
}

impl From<Door> for DoorKind {
    fn from(door: Door) -> Self {
        match door {
            Door::ExtAuthz => Self::ExtAuthz,
            Door::Module => Self::Module,
        }
    }
}
