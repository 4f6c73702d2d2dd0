//! Windows that end with each call: the last period, counted in sixtieths.
//!
//! A call counts for the period and up to a sixtieth more, so that no period, wherever it begins, sees more calls
//! than allowed. A minute is counted by the second, a day by 24 minutes, 30 days by 12 hours.

use std::collections::VecDeque;

use domain::rate_limit_policy::{Period, ROLLING_PARTS as PARTS, rolling_part_seconds};
use serde::{Deserialize, Serialize};

/// In seconds.
const DAY: i64 = 86_400;

/// The length of a rolling window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The seconds of a part, a sixtieth of the whole.
    part: i64,
}

impl Span {
    /// A month is 30 days, a year 365.
    pub(crate) fn of(period: Period) -> Self {
        Self { part: rolling_part_seconds(period) }
    }

    /// The period that is so long.
    pub(crate) fn period(self) -> Option<Period> {
        use Period as P;
        [P::Minute, P::Hour, P::Day, P::Week, P::Month, P::Year]
            .into_iter()
            .find(|period| Self::of(*period) == self)
    }

    /// How long its peak is said for.
    fn told_for(self) -> i64 {
        self.part.saturating_mul(PARTS).max(DAY)
    }

    fn told_from(self, second: i64) -> i64 {
        second.div_euclid(self.told_for()).saturating_mul(self.told_for())
    }

    fn seconds(self) -> u64 {
        (self.part * PARTS).unsigned_abs()
    }
}

/// What was used in each part that still counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RollingCount {
    span: Span,
    /// The part's number since 1970, oldest first, and what was used in it. Parts without use are left out.
    parts: VecDeque<(i64, u64)>,
    used: u64,
    /// The most that was used at once, and the first second of the time that it is said for.
    peak: (i64, u64),
}

/// A count in the form it is kept over a restart.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RollingRow {
    #[serde(rename = "w")]
    part_seconds: i64,
    #[serde(rename = "b")]
    parts: VecDeque<(i64, u64)>,
}

impl RollingCount {
    pub(crate) fn unused(span: Span) -> Self {
        Self { span, parts: VecDeque::new(), used: 0, peak: (i64::MIN, 0) }
    }

    /// Drops what is past. A clock set back moves what was used back with it: it counts for a period from then on.
    pub(crate) fn bring_to(&mut self, span: Span, second: i64) {
        if span != self.span {
            self.divide_anew(span);
        }
        let now = second.div_euclid(span.part);
        // One part ahead is another thread's clock at the turn of a part, not a clock set back.
        if let Some(ahead) =
            self.parts.back().map(|(newest, _)| newest.saturating_sub(now)).filter(|by| *by > 1)
        {
            self.parts.iter_mut().for_each(|(part, _)| *part = part.saturating_sub(ahead));
        }
        while let Some((_, used)) = self.parts.pop_front_if(|(part, _)| *part < now.saturating_sub(PARTS)) {
            self.used = self.used.saturating_sub(used);
        }
    }

    /// Counts each old part where its last second lies.
    fn divide_anew(&mut self, span: Span) {
        let before = std::mem::replace(self, Self::unused(span));
        // Another limit's: what was said of the one before is over.
        for (part, used) in before.parts {
            let last = part.saturating_add(1).saturating_mul(before.span.part).saturating_sub(1);
            self.add(last.div_euclid(span.part), used);
        }
    }

    fn add(&mut self, part: i64, cost: u64) {
        self.used = self.used.saturating_add(cost);
        match self.parts.back_mut() {
            Some((newest, used)) if *newest >= part => *used = used.saturating_add(cost),
            Some(_) | None => self.parts.push_back((part, cost)),
        }
    }

    /// Until enough of the oldest use is past; for a cost that never fits, a whole period.
    pub(crate) fn wait(&self, allowed: u64, cost: u64, second: i64) -> Option<u64> {
        let mut over = self.used.saturating_add(cost).saturating_sub(allowed);
        if over == 0 {
            return None;
        }
        for (part, used) in &self.parts {
            over = over.saturating_sub(*used);
            if over == 0 {
                return Some(self.until_past(*part, second).max(1));
            }
        }
        Some(self.span.seconds())
    }

    fn until_past(&self, part: i64, second: i64) -> u64 {
        let past_at = part.saturating_add(PARTS + 1).saturating_mul(self.span.part);
        u64::try_from(past_at.saturating_sub(second)).unwrap_or_default()
    }

    pub(crate) fn take(&mut self, cost: u64, second: i64) {
        if cost > 0 {
            self.add(second.div_euclid(self.span.part), cost);
            self.raise_peak(second);
        }
    }

    /// What is used falls again as calls grow old. So it is said, for a day or where it is longer a period at a time, what the most of
    /// it was: that only grows.
    fn raise_peak(&mut self, second: i64) {
        let start = self.span.told_from(second);
        // A clock set back says no more of the time that it was set back to than it has said.
        if start > self.peak.0 {
            self.peak = (start, self.used);
        } else {
            self.peak.1 = self.peak.1.max(self.used);
        }
    }

    /// The most that was used at once, and from when until when that is said; none before the first use.
    pub(crate) fn peak(&self) -> Option<(u64, (i64, i64))> {
        let (start, used) = self.peak;
        (used > 0).then(|| (used, (start, start.saturating_add(self.span.told_for()))))
    }

    pub(crate) fn remaining(&self, allowed: u64) -> u64 {
        allowed.saturating_sub(self.used)
    }

    pub(crate) fn window_seconds(&self) -> u64 {
        self.span.seconds()
    }

    /// Until all that was used is past.
    pub(crate) fn reset_seconds(&self, second: i64) -> u64 {
        self.parts.back().map_or(0, |(newest, _)| self.until_past(*newest, second))
    }

