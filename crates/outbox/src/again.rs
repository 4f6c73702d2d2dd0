//! What has ended is sent again, by somebody who asks for it: the same message, by the same id.

use domain::{DeliveryId, Position, Timestamp, WebhookId};

use crate::{
    DeliveryState, Entry, Outbox, OutboxFailure,
    store::{Select, Value, sql},
};

/// Whether a delivery is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resent {
    Yes,
    /// There is no such delivery.
    Unknown,
    /// It is on its way already.
    Waiting,
    /// Its endpoint was removed, or its address erased.
    NobodyThere,
}

/// Which deliveries of an endpoint are sent again: those that have ended or are held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplayFilter {
    /// Created then or later.
    pub from: Option<Timestamp>,
    /// Created before. Say when a replay began: what is sent while it lasts is not sent again.
    pub until: Option<Timestamp>,
    /// Empty: all.
    pub types: Vec<String>,
    /// Empty: all that have ended, and held.
    pub states: Vec<DeliveryState>,
    /// Of the log.
    pub position_after: Option<Position>,
}

/// One page of a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    pub deliveries: u64,
    /// Which, in their order.
    pub sent: Vec<DeliveryId>,
    /// Where to go on; none: it is done.
    pub next: Option<Entry>,
}

impl Outbox {
    /// Sends one again that has ended, or is held: a try of its own, with the whole schedule after it.
    ///
    /// # Errors
    /// When the outbox cannot be written.
    pub async fn resend(&self, delivery_id: DeliveryId, now: Timestamp) -> Result<Resent, OutboxFailure> {
        let mut transaction = self.store.begin_alone("sending a delivery again").await?;
        let id = Value::of(delivery_id);
        let Some(row) = transaction.fetch_one(sql!("again/select.sql"), [id.clone()]).await? else {
            return Ok(Resent::Unknown);
        };
        match row.parsed("state")? {
            DeliveryState::Pending | DeliveryState::Gathered => return Ok(Resent::Waiting),
            DeliveryState::Held
            | DeliveryState::Delivered
            | DeliveryState::Dead
            | DeliveryState::Cancelled => {}
        }
        if row.integer("reachable")? == 0 {
            return Ok(Resent::NobodyThere);
        }
        transaction.execute(sql!("again/resend.sql"), [id, now.into()]).await?;
        transaction.commit().await?;
        self.wake();
        Ok(Resent::Yes)
    }

    /// Sends a page of what an endpoint was sent again, the oldest first. Nothing of a removed endpoint.
    ///
    /// # Errors
    /// When the outbox cannot be written; then nothing of this page is sent again.
    pub async fn replay(
        &self,
        endpoint_id: WebhookId,
        filter: &ReplayFilter,
        after: Option<Entry>,
        max: u32,
        now: Timestamp,
    ) -> Result<Replayed, OutboxFailure> {
        let mut transaction = self.store.begin_alone("replaying deliveries").await?;
        let (select, values) = filter.select(endpoint_id, after).limit(max).into_parts();
        let rows = transaction.fetch_text(&select, values).await?;
        let entries: Vec<i64> = rows.iter().map(|row| row.integer("entry_no")).collect::<Result<_, _>>()?;
        let sent = rows.iter().map(|row| row.parsed("delivery_id")).collect::<Result<_, _>>()?;
        let entries_json = Value::rows(&entries).map_err(|source| OutboxFailure::Rows { source })?;
        let update = sql!("again/resend_all.sqlite.sql", "again/resend_all.postgres.sql");
        let deliveries = transaction.execute(update, [entries_json, now.into()]).await?;
        transaction.commit().await?;
        self.wake();
        let full = u32::try_from(entries.len()).is_ok_and(|got| got == max);
        let next = entries.last().copied().map(Entry::new).filter(|_| full);
        Ok(Replayed { deliveries, sent, next })
    }

    /// How many deliveries a replay will send again, as things are now.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn count_replay(
        &self,
        endpoint_id: WebhookId,
        filter: &ReplayFilter,
        after: Option<Entry>,
    ) -> Result<u64, OutboxFailure> {
        let (select, values) = filter.select(endpoint_id, after).into_parts();
        let count = format!("select count(*) as deliveries from ({select}) as replayed");
        let rows = self.store.fetch("counting a replay", &count, values).await?;
        rows.first().map_or(Ok(0), |row| row.count("deliveries"))
    }
}

impl ReplayFilter {
    fn select(&self, endpoint_id: WebhookId, after: Option<Entry>) -> Select {
        let Self { from, until, types, states, position_after } = self;
        Select::new(include_str!("again/select_entries.sql"))
            .and("endpoint_id = {}", Value::of(endpoint_id))
            .and_some("entry_no > {}", after.map(Entry::get))
            .and_some("deliveries.created_at_us >= {}", *from)
            .and_some("deliveries.created_at_us < {}", *until)
            .and_some("position > {}", *position_after)
            .and_one_of("type", types.iter().map(|one| one.as_str().into()))
            .and_one_of("state", states.iter().map(Value::of))
            .then(" order by entry_no")
    }
}
