//! What a rule would have told of quotas: by when they passed which percentage.

use domain::{NoticeName, Timestamp};
use projections::queries::{
    quota_levels::forecast,
    quota_marks::{self, After, MarkRow},
};

use super::{Asking, Previewed};
use crate::{
    occasion::{Occasion, What},
    parts::Failure,
    timed::{self, Filled},
};

/// Windows of quotas that are looked at.
const WINDOWS_MAX: usize = 20_000;
const PAGE: u32 = 500;

impl Asking<'_> {
    /// Whether there were more windows than are looked at, and from when on it is known how full quotas were.
    pub(super) async fn quotas(
        &self,
        from: Timestamp,
        found: &mut Vec<Previewed>,
    ) -> Result<(bool, Option<Timestamp>), Failure> {
        if !self.wishes.want(NoticeName::QuotaThreshold) && !self.wishes.want(NoticeName::QuotaExhausted) {
            return Ok((false, None));
        }
        let known_from = quota_marks::known_from(self.book.read()).await?.map(|known| known.max(from));
        let (mut after, mut seen) = (None, 0);
        loop {
            let rows = quota_marks::since(self.book.read(), from, after.as_ref(), PAGE).await?;
            let Some(last) = rows.last() else { return Ok((false, known_from)) };
            after = Some(After { last_at: last.last_at, mark_key: last.mark_key.clone() });
            seen += rows.len();
            for row in rows {
                self.window(from, &row, found).await?;
            }
            if seen >= WINDOWS_MAX {
                return Ok((true, known_from));
            }
        }
    }

    /// Each share that the rule wants to be told at is told when it was passed; of several at once the highest.
    async fn window(
        &self,
        from: Timestamp,
        row: &MarkRow,
        found: &mut Vec<Previewed>,
    ) -> Result<(), Failure> {
        let Some(occasion) = timed::quota(&self.book, Filled::of_mark(row), self.until).await? else {
            return Ok(());
        };
        let mut told = 0;
        for step in row.steps.iter().filter(|step| step.at <= self.until) {
            let Some(then) = as_of(&occasion, step.used, step.at) else { continue };
            let Some(marked) = self.rule.marks(&then).filter(|marked| marked.threshold > told) else {
                continue;
            };
            told = marked.threshold;
            if step.at >= from {
                found.push(self.previewed(&then, marked, step.at).await?);
            }
        }
        Ok(())
    }
}

/// The same when so much was used.
fn as_of(occasion: &Occasion, used: u64, at: Timestamp) -> Option<Occasion> {
    let What::Quota(level) = &occasion.what else { return None };
    let mut level = level.clone();
    let told = &mut level.told;
    told.used = used;
    told.forecast_reached_at = match told.rolling_over {
        Some(_) => None,
        None => forecast(used, told.allowed, told.window_start, told.window_end, at),
    };
    Some(Occasion { what: What::Quota(level), at, ..occasion.clone() })
}
