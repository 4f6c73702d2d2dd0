//! Whatever a rebuild is given and wherever it is cut off, it ends with the same bytes.

use std::{cell::RefCell, time::Duration};

use eventlog::usage::UsageLog;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    Projections, Row,
    testing::{
        Engine, dump, event_log, migrated, on_every_engine, read_model, rows_of, usage_batch, usage_log,
        write_log,
    },
};

on_every_engine!(
    a_rebuild_makes_what_following_made,
    one_projection_is_rebuilt_and_the_others_are_left_alone,
    a_rebuild_that_was_cut_off_ends_the_same,
    rows_of_another_log_are_made_anew,
);

struct Installation {
    dir: tempfile::TempDir,
    model: ReadModel,
    log: EventLog,
    usage: UsageLog,
}

async fn installation(on: Engine, first_name: &str) -> Installation {
    let (dir, model) = read_model(on).await;
    let (log, usage) = (event_log(dir.path()).await, usage_log(dir.path()).await);
    write_log(&log, first_name).await;
    for sequence in 1..=3 {
        usage.append(Some(usage_batch(sequence, 5)), vec![]).await.unwrap();
    }
    Installation { dir, model, log, usage }
}

impl Installation {
    fn sources(&self, events_max: usize) -> Sources<'_> {
        Sources { model: &self.model, log: &self.log, usage: &self.usage, events_max, rows_max: 1 }
    }

    /// Follows to the end of the log and of the usage batches.
    async fn follow(&self) {
        let projections =
            Projections::open(self.model.clone(), self.log.clone(), self.usage.clone()).await.unwrap();
        let (visibility, stop) = (projections.visibility(), CancellationToken::new());
        let running = projections.run(stop.clone());
        let watching = async {
            let long = Duration::from_secs(30);
            assert!(visibility.wait_for(self.log.head(), long).await, "{visibility:?}");
            assert!(visibility.wait_for_usage(3, long).await, "{visibility:?}");
            stop.cancel();
        };
        let (ran, ()) = tokio::join!(running, watching);
        ran.unwrap();
    }

    async fn dump(&self) -> Vec<(&'static str, Vec<Row>)> {
        dump(&self.model).await
    }
}

async fn a_rebuild_makes_what_following_made(on: Engine) {
    let here = installation(on, "Acme").await;
    here.follow().await;
    let followed = here.dump().await;
    assert_eq!(rows_of(&followed, "key_directory").len(), 6);
    assert_eq!(rows_of(&followed, "usage_minute").len(), 1);
    let heard = RefCell::new(vec![]);
    let hear = |done, total| heard.borrow_mut().push((done, total));
    rebuild(&here.model, &here.log, &here.usage, None, hear).await.unwrap();
    assert_eq!(here.dump().await, followed);
    // 11 events and 3 batches.
    assert_eq!(heard.into_inner(), [(0, 14), (11, 14), (11, 14), (14, 14)]);
    // Following goes on where the rebuild ended.
    here.follow().await;
    assert_eq!(here.dump().await, followed);
}

async fn one_projection_is_rebuilt_and_the_others_are_left_alone(on: Engine) {
    let here = installation(on, "Acme").await;
    here.follow().await;
    let followed = here.dump().await;
    for name in ALL.iter().map(|projection| projection.name()).chain([USAGE]) {
        rebuild(&here.model, &here.log, &here.usage, Some(name), |_, _| {}).await.unwrap();
        assert_eq!(here.dump().await, followed, "{name}");
    }
    let unknown = rebuild(&here.model, &here.log, &here.usage, Some("nonsense"), |_, _| {}).await;
    assert!(unknown.unwrap_err().to_string().contains("client_directory"), "says which there are");
}

async fn a_rebuild_that_was_cut_off_ends_the_same(on: Engine) {
    let here = installation(on, "Acme").await;
    here.follow().await;
    let followed = here.dump().await;
    for cut_at in [0, 2, 7] {
        let cut = CancellationToken::new();
        let hear = |done, _| {
            if done >= cut_at {
                cut.cancel();
            }
        };
        let sources = here.sources(1);
        let ended = tokio::select! {
            biased;
            () = cut.cancelled() => false,
            _ = rebuild_from(&sources, None, hear) => true,
        };
        assert!(!ended, "it was cut off at {cut_at}");
        // What the embedded engine's writer was at when it was cut off comes to its end before this.
        here.model.claim(Owner::of(ALL[5]), "nobody").await.unwrap();
        let checkpoint = here.model.checkpoint("audit_log").await.unwrap();
        let entries = rows_of(&here.dump().await, "audit_log").len();
        assert_eq!(u64::try_from(entries).unwrap(), checkpoint.get(), "rows and checkpoint agree");
        assert!(checkpoint < here.log.head());
        if cut_at == 2 {
            here.follow().await;
        } else {
            rebuild_from(&here.sources(3), None, |_, _| {}).await.unwrap();
        }
        assert_eq!(here.dump().await, followed, "cut off at {cut_at}");
    }
}

