//! What is under way: sent in order, acknowledged in order.

use std::{collections::VecDeque, error::Error as _, pin::Pin};

use async_nats::{
    header::{NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL, NATS_BATCH_ID, NATS_BATCH_SEQUENCE},
    jetstream::{
        self, ErrorCode,
        context::{PublishError, PublishErrorKind},
        message::PublishMessage,
        publish::PublishAck,
    },
};
use domain::Position;
use futures::FutureExt;
use tracing::{Level, Span, span_enabled, trace_span};

use super::{Interrupted, status::Published};
use crate::{
    StoredEvent,
    bus::{
        Bus,
        envelope::{self, CONTENT_TYPE, Envelope},
    },
};

/// Enough to keep the server busy while the next events are read.
const WINDOW_EVENTS_MAX: usize = 2_048;
/// Read, and sent as one atomic batch, at once. The server takes 1,000; more than this gains nothing.
const READ_EVENTS_MAX: usize = 500;
/// From so many on a batch is cheaper than its events one by one.
const BATCH_EVENTS_MIN: usize = 16;
/// Events of a batch, from the first on, whose work is traced.
const TRACES_MAX: usize = 24;
const CONTENT_TYPE_HEADER: &str = "Content-Type";

type Acknowledgement = Pin<Box<dyn Future<Output = Result<PublishAck, PublishError>> + Send>>;

struct Flight {
    published: Published,
    events: usize,
    acknowledged: Acknowledgement,
    /// They end when the bus has it.
    _traces: Vec<Span>,
}

/// The events between the last acknowledged and the last sent.
pub(super) struct Window<'bus> {
    bus: &'bus Bus,
    batches: bool,
    sent: Position,
    flights: VecDeque<Flight>,
    events: usize,
}

impl<'bus> Window<'bus> {
    pub(super) fn new(bus: &'bus Bus, sent: Position, batches: bool) -> Self {
        Self { bus, batches, sent, flights: VecDeque::new(), events: 0 }
    }

    pub(super) fn sent(&self) -> Position {
        self.sent
    }

    pub(super) fn is_empty(&self) -> bool {
        self.flights.is_empty()
    }

    /// How many may be read and sent now; none until a whole read fits, so that reads stay few.
    pub(super) fn room_events(&self) -> usize {
        if self.events + READ_EVENTS_MAX <= WINDOW_EVENTS_MAX { READ_EVENTS_MAX } else { 0 }
    }

    /// Sends the next events of the log.
    pub(super) async fn send(&mut self, events: &[StoredEvent]) -> Result<(), Interrupted> {
        let mut envelopes = Vec::with_capacity(events.len());
        let mut expected = self.sent;
        for event in events {
            expected = expected.next();
            if event.position != expected {
                let told = format!("the log has {} where {expected} is due", event.position);
                return Err(Interrupted::Failed(told.into()));
            }
            envelopes.push(envelope::encode(event).map_err(|why| Interrupted::Failed(Box::new(why)))?);
        }
        match (events, envelopes.len() >= BATCH_EVENTS_MIN && self.batches) {
            ([], _) => Err(Interrupted::Failed("the log's head is ahead of what it gives".into())),
            (_, true) => self.send_batch(events, envelopes).await,
            (_, false) => {
                for (event, envelope) in events.iter().zip(envelopes) {
                    self.send_one(event, envelope).await?;
                }
                Ok(())
            }
        }
    }

    async fn send_one(&mut self, event: &StoredEvent, envelope: Envelope) -> Result<(), Interrupted> {
        let traces = traces(std::slice::from_ref(event));
        let message = message(envelope.body).expected_last_sequence(self.sent.get());
        let acknowledged = self.bus.jetstream().send_publish(envelope.subject, message).await?.into_future();
        let published = Published { first: event.position, last: event.position };
        self.fly(Flight { published, events: 1, acknowledged, _traces: traces });
        Ok(())
    }

