//! What a call costs Envoy by each door: with no filter, with the gateway inside, and with `ext_authz` one hop away.
//!
//! Three Envoys with one worker each answer the same calls themselves (`direct_response`), in turn within each round, so
//! that nothing but the filter differs. What is told is the processor time of Envoy's process, all of its threads, those of the module
//! among them. `cargo run -p tollgate-bench --bin envoy_doors -- --help`
#![expect(clippy::print_stdout, reason = "a command line tool speaks to its terminal")]

mod load;
mod proxy;

use std::{path::PathBuf, sync::Arc, thread, time::Duration};

use anyhow::{Context as _, Result, ensure};
use bench_decisions::population::{PEPPER, Population, WallClock};
use clap::Parser;
use gateway::snapshot_file;
use gateway_doors::{Door, router, serve};
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_util::sync::CancellationToken;

use crate::{
    load::{Calls, Round},
    proxy::{Filter, Proxy},
};

/// Envoy's processor time for a call, by door.
#[derive(Clone, Debug, Parser)]
struct Settings {
    /// Keys that are known, ten of each client.
    #[arg(long, default_value_t = 100_000)]
    keys: u32,
    /// Keys that call, spread over all.
    #[arg(long, default_value_t = 10_000)]
    callers: u32,
    /// Calls to each Envoy in a round.
    #[arg(long, default_value_t = 50_000)]
    requests: u32,
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    #[arg(long, default_value_t = 8)]
    connections: u32,
    #[arg(long, env = "TOLLGATE_TEST_ENVOY")]
    envoy: PathBuf,
    /// The directory of `libtollgate_envoy.so`.
    #[arg(long)]
    module: PathBuf,
}

const FILTERS: [Filter; 3] = [Filter::None, Filter::Module, Filter::ExtAuthz];

fn main() -> Result<()> {
    let settings = Settings::parse();
    println!("{settings:?}");
    ensure!(settings.keys >= settings.callers && settings.callers > 0, "no more callers than keys");
    let directory = tempfile::tempdir().context("making a directory")?;
    let population = Population::settle(settings.keys)?;
    keep(&population, directory.path())?;
    let runtime = Runtime::new().context("starting the runtime")?;
    let door = runtime.block_on(open_door(&runtime, population))?;
    let calls = Calls::new(settings.keys, settings.callers)?;
    let proxies =
        FILTERS.map(|filter| Proxy::start(filter, &settings.envoy, &settings.module, door, directory.path()));
    let proxies = proxies.into_iter().collect::<Result<Vec<_>>>()?;
    let round = |proxy: &Proxy| -> Result<Round> {
        let before = proxy.cpu_time()?;
        let round = runtime.block_on(calls.send(proxy.ingress, settings.connections, settings.requests))?;
        Ok(Round { cpu: proxy.cpu_time()? - before, ..round })
    };
    // Connections, counters and allocators warm up.
    for proxy in &proxies {
        round(proxy)?;
    }
    let mut rounds: Vec<Vec<Round>> = vec![vec![]; proxies.len()];
    for number in 0..settings.rounds {
        let mut order: Vec<usize> = (0..proxies.len()).collect();
        // Who goes first changes, so that a machine that slows down or speeds up favours nobody.
        order.rotate_left(usize::try_from(number)? % proxies.len());
        for at in order {
            if let (Some(proxy), Some(told)) = (proxies.get(at), rounds.get_mut(at)) {
                told.push(round(proxy)?);
            }
        }
    }
    tell(&rounds, settings.requests);
    Ok(())
}

/// What the module begins with: a snapshot, and the pepper that its keys are digested under.
fn keep(population: &Population, directory: &std::path::Path) -> Result<()> {
    let snapshot = population.gateway.snapshot().context("the gateway has read all there is")?;
    let (state, secrets) = (directory.join("state"), directory.join("secrets"));
    for made in [&state, &secrets] {
        std::fs::create_dir(made).context("making a directory")?;
    }
    snapshot_file::save(&state.join("gateway.snapshot"), &snapshot)?;
    let pepper: String = PEPPER.iter().map(|byte| format!("{byte:02x}")).collect();
    let file = secrets.join("pepper.1.key");
    std::fs::write(&file, pepper).context("writing the pepper")?;
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&file, private).context("keeping the pepper to ourselves")
}

/// The `ext_authz` door, in this process.
async fn open_door(runtime: &Runtime, population: Population) -> Result<u16> {
    let gateway = Arc::clone(&population.gateway);
    let door = Door::new(population.gateway, Arc::new(WallClock), population.environment);
    let stop = CancellationToken::new();
    let router = router(Arc::new(door.trusting_forwarded(true)), stop.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.context("listening")?;
    let port = listener.local_addr()?.port();
    drop(runtime.spawn(serve(listener, router, stop)));
    // As in the product: usage is taken away every second.
    drop(thread::spawn(move || {
        loop {
            thread::sleep(Duration::from_secs(1));
            drop(gateway.take_flush(domain::Clock::now(&WallClock)));
        }
    }));
    Ok(port)
}

fn tell(rounds: &[Vec<Round>], requests: u32) {
    let of = |figure: fn(&Round) -> f64| -> Vec<f64> {
        rounds.iter().map(|rounds| median(rounds.iter().map(figure).collect())).collect()
    };
    let cpu = of(|round| round.cpu.as_secs_f64());
    let (p50, p99) = (of(|round| round.p50.as_secs_f64()), of(|round| round.p99.as_secs_f64()));
    let took = of(|round| round.took.as_secs_f64());
    println!("medians of {} rounds of {requests} calls to each", rounds.first().map_or(0, Vec::len));
    println!(
        "{:<12} {:>14} {:>8} {:>12} {:>10} {:>10}",
        "filter", "Envoy CPU/call", "ratio", "calls/s", "p50", "p99"
    );
    let base = cpu.first().copied().unwrap_or(f64::NAN);
    for (at, filter) in FILTERS.iter().enumerate() {
        let get = |figures: &[f64]| figures.get(at).copied().unwrap_or(f64::NAN);
        println!(
            "{:<12} {:>11.1} µs {:>8.2} {:>12.0} {:>7.0} µs {:>7.0} µs",
            filter.as_str(),
            get(&cpu) / f64::from(requests) * 1e6,
            get(&cpu) / base,
            f64::from(requests) / get(&took),
            get(&p50) * 1e6,
            get(&p99) * 1e6,
        );
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
