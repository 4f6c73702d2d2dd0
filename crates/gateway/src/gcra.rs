//! Rates: a token bucket in the form of GCRA, in integers that never round.
//!
//! A token is `token` units; `requests` units flow back in each nanosecond. Both are exact for every rate that a
//! policy may state, and the fullest bucket (a billion tokens over a day) has less than 2^77 units.

use domain::rate_limit_policy::RateLimit;
use serde::{Deserialize, Serialize};

const NANOS: u64 = 1_000_000_000;
/// By how much two threads may disagree about the time; more is a clock set back.
const DISAGREEMENT_NS: u64 = NANOS;

/// What a rate limit grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// Also the units that flow back in a nanosecond.
    pub(crate) requests: u64,
    pub(crate) per_seconds: u32,
    pub(crate) burst: u64,
}

impl From<&RateLimit> for Rate {
    fn from(limit: &RateLimit) -> Self {
        let RateLimit { name: _, requests, per_seconds, burst } = limit;
        Self { requests: (*requests).max(1), per_seconds: (*per_seconds).max(1), burst: *burst }
    }
}

impl Rate {
    /// The units of one token: as many as `requests` are worth nanoseconds.
    fn token(&self) -> u64 {
        u64::from(self.per_seconds).saturating_mul(NANOS)
    }

    fn capacity(&self) -> u128 {
        u128::from(self.burst) * u128::from(self.token())
    }

    fn price(&self, cost: u64) -> u128 {
        u128::from(cost) * u128::from(self.token())
    }

    /// The whole seconds in which that many units have flowed back, rounded up.
    fn seconds(&self, units: u128) -> u64 {
        let per_second = self.requests.saturating_mul(NANOS);
        match u64::try_from(units) {
            // Nearly always so, and several times faster.
            Ok(units) => units.div_ceil(per_second),
            Err(_) => u64::try_from(units.div_ceil(u128::from(per_second))).unwrap_or(u64::MAX),
        }
    }
}

/// Among how many gateways a rate is split. Each enforces an equal part of it by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Nodes(u16);

impl Nodes {
    pub(crate) const ONE: Self = Self(1);

    fn is_one(&self) -> bool {
        *self == Self::ONE
    }

    /// The part of one gateway. A bucket of it holds at least one call, and as much as the call at hand costs if the
    /// whole bucket does: what is dear would never pass otherwise. The rate is kept all the same.
    pub(crate) fn part_of(self, rate: &Rate, cost: u64) -> Rate {
        if self.is_one() {
            return *rate;
        }
        let Rate { requests, per_seconds, burst } = *rate;
        Rate {
            requests,
            per_seconds: per_seconds.saturating_mul(u32::from(self.0)),
            burst: (burst / u64::from(self.0)).max(cost.max(1).min(burst)),
        }
    }

    /// Splits among another number of gateways. What is left in the bucket stays, as far as the part holds it: no
    /// call is granted that was not before.
    pub(crate) fn split_anew(&mut self, nodes: u32, bucket: &mut Bucket, rate: &Rate, now_ns: i64) {
        let nodes = Self(u16::try_from(nodes).unwrap_or(u16::MAX).max(1));
        if nodes == *self {
            return;
        }
        let (before, after) = (self.part_of(rate, 0), nodes.part_of(rate, 0));
        bucket.bring_to(&before, now_ns);
        let left = before.capacity().saturating_sub(bucket.missing());
        let left = left.saturating_mul(u128::from(after.token())) / u128::from(before.token().max(1));
        bucket.set_missing(after.capacity().saturating_sub(left));
        bucket.per_seconds = after.per_seconds;
        bucket.full_in = u32::try_from(after.seconds(bucket.missing())).unwrap_or(u32::MAX);
        *self = nodes;
    }
}

impl Default for Nodes {
    fn default() -> Self {
        Self::ONE
    }
}

/// How empty one bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// The units missing at `at_ns`, high and low half: a `u128` would be aligned to 16 bytes.
    missing: (u64, u64),
    at_ns: i64,
    /// The `per_seconds` that the units are of.
    per_seconds: u32,
    /// How many seconds after `at_ns` it will be full.
    full_in: u32,
}

