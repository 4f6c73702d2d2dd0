//! Reports on Postgres: how long a month takes, CSV against `COPY`, how fast batches are counted, and what a call weighs.
#![expect(clippy::print_stdout, reason = "a benchmark tells its numbers")]

mod asked;
mod export;
mod fill;
mod ingest;

use std::sync::Arc;

use anyhow::Result;
use clap::Parser;
use eventlog::{
    EventLog,
    postgres::{PostgresSettings, READ_MODELS, migrate, pool_for},
};
use mimalloc::MiMalloc;
use projections::ReadModel;
use sqlx::PgPool;
use test_servers::{Database, Postgres};
use tollgate_bench::{Fixed, now};

/// As the server has it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// What is measured; the environment names the servers' programs: `eval "$(cargo xtask tools)"`.
#[derive(Parser)]
struct Flags {
    #[arg(long, default_value_t = 1_000)]
    clients: u32,
    #[arg(long, default_value_t = 50)]
    routes: u32,
    #[arg(long, default_value_t = 30)]
    days: u32,
    /// In so many of the 96 quarters of a day each client calls each route
    #[arg(long, default_value_t = 4)]
    quarters: u32,
    /// Times that each report is asked for
    #[arg(long, default_value_t = 40)]
    asks: u32,
    /// Rows of a page: the API's default; 10,000 are its most
    #[arg(long, default_value_t = 1_000)]
    page: u32,
    /// Days that are exported
    #[arg(long, default_value_t = 2)]
    export_days: u32,
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Batches that are counted: each is of a second of one gateway
    #[arg(long, default_value_t = 300)]
    batches: u32,
    /// Pairs of client and route in a batch
    #[arg(long, default_value_t = 2_000)]
    facts: u32,
    /// Calls of each
    #[arg(long, default_value_t = 50)]
    calls: u32,
    /// Only this: reports, export, ingest
    #[arg(long)]
    only: Option<String>,
}

/// A database with a log and read models, all empty.
struct Installation {
    database: Database,
    pool: PgPool,
    log: EventLog,
    model: ReadModel,
}

impl Installation {
    async fn on(postgres: &Postgres) -> Result<Self> {
        let database = postgres.database()?;
        let settings = PostgresSettings::new(database.url.clone().into());
        migrate(&settings, None).await?;
        let log = EventLog::open_postgres(&settings, Arc::new(Fixed(now()?))).await?;
        let pool = pool_for(&settings, READ_MODELS).await?;
        projections::migrate_postgres(&pool, None).await?;
        let model = ReadModel::open_postgres(pool.clone()).await?;
        Ok(Self { database, pool, log, model })
    }

    async fn end(self) {
        self.model.close().await;
        self.log.close().await;
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let flags = Flags::parse();
    let wanted = |what: &str| flags.only.as_deref().is_none_or(|only| only == what);
    let mut postgres = Postgres::durable().await?;
    if wanted("reports") || wanted("export") {
        let here = Installation::on(&postgres).await?;
        fill::fill(&here, &flags).await?;
        postgres.sql(&here.database.name, "vacuum analyze")?;
        if wanted("reports") {
            asked::measure(&here, &flags).await?;
            asked::measure_cold(&mut postgres, &here, &flags).await?;
        }
        if wanted("export") {
            export::measure(&postgres, &here, &flags).await?;
        }
        here.end().await;
    }
    if wanted("ingest") {
        let here = Installation::on(&postgres).await?;
        ingest::measure(&here, &flags).await?;
        here.end().await;
    }
    Ok(())
}
