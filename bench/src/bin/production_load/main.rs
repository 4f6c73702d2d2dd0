//! The production engine against what its servers can do at best, each pair in one run on one server: appends against
//! pgbench, the REST path against the same, publishing against a bare publisher, rebuilds against `COPY`.
#![expect(clippy::print_stdout, reason = "a benchmark tells its numbers")]

mod append;
mod history;
mod publish;
mod rebuild;
mod rest;

use std::sync::Arc;

use anyhow::Result;
use clap::Parser;
use eventlog::{
    EventLog,
    postgres::{PostgresSettings, migrate},
};
use mimalloc::MiMalloc;
use test_servers::{Database, Postgres};
use tokio_util::sync::CancellationToken;
use tollgate_bench::{Fixed, now};

/// As the server has it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// What is measured; the environment names the servers' programs: `eval "$(cargo xtask tools)"`.
#[derive(Parser)]
struct Flags {
    /// Seconds of each round
    #[arg(long, default_value_t = 4)]
    seconds: u32,
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Events that are published and rebuilt
    #[arg(long, default_value_t = 200_000)]
    events: u32,
    /// Only this: append, rest, publish, rebuild
    #[arg(long)]
    only: Option<String>,
    /// Only this one is rebuilt: `client_directory`, `key_directory`, `audit_log`
    #[arg(long)]
    read_model: Option<String>,
}

/// A database with a log in it, its sequencer at work.
struct Installation {
    database: Database,
    settings: PostgresSettings,
    log: EventLog,
    sequencer: tokio::task::JoinHandle<()>,
    stop: CancellationToken,
}

impl Installation {
    async fn on(postgres: &Postgres) -> Result<Self> {
        let database = postgres.database()?;
        let settings = PostgresSettings::new(database.url.clone().into());
        migrate(&settings, None).await?;
        let log = EventLog::open_postgres(&settings, Arc::new(Fixed(now()?))).await?;
        let stop = CancellationToken::new();
        let (sequenced, stopped) = (log.clone(), stop.clone());
        #[expect(clippy::disallowed_methods, reason = "it is waited for at the end")]
        let sequencer = tokio::spawn(async move { sequenced.run_sequencer(stopped).await });
        Ok(Self { database, settings, log, sequencer, stop })
    }

    async fn end(self) -> Result<()> {
        self.stop.cancel();
        self.sequencer.await?;
        self.log.close().await;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let flags = Flags::parse();
    let wanted = |what: &str| flags.only.as_deref().is_none_or(|only| only == what);
    if wanted("append") {
        append::measure(&flags).await?;
    }
    if wanted("rest") {
        rest::measure(&flags).await?;
    }
    if wanted("publish") {
        publish::measure(&flags).await?;
    }
    if wanted("rebuild") {
        rebuild::measure(&flags).await?;
    }
    Ok(())
}
