//! Judges calls whose quotas other gateways share, and splits rates among those that live.

use std::time::Duration;

use domain::{Timestamp, clock::Clock};
use tokio::time::Instant;

use super::Gateway;
use crate::{
    Call, Decision, Judged, PoolKey, SharedQuotas,
    counters::{Counters, Wanting, account_text},
    quota::shared::{Asked, Patience},
};

impl Gateway {
    /// Shares calendar quotas with other gateways from now on: [`crate::sharing::run`] must run beside it. To be said
    /// before the first call.
    #[must_use]
    pub fn sharing_quotas(self, settings: SharedQuotas) -> Self {
        Self { counters: Counters::default().sharing(settings), ..self }
    }

    /// Like [`Self::judge`], but says so when more of a shared quota must be reserved before it can be decided. Then
    /// nothing was taken and nothing counted, and the call is to be asked about again.
    pub fn attempt(&self, call: &Call<'_>, now: Timestamp) -> Judged {
        let mut verdict = self.decide(call, now, Patience::Wait);
        match verdict.short.take() {
            Some(shortage) => Judged::Short(shortage),
            None => {
                self.count(&verdict, call, now);
                Judged::Decided(Box::new(verdict.decision))
            }
        }
    }

    /// Like [`Self::judge`], but waits, for as long as is set, until what a call needs of a shared quota is reserved.
    pub async fn judge_shared(&self, call: &Call<'_>, clock: &dyn Clock) -> Decision {
        let deadline = Instant::now() + self.wait_max();
        loop {
            match self.attempt(call, clock.now()) {
                Judged::Decided(decision) => return *decision,
                Judged::Short(shortage) => {
                    if !shortage.ended(deadline).await {
                        return self.judge(call, clock.now());
                    }
                }
            }
        }
    }

    /// How long a call may wait for a reservation.
    #[must_use]
    pub fn wait_max(&self) -> Duration {
        self.counters.pooled().map(|pooled| pooled.settings.wait_max).unwrap_or_default()
    }

    /// Whether shared quotas go by what is set for a pool that does not answer.
    #[must_use]
    pub fn quotas_alone(&self) -> bool {
        self.counters.pooled().is_some_and(|pooled| pooled.alone_since().is_some())
    }

    /// Says how many gateways live, this one included. Each enforces an equal part of every rate and of every rolling
    /// quota by itself; what a bucket holds when that changes stays as far as its new part holds it.
    pub fn set_live_nodes(&self, nodes: u32) {
        self.counters.set_nodes(nodes);
        metrics::gauge!("tollgate_gateway_live_nodes").set(f64::from(self.counters.nodes()));
    }

    /// Gateways alive, as far as was said.
    #[must_use]
    pub fn live_nodes(&self) -> u32 {
        self.counters.nodes()
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Names what is counted together.
    pub(crate) fn pool_key(&self, (account, limit): Wanting, asked: &Asked) -> Option<PoolKey> {
        let account = account_text(&account, limit, asked.epoch, &self.index.read())?;
        Some(PoolKey { account, window: asked.window })
    }
}
