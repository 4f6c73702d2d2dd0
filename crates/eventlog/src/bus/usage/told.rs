//! The batches that the stream still has, to be counted again: it is only read, beside the projection that counts them.

use std::time::Duration;

use async_nats::jetstream::{
    consumer::{AckPolicy, DeliverPolicy, pull},
    stream::Stream,
};
use domain::Timestamp;
use futures::StreamExt;

use super::{Bus, Failure, USAGE_STREAM, batch_in, failed};
use crate::{LogFailure, usage::ArrivedBatch};

const FORGOTTEN_AFTER: Duration = Duration::from_secs(10);
/// What is there is handed out at once; this is for a server that does not answer.
const ANSWER_AT_MOST: Duration = Duration::from_secs(20);

/// What gateways told over the bus, as far as it is kept.
#[derive(Clone, Debug)]
pub struct BusTold {
    bus: Bus,
}

impl BusTold {
    #[must_use]
    pub fn new(bus: Bus) -> Self {
        Self { bus }
    }

    /// Since when every batch that arrived is there; none where none is. A batch is told of nothing that is later than its arrival.
    ///
    /// # Errors
    /// When the bus is away.
    pub async fn whole_since(&self) -> Result<Option<Timestamp>, LogFailure> {
        let stream = self.stream().await?;
        let state = &stream.cached_info().state;
        if state.messages == 0 {
            return Ok(None);
        }
        if state.first_sequence <= 1 {
            return Ok(Some(Timestamp::MIN));
        }
        let nanos = state.first_timestamp.unix_timestamp_nanos();
        Timestamp::from_nanosecond(nanos).map(Some).map_err(failed)
    }

    /// The number of a batch before all that arrived from then on.
    ///
    /// # Errors
    /// When the bus is away.
    pub async fn before(&self, at: Timestamp) -> Result<u64, LogFailure> {
        let stream = self.stream().await?;
        let start_time = async_nats::datetime::from_nanos(at.as_nanosecond()).map_err(failed)?;
        let from = DeliverPolicy::ByStartTime { start_time };
        let mut after = stream.cached_info().state.last_sequence;
        within(fetch(&stream, from, 1, |batch_no, _| after = batch_no.saturating_sub(1))).await?;
        Ok(after)
    }

    /// The batches after this one that are there, at most so many.
    ///
    /// # Errors
    /// When the bus is away, or a batch was written by a newer Tollgate.
    pub async fn read(&self, after: u64, batches_max: usize) -> Result<Vec<ArrivedBatch>, LogFailure> {
        let stream = self.stream().await?;
        let from = DeliverPolicy::ByStartSequence { start_sequence: after.saturating_add(1) };
        let mut batches = vec![];
        within(fetch(&stream, from, batches_max, |_, batch| batches.extend(batch))).await?;
        Ok(batches)
    }

    async fn stream(&self) -> Result<Stream, LogFailure> {
        if !self.bus.is_connected() {
            return Err(failed("there is no connection"));
        }
        let asked = self.bus.jetstream().get_stream(USAGE_STREAM);
        within(async { asked.await.map_err(Failure::from) }).await
    }
}

async fn within<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, LogFailure> {
    let done = tokio::time::timeout(ANSWER_AT_MOST, work).await;
    done.map_err(|_| failed("the stream does not give what it has"))?.map_err(failed)
}

/// By a consumer of its own, which the server forgets.
async fn fetch(
    stream: &Stream,
    deliver_policy: DeliverPolicy,
    messages_max: usize,
    mut take: impl FnMut(u64, Option<ArrivedBatch>),
) -> Result<(), Failure> {
    let config = pull::Config {
        deliver_policy,
        ack_policy: AckPolicy::None,
        inactive_threshold: FORGOTTEN_AFTER,
        memory_storage: true,
        num_replicas: 1,
        ..pull::Config::default()
    };
    let consumer = stream.create_consumer(config).await?;
    let mut messages = consumer.fetch().max_messages(messages_max).messages().await?;
    while let Some(message) = messages.next().await {
        let message = message?;
        let batch_no = message.info()?.stream_sequence;
        take(batch_no, batch_in(&message, batch_no)?);
    }
    Ok(())
}