    /// All or nothing: one sync to disk, one acknowledgement. Only the first message may say what it expects.
    async fn send_batch(
        &mut self,
        events: &[StoredEvent],
        envelopes: Vec<Envelope>,
    ) -> Result<(), Interrupted> {
        let (jetstream, client) = (self.bus.jetstream(), self.bus.client());
        let batch = client.new_inbox().rsplit('.').next().unwrap_or_default().to_owned();
        let (first, traces) = (self.sent.next(), traces(events));
        let count = events.len();
        for ((number, event), envelope) in (1..).zip(events).zip(envelopes) {
            let mut message = message(envelope.body)
                .header(NATS_BATCH_ID, batch.as_str())
                .header(NATS_BATCH_SEQUENCE, number.to_string());
            if number == 1 {
                message = message.expected_last_sequence(self.sent.get());
            }
            if number == count {
                message = message.header(NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL);
                let acknowledged = jetstream.send_publish(envelope.subject, message).await?.into_future();
                let published = Published { first, last: event.position };
                self.fly(Flight { published, events: count, acknowledged, _traces: traces });
                return Ok(());
            }
            let sent = message.outbound_message(envelope.subject);
            let headers = sent.headers.unwrap_or_default();
            client
                .publish_with_headers(sent.subject, headers, sent.payload)
                .await
                .map_err(|error| Interrupted::Failed(Box::new(error)))?;
        }
        Ok(())
    }

    fn fly(&mut self, flight: Flight) {
        self.sent = flight.published.last;
        self.events += flight.events;
        self.flights.push_back(flight);
    }

    /// Waits for the oldest acknowledgement, and takes those that are there as well. May be dropped while it waits.
    pub(super) async fn published(&mut self) -> Result<Published, Interrupted> {
        let Some(oldest) = self.flights.front_mut() else { return std::future::pending().await };
        let first = oldest.published.first;
        let mut answer = Some((&mut oldest.acknowledged).await);
        let mut last = first;
        while let Some(acknowledged) = answer {
            let Some(flight) = self.flights.pop_front() else { break };
            check(&flight, &acknowledged?)?;
            self.events = self.events.saturating_sub(flight.events);
            last = flight.published.last;
            answer = self.flights.front_mut().and_then(|next| (&mut next.acknowledged).now_or_never());
        }
        Ok(Published { first, last })
    }
}

/// A span for each piece of work among these, where anybody wants them.
fn traces(events: &[StoredEvent]) -> Vec<Span> {
    if !span_enabled!(Level::TRACE) {
        return vec![];
    }
    let mut ids: Vec<String> = vec![];
    for event in events.iter().take(TRACES_MAX) {
        let id = envelope::correlation_of(event).unwrap_or_default();
        if !id.is_empty() && !ids.contains(&id) {
            ids.push(id);
        }
    }
    let at = |event: Option<&StoredEvent>| event.map_or(0, |event| event.position.get());
    let (first, last) = (at(events.first()), at(events.last()));
    let publish =
        |id: &String| trace_span!("publish", correlation.id = id, batch.first = first, batch.last = last);
    ids.iter().map(publish).collect()
}

/// Without a `Nats-Msg-Id`: the expected sequence refuses a repetition already, and what the server remembers of names costs
/// a part of the rate.
fn message(body: Vec<u8>) -> PublishMessage {
    PublishMessage::build().payload(body.into()).header(CONTENT_TYPE_HEADER, CONTENT_TYPE)
}

/// What was expected stands at the place that was asked for. An acknowledgement of another place is not of our message.
fn check(flight: &Flight, acknowledged: &PublishAck) -> Result<(), Interrupted> {
    match Position::new(acknowledged.sequence) {
        stored if stored == flight.published.last => Ok(()),
        stored => {
            let told = format!("the event {} was taken for one at {stored}", flight.published.last);
            Err(Interrupted::Failed(told.into()))
        }
    }
}

impl From<PublishError> for Interrupted {
    fn from(error: PublishError) -> Self {
        if error.kind() == PublishErrorKind::WrongLastSequence {
            return Self::Overtaken;
        }
        let refused = error.source().and_then(|source| source.downcast_ref::<jetstream::Error>());
        match refused.map(jetstream::Error::error_code) {
            // While a cluster has messages under way it refuses under another code.
            Some(ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT) => Self::Overtaken,
            Some(
                ErrorCode::ATOMIC_PUBLISH_DISABLED
                | ErrorCode::ATOMIC_PUBLISH_UNSUPPORTED_HEADER
                | ErrorCode::ATOMIC_PUBLISH_TOO_MANY_INFLIGHT
                // What the last message hears when there was no place for the first.
                | ErrorCode::ATOMIC_PUBLISH_INCOMPLETE_BATCH,
            ) => Self::NoBatches,
            Some(_) | None => Self::Failed(Box::new(error)),
        }
    }
}
