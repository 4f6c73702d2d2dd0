//! Usage batches over the bus: from every gateway to the one projection, in the order of their arrival.
//!
//! Nothing else holds a batch once a gateway has had its acknowledgement, so this stream is no copy and is not rebuilt.
//! A batch is named by (node, boot, sequence): the server drops a second one of the same name for ten minutes. Beyond
//! that it is for the projection to know the name, which [`ArrivedBatch`] carries.

mod told;

use std::{fmt, time::Duration};

use async_nats::jetstream::{
    Message,
    consumer::{AckPolicy, DeliverPolicy, pull},
    message::PublishMessage,
};
use domain::usage::UsageBatch;
use futures::{FutureExt, StreamExt};
use metrics::counter;
use serde::Deserialize;
use tracing::{error, warn};

pub use told::BusTold;

use super::{Bus, USAGE_STREAM};
use crate::{LogFailure, usage::ArrivedBatch};

const SUBJECT_PREFIX: &str = "tollgate.usage.v1";
const PULL_MESSAGES: usize = 500;
const PULL_EXPIRES: Duration = Duration::from_secs(30);
const HEARTBEAT: Duration = Duration::from_secs(1);
const FORGOTTEN_AFTER: Duration = Duration::from_mins(1);

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn failed(source: impl Into<Failure>) -> LogFailure {
    LogFailure::Usage { source: source.into() }
}

/// A gateway's end.
#[derive(Clone, Debug)]
pub struct UsagePublisher {
    bus: Bus,
}

impl UsagePublisher {
    #[must_use]
    pub fn new(bus: Bus) -> Self {
        Self { bus }
    }

    /// Hands a batch over and waits until the bus has it.
    ///
    /// # Errors
    /// When it is not known to be there; give the same batch again.
    pub async fn publish(&self, batch: &UsageBatch) -> Result<(), LogFailure> {
        let UsageBatch { node, boot, sequence, .. } = batch;
        let (node, boot) = (token(node), token(boot));
        let message = PublishMessage::build()
            .payload(serde_json::to_vec(batch).map_err(failed)?.into())
            .message_id(format!("{node}.{boot}.{sequence}"));
        let mut losses = self.bus.losses();
        losses.mark_unchanged();
        let sent = self.bus.jetstream().send_publish(format!("{SUBJECT_PREFIX}.{node}"), message).await;
        tokio::select! {
            biased;
            kept = sent.map_err(failed)?.into_future() => kept.map(drop).map_err(failed),
            _ = losses.changed() => Err(failed("the connection was lost")),
        }
    }
}

/// A name as one token of a subject, different for different names.
fn token(name: &str) -> String {
    let mut token = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            token.push(char::from(byte));
        } else {
            token.push_str(&format!("_{byte:02x}"));
        }
    }
    if token.is_empty() { "_".to_owned() } else { token }
}

/// The projection's end. It keeps its own checkpoint, the number of the last batch it has counted.
pub struct UsageFeed {
    bus: Bus,
    flow: Option<Flow>,
    /// Where the last answer ended: asked for anything else, the stream is read from there anew.
    handed: Option<u64>,
}

/// Messages in their order, each the next of its consumer.
struct Flow {
    messages: pull::Stream,
    delivered: u64,
}

impl fmt::Debug for UsageFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UsageFeed(handed {:?})", self.handed)
    }
}

impl UsageFeed {
    #[must_use]
    pub fn new(bus: Bus) -> Self {
        Self { bus, flow: None, handed: None }
    }

    /// Makes the stream if it is missing: gateways do not, for only the projection knows which numbers are taken.
    ///
    /// # Errors
    /// When the bus is away, or the stream cannot be used.
    pub async fn provision(&self, after: u64) -> Result<(), LogFailure> {
        self.bus.usage_stream(after.saturating_add(1)).await.map(drop).map_err(failed)
    }