async fn rows_of_another_log_are_made_anew(on: Engine) {
    let (here, there) = (installation(on, "Acme").await, installation(on, "Another").await);
    here.follow().await;
    there.follow().await;
    // The same number of events, but not the same: as when a backup of the log is restored.
    let mixed = Installation { model: here.model.clone(), ..there };
    mixed.follow().await;
    let rebuilt = mixed.dump().await;
    assert!(format!("{:?}", rows_of(&rebuilt, "client_directory")).contains("Another"));
    assert!(!format!("{:?}", rows_of(&rebuilt, "audit_log")).contains("Acme"));
    drop(mixed.dir);
}

async fn indexes(pool: &PgPool) -> Vec<(String, String)> {
    let sql = "select indexname::text, indexdef from pg_indexes where tablename = 'audit_log' order by 1";
    sqlx::query_as(sql).fetch_all(pool).await.unwrap()
}

async fn checks_its_data(pool: &PgPool) -> bool {
    let sql = "select exists (select from pg_constraint where conname = 'audit_log_data_is_json')";
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn a_rebuild_leaves_the_indexes_that_the_migrations_made() {
    let here = installation(Engine::Sqlite, "Acme").await;
    let (_database, pool) = migrated().await;
    let migrated = indexes(&pool).await;
    assert_eq!(migrated.len(), 9);
    let model = ReadModel::open_postgres(pool.clone()).await.unwrap();
    rebuild(&model, &here.log, &here.usage, None, |_, _| {}).await.unwrap();
    assert_eq!(indexes(&pool).await, migrated);
    assert!(checks_its_data(&pool).await);
    let rebuilt = dump(&model).await;

    // Cut off in the middle: whoever follows makes them again.
    let cut = CancellationToken::new();
    let sources = Sources { model: &model, log: &here.log, usage: &here.usage, events_max: 1, rows_max: 1 };
    let hear = |done, _| {
        if done >= 2 {
            cut.cancel()
        }
    };
    tokio::select! {
        biased;
        () = cut.cancelled() => {}
        _ = rebuild_from(&sources, Some("audit_log"), hear) => panic!("it was cut off"),
    }
    assert_eq!(indexes(&pool).await, [], "not even the primary key");
    let followed = Installation { model: model.clone(), ..here };
    followed.follow().await;
    assert_eq!((indexes(&pool).await, dump(&model).await), (migrated, rebuilt));
    assert!(checks_its_data(&pool).await);
}

#[tokio::test]
async fn a_rebuild_does_not_wait_for_a_reader_that_does_not_end() {
    let here = installation(Engine::Sqlite, "Acme").await;
    let (database, pool) = migrated().await;
    let model = ReadModel::open_postgres(pool.clone()).await.unwrap();
    rebuild(&model, &here.log, &here.usage, None, |_, _| {}).await.unwrap();
    let rebuilt = dump(&model).await;
    let elsewhere = crate::testing::pool(&database).await;
    let mut reading = elsewhere.begin().await.unwrap();
    sqlx::query("select count(*) from audit_log").execute(&mut *reading).await.unwrap();
    rebuild(&model, &here.log, &here.usage, None, |_, _| {}).await.unwrap();
    assert_eq!(dump(&model).await, rebuilt);
    reading.rollback().await.unwrap();
}

/// `cargo test --release -p tollgate-projections -- --ignored --nocapture rate`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: writes 100,000 events"]
async fn rate() {
    for on in [Engine::Sqlite, Engine::Postgres] {
        println!("{on:?}");
        rate_on(on).await;
    }
}

async fn rate_on(on: Engine) {
    use domain::api_key::{ApiKey, ApiKeyCommand, ReinstateKey, SuspendKey};

    use crate::testing::{execute, key};

    let here = installation(on, "Acme").await;
    let events = 100_000;
    let mut writers = tokio::task::JoinSet::new();
    for k in [1, 2, 3, 11, 12, 13] {
        let log = here.log.clone();
        writers.spawn(async move {
            while log.head().get() < events {
                let reason = || "a measurement".parse().unwrap();
                let suspend = ApiKeyCommand::Suspend(SuspendKey { reason: reason() });
                execute::<ApiKey>(&log, key(k), suspend).await;
                let reinstate = ApiKeyCommand::Reinstate(ReinstateKey { reason: reason() });
                execute::<ApiKey>(&log, key(k), reinstate).await;
            }
        });
    }
    writers.join_all().await;
    let head = here.log.head();
    let names = [None, Some("audit_log"), Some("key_directory"), Some("client_directory")];
    for name in names.into_iter().chain(names) {
        let (begun, cpu_before) = (std::time::Instant::now(), cpu_seconds());
        rebuild(&here.model, &here.log, &here.usage, name, |_, _| {}).await.unwrap();
        let (seconds, cpu) = (begun.elapsed().as_secs_f64(), cpu_seconds() - cpu_before);
        let events = f64::from(u32::try_from(head.get()).unwrap());
        let (rate, of_cpu, name) = (events / seconds, events / cpu, name.unwrap_or("all"));
        println!(
            "{name}: {events} events in {seconds:.2} s: {rate:.0}/s, {of_cpu:.0} per second of processor"
        );
    }
}

/// User and system time of this process so far, in hundredths as Linux counts them.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit_once(") ").unwrap().1.split(' ');
    fields.skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}
