//! How many calls a second the `ext_authz` door answers, against a gRPC server that answers at once and against Limitador.
//!
//! The servers run in this process, one worker thread each, and are asked in turn by the same client thread about the
//! same callers: as Envoy asks with the recommended configuration. The no-op server is tonic's own; it decodes
//! the same message as the door and answers an empty OK. Limitador stands behind tonic's server too, and is asked about limits alone. `cargo run --release -p tollgate-bench --bin ext_authz_load -- --help`
#![expect(clippy::print_stdout, reason = "a command line tool speaks to its terminal")]

mod limitador;
mod load;
mod no_op;
mod question;
mod report;
mod servers;

use anyhow::Result;
use bench_decisions::population::Population;
use clap::Parser;
use mimalloc::MiMalloc;

use crate::{
    load::{Load, Round},
    report::Report,
    servers::Servers,
};

/// As the server has it; so have the two it is measured against.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The door's throughput against that of a no-op server, and its processor time against that of Limitador.
#[derive(Clone, Copy, Debug, Parser)]
struct Settings {
    /// Keys that the gateway knows, ten of each client.
    #[arg(long, default_value_t = 1_000_000)]
    keys: u32,
    /// Keys that call, chosen by the seed.
    #[arg(long, default_value_t = 100_000)]
    callers: u32,
    /// Calls to each server in a round.
    #[arg(long, default_value_t = 200_000)]
    requests: u32,
    #[arg(long, default_value_t = 7)]
    rounds: u32,
    #[arg(long, default_value_t = 4)]
    connections: u32,
    /// Calls under way on each connection.
    #[arg(long, default_value_t = 16)]
    streams: u32,
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> Result<()> {
    let settings = Settings::parse();
    println!("{settings:?}");
    let population = Population::settle(settings.keys)?;
    let questions = question::all(&population, settings.callers, settings.seed)?;
    let servers = Servers::start(population, questions)?;
    let load = Load::new(settings)?;
    // Connections, counters and allocators warm up.
    for server in servers.all() {
        load.round(server)?;
    }
    let mut report = Report::default();
    for number in 0..settings.rounds {
        let mut rounds = [Round::default(); 4];
        let mut order = [0, 1, 2, 3];
        // Who goes first changes, so that a machine that slows down or speeds up favours nobody.
        let first = usize::try_from(number)? % order.len();
        order.rotate_left(first);
        for at in order {
            if let (Some(server), Some(round)) = (servers.all().get(at), rounds.get_mut(at)) {
                *round = load.round(server)?;
            }
        }
        report.add(rounds);
    }
    println!("{report}");
    Ok(())
}
