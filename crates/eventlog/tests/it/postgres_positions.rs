//! Positions that come with the commit, in the process that gives them; and when it does so no longer.

use std::time::Duration;

use domain::Position;
use futures::future::join_all;
use sqlx::Connection as _;
use test_servers::until;
use tollgate_eventlog::{Place, postgres::Sessions};

use crate::{
    postgres::{Instance, LONG, check_order, number},
    support::{client, place, register, rename, suspend},
};

/// Sessions that hold the sequencer's lock are ended.
const END_THE_LEADER: &str = "select count(pg_terminate_backend(pid)) from pg_locks
    where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())";

/// Sessions of this database that wait for a lock.
const WAITING: &str = "select count(*) from pg_locks
    where not granted and database = (select oid from pg_database where datname = current_database())";

async fn leads(here: &Instance) {
    let mut leads = here.log.watch_leads();
    tokio::time::timeout(LONG, leads.wait_for(|leads| *leads)).await.unwrap().unwrap();
    // Once nothing waits, what is appended has its position.
    until("positions to come with the commit", LONG, async || {
        let done = here.log.execute(register(client(u128::MAX))).await;
        let done = match done {
            Ok(done) => done,
            Err(_) => here.log.execute(rename(client(u128::MAX), &another_name())).await.unwrap(),
        };
        Ok(matches!(done.place, Place::At(_)).then_some(()))
    })
    .await
    .unwrap();
}

async fn check_order_once_given(here: &Instance) {
    let mut look = here.connection().await;
    let events = number(&mut look, "select count(*) from events").await;
    until("every event to have its position", LONG, async || {
        Ok((number(&mut look, "select count(*) from log").await == events).then_some(()))
    })
    .await
    .unwrap();
    check_order(here, events).await;
}

