//! Gives away what was counted, and takes back what could not be kept.

mod halves;
mod levels;
mod portions;

use std::collections::BTreeMap;

use domain::{
    Timestamp,
    usage::{DecisionsLeftOut, QuotaLevel, UsageBatch, UsageFact},
};
use tracing::warn;

use self::{
    levels::{LEVELS_MAX, Owed},
    portions::{BATCH_BYTES_MAX, Portion, Waiting},
};
use super::Gateway;
use crate::{
    counters::{Changed, Counter, KeptState, Moment, key_text, read_key},
    flush::{CounterRow, Flush},
    usage::{NAMED_AT_ONCE, Named},
    weighed::Weighed,
};

/// What has been given away.
#[derive(Debug, Default)]
pub(super) struct Flushes {
    /// Of the last batch.
    sequence: u64,
    returned: Option<Flush>,
    /// Parts of batches that were too large, without a number yet: the oldest last.
    halves: Vec<UsageBatch>,
    /// What was counted, for which the batches before had no room.
    waiting: Waiting,
    /// Counters that have a level to tell, for which there was no room.
    owed: Owed,
}

impl Flushes {
    /// A part of a batch that was too large, under the number of its turn: whoever counts leaves out what comes behind a higher one.
    fn next_half(&mut self) -> Option<UsageBatch> {
        let half = self.halves.pop()?;
        self.sequence += 1;
        Some(UsageBatch { sequence: self.sequence, ..half })
    }
}

impl Gateway {
    /// What has changed since the last flush; what was given back, when there is such. Whoever takes one keeps it
    /// or gives it back before taking the next.
    #[must_use]
    pub fn take_flush(&self, now: Timestamp) -> Flush {
        let mut flushes = self.flushes.lock();
        let returned = flushes.returned.take().unwrap_or_default();
        let again = returned.batch.or_else(|| flushes.next_half());
        // Before the counters: what is counted here is in them, and not the other way round.
        let is_new = again.is_none();
        if is_new {
            self.drain_into(&mut flushes.waiting);
        }
        let taken = self.counters.take_changed(Moment::from(now));
        let own_counters = self.own_limits.sweep(Moment::from(now));
        metrics::gauge!("tollgate_rate_limit_own_counters")
            .set(f64::from(u32::try_from(own_counters).unwrap_or(u32::MAX)));
        let changed = self.name_counters(&taken.changed);
        let room = if is_new { LEVELS_MAX } else { 0 };
        let levels = self.quota_levels(&mut flushes.owed, taken, room);
        let batch = if is_new { self.next_batch(&mut flushes, levels, now) } else { again };
        Flush { batch, counters: newest(returned.counters, changed) }
    }

    /// Whether there is something that the flush before had no room for.
    #[must_use]
    pub fn more_waits(&self) -> bool {
        let flushes = self.flushes.lock();
        !self.decisions.is_empty() || !flushes.waiting.is_empty() || !flushes.halves.is_empty()
    }

    /// Takes back a flush that may not have been kept. The batch comes again as it is, under its sequence; the
    /// counters as they stand by then.
    pub fn give_back(&self, flush: Flush) {
        self.flushes.lock().returned = Some(flush);
    }

    /// Takes back a flush whose batch nobody will take, because it is too large. Half of the batch comes again under its
    /// sequence, which stands for nothing that was kept; the other half follows.
    pub fn give_back_too_large(&self, mut flush: Flush) {
        let mut flushes = self.flushes.lock();
        let half = flush.batch.as_mut().and_then(halves::split_off_half);
        flushes.halves.extend(half);
        flushes.returned = Some(flush);
    }

