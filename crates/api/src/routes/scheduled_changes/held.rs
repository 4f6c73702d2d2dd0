//! What holds a planned change: an aggregate of its own, or the key that is to be revoked.

use std::str::FromStr;

use domain::{KeyId, ScheduledChangeId, ids::InvalidId};
use projections::queries::changes::revocation_of;

use crate::ask::Effect;

/// A planned change by whatever holds it: the log remembers a command under the identifier of that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held(ScheduledChangeId);

impl From<ScheduledChangeId> for Held {
    fn from(id: ScheduledChangeId) -> Self {
        Self(id)
    }
}

impl From<KeyId> for Held {
    fn from(key_id: KeyId) -> Self {
        Self(revocation_of(key_id))
    }
}

impl FromStr for Held {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text.parse::<KeyId>() {
            Ok(key_id) => Ok(key_id.into()),
            Err(_) => text.parse().map(Self),
        }
    }
}

impl<Id: Into<Held>> Effect<Id> {
    /// The same effect, of the change.
    pub(crate) fn held(self) -> Effect<Held> {
        let Self { id, version, position, aggregate_type, replayed } = self;
        Effect { id: id.into(), version, position, aggregate_type, replayed }
    }
}

impl Effect<Held> {
    pub(crate) fn by_id(self) -> Effect<ScheduledChangeId> {
        let Self { id: Held(id), version, position, aggregate_type, replayed } = self;
        Effect { id, version, position, aggregate_type, replayed }
    }
}