/// A name that no client has had.
fn another_name() -> String {
    format!("name {:x}", rand::random::<u64>())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_comes_alone_is_answered_with_its_position_by_who_leads() {
    let here = Instance::on_a_new_database().await;
    here.sequence();
    leads(&here).await;
    let mut count = 0;
    until("a command that comes alone", LONG, async || {
        count += 1;
        let Place::At(position) = here.log.execute(register(client(count))).await?.place else {
            return Ok(None);
        };
        assert_eq!(here.log.head(), position, "followers hear of it with the answer");
        Ok(Some(()))
    })
    .await
    .unwrap();
    check_order_once_given(&here).await;
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_process_has_appended_comes_first() {
    let one = Instance::on_a_new_database().await;
    let other = Instance::on(&one.database).await;
    one.sequence();
    leads(&one).await;
    let (mut alone, mut round) = (0, 0);
    until("commands that come alone", LONG, async || {
        round += 1;
        other.log.execute(register(client(round))).await?;
        other.log.execute(suspend(client(round))).await?;
        // At the version that the other process has made, which may have no position yet.
        let renamed = one.log.execute(rename(client(round), "Other")).await?;
        assert_eq!(renamed.version, 3);
        alone += u32::from(matches!(renamed.place, Place::At(_)));
        Ok((alone >= 5).then_some(()))
    })
    .await
    .unwrap();
    check_order_once_given(&one).await;
    other.end().await;
    one.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sequencer_that_waits_holds_up_no_command() {
    let here = Instance::on_a_new_database().await;
    here.log.execute(register(client(1))).await.unwrap();
    let mut held = here.connection().await;
    let mut held = held.begin().await.unwrap();
    sqlx::query("lock table log in share mode").execute(&mut *held).await.unwrap();
    here.sequence();
    let mut look = here.connection().await;
    until("the sequencer to wait", LONG, async || Ok((number(&mut look, WAITING).await > 0).then_some(())))
        .await
        .unwrap();
    let _following = [(); 8].map(|()| here.log.follow_through());
    let commands = join_all((2..6).map(|of| here.log.execute(register(client(of)))));
    let answered = tokio::time::timeout(Duration::from_secs(3), commands).await.expect("nobody waits for it");
    for done in answered {
        assert!(matches!(done.unwrap().place, Place::Recorded { .. }), "on record, without a position");
    }
    held.rollback().await.unwrap();
    check_order_once_given(&here).await;
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_of_a_group_that_cannot_go_together_are_answered_each() {
    let here = Instance::on_a_new_database().await;
    here.sequence();
    leads(&here).await;
    let _following = [(); 16].map(|()| here.log.follow_through());
    for round in 0..4 {
        // Of each client two: they are in one group, and the second is decided again.
        let asks =
            (1..5).flat_map(|of| [of, of]).map(|of| here.log.execute(register(client(round * 10 + of))));
        let done = join_all(asks).await;
        assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 4, "of two one is the first");
    }
    check_order_once_given(&here).await;
    here.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_believe_they_lead_leave_no_gap_and_give_nothing_twice() {
    let one = Instance::on_a_new_database().await;
    let other = Instance::on(&one.database).await;
    one.sequence();
    leads(&one).await;
    other.sequence();
    let mut look = one.connection().await;
    let writers = |here: &Instance, from: u128| {
        let log = here.log.clone();
        join_all((from..from + 8).map(move |number| {
            let log = log.clone();
            async move {
                let mut places = vec![];
                for round in 0..12 {
                    let ask = match round {
                        0 => register(client(number)),
                        round => rename(client(number), &format!("round {round}")),
                    };
                    // A session that was ended in mid statement: the command is given again.
                    if let Ok(done) = log.execute(ask).await {
                        places.push(place(&log, &done).await);
                    }
                }
                places
            }
        }))
    };
    let cutting = async {
        for _ in 0..3 {
            number(&mut look, END_THE_LEADER).await;
            tokio::task::yield_now().await;
        }
    };
    let (ones, others, ()) = tokio::join!(writers(&one, 100), writers(&other, 200), cutting);
    for places in ones.iter().chain(&others) {
        assert!(places.is_sorted(), "a client's own commands keep their order: {places:?}");
    }
    let mut all: Vec<Position> = ones.iter().chain(&others).flatten().copied().collect();
    let answered = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), answered, "no position is given twice");
    check_order_once_given(&one).await;
    other.end().await;
    one.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_whose_answer_was_not_waited_for_is_not_used_again() {
    let here = Instance::on_a_new_database().await;
    let options = here.database.url.parse().unwrap();
    let sessions = Sessions::new(options, 1, LONG);
    let backend = async |sessions: &Sessions| {
        let pid = sqlx::query_scalar::<_, i32>("select pg_backend_pid()");
        sessions.run(async |session| pid.fetch_one(session).await).await
    };
    let first = backend(&sessions).await.unwrap();
    assert_eq!(backend(&sessions).await.unwrap(), first, "one that has answered is");
    let refused = sessions.run(async |session| sqlx::query("select 1 / 0").execute(session).await).await;
    assert!(refused.is_err());
    assert_eq!(backend(&sessions).await.unwrap(), first, "one that was refused something, too");
    tokio::select! {
        biased;
        _ = sessions.run(async |session| sqlx::query("select pg_sleep(60)").execute(session).await) => panic!("it sleeps"),
        () = tokio::task::yield_now() => {}
    }
    let second = backend(&sessions).await.unwrap();
    assert_ne!(second, first);
    let mut look = here.connection().await;
    sqlx::query("select pg_terminate_backend($1)").bind(second).execute(&mut look).await.unwrap();
    // The question meets it dead, or the look at a connection that has rested does: no answer is from it.
    if let Ok(another) = backend(&sessions).await {
        assert_ne!(another, second);
    }
    assert_ne!(backend(&sessions).await.unwrap(), second);
    sessions.close().await;
    assert!(matches!(backend(&sessions).await, Err(sqlx::Error::PoolClosed)));
    here.end().await;
}
