//! Where a follower of the bus turns when the bus does not have what it needs.

use std::{collections::HashMap, fmt};

use domain::{Position, Recorded, personal::PersonalValues};
use futures::future::BoxFuture;

use crate::{EventLog, LogFailure};

/// The truth behind the bus: the log itself, or for a gateway without a database the control plane that has it.
pub trait Refill: fmt::Debug + Send + Sync {
    /// The events after a position, contiguous and in order, at most so many; none at the end of the log.
    fn read(&self, after: Position, events_max: usize) -> BoxFuture<'_, Result<Vec<Recorded>, LogFailure>>;

    /// What is left of the personal values of the events after a position and up to another: they are never on the
    /// bus. None, for those who are not meant to have them.
    fn personal(
        &self,
        after: Position,
        until: Position,
    ) -> BoxFuture<'_, Result<HashMap<Position, PersonalValues>, LogFailure>> {
        let (_, _) = (after, until);
        Box::pin(async { Ok(HashMap::new()) })
    }
}

impl Refill for EventLog {
    fn read(&self, after: Position, events_max: usize) -> BoxFuture<'_, Result<Vec<Recorded>, LogFailure>> {
        Box::pin(Self::read(self, after, events_max))
    }

    fn personal(
        &self,
        after: Position,
        until: Position,
    ) -> BoxFuture<'_, Result<HashMap<Position, PersonalValues>, LogFailure>> {
        Box::pin(Self::personal(self, after, until))
    }
}
