//! The fault matrix: everything is killed at random moments under load, and nothing acknowledged is lost, doubled or moved.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use domain::{Clock, Position, Timestamp};
use eventlog::{
    EventLog,
    bus::{Bus, BusFeed, BusSettings, EVENTS_STREAM},
    postgres::PostgresSettings,
};
use futures::future::BoxFuture;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use tokio::task::JoinSet;
use tollgate_tests::{Admin, Cluster, Postgres, until};

use super::cluster::{applied, registration};

const ROUNDS: usize = 14;
const WRITERS: usize = 6;
const SOON: Duration = Duration::from_secs(60);

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

/// What is killed next.
#[derive(Clone, Debug)]
enum Victim {
    Instance(String),
    Postgres,
    Nats,
}

/// Registers clients under names of its own, each again under the same key until it is acknowledged or the load ends.
async fn write(
    admins: Vec<Admin>,
    writer: usize,
    loaded: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
) -> Result<BTreeSet<String>> {
    let mut acknowledged = BTreeSet::new();
    for number in 0_usize.. {
        let name = format!("w{writer} n{number}");
        for attempt in 0_usize.. {
            if !loaded.load(Ordering::Relaxed) {
                return Ok(acknowledged);
            }
            let admin = admins.get((writer + number + attempt) % admins.len()).context("an api instance")?;
            let admin = admin.with("idempotency-key", &format!("{writer}-{number}"))?;
            match admin.post("/clients", &registration(&name)).await {
                Ok(answer) if [201, 202].contains(&answer.status) => {
                    acknowledged.insert(name);
                    done.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                Ok(answer) => ensure!(
                    [409, 429, 500, 503].contains(&answer.status),
                    "`{name}` was answered {} {}",
                    answer.status,
                    answer.body
                ),
                Err(_gone) => {}
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(acknowledged)
}

async fn strike(cluster: &mut Cluster, victim: &Victim) -> Result<()> {
    match victim {
        Victim::Instance(name) => cluster.instance_mut(name)?.restart().await,
        Victim::Postgres => {
            cluster.postgres.kill_9()?;
            cluster.postgres.start_again().await
        }
        Victim::Nats => {
            cluster.nats.kill_9()?;
            cluster.nats.start_again().await
        }
    }
}

/// Waits until so many more writes are acknowledged: whatever was struck, the system takes commands again.
async fn goes_on(done: &AtomicU64, more: u64, after: &Victim) -> Result<()> {
    let goal = done.load(Ordering::Relaxed) + more;
    until(&format!("writes to go on after {after:?}"), SOON, async || {
        Ok((done.load(Ordering::Relaxed) >= goal).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_killed_nothing_acknowledged_is_lost_doubled_or_moved() -> Result<()> {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut cluster = Cluster::start().await?.with_each(2).await?;
    let mut victims: Vec<Victim> = cluster.names().into_iter().map(Victim::Instance).collect();
    victims.extend([Victim::Postgres, Victim::Nats, Victim::Nats]);

    let admins = vec![cluster.admin("api-1")?, cluster.admin("api-2")?];
    let (loaded, done) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(0)));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write(admins.clone(), writer, Arc::clone(&loaded), Arc::clone(&done)));
    }
    for _ in 0..ROUNDS {
        let victim = victims.choose(&mut random).context("there are victims")?.clone();
        goes_on(&done, random.random_range(1..20), &victim).await?;
        println!("{} written; killing {victim:?}", done.load(Ordering::Relaxed));
        strike(&mut cluster, &victim).await.with_context(|| format!("seed {seed}, {victim:?}"))?;
        goes_on(&done, 1, &victim).await.with_context(|| format!("seed {seed}"))?;
    }
    loaded.store(false, Ordering::Relaxed);
    let mut acknowledged = BTreeSet::new();
    while let Some(written) = writers.join_next().await {
        acknowledged.extend(written??);
    }
    all_is_whole(&cluster, &acknowledged).await.with_context(|| format!("seed {seed}"))
}

/// Which server leads the stream of events.
async fn leader(bus: &Bus) -> Result<usize> {
    until("a leader of the stream", SOON, async || {
        let stream = bus.jetstream().get_stream(EVENTS_STREAM).await?;
        let leader = stream.cached_info().cluster.as_ref().and_then(|cluster| cluster.leader.clone());
        Ok(leader.and_then(|name| name.trim_start_matches('n').parse().ok()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leader_of_three_buses_is_killed_under_load_and_nothing_is_lost() -> Result<()> {
    let mut cluster = Cluster::with_three_nats().await?.with_each(1).await?;
    cluster.add(tollgate_tests::Role::Gateway, "gateway-2").await?;
    let settings = BusSettings { urls: cluster.nats_urls(), replicas: 3, ..BusSettings::default() };
    let (bus, admins) = (Bus::connect(settings).await?, vec![cluster.admin("api-1")?]);
    let (loaded, done) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(0)));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write(admins.clone(), writer, Arc::clone(&loaded), Arc::clone(&done)));
    }
    for _ in 0..3 {
        goes_on(&done, 20, &Victim::Nats).await?;
        let leads = leader(&bus).await?;
        println!("{} written; killing n{leads}", done.load(Ordering::Relaxed));
        cluster.nats_mut(leads)?.kill_9()?;
        // Two of three are enough for everything, gateways included.
        goes_on(&done, 20, &Victim::Nats).await?;
        let head: u64 = cluster.sql("select coalesce(max(position), 0) from tollgate.log")?.parse()?;
        applied(cluster.instance("gateway-1")?, head).await?;
        cluster.nats_mut(leads)?.start_again().await?;
    }
    loaded.store(false, Ordering::Relaxed);
    let mut acknowledged = BTreeSet::new();
    while let Some(written) = writers.join_next().await {
        acknowledged.extend(written??);
    }
    all_is_whole(&cluster, &acknowledged).await
}

/// As many writes as it takes until one is refused; answers what was acknowledged and how the refusal was put.
async fn write_until_refused(admin: &Admin) -> Result<(BTreeSet<String>, tollgate_tests::Answer)> {
    let mut acknowledged = BTreeSet::new();
    for number in 0..50_000 {
        let name = format!("full {number}");
        let answer = admin.post("/clients", &registration(&name)).await?;
        match answer.status {
            201 | 202 => acknowledged.insert(name),
            _ => return Ok((acknowledged, answer)),
        };
    }
    anyhow::bail!("the disk was never full")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_commands_and_loses_none() -> Result<()> {
    let Some(postgres) = Postgres::on_small_disk(160).await? else {
        println!("not run: only root can mount a small disk");
        return Ok(());
    };
    let mut cluster = Cluster::on(postgres).await?.with_each(1).await?;
    cluster.add(tollgate_tests::Role::Gateway, "gateway-2").await?;
    let admin = cluster.admin("api-1")?;
    cluster.postgres.fill_disk(1_024)?;
    let (mut acknowledged, refused) = write_until_refused(&admin).await?;
    ensure!(!acknowledged.is_empty(), "the disk was full from the start");
    assert_eq!(
        (refused.status, refused.json["code"].as_str()),
        (503, Some("unavailable")),
        "{}",
        refused.body
    );
    assert!(refused.header("retry-after").is_some(), "{:?}", refused.headers);
    let alive = cluster.instance("api-1")?.get("/healthz").await?;
    assert_eq!(alive.status, 200, "a full disk ends no instance");
    cluster.postgres.make_room()?;
    if !cluster.postgres.runs() {
        cluster.postgres.start_again().await?;
    }
    let again = admin.with("idempotency-key", "after")?;
    until("commands to be taken again", SOON, async || {
        let answer = again.post("/clients", &registration("after")).await?;
        Ok([201, 202].contains(&answer.status).then_some(()))
    })
    .await?;
    acknowledged.insert("after".to_owned());
    all_is_whole(&cluster, &acknowledged).await
}

/// Every acknowledged command is in the log once, in every projection once, on the stream at its position, and known to
/// every gateway; the audit's root stands.
pub(crate) async fn all_is_whole(cluster: &Cluster, acknowledged: &BTreeSet<String>) -> Result<()> {
    let sequenced = "select (select count(*) from tollgate.events) - (select count(*) from tollgate.log)";
    until(
        "every event to have a position",
        SOON,
        async || Ok((cluster.sql(sequenced)? == "0").then_some(())),
    )
    .await?;
    let head: u64 = cluster.sql("select max(position) from tollgate.log")?.parse()?;
    ensure!(cluster.sql("select count(*) from tollgate.log")? == head.to_string(), "positions have gaps");

    let names = "select payload ->> 'name', count(*) from tollgate.events where event_type = 'api_client.registered' group by 1";
    let registered: BTreeMap<String, String> = cluster
        .sql(names)?
        .lines()
        .filter_map(|line| line.split_once('|'))
        .map(|(name, times)| (name.to_owned(), times.to_owned()))
        .collect();
    let lost: Vec<_> = acknowledged.iter().filter(|name| !registered.contains_key(*name)).collect();
    ensure!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let doubled: Vec<_> = registered.iter().filter(|(_, times)| *times != "1").collect();
    ensure!(doubled.is_empty(), "more than once: {doubled:?}");

    projected(cluster, head).await?;
    let settings = PostgresSettings::new(cluster.database_url().into());
    let log = EventLog::open_postgres(&settings, Arc::new(Still)).await?;
    let size = Position::new(head);
    ensure!(log.altered(size).await? == (head, vec![]), "an event does not hash to its leaf");
    ensure!(log.tree(size).await?.size() == head, "the tree is over all leaves");
    published(cluster, &log, head).await?;
    log.close().await;
    for gateway in ["gateway-1", "gateway-2"] {
        applied(cluster.instance(gateway)?, head).await?;
    }
    Ok(())
}

async fn projected(cluster: &Cluster, head: u64) -> Result<()> {
    let behind = format!(
        "select count(*) from tollgate_read.checkpoints where name <> 'usage' and position <> {head}"
    );
    until("every projection to be at the head", SOON, async || {
        Ok((cluster.sql(&behind)? == "0").then_some(()))
    })
    .await?;
    ensure!(
        cluster.sql("select count(*) from tollgate_read.audit_log")? == head.to_string(),
        "an entry an event"
    );
    let clients = "select count(*) from tollgate.events where event_type = 'api_client.registered'";
    ensure!(
        cluster.sql("select count(*) from tollgate_read.client_directory")? == cluster.sql(clients)?,
        "a row a client"
    );
    Ok(())
}

/// Nothing to turn to: what is not on the stream is missing.
#[derive(Debug)]
struct Nothing;

impl eventlog::bus::Refill for Nothing {
    fn read(
        &self,
        _: Position,
        _: usize,
    ) -> BoxFuture<'_, Result<Vec<domain::Recorded>, eventlog::LogFailure>> {
        Box::pin(async { Ok(vec![]) })
    }
}

async fn published(cluster: &Cluster, log: &EventLog, head: u64) -> Result<()> {
    let settings = BusSettings { urls: cluster.nats_urls(), ..BusSettings::default() };
    let mut feed = BusFeed::ordered(Bus::connect(settings).await?, Arc::new(Nothing));
    let mut after = Position::START;
    while after.get() < head {
        let there =
            tokio::time::timeout(SOON, feed.next(after, 500)).await.context("the stream ends early")??;
        let in_the_log = log.read(after, there.len()).await?;
        ensure!(there.len() == in_the_log.len(), "the stream has more than the log after {after}");
        for (on_the_bus, truth) in there.iter().zip(&in_the_log) {
            let same = (on_the_bus.position, on_the_bus.event_id, on_the_bus.leaf_hash)
                == (truth.position, truth.event_id, truth.leaf_hash);
            ensure!(same, "position {} is another event on the stream", truth.position);
        }
        after = there.last().map_or(after, |event| event.position);
    }
    Ok(())
}
