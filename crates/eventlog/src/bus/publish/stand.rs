//! Where the stream stands, and whether it is a copy of this log.

use async_nats::jetstream::stream::{LastRawMessageErrorKind, Stream};
use domain::Position;

use super::{Interrupted, PublishFailure, Publisher};
use crate::{
    StoredEvent,
    bus::{BusFailure, EVENTS_STREAM, envelope, streams::EventsStream},
};

/// The place to go on from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stand {
    pub(super) last: Position,
    /// Whether the stream takes atomic batches.
    pub(super) batches: bool,
    /// Whether it was missing and had to be made.
    pub(super) made: bool,
}

impl Publisher {
    /// Asks the stream, making it when it is missing, and holds its last message against the log.
    pub(super) async fn stand(&mut self) -> Result<Stand, Interrupted> {
        if self.identity.is_none() {
            let first = self.log.read_stored(Position::START, 1).await?;
            self.identity = first.first().map(|event| hex::encode(event.leaf_hash));
        }
        let stream = self.bus.events_stream(self.identity.as_deref(), self.first_kept()).await?;
        let (last, made) = (stream.last(), stream.made);
        self.check(&stream).await?;
        Ok(Stand { last, batches: stream.takes_batches(), made })
    }

    async fn check(&self, stream: &EventsStream) -> Result<(), Interrupted> {
        if let (Some(theirs), Some(ours)) = (stream.log_identity(), &self.identity)
            && theirs != ours
        {
            return Err(Interrupted::ForGood(PublishFailure::AnotherLog));
        }
        let last = stream.last();
        let Some(before) = last.get().checked_sub(1) else { return Ok(()) };
        // Asked of the store itself: the watched head may be behind what another instance has appended and published.
        let stored = self.log.read_stored(Position::new(before), 1).await?;
        let Some(ours) = stored.into_iter().next() else {
            // A stream that was made to begin later than an emptied log ends has nothing in it either.
            return Err(Interrupted::ForGood(PublishFailure::Ahead { last, head: self.log.head() }));
        };
        match holds(&stream.stream, &ours).await? {
            Ok(()) => Ok(()),
            Err(found) => Err(Interrupted::ForGood(PublishFailure::Differs { at: last, found })),
        }
    }
}

/// Whether the stream's message at an event's position is that event, byte for byte. One that is gone (purged, or
/// beyond the kept history) says nothing against it.
async fn holds(stream: &Stream, ours: &StoredEvent) -> Result<Result<(), String>, Interrupted> {
    let message = match stream.get_raw_message(ours.position.get()).await {
        Ok(message) => message,
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => return Ok(Ok(())),
        Err(error) => return Err(BusFailure::stream("reading", EVENTS_STREAM, error).into()),
    };
    let theirs = match envelope::decode_at(ours.position, &message.payload) {
        Ok(theirs) => theirs,
        Err(why) => return Ok(Err(format!("a message that is no event of Tollgate: {why}"))),
    };
    if theirs != (StoredEvent { event_no: theirs.event_no, ..ours.clone() }) {
        return Ok(Err(format!("the event {}", theirs.event_id)));
    }
    Ok(Ok(()))
}