    /// The batches after this one, at most so many, as soon as there is one; their numbers grow and may have gaps. May
    /// be dropped while it waits.
    ///
    /// # Errors
    /// When the bus is away, or a batch was written by a newer Tollgate. Asking again is safe.
    pub async fn next(&mut self, after: u64, batches_max: usize) -> Result<Vec<ArrivedBatch>, LogFailure> {
        if self.handed != Some(after) {
            self.flow = None;
        }
        self.handed = Some(after);
        let mut arrived = vec![];
        let outcome = self.gather(after, batches_max.max(1), &mut arrived).await;
        match outcome {
            // What came before the failure is good; the failure comes again with the next answer.
            Err(_) if !arrived.is_empty() => self.flow = None,
            Err(failure) => {
                self.flow = None;
                return Err(failed(failure));
            }
            Ok(()) => {}
        }
        if let Some(last) = arrived.last() {
            self.handed = Some(last.batch_no);
        }
        Ok(arrived)
    }

    async fn gather(
        &mut self,
        after: u64,
        batches_max: usize,
        arrived: &mut Vec<ArrivedBatch>,
    ) -> Result<(), Failure> {
        let mut losses = self.bus.losses();
        losses.mark_unchanged();
        if self.flow.is_none() {
            self.flow = Some(self.open(after).await?);
        }
        while arrived.is_empty() {
            let Some(flow) = &mut self.flow else { return Ok(()) };
            let message = tokio::select! {
                biased;
                message = flow.messages.next() => message,
                _ = losses.changed() => None,
            };
            arrived.extend(flow.take(message.ok_or("the connection was lost")??)?);
            while arrived.len() < batches_max {
                let Some(message) = flow.messages.next().now_or_never() else { break };
                arrived.extend(flow.take(message.ok_or("the connection was lost")??)?);
            }
        }
        Ok(())
    }

    async fn open(&self, after: u64) -> Result<Flow, Failure> {
        if !self.bus.is_connected() {
            return Err("there is no connection".into());
        }
        let next = after.saturating_add(1);
        let stream = self.bus.usage_stream(next).await?;
        let last = stream.cached_info().state.last_sequence;
        if last < after {
            // Its numbers up to our checkpoint are given again: what arrived under them cannot be told from what we
            // have counted. Better to forget a batch than to count one twice.
            warn!(
                "The stream {USAGE_STREAM} ends at {last} though {after} is counted; it is taken up from there"
            );
            stream.purge().sequence(next).await?;
        }
        let config = pull::Config {
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: next },
            ack_policy: AckPolicy::None,
            inactive_threshold: FORGOTTEN_AFTER,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        let consumer = stream.create_consumer(config).await?;
        let messages = consumer
            .stream()
            .max_messages_per_batch(PULL_MESSAGES)
            .expires(PULL_EXPIRES)
            .heartbeat(HEARTBEAT)
            .messages()
            .await?;
        Ok(Flow { messages, delivered: 0 })
    }
}

/// What names a batch, in every version of it.
#[derive(Deserialize)]
#[expect(dead_code, reason = "only whether it is there is asked")]
struct Named {
    node: String,
    boot: String,
    sequence: u64,
}

impl Flow {
    /// The batch in a message; none in one that was never a batch.
    fn take(&mut self, message: Message) -> Result<Option<ArrivedBatch>, Failure> {
        let info = message.info()?;
        let batch_no = info.stream_sequence;
        if info.consumer_sequence != self.delivered.saturating_add(1) {
            return Err("a message was lost on its way".into());
        }
        self.delivered = info.consumer_sequence;
        batch_in(&message, batch_no)
    }
}

/// None in a message that was never a batch.
fn batch_in(message: &Message, batch_no: u64) -> Result<Option<ArrivedBatch>, Failure> {
    match serde_json::from_slice::<UsageBatch>(&message.payload) {
        Ok(batch) => Ok(Some(ArrivedBatch { batch_no, batch })),
        // Of another version: it must wait for one that understands it.
        Err(why) if serde_json::from_slice::<Named>(&message.payload).is_ok() => Err(why.into()),
        Err(why) => {
            counter!("tollgate_usage_rubbish_total").increment(1);
            let why: &(dyn std::error::Error + 'static) = &why;
            error!(
                error = why,
                "Message {batch_no} of the stream {USAGE_STREAM} is no usage batch; it is passed over"
            );
            Ok(None)
        }
    }
}
