//! The gateway: one of it in a process, shared by its doors, its follower and its flusher.

mod explaining;
mod feed;
mod flushing;
mod metering;
mod sharing;
mod snapshots;
mod standing;

use std::{fmt, sync::atomic::AtomicI64};

use domain::{
    Environment, Position, Timestamp,
    ids::DecisionId,
    secret::{Peppers, SecretDigest},
};
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;

use self::{feed::NEVER, flushing::Flushes};
use crate::{
    call::{Call, Decision},
    counters::Counters,
    decide::{Asked, Grounds, Verdict, decide},
    decisions::{Decisions, KeptDecisions},
    index::{Index, slots::EnvironmentSlot},
    own_limits::OwnLimits,
    quota::shared::Patience,
    responses::{Response, Responses},
    settings::Settings,
    shadow::ShadowUsage,
    sightings::{self, Presenter},
    throttled::Throttled,
    usage::{FACTS_MAX, Usage},
};

/// Judges calls from memory.
pub struct Gateway {
    settings: Settings,
    peppers: Peppers,
    no_digest: SecretDigest,
    /// Locked before counters and usage, never after them.
    index: RwLock<Index>,
    /// Held by the one who takes events over.
    applying: Mutex<()>,
    counters: Counters,
    own_limits: OwnLimits,
    usage: Usage,
    shadow: ShadowUsage,
    throttled: Throttled,
    responses: Responses,
    decisions: Decisions,
    flushes: Mutex<Flushes>,
    /// When the feed last gave a sign of life, in Unix microseconds.
    caught_up_at: AtomicI64,
    /// The last event in force, for those who tell others of it.
    moved: watch::Sender<Position>,
}

/// Environments that calls name and the log does not are numbered up to here; more are counted as `other`. Only a
/// door that lets its callers name the environment ever meets one.
const ENVIRONMENTS_MAX: usize = 1_000;

impl Gateway {
    #[must_use]
    pub fn new(settings: Settings, peppers: Peppers) -> Self {
        let sighted_max = if settings.sightings { sightings::ITEMS_MAX } else { 0 };
        Self {
            settings,
            no_digest: no_digest(&peppers),
            peppers,
            index: RwLock::default(),
            applying: Mutex::default(),
            counters: Counters::default(),
            own_limits: OwnLimits::default(),
            usage: Usage::new(FACTS_MAX, sighted_max),
            shadow: ShadowUsage::new(FACTS_MAX),
            throttled: Throttled::new(FACTS_MAX),
            responses: Responses::new(FACTS_MAX),
            decisions: Decisions::default(),
            flushes: Mutex::default(),
            caught_up_at: AtomicI64::new(NEVER),
            moved: watch::Sender::default(),
        }
    }

    /// Keeps decisions one by one from now on. To be said before the first call.
    #[must_use]
    pub fn keeping_decisions(self, kept: KeptDecisions) -> Self {
        Self { decisions: Decisions::keeping(kept), ..self }
    }

    /// Decides on a call, takes from its limits when it is allowed, and counts it whatever becomes of it.
    ///
    /// Never waits: of a quota that several gateways share it takes what is reserved here, and what its settings allow
    /// it alone. Who can wait asks [`Self::judge_shared`] or [`Self::attempt`].
    pub fn judge(&self, call: &Call<'_>, now: Timestamp) -> Decision {
        let verdict = self.decide(call, now, Patience::Spent);
        self.count(&verdict, call, now);
        verdict.decision
    }

    /// Counts a decision that stands, and keeps it where it is to be kept.
    fn count(&self, verdict: &Verdict, call: &Call<'_>, now: Timestamp) {
        self.usage.count(verdict.counted, Presenter::of(call), &self.peppers, now);
        self.shadow.count(&verdict.counted, &verdict.shadowed, now);
        self.throttled.count(&verdict.counted, &verdict.decision.limits, now);
        self.decisions.note(&verdict.decision, call, now);
    }

    /// Counts what became of a call, once the proxy tells.
    pub fn note_response(&self, response: Response) {
        self.responses.count(response);
    }

    fn decide(&self, call: &Call<'_>, now: Timestamp, patience: Patience) -> Verdict {
        self.on_grounds(call, now, patience, decide)
    }

    fn on_grounds<T>(
        &self,
        call: &Call<'_>,
        now: Timestamp,
        patience: Patience,
        work: impl FnOnce(&Grounds<'_>, &Asked<'_>) -> T,
    ) -> T {
        let unix_ms = u64::try_from(now.as_millisecond()).unwrap_or_default();
        let id = DecisionId::from_parts(unix_ms, rand::random());
        let stale = self.is_stale(now);
        let mut index = self.index.read();
        let environment = match index.environments.find(call.environment) {
            Some(environment) => environment,
            None => {
                drop(index);
                let environment = self.number(call.environment);
                index = self.index.read();
                environment
            }
        };
        let grounds = self.grounds(&index, stale);
        work(&grounds, &Asked { id, call, environment, now, patience })
    }

    fn grounds<'a>(&'a self, index: &'a Index, stale: bool) -> Grounds<'a> {
        Grounds {
            index,
            counters: &self.counters,
            peppers: &self.peppers,
            no_digest: self.no_digest,
            settings: &self.settings,
            stale,
        }
    }

    fn number(&self, name: &Environment) -> EnvironmentSlot {
        let environments = &mut self.index.write().environments;
        match "other".parse() {
            Ok(other) if environments.len() >= ENVIRONMENTS_MAX => environments.slot_of(&other),
            Ok(_) | Err(_) => environments.slot_of(name),
        }
    }

    /// How many keys are known, those that no longer work too.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.index.read().keys.len()
    }
}

/// A digest that no secret has, under the newest pepper.
fn no_digest(peppers: &Peppers) -> SecretDigest {
    let newest = (0..=u16::MAX).rev().find(|version| peppers.digest(*version, "").is_some());
    SecretDigest { pepper_version: newest.unwrap_or_default(), hmac: [0; 32] }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
