//! How long calls took: a histogram that can be added up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many buckets [`Durations`] tells apart.
pub const BUCKETS: usize = 32;

/// The longest time of each bucket but the last, in microseconds: 250 × 2^(n/2).
const BOUNDS_US: [u64; BUCKETS - 1] = [
    250, 354, 500, 707, 1_000, 1_414, 2_000, 2_828, 4_000, 5_657, 8_000, 11_314, 16_000, 22_627, 32_000,
    45_255, 64_000, 90_510, 128_000, 181_019, 256_000, 362_039, 512_000, 724_077, 1_024_000, 1_448_155,
    2_048_000, 2_896_309, 4_096_000, 5_792_619, 8_192_000,
];

/// How many calls took how long, in buckets of which every second one is twice as long: the first is up to 0.25 ms, the last
/// beyond 8.2 s. The sum of two is the histogram of both. A quantile read from it is off by at most a factor of 2^(1/4), 19 %,
/// between the first bucket and the last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Durations(
    /// Bucket and calls: rising, each once, none empty.
    Vec<(u8, u64)>,
);

impl Durations {
    /// From the calls of each bucket, the first bucket first; what is beyond [`BUCKETS`] belongs to the last.
    pub fn of(calls: impl IntoIterator<Item = u64>) -> Self {
        let mut buckets: Vec<(u8, u64)> = vec![];
        for (bucket, calls) in (0_u8..=u8::MAX).zip(calls).filter(|(_, calls)| *calls > 0) {
            let bucket = bucket.min(last());
            match buckets.last_mut() {
                Some((same, sum)) if *same == bucket => *sum = sum.saturating_add(calls),
                Some(_) | None => buckets.push((bucket, calls)),
            }
        }
        Self(buckets)
    }

    /// The bucket of a call that took so many microseconds.
    #[must_use]
    pub fn bucket(micros: u64) -> u8 {
        let below = BOUNDS_US.partition_point(|bound| *bound < micros);
        u8::try_from(below).unwrap_or(last())
    }

    /// Bucket and calls, rising; buckets without calls are left out.
    pub fn buckets(&self) -> impl Iterator<Item = (u8, u64)> {
        self.0.iter().copied()
    }

    /// How many calls.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.buckets().fold(0, |sum, (_, calls)| sum.saturating_add(calls))
    }

    /// The time within which so many of a thousand calls were done, in microseconds: the geometric middle of the bucket that
    /// the last of them is in, and the lower bound of the last bucket. None where there are no calls.
    #[must_use]
    pub fn quantile_us(&self, per_mille: u16) -> Option<u64> {
        let calls = u128::from(self.calls());
        let wanted = (calls * u128::from(per_mille.min(1000))).div_ceil(1000).max(1);
        let mut seen = 0_u128;
        let found = self.buckets().find(|(_, calls)| {
            seen += u128::from(*calls);
            seen >= wanted
        });
        found.map(|(bucket, _)| middle_us(bucket))
    }
}

fn last() -> u8 {
    u8::try_from(BUCKETS - 1).unwrap_or(u8::MAX)
}

fn middle_us(bucket: u8) -> u64 {
    let bound = |bucket: usize| BOUNDS_US.get(bucket).copied();
    let bucket = usize::from(bucket);
    let below = bucket.checked_sub(1).and_then(bound);
    match (below, bound(bucket)) {
        (Some(below), Some(upto)) => below.saturating_mul(upto).isqrt(),
        (Some(longest), None) => longest,
        (None, upto) => upto.unwrap_or_default() / 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_off_by_a_fifth_at_most() {
        for micros in (251..8_192_000_u64).step_by(997) {
            let bucket = Durations::bucket(micros);
            let told = Durations::of((0..BUCKETS).map(|at| u64::from(at == usize::from(bucket))));
            let told = told.quantile_us(500).unwrap();
            assert!(told * 100 <= micros * 120 && micros * 100 <= told * 120, "{micros} was told as {told}");
        }
    }

    #[test]
    fn bounds_belong_to_the_bucket_they_end() {
        let bucket = Durations::bucket;
        assert_eq!((bucket(0), bucket(250), bucket(251), bucket(354), bucket(355)), (0, 0, 1, 1, 2));
        assert_eq!((bucket(8_192_000), bucket(8_192_001), bucket(u64::MAX)), (30, 31, 31));
    }

    #[test]
    fn quantiles_count_calls_and_not_buckets() {
        let mut calls = [0; BUCKETS];
        (calls[2], calls[10], calls[31]) = (97, 2, 1);
        let durations = Durations::of(calls);
        assert_eq!(durations.calls(), 100);
        let middle = durations.quantile_us(500).unwrap();
        assert!((354..=500).contains(&middle));
        assert_eq!(durations.quantile_us(970), Some(middle));
        assert!((5_657..=8_000).contains(&durations.quantile_us(990).unwrap()));
        assert_eq!(durations.quantile_us(1000), Some(8_192_000));
        assert_eq!(Durations::default().quantile_us(500), None);
    }
}
