//! Commands appended per second: our log against the library's framework and repository as shipped, in one run.
//!
//! Both do load, decide, append of one event, on SQLite with `synchronous=FULL`, in alternating rounds.
#![expect(clippy::print_stdout, reason = "a benchmark tells its numbers")]

use std::{
    collections::HashMap,
    path::Path,
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use clap::Parser;
use cqrs_es::{CqrsFramework, persist::PersistedEventStore};
use domain::{
    ClientId,
    api_client::{ApiClient, ApiClientCommand},
};
use eventlog::{EventLog, Live};
use futures::future::try_join_all;
use sqlite_es::SqliteEventRepository;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tollgate_bench::{Fixed, client, execute as ours, median, now, register, rename};

#[derive(Parser)]
struct Flags {
    /// Commands under way at once, each on an aggregate of its own
    #[arg(long, default_value_t = 32)]
    clients: u32,
    /// Commands of each client in a round
    #[arg(long, default_value_t = 150)]
    commands: u32,
    #[arg(long, default_value_t = 5)]
    rounds: u32,
}

type Framework = CqrsFramework<Live<ApiClient>, PersistedEventStore<SqliteEventRepository, Live<ApiClient>>>;

async fn shipped(file: &Path) -> Result<Framework> {
    let options = SqliteConnectOptions::from_str("sqlite:")?
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(30));
    let pool = SqlitePoolOptions::new().max_connections(10).connect_with(options).await?;
    sqlx::query(
        "create table events (aggregate_type text not null, aggregate_id text not null, sequence bigint not null,
         event_type text not null, event_version text not null, payload text not null, metadata text not null,
         primary key (aggregate_type, aggregate_id, sequence))",
    )
    .execute(&pool)
    .await?;
    let store = PersistedEventStore::new_event_store(SqliteEventRepository::new(pool));
    Ok(CqrsFramework::new(store, vec![], ()))
}

async fn theirs(framework: &Framework, id: ClientId, command: ApiClientCommand) -> Result<()> {
    framework
        .execute_with_metadata(&id.to_string(), command, HashMap::new())
        .await
        .context("the library's append")
}

/// Commands per second of one round.
fn rate(flags: &Flags, began: Instant) -> f64 {
    f64::from(flags.clients) * f64::from(flags.commands) / began.elapsed().as_secs_f64()
}

#[tokio::main]
async fn main() -> Result<()> {
    let flags = Flags::parse();
    let dir = tempfile::tempdir()?;
    let log = EventLog::open_sqlite(&dir.path().join("ours.db"), Arc::new(Fixed(now()?))).await?;
    let framework = shipped(&dir.path().join("shipped.db")).await?;
    for number in 0..flags.clients {
        ours(&log, client(number), register()?).await?;
        theirs(&framework, client(number), register()?).await?;
    }
    let (mut our_rates, mut their_rates, mut ratios) = (vec![], vec![], vec![]);
    for round in 0..flags.rounds {
        let began = Instant::now();
        try_join_all((0..flags.clients).map(|at| {
            let (log, flags) = (&log, &flags);
            async move {
                for number in 0..flags.commands {
                    ours(log, client(at), rename(round, number)?).await?;
                }
                anyhow::Ok(())
            }
        }))
        .await?;
        let our_rate = rate(&flags, began);
        let began = Instant::now();
        try_join_all((0..flags.clients).map(|at| {
            let (framework, flags) = (&framework, &flags);
            async move {
                for number in 0..flags.commands {
                    theirs(framework, client(at), rename(round, number)?).await?;
                }
                anyhow::Ok(())
            }
        }))
        .await?;
        let their_rate = rate(&flags, began);
        println!(
            "round {round}: ours {our_rate:.0}/s, as shipped {their_rate:.0}/s, ratio {:.2}",
            our_rate / their_rate
        );
        our_rates.push(our_rate);
        their_rates.push(their_rate);
        ratios.push(our_rate / their_rate);
    }
    println!(
        "median: ours {:.0}/s, as shipped {:.0}/s, ratio {:.2} ({} clients)",
        median(our_rates),
        median(their_rates),
        median(ratios),
        flags.clients
    );
    Ok(())
}
