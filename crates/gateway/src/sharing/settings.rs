//! What an operator sets about shared quotas.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How quotas are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedQuotas {
    pub when_alone: WhenAlone,
    /// How long a call may wait for a reservation before it is answered without one.
    pub wait_max: Duration,
    /// How long a gateway that has found the pool again keeps to its share, so that the others find it too and say
    /// what they have used. At least as long as the slowest of them takes to connect again.
    pub rejoin_after: Duration,
}

impl Default for SharedQuotas {
    /// A share when alone, a quarter of a second for a call, five seconds to come together again.
    fn default() -> Self {
        Self {
            when_alone: WhenAlone::default(),
            wait_max: Duration::from_millis(250),
            rejoin_after: Duration::from_secs(5),
        }
    }
}

/// What becomes of calls under a shared quota while the pool does not answer and no more is reserved here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenAlone {
    /// Each gateway may use an equal part of what was left at the total it heard last, less a 256th of the quota, when
    /// that was heard no more than ten seconds before. The sum is never more than the quota as long as all lose the
    /// pool together and the others reserved no more than that 256th in between. An account whose total is not known
    /// is refused.
    #[default]
    Share,
    /// Each counts by itself: no call is refused for want of the pool, and the sum may be as many times the rest of
    /// the quota as there are gateways.
    Allow,
    /// Every call that finds nothing reserved is refused as `quota_unavailable`.
    Refuse,
}
