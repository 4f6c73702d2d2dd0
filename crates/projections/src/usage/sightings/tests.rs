//! Presentations in, a row for each secret out; each batch once.

use std::{sync::Arc, time::Duration};

use domain::{decision::Outcome, usage::UsageBatch};
use eventlog::usage::ArrivedBatch;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    Projections, Retention,
    testing::{Engine, Standing, at, client, event_log, key, on_every_engine, read_model, route, usage_log},
    usage::apply,
};

on_every_engine!(
    each_secret_has_its_calls_and_those_who_presented_it,
    a_gateway_that_says_no_more_is_counted_all_the_same,
    a_sighting_that_comes_again_counts_once,
    those_seen_last_are_kept_and_no_more,
    names_are_forgotten_in_time_and_calls_are_not,
    only_who_counts_may_forget,
    who_follows_forgets_in_time,
);

fn fact(version: u32, outcome: Outcome, calls: u64, second: i64) -> UsageFact {
    UsageFact {
        minute: at(second).as_second().div_euclid(60) * 60,
        client_id: Some(client(1)),
        key_id: Some(key(1)),
        secret_version: Some(version),
        route_id: Some(route(1)),
        environment: "prod".parse().unwrap(),
        outcome,
        calls,
        last_at: at(second),
        seconds: vec![],
    }
}

fn seen(value: &str, calls: u64, second: i64) -> Seen {
    Seen { value: value.to_owned(), calls, last_at: at(second) }
}

fn name(value: &str, calls: u64, second: i64) -> Name {
    Name { value: value.to_owned(), calls, last_at: at(second) }
}

fn sighting(version: u32, calls: u64, addresses: Vec<Seen>) -> Sighting {
    let user_agents = vec![seen("curl/8", calls, 1)];
    Sighting { key_id: key(1), secret_version: version, calls, addresses, user_agents }
}

fn batch(batch_no: u64, sequence: u64, facts: Vec<UsageFact>, sightings: Vec<Sighting>) -> ArrivedBatch {
    let (node, boot) = ("node".to_owned(), "boot".to_owned());
    ArrivedBatch {
        batch_no,
        batch: UsageBatch {
            node,
            boot,
            sequence,
            flushed_at: at(0),
            facts,
            throttled: vec![],
            responses: vec![],
            shadow: vec![],
            quota_levels: vec![],
            sightings,
            addresses: vec![],
            decisions: vec![],
            left_out: domain::usage::DecisionsLeftOut::default(),
        },
    }
}

async fn counted(on: Engine, batches: &[ArrivedBatch]) -> (tempfile::TempDir, ReadModel) {
    let (dir, model) = read_model(on).await;
    model.reset(OWNER).await.unwrap();
    count(&model, Position::START, batches).await;
    (dir, model)
}

async fn count(model: &ReadModel, from: Position, batches: &[ArrivedBatch]) {
    let (_, committed) = apply(model, from, batches).await.unwrap();
    assert_eq!(committed, Committed::Yes);
}

async fn rows(model: &ReadModel) -> Vec<SecretSightings> {
    of_key(model, key(1), 10).await.unwrap()
}

async fn each_secret_has_its_calls_and_those_who_presented_it(on: Engine) {
    let first = batch(
        1,
        1,
        vec![
            fact(1, Outcome::Allowed, 5, 10),
            fact(1, Outcome::Unauthenticated, 2, 20),
            fact(2, Outcome::Allowed, 1, 5),
        ],
        vec![
            sighting(1, 7, vec![seen("10.1.2.3", 4, 10), seen("10.9.9.9", 2, 20)]),
            sighting(2, 1, vec![seen("", 1, 5)]),
        ],
    );
    let second = batch(
        2,
        2,
        vec![fact(1, Outcome::RateLimited, 3, 30)],
        vec![sighting(1, 3, vec![seen("10.1.2.3", 3, 30)])],
    );
    let (_dir, model) = counted(on, &[first, second]).await;
    let rows = rows(&model).await;
    let [new, old] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((new.secret_version, new.calls, new.last_at), (2, 1, at(5)));
    assert_eq!((old.secret_version, old.calls, old.last_at), (1, 10, at(30)));
    assert_eq!(old.addresses, [name("10.1.2.3", 7, 30), name("10.9.9.9", 2, 20)]);
    assert_eq!(old.user_agents, [name("curl/8", 10, 1)]);
}

async fn a_gateway_that_says_no_more_is_counted_all_the_same(on: Engine) {
    let (_dir, model) = counted(on, &[batch(1, 1, vec![fact(1, Outcome::Allowed, 5, 10)], vec![])]).await;
    let rows = rows(&model).await;
    assert_eq!((rows[0].calls, rows[0].addresses.len(), rows[0].oldest_at()), (5, 0, None));
}

async fn a_sighting_that_comes_again_counts_once(on: Engine) {
    let one = |batch_no, sequence| {
        let presented = vec![sighting(1, 1, vec![seen("10.1.2.3", 1, 10)])];
        batch(batch_no, sequence, vec![fact(1, Outcome::Allowed, 1, 10)], presented)
    };
    let (_dir, model) = counted(on, &[one(1, 1), one(2, 1), one(3, 2)]).await;
    for (from, again) in
        [(3, vec![one(4, 2)]), (4, vec![one(5, 1), one(6, 2), one(9, 3)]), (9, vec![one(10, 3)])]
    {
        count(&model, Position::new(from), &again).await;
    }
    // One that was overtaken writes nothing.
    let (_, committed) = apply(&model, Position::new(3), &[one(11, 4)]).await.unwrap();
    assert_eq!(committed, Committed::Fenced);
    let rows = rows(&model).await;
    assert_eq!((rows[0].calls, &rows[0].addresses[..]), (3, &[name("10.1.2.3", 3, 10)][..]));
}