/// A bucket in the form it is kept over a restart.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BucketRow {
    /// Units missing: decimal digits, which JSON numbers would round.
    #[serde(rename = "m")]
    missing: String,
    #[serde(rename = "t")]
    at_ns: i64,
    #[serde(rename = "p")]
    per_seconds: u32,
    #[serde(rename = "f")]
    full_in: u32,
    #[serde(rename = "n", default, skip_serializing_if = "Nodes::is_one")]
    pub(crate) nodes: Nodes,
}

impl Bucket {
    pub(crate) fn full(rate: &Rate, now_ns: i64) -> Self {
        Self { missing: (0, 0), at_ns: now_ns, per_seconds: rate.per_seconds, full_in: 0 }
    }

    fn missing(&self) -> u128 {
        let (high, low) = self.missing;
        (u128::from(high) << 64) | u128::from(low)
    }

    fn set_missing(&mut self, units: u128) {
        let low = u64::try_from(units & u128::from(u64::MAX)).unwrap_or(u64::MAX);
        self.missing = (u64::try_from(units >> 64).unwrap_or(u64::MAX), low);
    }

    /// Brings the bucket to this moment and under this rate. What has been taken stays taken when a policy is
    /// revised; it is never more than the bucket holds.
    pub(crate) fn bring_to(&mut self, rate: &Rate, now_ns: i64) {
        let mut missing = self.missing();
        if self.per_seconds != rate.per_seconds {
            let tokens = missing.saturating_mul(u128::from(rate.per_seconds));
            missing = tokens.div_ceil(u128::from(self.per_seconds.max(1)));
            self.per_seconds = rate.per_seconds;
        }
        let flow = u128::from(rate.requests) * u128::from(now_ns.abs_diff(self.at_ns));
        // Another thread may have been a moment ahead: the time at which the bucket is full stays, so that nothing
        // flows in twice.
        let forward = now_ns >= self.at_ns;
        missing = if forward { missing.saturating_sub(flow) } else { missing.saturating_add(flow) };
        // A clock set back must not stop a caller until it has caught up, nor a lowered burst: then the bucket is
        // empty, and no more than that.
        let capacity = rate.capacity();
        let disagreement = u128::from(rate.requests) * u128::from(DISAGREEMENT_NS);
        self.set_missing(if missing > capacity.saturating_add(disagreement) { capacity } else { missing });
        self.at_ns = now_ns;
    }

    /// How long until so many tokens are there, in seconds and at least 1; None when they are there now. More than
    /// the bucket ever holds never come: a window is as good an answer as any.
    pub(crate) fn wait(&self, rate: &Rate, cost: u64) -> Option<u64> {
        let (price, capacity) = (rate.price(cost), rate.capacity());
        if price > capacity {
            return Some(u64::from(rate.per_seconds));
        }
        let over = self.missing().saturating_add(price).saturating_sub(capacity);
        (over > 0).then(|| rate.seconds(over).max(1))
    }

    pub(crate) fn take(&mut self, rate: &Rate, cost: u64) {
        let missing = self.missing().saturating_add(rate.price(cost)).min(rate.capacity());
        self.set_missing(missing);
        self.full_in = u32::try_from(rate.seconds(missing)).unwrap_or(u32::MAX);
    }

    pub(crate) fn remaining(&self, rate: &Rate) -> u64 {
        let left = rate.capacity().saturating_sub(self.missing());
        match u64::try_from(left) {
            Ok(left) => left / rate.token(),
            Err(_) => u64::try_from(left / u128::from(rate.token())).unwrap_or(u64::MAX),
        }
    }

    /// Until the bucket is full.
    pub(crate) fn reset_seconds(&self, rate: &Rate) -> u64 {
        rate.seconds(self.missing())
    }

    /// When it is full again, in Unix seconds.
    pub(crate) fn full_at(&self) -> i64 {
        self.at_ns.div_euclid(NANOS.cast_signed()).saturating_add(i64::from(self.full_in)).saturating_add(1)
    }

