//! Millions of counters that all count: what each weighs, what a call then costs, and that none of them is lost. `live_counters [KEYS] [RATES]`
//!
//! Every key has so many rates, one to eight, and as many quotas of its own, and calls twice.
#![expect(clippy::print_stdout, reason = "a benchmark tells its numbers")]

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use domain::{Clock as _, decision::Outcome};
use gateway::Call;
use mimalloc::MiMalloc;
use tollgate_bench_decisions::population::{Population, QUOTA, WallClock, path, secret};

/// As many calls as a gateway judges between two flushes.
const CALLS_PER_FLUSH: u32 = 20_000;

/// As the server has it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise: u32| arguments.next().map_or(Ok(otherwise), |text| text.parse());
    let (keys, rates) = (number(1_000_000)?, number(5)?);
    let population = Population::counting_keys(keys, rates)?;
    let before = resident()?;
    let first = call_all(&population, 1)?;
    let counted = resident()?.saturating_sub(before);
    let counters = u64::from(keys) * u64::from(rates) * 2;
    let second = call_all(&population, 2)?;
    println!(
        "{counters} live counters: {} bytes each, {} MiB in all",
        counted / counters,
        counted / 1024 / 1024
    );
    println!(
        "their first calls took {first:.2?} each, their second {second:.2?}; every one of them counted both"
    );
    println!("after the second: {} MiB more", resident()?.saturating_sub(before + counted) / 1024 / 1024);
    Ok(())
}

/// Has every key call once, with what a gateway does between calls; how long a call took. Whatever a key has called before must have been
/// counted: a counter that was lost would grant more.
fn call_all(population: &Population, times: u64) -> Result<Duration> {
    let Population { gateway, environment, keys } = population;
    let address: IpAddr = "198.51.100.7".parse()?;
    let mut took = Duration::ZERO;
    for number in 0..*keys {
        // In no order that a prefetcher would guess.
        let key = u32::try_from(u64::from(number) * 387_420_489 % u64::from(*keys))?;
        let (secret, path) = (secret(key)?, path(key));
        let call = Call {
            secret: Some(secret.expose()),
            method: "GET",
            host: None,
            path: &path,
            environment,
            address: Some(address),
            user_agent: Some("orders-sync/2.4"),
            cost: None,
            trusted_headers: None,
        };
        let (now, begun) = (WallClock.now(), Instant::now());
        let decision = gateway.judge(&call, now);
        took += begun.elapsed();
        ensure!(decision.outcome == Outcome::Allowed, "{decision:?}");
        for limit in &decision.limits {
            let granted = if limit.requests == QUOTA { QUOTA } else { 8 };
            ensure!(limit.remaining == granted - times, "a counter was lost: {limit:?}");
        }
        if number % CALLS_PER_FLUSH == 0 {
            drop(gateway.take_flush(now));
        }
    }
    Ok(took / *keys)
}

/// Bytes of memory that this process holds. Source: proc(5), statm.
fn resident() -> Result<u64> {
    const PAGE_BYTES: u64 = 4096;
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = pages.split(' ').nth(1).context("statm is short")?.parse()?;
    Ok(pages * PAGE_BYTES)
}
