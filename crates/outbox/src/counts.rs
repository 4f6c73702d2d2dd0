//! How much waits, and for how long.

use domain::Timestamp;

use crate::{Channel, DeliveryState, Outbox, OutboxFailure};

/// What has not come to a good end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Pending, held, gathered and dead, by channel; those that there are none of are not there.
    pub waiting: Vec<Waiting>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub channel: Channel,
    pub state: DeliveryState,
    pub deliveries: u64,
    pub oldest_due_at: Timestamp,
}

impl Outbox {
    /// Costs by what waits, not by what has arrived.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn backlog(&self) -> Result<Backlog, OutboxFailure> {
        let sql = include_str!("counts/select.sql");
        let rows = self.store.fetch("counting deliveries", sql, vec![]).await?;
        let read = |row: &crate::store::Row| {
            Ok(Waiting {
                channel: row.parsed("channel")?,
                state: row.parsed("state")?,
                deliveries: row.count("deliveries")?,
                oldest_due_at: row.time("oldest_due_us")?,
            })
        };
        Ok(Backlog { waiting: rows.iter().map(read).collect::<Result<_, OutboxFailure>>()? })
    }
}

impl Backlog {
    #[must_use]
    pub fn deliveries(&self, channel: Channel, state: DeliveryState) -> u64 {
        self.of(channel, state).map_or(0, |waiting| waiting.deliveries)
    }

    /// None where nothing is pending.
    #[must_use]
    pub fn oldest_due_at(&self, channel: Channel) -> Option<Timestamp> {
        self.of(channel, DeliveryState::Pending).map(|waiting| waiting.oldest_due_at)
    }

    fn of(&self, channel: Channel, state: DeliveryState) -> Option<&Waiting> {
        self.waiting.iter().find(|waiting| (waiting.channel, waiting.state) == (channel, state))
    }
}
