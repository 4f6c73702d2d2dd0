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
    ClientId, Clock, Metadata, Timestamp,
    api_client::{ApiClient, ApiClientCommand, ClientKind, NewOwner, RegisterClient, UpdateClient},
    metadata::ActorKind,
    personal::PersonalValue,
};
use eventlog::{EventLog, Execute, Live};
use futures::future::try_join_all;
use sqlite_es::SqliteEventRepository;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

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

struct Fixed(Timestamp);

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        self.0
    }
}

fn now() -> Result<Timestamp> {
    "2026-03-01T12:00:00Z".parse().context("a time")
}

fn client(number: u32) -> ClientId {
    ClientId::from_parts(1_772_366_400_000, u128::from(number))
}

fn register() -> Result<ApiClientCommand> {
    let owner = NewOwner { team: "bench".parse()?, email: PersonalValue::new([1; 16], "bench@example.com") };
    Ok(ApiClientCommand::Register(RegisterClient {
        name: "Bench".parse()?,
        kind: ClientKind::Internal,
        owner,
        contacts: vec![],
        environments: ["prod".parse()?].into(),
        scopes: [].into(),
        labels: [].into(),
    }))
}

fn rename(round: u32, number: u32) -> Result<ApiClientCommand> {
    let name = Some(format!("round {round} command {number}").parse()?);
    Ok(ApiClientCommand::Update(UpdateClient { name, ..UpdateClient::default() }))
}

fn metadata() -> Result<Metadata> {
    Ok(Metadata {
        occurred_at: now()?,
        actor: "bench".to_owned(),
        actor_kind: ActorKind::System,
        authenticated_by: "internal".to_owned(),
        on_behalf_of: None,
        allowed_by: "system".to_owned(),
        address: None,
        user_agent: None,
        request_id: "r".to_owned(),
        correlation_id: "r".to_owned(),
        causation_id: None,
        reason: None,
        command_id: "c".to_owned(),
    })
}

async fn ours(log: &EventLog, id: ClientId, command: ApiClientCommand) -> Result<()> {
    let ask = Execute {
        id,
        command,
        metadata: metadata()?,
        expected_version: None,
        idempotency: None,
        personal: vec![],
    };
    log.execute::<ApiClient>(ask).await.map(drop).context("our append")
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

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
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
