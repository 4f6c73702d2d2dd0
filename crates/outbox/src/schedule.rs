//! When a delivery that failed is tried again.

#[cfg(test)]
mod tests;

use domain::Timestamp;
use jiff::SignedDuration;

/// After the first failure, the second, and so on; after the last it is given up. Source: ADR 0041, after Standard Webhooks.
pub const SCHEDULE: [SignedDuration; 9] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(5),
    SignedDuration::from_hours(10),
    SignedDuration::from_hours(14),
    SignedDuration::from_hours(20),
    SignedDuration::from_hours(24),
];

/// However long a receiver asks to be left alone.
pub const RETRY_AFTER_MAX: SignedDuration = SignedDuration::from_hours(24);

/// In thousandths of the delay, either way.
const SPREAD_MAX: i64 = 100;

/// A random place in the spread of a delay, given by who has randomness: what failed together is not tried together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jitter(u32);

impl Jitter {
    /// Of any random bits.
    #[must_use]
    pub fn from_random(bits: u32) -> Self {
        Self(bits)
    }

    /// From -100 to 100.
    fn thousandths(self) -> i64 {
        i64::from(self.0 % 201) - SPREAD_MAX
    }
}

/// When to try again after so many failures, this one among them; none: it is given up. A receiver that asks for more time gets it,
/// up to [`RETRY_AFTER_MAX`]; one that asks for less does not.
#[must_use]
pub fn next_attempt(
    failures: u32,
    now: Timestamp,
    jitter: Jitter,
    retry_after: Option<SignedDuration>,
) -> Option<Timestamp> {
    let at = usize::try_from(failures).ok()?.saturating_sub(1);
    let delay_us = i64::try_from(SCHEDULE.get(at)?.as_micros()).unwrap_or(i64::MAX);
    let spread = (delay_us / 1_000).saturating_mul(jitter.thousandths());
    let delay = SignedDuration::from_micros(delay_us.saturating_add(spread));
    let asked = retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
    Some(now.saturating_add(delay.max(asked)).unwrap_or(Timestamp::MAX))
}
