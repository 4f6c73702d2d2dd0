//! Follows the bus, with the promise of a feed of the log: contiguous, in order, from wherever the follower is.
//!
//! The stream is quick and the log is right. Whatever the stream does not give (what is older than it, what it lost,
//! what another run of this follower has already taken) is read from the log, and then the bus goes on.

mod consumer;
mod listen;

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use async_nats::jetstream::{Message, consumer::pull};
use domain::{Position, Recorded};
use metrics::counter;
use tokio::time::Instant;
use tracing::debug;

use self::{
    consumer::Kind,
    listen::{Heard, SILENCE_MIN},
};
use super::{Bus, Refill, envelope};
use crate::LogFailure;

/// The events of the log in their order, by way of the bus, to a follower that keeps its own checkpoint.
pub struct BusFeed {
    bus: Bus,
    refill: Arc<dyn Refill>,
    kind: Kind,
    messages: Option<pull::Stream>,
    /// What has arrived and is not known to be applied, by position.
    held: BTreeMap<Position, Message>,
    /// Whether the log is to be asked before the bus.
    behind: bool,
    /// Where the last answer ended.
    handed: Option<Position>,
    head: Position,
    was_away: bool,
    /// How long the stream may be silent before it is asked.
    silence: Duration,
}

impl fmt::Debug for BusFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BusFeed({}, head {})", self.kind.name(), self.head)
    }
}

impl BusFeed {
    /// Follows by a durable consumer of this name (letters, digits, `-`, `_`): for projections, of which one instance is active at a time. What it
    /// has acknowledged shows operators how far it is; where it goes on from is the follower's own checkpoint.
    #[must_use]
    pub fn durable(bus: Bus, name: &str, refill: Arc<dyn Refill>) -> Self {
        Self::new(bus, Kind::Durable(name.to_owned()), refill)
    }

    /// Follows without a trace on the server: for gateways, which are many and start from a snapshot of their own. The
    /// log is asked only for what the stream does not have.
    #[must_use]
    pub fn ordered(bus: Bus, refill: Arc<dyn Refill>) -> Self {
        Self::new(bus, Kind::Ordered, refill)
    }

    fn new(bus: Bus, kind: Kind, refill: Arc<dyn Refill>) -> Self {
        Self {
            bus,
            refill,
            kind,
            messages: None,
            held: BTreeMap::new(),
            behind: false,
            handed: None,
            head: Position::START,
            was_away: false,
            silence: SILENCE_MIN,
        }
    }

    /// The events after a position, at most so many, as soon as there is one. To ask is to say that everything up to
    /// `after` is applied: it is acknowledged now. May be dropped while it waits.
    ///
    /// # Errors
    /// [`LogFailure::Decode`] when the next event is none, again each time until the follower asks after it; otherwise
    /// when the log is needed and cannot be read. Asking again is safe.
    pub async fn next(&mut self, after: Position, events_max: usize) -> Result<Vec<Recorded>, LogFailure> {
        self.next_until(after, events_max, None).await
    }

    /// The same, but none when nothing comes for so long. Only the waiting is bounded: a read of the log that has begun
    /// is finished.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub async fn next_within(
        &mut self,
        after: Position,
        events_max: usize,
        idle: Duration,
    ) -> Result<Vec<Recorded>, LogFailure> {
        self.next_until(after, events_max, Some(Instant::now() + idle)).await
    }

    /// The last position that is known of: what has arrived and what the server said is behind it.
    #[must_use]
    pub fn head(&self) -> Position {
        self.head
    }

    async fn next_until(
        &mut self,
        after: Position,
        events_max: usize,
        deadline: Option<Instant>,
    ) -> Result<Vec<Recorded>, LogFailure> {
        if self.handed.replace(after) != Some(after) {
            self.stands_elsewhere();
        }
        self.applied(after).await;
        loop {
            let next = self.held.first_key_value().map(|(position, _)| *position);
            if next == Some(after.next()) {
                self.behind = false;
                return self.hand_on(after, events_max).await;
            }
            if next.is_some() || self.behind {
                let events = self.read_log(after, events_max).await?;
                if !events.is_empty() {
                    return Ok(events);
                }
                if let Some(next) = next {
                    let told = format!("the bus goes on at {next}, and the log has nothing in between");
                    return Err(LogFailure::Read { after, source: told.into() });
                }
            }
            match self.listen(after, deadline).await {
                Heard::GoOn => {}
                Heard::AskTheLog => self.behind = true,
                Heard::Idle => return Ok(vec![]),
            }
        }
    }

    /// The follower is not where our last answer ended: a first call, a rebuild, a restored checkpoint.
    fn stands_elsewhere(&mut self) {
        match self.kind {
            // The server goes on from what was acknowledged, wherever that is.
            Kind::Durable(_) => self.behind = true,
            // Begun again where the follower is, for nothing: it needs no log as long as the stream has it all.
            Kind::Ordered => {
                self.messages = None;
                self.held.clear();
            }
        }
    }

    /// Lets go of what the follower has applied. An acknowledgement that gets lost brings the message once more, and
    /// it is dropped then.
    async fn applied(&mut self, after: Position) {
        let left = self.held.split_off(&after.next());
        for (_, message) in std::mem::replace(&mut self.held, left) {
            self.acknowledge(message).await;
        }
    }

    async fn acknowledge(&self, message: Message) {
        if self.kind.acknowledges()
            && let Err(error) = message.ack().await
        {
            debug!("An acknowledgement did not get through: {error}");
        }
    }

    /// The run of events that follows, as far as it can be decoded.
    async fn hand_on(&mut self, after: Position, events_max: usize) -> Result<Vec<Recorded>, LogFailure> {
        let mut decoded = vec![];
        let mut failure = None;
        for (expected, (position, message)) in (after.next().get()..).zip(&self.held).take(events_max) {
            if position.get() != expected {
                break;
            }
            match envelope::decode_at(*position, &message.payload) {
                Ok(event) => decoded.push(event),
                Err(why) => {
                    failure = Some(why.at(*position));
                    break;
                }
            }
        }
        let Some(last) = decoded.last().map(|event| event.position) else {
            return failure.map_or(Ok(vec![]), Err);
        };
        let mut personal = self.refill.personal(after, last).await?;
        let mut events = Vec::with_capacity(decoded.len());
        for stored in decoded {
            match stored.recorded(personal.remove(&stored.position).unwrap_or_default()) {
                Ok(event) => events.push(event),
                // Those before it are good; it comes first in the next answer.
                Err(_) if !events.is_empty() => break,
                Err(failure) => return Err(failure),
            }
        }
        self.handed = events.last().map(|event| event.position);
        Ok(events)
    }

    async fn read_log(&mut self, after: Position, events_max: usize) -> Result<Vec<Recorded>, LogFailure> {
        // A gateway whose control plane is away as well asks the bus again.
        self.behind &= self.kind.acknowledges();
        let events = self.refill.read(after, events_max).await?;
        match events.last() {
            None => self.behind = false,
            Some(last) => {
                counter!("tollgate_bus_refilled_events_total", "follower" => self.kind.name().to_owned())
                    .increment(u64::try_from(events.len()).unwrap_or(u64::MAX));
                self.behind = true;
                self.handed = Some(last.position);
                self.head = self.head.max(last.position);
            }
        }
        Ok(events)
    }
}
