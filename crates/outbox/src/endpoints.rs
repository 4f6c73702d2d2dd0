//! Endpoints as the outbox knows them: how they fare, and whether anything goes to them.

use domain::{Timestamp, WebhookId};

use crate::{
    Outbox, OutboxFailure,
    named::named,
    store::{Row, Sql, Value, sql},
};

/// Deliveries that change in one transaction: however many wait, none takes long.
const AT_ONCE_MAX: u32 = 5_000;

named!(
    /// Whether anything goes to an endpoint.
    EndpointState {
        Open = "open",
        /// Deliveries wait until it is released.
        Held = "held",
        /// It is gone: deliveries are cancelled.
        Removed = "removed",
    }
);

/// How an endpoint fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointHealth {
    pub endpoint_id: WebhookId,
    pub state: EndpointState,
    /// Since the last success.
    pub consecutive_failures: u64,
    /// The first of them.
    pub failing_since: Option<Timestamp>,
    pub last_success_at: Option<Timestamp>,
    pub last_failure_at: Option<Timestamp>,
}

impl EndpointHealth {
    pub(crate) fn read(row: &Row) -> Result<Self, OutboxFailure> {
        Ok(Self {
            endpoint_id: row.parsed("endpoint_id")?,
            state: row.parsed("state")?,
            consecutive_failures: row.count("consecutive_failures")?,
            failing_since: row.time_or_none("failing_since_us")?,
            last_success_at: row.time_or_none("last_success_us")?,
            last_failure_at: row.time_or_none("last_failure_us")?,
        })
    }
}

impl Outbox {
    /// None where nothing was sent to it yet.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn endpoint(&self, endpoint_id: WebhookId) -> Result<Option<EndpointHealth>, OutboxFailure> {
        let sql = include_str!("endpoints/select.sql");
        let rows =
            self.store.fetch("reading how an endpoint fares", sql, vec![Value::of(endpoint_id)]).await?;
        rows.first().map(EndpointHealth::read).transpose()
    }

    /// Those that fail, the longest first.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn failing_endpoints(&self, max: u32) -> Result<Vec<EndpointHealth>, OutboxFailure> {
        let sql = include_str!("endpoints/select_failing.sql");
        let rows = self.store.fetch("reading which endpoints fail", sql, vec![max.into()]).await?;
        rows.iter().map(EndpointHealth::read).collect()
    }

    /// Holds what waits for an endpoint, and what comes for it from now on, but for verifications and tests. What is in flight is
    /// held when it fails. Safe to repeat; nothing of an endpoint that was removed. Answers how many deliveries it holds now that it
    /// did not before.
    ///
    /// # Errors
    /// When the outbox cannot be written; what was held by then stays so.
    pub async fn hold(&self, endpoint_id: WebhookId, now: Timestamp) -> Result<u64, OutboxFailure> {
        if !self.turn(endpoint_id, EndpointState::Held).await? {
            return Ok(0);
        }
        let values = [Value::of(endpoint_id), now.into()];
        self.in_turns("holding deliveries", sql!("endpoints/hold.sql"), &values).await
    }

    /// Opens an endpoint with a clean record: what was held is due now, and has its whole schedule ahead. Safe to repeat; nothing of
    /// an endpoint that was removed. Answers how many deliveries it released.
    ///
    /// # Errors
    /// When the outbox cannot be written; ask again, for what is still held is not due.
    pub async fn release(&self, endpoint_id: WebhookId, now: Timestamp) -> Result<u64, OutboxFailure> {
        if !self.turn(endpoint_id, EndpointState::Open).await? {
            return Ok(0);
        }
        let values = [Value::of(endpoint_id), now.into()];
        let released = self.in_turns("releasing deliveries", sql!("endpoints/release.sql"), &values).await;
        self.wake();
        released
    }

    /// Cancels what waits for an endpoint, and whatever comes for it from now on. What is in flight is not tried again.
    /// Safe to repeat. Answers how many deliveries it cancelled.
    ///
    /// # Errors
    /// When the outbox cannot be written; what was cancelled by then stays so.
    pub async fn remove_endpoint(
        &self,
        endpoint_id: WebhookId,
        now: Timestamp,
    ) -> Result<u64, OutboxFailure> {
        // One that is removed already may have been cut off before all was cancelled.
        self.turn(endpoint_id, EndpointState::Removed).await?;
        let values = [Value::of(endpoint_id), now.into()];
        self.in_turns("cancelling deliveries", sql!("endpoints/cancel.sql"), &values).await
    }

    /// First, and alone: whatever is handed over or reported after this goes by it. False where it was removed before.
    async fn turn(&self, endpoint_id: WebhookId, state: EndpointState) -> Result<bool, OutboxFailure> {
        let mut transaction = self.store.begin_alone("turning an endpoint").await?;
        let values = [Value::of(endpoint_id), Value::of(state)];
        let turned = transaction.execute(sql!("endpoints/turn.sql"), values).await? > 0;
        transaction.commit().await?;
        Ok(turned)
    }

    /// Until nothing is left to change.
    async fn in_turns(
        &self,
        doing: &'static str,
        sql: Sql,
        values: &[Value; 2],
    ) -> Result<u64, OutboxFailure> {
        let mut all: u64 = 0;
        loop {
            let values = values.iter().cloned().chain([AT_ONCE_MAX.into()]).collect();
            let changed = self.store.execute(doing, sql, values).await?;
            all = all.saturating_add(changed);
            if changed < AT_ONCE_MAX.into() {
                return Ok(all);
            }
        }
    }
}