    /// When nothing of it counts any more, in Unix seconds.
    pub(crate) fn end(&self) -> i64 {
        let newest = self.parts.back().map_or(i64::MIN, |(newest, _)| *newest);
        newest.saturating_add(PARTS + 1).saturating_mul(self.span.part)
    }

    pub(crate) fn row(&self) -> RollingRow {
        RollingRow { part_seconds: self.span.part, parts: self.parts.clone() }
    }

    pub(crate) fn restored(row: RollingRow) -> Self {
        let RollingRow { part_seconds, parts } = row;
        let used = parts.iter().fold(0, |sum: u64, (_, used)| sum.saturating_add(*used));
        let span = Span { part: part_seconds.max(1) };
        // The peak of before is forgotten here, and known where it was told.
        let newest = parts.back().map(|(part, _)| part.saturating_mul(span.part));
        let peak = newest.map_or((i64::MIN, 0), |second| (span.told_from(second), used));
        Self { span, parts, used, peak }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ask(count: &mut RollingCount, span: Span, allowed: u64, cost: u64, second: i64) -> Option<u64> {
        count.bring_to(span, second);
        let wait = count.wait(allowed, cost, second);
        if wait.is_none() {
            count.take(cost, second);
        }
        wait
    }

    #[test]
    fn use_comes_back_a_period_and_a_sixtieth_later() {
        let hour = Span::of(Period::Hour);
        let mut count = RollingCount::unused(hour);
        assert_eq!(ask(&mut count, hour, 10, 6, 0), None);
        assert_eq!(ask(&mut count, hour, 10, 4, 600), None);
        assert_eq!(ask(&mut count, hour, 10, 1, 601), Some(3_660 - 601));
        assert_eq!((count.remaining(10), count.reset_seconds(601)), (0, 4_260 - 601));
        assert_eq!(ask(&mut count, hour, 10, 1, 3_659), Some(1));
        assert_eq!(ask(&mut count, hour, 10, 6, 3_660), None);
        assert_eq!(ask(&mut count, hour, 10, 11, 3_660), Some(3_600));
    }

    #[test]
    fn a_clock_set_back_neither_forgets_nor_freezes() {
        let minute = Span::of(Period::Minute);
        let mut count = RollingCount::unused(minute);
        assert_eq!(ask(&mut count, minute, 10, 10, 1_000_000), None);
        assert_eq!(ask(&mut count, minute, 10, 1, 500), Some(61));
        assert_eq!(ask(&mut count, minute, 10, 10, 561), None);
    }

    #[test]
    fn a_revised_period_goes_on_counting() {
        let (hour, day) = (Span::of(Period::Hour), Span::of(Period::Day));
        let mut count = RollingCount::unused(hour);
        ask(&mut count, hour, 10, 4, 30);
        ask(&mut count, hour, 10, 3, 3_000);
        count.bring_to(day, 3_000);
        assert_eq!(count.remaining(10), 3);
        count.bring_to(hour, 3_000);
        assert_eq!(count.remaining(10), 3);
    }

    #[test]
    fn the_most_of_a_day_only_grows_until_the_next() {
        let hour = Span::of(Period::Hour);
        let mut count = RollingCount::unused(hour);
        assert_eq!(count.peak(), None);
        ask(&mut count, hour, 10, 6, 0);
        ask(&mut count, hour, 10, 5, 10_000);
        assert_eq!(count.peak(), Some((6, (0, 86_400))));
        ask(&mut count, hour, 10, 3, 10_001);
        assert_eq!(count.peak(), Some((8, (0, 86_400))));
        ask(&mut count, hour, 10, 1, 86_400);
        assert_eq!(count.peak(), Some((1, (86_400, 2 * 86_400))));
    }

    #[test]
    fn a_count_is_restored_as_it_was() {
        let day = Span::of(Period::Day);
        let mut count = RollingCount::unused(day);
        ask(&mut count, day, 10, 4, 30);
        ask(&mut count, day, 10, 3, 30_000);
        let text = serde_json::to_string(&count.row()).unwrap();
        assert_eq!(RollingCount::restored(serde_json::from_str(&text).unwrap()), count);
    }

    proptest! {
        #[test]
        fn no_period_wherever_it_begins_sees_more_than_allowed(
            allowed in 1_u64..20, steps in prop::collection::vec((0_i64..40, 1_u64..5), 1..200),
        ) {
            let minute = Span::of(Period::Minute);
            let mut count = RollingCount::unused(minute);
            let (mut now, mut granted) = (0, vec![]);
            for (step, cost) in steps {
                now += step;
                if ask(&mut count, minute, allowed, cost, now).is_none() {
                    granted.push((now, cost));
                }
            }
            for (last, _) in &granted {
                let period = granted.iter().filter(|(at, _)| (last - 59..=*last).contains(at));
                prop_assert!(period.map(|(_, cost)| cost).sum::<u64>() <= allowed);
            }
        }

        #[test]
        fn waiting_as_told_is_enough(
            allowed in 1_u64..20, steps in prop::collection::vec((0_i64..40, 1_u64..5), 1..60), cost in 1_u64..20,
        ) {
            let minute = Span::of(Period::Minute);
            let mut count = RollingCount::unused(minute);
            let mut now = 0;
            for (step, cost) in steps {
                now += step;
                ask(&mut count, minute, allowed, cost, now);
            }
            let cost = cost.min(allowed);
            if let Some(wait) = ask(&mut count, minute, allowed, cost, now) {
                prop_assert_eq!(ask(&mut count, minute, allowed, cost, now + i64::try_from(wait).unwrap()), None);
            }
        }
    }
}
