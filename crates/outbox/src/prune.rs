//! Drops what is over and was kept long enough.

use domain::Timestamp;

use crate::{
    Outbox, OutboxFailure,
    store::{Value, sql},
};

/// How much was dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    pub deliveries: u64,
    /// Those that no delivery is of any more.
    pub messages: u64,
}

impl Outbox {
    /// Drops deliveries that ended before, with their attempts, then messages made before that nobody is told any more; of each at
    /// most so many. Ask again until none are dropped.
    ///
    /// # Errors
    /// When the outbox cannot be written; then nothing is dropped.
    pub async fn prune(&self, before: Timestamp, max: u32) -> Result<Pruned, OutboxFailure> {
        let mut transaction = self.store.begin("dropping what is over").await?;
        let rows = transaction.fetch(sql!("prune/select_ended.sql"), [before.into(), max.into()]).await?;
        let entries: Vec<i64> = rows.iter().map(|row| row.integer("entry_no")).collect::<Result<_, _>>()?;
        let entries = Value::rows(&entries).map_err(|source| OutboxFailure::Rows { source })?;
        let attempts = sql!("prune/delete_attempts.sqlite.sql", "prune/delete_attempts.postgres.sql");
        transaction.execute(attempts, [entries.clone()]).await?;
        let delete = sql!("prune/delete_deliveries.sqlite.sql", "prune/delete_deliveries.postgres.sql");
        let deliveries = transaction.execute(delete, [entries]).await?;
        let messages =
            transaction.execute(sql!("prune/delete_messages.sql"), [before.into(), max.into()]).await?;
        transaction.commit().await?;
        Ok(Pruned { deliveries, messages })
    }

    /// Forgets what was told before, at most so many marks: it could be told again. Only what no window lasts longer than.
    ///
    /// # Errors
    /// When the outbox cannot be written.
    pub async fn prune_marks(&self, before: Timestamp, max: u32) -> Result<u64, OutboxFailure> {
        let values = vec![before.into(), max.into()];
        self.store.execute("forgetting what was told", sql!("prune/delete_marks.sql"), values).await
    }
}
