//! Reports of leaked secrets that come from outside: signed by their sender, answered the same whatever they find.

mod github;
mod report;
mod shared;

use std::{collections::BTreeMap, fmt, time::Duration};

use domain::{Environment, KeyId, Timestamp};
use parking_lot::Mutex;

pub use github::{FetchedKeys, GithubKeys, KeysFailure};
pub(crate) use report::{Report, Told, take};
pub use shared::SharedSecret;
pub(crate) use shared::{SIGNATURE, TIMESTAMP};

/// What becomes of a key whose secret has leaked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LeakPolicy {
    /// Little is left of it, and only to where it was used from before. Nobody who is at work is cut off at once.
    #[default]
    Quarantine,
    Revoke,
}

/// Finds whose secret it is: by the same index that calls are judged by.
pub trait FindHolder: Send + Sync {
    /// The key and the version of its secret; none of what is no secret of ours.
    fn holder(&self, secret: &str) -> Option<(KeyId, u32)>;
}

/// How reports of leaks are taken.
pub struct Leaks {
    /// None where nothing here knows the secrets: reports cannot be taken then.
    pub holders: Option<Box<dyn FindHolder>>,
    /// None: GitHub's reports are not taken.
    pub github: Option<GithubKeys>,
    /// None: the generic receiver is not open.
    pub shared: Option<SharedSecret>,
    /// An environment that is not named quarantines.
    pub policies: BTreeMap<Environment, LeakPolicy>,
    /// What a quarantine leaves, on each gateway node.
    pub calls_per_minute: u32,
    pub pace: Pace,
}

impl Leaks {
    /// Takes no reports.
    #[must_use]
    pub fn closed() -> Self {
        Self {
            holders: None,
            github: None,
            shared: None,
            policies: BTreeMap::new(),
            calls_per_minute: 6,
            pace: Pace::default(),
        }
    }
}

impl fmt::Debug for Leaks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leaks").field("policies", &self.policies).finish_non_exhaustive()
    }
}

/// How many reports are looked at: whoever sends rubbish costs no more than this.
#[derive(Debug)]
pub struct Pace {
    /// Reports that may come at once, and how long until the next one.
    burst: u32,
    every: Duration,
    full_at: Mutex<Timestamp>,
}

impl Default for Pace {
    /// 50 at once, and ten a second.
    fn default() -> Self {
        Self { burst: 50, every: Duration::from_millis(100), full_at: Mutex::new(Timestamp::UNIX_EPOCH) }
    }
}

impl Pace {
    /// Whether one more report is looked at.
    pub(crate) fn admits(&self, now: Timestamp) -> bool {
        let mut full_at = self.full_at.lock();
        let Ok(after) = (*full_at).max(now).checked_add(self.every) else { return false };
        let latest = now.checked_add(self.every.saturating_mul(self.burst)).unwrap_or(Timestamp::MAX);
        let admitted = after <= latest;
        if admitted {
            *full_at = after;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_come_in_at_a_bounded_pace() {
        let (pace, now) = (Pace::default(), "2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap());
        assert_eq!((0..100).filter(|_| pace.admits(now)).count(), 50);
        let later = now + Duration::from_secs(1);
        assert_eq!((0..100).filter(|_| pace.admits(later)).count(), 10);
    }
}
