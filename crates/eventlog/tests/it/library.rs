//! The library's own store as the oracle: it reads what we append, and writes what we would.

use std::{collections::HashMap, str::FromStr};

use cqrs_es::{CqrsFramework, EventStore, persist::PersistedEventStore};
use domain::{Aggregate, api_client::ApiClient};
use postgres_es::PostgresEventRepository;
use sqlite_es::SqliteEventRepository;
use sqlx::{SqlitePool, sqlite::SqliteConnectOptions};
use tollgate_eventlog::{EventLog, Live, postgres};

use crate::postgres::Instance;
use crate::support::{client, open, register, rename, suspend};

async fn pool(file: &std::path::Path, create: bool) -> SqlitePool {
    let options = SqliteConnectOptions::from_str("sqlite:").unwrap().filename(file).create_if_missing(create);
    SqlitePool::connect_with(options).await.unwrap()
}

async fn ours(log: &EventLog) {
    log.execute(register(client(1))).await.unwrap();
    log.execute(rename(client(1), "Other")).await.unwrap();
    log.execute(suspend(client(1))).await.unwrap();
}

#[tokio::test]
async fn the_librarys_repository_reads_what_we_append() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).await;
    ours(&log).await;
    let stock = SqliteEventRepository::new(pool(&dir.path().join("events.db"), false).await);
    let store = PersistedEventStore::<_, Live<ApiClient>>::new_event_store(stock);
    let theirs = store.load_aggregate(&client(1).to_string()).await.unwrap();
    let loaded = log.load::<ApiClient>(client(1)).await.unwrap();
    assert_eq!(
        (theirs.aggregate.0, u64::try_from(theirs.current_sequence).unwrap()),
        ((*loaded.state).clone(), loaded.version)
    );
    let envelopes = store.load_events(&client(1).to_string()).await.unwrap();
    assert_eq!(envelopes[0].metadata["actor"], "bootstrap-admin");
}

#[tokio::test]
async fn the_librarys_framework_comes_to_the_same_events() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).await;
    ours(&log).await;

    let scratch = pool(&dir.path().join("stock.db"), true).await;
    sqlx::query(
        "create table events (aggregate_type text, aggregate_id text, sequence bigint, event_type text,
         event_version text, payload text, metadata text, primary key (aggregate_type, aggregate_id, sequence))",
    )
    .execute(&scratch)
    .await
    .unwrap();
    let store = PersistedEventStore::<_, Live<ApiClient>>::new_event_store(SqliteEventRepository::new(
        scratch.clone(),
    ));
    let framework = CqrsFramework::new(store, vec![], ());
    for ask in [register(client(1)), rename(client(1), "Other"), suspend(client(1))] {
        framework.execute_with_metadata(&client(1).to_string(), ask.command, HashMap::new()).await.unwrap();
    }

    let columns = "select sequence, event_type, event_version, json(payload) from events order by sequence";
    let theirs: Vec<(i64, String, String, String)> =
        sqlx::query_as(columns).fetch_all(&scratch).await.unwrap();
    let ours_pool = pool(&dir.path().join("events.db"), false).await;
    let ours: Vec<(i64, String, String, String)> =
        sqlx::query_as(columns).fetch_all(&ours_pool).await.unwrap();
    let parsed = |rows: Vec<(i64, String, String, String)>| -> Vec<_> {
        rows.into_iter()
            .map(|(at, kind, version, payload)| {
                (at, kind, version, serde_json::from_str::<serde_json::Value>(&payload).unwrap())
            })
            .collect()
    };
    assert_eq!(parsed(ours), parsed(theirs));
    assert_eq!(<ApiClient as Aggregate>::TYPE, <Live<ApiClient> as cqrs_es::Aggregate>::TYPE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_librarys_repository_for_postgres_reads_what_we_append() {
    let here = Instance::on_a_new_database().await;
    ours(&here.log).await;
    let pool = postgres::pool_for(&here.settings(), "tollgate").await.unwrap();
    let stock = PostgresEventRepository::new(pool);
    let store = PersistedEventStore::<_, Live<ApiClient>>::new_event_store(stock);
    let theirs = store.load_aggregate(&client(1).to_string()).await.unwrap();
    let loaded = here.log.load::<ApiClient>(client(1)).await.unwrap();
    assert_eq!(
        (theirs.aggregate.0, u64::try_from(theirs.current_sequence).unwrap()),
        ((*loaded.state).clone(), loaded.version)
    );
    let envelopes = store.load_events(&client(1).to_string()).await.unwrap();
    assert_eq!(envelopes[0].metadata["actor"], "bootstrap-admin");
    here.end().await;
}
