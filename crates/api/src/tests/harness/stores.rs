//! Where a world keeps what it has, on each engine.

use std::path::Path;

use domain::SharedClock;
use eventlog::{
    EventLog,
    postgres::{self, PostgresSettings},
};
use outbox::Outbox;
use projections::ReadModel;
use test_servers::Postgres;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tests) enum On {
    Sqlite,
    Postgres,
}

/// One test of each case on each engine.
macro_rules! on_every_engine {
    ($($case:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $case() {
                super::$case(crate::tests::harness::On::Sqlite).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test]
            async fn $case() {
                super::$case(crate::tests::harness::On::Postgres).await;
            })+
        }
    };
}
pub(in crate::tests) use on_every_engine;

/// The log, what is made of it, and what is told of it.
pub(super) struct Stores {
    pub(super) log: EventLog,
    pub(super) read: ReadModel,
    pub(super) outbox: Outbox,
    /// What gives positions, where that is a task.
    pub(super) sequencer: JoinSet<()>,
}

impl Stores {
    pub(super) async fn open(on: On, dir: &Path, clock: SharedClock) -> Self {
        match on {
            On::Sqlite => Self {
                log: EventLog::open_sqlite(&dir.join("events.db"), clock).await.unwrap(),
                read: ReadModel::open_sqlite(&dir.join("read.db")).await.unwrap(),
                outbox: Outbox::open_sqlite(&dir.join("outbox.db")).await.unwrap(),
                sequencer: JoinSet::new(),
            },
            On::Postgres => Self::on_postgres(clock).await,
        }
    }

    /// On a database of its own, as `tollgate migrate` prepares it.
    async fn on_postgres(clock: SharedClock) -> Self {
        let database = Postgres::shared().await.unwrap().database().unwrap();
        let settings = PostgresSettings::new(database.url.into());
        postgres::migrate(&settings, None).await.unwrap();
        let read = postgres::pool_for(&settings, postgres::READ_MODELS).await.unwrap();
        projections::migrate_postgres(&read, None).await.unwrap();
        let told = postgres::pool_for(&settings, postgres::OUTBOX).await.unwrap();
        outbox::migrate_postgres(&told, None).await.unwrap();
        let log = EventLog::open_postgres(&settings, clock).await.unwrap();
        let mut sequencer = JoinSet::new();
        let gives = log.clone();
        // Until the set is dropped.
        sequencer.spawn(async move { gives.run_sequencer(CancellationToken::new()).await });
        let read = ReadModel::open_postgres(read).await.unwrap();
        Self { log, read, outbox: Outbox::open_postgres(told).await.unwrap(), sequencer }
    }
}
