//! The server's side of a follower: which consumer it reads by, and where that begins.

use std::time::Duration;

use async_nats::jetstream::{
    consumer::{AckPolicy, Consumer, DeliverPolicy, pull},
    context::ConsumerInfoErrorKind,
    stream::Stream,
};
use domain::Position;

use super::BusFeed;
use crate::bus::EVENTS_STREAM;

/// Messages that the server sends ahead of acknowledgements.
pub(super) const IN_FLIGHT_MAX: usize = 4_096;
const IN_FLIGHT: i64 = 4_096;
const REPLAYED_EVENTS_MAX: u64 = 10_000;
const ACK_WAIT: Duration = Duration::from_secs(30);
const PULL_MESSAGES: usize = 1_000;
const PULL_EXPIRES: Duration = Duration::from_secs(30);
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Long enough to outlive a lost connection, short enough to leave no litter.
const ORDERED_FORGOTTEN_AFTER: Duration = Duration::from_mins(1);

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How the server knows the follower.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Durable(String),
    Ordered,
}

impl Kind {
    pub(super) fn acknowledges(&self) -> bool {
        matches!(self, Self::Durable(_))
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Durable(name) => name,
            Self::Ordered => "ordered",
        }
    }
}

impl BusFeed {
    /// Opens the flow of messages if there is none.
    pub(super) async fn open(&mut self, after: Position) -> Result<(), Failure> {
        if self.messages.is_some() {
            return Ok(());
        }
        if !self.bus.is_connected() {
            // A request would wait for the connection, and the follower with it.
            return Err("there is no connection".into());
        }
        let stream = self.bus.jetstream().get_stream(EVENTS_STREAM).await?;
        let consumer = match &self.kind {
            Kind::Durable(name) => durable(&stream, name, after).await?,
            Kind::Ordered => stream.create_consumer(ordered(after)).await?,
        };
        let messages = consumer
            .stream()
            .max_messages_per_batch(PULL_MESSAGES)
            .expires(PULL_EXPIRES)
            .heartbeat(HEARTBEAT)
            .messages()
            .await?;
        self.messages = Some(messages);
        Ok(())
    }

    pub(super) async fn last_of_the_stream(&self) -> Result<Position, Failure> {
        let stream = self.bus.jetstream().get_stream(EVENTS_STREAM).await?;
        Ok(Position::new(stream.cached_info().state.last_sequence))
    }
}

/// The consumer of this name, made to begin after the follower's checkpoint. One that is far behind it is made again:
/// it would bring everything in between only to be dropped. One that is ahead stays: the log has what it left out.
async fn durable(stream: &Stream, name: &str, after: Position) -> Result<Consumer<pull::Config>, Failure> {
    let mut config = durable_config(name, after);
    match stream.consumer_info(name).await {
        Ok(there) => {
            let replayed = after.get().saturating_sub(there.ack_floor.stream_sequence);
            if replayed > REPLAYED_EVENTS_MAX {
                stream.delete_consumer(name).await?;
            } else {
                // Where it began cannot be changed, and need not be.
                config.deliver_policy = there.config.deliver_policy;
            }
        }
        Err(error) if error.kind() == ConsumerInfoErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    Ok(stream.create_consumer(config).await?)
}

fn durable_config(name: &str, after: Position) -> pull::Config {
    pull::Config {
        durable_name: Some(name.to_owned()),
        description: Some("A follower of the log".to_owned()),
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: after.next().get() },
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        max_ack_pending: IN_FLIGHT,
        ..pull::Config::default()
    }
}

fn ordered(after: Position) -> pull::Config {
    pull::Config {
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: after.next().get() },
        ack_policy: AckPolicy::None,
        inactive_threshold: ORDERED_FORGOTTEN_AFTER,
        memory_storage: true,
        num_replicas: 1,
        ..pull::Config::default()
    }
}
