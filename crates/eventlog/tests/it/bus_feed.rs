//! The follower of the bus: contiguous and whole, whatever the stream brings twice, late or not at all.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::{Position, Recorded, personal::PersonalValues};
use futures::future::BoxFuture;
use test_servers::Nats;
use tollgate_eventlog::{
    EventLog, LogFailure,
    bus::{Bus, BusFeed, EVENTS_STREAM, Refill, envelope},
};

use crate::bus::{AT_MOST, Running, append, connect, durable, log_with, on_the_stream, put};
use crate::support::{address, client, email, suspend};

/// Applies everything up to a position and holds it against the log.
async fn follow(feed: &mut BusFeed, log: &EventLog, after: u64, until: u64) {
    let mut applied = Position::new(after);
    while applied < Position::new(until) {
        let events = next(feed, applied).await.unwrap();
        assert_eq!(events, log.read(applied, events.len()).await.unwrap(), "after {applied}");
        applied = events.last().unwrap().position;
    }
    assert_eq!(applied, Position::new(until));
}

async fn next(feed: &mut BusFeed, after: Position) -> Result<Vec<Recorded>, LogFailure> {
    tokio::time::timeout(AT_MOST, feed.next(after, 200)).await.unwrap()
}

async fn consumer_is_at(bus: &Bus, position: u64) {
    test_servers::until("the acknowledgements", AT_MOST, async || {
        let stream = bus.jetstream().get_stream(EVENTS_STREAM).await?;
        let floor = stream.consumer_info("follower").await?.ack_floor.stream_sequence;
        Ok((floor == position).then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_gets_what_is_there_and_what_comes() {
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 1_000).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(1_000).await;
    let mut feed = durable(&bus, &log);
    follow(&mut feed, &log, 0, 1_000).await;
    for number in 0..20 {
        let (events, _) = tokio::join!(next(&mut feed, log.head()), log.execute(suspend(client(number))));
        let events = events.unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].personal[&address().commitment()].as_ref(), "192.0.2.7", "read from the log");
        assert!(!events[0].personal.contains_key(&email().commitment()));
    }
    append(&log, 2_000).await;
    follow(&mut feed, &log, 1_020, 3_020).await;
    assert_eq!(feed.head(), Position::new(3_020));
    // Nothing is acknowledged that was not said to be applied.
    let idle = feed.next_within(Position::new(3_020), 10, Duration::from_millis(50)).await.unwrap();
    assert!(idle.is_empty());
    consumer_is_at(&bus, 3_020).await;
    publisher.stop().await;
}

/// The log, and how many events were read from it.
#[derive(Debug)]
struct Counted(EventLog, AtomicUsize);

impl Refill for Counted {
    fn read(&self, after: Position, max: usize) -> BoxFuture<'_, Result<Vec<Recorded>, LogFailure>> {
        Box::pin(async move {
            let events = self.0.read(after, max).await?;
            self.1.fetch_add(events.len(), Ordering::Relaxed);
            Ok(events)
        })
    }

    fn personal(
        &self,
        after: Position,
        until: Position,
    ) -> BoxFuture<'_, Result<HashMap<Position, PersonalValues>, LogFailure>> {
        Refill::personal(&self.0, after, until)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_that_has_caught_up_reads_no_event_from_the_log() {
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 20).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(20).await;
    let read = Arc::new(Counted(log.clone(), AtomicUsize::new(0)));
    let mut durable = BusFeed::durable(bus.clone(), "follower", read.clone());
    let mut ordered = BusFeed::ordered(bus.clone(), read.clone());
    for feed in [&mut durable, &mut ordered] {
        follow(feed, &log, 0, 20).await;
        assert!(feed.next_within(Position::new(20), 1, Duration::from_millis(300)).await.unwrap().is_empty());
    }
    assert_eq!(read.1.load(Ordering::Relaxed), 20, "only the durable one asks the log first");
    tokio::join!(
        append(&log, 3_000),
        follow(&mut durable, &log, 20, 3_020),
        follow(&mut ordered, &log, 20, 3_020)
    );
    assert_eq!(read.1.load(Ordering::Relaxed), 20);
    // The next question says that all of it is applied.
    assert!(durable.next_within(log.head(), 1, Duration::from_millis(10)).await.unwrap().is_empty());
    consumer_is_at(&bus, 3_020).await;
    publisher.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_handed_out_and_not_applied_is_handed_out_again() {
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 10).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(10).await;
    let mut feed = durable(&bus, &log);
    follow(&mut feed, &log, 0, 10).await;
    let (first, ()) = tokio::join!(next(&mut feed, Position::new(10)), append(&log, 100));
    publisher.reaches(110).await;
    let again = next(&mut feed, Position::new(10)).await.unwrap();
    assert_eq!(again[0], first.unwrap()[0]);
    // The process dies with everything handed out and nothing applied; the next one starts from its checkpoint.
    // There may be nothing left to hand out.
    let rest = feed.next_within(again.last().unwrap().position, 200, Duration::from_millis(50)).await;
    drop(rest.unwrap());
    drop(feed);
    let mut feed = durable(&bus, &log);
    follow(&mut feed, &log, 10, 110).await;
    append(&log, 50).await;
    follow(&mut feed, &log, 110, 160).await;
    publisher.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_brings_back_thousands_and_none_is_applied_twice() {
    let (mut nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 10).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(10).await;
    let mut feed = durable(&bus, &log);
    follow(&mut feed, &log, 0, 10).await;
    for _ in 0..3 {
        let first = log.head().get();
        tokio::join!(append(&log, 1_500), follow(&mut feed, &log, first, first + 1_500));
        nats.kill_9().unwrap();
        nats.start_again().await.unwrap();
    }
    let first = log.head().get();
    tokio::join!(append(&log, 500), follow(&mut feed, &log, first, first + 500));
    publisher.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_in_the_stream_is_filled_from_the_log() {
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 20).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(20).await;
    let mut feed = durable(&bus, &log);
    follow(&mut feed, &log, 0, 20).await;
    let mut ordered = BusFeed::ordered(bus.clone(), Arc::new(log.clone()));
    follow(&mut ordered, &log, 0, 20).await;
    append(&log, 500).await;
    publisher.reaches(520).await;
    let stream = bus.jetstream().get_stream(EVENTS_STREAM).await.unwrap();
    stream.purge().sequence(400).await.unwrap();
    follow(&mut feed, &log, 20, 520).await;
    follow(&mut ordered, &log, 20, 520).await;
    // A gap that no message comes after.
    append(&log, 30).await;
    publisher.reaches(550).await;
    stream.purge().await.unwrap();
    follow(&mut feed, &log, 520, 550).await;
    follow(&mut ordered, &log, 520, 550).await;
    publisher.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_comes_too_early_waits_for_those_before_it() {
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 20).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(20).await;
    publisher.stop().await;
    let mut feeds = [durable(&bus, &log), BusFeed::ordered(bus.clone(), Arc::new(log.clone()))];
    for feed in &mut feeds {
        follow(feed, &log, 0, 20).await;
        assert!(feed.next_within(Position::new(20), 1, Duration::from_millis(300)).await.unwrap().is_empty());
    }
    listening(&bus, 2).await;
    // The stream leaves three numbers out while both listen.
    append(&log, 5).await;
    let stream = bus.jetstream().get_stream(EVENTS_STREAM).await.unwrap();
    stream.purge().sequence(24).await.unwrap();
    let mut publisher = Running::start(&log, &bus);
    for feed in &mut feeds {
        follow(feed, &log, 20, 25).await;
    }
    publisher.reaches(25).await;
    assert_eq!(on_the_stream(&bus).await.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [24, 25]);
    publisher.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_starts_over_while_the_consumer_is_far_ahead() {
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 1_000).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(1_000).await;
    let mut feed = durable(&bus, &log);
    follow(&mut feed, &log, 0, 1_000).await;
    append(&log, 500).await;
    follow(&mut feed, &log, 1_000, 1_500).await;
    // The same feed, then a new one: neither hears anything of these from the bus.
    follow(&mut feed, &log, 0, 1_500).await;
    let mut feed = durable(&bus, &log);
    follow(&mut feed, &log, 0, 1_500).await;
    append(&log, 10).await;
    follow(&mut feed, &log, 1_500, 1_510).await;
    publisher.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_altered_message_stops_its_follower_alone_until_it_is_passed_over() {
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 5).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(5).await;
    publisher.stop().await;
    let (mut feed, mut other) = (durable(&bus, &log), BusFeed::ordered(bus.clone(), Arc::new(log.clone())));
    follow(&mut feed, &log, 0, 5).await;
    follow(&mut other, &log, 0, 5).await;
    // Both wait on the bus when the messages come; nobody else publishes them.
    let news = async {
        listening(&bus, 2).await;
        append(&log, 3).await;
        for event in log.read_stored(Position::new(5), 3).await.unwrap() {
            let envelope::Envelope { subject, mut body } = envelope::encode(&event).unwrap();
            if event.position == Position::new(7) {
                body = String::from_utf8(body).unwrap().replace("Acme", "Evil").into_bytes();
            }
            put(&bus, &subject, body).await;
        }
    };
    let (first, others, ()) =
        tokio::join!(next(&mut feed, Position::new(5)), next(&mut other, Position::new(5)), news);
    let mut applied = first.unwrap().last().unwrap().position;
    assert_eq!(applied, Position::new(6));
    for _ in 0..3 {
        let answer = next(&mut feed, applied).await;
        assert!(matches!(answer, Err(LogFailure::Decode { .. })), "{answer:?}");
    }
    // An operator has looked and passes over it.
    applied = applied.next();
    let after = next(&mut feed, applied).await.unwrap();
    assert_eq!(after[0].position, Position::new(8));
    // Another follower of the same message stands where it stood, and has not moved the first.
    assert_eq!(others.unwrap().last().unwrap().position, Position::new(6));
    assert!(next(&mut other, Position::new(6)).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_goes_on_from_the_log_while_the_bus_is_away() {
    let (mut nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 5).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(5).await;
    let mut feed = durable(&bus, &log);
    let mut ordered = BusFeed::ordered(bus.clone(), Arc::new(log.clone()));
    follow(&mut feed, &log, 0, 5).await;
    follow(&mut ordered, &log, 0, 5).await;
    nats.kill_9().unwrap();
    append(&log, 10).await;
    follow(&mut feed, &log, 5, 15).await;
    follow(&mut ordered, &log, 5, 15).await;
    // It comes back without anything that it had.
    std::fs::remove_dir_all(nats.store()).unwrap();
    nats.start_again().await.unwrap();
    publisher.reaches(15).await;
    append(&log, 300).await;
    follow(&mut feed, &log, 15, 315).await;
    follow(&mut ordered, &log, 15, 315).await;
    // And by the bus again: its consumer went with the disk.
    let idle = feed.next_within(Position::new(315), 10, Duration::from_secs(2)).await.unwrap();
    assert!(idle.is_empty());
    let (events, ()) = tokio::join!(next(&mut feed, Position::new(315)), append(&log, 1));
    assert_eq!(events.unwrap()[0].position, Position::new(316));
    consumer_is_delivered(&bus, 316).await;
    publisher.stop().await;
}

/// The durable consumer is there and has been sent this.
async fn consumer_is_delivered(bus: &Bus, position: u64) {
    test_servers::until("the consumer", AT_MOST, async || {
        let stream = bus.jetstream().get_stream(EVENTS_STREAM).await?;
        let delivered = stream.consumer_info("follower").await?.delivered.stream_sequence;
        Ok((delivered == position).then_some(()))
    })
    .await
    .unwrap();
}

/// So many followers have asked the log, found nothing, and wait on the bus.
async fn listening(bus: &Bus, followers: usize) {
    test_servers::until("the followers to listen", AT_MOST, async || {
        let stream = bus.jetstream().get_stream(EVENTS_STREAM).await?;
        Ok((stream.cached_info().state.consumer_count == followers).then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_that_is_cut_short_again_and_again_misses_nothing() {
    let (nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 5).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(5).await;
    for mut feed in [durable(&bus, &log), BusFeed::ordered(bus.clone(), Arc::new(log.clone()))] {
        let first = log.head();
        let following = async {
            let (mut applied, mut cut) = (first, 0_u32);
            while applied.get() < first.get() + 1_000 {
                let wait = Duration::from_micros(u64::from(cut % 40) * 250);
                match tokio::time::timeout(wait, feed.next(applied, 50)).await {
                    Ok(events) => {
                        let events = events.unwrap();
                        assert_eq!(events[0].position, applied.next());
                        applied = events.last().unwrap().position;
                    }
                    Err(_cut) => cut += 1,
                }
            }
            cut
        };
        let (cut, ()) = tokio::join!(following, append(&log, 1_000));
        assert!(cut > 0, "it was never cut short");
    }
    publisher.stop().await;
}

/// A control plane that is away.
#[derive(Debug)]
struct Away;

impl Refill for Away {
    fn read(&self, after: Position, _: usize) -> BoxFuture<'_, Result<Vec<Recorded>, LogFailure>> {
        Box::pin(async move { Err(LogFailure::Read { after, source: "the control plane is away".into() }) })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_follows_by_the_bus_alone_while_the_control_plane_is_away() {
    let (mut nats, dir) = (Nats::start().await.unwrap(), tempfile::tempdir().unwrap());
    let (log, bus) = (log_with(dir.path(), 1_000).await, connect(&nats).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(1_000).await;
    let mut feed = BusFeed::ordered(bus.clone(), Arc::new(Away));
    // From its snapshot, from the start, and from its snapshot again.
    let mut applied = Position::START;
    for start in [700, 0, 990] {
        applied = Position::new(start);
        while applied < Position::new(1_000) {
            let events = next(&mut feed, applied).await.unwrap();
            assert_eq!(events[0].position, applied.next());
            assert!(events.iter().all(|event| event.personal.is_empty()), "a gateway is given none");
            applied = events.last().unwrap().position;
        }
    }
    // With both away it says so, and it goes on when the bus is back.
    nats.kill_9().unwrap();
    assert!(next(&mut feed, applied).await.is_err());
    nats.start_again().await.unwrap();
    append(&log, 100).await;
    test_servers::until("the events", AT_MOST, async || {
        let events = feed.next(applied, 10).await?;
        assert_eq!(events[0].position, applied.next());
        applied = events.last().unwrap().position;
        Ok((applied == log.head()).then_some(()))
    })
    .await
    .unwrap();
    publisher.stop().await;
}