async fn those_seen_last_are_kept_and_no_more(on: Engine) {
    let batches = (1..=20).map(|no: u64| {
        let second = i64::try_from(no).unwrap();
        let addresses = (0..8).map(|n| seen(&format!("10.0.{no}.{n}"), 1, second)).collect();
        batch(no, no, vec![fact(1, Outcome::Allowed, 8, second)], vec![sighting(1, 8, addresses)])
    });
    let (_dir, model) = counted(on, &batches.collect::<Vec<_>>()).await;
    let rows = rows(&model).await;
    assert_eq!((rows[0].calls, rows[0].addresses.len()), (160, NAMES_MAX));
    assert!(rows[0].addresses.iter().all(|address| address.last_at >= at(17)), "{:?}", rows[0].addresses);
    assert_eq!(rows[0].addresses.iter().map(|address| address.calls).sum::<u64>(), 32);
}

async fn names_are_forgotten_in_time_and_calls_are_not(on: Engine) {
    let addresses = vec![seen("10.1.2.3", 1, 10), seen("10.9.9.9", 1, 500)];
    let (_dir, model) =
        counted(on, &[batch(1, 1, vec![fact(1, Outcome::Allowed, 2, 500)], vec![sighting(1, 2, addresses)])])
            .await;
    let one = Position::new(1);
    assert_eq!(prune(&model, one, at(5)).await.unwrap(), Committed::Yes);
    assert_eq!(prune(&model, one, at(500)).await.unwrap(), Committed::Yes);
    let kept = rows(&model).await;
    assert_eq!((kept[0].calls, &kept[0].addresses[..]), (2, &[name("10.9.9.9", 1, 500)][..]));
    assert_eq!(kept[0].user_agents, []);
    assert_eq!(prune(&model, one, at(501)).await.unwrap(), Committed::Yes);
    let kept = rows(&model).await;
    assert_eq!((kept[0].calls, kept[0].addresses.len(), kept[0].last_at), (2, 0, at(500)));
    // The next batch goes on from there.
    count(&model, one, &[batch(2, 2, vec![fact(1, Outcome::Allowed, 1, 600)], vec![])]).await;
    assert_eq!(rows(&model).await[0].calls, 3);
}

async fn only_who_counts_may_forget(on: Engine) {
    let presented = vec![sighting(1, 1, vec![seen("10.1.2.3", 1, 10)])];
    let (_dir, model) = counted(on, &[batch(7, 1, vec![fact(1, Outcome::Allowed, 1, 10)], presented)]).await;
    assert_eq!(prune(&model, Position::new(6), at(1_000)).await.unwrap(), Committed::Fenced);
    assert_eq!(rows(&model).await[0].addresses.len(), 1);
}

/// Follows at this time until it is so.
async fn follow(world: &Following, days: u16, now: Timestamp, until_so: impl AsyncFn() -> bool) {
    let Following { model, log, usage } = world;
    let projections = Projections::open(model.clone(), log.clone(), usage.clone()).await.unwrap();
    let projections = projections.keeping_sightings(Retention { clock: Arc::new(Standing(now)), days });
    let stop = CancellationToken::new();
    let watching = async {
        let so = async || Ok(until_so().await.then_some(()));
        test_servers::until("it to be so", Duration::from_secs(30), so).await.unwrap();
        stop.cancel();
    };
    let (ran, ()) = tokio::join!(projections.run(stop.clone()), watching);
    ran.unwrap();
}

struct Following {
    model: ReadModel,
    log: eventlog::EventLog,
    usage: eventlog::usage::UsageLog,
}

async fn who_follows_forgets_in_time(on: Engine) {
    let (dir, model) = read_model(on).await;
    let (log, usage) = (event_log(dir.path()).await, usage_log(dir.path()).await);
    let world = Following { model, log, usage };
    let one = |sequence| {
        let presented = vec![sighting(1, 1, vec![seen("10.1.2.3", 1, 10)])];
        batch(0, sequence, vec![fact(1, Outcome::Allowed, 1, 10)], presented).batch
    };
    let (calls, names) = (
        async || rows(&world.model).await.iter().map(|row| row.calls).sum::<u64>(),
        async || rows(&world.model).await.iter().map(|row| row.addresses.len()).sum::<usize>(),
    );
    let beside = async || {
        world
            .usage
            .read(0, 10)
            .await
            .unwrap()
            .iter()
            .map(|arrived| arrived.batch.sightings.len())
            .sum::<usize>()
    };
    // Of a call that is told without who made it.
    let flushed = |sequence, day: i64| UsageBatch {
        flushed_at: at(day * 86_400),
        ..batch(0, sequence, vec![fact(1, Outcome::Allowed, 1, 10)], vec![]).batch
    };
    world.usage.append(Some(one(1)), vec![]).await.unwrap();
    follow(&world, 30, at(60), async || calls().await == 1).await;
    assert_eq!((names().await, beside().await), (1, 1));
    // A clock that is ahead of every flush forgets nothing: names are looked at before the second batch is counted.
    world.usage.append(Some(flushed(2, 31)), vec![]).await.unwrap();
    follow(&world, 30, at(31 * 86_400), async || calls().await == 2).await;
    assert_eq!((names().await, beside().await), (1, 1));
    follow(&world, 30, at(31 * 86_400), async || names().await == 0).await;
    assert_eq!((calls().await, beside().await), (2, 0));
    // Where nothing is to be kept, nothing ever is.
    world.usage.append(Some(one(3)), vec![]).await.unwrap();
    follow(&world, 0, at(0), async || calls().await == 3).await;
    assert_eq!(names().await, 0);
}
