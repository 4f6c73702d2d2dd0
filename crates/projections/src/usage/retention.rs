//! How long usage is kept, and letting go of it. Days outlive the quarters that they are the sums of, quarters the minutes: a
//! report loses detail, and no call.

use domain::Timestamp;
use jiff::SignedDuration;

use super::{
    DAY_S, OWNER, addresses, answers, calls,
    corrections::{self, counted_until},
    throttled,
};
use crate::{ReadModel, Table, WriteFailure};

/// How long each grain of usage is kept, at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageRetention {
    /// Minutes, and the seconds that a what-if replays.
    pub minutes: SignedDuration,
    /// Quarters of an hour, which limits refused, and what came late.
    pub quarters: SignedDuration,
    /// Days of UTC.
    pub days: SignedDuration,
}

impl Default for UsageRetention {
    fn default() -> Self {
        let days = |days: i64| SignedDuration::from_hours(24 * days);
        Self { minutes: days(2), quarters: days(400), days: days(5 * 366) }
    }
}

/// One grain's tables, and how long a partition of them is where the engine has partitions.
struct Kept {
    table: &'static Table,
    partition_s: Option<i64>,
    keep: SignedDuration,
}

const MONTH_S: i64 = 30 * DAY_S;

impl UsageRetention {
    fn tables(self) -> [Kept; 14] {
        let Self { minutes, quarters, days } = self;
        let kept = |table, partition_s, keep| Kept { table, partition_s, keep };
        [
            kept(&calls::SECONDS, Some(DAY_S), minutes),
            kept(&calls::MINUTES, Some(DAY_S), minutes),
            kept(&answers::MINUTES, Some(DAY_S), minutes),
            kept(&calls::QUARTERS, Some(MONTH_S), quarters),
            kept(&calls::QUARTERS_OF_CLIENTS, Some(MONTH_S), quarters),
            kept(&calls::QUARTERS_OF_ROUTES, Some(MONTH_S), quarters),
            kept(&answers::QUARTERS, Some(MONTH_S), quarters),
            kept(&throttled::TABLE, Some(MONTH_S), quarters),
            kept(&corrections::TABLE, None, quarters),
            kept(&calls::DAYS, None, days),
            kept(&calls::DAYS_OF_CLIENTS, None, days),
            kept(&calls::DAYS_OF_ROUTES, None, days),
            kept(&answers::DAYS, None, days),
            kept(&addresses::TABLE, None, days),
        ]
    }
}

impl ReadModel {
    /// Lets go of usage whose time is over, a day of each table at most; where the engine has partitions, whole ones, and those
    /// that are needed next are made. Answers whether there may be more.
    ///
    /// Time is that of the latest flush that was counted, if that is before now: a clock that jumps ahead forgets nothing.
    ///
    /// # Errors
    /// When the read model cannot be read or written; what was let go of by then stays so.
    pub async fn forget_usage(
        &self,
        now: Timestamp,
        retention: UsageRetention,
    ) -> Result<bool, WriteFailure> {
        let Some(until) = counted_until(self).await.map_err(unread)? else { return Ok(false) };
        let until = until.min(now);
        let mut more = false;
        for Kept { table, partition_s, keep } in retention.tables() {
            let from = until.checked_sub(keep).unwrap_or(Timestamp::MIN);
            let from_s = from.as_second();
            if let (Some(length_s), true) = (partition_s, self.has_partitions()) {
                let values =
                    vec![table.name.into(), length_s.into(), until.as_second().into(), from_s.into()];
                self.change(OWNER, "letting go of usage", include_str!("keep_partitions.sql"), values)
                    .await?;
            } else {
                let sql = include_str!("forget_rows.sql").replace("{table}", table.name);
                more |= self.change(OWNER, "forgetting usage", sql, vec![from_s.into()]).await? > 0;
            }
        }
        Ok(more)
    }
}

fn unread(source: crate::ReadFailure) -> WriteFailure {
    WriteFailure {
        projection: super::NAME,
        doing: "reading how far usage is counted",
        source: Box::new(source),
    }
}
