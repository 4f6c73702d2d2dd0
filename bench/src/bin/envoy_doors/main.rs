//! What a call costs Envoy by each door: with no filter, with the gateway inside, and with `ext_authz` one hop away.
//!
//! Three Envoys with one worker each answer the same calls themselves (`direct_response`), in turn within each round, so
//! that nothing but the filter differs. What is told is the processor time of Envoy's process, of its worker and of all other
//! threads, those of the module among them. `cargo run -p tollgate-bench --bin envoy_doors -- --help`
#![expect(clippy::print_stdout, reason = "a command line tool speaks to its terminal")]

mod control_plane;
mod load;
mod proxy;
mod report;

use std::{path::PathBuf, sync::Arc, thread, time::Duration};

use anyhow::{Context as _, Result, ensure};
use bench_decisions::population::{PEPPER, Population, WallClock};
use clap::Parser;
use gateway::snapshot_file;
use gateway_doors::{Door, Doors, serve};
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_util::sync::CancellationToken;

use crate::{
    load::{Calls, Round},
    proxy::{Filter, Peers, Place, Proxy},
    report::tell,
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
    /// Without the last of them, which takes the longest.
    #[arg(long)]
    without_ext_authz: bool,
    #[arg(long, env = "TOLLGATE_TEST_ENVOY")]
    envoy: PathBuf,
    /// The directory of `libtollgate_envoy.so`.
    #[arg(long)]
    module: PathBuf,
    /// That of another build of it, which is asked in turn with this one.
    #[arg(long)]
    before: Option<PathBuf>,
}

/// The first is what the others are compared with.
const FILTERS: [Filter; 9] = [
    Filter::None,
    Filter::Module,
    Filter::AllTold,
    Filter::Lean,
    Filter::Bare,
    Filter::NoneTwoWorkers,
    Filter::TwoWorkers,
    Filter::Before,
    Filter::ExtAuthz,
];

impl Settings {
    fn asks_of(&self, filter: Filter) -> bool {
        match filter {
            Filter::None
            | Filter::Module
            | Filter::AllTold
            | Filter::Lean
            | Filter::Bare
            | Filter::NoneTwoWorkers
            | Filter::TwoWorkers => true,
            Filter::Before => self.before.is_some(),
            Filter::ExtAuthz => !self.without_ext_authz,
        }
    }
}

fn main() -> Result<()> {
    let settings = Settings::parse();
    println!("{settings:?}");
    ensure!(settings.keys >= settings.callers && settings.callers > 0, "no more callers than keys");
    let directory = tempfile::tempdir().context("making a directory")?;
    let population = Population::settle(settings.keys)?;
    let runtime = Runtime::new().context("starting the runtime")?;
    let place = Place {
        envoy: &settings.envoy,
        module: &settings.module,
        before: settings.before.as_deref(),
        directory: directory.path(),
    };
    keep(&population, &place)?;
    let control_plane = control_plane::start(&runtime, population.gateway.position())?.port();
    let door = runtime.block_on(open_door(&runtime, population))?;
    let calls = Calls::new(settings.keys, settings.callers)?;
    let filters: Vec<Filter> = FILTERS.into_iter().filter(|filter| settings.asks_of(*filter)).collect();
    let peers = Peers { door, control_plane };
    let proxies = filters.iter().map(|filter| Proxy::start(*filter, &place, peers));
    let proxies = proxies.collect::<Result<Vec<_>>>()?;
    let rounds = in_turn(&proxies, settings.rounds, |proxy| {
        let before = proxy.cpu_time()?;
        let round = runtime.block_on(calls.send(proxy.ingress, settings.connections, settings.requests))?;
        Ok(Round { cpu: proxy.cpu_time()?.since(before), ..round })
    })?;
    let names: Vec<_> = filters.iter().map(|filter| filter.as_str()).collect();
    tell(&names, &rounds, settings.requests);
    Ok(())
}

/// Has each asked once in each round.
fn in_turn(
    proxies: &[Proxy],
    rounds: u32,
    round: impl Fn(&Proxy) -> Result<Round>,
) -> Result<Vec<Vec<Round>>> {
    // Connections, counters and allocators warm up.
    for proxy in proxies {
        round(proxy)?;
    }
    let mut told: Vec<Vec<Round>> = vec![vec![]; proxies.len()];
    for number in 0..rounds {
        let mut order: Vec<usize> = (0..proxies.len()).collect();
        // Who goes first changes, so that a machine that slows down or speeds up favours nobody.
        order.rotate_left(usize::try_from(number)? % proxies.len());
        for at in order {
            if let (Some(proxy), Some(told)) = (proxies.get(at), told.get_mut(at)) {
                told.push(round(proxy)?);
            }
        }
    }
    Ok(told)
}

/// What the module begins with: a snapshot, and the pepper that its keys are digested under.
fn keep(population: &Population, place: &Place<'_>) -> Result<()> {
    let snapshot = population.gateway.snapshot().context("the gateway has read all there is")?;
    let secrets = place.directory.join("secrets");
    std::fs::create_dir(&secrets).context("making a directory")?;
    for filter in FILTERS {
        let state = filter.state_dir(place);
        std::fs::create_dir_all(&state).context("making a directory")?;
        snapshot_file::save(&state.join("gateway.snapshot"), &snapshot)?;
    }
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
    let doors = Doors::new(Arc::new(door.trusting_forwarded(true)), stop.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.context("listening")?;
    let port = listener.local_addr()?.port();
    drop(runtime.spawn(serve(listener, doors, stop)));
    // As in the product: usage is taken away every second.
    drop(thread::spawn(move || {
        loop {
            thread::sleep(Duration::from_secs(1));
            drop(gateway.take_flush(domain::Clock::now(&WallClock)));
        }
    }));
    Ok(port)
}
