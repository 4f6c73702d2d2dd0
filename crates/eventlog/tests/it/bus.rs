//! Given: a log, a real nats-server, and an eye on the stream that knows nothing of the feeds.

use std::{path::Path, sync::Arc, time::Duration};

use async_nats::jetstream::consumer::{AckPolicy, pull};
use domain::Position;
use futures::{StreamExt, future::join_all};
use test_servers::{Nats, until};
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tollgate_eventlog::{
    EventLog, StoredEvent,
    bus::{
        Bus, BusFeed, BusSettings, EVENTS_STREAM, envelope,
        publish::{PublishFailure, Publisher, PublisherStatus},
    },
};

use crate::support::{client, open, register};

/// Longer than anything here takes, a restarted server and a lost connection included.
pub(crate) const AT_MOST: Duration = Duration::from_secs(60);

pub(crate) fn settings(nats: &Nats) -> BusSettings {
    BusSettings { urls: vec![nats.url()], check_every: Duration::from_millis(100), ..BusSettings::default() }
}

pub(crate) async fn connect(nats: &Nats) -> Bus {
    Bus::connect(settings(nats)).await.unwrap()
}

/// A log with so many events.
pub(crate) async fn log_with(dir: &Path, events: u64) -> EventLog {
    let log = open(dir).await;
    append(&log, events).await;
    log
}

/// Appends so many events, as many at once as the writer groups.
pub(crate) async fn append(log: &EventLog, events: u64) {
    let first = u128::from(log.head().get());
    for some in (first..first + u128::from(events)).collect::<Vec<_>>().chunks(256) {
        for done in join_all(some.iter().map(|number| log.execute(register(client(*number))))).await {
            done.unwrap();
        }
    }
}

/// A publisher at work.
pub(crate) struct Running {
    pub(crate) status: watch::Receiver<PublisherStatus>,
    stop: CancellationToken,
    tasks: JoinSet<Result<(), PublishFailure>>,
}

impl Running {
    pub(crate) fn start(log: &EventLog, bus: &Bus) -> Self {
        let publisher = Publisher::new(log.clone(), bus.clone());
        let (status, stop) = (publisher.status(), CancellationToken::new());
        let mut tasks = JoinSet::new();
        tasks.spawn(publisher.run(stop.clone()));
        Self { status, stop, tasks }
    }

    pub(crate) async fn reaches(&mut self, position: u64) {
        let reached = self.status.wait_for(|status| status.position >= Position::new(position));
        let reached = tokio::time::timeout(AT_MOST, reached).await.map(|reached| reached.map(drop));
        if !matches!(reached, Ok(Ok(()))) {
            panic!("{position} is not reached: {:?}", self.status.borrow());
        }
    }

    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        self.end().await.unwrap();
    }

    /// How it ends by itself.
    pub(crate) async fn end(&mut self) -> Result<(), PublishFailure> {
        tokio::time::timeout(AT_MOST, self.tasks.join_next()).await.unwrap().unwrap().unwrap()
    }

    /// Cut off wherever it is.
    pub(crate) async fn abort(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Everything that the stream holds from its first message on, by its own numbers.
pub(crate) async fn on_the_stream(bus: &Bus) -> Vec<(u64, Vec<u8>)> {
    // A server of a cluster that has just come back may not have its part of the consumer yet.
    let opened = until("the stream", AT_MOST, async || {
        let stream = bus.jetstream().get_stream(EVENTS_STREAM).await?;
        let config = pull::Config { ack_policy: AckPolicy::None, ..pull::Config::default() };
        let consumer = stream.create_consumer(config).await?;
        Ok(Some((stream.cached_info().state.clone(), consumer)))
    });
    let (state, consumer) = opened.await.unwrap();
    let mut messages = consumer.messages().await.unwrap();
    let mut found = vec![];
    for _ in 0..state.messages {
        let message = tokio::time::timeout(AT_MOST, messages.next()).await.unwrap().unwrap().unwrap();
        found.push((message.info().unwrap().stream_sequence, message.payload.to_vec()));
    }
    found
}

/// The stream is the log, from this position on: nothing is missing, doubled, moved or altered.
pub(crate) async fn is_the_log_from(bus: &Bus, log: &EventLog, first: u64) {
    let stored = log.read_stored(Position::new(first - 1), 1_000_000).await.unwrap();
    let found = on_the_stream(bus).await;
    assert_eq!(found.len(), stored.len(), "events on the stream and in the log");
    for (ours, (sequence, body)) in stored.iter().zip(found) {
        assert_eq!(ours.position.get(), sequence);
        let theirs = envelope::decode(&body).unwrap();
        assert_eq!(theirs, StoredEvent { event_no: 0, ..ours.clone() });
    }
}

pub(crate) fn durable(bus: &Bus, log: &EventLog) -> BusFeed {
    BusFeed::durable(bus.clone(), "follower", Arc::new(log.clone()))
}

/// Puts a message on the stream as if it were our event at this position.
pub(crate) async fn put(bus: &Bus, subject: &str, body: Vec<u8>) -> u64 {
    let sent = bus.jetstream().publish(subject.to_owned(), body.into()).await.unwrap();
    sent.await.unwrap().sequence
}