    /// Takes over counters that were kept before a restart. Those that have nothing left to say are left out.
    pub fn restore_counters(&self, rows: Vec<CounterRow>, now: Timestamp) {
        let now = Moment::from(now);
        let mut unreadable = 0_usize;
        for some in rows.chunks(NAMED_AT_ONCE) {
            let mut index = self.index.write();
            let mut restored = vec![];
            for row in some.iter().filter(|row| !row.state.is_empty()) {
                let kept = serde_json::from_str::<KeptState>(&row.state).ok();
                let kept = kept.and_then(|kept| Some((kept.epoch, Counter::restored(kept.state)?)));
                match (read_key(&row.key, &mut index), kept) {
                    (Some((account, limit)), Some((epoch, counter))) => {
                        restored.push((account, limit, epoch, counter));
                    }
                    (None, _) | (_, None) => unreadable += 1,
                }
            }
            // What was counted before a reset is over, whichever of the two comes to light first.
            restored.retain(|(account, limit, epoch, counter)| {
                !counter.is_spent(now) && *epoch >= index.resets.epoch(account, *limit)
            });
            self.counters.restore(restored);
        }
        if unreadable > 0 {
            warn!(unreadable, "Left out {unreadable} kept counters that could not be read");
        }
    }

    fn drain_into(&self, waiting: &mut Waiting) {
        let Named { facts, sightings, addresses, unsighted, unaddressed } = self.usage.drain(&self.index);
        metrics::counter!("tollgate_gateway_unsighted_calls_total").increment(unsighted);
        metrics::counter!("tollgate_gateway_unaddressed_calls_total").increment(unaddressed);
        waiting.facts.extend(facts);
        waiting.throttled.extend(self.throttled.drain(&self.index));
        waiting.responses.extend(self.responses.drain());
        waiting.shadow.extend(self.shadow.drain(&self.index));
        waiting.sightings.extend(sightings);
        waiting.addresses.extend(addresses);
    }

    fn next_batch(
        &self,
        flushes: &mut Flushes,
        quota_levels: Vec<QuotaLevel>,
        now: Timestamp,
    ) -> Option<UsageBatch> {
        let (portion, counted_bytes) = flushes.waiting.take();
        let levels_bytes: usize = quota_levels.iter().map(Weighed::bytes_max).sum();
        let room = BATCH_BYTES_MAX.saturating_sub(counted_bytes + levels_bytes);
        let decisions = self.decisions.take(room);
        if portion.is_empty() && quota_levels.is_empty() && decisions.is_none() {
            return None;
        }
        let Portion { facts, throttled, responses, shadow, sightings, addresses } = portion;
        let (decisions, left_out) = decisions.unwrap_or_default();
        report(&facts, &left_out);
        flushes.sequence += 1;
        Some(UsageBatch {
            node: self.settings.node.clone(),
            boot: self.settings.boot.clone(),
            sequence: flushes.sequence,
            flushed_at: now,
            facts,
            throttled,
            responses,
            shadow,
            quota_levels,
            sightings,
            addresses,
            decisions,
            left_out,
        })
    }

    fn name_counters(&self, changed: &[Changed]) -> Vec<CounterRow> {
        let mut rows = Vec::with_capacity(changed.len());
        for some in changed.chunks(NAMED_AT_ONCE) {
            let index = self.index.read();
            rows.extend(some.iter().filter_map(|Changed { account, limit, state }| {
                Some(CounterRow { key: key_text(account, *limit, &index)?, state: text(state.as_ref()) })
            }));
        }
        rows
    }
}

/// Empty when there is nothing to keep.
fn text(state: Option<&KeptState>) -> String {
    state.and_then(|state| serde_json::to_string(state).ok()).unwrap_or_default()
}

/// Of each key the row that came last.
fn newest(returned: Vec<CounterRow>, changed: Vec<CounterRow>) -> Vec<CounterRow> {
    if returned.is_empty() {
        return changed;
    }
    let by_key: BTreeMap<String, String> =
        returned.into_iter().chain(changed).map(|CounterRow { key, state }| (key, state)).collect();
    by_key.into_iter().map(|(key, state)| CounterRow { key, state }).collect()
}

/// Calls are told to the metrics here, where they are summed already, and not one by one.
fn report(facts: &[UsageFact], left_out: &DecisionsLeftOut) {
    for (of, decisions) in [("proven", left_out.proven), ("unproven", left_out.unproven)] {
        metrics::counter!("tollgate_decisions_left_out_total", "caller" => of).increment(decisions);
    }
    for fact in facts {
        let environment = fact.environment.as_str().to_owned();
        let labels = [("environment", environment), ("outcome", fact.outcome.as_str().to_owned())];
        metrics::counter!("tollgate_gateway_calls_total", &labels).increment(fact.calls);
    }
}

#[cfg(test)]
mod tests;
