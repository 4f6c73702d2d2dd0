//! What is held is not held for ever: beyond its bounds it is given up, as what is tried too often is, and says so.

use domain::Timestamp;

use crate::{
    Outbox, OutboxFailure,
    store::{Transaction, Value, sql},
};

/// How long, and how much, is held for an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldBounds {
    /// What was made before is given up.
    pub made_before: Timestamp,
    /// Of one endpoint; the oldest of more are given up.
    pub per_endpoint_max: u32,
}

/// Deliveries that were given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GivenUp {
    pub too_old: u64,
    pub too_many: u64,
}

impl Outbox {
    /// Gives up what is held beyond its bounds, at most so many of each: dead, with an attempt that was none and says why,
    /// `held_too_long` or `held_too_many`. Sent again like whatever is dead.
    ///
    /// # Errors
    /// When the outbox cannot be written; then nothing is given up.
    pub async fn give_up_held(
        &self,
        HeldBounds { made_before, per_endpoint_max }: HeldBounds,
        max: u32,
        now: Timestamp,
    ) -> Result<GivenUp, OutboxFailure> {
        let mut transaction = self.store.begin_alone("giving up what is held").await?;
        let old = transaction.fetch(sql!("expiry/select_old.sql"), [made_before.into(), max.into()]).await?;
        let too_old = give_up(&mut transaction, &old, "held_too_long", now).await?;
        let many =
            transaction.fetch(sql!("expiry/select_many.sql"), [per_endpoint_max.into(), max.into()]).await?;
        let too_many = give_up(&mut transaction, &many, "held_too_many", now).await?;
        transaction.commit().await?;
        Ok(GivenUp { too_old, too_many })
    }
}

async fn give_up(
    transaction: &mut Transaction,
    rows: &[crate::store::Row],
    why: &str,
    now: Timestamp,
) -> Result<u64, OutboxFailure> {
    let entries: Vec<i64> = rows.iter().map(|row| row.integer("entry_no")).collect::<Result<_, _>>()?;
    if entries.is_empty() {
        return Ok(0);
    }
    let entries = Value::rows(&entries).map_err(|source| OutboxFailure::Rows { source })?;
    let say = sql!("expiry/say.sqlite.sql", "expiry/say.postgres.sql");
    transaction.execute(say, [entries.clone(), now.into(), why.into()]).await?;
    let end = sql!("expiry/end.sqlite.sql", "expiry/end.postgres.sql");
    transaction.execute(end, [entries, now.into()]).await
}