    pub(crate) fn row(&self) -> BucketRow {
        let Self { missing: _, at_ns, per_seconds, full_in } = *self;
        BucketRow { missing: self.missing().to_string(), at_ns, per_seconds, full_in, nodes: Nodes::ONE }
    }

    /// The same, and among how many gateways its rate was split.
    pub(crate) fn row_of(&self, nodes: Nodes) -> BucketRow {
        BucketRow { nodes, ..self.row() }
    }

    pub(crate) fn restored(row: &BucketRow) -> Option<Self> {
        let BucketRow { missing, at_ns, per_seconds, full_in, nodes: _ } = row;
        let mut bucket =
            Self { missing: (0, 0), at_ns: *at_ns, per_seconds: (*per_seconds).max(1), full_in: *full_in };
        bucket.set_missing(missing.parse().ok()?);
        Some(bucket)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn rate(requests: u64, per_seconds: u32, burst: u64) -> Rate {
        Rate { requests, per_seconds, burst }
    }

    /// Asks for tokens and answers with the wait, or None when they were given.
    fn ask(bucket: &mut Bucket, rate: &Rate, cost: u64, now_ns: i64) -> Option<u64> {
        bucket.bring_to(rate, now_ns);
        let wait = bucket.wait(rate, cost);
        if wait.is_none() {
            bucket.take(rate, cost);
        }
        wait
    }

    #[test]
    fn a_burst_passes_at_once_and_then_the_rate() {
        let rate = rate(10, 60, 3);
        let mut bucket = Bucket::full(&rate, 0);
        let answers: Vec<_> = (0..4).map(|_| ask(&mut bucket, &rate, 1, 0)).collect();
        assert_eq!(answers, [None, None, None, Some(6)]);
        assert_eq!(ask(&mut bucket, &rate, 1, 6 * SECOND - 1), Some(1));
        assert_eq!(ask(&mut bucket, &rate, 1, 6 * SECOND), None);
    }

    #[test]
    fn remaining_and_reset_are_those_of_the_bucket() {
        let rate = rate(10, 60, 3);
        let mut bucket = Bucket::full(&rate, 0);
        assert_eq!((bucket.remaining(&rate), bucket.reset_seconds(&rate)), (3, 0));
        ask(&mut bucket, &rate, 2, 0);
        assert_eq!((bucket.remaining(&rate), bucket.reset_seconds(&rate)), (1, 12));
        bucket.bring_to(&rate, SECOND);
        assert_eq!((bucket.remaining(&rate), bucket.reset_seconds(&rate)), (1, 11));
    }

    #[test]
    fn a_cost_above_the_burst_never_passes() {
        let rate = rate(10, 60, 3);
        let mut bucket = Bucket::full(&rate, 0);
        assert_eq!(ask(&mut bucket, &rate, 4, 0), Some(60));
        assert_eq!(bucket.remaining(&rate), 3);
    }

    #[test]
    fn a_clock_set_back_never_freezes_a_caller() {
        let rate = rate(10, 60, 3);
        let year = 365 * 86_400 * SECOND;
        let mut bucket = Bucket::full(&rate, year);
        assert_eq!(ask(&mut bucket, &rate, 3, year), None);
        assert_eq!(ask(&mut bucket, &rate, 1, 0), Some(6));
        assert_eq!(ask(&mut bucket, &rate, 1, 6 * SECOND), None);
    }

    #[test]
    fn a_lowered_rate_counts_what_was_taken_and_a_raised_one_too() {
        let (high, low) = (rate(100, 60, 100), rate(10, 30, 10));
        let mut bucket = Bucket::full(&high, 0);
        assert_eq!(ask(&mut bucket, &high, 60, 0), None);
        let mut lowered = bucket;
        assert_eq!(ask(&mut lowered, &low, 1, 0), Some(3));
        bucket.bring_to(&rate(1000, 1, 1000), 0);
        assert_eq!(bucket.remaining(&rate(1000, 1, 1000)), 940);
    }

    #[test]
    fn absurd_bounds_neither_overflow_nor_lose_precision() {
        let slow = rate(1, 86_400, 1_000_000_000);
        let mut bucket = Bucket::full(&slow, i64::MIN);
        assert_eq!(ask(&mut bucket, &slow, 1_000_000_000, i64::MIN), None);
        assert_eq!(ask(&mut bucket, &slow, u64::MAX, i64::MAX), Some(86_400));
        assert_eq!(ask(&mut bucket, &slow, u64::from(u32::MAX), i64::MIN), Some(86_400));
        assert_eq!(bucket.reset_seconds(&slow), 86_400_000_000_000);
        bucket.bring_to(&rate(1, 1, 1), i64::MAX);
        // One request is due each 1.000000001 ns; a nanosecond clock still grants them all.
        let fast = rate(999_999_999, 1, 1);
        let mut bucket = Bucket::full(&fast, 0);
        let granted = (0..1000).filter(|now| ask(&mut bucket, &fast, 1, now * 2).is_none()).count();
        assert_eq!(granted, 1000);
    }

    #[test]
    fn a_bucket_is_restored_as_it_was() {
        let rate = rate(7, 86_400, 1_000_000_000);
        let mut bucket = Bucket::full(&rate, 5);
        ask(&mut bucket, &rate, 1_000_000_000, 5);
        let text = serde_json::to_string(&bucket.row()).unwrap();
        assert_eq!(Bucket::restored(&serde_json::from_str(&text).unwrap()), Some(bucket));
    }

    proptest! {
        #[test]
        fn no_window_grants_more_than_burst_and_rate(
            requests in 1_u64..2_000, per_seconds in 1_u32..100, burst in 1_u64..50,
            steps in prop::collection::vec((0_i64..3_000_000_000, 1_u64..4), 1..120),
        ) {
            let rate = rate(requests, per_seconds, burst);
            let mut bucket = Bucket::full(&rate, 0);
            let mut now = 0;
            let mut granted: Vec<(i64, u64)> = vec![];
            for (step, cost) in steps {
                now += step;
                if ask(&mut bucket, &rate, cost, now).is_none() {
                    granted.push((now, cost));
                }
            }
            for (first, (from, _)) in granted.iter().enumerate() {
                let mut sum = 0_u128;
                for (until, cost) in &granted[first..] {
                    sum += u128::from(*cost);
                    let flowed = u128::from(requests) * u128::from(until.abs_diff(*from));
                    let token = u128::from(per_seconds) * 1_000_000_000;
                    prop_assert!(sum * token <= u128::from(burst) * token + flowed);
                }
            }
        }

        #[test]
        fn waiting_as_told_is_enough(
            requests in 1_u64..1_000_000, per_seconds in 1_u32..86_400, burst in 1_u64..1_000,
            taken in 0_u64..1_000, cost in 1_u64..1_000,
        ) {
            let rate = rate(requests, per_seconds, burst);
            let mut bucket = Bucket::full(&rate, 0);
            let first = ask(&mut bucket, &rate, taken.min(burst), 0);
            prop_assert_eq!(first, None);
            let cost = cost.min(burst);
            if let Some(wait) = ask(&mut bucket, &rate, cost, 0) {
                let then = i64::try_from(wait).unwrap().saturating_mul(SECOND);
                prop_assert_eq!(ask(&mut bucket, &rate, cost, then), None);
            }
        }

        #[test]
        fn clocks_that_disagree_by_a_moment_grant_nothing_extra(jitter in prop::collection::vec(0_i64..2_000, 200)) {
            let rate = rate(1_000_000, 1, 10);
            let mut bucket = Bucket::full(&rate, 0);
            let mut latest = 0;
            let mut granted = 0_i64;
            for (turn, back) in (0_i64..).zip(jitter) {
                let now = turn * 100 - back;
                latest = latest.max(now);
                granted += i64::from(ask(&mut bucket, &rate, 1, now).is_none());
            }
            // A burst of 10, and one more for each microsecond.
            prop_assert!(granted <= 10 + latest / 1_000 + 2, "{granted} by {latest}");
        }
    }
}
